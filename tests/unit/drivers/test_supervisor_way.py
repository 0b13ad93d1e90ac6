"""A blade that is restarted by the Supervisor of its chassis; and in which order ways are taken."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from certstore import Upload
from harness import recovery
from harness.bench import Bench
from harness.deadline import Deadline
from harness.drivers.mcu import Mcu, open_unit
from harness.emulator.blueprint import Blueprint
from harness.emulator.chassis import Chassis
from harness.emulator.faults import Faults
from harness.emulator.hosting import HostThread, hosted
from harness.errors import BenchError, ConfigurationError, UnitError
from harness.lab import Place, load_lab
from harness.pki import key_pem, run_authority
from harness.unit import Way
from tests.loopback import address

if TYPE_CHECKING:
    from tests.unit.drivers.conftest import Stand

SECONDS = 30.0
OURS = run_authority().issue("unit.example")
UPLOAD = Upload(OURS.certificate_pem, key_pem(OURS.key))
SUPERVISOR, OTHER = address(), address()
PDU = {"ssh": address(), "port": 2222, "user": "lab"}
POWER = {**PDU, "on": "on 7", "off": "off 7"}
HTTP = {"http": 8080, "https": 8443, "sip_tls": 5061}


def blade(stand: Stand, slot: int = 3, **keys: Any) -> Place:
    """A unit in slot 3; `slot` is where the lab file says that it is."""
    emulated = {"firmware": "4.3(2.18)", "restart_seconds": 0.2, "chassis": SUPERVISOR, "slot": 3}
    supervisor = {"address": SUPERVISOR, "slot": slot, "ports": HTTP}
    emulated |= keys.pop("emulated", {})
    table = {"supervisor": supervisor, **keys, "emulated": emulated}
    return stand(model=table.pop("model", "MCU MSE 8510"), **table)


@contextmanager
def racked(place: Place, *others: Place, chassis: list[Chassis] | None = None) -> Iterator[tuple[Mcu, HostThread]]:
    places = [place, *others]
    with hosted(map(Blueprint.of, places), chassis=[*Chassis.of(places), *(chassis or [])]) as host:
        assert not host.failed
        with open_unit(place) as unit:
            yield unit, host


def test_a_restart_by_the_supervisor_brings_the_stored_pair(stand: Stand) -> None:
    with racked(blade(stand)) as (unit, host):
        assert unit.ways() == (Way.WEB, Way.API, Way.SUPERVISOR)
        unit.upload(UPLOAD)

        restart = unit.restart(Deadline.after(SECONDS), Way.SUPERVISOR)

        assert restart.way is Way.SUPERVISOR
        assert restart.restart_time_after > restart.restart_time_before
        assert unit.handshake(Deadline.after(SECONDS)).leaf == OURS.chain_der[0]
        assert unit.restart_log()[-1].reason == "User requested reboot from supervisor"
        assert host.truth("unit").boots == 1


def test_a_blade_of_the_lab_file_has_its_supervisor_by_its_chassis(tmp_path: Path) -> None:
    lab = tmp_path / "lab.toml"
    emulated = f'{{ chassis = "{SUPERVISOR}", slot = 4 }}'
    lab.write_text(f'[[place]]\nname = "blade"\nmodel = "MCU MSE 8420"\nemulated = {emulated}\n')
    [place] = load_lab(lab).places
    assert place.supervisor is not None
    assert (place.supervisor.address, place.supervisor.slot) == (SUPERVISOR, 4)


def test_the_password_of_the_supervisor_is_its_own(stand: Stand) -> None:
    supervisor = {"address": SUPERVISOR, "slot": 3, "ports": HTTP, "login": {"password": "ch4ssis & more"}}
    place = blade(stand, supervisor=supervisor, emulated={"chassis": None, "slot": None})
    chassis = Chassis("rack", SUPERVISOR, 8080, ((3, "unit"),), password="ch4ssis & more")
    with racked(place, chassis=[chassis]) as (unit, host):
        assert unit.restart(Deadline.after(SECONDS), Way.SUPERVISOR).way is Way.SUPERVISOR
        wrong = place.model_copy(
            update={"supervisor": place.supervisor and place.supervisor.model_copy(update={"login": place.login})}
        )
        with open_unit(wrong) as other, pytest.raises(ConfigurationError, match=r"unit\.supervisor: the API refuses"):
            other.restart(Deadline.after(SECONDS), Way.SUPERVISOR)
        assert host.truth("unit").boots == 1


def test_a_slot_with_another_blade_or_none_is_left_alone(stand: Stand) -> None:
    other = stand(
        name="other",
        model="MCU MSE 8420",
        address=OTHER,
        emulated={"firmware": "4.3(2.18)", "restart_seconds": 0.2, "chassis": SUPERVISOR, "slot": 4},
    )
    twin = other.model_copy(update={"model": "MCU MSE 8510"})
    says = {
        "does not say that an 8510 is in it: correct supervisor.slot": (blade(stand, slot=4), other),
        f"has the address {OTHER}, and not": (blade(stand, slot=4), twin),
        "has 0 links for slot 9, want one": (blade(stand, slot=9), other),
    }
    for message, (place, beside) in says.items():
        with racked(place, beside) as (unit, host):
            with pytest.raises(UnitError) as refused:
                unit.restart(Deadline.after(SECONDS), Way.SUPERVISOR)
            assert message in str(refused.value)
            assert [host.truth(name).boots for name in ("unit", "other")] == [0, 0]


def test_a_supervisor_that_is_not_there_is_the_bench_s_fault(stand: Stand) -> None:
    gone = {"address": OTHER, "slot": 3, "ports": HTTP}
    with (
        racked(blade(stand, supervisor=gone, emulated={"chassis": None, "slot": None})) as (unit, _),
        pytest.raises(BenchError, match=r"Connection refused; it is the Supervisor of unit"),
    ):
        unit.restart(Deadline.after(SECONDS), Way.SUPERVISOR)


def switched(stand: Stand, firmware: str = "4.3(2.18)", **keys: Any) -> Place:
    """Without a free web session, so that nobody restarts it by web."""
    return blade(stand, emulated={"firmware": firmware, "switches": {"session.limit": 0}}, **keys)


def test_what_cannot_be_taken_is_followed_by_the_next_and_told(stand: Stand) -> None:
    with racked(switched(stand)) as (unit, host):
        assert unit.restart(Deadline.after(SECONDS)).way is Way.API
        assert host.truth("unit").restart_reasons[-1] == "User requested reboot from API"
        [notice] = unit.notices
        assert "not by web" in notice
        assert notice.endswith("restarted by api, since not by web")


def test_after_the_supervisor_comes_the_power(stand: Stand) -> None:
    # 4.2 has no restart by API; its Supervisor is not there.
    with racked(switched(stand, "4.2(1.50)")) as (unit, _):
        assert unit.ways() == (Way.WEB, Way.SUPERVISOR)
        assert unit.restart(Deadline.after(SECONDS)).way is Way.SUPERVISOR
    gone = {"address": OTHER, "slot": 3, "ports": HTTP}
    with racked(switched(stand, "4.2(1.50)", supervisor=gone, power=POWER)) as (unit, host):
        assert unit.restart(Deadline.after(SECONDS)).way is Way.POWER
        assert len(unit.notices) == 2
        # Its API has no word for a cold boot (7.5).
        assert host.truth("unit").restart_reasons[-1] == "unknown"


def test_without_any_other_way_the_first_reason_is_told(stand: Stand) -> None:
    place = stand(emulated={"firmware": "4.2(1.50)", "switches": {"session.limit": 0}})
    with racked(place) as (unit, host):
        with pytest.raises(BenchError, match="in by API and not by web"):
            unit.restart(Deadline.after(SECONDS))
        assert host.truth("unit").boots == 0


def test_a_way_that_was_begun_and_failed_is_followed_by_no_other(stand: Stand) -> None:
    with racked(blade(stand, power=POWER)) as (unit, host):
        host.suffer("unit", Faults(pdu_dead=True))
        with pytest.raises(BenchError, match="its outlet is off, and it still answers"):
            unit.restart(Deadline.after(SECONDS), Way.POWER)
        assert host.truth("unit").boots == 0


def test_the_ladder_has_a_rung_for_it(stand: Stand, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    [rung] = [rung for rung in recovery.RUNGS if rung.way is Way.SUPERVISOR]
    place = blade(stand)
    assert not rung.applies(stand())
    assert rung.applies(place)
    monkeypatch.setattr(recovery, "RUNGS", (rung,))
    told: list[object] = []
    with Bench([place], tmp_path / "state", tmp_path / "run", "test") as bench, bench.held(place, print):
        assert recovery.recover(bench, place, told.append) == "restart by its Supervisor"
        with bench.open(place) as (unit, _):
            assert "User requested reboot from supervisor" in [entry.reason for entry in unit.restart_log()]
    assert "back at its baseline" in str(told[-1])
