"""The way out of a refusal: for each, what to do, and a command to paste.

The first row that fits is the remedy. A row fits a refusal; if it names rules, one of them; if it names a look, an
upload that looks so. The last row of every refusal asks for nothing more, so that there always is a remedy.
"""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import PurePath

from certstore import Firmware, Refusal, Upload, UploadFile, UploadRefused
from harness.judge.looks import Look, looks


@dataclass(frozen=True, slots=True)
class Row:
    """`commands` may hold the names of files: {certificate}, {key}, {file}, which is the one that the refusal points
    at, and those of NEW_FILES, which are to be written."""

    sentence: str
    commands: tuple[str, ...] = ()
    rules: frozenset[str] = frozenset()
    look: Look | None = None


@dataclass(frozen=True, slots=True)
class Remedy:
    """What to do, and commands with the names of the user's own files in them."""

    sentence: str
    commands: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class FileNames:
    """What the user calls the two files."""

    certificate: str
    private_key: str

    def of(self, file: UploadFile) -> str:
        return {UploadFile.CERTIFICATE: self.certificate, UploadFile.PRIVATE_KEY: self.private_key}[file]


NEW_FILES = {
    "new_certificate": "for-unit.pem",
    "new_key": "for-unit.key",
    "new_request": "for-unit.csr",
    "new_pkcs8": "pkcs8.key",
    "new_text": "as-text.pem",
}

# The forms that every firmware reads, device-reference 11.1: what Cisco's own procedure yields.
WRITE_KEY = "openssl rsa -traditional -des3 -in {key} -out {new_key}"
WRITE_OLD_KEY = "openssl rsa -provider legacy -provider default -traditional -des3 -in {key} -out {new_key}"
WRITE_CERTIFICATE = "openssl x509 -in {certificate} -out {new_certificate}"
WRITE_CHAIN = "openssl crl2pkcs7 -nocrl -certfile {certificate} | openssl pkcs7 -print_certs -out {new_certificate}"
NEW_KEY = "openssl genrsa -traditional -des3 -out {new_key} 2048"
NEW_REQUEST = "openssl req -new -key {new_key} -out {new_request}"
NEW_SELF_SIGNED = "openssl req -new -x509 -days 365 -key {new_key} -out {new_certificate}"
FROM_PKCS12 = (
    "openssl pkcs12 -in {file} -nokeys -out {new_certificate}",
    # Two steps: both would ask at once in a pipe. The key is never on the disk in clear.
    "openssl pkcs12 -in {file} -nocerts -out {new_pkcs8}",
    "openssl rsa -traditional -des3 -in {new_pkcs8} -out {new_key}",
)

_NOT_PLAIN_TEXT = (
    Row(
        "the file is UTF-16, as some editors save it; write it as ASCII",
        ("iconv -f UTF-16 -t ASCII {file} >{new_text}",),
        look=Look.UTF_16,
    ),
    Row(
        "an editor put a byte-order mark before the first dash; cut it off",
        ("tail -c +4 {file} >{new_text}",),
        look=Look.BYTE_ORDER_MARK,
    ),
    Row(
        "the lines end in CR alone, so all of it is one line; write LF",
        (r"tr '\r' '\n' <{file} >{new_text}",),
        look=Look.LONE_CR,
    ),
    Row(
        "the BEGIN and END lines must start in the first column",
        ("sed 's/^[[:blank:]]*//' {file} >{new_text}",),
        look=Look.INDENTED,
    ),
)
_NEW_PAIR = Row(
    "use an RSA key of 2048 bits, with a certificate for it: no other kind serves on every firmware",
    (NEW_KEY, NEW_REQUEST),
)
_DAMAGED_KEY = Row(
    "the key is damaged or of an odd form; if the OpenSSL here reads it, let it write the key anew, "
    "and otherwise take the key from another copy",
    (WRITE_KEY,),
)
_UNREAD_ENCRYPTION = "this firmware cannot read the way in which the key is encrypted; "

