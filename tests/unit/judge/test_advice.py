"""Advice: each topic is seen where it is, and nowhere else."""

from __future__ import annotations

import datetime
import ipaddress
import ssl
from dataclasses import replace

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives import serialization as form
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID
from hypothesis import given, settings
from hypothesis import strategies as st

from certstore import DEFAULT_FIRMWARE, Upload, receive
from harness.judge.advice import Case, Topic, advise, names_address
from harness.judge.certificate_facts import read_facts
from harness.judge.chain import signature_is_wrong
from harness.judge.judgement import Circumstances, judge
from harness.judge.remedies import FileNames

START = datetime.datetime(2020, 1, 1, tzinfo=datetime.UTC)
END = datetime.datetime(2030, 1, 1, tzinfo=datetime.UTC)
TODAY = datetime.datetime(2025, 1, 1, tzinfo=datetime.UTC)
PASSPHRASE = b"secret"

KEY, OTHER_KEY, CA_KEY, ROOT_KEY = (rsa.generate_private_key(65537, 2048) for _ in range(4))
WEAK_KEY = rsa.generate_private_key(65537, 1024)
EC_KEY = ec.generate_private_key(ec.SECP256R1())
Key = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey

NAMED = x509.SubjectAlternativeName(
    [x509.DNSName("unit.example"), x509.DNSName("*.lab.example"), x509.IPAddress(ipaddress.ip_address("10.20.0.31"))]
)
NO_CA = x509.BasicConstraints(ca=False, path_length=None)
CA = x509.BasicConstraints(ca=True, path_length=None)
NO_USAGE = dict.fromkeys(
    ["content_commitment", "data_encipherment", "key_agreement", "key_cert_sign", "crl_sign", "encipher_only"], False
)


def key_usage(*usages: str) -> x509.KeyUsage:
    every = ("digital_signature", "key_encipherment", "decipher_only")
    return x509.KeyUsage(**NO_USAGE, **{usage: usage in usages for usage in every})


def name(common_name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)])


def certificate(
    subject: str,
    key: Key,
    issuer: str,
    issuer_key: Key,
    *extensions: x509.ExtensionType,
    start: datetime.datetime = START,
    end: datetime.datetime = END,
) -> bytes:
    builder = x509.CertificateBuilder(
        name(issuer), name(subject), key.public_key(), x509.random_serial_number(), start, end
    )
    for extension in extensions:
        builder = builder.add_extension(extension, critical=False)
    return builder.sign(issuer_key, hashes.SHA256()).public_bytes(form.Encoding.PEM)


def pem(key: Key) -> bytes:
    return key.private_bytes(form.Encoding.PEM, form.PrivateFormat.TraditionalOpenSSL, form.NoEncryption())


def locked(passphrase: bytes) -> bytes:
    lock = form.BestAvailableEncryption(passphrase)
    return KEY.private_bytes(form.Encoding.PEM, form.PrivateFormat.TraditionalOpenSSL, lock)


ROOT = certificate("Root", ROOT_KEY, "Root", ROOT_KEY, CA)
ISSUER = certificate("Issuer", CA_KEY, "Root", ROOT_KEY, CA)
LEAF = certificate("unit.example", KEY, "Issuer", CA_KEY, NAMED, NO_CA)
GOOD = LEAF + ISSUER
SERVER = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH])
CLIENT = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CLIENT_AUTH])


def leaf(*extensions: x509.ExtensionType, key: Key = KEY, end: datetime.datetime = END) -> bytes:
    """Another leaf with its issuer."""
    return certificate("unit.example", key, "Issuer", CA_KEY, *extensions, end=end) + ISSUER


def lines_exchanged(text: bytes, first: int) -> bytes:
    """Two lines of base64 exchanged: the same length, other content."""
    lines = text.splitlines(keepends=True)
    lines[first], lines[first + 1] = lines[first + 1], lines[first]
    return b"".join(lines)


def altered(text: bytes, old: bytes, new: bytes) -> bytes:
    """A certificate with other octets in its DER, under the signature it had."""
    return _as_pem(ssl.PEM_cert_to_DER_cert(text.decode("ascii")).replace(old, new))


