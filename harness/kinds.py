"""Kinds of upload that a unit takes, one thing special about each: the key, its file, the certificate, the chain.

All certificates of a kind differ from unit to unit; keys are made once a process. What is special is named as the
device reference has it; `open` says why a real firmware may decide otherwise than the model.
"""

from __future__ import annotations

import base64
import datetime
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from cryptography.hazmat.primitives.asymmetric import rsa

from certstore import Upload
from harness import key_files, pki
from harness.catalogue import PASSPHRASE, FileNames, Material
from harness.key_files import KeyFile
from harness.once import once
from harness.pki import Issued, Names, Terms

Make = Callable[[str, str], Material]
"""From address and common name."""

LONGEST_CHAIN = 10
ODD_PASSPHRASE = b""" Up+low%20&"q'$HOME`id`;|\\<b> """
"""31 octets at most, which is this product's usual limit of a string (11.4, I); what a shell, a page or an address
would take for something else among them."""
ODD_ORGANISATION = 'R&D "<i>Labs</i>"'
WINDOWS_FILES = ("unit.cer", "unit.key")
"""As in the procedure for a Windows authority (device-reference 2.5, mark D)."""


@dataclass(frozen=True)
class Kind:
    """One kind of upload."""

    make: Make
    open: str = ""
    """Why it is not known whether it is taken; empty where documents or the model say that it is."""


@once
def _authority(intermediates: int) -> pki.Authority:
    return pki.Authority.create(intermediates)


def _material(
    issued: Issued,
    file: KeyFile,
    certificate: bytes | None = None,
    more: tuple[bytes, ...] = (),
    files: FileNames = None,
) -> Material:
    pem = issued.certificate_pem if certificate is None else certificate
    return Material(Upload(pem, file.content, file.passphrase), (*issued.chain_der, *more), files)


def _leaf(
    address: str,
    name: str,
    terms: Terms = pki.USUAL,
    key: rsa.RSAPrivateKey | None = None,
    intermediates: int = 0,
) -> Issued:
    return _authority(intermediates).issue(address, common_name=name, key=key or key_files.common_key(), terms=terms)


@once
def _plain(bits: int = pki.KEY_BITS) -> KeyFile:
    return KeyFile(pki.key_pem(key_files.key_of(bits)))


def _size(bits: int) -> Make:
    return lambda address, name: _material(_leaf(address, name, key=key_files.key_of(bits)), _plain(bits))


def _key_file(make: Callable[[rsa.RSAPrivateKey], bytes], passphrase: bytes | None = None) -> Make:
    file = once(lambda: KeyFile(make(key_files.common_key()), passphrase))
    return lambda address, name: _material(_leaf(address, name), file())


def _cipher(cipher: str, passphrase: bytes = PASSPHRASE) -> Make:
    return _key_file(lambda key: key_files.encrypted(key, cipher, passphrase), passphrase)


def _text(reform: Callable[[bytes], bytes], files: FileNames = None) -> Make:
    """Both files."""

    def make(address: str, name: str) -> Material:
        issued = _leaf(address, name, intermediates=1)
        key = KeyFile(reform(_plain().content))
        return _material(issued, key, reform(issued.certificate_pem), files=files)

    return make


def _encrypted_by_windows() -> Make:
    def reform(key: rsa.RSAPrivateKey) -> bytes:
        return key_files.encrypted(key, "DES-EDE3-CBC", PASSPHRASE).replace(b"\n", b"\r\n")

    return _key_file(reform, PASSPHRASE)


def _one_file_for_both(address: str, name: str) -> Material:
    """Certificate and key behind one another, in both fields."""
    issued = _leaf(address, name)
    both = issued.certificate_pem + _plain().content
    return _material(issued, KeyFile(both), both)


def _in_long_lines(pem: bytes) -> bytes:
    """Each block's base64 in lines of 76 columns, as MIME has it (RFC 2045 6.8)."""

    def block(found: re.Match[bytes]) -> bytes:
        return found[1] + base64.encodebytes(base64.b64decode(found[2])) + found[3]

    return re.sub(rb"(-----BEGIN [^-]+-----\n)([^-]+)(-----END [^-]+-----\n)", block, pem)


