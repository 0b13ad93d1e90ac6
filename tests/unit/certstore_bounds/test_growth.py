"""Twice the input costs twice the work and twice the memory, whatever its shape.

Steps are counted, not timed. A shape is a function from a size to one file of the upload.
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace

import pytest

from certstore import BRANCHES, DEFAULT_FIRMWARE, Branch, Firmware, Upload, UploadRefused, receive
from certstore import certificate as certificates
from certstore import pbe as pbe_keys
from certstore import pkcs8 as pkcs8_keys
from certstore.asn1 import explicit_tag
from certstore.ber import BIT_STRING, INTEGER, NULL, OBJECT, OCTET_STRING, SEQUENCE, SET, UTC_TIME, UTF8_STRING
from certstore.branch import KeyType
from certstore.der import encoded, encoded_integer
from certstore.identifiers import (
    CHARACTERISTIC_TWO_FIELD,
    DSA,
    EC_PUBLIC_KEY,
    PBES2,
    PBKDF2,
    PRIME_FIELD,
    RSA_ENCRYPTION,
    TRINOMIAL_BASIS,
    oid,
)
from certstore.passphrase import Passphrase
from certstore.private_key import read_traditional
from certstore.rules import Violation

Shape = Callable[[int], bytes]
Measure = Callable[[Callable[[], object]], int]

# Octets of the smaller input: enough to outweigh what every upload costs.
SIZE = 2000
# Doubling may cost this much more: twice, and what a longer length field or a hash table that grows adds.
DOUBLING = 2.3
# Octets of memory for each octet of the upload, and beyond.
MEMORY_FACTOR, MEMORY_FLOOR = 100, 2**20

PASSPHRASE = b"secret"


def pem(label: bytes, der: bytes) -> bytes:
    text = b64encode(der)
    lines = b"".join(text[at : at + 64] + b"\n" for at in range(0, len(text), 64))
    return b"-----BEGIN %s-----\n%s-----END %s-----\n" % (label, lines, label)


def sequence(*contents: bytes) -> bytes:
    return encoded(SEQUENCE, *contents)


def algorithm(identifier: bytes, *parameters: bytes) -> bytes:
    return sequence(encoded(OBJECT, identifier), *parameters)


def bits(octets: bytes) -> bytes:
    return encoded(BIT_STRING, b"\0", octets)


def numbers(*values: int) -> bytes:
    return sequence(*map(encoded_integer, values))


RSA = algorithm(RSA_ENCRYPTION, encoded(NULL))
NAME = sequence(encoded(SET, sequence(encoded(OBJECT, oid("2.5.4.3")), encoded(UTF8_STRING, b"name"))))
EXTENSION = sequence(encoded(OBJECT, oid("2.5.29.15")), encoded(OCTET_STRING, b"\3\1\0"))


def certificate(
    key: bytes = sequence(RSA, bits(numbers(77, 3))),
    issuer: bytes = NAME,
    serial: bytes = encoded_integer(1),
    extensions: bytes = EXTENSION,
    signature_algorithm: bytes = RSA,
    signature: bytes = bits(b"signature"),
) -> bytes:
    time = encoded(UTC_TIME, b"200101000000Z")
    signed = sequence(
        encoded(explicit_tag(0), encoded_integer(2)),
        serial,
        signature_algorithm,
        issuer,
        sequence(time, time),
        NAME,
        key,
        encoded(explicit_tag(3), sequence(extensions)),
    )
    return sequence(signed, signature_algorithm, signature)


def nested(count: int, tag: int = SEQUENCE) -> bytes:
    value = b""
    for _ in range(count):
        value = encoded(tag, value)
    return value


def endless(count: int, tag: int = SEQUENCE) -> bytes:
    """Indefinite lengths within each other, all of them ended."""
    return bytes([tag, 0x80]) * count + b"\0\0" * count


# What follows is a file of either kind, mostly text and no more.
TEXTS: dict[str, Shape] = {
    "nothing-but-NUL": lambda n: b"\0" * n,
    "lines-of-NUL": lambda n: b"x\0\n" * n,
    "line-ends": lambda n: b"\n" * n,
    "blanks": lambda n: b" " * n,
    "dashes": lambda n: b"-" * n,
    "one-long-line": lambda n: b"A" * n,
    "begin-lines": lambda n: b"-----BEGIN CERTIFICATE-----\n" * (n // 28),
    "begin-lines-cut-short": lambda n: b"-----BEGIN CERTIFICATE----\n" * (n // 27),
    "end-lines": lambda n: b"-----END CERTIFICATE-----\n" * (n // 26),
    "begin-and-blank-line": lambda n: b"-----BEGIN X-----\n\n" * (n // 19),
    "endless-label": lambda n: b"-----BEGIN " + b"A" * n + b"-----\n",
    "empty-blocks": lambda n: b"-----BEGIN X-----\n-----END X-----\n" * (n // 34),
    "foreign-blocks": lambda n: b"-----BEGIN X-----\nAAAA\n-----END X-----\n" * (n // 39),
    "foreign-blocks-odd-label": lambda n: b"-----BEGIN x-----\nAAAA\n-----END x-----\n" * (n // 39),
    "foreign-blocks-with-header": lambda n: b"-----BEGIN X-----\nA: b\n\nAAAA\n-----END X-----\n" * (n // 45),
    "block-without-end": lambda n: b"-----BEGIN CERTIFICATE-----\n" + (b"A" * 64 + b"\n") * (n // 65),
    "block-of-one-line": lambda n: b"-----BEGIN CERTIFICATE-----\n" + b"A" * n + b"\n-----END CERTIFICATE-----\n",
    "block-of-single-characters": lambda n: b"-----BEGIN X-----\n" + b"A\n" * (n // 2) + b"-----END X-----\n",
    "block-of-blanks": lambda n: b"-----BEGIN X-----\n" + b" A\n" * (n // 3) + b"-----END X-----\n",
    "block-of-padding": lambda n: b"-----BEGIN X-----\n" + b"====\n" * (n // 5) + b"-----END X-----\n",
    "block-of-dashes": lambda n: b"-----BEGIN X-----\n" + b"-\n" * (n // 2) + b"-----END X-----\n",
    "endless-header": lambda n: b"-----BEGIN X-----\n" + b"Ab: c\n" * (n // 6) + b"\n-----END X-----\n",
    "header-without-end": lambda n: b"-----BEGIN X-----\n" + b"Ab: c\n" * (n // 6),
    "proc-type-and-more": lambda n: b"-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\n" + b"a" * n + b"\n\n",
}

# DER for a certificate.
CERTIFICATES: dict[str, Shape] = {
    "nested": nested,
    "nested-indefinite": endless,
    "indefinite-without-end": lambda n: b"\x30\x80" * n,
    "lengths-beyond-the-end": lambda n: b"\x30\x84\xff\xff\xff\xff" * (n // 6),
    "endless-tag-number": lambda n: b"\x3f" + b"\x81" * n,
    "zeros": bytes,
    "parameters-nested": lambda n: certificate(signature_algorithm=algorithm(oid("1.2.3"), nested(n // 4))),
    "parameters-indefinite": lambda n: certificate(signature_algorithm=algorithm(oid("1.2.3"), endless(n // 4))),
    "long-serial": lambda n: certificate(serial=encoded(INTEGER, b"\1" * n)),
    "serial-in-pieces": lambda n: certificate(serial=encoded(INTEGER | 0x20, encoded(INTEGER, b"\1") * (n // 3))),
    "signature-in-pieces": lambda n: certificate(signature=encoded(BIT_STRING | 0x20, bits(b"1") * (n // 4))),
    "signature-in-pieces-of-pieces": lambda n: certificate(signature=endless(n // 4, BIT_STRING | 0x20)),
    "many-names": lambda n: certificate(issuer=sequence(NAME[2:] * (n // len(NAME)))),
    "empty-names": lambda n: certificate(issuer=sequence(encoded(SET) * (n // 2))),
    "long-name": lambda n: certificate(
        issuer=sequence(encoded(SET, sequence(encoded(OBJECT, b"\1"), encoded(UTF8_STRING, b"\xc3\xbc" * (n // 2)))))
    ),
    "many-extensions": lambda n: certificate(extensions=EXTENSION * (n // len(EXTENSION))),
    "long-identifier": lambda n: certificate(signature_algorithm=algorithm(b"\x81" * n + b"\1")),
    "identifier-of-zeros": lambda n: certificate(signature_algorithm=algorithm(b"\x81\x80" * (n // 2) + b"\1")),
    "long-modulus": lambda n: certificate(sequence(RSA, bits(sequence(encoded(INTEGER, b"\1" * n), b"\2\1\3")))),
    "long-signature": lambda n: certificate(signature=bits(b"x" * n)),
    "trust-settings": lambda n: certificate() + sequence(sequence(encoded(OBJECT, b"\1") * (n // 3))),
}


def pkcs8(algorithm_identifier: bytes, key: bytes) -> bytes:
    return sequence(encoded_integer(0), algorithm_identifier, encoded(OCTET_STRING, key))


def pbe(identifier: str, parameters: bytes, data: bytes = b"12345678") -> bytes:
    return sequence(algorithm(oid(identifier), parameters), encoded(OCTET_STRING, data))


def pbes2(derivation: bytes, data: bytes = b"12345678") -> bytes:
    cipher = algorithm(oid("1.2.840.113549.3.7"), encoded(OCTET_STRING, b"12345678"))
    parameters = sequence(sequence(encoded(OBJECT, PBKDF2), derivation), cipher)
    return sequence(sequence(encoded(OBJECT, PBES2), parameters), encoded(OCTET_STRING, data))


def ec_parameters(field: bytes, coefficient: bytes) -> bytes:
    return sequence(
        encoded_integer(1),
        field,
        sequence(encoded(OCTET_STRING, coefficient), encoded(OCTET_STRING, b"\1")),
        encoded(OCTET_STRING, b"\4" + b"\1" * 30),
        encoded_integer(99),
    )


BINARY = sequence(
    encoded(OBJECT, CHARACTERISTIC_TWO_FIELD),
    sequence(encoded_integer(113), encoded(OBJECT, TRINOMIAL_BASIS), encoded_integer(112)),
)
PRIME = sequence(encoded(OBJECT, PRIME_FIELD), encoded_integer(2**112 + 1))
CURVE_WITHOUT_PUBLIC_KEY = algorithm(EC_PUBLIC_KEY, encoded(OBJECT, oid("1.3.132.0.6")))

# DER for a key, and the label above it.
KEYS: dict[str, tuple[bytes, Shape]] = {
    "nested": (b"RSA PRIVATE KEY", nested),
    "nested-indefinite": (b"PRIVATE KEY", endless),
    "long-modulus": (b"RSA PRIVATE KEY", lambda n: sequence(b"\2\1\0", encoded(INTEGER, b"\1" * n), b"\2\1\3" * 7)),
    "long-version": (b"RSA PRIVATE KEY", lambda n: sequence(encoded(INTEGER, b"\0" * n))),
    "pkcs8-under-rsa": (b"RSA PRIVATE KEY", lambda n: pkcs8(RSA, sequence(encoded(INTEGER, b"\1" * n)))),
    "many-attributes": (
        b"PRIVATE KEY",
        lambda n: sequence(
            encoded_integer(0),
            RSA,
            encoded(OCTET_STRING, numbers(*range(9))),
            encoded(0xA0, sequence(encoded(OBJECT, b"\1"), encoded(SET, encoded(NULL) * (n // 2)))),
        ),
    ),
    "broken-dsa": (b"PRIVATE KEY", lambda n: pkcs8(algorithm(DSA, numbers(7, 3, 2)), sequence(b"\5\0" * (n // 2)))),
    "long-dsa-base": (
        b"PRIVATE KEY",
        lambda n: pkcs8(algorithm(DSA, sequence(b"\2\1\7", b"\2\1\3", encoded(INTEGER, b"\1" * n))), b"\2\1\5"),
    ),
    "long-prime-coefficient": (
        b"PRIVATE KEY",
        lambda n: pkcs8(algorithm(EC_PUBLIC_KEY, ec_parameters(PRIME, b"\1" * n)), b"\x30\0"),
    ),
    "long-binary-coefficient": (
        b"PRIVATE KEY",
        lambda n: pkcs8(algorithm(EC_PUBLIC_KEY, ec_parameters(BINARY, b"\1" * n)), b"\x30\0"),
    ),
    "long-scalar": (
        b"PRIVATE KEY",
        lambda n: pkcs8(CURVE_WITHOUT_PUBLIC_KEY, sequence(b"\2\1\1", encoded(OCTET_STRING, b"\1" * n))),
    ),
    "long-pkcs12-salt": (
        b"ENCRYPTED PRIVATE KEY",
        lambda n: pbe("1.2.840.113549.1.12.1.3", sequence(encoded(OCTET_STRING, b"s" * n), b"\2\1\1")),
    ),
    "long-pbes1-salt": (
        b"ENCRYPTED PRIVATE KEY",
        lambda n: pbe("1.2.840.113549.1.5.3", sequence(encoded(OCTET_STRING, b"s" * n), b"\2\1\1")),
    ),
    "long-pbes2-salt": (
        b"ENCRYPTED PRIVATE KEY",
        lambda n: pbes2(sequence(encoded(OCTET_STRING, b"s" * n), b"\2\1\1")),
    ),
    "long-ciphertext": (
        b"ENCRYPTED PRIVATE KEY",
        lambda n: pbes2(sequence(encoded(OCTET_STRING, b"salt"), b"\2\1\1"), b"12345678" * (n // 8)),
    ),
}
# Modes that are written out in Python: the slowest for an octet.
SLOW_CIPHERS = ("RC2-CFB", "RC2-40-CBC", "DESX-CBC", "AES-256-CFB1", "CAMELLIA-256-CFB8")


def locked(name: str) -> Shape:
    def shape(size: int) -> bytes:
        text = b64encode(b"\1" * (size // 16 * 16))
        lines = b"".join(text[at : at + 64] + b"\n" for at in range(0, len(text), 64))
        head = f"-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\nDEK-Info: {name},{'0' * 32}\n\n"
        return head.encode() + lines + b"-----END RSA PRIVATE KEY-----\n"

    return shape


LEAF = pem(b"CERTIFICATE", certificate())
Sized = Callable[[int], Upload]


def alone(shape: Shape) -> Sized:
    return lambda size: Upload(shape(size), b"")


def after_leaf(shape: Shape) -> Sized:
    return lambda size: Upload(LEAF + shape(size), b"")


def as_key(shape: Shape) -> Sized:
    return lambda size: Upload(LEAF, shape(size), PASSPHRASE)


def in_block(label: bytes, shape: Shape) -> Shape:
    return lambda size: pem(label, shape(size))


UPLOADS: dict[str, Sized] = {
    **{f"certificate-{name}": alone(shape) for name, shape in TEXTS.items()},
    **{f"chain-{name}": after_leaf(shape) for name, shape in TEXTS.items()},
    **{f"key-{name}": as_key(shape) for name, shape in TEXTS.items()},
    **{f"certificate-of-{name}": alone(in_block(b"CERTIFICATE", shape)) for name, shape in CERTIFICATES.items()},
    **{f"chain-of-{name}": after_leaf(in_block(b"CERTIFICATE", shape)) for name, shape in CERTIFICATES.items()},
    **{f"key-of-{name}": as_key(in_block(label, shape)) for name, (label, shape) in KEYS.items()},
    **{f"key-in-{name}": as_key(locked(name)) for name in SLOW_CIPHERS},
    "chain-of-many": lambda size: Upload(LEAF * (size // len(LEAF)), b""),
}
FIRMWARES = {name: replace(DEFAULT_FIRMWARE, branch=branch) for name, branch in BRANCHES.items()}

BRANCHES_OF_OPENSSL = pytest.mark.parametrize("firmware", FIRMWARES.values(), ids=FIRMWARES)


def judge(upload: Upload, firmware: Firmware) -> None:
    with suppress(UploadRefused):
        receive(upload, firmware)


def assert_linear(work: Callable[[int], int]) -> None:
    # Tables that are made when they are first needed count for neither.
    work(SIZE // 2)
    assert work(2 * SIZE) <= DOUBLING * work(SIZE)


@BRANCHES_OF_OPENSSL
@pytest.mark.parametrize("sized", UPLOADS.values(), ids=UPLOADS)
def test_twice_the_upload_is_twice_the_work(
    sized: Sized, firmware: Firmware, steps: Measure, counted: Callable[[bytes], bytes]
) -> None:
    def work(size: int) -> int:
        plain = sized(size)
        upload = Upload(counted(plain.certificate), counted(plain.private_key), plain.passphrase)
        return steps(lambda: judge(upload, firmware))

    assert_linear(work)


# The readers behind base64, on octets that can be counted there as well.
READERS: dict[bytes, Callable[[bytes, Branch], object]] = {
    b"CERTIFICATE": lambda der, branch: certificates.read_trusted(der, branch).public_key(branch),
    b"RSA PRIVATE KEY": lambda der, branch: read_traditional(KeyType.RSA, der, branch),
    b"PRIVATE KEY": pkcs8_keys.read,
    b"ENCRYPTED PRIVATE KEY": lambda der, branch: pbe_keys.decrypt(
        der, Passphrase(PASSPHRASE), branch, DEFAULT_FIRMWARE.iterations
    ),
}
DERS = {
    **{f"certificate-{name}": (b"CERTIFICATE", shape) for name, shape in CERTIFICATES.items()},
    **{f"key-{name}": labelled for name, labelled in KEYS.items()},
}


@pytest.mark.parametrize("branch", BRANCHES.values(), ids=str)
@pytest.mark.parametrize(("label", "shape"), DERS.values(), ids=DERS)
def test_twice_the_der_is_twice_the_work(
    label: bytes, shape: Shape, branch: Branch, steps: Measure, counted: Callable[[bytes], bytes]
) -> None:
    read = READERS[label]

    def work(size: int) -> int:
        der = counted(shape(size))

        def act() -> None:
            with suppress(Violation):
                read(der, branch)

        return steps(act)

    assert_linear(work)


@BRANCHES_OF_OPENSSL
@pytest.mark.parametrize("sized", UPLOADS.values(), ids=UPLOADS)
def test_memory_is_in_proportion_to_the_upload(sized: Sized, firmware: Firmware, peak: Measure) -> None:
    upload = sized(5 * SIZE)
    octets = len(upload.certificate) + len(upload.private_key)
    assert peak(lambda: judge(upload, firmware)) <= MEMORY_FACTOR * octets + MEMORY_FLOOR


def test_a_quadratic_reader_would_be_seen(steps: Measure, counted: Callable[[bytes], bytes]) -> None:
    def read_again_and_again(octets: bytes) -> None:
        while octets:
            octets = octets[1:]

    def work(size: int) -> int:
        octets = counted(bytes(size))
        return steps(lambda: read_again_and_again(octets))

    assert work(2 * SIZE) > DOUBLING * work(SIZE)
