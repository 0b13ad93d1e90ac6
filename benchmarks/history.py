"""A year of nights in the results database, and what is found of flakiness that was planted.

Nights go in as runs put them in; the last is read from a run's folder, as it is at the end of a run.
"""

from __future__ import annotations

import json
import random
import tempfile
import time
from contextlib import closing
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from harness.fault import Verdict
from harness.results.database import database_at
from harness.results.history import history_of
from harness.results.ingest import RunResults, ingest
from harness.results.pages import pages_of, write_pages
from harness.results.run_folder import run_in
from harness.run_record import CLAIMS_FILE, RUN_FILE
from tests.unit.results import planting
from tests.unit.results.conftest import night_of, place_name

PLACES, CLAIMS = 64, 200
SHOWN = 60
MOST = {"ingest_seconds": 5.0, "history_page_seconds": 3.0, "database_megabytes": 1536.0, "found_on_none": 0.0}
LEAST = {"precision": 0.95, "recall": 0.95}


@dataclass(frozen=True)
class Kept:
    """A year in the database, and how long it takes to put one more night in and to look."""

    nights: int
    verdicts: int
    megabytes: float
    ingest_seconds: float
    """On the wall, from the run's folder to the commit."""
    ingest_cpu_seconds: float
    index_seconds: float
    """From opening the database to the text of the page."""
    index_cpu_seconds: float
    place_seconds: float
    all_seconds: float
    pages: int


@dataclass(frozen=True)
class Planted:
    labs: int
    planted: int
    reported: int
    right: int
    on_none: int
    """Reported in as many labs where nothing was planted."""


def measure_database(nights: int) -> Kept:
    """A flaky claim and a flaky unit, a place that is blocked every 17th night, and a failure that stays."""
    with tempfile.TemporaryDirectory(prefix="mcu-hil-bench-") as name:
        folder = Path(name)
        file = folder / "results.sqlite"
        with closing(database_at(f"sqlite:///{file}")) as database:
            chance = random.Random(1)
            for number in range(nights - 1):
                ingest(database, _night(chance, number))
            last = _folder_of(_night(chance, nights - 1), folder)
            began, cpu = time.monotonic(), time.process_time()
            ingest(database, run_in(last))
            ingested = time.monotonic() - began, time.process_time() - cpu
        with closing(database_at(f"sqlite:///{file}")) as database:
            began, cpu = time.monotonic(), time.process_time()
            next(pages_of(database, history_of(database, "rack", SHOWN)))
            index = time.monotonic() - began, time.process_time() - cpu
        place_seconds, _ = _timed(file, folder / "place", (place_name(3),))
        all_seconds, pages = _timed(file, folder / "all", ())
        megabytes = sum(one.stat().st_size for one in folder.glob("results.sqlite*")) / 2**20
        verdicts = nights * PLACES * CLAIMS
        return Kept(nights, verdicts, megabytes, *ingested, *index, place_seconds, all_seconds, pages)


def _timed(file: Path, pages: Path, places: tuple[str, ...]) -> tuple[float, int]:
    with closing(database_at(f"sqlite:///{file}")) as database:
        began = time.monotonic()
        count = write_pages(database, history_of(database, "rack", SHOWN, places=places), pages)
        return time.monotonic() - began, count


def _night(chance: random.Random, number: int) -> RunResults:
    def becomes(night: int, place: int, claim: int) -> Verdict:
        if place == 9 and night % 17 == 0:
            return Verdict.BLOCKED
        flaky = (claim == 7 and chance.random() < 0.1) or (place == 3 and chance.random() < 0.05)
        broken = claim == 20 and place < 5 and night > 50
        return Verdict.FAILED if flaky or broken else Verdict.HELD

    firmware = "4.3(2.18)" if number < 350 else "4.5(1.71)"
    return night_of(number, PLACES, CLAIMS, becomes, firmware, restart=60 + 0.01 * number)


def _folder_of(run: RunResults, below: Path) -> Path:
    """The record that this run would have left."""
    folder = below / run.name
    folder.mkdir()
    assert run.ended is not None
    lanes = [
        {
            "place": visit.place,
            "seconds": visit.seconds,
            "restarts": visit.restart_count,
            "restart_floor": visit.restart_floor,
            "timings": [asdict(one) for one in visit.restarts],
        }
        for visit in run.visits
    ]
    record = {
        "run": run.name,
        "host": run.host,
        "lab": run.lab,
        "lab_sha256": None,
        "started": run.started.isoformat(),
        "ended": run.ended.isoformat(),
        "exit_status": 0,
        "versions": dict(run.versions),
        "lanes": lanes,
    }
    (folder / RUN_FILE).write_text(json.dumps(record), encoding="utf-8")
    with (folder / CLAIMS_FILE).open("w", encoding="utf-8") as lines:
        for visit in run.visits:
            for one in visit.claims:
                settled = {
                    "nodeid": f"{one.claim}[{visit.place}]",
                    "claim": one.claim,
                    "place": visit.place,
                    "model": visit.model,
                    "serial": visit.serial,
                    "firmware": visit.firmware,
                    "experiment": one.experiment,
                    "verdict": one.verdict.value,
                    "fault": one.fault or None,
                    "incident": one.incident or None,
                    "seconds": one.seconds,
                    "at": run.started.isoformat(),
                }
                lines.write(json.dumps(settled) + "\n")
    return folder


def measure_flakiness(labs: int) -> Planted:
    """Of so many labs with eight flaky claims and four flaky units each, and as many with none."""
    planted = reported = right = on_none = 0
    for seed in range(labs):
        chance = random.Random(seed)
        lab = planting.simulated(
            chance, PLACES, CLAIMS, SHOWN, planting.planted(chance, PLACES, CLAIMS, 8), accidents=1e-5
        )
        planted += len(lab.wanted)
        reported += len(lab.found)
        right += len(lab.named & lab.wanted)
        none = planting.simulated(random.Random(-seed), PLACES, CLAIMS, SHOWN, planting.Planted(), accidents=1e-5)
        on_none += len(none.found)
    return Planted(labs, planted, reported, right, on_none)


def aims(kept: Kept, planted: Planted) -> dict[str, tuple[float, float, bool]]:
    """What is aimed at, what came out, whether it is met."""
    now = {
        "ingest_seconds": kept.ingest_seconds,
        "history_page_seconds": kept.index_seconds,
        "database_megabytes": kept.megabytes,
        "found_on_none": float(planted.on_none),
        "precision": planted.right / planted.reported if planted.reported else 0.0,
        "recall": planted.right / planted.planted,
    }
    most = {name: (aim, now[name], now[name] <= aim) for name, aim in MOST.items()}
    return most | {f"{name} (at least)": (aim, now[name], now[name] > aim) for name, aim in LEAST.items()}


def document(kept: Kept, planted: Planted) -> dict[str, Any]:
    """For a file of figures."""
    figures = {name: {"aim": aim, "now": now, "met": met} for name, (aim, now, met) in aims(kept, planted).items()}
    return {"database": asdict(kept), "flakiness": asdict(planted), "aims": figures}
