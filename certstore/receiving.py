"""From the three fields of the form to a credential or a refusal.

The unit is taken to do what every server of its day did (device-reference 11; inferred):
SSL_CTX_use_certificate_chain_file, SSL_CTX_use_PrivateKey_file and SSL_CTX_check_private_key, ssl/ssl_rsa.c.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from enum import Enum

from certstore import certificate, dek, pbe, pem, pkcs8
from certstore.branch import KeyType
from certstore.certificate import Certificate
from certstore.credential import Credential
from certstore.firmware import DEFAULT_FIRMWARE, Firmware, Pkcs8
from certstore.passphrase import Passphrase
from certstore.private_key import PrivateKey, passed_over, read_traditional
from certstore.refusal import Place, Refusal, UploadFile, UploadRefused
from certstore.remembered import Certificates, recall, remember
from certstore.rules import Rule, Violation
from certstore.upload import Upload


class Step(Enum):
    """What is being read when a rule is found broken; with the file that it is in."""

    LEAF = UploadFile.CERTIFICATE, Refusal.MALFORMED_CERTIFICATE
    LEAF_KEY = UploadFile.CERTIFICATE, Refusal.UNSUPPORTED_CERTIFICATE_KEY
    CHAIN = UploadFile.CERTIFICATE, Refusal.MALFORMED_CHAIN
    KEY = UploadFile.PRIVATE_KEY, Refusal.MALFORMED_KEY

    def __init__(self, file: UploadFile, malformed: Refusal) -> None:
        self.file = file
        # What any rule without a row of its own comes to.
        self.malformed = malformed


# The same in every step.
_ANYWHERE: Mapping[Rule, Refusal] = {
    Rule.UPLOAD_TOO_LARGE: Refusal.TOO_LARGE,
    Rule.TOO_MANY_ITERATIONS: Refusal.TOO_LARGE,
    Rule.TOO_MANY_BITS: Refusal.TOO_LARGE,
    Rule.UNKNOWN_CIPHER: Refusal.UNSUPPORTED_ENCRYPTION,
    Rule.UNKNOWN_PBE: Refusal.UNSUPPORTED_ENCRYPTION,
    Rule.UNKNOWN_KDF: Refusal.UNSUPPORTED_ENCRYPTION,
    Rule.UNKNOWN_PRF: Refusal.UNSUPPORTED_ENCRYPTION,
    Rule.UNKNOWN_SALT: Refusal.UNSUPPORTED_ENCRYPTION,
    Rule.UNKNOWN_PBES2_CIPHER: Refusal.UNSUPPORTED_ENCRYPTION,
    Rule.CIPHER_PARAMETERS: Refusal.UNSUPPORTED_ENCRYPTION,
    Rule.KEY_LENGTH: Refusal.UNSUPPORTED_ENCRYPTION,
    Rule.NO_PASSPHRASE: Refusal.PASSPHRASE_REQUIRED,
    Rule.LONG_PASSPHRASE: Refusal.PASSPHRASE_TOO_LONG,
    Rule.BAD_DECRYPT: Refusal.WRONG_PASSPHRASE,
    Rule.FINAL_BLOCK_LENGTH: Refusal.WRONG_PASSPHRASE,
    Rule.NO_SALT: Refusal.WRONG_PASSPHRASE,
}
REFUSALS: Mapping[Step, Mapping[Rule, Refusal]] = {
    Step.LEAF: {**_ANYWHERE, Rule.NO_START_LINE: Refusal.NO_CERTIFICATE},
    Step.LEAF_KEY: _ANYWHERE,
    Step.CHAIN: _ANYWHERE,
    Step.KEY: {
        **_ANYWHERE,
        Rule.NO_START_LINE: Refusal.NO_KEY,
        Rule.UNKNOWN_KEY_ALGORITHM: Refusal.UNSUPPORTED_KEY_TYPE,
        Rule.KEY_NOT_USABLE: Refusal.UNSUPPORTED_KEY_TYPE,
        Rule.KEY_TYPE_SWITCHED_OFF: Refusal.UNSUPPORTED_KEY_TYPE,
        Rule.PKCS8_SWITCHED_OFF: Refusal.UNSUPPORTED_KEY_TYPE,
    },
}


def receive(upload: Upload, firmware: Firmware = DEFAULT_FIRMWARE) -> Credential:
    """The credential that the unit would store; UploadRefused, and nothing else, for any other three fields."""
    passphrase = Passphrase(upload.passphrase)
    certificates = _certificates(upload.certificate, firmware, passphrase)
    private_key = _private_key(upload.private_key, firmware, passphrase)
    return Credential(
        certificates.leaf.encoding,
        tuple(certificate.encoding for certificate in certificates.chain),
        _public_key=certificates.public_key,
        _private_key=private_key,
    )


class _File:
    """One uploaded file being read, and how far."""

    def __init__(self, octets: bytes, step: Step) -> None:
        self.octets = octets
        self.reader = pem.Reader(octets)
        self.step = step

    def check_size(self, firmware: Firmware) -> None:
        if len(self.octets) > firmware.upload_octets:
            raise Violation(Rule.UPLOAD_TOO_LARGE)

    def fitting_block(self, fits: Callable[[bytes], bool]) -> pem.Block:
        """The next block with a label that fits; the others are read to their ends and dropped."""
        while True:
            block = self.reader.block()
            if fits(block.label):
                return block

    def refused(self, violation: Violation) -> UploadRefused:
        refusal = REFUSALS[self.step].get(violation.rule, self.step.malformed)
        return UploadRefused(refusal, violation.rule.detail, self._place())

    def _place(self) -> Place:
        label = self.reader.label
        return Place(
            self.step.file,
            line=self.reader.line,
            block=self.reader.blocks or None,
            label=None if label is None else label.decode("ascii", "backslashreplace"),
        )


# PEM_read_bio_X509_AUX and PEM_read_bio_X509 with check_pem, pem_lib.c: trust settings are for the leaf alone.
CHAIN_LABELS = frozenset({b"CERTIFICATE", b"X509 CERTIFICATE"})
LEAF_LABELS = CHAIN_LABELS | {b"TRUSTED CERTIFICATE"}

PKCS8_LABEL = b"PRIVATE KEY"
ENCRYPTED_PKCS8_LABEL = b"ENCRYPTED PRIVATE KEY"
# check_pem lets it through, and then nothing can decode it.
ANY_LABEL = b"ANY PRIVATE KEY"


def _data(block: pem.Block, firmware: Firmware, passphrase: Passphrase) -> bytes:
    """The data of a block that is used, whatever its label: any may be encrypted in the traditional way."""
    info = dek.read(block.header, firmware.branch)
    return block.data if info is None else dek.decrypt(block.data, info, passphrase)


def _certificates(octets: bytes, firmware: Firmware, passphrase: Passphrase) -> Certificates:
    file = _File(octets, Step.LEAF)
    try:
        file.check_size(firmware)
        known = recall(octets, firmware.branch)
        if known is not None:
            return known
        block = file.fitting_block(LEAF_LABELS.__contains__)
        leaf = certificate.read_trusted(_data(block, firmware, passphrase), firmware.branch)
        file.step = Step.LEAF_KEY
        public_key = leaf.public_key(firmware.branch)
        file.step = Step.CHAIN
        read = Certificates(leaf, public_key, tuple(_chain(file, firmware, passphrase)))
    except Violation as violation:
        raise file.refused(violation) from None
    remember(octets, firmware.branch, read)
    return read


def _chain(file: _File, firmware: Firmware, passphrase: Passphrase) -> list[Certificate]:
    """All further certificates, in any order and of anybody; only running out of blocks is a good end."""
    chain: list[Certificate] = []
    while True:
        try:
            block = file.fitting_block(CHAIN_LABELS.__contains__)
        except Violation as violation:
            if violation.rule is Rule.NO_START_LINE:
                return chain
            raise
        chain.append(certificate.read(_data(block, firmware, passphrase), firmware.branch)[0])


def _private_key(octets: bytes, firmware: Firmware, passphrase: Passphrase) -> PrivateKey:
    file = _File(octets, Step.KEY)

    def fits(label: bytes) -> bool:
        return (
            label in (PKCS8_LABEL, ENCRYPTED_PKCS8_LABEL, ANY_LABEL)
            or firmware.branch.traditional_label.fullmatch(label) is not None
        )

    try:
        file.check_size(firmware)
        block = file.fitting_block(fits)
        data = _data(block, firmware, passphrase)
        return _allowed(_key_in(block.label, data, firmware, passphrase), firmware)
    except Violation as violation:
        raise file.refused(violation) from None


def _allowed(key: PrivateKey, firmware: Firmware) -> PrivateKey:
    if key.public_key.type not in firmware.key_types:
        raise Violation(Rule.KEY_TYPE_SWITCHED_OFF)
    return key


def _key_in(label: bytes, data: bytes, firmware: Firmware, passphrase: Passphrase) -> PrivateKey:
    branch = firmware.branch
    if label == PKCS8_LABEL:
        if firmware.plain_pkcs8 is Pkcs8.REFUSE:
            raise Violation(Rule.PKCS8_SWITCHED_OFF)
        return pkcs8.read(data, branch)
    if label == ENCRYPTED_PKCS8_LABEL:
        if firmware.encrypted_pkcs8 is Pkcs8.REFUSE:
            raise Violation(Rule.PKCS8_SWITCHED_OFF)
        return pkcs8.read(pbe.decrypt(data, passphrase, branch, firmware.iterations), branch)
    named = branch.traditional_label.fullmatch(label)
    if named is None:
        raise Violation(Rule.BAD_PRIVATE_KEY)
    kind = KeyType(named[1].decode("ascii").upper())
    try:
        return read_traditional(kind, data, branch)
    except Violation as violation:
        if not branch.reads_pkcs8_under_traditional_labels or violation.rule in _FINAL:
            raise
        return pkcs8.read(data[passed_over(kind, data, branch) :], branch)


# A key that was read, and is of no use: nothing else is tried.
_FINAL = frozenset({Rule.KEY_NOT_USABLE})
