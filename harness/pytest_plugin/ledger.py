"""The run's books: what was collected, what was answered, and the exit status that follows.

Kept in the controller, or in the one process where there are no workers. What was collected must equal what was
reported; what is missing is reported as an error, so that a lost worker cannot lose a test.
"""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from typing import Any

import pytest

from harness.fault import Fault, Verdict
from harness.progress import LaneReport
from harness.pytest_plugin.characterising import Recorder
from harness.pytest_plugin.session import EXIT_BLOCKED, WORKER_OUTPUT, Run, leave_garbage

# The exit status when the worst that happened to a claim is this. pytest's own 1 and 3 keep their meanings.
EXIT_STATUS = {
    Fault.UNIT.value: int(pytest.ExitCode.TESTS_FAILED),
    Fault.OURS.value: int(pytest.ExitCode.INTERNAL_ERROR),
    Fault.CONFIGURATION.value: EXIT_BLOCKED,
    Fault.BENCH.value: EXIT_BLOCKED,
    Fault.TIME.value: EXIT_BLOCKED,
}


class Ledger:
    """What was collected and reported, and what the lanes said at the end."""

    def __init__(self, run: Run, recorder: Recorder) -> None:
        self._run = run
        self._recorder = recorder
        self._collected: dict[str, None] = {}
        self._reported: set[str] = set()
        self._failures = 0
        self._faults: list[str] = []
        self.lanes: list[LaneReport] = []
        self.has_claims = False

    def pytest_collection_finish(self, session: pytest.Session) -> None:
        self._collected |= dict.fromkeys(item.nodeid for item in session.items)

    @pytest.hookimpl(optionalhook=True)
    def pytest_xdist_node_collection_finished(self, ids: Sequence[str]) -> None:
        self._collected |= dict.fromkeys(ids)

    @pytest.hookimpl(optionalhook=True)
    def pytest_testnodedown(self, node: Any) -> None:
        output = getattr(node, "workeroutput", None) or {}
        self.lanes += [LaneReport(**facts) for facts in output.get(WORKER_OUTPUT, [])]

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        self._reported.add(report.nodeid)
        hil = getattr(report, "hil", None)
        self.has_claims |= hil is not None
        if not report.failed:
            return
        if hil is not None and hil["fault"] is not None:
            self._faults.append(hil["fault"])
        else:
            self._failures += 1

    @pytest.hookimpl(tryfirst=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        claims = session.config.pluginmanager.getplugin("mcu-hil-claims")
        if claims is not None:
            self.lanes += claims.reports
        self._recorder.finish()
        finished = session.exitstatus in (
            pytest.ExitCode.OK,
            pytest.ExitCode.TESTS_FAILED,
            pytest.ExitCode.NO_TESTS_COLLECTED,
        )
        if not finished or session.config.option.collectonly or session.shouldfail or session.shouldstop:
            return
        for nodeid in self._collected.keys() - self._reported:
            session.config.hook.pytest_runtest_logreport(report=lost(nodeid, "never ran: its worker was lost"))
        session.exitstatus = self._exit_status(int(session.exitstatus))

    def _exit_status(self, pytests: int) -> int:
        if self._failures or self._recorder.is_red:
            return int(pytest.ExitCode.TESTS_FAILED)
        faults = {*self._faults, *(fault for lane in self.lanes for fault in lane.faults)}
        if self._recorder.is_hindered:
            faults.add(Fault.BENCH.value)
        for fault, status in EXIT_STATUS.items():
            if fault in faults:
                return status
        # With workers, pytest's own count is that of the last worker, which may have had nothing to do.
        return int(pytest.ExitCode.OK) if self._reported else pytests

    def pytest_unconfigure(self) -> None:
        if self.has_claims:
            leave_garbage()
        else:
            # Tests that need no unit leave nothing behind in the lab's state directory.
            shutil.rmtree(self._run.folder, ignore_errors=True)


def lost(nodeid: str, reason: str) -> pytest.TestReport:
    """The report of a test that no process answered: an error of the bench, not of the unit."""
    file = nodeid.split("::")[0]
    report = pytest.TestReport(nodeid, (file, None, ""), {}, "failed", reason, "setup")
    mark_lost(report)
    return report


def mark_lost(report: pytest.TestReport) -> None:
    """Have `report` count as unanswered because the runner lost a process."""
    facts = {
        "place": None,
        "verdict": Verdict.BLOCKED.value,
        "fault": Fault.BENCH.value,
        "incident": str(report.longrepr),
    }
    report.hil = facts  # type: ignore[attr-defined]
