"""SIGKILL at random moments of a run, then `mcu-hil lab recover`: is every unit back at its baseline?"""

from __future__ import annotations

import random
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from harness.journal import Journal
from tests.faults.standing_lab import StandingLab, gone, kill_session, standing_lab

UNITS = 5
"""As in the default lab: one of each model."""


def kills(count: int, folder: Path, seed: int, *arguments: str) -> Iterator[tuple[float, str, str]]:
    """For each of `count` kills: when it was, in seconds; who was killed; and what was wrong afterwards, "" for
    nothing. The first run is left alone, to know how long one takes."""
    chance = random.Random(seed)
    with standing_lab(folder, UNITS) as lab:
        began = time.monotonic()
        with lab.running(*arguments) as process:
            whole = lab.ended(process)
        assert whole.status == 0, whole.output
        seconds = time.monotonic() - began
        for _ in range(count):
            moment = chance.uniform(0.0, seconds)
            who, kill = chance.choice(WAYS)
            with lab.running(*arguments) as process:
                # The moment is the point of it, so it is no condition that could be waited for.
                time.sleep(moment)
                kill(process)
            yield moment, who, _wrong(lab)


def _controller(process: subprocess.Popen[str]) -> None:
    """Its workers notice, and end by themselves."""
    process.send_signal(signal.SIGKILL)
    process.wait()
    gone(process.pid)


def _runner(process: subprocess.Popen[str]) -> None:
    kill_session(process.pid)


Kill = Callable[[subprocess.Popen[str]], None]
WAYS: tuple[tuple[str, Kill], ...] = (("the controller", _controller), ("every process", _runner))


def _wrong(lab: StandingLab) -> str:
    ended = lab.lab("recover")
    wrong = [] if ended.status == 0 else [f"exit status {ended.status}: {ended.output}"]
    wrong += [f"{name}: {what}" for name, what in lab.not_at_baseline().items()]
    journal = Journal(lab.folder / "state")
    wrong += [f"still in the journal: {debt}" for name in lab.at_first if (debt := journal.of(name)) is not None]
    return "; ".join(wrong)
