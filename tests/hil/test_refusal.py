"""Uploads that the unit must refuse, and that nothing comes of them."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from harness import catalogue
from harness.deadline import Deadline
from harness.experiment import Leaves, experiment
from harness.observation import Look, asks_for_restart, look
from harness.unit import Answer, Unit


@dataclass(frozen=True)
class Refused:
    """One upload, and what was seen at once afterwards."""

    answer: Answer
    afterwards: Look


@dataclass(frozen=True)
class Refusals:
    """What was seen of a unit while uploads were refused, and after the restart that followed them all."""

    before: Look
    wrong_passphrase: Refused
    foreign_key: Refused
    restarted: Look


@experiment(Leaves.WHAT_IT_FOUND, restarts=1)
def refusals(unit: Unit) -> Refusals:
    """Two bad uploads one after the other, then one restart to see whether either comes into force."""
    before = look(unit)
    wrong_passphrase = Refused(unit.upload(catalogue.wrong_passphrase(unit.place.address)), look(unit))
    foreign_key = Refused(unit.upload(catalogue.foreign_key(unit.place.address)), look(unit))
    unit.restart(Deadline.after(unit.place.restart_timeout))
    return Refusals(before, wrong_passphrase, foreign_key, look(unit))


pytestmark = pytest.mark.about(refusals)


def test_a_wrong_passphrase_is_refused(seen: Refusals) -> None:
    assert not seen.wrong_passphrase.answer.taken


def test_nothing_comes_of_a_wrong_passphrase(seen: Refusals) -> None:
    assert seen.wrong_passphrase.answer.local_certificate == seen.before.certificates.local_certificate
    assert not asks_for_restart(seen.before.home, seen.wrong_passphrase.afterwards.home)
    assert seen.wrong_passphrase.afterwards.handshake.presented_chain == seen.before.handshake.presented_chain


def test_a_foreign_key_is_refused(seen: Refusals) -> None:
    assert not seen.foreign_key.answer.taken


def test_nothing_is_stored_of_a_foreign_key(seen: Refusals) -> None:
    assert seen.foreign_key.answer.local_certificate == seen.before.certificates.local_certificate
    assert not asks_for_restart(seen.before.home, seen.foreign_key.afterwards.home)


def test_the_pair_from_before_is_served_after_refused_uploads(seen: Refusals) -> None:
    assert seen.foreign_key.afterwards.handshake.presented_chain == seen.before.handshake.presented_chain


def test_the_pair_from_before_is_served_after_the_restart(seen: Refusals) -> None:
    assert seen.restarted.handshake.presented_chain == seen.before.handshake.presented_chain


def test_nothing_is_stored_after_refused_uploads_and_a_restart(seen: Refusals) -> None:
    assert not seen.restarted.condition.reboot_required
