"""Cisco's procedure in a real browser, by clicking, in every generation. Over HTTP: no browser of today speaks
TLS 1.0."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from selenium.common.exceptions import WebDriverException
from selenium.webdriver import Chrome
from selenium.webdriver.common.by import By
from selenium.webdriver.support.expected_conditions import presence_of_element_located, staleness_of
from selenium.webdriver.support.ui import WebDriverWait

from certstore import Upload
from harness import pki
from harness.deadline import Deadline
from harness.emulator.blueprint import Blueprint
from harness.emulator.hosting import hosted
from harness.emulator.skin import load_skin
from harness.emulator.switches import differences, switched
from harness.tls.handshake import Endpoint, take_handshake
from tests.unit.browser import chromium, in_a_browser

pytestmark = in_a_browser

SECONDS = 20


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Chrome]:
    """One for all: every unit has an address, and so a cookie, of its own."""
    with chromium(tmp_path_factory.mktemp("profile"), "1000,700") as browser:
        yield browser


@dataclass(frozen=True)
class Period:
    """What is documented of a unit's words (device-reference 2.3, 3.5, 5.2)."""

    model: str
    firmware: str
    title: str
    upload_section: str
    delete_button: str
    product: str = "MCU"
    """As the buttons of Settings > Shutdown call it."""
    restart_seconds: float = 0.004


PERIODS = {
    "2.4": Period("MCU 4203", "2.4(1.2)", "Codian MCU", "Upload certificate and key", "Remove certificate and key"),
    "4.0 to 4.2": Period(
        "MCU MSE 8420", "4.1(1.59)", "Codian MCU", "Upload certificate and key", "Delete custom certificate and key"
    ),
    "4.3": Period(
        "MCU 4505",
        "4.3(2.18)",
        "Codian MCU",
        "Upload certificate and key",
        "Delete custom certificate and key",
        # Long enough that the page of a unit that is shutting down is seen, and has to renew itself.
        restart_seconds=0.8,
    ),
    "4.5": Period(
        "MCU 5310",
        "4.5(1.71)",
        "Cisco TelePresence MCU",
        "Local certificate configuration",
        "Delete custom certificate and key",
    ),
    "media gateway": Period(
        "Advanced Media Gateway 3610",
        "4.3(2.18)",
        "Cisco Advanced Media Gateway",
        "Upload certificate and key",
        "Delete custom certificate and key",
        "AMG",
    ),
}


def click_link(browser: Chrome, text: str) -> None:
    follow(browser, (By.LINK_TEXT, text))


def press(browser: Chrome, button: str) -> None:
    follow(browser, (By.CSS_SELECTOR, f'input[type=submit][value="{button}"]'))


def follow(browser: Chrome, control: tuple[str, str]) -> None:
    """Click it as soon as it is there, and wait for the whole of the next page."""
    found = waiting(browser).until(presence_of_element_located(control))
    found.click()
    waiting(browser).until(staleness_of(found))
    waiting(browser).until(lambda page: page.execute_script("return document.readyState") == "complete")


def waiting(browser: Chrome) -> WebDriverWait[Chrome]:
    """Asks again where the page changed while it was looked at: the driver has more than one error for that."""
    return WebDriverWait(browser, SECONDS, poll_frequency=0.05, ignored_exceptions=[WebDriverException])


def type_into(browser: Chrome, label: str, typed: str) -> None:
    [found] = browser.find_elements(By.XPATH, f"//label[normalize-space()='{label}']")
    browser.find_element(By.ID, str(found.get_attribute("for"))).send_keys(typed)


def text(browser: Chrome, where: str) -> str:
    """Of the first element of this CSS selector, as soon as it is there."""
    return str(waiting(browser).until(lambda page: page.find_element(By.CSS_SELECTOR, where).text))


def log_in(browser: Chrome, blueprint: Blueprint) -> None:
    """From the address of the unit, by the link where its home page is for everybody."""
    browser.get(f"http://{blueprint.address}:{blueprint.http}/")
    if text(browser, "h1") == "Home page":
        click_link(browser, "Log in")
    assert text(browser, "h1") == "Login page"
    type_into(browser, "Username", blueprint.user)
    type_into(browser, "Password", blueprint.password)
    press(browser, "OK")
    assert text(browser, "h1") == "Home page"


@pytest.mark.parametrize("period", PERIODS.values(), ids=PERIODS)
def test_a_person_replaces_the_certificate(
    browser: Chrome, period: Period, addresses: Iterator[str], article_upload: Upload, tmp_path: Path
) -> None:
    unit = Blueprint(
        name="bench-7",
        model=period.model,
        address=next(addresses),
        http=8080,
        https=8443,
        firmware=period.firmware,
        restart_seconds=period.restart_seconds,
        password="let me in",
    )
    texts = switched(load_skin(unit.generation), differences(unit.model), unit.name)
    certificate, private_key = tmp_path / "cert.pem", tmp_path / "privkey.pem"
    certificate.write_bytes(article_upload.certificate)
    private_key.write_bytes(article_upload.private_key)

    def choose_files(passphrase: str) -> None:
        type_into(browser, "Certificate", str(certificate))
        type_into(browser, "Private key", str(private_key))
        type_into(browser, "Private key encryption password", passphrase)
        press(browser, "Upload certificate and key")

    with hosted([unit]) as host:
        log_in(browser, unit)
        assert browser.title == f"{period.title} - Home page"

        click_link(browser, "Network")
        click_link(browser, "SSL certificates")
        assert [heading.text for heading in browser.find_elements(By.TAG_NAME, "h2")][:2] == [
            "Local certificate",
            period.upload_section,
        ]
        assert texts.certificates.default_in_use in text(browser, "#content")
        choose_files("incorrect horse")
        assert texts.certificates.refusals["wrong_passphrase"] in text(browser, ".notice")

        choose_files("correct horse")
        assert text(browser, ".banner") == texts.banners.restart_required
        assert "Key matches certificate" in text(browser, "table")
        assert texts.certificates.custom_in_use in text(browser, "#content")
        assert browser.find_element(By.CSS_SELECTOR, f'input[value="{period.delete_button}"]').is_enabled()

        click_link(browser, "Settings")
        click_link(browser, "Shutdown")
        press(browser, f"Shut down {period.product}")
        press(browser, f"Confirm {period.product} shutdown")
        press(browser, f"Restart {period.product}")
        assert text(browser, "h1") == "Restarting"
        Deadline.after(SECONDS).wait_for("restart", lambda: host.truth(unit.name).boots == 1)

        served = take_handshake(Endpoint(unit.address, unit.https), Deadline.after(60)).leaf
        assert served == pki.pem_to_der(article_upload.certificate)
        log_in(browser, unit)
        click_link(browser, "Network")
        click_link(browser, "SSL certificates")
        assert not browser.find_elements(By.CLASS_NAME, "banner")
        assert texts.certificates.custom_in_use in text(browser, "#content")