REMEDIES: Mapping[Refusal, tuple[Row, ...]] = {
    Refusal.NO_CERTIFICATE: (
        Row("the certificate file is empty: is it the right one?", look=Look.EMPTY),
        *_NOT_PLAIN_TEXT,
        Row(
            "the file is PKCS#12 (.pfx, .p12), which holds certificate and key: take it apart",
            FROM_PKCS12,
            look=Look.PKCS12,
        ),
        Row(
            "the file is PKCS#7 (.p7b): take the certificates out, and put the unit's own first",
            ("openssl pkcs7 -inform DER -in {file} -print_certs -out {new_certificate}",),
            look=Look.PKCS7,
        ),
        Row(
            "the file is PKCS#7: take the certificates out, and put the unit's own first",
            ("openssl pkcs7 -in {file} -print_certs -out {new_certificate}",),
            look=Look.PKCS7_PEM,
        ),
        Row(
            "the file is DER; the unit reads PEM",
            ("openssl x509 -inform DER -in {file} -out {new_certificate}",),
            look=Look.DER_CERTIFICATE,
        ),
        Row(
            "the file is the request; send it to the authority and upload what comes back, or sign it yourself",
            (NEW_SELF_SIGNED,),
            look=Look.REQUEST,
        ),
        Row("the certificate file holds a key alone: are the two files exchanged?", look=Look.ONLY_A_KEY),
        Row(
            "the file needs a line '-----BEGIN CERTIFICATE-----', dashes in the first column and nothing after them; "
            "if the OpenSSL here finds a certificate in it, let it write the file anew",
            (WRITE_CERTIFICATE,),
        ),
    ),
    Refusal.MALFORMED_CERTIFICATE: (
        Row(
            "the lines are too long for this firmware; write the file anew, in lines of 64",
            (WRITE_CHAIN,),
            rules=frozenset({"base64-line-too-long"}),
        ),
        Row(
            "a block in the file is cut off or run into the next; write the file anew, or take another copy",
            (WRITE_CHAIN,),
            rules=frozenset({"bad-end-line"}),
        ),
        Row(
            "the certificate is damaged or of an odd form; if the OpenSSL here reads it, let it write the file anew, "
            "and otherwise ask the authority for another copy",
            (WRITE_CERTIFICATE,),
        ),
    ),
    Refusal.MALFORMED_CHAIN: (
        Row(
            "the unit refuses all of the file for one bad certificate after the leaf: write the file anew, "
            "or leave that certificate out",
            (WRITE_CHAIN,),
        ),
    ),
    Refusal.UNSUPPORTED_CERTIFICATE_KEY: (_NEW_PAIR,),
    Refusal.NO_KEY: (
        Row("the key file is empty: is it the right one?", look=Look.EMPTY),
        *_NOT_PLAIN_TEXT,
        Row(
            "the file is PKCS#12 (.pfx, .p12), which holds certificate and key: take it apart",
            FROM_PKCS12,
            look=Look.PKCS12,
        ),
        Row(
            "the file is DER; the unit reads PEM",
            ("openssl rsa -inform DER -traditional -des3 -in {file} -out {new_key}",),
            look=Look.DER_KEY,
        ),
        Row(
            "the key is in OpenSSH's own form; write a copy in the old one",
            ("cp {file} {new_key}", "ssh-keygen -p -m PEM -f {new_key}"),
            look=Look.OPENSSH_KEY,
        ),
        Row(
            "the key is in PuTTY's own form; write it in the old one",
            ("puttygen {file} -O private-openssh -o {new_key}",),
            look=Look.PUTTY_KEY,
        ),
        Row("the key file holds a certificate alone: are the two files exchanged?", look=Look.ONLY_A_CERTIFICATE),
        Row("the file is the request; the key is the file it was made with", look=Look.REQUEST),
        Row("the file holds the public half; the unit needs the private key", look=Look.PUBLIC_KEY),
        Row(
            "the file needs a line '-----BEGIN RSA PRIVATE KEY-----', dashes in the first column and nothing after "
            "them; if the OpenSSL here finds a key in it, let it write the key anew",
            (WRITE_KEY,),
        ),
    ),
    Refusal.MALFORMED_KEY: (
        Row(
            "the lines are not those that this firmware reads (64 columns after an empty line, 79 at most "
            "elsewhere); write the key anew",
            (WRITE_KEY,),
            rules=frozenset({"base64-line-too-long", "bad-end-line"}),
        ),
        Row(
            "the header lines must be 'Proc-Type: 4,ENCRYPTED' and 'DEK-Info: NAME,DIGITS', byte for byte, "
            "and then an empty line; write the key anew",
            (WRITE_KEY,),
            rules=frozenset({"not-proc-type", "not-encrypted", "short-header", "not-dek-info", "bad-iv"}),
        ),
        _DAMAGED_KEY,
    ),
    Refusal.UNSUPPORTED_KEY_TYPE: (
        Row(
            "this firmware does not take PKCS#8; write the key in its traditional form",
            (WRITE_KEY,),
            rules=frozenset({"pkcs8-switched-off"}),
        ),
        _NEW_PAIR,
    ),
    Refusal.UNSUPPORTED_ENCRYPTION: (
        Row(
            "write the key in its traditional form: this firmware cannot read PBES2 with the HMAC of the key's "
            "PBKDF2 (HMAC-SHA256 is what OpenSSL writes since 1.1.0)",
            (WRITE_KEY,),
            rules=frozenset({"unknown-prf"}),
        ),
        Row(
            "write the key in its traditional form: this firmware does not know scrypt, or what else the passphrase "
            "is stretched with",
            (WRITE_KEY,),
            rules=frozenset({"unknown-kdf"}),
        ),
        Row(_UNREAD_ENCRYPTION + "write it with 3DES, which all firmware reads", (WRITE_OLD_KEY,)),
    ),
    Refusal.PASSPHRASE_REQUIRED: (
        Row(
            "an empty passphrase opens nothing on this firmware, even if the key was encrypted under one; "
            "write the key under another",
            (WRITE_KEY,),
            look=Look.EMPTY_PASSPHRASE,
        ),
        Row(
            "the key is encrypted: type its passphrase into the form's field, and give it here in a file",
            ("mcu-hil judge --passphrase-file FILE {certificate} {key}",),
        ),
    ),
    Refusal.PASSPHRASE_TOO_LONG: (
        Row("write the key under a passphrase of 31 printable characters or less", (WRITE_KEY,)),
    ),
    Refusal.WRONG_PASSPHRASE: (
        Row(
            "the encrypted data is not a whole number of cipher blocks: the key is damaged, whatever the passphrase; "
            "take it from another copy",
            rules=frozenset({"final-block-length"}),
        ),
        Row(_UNREAD_ENCRYPTION + "write it with 3DES", (WRITE_OLD_KEY,), rules=frozenset({"no-salt"})),
        Row(
            "the passphrase ends in a blank, a tab or a line end, and each counts: is that meant? "
            "(one LF or CR LF at the end of --passphrase-file is not counted)",
            look=Look.BLANK_AT_THE_END,
        ),
        Row(
            "the passphrase is not all ASCII, and its bytes count: try it in the character set in which the key was "
            "encrypted, then write the key under a passphrase of printable ASCII",
            (WRITE_KEY,),
            look=Look.NOT_ASCII,
        ),
        Row(
            "the passphrase is not the key's, or the key is damaged; OpenSSL tells if it can open it",
            ("openssl rsa -noout -check -in {key}",),
        ),
    ),
    Refusal.KEY_MISMATCH: (
        Row(
            "an editor put a byte-order mark before the first certificate, which is passed over for it; cut it off",
            ("tail -c +4 {certificate} >{new_certificate}",),
            look=Look.BYTE_ORDER_MARK,
        ),
        Row(
            "the key belongs to a later certificate of the file: put the unit's own certificate first, "
            "then its issuer, and so on up; these show which is which",
            (WRITE_CHAIN, "grep -n ^subject= {new_certificate}"),
            look=Look.LEAF_NOT_FIRST,
        ),
        Row(
            "the key is of another type than the certificate's: this is the key of another certificate",
            ("openssl x509 -noout -text -in {certificate}",),
            rules=frozenset({"other-key-type"}),
        ),
        Row(
            "the key is not the certificate's: find the key that the request was made with; "
            "these two print the same if they belong together",
            ("openssl x509 -noout -pubkey -in {certificate}", "openssl pkey -pubout -in {key}"),
        ),
    ),
    Refusal.TOO_LARGE: (
        Row(
            "the key asks for so many rounds of PBKDF2 that the unit would hang; write it anew",
            (WRITE_KEY,),
            rules=frozenset({"too-many-iterations"}),
        ),
        Row(
            "no form of the unit takes so much: leave out all but the certificates, or all but the key",
            (WRITE_CHAIN,),
        ),
    ),
}


def remedy(upload: Upload, refused: UploadRefused, firmware: Firmware, names: FileNames) -> Remedy:
    """What to do about a refusal, in terms of the user's own files."""
    seen = looks(upload, refused, firmware)
    row = next(
        row
        for row in REMEDIES[refused.refusal]
        if (not row.rules or refused.rule in row.rules) and (row.look is None or row.look in seen)
    )
    file = UploadFile.CERTIFICATE if refused.place is None else refused.place.file
    files = {
        "certificate": names.certificate,
        "key": names.private_key,
        "file": names.of(file),
        **{stand_in: _unlike(name, names) for stand_in, name in NEW_FILES.items()},
    }
    quoted = {stand_in: shlex.quote(name) for stand_in, name in files.items()}
    return Remedy(row.sentence, tuple(command.format(**quoted) for command in row.commands))


def _unlike(name: str, names: FileNames) -> str:
    """A name that is neither of the user's: a command that reads and writes one file empties it."""
    while name in (PurePath(names.certificate).name, PurePath(names.private_key).name):
        name = f"new-{name}"
    return name
