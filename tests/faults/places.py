"""A run over a lab with one fault a place: does each have its right class, and no place a wrong one?"""

from __future__ import annotations

import json
import threading
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from xml.etree import ElementTree as ET

from tests.faults.standing_lab import Ended, StandingLab, standing_lab
from tests.faults.table import Happening, Moment, Row

LOOK_SECONDS = 0.02


@dataclass(frozen=True)
class Found:
    """What became of one fault."""

    fault: str
    expected: str
    seen: str
    wrong: tuple[str, ...] = ()

    @property
    def is_as_it_should_be(self) -> bool:
        return not self.wrong


def run_over(rows: Sequence[Row], folder: Path, *arguments: str) -> list[Found]:
    """Of each row, and of the run as a whole, what it made of it."""
    with standing_lab(folder, len(rows), rows) as lab:
        with lab.running(*arguments) as process, happening(lab, rows):
            ended = lab.ended(process)
        became = classes(folder / "junit.xml")
        claims = sum(became["unit-1"].values())
        found = [
            Found(
                row.name,
                f"[{row.fault}]" if row.fault else "held",
                said(became[f"unit-{number}"]),
                tuple(_complaints(row, f"unit-{number}", became[f"unit-{number}"], claims, ended, lab)),
            )
            for number, row in enumerate(rows, 1)
        ]
        expected = 1 if any(row.fault == "unit" for row in rows) else 10 if any(row.fault for row in rows) else 0
        wrong = () if ended.status == expected else (f"status {ended.status}:\n{ended.output}",)
        return [*found, Found("the run as a whole", f"status {expected}", f"status {ended.status}", wrong)]


def _complaints(
    row: Row, place: str, became: Counter[str], claims: int, ended: Ended, lab: StandingLab
) -> Iterator[str]:
    if sum(became.values()) != claims:
        yield f"{sum(became.values())} claims reported, {claims} of the first place"
    verdicts = {one.partition(" ")[0] for one in became}
    if others := verdicts - row.allowed - {"skipped"}:
        yield f"became {', '.join(others)}"
    if row.fault and verdicts <= {"held", "skipped"}:
        yield "nobody noticed"
    lines = [line for line in ended.output.splitlines() if line.startswith(f"{place}: ")]
    incidents = [line for line in lines if "[" in line and line.split(" - ")[0].endswith("]")]
    yield from (f"another fault: {line}" for line in incidents if f"[{row.fault}]" not in line)
    if row.says and not any(row.says in line for line in incidents):
        yield f"nothing says {row.says!r}: {lines}"
    yield from unnamed(lab, ended, place)


def unnamed(lab: StandingLab, ended: Ended, *places: str) -> Iterator[str]:
    """The units that are not at their baselines although the run does not say so."""
    for place, what in lab.not_at_baseline().items():
        if place in places and f"NOT AT ITS BASELINE: {place} " not in ended.output:
            yield f"{place} is not at its baseline, and not named: {what}"


def classes(junit: Path) -> dict[str, Counter[str]]:
    """By place, how many claims became what, with whose fault it was, as JUnit XML tells it."""
    found: dict[str, Counter[str]] = {}
    for case in ET.parse(junit).getroot().iter("testcase"):
        told = {str(one.get("name")): str(one.get("value")) for one in case.iter("property")}
        if "place" in told:
            fault = f" [{told['fault']}]" if "fault" in told else ""
            found.setdefault(told["place"], Counter())[told["verdict"] + fault] += 1
    return found


def said(became: Counter[str]) -> str:
    return ", ".join(f"{count} {one}" for one, count in sorted(became.items()))


@contextmanager
def happening(lab: StandingLab, rows: Sequence[Row]) -> Iterator[None]:
    """For the block, what is to happen does; afterwards all units are there again."""
    over = threading.Event()
    threads = [
        threading.Thread(target=_happens, args=(lab, f"unit-{number}", row.happens, over))
        for number, row in enumerate(rows, 1)
        if row.happens is not None
    ]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        over.set()
        for thread in threads:
            thread.join()
        for emulation in lab.alone.values():
            emulation.thaw()


def _happens(lab: StandingLab, place: str, what: Happening, over: threading.Event) -> None:
    has_come = {Moment.UPLOAD: _is_about_to_upload, Moment.RESTART: _restarts}[what.moment]
    while not over.wait(LOOK_SECONDS):
        if has_come(lab, place):
            lab.alone[place].freeze()
            if what.seconds is not None:
                over.wait(what.seconds)
                lab.alone[place].thaw()
            return


def _restarts(lab: StandingLab, place: str) -> bool:
    return lab.truth(place).phase != "active"


def _is_about_to_upload(lab: StandingLab, place: str) -> bool:
    """Whether an experiment has read the page with the form."""
    for file in (lab.state / "runs").glob(f"*/evidence/{place}.jsonl"):
        with suppress(ValueError):
            notes = map(json.loads, file.read_text().splitlines())
            if any(note["kind"] == "step" and "certificates page" in str(note["what"]) for note in notes):
                return True
    return False
