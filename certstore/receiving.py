"""From the three fields of the form to a credential or a refusal.

The unit is taken to do what every server of its day did (device-reference 11):
SSL_CTX_use_certificate_chain_file, SSL_CTX_use_PrivateKey_file, SSL_CTX_check_private_key.
"""

from __future__ import annotations

from certstore import asn1, certificate, dek, pem, structures
from certstore.ciphers import ALIASES, CIPHERS
from certstore.credential import Credential
from certstore.firmware import DEFAULT_FIRMWARE, Firmware
from certstore.passphrase import Passphrase
from certstore.private_key import PrivateKey, RsaPrivateKey
from certstore.public_key import RsaPublicKey
from certstore.refusal import Place, Refusal, UploadFile, UploadRefused
from certstore.rules import Rule, Violation
from certstore.upload import Upload

_DEK = CIPHERS | {alias: CIPHERS[name] for alias, name in ALIASES.items()}


def receive(upload: Upload, firmware: Firmware = DEFAULT_FIRMWARE) -> Credential:
    """The credential that the unit would store; UploadRefused, and nothing else, for any other three fields."""
    passphrase = Passphrase(upload.passphrase)
    reader = pem.Reader(upload.certificate)
    leaf, chain = _certificates(reader, firmware, passphrase)
    reader = pem.Reader(upload.private_key)
    key = _key(reader, firmware, passphrase)
    return Credential(
        leaf.encoding, tuple(chain), certificate.public_key(leaf, firmware.branch), key
    )


_OF = {
    Rule.NO_PASSPHRASE: Refusal.PASSPHRASE_REQUIRED,
    Rule.LONG_PASSPHRASE: Refusal.PASSPHRASE_TOO_LONG,
    Rule.BAD_DECRYPT: Refusal.WRONG_PASSPHRASE,
    Rule.FINAL_BLOCK_LENGTH: Refusal.WRONG_PASSPHRASE,
    Rule.UNKNOWN_CIPHER: Refusal.UNSUPPORTED_ENCRYPTION,
    Rule.UNKNOWN_KEY_ALGORITHM: Refusal.UNSUPPORTED_CERTIFICATE_KEY,
}


def _refused(violation: Violation, otherwise: Refusal, file: UploadFile, reader: pem.Reader) -> UploadRefused:
    label = None if reader.label is None else reader.label.decode("ascii", "replace")
    place = Place(file, reader.line, reader.blocks or None, label)
    return UploadRefused(_OF.get(violation.rule, otherwise), violation.rule.detail, place)


def _fitting(reader: pem.Reader, labels: frozenset[bytes]) -> pem.Block:
    while True:
        block = reader.block()
        if block.label in labels:
            return block


def _data(block: pem.Block, firmware: Firmware, passphrase: Passphrase) -> bytes:
    info = dek.read(block.header, _DEK)
    return block.data if info is None else dek.decrypt(block.data, info, passphrase)


_LEAF = frozenset({b"CERTIFICATE", b"X509 CERTIFICATE", b"TRUSTED CERTIFICATE"})
_CHAIN = frozenset({b"CERTIFICATE", b"X509 CERTIFICATE"})
_KEY = frozenset({b"RSA PRIVATE KEY", b"PRIVATE KEY"})


def _certificates(
    reader: pem.Reader, firmware: Firmware, passphrase: Passphrase
) -> tuple[certificate.Certificate, list[bytes]]:
    file = UploadFile.CERTIFICATE
    try:
        data = _data(_fitting(reader, _LEAF), firmware, passphrase)
        leaf, end = certificate.read(data, firmware.branch)
        if end != len(data):
            certificate.read_trust_settings(data[end:], firmware.branch)
        certificate.public_key(leaf, firmware.branch)
    except Violation as violation:
        no_block = violation.rule is Rule.NO_START_LINE
        otherwise = Refusal.NO_CERTIFICATE if no_block else Refusal.MALFORMED_CERTIFICATE
        raise _refused(violation, otherwise, file, reader) from None
    chain: list[bytes] = []
    try:
        while True:
            try:
                block = _fitting(reader, _CHAIN)
            except Violation as violation:
                if violation.rule is Rule.NO_START_LINE:
                    return leaf, chain
                raise
            chain.append(certificate.read(_data(block, firmware, passphrase), firmware.branch)[0].encoding)
    except Violation as violation:
        raise _refused(violation, Refusal.MALFORMED_CHAIN, file, reader) from None


def _key(reader: pem.Reader, firmware: Firmware, passphrase: Passphrase) -> PrivateKey:
    try:
        block = _fitting(reader, _KEY)
        data = _data(block, firmware, passphrase)
        if block.label == b"PRIVATE KEY":
            _, (_, _, value, _) = asn1.decode(structures.PrivateKeyInfo, data, firmware.branch)
            data = value.content
        _, (_, modulus, exponent, *secrets) = asn1.decode(structures.RSAPrivateKey, data, firmware.branch)
        d, p, q, dp, dq, qinv = secrets
        return RsaPrivateKey(RsaPublicKey(modulus, exponent), (d, p, q, dp, dq, qinv))
    except Violation as violation:
        no_block = violation.rule is Rule.NO_START_LINE
        otherwise = Refusal.NO_KEY if no_block else Refusal.MALFORMED_KEY
        raise _refused(violation, otherwise, UploadFile.PRIVATE_KEY, reader) from None
