"""History pages in a real browser: nothing in the console, nothing that axe-core finds, no wider than a phone."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pytest
from selenium.webdriver import Chrome
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys

from harness.fault import Verdict
from harness.results.database import Database, database_at
from harness.results.history import history_of
from harness.results.ingest import ingest
from harness.results.pages import write_pages
from tests.unit.browser import chromium, in_a_browser, requests, violations
from tests.unit.results.conftest import Becomes, held, night_of, place_name

NIGHTS = 30


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Chrome]:
    with chromium(tmp_path_factory.mktemp("profile"), "1200,900") as browser:
        yield browser


def one_failure(night: int, place: int, claim: int) -> Verdict:
    return Verdict.FAILED if (place, claim) == (2, 3) and night == NIGHTS - 1 else Verdict.HELD


def blocked(night: int, place: int, claim: int) -> Verdict:
    return Verdict.BLOCKED if night == NIGHTS - 1 else Verdict.HELD


def everything(night: int, place: int, claim: int) -> Verdict:
    """A flaky claim, a flaky unit, one claim flaky at one unit, broken, mended, and every other verdict once."""
    if claim == 1 and (night + 3 * place) % 7 == 3:
        return Verdict.FAILED
    if place == 2 and (night + claim) % 6 == 3:
        return Verdict.FAILED
    if (place, claim) == (4, 5) and night % 4 == 2:
        return Verdict.FAILED
    if (place, claim) == (0, 7) or claim == 6:
        return Verdict.FAILED if (night > 20) is (claim == 7) else Verdict.HELD
    return list(Verdict)[night % 6] if (place, claim) == (1, 8) else Verdict.HELD


def lab(folder: Path, places: int, becomes: Becomes, nights: int = NIGHTS) -> Database:
    database = database_at(f"sqlite:///{folder / 'results.sqlite'}")
    for night in range(NIGHTS - nights, NIGHTS):
        firmware = "4.3(2.18)" if night < 25 else "4.5(1.71)"
        ingest(database, night_of(night, places, 10, becomes, firmware, restart=60 + 0.5 * night))
    return database


def paged(database: Database, folder: Path, newest: int = 20) -> Path:
    write_pages(database, history_of(database, "rack", newest), folder / "pages")
    return folder / "pages"


CASES: dict[str, tuple[int, Becomes, int]] = {
    "5-all-green": (5, held, NIGHTS),
    "5-one-failure": (5, one_failure, NIGHTS),
    "5-everything-blocked": (5, blocked, NIGHTS),
    "5-everything": (5, everything, NIGHTS),
    "500-all-green": (500, held, 2),
    "500-one-failure": (500, one_failure, 2),
    "500-everything-blocked": (500, blocked, 2),
}


@in_a_browser
@pytest.mark.parametrize(("places", "becomes", "nights"), CASES.values(), ids=CASES)
def test_pages_are_quiet_accessible_and_fit_a_phone(
    browser: Chrome, tmp_path: Path, places: int, becomes: Becomes, nights: int
) -> None:
    folder = paged(lab(tmp_path, places, becomes, nights), tmp_path)
    claim = sorted(folder.glob("claim-*.html"))[0].name
    browser.set_window_size(1200, 900)
    for page in ("index.html", f"place-{place_name(2)}.html", claim, "firmware.html"):
        if not (folder / page).exists():
            assert (page, nights) == ("firmware.html", 2)
            continue
        browser.get((folder / page).as_uri())
        assert [entry["message"] for entry in browser.get_log("browser")] == []  # type: ignore[no-untyped-call]
        assert requests(browser) == []
        if places <= 5:
            # 500 places repeat the same row: what axe-core finds in one it finds in the page of 5.
            assert violations(browser) == []
        browser.set_window_size(500, 800)
        width: Any = browser.execute_script("return [document.documentElement.scrollWidth, window.innerWidth]")
        assert width[0] <= width[1]
        browser.set_window_size(1200, 900)


@in_a_browser
def test_a_flaky_claim_is_reached_by_keyboard(browser: Chrome, tmp_path: Path) -> None:
    folder = paged(lab(tmp_path, 5, everything), tmp_path, NIGHTS)
    browser.get((folder / "index.html").as_uri())

    browser.find_element(By.TAG_NAME, "body").send_keys(Keys.TAB)
    assert browser.switch_to.active_element.text == "Go to the contents"
    link = browser.find_element(By.CSS_SELECTOR, "#flaky ~ table a")
    assert link.text.endswith("test_claim_001")
    link.send_keys(Keys.ENTER)

    assert browser.find_element(By.TAG_NAME, "h1").text.endswith("test_claim_001")
    assert "Flaky claim" in browser.find_element(By.TAG_NAME, "main").text


def text_of(page: Path) -> str:
    return " ".join(re.sub(r"<style>.*?</style>|<[^>]+>", " ", page.read_text(encoding="utf-8"), flags=re.S).split())


def test_what_is_seen_is_heard_and_printed_without_colour(tmp_path: Path) -> None:
    """A sign a verdict, and beside it words for who does not see it."""
    folder = paged(lab(tmp_path, 5, one_failure), tmp_path)
    page = (folder / f"place-{place_name(2)}.html").read_text(encoding="utf-8")

    assert f'<i class="held">{"·" * 19}</i><i class="failed">F</i>' in page
    assert '<span class="ear">1 failed, 19 held; last failed 2026-01-30</span>' in page
    assert "1 new failure" in text_of(folder / "index.html")


def test_nights_before_are_told_by_the_week(tmp_path: Path) -> None:
    """30 nights from 1 January 2026, a Thursday, of which 20 are shown one by one."""
    folder = paged(lab(tmp_path, 5, held), tmp_path)

    assert "2026-01-05 6 300" in text_of(folder / "index.html")
    assert "2025-12-29 4 40" in text_of(folder / f"place-{place_name(0)}.html")


def test_every_link_leads_somewhere_and_nothing_is_fetched(tmp_path: Path) -> None:
    folder = paged(lab(tmp_path, 5, everything), tmp_path, NIGHTS)

    for page in folder.iterdir():
        text = page.read_text(encoding="utf-8")
        links = {unquote(link) for link in re.findall(r'href="([^"#:]+)"', text)}
        assert {link for link in links if not (folder / link).is_file()} == set()
        assert not [word for word in ("http://", "https://", "<script", "@import", "url(") if word in text]


def test_names_are_text_and_never_markup(tmp_path: Path, database: Database) -> None:
    run = night_of(0, places=1, claims=1)
    [visit] = run.visits
    strange = type(visit.claims[0])("t.py::test_<b>[x&y]", "", Verdict.HELD, 0.1)
    ingest(database, type(run)(**vars(run) | {"visits": (type(visit)(**vars(visit) | {"claims": (strange,)}),)}))

    folder = paged(database, tmp_path)

    assert all("test_<b>" not in page.read_text() for page in folder.iterdir())
    assert "test_&lt;b&gt;[x&amp;y]" in (folder / "index.html").read_text()