def _as_windows_writes(pem: bytes) -> bytes:
    """Attributes before the block, CRLF, blanks at the ends of lines, and no final line end."""
    text = b"Bag Attributes\n    localKeyID: 01 00 00 00\n    friendlyName: unit\n" + pem
    return text.replace(b"\n", b" \r\n").rstrip()


def _key_after_a_certificate(address: str, name: str) -> Material:
    issued = _leaf(address, name)
    return _material(issued, KeyFile(issued.certificate_pem + _plain().content))


def _several_objects(address: str, name: str) -> Material:
    """The key behind its certificate, both in lines of 76 columns, a passphrase that is not needed, and in the name
    what a page would take for markup."""
    issued = _leaf(address, name, Terms(organisation=ODD_ORGANISATION))
    key = KeyFile(_in_long_lines(issued.certificate_pem + _plain().content), PASSPHRASE)
    return _material(issued, key, _in_long_lines(issued.certificate_pem))


def _terms(terms: Terms) -> Make:
    return lambda address, name: _material(_leaf(address, name, terms), _plain())


def _chain(certificates: int, *, root: bool) -> Make:
    """So many certificates, the root among them or not."""
    intermediates = certificates - 1 - root

    def make(address: str, name: str) -> Material:
        issued = _leaf(address, name, intermediates=intermediates)
        if not root:
            return _material(issued, _plain())
        anchor = _authority(intermediates)
        return _material(issued, _plain(), issued.certificate_pem + anchor.root_pem, (anchor.root_der,))

    return make


def _self_signed(address: str, name: str) -> Material:
    key = key_files.common_key()
    return _material(pki.self_signed(address, common_name=name, key=key), _plain())


def _year(year: int) -> datetime.datetime:
    return datetime.datetime(year, 1, 1, tzinfo=datetime.UTC)


SIZE_OPEN = "no limit of size is documented (2.5, 16 row 7, U)"
CHAIN_OPEN = "no limit of a file's size is documented (2.5, U)"
PKCS8_OPEN = "not taken where the handler uses the RSA reader (11.1, U)"
FORM_OPEN = "the form may allow fewer octets, or change them (11.4, I)"
BUILT_OPEN = "read if it was built in (11.1, I)"

_CHAINS: Mapping[str, Kind] = {
    f"chain of {count}{' with its root' * root}": Kind(_chain(count, root=root), CHAIN_OPEN if count > 3 else "")
    for count in range(1, LONGEST_CHAIN + 1)
    for root in (False, True)
    if count > root
}

