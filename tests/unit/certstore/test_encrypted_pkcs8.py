"""Encrypted PKCS#8: PBES1, PKCS#12 and PBES2 schemes, what each branch has of them, and their parameters."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from hashlib import pbkdf2_hmac, sha1
from typing import Any

import pytest
from cryptography.hazmat.decrepit.ciphers.algorithms import TripleDES
from cryptography.hazmat.primitives.ciphers import Cipher, modes

from certstore import OPENSSL_0_9_8, OPENSSL_1_0_1, Branch
from certstore.ber import INTEGER, NULL, OBJECT, OCTET_STRING, SEQUENCE, UTF8_STRING
from certstore.der import encoded, encoded_integer
from certstore.digests import digest_named, md2
from certstore.identifiers import oid
from certstore.pbe import PBES2_CIPHERS, PRFS, SCHEMES

Verdict = Callable[..., str]
Write = Callable[..., bytes]

PASSPHRASE = b"secret pass"
SALT = bytes(range(8))
IV = bytes(range(8, 16))


def by_openssl(plain: bytes, *arguments: str, passphrase: bytes = PASSPHRASE) -> bytes:
    """An encrypted key from the openssl command."""
    command = ["openssl", "pkcs8", "-topk8", *arguments, "-provider", "legacy", "-provider", "default"]
    return subprocess.run(
        [*command, "-passout", b"pass:" + passphrase], input=plain, capture_output=True, check=True
    ).stdout


def algorithm(identifier: str, *parameters: bytes) -> bytes:
    return encoded(SEQUENCE, encoded(OBJECT, oid(identifier)), *parameters)


def des3(key: bytes, iv: bytes, plain: bytes) -> bytes:
    padding = 8 - len(plain) % 8
    encryptor = Cipher(TripleDES(key), modes.CBC(iv)).encryptor()
    return encryptor.update(plain + bytes([padding]) * padding)


def des(key: bytes, iv: bytes, plain: bytes) -> bytes:
    return des3(key * 3, iv, plain)


PRF_NUMBERS = {"md5": 6, "sha1": 7, "sha224": 8, "sha256": 9, "sha384": 10, "sha512": 11}


def pbes2(
    plain: bytes,
    *,
    prf: str | None = None,
    prf_parameters: bytes = encoded(NULL),
    salt: bytes = encoded(OCTET_STRING, SALT),
    count: bytes = encoded_integer(7),
    rounds: int = 7,
    key_length: bytes = b"",
    derivation: str = "1.2.840.113549.1.5.12",
    cipher: str = "1.2.840.113549.3.7",
    parameters: bytes = encoded(OCTET_STRING, IV),
    iv: bytes = IV,
    salt_octets: bytes = SALT,
) -> bytes:
    """An EncryptedPrivateKeyInfo whose parameters may be wrong, but whose encryption follows `rounds` and `iv`."""
    key = pbkdf2_hmac(prf or "sha1", PASSPHRASE, salt_octets, rounds, 24)
    prf_identifier = b"" if prf is None else algorithm(f"1.2.840.113549.2.{PRF_NUMBERS[prf]}", prf_parameters)
    kdf = algorithm(derivation, encoded(SEQUENCE, salt, count, key_length, prf_identifier))
    scheme = algorithm("1.2.840.113549.1.5.13", encoded(SEQUENCE, kdf, algorithm(cipher, parameters)))
    return encoded(SEQUENCE, scheme, encoded(OCTET_STRING, des3(key, iv, plain)))


@pytest.fixture
def judged(pair: Any, block: Write, verdict: Verdict) -> Callable[..., str]:
    """Says what a branch makes of an EncryptedPrivateKeyInfo that holds the pair's key."""

    def of(der: bytes, branch: Branch = OPENSSL_1_0_1, passphrase: bytes | None = PASSPHRASE) -> str:
        return verdict(pair.certificate, block(b"ENCRYPTED PRIVATE KEY", der), passphrase, branch)

    return of


V1_SCHEMES = {
    "PBE-MD5-DES": "accepted",
    "PBE-SHA1-DES": "accepted",
    "PBE-MD5-RC2-64": "accepted",
    "PBE-SHA1-RC2-64": "accepted",
    "PBE-SHA1-RC4-128": "accepted",
    "PBE-SHA1-RC4-40": "accepted",
    "PBE-SHA1-3DES": "accepted",
    "PBE-SHA1-2DES": "accepted",
    "PBE-SHA1-RC2-128": "accepted",
    "PBE-SHA1-RC2-40": "accepted",
}


