"""Uploads that once gave neither a credential nor a refusal: found by fuzzing or while measuring, one test each."""

from __future__ import annotations

from base64 import b64encode
from dataclasses import replace

import pytest

from certstore import DEFAULT_FIRMWARE, OPENSSL_1_0_1, Refusal, Upload, UploadRefused, receive
from certstore.asn1 import explicit_tag
from certstore.ber import BIT_STRING, NULL, OBJECT, OCTET_STRING, SEQUENCE, UTC_TIME
from certstore.der import encoded, encoded_integer
from certstore.identifiers import EC_PUBLIC_KEY, PRIME_FIELD, RSA_ENCRYPTION

NEWER = replace(DEFAULT_FIRMWARE, branch=OPENSSL_1_0_1)


def sequence(*contents: bytes) -> bytes:
    return encoded(SEQUENCE, *contents)


def pem(label: bytes, der: bytes, header: bytes = b"") -> bytes:
    text = b64encode(der)
    lines = b"".join(text[at : at + 64] + b"\n" for at in range(0, len(text), 64))
    return b"-----BEGIN %s-----\n%s%s-----END %s-----\n" % (label, header, lines, label)


def certificate(algorithm: bytes, key: bytes) -> bytes:
    time = encoded(UTC_TIME, b"200101000000Z")
    signature_algorithm = sequence(encoded(OBJECT, RSA_ENCRYPTION), encoded(NULL))
    name = sequence()
    info = sequence(algorithm, encoded(BIT_STRING, b"\0", key))
    signed = sequence(encoded_integer(1), signature_algorithm, name, sequence(time, time), name, info)
    return sequence(signed, signature_algorithm, encoded(BIT_STRING, b"\0"))


RSA = sequence(encoded(OBJECT, RSA_ENCRYPTION), encoded(NULL))
RSA_LEAF = pem(b"CERTIFICATE", certificate(RSA, sequence(encoded_integer(77), encoded_integer(3))))


@pytest.mark.parametrize("octets", [1, 15])
def test_less_than_a_block_in_xts_is_a_wrong_passphrase(octets: int) -> None:
    """The library refuses to begin: "at least a full block in the first update call"."""
    header = b"Proc-Type: 4,ENCRYPTED\nDEK-Info: AES-128-XTS," + b"0" * 32 + b"\n\n"
    upload = Upload(RSA_LEAF, pem(b"RSA PRIVATE KEY", bytes(octets), header), b"secret")
    with pytest.raises(UploadRefused) as refused:
        receive(upload, NEWER)
    assert refused.value.refusal is Refusal.WRONG_PASSPHRASE


def test_a_negative_cofactor_is_written_as_it_was_read() -> None:
    """Nobody asks for its sign, so such a credential exists, and its public key has to be written."""
    parameters = sequence(
        encoded_integer(1),
        sequence(encoded(OBJECT, PRIME_FIELD), encoded_integer(23)),
        sequence(encoded(OCTET_STRING, b"\1"), encoded(OCTET_STRING, b"\1")),
        encoded(OCTET_STRING, b"\4\3\x0a"),
        encoded_integer(28),
        encoded_integer(-1),
    )
    algorithm = sequence(encoded(OBJECT, EC_PUBLIC_KEY), parameters)
    point = b"\4\3\x0a"
    key = sequence(
        encoded_integer(1),
        encoded(OCTET_STRING, b"\1"),
        encoded(explicit_tag(0), parameters),
        encoded(explicit_tag(1), encoded(BIT_STRING, b"\0", point)),
    )
    credential = receive(Upload(pem(b"CERTIFICATE", certificate(algorithm, point)), pem(b"EC PRIVATE KEY", key)))
    assert encoded_integer(-1) == b"\2\1\xff"
    again = receive(Upload(credential.certificate_pem(), credential.private_key_pem()))
    assert again.public_key_sha256 == credential.public_key_sha256
