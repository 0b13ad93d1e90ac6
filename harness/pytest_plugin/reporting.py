"""The HTML report of a run: hears every verdict, and writes one file when the run is over."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from harness.fault import Verdict
from harness.progress import LaneReport
from harness.pytest_plugin.characterising import Recorder
from harness.pytest_plugin.session import Run

if TYPE_CHECKING:
    from harness.pytest_plugin.ledger import Ledger
    from harness.report.facts import RunFacts

REPORT_FILE = "report.html"


class Reporter:
    """Kept in the controller, or in the one process where there are no workers."""

    def __init__(self, run: Run, ledger: Ledger, recorder: Recorder, asked: str | None) -> None:
        """`asked` is the file that the user named; without one it is kept with the run."""
        self._run = run
        self._ledger = ledger
        self._recorder = recorder
        self._began = datetime.now(UTC)
        self._clock = time.monotonic()
        self._verdicts: dict[str, dict[tuple[str, str], str]] = {place.name: {} for place in run.places}
        self._failures: list[tuple[str, str, dict[str, str]]] = []
        self._incidents: dict[tuple[str, str], list[str]] = {}
        self.file = Path(asked).absolute() if asked else run.folder / REPORT_FILE
        self.trouble = ""
        """Why there is no report; empty where there is one."""

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        hil = getattr(report, "hil", None)
        if hil is None or hil["verdict"] is None:
            return
        place, claim = hil["place"], hil.get("claim", report.nodeid)
        if place in self._verdicts:
            known = self._verdicts[place]
            # A claim may be settled and then fail while it is torn down: the worse of the two stays.
            if known.get((hil["experiment"], claim)) not in (Verdict.FAILED, Verdict.ERROR):
                known[hil["experiment"], claim] = hil["verdict"]
        if hil["incident"]:
            self._incidents.setdefault((hil["incident"], hil["fault"]), []).append(place or "")
        if told := hil.get("told"):
            self._failures.append((place, claim, told))

    @pytest.hookimpl(trylast=True)
    def pytest_sessionfinish(self) -> None:
        if not any(self._verdicts.values()):
            return
        from harness.report.writing import write_report

        try:
            write_report(self._facts(), self.file)
        except OSError as error:
            self.trouble = f"no report: {self.file}: {error.strerror}; name another file with --report"

    def _facts(self) -> RunFacts:
        from harness.report.facts import Failed, PlaceFacts, RunFacts, Unanswered

        lanes = {lane.place: lane for lane in self._ledger.lanes}
        unanswered = {
            key: Unanswered(*key, claims=len(places), places=tuple(sorted({place for place in places if place})))
            for key, places in self._incidents.items()
        }
        for key in _of_lanes(lanes.values()):
            unanswered.setdefault(key, Unanswered(*key, claims=0, places=()))
        return RunFacts(
            lab=self._run.lab.name,
            began=self._began.astimezone(),
            seconds=time.monotonic() - self._clock,
            folder=self._run.folder,
            places=tuple(
                PlaceFacts(place.name, place.model, self._verdicts[place.name], lanes.get(place.name))
                for place in self._run.places
            ),
            failures=tuple(Failed(place, claim, **told) for place, claim, told in self._failures),
            unanswered=tuple(unanswered.values()),
            remarks=tuple(line for line, _ in self._recorder.lines()),
        )


def _of_lanes(lanes: Iterable[LaneReport]) -> Iterator[tuple[str, str]]:
    for lane in lanes:
        yield from zip(lane.incidents, lane.faults, strict=True)
