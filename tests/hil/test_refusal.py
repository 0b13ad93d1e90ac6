"""Uploads that the unit must refuse, and people whom it must not let upload; and that nothing comes of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import pytest

from harness import catalogue
from harness.deadline import Deadline
from harness.experiment import Leaves, experiment
from harness.observation import Look, asks_for_restart, look, look_when_up, table_changed, way_of_turn
from harness.profile import Characterised, line
from harness.unit import Answer, LocalCertificate, Restart, Unit, Visitor

CUT = "connection-cut"
"""A good upload of which half arrives, and then the connection is closed."""
BY = {f"by-{visitor.name.lower()}": visitor for visitor in Visitor}
"""Good uploads by people who may not."""


STORED = "rebootRequired was false before this upload, and is true after it: the unit has stored something"


@dataclass(frozen=True)
class Refused:
    """One bad upload: what the unit had stored before it, and what it said afterwards."""

    stored_before: LocalCertificate
    answer: Answer

    @property
    def is_stored(self) -> bool:
        """Whether anything shows it."""
        return self.answer.taken or self.answer.local_certificate != self.stored_before


@dataclass(frozen=True)
class Refusals:
    """What was seen of a unit while uploads were refused, and after the restart that followed them all."""

    before: Look
    refused: Mapping[str, Refused]
    """By the name in `catalogue.REFUSED`, CUT, or the name in BY; without those whom nobody can play."""
    afterwards: Look
    restart: Restart
    restarted: Look

    def only_if_none_was_stored(self) -> None:
        if any(one.is_stored for one in self.refused.values()):
            pytest.skip("one of the uploads was stored: that is another claim's")


@experiment(Leaves.WHAT_IT_FOUND, restarts=1)
def refusals(unit: Unit) -> Refusals:
    """Bad uploads were sent one after the other, one was cut in the middle, good ones were sent by people who may
    not; then one restart, to see whether any of them comes into force."""
    before = look(unit)
    stored = before.certificates.local_certificate
    refused = {}
    for name, make in catalogue.REFUSED.items():
        answer = unit.upload(make(unit.place.address))
        refused[name] = Refused(stored, answer)
        stored = answer.local_certificate
    good = catalogue.ca_signed(unit.place.address).upload
    refused[CUT] = Refused(stored, unit.upload_cut(good))
    stored = refused[CUT].answer.local_certificate
    for name, visitor in BY.items():
        answered = unit.upload_by(visitor, good)
        if answered is not None:
            refused[name] = Refused(stored, answered)
            stored = answered.local_certificate
    afterwards = look(unit)
    restart = unit.restart(Deadline.after(unit.place.restart_timeout), way_of_turn(unit, 2))
    return Refusals(before, refused, afterwards, restart, look_when_up(unit))


pytestmark = pytest.mark.about(refusals)


@pytest.mark.parametrize("name", [*catalogue.REFUSED, CUT])
def test_a_bad_upload_is_refused(seen: Refusals, name: str) -> None:
    """Neither rebootRequired nor the status table is another one afterwards (device-reference 2.6)."""
    one = seen.refused[name]
    assert not one.answer.taken, STORED
    assert one.answer.local_certificate == one.stored_before, table_changed(
        one.stored_before, one.answer.local_certificate
    )


@pytest.mark.parametrize("name", BY)
def test_nobody_but_an_administrator_can_upload(seen: Refusals, name: str, characterised: Characterised) -> None:
    """Others are sent away, a guest too, and whoever has the cookie of an administrator and another address
    (device-reference 2.1, mark I, and 3.3, mark D). A good pair was sent."""
    if name == "by-guest":
        characterised("guest/is-let-in", name in seen.refused)
    if name not in seen.refused:
        pytest.skip("nobody can play that visitor here")
    one = seen.refused[name]
    assert not one.answer.taken, STORED
    assert one.answer.local_certificate == one.stored_before, table_changed(
        one.stored_before, one.answer.local_certificate
    )


def test_no_restart_is_asked_for_after_refused_uploads(seen: Refusals) -> None:
    seen.only_if_none_was_stored()
    assert not asks_for_restart(seen.before.home, seen.afterwards.home)
    assert seen.afterwards.condition.reboot_required == seen.before.condition.reboot_required


def test_the_unit_is_not_restarted_by_refused_uploads(seen: Refusals) -> None:
    began, now = seen.before.condition.restart_time, seen.afterwards.condition.restart_time
    assert now == began, f"it started at {began}, and again at {now}, while uploads were refused"


def test_the_pair_from_before_is_served_after_refused_uploads(seen: Refusals) -> None:
    assert seen.afterwards.handshake.presented_chain == seen.before.handshake.presented_chain
    told = seen.afterwards.changed_elsewhere(seen.before)
    assert not told, told


def test_sip_tls_goes_on_as_before_after_refused_uploads(seen: Refusals) -> None:
    """It shares the pair with HTTPS (device-reference 2.1, mark D for 4.x): at once, and after the restart."""
    if seen.before.sip is None:
        pytest.skip("SIP TLS is closed")
    assert seen.afterwards.sip is not None
    assert seen.afterwards.sip.presented_chain == seen.before.sip.presented_chain
    seen.only_if_none_was_stored()
    assert seen.restarted.sip is not None
    assert seen.restarted.sip.presented_chain == seen.before.sip.presented_chain


def test_the_pair_from_before_is_served_after_the_restart(seen: Refusals) -> None:
    seen.only_if_none_was_stored()
    assert seen.restarted.handshake.presented_chain == seen.before.handshake.presented_chain
    told = seen.restarted.changed_elsewhere(seen.before)
    assert not told, told


def test_nothing_is_stored_after_refused_uploads_and_a_restart(seen: Refusals) -> None:
    seen.only_if_none_was_stored()
    assert seen.restarted.certificates.local_certificate == seen.before.certificates.local_certificate


def test_the_restart_after_refused_uploads_is_logged_as_ever(seen: Refusals, characterised: Characterised) -> None:
    """Restarts take turns through all ways that a place has."""
    before, after = seen.afterwards.restart_log, seen.restarted.restart_log
    if len(after) == len(before) + 1:
        characterised(f"restart-log/reason-by-{seen.restart.way}", line(after[-1].reason))
