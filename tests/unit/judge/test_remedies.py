"""Every refusal has a way out, and the way out leads out."""

from __future__ import annotations

import os
import shlex
import subprocess
from base64 import b64decode, b64encode
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import serialization as form
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.hazmat.primitives.serialization import pkcs7, pkcs12

from certstore import (
    DEFAULT_FIRMWARE,
    OPENSSL_1_0_1,
    Firmware,
    Pkcs8,
    Refusal,
    Upload,
    UploadFile,
    UploadRefused,
    receive,
)
from certstore.rules import Rule
from harness.judge.looks import Look
from harness.judge.remedies import REMEDIES, FileNames, Remedy, remedy
from harness.pki import NOT_AFTER, NOT_BEFORE, Authority, key_pem

PASSPHRASE = b"secret"
NAMES = FileNames("given.pem", "given.key")

AUTHORITY = Authority.create(intermediates=1)
OURS, OTHER = AUTHORITY.issue("unit.example"), AUTHORITY.issue("other.example")
LEAF, ISSUER = OURS.chain
CERTIFICATE = OURS.certificate_pem
KEY = key_pem(OURS.key)


def key_in(
    encoding: form.Encoding, shape: form.PrivateFormat, encryption: form.KeySerializationEncryption | None = None
) -> bytes:
    return OURS.key.private_bytes(encoding, shape, encryption or form.NoEncryption())


BEST = form.BestAvailableEncryption(PASSPHRASE)
LOCKED = key_in(form.Encoding.PEM, form.PrivateFormat.TraditionalOpenSSL, BEST)
MODERN = key_in(form.Encoding.PEM, form.PrivateFormat.PKCS8, BEST)
PFX = pkcs12.serialize_key_and_certificates(b"unit", OURS.key, LEAF, [ISSUER], BEST)
# What a wrong passphrase does is chance, one in 256; with this one it is known.
FIXED = b"""\
-----BEGIN RSA PRIVATE KEY-----
Proc-Type: 4,ENCRYPTED
DEK-Info: DES-EDE3-CBC,CAA21D137B6E30E7

yvcMDYyzTfud1qUMIr6IIXoiT8HYc8zp9hFfLrPgXbj2nhRtCih7EkMZo7L5sC/m
qYFZVtLtl6nawT4Mdr2ofDMHomhl9rcePIe4O6c/ZDP0M0eNSFY3s/utPYYiZaYk
uCRiRw3M1hY5oj9XdpSug9SDwHLTU9cBUe74tgV0m0JaBUjAsGiZudMvDiIfvylP
g4jDsknsUZLGJMfUyAmGUXrX5ygVTEf3byRpn98Yig3KGXtGg2on7/s3PQoifQBK
HZK3BbBdd5+xZwhX/80BaVZY4kZOPXG83cqrrlzKDgqQ3UDfOKNUH1RTt6tY8BJ8
wQ+M6F9nZVgcTRq8E+Odm33sdwOHSk5nQuudTIDvwyor3s+hCSA/+f+Yn2xgThe5
v5kJHy8BU2jZdx0DIEu3gt0J3aIFEQO0k9mjdNjbwCM=
-----END RSA PRIVATE KEY-----
"""
PUBLIC = OURS.key.public_key().public_bytes(form.Encoding.PEM, form.PublicFormat.SubjectPublicKeyInfo)
REQUEST = b"-----BEGIN CERTIFICATE REQUEST-----\nMAA=\n-----END CERTIFICATE REQUEST-----\n"


def one_line(pem: bytes, label: bytes) -> bytes:
    data = b64encode(b64decode(b"".join(pem.split(b"-----END")[0].splitlines()[1:])))
    return b"-----BEGIN " + label + b"-----\n" + data + b"\n-----END " + label + b"-----\n"


def without_last_group(pem: bytes) -> bytes:
    """The base64 of a block, four characters shorter, in lines as before."""
    lines = pem.splitlines(keepends=True)
    return b"".join([*lines[:-2], lines[-2].rstrip()[:-4] + b"\n", lines[-1]])


def edwards() -> tuple[bytes, bytes]:
    """A certificate and key of a type that no branch knows."""
    key = ed25519.Ed25519PrivateKey.generate()
    builder = x509.CertificateBuilder(LEAF.issuer, LEAF.subject, key.public_key(), 1, NOT_BEFORE, NOT_AFTER)
    certificate = builder.sign(key, None).public_bytes(form.Encoding.PEM)
    return certificate, key.private_bytes(form.Encoding.PEM, form.PrivateFormat.PKCS8, form.NoEncryption())


