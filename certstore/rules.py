"""The rules of the reader, each by its short name and in one sentence.

A rule says what is wrong, not in which file: a bad END line makes a malformed certificate, a malformed chain or a
malformed key. `certstore.receiving` holds the table that turns a broken rule and a place into a Refusal.
"""

from __future__ import annotations

from enum import Enum


class Rule(Enum):
    """Short name and sentence; the short names are stable, the sentences are not."""

    UPLOAD_TOO_LARGE = "upload-too-large", "the file is larger than this firmware takes"
    NO_START_LINE = "no-start-line", "no BEGIN line with a fitting label before the end of the file"
    BAD_END_LINE = "bad-end-line", "the data is not followed by the END line of its block"
    EMPTY_BLOCK = "empty-block", "the block's base64 holds no data"
    BASE64_LINE_TOO_LONG = "base64-line-too-long", "a line holds 80 or more base64 characters"
    BASE64_LENGTH = "base64-length", "the base64 characters are not a multiple of four"
    BASE64_PADDING = "base64-padding", "a group has more padding than data"
    NOT_PROC_TYPE = "not-proc-type", "the header does not begin with 'Proc-Type: '"
    NOT_ENCRYPTED = "not-encrypted", "the Proc-Type header does not say '4,ENCRYPTED'"
    SHORT_HEADER = "short-header", "the header ends after Proc-Type"
    NOT_DEK_INFO = "not-dek-info", "the second header is not 'DEK-Info: '"
    UNKNOWN_CIPHER = "unknown-cipher", "this branch has no cipher of the name in DEK-Info"
    BAD_IV = "bad-iv", "DEK-Info does not hold the cipher's initial vector in hexadecimal digits"
    NO_SALT = "no-salt", "a cipher without an initial vector leaves the salt to chance, so nothing decrypts"
    NO_PASSPHRASE = "no-passphrase", "the block is encrypted and no passphrase came with the upload"
    LONG_PASSPHRASE = "long-passphrase", "the passphrase is longer than 1024 bytes"
    BAD_DECRYPT = "bad-decrypt", "the padding found after decryption is wrong"
    FINAL_BLOCK_LENGTH = "final-block-length", "the ciphertext is not a whole number of cipher blocks"
    ASN1_HEADER = "asn1-header", "a tag or length is cut off or larger than what follows it"
    ASN1_TAG = "asn1-tag", "another type stands where the structure wants this one"
    ASN1_VALUE = "asn1-value", "a value is not a legal one of its type"
    ASN1_LENGTH = "asn1-length", "a structure is longer or shorter than its fields"
    ASN1_MISSING = "asn1-missing", "a structure ends before its last required field"
    ASN1_NESTING = "asn1-nesting", "a string is nested too deeply"
    BAD_UTF8 = "bad-utf8", "a UTF8String in a name is not UTF-8"
    UNKNOWN_KEY_ALGORITHM = "unknown-key-algorithm", "this branch does not know the key's algorithm"
    BAD_CURVE = "bad-curve", "the curve parameters do not make a curve this branch can use"
    UNKNOWN_CURVE = "unknown-curve", "this branch has no curve of this name"
    BAD_POINT = "bad-point", "the point is not on its curve, or not written as one"
    BAD_PUBLIC_KEY = "bad-public-key", "the public key does not decode"
    BAD_PRIVATE_KEY = "bad-private-key", "the private key does not decode as one of its type"
    NO_PUBLIC_KEY = "no-public-key", "the key lacks its public half, which this branch does not compute"
    TOO_MANY_BITS = "too-many-bits", "computing the public half would hang the unit"
    KEY_NOT_USABLE = "key-not-usable", "a key of this type cannot serve"
    KEY_TYPE_SWITCHED_OFF = "key-type-switched-off", "this firmware does not take keys of this type"
    PKCS8_SWITCHED_OFF = "pkcs8-switched-off", "this firmware does not take PKCS#8 keys of this form"
    UNKNOWN_PBE = "unknown-pbe", "this branch has no such password-based encryption scheme"
    UNKNOWN_KDF = "unknown-kdf", "PBES2 derives its key with something other than PBKDF2"
    UNKNOWN_SALT = "unknown-salt", "PBKDF2 takes its salt from somewhere else"
    KEY_LENGTH = "key-length", "the key length in the parameters is not the cipher's"
    CIPHER_PARAMETERS = "cipher-parameters", "the cipher's parameters in PBES2 are not an initial vector that fits it"
    UNKNOWN_PRF = "unknown-prf", "this branch has no such PBKDF2 pseudo-random function"
    UNKNOWN_PBES2_CIPHER = "unknown-pbes2-cipher", "this branch has no such cipher for PBES2"
    BAD_PBE_PARAMETERS = "bad-pbe-parameters", "the encryption parameters do not decode or do not fit the cipher"
    TOO_MANY_ITERATIONS = "too-many-iterations", "the key derivation would hang the unit"
    OTHER_KEY_TYPE = "other-key-type", "the private key is of another type than the leaf's public key"
    OTHER_KEY = "other-key", "the private key is not the leaf's"

    def __init__(self, short_name: str, sentence: str) -> None:
        self.short_name = short_name
        self.sentence = sentence

    @property
    def detail(self) -> str:
        return f"{self.short_name}: {self.sentence}"


class Violation(Exception):
    """A rule is broken; where, and what that means for the upload, is the caller's to say."""

    def __init__(self, rule: Rule) -> None:
        super().__init__(rule)
        self.rule = rule
