"""The evidence of a failure beside it: what was done to the unit in that experiment, and what it did."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from harness.evidence import evidence_file
from harness.report.facts import Failed
from harness.timeline import folded, moments_of, read_notes

TOLD = frozenset(
    {
        "experiment",
        "upload",
        "handshake",
        "handshake at another address",
        "SIP TLS handshake",
        "restart",
        "page",
        "power",
        "incident",
        "triage",
    }
)
"""Kinds of lines that tell what happened; the rest is how."""
MOST_LINES = 40
MOST_PLACES = 20
"""So many failures have their evidence beside them; of the others the file is named."""


def evidence_lines(folder: Path, failures: Iterable[Failed]) -> dict[tuple[str, str], tuple[str, ...]]:
    """By place and experiment, for the first that failed; nothing for those whose evidence cannot be read."""
    wanted = dict.fromkeys((one.place, one.experiment) for one in failures if one.experiment)
    return {key: lines for key in list(wanted)[:MOST_PLACES] if (lines := _lines(folder, *key))}


def _lines(folder: Path, place: str, experiment: str) -> tuple[str, ...]:
    try:
        notes = [
            note
            for note in read_notes(evidence_file(folder, place))
            if note.get("during") == experiment and note.get("kind") in TOLD
        ]
    except OSError:
        return ()
    lines: list[str] = []
    moments = moments_of(notes)
    for moment, times in folded(moments):
        since = (moment.at - moments[0].at).total_seconds()
        lines.append(f"{since:7.1f} s  {moment.text}{f' (times {times})' if times > 1 else ''}")
    if len(lines) > MOST_LINES:
        left_out = len(lines) - MOST_LINES
        lines = [*lines[: MOST_LINES // 2], f"   ...     {left_out} lines more", *lines[-MOST_LINES // 2 :]]
    return tuple(lines)
