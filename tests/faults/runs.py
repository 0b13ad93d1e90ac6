"""What happens to a run as a whole: to its processes, its coordinator, its disk. Each over 16 kept units."""

from __future__ import annotations

import json
import os
import signal
import subprocess
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from itertools import pairwise
from pathlib import Path

from harness.deadline import Deadline
from tests.faults.places import Found, classes, said, unnamed
from tests.faults.standing_lab import Ended, StandingLab, session, standing_lab
from tests.faults.table import Row
from tests.gateway.sshd import Sshd
from tests.leases.labgrid_bench import LabgridBench, loopback

PATIENCE = 300.0
UNITS = 16
WAIT_SECONDS = 240.0

HANGING = '''
"""Claims about a look at each unit; that of unit-1 never comes to its end."""

import threading

import pytest

import harness.lane
from harness.experiment import Leaves, experiment
from harness.observation import look


# So that it is soon told.
harness.lane.STUCK_SECONDS = 15.0


@experiment(Leaves.WHAT_IT_FOUND, restarts=0)
def looking(unit):
    if unit.place.name == "unit-1":
        threading.Event().wait()
    return look(unit)


@pytest.mark.about(looking)
@pytest.mark.parametrize("number", range(3))
def test_is_looked_at(seen, number):
    assert seen.handshake.leaf
'''

ON_A_SMALL_DISK = """
set -e
mkdir -p {folder}/emulated
mount --bind {state}/emulated {folder}/emulated
mount -t tmpfs -o size={size} none {state}
mkdir {state}/emulated
mount --bind {folder}/emulated {state}/emulated
exec "$@"
"""
"""A state directory of its own on a disk of this size; that the units stand is known there too."""

READ_ONLY = """
set -e
mount --bind {state} {state}
mount -o remount,bind,ro {state}
exec "$@"
"""


def worker_killed(folder: Path, units: int, *arguments: str) -> Found:
    """Its places are taken over by another worker, and every claim is answered."""
    with standing_lab(folder, units) as lab:
        with lab.running("-n", "2", *arguments) as process:
            _wait_for_work(lab)
            [victim, *_] = [pid for pid in session(process.pid) if pid != process.pid]
            os.kill(victim, signal.SIGKILL)
            ended = lab.ended(process)
        return _found(lab, ended, "worker SIGKILLed", {"held", "blocked [bench]"}, (0, 10))


def controller_killed(folder: Path, units: int, *arguments: str) -> Found:
    """The next run is started at once: it waits until the workers of the first are gone, and puts back what they
    left."""
    with standing_lab(folder, units) as lab:
        with lab.running("-n", "2", *arguments) as process:
            _wait_for_work(lab)
            process.send_signal(signal.SIGKILL)
            process.wait()
            with lab.running("-n", "2", "--wait", str(WAIT_SECONDS), *arguments) as second:
                ended = lab.ended(second)
        found = _found(lab, ended, "controller SIGKILLed", {"held"}, (0,))
        return _with(found, _driven_by_two(lab))


def lane_hung(folder: Path, units: int, *arguments: str) -> Found:
    """The claims of that unit are errors of ours, and the run comes to its end."""
    suite = folder / "test_hanging.py"
    suite.write_text(HANGING)
    with standing_lab(folder, units) as lab:
        lab.file.write_text(lab.file.read_text().replace("restart_timeout = 40", "restart_timeout = 5"))
        with lab.running("-n", "2", suite=suite) as process:
            ended = lab.ended(process)
        found = _found(lab, ended, "lane hung", {"held", "error [our own bug]"}, (3,))
        became = classes(lab.folder / "junit.xml")
        wrong = [] if became["unit-1"] == {"error [our own bug]": 3} else [f"unit-1 became {said(became['unit-1'])}"]
        wrong += [f"{place} too" for place, each in became.items() if place != "unit-1" and set(each) != {"held"}]
        return _with(found, wrong)


def coordinator_restarted(folder: Path, units: int, *arguments: str) -> Found:
    """It has forgotten its holders: nothing more is done to a unit, and what each is owed is named; afterwards it is
    put back."""
    names = {f"unit-{number}": loopback(40 + number) for number in range(1, units + 1)}
    bench = LabgridBench(folder, names, 5)
    try:
        bench.add_places()
        with standing_lab(folder, units, coordinator=bench.address) as lab:
            with lab.running("-n", "2", *arguments) as process:
                _wait_for_work(lab)
                bench.stop()
                bench.start()
                ended = lab.ended(process)
            found = _found(lab, ended, "coordinator restarted", {"held", "blocked [bench]"}, (10,))
            bench.add_places()
            recovered = lab.lab("recover")
            wrong = [] if recovered.status == 0 else [f"lab recover: {recovered.status}:\n{recovered.output}"]
            wrong += [f"{place} is not brought back: {what}" for place, what in lab.not_at_baseline().items()]
            return _with(found, wrong)
    finally:
        bench.stop()


