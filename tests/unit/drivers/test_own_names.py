"""Units show the same pages under their own names: read once for all, and each as if it were read alone."""

from __future__ import annotations

import pytest

from harness.drivers.document import Control, Document
from harness.drivers.own_names import MARK, OwnNames
from harness.drivers.page_memory import PageMemory
from harness.drivers.reading import read_page
from harness.drivers.screen import texts
from harness.drivers.sight import find_upload, heading
from harness.drivers.status_table import read_local_certificate
from harness.drivers.words import CERTIFICATE

TYPE = "text/html; charset=utf-8"
UNITS = {
    "first": ("127.0.0.1", "unit-001", "SM124468"),
    "second": ("127.0.0.17", "rack7.lab.example", "SM99"),
}
PAGE = """<html><title>{host} - SSL certificates</title><base href="https://{address}/"><h2>{host}</h2>
<a href="/x.html">To {host}</a><iframe src="https://{address}/frame.html"></iframe>
<meta http-equiv="refresh" content="9; url=https://{address}/later.html">
<table><tr><td>Subject<td>CN={address}<tr><td>Issuer<td>CN={host}
<tr><td>Private key<td>Key matches certificate</table>
<form action="https://{address}/change" method="post" enctype="multipart/form-data">
<input type="hidden" name="form_id" value="{token}"><input type="hidden" name="serial" value="{serial}">
<p>Certificate <input type="file" name="c"><p>Private key <input type="file" name="k">
<p>Private key encryption password <input type="password" name="p">
<input type="submit" value="Upload certificate and key"></form>{more}</html>"""
MORE = {
    "nothing": "",
    "a field's value": '<p>Host name <input name="host" value="{host}">',
    "a button": '<form action="/go"><input type="submit" value="Restart {host}"></form>',
    "a list": "<select><option value={serial}>{host}<option>none</select>",
    "a label": '<label>{host} <input name="a"></label>',
    "a name within another": "<p>{host}{serial}{address}.{host}",
}


def page(unit: str, token: str, more: str) -> tuple[str, bytes, OwnNames]:
    address, host, serial = UNITS[unit]
    body = (PAGE + MORE[more]).format(address=address, host=host, serial=serial, token=token, more="")
    return f"https://{address}/certificates.html", body.encode(), OwnNames(address, host, serial)


def as_read(document: Document) -> list[object]:
    items = [vars(item) if isinstance(item, Control) else item for item in document.items]
    parts = [document.url, document.links, document.forms, document.frames, document.refresh, document.title]
    found = [heading(document), read_local_certificate([document]), texts(document)]
    return [items, *parts, document.lines, document.rows, document.markup, *found]


@pytest.mark.parametrize("more", MORE)
def test_the_page_of_each_unit_is_as_if_read_alone(more: str) -> None:
    memory = PageMemory()
    for unit, token in (("first", "aaaa1111"), ("second", "bbbb2222"), ("first", "cccc3333")):
        url, body, names = page(unit, token, more)
        found = memory.read(url, body, TYPE, names)
        alone = read_page(url, body, TYPE)
        assert as_read(found) == as_read(alone)
        # Asked again, for the second time it is remembered.
        assert as_read(found) == as_read(alone)
        upload, fields = find_upload([found])
        assert [control.values for control in upload.controls][:2] == [(token,), (UNITS[unit][2],)]
        assert fields[CERTIFICATE].name == "c"


def test_what_differs_in_names_alone_is_read_once() -> None:
    memory = PageMemory()
    seen = [memory.read(*page(unit, "aaaa", "nothing")[:2], TYPE, page(unit, "", "nothing")[2]) for unit in UNITS]
    fields = [find_upload([document])[1][CERTIFICATE] for document in seen]
    assert fields[0] is fields[1]


@pytest.mark.parametrize("name", ["table", "unit", "a1", "two words", "x" * 70, "", "::1", '1"><br>'])
def test_a_name_that_may_be_a_word_of_the_page_is_left_where_it_is(name: str) -> None:
    body = f"<table><tr><td>{name}".encode()
    assert OwnNames(name).aside(body) == body


def test_a_page_that_has_what_stands_in_for_names_is_read_as_it_is() -> None:
    url, body, names = page("first", "aaaa", "nothing")
    body += f"<p>{MARK}0 and {UNITS['first'][1]}".encode()
    assert names.aside(body) is None
    document = PageMemory().read(url, body, TYPE, names)
    assert f"{MARK}0 and unit-001" in document.lines.values()
