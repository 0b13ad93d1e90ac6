"""A run over a lab with one fault a place: does each have its right class, and no place a wrong one?"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from xml.etree import ElementTree as ET

from tests.faults.standing_lab import Ended, StandingLab, standing_lab
from tests.faults.table import Row


def run_over(rows: Sequence[Row], folder: Path, *arguments: str) -> dict[str, list[str]]:
    """By the name of the row, what is wrong with what the run made of it; and `the run`."""
    with standing_lab(folder, len(rows), rows) as lab:
        with lab.running(*arguments) as process:
            ended = lab.ended(process)
        became = verdicts(folder / "junit.xml")
        first = sum(became["unit-1"].values())
        found = {
            row.name: _complaints(row, f"unit-{number}", became[f"unit-{number}"], first, ended, lab)
            for number, row in enumerate(rows, 1)
        }
        expected = 1 if any(row.fault == "unit" for row in rows) else 10 if any(row.fault for row in rows) else 0
        found["the run"] = (
            [] if ended.status == expected else [f"status {ended.status}, want {expected}:\n{ended.output}"]
        )
    return found


def _complaints(row: Row, place: str, became: Counter[str], claims: int, ended: Ended, lab: StandingLab) -> list[str]:
    wrong = []
    if sum(became.values()) != claims:
        wrong.append(f"{sum(became.values())} claims reported, {claims} of the first place")
    if others := became.keys() - row.allowed - {"skipped"}:
        wrong.append(f"became {', '.join(others)}")
    if row.fault and became.keys() <= {"held", "skipped"}:
        wrong.append("nobody noticed")
    lines = [line for line in ended.output.splitlines() if line.startswith(f"{place}: ")]
    incidents = [line for line in lines if "[" in line and line.split(" - ")[0].endswith("]")]
    wrong += [f"another fault: {line}" for line in incidents if f"[{row.fault}]" not in line]
    if row.says and not any(row.says in line for line in incidents):
        wrong.append(f"nothing says {row.says!r}: {lines}")
    named = f"NOT AT ITS BASELINE: {place} " in ended.output
    if (what := lab.not_at_baseline().get(place)) and not named:
        wrong.append(f"not at its baseline, and not named: {what}")
    return wrong


def verdicts(junit: Path) -> dict[str, Counter[str]]:
    """By place, how many claims became what, as JUnit XML tells it."""
    found: dict[str, Counter[str]] = {}
    for case in ET.parse(junit).getroot().iter("testcase"):
        told = {str(one.get("name")): str(one.get("value")) for one in case.iter("property")}
        if "place" in told:
            found.setdefault(told["place"], Counter())[told["verdict"]] += 1
    return found
