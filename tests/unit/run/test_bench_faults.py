"""What is wrong with the bench is said in one line, with the right exit status, and never as a failed claim."""

from __future__ import annotations

import re
import socket
from contextlib import closing
from typing import TYPE_CHECKING

import pytest

from harness.deadline import Deadline
from harness.drivers.emulated import emulated_units
from harness.lab import load_lab

if TYPE_CHECKING:
    from pathlib import Path

    from tests.unit.run.conftest import LabBench, Outcome, SharedRun

OTHER_PAIR = "ab" * 32


def real(name: str, address: str, login: str = "") -> str:
    """A place as for a real unit: what listens at the address is not started by the run."""
    ports = "ports = { http = 8080, https = 8443 }"
    return f"[[place]]\nname = '{name}'\nmodel = 'MCU 4505'\naddress = '{address}'\n{ports}\n{login}\n"


def lines_about(outcome: Outcome, place: str) -> list[str]:
    return [line for line in outcome.output.splitlines() if line.startswith(f"{place}: ")]


def test_a_typo_in_the_lab_file(bench: LabBench) -> None:
    lab = bench.lab(bench.emulated("a").replace("model", "modle"))

    outcome = bench.run(lab)

    assert outcome.status == 4
    said = f"{lab}: [[place]] 'a' has the unknown key 'modle': did you mean 'model'?"
    assert outcome.output.strip().endswith(said)
    assert len(outcome.output.strip().splitlines()) == 1


def test_a_coordinator_that_does_not_answer(bench: LabBench) -> None:
    place = "[[place]]\nname = 'a'\nmodel = 'MCU 4505'\nlabgrid = 'mcu01'\n"
    outcome = bench.run(bench.lab(f"[labgrid]\ncoordinator = '{bench.address()}:9'\n", place))

    assert outcome.status == 10, outcome.output
    assert "no labgrid coordinator answers there" in outcome.output
    assert not outcome.has_traceback


def test_an_unknown_place(bench: LabBench) -> None:
    outcome = bench.run(bench.lab(bench.emulated("mcu-a")), "--place", "mcu-b")

    assert outcome.status == 4
    assert "no place 'mcu-b' in this lab: did you mean 'mcu-a'?" in outcome.output


def test_an_unknown_defect(bench: LabBench) -> None:
    outcome = bench.run(bench.lab(bench.emulated("a", defect="old-pair-after-restrat")))

    assert outcome.status == 10
    assert "did you mean 'old-pair-after-restart'?" in outcome.output
    assert not outcome.has_traceback


def over_a_bench_in_disorder(bench: LabBench) -> Outcome:
    """A healthy unit, and beside it each fault at a place of its own."""
    units = bench.lab(
        bench.emulated("wrong-password") + "login = { password = 'right' }\n",
        bench.emulated("changed"),
        bench.emulated("new"),
        name="units.toml",
    )
    wrong, changed, new = load_lab(units).places
    kept = bench.folder / "state" / "pins" / "changed.json"
    kept.parent.mkdir(parents=True)
    kept.write_text(f'{{"serves": "{OTHER_PAIR}", "pending": []}}')
    lab = bench.lab(
        bench.emulated("healthy"),
        bench.emulated("taken"),
        bench.emulated("no-baseline") + "baseline = { certificate = '/none.crt', private_key = '/none.key' }\n",
        real("away", bench.address()),
        real(wrong.name, wrong.address, "login = { password = 'wr0ng-one' }"),
        real(changed.name, changed.address),
        real(new.name, new.address),
    )
    taken = load_lab(lab).places[1]
    with emulated_units([wrong, changed, new]), closing(socket.create_server((taken.address, 8443))):
        return bench.run(lab, "-n", "2", "-m", "smoke")


@pytest.fixture
def disorder(shared_run: SharedRun) -> tuple[Path, Outcome]:
    """That run: its folder, and what became of it, which has the status of a bench at fault and no traceback."""
    folder, outcome = shared_run("bench-in-disorder", over_a_bench_in_disorder)
    assert outcome.status == 10, outcome.output
    assert not outcome.has_traceback
    return folder, outcome


