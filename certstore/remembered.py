"""Certificate files that were read a moment ago.

One certificate comes with many keys while somebody looks for the right one, shrinks an upload, or judges a batch:
reading it is half of the work, and the answer cannot have changed.
"""

from __future__ import annotations

from dataclasses import dataclass

from certstore.branch import Branch
from certstore.certificate import Certificate
from certstore.public_key import PublicKey

# Together they bound the memory: 64 files of 16 KiB, and about as much again for what was decoded from each.
MOST_FILES = 64
LARGEST_FILE = 16 * 1024

# A block that names this in its header may need the passphrase, which is another one next time.
_ENCRYPTED = b"ENCRYPTED"


@dataclass(frozen=True, slots=True)
class Certificates:
    """What a certificate file that can be used holds."""

    leaf: Certificate
    public_key: PublicKey
    chain: tuple[Certificate, ...]


_files: dict[bytes, tuple[Branch, Certificates]] = {}


def recall(octets: bytes, branch: Branch) -> Certificates | None:
    """What was read from this very file for this very branch; None if that is not remembered."""
    known = _files.get(octets)
    return known[1] if known is not None and known[0] is branch else None


def remember(octets: bytes, branch: Branch, certificates: Certificates) -> None:
    """Keep what was read, unless the file is large or could have read otherwise with another passphrase."""
    if len(octets) > LARGEST_FILE or _ENCRYPTED in octets:
        return
    if len(_files) >= MOST_FILES:
        # Which to forget is not worth knowing: a caller that alternates between so many gains nothing here.
        _files.clear()
    _files[octets] = (branch, certificates)