def elliptic_key() -> bytes:
    key = ec.generate_private_key(ec.SECP256R1())
    return key.private_bytes(form.Encoding.PEM, form.PrivateFormat.TraditionalOpenSSL, form.NoEncryption())


def scrypt_key(passphrase: bytes) -> bytes:
    """PBES2 with scrypt, as `openssl pkcs8 -topk8 -scrypt` writes it."""
    command = ["openssl", "pkcs8", "-topk8", "-scrypt", "-passout", "env:PASSPHRASE"]
    environment = {**os.environb, b"PASSPHRASE": passphrase}
    return subprocess.run(command, input=KEY, capture_output=True, check=True, env=environment).stdout


def refused(upload: Upload, firmware: Firmware = DEFAULT_FIRMWARE) -> UploadRefused:
    with pytest.raises(UploadRefused) as caught:
        receive(upload, firmware)
    return caught.value


def way_out(upload: Upload, firmware: Firmware = DEFAULT_FIRMWARE) -> Remedy:
    return remedy(upload, refused(upload, firmware), firmware, NAMES)


@pytest.mark.parametrize("refusal", Refusal)
def test_every_refusal_ends_in_a_remedy_without_conditions(refusal: Refusal) -> None:
    last = REMEDIES[refusal][-1]

    assert not last.rules
    assert last.look is None


@pytest.mark.parametrize("refusal", Refusal)
def test_no_remedy_comes_after_one_without_conditions(refusal: Refusal) -> None:
    free = [row for row in REMEDIES[refusal] if not row.rules and row.look is None]

    assert len(free) == 1


def test_rules_of_remedies_are_rules_of_the_reader() -> None:
    named = {rule for rows in REMEDIES.values() for row in rows for rule in row.rules}

    assert named <= {rule.short_name for rule in Rule}


def test_every_look_leads_to_a_remedy() -> None:
    assert {row.look for rows in REMEDIES.values() for row in rows if row.look is not None} == set(Look)


@dataclass(frozen=True)
class Case:
    upload: Upload
    words: str
    """Of the remedy."""
    firmware: Firmware = DEFAULT_FIRMWARE


ED_CERTIFICATE, ED_KEY = edwards()
SCRYPT = scrypt_key(PASSPHRASE)
NO_PKCS8 = replace(DEFAULT_FIRMWARE, plain_pkcs8=Pkcs8.REFUSE)
SMALL = replace(DEFAULT_FIRMWARE, upload_octets=1000)
FEW_ROUNDS = replace(DEFAULT_FIRMWARE, iterations=1000, branch=OPENSSL_1_0_1)
ENCODINGS = (form.Encoding.DER, form.Encoding.PEM)
PKCS7 = {
    encoding: pkcs7.serialize_certificates([LEAF], encoding) for encoding in (form.Encoding.DER, form.Encoding.PEM)
}
TURNED = b"".join(certificate.public_bytes(form.Encoding.PEM) for certificate in (ISSUER, LEAF))
DER_KEY = key_in(form.Encoding.DER, form.PrivateFormat.TraditionalOpenSSL)
DER_ENCRYPTED_KEY = key_in(form.Encoding.DER, form.PrivateFormat.PKCS8, BEST)
OPENSSH_KEY = key_in(form.Encoding.PEM, form.PrivateFormat.OpenSSH)
PKCS8_KEY = key_in(form.Encoding.PEM, form.PrivateFormat.PKCS8)

