"""An assortment of some four hundred uploads: each form of a certificate file with each form of a key file.

For asking a unit, without one restart, whether it decides as `certstore` does. Whether an upload is good is not said
here: that is for the model to say. All of them share one key; each has a certificate of its own, so that the unit's
status table shows which of them it took.
"""

from __future__ import annotations

import base64
import functools
import tempfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric import rsa

from certstore import Upload
from harness import catalogue, key_files, pki
from harness.key_files import PKCS8, TRADITIONAL, KeyFile, written
from harness.once import once

PASSPHRASE = catalogue.PASSPHRASE

LEAF = "a leaf"
PLAIN_KEY = "a plain key"
"""The two forms that every firmware takes: next to them another form's trouble is its own."""


@dataclass(frozen=True)
class Sample:
    """One upload of the assortment."""

    certificate_form: str
    key_form: str
    common_name: str
    """Of its leaf, and of no other leaf in the assortment."""
    upload: Upload = field(repr=False)

    @property
    def name(self) -> str:
        return f"{self.certificate_form} with {self.key_form}"


@dataclass(frozen=True)
class _Chain:
    leaf: bytes
    intermediates: bytes
    root: bytes

    @property
    def whole(self) -> bytes:
        return self.leaf + self.intermediates


def _relabelled(pem: bytes, label: bytes) -> bytes:
    return pem.replace(b"BEGIN CERTIFICATE", b"BEGIN " + label).replace(b"END CERTIFICATE", b"END " + label)


def _in_columns(pem: bytes, columns: int) -> bytes:
    """A single block, its base64 set in lines of that length."""
    begin, *body, end = pem.splitlines()
    octets = b"".join(body)
    lines = (octets[at : at + columns] for at in range(0, len(octets), columns))
    return b"\n".join([begin, *lines, end, b""])


def _without_its_end(pem: bytes) -> bytes:
    return b"".join(pem.splitlines(keepends=True)[:-1])


def _with_a_foreign_character(pem: bytes) -> bytes:
    lines = pem.splitlines(keepends=True)
    return b"".join([*lines[:2], b"*" + lines[2][1:], *lines[3:]])


Reform = Callable[[bytes], bytes]

