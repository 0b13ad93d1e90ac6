"""A run as a file for the textfile collector of node_exporter."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence

from harness.fault import Fault, Verdict
from harness.report.facts import RunFacts

Sample = tuple[Mapping[str, str], float]


def prometheus_of(run: RunFacts) -> str:
    """In the text format 0.0.4; each metric with its help."""
    return "".join(f"{line}\n" for line in _lines(run))


def _lines(run: RunFacts) -> Iterator[str]:
    lab = {"lab": run.lab}
    ended = run.began.timestamp() + run.seconds
    yield from _metric("run_started_seconds", "When the newest run began.", [(lab, run.began.timestamp())])
    yield from _metric("run_ended_seconds", "When it ended, or was last heard of.", [(lab, ended)])
    yield from _metric(
        "run_exit_status",
        "0 all held, 1 the firmware is wrong, 3 a bug of ours, 10 the bench left claims unanswered, -1 cut short.",
        [(lab, -1 if run.exit_status is None else run.exit_status)],
    )
    yield from _metric("run_claims", "Claims, by place and verdict.", _claims(run))
    yield from _metric("run_incidents", "Incidents, by whose fault they are.", _incidents(run))
    for name, of_lane, words in (
        ("run_restarts", "restarts", "Restarts of each unit."),
        ("run_place_seconds", "seconds", "How long each unit was driven."),
    ):
        samples: list[Sample] = [
            ({**lab, "place": place.name}, float(getattr(place.lane, of_lane))) for place in run.places if place.lane
        ]
        yield from _metric(name, words, samples)
    yield from _metric("run_restart_seconds", "The longest restart of each unit, to the end of boot.", _restarts(run))


def _metric(name: str, words: str, samples: Sequence[Sample]) -> Iterator[str]:
    name = f"mcu_hil_{name}"
    yield f"# HELP {name} {words}"
    yield f"# TYPE {name} gauge"
    for labels, value in samples:
        inside = ",".join(f'{label}="{_escaped(text)}"' for label, text in labels.items())
        yield f"{name}{{{inside}}} {value:.15g}"


def _claims(run: RunFacts) -> list[Sample]:
    found: list[Sample] = []
    for place in run.places:
        counts = Counter(place.verdicts.values())
        for verdict in Verdict:
            labels = {"lab": run.lab, "place": place.name, "model": place.model, "verdict": verdict.value}
            found.append((labels, float(counts[verdict])))
    return found


def _incidents(run: RunFacts) -> list[Sample]:
    counts = Counter(one.fault for one in run.unanswered)
    return [({"lab": run.lab, "fault": fault.value}, float(counts[fault])) for fault in Fault]


def _restarts(run: RunFacts) -> list[Sample]:
    longest = {
        place.name: max((float(one["booted_seconds"]) for one in place.lane.timings), default=None)
        for place in run.places
        if place.lane
    }
    return [({"lab": run.lab, "place": place}, most) for place, most in longest.items() if most is not None]


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
