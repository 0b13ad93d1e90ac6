"""Public keys: what the two halves of an upload are compared by."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from certstore.asn1 import BIT_STRING, NULL, OBJECT, SEQUENCE, encoded, encoded_integer

RSA_ENCRYPTION = bytes.fromhex("2a864886f70d010101")


class PublicKey(Protocol):
    """One key of one type. Equal means: X509_check_private_key finds nothing to object to."""

    def subject_public_key_info(self) -> bytes:
        """DER, as i2d_PUBKEY writes it."""
        ...


@dataclass(frozen=True, slots=True)
class RsaPublicKey:
    """Modulus and exponent; both count."""

    modulus: int
    exponent: int

    def subject_public_key_info(self) -> bytes:
        algorithm = encoded(SEQUENCE, encoded(OBJECT, RSA_ENCRYPTION), encoded(NULL))
        key = encoded(SEQUENCE, encoded_integer(self.modulus), encoded_integer(self.exponent))
        return encoded(SEQUENCE, algorithm, encoded(BIT_STRING, b"\0", key))
