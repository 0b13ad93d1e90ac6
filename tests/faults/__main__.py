"""`python -m tests.faults`: what is promised of a run to which something happens, proved on a lab of emulated units.

`places` makes runs over 16 places with a fault each, and over 16 that are well while something happens to the run;
`kills [COUNT]` kills as many runs at random moments, and recovers. Exit status 1 where something is not as it should
be.
"""

from __future__ import annotations

import argparse
import json
import random
import sys
import tempfile
import textwrap
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict
from functools import partial
from pathlib import Path

from tests.faults.kills import kills
from tests.faults.places import Found, run_over
from tests.faults.runs import SCENARIOS, UNITS
from tests.faults.table import ROWS, SEVERED

WIDTH = 46


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.faults", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    killing = commands.add_parser("kills", help="SIGKILL at random moments of a run, then mcu-hil lab recover")
    killing.add_argument("count", type=int, nargs="?", default=100)
    killing.add_argument("--seed", type=int, default=None)
    faults = commands.add_parser("places", help="runs over a lab with a fault a place, or a fault of the run's own")
    faults.add_argument("only", nargs="*", help=f"of faulty, severed, {', '.join(SCENARIOS)}; all without")
    faults.add_argument("--json", metavar="FILE", help="the table as JSON too")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="mcu-hil-") as folder:
        if asked.command == "places":
            return _places(Path(folder), asked.only, asked.json)
        return _kills(asked.count, Path(folder), random.randrange(2**32) if asked.seed is None else asked.seed)


def _places(folder: Path, only: Sequence[str], file: str | None) -> int:
    found: list[Found] = []
    print(f"{'fault':<{WIDTH}}  {'expected':<16}  ok   seen", flush=True)
    for name, prove in _proofs():
        if only and name not in only:
            continue
        own = folder / name
        own.mkdir()
        for one in prove(own):
            found.append(one)
            ok = "yes" if one.is_as_it_should_be else "NO"
            print(f"{one.fault:<{WIDTH}}  {one.expected:<16}  {ok:<3}  {one.seen}", flush=True)
            for wrong in one.wrong:
                print(textwrap.indent(wrong, "    "), flush=True)
    bad = [one for one in found if one.wrong]
    print(f"{len(found) - len(bad)} of {len(found)} as they should be")
    if file is not None:
        document = [asdict(one) | {"ok": one.is_as_it_should_be} for one in found]
        Path(file).write_text(json.dumps(document, indent=1) + "\n", encoding="utf-8")
    return int(bool(bad))


def _proofs() -> Iterator[tuple[str, Callable[[Path], list[Found]]]]:
    yield "faulty", lambda folder: run_over(ROWS, folder, "-n", "2", "-m", "smoke")
    yield "severed", lambda folder: run_over(SEVERED, folder, "-n", "2", "-m", "smoke")
    for name, scenario in SCENARIOS.items():
        yield name, partial(_alone, scenario)


def _alone(scenario: Callable[..., Found], folder: Path) -> list[Found]:
    return [scenario(folder, UNITS, "-m", "smoke")]


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
