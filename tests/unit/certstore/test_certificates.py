"""Certificates: the leaf, what may follow it, and the chain after it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from certstore import OPENSSL_0_9_8, OPENSSL_1_0_1, Branch, Firmware, Upload, receive
from certstore.ber import (
    BIT_STRING,
    BMP_STRING,
    BOOLEAN,
    INTEGER,
    NULL,
    OBJECT,
    OCTET_STRING,
    PRINTABLE_STRING,
    SEQUENCE,
    SET,
    UTC_TIME,
    UTF8_STRING,
    VISIBLE_STRING,
)
from certstore.der import encoded, encoded_integer
from certstore.identifiers import RSA_ENCRYPTION, RSA_X500, oid

Verdict = Callable[..., str]
Write = Callable[..., bytes]

COMMON_NAME = encoded(OBJECT, oid("2.5.4.3"))
SHA256_RSA = encoded(SEQUENCE, encoded(OBJECT, oid("1.2.840.113549.1.1.11")), encoded(NULL))
DATES = encoded(SEQUENCE, encoded(UTC_TIME, b"100101000000Z"), encoded(UTC_TIME, b"400101000000Z"))


def name(kind: int = UTF8_STRING, value: bytes = b"unit") -> bytes:
    return encoded(SEQUENCE, encoded(SET, encoded(SEQUENCE, COMMON_NAME, encoded(kind, value))))


@pytest.fixture
def certificate(pair: Any, block: Write) -> Callable[..., bytes]:
    """Writes a certificate for the pair's key with any field replaced."""
    numbers = pair.private_key.public_key().public_numbers()
    key = encoded(SEQUENCE, encoded_integer(numbers.n), encoded_integer(numbers.e))

    def write(
        *,
        version: bytes = encoded(0xA0, encoded_integer(2)),
        serial: bytes = encoded_integer(1),
        algorithm: bytes = SHA256_RSA,
        issuer: bytes = name(),
        dates: bytes = DATES,
        subject: bytes = name(),
        key_algorithm: bytes = encoded(SEQUENCE, encoded(OBJECT, RSA_ENCRYPTION), encoded(NULL)),
        key_bits: bytes = encoded(BIT_STRING, b"\0", key),
        rest: bytes = b"",
        outer_algorithm: bytes = SHA256_RSA,
        signature: bytes = encoded(BIT_STRING, b"\0signature"),
        after: bytes = b"",
        trailing: bytes = b"",
        label: bytes = b"CERTIFICATE",
    ) -> bytes:
        key_info = encoded(SEQUENCE, key_algorithm, key_bits)
        signed = encoded(SEQUENCE, version, serial, algorithm, issuer, dates, subject, key_info, rest)
        return block(label, encoded(SEQUENCE, signed, outer_algorithm, signature, after) + trailing)

    return write


EXTENSION = encoded(SEQUENCE, encoded(OBJECT, oid("2.5.29.19")), encoded(OCTET_STRING, b"not even DER"))
AUX = encoded(SEQUENCE, encoded(UTF8_STRING, b"alias"))

