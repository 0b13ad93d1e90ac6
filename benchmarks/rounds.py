"""Measuring: everything that is compared runs in turns, round by round, so that a busy machine is unfair to nobody.

CPU time, not the clock on the wall, wherever work is done on one core. pyperf would spread one benchmark over many
processes and then begin the next; what runs minutes apart on a shared machine cannot be set in proportion.
"""

from __future__ import annotations

import resource
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median

Act = Callable[[], object]
Clock = Callable[[], float]


def own_time() -> float:
    """CPU seconds of this process."""
    return time.process_time()


def childrens_time() -> float:
    """CPU seconds of the commands that this process has run."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def run(command: Sequence[str], directory: Path | None = None) -> None:
    """A command from start to end; its output is of no interest."""
    subprocess.run(command, check=True, cwd=directory, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


@dataclass(frozen=True, slots=True)
class Contender:
    """Something to measure. `least` is how long its turn in a round should last, in seconds on its clock."""

    act: Act
    clock: Clock = own_time
    least: float = 0.03


@dataclass(frozen=True, slots=True)
class Figures:
    """Seconds an act took in each round."""

    seconds: tuple[float, ...]

    @property
    def median(self) -> float:
        return median(self.seconds)

    def ratio(self, baseline: Figures) -> float:
        """How many times the baseline's seconds these are: the median over rounds, each against its own."""
        return median(mine / theirs for mine, theirs in zip(self.seconds, baseline.seconds, strict=True))


def measured(contenders: Mapping[str, Contender], rounds: int) -> dict[str, Figures]:
    """Figures for each contender. The order of turns moves on by one from round to round."""
    turns = {name: _repetitions(contender) for name, contender in contenders.items()}
    seconds: dict[str, list[float]] = {name: [] for name in contenders}
    names = list(contenders)
    for number in range(rounds):
        first = number % len(names)
        for name in names[first:] + names[:first]:
            contender = contenders[name]
            before = contender.clock()
            for _ in range(turns[name]):
                contender.act()
            seconds[name].append((contender.clock() - before) / turns[name])
    return {name: Figures(tuple(found)) for name, found in seconds.items()}


def _repetitions(contender: Contender) -> int:
    """So many that a turn is long beside the resolution of its clock; the first act warms up and is not counted."""
    contender.act()
    before = contender.clock()
    contender.act()
    once = max(contender.clock() - before, 1e-6)
    return max(1, round(contender.least / once))
