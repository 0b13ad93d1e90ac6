"""A key that belongs to another certificate: refused, or stored and shown as such, which nobody documented."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from harness import catalogue
from harness.deadline import Deadline
from harness.experiment import Leaves, experiment
from harness.observation import LOOK_SECONDS
from harness.profile import Characterised, line
from harness.telltale import telltale_of
from harness.tls.handshake import Handshake
from harness.unit import Answer, LocalCertificate, Unit


@dataclass(frozen=True)
class Mismatch:
    """What was seen of a unit that was sent a pair that is none, between two good ones."""

    shown_before: LocalCertificate
    served_before: Handshake
    answer: Answer
    taken: bool
    served_afterwards: Handshake
    replaced: Answer


@experiment(Leaves.PENDING_PAIR, restarts=0)
def mismatch(unit: Unit) -> Mismatch:
    """No restart comes after it before a good pair is stored: what it would serve then may be nothing."""
    shows = telltale_of(unit)
    shown_before, served_before = unit.certificate_page().local_certificate, _served(unit)
    name = "mcu-hil mismatch"
    answer = unit.upload(catalogue.foreign_key(unit.place.address, name))
    taken, served_afterwards = shows.has_taken(answer, name), _served(unit)
    replaced = unit.upload(catalogue.ca_signed(unit.place.address).upload)
    return Mismatch(shown_before, served_before, answer, taken, served_afterwards, replaced)


def _served(unit: Unit) -> Handshake:
    return unit.handshake(Deadline.after(LOOK_SECONDS))


pytestmark = pytest.mark.about(mismatch)


def test_a_foreign_key_is_refused_or_stored_as_ever(seen: Mismatch, characterised: Characterised) -> None:
    """Refused, or stored and shown as not matching (device-reference 2.6, mark I)."""
    characterised("mismatch/stored", seen.taken)
    row = seen.answer.local_certificate
    if seen.taken and row != seen.shown_before:
        # The good value is documented for a pair that matches, the other one's text is not (2.2, marks D and U).
        assert not row.key_matches
        characterised("mismatch/private-key-row", line(row.private_key))


def test_a_foreign_key_changes_nothing_that_is_served_before_a_restart(seen: Mismatch) -> None:
    assert seen.served_afterwards.presented_chain == seen.served_before.presented_chain


def test_a_good_pair_replaces_what_was_sent_before(seen: Mismatch) -> None:
    assert seen.replaced.local_certificate.key_matches
