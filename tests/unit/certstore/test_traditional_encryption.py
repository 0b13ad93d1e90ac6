"""Keys encrypted the traditional way: Proc-Type, DEK-Info, and every cipher that a branch has."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from typing import Any

import pytest

from certstore import OPENSSL_0_9_8, OPENSSL_1_0_1, Branch
from certstore.ciphers import ALIASES, CIPHERS, Cipher, Mode, short_cfb1
from certstore.dek import bytes_to_key
from certstore.rules import Violation

Verdict = Callable[..., str]

PASSPHRASE = b"secret pass"
PROVIDERS = ["-provider", "legacy", "-provider", "default"]
IV = bytes(range(0xA0, 0xB0))
HEADER = b"Proc-Type: 4,ENCRYPTED\nDEK-Info: %s,%s\n\n"
# What the openssl command has no cipher for is tested by published vectors.
NOT_IN_OPENSSL = ("IDEA", "RC4", "id-aes", "AES-128-XTS", "AES-256-XTS")


def encrypted(cipher: str, key: bytes, iv: bytes, data: bytes) -> bytes:
    """By the openssl command."""
    vector = ["-iv", iv.hex()] if iv else []
    return subprocess.run(
        ["openssl", "enc", "-e", f"-{cipher.lower()}", "-K", key.hex(), *vector, *PROVIDERS],
        input=data,
        capture_output=True,
        check=True,
    ).stdout


def locked(der: bytes, cipher: Cipher, iv: bytes, passphrase: bytes = PASSPHRASE) -> bytes:
    key = bytes_to_key(passphrase, iv[:8], cipher.key_octets)
    return encrypted(cipher.name, key, iv, der)


@pytest.fixture
def des3_key(pair: Any, block: Callable[..., bytes]) -> Callable[..., bytes]:
    """Writes the pair's key, encrypted with DES-EDE3-CBC, under any header."""
    iv = IV[:8]
    data = locked(pair.key_der, CIPHERS["DES-EDE3-CBC"], iv)

    def write(header: bytes = HEADER % (b"DES-EDE3-CBC", iv.hex().encode()), label: bytes = pair.label) -> bytes:
        return block(label, data, header)

    return write


WITH_IV = [
    name
    for name, cipher in CIPHERS.items()
    if cipher.iv_octets and not name.startswith(NOT_IN_OPENSSL) and name != "DES-EDE3-CFB1"
]


@pytest.mark.parametrize("name", WITH_IV)
def test_every_cipher_decrypts_what_openssl_encrypted(name: str) -> None:
    cipher = CIPHERS[name]
    iv = IV[: cipher.iv_octets]
    key = bytes(range(cipher.key_octets))
    for data in (b"x", bytes(range(77)), b"y" * 64):
        assert cipher.decrypt(key, iv, encrypted(name, key, iv, data)) == data


WITHOUT_IV = [name for name, cipher in CIPHERS.items() if cipher.mode is Mode.ECB and not name.startswith("IDEA")]


@pytest.mark.parametrize("name", WITHOUT_IV)
def test_every_block_cipher_decrypts_without_chaining(name: str) -> None:
    cipher = CIPHERS[name]
    key = bytes(range(cipher.key_octets))
    openssl = f"{name}-ECB" if name.startswith("DES-EDE") else name

    assert cipher.decrypt(key, b"", encrypted(openssl, key, b"", b"text")) == b"text"


def test_idea_decrypts_a_published_vector() -> None:
    # X. Lai, On the Design and Security of Block Ciphers, 1992: one block, here the first of a key stream.
    key = bytes.fromhex("00010002000300040005000600070008")
    plain, encrypted_block = bytes.fromhex("0000000100020003"), bytes.fromhex("11fbed2b01986de5")

    for mode in ("CFB", "OFB"):
        assert CIPHERS[f"IDEA-{mode}"].decrypt(key, plain, encrypted_block) == bytes(8)


def test_xts_decrypts_a_published_vector() -> None:
    # IEEE 1619-2007, annex B, vector 2.
    key = b"\x11" * 16 + b"\x22" * 16
    tweak = b"\x33" * 5 + bytes(11)
    data = bytes.fromhex("c454185e6a16936e39334038acef838bfb186fff7480adc4289382ecd6d394f0")

    assert CIPHERS["AES-128-XTS"].decrypt(key, tweak, data) == b"\x44" * 32


