"""The outlet of a unit, reached by SSH at the emulated PDU: off, on, and what comes back."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest

from certstore import Upload
from harness.deadline import Deadline
from harness.drivers.emulated import Emulation, emulated_units
from harness.drivers.mcu import Mcu, open_unit
from harness.emulator.faults import Faults
from harness.errors import BenchError, ConfigurationError
from harness.pki import key_pem, run_authority
from harness.unit import Way

if TYPE_CHECKING:
    from tests.unit.drivers.conftest import Stand

SECONDS = 30.0
"""Longer than anything here takes."""
OURS = run_authority().issue("unit.example")
UPLOAD = Upload(OURS.certificate_pem, key_pem(OURS.key))


def outlet(password: str | None = None) -> dict[str, object]:
    pid = os.getpid()
    table = {
        "ssh": f"127.{210 + (pid >> 8) % 40}.{pid % 256}.9",
        "port": 2222,
        "user": "lab",
        "on": "on 7",
        "off": "off 7",
    }
    return table if password is None else table | {"password": password}


@contextmanager
def powered(stand: Stand, password: str | None = None) -> Iterator[tuple[Mcu, Emulation]]:
    place = stand(power=outlet(password))
    with emulated_units([place]) as emulation, open_unit(place) as unit:
        assert not emulation.failed
        yield unit, emulation


def test_after_a_power_cut_the_stored_pair_is_served(stand: Stand) -> None:
    with powered(stand, "pdu s3cret") as (unit, emulation):
        unit.upload(UPLOAD)

        restart = unit.power_cut(Deadline.after(SECONDS))

        assert restart.way is Way.POWER
        assert restart.restart_time_after > restart.restart_time_before
        assert unit.handshake(Deadline.after(SECONDS)).leaf == OURS.chain_der[0]
        assert unit.restart_log()[-1].reason == "Cold boot"
        assert not unit.condition().reboot_required
        assert (unit.restarts, emulation.truth("unit").boots) == (1, 1)


def test_the_power_may_go_in_an_upload_and_in_the_start(stand: Stand) -> None:
    with powered(stand) as (unit, emulation):
        factory = unit.baseline.leaf

        unit.power_cut(Deadline.after(SECONDS), uploading=UPLOAD, after=0.0, in_boot=0.05)

        assert unit.handshake(Deadline.after(SECONDS)).leaf in (factory, OURS.chain_der[0])
        assert emulation.truth("unit").boots >= 1
        assert unit.certificate_page().local_certificate.key_matches


def test_a_pdu_that_switches_nothing_is_the_bench_s_fault(stand: Stand, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("harness.drivers.restart.OFF_SECONDS", 0.3)
    with powered(stand) as (unit, emulation):
        emulation.suffer("unit", Faults(pdu_dead=True))

        with pytest.raises(BenchError, match="its outlet is off, and it still answers"):
            unit.power_cut(Deadline.after(SECONDS))


def test_a_wrong_password_and_a_missing_outlet_are_named(stand: Stand) -> None:
    with powered(stand, "pdu s3cret") as (unit, _):
        wrong = stand(power=outlet("another s3cret"))
        with open_unit(wrong) as other, pytest.raises(BenchError, match="cannot log in as 'lab'") as refused:
            other.power_cut(Deadline.after(SECONDS))
        assert "s3cret" not in str(refused.value)
        with open_unit(stand()) as other, pytest.raises(ConfigurationError, match="has no outlet"):
            other.power_cut(Deadline.after(SECONDS))
        assert unit.restarts == 0
