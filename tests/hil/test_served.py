"""The few accepted kinds that must be seen served: a restart each."""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import chain

import pytest

from harness import catalogue, key_files
from harness.catalogue import Material
from harness.deadline import Deadline
from harness.experiment import Leaves, Selection, experiment
from harness.kinds import KINDS, LONGEST_CHAIN
from harness.leaks import Leak, Secrets
from harness.observation import Look, how_much, look
from harness.profile import Characterised
from harness.telltale import telltale_of
from harness.unit import Page, Unit


@dataclass(frozen=True)
class Served:
    """What was seen of a unit that was given one pair, then this one, and restarted once if it took it."""

    kind: str
    material: Material
    taken: bool
    first: Material
    """Uploaded before, and replaced before the restart."""
    before: Look
    restarted: Look
    leaks: tuple[Leak, ...] = ()
    """Of the key, in all that can be read after the restart."""
    audit: str = ""
    """What became of the audit log's lines over the restart."""


class Audit:
    """What the audit log was told since it was first looked at."""

    def __init__(self, first: Page | None) -> None:
        self._first = first
        self._told: frozenset[str] | None = None

    def look(self, unit: Unit) -> None:
        page = unit.audit_page()
        if page is not None and self._first is not None:
            # What other pages say too, as that a restart is needed, is none of its lines.
            self._told = page.lines - self._first.lines - unit.certificate_page().page.lines - unit.home_page().lines

    def became(self, later: Page | None, *, is_on: bool) -> str:
        """Of what it was told, in words."""
        if self._told is None:
            return "there is none"
        kept = later is not None and self._told <= later.lines
        words = "nothing was told" if not self._told else f"what was told is {'kept' if kept else 'lost'}"
        return f"{words}, and it is {'still' if is_on else 'no longer'} on"


def serve(unit: Unit, kind: str, audit: Audit | None = None) -> Served:
    """`audit` is looked at right before the restart."""
    before, first = look(unit), catalogue.ca_signed(unit.place.address)
    shows = telltale_of(unit)
    unit.upload(first.upload)
    name = "mcu-hil served"
    material = KINDS[kind].make(unit.place.address, name)
    taken = shows.has_taken(unit.upload(material.upload), name)
    if audit is not None:
        audit.look(unit)
    unit.restart(Deadline.after(unit.place.restart_timeout))
    return Served(kind, material, taken, first, before, look(unit))


@experiment(Leaves.CUSTOM_PAIR, restarts=1, selection=Selection.FULL)
def longest_chain(unit: Unit) -> Served:
    """A pair was uploaded, and then one with a chain of 10; then a restart."""
    return serve(unit, f"chain of {LONGEST_CHAIN}")


@experiment(Leaves.CUSTOM_PAIR, restarts=1, selection=Selection.FULL)
def biggest_key(unit: Unit) -> Served:
    """A pair was uploaded, and then one with a key of 4096 bits; then a restart, after which all that can be read was
    searched for the key."""
    seen = serve(unit, "RSA 4096")
    sought = Secrets(seen.material.upload, key_files.key_of(4096))
    looked = chain(unit.readable(), unit.unlinked())
    leaks = [leak for one in looked for leak in sought.leaks_of(one.where, one.octets)]
    return replace(seen, leaks=tuple(dict.fromkeys(leaks)))


@experiment(Leaves.CUSTOM_PAIR, restarts=1, selection=Selection.FULL)
def pkcs8_key(unit: Unit) -> Served:
    """A pair was uploaded, and then one with a PKCS#8 key; then a restart. The audit log recorded."""
    was_on = unit.audit(enabled=True)
    try:
        audit = Audit(unit.audit_page())
        seen = serve(unit, "PKCS#8", audit)
        is_on = unit.audit(enabled=True)
        return replace(seen, audit=audit.became(unit.audit_page(), is_on=bool(is_on)))
    finally:
        if was_on is False:
            unit.audit(enabled=False)


@experiment(Leaves.CUSTOM_PAIR, restarts=1, selection=Selection.FULL)
def expired(unit: Unit) -> Served:
    """A pair was uploaded, and then one whose certificate has expired; then a restart."""
    return serve(unit, "expired")


pytestmark = pytest.mark.about(longest_chain, biggest_key, pkcs8_key, expired)


def test_the_last_upload_that_was_taken_is_served(seen: Served, characterised: Characterised) -> None:
    """Of two uploads before one restart the last wins; one that is refused changes nothing."""
    characterised(f"takes/{seen.kind}", seen.taken)
    wanted = seen.material if seen.taken else seen.first
    became = "stored" if seen.taken else "refused"
    told = f"the second upload, {seen.kind}, was {became}, and after the restart something else is served"
    assert seen.restarted.handshake.leaf == wanted.leaf, told
    elsewhere = seen.restarted.leaf_elsewhere(wanted.leaf)
    assert not elsewhere, elsewhere


def test_as_much_of_the_chain_as_ever_is_served(seen: Served, characterised: Characterised) -> None:
    if seen.taken and seen.restarted.handshake.leaf == seen.material.leaf:
        served = how_much(seen.restarted.handshake.presented_chain, seen.material.chain)
        characterised(f"served/{seen.kind}", served)


def test_the_status_table_says_that_the_key_matches(seen: Served) -> None:
    row = seen.restarted.certificates.local_certificate
    assert row.key_matches, f"the Private key row reads {row.private_key!r}"


@pytest.mark.about(biggest_key)
def test_no_private_key_can_be_read_after_the_restart_either(seen: Served) -> None:
    """No download of it is described (device-reference 2.5, mark I): in no log, page or file, nor where others have
    kept theirs."""
    told = "; ".join(map(str, seen.leaks))
    assert not told, told


@pytest.mark.about(pkcs8_key)
def test_the_audit_log_goes_on_over_a_restart_as_ever(seen: Served, characterised: Characterised) -> None:
    """It keeps 100,000 records, on compact flash or inside (device-reference 10, mark D)."""
    characterised("audit-log/over-a-restart", seen.audit)


def test_nothing_waits_for_another_restart(seen: Served) -> None:
    assert not seen.restarted.condition.reboot_required, "rebootRequired is true after the restart"
