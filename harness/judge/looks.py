"""What a refused upload looks like to a person who has seen many: recognised by a few bytes, believed by nobody.

A look only chooses between remedies. It is never part of a verdict.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from enum import Enum

from certstore import Firmware, Upload, UploadFile, UploadRefused, receive


class Look(Enum):
    """One each; a remedy may ask for one."""

    EMPTY = "an empty file"
    UTF_16 = "UTF-16 text"
    BYTE_ORDER_MARK = "a byte-order mark before the first dash"
    INDENTED = "an indented BEGIN line"
    LONE_CR = "line ends of CR alone"
    PKCS12 = "PKCS#12"
    PKCS7 = "PKCS#7 in DER"
    PKCS7_PEM = "PKCS#7 in PEM"
    DER_KEY = "a private key in DER"
    DER_CERTIFICATE = "a certificate in DER"
    REQUEST = "a certificate signing request"
    OPENSSH_KEY = "a key of OpenSSH's own form"
    PUTTY_KEY = "a key of PuTTY's own form"
    PUBLIC_KEY = "a public key"
    ONLY_A_KEY = "a private key where the certificate should be"
    ONLY_A_CERTIFICATE = "a certificate where the key should be"
    EMPTY_PASSPHRASE = "an empty passphrase"
    BLANK_AT_THE_END = "a passphrase that ends in a blank, a tab or a line end"
    NOT_ASCII = "a passphrase that is not ASCII"
    LEAF_NOT_FIRST = "a later certificate that the key belongs to"


_LENGTH = rb"(?:[\x00-\x80]|\x81.|\x82..|\x83...)"
_SEQUENCE = rb"\x30" + _LENGTH
_PKCS = rb"\x06.\x2a\x86\x48\x86\xf7\x0d\x01"


def _at_start(pattern: bytes) -> re.Pattern[bytes]:
    return re.compile(rb"\A" + pattern, re.DOTALL)


def _anywhere(pattern: bytes) -> re.Pattern[bytes]:
    return re.compile(pattern, re.MULTILINE)


# In the file that the refusal points at. The first that fits is what it looks like.
FILE_LOOKS: Mapping[Look, re.Pattern[bytes]] = {
    Look.EMPTY: re.compile(rb"\A\s*\Z"),
    Look.UTF_16: _at_start(rb"(?:\xff\xfe|\xfe\xff|-\0-\0|\0-\0-)"),
    Look.PKCS12: _at_start(_SEQUENCE + rb"\x02\x01\x03"),
    Look.PKCS7: _at_start(_SEQUENCE + _PKCS + rb"\x07"),
    # RFC 8017 A.1.2, RFC 5958: a version; or PKCS#5 or PKCS#12 encryption.
    Look.DER_KEY: _at_start(_SEQUENCE + rb"(?:\x02\x01[\x00\x01]|" + _SEQUENCE + _PKCS + rb"[\x05\x0c])"),
    Look.DER_CERTIFICATE: _at_start(_SEQUENCE + _SEQUENCE),
    Look.BYTE_ORDER_MARK: _at_start(rb"\xef\xbb\xbf-----BEGIN "),
    Look.LONE_CR: _anywhere(rb"-----BEGIN [^\n]*-----\r(?!\n)"),
    Look.INDENTED: _anywhere(rb"^[ \t]+-----BEGIN "),
    Look.PKCS7_PEM: _anywhere(rb"^-----BEGIN PKCS ?#?7"),
    Look.REQUEST: _anywhere(rb"^-----BEGIN (?:NEW )?CERTIFICATE REQUEST-----"),
    Look.OPENSSH_KEY: _anywhere(rb"^-----BEGIN OPENSSH PRIVATE KEY-----"),
    Look.PUTTY_KEY: _at_start(rb"PuTTY-User-Key-File-"),
    Look.ONLY_A_KEY: _anywhere(rb"^-----BEGIN (?:[A-Z]+ )?PRIVATE KEY-----"),
    Look.ONLY_A_CERTIFICATE: _anywhere(rb"^-----BEGIN (?:X509 |TRUSTED )?CERTIFICATE-----"),
    Look.PUBLIC_KEY: _anywhere(rb"^-----BEGIN (?:RSA )?PUBLIC KEY-----"),
}
PASSPHRASE_LOOKS: Mapping[Look, re.Pattern[bytes]] = {
    Look.EMPTY_PASSPHRASE: re.compile(rb"\A\Z"),
    Look.BLANK_AT_THE_END: re.compile(rb"\s\Z"),
    Look.NOT_ASCII: re.compile(rb"[^\x00-\x7f]"),
}
_CERTIFICATE_BLOCK = re.compile(rb"^-----BEGIN ([A-Z0-9 ]+)-----$.*?^-----END \1-----$", re.MULTILINE | re.DOTALL)


def looks(upload: Upload, refused: UploadRefused, firmware: Firmware) -> frozenset[Look]:
    """What the refused upload looks like: at most one look of a file, one of the passphrase, and the rest."""
    found = {_first(FILE_LOOKS, _file(upload, refused))}
    if upload.passphrase is not None:
        found.add(_first(PASSPHRASE_LOOKS, upload.passphrase))
    if _certificate_of_the_key(upload, firmware) is not None:
        found.add(Look.LEAF_NOT_FIRST)
    return frozenset(look for look in found if look is not None)


def _file(upload: Upload, refused: UploadRefused) -> bytes:
    if refused.place is not None and refused.place.file is UploadFile.PRIVATE_KEY:
        return upload.private_key
    return upload.certificate


def _first(table: Mapping[Look, re.Pattern[bytes]], octets: bytes) -> Look | None:
    return next((look for look, pattern in table.items() if pattern.search(octets)), None)


def _certificate_of_the_key(upload: Upload, firmware: Firmware) -> int | None:
    """Which of the later blocks, from 0, would be taken with this key if it stood alone."""
    blocks = [block[0] + b"\n" for block in _CERTIFICATE_BLOCK.finditer(upload.certificate.replace(b"\r\n", b"\n"))]
    for at, block in enumerate(blocks[1:], 1):
        try:
            receive(Upload(block, upload.private_key, upload.passphrase), firmware)
        except UploadRefused:
            continue
        return at
    return None
