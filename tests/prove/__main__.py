"""`python -m tests.prove`: the suite is run over units with planted defects, and over units without.

`defects` builds a unit with each defect of docs/defects.md, many at once: is each killed by the claims that name it,
and does no other claim fail? `healthy` runs the suite over units of five generations, over and over: does no claim
ever fail? Exit status 1 where something is not as it should be.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from harness.emulator.defects import DEFECTS
from tests.prove.healthy import GENERATIONS, false_alarms
from tests.prove.judging import Judged, judged, lines
from tests.prove.runs import Bench, Specimen, processor_seconds
from tests.prove.table import AT_SECOND_ADDRESS, ROWS, WITHOUT_FEATURE_KEY


def main() -> int:
    asked = _parser().parse_args()
    with _folder(asked.keep) as folder:
        bench = Bench(folder, asked.restart_seconds, asked.workers)
        began = time.monotonic()
        status, document = (_healthy if asked.command == "healthy" else _defects)(bench, asked)
        seconds = time.monotonic() - began
        print(f"{seconds:.0f} s, {processor_seconds():.0f} s of processor time")
    if asked.json:
        figures = {"seconds": round(seconds, 1), "cpu_seconds": round(processor_seconds(), 1)}
        asked.json.write_text(json.dumps(document | figures, indent=2) + "\n", encoding="utf-8")
    return status


def _parser() -> argparse.ArgumentParser:
    shared = argparse.ArgumentParser(add_help=False)
    shared.add_argument("--json", type=Path, metavar="FILE", help="the same for machines")
    shared.add_argument("--keep", type=Path, metavar="FOLDER", help="keep labs, output, reports and evidence there")
    shared.add_argument("--workers", type=int, default=2)
    shared.add_argument("--restart-seconds", type=float, default=1.0)
    parser = argparse.ArgumentParser(prog="python -m tests.prove", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    planted = commands.add_parser("defects", parents=[shared], help="a unit with each defect")
    planted.add_argument("--defect", action="append", choices=sorted(DEFECTS), metavar="NAME", help="only this one")
    planted.add_argument("--at-once", type=int, default=40, metavar="UNITS")
    planted.add_argument("--firmware", default="4.3(2.18)")
    planted.add_argument(
        "--full", action="store_true", help="the selection `full` for all, and not only where it takes that"
    )
    planted.add_argument("--only", default="", metavar="EXPRESSION", help="of the claims, as pytest's -k has it")
    planted.add_argument("--default-only", action="store_true", help="leave out those that take `full`")
    well = commands.add_parser("healthy", parents=[shared], help="units without a defect, of five generations")
    well.add_argument("--runs", type=int, default=100, help="how many runs of one unit, in all")
    well.add_argument("--at-once", type=int, default=100, metavar="UNITS")
    return parser


@contextmanager
def _folder(kept: Path | None) -> Iterator[Path]:
    if kept is not None:
        kept.mkdir(parents=True)
        yield kept
        return
    with tempfile.TemporaryDirectory(prefix="mcu-hil-") as folder:
        yield Path(folder)


def _defects(bench: Bench, asked: argparse.Namespace) -> tuple[int, dict[str, object]]:
    chosen = asked.defect or list(DEFECTS)
    by_default = [] if asked.full else [name for name in chosen if ROWS[name].fails or ROWS[name].one_of]
    in_full = [name for name in chosen if name not in by_default]
    if asked.default_only:
        in_full = []
    results: list[Judged] = []
    for names, full in ((by_default, False), (in_full, True)):
        for keyless in (False, True):
            of_these = [name for name in names if (name in WITHOUT_FEATURE_KEY) is keyless]
            results += _proved(bench, of_these, asked, full=full, feature_key=not keyless)
    for line in lines(results):
        print(line)
    bad = [one for one in results if not one.is_good]
    killed = sum(one.fate == "killed" for one in results)
    alarms = sum(len(one.false_alarms) for one in results)
    print(f"{killed} of {len(results)} defects killed, {len(results) - killed} not, {alarms} false alarms")
    return int(bool(bad)), {"defects": [one.document() for one in results]}


def _proved(
    bench: Bench, names: list[str], asked: argparse.Namespace, *, full: bool, feature_key: bool
) -> Iterator[Judged]:
    if not names:
        return
    arguments = [*(["-m", "full"] if full else []), *(["-k", asked.only] if asked.only else [])]

    def specimen(name: str, defect: str = "", *, second_address: bool) -> Specimen:
        return Specimen(
            name,
            firmware=asked.firmware,
            defect=defect,
            second_address=second_address,
            feature_key=feature_key,
        )

    healthy = specimen("healthy", second_address=not AT_SECOND_ADDRESS.isdisjoint(names))
    learned = bench.learn([healthy], *arguments, power=full)["healthy"]
    if learned.failed or learned.blocked:
        raise RuntimeError(f"a unit without a defect: {learned}")
    for first in range(0, len(names), asked.at_once):
        share = names[first : first + asked.at_once]
        specimens = [specimen(name, name, second_address=name in AT_SECOND_ADDRESS) for name in share]
        found = bench.run([healthy, *specimens], *arguments, power=full)
        if found["healthy"].failed or found["healthy"].blocked:
            raise RuntimeError(f"a unit without a defect: {found['healthy']}")
        for name in share:
            yield judged(name, ROWS[name], found[name], full=full, only=bool(asked.only))


def _healthy(bench: Bench, asked: argparse.Namespace) -> tuple[int, dict[str, object]]:
    runs, claims, alarms = false_alarms(bench, asked.runs, asked.at_once)
    for alarm in alarms:
        print(alarm)
    generations = ", ".join(f"{model} {firmware}" for model, firmware in GENERATIONS)
    print(f"{runs} runs of units without a defect ({generations}): {claims} claims, {len(alarms)} false alarms")
    return int(bool(alarms)), {"runs": runs, "claims": claims, "false_alarms": alarms}


if __name__ == "__main__":
    sys.exit(main())
