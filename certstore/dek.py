"""Traditional PEM encryption: PEM_get_EVP_CIPHER_INFO and PEM_do_header, crypto/pem/pem_lib.c.

RFC 1421 section 4.6.1 gives the headers; this reader takes them byte for byte and looks at no others.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from hashlib import md5

from certstore.branch import Branch
from certstore.ciphers import Cipher
from certstore.passphrase import Passphrase
from certstore.rules import Rule, Violation

SALT_OCTETS = 8

_PROC_TYPE = b"Proc-Type: "
_ENCRYPTED = b"4,ENCRYPTED"
_DEK_INFO = b"DEK-Info: "
# The longest run of these characters is the name; one character of any kind separates it from the initial vector.
_CIPHER_NAME = re.compile(rb"[A-Z0-9-]*")
_HEX_DIGITS = re.compile(rb"[0-9A-Fa-f]*")


@dataclass(frozen=True, slots=True)
class DekInfo:
    """A cipher and its initial vector, whose first eight octets are also the salt."""

    cipher: Cipher
    iv: bytes


def read(header: bytes, branch: Branch) -> DekInfo | None:
    """How the block is encrypted, None if it is not; Violation for headers of any other form."""
    if not header:
        return None
    if not header.startswith(_PROC_TYPE):
        raise Violation(Rule.NOT_PROC_TYPE)
    if not header.startswith(_ENCRYPTED, len(_PROC_TYPE)):
        raise Violation(Rule.NOT_ENCRYPTED)
    # Whatever follows ENCRYPTED in its line is not looked at.
    rest = header[header.index(b"\n") + 1 :]
    if not rest.startswith(_DEK_INFO):
        raise Violation(Rule.NOT_DEK_INFO)
    name = _CIPHER_NAME.match(rest, len(_DEK_INFO))
    assert name is not None, "the expression matches the empty string"
    cipher = branch.ciphers.get(name[0].decode("ascii"))
    if cipher is None:
        raise Violation(Rule.UNKNOWN_CIPHER)
    digits = rest[name.end() + 1 :][: 2 * cipher.iv_octets]
    if len(digits) < 2 * cipher.iv_octets or not _HEX_DIGITS.fullmatch(digits):
        raise Violation(Rule.BAD_IV)
    return DekInfo(cipher, bytes.fromhex(digits.decode("ascii")))


def bytes_to_key(passphrase: bytes, salt: bytes, length: int) -> bytes:
    """EVP_BytesToKey with MD5 and one iteration."""
    key = digest = b""
    while len(key) < length:
        digest = md5(digest + passphrase + salt, usedforsecurity=False).digest()
        key += digest
    return key[:length]


def decrypt(data: bytes, info: DekInfo, passphrase: Passphrase) -> bytes:
    """The data of an encrypted block; Violation if there is no passphrase or the padding is wrong after it."""
    phrase = passphrase.ask()
    if not info.iv:
        # PEM_do_header takes the salt from where the initial vector would be, and nobody has written there.
        raise Violation(Rule.NO_SALT)
    key = bytes_to_key(phrase, info.iv[:SALT_OCTETS], info.cipher.key_octets)
    return info.cipher.decrypt(key, info.iv, data)
