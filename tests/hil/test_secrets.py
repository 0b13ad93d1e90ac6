"""What was uploaded in confidence can be read nowhere afterwards."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from harness import catalogue
from harness.experiment import Leaves, experiment
from harness.leaks import Leak, Secrets
from harness.profile import Characterised
from harness.unit import Page, Unit


@dataclass(frozen=True)
class Reading:
    """Everything that an administrator can read was read."""

    leaks: tuple[Leak, ...]
    places: int
    """How many pages, files and answers that was."""
    audited: bool | None
    """Whether the audit log had new lines after the uploads; None where there is none that could be switched on."""

    def of(self, word: str) -> str:
        """Leaks of which what has leaked has this word in it."""
        return "; ".join(str(leak) for leak in self.leaks if word in leak.what)


@experiment(Leaves.PENDING_PAIR, restarts=0)
def secrets(unit: Unit) -> Reading:
    """A pair with an encrypted key is uploaded while the audit log records, and one that is refused; then every page
    that links lead to, each file and each answer of the API is searched for the key and the passphrase, as text, DER,
    base64, hexadecimal and decimal."""
    uploads = catalogue.with_secrets(unit.place.address)
    was_on = unit.audit(enabled=True)
    try:
        before = unit.audit_page()
        for upload, _ in reversed(uploads):
            unit.upload(upload)
        audited = None if was_on is None else _has_more(before, unit.audit_page())
        looked = list(unit.readable())
    finally:
        if was_on is False:
            unit.audit(enabled=False)
    sought = [Secrets(upload, key) for upload, key in uploads]
    leaks = [leak for one in looked for each in sought for leak in each.leaks_of(one.where, one.octets)]
    return Reading(tuple(dict.fromkeys(leaks)), len(looked), audited)


def _has_more(before: Page | None, after: Page | None) -> bool | None:
    return None if before is None or after is None else bool(after.lines - before.lines)


pytestmark = pytest.mark.about(secrets)


def test_no_private_key_can_be_read(seen: Reading) -> None:
    """No download of it is described, and configuration.xml does not hold it (device-reference 2.5, mark I)."""
    assert not seen.of("key"), seen.of("key")


def test_no_passphrase_can_be_read(seen: Reading) -> None:
    """No log holds one (device-reference 10)."""
    assert not seen.of("passphrase"), seen.of("passphrase")


def test_uploads_are_in_the_audit_log_as_ever(seen: Reading, characterised: Characterised) -> None:
    """Changes of security settings are in it (device-reference 10, mark D for 4.x); that an upload is one of them is
    inferred. One that is refused counts, too."""
    told = {True: "uploads are told", False: "uploads are not told", None: "not there"}
    characterised("audit-log", told[seen.audited])


def test_the_unit_was_read(seen: Reading) -> None:
    """Its own pages lead on to each other: what was searched is more than one."""
    assert seen.places > 1