def test_the_short_cfb1_does_one_bit_in_eight() -> None:
    cipher = CIPHERS["DES-CFB1"]
    data = bytes(range(80))

    whole = cipher.decrypt(b"k" * 8, IV[:8], data)
    assert short_cfb1(cipher).decrypt(b"k" * 8, IV[:8], data) == whole[:10] + data[10:]


def test_branches_differ_in_camellia_seed_counters_and_short_cfb1() -> None:
    old, new = OPENSSL_0_9_8.ciphers, OPENSSL_1_0_1.ciphers

    assert set(old) < set(new) == set(CIPHERS) | set(ALIASES)
    newer = set(new) - set(old)
    assert {name for name in newer if not name.startswith(("SEED", "CAMELLIA"))} == {
        *("AES-128-CTR", "AES-192-CTR", "AES-256-CTR", "AES-128-XTS", "AES-256-XTS", "RC4-HMAC-MD5"),
        *("id-aes128-GCM", "id-aes192-GCM", "id-aes256-GCM"),
    }
    assert {name for name in old if old[name] != new[name]} == {"DES-CFB1"}
    assert new["DES-EDE3-CFB1"].mode is Mode.CFB1_OF_AN_EIGHTH


@pytest.mark.parametrize("alias", ALIASES)
def test_aliases_stand_for_cbc(alias: str) -> None:
    cipher = OPENSSL_1_0_1.ciphers[alias]

    assert cipher.mode is Mode.CBC
    assert cipher is OPENSSL_1_0_1.ciphers[ALIASES[alias]]


@pytest.mark.parametrize("name", ["DES-CBC", "AES256", "RC2-40-CBC", "AES-192-CFB8"])
def test_an_encrypted_key_is_accepted(
    name: str, branch: Branch, pair: Any, block: Callable[..., bytes], verdict: Verdict
) -> None:
    cipher = branch.ciphers[name]
    iv = IV[: cipher.iv_octets]
    key = block(pair.label, locked(pair.key_der, cipher, iv), HEADER % (name.encode(), iv.hex().encode()))

    assert verdict(pair.certificate, key, PASSPHRASE, branch) == "accepted"
    assert verdict(pair.certificate, key, None, branch) == "no-passphrase"


@pytest.mark.parametrize(("name", "old"), [("CAMELLIA128", "unknown-cipher"), ("SEED", "unknown-cipher")])
def test_0_9_8_lacks_some_ciphers(
    name: str, old: str, pair: Any, block: Callable[..., bytes], verdict: Verdict
) -> None:
    cipher = OPENSSL_1_0_1.ciphers[name]
    key = block(pair.label, locked(pair.key_der, cipher, IV), HEADER % (name.encode(), IV.hex().encode()))

    assert verdict(pair.certificate, key, PASSPHRASE, OPENSSL_0_9_8) == old
    assert verdict(pair.certificate, key, PASSPHRASE, OPENSSL_1_0_1) == "accepted"


