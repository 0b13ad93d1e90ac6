"""The few accepted kinds that must be seen served: a restart each."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from harness import catalogue
from harness.catalogue import Material
from harness.deadline import Deadline
from harness.experiment import Leaves, Selection, experiment
from harness.kinds import KINDS, LONGEST_CHAIN
from harness.observation import Look, how_much, look
from harness.profile import Characterised
from harness.telltale import telltale_of
from harness.unit import Unit


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


def serve(unit: Unit, kind: str) -> Served:
    before, first = look(unit), catalogue.ca_signed(unit.place.address)
    shows = telltale_of(unit)
    unit.upload(first.upload)
    name = "mcu-hil served"
    material = KINDS[kind].make(unit.place.address, name)
    taken = shows.has_taken(unit.upload(material.upload), name)
    unit.restart(Deadline.after(unit.place.restart_timeout))
    return Served(kind, material, taken, first, before, look(unit))


@experiment(Leaves.CUSTOM_PAIR, restarts=1, selection=Selection.FULL)
def longest_chain(unit: Unit) -> Served:
    """A pair was uploaded, and then one with a chain of 10; then a restart."""
    return serve(unit, f"chain of {LONGEST_CHAIN}")


@experiment(Leaves.CUSTOM_PAIR, restarts=1, selection=Selection.FULL)
def biggest_key(unit: Unit) -> Served:
    """A pair was uploaded, and then one with a key of 4096 bits; then a restart."""
    return serve(unit, "RSA 4096")


@experiment(Leaves.CUSTOM_PAIR, restarts=1, selection=Selection.FULL)
def pkcs8_key(unit: Unit) -> Served:
    """A pair was uploaded, and then one with a PKCS#8 key; then a restart."""
    return serve(unit, "PKCS#8")


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


def test_nothing_waits_for_another_restart(seen: Served) -> None:
    assert not seen.restarted.condition.reboot_required, "rebootRequired is true after the restart"
