"""The record of a run: one line a settled claim, and what the run was; whole, or interrupted at any moment."""

from __future__ import annotations

import hashlib
import signal
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from harness.deadline import Deadline
from harness.lab import load_lab
from harness.results.database import database_of
from harness.results.history import history_of
from harness.results.ingest import ingest
from harness.results.run_folder import run_in
from harness.run_record import CLAIMS_FILE, RUN_FILE, place_in, read_run, read_settled

if TYPE_CHECKING:
    from tests.unit.run.conftest import LabBench

SUITE = '''
"""Claims of every verdict."""

import time
from pathlib import Path

import pytest

from harness.deadline import Deadline
from harness.errors import BenchError
from harness.experiment import Leaves, experiment
from harness.observation import look


@experiment(Leaves.WHAT_IT_FOUND, restarts=1)
def restarting(unit):
    unit.restart(Deadline.after(60))
    return look(unit)


@experiment(Leaves.WHAT_IT_FOUND, restarts=0)
def unlucky(unit):
    raise BenchError("no cable")


@pytest.mark.about(restarting)
@pytest.mark.parametrize("way", ["here", "there"])
def test_is_looked_at(seen, way):
    assert way == "here"


@pytest.mark.about(unlucky)
def test_is_not_answered(seen):
    pass


@pytest.fixture
def untidy():
    yield
    raise OSError("left a mess")


def test_is_torn_down(unit, untidy):
    assert unit.identity.serial
'''


def only_run(bench: LabBench) -> Path:
    [folder] = (bench.folder / "state" / "runs").iterdir()
    return folder


def test_a_run_is_recorded_claim_by_claim(bench: LabBench) -> None:
    suite = bench.folder / "test_suite.py"
    suite.write_text(SUITE)
    lab = bench.lab(bench.emulated("a"), bench.emulated("a-2"))

    outcome = bench.run(lab, "-n", "2", tests=suite)

    folder = only_run(bench)
    run, settled = read_run(folder), read_settled(folder)
    assert (run["run"], run["lab"], run["exit_status"]) == (folder.name, "test", 1), outcome.output
    assert run["lab_sha256"] == hashlib.sha256(lab.read_bytes()).hexdigest()
    assert run["started"] < run["ended"]
    assert [place["name"] for place in run["places"]] == ["a", "a-2"]
    assert {"mcu-hil", "python", "openssl"} < run["versions"].keys()
    assert sorted((lane["place"], lane["restarts"], len(lane["timings"])) for lane in run["lanes"]) == [
        ("a", 1, 1),
        ("a-2", 1, 1),
    ]
    assert run["lanes"][0]["timings"][0]["booted_seconds"] > 0
    for place in "a", "a-2":
        found = {one.claim.partition("::")[2]: one for one in settled.values() if one.place == place}
        assert {claim: (one.verdict, one.fault) for claim, one in found.items()} == {
            "test_is_looked_at[here]": ("held", None),
            "test_is_looked_at[there]": ("failed", None),
            "test_is_not_answered": ("blocked", "bench"),
            "test_is_torn_down": ("error", None),
        }
        assert len({(one.serial, one.firmware) for one in found.values()}) == 1
        assert found["test_is_torn_down"].firmware == "4.3(2.18)"
        assert found["test_is_not_answered"].experiment == "unlucky"
        assert "no cable" in str(found["test_is_not_answered"].incident)
    assert all((folder / name).stat().st_mode & 0o777 == 0o600 for name in (RUN_FILE, CLAIMS_FILE))
    [night] = document(bench, lab)["nights"]
    assert (night["run"], night["exit_status"]) == (folder.name, 1)
    assert f"history:   sqlite:///{bench.folder}/state/results.sqlite (mcu-hil history)" in outcome.output


def document(bench: LabBench, lab: Path) -> dict[str, Any]:
    """What `mcu-hil history --json` says."""
    found = load_lab(lab)
    return history_of(database_of(found), found.name, None).document()


def test_a_database_that_cannot_be_written_is_one_line_and_no_verdict(bench: LabBench) -> None:
    suite = bench.folder / "test_suite.py"
    suite.write_text("def test_is_here(unit):\n    assert unit.identity.serial\n")
    nowhere = '[results]\ndatabase = "sqlite:////proc/nowhere/results.sqlite"\n'

    outcome = bench.run(bench.lab(nowhere, bench.emulated("a")), "-n", "0", tests=suite)

    folder = only_run(bench)
    assert outcome.status == 0, outcome.output
    [line] = [line for line in outcome.output.splitlines() if "not in the history" in line]
    assert line.startswith(
        "not in the history: results database sqlite:////proc/nowhere/results.sqlite: /proc/nowhere:"
    )
    assert line.endswith(f"later: mcu-hil history import {folder}")
    # What it can write, it writes beside its evidence.
    assert "All 1 claims that apply held at 1 places." in (folder / "report.html").read_text(encoding="utf-8")


def test_a_run_that_is_killed_leaves_what_was_settled(bench: LabBench) -> None:
    suite = bench.folder / "test_suite.py"
    suite.write_text(SUITE.replace("    pass", "    pass\n\n\ndef test_hangs(unit):\n    time.sleep(600)"))

    lab = bench.lab(bench.emulated("a"))
    with bench.started(lab, "-n", "0", "-k", "(here and not there) or hangs", tests=suite) as process:
        assert process.stdout is not None
        # The claim is settled when its experiment is done; the test that hangs comes next.
        next(line for line in process.stdout if "restarting" in line and "restarted" not in line)
        settled_there = only_run(bench) / CLAIMS_FILE
        Deadline.after(60).wait_for("claim to be settled", lambda: settled_there.stat().st_size > 0)
        process.send_signal(signal.SIGKILL)

    run, settled = read_run(only_run(bench)), read_settled(only_run(bench))
    assert (run["ended"], run["exit_status"], run["lanes"]) == (None, None, [])
    assert [(one.claim.partition("::")[2], one.verdict) for one in settled.values()] == [
        ("test_is_looked_at[here]", "held")
    ]
    interrupted = run_in(only_run(bench))
    ingest(database_of(load_lab(lab)), interrupted)
    [visit] = interrupted.visits
    # Its lane never reported: the restart is known from the evidence.
    assert len(visit.restarts) == 1
    assert list(document(bench, lab)["verdicts"]["a"].values()) == ["."]


def test_a_line_that_is_not_whole_is_left_out(tmp_path: Path) -> None:
    (tmp_path / CLAIMS_FILE).write_bytes(b'{"nodeid": "a"}\n{"nodeid": "\xc3')

    assert read_settled(tmp_path) == {}


@pytest.mark.parametrize(
    ("nodeid", "place"),
    [
        ("t.py::test_x[rack]", "rack"),
        ("t.py::test_x[rack-2]", "rack-2"),
        ("t.py::test_x[rack-2-key-der]", "rack-2"),
        ("t.py::test_x[rack-key-der]", "rack"),
        ("t.py::test_x[rack3]", None),
        ("t.py::test_x", None),
    ],
)
def test_the_place_of_a_node_id_is_the_longest_that_fits(nodeid: str, place: str | None) -> None:
    assert place_in(nodeid, ["rack", "rack-2"]) == place
