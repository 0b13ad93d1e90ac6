"""What evidence files have of a unit's restarts: when it was told to, when it was down, back, and up."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from statistics import median

from harness.timeline import triage_words

RESTARTS_FILE = "restarts.json"
"""What a run leaves to the reports of later ones: seconds to the end of boot, by place."""
RUNS_LOOKED_AT = 10

# Most lines are exchanges and steps, which are not looked at: a place has thousands.
KIND = b'"kind": "'
WANTED = tuple(KIND + kind + b'"' for kind in (b"experiment", b"restart", b"upload", b"handshake", b"triage"))


@dataclass(frozen=True)
class Happening:
    """One restart, and what led to it; seconds from the request on, None where nobody looked."""

    during: str
    at: datetime
    """When it was asked for."""
    way: str
    uploads: int
    """Since the restart before, or since the run began."""
    down: float
    web: float
    booted: float
    tls: float | None
    """The first completed TLS handshake; the driver looks once the unit is up."""
    serves: str
    """The certificate of that handshake, as people read it."""


@dataclass(frozen=True)
class Experimented:
    """How long one experiment took; None for one that did not end well."""

    name: str
    seconds: float | None


@dataclass(frozen=True)
class Look:
    """What was seen of a unit and its bench when something had gone wrong."""

    during: str
    words: str


@dataclass(frozen=True)
class Happenings:
    restarts: tuple[Happening, ...]
    experiments: tuple[Experimented, ...]
    looks: tuple[Look, ...] = ()


def read_happenings(file: Path) -> Happenings:
    """Of one place in one run; nothing where there is no file. A file may have been cut short."""
    restarts: list[Happening] = []
    experiments: dict[str, Experimented] = {}
    begun: dict[str, datetime] = {}
    looks: list[Look] = []
    uploads, waiting = 0, None
    for note in _notes(file):
        at = datetime.fromisoformat(note["at"])
        match note["kind"]:
            case "experiment" if note["state"] == "begun":
                begun[note["name"]] = at
                experiments[note["name"]] = Experimented(note["name"], None)
            case "experiment" if note["name"] in begun:
                seconds = (at - begun[note["name"]]).total_seconds()
                experiments[note["name"]] = Experimented(note["name"], seconds)
            case "triage":
                looks.append(Look(note["during"], triage_words(note)))
            case "upload":
                uploads += 1
            case "restart":
                if waiting is not None:
                    restarts.append(_happening(*waiting, None))
                waiting, uploads = (note, at, uploads), 0
            case "handshake" if waiting is not None:
                restarts.append(_happening(*waiting, (at, str(note.get("leaf", "")))))
                waiting = None
    if waiting is not None:
        restarts.append(_happening(*waiting, None))
    return Happenings(tuple(restarts), tuple(experiments.values()), tuple(looks))


def _happening(
    note: Mapping[str, float | str], at: datetime, uploads: int, seen: tuple[datetime, str] | None
) -> Happening:
    booted = float(note["booted_seconds"])
    asked = at - timedelta(seconds=booted)
    return Happening(
        during=str(note["during"]),
        at=asked,
        way=str(note["way"]),
        uploads=uploads,
        down=float(note["down_seconds"]),
        web=float(note["web_seconds"]),
        booted=booted,
        tls=(seen[0] - asked).total_seconds() if seen else None,
        serves=seen[1] if seen else "",
    )


def _notes(file: Path) -> Iterator[dict[str, str]]:
    if not file.is_file():
        return
    with file.open("rb") as lines:
        for line in lines:
            if line.startswith(WANTED, line.find(KIND)):
                try:
                    yield json.loads(line)
                except ValueError:
                    continue


def keep_restarts(folder: Path, of_places: Mapping[str, Iterable[Happening]]) -> None:
    """For the reports of later runs."""
    seconds = {place: [round(one.booted, 3) for one in restarts] for place, restarts in of_places.items()}
    (folder / RESTARTS_FILE).write_text(json.dumps(seconds), encoding="utf-8")


def usual_restart(runs: Path, but: Path) -> dict[str, float]:
    """The median seconds of a place's restarts in the newest earlier runs, `but` not among them."""
    newest = sorted((file for file in runs.glob(f"*/{RESTARTS_FILE}") if file.parent != but), reverse=True)
    found: dict[str, list[float]] = {}
    for file in newest[:RUNS_LOOKED_AT]:
        try:
            for place, seconds in json.loads(file.read_text(encoding="utf-8")).items():
                found.setdefault(place, []).extend(map(float, seconds))
        except (OSError, ValueError, AttributeError, TypeError):
            # Another run may have been killed while it wrote: its restarts are not known then.
            continue
    return {place: median(seconds) for place, seconds in found.items() if seconds}
