"""Base64 with the quirks of OpenSSL before December 2015."""

from __future__ import annotations

from base64 import b64encode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from certstore.radix64 import decode, decode_exactly
from certstore.rules import Violation

DATA = bytes(range(1, 97))
TEXT = b64encode(DATA)


def outcome(text: bytes) -> bytes | str:
    """The data or the broken rule; decoded the short way and the long way."""
    answers: list[bytes | str] = []
    for read in (decode, decode_exactly):
        try:
            answers.append(read(text))
        except Violation as violation:
            answers.append(violation.rule.short_name)
    assert answers[0] == answers[1]
    return answers[0]


OUTCOMES: dict[str, tuple[bytes, bytes | str]] = {
    "one-group": (b"QUJD\n", b"ABC"),
    "one-padding": (b"QUI=\n", b"AB"),
    "two-paddings": (b"QQ==\n", b"A"),
    "unused-bits": (b"QR==\n", b"A"),
    "nothing": (b"", b""),
    "only-line-ends": (b"\n\r\n", b""),
    "blanks-and-tabs": (b" Q U\tJ D \n", b"ABC"),
    "line-ends-anywhere": (b"Q\nU\r\nJ\rD\n", b"ABC"),
    "high-bits": (bytes(byte | 0x80 for byte in b"QUJD") + b"\n", b"ABC"),
    "high-bit-padding-is-data": (b"QUI\xbd\n", b"AB\0"),
    "three-characters": (b"QUJ\n", "base64-length"),
    "five-characters": (b"QUJDQ\n", "base64-length"),
    "padding-alone": (b"=\n", "base64-length"),
    "four-paddings": (b"====\n", b"\0"),
    "three-paddings": (b"Q===\n", b"@"),
    "surplus-padding": (b"QUI=====\n", b"AB\0\0"),
    "data-after-padding-in-its-group": (b"QUI=QUJD\n", b"AB\0ABC"),
    "dash-ends": (b"QUJD--QUJD\n", b"ABC"),
    "one-dash-only-divides": (b"QUJD-QUJD\n", b"ABCABC"),
    "dash-within-a-quartet-is-skipped": (b"QU-JD\n", b"ABC"),
    "dash-first": (b"-QUJD\n", b""),
    "padding-before-a-dash": (b"QQ==-QUJD\n", b"A"),
    "more-padding-than-data": (b"=" * 64 + b"\n", "base64-padding"),
    "illegal-character-loses-its-group": (TEXT[:64] + b"\n!" + TEXT[64:] + b"\n", DATA[:48]),
    "illegal-character-in-the-first-group": (b"!" + TEXT[:64] + b"\n" + TEXT[64:] + b"\n", b""),
    "illegal-character-after-the-data": (TEXT[:64] + b"\n" + TEXT[64:] + b"\n!!!!\n", DATA),
    "illegal-character-in-a-group-of-its-own": (TEXT[:64] + b"\n!\n", "base64-length"),
    "79-in-a-line": (TEXT[:79] + b"\n" + TEXT[79:] + b"\n", DATA),
    "80-in-a-line": (TEXT[:80] + b"\n" + TEXT[80:] + b"\n", "base64-line-too-long"),
    "blanks-do-not-count-in-a-line": (b" " * 50 + TEXT[:79] + b" " * 50 + b"\n" + TEXT[79:] + b"\n", DATA),
    "return-ends-a-line-too": (TEXT[:79] + b"\r" + TEXT[79:] + b"\n", DATA),
}


@pytest.mark.parametrize(("text", "result"), OUTCOMES.values(), ids=OUTCOMES)
def test_text_is_decoded_as_of_old(text: bytes, result: bytes | str) -> None:
    assert outcome(text) == result


@given(st.binary(max_size=300), st.integers(1, 79))
def test_clean_text_is_decoded_as_everywhere(data: bytes, columns: int) -> None:
    text = b64encode(data)
    lines = b"".join(text[at : at + columns] + b"\n" for at in range(0, len(text), columns))

    assert outcome(lines) == data


@given(st.text("AQaz09+/=- \t\r\n!\x80\xff\x00Á", max_size=300))
def test_the_short_cut_is_the_rule(text: str) -> None:
    outcome(text.encode("latin-1") + b"\n")
