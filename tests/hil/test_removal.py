"""Removing the custom pair: the way back to the pair that the unit came with."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from harness import catalogue
from harness.deadline import Deadline
from harness.experiment import Leaves, Selection, experiment
from harness.lab import Place
from harness.observation import Look, look, pages_that_ask
from harness.profile import Characterised
from harness.tls.handshake import Handshake
from harness.unit import Answer, Unit


@dataclass(frozen=True)
class Removal:
    """What was seen of a unit while its custom pair was removed."""

    baseline: Handshake
    before: Look
    answer: Answer
    removed: Look
    restarted: Look


@experiment(Leaves.BASELINE, restarts=1, selection=Selection.SMOKE)
def removal(unit: Unit) -> Removal:
    """Starts from a custom pair: one that an earlier experiment left, or else one that is installed for it."""
    before = look(unit)
    if before.handshake.leaf == unit.baseline.leaf:
        unit.upload(catalogue.ca_signed(unit.place.address).upload)
        unit.restart(Deadline.after(unit.place.restart_timeout))
        before = look(unit)
    answer = unit.remove()
    removed = look(unit)
    unit.restart(Deadline.after(unit.place.restart_timeout))
    return Removal(unit.baseline, before, answer, removed, look(unit))


pytestmark = pytest.mark.about(removal)


def test_a_removal_sets_reboot_required_as_ever(seen: Removal, characterised: Characterised) -> None:
    """That a restart is needed after a removal too is inferred (device-reference 2.1, mark I)."""
    characterised("reboot-required/after-removal", seen.removed.condition.reboot_required)


def test_the_same_pages_as_ever_ask_for_the_restart_until_it_is_done(
    seen: Removal, characterised: Characterised
) -> None:
    characterised("pages-that-ask/after-removal", pages_that_ask(seen.restarted, seen.removed))


def test_a_removal_is_in_force_when_it_ever_was(seen: Removal, characterised: Characterised) -> None:
    """The custom pair is served until the restart, or not even so long (device-reference 2.1, mark I)."""
    same = seen.removed.handshake.presented_chain == seen.before.handshake.presented_chain
    characterised("removal/in-force", "after a restart" if same else "at once")


def test_the_factory_pair_is_served_after_the_restart(seen: Removal, place: Place) -> None:
    if place.baseline is not None:
        pytest.skip("the run found a custom pair on it: what its factory pair is was never seen")
    assert seen.restarted.handshake.presented_chain == seen.baseline.presented_chain


def test_the_status_table_says_that_the_key_matches_again(seen: Removal) -> None:
    assert seen.restarted.certificates.local_certificate.key_matches


def test_nothing_waits_for_a_restart_after_the_removal(seen: Removal) -> None:
    assert not seen.restarted.condition.reboot_required
