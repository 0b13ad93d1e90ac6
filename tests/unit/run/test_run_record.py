"""The record of a run: one line a settled claim, and what the run was; whole, or interrupted at any moment."""

from __future__ import annotations

import hashlib
import signal
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from harness.deadline import Deadline
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
    assert [(lane["place"], lane["restarts"], len(lane["timings"])) for lane in run["lanes"]] == [
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


def test_a_run_that_is_killed_leaves_what_was_settled(bench: LabBench) -> None:
    suite = bench.folder / "test_suite.py"
    suite.write_text(SUITE.replace("    pass", "    pass\n\n\ndef test_hangs(unit):\n    time.sleep(600)"))

    with bench.started(bench.lab(bench.emulated("a")), "-n", "0", "-k", "here or hangs", tests=suite) as process:
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
