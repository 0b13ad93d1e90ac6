"""Cisco's procedure in a real browser, by clicking. Over HTTP: no browser of today speaks TLS 1.0."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from selenium.common.exceptions import WebDriverException
from selenium.webdriver import Chrome, ChromeOptions
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.by import By
from selenium.webdriver.support.expected_conditions import presence_of_element_located, staleness_of
from selenium.webdriver.support.ui import WebDriverWait

from certstore import Upload
from harness import pki
from harness.deadline import Deadline
from harness.emulator.blueprint import Blueprint
from harness.emulator.hosting import HostThread
from harness.emulator.skin import load_skin
from harness.tls.handshake import Endpoint, take_handshake

CHROMIUM = shutil.which("chromium")
CHROMEDRIVER = shutil.which("chromedriver")

pytestmark = pytest.mark.skipif(
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
    "--window-size=1000,700",
)

SECONDS = 20


@pytest.fixture
def browser(tmp_path: Path) -> Iterator[Chrome]:
    options = ChromeOptions()
    options.binary_location = str(CHROMIUM)
    for option in (*OPTIONS, f"--user-data-dir={tmp_path / 'profile'}"):
        options.add_argument(option)
    browser = Chrome(options=options, service=Service(CHROMEDRIVER))
    try:
        yield browser
    finally:
        browser.quit()


def click_link(browser: Chrome, text: str) -> None:
    follow(browser, (By.LINK_TEXT, text))


def press(browser: Chrome, button: str) -> None:
    follow(browser, (By.CSS_SELECTOR, f'input[type=submit][value="{button}"]'))


def follow(browser: Chrome, control: tuple[str, str]) -> None:
    """Click it as soon as it is there, and wait for the next page."""
    found = waiting(browser).until(presence_of_element_located(control))
    found.click()
    waiting(browser).until(staleness_of(found))


def waiting(browser: Chrome) -> WebDriverWait[Chrome]:
    """Asks again where the page changed while it was looked at: the driver has more than one error for that."""
    return WebDriverWait(browser, SECONDS, ignored_exceptions=[WebDriverException])


def type_into(browser: Chrome, label: str, typed: str) -> None:
    [found] = browser.find_elements(By.XPATH, f"//label[normalize-space()='{label}']")
    browser.find_element(By.ID, str(found.get_attribute("for"))).send_keys(typed)


def text(browser: Chrome, where: str) -> str:
    """Of the first element of this CSS selector, as soon as it is there."""
    return str(waiting(browser).until(lambda page: page.find_element(By.CSS_SELECTOR, where).text))


def test_a_person_replaces_the_certificate(
    browser: Chrome, blueprint: Blueprint, host: HostThread, article_upload: Upload, tmp_path: Path
) -> None:
    certificate, private_key = tmp_path / "cert.pem", tmp_path / "privkey.pem"
    certificate.write_bytes(article_upload.certificate)
    private_key.write_bytes(article_upload.private_key)

    browser.get(f"http://{blueprint.address}:{blueprint.http}/")
    assert browser.title == "Codian MCU - Login page"
    browser.save_screenshot(str(tmp_path / "login.png"))
    type_into(browser, "Username", blueprint.user)
    type_into(browser, "Password", blueprint.password)
    press(browser, "OK")
    assert text(browser, "h1") == "Home page"
    browser.save_screenshot(str(tmp_path / "home.png"))

    click_link(browser, "Network")
    browser.save_screenshot(str(tmp_path / "services.png"))
    click_link(browser, "SSL certificates")
    browser.save_screenshot(str(tmp_path / "certificates.png"))
    type_into(browser, "Certificate", str(certificate))
    type_into(browser, "Private key", str(private_key))
    type_into(browser, "Private key encryption password", "incorrect horse")
    press(browser, "Upload certificate and key")
    texts = load_skin("4.3")
    assert texts.certificates.refusals["wrong_passphrase"] in text(browser, ".notice")
    browser.save_screenshot(str(tmp_path / "refused.png"))

    type_into(browser, "Certificate", str(certificate))
    type_into(browser, "Private key", str(private_key))
    type_into(browser, "Private key encryption password", "correct horse")
    press(browser, "Upload certificate and key")
    assert text(browser, ".banner") == texts.banners.restart_required
    assert "Key matches certificate" in text(browser, "table")
    browser.save_screenshot(str(tmp_path / "restart-required.png"))

    click_link(browser, "Settings")
    click_link(browser, "Shutdown")
    press(browser, "Shut down MCU")
    browser.save_screenshot(str(tmp_path / "confirm.png"))
    press(browser, "Confirm MCU shutdown")
    # The page renews itself while the unit is shutting down.
    press(browser, "Restart MCU")
    assert text(browser, "h1") == "Restarting"
    browser.save_screenshot(str(tmp_path / "restarting.png"))
    Deadline.after(SECONDS).wait_for("restart", lambda: host.truth("bench-7").boots == 1)

    served = take_handshake(Endpoint(blueprint.address, blueprint.https), Deadline.after(5)).leaf
    assert served == pki.pem_to_der(article_upload.certificate)