# What is odd about the certificate, and what both branches say.
FIELDS: dict[str, tuple[dict[str, bytes], str]] = {
    "nothing": ({}, "accepted"),
    "no-version": ({"version": b""}, "accepted"),
    "version-9": ({"version": encoded(0xA0, encoded_integer(8))}, "accepted"),
    "negative-serial": ({"serial": encoded(INTEGER, b"\xff")}, "accepted"),
    "serial-of-40-octets": ({"serial": encoded(INTEGER, b"\1" * 40)}, "accepted"),
    "serial-not-minimal": ({"serial": encoded(INTEGER, b"\0\0\1")}, "accepted"),
    "serial-of-another-type": ({"serial": encoded(OCTET_STRING, b"1")}, "asn1-tag"),
    "algorithms-that-differ": ({"outer_algorithm": encoded(SEQUENCE, encoded(OBJECT, oid("1.2.3")))}, "accepted"),
    "empty-names": ({"issuer": encoded(SEQUENCE), "subject": encoded(SEQUENCE)}, "accepted"),
    "name-of-an-empty-set": ({"subject": encoded(SEQUENCE, encoded(SET))}, "accepted"),
    "name-that-is-a-set": ({"subject": encoded(SET)}, "asn1-tag"),
    "name-in-printable-string": ({"subject": name(PRINTABLE_STRING)}, "accepted"),
    "name-in-forbidden-characters": ({"subject": name(PRINTABLE_STRING, b"\0\xff@")}, "accepted"),
    "name-in-bmp-string": ({"subject": name(BMP_STRING, b"\0u")}, "accepted"),
    "name-in-odd-bmp-string": ({"subject": name(BMP_STRING, b"u")}, "asn1-value"),
    "name-in-a-bit-string": ({"subject": name(BIT_STRING, b"\0u")}, "accepted"),
    "name-in-a-visible-string": ({"subject": name(VISIBLE_STRING)}, "asn1-tag"),
    "name-in-an-octet-string": ({"subject": name(OCTET_STRING)}, "asn1-tag"),
    "nonsense-for-dates": (
        {"dates": encoded(SEQUENCE, encoded(UTC_TIME, b"garbage"), encoded(UTC_TIME))},
        "accepted",
    ),
    "dates-that-are-strings": ({"dates": encoded(SEQUENCE, encoded(UTF8_STRING), encoded(UTF8_STRING))}, "asn1-tag"),
    "one-date": ({"dates": encoded(SEQUENCE, encoded(UTC_TIME, b"100101000000Z"))}, "asn1-missing"),
    "unique-identifiers": ({"rest": encoded(0x81, b"\0a") + encoded(0x82, b"\0b")}, "accepted"),
    "extension-of-nonsense": ({"rest": encoded(0xA3, encoded(SEQUENCE, EXTENSION))}, "accepted"),
    "extension-twice": ({"rest": encoded(0xA3, encoded(SEQUENCE, EXTENSION, EXTENSION))}, "accepted"),
    "no-extension": ({"rest": encoded(0xA3, encoded(SEQUENCE))}, "accepted"),
    "unknown-critical-extension": (
        {
            "rest": encoded(
                0xA3,
                encoded(
                    SEQUENCE,
                    encoded(
                        SEQUENCE,
                        encoded(OBJECT, oid("1.2.3.4")),
                        encoded(BOOLEAN, b"\xff"),
                        encoded(OCTET_STRING),
                    ),
                ),
            )
        },
        "accepted",
    ),
    "extension-without-value": (
        {"rest": encoded(0xA3, encoded(SEQUENCE, encoded(SEQUENCE, encoded(OBJECT, oid("1.2.3.4")))))},
        "asn1-missing",
    ),
    "field-of-nobody": ({"rest": encoded(0xA4, encoded(NULL))}, "asn1-tag"),
    "empty-signature": ({"signature": encoded(BIT_STRING, b"\0")}, "accepted"),
    "no-signature": ({"signature": b""}, "asn1-missing"),
    "fourth-field": ({"after": encoded(NULL)}, "asn1-length"),
    "key-algorithm-without-parameters": (
        {"key_algorithm": encoded(SEQUENCE, encoded(OBJECT, RSA_ENCRYPTION))},
        "accepted",
    ),
    "key-algorithm-with-odd-parameters": (
        {"key_algorithm": encoded(SEQUENCE, encoded(OBJECT, RSA_ENCRYPTION), encoded_integer(7))},
        "accepted",
    ),
    "key-algorithm-of-x-500": ({"key_algorithm": encoded(SEQUENCE, encoded(OBJECT, RSA_X500))}, "accepted"),
    "key-algorithm-ed25519": (
        {"key_algorithm": encoded(SEQUENCE, encoded(OBJECT, oid("1.3.101.112")))},
        "unknown-key-algorithm",
    ),
    "key-algorithm-rsa-pss": (
        {"key_algorithm": encoded(SEQUENCE, encoded(OBJECT, oid("1.2.840.113549.1.1.10")))},
        "unknown-key-algorithm",
    ),
    "key-algorithm-dh": (
        {"key_algorithm": encoded(SEQUENCE, encoded(OBJECT, oid("1.2.840.113549.1.3.1")))},
        "key-not-usable",
    ),
    "key-that-does-not-decode": ({"key_bits": encoded(BIT_STRING, b"\0key")}, "asn1-header"),
    # What may follow.
    "trust-settings": ({"trailing": AUX}, "accepted"),
    "trust-settings-and-more": ({"trailing": AUX + b"more"}, "accepted"),
    "empty-trust-settings": ({"trailing": encoded(SEQUENCE)}, "accepted"),
    "zeros": ({"trailing": b"\0\0"}, "asn1-tag"),
    "text": ({"trailing": b"text"}, "asn1-header"),
    # Labels.
    "old-label": ({"label": b"X509 CERTIFICATE"}, "accepted"),
    "trusted-label": ({"label": b"TRUSTED CERTIFICATE"}, "accepted"),
    "lower-case-label": ({"label": b"certificate"}, "no-start-line"),
    "request-label": ({"label": b"CERTIFICATE REQUEST"}, "no-start-line"),
}


