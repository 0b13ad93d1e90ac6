"""Pages that differ in a one-time input alone are read once, and nothing else is taken for such a page."""

from __future__ import annotations

import pytest

from harness.drivers.document import Document
from harness.drivers.page_memory import MOST, PageMemory
from harness.drivers.reading import read_page
from harness.drivers.sight import find_upload
from harness.drivers.words import CERTIFICATE

URL, TYPE = "https://127.0.0.1/certificates.html", "text/html; charset=utf-8"
PAGE = """<html><title>MCU - SSL certificates</title><h1>SSL certificates</h1>
<form action="/change" method="post" enctype="multipart/form-data">
<input type="hidden" name="form_id" value="{token}"><input type="hidden" name="fixed" value="{other}">
<p><label>Certificate <input type="file" name="c"></label><p><label>Private key <input type="file" name="k"></label>
<p><label>Private key encryption password <input type="password" name="p"></label>
<input type="submit" value="Upload certificate and key"></form>{more}</html>"""


def body(token: str, other: str = "same", more: str = "") -> bytes:
    return PAGE.format(token=token, other=other, more=more).encode()


def as_read(document: Document) -> list[object]:
    """All that a page is, its controls by what they are."""
    items = [vars(item) if hasattr(item, "values") else item for item in document.items]
    return [items, document.links, document.forms, document.lines, document.rows, document.title, document.markup]


def test_a_page_with_another_one_time_value_is_as_if_read_anew() -> None:
    memory = PageMemory()
    first = memory.read(URL, body("aaaaaaaa"), TYPE)
    found, fields = find_upload([first])
    second = memory.read(URL, body("bbbbbbbb"), TYPE)
    assert as_read(second) == as_read(read_page(URL, body("bbbbbbbb"), TYPE))
    assert as_read(first) == as_read(read_page(URL, body("aaaaaaaa"), TYPE))
    again, same = find_upload([second])
    assert same[CERTIFICATE] is fields[CERTIFICATE], "it was read once"
    assert [control.values for control in again.controls][:2] == [("bbbbbbbb",), ("same",)]
    assert [control.values for control in found.controls][:2] == [("aaaaaaaa",), ("same",)]


def link(token: str) -> bytes:
    return body(token, more=f'<a href="/x?{token}">go</a>')


HIDDEN = '<input type="hidden" name="t" value="{one}">'
DIFFERENT = {
    "a text": (body("aaaa"), body("bbbb", more="<p>The pair has been changed")),
    "a field that has lost its value": (body("aaaa", other="xxxx"), body("aaaa", other="")),
    "which of two has a value": (body("aaaa", other=""), body("", other="aaaa")),
    "the value on a link": (link("aaaa"), link("bbbb")),
    "an input in a comment": tuple(body(one, more=f"<!-- {HIDDEN.format(one=one)} -->") for one in ("aaaa", "bbbb")),
    "an input in a text": tuple(
        body("aaaa", more=f"<textarea>{HIDDEN.format(one=one)}</textarea>") for one in ("cccc", "dddd")
    ),
    "an input in a script": tuple(
        body("aaaa", more=f'<script>location="/{one}"; // {HIDDEN.format(one=one)}</script>')
        for one in ("cccc", "dddd")
    ),
    "a value with a mark in it": (body("aaaa\0"), body("bbbb\0")),
}


@pytest.mark.parametrize("what", DIFFERENT)
def test_what_differs_in_anything_else_is_read_anew(what: str) -> None:
    memory = PageMemory()
    for _ in range(2):
        for page in DIFFERENT[what]:
            assert as_read(memory.read(URL, page, TYPE)) == as_read(read_page(URL, page, TYPE))


def test_a_page_of_another_address_or_encoding_is_another() -> None:
    memory = PageMemory()
    texts = [
        memory.read(url, body("aaaa", more="<p>\xe9"), kind).lines.values()
        for url, kind in ((URL, TYPE), (URL, "text/html; charset=iso-8859-1"), (f"{URL}?x", TYPE))
    ]
    assert ["é" in lines for lines in texts] == [True, False, True]


def test_only_the_latest_pages_are_remembered() -> None:
    memory = PageMemory()
    first = memory.read(URL, body("aaaa"), TYPE)
    for number in range(MOST):
        memory.read(f"{URL}?{number}", body("aaaa"), TYPE)
    again = memory.read(URL, body("bbbb"), TYPE)
    assert find_upload([again])[1][CERTIFICATE] is not find_upload([first])[1][CERTIFICATE]