DIGITS = IV[:8].hex().upper().encode()
HEADERS: dict[str, tuple[bytes, str]] = {
    "as-written": (b"Proc-Type: 4,ENCRYPTED\nDEK-Info: DES-EDE3-CBC,%s\n\n", "accepted"),
    "alias": (b"Proc-Type: 4,ENCRYPTED\nDEK-Info: DES3,%s\n\n", "accepted"),
    "anything-after-encrypted": (b"Proc-Type: 4,ENCRYPTEDX y\nDEK-Info: DES3,%s\n\n", "accepted"),
    "any-separator": (b"Proc-Type: 4,ENCRYPTED\nDEK-Info: DES3;%s\n\n", "accepted"),
    "lower-case-separator": (b"Proc-Type: 4,ENCRYPTED\nDEK-Info: DES3x%s\n\n", "accepted"),
    "too-many-digits": (b"Proc-Type: 4,ENCRYPTED\nDEK-Info: DES3,%s00\n\n", "accepted"),
    "junk-after-the-digits": (b"Proc-Type: 4,ENCRYPTED\nDEK-Info: DES3,%s junk\n\n", "accepted"),
    "further-headers": (b"Proc-Type: 4,ENCRYPTED\nDEK-Info: DES3,%s\nX: y\n\n", "accepted"),
    "crlf": (b"Proc-Type: 4,ENCRYPTED\r\nDEK-Info: DES3,%s\r\n\r\n", "accepted"),
    "no-blank-after-the-colon": (b"Proc-Type:4,ENCRYPTED\nDEK-Info: DES3,%s\n\n", "not-proc-type"),
    "two-blanks-after-the-colon": (b"Proc-Type:  4,ENCRYPTED\nDEK-Info: DES3,%s\n\n", "not-encrypted"),
    "blank-after-the-comma": (b"Proc-Type: 4, ENCRYPTED\nDEK-Info: DES3,%s\n\n", "not-encrypted"),
    "other-version": (b"Proc-Type: 3,ENCRYPTED\nDEK-Info: DES3,%s\n\n", "not-encrypted"),
    "signed-only": (b"Proc-Type: 4,MIC-CLEAR\nDEK-Info: DES3,%s\n\n", "not-encrypted"),
    "lower-case": (b"proc-type: 4,encrypted\ndek-info: DES3,%s\n\n", "not-proc-type"),
    "other-header-first": (b"X: y\nProc-Type: 4,ENCRYPTED\nDEK-Info: DES3,%s\n\n", "not-proc-type"),
    "other-header-between": (b"Proc-Type: 4,ENCRYPTED\nX: y\nDEK-Info: DES3,%s\n\n", "not-dek-info"),
    "swapped": (b"DEK-Info: DES3,%s\nProc-Type: 4,ENCRYPTED\n\n", "not-proc-type"),
    "no-dek-info": (b"Proc-Type: 4,ENCRYPTED\n\n", "not-dek-info"),
    "no-blank-in-dek-info": (b"Proc-Type: 4,ENCRYPTED\nDEK-Info:DES3,%s\n\n", "not-dek-info"),
    "lower-case-cipher": (b"Proc-Type: 4,ENCRYPTED\nDEK-Info: des-ede3-cbc,%s\n\n", "unknown-cipher"),
    "unknown-cipher": (b"Proc-Type: 4,ENCRYPTED\nDEK-Info: ROT-13,%s\n\n", "unknown-cipher"),
    "blank-before-the-digits": (b"Proc-Type: 4,ENCRYPTED\nDEK-Info: DES3, %s\n\n", "bad-iv"),
    "hex-prefix": (b"Proc-Type: 4,ENCRYPTED\nDEK-Info: DES3,0x%s\n\n", "bad-iv"),
    "no-digits": (b"Proc-Type: 4,ENCRYPTED\nDEK-Info: DES3,\n\n", "bad-iv"),
    "nothing-after-the-name": (b"Proc-Type: 4,ENCRYPTED\nDEK-Info: DES3\n\n", "bad-iv"),
    "no-empty-line": (b"Proc-Type: 4,ENCRYPTED\nDEK-Info: DES3,%s\n", "asn1-header"),
}


@pytest.mark.parametrize(("header", "outcome"), HEADERS.values(), ids=HEADERS)
def test_headers_are_taken_byte_for_byte(
    header: bytes, outcome: str, pair: Any, des3_key: Callable[..., bytes], verdict: Verdict
) -> None:
    key = des3_key(header.replace(b"%s", DIGITS))

    assert verdict(pair.certificate, key, PASSPHRASE) == outcome


def test_digits_may_be_lower_case(pair: Any, des3_key: Callable[..., bytes], verdict: Verdict) -> None:
    key = des3_key(HEADER % (b"DES3", DIGITS.lower()))

    assert verdict(pair.certificate, key, PASSPHRASE) == "accepted"


@pytest.mark.parametrize("name", ["DES-ECB", "DES-EDE3", "RC4", "RC4-40"])
def test_a_cipher_without_initial_vector_never_decrypts(
    name: str, branch: Branch, pair: Any, des3_key: Callable[..., bytes], verdict: Verdict
) -> None:
    key = des3_key(HEADER % (name.encode(), b""))

    assert verdict(pair.certificate, key, PASSPHRASE, branch) == "no-salt"
    assert verdict(pair.certificate, key, None, branch) == "no-passphrase"


