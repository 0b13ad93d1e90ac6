"""`make bench`: how long things take, beside other ways of doing them in the same run.

`make bench BENCH_ARGS=crowd`: many emulated units at once; `BENCH_ARGS=many`: the suite over many places, beside one;
`BENCH_ARGS=history`: a year of nights in the results database, and what is found of flakiness that was planted.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import ssl
import sys
import tempfile
from pathlib import Path
from typing import Any

import cryptography
from rich.console import Console
from rich.table import Table

from benchmarks import commands, crowd, history, many, uploads
from benchmarks.rounds import Figures
from benchmarks.samples import PBKDF2_ROUNDS, samples


def _upload_table(figures: dict[str, dict[str, Figures]], rounds: int) -> Table:
    table = Table(
        title=f"Uploads a second and core: RSA-2048, PBES2 with {PBKDF2_ROUNDS} iterations",
        caption=f"CPU time, medians of {rounds} interleaved rounds; ratio to {uploads.BASELINE}",
    )
    table.add_column("upload", no_wrap=True)
    table.add_column("by", no_wrap=True)
    table.add_column("a second", justify="right", no_wrap=True)
    table.add_column("ratio", justify="right", no_wrap=True)
    for sample, contenders in figures.items():
        table.add_section()
        for number, (name, found) in enumerate(contenders.items()):
            table.add_row(
                "" if number else sample,
                name,
                f"{1 / found.median:,.0f}",
                f"{found.ratio(contenders[uploads.BASELINE]):.2f}",
            )
    return table


def _target_table(upload_figures: dict[str, dict[str, Figures]]) -> Table:
    table = Table(title="Aims")
    table.add_column("")
    table.add_column("")
    table.add_column("aim", justify="right")
    table.add_column("now", justify="right")
    table.add_column("")
    for sample in uploads.TARGET_SAMPLES:
        for name, (aim, now, met) in uploads.targets(upload_figures[sample]).items():
            table.add_row(sample, name, f"{aim:g}", f"{now:.2f}", "met" if met else "[bold]missed[/]")
    return table


def _batch_table(figures: dict[int, Figures]) -> Table:
    table = Table(
        title="Batch", caption=f"{commands.BATCH_UPLOADS} uploads of all forms; wall time, start of Python included."
    )
    for name in ("--jobs", "uploads a second", "times one job"):
        table.add_column(name, justify="right")
    alone = figures[1]
    for jobs, found in figures.items():
        rate = commands.BATCH_UPLOADS / found.median
        table.add_row(str(jobs), f"{rate:,.0f}", f"{1 / found.ratio(alone):.2f}")
    return table


def _start_table(figures: dict[str, Figures]) -> Table:
    table = Table(title="Start-up", caption="CPU time")
    table.add_column("command")
    table.add_column("ms", justify="right")
    table.add_column("over python -c pass", justify="right")
    bare = figures[commands.PYTHON].median
    for name, found in figures.items():
        table.add_row(name, f"{1e3 * found.median:.0f}", f"{1e3 * (found.median - bare):.0f}")
    return table


def _document(
    upload_figures: dict[str, dict[str, Figures]],
    batch_figures: dict[int, Figures],
    start_figures: dict[str, Figures],
    rounds: int,
) -> dict[str, Any]:
    return {
        "python": platform.python_version(),
        "openssl": ssl.OPENSSL_VERSION,
        "cryptography": cryptography.__version__,
        "machine": platform.machine(),
        "cores": os.cpu_count(),
        "rounds": rounds,
        "baseline": uploads.BASELINE,
        "uploads": {
            sample: {
                name: {
                    "cpu_seconds": found.median,
                    "per_second": 1 / found.median,
                    "times_baseline": found.ratio(contenders[uploads.BASELINE]),
                }
                for name, found in contenders.items()
            }
            for sample, contenders in upload_figures.items()
        },
        "aims": {
            sample: {
                name: {"aim": aim, "now": now, "met": met}
                for name, (aim, now, met) in uploads.targets(upload_figures[sample]).items()
            }
            for sample in uploads.TARGET_SAMPLES
        },
        "batch": {
            str(jobs): {"uploads": commands.BATCH_UPLOADS, "per_second": commands.BATCH_UPLOADS / found.median}
            for jobs, found in batch_figures.items()
        },
        "start_cpu_milliseconds": {name: 1e3 * found.median for name, found in start_figures.items()},
    }


def _crowd_table(found: crowd.Crowd) -> Table:
    table = Table(
        title=f"{found.units:,} emulated units",
        caption=f"CPU for all at once: emulator {found.emulator_cpu_seconds:.1f} s, "
        f"client {found.client_cpu_seconds:.1f} s",
    )
    return _aims_table(found.aims(), table)


def _aims_table(aims: dict[str, tuple[float, float, bool]], table: Table | None = None) -> Table:
    table = table or Table(title="Aims")
    table.add_column("")
    table.add_column("at most", justify="right")
    table.add_column("now", justify="right")
    table.add_column("")
    for name, (aim, now, met) in aims.items():
        table.add_row(name.replace("_", " "), f"{aim:g}", f"{now:.2f}", "met" if met else "[bold]missed[/]")
    return table


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument(
        "what", nargs="?", choices=("speed", "crowd", "many", "history"), default="speed", help="default: %(default)s"
    )
    parser.add_argument("--rounds", type=int, default=9, help="of each comparison of speed (default: %(default)s)")
    parser.add_argument("--units", type=int, default=1000, help="in the crowd (default: %(default)s)")
    parser.add_argument(
        "--restart-seconds", type=float, default=5.0, help="of each unit of crowd and many (default: %(default)s)"
    )
    parser.add_argument("--places", type=int, default=64, help="put beside one, in many (default: %(default)s)")
    parser.add_argument("--most", type=int, default=256, help="whose memory counts, in many (default: %(default)s)")
    parser.add_argument("--nights", type=int, default=365, help="of history (default: %(default)s)")
    parser.add_argument("--labs", type=int, default=20, help="drawn for history (default: %(default)s)")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures there as well")
    options = parser.parse_args()
    if options.what == "crowd":
        document = _measure_crowd(options.units, options.restart_seconds)
    elif options.what == "many":
        document = _measure_many(options.places, options.most, options.restart_seconds)
    elif options.what == "history":
        document = _measure_history(options.nights, options.labs)
    else:
        document = _measure_speed(options.rounds)
    if options.json is not None:
        options.json.write_text(json.dumps(document, indent=2) + "\n", encoding="ascii")
    return 0


def _measure_crowd(units: int, restart_seconds: float) -> dict[str, Any]:
    found = crowd.measure(units, restart_seconds)
    Console().print(_crowd_table(found))
    return crowd.document(found)


def _measure_many(places: int, most: int, restart_seconds: float) -> dict[str, Any]:
    found = many.measure(places, most, restart_seconds)
    Console().print(_many_table(found), _aims_table(found.aims()))
    return many.document(found)


def _measure_history(nights: int, labs: int) -> dict[str, Any]:
    kept = history.measure_database(nights)
    planted = history.measure_flakiness(labs)
    Console().print(_history_table(kept, planted), _aims_table(history.aims(kept, planted)))
    return history.document(kept, planted)


def _history_table(kept: history.Kept, planted: history.Planted) -> Table:
    table = Table(title=f"{kept.nights} nights, {history.PLACES} places, {history.CLAIMS} claims", show_header=False)
    for name, value in {
        "verdicts": f"{kept.verdicts:,}",
        "database": f"{kept.megabytes:.0f} MiB",
        "a night into the database": f"{kept.ingest_seconds:.2f} s, of which {kept.ingest_cpu_seconds:.2f} s CPU",
        "the lab's page": f"{kept.index_seconds:.2f} s, of which {kept.index_cpu_seconds:.2f} s CPU",
        "a place's page": f"{kept.place_seconds:.2f} s",
        "all pages": f"{kept.pages}, {kept.all_seconds:.2f} s",
        f"planted, in {planted.labs} labs": f"{planted.planted}, of which found {planted.right}",
        "reported besides": str(planted.reported - planted.right),
        f"reported in {planted.labs} labs where nothing is planted": str(planted.on_none),
    }.items():
        table.add_row(name, value)
    return table


def _many_table(found: many.Many) -> Table:
    table = Table(title=f"The default selection on {many.CORES} cores")
    for heading in ("places", "claims", "wall s", "CPU s", "CPU s a place", "MiB at most"):
        table.add_column(heading, justify="right")
    for run in found.runs:
        each = run.cpu_seconds / run.places
        figures = (f"{run.seconds:.1f}", f"{run.cpu_seconds:.1f}", f"{each:.2f}", f"{run.most_megabytes:.0f}")
        table.add_row(str(run.places), str(run.passed), *figures)
    return table


def _measure_speed(rounds: int) -> dict[str, Any]:
    console = Console()
    with tempfile.TemporaryDirectory(prefix="mcu-hil-bench-") as name:
        directory = Path(name)
        all_samples = samples(directory)
        upload_figures = uploads.measure(all_samples, rounds)
        console.print(_upload_table(upload_figures, rounds), _target_table(upload_figures))
        # These take seconds a round.
        few = max(3, rounds // 3)
        batch_figures = commands.measure_batches(all_samples, directory, few)
        console.print(_batch_table(batch_figures))
        empty = directory / "empty"
        empty.mkdir()
        start_figures = commands.measure_starts(empty, few)
        console.print(_start_table(start_figures))
    return _document(upload_figures, batch_figures, start_figures, rounds)


if __name__ == "__main__":
    sys.exit(main())
