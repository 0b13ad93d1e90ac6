"""Object identifiers: their content octets from the dotted form."""

from __future__ import annotations


def oid(dotted: str) -> bytes:
    """Content octets, X.690 section 8.19."""
    first, second, *rest = map(int, dotted.split("."))
    return b"".join(_base128(number) for number in (40 * first + second, *rest))


def _base128(number: int) -> bytes:
    octets = [number & 0x7F]
    while number := number >> 7:
        octets.append(0x80 | number & 0x7F)
    return bytes(reversed(octets))


# Public key algorithms and the aliases under which obj_dat.h knows them.
RSA_ENCRYPTION = oid("1.2.840.113549.1.1.1")
RSA_X500 = oid("2.5.8.1.1")
DSA = oid("1.2.840.10040.4.1")
DSA_OLD = oid("1.3.14.3.2.12")
DSA_WITH_SHA = oid("1.3.14.3.2.13")
DSA_WITH_SHA1 = oid("1.2.840.10040.4.3")
DSA_WITH_SHA1_OLD = oid("1.3.14.3.2.27")
EC_PUBLIC_KEY = oid("1.2.840.10045.2.1")
DH_KEY_AGREEMENT = oid("1.2.840.113549.1.3.1")

# ANSI X9.62 fields and bases.
PRIME_FIELD = oid("1.2.840.10045.1.1")
CHARACTERISTIC_TWO_FIELD = oid("1.2.840.10045.1.2")
TRINOMIAL_BASIS = oid("1.2.840.10045.1.2.3.2")
PENTANOMIAL_BASIS = oid("1.2.840.10045.1.2.3.3")

PBES2 = oid("1.2.840.113549.1.5.13")
PBKDF2 = oid("1.2.840.113549.1.5.12")