KINDS: Mapping[str, Kind] = {
    "RSA 1024": Kind(_size(1024)),
    "RSA 1536": Kind(_size(1536), SIZE_OPEN),
    "RSA 2048": Kind(_size(2048)),
    "RSA 3072": Kind(_size(3072), SIZE_OPEN),
    "RSA 4096": Kind(_size(4096), SIZE_OPEN),
    "PKCS#8": Kind(_key_file(lambda key: key_files.written(key, key_files.PKCS8)), PKCS8_OPEN),
    "PKCS#8, PBES1": Kind(_key_file(key_files.pbes1, PASSPHRASE), PKCS8_OPEN),
    "PKCS#8, PBES2": Kind(_key_file(key_files.pbes2, PASSPHRASE), PKCS8_OPEN),
    "DES-CBC": Kind(_cipher("DES-CBC")),
    "DES-EDE3-CBC": Kind(_cipher("DES-EDE3-CBC")),
    "AES-128-CBC": Kind(_cipher("AES-128-CBC")),
    "AES-192-CBC": Kind(_cipher("AES-192-CBC")),
    "AES-256-CBC": Kind(_cipher("AES-256-CBC")),
    "IDEA-CBC": Kind(_cipher("IDEA-CBC"), BUILT_OPEN),
    "RC2-CBC": Kind(_cipher("RC2-CBC"), BUILT_OPEN),
    "passphrase of 1 byte": Kind(_cipher("AES-128-CBC", b"x")),
    "passphrase with blanks": Kind(_cipher("AES-128-CBC", b"  two words  ")),
    "passphrase of 31 bytes": Kind(_cipher("AES-128-CBC", b"p" * 31)),
    "passphrase that is no ASCII": Kind(_cipher("AES-128-CBC", b"\xfcml\xe4ut \xff"), FORM_OPEN),
    "passphrase of 1024 bytes": Kind(_cipher("AES-128-CBC", b"p" * 1024), FORM_OPEN),
    "passphrase for a plain key": Kind(_key_file(pki.key_pem, PASSPHRASE), "the form may refuse it (11.4, I)"),
    "CRLF": Kind(_text(lambda pem: pem.replace(b"\n", b"\r\n"))),
    "leading text": Kind(_text(lambda pem: b"Bag Attributes\n    localKeyID: 01\n" + pem)),
    "no final newline": Kind(_text(lambda pem: pem.rstrip(b"\n"))),
    "64 KiB of leading text": Kind(_text(lambda pem: b"a line of text\n" * 4370 + pem), CHAIN_OPEN),
    "base64 in lines of 76": Kind(_text(_in_long_lines), "as the reader has it (11.3, I)"),
    "blanks at the ends of lines": Kind(_text(lambda pem: pem.replace(b"\n", b" \n"))),
    "encrypted, CRLF": Kind(_encrypted_by_windows()),
    "one file for both": Kind(_one_file_for_both, "one object a file may be wanted (11.3, I)"),
    "key after a certificate": Kind(_key_after_a_certificate, "one object a file may be wanted (11.3, I)"),
    "passphrase with a plus": Kind(_cipher("AES-128-CBC", b"one+two")),
    "passphrase of both cases": Kind(_cipher("AES-128-CBC", b"UPPER and lower")),
    "text as Windows writes it": Kind(_text(_as_windows_writes, WINDOWS_FILES)),
    "files of other names": Kind(_text(lambda pem: pem, ("C:\\keys\\my unit.CRT", "privkey"))),
    "several objects in long lines": Kind(_several_objects, "one object a file may be wanted (11.3, I)"),
    "AES-256-CBC, odd passphrase": Kind(_cipher("AES-256-CBC", ODD_PASSPHRASE), FORM_OPEN),
    "self-signed": Kind(_self_signed),
    "expired": Kind(_terms(Terms(not_before=_year(2005), not_after=_year(2010)))),
    "not yet valid": Kind(_terms(Terms(not_before=_year(2040), not_after=_year(2045)))),
    "signed with SHA-1": Kind(_terms(Terms(digest="sha1"))),
    "signed with SHA-512": Kind(_terms(Terms(digest="sha512")), "listed among the unknowns (16 row 7, U)"),
    "X.509 version 1": Kind(_terms(Terms(version=1))),
    "markup in its name": Kind(_terms(Terms(organisation=ODD_ORGANISATION))),
    "name that is no ASCII": Kind(_terms(Terms(organisation="Zürich Straße"))),
    "200 host names": Kind(_terms(Terms(further_hosts=200)), CHAIN_OPEN),
    "named by CN alone": Kind(_terms(Terms(names=Names.COMMON_NAME))),
    "named by host": Kind(_terms(Terms(names=Names.HOST))),
    "named by IP address": Kind(_terms(Terms(names=Names.ADDRESS))),
    **_CHAINS,
}
"""By the name that stands in test ids and profiles."""

NAMES_AS_MARKUP = frozenset({"several objects in long lines", "markup in its name"})
"""Kinds of which the certificate is for ODD_ORGANISATION."""

REPRESENTATIVE = (
    "PKCS#8",
    "PKCS#8, PBES1",
    "AES-256-CBC, odd passphrase",
    "text as Windows writes it",
    "several objects in long lines",
    "expired",
    "chain of 6 with its root",
)
"""What a default run tries, several harmless things at once. The others, one thing each, cost time in a large lab."""
