"""SIGKILL at random moments of a run, then `mcu-hil lab recover`: is every unit back at its baseline?"""

from __future__ import annotations

import os
import random
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

from harness.journal import Journal
from tests.faults.standing_lab import StandingLab, gone, kill_session, session, standing_lab

UNITS = 5
"""As in the default lab: one of each model."""
AGAIN = 0.25
"""How often the recovery is killed too."""
RECOVERY_SECONDS = 10.0
"""In which that happens: longer than five units take, if the machine has nothing else to do."""


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
            way = chance.choice(WAYS)
            with lab.running(*arguments) as process:
                # The moment is the point of it, so it is no condition that could be waited for.
                time.sleep(moment)
                who = way(process)
            if chance.random() < AGAIN:
                who += _recovery_killed(lab, chance.uniform(0.0, RECOVERY_SECONDS))
            yield moment, who, _wrong(lab)


def _controller(process: subprocess.Popen[str]) -> str:
    """Its workers notice, and end by themselves."""
    process.send_signal(signal.SIGKILL)
    process.wait()
    gone(process.pid)
    return "the controller"


def _runner(process: subprocess.Popen[str]) -> str:
    kill_session(process.pid)
    return "every process"


def _worker(process: subprocess.Popen[str]) -> str:
    """Another one takes its place, and the run goes on to its end."""
    workers = [pid for pid in session(process.pid) if pid != process.pid]
    if not workers:
        return _runner(process)
    with suppress(ProcessLookupError):
        os.kill(workers[0], signal.SIGKILL)
    process.wait()
    gone(process.pid)
    return "a worker"


WAYS: tuple[Callable[[subprocess.Popen[str]], str], ...] = (_controller, _runner, _worker)


def _recovery_killed(lab: StandingLab, moment: float) -> str:
    """A recovery is begun, and killed in the middle."""
    with lab.running_lab("recover") as process:
        time.sleep(moment)
        kill_session(process.pid)
    return f", and the recovery after {moment:.2f} s"


def _wrong(lab: StandingLab) -> str:
    ended = lab.lab("recover")
    wrong = [] if ended.status == 0 else [f"exit status {ended.status}: {ended.output}"]
    wrong += [f"{name}: {what}" for name, what in lab.not_at_baseline().items()]
    journal = Journal(lab.folder / "state")
    wrong += [f"still in the journal: {debt}" for name in lab.at_first if (debt := journal.of(name)) is not None]
    return "; ".join(wrong)
