"""A run as its folder has it: of one that was interrupted, whatever was settled before."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

from harness.errors import ConfigurationError
from harness.fault import Verdict
from harness.report.happenings import read_happenings
from harness.results.ingest import ClaimResult, RestartTiming, RunResults, Visit
from harness.run_record import CLAIMS_FILE, RUN_FILE, Settled, read_run, read_settled


def run_in(folder: Path) -> RunResults:
    """Raises ConfigurationError where the folder has no record of a run, or one that cannot be read."""
    try:
        run, settled = read_run(folder), read_settled(folder)
    except FileNotFoundError as error:
        raise ConfigurationError(
            f"{folder}: has no {Path(str(error.filename)).name}: name the folder of a run, or its junit.xml"
        ) from None
    except (OSError, ValueError) as error:
        raise ConfigurationError(f"{folder}: cannot be read: {error}") from None
    by_place: dict[str, list[Settled]] = {}
    for one in settled.values():
        by_place.setdefault(one.place, []).append(one)
    try:
        lanes = {lane["place"]: lane for lane in run["lanes"]}
        return RunResults(
            lab=run["lab"],
            name=run["run"],
            host=run["host"],
            started=datetime.fromisoformat(run["started"]),
            ended=datetime.fromisoformat(run["ended"]) if run["ended"] else None,
            exit_status=run["exit_status"],
            visits=tuple(_visit(folder, place, lanes.get(place), found) for place, found in by_place.items()),
            lab_sha256=run["lab_sha256"],
            versions=run["versions"],
        )
    except (KeyError, TypeError, ValueError) as error:
        raise ConfigurationError(
            f"{folder}: {RUN_FILE} and {CLAIMS_FILE} are not as this program writes them: {error}"
        ) from None


def _visit(folder: Path, place: str, lane: Mapping[str, Any] | None, settled: list[Settled]) -> Visit:
    # Claims that were blocked before the unit was open know neither.
    told = next((one for one in settled if one.firmware or one.serial), settled[0])
    return Visit(
        place=place,
        model=settled[0].model,
        serial=told.serial,
        firmware=told.firmware,
        claims=tuple(
            {
                one.claim: ClaimResult(
                    one.claim,
                    one.experiment,
                    Verdict(one.verdict),
                    one.seconds,
                    one.fault or "",
                    one.incident or "",
                )
                for one in settled
            }.values()
        ),
        restarts=_restarts(folder, place) if lane is None else tuple(map(_timing, lane["timings"])),
        seconds=lane["seconds"] if lane else None,
        restart_count=lane["restarts"] if lane else None,
        restart_floor=lane["restart_floor"] if lane else None,
    )


def _timing(facts: Mapping[str, Any]) -> RestartTiming:
    return RestartTiming(**{name: facts[name] for name in RestartTiming.__dataclass_fields__})


def _restarts(folder: Path, place: str) -> tuple[RestartTiming, ...]:
    """Those of a lane that never reported, as its evidence has them."""
    found = read_happenings(folder / "evidence" / f"{place}.jsonl").restarts
    return tuple(RestartTiming(one.way, one.down, one.web, one.booted) for one in found)
