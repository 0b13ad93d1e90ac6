"""A secret that was planted is found in every kind of file that a run writes, in every form; and nothing else is."""

from __future__ import annotations

import base64
import gzip
import html
import io
import json
import sqlite3
import tarfile
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path
from urllib.parse import quote, quote_plus, urlencode
from xml.sax.saxutils import quoteattr

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from hypothesis import given
from hypothesis import strategies as st

from certstore import Upload
from harness import catalogue, key_files
from harness.pki import Authority, key_pem
from harness.secrecy.known import SHORTEST, Known, Secrets, new_seal, sealed, unsealed
from harness.secrecy.scanner import Scanner

PASSPHRASE = 'Corréct <horse> & "7"'.encode()
ISSUED = Authority.create().issue("unit.example")
KEY = ISSUED.key
NUMBERS = KEY.private_numbers()
PKCS1 = KEY.private_bytes(
    serialization.Encoding.DER, serialization.PrivateFormat.TraditionalOpenSSL, serialization.NoEncryption()
)
PKCS8 = KEY.private_bytes(serialization.Encoding.DER, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
ENCRYPTED = KEY.private_bytes(
    serialization.Encoding.DER, serialization.PrivateFormat.PKCS8, serialization.BestAvailableEncryption(PASSPHRASE)
)
PLAIN = key_pem(KEY)
TRADITIONAL = key_files.encrypted(KEY, "DES-EDE3-CBC", PASSPHRASE)
PRIME = NUMBERS.p.to_bytes(128)


def wrapped(octets: bytes, columns: int, between: str = "\n") -> str:
    text = base64.b64encode(octets).decode()
    return between.join(text[at : at + columns] for at in range(0, len(text), columns))


def encodings_of(octets: bytes) -> dict[str, str]:
    return {
        "raw": octets.decode("latin-1"),
        "base64": base64.b64encode(octets).decode(),
        "base64, one octet before": base64.b64encode(b"x" + octets + b"yz").decode(),
        "base64, two octets before": base64.b64encode(b"xx" + octets + b"y").decode(),
        "base64 for URLs": base64.urlsafe_b64encode(octets).decode(),
        "base64 in a URL": quote_plus(base64.b64encode(octets)),
        "base64 in lines of 17": wrapped(octets, 17),
        "base64 in lines of a header": wrapped(octets, 30, "\r\n  "),
        "hex": octets.hex(),
        "capital hex": octets.hex().upper(),
        "hex with colons": octets.hex(":"),
        "hex as openssl prints it": "\n".join(octets.hex(":")[at : at + 45] for at in range(0, len(octets) * 3, 45)),
        "URL": quote(octets),
        "URL, all of it": "".join(f"%{octet:02x}" for octet in octets),
        "form": urlencode({"passphrase": octets}),
    }


FORMS: Mapping[str, str] = {
    **{f"passphrase, {name}": form for name, form in encodings_of(PASSPHRASE).items()},
    "passphrase, text": PASSPHRASE.decode(),
    "passphrase, HTML": html.escape(PASSPHRASE.decode()),
    "passphrase, JSON": json.dumps(PASSPHRASE.decode()),
    "passphrase, UTF-16": PASSPHRASE.decode().encode("utf-16-le").hex(),
    "passphrase, basic authentication": base64.b64encode(b"admin:" + PASSPHRASE).decode(),
    **{f"key, {name}": form for name, form in encodings_of(PKCS1).items()},
    **{f"key in PKCS#8, {name}": form for name, form in encodings_of(PKCS8).items()},
    **{f"encrypted key, {name}": form for name, form in encodings_of(ENCRYPTED).items()},
    **{f"prime, {name}": form for name, form in encodings_of(PRIME).items()},
    "key, PEM": PLAIN.decode(),
    "key, PEM wrapped anew": f"-----BEGIN RSA PRIVATE KEY-----\n{wrapped(PKCS1, 40)}\n-----END RSA PRIVATE KEY-----",
    "key, PEM in one line": " ".join(PLAIN.decode().split("\n")),
    "key, PEM as JSON": json.dumps(PLAIN.decode()),
    "key, PEM as repr": repr(PLAIN),
    "key, body of the PEM alone": "".join(PLAIN.decode().splitlines()[3:9]),
    "key, octets as repr": repr(PKCS1),
    "traditional encrypted key": TRADITIONAL.decode(),
    "traditional encrypted key, the end of its body": "\n".join(TRADITIONAL.decode().splitlines()[-4:-1]),
    "exponent, decimal": str(NUMBERS.d),
    "prime, decimal": str(NUMBERS.q),
    "exponent, hex": f"{NUMBERS.d:x}",
    "prime, base64 as JWK": base64.urlsafe_b64encode(PRIME).rstrip(b"=").decode(),
}


def packed(text: str) -> bytes:
    content = text.encode("utf-8", "surrogateescape")
    archive = io.BytesIO()
    with tarfile.open(fileobj=archive, mode="w:gz") as tar:
        member = tarfile.TarInfo("evidence/rack.jsonl")
        member.size = len(content)
        tar.addfile(member, io.BytesIO(content))
    return archive.getvalue()


def zipped(text: str) -> bytes:
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as folder:
        folder.writestr("evidence/rack.jsonl", text)
    return archive.getvalue()


def database(text: str) -> bytes:
    with sqlite3.connect(":memory:") as connection:
        connection.execute("create table verdict (claim text, told text)")
        connection.execute("insert into verdict values ('test_a_claim', ?)", (text,))
        connection.commit()
        return connection.serialize()


def xml(text: str) -> str:
    return quoteattr("".join(letter if letter >= " " or letter in "\t\n\r" else "?" for letter in text))


ARTEFACTS: Mapping[str, tuple[str, Callable[[str], bytes]]] = {
    "evidence": ("rack.jsonl", lambda text: json.dumps({"at": "2026", "kind": "page", "markup": text}).encode()),
    "claims": ("claims.jsonl", lambda text: json.dumps({"claim": "c", "told": text}, ensure_ascii=False).encode()),
    "console": ("rack.console.log", lambda text: f"2026-11-24T10:00:00 {text}\n".encode()),
    "console, Latin-1": ("rack.console.log", lambda text: b"2026 " + text.encode("latin-1", "replace")),
    "JUnit XML": ("junit.xml", lambda text: f"<failure message={xml(text)}>{html.escape(text)}</failure>".encode()),
    "report": ("report.html", lambda text: f"<pre>{html.escape(text)}</pre>".encode()),
    "Markdown": ("summary.md", lambda text: f"| claim | `{text}` |\n".encode()),
    "Prometheus": ("mcu-hil.prom", lambda text: f'mcu_hil_claims{{place="{text}"}} 1\n'.encode()),
    "profile": ("profiles.toml", lambda text: f"key = {json.dumps(text, ensure_ascii=True)}\n".encode()),
    "journal": ("journal.json", lambda text: json.dumps({"during": text}, indent=1).encode()),
    "database": ("results.sqlite", database),
    "archive": ("evidence.tar.gz", packed),
    "zip": ("evidence.zip", zipped),
    "compressed": ("report.html.gz", lambda text: gzip.compress(text.encode())),
}


def secrets() -> Secrets:
    found = Secrets()
    for key in (PLAIN, TRADITIONAL, ENCRYPTED):
        found.add_upload(Upload(ISSUED.certificate_pem, key, PASSPHRASE))
    return found


@pytest.fixture(scope="module")
def scanner() -> Scanner:
    return Scanner(secrets().gathered())


def found_in(scanner: Scanner, folder: Path, name: str, content: bytes) -> list[str]:
    (folder / name).write_bytes(content)
    return [f"{one.kind}, as {one.form}" for one in scanner.search([folder]).findings]


@pytest.mark.parametrize("artefact", ARTEFACTS)
def test_every_form_is_found_in_every_kind_of_file(scanner: Scanner, tmp_path: Path, artefact: str) -> None:
    name, made = ARTEFACTS[artefact]
    missed = [
        form for form, text in FORMS.items() if not found_in(scanner, tmp_path, name, made(f"before {text} after"))
    ]

    # XML 1.0 cannot hold control characters: a secret that has some is not in it.
    expected = {
        form for form in FORMS if artefact == "JUnit XML" and form.endswith("raw") and "passphrase" not in form
    }
    assert set(missed) <= expected


@pytest.mark.parametrize("artefact", ARTEFACTS)
def test_a_file_without_a_secret_is_clean(scanner: Scanner, tmp_path: Path, artefact: str) -> None:
    name, made = ARTEFACTS[artefact]
    text = (
        f"{ISSUED.certificate_pem.decode()} {NUMBERS.public_numbers.n:x} -----BEGIN RSA PRIVATE KEY----- was missing"
    )

    assert found_in(scanner, tmp_path, name, made(text)) == []


UNKNOWN = {
    "RSA 1024": rsa.generate_private_key(public_exponent=65537, key_size=1024),
    "RSA 2048": key_files.common_key(),
    "P-256": ec.generate_private_key(ec.SECP256R1()),
    "P-384": ec.generate_private_key(ec.SECP384R1()),
    "P-521": ec.generate_private_key(ec.SECP521R1()),
}


@pytest.mark.parametrize("key", UNKNOWN.values(), ids=UNKNOWN)
def test_a_key_that_nobody_told_of_is_found_by_its_shape(
    tmp_path: Path, key: rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey
) -> None:
    scanner = Scanner([])
    for form in (serialization.PrivateFormat.TraditionalOpenSSL, serialization.PrivateFormat.PKCS8):
        for encryption in (serialization.NoEncryption(), serialization.BestAvailableEncryption(b"passphrase")):
            pem = key.private_bytes(serialization.Encoding.PEM, form, encryption)
            assert found_in(scanner, tmp_path, "file", b"x " + pem)
        der = key.private_bytes(serialization.Encoding.DER, form, serialization.NoEncryption())
        for text in encodings_of(der).values():
            assert found_in(scanner, tmp_path, "file", b"x" + text.encode())


def test_an_ed25519_key_is_found_by_its_shape(tmp_path: Path) -> None:
    der = ed25519.Ed25519PrivateKey.generate().private_bytes(
        serialization.Encoding.DER, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )

    assert found_in(Scanner([]), tmp_path, "file", base64.b64encode(der)) == ["PKCS#8 private key, as Base64"]


@pytest.mark.parametrize("refused", catalogue.REFUSED)
def test_no_upload_makes_certificates_secret(tmp_path: Path, refused: str) -> None:
    """Some have them where the key belongs; what units present of them is in the evidence."""
    upload = catalogue.REFUSED[refused]("192.0.2.1")
    found = Secrets()
    found.add_upload(Upload(ISSUED.certificate_pem, ISSUED.certificate_pem, None))
    found.add_upload(Upload(ISSUED.certificate_pem, ISSUED.chain_der[0], None))
    found.add_upload(upload)

    certificates = b"".join(ISSUED.chain_der) + ISSUED.certificate_pem
    assert found_in(Scanner(found.gathered()), tmp_path, "file", certificates) == []


def test_a_finding_names_file_place_kind_and_form_and_tells_nothing(scanner: Scanner, tmp_path: Path) -> None:
    file = tmp_path / "rack.jsonl"
    file.write_bytes(b'{"markup": "' + b"a: b\\n" * 1000 + PASSPHRASE.hex().encode() + b'"}')

    [finding] = scanner.search([tmp_path]).findings

    assert str(finding) == f"{file}: octet 6012: passphrase of an upload, as hexadecimal"
    assert PASSPHRASE.decode() not in f"{finding!r} {scanner!r} {secrets()!r} {secrets().gathered()!r}"


def test_a_secret_on_the_border_of_two_pieces_is_found(scanner: Scanner, tmp_path: Path) -> None:
    before = b"x" * (8 * 2**20 - 10)
    file = tmp_path / "large"
    file.write_bytes(before + PASSPHRASE + b"y" * 100)

    [finding] = scanner.search([tmp_path]).findings

    assert finding.offset == len(before)


def test_a_short_password_is_not_looked_for(tmp_path: Path) -> None:
    found = Secrets()
    found.add_text("password", b"x" * (SHORTEST - 1))

    assert found.gathered() == ()


@given(texts=st.lists(st.binary(min_size=6, max_size=40)))
def test_what_crosses_from_one_process_to_another_shows_nothing(texts: list[bytes]) -> None:
    known = [Known("passphrase", text, is_text=True) for text in texts]
    seal = new_seal()

    crossed = sealed(known, seal)

    assert list(unsealed(crossed, seal)) == known
    assert not [text for text in texts if text in crossed]


def test_a_word_of_our_own_is_looked_for_in_other_forms_only(tmp_path: Path) -> None:
    known = Secrets()
    known.add_chosen("login password", b"another")
    known.add_text("passphrase of an upload", b"certificate")
    scanner = Scanner(known.gathered())

    assert found_in(scanner, tmp_path, "plain", b"test_no_pair_of_another_unit_is_served") == []
    assert found_in(scanner, tmp_path, "coded", base64.b64encode(b"another")) == ["login password, as Base64"]
    (tmp_path / "coded").unlink()
    assert found_in(scanner, tmp_path, "uploaded", b"a certificate") == ["passphrase of an upload, as plain text"]
    assert scanner.own_words == ("login password",)