# What may befall either file on its way: to the PEM text of one certificate or key.
_ANY_FILE: dict[str, Reform] = {
    "CRLF": lambda pem: pem.replace(b"\n", b"\r\n"),
    "text before it": lambda pem: b"Bag Attributes\n    localKeyID: 01\n" + pem,
    "no final newline": lambda pem: pem.rstrip(b"\n"),
    "blank lines around it": lambda pem: b"\n\n" + pem + b"\n\n",
    "blanks at the ends of lines": lambda pem: pem.replace(b"\n", b"  \n"),
    "lines of 76 columns": lambda pem: _in_columns(pem, 76),
    "one long line": lambda pem: _in_columns(pem, 1 << 20),
    "lines of 48 columns": lambda pem: _in_columns(pem, 48),
    "no END line": _without_its_end,
    "cut in the middle": lambda pem: pem[: len(pem) // 2],
    "a character outside base64": _with_a_foreign_character,
    "nothing": lambda pem: b"",
}


def _to_leaf(reform: Reform) -> Callable[[_Chain], bytes]:
    return lambda chain: reform(chain.leaf)


_CERTIFICATES: dict[str, Callable[[_Chain], bytes]] = {
    LEAF: lambda chain: chain.leaf,
    "a chain": lambda chain: chain.whole,
    "a chain with its root": lambda chain: chain.whole + chain.root,
    "a chain, root first": lambda chain: chain.root + chain.intermediates + chain.leaf,
    "a leaf twice": lambda chain: chain.leaf * 2,
    "a chain, its last block cut": lambda chain: chain.whole[:-80],
    "X509 CERTIFICATE": lambda chain: _relabelled(chain.leaf, b"X509 CERTIFICATE"),
    "TRUSTED CERTIFICATE": lambda chain: _relabelled(chain.leaf, b"TRUSTED CERTIFICATE"),
    "a leaf, DER": lambda chain: pki.pem_to_der(chain.leaf),
    **{f"a leaf, {name}": _to_leaf(reform) for name, reform in _ANY_FILE.items()},
}


def _by_openssl(plain: bytes, cipher: str) -> bytes:
    """The key as `openssl rsa` encrypts it, in the traditional form."""
    with tempfile.TemporaryDirectory(prefix="mcu-hil-") as folder:
        given, made = Path(folder, "plain.pem"), Path(folder, "key.pem")
        given.write_bytes(plain)
        catalogue.openssl("rsa", "-passout", ["-traditional", cipher, "-in", str(given), "-out", str(made)])
        return made.read_bytes()


# What befalls the key file, too.
_KEY_FILE = ("CRLF", "text before it", "cut in the middle", "nothing")

_PASSPHRASES = {
    "a passphrase of 1 byte": b"x",
    "a passphrase with blanks": b"  two words  ",
    "a passphrase that is no ASCII": b"\xfcml\xe4ut \xff",
    "a passphrase of 1024 bytes": b"p" * 1024,
    "a passphrase of 1025 bytes": b"p" * 1025,
}


def _new_key() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(public_exponent=65537, key_size=pki.KEY_BITS)


class _Owner:
    """Who has the key of every leaf, and somebody else.

    Neither key is of the pool: an authority might have it, and then a file with the root first were good as well.
    """

    def __init__(self) -> None:
        self.key, self.foreign = _new_key(), _new_key()
        self.plain = written(self.key, TRADITIONAL)

    @functools.cached_property
    def triple_des(self) -> bytes:
        return _by_openssl(self.plain, "-des3")


@once
def _owner() -> _Owner:
    return _Owner()


def _under(passphrase: bytes) -> Callable[[_Owner], KeyFile]:
    return lambda owner: KeyFile(key_files.encrypted(owner.key, "AES-128-CBC", passphrase), passphrase)


def _to_key(reform: Reform) -> Callable[[_Owner], KeyFile]:
    return lambda owner: KeyFile(reform(owner.plain))


_KEYS: dict[str, Callable[[_Owner], KeyFile]] = {
    PLAIN_KEY: lambda owner: KeyFile(owner.plain),
    "a plain key and a passphrase": lambda owner: KeyFile(owner.plain, PASSPHRASE),
    "a PKCS#8 key": lambda owner: KeyFile(written(owner.key, PKCS8)),
    "a PKCS#8 key, PBES2": lambda owner: KeyFile(written(owner.key, PKCS8, PASSPHRASE), PASSPHRASE),
    "DES-EDE3-CBC": lambda owner: KeyFile(owner.triple_des, PASSPHRASE),
    # Right after the one with its passphrase, which nobody may remember.
    "DES-EDE3-CBC, no passphrase": lambda owner: KeyFile(owner.triple_des),
    "DES-EDE3-CBC, wrong passphrase": lambda owner: KeyFile(owner.triple_des, b"not " + PASSPHRASE),
    "DES-EDE3-CBC, lower-case DEK-Info": lambda owner: KeyFile(
        owner.triple_des.replace(b"DES-EDE3", b"des-ede3"), PASSPHRASE
    ),
    "AES-128-CBC": lambda owner: KeyFile(_by_openssl(owner.plain, "-aes128"), PASSPHRASE),
    "AES-256-CBC": lambda owner: KeyFile(written(owner.key, TRADITIONAL, PASSPHRASE), PASSPHRASE),
    "the key of another": lambda owner: KeyFile(written(owner.foreign, TRADITIONAL)),
    "a plain key, DER": lambda owner: KeyFile(base64.b64decode(b"".join(owner.plain.splitlines()[1:-1]))),
    "a plain key after a certificate": lambda owner: KeyFile(pki.run_authority().root_pem + owner.plain),
    **{name: _under(passphrase) for name, passphrase in _PASSPHRASES.items()},
    **{f"a plain key, {name}": _to_key(_ANY_FILE[name]) for name in _KEY_FILE},
}

KEY_FORMS = tuple(_KEYS)
CERTIFICATE_FORMS = tuple(_CERTIFICATES)

OPEN: Mapping[str, str] = {
    "a chain, its last block cut": "taken where only the leaf is loaded (11.5, U)",
    "TRUSTED CERTIFICATE": "taken by the AUX reader only (11.3, I)",
    "a PKCS#8 key": "not taken where the handler uses the RSA reader (11.1, U)",
    "a PKCS#8 key, PBES2": "taken by branches after 0.9.8 (11.1, I)",
    "a plain key and a passphrase": "the form may refuse what the library ignores (11.4, I)",
    "the key of another": "refused, or stored and shown as not matching (2.6, I)",
    "a plain key after a certificate": "one object a file may be wanted (11.3, I)",
    "a passphrase that is no ASCII": "what arrives depends on the form's character set (11.4, I)",
    "a passphrase of 1024 bytes": "the form may allow fewer (11.4, I: 31)",
    "a passphrase of 1025 bytes": "the form may cut it to fewer (11.4, I)",
}
"""Forms on which a real firmware may decide otherwise than the model, with the device reference's place and mark."""


def samples(address: str) -> Iterator[Sample]:
    """Each certificate form with each key form, named for that address; always in the same order.

    Raises BenchError where the openssl command line is missing.
    """
    authority = pki.run_authority()
    owner = _owner()
    keys = {form: make(owner) for form, make in _KEYS.items()}
    number = 0
    for certificate_form, make in _CERTIFICATES.items():
        for key_form, key in keys.items():
            number += 1
            common_name = f"sample {number:03}"
            issued = authority.issue(address, common_name=common_name, key=owner.key)
            leaf, *intermediates = issued.certificate_blocks
            certificate = make(_Chain(leaf, b"".join(intermediates), authority.root_pem))
            yield Sample(certificate_form, key_form, common_name, Upload(certificate, key.content, key.passphrase))
