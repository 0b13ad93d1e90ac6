"""The outlet of a unit, reached by SSH at the emulated PDU: off, on, and what comes back."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest

from certstore import Upload
from harness.deadline import Deadline
from harness.drivers.emulated import Emulation, emulated_units
from harness.drivers.mcu import Mcu, open_unit
from harness.drivers.power import told_state
from harness.emulator.faults import Faults
from harness.errors import BenchError, ConfigurationError
from harness.pki import key_pem, run_authority
from harness.unit import Way
from tests.loopback import address

if TYPE_CHECKING:
    from tests.unit.drivers.conftest import Stand

SECONDS = 30.0
"""Longer than anything here takes."""
OURS = run_authority().issue("unit.example")
UPLOAD = Upload(OURS.certificate_pem, key_pem(OURS.key))
PDU = address()


def outlet(password: str | None = None) -> dict[str, object]:
    table = {
        "ssh": PDU,
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


def test_a_pdu_that_only_cycles_will_do(stand: Stand) -> None:
    table = {key: value for key, value in outlet().items() if key not in ("on", "off")} | {"cycle": "cycle 7"}
    place = stand(power=table)
    with emulated_units([place]) as emulation, open_unit(place) as unit:
        unit.upload(UPLOAD)

        assert unit.restart(Deadline.after(SECONDS), Way.POWER).way is Way.POWER

        assert unit.handshake(Deadline.after(SECONDS)).leaf == OURS.chain_der[0]
        assert emulation.truth("unit").restart_reasons[-1] == "Cold boot"
        assert unit.outlet_state() is None


def test_what_the_pdu_says_of_its_outlet_counts(stand: Stand, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("harness.drivers.power.SWITCH_SECONDS", 0.3)
    place = stand(power=outlet() | {"state": "state 7"})
    with emulated_units([place]) as emulation, open_unit(place) as unit:
        assert unit.outlet_state() is True
        assert unit.restart(Deadline.after(SECONDS), Way.POWER).way is Way.POWER
        emulation.suffer("unit", Faults(pdu_dead=True))

        with pytest.raises(BenchError, match="off: took the command, and says that the outlet is on"):
            unit.power_cut(Deadline.after(SECONDS))

        assert emulation.truth("unit").boots == 1


SAYS = {
    "outlet 7: on\n": True,
    "Outlet 7 is OFF": False,
    "1": True,
    "0\r\n": False,
    "port7=true": True,
    "one": None,
    "": None,
    "power consumption 0 W, on": True,
    "1 outlet, off": False,
    "state of 7: 0": False,
}


@pytest.mark.parametrize(("said", "state"), SAYS.items())
def test_how_pdus_tell_the_state(said: str, state: bool | None) -> None:  # noqa: FBT001 - a row
    assert told_state(said) is state


def test_a_wrong_password_and_a_missing_outlet_are_named(stand: Stand) -> None:
    with powered(stand, "pdu s3cret") as (unit, _):
        wrong = stand(power=outlet("another s3cret"))
        with open_unit(wrong) as other, pytest.raises(BenchError, match="cannot log in as 'lab'") as refused:
            other.power_cut(Deadline.after(SECONDS))
        assert "s3cret" not in str(refused.value)
        with open_unit(stand()) as other, pytest.raises(ConfigurationError, match="has no outlet"):
            other.power_cut(Deadline.after(SECONDS))
        assert unit.restarts == 0
