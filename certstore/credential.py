"""A certificate chain with the key that belongs to its leaf."""

from __future__ import annotations

from base64 import encodebytes
from dataclasses import dataclass, field
from functools import cached_property
from hashlib import sha256

from certstore.private_key import PrivateKey
from certstore.public_key import PublicKey
from certstore.refusal import Refusal, UploadRefused
from certstore.rules import Rule


@dataclass(frozen=True)
class Credential:
    """Leaf, chain and private key; one whose key belongs to another certificate cannot exist.

    `chain` holds the certificates after the leaf in the order in which they are served. Credentials compare by
    their certificates: the leaf pins the key, and the key appears in no `repr`.
    """

    leaf: bytes
    chain: tuple[bytes, ...]
    _public_key: PublicKey = field(repr=False, compare=False)
    _private_key: PrivateKey = field(repr=False, compare=False)

    def __post_init__(self) -> None:
        mine, certified = self._private_key.public_key, self._public_key
        if mine.type is not certified.type:
            raise UploadRefused(Refusal.KEY_MISMATCH, Rule.OTHER_KEY_TYPE.detail)
        if not mine.fits(certified):
            raise UploadRefused(Refusal.KEY_MISMATCH, Rule.OTHER_KEY.detail)

    @property
    def certificates(self) -> tuple[bytes, ...]:
        """Leaf and chain."""
        return (self.leaf, *self.chain)

    @cached_property
    def leaf_sha256(self) -> str:
        return sha256(self.leaf).hexdigest()

    @cached_property
    def chain_sha256(self) -> tuple[str, ...]:
        return tuple(sha256(certificate).hexdigest() for certificate in self.chain)

    @cached_property
    def public_key_sha256(self) -> str:
        """Over the SubjectPublicKeyInfo of the private key."""
        return sha256(self._private_key.public_key.subject_public_key_info()).hexdigest()

    def certificate_pem(self) -> bytes:
        """Leaf, then chain."""
        return b"".join(_pem(b"CERTIFICATE", certificate) for certificate in self.certificates)

    def private_key_pem(self) -> bytes:
        """The key in its traditional form, unencrypted; the only way in which it leaves this object."""
        return _pem(self._private_key.label, self._private_key.encoding())


def _pem(label: bytes, der: bytes) -> bytes:
    text = encodebytes(der).replace(b"\n", b"")
    lines = b"\n".join(text[at : at + 64] for at in range(0, len(text), 64))
    return b"-----BEGIN " + label + b"-----\n" + lines + b"\n-----END " + label + b"-----\n"
