"""Removing the custom pair: the way back to the pair that the unit came with."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from harness import catalogue, pki
from harness.deadline import Deadline
from harness.experiment import Leaves, Selection, experiment
from harness.lab import Place
from harness.observation import (
    Look,
    describes,
    look,
    look_when_up,
    moments_of_change,
    pages_that_ask,
    rows_shown,
    shown_otherwise,
    way_of_turn,
)
from harness.profile import Characterised, line
from harness.table_words import dates_are_of, left_out
from harness.tls.handshake import Handshake
from harness.unit import Answer, Restart, Unit


@dataclass(frozen=True)
class Removal:
    """What was seen of a unit while its custom pair was removed."""

    baseline: Handshake
    before: Look
    answer: Answer
    removed: Look
    restart: Restart
    restarted: Look
    leafs_met: frozenset[str]
    """Those that were served on HTTPS since the restart."""

    @property
    def had_a_custom_pair(self) -> bool:
        return self.before.handshake.leaf != self.baseline.leaf

    def only_of_a_custom_pair(self) -> None:
        if not self.had_a_custom_pair:
            pytest.skip("no custom pair could be brought into force: that is another claim's")


@experiment(Leaves.BASELINE, restarts=1, selection=Selection.SMOKE, replaces=True)
def removal(unit: Unit) -> Removal:
    """A custom pair was in force, from an earlier experiment or installed for this; it was removed, and the unit
    restarted."""
    before = look(unit)
    if before.handshake.leaf == unit.baseline.leaf:
        unit.upload(catalogue.ca_signed(unit.place.address).upload)
        unit.restart(Deadline.after(unit.place.restart_timeout))
        before = look_when_up(unit)
    answer = unit.remove()
    removed = look(unit)
    restart = unit.restart(Deadline.after(unit.place.restart_timeout), way_of_turn(unit, 3))
    met = unit.leafs_met()
    return Removal(unit.baseline, before, answer, removed, restart, look_when_up(unit), met)


pytestmark = pytest.mark.about(removal)


def test_a_removal_sets_reboot_required_as_ever(seen: Removal, characterised: Characterised) -> None:
    """That a restart is needed after a removal too is inferred (device-reference 2.1, mark I)."""
    seen.only_of_a_custom_pair()
    characterised("reboot-required/after-removal", seen.removed.condition.reboot_required)


def test_the_same_pages_as_ever_ask_for_the_restart_until_it_is_done(
    seen: Removal, characterised: Characterised
) -> None:
    seen.only_of_a_custom_pair()
    characterised("pages-that-ask/after-removal", pages_that_ask(seen.restarted, seen.removed))


def test_the_removal_alone_does_not_restart_the_unit(seen: Removal) -> None:
    """It waits to be told, as after an upload (device-reference 2.1)."""
    began, now = seen.before.condition.restart_time, seen.removed.condition.restart_time
    assert now == began, f"it started at {began}, and again at {now}, before it was told to"


def test_a_removal_is_in_force_when_it_ever_was(seen: Removal, characterised: Characterised) -> None:
    """The custom pair is served until the restart, or not even so long (device-reference 2.1, mark I)."""
    seen.only_of_a_custom_pair()
    same = seen.removed.handshake.presented_chain == seen.before.handshake.presented_chain
    characterised("removal/in-force", "after a restart" if same else "at once")


def test_the_factory_pair_is_served_after_the_restart(seen: Removal, place: Place) -> None:
    if place.baseline is not None:
        pytest.skip("the run found a custom pair on it: what its factory pair is was never seen")
    assert seen.restarted.handshake.presented_chain == seen.baseline.presented_chain
    told = seen.restarted.chain_elsewhere(seen.baseline.presented_chain)
    assert not told, told


def test_every_connection_since_the_removal_was_served_one_leaf(seen: Removal) -> None:
    """The first one after the restart included (device-reference 2.1): there is one pair."""
    assert len(seen.leafs_met) <= 1, ", ".join(f"sha256:{one}" for one in seen.leafs_met)


def test_sip_tls_goes_back_to_the_factory_pair_too(seen: Removal) -> None:
    """It shares the pair with HTTPS (device-reference 2.1, mark D for 4.x), before the restart and after it."""
    if seen.before.sip is None:
        pytest.skip("SIP TLS is closed")
    assert seen.removed.sip is not None
    assert seen.removed.sip.leaf in (seen.before.sip.leaf, seen.removed.handshake.leaf)
    assert seen.restarted.sip is not None
    assert seen.restarted.sip.leaf == seen.restarted.handshake.leaf


def test_the_status_table_describes_the_pair_that_is_served_after_the_removal(
    seen: Removal, characterised: Characterised
) -> None:
    """Stored and running pair are one again (device-reference 2.2, mark D)."""
    table = seen.restarted.certificates.local_certificate
    leaf = seen.restarted.handshake.leaf
    assert describes(table, leaf), shown_otherwise(table, leaf)
    seen.only_of_a_custom_pair()
    if pki.is_ours(seen.restarted.handshake.leaf):
        pytest.skip("a pair of ours is served after the removal: that is another claim's")
    characterised("status-table/rows-of-the-factory-pair", ", ".join(rows_shown(table)))
    characterised("status-table/dates-of-the-factory-pair", dates_are_of(table, leaf))
    characterised("status-table/factory-pair-leaves-out", left_out(table, leaf))
    characterised(
        "status-table/changes-at-removal", moments_of_change("removal", seen.before, seen.removed, seen.restarted)
    )


def test_every_unit_has_the_same_factory_pair(seen: Removal, characterised: Characterised) -> None:
    """All leave the factory with an identical one (device-reference 2.1, mark D)."""
    if pki.is_ours(seen.restarted.handshake.leaf):
        pytest.skip("a pair of ours is served after the removal: that is another claim's")
    characterised("factory/leaf", seen.restarted.handshake.fingerprint)


def test_the_restart_after_the_removal_is_logged_as_ever(seen: Removal, characterised: Characterised) -> None:
    """Restarts take turns through all ways that a place has."""
    before, after = seen.removed.restart_log, seen.restarted.restart_log
    if len(after) == len(before) + 1:
        characterised(f"restart-log/reason-by-{seen.restart.way}", line(after[-1].reason))


def test_the_status_table_says_that_the_key_matches_again(seen: Removal) -> None:
    row = seen.restarted.certificates.local_certificate
    assert row.key_matches, f"the Private key row reads {row.private_key!r}"


def test_nothing_waits_for_a_restart_after_the_removal(seen: Removal) -> None:
    assert not seen.restarted.condition.reboot_required, "rebootRequired is true after the restart"