def disk_full(folder: Path, units: int, *arguments: str) -> Found:
    """No unit is changed, or left changed, that could not be written of."""
    return _on(
        ON_A_SMALL_DISK.format(folder=folder, state=folder / "state", size=f"{55 * units}k"),
        "disk full",
        folder,
        units,
        arguments,
    )


def state_read_only(folder: Path, units: int, *arguments: str) -> Found:
    return _on(READ_ONLY.format(state=folder / "state"), "state directory read-only", folder, units, arguments)


def _on(script: str, name: str, folder: Path, units: int, arguments: Sequence[str]) -> Found:
    """A run that sees the disk as the script makes it; what is outside stays as it is."""
    before = ["unshare", "--mount", "sh", "-c", script, "sh"]
    if not _may_mount():
        return Found(name, "blocked [bench]", "not tried: needs root, and mount namespaces")
    with standing_lab(folder, units) as lab:
        with lab.running("-n", "2", *arguments, before=before) as process:
            ended = lab.ended(process)
        return _found(lab, ended, name, {"held", "blocked [bench]"}, (10,))


def _may_mount() -> bool:
    command = ["unshare", "--mount", "mount", "-t", "tmpfs", "none", "/mnt"]
    with suppress(OSError):
        return subprocess.run(command, capture_output=True, check=False).returncode == 0
    return False


def gateway_dead(folder: Path, units: int, *arguments: str) -> Found:
    """Half of the units are behind it. None of them is blamed, and none of the others is touched by it."""
    server = Sshd(folder, loopback(1), 2022)
    server.start()
    behind = "gateway = " + server.toml.replace("{", "{{").replace("}", "}}")
    rows = [Row("behind it", run=(behind,)) for _ in range(units // 2)]
    rows += [Row("not behind it") for _ in range(units - units // 2)]
    try:
        with standing_lab(folder, units, rows) as lab:
            with lab.running("-n", "2", *arguments) as process:
                _wait_for_work(lab, {f"unit-{number}" for number in range(1, units // 2 + 1)})
                server.stop()
                ended = lab.ended(process)
            found = _found(lab, ended, "gateway dead", {"held", "blocked [bench]"}, (10,))
            became = classes(lab.folder / "junit.xml")
            others = [f"unit-{number}" for number in range(units // 2 + 1, units + 1)]
            return _with(found, [f"{place} too" for place in others if set(became[place]) - {"held", "skipped"}])
    finally:
        server.stop()


SCENARIOS: Mapping[str, Callable[..., Found]] = {
    "worker-killed": worker_killed,
    "controller-killed": controller_killed,
    "lane-hung": lane_hung,
    "coordinator-restarted": coordinator_restarted,
    "gateway-dead": gateway_dead,
    "disk-full": disk_full,
    "state-read-only": state_read_only,
}


def _found(lab: StandingLab, ended: Ended, name: str, allowed: set[str], statuses: tuple[int, ...]) -> Found:
    """What holds of every scenario: all that was collected is reported, nothing has another class than it may, and
    every unit is at its baseline or named."""
    became = classes(lab.folder / "junit.xml")
    total: Counter[str] = sum(became.values(), Counter())
    wrong = [] if ended.status in statuses else [f"status {ended.status}:\n{ended.output}"]
    if len(became) != len(lab.at_first) or len({sum(one.values()) for one in became.values()}) != 1:
        wrong.append(f"claims reported: { ({place: sum(one.values()) for place, one in became.items()}) }")
    if others := set(total) - allowed - {"skipped"}:
        wrong.append(f"became {', '.join(others)}")
    wrong += unnamed(lab, ended, *lab.at_first)
    expected = f"{' or '.join(sorted(allowed))}; status {' or '.join(map(str, statuses))}"
    return Found(name, expected, f"{said(total)}; status {ended.status}", tuple(wrong))


def _with(found: Found, wrong: Iterable[str]) -> Found:
    return Found(found.fault, found.expected, found.seen, (*found.wrong, *wrong))


def _wait_for_work(lab: StandingLab, among: Collection[str] = ()) -> None:
    """Some unit, of these if there are any, carries another pair than at first."""

    def look() -> bool:
        changed = set(lab.not_at_baseline())
        return bool(changed & set(among) if among else changed)

    Deadline.after(PATIENCE).wait_for("unit with another pair", look)


def _driven_by_two(lab: StandingLab) -> Iterator[str]:
    """Places that one run began to drive before the other was done, by the evidence of both."""
    spans: dict[str, list[tuple[str, str]]] = {}
    for file in sorted((lab.state / "runs").glob("*/evidence/*.jsonl")):
        times = sorted(at for at in _times(file))
        if times:
            spans.setdefault(file.stem, []).append((times[0], times[-1]))
    for place, found in spans.items():
        for one, other in pairwise(found):
            if other[0] <= one[1]:
                yield f"{place} was driven by two: {one}, {other}"


def _times(file: Path) -> Iterator[str]:
    for line in file.read_text(encoding="utf-8").splitlines():
        # The last line of who was killed may be cut.
        with suppress(ValueError):
            note = json.loads(line)
            if note["kind"] == "exchange":
                yield note["at"]