# RFC 8017 appendix A.2.4: sha256WithRSAEncryption and sha1WithRSAEncryption.
RSA_SIGNATURE = bytes.fromhex("2a864886f70d0101")
SHA_256, SHA_1 = RSA_SIGNATURE + b"\x0b", RSA_SIGNATURE + b"\x05"


def _as_pem(der: bytes) -> bytes:
    # ssl takes any octets; cryptography only certificates that it can read.
    return ssl.DER_cert_to_PEM_cert(der).encode("ascii")


def case(upload: Upload, at: datetime.datetime = TODAY, address: str | None = None) -> Case:
    credential = receive(upload, DEFAULT_FIRMWARE)
    facts = tuple(read_facts(encoding) for encoding in credential.certificates)
    return Case(upload, DEFAULT_FIRMWARE, credential, facts, at, address)


GOOD_CASE = case(Upload(GOOD, pem(KEY)), address="unit.example")

# cryptography no longer signs with SHA-1.
WEAK_DIGEST = altered(LEAF, SHA_256, SHA_1)
LATIN_1 = altered(certificate("Cafe", KEY, "Issuer", CA_KEY, NAMED, NO_CA), b"Cafe", b"Caf\xe9")
CASES = {
    "weak-key": (case(Upload(leaf(NAMED, NO_CA, key=WEAK_KEY), pem(WEAK_KEY))), {Topic.WEAK_KEY}),
    "weak-signature": (case(Upload(WEAK_DIGEST + ISSUER, pem(KEY))), {Topic.WEAK_SIGNATURE}),
    "expired": (replace(GOOD_CASE, at=END + datetime.timedelta(seconds=1)), {Topic.EXPIRED}),
    "last-second": (replace(GOOD_CASE, at=END), {Topic.EXPIRES_SOON}),
    "not-yet-valid": (replace(GOOD_CASE, at=START - datetime.timedelta(seconds=1)), {Topic.NOT_YET_VALID}),
    "first-second": (replace(GOOD_CASE, at=START), set()),
    "expires-in-29-days": (replace(GOOD_CASE, at=END - datetime.timedelta(days=29)), {Topic.EXPIRES_SOON}),
    "expires-in-31-days": (replace(GOOD_CASE, at=END - datetime.timedelta(days=31)), set()),
    "until-2050": (
        case(Upload(leaf(NAMED, NO_CA, end=datetime.datetime(2050, 1, 1, tzinfo=datetime.UTC)), pem(KEY))),
        {Topic.BEYOND_UTCTIME},
    ),
    "latin-1": (case(Upload(LATIN_1 + ISSUER, pem(KEY))), {Topic.UNREADABLE, Topic.WRONG_SIGNATURE}),
    "common-name-only": (case(Upload(leaf(NO_CA), pem(KEY))), {Topic.NO_ALTERNATIVE_NAME}),
    "other-address": (replace(GOOD_CASE, address="10.20.0.32"), {Topic.ADDRESS_NOT_NAMED}),
    "leaf-is-a-ca": (case(Upload(leaf(NAMED, CA), pem(KEY))), {Topic.LEAF_IS_A_CA}),
    "signs-only": (case(Upload(leaf(NAMED, NO_CA, key_usage("digital_signature")), pem(KEY))), {Topic.KEY_USAGE}),
    "usages-of-a-server": (
        case(Upload(leaf(NAMED, NO_CA, key_usage("digital_signature", "key_encipherment"), SERVER), pem(KEY))),
        set(),
    ),
    "client-only": (case(Upload(leaf(NAMED, NO_CA, CLIENT), pem(KEY))), {Topic.EXTENDED_KEY_USAGE}),
    "elliptic": (case(Upload(leaf(NAMED, NO_CA, key=EC_KEY), pem(EC_KEY))), {Topic.NOT_RSA}),
    # The eighth line is in the middle of the private exponent.
    "damaged-key": (case(Upload(GOOD, lines_exchanged(pem(KEY), 8))), {Topic.DAMAGED_KEY}),
    "leaf-alone": (case(Upload(LEAF, pem(KEY))), {Topic.INTERMEDIATE_MISSING}),
    "gap": (case(Upload(LEAF + ROOT, pem(KEY))), {Topic.INTERMEDIATE_MISSING, Topic.UNRELATED}),
    "root-before-issuer": (
        case(Upload(LEAF + ROOT + ISSUER, pem(KEY))),
        {Topic.WRONG_ORDER, Topic.ROOT_INCLUDED},
    ),
    "root-at-the-end": (case(Upload(GOOD + ROOT, pem(KEY))), {Topic.ROOT_INCLUDED}),
    "issuer-twice": (case(Upload(GOOD + ISSUER, pem(KEY))), {Topic.DUPLICATE}),
    "stranger": (
        case(Upload(GOOD + ROOT + certificate("X", OTHER_KEY, "X", OTHER_KEY), pem(KEY))),
        {Topic.ROOT_INCLUDED, Topic.UNRELATED},
    ),
    "namesake-of-the-issuer": (
        case(Upload(LEAF + certificate("Issuer", OTHER_KEY, "Root", ROOT_KEY, CA), pem(KEY))),
        {Topic.WRONG_SIGNATURE},
    ),
    "key-before-the-certificate": (case(Upload(pem(KEY) + GOOD, pem(KEY))), {Topic.KEY_IN_CERTIFICATE_FILE}),
    "passphrase-for-a-plain-key": (case(Upload(GOOD, pem(KEY), PASSPHRASE)), {Topic.PASSPHRASE_UNUSED}),
    "empty-passphrase-for-a-plain-key": (case(Upload(GOOD, pem(KEY), b"")), set()),
    "printable-passphrase": (case(Upload(GOOD, locked(b"a z~" * 7), b"a z~" * 7)), set()),
    "tab-in-passphrase": (case(Upload(GOOD, locked(b"a\tb"), b"a\tb")), {Topic.PASSPHRASE_NOT_PRINTABLE}),
    "passphrase-of-31": (case(Upload(GOOD, locked(b"x" * 31), b"x" * 31)), set()),
    "passphrase-of-32": (case(Upload(GOOD, locked(b"x" * 32), b"x" * 32)), {Topic.PASSPHRASE_OVER_31_BYTES}),
}


