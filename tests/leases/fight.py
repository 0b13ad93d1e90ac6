"""Many processes fight for a few places, and some of them are killed while they hold one.

Every hold is two lines in one file that all append to, the second missing where the holder was killed. So that nobody
has to be believed, who held what when is read from the order of these lines.
"""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import time
import traceback
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from harness.deadline import Deadline
from harness.lab import Place
from harness.lease import PlaceTaken, leased

HELD_SECONDS = 0.02
BETWEEN_KILLS = 0.5


@dataclass(frozen=True)
class Fought:
    holds: int
    doubles: tuple[str, ...]
    """Each time that a place had two holders, in words."""
    killed: int
    """Holders that were killed."""
    longest_free_seconds: float
    """From a holder's death until somebody else had its place, the worst of all."""


def fight(places: Sequence[Place], folder: Path, processes: int, seconds: float) -> Fought:
    """With one state directory where the places have no coordinator, otherwise each process with one of its own."""
    folder.mkdir(exist_ok=True)
    told = {
        "places": [json.loads(place.model_dump_json(exclude={"login", "tls"})) for place in places],
        "folder": str(folder),
        "processes": processes,
        "seconds": seconds,
    }
    # Forked from a process that has everything imported and holds nothing; not from this one, with its threads.
    subprocess.run([sys.executable, "-m", __name__], input=json.dumps(told).encode(), check=True)
    return _read((folder / "log").read_text(encoding="ascii").splitlines())


def _read(lines: Sequence[str]) -> Fought:
    inside: dict[str, str] = {}
    killed_at: dict[str, float] = {}
    holds, killed, longest = 0, 0, 0.0
    doubles: list[str] = []
    for line in lines:
        moment, what, pid, *rest = line.split()
        at = float(moment)
        if what == "killed":
            killed_at[pid] = at
            continue
        [place] = rest
        if what == "leave":
            del inside[place]
            continue
        holds += 1
        if before := inside.get(place):
            if before in killed_at:
                killed += 1
                longest = max(longest, at - killed_at[before])
            else:
                doubles.append(f"{place}: {pid} beside {before}")
        inside[place] = pid
    return Fought(holds, tuple(doubles), killed, longest)


def _line(log: int, what: str, pid: int, place: str = "") -> None:
    os.write(log, f"{time.monotonic():.6f} {what} {pid} {place}".rstrip().encode() + b"\n")


def _main() -> None:
    told = json.load(sys.stdin)
    places = [Place.model_validate(place) for place in told["places"]]
    folder, deadline = Path(told["folder"]), Deadline.after(told["seconds"])
    log = os.open(folder / "log", os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    fighters = {_started(places, folder, log, deadline) for _ in range(told["processes"])}
    while not deadline.expired:
        time.sleep(min(BETWEEN_KILLS, deadline.remaining))
        if (victim := _a_holder(folder)) in fighters:
            # The moment before: whoever comes in after it may have been let in by the death.
            _line(log, "killed", victim)
            os.kill(victim, signal.SIGKILL)
            os.waitpid(victim, 0)
            fighters.remove(victim)
            fighters.add(_started(places, folder, log, deadline))
    for fighter in fighters:
        _, status = os.waitpid(fighter, 0)
        if status:
            sys.exit(f"a fighter ended with status {status}")


def _a_holder(folder: Path) -> int:
    """Whoever came in last; it may just have left. 0 where there is nobody yet."""
    lines = (folder / "log").read_text(encoding="ascii").splitlines()
    return next((int(line.split()[2]) for line in reversed(lines) if line.split()[1] == "enter"), 0)


def _started(places: Sequence[Place], folder: Path, log: int, deadline: Deadline) -> int:
    if pid := os.fork():
        return pid
    status = 1
    try:
        own = os.getpid()
        state_dir = folder / "state" if places[0].labgrid is None else folder / str(own)
        chance = random.Random(own)
        while not deadline.expired:
            place = chance.choice(places)
            try:
                with leased(place, state_dir, "a fight", chance.random()) as check:
                    _line(log, "enter", own, place.name)
                    time.sleep(HELD_SECONDS)
                    check()
                    _line(log, "leave", own, place.name)
            except PlaceTaken:
                continue
        status = 0
    except BaseException:  # noqa: BLE001 - a fork of a fork has nobody else to tell it
        traceback.print_exc()
    finally:
        os._exit(status)


if __name__ == "__main__":
    _main()
