"""What is read and written quickly is what `xmlrpc.client` makes of it."""

from __future__ import annotations

import xmlrpc.client
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.emulator.xmlrpc_text import MALFORMED_CALL, read_call, written

CALL = xmlrpc.client.dumps(({"authenticationUser": "admin", "authenticationPassword": ""},), "device.query").encode()

PIECES = (
    b" ",
    b"\r\n",
    b"\x0b",
    b"\0",
    b"&lt;",
    b"]]>",
    b"<",
    b"<!-- x -->",
    b"\xc3\xa9",
    b"<int>5</int>",
    b"<string>",
    b"</string>",
    b"<member>",
    b"</member>",
    b"<value>",
    b"</value>",
    b"<name>x</name>",
)

CALLS = {
    "as the standard library writes it": CALL,
    "without line ends": CALL.replace(b"\n", b""),
    "without types": CALL.replace(b"<string>", b"").replace(b"</string>", b""),
    "with an encoding": CALL.replace(b"'1.0'", b"'1.0' encoding='UTF-8'"),
    "a name twice": CALL.replace(b"authenticationUser", b"authenticationPassword"),
    "of nothing": xmlrpc.client.dumps(({},), "device.query").encode(),
    "with a word behind it": CALL + b"x",
    "with an entity": CALL.replace(b"admin", b"&#97;dmin"),
    "beyond ASCII": CALL.replace(b"admin", "ädmin".encode()),
    "of two structs": xmlrpc.client.dumps(({}, {"a": "b"}), "device.query").encode(),
    "of no struct": xmlrpc.client.dumps(("a",), "device.query").encode(),
    "of numbers": xmlrpc.client.dumps(({"a": 1, "b": True},), "device.query").encode(),
}


def by_the_library(body: bytes) -> Any:
    try:
        parameters, name = xmlrpc.client.loads(body)
    except MALFORMED_CALL:
        return "malformed"
    return name, parameters


def by_us(body: bytes) -> Any:
    try:
        return read_call(body)
    except MALFORMED_CALL:
        return "malformed"


@pytest.mark.parametrize("body", CALLS.values(), ids=CALLS)
def test_a_call_is_read_as_the_standard_library_reads_it(body: bytes) -> None:
    assert by_us(body) == by_the_library(body)


@settings(max_examples=300)
@given(st.lists(st.tuples(st.integers(0, len(CALL)), st.integers(0, 9), st.sampled_from(PIECES)), max_size=3))
def test_a_damaged_call_is_read_as_the_standard_library_reads_it(edits: list[tuple[int, int, bytes]]) -> None:
    body = CALL
    for at, gone, piece in edits:
        body = body[:at] + piece + body[at + gone :]

    assert by_us(body) == by_the_library(body)


LEAVES = st.one_of(st.text(), st.booleans(), st.integers(-(2**31), 2**31 - 1), st.datetimes())
VALUES = st.recursive(
    st.one_of(LEAVES, st.floats()),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(st.text(), inner, max_size=3)),
    max_leaves=8,
)


@settings(max_examples=100)
@given(st.dictionaries(st.text(), VALUES, max_size=4))
def test_an_answer_is_written_as_the_standard_library_writes_it(values: dict[str, Any]) -> None:
    assert "<?xml version='1.0'?>\n" + written((values,)) == xmlrpc.client.dumps((values,), methodresponse=True)


def test_a_fault_is_written_as_the_standard_library_writes_it() -> None:
    fault = xmlrpc.client.Fault(14, "authorization <failed>")

    assert "<?xml version='1.0'?>\n" + written(fault) == xmlrpc.client.dumps(fault, methodresponse=True)
