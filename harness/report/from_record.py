"""What a run knows of itself, read from what it has written: of one that is over, or was cut short at any moment."""

from __future__ import annotations

import os
import platform
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import fields
from datetime import datetime
from pathlib import Path
from typing import Any

from harness.errors import ConfigurationError
from harness.fault import Fault, Verdict
from harness.progress import LaneReport
from harness.report.facts import Ending, Failed, PlaceFacts, RunFacts, Unanswered
from harness.run_record import RUN_FILE, Settled, read_run, read_settled

STOPPED = 2
"""The exit status of a run that a signal has stopped (pytest.ExitCode.INTERRUPTED)."""
LANE_FIELDS = frozenset(field.name for field in fields(LaneReport))


def facts_of(folder: Path, remarks: Sequence[str] = ()) -> RunFacts:
    """What is in a run's folder. Raises ConfigurationError where it is none."""
    try:
        run, settled = read_run(folder), tuple(read_settled(folder).values())
        began = datetime.fromisoformat(run["started"])
        lanes = {lane["place"]: _lane(lane) for lane in run["lanes"]}
        verdicts = _verdicts(settled)
        places = tuple(
            PlaceFacts(place["name"], place["model"], verdicts.get(place["name"], {}), lanes.get(place["name"]))
            for place in run["places"]
        )
    except (OSError, ValueError, KeyError, TypeError) as error:
        reason = error.strerror if isinstance(error, OSError) else f"{type(error).__name__}: {error}"
        raise ConfigurationError(f"{folder}: is not the folder of a run: {RUN_FILE}: {reason}") from None
    last = run["ended"] or max((one.at for one in settled), default=run["started"])
    return RunFacts(
        lab=str(run["lab"]),
        began=began.astimezone(),
        seconds=(datetime.fromisoformat(last) - began).total_seconds(),
        folder=folder,
        places=places,
        failures=tuple(_failed(one, folder) for one in settled if one.verdict == Verdict.FAILED),
        unanswered=tuple(_unanswered(settled, lanes.values())),
        remarks=tuple(remarks),
        ending=_ending(run),
        exit_status=run["exit_status"],
        settled=settled,
        record=run,
    )


def _lane(facts: Mapping[str, Any]) -> LaneReport:
    """Lists are tuples again, and what a later version has written besides is left out."""
    known = {name: value for name, value in facts.items() if name in LANE_FIELDS}
    values: dict[str, Any] = {name: tuple(one) if isinstance(one, list) else one for name, one in known.items()}
    return LaneReport(**values)


def _verdicts(settled: Iterable[Settled]) -> dict[str, dict[tuple[str, str], str]]:
    """By place, experiment and claim."""
    found: dict[str, dict[tuple[str, str], str]] = {}
    for one in settled:
        found.setdefault(one.place, {})[one.experiment, short_claim(one)] = one.verdict
    return found


def short_claim(settled: Settled) -> str:
    """Without the file that it stands in: names of claims are sentences."""
    return settled.claim.rpartition("::")[2]


def _failed(one: Settled, folder: Path) -> Failed:
    evidence = str(folder / "evidence" / f"{one.place}.jsonl")
    told = one.told or {"done": "", "expected": "", "observed": "", "evidence": evidence}
    return Failed(one.place, short_claim(one), **told, experiment=one.experiment)


def _unanswered(settled: Iterable[Settled], lanes: Iterable[LaneReport]) -> Iterator[Unanswered]:
    places: dict[tuple[str, str], list[str]] = {}
    for one in settled:
        if one.incident:
            places.setdefault((one.incident, one.fault or Fault.OURS.value), []).append(one.place)
    for lane in lanes:
        for key in zip(lane.incidents, lane.faults, strict=True):
            places.setdefault(key, [])
    for key, found in places.items():
        yield Unanswered(*key, claims=len(found), places=tuple(sorted(set(found))))


def _ending(run: Mapping[str, Any]) -> Ending:
    if run["ended"] is not None:
        return Ending.STOPPED if run["exit_status"] == STOPPED else Ending.WHOLE
    return Ending.UNDER_WAY if _is_alive(run) else Ending.KILLED


def _is_alive(run: Mapping[str, Any]) -> bool:
    """Whether its process is still there: of another machine's nobody can tell, and it counts as alive."""
    if run["host"] != platform.node():
        return True
    try:
        os.kill(run["process"], 0)
        # Numbers of processes come round again.
        return b"pytest" in Path("/proc", str(run["process"]), "cmdline").read_bytes()
    except PermissionError:
        return True
    except (ProcessLookupError, FileNotFoundError):
        return False