def test_the_places_that_are_well_go_on(disorder: tuple[Path, Outcome]) -> None:
    _, outcome = disorder
    assert len(outcome.of_place("healthy", "held")) > 30
    assert outcome.of_place("new", "held") == outcome.of_place("healthy", "held")
    [line] = lines_about(outcome, "new")
    assert "is trusted on first use" in line


@pytest.mark.parametrize("place", ["taken", "no-baseline", "away", "wrong-password", "changed"])
def test_the_claims_of_a_place_at_fault_are_errors_not_failures_and_not_skipped(
    disorder: tuple[Path, Outcome], place: str
) -> None:
    _, outcome = disorder
    errors = outcome.of_place(place, "error")
    # Whether what a claim is about is there, a unit that was reached tells.
    assert errors == outcome.of_place("healthy", "held") | outcome.of_place("healthy", "skipped")
    *_, line = lines_about(outcome, place)
    assert line.endswith(f"{len(errors)} claims not answered")
    # Nothing was changed there.
    [row] = re.findall(rf"^{place} +(\d+) +(\d+) +(\d+) +(\d+) ", outcome.output, re.MULTILINE)
    assert row == ("0", "0", str(len(errors)), "0")


def test_an_unreachable_address(disorder: tuple[Path, Outcome]) -> None:
    [line] = lines_about(disorder[1], "away")
    assert "Connection refused" in line


def test_a_wrong_password(disorder: tuple[Path, Outcome]) -> None:
    _, outcome = disorder
    first_use, line = lines_about(outcome, "wrong-password")
    assert "is trusted on first use" in first_use
    assert "admin" in line
    assert "wr0ng-one" not in outcome.output


def test_a_port_in_use(disorder: tuple[Path, Outcome]) -> None:
    folder, outcome = disorder
    [line] = lines_about(outcome, "taken")
    assert f"{load_lab(folder / 'lab.toml').places[1].address}:8443 is in use" in line


def test_a_baseline_that_cannot_be_read(disorder: tuple[Path, Outcome]) -> None:
    [line] = lines_about(disorder[1], "no-baseline")
    assert "opening the unit: baseline: cannot read /none.crt: No such file or directory" in line


def test_a_changed_certificate(disorder: tuple[Path, Outcome]) -> None:
    """It stops the run for that unit alone."""
    folder, outcome = disorder
    [line] = lines_about(outcome, "changed")
    assert f"expected is sha256:{OTHER_PAIR}" in line
    assert f"by {folder / 'state' / 'pins' / 'changed.json'}" in line
    assert "mcu-hil doctor changed --accept-certificate " in line


HOLDING = """
from pathlib import Path

import pytest

from harness.deadline import Deadline
from harness.experiment import Leaves, experiment

HERE = Path(__file__).parent


@experiment(Leaves.WHAT_IT_FOUND, restarts=0)
def holding(unit):
    HERE.joinpath("held").touch()
    Deadline.after(600).wait_for("leave to go on", HERE.joinpath("go-on").exists)


@pytest.mark.about(holding)
def test_is_held(seen):
    pass
"""


def test_a_second_run_on_the_same_places(bench: LabBench) -> None:
    """It says who holds them, and leaves them alone."""
    suite = bench.folder / "test_suite.py"
    suite.write_text(HOLDING)
    lab = bench.lab(bench.emulated("a"))
    with bench.started(lab, tests=suite) as first:
        Deadline.after(600).wait_for("first run", (bench.folder / "held").exists)
        outcome = bench.sibling().run(lab, tests=suite)
        (bench.folder / "go-on").touch()
        assert first.stdout is not None
        rest = first.stdout.read()
        assert first.wait() == 0, rest

    assert outcome.status == 10, outcome.output
    [line] = lines_about(outcome, "a")
    assert "is held by process" in line
    assert not outcome.has_traceback