# At least one upload for each row.
CASES = {
    "empty-certificate": Case(Upload(b"", KEY), "certificate file is empty"),
    "utf-16": Case(Upload(CERTIFICATE.decode().encode("utf-16"), KEY), "UTF-16"),
    "byte-order-mark": Case(Upload(b"\xef\xbb\xbf" + LEAF.public_bytes(form.Encoding.PEM), KEY), "byte-order mark"),
    "lone-cr": Case(Upload(CERTIFICATE.replace(b"\n", b"\r"), KEY), "CR alone"),
    "indented": Case(Upload(CERTIFICATE.replace(b"-----B", b"  -----B"), KEY), "first column"),
    "pkcs12": Case(Upload(PFX, KEY), "PKCS#12"),
    "pkcs7-der": Case(Upload(PKCS7[form.Encoding.DER], KEY), "PKCS#7"),
    "pkcs7-pem": Case(Upload(PKCS7[form.Encoding.PEM], KEY), "PKCS#7"),
    "der-certificate": Case(Upload(OURS.chain_der[0], KEY), "is DER"),
    "request": Case(Upload(REQUEST, KEY), "is the request; send"),
    "exchanged-certificate": Case(Upload(KEY, CERTIFICATE), "certificate file holds a key alone"),
    "text": Case(Upload(b"hello\n", KEY), "'-----BEGIN CERTIFICATE-----'"),
    "certificate-on-one-line": Case(Upload(one_line(CERTIFICATE, b"CERTIFICATE"), KEY), "lines of 64"),
    "certificate-cut-off": Case(Upload(CERTIFICATE[:500], KEY), "cut off"),
    "certificate-damaged": Case(Upload(CERTIFICATE.replace(b"MII", b"MIA", 1), KEY), "certificate is damaged"),
    "chain-cut-off": Case(Upload(CERTIFICATE[:-100], KEY), "one bad certificate after the leaf"),
    "edwards-certificate": Case(Upload(ED_CERTIFICATE, ED_KEY), "use an RSA key"),
    "empty-key": Case(Upload(CERTIFICATE, b" \n"), "key file is empty"),
    "utf-16-key": Case(Upload(CERTIFICATE, KEY.decode().encode("utf-16")), "UTF-16"),
    "byte-order-mark-key": Case(Upload(CERTIFICATE, b"\xef\xbb\xbf" + KEY), "byte-order mark"),
    "lone-cr-key": Case(Upload(CERTIFICATE, KEY.replace(b"\n", b"\r")), "CR alone"),
    "indented-key": Case(Upload(CERTIFICATE, KEY.replace(b"-----B", b"  -----B")), "first column"),
    "pkcs12-key": Case(Upload(CERTIFICATE, PFX), "PKCS#12"),
    "der-key": Case(Upload(CERTIFICATE, DER_KEY), "the file is DER"),
    "der-encrypted-key": Case(Upload(CERTIFICATE, DER_ENCRYPTED_KEY), "the file is DER"),
    "openssh-key": Case(Upload(CERTIFICATE, OPENSSH_KEY), "OpenSSH"),
    "putty-key": Case(Upload(CERTIFICATE, b"PuTTY-User-Key-File-3: ssh-rsa\n"), "PuTTY"),
    "exchanged-key": Case(Upload(CERTIFICATE, CERTIFICATE), "key file holds a certificate alone"),
    "request-as-key": Case(Upload(CERTIFICATE, REQUEST), "is the request; the key"),
    "public-key": Case(Upload(CERTIFICATE, PUBLIC), "public half"),
    "text-as-key": Case(Upload(CERTIFICATE, b"hello\n"), "'-----BEGIN RSA PRIVATE KEY-----'"),
    "key-on-one-line": Case(Upload(CERTIFICATE, one_line(KEY, b"RSA PRIVATE KEY")), "the lines are not those"),
    "odd-header": Case(Upload(CERTIFICATE, LOCKED.replace(b"4,E", b"4, E"), PASSPHRASE), "header lines must be"),
    "key-damaged": Case(Upload(CERTIFICATE, KEY.replace(b"MII", b"MIA", 1)), "key is damaged"),
    "pkcs8-refused": Case(Upload(CERTIFICATE, PKCS8_KEY), "does not take PKCS#8", NO_PKCS8),
    "edwards-key": Case(Upload(CERTIFICATE, ED_KEY), "use an RSA key"),
    "modern-encryption": Case(Upload(CERTIFICATE, MODERN, PASSPHRASE), "PBES2"),
    "scrypt": Case(Upload(CERTIFICATE, SCRYPT, PASSPHRASE), "scrypt"),
    "odd-cipher": Case(Upload(CERTIFICATE, LOCKED.replace(b"AES-256", b"ROT-13"), PASSPHRASE), "3DES, which all"),
    "no-passphrase": Case(Upload(CERTIFICATE, LOCKED), "type its passphrase"),
    "empty-passphrase": Case(Upload(CERTIFICATE, LOCKED, b""), "empty passphrase opens nothing"),
    "long-passphrase": Case(Upload(CERTIFICATE, LOCKED, bytes(1025)), "31 printable characters"),
    "half-a-cipher-block": Case(Upload(CERTIFICATE, without_last_group(LOCKED), PASSPHRASE), "not a whole number"),
    "no-salt": Case(Upload(CERTIFICATE, LOCKED.replace(b"-CBC", b"-ECB"), PASSPHRASE), "write it with 3DES"),
    "blank-after-passphrase": Case(Upload(CERTIFICATE, FIXED, b"guess "), "ends in a blank"),
    "passphrase-beyond-ascii": Case(Upload(CERTIFICATE, FIXED, b"gu\xe9ss"), "not all ASCII"),
    "wrong-passphrase": Case(Upload(CERTIFICATE, FIXED, b"guess"), "passphrase is not the key's"),
    "byte-order-mark-and-chain": Case(Upload(b"\xef\xbb\xbf" + CERTIFICATE, KEY), "passed over"),
    "leaf-not-first": Case(Upload(TURNED, KEY), "later certificate"),
    "other-key-type": Case(Upload(CERTIFICATE, elliptic_key()), "of another type"),
    "other-key": Case(Upload(CERTIFICATE, key_pem(OTHER.key)), "print the same"),
    "too-many-rounds": Case(Upload(CERTIFICATE, MODERN, PASSPHRASE), "rounds", FEW_ROUNDS),
    "too-large": Case(Upload(CERTIFICATE, KEY), "no form of the unit takes so much", SMALL),
}


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_the_remedy_fits_what_is_wrong(case: Case) -> None:
    assert case.words in way_out(case.upload, case.firmware).sentence


