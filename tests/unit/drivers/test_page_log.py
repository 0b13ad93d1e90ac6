"""Of a page that is kept, the evidence has all once, and then what has changed on it; and never a secret."""

from __future__ import annotations

from harness.drivers.page_log import PageLog
from harness.drivers.reading import read_page
from harness.drivers.screen import Pane, Screen

URL = "https://127.0.0.1/certificates.html"
SECRET = "Pa55 & word"


def screen(*lines: str) -> Screen:
    body = "<title>MCU - Page</title>" + "".join(f"<p>{line}" for line in lines)
    return Screen(URL, 200, (Pane("", read_page(f"{URL}?session=1", body.encode())),))


def kept(*screens: tuple[str, Screen]) -> list[dict[str, object]]:
    told: list[dict[str, object]] = []
    log = PageLog(lambda kind, facts: told.append({"kind": kind, **facts}), SECRET)
    log.hide(b"another-secret", None)
    for why, shown in screens:
        log.keep(why, shown)
    assert {facts["kind"] for facts in told} == {"page"}
    assert {facts["url"] for facts in told} == {URL}
    return told


def test_after_the_first_only_changes_are_told() -> None:
    last = screen("two", "three")
    told = kept(("answer", screen("one", "two")), ("answer", last), ("answer", last))
    assert "one" in str(told[0]["markup"])
    assert (told[1]["appeared"], told[1]["gone"], "markup" in told[1]) == (["three"], ["one"], False)
    assert told[2]["unchanged"] is True


def test_what_is_kept_for_another_reason_is_kept_in_full() -> None:
    told = kept(("answer", screen("one")), ("something failed", screen("one", "two")))
    assert "two" in str(told[1]["markup"])


def test_no_secret_is_in_what_has_changed() -> None:
    secrets = f"{SECRET} and another-secret".replace("&", "&amp;")
    told = kept((SECRET, screen("one")), (SECRET, screen(secrets)), (SECRET, screen("one")))
    assert [facts["why"] for facts in told] == ["***"] * 3
    assert told[1]["appeared"] == told[2]["gone"] == ["*** and ***"]
