"""Where the fuzzer starts: one good case for every key type, cipher, scheme and form that the reader knows.

Nothing that the reader does not look at is real, so the numbers are short: an execution costs what it must.
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Callable, Iterator
from hashlib import pbkdf2_hmac

from cryptography.hazmat.decrepit.ciphers import modes as decrepit_modes
from cryptography.hazmat.primitives.ciphers import Cipher as Primitive
from cryptography.hazmat.primitives.ciphers import modes

from certstore import OPENSSL_1_0_1, identifiers
from certstore.asn1 import explicit_tag
from certstore.ber import BIT_STRING, NULL, OBJECT, OCTET_STRING, SEQUENCE, SET, UTC_TIME, UTF8_STRING
from certstore.binary_curves import BINARY_CURVES
from certstore.ciphers import Cipher, Mode
from certstore.curves import Form, NamedCurve
from certstore.dek import SALT_OCTETS, bytes_to_key
from certstore.der import encoded, encoded_integer
from certstore.digests import digest_named
from certstore.ec_group import EcGroup
from certstore.identifiers import oid
from certstore.pbe import PBES2_CIPHERS, PRFS, SCHEMES
from certstore.prime_curves import PRIME_CURVES
from tests.fuzz.case import Case, Switch

PASSPHRASE = b"fuzz"
SALT = b"saltsalt"
ROUNDS = 1

_SHA1_WITH_RSA = oid("1.2.840.113549.1.1.5")
_COMMON_NAME = oid("2.5.4.3")
_KEY_USAGE = oid("2.5.29.15")
_SERVER_AUTH = oid("1.3.6.1.5.5.7.3.1")
_NULL = encoded(NULL)


def pem(label: bytes, der: bytes, header: bytes = b"") -> bytes:
    text = b64encode(der)
    lines = b"".join(text[at : at + 64] + b"\n" for at in range(0, len(text), 64))
    return b"-----BEGIN %s-----\n%s%s-----END %s-----\n" % (label, header, lines, label)


def _sequence(*contents: bytes) -> bytes:
    return encoded(SEQUENCE, *contents)


def _algorithm(identifier: bytes, *parameters: bytes) -> bytes:
    return _sequence(encoded(OBJECT, identifier), *parameters)


def _bits(octets: bytes) -> bytes:
    return encoded(BIT_STRING, b"\0", octets)


def certificate(algorithm: bytes, key: bytes) -> bytes:
    """One that carries this public key, with a field of every kind."""
    name = _sequence(encoded(SET, _sequence(encoded(OBJECT, _COMMON_NAME), encoded(UTF8_STRING, "ü".encode()))))
    times = encoded(UTC_TIME, b"200101000000Z")
    extension = _sequence(encoded(OBJECT, _KEY_USAGE), encoded(0x01, b"\xff"), encoded(OCTET_STRING, b"\x03\x01\0"))
    signature = _algorithm(_SHA1_WITH_RSA, _NULL)
    signed = _sequence(
        encoded(explicit_tag(0), encoded_integer(2)),
        encoded_integer(1),
        signature,
        name,
        _sequence(times, times),
        name,
        _sequence(algorithm, _bits(key)),
        encoded(explicit_tag(3), _sequence(extension)),
    )
    return _sequence(signed, signature, _bits(b"\x5a" * 4))


_TRUST = _sequence(
    _sequence(encoded(OBJECT, _SERVER_AUTH)),
    encoded(0xA0, encoded(OBJECT, _SERVER_AUTH)),
    encoded(UTF8_STRING, b"alias"),
    encoded(OCTET_STRING, b"id"),
)


class Key:
    """A private key in its forms, with the certificate that it belongs to."""

    def __init__(
        self, name: str, label: bytes, algorithm: bytes, public: bytes, private: bytes, inner: bytes
    ) -> None:
        self.name = name
        self.label = label
        self.certificate = certificate(algorithm, public)
        self.traditional = private
        self.pkcs8 = _sequence(encoded_integer(0), algorithm, encoded(OCTET_STRING, inner))


def _numbers(*numbers: int) -> bytes:
    return _sequence(*map(encoded_integer, numbers))


def _rsa() -> Key:
    modulus, exponent = 0xC0FFEE01, 65537
    private = _numbers(0, modulus, exponent, 3, 5, 7, 11, 13, 17)
    algorithm = _algorithm(identifiers.RSA_ENCRYPTION, _NULL)
    return Key("rsa", b"RSA PRIVATE KEY", algorithm, _numbers(modulus, exponent), private, private)


def _dsa() -> Key:
    p, q, g, x = 10007, 5003, 4, 77
    y = pow(g, x, p)
    algorithm = _algorithm(identifiers.DSA, _numbers(p, q, g))
    private = _numbers(0, p, q, g, y, x)
    return Key("dsa", b"DSA PRIVATE KEY", algorithm, encoded_integer(y), private, encoded_integer(x))


def _dh() -> Key:
    algorithm = _algorithm(identifiers.DH_KEY_AGREEMENT, _numbers(10007, 4))
    return Key("dh", b"DH PRIVATE KEY", algorithm, encoded_integer(9), encoded_integer(9), encoded_integer(9))


def _ec(name: str, group: EcGroup, form: Form) -> Key:
    parameters = group.encoding()
    public = group.curve.octets(group.generator, form)
    private = _sequence(
        encoded_integer(1),
        encoded(OCTET_STRING, b"\1"),
        encoded(explicit_tag(0), parameters),
        encoded(explicit_tag(1), _bits(public)),
    )
    # The public half is left to be computed.
    short = _sequence(encoded_integer(1), encoded(OCTET_STRING, b"\1"))
    return Key(name, b"EC PRIVATE KEY", _algorithm(identifiers.EC_PUBLIC_KEY, parameters), public, private, short)


def _curve(curves: tuple[NamedCurve, ...], name: str) -> NamedCurve:
    return next(curve for curve in curves if curve.name == name)


def _keys() -> Iterator[Key]:
    yield _rsa()
    yield _dsa()
    yield _dh()
    for curve in (_curve(PRIME_CURVES, "secp112r1"), _curve(BINARY_CURVES, "sect113r1")):
        named = EcGroup(curve.curve, curve.generator, 1, name=oid(curve.identifier))
        written_out = EcGroup(curve.curve, curve.generator, 1, order=2**112 - 1, seed=b"seed")
        yield _ec(curve.name, named, Form.UNCOMPRESSED)
        yield _ec(f"{curve.name}-written-out", written_out, Form.HYBRID)
        yield _ec(f"{curve.name}-compressed", written_out, Form.COMPRESSED)


KEYS = tuple(_keys())
_RSA = KEYS[0]

# Those in which anything can be encrypted without a tag.
_Tagless = modes.ModeWithInitializationVector | modes.ModeWithNonce | modes.ModeWithTweak | modes.ECB
_MODES: dict[Mode, Callable[[bytes], _Tagless]] = {
    Mode.CBC: modes.CBC,
    Mode.ECB: lambda iv: modes.ECB(),
    Mode.CTR: modes.CTR,
    Mode.XTS: modes.XTS,
    Mode.CFB: decrepit_modes.CFB,
    Mode.CFB8: decrepit_modes.CFB8,
    Mode.OFB: decrepit_modes.OFB,
}
# Camellia and RC2 have modes that the library does not offer.
_NO_ENCRYPTOR = {"CAMELLIA": (Mode.CFB8,), "RC2": (Mode.CFB, Mode.OFB, Mode.ECB)}


def _encrypted(cipher: Cipher, key: bytes, iv: bytes, plain: bytes) -> bytes:
    """The ciphertext; for the few ciphers that can only be decrypted here, octets of its length."""
    if cipher.mode.padded:
        count = cipher.family.block_octets - len(plain) % cipher.family.block_octets
        plain += bytes([count]) * count
    missing = _NO_ENCRYPTOR.get(cipher.family.name.partition("-")[0], ())
    mode = _MODES.get(cipher.mode)
    if cipher.family.algorithm is None or mode is None or cipher.mode in missing:
        return plain
    return Primitive(cipher.family.algorithm(key), mode(iv)).encryptor().update(plain)


def dek_header(name: str, iv: bytes) -> bytes:
    return f"Proc-Type: 4,ENCRYPTED\nDEK-Info: {name},{iv.hex().upper()}\n\n".encode()


def _traditional(name: str, cipher: Cipher, label: bytes, plain: bytes) -> bytes:
    iv = bytes(range(cipher.iv_octets))
    key = bytes_to_key(PASSPHRASE, iv[:SALT_OCTETS], cipher.key_octets)
    return pem(label, _encrypted(cipher, key, iv, plain), dek_header(name, iv))


def _pbes1(identifier: bytes, plain: bytes) -> bytes:
    scheme = SCHEMES[identifier]
    cipher = OPENSSL_1_0_1.ciphers[scheme.cipher]
    key, iv = scheme.derivation(PASSPHRASE, SALT, ROUNDS, cipher, digest_named(scheme.digest))
    parameters = _sequence(encoded(OCTET_STRING, SALT), encoded_integer(ROUNDS))
    return _locked(_algorithm(identifier, parameters), _encrypted(cipher, key, iv, plain))


def _pbes2(cipher_identifier: bytes, prf_identifier: bytes, plain: bytes) -> bytes:
    cipher = OPENSSL_1_0_1.ciphers[PBES2_CIPHERS[cipher_identifier]]
    iv = bytes(range(cipher.iv_octets))
    key = pbkdf2_hmac(PRFS[prf_identifier], PASSPHRASE, SALT, ROUNDS, cipher.key_octets)
    derivation = _sequence(
        encoded(OCTET_STRING, SALT),
        encoded_integer(ROUNDS),
        encoded_integer(cipher.key_octets),
        _algorithm(prf_identifier, _NULL),
    )
    cipher_parameters = encoded(OCTET_STRING, iv)
    if cipher.family.name.startswith("RC2"):
        cipher_parameters = _sequence(encoded_integer(0x3A), cipher_parameters)
    parameters = _sequence(
        _algorithm(identifiers.PBKDF2, derivation),
        _algorithm(cipher_identifier, cipher_parameters),
    )
    return _locked(_algorithm(identifiers.PBES2, parameters), _encrypted(cipher, key, iv, plain))


def _locked(algorithm: bytes, data: bytes) -> bytes:
    return pem(b"ENCRYPTED PRIVATE KEY", _sequence(algorithm, encoded(OCTET_STRING, data)))


_HMAC_SHA1 = oid("1.2.840.113549.2.7")
_AES_128_CBC = oid("2.16.840.1.101.3.4.1.2")
_DES_EDE3_CBC = OPENSSL_1_0_1.ciphers["DES-EDE3-CBC"]


def _key_files() -> Iterator[tuple[bytes, bytes]]:
    """Leaf and key file."""
    for key in KEYS:
        leaf = pem(b"CERTIFICATE", key.certificate)
        for file in (
            pem(key.label, key.traditional),
            pem(b"PRIVATE KEY", key.pkcs8),
            pem(key.label, key.pkcs8),
            pem(b"ANY PRIVATE KEY", key.pkcs8),
            pem(key.label.lower().replace(b"private key", b"PRIVATE KEY"), key.traditional),
            _pbes2(_AES_128_CBC, _HMAC_SHA1, key.pkcs8),
            _traditional("DES-EDE3-CBC", _DES_EDE3_CBC, key.label, key.traditional),
            _traditional("DES-EDE3-CBC", _DES_EDE3_CBC, b"PRIVATE KEY", key.pkcs8),
        ):
            yield leaf, file
    leaf = pem(b"CERTIFICATE", _RSA.certificate)
    for name, cipher in OPENSSL_1_0_1.ciphers.items():
        yield leaf, _traditional(name, cipher, _RSA.label, _RSA.traditional)
    for scheme in SCHEMES:
        yield leaf, _pbes1(scheme, _RSA.pkcs8)
    for cipher_identifier, name in PBES2_CIPHERS.items():
        if OPENSSL_1_0_1.ciphers[name].mode is not Mode.GCM:
            yield leaf, _pbes2(cipher_identifier, _HMAC_SHA1, _RSA.pkcs8)
    for prf in PRFS:
        yield leaf, _pbes2(_AES_128_CBC, prf, _RSA.pkcs8)


def _certificate_files() -> Iterator[bytes]:
    leaf = pem(b"CERTIFICATE", _RSA.certificate)
    others = [pem(b"CERTIFICATE", key.certificate) for key in KEYS]
    key = pem(_RSA.label, _RSA.traditional)
    yield leaf + others[1]
    yield leaf + others[1] + others[2] + others[3]
    yield leaf * 10
    yield key + leaf + key + others[1]
    yield b"text before\n\n" + leaf + b"text between\n" + others[1] + b"text behind"
    yield leaf.replace(b"\n", b"\r\n") + others[1].replace(b"\n", b"\r\n")
    yield leaf.replace(b"\n", b"\n\n", 1)
    yield leaf.replace(b"\n", b" \n \t").replace(b"\t-", b"-")
    yield pem(b"X509 CERTIFICATE", _RSA.certificate) + pem(b"TRUSTED CERTIFICATE", _RSA.certificate + _TRUST)
    yield pem(b"TRUSTED CERTIFICATE", _RSA.certificate + _TRUST) + pem(b"X509 CERTIFICATE", _RSA.certificate)
    yield _traditional("DES-EDE3-CBC", _DES_EDE3_CBC, b"CERTIFICATE", _RSA.certificate) + leaf
    yield leaf + pem(b"X509 CRL", _TRUST) + pem(b"CERTIFICATE REQUEST", _TRUST) + leaf


def seeds() -> Iterator[Case]:
    """Every key file with its leaf, and every certificate file with an RSA key, under both branches."""
    key = pem(_RSA.label, _RSA.traditional)
    pairs = [*_key_files(), *((file, key) for file in _certificate_files())]
    for switches in (0, Switch.NEWER_BRANCH.value):
        for certificate_file, key_file in pairs:
            yield Case(switches, certificate_file, key_file, PASSPHRASE)
    for switch in Switch:
        yield Case(switch.value, *pairs[0], PASSPHRASE)
    yield Case(0, b"", b"", b"")
