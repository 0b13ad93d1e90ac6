"""`mcu-hil nightly`, as a timer starts it: a process of its own, over a lab and a suite of its own."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pytest

from harness.cli import main
from harness.deadline import Deadline
from harness.drivers.emulated import Emulation
from tests.faults.standing_lab import StandingLab, kill_session, standing_lab
from tests.faults.table import Row
from tests.whole_run import environment

PATIENCE = 120.0

whole = pytest.mark.skipif("MCU_HIL_NIGHTS" not in os.environ, reason="takes long: make nights")

SUITE = '''
"""Claims about a unit that is given another pair, and waits until the test lets it go on."""

from pathlib import Path

import pytest

from harness import catalogue
from harness.cli import main
from harness.deadline import Deadline
from harness.experiment import Leaves, experiment
from harness.observation import look

HERE = Path(__file__).parent


@experiment(Leaves.PENDING_PAIR, restarts=0)
def uploading(unit):
    unit.upload(catalogue.ca_signed(unit.place.address).upload)
    HERE.joinpath(f"uploaded-{unit.place.name}").touch()
    Deadline.after(100).wait_for("leave to go on", HERE.joinpath("go-on").exists)
    return look(unit)


@experiment(Leaves.WHAT_IT_FOUND, restarts=0)
def looking(unit):
    return look(unit)


@experiment(Leaves.BASELINE, restarts=0)
def coming_last(unit):
    return look(unit)


@pytest.mark.about(coming_last)
def test_comes_last(seen):
    assert seen.handshake.leaf


@pytest.mark.about(looking)
def test_is_looked_at(seen):
    assert seen.handshake.leaf


@pytest.mark.about(uploading)
def test_is_uploaded_to(seen):
    assert seen.condition.reboot_required
'''


@dataclass
class Nights:
    """A lab of kept units, a suite, and the command that is proved here."""

    lab: StandingLab
    folder: Path

    def command(self, *arguments: str) -> list[str]:
        code = "from harness.cli import main; main()"
        suite = str(self.folder / "test_suite.py")
        given = ["nightly", "--lab", str(self.lab.file), "--suite", suite, "-n", "0", *arguments]
        return [sys.executable, "-c", code, *given]

    def run(self, *arguments: str) -> tuple[int, str]:
        done = subprocess.run(
            self.command(*arguments),
            capture_output=True,
            text=True,
            check=False,
            env=environment(),
            cwd=self.folder,
            timeout=PATIENCE * 3,
        )
        return done.returncode, done.stdout + done.stderr

    @contextmanager
    def started(self, *arguments: str) -> Iterator[subprocess.Popen[str]]:
        with subprocess.Popen(
            self.command(*arguments),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            env=environment(),
            cwd=self.folder,
            start_new_session=True,
        ) as process:
            try:
                yield process
            finally:
                kill_session(process.pid)

    def go_on(self) -> None:
        (self.folder / "go-on").touch()

    def wait_for_upload(self, place: str = "unit-1") -> None:
        Deadline.after(PATIENCE).wait_for("upload", (self.folder / f"uploaded-{place}").exists)

    @property
    def nights(self) -> list[Path]:
        return sorted((self.folder / "state" / "nightly").glob("2*"))

    def summary(self) -> dict[str, Any]:
        summary: dict[str, Any] = json.loads((self.nights[-1] / "summary.json").read_text())
        return summary

    def controller(self) -> int:
        """The process of the run that is under way."""
        [folder] = [str(path) for path in (self.folder / "state" / "runs").glob("2*")][-1:]
        for file in Path("/proc").glob("[0-9]*/cmdline"):
            if folder.encode() in file.read_bytes().split(b"\0"):
                return int(file.parent.name)
        raise AssertionError("no run is under way")

    @property
    def emulation(self) -> Emulation:
        return self.lab.emulation


@pytest.fixture
def nights(tmp_path: Path) -> Iterator[Nights]:
    # Quick enough to be waited for, so that what may take as long as a restart fits into a short budget.
    (tmp_path / "test_suite.py").write_text(SUITE)
    with standing_lab(tmp_path, 1, [Row("well")]) as lab:
        yield Nights(lab, tmp_path)


@whole
def test_a_night_that_is_too_short_names_what_it_has_not_done_and_is_gone_on_with(nights: Nights) -> None:
    nights.go_on()
    before = nights.emulation.truth("unit-1")

    status, output = nights.run("--budget", "12s", "-k", "looked")
    short = nights.summary()

    assert status == 10, output
    assert "1 not done; exit status 10" in output
    assert short["counts"]["held"] == 0
    assert [claim["verdict"] for claim in short["claims"]] == ["not-done"]
    assert nights.emulation.truth("unit-1").boots == before.boots
    [case] = ET.parse(nights.nights[-1] / "junit.xml").getroot().iter("testcase")
    assert case.find("error") is not None

    refused, why = nights.run("--resume", "-k", "uploaded")
    resumed, output = nights.run("--resume", "--budget", "5m", "-k", "looked", "--json", "-")

    assert refused == 4
    assert "was begun with other choices" in why
    assert resumed == 0, output
    assert "1 held; exit status 0" in output
    assert len(nights.nights) == 1
    assert "nothing of the night" in nights.run("--resume", "-k", "looked")[1]


def test_a_night_that_is_ended_by_sigterm_is_at_the_baseline_and_gone_on_with(nights: Nights) -> None:
    with nights.started("--budget", "10m") as night:
        nights.wait_for_upload()
        overlapping, said = nights.run("--budget", "10m")
        night.send_signal(signal.SIGTERM)
        Deadline.after(PATIENCE).wait_for("wish to end", lambda: any(nights.folder.glob("state/runs/*/stop")))
        nights.go_on()
        output, status = night.communicate()[0], night.wait()

    assert (overlapping, "another night is under way: held by process" in said) == (10, True), said
    assert status == 10, output
    assert "unit-1: not done: test_comes_last[unit-1]" in output
    assert nights.lab.not_at_baseline() == {}

    (nights.folder / "uploaded-unit-1").unlink()
    resumed, output = nights.run("--budget", "10m")

    assert resumed == 0, output
    assert "3 held; exit status 0" in output
    assert not (nights.folder / "uploaded-unit-1").exists()


def test_what_the_bench_has_blocked_is_asked_again_when_it_is_well_and_both_outcomes_are_told(nights: Nights) -> None:
    nights.go_on()
    nights.emulation.power_off("unit-1")

    with nights.started("--budget", "20m", "--patience", "10m", "-k", "looked") as night:
        assert night.stderr is None
        assert night.stdout is not None
        said = [next(line for line in night.stdout if "not well yet" in line)]
        nights.emulation.power_on("unit-1")
        said += night.stdout.readlines()
        status = night.wait()

    assert status == 0, said
    assert any("1 claims asked again: first blocked (unit-1: " in line for line in said), said
    [claim] = nights.summary()["claims"]
    assert [one["verdict"] for one in claim["outcomes"]] == ["blocked", "held"]
    [case] = ET.parse(nights.nights[-1] / "junit.xml").getroot().iter("testcase")
    told = {str(one.get("name")): one.get("value") for one in case.iter("property")}
    assert (told["verdict"], told["outcome_1"]) == ("held", "blocked")
    assert case.find("error") is None


@whole
def test_a_run_that_is_killed_is_begun_again_in_the_same_night(nights: Nights) -> None:
    with nights.started("--budget", "20m") as night:
        nights.wait_for_upload()
        os.kill(nights.controller(), signal.SIGKILL)
        nights.go_on()
        output, status = night.communicate()[0], night.wait()

    assert status == 0, output
    assert "the run ended before it was over" in output
    assert nights.lab.not_at_baseline() == {}


@whole
def test_a_night_that_is_killed_is_gone_on_with_and_its_run_is_waited_for(nights: Nights) -> None:
    with nights.started("--budget", "20m") as night:
        nights.wait_for_upload()
        night.kill()
        night.wait()
        with nights.started("--budget", "20m") as second:
            assert second.stdout is not None
            said = [next(line for line in second.stdout if "is still under way" in line)]
            nights.go_on()
            said += second.stdout.readlines()
            status = second.wait()

    assert status == 0, said
    assert len(nights.nights) == 1
    assert len(nights.summary()["runs"]) == 1
    assert nights.lab.not_at_baseline() == {}


MISTAKES = {
    "tag": (["--tag", "nowhere"], "no tag 'nowhere' in this lab"),
    "budget": (["--budget", "soon"], "want a number with m, h or d"),
    "suite": (["--suite", "elsewhere"], "there is no elsewhere here"),
    "nothing": (["-k", "nosuchclaim"], "selects no claim"),
    "resume": (["--resume"], "has no night that could be resumed"),
}


@pytest.mark.parametrize(("arguments", "says"), MISTAKES.values(), ids=MISTAKES)
def test_a_mistake_of_the_users_is_one_line(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    arguments: list[str],
    says: str,
) -> None:
    (tmp_path / "test_suite.py").write_text(SUITE)
    place = "[[place]]\nname = 'a'\nmodel = 'MCU 4505'\naddress = '127.0.0.9'\n"
    (tmp_path / "lab.toml").write_text(f"[lab]\nstate_dir = '{tmp_path / 'state'}'\n{place}")
    for name in [name for name in os.environ if name.startswith("PYTEST_")]:
        monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(
        sys, "argv", ["mcu-hil", "nightly", "--lab", "lab.toml", "--suite", "test_suite.py", *arguments]
    )

    with pytest.raises(SystemExit) as ended:
        main()

    assert ended.value.code == 4
    said = capsys.readouterr().err
    assert says in said
    assert "Traceback" not in said
