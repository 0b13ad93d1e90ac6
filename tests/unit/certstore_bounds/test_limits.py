"""What would keep a core busy for long is refused under a limit that has a name, before the work is begun."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Callable
from dataclasses import replace

import pytest

from certstore import DEFAULT_FIRMWARE, Firmware, Refusal, Upload, UploadRefused, receive
from certstore.ber import BIT_STRING, NULL, OBJECT, OCTET_STRING, SEQUENCE, UTC_TIME
from certstore.der import encoded, encoded_integer
from certstore.identifiers import DSA, EC_PUBLIC_KEY, PBES2, PBKDF2, RSA_ENCRYPTION, oid
from certstore.private_key import MAX_DSA_BITS, MAX_SCALAR_BITS

# Lines of Python: far more than it takes to refuse, far less than one round of any derivation per iteration.
FEW_STEPS = 50_000

Measure = Callable[[Callable[[], object]], int]


def sequence(*contents: bytes) -> bytes:
    return encoded(SEQUENCE, *contents)


def pem(label: bytes, der: bytes) -> bytes:
    text = b64encode(der)
    lines = b"".join(text[at : at + 64] + b"\n" for at in range(0, len(text), 64))
    return b"-----BEGIN %s-----\n%s-----END %s-----\n" % (label, lines, label)


def leaf() -> bytes:
    algorithm = sequence(encoded(OBJECT, RSA_ENCRYPTION), encoded(NULL))
    time = encoded(UTC_TIME, b"200101000000Z")
    key = sequence(algorithm, encoded(BIT_STRING, b"\0", sequence(encoded_integer(77), encoded_integer(3))))
    signed = sequence(encoded_integer(1), algorithm, sequence(), sequence(time, time), sequence(), key)
    return pem(b"CERTIFICATE", sequence(signed, algorithm, encoded(BIT_STRING, b"\0")))


def fixed_scheme(identifier: str) -> Callable[[int], bytes]:
    """An encrypted key under a scheme of PKCS#5 or PKCS#12, by its iteration count."""

    def key(iterations: int) -> bytes:
        parameters = sequence(encoded(OCTET_STRING, b"saltsalt"), encoded_integer(iterations))
        data = encoded(OCTET_STRING, b"12345678")
        return pem(b"ENCRYPTED PRIVATE KEY", sequence(sequence(encoded(OBJECT, oid(identifier)), parameters), data))

    return key


def pbes2(iterations: int) -> bytes:
    derivation = sequence(
        encoded(OBJECT, PBKDF2), sequence(encoded(OCTET_STRING, b"saltsalt"), encoded_integer(iterations))
    )
    cipher = sequence(encoded(OBJECT, oid("1.2.840.113549.3.7")), encoded(OCTET_STRING, b"12345678"))
    algorithm = sequence(encoded(OBJECT, PBES2), sequence(derivation, cipher))
    return pem(b"ENCRYPTED PRIVATE KEY", sequence(algorithm, encoded(OCTET_STRING, b"12345678")))


def dsa_without_y(bits: int) -> bytes:
    parameters = sequence(encoded_integer((1 << bits) - 1), encoded_integer(3), encoded_integer(2))
    x = encoded(OCTET_STRING, encoded_integer((1 << bits) - 3))
    return pem(b"PRIVATE KEY", sequence(encoded_integer(0), sequence(encoded(OBJECT, DSA), parameters), x))


def ec_without_point(bits: int) -> bytes:
    scalar = ((1 << bits) - 1).to_bytes((bits + 7) // 8)
    algorithm = sequence(encoded(OBJECT, EC_PUBLIC_KEY), encoded(OBJECT, oid("1.3.132.0.6")))
    key = encoded(OCTET_STRING, sequence(encoded_integer(1), encoded(OCTET_STRING, scalar)))
    return pem(b"PRIVATE KEY", sequence(encoded_integer(0), algorithm, key))


def refused(key: bytes, firmware: Firmware = DEFAULT_FIRMWARE) -> UploadRefused:
    with pytest.raises(UploadRefused) as found:
        receive(Upload(leaf(), key, b"secret"), firmware)
    return found.value


SCHEMES = {
    "PBES2": pbes2,
    "MD5-DES": fixed_scheme("1.2.840.113549.1.5.3"),
    "SHA1-3DES of PKCS#12": fixed_scheme("1.2.840.113549.1.12.1.3"),
}
# Slower for an iteration, and so with a lower limit.
MD2_DES = fixed_scheme("1.2.840.113549.1.5.1")


@pytest.mark.parametrize("locked", SCHEMES.values(), ids=SCHEMES)
def test_iterations_up_to_the_limit_are_done(locked: Callable[[int], bytes]) -> None:
    assert refused(locked(20), replace(DEFAULT_FIRMWARE, iterations=20)).rule == "bad-decrypt"


@pytest.mark.parametrize("locked", SCHEMES.values(), ids=SCHEMES)
def test_one_iteration_more_than_the_limit_is_refused(locked: Callable[[int], bytes]) -> None:
    refusal = refused(locked(21), replace(DEFAULT_FIRMWARE, iterations=20))
    assert (refusal.refusal, refusal.rule) == (Refusal.TOO_LARGE, "too-many-iterations")


TOO_MUCH: dict[str, tuple[bytes, str]] = {
    **{f"iterations, {name}": (locked(2**31 - 1), "too-many-iterations") for name, locked in SCHEMES.items()},
    "iterations, MD2-DES": (MD2_DES(DEFAULT_FIRMWARE.iterations // 100), "too-many-iterations"),
    "DSA without y": (dsa_without_y(MAX_DSA_BITS + 1), "too-many-bits"),
    "EC without point": (ec_without_point(MAX_SCALAR_BITS + 1), "too-many-bits"),
}


@pytest.mark.parametrize(("key", "rule"), TOO_MUCH.values(), ids=TOO_MUCH)
def test_too_much_work_is_refused_before_it_is_begun(key: bytes, rule: str, steps: Measure) -> None:
    refusals: list[UploadRefused] = []
    assert steps(lambda: refusals.append(refused(key))) < FEW_STEPS
    assert [(refusal.refusal, refusal.rule) for refusal in refusals] == [(Refusal.TOO_LARGE, rule)]


@pytest.mark.parametrize("file", ["certificate", "private_key"])
def test_a_file_beyond_the_limit_is_refused_unread(file: str, steps: Measure) -> None:
    octets = b"\n" * (DEFAULT_FIRMWARE.upload_octets + 1)
    upload = Upload(octets, b"") if file == "certificate" else Upload(leaf(), octets)

    def act() -> None:
        with pytest.raises(UploadRefused) as found:
            receive(upload)
        assert found.value.refusal is Refusal.TOO_LARGE

    assert steps(act) < FEW_STEPS
