"""Report pages in a real browser: nothing in the console, nothing that axe-core finds, no wider than a phone."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from selenium.webdriver import Chrome
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys

from harness.fault import Verdict
from harness.report.facts import RunFacts
from harness.report.writing import write_report
from tests.unit.browser import chromium, in_a_browser, requests, violations
from tests.unit.report.conftest import run_of

pytestmark = in_a_browser


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Chrome]:
    with chromium(tmp_path_factory.mktemp("profile"), "1200,900") as browser:
        yield browser


CASES: dict[str, tuple[int, Verdict, tuple[int, ...]]] = {
    "5-all-green": (5, Verdict.HELD, ()),
    "5-one-failure": (5, Verdict.HELD, (2,)),
    "5-everything-blocked": (5, Verdict.BLOCKED, ()),
    "500-all-green": (500, Verdict.HELD, ()),
    "500-one-failure": (500, Verdict.HELD, (250,)),
    "500-everything-blocked": (500, Verdict.BLOCKED, ()),
    "500-all-fail": (500, Verdict.HELD, tuple(range(500))),
}


def opened(browser: Chrome, folder: Path, run: RunFacts) -> None:
    write_report(run, folder / "report.html")
    browser.get((folder / "report.html").as_uri())


@pytest.mark.parametrize(("places", "verdict", "failing"), CASES.values(), ids=CASES)
def test_a_page_is_quiet_accessible_and_fits_a_phone(
    browser: Chrome, tmp_path: Path, places: int, verdict: Verdict, failing: tuple[int, ...]
) -> None:
    browser.set_window_size(1200, 900)
    opened(browser, tmp_path, run_of(tmp_path, places, verdict, failing))

    assert console(browser) == []
    assert requests(browser) == []
    if places <= 5:
        # 500 places repeat the same row: what axe-core finds in one it finds in the page of 5.
        assert violations(browser) == []
    browser.set_window_size(500, 800)
    width: Any = browser.execute_script("return [document.documentElement.scrollWidth, window.innerWidth]")
    assert width[0] <= width[1]


def console(browser: Chrome) -> list[str]:
    """What our page said; the browser's own first page has its own troubles on a busy machine."""
    said = (entry["message"] for entry in browser.get_log("browser"))  # type: ignore[no-untyped-call]
    return [message for message in said if not message.startswith("chrome://")]


def test_the_first_tab_goes_to_what_failed(browser: Chrome, tmp_path: Path) -> None:
    opened(browser, tmp_path, run_of(tmp_path, 5, failing=(2,)))

    browser.find_element(By.TAG_NAME, "body").send_keys(Keys.TAB)
    assert browser.switch_to.active_element.text == "Go to what failed"
    browser.switch_to.active_element.send_keys(Keys.ENTER)

    assert browser.current_url.endswith("#failed")


def test_what_units_say_is_text_and_never_markup(browser: Chrome, tmp_path: Path) -> None:
    opened(browser, tmp_path, run_of(tmp_path, 5, failing=(2,)))

    assert "CN=<b>unit</b>" in browser.find_element(By.TAG_NAME, "main").text
    assert browser.find_elements(By.CSS_SELECTOR, "main pre b") == []


def test_paper_shows_what_is_folded_on_screen(browser: Chrome, tmp_path: Path) -> None:
    """Of more than twenty places the time lines are folded."""
    opened(browser, tmp_path, run_of(tmp_path, 30))
    folded = browser.find_elements(By.CSS_SELECTOR, "#places ~ details details:not([open]) table")
    assert len(folded) == 30
    assert not any(table.is_displayed() for table in folded[:3])

    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": "print"})
    height: Any = browser.execute_script("return arguments[0].getBoundingClientRect().height", folded[0])
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": ""})

    assert height > 0
