"""Uploads that the unit must refuse, and that nothing comes of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import pytest

from harness import catalogue
from harness.deadline import Deadline
from harness.experiment import Leaves, experiment
from harness.observation import Look, asks_for_restart, look
from harness.unit import Answer, LocalCertificate, Unit

CUT = "connection-cut"
"""A good upload of which half arrives, and then the connection is closed."""


@dataclass(frozen=True)
class Refused:
    """One bad upload: what the unit had stored before it, and what it said afterwards."""

    stored_before: LocalCertificate
    answer: Answer


@dataclass(frozen=True)
class Refusals:
    """What was seen of a unit while uploads were refused, and after the restart that followed them all."""

    before: Look
    refused: Mapping[str, Refused]
    """By the name in `catalogue.REFUSED`, or CUT."""
    afterwards: Look
    restarted: Look


@experiment(Leaves.WHAT_IT_FOUND, restarts=1)
def refusals(unit: Unit) -> Refusals:
    """One bad upload after the other, then one restart to see whether any of them comes into force."""
    before = look(unit)
    stored = before.certificates.local_certificate
    refused = {}
    for name, make in catalogue.REFUSED.items():
        answer = unit.upload(make(unit.place.address))
        refused[name] = Refused(stored, answer)
        stored = answer.local_certificate
    refused[CUT] = Refused(stored, unit.upload_cut(catalogue.ca_signed(unit.place.address).upload))
    afterwards = look(unit)
    unit.restart(Deadline.after(unit.place.restart_timeout))
    return Refusals(before, refused, afterwards, look(unit))


pytestmark = pytest.mark.about(refusals)

each_upload = pytest.mark.parametrize("name", [*catalogue.REFUSED, CUT])


@each_upload
def test_a_bad_upload_is_refused(seen: Refusals, name: str) -> None:
    assert not seen.refused[name].answer.taken


@each_upload
def test_nothing_is_stored_of_a_bad_upload(seen: Refusals, name: str) -> None:
    assert seen.refused[name].answer.local_certificate == seen.refused[name].stored_before


def test_no_restart_is_asked_for_after_refused_uploads(seen: Refusals) -> None:
    assert not asks_for_restart(seen.before.home, seen.afterwards.home)
    assert not seen.afterwards.condition.reboot_required


def test_the_pair_from_before_is_served_after_refused_uploads(seen: Refusals) -> None:
    assert seen.afterwards.handshake.presented_chain == seen.before.handshake.presented_chain


def test_the_pair_from_before_is_served_after_the_restart(seen: Refusals) -> None:
    assert seen.restarted.handshake.presented_chain == seen.before.handshake.presented_chain


def test_nothing_is_stored_after_refused_uploads_and_a_restart(seen: Refusals) -> None:
    assert seen.restarted.certificates.local_certificate == seen.before.certificates.local_certificate
    assert not seen.restarted.condition.reboot_required
