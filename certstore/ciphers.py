"""The symmetric ciphers that the reader knows by name, and how each decrypts.

A row is a family; its modes are columns. Names are those of `EVP_get_cipherbyname`, crypto/evp/c_allc.c, whose
upper-case ones can stand in a DEK-Info header.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from enum import Enum

from cryptography.hazmat.decrepit.ciphers import algorithms as decrepit
from cryptography.hazmat.decrepit.ciphers import modes as decrepit_modes
from cryptography.hazmat.primitives.ciphers import Cipher as Primitive
from cryptography.hazmat.primitives.ciphers import CipherAlgorithm, algorithms, modes

from certstore import rc2
from certstore.rules import Rule, Violation


class Mode(Enum):
    """Block cipher modes; the value is what OpenSSL's names end in."""

    CBC = "CBC"
    CFB = "CFB"
    CFB1 = "CFB1"
    # The mistake of DES in CFB1: the number of octets is taken for one of bits, and the rest is left as it is.
    CFB1_OF_AN_EIGHTH = "CFB1 "
    CFB8 = "CFB8"
    OFB = "OFB"
    ECB = "ECB"
    CTR = "CTR"
    XTS = "XTS"
    GCM = "GCM"
    STREAM = ""

    @property
    def padded(self) -> bool:
        return self in (Mode.CBC, Mode.ECB)


@dataclass(frozen=True, slots=True)
class Family:
    """One cipher with one key length. `algorithm` is None where there is nothing but our own RC2."""

    name: str
    key_octets: int
    block_octets: int
    algorithm: Callable[[bytes], CipherAlgorithm] | None


@dataclass(frozen=True, slots=True)
class Cipher:
    """One family in one mode."""

    name: str
    family: Family
    mode: Mode
    key_octets: int
    iv_octets: int

    def decrypt(self, key: bytes, iv: bytes, data: bytes) -> bytes:
        """What EVP_DecryptUpdate and EVP_DecryptFinal give; Violation for bad padding or length."""
        if self.mode.padded and (len(data) % self.family.block_octets or not data):
            raise Violation(Rule.FINAL_BLOCK_LENGTH)
        plain = self._raw(key, iv, data)
        return _unpadded(plain, self.family.block_octets) if self.mode.padded else plain

    def _raw(self, key: bytes, iv: bytes, data: bytes) -> bytes:
        own = _OWN.get((self.family.name, self.mode)) or _OWN.get(("", self.mode))
        if own is not None:
            return own(self.family, key, iv, data)
        assert self.family.algorithm is not None, "a family without a primitive has its own modes"
        primitive: Primitive[_Chained] = Primitive(self.family.algorithm(key), _MODES[self.mode](iv))
        return primitive.decryptor().update(data)


_Chained = modes.ModeWithNonce | modes.ModeWithInitializationVector | modes.ECB
_MODES: dict[Mode, Callable[[bytes], _Chained]] = {
    Mode.CBC: modes.CBC,
    Mode.ECB: lambda iv: modes.ECB(),
    Mode.CTR: modes.CTR,
    Mode.CFB: decrepit_modes.CFB,
    Mode.CFB8: decrepit_modes.CFB8,
    Mode.OFB: decrepit_modes.OFB,
}


def _unpadded(plain: bytes, block: int) -> bytes:
    """RFC 8018 section 6.1.1 padding, checked byte for byte as EVP_DecryptFinal_ex does."""
    count = plain[-1]
    if not 0 < count <= block or plain[-count:] != bytes([count]) * count:
        raise Violation(Rule.BAD_DECRYPT)
    return plain[:-count]


def _block_encryptor(family: Family, key: bytes) -> Callable[[bytes], bytes]:
    if family.name.startswith("RC2"):
        return rc2.encryptor(key)
    assert family.algorithm is not None, "only RC2 has no primitive"
    return Primitive(family.algorithm(key), modes.ECB()).encryptor().update


def _own_cfb(family: Family, key: bytes, iv: bytes, data: bytes) -> bytes:
    encrypt = _block_encryptor(family, key)
    size = family.block_octets
    plain = bytearray()
    register = iv
    for at in range(0, len(data), size):
        piece = data[at : at + size]
        plain += bytes(a ^ b for a, b in zip(piece, encrypt(register), strict=False))
        register = piece
    return bytes(plain)


def _own_ofb(family: Family, key: bytes, iv: bytes, data: bytes) -> bytes:
    encrypt = _block_encryptor(family, key)
    size = family.block_octets
    plain = bytearray()
    register = iv
    for at in range(0, len(data), size):
        register = encrypt(register)
        plain += bytes(a ^ b for a, b in zip(data[at : at + size], register, strict=False))
    return bytes(plain)


