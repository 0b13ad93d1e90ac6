"""The preflight of a run, in the controller: before any worker is started, and at the top of what a person sees."""

from __future__ import annotations

import pytest

from harness.pytest_plugin.session import Run
from harness.standing import is_to_come


class Preflighting:
    """Looks at all chosen places at once; those that are not fit are excluded, and their claims blocked."""

    def __init__(self, run: Run) -> None:
        self._run = run
        self._remarks: list[str] = []

    @pytest.hookimpl(tryfirst=True)
    def pytest_sessionstart(self) -> None:
        if all(is_to_come(place, self._run.lab.state_dir) for place in self._run.places):
            # Drivers and their libraries are for those who can be asked.
            return
        from harness.preflight import preflight

        for looked in preflight(self._run.places, self._run.lab.state_dir):
            if looked.excluded:
                self._run.excluded[looked.place] = looked.excluded
            self._run.noticed.extend(looked.notices)
            self._remarks += [f"{looked.place}: {remark}" for remark in looked.remarks]

    def pytest_report_header(self) -> list[str]:
        excluded = [f"excluded: {place}: {why}" for place, why in self._run.excluded.items()]
        return [*excluded, *(f"remark: {remark}" for remark in self._remarks)]
