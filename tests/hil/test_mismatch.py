"""A key that belongs to another certificate: refused, or stored and shown as such, which nobody documented."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import pytest

from harness import catalogue
from harness.deadline import Deadline
from harness.experiment import Leaves, experiment
from harness.observation import LOOK_SECONDS, table_changed
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
    bad: Mapping[str, Answer]
    """By the name of a bad upload; that with the foreign key came first, right after a good one."""
    good_reboot_required: bool
    """After the good one before them."""
    replaced: bool
    told: Mapping[str, bool]
    """By the name of a bad upload, whether the unit answered it otherwise than two good ones; empty where it did not
    store these."""


@experiment(Leaves.PENDING_PAIR, restarts=0)
def mismatch(unit: Unit) -> Mismatch:
    """A good pair was uploaded, one with the key of another certificate, one with a wrong passphrase, and a good one
    again, without a restart."""
    # What it would serve after a restart with a pair that is none may be nothing.
    shows = telltale_of(unit)
    plain = unit.certificate_page()
    name, first, second = "mcu-hil mismatch", "mcu-hil first", "mcu-hil second"
    good = [unit.upload(catalogue.ca_signed(unit.place.address, first).upload)]
    shown_before, served_before = good[0].local_certificate, _served(unit)
    answer = unit.upload(catalogue.foreign_key(unit.place.address, name))
    taken, served_afterwards = shows.has_taken(answer, name), _served(unit)
    bad = {
        "a foreign key": answer,
        "a wrong passphrase": unit.upload(catalogue.wrong_passphrase(unit.place.address)),
    }
    good.append(unit.upload(catalogue.ca_signed(unit.place.address, second).upload))
    # What both good ones are answered, and no page says anyway.
    words = (good[0].page.lines & good[1].page.lines) - plain.page.lines
    replaced = shows.has_taken(good[1], second)
    stored = shows.has_taken(good[0], first) and replaced
    told = {what: not words or not words <= one.page.lines for what, one in bad.items()} if stored else {}
    return Mismatch(
        shown_before,
        served_before,
        answer,
        taken,
        served_afterwards,
        bad,
        good[0].reboot_required_after,
        replaced,
        told,
    )


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


def test_a_refused_upload_leaves_the_pair_that_waits_for_a_restart(seen: Mismatch) -> None:
    """A good pair was uploaded before and is not in force yet: table and rebootRequired stay as they were then."""
    shown = seen.shown_before if not seen.taken else seen.answer.local_certificate
    for what, answer in seen.bad.items():
        changed = f"after {what} was refused, {table_changed(shown, answer.local_certificate)}"
        assert answer.local_certificate == shown, changed
        flags = seen.good_reboot_required, answer.reboot_required_after
        assert flags[0] == flags[1], f"rebootRequired was {flags[0]}, and is {flags[1]} after {what} was refused"


def test_a_good_pair_replaces_what_was_sent_before(seen: Mismatch) -> None:
    assert seen.replaced, "neither the status table nor the page shows that the last good upload is stored"


@pytest.mark.parametrize("bad", ["a foreign key", "a wrong passphrase"])
def test_an_upload_that_is_not_stored_is_not_answered_as_a_good_one(
    seen: Mismatch, bad: str, characterised: Characterised
) -> None:
    """What the unit says is unknown (device-reference 2.6, mark U), and so whether it says anything at all."""
    if not seen.told:
        pytest.skip("the good uploads were not stored: that is another claim's")
    characterised(f"answered-otherwise/{bad}", seen.told[bad])
