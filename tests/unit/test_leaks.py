"""A secret is found in whatever form it stands in a text; a text without one has none."""

from __future__ import annotations

import base64
import html
from collections.abc import Callable
from urllib.parse import quote

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa

from certstore import Upload
from harness import catalogue, pki
from harness.leaks import Secrets

Parts = tuple[Upload, rsa.RSAPrivateKey]


@pytest.fixture(scope="module")
def parts() -> Parts:
    key = pki.rsa_key()
    return Upload(
        pki.run_authority().issue("192.0.2.1", key=key).certificate_pem, pki.key_pem(key), b"Two + words"
    ), key


def der(upload: Upload) -> bytes:
    return base64.b64decode(b"".join(upload.private_key.splitlines()[1:-1]))


FORMS: dict[str, Callable[[Parts], bytes]] = {
    "the file": lambda parts: parts[0].private_key,
    "its lines, joined": lambda parts: b"".join(parts[0].private_key.splitlines()[1:-1]),
    "its lines, of another length": lambda parts: base64.encodebytes(der(parts[0])),
    "the file, as HTML": lambda parts: html.escape(parts[0].private_key.decode()).encode(),
    "the file, as in an address": lambda parts: quote(parts[0].private_key).encode(),
    "DER": lambda parts: der(parts[0]),
    "DER, in base64 behind one octet": lambda parts: base64.b64encode(b"x" + der(parts[0])),
    "DER, in hexadecimal": lambda parts: der(parts[0]).hex().upper().encode(),
    "DER, as openssl prints it": lambda parts: der(parts[0]).hex(":").encode(),
    "a prime, in decimal": lambda parts: str(parts[1].private_numbers().p).encode(),
    "a prime, as it is": lambda parts: parts[1].private_numbers().q.to_bytes(128, "big"),
    "the passphrase": lambda parts: b"password Two + words was sent",
    "the passphrase, as HTML": lambda parts: b"<td>Two &#43; words</td>",
    "the passphrase, as in an address": lambda parts: b"?p=Two%20%2B%20words",
    "the passphrase, in base64": lambda parts: base64.b64encode(b"password=Two + words;"),
}


@pytest.mark.parametrize("form", FORMS)
def test_a_secret_is_found_in_any_form(parts: Parts, form: str) -> None:
    page = b"<html><p>" + FORMS[form](parts) + b"</p></html>"

    found = list(Secrets(*parts).leaks_of("/page.html", page))

    assert {str(leak).partition(":")[0] for leak in found} == {"/page.html"}
    assert any(("passphrase" in leak.what) == ("passphrase" in form) for leak in found)


def test_what_is_no_secret_is_none(parts: Parts) -> None:
    upload, key = parts
    public = hex(key.public_key().public_numbers().n).encode()
    other = pki.key_pem(rsa.generate_private_key(65537, 2048))

    assert list(Secrets(upload, key).leaks_of("x", upload.certificate + public + other + b"two + WORDS")) == []


def test_secrets_are_in_no_repr(parts: Parts) -> None:
    [leak, *_] = Secrets(*parts).leaks_of("/x", parts[0].private_key)

    assert parts[0].private_key.splitlines()[3].decode() not in repr(leak) + repr(Secrets(*parts)._plain)


def test_the_uploads_that_are_looked_for_hold_their_keys() -> None:
    (good, key), (bad, other) = catalogue.with_secrets("192.0.2.1")

    assert good.passphrase == catalogue.PASSPHRASE
    assert key is not other
    assert list(Secrets(bad, other).leaks_of("x", bad.private_key))
