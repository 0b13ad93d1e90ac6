"""What is wrong with the bench is said in one line, with the right exit status, and never as a failed claim."""

from __future__ import annotations

import socket
from contextlib import closing
from typing import TYPE_CHECKING

from harness.drivers.emulated import emulated_units
from harness.lab import load_lab

if TYPE_CHECKING:
    from tests.unit.run.conftest import LabBench, Outcome


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


def test_an_unreachable_address(bench: LabBench) -> None:
    """The other places go on; the unreachable one's claims are errors, not failures, and not skipped."""
    outcome = bench.run(bench.lab(bench.emulated("here"), real("away", bench.address())), "-n", "2", "-m", "smoke")

    assert outcome.status == 10, outcome.output
    [line] = lines_about(outcome, "away")
    assert "Connection refused" in line
    assert line.endswith(f"{len(outcome.of_place('away', 'error'))} claims not answered")
    assert outcome.of_place("away", "error") == outcome.of_place("here", "held")
    assert not outcome.has_traceback


def test_a_wrong_password(bench: LabBench) -> None:
    unit = bench.lab(bench.emulated("unit") + "login = { password = 'right' }\n", name="units.toml")
    [place] = load_lab(unit).places
    with emulated_units([place]):
        outcome = bench.run(bench.lab(real("unit", place.address, "login = { password = 'wr0ng-one' }")))

    assert outcome.status == 10, outcome.output
    first_use, line = lines_about(outcome, "unit")
    assert "is trusted on first use" in first_use
    assert "admin" in line
    assert "wr0ng-one" not in outcome.output
    assert not outcome.has_traceback


def test_a_port_in_use(bench: LabBench) -> None:
    taken, free = bench.emulated("taken"), bench.emulated("free")
    lab = bench.lab(taken, free)
    address = load_lab(lab).places[0].address
    with closing(socket.create_server((address, 8443))):
        outcome = bench.run(lab, "-m", "smoke")

    assert outcome.status == 10, outcome.output
    [line] = lines_about(outcome, "taken")
    assert f"{address}:8443 is in use" in line
    assert outcome.of_place("free", "held") == outcome.of_place("taken", "error")
    assert not outcome.has_traceback


def test_a_second_run_on_the_same_places(bench: LabBench) -> None:
    """It says who holds them, and leaves them alone."""
    lab = bench.lab(bench.emulated("a", restart_seconds=2.0))
    with bench.started(lab) as first:
        assert first.stdout is not None
        # What a lane says only while it holds its lease.
        next(line for line in first.stdout if "a: self-signed: restarted" in line)
        outcome = bench.sibling().run(lab)
        rest = first.stdout.read()
        assert first.wait() == 0, rest

    assert outcome.status == 10, outcome.output
    [line] = lines_about(outcome, "a")
    assert "is held by process" in line
    assert not outcome.has_traceback


def test_a_changed_certificate(bench: LabBench) -> None:
    """It stops the run for that unit alone; the other one is met for the first time, which is told."""
    units = bench.lab(bench.emulated("changed"), bench.emulated("new"), name="units.toml")
    places = load_lab(units).places
    kept = bench.folder / "state" / "pins" / "changed.json"
    kept.parent.mkdir(parents=True)
    kept.write_text(f'{{"serves": "{"ab" * 32}", "pending": []}}')
    with emulated_units(places):
        lab = bench.lab(*(real(place.name, place.address) for place in places))
        outcome = bench.run(lab, "-m", "smoke")

    assert outcome.status == 10, outcome.output
    [line] = lines_about(outcome, "changed")
    assert f"expected is sha256:{'ab' * 32}" in line
    assert f"by {kept}" in line
    assert "mcu-hil doctor changed --accept-certificate " in line
    assert outcome.of_place("new", "held") == outcome.of_place("changed", "error")
    [line] = lines_about(outcome, "new")
    assert "is trusted on first use" in line
    assert not outcome.has_traceback
