"""What was done to one unit and what it did, in the order of time: from the evidence of a run, as people read it."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import groupby
from pathlib import Path
from typing import Any

from harness.evidence import FOLDER

Note = Mapping[str, Any]
"""One line of an evidence file."""

CONSOLE_ENDING = ".console.log"
LONGEST = 200
"""Characters of a line of the console, or of an error, that are shown."""


@dataclass(frozen=True)
class Moment:
    """Something that happened, in a line."""

    at: datetime
    during: str
    text: str
    is_console: bool = False


@dataclass(frozen=True)
class Phase:
    """A stretch of time that has a name: an experiment, or a part of a restart."""

    name: str
    begin: datetime
    end: datetime


def console_file(run: Path, place: str) -> Path:
    """What the console of a place said, in the folder of a run: lines of time and text."""
    return run / FOLDER / f"{place}{CONSOLE_ENDING}"


def read_notes(file: Path) -> Iterator[Note]:
    """Line by line; one that was cut short is left out. Raises OSError."""
    with file.open(encoding="utf-8", errors="replace") as lines:
        for line in lines:
            try:
                note = json.loads(line)
            except ValueError:
                continue
            if isinstance(note, dict) and isinstance(note.get("at"), str):
                yield note


def read_console(file: Path) -> Iterator[tuple[datetime, str]]:
    """When the console said what; nothing where there is no such file."""
    if not file.is_file():
        return
    with file.open(encoding="utf-8", errors="replace") as lines:
        for line in lines:
            time, _, text = line.rstrip("\r\n").partition(" ")
            try:
                yield datetime.fromisoformat(time), text
            except ValueError:
                continue


def phases_of(notes: Iterable[Note]) -> tuple[Phase, ...]:
    """Experiments, and in them restarts: from the request until it was down, until its web was back, until it was up.

    One that did not end is as long as what is known.
    """
    found: list[Phase] = []
    begun: dict[str, datetime] = {}
    last = None
    for note in notes:
        at = last = datetime.fromisoformat(note["at"])
        match note.get("kind"):
            case "experiment" if note["state"] == "begun":
                begun[note["name"]] = at
            case "experiment":
                found.append(Phase(note["name"], begun.pop(note["name"], at), at))
            case "restart":
                asked = at - timedelta(seconds=note["booted_seconds"])
                down = asked + timedelta(seconds=note["down_seconds"])
                web = asked + timedelta(seconds=note["web_seconds"])
                parts = (("going down", asked, down), ("down", down, web), ("booting", web, at))
                found += (Phase(f"{note['during']}: {name}", *span) for name, *span in parts)
    if last is not None:
        found += (Phase(name, begin, last) for name, begin in begun.items())
    return tuple(found)


def phase_at(phases: Iterable[Phase], at: datetime) -> str:
    """The shortest that this moment is in; empty where it is in none."""
    there = [phase for phase in phases if phase.begin <= at <= phase.end]
    return min(there, key=lambda phase: phase.end - phase.begin).name if there else ""


def moments_of(notes: Sequence[Note], console: Iterable[tuple[datetime, str]] = ()) -> list[Moment]:
    """All of it, in order; what the console said with the phase in which it did."""
    phases = phases_of(notes)
    found = [
        Moment(datetime.fromisoformat(note["at"]), str(note.get("during", "")), words_of(note)) for note in notes
    ]
    for at, text in console:
        phase = phase_at(phases, at)
        part = phase.partition(": ")[2]
        found.append(Moment(at, phase, f"console{f', {part}' if part else ''}: {text[:LONGEST]}", is_console=True))
    return sorted(found, key=lambda one: one.at)


def folded(moments: Iterable[Moment]) -> Iterator[tuple[Moment, int]]:
    """What came several times one after the other, once, with how often."""
    for _, same in groupby(moments, key=lambda one: (one.during, one.text)):
        first, *others = same
        yield first, 1 + len(others)


def words_of(note: Note) -> str:
    """One line of evidence, as people read it."""
    words = WORDS.get(str(note.get("kind")), _other)
    try:
        return words(note)
    except (KeyError, TypeError, ValueError):
        return _other(note)


def _opened(note: Note) -> str:
    return f"opened at {note['address']} ({note['doing']})"


def _unit(note: Note) -> str:
    return f"the unit says: {note['model']}, serial {note['serial']}, software {note['software_version']}"


def _exchange(note: Note) -> str:
    path = note["url"].split("://", 1)[-1].partition("/")[2]
    scheme = note["url"].partition(":")[0]
    outcome = note.get("error") or f"{note['status']}, {note['received_bytes']} octets"
    sent = f" with {note['sent_bytes']} octets" if note["sent_bytes"] else ""
    onward = f", on to {note['location']}" if note.get("location") else ""
    again = f", and {note['again']} times again" if "again" in note else ""
    return f"{scheme.upper()} {note['method']} /{path}{sent}: {outcome}{onward}"[:LONGEST] + again


def _handshake(note: Note) -> str:
    name = f"handshake at {note['address']}" if "address" in note else note["kind"]
    count = f"{note['certificates']} certificate{'s' * (note['certificates'] != 1)}"
    milliseconds = f"{note['seconds'] * 1000:.0f} ms"
    return f"{name}: {note['protocol_version']}, {note['cipher_suite']}, {milliseconds}, {count}: {note['leaf']}"


def _answer(note: Note) -> str:
    if "fault" in note:
        return f"API {note['method']}: fault {note['fault']}: {note['text']}"
    members = note.get("members") or note.get("changed", {})
    shown = ", ".join(f"{name} {value}" for name, value in members.items() if not isinstance(value, dict | list))
    more = "" if "members" in note else "changed: " if members else "as before"
    return f"API {note['method']}: {more}{shown}"[:LONGEST]


def _restart(note: Note) -> str:
    seconds = [f"{note[name]:.1f} s" for name in ("down_seconds", "web_seconds", "booted_seconds")]
    return f"restarted by {note['way']}: down after {seconds[0]}, web after {seconds[1]}, booted after {seconds[2]}"


def triage_words(note: Note) -> str:
    """What a look at the unit and its bench showed."""
    served = f"HTTPS serves sha256:{note['served'][:16]}" if note.get("served") else "HTTPS is silent"
    lines = [name for name in ("gateway", "console", "power") if name in note]
    answers = [f"{name} {'answers' if note[name] else 'is silent'}" for name in lines]
    return ", ".join([f"HTTP {'answers' if note['http'] else 'is silent'}", served, *answers])


def _other(note: Note) -> str:
    left_out = ("at", "kind", "during", "markup", "format")
    facts = ", ".join(f"{name} {value}" for name, value in note.items() if name not in left_out and value != "")
    return f"{note.get('kind', 'a line')}: {facts}"[: 2 * LONGEST]


def _page(note: Note) -> str:
    fresh = f"; new on it: {' | '.join(note['appeared'])}" if "appeared" in note else ""
    return f"page {note['url'].rpartition('/')[2] or '/'} is kept: {note['why']}{fresh}"[: 2 * LONGEST]


WORDS: Mapping[str, Callable[[Note], str]] = {
    "opened": _opened,
    "unit": _unit,
    "exchange": _exchange,
    "handshake": _handshake,
    "handshake at another address": _handshake,
    "SIP TLS handshake": _handshake,
    "answer": _answer,
    "restart": _restart,
    "experiment": lambda note: f"experiment {note['name']}: {note['state']}",
    "step": lambda note: f"done: {note['what']}, {note['seconds']:.2f} s",
    "upload": lambda note: f"the upload was {'taken' if note['taken'] else 'not taken'}, {note['seconds']:.2f} s",
    "page": _page,
    "triage": lambda note: f"looked around: {triage_words(note)}",
    "power": lambda note: f"power {note['command']}: status {note['status']}",
    "incident": lambda note: f"INCIDENT, {note['fault']} at fault: {note['reason']}"[: 4 * LONGEST],
}
