"""`python -m tests.faults`: what is promised of a run to which something happens, proved on a lab of emulated units.

`places` makes one run over 16 places with a fault each; `kills [COUNT]` kills as many runs at random moments, and
recovers. Exit status 1 where something is not as it should be.
"""

from __future__ import annotations

import argparse
import random
import sys
import tempfile
from pathlib import Path

from tests.faults.kills import kills
from tests.faults.places import run_over
from tests.faults.table import ROWS


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.faults", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    killing = commands.add_parser("kills", help="SIGKILL at random moments of a run, then mcu-hil lab recover")
    killing.add_argument("count", type=int, nargs="?", default=100)
    killing.add_argument("--seed", type=int, default=None)
    commands.add_parser("places", help="one run over a lab with a fault a place")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="mcu-hil-") as folder:
        if asked.command == "places":
            return _places(Path(folder))
        return _kills(asked.count, Path(folder), random.randrange(2**32) if asked.seed is None else asked.seed)


def _places(folder: Path) -> int:
    found = run_over(ROWS, folder, "-n", "2")
    for name, wrong in found.items():
        print(f"{name}: {'; '.join(wrong) or 'as it should be'}")
    return int(any(found.values()))


def _kills(count: int, folder: Path, seed: int) -> int:
    print(f"{count} kills, seed {seed}", flush=True)
    bad = 0
    for number, (moment, who, wrong) in enumerate(kills(count, folder, seed, "-n", "2"), 1):
        bad += bool(wrong)
        print(f"{number:4} {moment:6.2f} s, {who}: {wrong or 'all at their baseline'}", flush=True)
    print(f"{count - bad} times out of {count}: all units are at their baseline")
    return int(bad > 0)


if __name__ == "__main__":
    sys.exit(main())
