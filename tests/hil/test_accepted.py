"""Every kind of upload that a unit takes, one after the other without a restart.

Where the device reference leaves open whether a kind is taken, the unit's decision is recorded instead.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import pytest

from harness.experiment import Leaves, Selection, experiment
from harness.kinds import KINDS, NAMES_AS_MARKUP, ODD_ORGANISATION, REPRESENTATIVE
from harness.profile import Characterised, line
from harness.telltale import telltale_of
from harness.unit import Answer, Unit


@dataclass(frozen=True)
class Decision:
    """What a unit made of one upload."""

    taken: bool
    answer: Answer
    shows_it: bool
    """Whether the status table describes what is stored."""

    @property
    def words(self) -> str:
        row = self.answer.local_certificate
        return f"Subject {line(row.subject)[:80]!r}, Private key {line(row.private_key)[:40]!r}"


@dataclass(frozen=True)
class Decisions:
    """By kind."""

    of: Mapping[str, Decision]


def decide(unit: Unit, kinds: Iterable[str]) -> Decisions:
    """Each leaf has a name of its own, by which the table shows whether it is this one that is stored."""
    shows = telltale_of(unit)
    found = {}
    for number, kind in enumerate(kinds):
        name = f"mcu-hil kind {number:02}"
        material = KINDS[kind].make(unit.place.address, name)
        answer = unit.upload(material.upload, material.files)
        found[kind] = Decision(shows.has_taken(answer, name), answer, shows.by_table)
    return Decisions(found)


@experiment(Leaves.PENDING_PAIR, restarts=0)
def accepted_kinds(unit: Unit) -> Decisions:
    """Some kinds of upload that a unit takes were sent, one after the other, without a restart."""
    return decide(unit, REPRESENTATIVE)


@experiment(Leaves.PENDING_PAIR, restarts=0, selection=Selection.FULL)
def all_accepted_kinds(unit: Unit) -> Decisions:
    """All other kinds of upload that a unit takes were sent, one after the other, without a restart."""
    return decide(unit, [kind for kind in KINDS if kind not in REPRESENTATIVE])


def is_taken(seen: Decisions, kind: str, characterised: Characterised) -> None:
    decision = seen.of[kind]
    if KINDS[kind].open:
        characterised(f"takes/{kind}", decision.taken)
    else:
        told = f"did not store it; its status table then showed {decision.words}"
        assert decision.taken, told


@pytest.mark.about(accepted_kinds)
@pytest.mark.parametrize("kind", REPRESENTATIVE)
def test_a_kind_is_taken(seen: Decisions, kind: str, characterised: Characterised) -> None:
    """By the documents or by the model of this firmware's OpenSSL it can be read (device-reference 2.5 and 11)."""
    is_taken(seen, kind, characterised)


@pytest.mark.about(all_accepted_kinds)
@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind not in REPRESENTATIVE])
def test_each_other_kind_is_taken(seen: Decisions, kind: str, characterised: Characterised) -> None:
    """By the documents or by the model of this firmware's OpenSSL it can be read (device-reference 2.5 and 11)."""
    is_taken(seen, kind, characterised)


@pytest.mark.about(accepted_kinds, all_accepted_kinds)
def test_a_restart_is_required_as_long_as_a_pair_waits_for_it(seen: Decisions) -> None:
    """No further upload takes rebootRequired back (device-reference 7.2, mark D)."""
    flags = {
        kind: (one.answer.reboot_required_before, one.answer.reboot_required_after) for kind, one in seen.of.items()
    }
    fell = [kind for kind, (before, after) in flags.items() if before and not after]
    assert not fell, f"rebootRequired was true before the upload of {fell[0]!r}, and is false after it"


@pytest.mark.about(accepted_kinds, all_accepted_kinds)
def test_names_are_shown_as_text_as_ever(seen: Decisions, characterised: Characterised) -> None:
    """What a page would take for markup stands in the Subject (device-reference 2.2, mark D), and is none there."""
    for kind in NAMES_AS_MARKUP & seen.of.keys():
        if seen.of[kind].taken and seen.of[kind].shows_it:
            subject = seen.of[kind].answer.local_certificate.subject
            characterised("status-table/markup-in-names", ODD_ORGANISATION in subject)


@pytest.mark.about(accepted_kinds, all_accepted_kinds)
def test_the_key_of_every_kind_that_was_taken_matches(seen: Decisions) -> None:
    """`Key matches certificate` is the good outcome (device-reference 2.2, mark D), of whatever is stored."""
    told = [
        f"{kind}: {one.words}"
        for kind, one in seen.of.items()
        if one.taken and one.shows_it and not one.answer.local_certificate.key_matches
    ]
    assert told == [], "; ".join(told)
