"""A lab of emulated units that outlive the runs over it, and whose true state can be asked for."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path

from harness.deadline import Deadline
from harness.drivers.emulated import Emulation, emulated_units
from harness.emulator.report import Report
from harness.lab import MODELS, load_lab
from harness.standing import kept_standing
from tests.faults.table import Row
from tests.loopback import network
from tests.whole_run import SUITE, command, environment

END_SECONDS = 120.0
RUN_SECONDS = 1800.0
"""What is proved is not how long it takes."""
RESTART_SECONDS = 40


@dataclass(frozen=True)
class Ended:
    """A command that is over."""

    status: int
    output: str


@dataclass(frozen=True)
class StandingLab:
    file: Path
    folder: Path
    emulation: Emulation
    alone: Mapping[str, Emulation]
    """By place, the units that have a process of their own."""
    at_first: Mapping[str, Report]

    def command(self, *arguments: str, suite: Path = SUITE) -> list[str]:
        return command(self.file, self.folder / "junit.xml", *arguments, suite=suite)

    @contextmanager
    def running(
        self, *arguments: str, suite: Path = SUITE, before: Sequence[str] = ()
    ) -> Iterator[subprocess.Popen[str]]:
        """A run in a session of its own, so that it can be killed as a whole; it is gone after the block. `before` is
        a command that is given the run as its last arguments."""
        with self._started([*before, *self.command(*arguments, suite=suite)]) as process:
            yield process

    @contextmanager
    def running_lab(self, *arguments: str) -> Iterator[subprocess.Popen[str]]:
        """`mcu-hil lab ...` in the same way."""
        with self._started(self._lab_command(*arguments)) as process:
            yield process

    @property
    def state(self) -> Path:
        return self.folder / "state"

    @contextmanager
    def _started(self, command: Sequence[str]) -> Iterator[subprocess.Popen[str]]:
        with (self.folder / "run.out").open("w") as output:
            process = subprocess.Popen(
                command,
                stdout=output,
                stderr=subprocess.STDOUT,
                text=True,
                env=environment(),
                start_new_session=True,
            )
        try:
            yield process
        finally:
            kill_session(process.pid)
            process.wait()

    def ended(self, process: subprocess.Popen[str]) -> Ended:
        """The run that is under way, when it is over."""
        return Ended(process.wait(RUN_SECONDS), (self.folder / "run.out").read_text(errors="replace"))

    def lab(self, *arguments: str) -> Ended:
        """`mcu-hil lab ...`"""
        done = subprocess.run(
            self._lab_command(*arguments),
            capture_output=True,
            text=True,
            timeout=RUN_SECONDS,
            check=False,
            env=environment(),
        )
        return Ended(done.returncode, done.stdout + done.stderr)

    def _lab_command(self, command: str, *arguments: str) -> list[str]:
        code = "from harness.cli import main; main()"
        return [sys.executable, "-c", code, "lab", command, "--lab", str(self.file), *arguments]

    def truth(self, name: str) -> Report:
        return self.alone.get(name, self.emulation).truth(name)

    def not_at_baseline(self) -> dict[str, str]:
        """The units that are not as they were at first, and what they truly are."""
        wrong = {}
        for name, first in self.at_first.items():
            now = self.truth(name)
            if (now.stored, now.running, now.serving, now.phase) != (
                first.stored,
                first.running,
                first.serving,
                first.phase,
            ):
                wrong[name] = (
                    f"{now.phase}, stored {now.stored[0][:12]}, serving {(now.serving or ('nothing',))[0][:12]}"
                )
        return wrong


@contextmanager
def standing_lab(folder: Path, units: int, rows: Sequence[Row] = (), coordinator: str = "") -> Iterator[StandingLab]:
    """`units` emulated units of all models, unit-1 ..., or one for each row; with what the rows do to them.

    The places are leased at the labgrid `coordinator` too, under their own names, where there is one.
    """
    own = network()
    state_dir = folder / "state"
    kept = f'[lab]\nname = "standing"\nstate_dir = "{state_dir}"\n'
    driven = kept + (f'[labgrid]\ncoordinator = "{coordinator}"\n' if coordinator else "")
    for number, row in enumerate(rows or [Row("well")] * units, 1):
        address = f"{own}.{number}"
        model = "" if any(line.startswith("model") for line in row.run) else f"model = {toml(MODELS[number % 5])}\n"
        emulated = toml({"restart_seconds": 0.5, **row.emulated})
        place = f"[[place]]\nname = 'unit-{number}'\naddress = '{address}'\nemulated = {emulated}\n"
        place += f"restart_timeout = {RESTART_SECONDS}\n"
        kept += place + f"model = {toml(MODELS[number % 5])}\n" + _lines(row.unit, address)
        labgrid = f"labgrid = 'unit-{number}'\n" if coordinator else ""
        driven += place + model + labgrid + _lines(row.run, address)
    units_file, file = folder / "units.toml", folder / "lab.toml"
    units_file.write_text(kept)
    file.write_text(driven)
    places = load_lab(units_file).places
    names = [place.name for place in places]
    apart = {f"unit-{number}" for number, row in enumerate(rows, 1) if row.happens is not None}
    with ExitStack() as stack:
        emulation = stack.enter_context(emulated_units([place for place in places if place.name not in apart]))
        alone = {place.name: stack.enter_context(emulated_units([place])) for place in places if place.name in apart}
        assert not emulation.failed, emulation.failed
        stack.enter_context(kept_standing(names, state_dir))
        lab = StandingLab(file, folder, emulation, alone, {})
        yield replace(lab, at_first={name: lab.truth(name) for name in names})


def _lines(lines: Sequence[str], address: str) -> str:
    return "".join(f"{line.format(address=address)}\n" for line in lines)


def toml(value: object) -> str:
    """An inline value."""
    if isinstance(value, Mapping):
        return "{ " + ", ".join(f"{key} = {toml(one)}" for key, one in value.items()) + " }"
    return json.dumps(value)


def kill_session(leader: int) -> None:
    """As when the runner loses its power: every process of the session is killed, and gone."""
    with suppress(ProcessLookupError):
        os.killpg(leader, signal.SIGKILL)
    for pid in session(leader):
        try:
            os.kill(pid, signal.SIGKILL)
        except ProcessLookupError:
            continue
    gone(leader)


def gone(leader: int) -> None:
    """Whoever is left of the session is waited for."""
    Deadline.after(END_SECONDS).wait_for(f"end of all of session {leader}", lambda: not session(leader))


def session(leader: int) -> list[int]:
    """The processes of a session that still run."""
    found = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            state, _, _, owner = stat.read_text().rpartition(")")[2].split()[:4]
        except (OSError, ValueError):
            continue
        if int(owner) == leader and state != "Z":
            found.append(int(stat.parent.name))
    return found
