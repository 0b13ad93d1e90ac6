"""From bytes to what stands on a page."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.drivers.document import Frame, Refresh
from harness.drivers.reading import read_page

URL = "http://unit/a/page.html"

ENCODINGS = {
    "header": (b"\xe9", "text/html; charset=ISO-8859-1"),
    "meta": (b"<meta http-equiv=Content-Type content='text/html; charset=iso-8859-1'>\xe9", "text/html"),
    "utf-8-header": (b"\xc3\xa9", 'text/html; charset="UTF-8"'),
    "utf-8-guessed": (b"\xc3\xa9", "text/html"),
    "latin-1-guessed": (b"\xe9", ""),
    "byte-order-mark": (b"\xef\xbb\xbf\xc3\xa9", "text/html; charset=iso-8859-1"),
    "unknown": (b"\xe9", "text/html; charset=codian-1"),
    "xhtml": (b"<?xml version='1.0' encoding='iso-8859-1'?><html><body>\xc3\xa9", "text/html; charset=utf-8"),
}


@pytest.mark.parametrize(("body", "content_type"), ENCODINGS.values(), ids=ENCODINGS)
def test_reads_the_page_s_encoding(body: bytes, content_type: str) -> None:
    assert list(read_page(URL, body, content_type).lines.values()) == ["é"]


LINES = {
    "inline": ("<b>Key</b> <i>matches</i> certi<u>ficate</u>", ["Key matches certificate"]),
    "break": ("a<br>b<BR/>c", ["a", "b", "c"]),
    "cells": ("<table><tr><td>a<td>b</table>", ["a", "b"]),
    "unclosed": ("<p>a<p>b<li>c", ["a", "b", "c"]),
    "entities": ("a&nbsp;&amp;&#32;b", ["a & b"]),
    "script": ("a<script>var x = '<p>b';</script>c<style>p {}</style>", ["ac"]),
    "comment": ("a<!-- <p>b -->c", ["ac"]),
    "hidden": ("a<span style='visibility:HIDDEN'>b</span>c<p hidden>d", ["ac"]),
    "options": ("a<select><option>b<option>c</select><textarea>d</textarea>", ["a"]),
    "alternative": ("<img src=x alt='Cisco logo'>", ["Cisco logo"]),
    "preformatted": ("<pre>a  b\nc</pre>", ["a b", "c"]),
}


@pytest.mark.parametrize(("body", "wanted"), LINES.values(), ids=LINES)
def test_reads_the_lines_that_a_person_sees(body: str, wanted: list[str]) -> None:
    assert list(read_page(URL, body.encode()).lines.values()) == wanted


REFRESHES = {
    "at-once": ("<meta http-equiv=refresh content='0;url=next.html'>", Refresh(0.0, "http://unit/a/next.html")),
    "upper-case": ("<META HTTP-EQUIV=REFRESH CONTENT='2; URL=/next.html'>", Refresh(2.0, "http://unit/next.html")),
    "script": ("<script>top.location = '/index.html';</script>", Refresh(0.0, "http://unit/index.html")),
    "itself": ("<meta http-equiv=refresh content=30>", None),
    "none": ("<script>function go() { location = 'x'; }</script>", None),
}


@pytest.mark.parametrize(("body", "wanted"), REFRESHES.values(), ids=REFRESHES)
def test_knows_where_a_page_sends_the_browser(body: str, wanted: Refresh | None) -> None:
    assert read_page(URL, body.encode()).refresh == wanted


def test_frames_are_listed_and_their_stand_in_is_not_read() -> None:
    document = read_page(URL, b"<FRAMESET><FRAME NAME=nav SRC=nav.html><FRAME SRC=/m.html><NOFRAMES>none</NOFRAMES>")
    assert document.frames == (Frame("nav", "http://unit/a/nav.html"), Frame("", "http://unit/m.html"))
    assert document.lines == {}


def test_a_cell_below_one_that_spans_rows_is_in_its_own_column() -> None:
    document = read_page(URL, b"<table><tr><td rowspan=2>a<td colspan=2>b<td>c<tr><td>d<td>e<td>f</table>")
    assert [item.cells[-1].column for item in document.items] == [0, 1, 3, 1, 2, 3]


MARKUP = """<table> </table> <tr> <td/colspan=9999> </td> <form/action=x> </form> <input/type=file> <select><option>
    <a/href=//[x> </a> <label/for=a> </label> <frameset> <!-- text < <pre> </pre> <script> </script> &#0; \0 <button>
    <base/href=//[> <iframe/src=x> <map><area/href=y> <meta/http-equiv=refresh/content=0;x> <textarea> <title>"""
PIECES = st.sampled_from([piece.replace("/", " ") if "=" in piece else piece for piece in MARKUP.split()])
FEW = settings(max_examples=60)


@FEW
@given(st.lists(PIECES, max_size=30).map("".join))
def test_any_markup_gives_a_document(markup: str) -> None:
    read_page(URL, markup.encode())


@FEW
@given(st.binary(max_size=200))
def test_any_bytes_give_a_document(body: bytes) -> None:
    read_page(URL, body, "text/html")
