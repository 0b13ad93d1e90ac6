"""`python -m benchmarks many`: the suite over a lab of many emulated units, beside the same over one alone.

A unit's time is its restarts. What a run over many takes longer than a run over one is therefore the runner's own:
its processor time, as far as it does not fit into the waiting. Both have two cores, whatever the machine has.
"""

from __future__ import annotations

import os
import re
import resource
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.rounds import childrens_time

CORES = 2
SUITE = Path(__file__).parent.parent / "tests" / "hil"
SAMPLE_SECONDS = 0.5
WARM_UP_SECONDS = 0.2
AIMS = {"ratio": 1.15, "most_megabytes": 2048.0}
"""At most: the wall time of the many to that of one, and the memory of the most places."""

PLACE = """
[[place]]
name = "unit-{number:03}"
model = "MCU 4505"
emulated = {{ firmware = "4.3(2.18)", restart_seconds = {restart_seconds} }}
"""


@dataclass(frozen=True)
class Measured:
    """One run of the default selection."""

    places: int
    seconds: float
    """On the wall, from the command to its end."""
    cpu_seconds: float
    """User and system, of all its processes."""
    most_megabytes: float
    """Of all its processes at one moment, what they share counted once (proc(5), Pss)."""
    passed: int


@dataclass(frozen=True)
class Many:
    """One place alone, many, and the most."""

    runs: tuple[Measured, ...]

    def aims(self) -> dict[str, tuple[float, float, bool]]:
        """What is aimed at, what came out, whether it is met."""
        alone, many, *_ = self.runs
        found = {"ratio": many.seconds / alone.seconds, "most_megabytes": self.runs[-1].most_megabytes}
        return {name: (aim, found[name], found[name] <= aim) for name, aim in AIMS.items()}


def measure(places: int, most: int, restart_seconds: float) -> Many:
    """Raises RuntimeError where a run is not green."""
    os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:CORES])
    _, files = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (files, files))
    # What is imported for the first time is compiled, and that is not what is measured.
    _run(1, WARM_UP_SECONDS)
    return Many(tuple(_run(count, restart_seconds) for count in (1, places, most)))


def _run(places: int, restart_seconds: float) -> Measured:
    with tempfile.TemporaryDirectory(prefix="mcu-hil-bench-") as name:
        folder = Path(name)
        lab = folder / "lab.toml"
        tables = (PLACE.format(number=number, restart_seconds=restart_seconds) for number in range(1, places + 1))
        lab.write_text(f'[lab]\nstate_dir = "{folder / "state"}"\n' + "".join(tables), encoding="utf-8")
        command = [sys.executable, "-m", "pytest", str(SUITE), "--lab", str(lab), "-q", "-p", "no:cacheprovider"]
        # Who uses the suite has no hypothesis; here, its plugin would import it in each process.
        command += ["-p", "no:hypothesispytest"]
        before, began = childrens_time(), time.monotonic()
        with (folder / "output").open("w+b") as output:
            with subprocess.Popen(
                [*command, "-n", str(min(CORES, places))], stdout=output, env=_environment()
            ) as process:
                most_megabytes = _most_megabytes(process)
            seconds = time.monotonic() - began
            output.seek(0)
            told = output.read().decode(errors="replace")
        counted = re.search(r"(\d+) passed", told)
        if process.returncode or counted is None:
            raise RuntimeError(f"{places} places: exit status {process.returncode}: {told[-2000:]}")
        return Measured(places, seconds, childrens_time() - before, most_megabytes, int(counted[1]))


def _environment() -> dict[str, str]:
    """Ours; but what is imported is compiled once and not in each process of each run, as for who installed it."""
    return {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}


def _most_megabytes(process: subprocess.Popen[bytes]) -> float:
    """The most that this process and those below it had, looked at until it ended."""
    most = 0.0
    while True:
        try:
            process.wait(SAMPLE_SECONDS)
        except subprocess.TimeoutExpired:
            most = max(most, sum(map(_megabytes, _family(process.pid))))
        else:
            return most


def _family(first: int) -> list[int]:
    parents = {}
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            fields = (folder / "stat").read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()
        except OSError:
            # It has ended meanwhile.
            continue
        parents[int(folder.name)] = int(fields[1])
    family = [first]
    for one in family:
        family += [process for process, parent in parents.items() if parent == one]
    return family


def _megabytes(process: int) -> float:
    try:
        rows = Path(f"/proc/{process}/smaps_rollup").read_text(encoding="ascii").splitlines()
    except OSError:
        return 0.0
    return sum(int(row.split()[1]) for row in rows if row.startswith("Pss:")) / 1024


def document(many: Many) -> dict[str, Any]:
    """For a file of figures."""
    aims = {name: {"aim": aim, "now": now, "met": met} for name, (aim, now, met) in many.aims().items()}
    return {"many": [vars(run) for run in many.runs], "aims": aims}