def test_every_remedy_has_a_case() -> None:
    sentences = {row.sentence for rows in REMEDIES.values() for row in rows}

    assert sentences - {way_out(case.upload, case.firmware).sentence for case in CASES.values()} == set()


# Whose commands, run as they are, make an upload that the unit takes.
CURED = [
    "utf-16",
    "byte-order-mark",
    "byte-order-mark-and-chain",
    "lone-cr",
    "indented",
    "pkcs12",
    "pkcs7-der",
    "pkcs7-pem",
    "der-certificate",
    "certificate-on-one-line",
    "der-key",
    "der-encrypted-key",
    "key-on-one-line",
    "odd-header",
    "pkcs8-refused",
    "modern-encryption",
    "scrypt",
    "pkcs12-key",
    "utf-16-key",
    "too-many-rounds",
]


@pytest.mark.parametrize("name", CURED)
def test_the_commands_of_a_remedy_cure(name: str, tmp_path: Path) -> None:
    case = CASES[name]
    (tmp_path / NAMES.certificate).write_bytes(case.upload.certificate)
    (tmp_path / NAMES.private_key).write_bytes(case.upload.private_key)

    for command in way_out(case.upload, case.firmware).commands:
        # Without a terminal openssl asks on standard input: for the old passphrase if there is one, and the new.
        subprocess.run(
            ["bash", "-c", f"set -o pipefail; {command}"],
            cwd=tmp_path,
            input=b"secret\n" * 8,
            capture_output=True,
            check=True,
            start_new_session=True,
        )

    # A command that turns text into text says nothing of which of the two files it was.
    text = {NAMES.of(case_file(case)): tmp_path / "as-text.pem"}
    certificate, key = (
        next(path for path in (text.get(given), tmp_path / made, tmp_path / given) if path and path.exists())
        for given, made in ((NAMES.certificate, "for-unit.pem"), (NAMES.private_key, "for-unit.key"))
    )
    receive(Upload(certificate.read_bytes(), key.read_bytes(), PASSPHRASE), case.firmware)


def case_file(case: Case) -> UploadFile:
    place = refused(case.upload, case.firmware).place
    return UploadFile.CERTIFICATE if place is None else place.file


def test_commands_hold_the_names_of_the_users_files_quoted() -> None:
    upload = Upload(CERTIFICATE, MODERN, PASSPHRASE)
    names = FileNames("a.pem", "it's; rm -r.key")

    command = remedy(upload, refused(upload), DEFAULT_FIRMWARE, names).commands[0]

    assert shlex.split(command)[-3] == "it's; rm -r.key"


def test_no_command_writes_over_a_file_it_reads() -> None:
    upload = Upload(CERTIFICATE, MODERN, PASSPHRASE)
    names = FileNames("for-unit.pem", "keys/for-unit.key")

    command = remedy(upload, refused(upload), DEFAULT_FIRMWARE, names).commands[0]

    assert command.endswith("-in keys/for-unit.key -out new-for-unit.key")
