"""The machine-readable record of a run: hears every verdict, writes it down at once, and keeps it in the database."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import pytest

from harness.fault import Fault, Verdict
from harness.pytest_plugin.session import Run
from harness.run_record import RunRecord, Settled, now, place_in, without_place

if TYPE_CHECKING:
    from harness.pytest_plugin.ledger import Ledger


class Recording:
    """Kept in the controller, or in the one process where there are no workers."""

    def __init__(self, config: pytest.Config, run: Run, ledger: Ledger) -> None:
        self._config = config
        self._run = run
        self._ledger = ledger
        self._models = {place.name: place.model for place in run.places}
        self.record = RunRecord(run.folder)
        self._results = ""
        """The database that the run is in."""
        self._trouble = ""

    def pytest_collection_finish(self, session: pytest.Session) -> None:
        self._collected([item.nodeid for item in session.items])

    @pytest.hookimpl(optionalhook=True)
    def pytest_xdist_node_collection_finished(self, ids: Sequence[str]) -> None:
        self._collected(ids)

    def _collected(self, ids: Sequence[str]) -> None:
        """Tests that need no unit leave nothing behind in the lab's state directory."""
        option = self._config.option
        if self.record.has_begun or option.collectonly or not any(place_in(one, self._models) for one in ids):
            return
        selection = {
            "arguments": list(map(str, self._config.args)),
            "mark": option.markexpr,
            "keyword": option.keyword,
            "places": list(option.place),
            "tags": list(option.tag),
        }
        self.record.begin(self._run.lab, self._run.lab_file, self._run.places, selection, self._run.excluded)

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        hil = getattr(report, "hil", None)
        if hil is None or hil["verdict"] is None:
            return
        # One that was lost with its process is known by its node id alone.
        place = hil["place"] or place_in(report.nodeid, self._models)
        if place is None:
            return
        self.record.settle(
            Settled(
                nodeid=report.nodeid,
                claim=without_place(report.nodeid, place),
                place=place,
                model=self._models.get(place, ""),
                serial=hil.get("serial", ""),
                firmware=hil.get("firmware", ""),
                experiment=hil.get("experiment", ""),
                verdict=Verdict(hil["verdict"]).value,
                fault=hil["fault"] and Fault(hil["fault"]).value,
                incident=hil["incident"],
                seconds=round(report.duration, 4),
                at=now(),
                told=hil.get("told"),
            )
        )

    @pytest.hookimpl(trylast=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        if not self.record.has_begun:
            return
        self.record.end(int(session.exitstatus), self._ledger.lanes)
        self._trouble = self.record.trouble
        if not self._trouble:
            self.keep()

    def keep(self) -> None:
        """What is on disk of the run is in the database.

        One that cannot be written changes no verdict: it is told, and the run can be imported later.
        """
        from harness.results.database import database_of
        from harness.results.ingest import ingest
        from harness.results.run_folder import run_in

        try:
            database = database_of(self._run.lab)
            try:
                ingest(database, run_in(self._run.folder))
            finally:
                database.close()
            self._results = str(database)
        except Exception as error:  # noqa: BLE001 - whatever it is, the verdicts stand
            self._trouble = f"not in the history: {error}; later: mcu-hil history import {self._run.folder}"

    @pytest.hookimpl(trylast=True)
    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        if self._trouble:
            terminalreporter.write_line(self._trouble, yellow=True)
        elif self._results:
            terminalreporter.write_line(f"history:   {self._results} (mcu-hil history)")