@pytest.mark.parametrize("scheme", V1_SCHEMES)
def test_every_fixed_scheme_is_accepted(scheme: str, branch: Branch, pair: Any, verdict: Verdict) -> None:
    key = by_openssl(pair.pkcs8, "-v1", scheme)

    assert verdict(pair.certificate, key, PASSPHRASE, branch) == "accepted"
    assert verdict(pair.certificate, key, None, branch) == "no-passphrase"
    assert verdict(pair.certificate, key, b"wrong", branch) in {"bad-decrypt", "asn1-header", "asn1-tag"}


def test_the_fixed_schemes_are_those_and_two_with_md2() -> None:
    assert len(SCHEMES) == len(V1_SCHEMES) + 2
    assert {scheme.digest for scheme in SCHEMES.values()} == {"md2", "md5", "sha1"}


# RFC 1319, appendix A.5
MD2_VECTORS = {
    b"": "8350e5a3e24c153df2275c9f80692773",
    b"a": "32ec01ec4a6dac72c0ab96fb34c0b5d1",
    b"message digest": "ab4f496bfb2a530b219ff33031fe06b0",
    b"1234567890" * 8: "d5976f79d83d3a0dc9806c3c66f3efd8",
}


@pytest.mark.parametrize(("message", "digest"), MD2_VECTORS.items())
def test_md2_is_that_of_the_rfc(message: bytes, digest: str) -> None:
    assert md2(message).hex() == digest


@pytest.mark.parametrize("digest", ["md2", "md5"])
@pytest.mark.parametrize("salt", [b"", SALT, bytes(40)], ids=len)
def test_pbes1_takes_salt_of_any_length(
    digest: str, salt: bytes, branch: Branch, pair: Any, judged: Callable[..., str]
) -> None:
    derived = digest_named(digest).of(digest_named(digest).of(PASSPHRASE + salt))
    number = {"md2": 1, "md5": 3}[digest]
    parameters = encoded(SEQUENCE, encoded(OCTET_STRING, salt), encoded_integer(2))
    data = des(derived[:8], derived[8:16], pair.pkcs8_der)
    der = encoded(SEQUENCE, algorithm(f"1.2.840.113549.1.5.{number}", parameters), encoded(OCTET_STRING, data))

    has_it = digest in branch.pbe_digests
    assert judged(der, branch) == ("accepted" if has_it else "unknown-pbe")


def test_1_0_1_has_lost_md2() -> None:
    assert OPENSSL_0_9_8.pbe_digests - OPENSSL_1_0_1.pbe_digests == {"md2"}


# What the command writes, and which branch reads it.
V2_KEYS = {
    "3des-sha1": (["-v2", "des3", "-v2prf", "hmacWithSHA1"], "accepted", "accepted"),
    "aes256-sha1": (["-v2", "aes256", "-v2prf", "hmacWithSHA1"], "accepted", "accepted"),
    "aes128-ofb-sha1": (["-v2", "aes-128-ofb", "-v2prf", "hmacWithSHA1"], "accepted", "accepted"),
    "des-sha1": (["-v2", "des-cbc", "-v2prf", "hmacWithSHA1"], "accepted", "accepted"),
    "rc2-sha1": (["-v2", "rc2", "-v2prf", "hmacWithSHA1"], "accepted", "accepted"),
    "rc2-40-sha1": (["-v2", "rc2-40-cbc", "-v2prf", "hmacWithSHA1"], "accepted", "accepted"),
    "blowfish-sha1": (["-v2", "bf-cbc", "-v2prf", "hmacWithSHA1"], "accepted", "accepted"),
    "cast5-sha1": (["-v2", "cast5-cbc", "-v2prf", "hmacWithSHA1"], "accepted", "accepted"),
    "camellia-sha1": (["-v2", "camellia128", "-v2prf", "hmacWithSHA1"], "unknown-pbes2-cipher", "accepted"),
    "seed-sha1": (["-v2", "seed", "-v2prf", "hmacWithSHA1"], "unknown-pbes2-cipher", "cipher-parameters"),
    "today's-default": (["-v2", "aes256"], "unknown-prf", "accepted"),
    "3des-sha512": (["-v2", "des3", "-v2prf", "hmacWithSHA512"], "unknown-prf", "accepted"),
    "3des-sha512-224": (["-v2", "des3", "-v2prf", "hmacWithSHA512-224"], "unknown-prf", "unknown-prf"),
    "scrypt": (["-scrypt", "-scrypt_N", "16"], "unknown-kdf", "unknown-kdf"),
}


