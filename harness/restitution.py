"""What the unit of a place is to be left with: on disk while it is owed, and paid with a handshake that shows it."""

from __future__ import annotations

import os
from dataclasses import replace

from certstore import Upload
from harness import pki, procedure
from harness.deadline import Deadline
from harness.errors import BenchError, ConfigurationError
from harness.journal import Debt, Journal, now
from harness.lab import Place
from harness.unit import Unit, Way

NOT_SHOWN = b""
"""The leaf of a unit that has no HTTPS."""


class Restitution:
    """One unit, and what it is owed from the first change on.

    An earlier debt counts more than what the unit serves now: that may be what a run has left on it. Where the lab
    file names a pair, that is the baseline; otherwise it is what was served before the first change. A custom pair
    that no file holds cannot be brought back, for its key cannot be read out of a unit: then `go_back` says so.
    """

    def __init__(self, unit: Unit, journal: Journal, doing: str, *, passing: bool) -> None:
        """`passing` units end with this process, and so does what they are owed.

        Raises BenchError where another unit than this is owed something at this place, or what is owed cannot be
        read; ConfigurationError where the pair of the lab file cannot be read. Nothing is changed.
        """
        self._unit = unit
        self._journal = journal
        self._pair = baseline_pair(unit.place)
        earlier = journal.of(unit.place.name)
        if earlier is not None and earlier.is_over:
            journal.settled(unit.place.name)
            earlier = None
        serial = unit.identity.serial
        if earlier is not None and earlier.serial != serial:
            raise BenchError(
                f"{unit.place.name}: the unit {earlier.serial or 'without a serial number'} is owed"
                f" {earlier.baseline}, and here is {serial or 'one that tells none'}: put it back, or forget it:"
                f" mcu-hil lab release {unit.place.name}"
            )
        if self._pair is not None:
            leaf = pki.pem_to_der(self._pair.certificate)
        elif not unit.place.feature_key:
            leaf = NOT_SHOWN
        else:
            leaf = unit.baseline.leaf if earlier is None else earlier.leaf
        since = now() if earlier is None else earlier.since
        self._debt = Debt(unit.place.name, serial, leaf, since, doing, "", os.getpid(), passing)

    @property
    def baseline(self) -> str:
        return self._debt.baseline

    def owe(self, during: str) -> None:
        """On disk before the unit is changed. Raises BenchError where it cannot be written: then change nothing."""
        self._journal.owe(replace(self._debt, during=during))

    def go_back(self, deadline: Deadline, way: Way | None = None) -> None:
        """The unit serves its baseline, which a handshake has shown, and nothing is owed any more; it was restarted,
        in this way, only if it had to be. Raises as `procedure.to_baseline`: then it is still owed."""
        if self._unit.place.feature_key:
            procedure.to_baseline(self._unit, self._debt.leaf, deadline, self._pair, way)
        else:
            procedure.without_custom_pair(self._unit, deadline, way)
        self._journal.settled(self._unit.place.name)


def baseline_pair(place: Place) -> Upload | None:
    """What to upload so that the unit is left as the lab file wants it; None for the pair that it had.

    Raises ConfigurationError where a file cannot be read or holds no certificate: before anything is changed.
    """
    files = place.baseline
    if files is None:
        return None
    owner = f"{place.name}: baseline"
    try:
        certificate, private_key = files.certificate.read_bytes(), files.private_key.read_bytes()
        pki.pem_to_der(certificate)
    except OSError as error:
        raise ConfigurationError(f"{owner}: cannot read {error.filename}: {error.strerror}") from error
    except ValueError as error:
        raise ConfigurationError(f"{owner}: {files.certificate} holds no PEM certificate") from error
    secret = files.passphrase
    return Upload(certificate, private_key, secret.reveal(f"{owner} passphrase").encode() if secret else None)
