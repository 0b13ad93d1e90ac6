"""A unit whose power goes through a PDU of one of labgrid's models: real HTTP, and the power is really gone."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from certstore import Upload
from harness.deadline import Deadline
from harness.drivers.mcu import open_unit
from harness.errors import BenchError
from harness.labgrid_models import labgrid_models
from harness.pki import key_pem, run_authority
from harness.unit import Way
from tests.unit.drivers.labgrid_pdus import pdu

if TYPE_CHECKING:
    from tests.unit.drivers.conftest import Emulate, Stand

SECONDS = 30.0
OURS = run_authority().issue("unit.example")

pytest.importorskip("labgrid")

MODELS = {
    "simplerest": "http://lab:pi-s3cret@127.0.0.1:{port}/pi/{{index}}/{{value}}",
    "shelly_gen1": "http://127.0.0.1:{port}/shelly",
    "gude8031": "127.0.0.1",
}


def table(model: str, port: int, index: int = 3) -> dict[str, object]:
    power: dict[str, object] = {"labgrid": model, "host": MODELS[model].format(port=port), "index": index}
    # Gude's has a port of its own, 80, which no test may have.
    return power | {"off_seconds": 0.0} | ({"port": port} if model == "gude8031" else {})


@pytest.mark.parametrize("model", MODELS)
def test_a_power_cut_through_the_pdu_brings_the_stored_pair(model: str, stand: Stand, emulate: Emulate) -> None:
    host = emulate()
    with (
        pdu(lambda on: host.power_on("unit") if on else host.power_off("unit")) as (port, is_on),
        open_unit(stand(power=table(model, port))) as unit,
    ):
        assert unit.outlet_state() is True
        assert unit.ways()[-1] is Way.POWER
        unit.upload(Upload(OURS.certificate_pem, key_pem(OURS.key)))

        restart = unit.restart(Deadline.after(SECONDS), Way.POWER)

        assert is_on == [True, False, True]
        assert restart.way is Way.POWER
        assert unit.handshake(Deadline.after(SECONDS)).leaf == OURS.chain_der[0]
    assert host.truth("unit").restart_reasons[-1] == "Cold boot"


def test_a_pdu_that_switches_nothing_is_the_bench_s_fault(
    stand: Stand, emulate: Emulate, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("harness.drivers.restart.OFF_SECONDS", 0.3)
    host = emulate()
    with (
        pdu(lambda _on: None, broken=True) as (port, _),
        open_unit(stand(power=table("shelly_gen1", port))) as unit,
        pytest.raises(BenchError, match="its outlet is off, and it still answers"),
    ):
        unit.restart(Deadline.after(SECONDS), Way.POWER)
    assert host.truth("unit").boots == 0


@pytest.mark.parametrize("model", MODELS)
def test_what_the_pdu_does_not_do_is_one_line_without_its_login(
    model: str, stand: Stand, emulate: Emulate, capfd: pytest.CaptureFixture[str]
) -> None:
    emulate()
    with (
        pdu(lambda _on: None) as (port, _),
        open_unit(stand(power=table(model, port, index=9))) as unit,
        pytest.raises(BenchError) as refused,
    ):
        unit.outlet_state()
    with open_unit(stand(power=table(model, port))) as unit, pytest.raises(BenchError) as gone:
        unit.outlet_state()
    assert str(gone.value) == (
        f"unit: power: {model} 127.0.0.1:{port}, outlet 3: state: labgrid's driver fails: Connection refused"
    )
    for error in (refused, gone):
        assert "\n" not in str(error.value)
        assert "s3cret" not in str(error.value) + repr(error.value.args)
    assert "s3cret" not in "".join(capfd.readouterr())


def test_the_models_are_known_without_an_import_of_labgrid() -> None:
    script = (
        "import sys; from harness.labgrid_models import *; print(len(labgrid_models()), 'labgrid' in sys.modules)"
    )
    told = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True, timeout=60)
    assert told.stdout.split() == [str(len(labgrid_models())), "False"]
    assert {"apc", "gude8031", "shelly_gen1"} <= {*labgrid_models()}