@pytest.mark.parametrize(("arguments", "old", "new"), V2_KEYS.values(), ids=V2_KEYS)
def test_branches_have_their_pbes2(arguments: list[str], old: str, new: str, pair: Any, verdict: Verdict) -> None:
    key = by_openssl(pair.pkcs8, *arguments)

    assert verdict(pair.certificate, key, PASSPHRASE, OPENSSL_0_9_8) == old
    assert verdict(pair.certificate, key, PASSPHRASE, OPENSSL_1_0_1) == new


@pytest.mark.parametrize("prf", PRF_NUMBERS)
def test_1_0_1_has_every_prf_and_0_9_8_one(prf: str, pair: Any, judged: Callable[..., str]) -> None:
    der = pbes2(pair.pkcs8_der, prf=prf)

    assert judged(der, OPENSSL_1_0_1) == "accepted"
    assert judged(der, OPENSSL_0_9_8) == ("accepted" if prf == "sha1" else "unknown-prf")


def test_every_prf_and_cipher_is_known_by_name() -> None:
    assert set(PRFS.values()) == OPENSSL_1_0_1.prfs == set(PRF_NUMBERS)
    assert set(PBES2_CIPHERS.values()) <= set(OPENSSL_1_0_1.ciphers)


ZEROS = bytes(8)
# What is changed in good parameters: what 1.0.1 says.
PARAMETERS: dict[str, tuple[dict[str, Any], str]] = {
    "as-written": ({}, "accepted"),
    "sha1-written-out": ({"prf": "sha1"}, "accepted"),
    "prf-without-parameters": ({"prf": "sha1", "prf_parameters": b""}, "accepted"),
    "prf-with-odd-parameters": ({"prf": "sha1", "prf_parameters": encoded_integer(1)}, "accepted"),
    "key-length": ({"key_length": encoded_integer(24)}, "accepted"),
    "other-key-length": ({"key_length": encoded_integer(16)}, "key-length"),
    "huge-key-length": ({"key_length": encoded_integer(2**64 + 24)}, "key-length"),
    "empty-salt": ({"salt": encoded(OCTET_STRING), "salt_octets": b""}, "accepted"),
    "salt-from-elsewhere": ({"salt": algorithm("1.2.3.4")}, "unknown-salt"),
    "salt-of-another-type": ({"salt": encoded(UTF8_STRING, SALT)}, "unknown-salt"),
    "no-iterations": ({"count": encoded_integer(0), "rounds": 1}, "accepted"),
    "negative-iterations": ({"count": encoded(INTEGER, b"\xff"), "rounds": 1}, "accepted"),
    "2**32-iterations": ({"count": encoded_integer(2**32), "rounds": 1}, "accepted"),
    "2**32+7-iterations": ({"count": encoded_integer(2**32 + 7), "rounds": 7}, "accepted"),
    "2**40-iterations": ({"count": encoded_integer(2**40), "rounds": 1}, "accepted"),
    "2**80-iterations": ({"count": encoded_integer(2**80), "rounds": 1}, "accepted"),
    "iterations-with-a-leading-zero": ({"count": encoded(INTEGER, b"\0\0\0\7")}, "accepted"),
    "iterations-with-many-leading-zeros": ({"count": encoded(INTEGER, bytes(9) + b"\7"), "rounds": 1}, "accepted"),
    "iterations-that-hang": ({"count": encoded_integer(2**31 - 1)}, "too-many-iterations"),
    "no-initial-vector": ({"parameters": b"", "iv": ZEROS}, "accepted"),
    "short-initial-vector": ({"parameters": encoded(OCTET_STRING, IV[1:])}, "cipher-parameters"),
    "initial-vector-of-another-type": ({"parameters": encoded(UTF8_STRING, IV)}, "cipher-parameters"),
    "unknown-cipher": ({"cipher": "1.2.3.4"}, "unknown-pbes2-cipher"),
    "stream-cipher": ({"cipher": "1.2.840.113549.3.4"}, "cipher-parameters"),
    "gcm": (
        {"cipher": "2.16.840.1.101.3.4.1.6", "parameters": encoded(OCTET_STRING, bytes(12))},
        "bad-decrypt",
    ),
    "rc2-parameters-of-another-type": ({"cipher": "1.2.840.113549.3.2"}, "cipher-parameters"),
    "rc2-of-unknown-version": (
        {
            "cipher": "1.2.840.113549.3.2",
            "parameters": encoded(SEQUENCE, encoded_integer(59), encoded(OCTET_STRING, IV)),
        },
        "cipher-parameters",
    ),
    "rc2-parameters-in-pieces": (
        {"cipher": "1.2.840.113549.3.2", "parameters": encoded(SEQUENCE, encoded_integer(58))},
        "cipher-parameters",
    ),
    "unknown-derivation": ({"derivation": "1.2.3.4"}, "unknown-kdf"),
}