@pytest.mark.parametrize("label", [b"PRIVATE KEY", b"ENCRYPTED PRIVATE KEY"])
def test_any_block_may_be_encrypted_this_way(
    label: bytes, branch: Branch, pair: Any, block: Callable[..., bytes], verdict: Verdict
) -> None:
    der = pair.pkcs8_der
    if label == b"ENCRYPTED PRIVATE KEY":
        command = ["openssl", "pkcs8", "-topk8", "-v2", "des3", "-v2prf", "hmacWithSHA1", "-outform", "DER"]
        der = subprocess.run(
            [*command, "-passout", "pass:" + PASSPHRASE.decode()], input=pair.pkcs8, capture_output=True, check=True
        ).stdout
    header = HEADER % (b"DES3", DIGITS)
    des3 = CIPHERS["DES-EDE3-CBC"]
    key = block(label, locked(der, des3, IV[:8]), header)
    certificate = block(b"CERTIFICATE", locked(pair.certificate_der, des3, IV[:8]), header)

    assert verdict(certificate, key, PASSPHRASE, branch) == "accepted"
    assert verdict(certificate, pair.key, None, branch) == "no-passphrase"


def test_a_wrong_passphrase_is_told_by_the_padding(
    pair: Any, des3_key: Callable[..., bytes], verdict: Verdict
) -> None:
    wrong = [verdict(pair.certificate, des3_key(), b"wrong %d" % number) for number in range(300)]

    assert set(wrong) <= {"bad-decrypt", "asn1-header", "asn1-tag", "asn1-length"}
    assert wrong.count("bad-decrypt") > 280


def test_ciphertext_of_broken_length_is_refused(pair: Any, block: Callable[..., bytes], verdict: Verdict) -> None:
    data = locked(pair.key_der, CIPHERS["DES-EDE3-CBC"], IV[:8])
    header = HEADER % (b"DES3", DIGITS)

    assert verdict(pair.certificate, block(pair.label, data[:-3], header), PASSPHRASE) == "final-block-length"


def test_damage_in_the_middle_of_the_ciphertext_goes_unseen(
    pair: Any, block: Callable[..., bytes], verdict: Verdict
) -> None:
    """Chaining confines it to two blocks, and nobody tests the numbers in them."""
    data = bytearray(locked(pair.key_der, CIPHERS["DES-EDE3-CBC"], IV[:8]))
    data[len(data) // 2] ^= 1
    key = block(pair.label, bytes(data), HEADER % (b"DES3", DIGITS))

    assert verdict(pair.certificate, key, PASSPHRASE) == "accepted"


PASSPHRASES = {
    "one-byte": b"x",
    "utf-8": "grün".encode(),
    "latin-1": "grün".encode("latin-1"),
    "nul": b"a\0b",
    "blanks": b"  a ",
    "newline": b"a\n",
    "1024-bytes": b"x" * 1024,
}


@pytest.mark.parametrize("passphrase", PASSPHRASES.values(), ids=PASSPHRASES)
def test_every_byte_of_the_passphrase_counts(
    passphrase: bytes, pair: Any, block: Callable[..., bytes], verdict: Verdict
) -> None:
    data = locked(pair.key_der, CIPHERS["DES-EDE3-CBC"], IV[:8], passphrase)
    key = block(pair.label, data, HEADER % (b"DES3", DIGITS))

    assert verdict(pair.certificate, key, passphrase) == "accepted"
    assert verdict(pair.certificate, key, passphrase.strip() + b"!") != "accepted"


def test_a_passphrase_is_wrong_only_when_it_is_asked_for(
    pair: Any, des3_key: Callable[..., bytes], verdict: Verdict
) -> None:
    assert verdict(pair.certificate, des3_key(), b"x" * 1025) == "long-passphrase"
    assert verdict(pair.certificate, des3_key(), b"") == "no-passphrase"
    for unused in (b"", b"x" * 5000, b"\0\xff"):
        assert verdict(pair.certificate, pair.key, unused) == "accepted"


def test_gcm_cannot_be_decrypted_without_its_tag() -> None:
    with pytest.raises(Violation, match="BAD_DECRYPT"):
        CIPHERS["id-aes128-GCM"].decrypt(bytes(16), bytes(12), b"data")