@pytest.mark.parametrize(("fields", "outcome"), FIELDS.values(), ids=FIELDS)
def test_a_certificate_is_decoded_and_believed(
    fields: dict[str, bytes],
    outcome: str,
    branch: Branch,
    pair: Any,
    certificate: Callable[..., bytes],
    verdict: Verdict,
) -> None:
    assert verdict(certificate(**fields), pair.key, None, branch) == outcome


# x509_name_canon: bytes, and whether UTF8_getc takes them.
UTF8 = {
    "ascii": (b"unit", "accepted"),
    "two-octets": (b"\xc3\xbc", "accepted"),
    "surrogate": (b"\xed\xa0\x80", "accepted"),
    "beyond-unicode": (b"\xf7\xbf\xbf\xbf", "accepted"),
    "five-octets": (b"\xf8\x88\x80\x80\x80", "accepted"),
    "six-octets": (b"\xfd\xbf\xbf\xbf\xbf\xbf", "accepted"),
    "latin-1": (b"\xfc", "bad-utf8"),
    "overlong-two": (b"\xc1\xbf", "bad-utf8"),
    "overlong-three": (b"\xe0\x9f\xbf", "bad-utf8"),
    "overlong-four": (b"\xf0\x8f\xbf\xbf", "bad-utf8"),
    "overlong-five": (b"\xf8\x87\xbf\xbf\xbf", "bad-utf8"),
    "overlong-six": (b"\xfc\x83\xbf\xbf\xbf\xbf", "bad-utf8"),
    "cut-off": (b"\xe2\x82", "bad-utf8"),
    "continuation-alone": (b"\x80", "bad-utf8"),
    "fe": (b"\xfe\xbf\xbf\xbf\xbf\xbf\xbf", "bad-utf8"),
}


@pytest.mark.parametrize(("value", "outcome"), UTF8.values(), ids=UTF8)
@pytest.mark.parametrize("field", ["issuer", "subject"])
def test_only_1_0_1_wants_utf8_strings_to_be_utf8(
    field: str, value: bytes, outcome: str, pair: Any, certificate: Callable[..., bytes], verdict: Verdict
) -> None:
    file = certificate(**{field: name(UTF8_STRING, value)})

    assert verdict(file, pair.key, None, OPENSSL_0_9_8) == "accepted"
    assert verdict(file, pair.key, None, OPENSSL_1_0_1) == outcome


def test_other_strings_are_not_looked_into(pair: Any, certificate: Callable[..., bytes], verdict: Verdict) -> None:
    assert verdict(certificate(subject=name(PRINTABLE_STRING, b"\xfc")), pair.key) == "accepted"


def served(upload: Upload, firmware: Firmware) -> list[bytes]:
    return list(receive(upload, firmware).certificates)


def test_the_chain_is_kept_in_the_order_of_the_file(
    pair: Any, authority: Any, ec_pair: Any, firmware: Firmware
) -> None:
    file = pair.certificate + b"text\n" + ec_pair.certificate + authority.certificate + ec_pair.certificate

    assert served(Upload(file, pair.key), firmware) == [
        pair.certificate_der,
        ec_pair.certificate_der,
        authority.certificate_der,
        ec_pair.certificate_der,
    ]