@pytest.mark.parametrize(("changes", "outcome"), PARAMETERS.values(), ids=PARAMETERS)
def test_pbes2_parameters(changes: dict[str, Any], outcome: str, pair: Any, judged: Callable[..., str]) -> None:
    assert judged(pbes2(pair.pkcs8_der, **changes)) == outcome


STRUCTURES: dict[str, tuple[bytes, str]] = {
    "nothing": (b"\0", "asn1-header"),
    "no-key": (encoded(SEQUENCE), "asn1-missing"),
    "unknown-scheme": (
        encoded(SEQUENCE, algorithm("1.2.3.4"), encoded(OCTET_STRING, b"x")),
        "unknown-pbe",
    ),
    "scheme-without-parameters": (
        encoded(SEQUENCE, algorithm("1.2.840.113549.1.5.3"), encoded(OCTET_STRING, b"x")),
        "bad-pbe-parameters",
    ),
    "pbes2-without-parameters": (
        encoded(SEQUENCE, algorithm("1.2.840.113549.1.5.13", encoded(NULL)), encoded(OCTET_STRING, b"x")),
        "bad-pbe-parameters",
    ),
    "no-ciphertext": (
        encoded(
            SEQUENCE,
            algorithm(
                "1.2.840.113549.1.5.3",
                encoded(SEQUENCE, encoded(OCTET_STRING, SALT), encoded_integer(1)),
            ),
            encoded(OCTET_STRING),
        ),
        "final-block-length",
    ),
}


@pytest.mark.parametrize(("der", "outcome"), STRUCTURES.values(), ids=STRUCTURES)
def test_damaged_structures(der: bytes, outcome: str, judged: Callable[..., str]) -> None:
    assert judged(der) == outcome


def test_a_damaged_structure_is_found_before_the_passphrase_is_asked_for(judged: Callable[..., str]) -> None:
    assert judged(encoded(SEQUENCE), passphrase=None) == "asn1-missing"
    assert judged(STRUCTURES["unknown-scheme"][0], passphrase=None) == "no-passphrase"


def test_pkcs12_widens_every_byte_of_the_passphrase(pair: Any, block: Write, verdict: Verdict) -> None:
    """RFC 7292 wants BMP characters; up to 1.0.2 each byte is made one, so UTF-8 comes out as mojibake."""
    passphrase = "grün".encode()
    text = passphrase.decode("latin-1").encode()  # OpenSSL 3 reads this as UTF-8 and gets the same characters.
    key = by_openssl(pair.pkcs8, "-v1", "PBE-SHA1-3DES", passphrase=text)

    assert verdict(pair.certificate, key, passphrase) == "accepted"
    assert verdict(pair.certificate, key, text) != "accepted"


def test_pbes1_derivation_is_that_of_pkcs5(pair: Any, judged: Callable[..., str]) -> None:
    derived = sha1(PASSPHRASE + SALT).digest()
    parameters = encoded(SEQUENCE, encoded(OCTET_STRING, SALT), encoded_integer(1))
    data = des(derived[:8], derived[8:16], pair.pkcs8_der)
    der = encoded(SEQUENCE, algorithm("1.2.840.113549.1.5.10", parameters), encoded(OCTET_STRING, data))

    assert judged(der) == "accepted"
