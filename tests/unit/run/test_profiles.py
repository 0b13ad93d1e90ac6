"""Open questions: recorded by the first run, compared by later ones, taken over when somebody says so."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from harness.profile import load_profiles

if TYPE_CHECKING:
    from tests.unit.run.conftest import LabBench, Outcome

SUITE = '''
"""One open question and one closed one, answered from a file as each place has it."""

import json
from pathlib import Path

import pytest

from harness.experiment import Leaves, experiment

ANSWERS = Path(__file__).with_name("answers.json")


@experiment(Leaves.WHAT_IT_FOUND, restarts=0)
def asking(unit):
    return json.loads(ANSWERS.read_text())[unit.place.name]


pytestmark = pytest.mark.about(asking)


def test_what_is_open(seen, characterised):
    characterised("takes/anything", seen)


def test_what_is_the_same_everywhere(seen, characterised):
    characterised("chain", "whole")
'''

SUBJECT = "MCU 4505 4.3(2.18), emulated"


def run(bench: LabBench, lab: Path, answers: dict[str, object], *arguments: str) -> Outcome:
    suite = bench.folder / "test_suite.py"
    suite.write_text(SUITE)
    suite.with_name("answers.json").write_text(json.dumps(answers))
    return bench.run(lab, *arguments, tests=suite)


def profile(bench: LabBench) -> Path:
    return bench.folder / "state" / "profiles" / "mcu-4505-4.3-2.18-emulated.toml"


def outcomes(file: Path) -> dict[str, object]:
    return {key: one.outcome for key, one in load_profiles(file).get(SUBJECT, {}).items()}


def command(lab: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    line = [sys.executable, "-c", "from harness.cli import main; main()", "profile", *arguments, "--lab", str(lab)]
    return subprocess.run(line, capture_output=True, text=True, check=False)


def test_the_first_run_records_and_later_ones_compare(bench: LabBench) -> None:
    lab = bench.lab(bench.emulated("a"), bench.emulated("b"))

    first = run(bench, lab, {"a": True, "b": True}, "-n", "0")
    recorded = profile(bench).read_text()
    changed = run(bench, lab, {"a": True, "b": False}, "-n", "0")

    assert (first.status, changed.status) == (0, 1), changed.output
    assert f"profile of {SUBJECT}: 2 outcomes recorded, {profile(bench)}" in first.output
    assert "outcomes recorded" not in changed.output
    assert outcomes(profile(bench)) == {"takes/anything": True, "chain": "whole"}
    assert changed.of_place("a", "failure") == set()
    assert changed.of_place("b", "failure") == {"test_what_is_open"}
    assert f"{SUBJECT}: takes/anything is no; recorded: yes, on 20" in changed.output
    assert f"in {profile(bench)}" in changed.output
    assert "--accept-profile" in changed.output
    assert not changed.has_traceback
    assert profile(bench).read_text() == recorded


def test_a_change_is_taken_over_by_a_run_that_accepts_it_or_by_command_with_no_unit_touched(bench: LabBench) -> None:
    lab = bench.lab(bench.emulated("a"))
    run(bench, lab, {"a": "refused"}, "-n", "0")

    accepting = run(bench, lab, {"a": "taken"}, "-n", "0", "--accept-profile")

    assert accepting.status == 0, accepting.output
    assert "1 outcome changed and accepted" in accepting.output
    assert outcomes(profile(bench)) == {"takes/anything": "taken", "chain": "whole"}

    run(bench, lab, {"a": "lost"}, "-n", "0")
    told, done, again = command(lab, "diff"), command(lab, "accept"), command(lab, "diff")

    assert told.returncode == 1
    assert "takes/anything: 'lost' at a; recorded: 'taken', on 20" in told.stdout
    assert done.returncode == 0, done.stderr
    assert (again.returncode, again.stdout) == (0, "")
    assert outcomes(profile(bench))["takes/anything"] == "lost"
    assert "'lost'" in command(lab, "show").stdout


def test_places_that_disagree_in_the_first_run_make_it_red_and_record_nothing(bench: LabBench) -> None:
    lab = bench.lab(bench.emulated("a"), bench.emulated("b"), bench.emulated("c"))

    outcome = run(bench, lab, {"a": True, "b": False, "c": True}, "-n", "2")

    assert outcome.status == 1, outcome.output
    assert set(outcome.verdicts.values()) == {"held"}
    assert "not recorded, for the places disagree: takes/anything: a yes, b no, c yes" in outcome.output
    assert outcomes(profile(bench)) == {"chain": "whole"}


def test_a_profile_may_be_a_file_of_the_users(bench: LabBench) -> None:
    kept = bench.folder / "kept" / "profiles.toml"
    lab = bench.lab(bench.emulated("a") + f"profile = '{kept}'\n")

    assert run(bench, lab, {"a": 'so "quoted"'}, "-n", "0").status == 0
    assert outcomes(kept) == {"takes/anything": 'so "quoted"', "chain": "whole"}
    assert not profile(bench).exists()

    kept.write_text("[profile]\nname = 1\n")
    broken = run(bench, lab, {"a": True}, "-n", "0")

    assert broken.status == 4
    assert f"{kept}: 'name': want {{ outcome" in broken.output
    assert not broken.has_traceback
