"""The verdict of a claim, in pytest's report of it: whose fault it is, what is known to fail, and what is told."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import TYPE_CHECKING

import pytest
from _pytest.outcomes import Failed

from harness.fault import Incident, Unanswered, Verdict
from harness.observation import Unseen
from harness.pytest_plugin.about import About
from harness.pytest_plugin.characterising import stated
from harness.pytest_plugin.failing import Told, told
from harness.pytest_plugin.session import Run

if TYPE_CHECKING:
    from harness.lane import Lane


class NotAnswered(Failed):
    """Raised in place of observations that do not exist; pytest shows its one line, and no traceback."""

    def __init__(self, unanswered: BaseException) -> None:
        assert isinstance(unanswered, Unanswered)
        super().__init__(str(unanswered), pytrace=False)
        self.incident = unanswered.incident


class Verdicts:
    """Settles claims of one run."""

    def __init__(self, run: Run) -> None:
        self._run = run

    def settle(
        self,
        report: pytest.TestReport,
        item: pytest.Function,
        call: pytest.CallInfo[None],
        claim: About,
        lane: Lane | None,
        *,
        is_all: bool,
    ) -> None:
        """`report` has the verdict of this phase of the claim, and all that others make of it.

        `lane` is that of its place, where it has one; `is_all` tells that no other phase will follow.
        """
        incident = _incident(call, claim)
        if incident is not None:
            report.longrepr = str(incident)
            # To JUnit XML, what fails in the call is a failure of the unit, and before it an error.
            report.when = "setup"
        firmware = lane.firmware if lane else ""
        verdict = self._as_known(report, claim, firmware, _verdict(report, incident))
        failure = self._told(item, call, claim) if verdict is Verdict.FAILED else None
        if failure is not None and not claim.visits:
            # What a test of one's own did step by step is best told by pytest's traceback.
            report.longrepr = failure.text(item.name)
        report.hil = {  # type: ignore[attr-defined]
            "place": claim.place.name,
            "serial": lane.serial if lane else "",
            "firmware": firmware,
            "verdict": verdict and verdict.value,
            "incident": incident and str(incident),
            "fault": incident and incident.fault.value,
            "stated": stated(item) if report.when == "call" else [],
            "claim": claim.claim,
            "experiment": claim.experiment_name,
            "is_all": is_all,
            "told": failure and failure.facts(),
        }
        if verdict is Verdict.FAILED and claim.visits:
            where = self._evidence(claim)
            report.sections.append(("evidence", f"what was done to {claim.place.name} and what it answered: {where}"))

    def _as_known(
        self, report: pytest.TestReport, claim: About, firmware: str, verdict: Verdict | None
    ) -> Verdict | None:
        """The verdict with what is known to fail taken into account, and the report changed to say so."""
        if verdict not in (Verdict.HELD, Verdict.FAILED):
            return verdict
        known = self._run.known_failures.of(claim.claim, claim.place, firmware)
        if known is None:
            return verdict
        entry = f"{self._run.known_failures.file}: {known.claim} is known to fail ({known.ticket})"
        if verdict is Verdict.HELD:
            report.outcome, report.longrepr = "failed", f"{entry}, but it holds: remove the entry"
            return Verdict.FAILED
        if known.expires < date.today():
            report.sections.append(("known failure", f"{entry}, until {known.expires}: that day is over"))
            return verdict
        report.outcome = "skipped"
        report.wasxfail = f"{known.ticket}, until {known.expires}"
        return Verdict.KNOWN

    def _told(self, item: pytest.Function, call: pytest.CallInfo[None], claim: About) -> Told | None:
        if call.excinfo is None:
            return None
        return replace(told(item, call.excinfo, claim.experiment, claim.place), evidence=self._evidence(claim))

    def _evidence(self, claim: About) -> str:
        return str(self._run.folder / "evidence" / f"{claim.place.name}.jsonl")


def _incident(call: pytest.CallInfo[None], claim: About) -> Incident | None:
    """Why the claim is not answered; None for one that is."""
    raised = call.excinfo and call.excinfo.value
    if isinstance(raised, Unseen):
        return Incident.of(raised.cause, claim.place.name, claim.experiment_name)
    return raised.incident if isinstance(raised, NotAnswered) else None


def _verdict(report: pytest.TestReport, incident: Incident | None) -> Verdict | None:
    """What this phase of a claim settles; None where it settles nothing."""
    if incident is not None:
        return incident.verdict
    match report.when, report.outcome:
        case _, "skipped":
            return Verdict.SKIPPED
        case "call", "passed":
            return Verdict.HELD
        case "call", _:
            return Verdict.FAILED
        case _, "failed":
            return Verdict.ERROR
    return None