def _own_cfb8(family: Family, key: bytes, iv: bytes, data: bytes) -> bytes:
    encrypt = _block_encryptor(family, key)
    plain = bytearray()
    register = iv
    for octet in data:
        plain.append(octet ^ encrypt(register)[0])
        register = register[1:] + bytes([octet])
    return bytes(plain)


def _own_cfb1(family: Family, key: bytes, iv: bytes, data: bytes) -> bytes:
    return _own_cfb1_of_bits(family, key, iv, data, 8 * len(data))


def _own_cfb1_of_an_eighth(family: Family, key: bytes, iv: bytes, data: bytes) -> bytes:
    return _own_cfb1_of_bits(family, key, iv, data, len(data))


def _own_cfb1_of_bits(family: Family, key: bytes, iv: bytes, data: bytes, bits: int) -> bytes:
    encrypt = _block_encryptor(family, key)
    size = family.block_octets
    mask = (1 << 8 * size) - 1
    register = int.from_bytes(iv)
    plain = bytearray(data)
    for at in range(bits):
        place = 0x80 >> at % 8
        bit = bool(data[at // 8] & place)
        if encrypt(register.to_bytes(size))[0] & 0x80:
            plain[at // 8] ^= place
        register = register << 1 & mask | bit
    return bytes(plain)


def _own_cbc(family: Family, key: bytes, iv: bytes, data: bytes) -> bytes:
    decrypt = rc2.decryptor(key)
    size = family.block_octets
    plain = bytearray()
    register = iv
    for at in range(0, len(data), size):
        block = data[at : at + size]
        plain += bytes(a ^ b for a, b in zip(decrypt(block), register, strict=True))
        register = block
    return bytes(plain)


def _own_ecb(family: Family, key: bytes, iv: bytes, data: bytes) -> bytes:
    decrypt = rc2.decryptor(key)
    size = family.block_octets
    return b"".join(decrypt(data[at : at + size]) for at in range(0, len(data), size))


def _desx_cbc(family: Family, key: bytes, iv: bytes, data: bytes) -> bytes:
    """DES with a mask before (the last eight octets of the key) and one after (the middle eight)."""
    inner, before, after = key[:8], key[8:16], key[16:24]
    masked = bytes(octet ^ after[at % 8] for at, octet in enumerate(data))
    plain = Primitive(_des(inner), modes.ECB()).decryptor().update(masked)
    chained = iv + data
    return bytes(octet ^ before[at % 8] ^ chained[at] for at, octet in enumerate(plain))


def _rc4(family: Family, key: bytes, iv: bytes, data: bytes) -> bytes:
    return Primitive(decrepit.ARC4(key), None).decryptor().update(data)


def _xts(family: Family, key: bytes, iv: bytes, data: bytes) -> bytes:
    # CRYPTO_xts128_encrypt, xts128.c: there is nothing to steal from in less than a block.
    if len(data) < family.block_octets:
        raise Violation(Rule.BAD_DECRYPT)
    decryptor = Primitive(algorithms.AES(key), modes.XTS(iv)).decryptor()
    return decryptor.update(data) + decryptor.finalize()


def _gcm(family: Family, key: bytes, iv: bytes, data: bytes) -> bytes:
    """Without a tag nothing can be decrypted: aes_gcm_cipher fails at the end, whatever the data."""
    raise Violation(Rule.BAD_DECRYPT)


def _des(key: bytes) -> CipherAlgorithm:
    return decrepit.TripleDES(key * 3)


def _two_key_des(key: bytes) -> CipherAlgorithm:
    return decrepit.TripleDES(key + key[:8])


_PLAIN_MODES = (Mode.CBC, Mode.CFB, Mode.OFB, Mode.ECB)
_BIT_MODES = (*_PLAIN_MODES, Mode.CFB1, Mode.CFB8)
_AES_MODES = (*_BIT_MODES, Mode.CTR, Mode.GCM)
_CBC = (Mode.CBC,)
_STREAM = (Mode.STREAM,)

# Family, key octets, block octets, primitive, modes. Which branch has which: certstore.branch.
_TABLE: tuple[tuple[Family, tuple[Mode, ...]], ...] = (
    (Family("DES", 8, 8, _des), _BIT_MODES),
    (Family("DES-EDE", 16, 8, _two_key_des), _PLAIN_MODES),
    (Family("DES-EDE3", 24, 8, decrepit.TripleDES), _BIT_MODES),
    (Family("DESX", 24, 8, None), _CBC),
    (Family("IDEA", 16, 8, decrepit.IDEA), _PLAIN_MODES),
    (Family("RC2", 16, 8, decrepit.RC2), _PLAIN_MODES),
    (Family("RC2-40", 5, 8, None), _CBC),
    (Family("RC2-64", 8, 8, None), _CBC),
    (Family("BF", 16, 8, decrepit.Blowfish), _PLAIN_MODES),
    (Family("CAST5", 16, 8, decrepit.CAST5), _PLAIN_MODES),
    (Family("SEED", 16, 16, decrepit.SEED), _PLAIN_MODES),
    (Family("AES-128", 16, 16, algorithms.AES), (*_AES_MODES, Mode.XTS)),
    (Family("AES-192", 24, 16, algorithms.AES), _AES_MODES),
    (Family("AES-256", 32, 16, algorithms.AES), (*_AES_MODES, Mode.XTS)),
    (Family("CAMELLIA-128", 16, 16, decrepit.Camellia), _BIT_MODES),
    (Family("CAMELLIA-192", 24, 16, decrepit.Camellia), _BIT_MODES),
    (Family("CAMELLIA-256", 32, 16, decrepit.Camellia), _BIT_MODES),
    (Family("RC4", 16, 1, None), _STREAM),
    (Family("RC4-40", 5, 1, None), _STREAM),
    (Family("RC4-HMAC-MD5", 16, 1, None), _STREAM),
)


_Own = Callable[[Family, bytes, bytes, bytes], bytes]
# Modes that the library lacks, for one family or for all ("").
_OWN: dict[tuple[str, Mode], _Own] = {
    ("", Mode.CFB1): _own_cfb1,
    ("", Mode.CFB1_OF_AN_EIGHTH): _own_cfb1_of_an_eighth,
    ("", Mode.XTS): _xts,
    ("", Mode.GCM): _gcm,
    ("", Mode.STREAM): _rc4,
    ("DESX", Mode.CBC): _desx_cbc,
    ("RC2", Mode.CFB): _own_cfb,
    ("RC2", Mode.OFB): _own_ofb,
    ("RC2", Mode.ECB): _own_ecb,
    ("RC2-40", Mode.CBC): _own_cbc,
    ("RC2-64", Mode.CBC): _own_cbc,
    ("CAMELLIA-128", Mode.CFB8): _own_cfb8,
    ("CAMELLIA-192", Mode.CFB8): _own_cfb8,
    ("CAMELLIA-256", Mode.CFB8): _own_cfb8,
}

_WITHOUT_IV = (Mode.ECB, Mode.STREAM)

# Names that are not family and mode, by both.
_IRREGULAR_NAMES = {
    ("DES-EDE", Mode.ECB): "DES-EDE",
    ("DES-EDE3", Mode.ECB): "DES-EDE3",
    ("AES-128", Mode.GCM): "id-aes128-GCM",
    ("AES-192", Mode.GCM): "id-aes192-GCM",
    ("AES-256", Mode.GCM): "id-aes256-GCM",
}
_GCM_IV_OCTETS = 12


def _cipher(family: Family, mode: Mode) -> Cipher:
    regular = f"{family.name}-{mode.value}" if mode.value else family.name
    iv_octets = family.block_octets
    if mode in _WITHOUT_IV:
        iv_octets = 0
    elif mode is Mode.GCM:
        iv_octets = _GCM_IV_OCTETS
    return Cipher(
        name=_IRREGULAR_NAMES.get((family.name, mode), regular),
        family=family,
        mode=mode,
        # XTS takes two keys.
        key_octets=family.key_octets * (2 if mode is Mode.XTS else 1),
        iv_octets=iv_octets,
    )


def short_cfb1(cipher: Cipher) -> Cipher:
    """The same cipher with the mistake that crypto/evp/e_des.c and e_des3.c once had in this mode."""
    assert cipher.mode is Mode.CFB1, "the mistake is in this mode only"
    return replace(cipher, mode=Mode.CFB1_OF_AN_EIGHTH)


CIPHERS = {
    cipher.name: cipher
    for family, family_modes in _TABLE
    for cipher in (_cipher(family, mode) for mode in family_modes)
}

# EVP_add_cipher_alias, c_allc.c: the aliases that a DEK-Info header can hold.
ALIASES = {
    "DES": "DES-CBC",
    "DES3": "DES-EDE3-CBC",
    "DESX": "DESX-CBC",
    "IDEA": "IDEA-CBC",
    "RC2": "RC2-CBC",
    "BF": "BF-CBC",
    "CAST": "CAST5-CBC",
    "SEED": "SEED-CBC",
    "AES128": "AES-128-CBC",
    "AES192": "AES-192-CBC",
    "AES256": "AES-256-CBC",
    "CAMELLIA128": "CAMELLIA-128-CBC",
    "CAMELLIA192": "CAMELLIA-192-CBC",
    "CAMELLIA256": "CAMELLIA-256-CBC",
}
