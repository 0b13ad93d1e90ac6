"""Which leaf certificates the driver believes to be the unit it administers.

A unit's certificate is what is being replaced, so no certificate authority can vouch for it. What can be said
is: this is the leaf that the place's table names, or that was served at first contact, or that we put there. A
password is sent to nobody else. Where there is a file, the next process believes the same.
"""

from __future__ import annotations

import threading
from dataclasses import replace

from harness.errors import BenchError, UnitError
from harness.tls.handshake import fingerprint
from harness.tls.pin_file import FIRST_USE, INSTALLED, REVEALED, Expected, PinFile


class ForeignLeaf(UnitError):
    """The unit, or somebody in its stead, serves a certificate that nobody here installed."""


class ChangedCertificate(BenchError):
    """At first contact, the unit serves another certificate than when it was left."""


class LeafPins:
    """The accepted leafs of one unit, by fingerprint; in one process they only grow, by what we do to the unit."""

    def __init__(self, owner: str, pin: str | None, file: PinFile | None = None) -> None:
        """Raises ConfigurationError where the file is none of pins."""
        self._owner = owner
        self._file = file
        known = Expected(serves=pin) if file is None else file.read()
        self._accepted = set(known.leafs)
        self._last = known.serves
        # Without a fingerprint the first leaf is taken on trust.
        self._takes_next = known.serves is None or known.unknown_once
        self._notices: list[str] = []
        self._met: set[str] = set()
        if file is not None and (serial := file.was_of_another):
            self._notices.append(f"{owner}: the unit before had the serial number {serial}: its pin is dropped")
        self._lock = threading.Lock()

    @property
    def accepted(self) -> frozenset[str]:
        return frozenset(self._accepted)

    @property
    def notices(self) -> tuple[str, ...]:
        """What was taken on trust, a sentence each."""
        return tuple(self._notices)

    @property
    def met(self) -> frozenset[str]:
        """Those that were put to us since `meet_anew`, accepted or not."""
        return frozenset(self._met)

    def meet_anew(self) -> None:
        """The unit starts anew."""
        self._met.clear()

    def accept(self, *certificates: str) -> None:
        """From now on these fingerprints are accepted, here and after us: we are about to upload those leafs.

        Raises BenchError where that cannot be kept; nothing should be uploaded then.
        """
        with self._lock:
            new = tuple(one for one in certificates if one not in self._accepted)
            if self._file is not None and new:
                self._file.update(lambda known: known.uploaded(new))
            self._accepted.update(new)

    def accept_next(self) -> None:
        """One leaf that was never seen is accepted, once, and pinned: a removal brings back a pair unknown to us."""
        self.expect_unknown()
        with self._lock:
            self._takes_next = True

    def expect_unknown(self) -> None:
        """As `accept_next`, for whoever comes after us should we not get to the restart."""
        if self._file is not None:
            self._file.update(lambda known: replace(known, unknown_once=True))

    def settle(self) -> None:
        """What was uploaded, or removed, has come into force or never will: after us, the leaf seen last counts."""
        with self._lock:
            if self._file is not None:
                self._file.update(lambda known: known.settled())

    def check(self, leaf: bytes) -> None:
        """The leaf is accepted. Raises ForeignLeaf where it is one that nobody here installed."""
        seen = fingerprint(leaf)
        with self._lock:
            self._met.add(seen)
            if seen in self._accepted:
                if seen != self._last:
                    self._keep(seen, INSTALLED)
                return
            if not self._takes_next:
                raise ForeignLeaf(self._refusal(seen))
            self._keep(seen, FIRST_USE if self._last is None else REVEALED)
            self._accepted.add(seen)
            self._takes_next = False

    def _keep(self, seen: str, how: str) -> None:
        self._last = seen
        if self._file is not None:
            self._file.update(lambda known: known.seen(seen, how))
            if how != INSTALLED:
                self._notices.append(
                    f"{self._owner}: the certificate sha256:{seen} is {how}, and expected from now on"
                    f" ({self._file.path})"
                )

    def _refusal(self, seen: str) -> str:
        words = f"{self._owner}: serves the certificate sha256:{seen}, which nobody here installed"
        if self._file is None:
            return f"{words}; nothing was sent to it"
        place = self._file.path.stem
        return (
            f"{words}; expected is {self._file.read()}, by {self._file.path}; nothing was sent to it: find out who"
            f" installed it; if it is right: mcu-hil doctor {place} --accept-certificate {seen}"
        )
