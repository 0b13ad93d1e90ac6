"""Encrypted PKCS#8: password-based encryption. PKCS8_decrypt and EVP_PBE_CipherInit, crypto/evp/evp_pbe.c.

Three families: PBES1 and PBES2 of RFC 8018, and the schemes of RFC 7292 appendix C. A scheme is usable if the
branch has its digest and cipher.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.kdf.pbkdf2 import PBKDF2HMAC

from certstore import asn1, identifiers, structures
from certstore.asn1 import Value
from certstore.ber import OCTET_STRING, SEQUENCE
from certstore.branch import Branch
from certstore.ciphers import Cipher
from certstore.digests import Digest, digest_named
from certstore.identifiers import oid
from certstore.passphrase import Passphrase
from certstore.rules import Rule, Violation


@dataclass(frozen=True, slots=True)
class Keyed:
    """A cipher with all that it needs."""

    cipher: Cipher
    key: bytes
    iv: bytes


# Identifier and parameters.
Algorithm = tuple[bytes, Value | None]

Derivation = Callable[[bytes, bytes, int, Cipher, Digest], tuple[bytes, bytes]]


def _pbkdf1(passphrase: bytes, salt: bytes, iterations: int, cipher: Cipher, digest: Digest) -> tuple[bytes, bytes]:
    """RFC 8018 section 6.1: key and initial vector are the two ends of the first 16 octets (PKCS5_PBE_keyivgen)."""
    derived = passphrase + salt
    for _ in range(iterations):
        derived = digest.of(derived)
    return derived[: cipher.key_octets], derived[16 - cipher.iv_octets : 16]


# RFC 7292 appendix B.3
_KEY_MATERIAL, _IV_MATERIAL = 1, 2


def _pkcs12(passphrase: bytes, salt: bytes, iterations: int, cipher: Cipher, digest: Digest) -> tuple[bytes, bytes]:
    """RFC 7292 appendix B.2, over the passphrase with every byte widened to a BMP character (asc2uni)."""
    wide = b"".join(bytes((0, byte)) for byte in passphrase) + b"\0\0"

    def derived(purpose: int, length: int) -> bytes:
        return _pkcs12_derived(wide, salt, iterations, purpose, length, digest)

    return derived(_KEY_MATERIAL, cipher.key_octets), derived(_IV_MATERIAL, cipher.iv_octets)


def _pkcs12_derived(
    password: bytes, salt: bytes, iterations: int, purpose: int, length: int, digest: Digest
) -> bytes:
    size = digest.block_octets
    diversifier = bytes([purpose]) * size
    text = _whole_blocks(salt, size) + _whole_blocks(password, size)
    blocks = [text[at : at + size] for at in range(0, len(text), size)]
    result = b""
    while True:
        piece = diversifier + b"".join(blocks)
        for _ in range(iterations):
            piece = digest.of(piece)
        result += piece
        if len(result) >= length:
            return result[:length]
        addend = int.from_bytes((piece * (size // len(piece) + 1))[:size]) + 1
        blocks = [((int.from_bytes(block) + addend) % (1 << 8 * size)).to_bytes(size) for block in blocks]


def _whole_blocks(text: bytes, size: int) -> bytes:
    """The text, begun anew until it fills the last of its blocks."""
    length = -(-len(text) // size) * size
    return (text * (size // len(text) + 2))[:length] if text else b""


@dataclass(frozen=True, slots=True)
class Scheme:
    """A scheme with fixed digest and cipher."""

    digest: str
    cipher: str
    derivation: Derivation


SCHEMES = {
    oid("1.2.840.113549.1.5.1"): Scheme("md2", "DES-CBC", _pbkdf1),
    oid("1.2.840.113549.1.5.3"): Scheme("md5", "DES-CBC", _pbkdf1),
    oid("1.2.840.113549.1.5.4"): Scheme("md2", "RC2-64-CBC", _pbkdf1),
    oid("1.2.840.113549.1.5.6"): Scheme("md5", "RC2-64-CBC", _pbkdf1),
    oid("1.2.840.113549.1.5.10"): Scheme("sha1", "DES-CBC", _pbkdf1),
    oid("1.2.840.113549.1.5.11"): Scheme("sha1", "RC2-64-CBC", _pbkdf1),
    oid("1.2.840.113549.1.12.1.1"): Scheme("sha1", "RC4", _pkcs12),
    oid("1.2.840.113549.1.12.1.2"): Scheme("sha1", "RC4-40", _pkcs12),
    oid("1.2.840.113549.1.12.1.3"): Scheme("sha1", "DES-EDE3-CBC", _pkcs12),
    oid("1.2.840.113549.1.12.1.4"): Scheme("sha1", "DES-EDE-CBC", _pkcs12),
    oid("1.2.840.113549.1.12.1.5"): Scheme("sha1", "RC2-CBC", _pkcs12),
    oid("1.2.840.113549.1.12.1.6"): Scheme("sha1", "RC2-40-CBC", _pkcs12),
}

# RFC 8018 appendix B.1: what PBKDF2's pseudo-random functions are made of.
PRFS = {
    oid("1.2.840.113549.2.6"): "md5",
    oid("1.2.840.113549.2.7"): "sha1",
    oid("1.2.840.113549.2.8"): "sha224",
    oid("1.2.840.113549.2.9"): "sha256",
    oid("1.2.840.113549.2.10"): "sha384",
    oid("1.2.840.113549.2.11"): "sha512",
}
_DEFAULT_PRF = "sha1"
_HASHES: dict[str, type[hashes.HashAlgorithm]] = {
    "md5": hashes.MD5,
    "sha1": hashes.SHA1,
    "sha224": hashes.SHA224,
    "sha256": hashes.SHA256,
    "sha384": hashes.SHA384,
    "sha512": hashes.SHA512,
}

# Ciphers that have an identifier, for PBES2; obj_dat.h.
_RC2_CBC = oid("1.2.840.113549.3.2")
PBES2_CIPHERS = {
    oid("1.3.14.3.2.6"): "DES-ECB",
    oid("1.3.14.3.2.7"): "DES-CBC",
    oid("1.3.14.3.2.8"): "DES-OFB",
    oid("1.3.14.3.2.9"): "DES-CFB",
    oid("1.3.14.3.2.17"): "DES-EDE",
    oid("1.2.840.113549.3.7"): "DES-EDE3-CBC",
    _RC2_CBC: "RC2-CBC",
    oid("1.2.840.113549.3.4"): "RC4",
    oid("1.3.6.1.4.1.3029.1.2"): "BF-CBC",
    oid("1.2.840.113533.7.66.10"): "CAST5-CBC",
    oid("1.3.6.1.4.1.188.7.1.1.2"): "IDEA-CBC",
    oid("1.2.410.200004.1.3"): "SEED-ECB",
    oid("1.2.410.200004.1.4"): "SEED-CBC",
    oid("1.2.410.200004.1.5"): "SEED-CFB",
    oid("1.2.410.200004.1.6"): "SEED-OFB",
    **{
        oid(f"2.16.840.1.101.3.4.1.{base + number}"): f"AES-{bits}-{mode}"
        for base, bits in ((0, 128), (20, 192), (40, 256))
        for number, mode in ((1, "ECB"), (2, "CBC"), (3, "OFB"), (4, "CFB"))
    },
    **{
        oid(f"2.16.840.1.101.3.4.1.{number}"): f"id-aes{bits}-GCM"
        for number, bits in ((6, 128), (26, 192), (46, 256))
    },
    **{
        oid(f"0.3.4401.5.3.1.9.{base + number}"): f"CAMELLIA-{bits}-{mode}"
        for base, bits in ((0, 128), (20, 192), (40, 256))
        for number, mode in ((1, "ECB"), (3, "OFB"), (4, "CFB"))
    },
    oid("1.2.392.200011.61.1.1.1.2"): "CAMELLIA-128-CBC",
    oid("1.2.392.200011.61.1.1.1.3"): "CAMELLIA-192-CBC",
    oid("1.2.392.200011.61.1.1.1.4"): "CAMELLIA-256-CBC",
}
# These have no rule for parameters (EVP_CIPHER_asn1_to_param), so PBES2 cannot use them: "cipher parameter error".
_WITHOUT_PARAMETERS = ("SEED", "RC4")

# RFC 8018 appendix B.2.3, as rc2_magic_to_meth knows it: version number and cipher.
_RC2_VERSIONS = {0x3A: "RC2-CBC", 0x78: "RC2-64-CBC", 0xA0: "RC2-40-CBC"}


def decrypt(octets: bytes, passphrase: Passphrase, branch: Branch, most: int) -> bytes:
    """What an EncryptedPrivateKeyInfo holds; Violation if it is damaged, locked or unknown to the branch.

    So is one that wants more than `most` iterations: OpenSSL has no limit, and the unit would hang.
    """
    _, ((algorithm, parameters), data) = asn1.decode(structures.EncryptedPrivateKeyInfo, octets, branch)
    phrase = passphrase.ask()
    if algorithm == identifiers.PBES2:
        keyed = _pbes2(parameters, phrase, branch, most)
    else:
        keyed = _fixed(algorithm, parameters, phrase, branch, most)
    return keyed.cipher.decrypt(keyed.key, keyed.iv, data)


def _sequence(parameters: Value | None) -> bytes:
    if parameters is None or parameters.tag != SEQUENCE:
        raise Violation(Rule.BAD_PBE_PARAMETERS)
    encoding: bytes = parameters.content
    return encoding


def _iterations(count: int, most: int) -> int:
    """What a C int makes of the count; at least one round is always done. Violation beyond the limit."""
    count = (count + 2**31) % 2**32 - 2**31
    if count > most:
        raise Violation(Rule.TOO_MANY_ITERATIONS)
    return max(count, 1)


def _fixed(algorithm: bytes, parameters: Value | None, passphrase: bytes, branch: Branch, most: int) -> Keyed:
    scheme = SCHEMES.get(algorithm)
    if scheme is None or scheme.digest not in branch.pbe_digests or scheme.cipher not in branch.ciphers:
        raise Violation(Rule.UNKNOWN_PBE)
    _, (salt, count) = asn1.decode(structures.PBEParameter, _sequence(parameters), branch)
    cipher, digest = branch.ciphers[scheme.cipher], digest_named(scheme.digest)
    rounds = _iterations(count, most // digest.weight)
    return Keyed(cipher, *scheme.derivation(passphrase, salt, rounds, cipher, digest))


def _pbes2(parameters: Value | None, passphrase: bytes, branch: Branch, most: int) -> Keyed:
    _, (derivation, encryption) = asn1.decode(structures.PBES2Parameters, _sequence(parameters), branch)
    if derivation[0] != identifiers.PBKDF2:
        raise Violation(Rule.UNKNOWN_KDF)
    cipher, iv = _pbes2_cipher(encryption, branch)
    _, (salt, count, length, prf) = asn1.decode(structures.PBKDF2Parameters, _sequence(derivation[1]), branch)
    if length is not None and length != cipher.key_octets:
        raise Violation(Rule.KEY_LENGTH)
    digest = _DEFAULT_PRF if prf is None else PRFS.get(prf[0])
    if digest is None or digest not in branch.prfs:
        raise Violation(Rule.UNKNOWN_PRF)
    if salt.tag != OCTET_STRING:
        raise Violation(Rule.UNKNOWN_SALT)
    rounds = _iterations(count, most)
    # Not hashlib's: that takes twice as long on the OpenSSL 3.0 which most systems have.
    derived = PBKDF2HMAC(_HASHES[digest](), cipher.key_octets, salt.content, rounds).derive(passphrase)
    return Keyed(cipher, derived, iv)


def _pbes2_cipher(encryption: Algorithm, branch: Branch) -> tuple[Cipher, bytes]:
    """Cipher and initial vector; one that is left out is all zeros."""
    identifier, parameters = encryption
    cipher = branch.ciphers.get(PBES2_CIPHERS.get(identifier, ""))
    if cipher is None:
        raise Violation(Rule.UNKNOWN_PBES2_CIPHER)
    if cipher.name.startswith(_WITHOUT_PARAMETERS):
        raise Violation(Rule.CIPHER_PARAMETERS)
    if parameters is None:
        return cipher, bytes(cipher.iv_octets)
    if identifier == _RC2_CBC:
        return _rc2_cipher(parameters, branch)
    if parameters.tag != OCTET_STRING or len(parameters.content) != cipher.iv_octets:
        raise Violation(Rule.CIPHER_PARAMETERS)
    return cipher, parameters.content


def _rc2_cipher(parameters: Value, branch: Branch) -> tuple[Cipher, bytes]:
    if parameters.tag != SEQUENCE:
        raise Violation(Rule.CIPHER_PARAMETERS)
    try:
        _, (version, iv) = asn1.decode(structures.RC2CBCParameter, parameters.content, branch)
    except Violation:
        raise Violation(Rule.CIPHER_PARAMETERS) from None
    cipher = branch.ciphers.get(_RC2_VERSIONS.get(version, ""))
    if cipher is None or len(iv) != cipher.iv_octets:
        raise Violation(Rule.CIPHER_PARAMETERS)
    return cipher, iv
