"""Words that the reader compares with: what a fuzzer would take long to find letter by letter."""

from __future__ import annotations

from certstore import OPENSSL_0_9_8, OPENSSL_1_0_1, identifiers
from certstore.pbe import PBES2_CIPHERS, PRFS, SCHEMES
from certstore.pem import BEGIN, DASHES, END, PIECE

LABELS = (
    b"CERTIFICATE",
    b"X509 CERTIFICATE",
    b"TRUSTED CERTIFICATE",
    b"CERTIFICATE REQUEST",
    b"X509 CRL",
    b"PRIVATE KEY",
    b"ENCRYPTED PRIVATE KEY",
    b"ANY PRIVATE KEY",
    b"RSA PRIVATE KEY",
    b"DSA PRIVATE KEY",
    b"EC PRIVATE KEY",
    b"ec PRIVATE KEY",
    b"HMAC PRIVATE KEY",
    b"DH PRIVATE KEY",
    b"EC PARAMETERS",
    b"",
)
_CIPHER_NAMES = sorted(name.encode() for name in {*OPENSSL_0_9_8.ciphers, *OPENSSL_1_0_1.ciphers})

# Whole lines, to be planted between others.
LINES = (
    *(BEGIN + label + DASHES for label in LABELS),
    *(END + label + DASHES for label in LABELS),
    b"Proc-Type: 4,ENCRYPTED",
    b"Proc-Type: 4,MIC-CLEAR",
    b"Proc-Type: 4,ENCRYPTED\nDEK-Info: DES-EDE3-CBC,0001020304050607\n",
    *(b"DEK-Info: " + name + b",000102030405060708090A0B0C0D0E0F" for name in _CIPHER_NAMES),
    b"Content-Domain: RFC822",
    b"",
    b" ",
    b"\t\r",
    b"\0",
    b"\xef\xbb\xbf",
    b"A" * 64,
    b"A" * 76,
    b"A" * 79,
    b"A" * 80,
    b" " * PIECE,
    b"-" * PIECE,
    b"====",
    b"AA==",
    b"-----",
    b"A-",
)

_FRAGMENTS = (BEGIN, END, DASHES, b"\r\n", b"\n\n", b"Proc-Type: ", b"4,ENCRYPTED", b"DEK-Info: ", b"PRIVATE KEY")
_IDENTIFIERS = (
    *(content for content in vars(identifiers).values() if isinstance(content, bytes)),
    *SCHEMES,
    *PRFS,
    *PBES2_CIPHERS,
)


def libfuzzer_dictionary() -> str:
    """The same and the object identifiers, as a file for libFuzzer's `-dict`."""
    words = (*_FRAGMENTS, *LABELS, *_CIPHER_NAMES, *_IDENTIFIERS)
    return "".join(f'"{_escaped(word)}"\n' for word in dict.fromkeys(words) if word)


def _escaped(word: bytes) -> str:
    return "".join(f"\\x{octet:02x}" for octet in word)