CHAINS: dict[str, tuple[Callable[[bytes], bytes], str]] = {
    "alone": (lambda c: b"", "accepted"),
    "twice": (lambda c: c, "accepted"),
    "forty-times": (lambda c: c * 40, "accepted"),
    "old-label": (lambda c: c.replace(b"CERT", b"X509 CERT"), "accepted"),
    "trailing-text": (lambda c: c + b"text\n", "accepted"),
    "half-a-begin-line": (lambda c: c + b"-----BEGIN CERTIFI", "accepted"),
    "line-that-begins-with-nul": (lambda c: b"\0\n" + c, "accepted"),
    "byte-order-mark": (lambda c: b"\xef\xbb\xbf" + c, "accepted"),
    "begin-line": (lambda c: c + b"-----BEGIN CERTIFICATE-----\n", "bad-end-line"),
    "cut-off": (lambda c: c[:-40], "bad-end-line"),
    "no-newline-between": (lambda c: c.rstrip() + c, "bad-end-line"),
    "bad-base64": (lambda c: c.replace(b"\n-----END", b"A\n-----END"), "base64-length"),
    "no-certificate": (
        lambda c: b"-----BEGIN CERTIFICATE-----\nQUJD\n-----END CERTIFICATE-----\n",
        "asn1-header",
    ),
    "damaged-block-of-no-interest": (lambda c: b"-----BEGIN X-----\nQ\n-----END X-----\n" + c, "base64-length"),
    "empty-block-of-no-interest": (lambda c: b"-----BEGIN X-----\n-----END X-----\n" + c, "empty-block"),
    "header-of-no-interest": (lambda c: b"-----BEGIN X-----\nA: b\n\nQUJD\n-----END X-----\n" + c, "accepted"),
    "header": (lambda c: b"-----BEGIN CERTIFICATE-----\nA: b\n\nQUJD\n-----END CERTIFICATE-----\n", "not-proc-type"),
    "trusted": (lambda c: c.replace(b"CERT", b"TRUSTED CERT"), "accepted"),
}


@pytest.mark.parametrize(("more", "outcome"), CHAINS.values(), ids=CHAINS)
def test_only_running_out_of_blocks_ends_a_chain_well(
    more: Callable[[bytes], bytes], outcome: str, branch: Branch, pair: Any, authority: Any, verdict: Verdict
) -> None:
    file = pair.certificate + more(authority.certificate)

    assert verdict(file, pair.key, None, branch) == outcome


@pytest.mark.parametrize("trailing", [b"zeros: \0\0", AUX], ids=["text", "trust-settings"])
def test_what_follows_a_certificate_of_the_chain_is_dropped(
    trailing: bytes, pair: Any, authority: Any, block: Write, firmware: Firmware
) -> None:
    file = pair.certificate + block(b"CERTIFICATE", authority.certificate_der + trailing)

    assert served(Upload(file, pair.key), firmware) == [pair.certificate_der, authority.certificate_der]


def test_a_trusted_certificate_is_skipped_in_the_chain(pair: Any, authority: Any, firmware: Firmware) -> None:
    trusted = authority.certificate.replace(b"CERT", b"TRUSTED CERT")

    assert served(Upload(pair.certificate + trusted + authority.certificate, pair.key), firmware) == [
        pair.certificate_der,
        authority.certificate_der,
    ]


def test_a_leaf_that_is_not_first_does_not_match(pair: Any, authority: Any, verdict: Verdict) -> None:
    assert verdict(authority.certificate + pair.certificate, pair.key) == "other-key"


def test_a_certificate_without_end_swallows_the_next(pair: Any, authority: Any, firmware: Firmware) -> None:
    headless = pair.certificate[: pair.certificate.index(b"-----END")]

    assert served(Upload(headless + authority.certificate, pair.key), firmware) == [pair.certificate_der]


def test_what_is_served_is_der_around_the_signed_part(
    pair: Any, certificate: Callable[..., bytes], firmware: Firmware
) -> None:
    """i2d_X509: the signed part as it came, the rest written anew."""
    identifier = encoded(OBJECT, oid("1.2.3"))
    odd_serial = b"\x02\x81\x01\x05"
    odd = certificate(
        serial=odd_serial,
        outer_algorithm=b"\x30\x80" + identifier + b"\0\0",
        signature=encoded(BIT_STRING, b"\4\xff"),
    )
    even = certificate(
        serial=odd_serial,
        outer_algorithm=encoded(SEQUENCE, identifier),
        signature=encoded(BIT_STRING, b"\4\xf0"),
    )
    assert odd != even

    leaf = receive(Upload(odd, pair.key), firmware).leaf
    assert leaf == receive(Upload(even, pair.key), firmware).leaf
    assert odd_serial in leaf
