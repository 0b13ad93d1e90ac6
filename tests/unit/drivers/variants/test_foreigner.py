"""The driver's whole procedure on a unit that speaks and keeps time as ours does not."""

from __future__ import annotations

from datetime import timedelta

import pytest

from certstore import Upload
from harness import procedure
from harness.deadline import Deadline
from harness.unit import Way
from tests.unit.drivers.foreigner import Foreigner, opened
from tests.unit.drivers.variants.driving import FACTORY, OURS, UPLOAD, Contexts

SECONDS = 60.0
UNITS = {
    "bodies that end with the connection": Foreigner(),
    "chunked": Foreigner(framing="chunked", after_login=303),
    "no API": Foreigner(api="none", framing="length", after_login=307),
    "API 2.6 without its flags": Foreigner(api="2.6", lacking=frozenset(("rebootRequired", "finishedBooting"))),
    "no restartTime": Foreigner(lacking=frozenset(("restartTime", "uptime"))),
    "a clock that jumps back": Foreigner(clock_after=timedelta(days=-4000)),
    "a clock that jumps ahead": Foreigner(clock_after=timedelta(days=400)),
    "restartTime in local time": Foreigner(zone=timedelta(hours=11)),
    "currentTime in local time": Foreigner(zone=timedelta(hours=-11)),
    "HTTPS long after HTTP": Foreigner(https_late=0.9),
}


@pytest.mark.parametrize("unit", UNITS.values(), ids=UNITS)
def test_a_pair_is_installed_and_removed(unit: Foreigner, contexts: Contexts) -> None:
    deadline = Deadline.after(SECONDS)
    with opened(unit, contexts) as mcu:
        foreign = mcu.upload(Upload(FACTORY.certificate_pem, UPLOAD.private_key))
        assert not foreign.taken
        assert foreign.page.mentions("not valid")

        done = procedure.install(mcu, UPLOAD, deadline)

        assert done.handshake.leaf == OURS.chain_der[0]
        assert done.restart is not None
        assert done.restart.way is Way.WEB
        assert "CN = custom" in mcu.certificate_page().local_certificate.subject
        assert procedure.remove(mcu, deadline).handshake.leaf == FACTORY.chain_der[0]
    assert (unit.restarts, unit.wrong, unit.session) == (2, [], "")


def test_a_removal_without_a_custom_pair_changes_nothing(contexts: Contexts) -> None:
    unit = Foreigner()
    with opened(unit, contexts) as mcu:
        answer = mcu.remove()
    assert not answer.taken
    assert answer.page.mentions("nothing to delete")
