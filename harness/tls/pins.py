"""Which leaf certificates the driver believes to be the unit it administers.

A unit's certificate is what is being replaced, so no certificate authority can vouch for it. What can be said
is: this is the leaf that the place's table names, or that was served at first contact, or that we put there. A
password is sent to nobody else.
"""

from __future__ import annotations

import threading

from harness.errors import UnitError
from harness.tls.handshake import fingerprint


class ForeignLeaf(UnitError):
    """The unit, or somebody in its stead, serves a certificate that nobody here installed."""


class LeafPins:
    """The accepted leafs of one unit, by fingerprint; they only grow, by what we do to the unit."""

    def __init__(self, owner: str, pin: str | None) -> None:
        self._owner = owner
        self._accepted = set() if pin is None else {pin}
        # Without a fingerprint in lab.toml the first leaf is taken on trust.
        self._takes_next = pin is None
        self._lock = threading.Lock()

    @property
    def accepted(self) -> frozenset[str]:
        return frozenset(self._accepted)

    def accept(self, certificate: str) -> None:
        """From now on this fingerprint is accepted: we uploaded that leaf."""
        with self._lock:
            self._accepted.add(certificate)

    def accept_next(self) -> None:
        """One leaf that was never seen is accepted, once, and pinned: a removal brings back a pair unknown to us."""
        with self._lock:
            self._takes_next = True

    def check(self, leaf: bytes) -> None:
        """The leaf is accepted. Raises ForeignLeaf where it is one that nobody here installed."""
        seen = fingerprint(leaf)
        with self._lock:
            if seen in self._accepted:
                return
            if not self._takes_next:
                raise ForeignLeaf(
                    f"{self._owner}: serves the certificate sha256:{seen}, which nobody here installed;"
                    " nothing was sent to it"
                )
            self._accepted.add(seen)
            self._takes_next = False
