"""Debian's Chromium, without a screen, for tests that look at pages as a person does."""

from __future__ import annotations

import importlib.resources
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from selenium.webdriver import Chrome, ChromeOptions
from selenium.webdriver.chrome.service import Service

CHROMIUM = shutil.which("chromium")
CHROMEDRIVER = shutil.which("chromedriver")

in_a_browser = pytest.mark.skipif(
    not (CHROMIUM and CHROMEDRIVER), reason="chromium and chromedriver are not installed (Debian: chromium-driver)"
)

OPTIONS = (
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-proxy-server",
)
SCRIPT_SECONDS = 120
AXE = importlib.resources.files("axe_core_python").joinpath("axe.min.js")


@contextmanager
def chromium(profile: Path, size: str) -> Iterator[Chrome]:
    """A window of so many pixels (`1200,900`), its console empty; closed with the block."""
    options = ChromeOptions()
    options.binary_location = str(CHROMIUM)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    for option in (*OPTIONS, f"--window-size={size}", f"--user-data-dir={profile}"):
        options.add_argument(option)
    browser = Chrome(options=options, service=Service(CHROMEDRIVER))
    browser.set_script_timeout(SCRIPT_SECONDS)
    try:
        # The browser's own first page has things to say, too.
        browser.get("about:blank")
        browser.get_log("browser")  # type: ignore[no-untyped-call]
        yield browser
    finally:
        browser.quit()


def requests(browser: Chrome) -> list[str]:
    """What the page has fetched, beside what it brings along."""
    found: Any = browser.execute_script("return performance.getEntriesByType('resource').map(entry => entry.name)")
    return [name for name in found if not name.startswith("data:")]


def violations(browser: Chrome) -> list[str]:
    """What axe-core finds on the page."""
    browser.execute_script(AXE.read_text(encoding="utf-8"))
    found: Any = browser.execute_async_script("axe.run().then(arguments[arguments.length - 1])")
    return [f"{one['id']}: {node['html'][:120]}" for one in found["violations"] for node in one["nodes"][:3]]
