"""Private keys, decoded and no more: not one number of them is tested against another."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Protocol

from certstore.asn1 import SEQUENCE, encoded, encoded_integer
from certstore.public_key import PublicKey, RsaPublicKey


class PrivateKey(Protocol):
    """A private key that can be written in its traditional form."""

    @property
    def public_key(self) -> PublicKey: ...

    @property
    def label(self) -> bytes:
        """The PEM label of the traditional form."""
        ...

    def encoding(self) -> bytes:
        """DER of the traditional form."""
        ...


@dataclass(frozen=True, slots=True)
class RsaPrivateKey:
    """RSAPrivateKey, RFC 8017 appendix A.1.2; only the public half appears in `repr`."""

    public_key: RsaPublicKey
    # privateExponent, prime1, prime2, exponent1, exponent2, coefficient
    secrets: tuple[int, int, int, int, int, int] = field(repr=False)

    @property
    def label(self) -> bytes:
        return b"RSA PRIVATE KEY"

    def encoding(self) -> bytes:
        numbers = (0, self.public_key.modulus, self.public_key.exponent, *self.secrets)
        return encoded(SEQUENCE, *map(encoded_integer, numbers))