def topics(subject: Case) -> set[Topic]:
    return {advice.topic for advice in advise(subject)}


def test_nothing_is_said_of_what_is_right() -> None:
    assert advise(GOOD_CASE) == ()


@pytest.mark.parametrize(("subject", "expected"), CASES.values(), ids=CASES)
def test_advice_is_given_where_it_is_due_and_no_other(subject: Case, expected: set[Topic]) -> None:
    assert topics(subject) == expected


def test_every_topic_has_a_case() -> None:
    assert set().union(*(expected for _, expected in CASES.values())) == set(Topic)


ADDRESSES = {
    "unit.example": True,
    "UNIT.Example.": True,
    "10.20.0.31": True,
    "mcu.lab.example": True,
    "a.b.lab.example": False,
    "lab.example": False,
    ".lab.example": False,
    "10.20.0.3": False,
    "::1": False,
}


@pytest.mark.parametrize(("address", "named"), ADDRESSES.items(), ids=ADDRESSES)
def test_a_leaf_names_an_address_or_not(address: str, named: bool) -> None:  # noqa: FBT001 - a column of the table
    assert names_address(GOOD_CASE.leaf, address) is named


def test_without_alternative_names_the_common_name_counts() -> None:
    common_name_only = case(Upload(leaf(NO_CA), pem(KEY))).leaf

    assert names_address(common_name_only, "unit.example")
    assert not names_address(common_name_only, "10.20.0.31")


def test_a_good_signature_is_not_called_wrong() -> None:
    assert not signature_is_wrong(GOOD_CASE.certificates[0], GOOD_CASE.certificates[1])


DER = ssl.PEM_cert_to_DER_cert(LEAF.decode("ascii"))
DAMAGE = st.lists(st.tuples(st.integers(0, len(DER) - 1), st.integers(0, 255)), min_size=1, max_size=3)
CIRCUMSTANCES = Circumstances(DEFAULT_FIRMWARE, FileNames("a", "b"), TODAY, "unit.example")


@settings(max_examples=150, deadline=None)
@given(DAMAGE)
def test_whatever_certificate_the_unit_takes_can_be_described(damage: list[tuple[int, int]]) -> None:
    der = bytearray(DER)
    for at, octet in damage:
        der[at] = octet
    # What is refused is not described: only that nothing else is raised counts.
    judge(Upload(_as_pem(bytes(der)) + ISSUER, pem(KEY)), CIRCUMSTANCES)
