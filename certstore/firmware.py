"""What each generation of firmware can read, as data.

Almost everything is inferred: the documents name no library, the OpenSSL branch comes from the advisory data of
June 2014 (device-reference 8), and what the branch reads is known exactly. Marks are those of device-reference 0:
D documented, I inferred, R recollection, U unknown. An unknown is a field to be changed with `dataclasses.replace`.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from certstore.branch import OPENSSL_0_9_8, Branch, KeyType


class MismatchedPair(Enum):
    """What the upload page does with a key that is not the leaf's (U, device-reference 2.6 and 15.2)."""

    REFUSE = "refuse"
    STORE = "store"


class Serving(Enum):
    """What of a stored chain goes into the handshake (U, device-reference 11.5)."""

    CHAIN = "chain"
    LEAF_ONLY = "leaf only"


class Pkcs8(Enum):
    """Whether a form of PKCS#8 is taken (U, device-reference 11.1 and 15.2)."""

    ACCEPT = "accept"
    REFUSE = "refuse"


@dataclass(frozen=True, slots=True)
class Firmware:
    """One generation: its OpenSSL branch and the unit's own limits around it."""

    version: str
    generation: str
    branch: Branch
    # SSL_CTX_check_private_key fails on such a pair; that the page asks it is inferred from its status row.
    mismatched_pair: MismatchedPair = MismatchedPair.REFUSE
    serving: Serving = Serving.CHAIN
    plain_pkcs8: Pkcs8 = Pkcs8.ACCEPT
    encrypted_pkcs8: Pkcs8 = Pkcs8.ACCEPT
    # Types other than RSA can be read, and then serve nobody but clients with their suites (11.1).
    key_types: frozenset[KeyType] = frozenset({KeyType.RSA, KeyType.DSA, KeyType.EC})
    # U, device-reference 2.5: no limit is documented; this one only bounds our own memory.
    upload_octets: int = 16 * 2**20
    # OpenSSL has no limit; the unit's web server would hang for minutes beyond this one.
    iterations: int = 10_000_000


# Generation: OpenSSL branch, and where the generation is documented (device-reference 1.1, 8).
_GENERATIONS: dict[str, Branch] = {
    "2.3": OPENSSL_0_9_8,  # HTTPS appears (D, 2.1); branch I
    "2.4": OPENSSL_0_9_8,  # M2.4; branch I
    "4.0": OPENSSL_0_9_8,  # builds D; branch I, 8
    "4.1": OPENSSL_0_9_8,
    "4.2": OPENSSL_0_9_8,
    "4.3": OPENSSL_0_9_8,
    "4.4": OPENSSL_0_9_8,  # through 4.4(3.67)
    "4.5": OPENSSL_0_9_8,  # through 4.5(1.45); later builds U
}

KNOWN_GENERATIONS = tuple(_GENERATIONS)


def firmware_named(version: str) -> Firmware:
    """The firmware of a version string such as `4.3(2.18)` or `4.3`.

    ValueError, naming the known generations, for a version of any other.
    """
    generation = version.partition("(")[0].strip()
    try:
        branch = _GENERATIONS[generation]
    except KeyError:
        known = ", ".join(KNOWN_GENERATIONS)
        raise ValueError(f"firmware is {version!r}, want a version of one of {known}") from None
    return Firmware(version=version, generation=generation, branch=branch)


DEFAULT_FIRMWARE = firmware_named(KNOWN_GENERATIONS[-1])
