"""`make leases`: 50 processes fight for 5 places for a minute, by file; 10 at a labgrid coordinator; then two runs
share 16 places through one. Exit status 1 where a place ever had two holders, or a run is not green.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path

from harness.lab import Labgrid, Place
from tests.leases.fight import fight
from tests.leases.labgrid_bench import LabgridBench, loopback, real
from tests.leases.sharing import share
from tests.whole_run import ROOT

SHARED_PLACES = 16
PLACES = 5
LABGRID_PROCESSES = 10
"""Each is a client of its own, and the coordinator answers one question after the other."""


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.leases", description=__doc__)
    parser.add_argument("--seconds", type=float, default=60.0, help="of each fight (default: %(default)s)")
    parser.add_argument("--processes", type=int, default=50, help="that fight by file (default: %(default)s)")
    options = parser.parse_args()
    is_good = True
    with tempfile.TemporaryDirectory(prefix="mcu-hil-leases-") as name:
        folders = [Path(name) / kind for kind in ("file", "labgrid", "shared")]
        for folder in folders:
            folder.mkdir()
        names = {f"place-{number}": loopback(10 + number) for number in range(PLACES)}
        places = [real(place, None) for place in names]
        is_good &= _told("file", options.processes, places, folders[0], options.seconds)
        bench = LabgridBench(folders[1], names)
        try:
            bench.add_places()
            places = [real(place, Labgrid(coordinator=bench.address, place=place)) for place in names]
            is_good &= _told("labgrid", LABGRID_PROCESSES, places, folders[1], options.seconds)
        finally:
            bench.stop()
        shared = share(folders[2], SHARED_PLACES, ROOT / "tests" / "hil", ["-m", "smoke"], 2.0)
        print(
            f"two runs, {SHARED_PLACES} places: exit statuses {shared.statuses}, places driven {shared.driven},"
            f" waited {shared.waited} times, driven by two at once {list(shared.overlaps) or 'none'}"
        )
        if any(shared.statuses) or shared.overlaps or shared.driven != (SHARED_PLACES, SHARED_PLACES):
            print(shared.output)
            is_good = False
    return 0 if is_good else 1


def _told(kind: str, processes: int, places: list[Place], folder: Path, seconds: float) -> bool:
    found = fight(places, folder, processes, seconds)
    print(
        f"{kind}: {processes} processes, {len(places)} places, {seconds:g} s: {found.holds} holds, two holders"
        f" {len(found.doubles)} times, {found.killed} holders killed, free again at most"
        f" {found.longest_free_seconds:.3f} s later",
        flush=True,
    )
    return not found.doubles


if __name__ == "__main__":
    sys.exit(main())
