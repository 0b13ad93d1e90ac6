"""Secrets are taken out in whatever form they stand there."""

from __future__ import annotations

import base64
import html
import json
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.capture.markup import Run, Tag, edited, parts_of, with_value
from harness.capture.scrubbing import Scrubber, tokens_in, tokens_in_path
from harness.pki import Authority, key_pem

SECRET = "corréct <horse> & 7"
OCTETS = SECRET.encode()
FORMS = {
    "plain": SECRET,
    "html": html.escape(SECRET),
    "numbers": "".join(f"&#{ord(letter)};" for letter in SECRET),
    "json": json.dumps({"password": SECRET}),
    "address": quote(SECRET),
    "form": quote_plus(SECRET),
    "lower-case-address": quote(SECRET).lower(),
    "latin-1-address": quote(SECRET, encoding="latin-1"),
    "hex": OCTETS.hex(),
    "capital-hex": OCTETS.hex().upper(),
    "hex-with-colons": OCTETS.hex(":"),
    "utf-16": SECRET.encode("utf-16-le").hex(),
}


@pytest.mark.parametrize("form", FORMS.values(), ids=FORMS)
def test_a_secret_is_found_in_each_form(form: str) -> None:
    scrubbed = Scrubber([SECRET]).text(f"before{form}after")
    assert "horse" not in scrubbed
    assert scrubbed.startswith("before")
    assert scrubbed.endswith("after")
    assert "***" in scrubbed


@given(before=st.binary(max_size=9), secret=st.binary(min_size=6, max_size=40), after=st.binary(max_size=9))
def test_a_secret_is_found_wherever_it_stands_in_base64(before: bytes, secret: bytes, after: bytes) -> None:
    text = secret.hex()
    coded = base64.b64encode(before + text.encode() + after).decode()
    left = Scrubber([text]).text(coded)
    # Up to three letters at either end hold octets of the neighbours as well.
    assert len(left.replace("***", "")) <= len(coded) - len(text) * 8 // 6 + 3


def test_a_short_secret_is_hidden_only_where_it_is_a_word() -> None:
    assert Scrubber(["pw"]).text("pw: pwned, <b>pw</b>") == "***: pwned, <b>***</b>"


def test_private_keys_are_hidden_whoever_they_belong_to() -> None:
    key = key_pem(Authority.create().issue("unit.example").key).decode()
    assert Scrubber([]).text(f"<pre>{key}</pre>").strip() == "<pre>***\n</pre>"


def test_what_looks_like_a_session_in_an_address_is_a_secret() -> None:
    assert tokens_in("sid=9f86d081884c7d659a2f&page=2") == {"9f86d081884c7d659a2f"}
    assert tokens_in_path("/s0123456789ab/network_services.html") == {"s0123456789ab"}
    assert tokens_in("page=network&sort=name") == frozenset()


def test_a_page_is_its_parts_and_an_edit_leaves_the_rest_as_it_was() -> None:
    source = (
        "<!-- <input value=no> --><TITLE>a < b</TITLE><p>One<INPUT NAME='x' value=1><script>if (a<b) {}</script>Two"
    )
    parts = list(parts_of(source))
    assert [part.text for part in parts if isinstance(part, Run)] == ["a < b", "One", "if (a<b) {}", "Two"]
    [field] = [part for part in parts if isinstance(part, Tag) and part.name == "input"]
    assert (field.get("name"), field.get("value")) == ("x", "1")
    assert edited(source, [with_value(field, "value", "***")]) == source.replace("value=1", 'value="***"')


@given(st.text(alphabet="<>!-/=\"' abINPUTscript", max_size=60))
def test_any_text_has_parts_in_its_own_order(source: str) -> None:
    places = [(part.start, part.end) for part in parts_of(source)]
    assert places == sorted(places)
    assert all(0 <= start < end <= len(source) for start, end in places)
