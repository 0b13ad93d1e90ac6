"""Restarts of units that tell no truth about them: the driver sees what happened, and leaves the rest to claims."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from certstore import Upload
from harness.deadline import Deadline
from harness.drivers.mcu import open_unit
from harness.pki import key_pem, run_authority
from harness.unit import OperationalStatus
from tests.unit.drivers.stranger import Stranger, opened

if TYPE_CHECKING:
    from tests.unit.drivers.conftest import Emulate, Stand

SECONDS = 60.0
"""Longer than anything here takes."""
OURS = run_authority().issue("unit.example")
UPLOAD = Upload(OURS.certificate_pem, key_pem(OURS.key))


def test_a_start_that_is_not_told_is_seen_all_the_same(stand: Stand, emulate: Emulate) -> None:
    emulate(defect="restart-time-stale")
    with open_unit(stand()) as unit:
        unit.upload(UPLOAD)
        restart = unit.restart(Deadline.after(SECONDS))
        assert restart.restart_time_after == restart.restart_time_before
        assert unit.operational_status() is OperationalStatus.ACTIVE


def test_an_uptime_that_does_not_begin_anew_is_told(stand: Stand, emulate: Emulate) -> None:
    emulate(defect="uptime-not-reset")
    with open_unit(stand()) as unit:
        restart = unit.restart(Deadline.after(SECONDS))
        assert restart.restart_time_after > restart.restart_time_before
        assert restart.uptime_seconds > restart.booted_seconds


@pytest.mark.parametrize("defect", ["http-closed-after-restart", "https-closed-after-restart"])
def test_a_port_that_stays_closed_does_not_hide_the_restart(defect: str, stand: Stand, emulate: Emulate) -> None:
    emulate(defect=defect)
    with open_unit(stand()) as unit:
        restart = unit.restart(Deadline.after(SECONDS))
        assert restart.restart_time_after > restart.restart_time_before


def test_a_unit_that_goes_down_by_itself_after_an_upload_is_waited_for() -> None:
    with opened(Stranger(restarts_at_upload=True)) as unit:
        before = unit.condition().restart_time
        assert unit.upload(UPLOAD).local_certificate.key_matches
        assert unit.condition().restart_time > before
