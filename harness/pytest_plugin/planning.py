"""`--plan`: what a run would do to each unit, with no unit touched."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from harness.expectation import Expectation, expect
from harness.pytest_plugin.claims import Claims
from harness.pytest_plugin.display import rendered
from harness.pytest_plugin.session import Run


class Planner:
    """Stands in for the run: prints the plan of every lane instead of starting it."""

    def __init__(self, claims: Claims, run: Run) -> None:
        self._claims = claims
        self._run = run

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        from rich.table import Table

        table = Table(box=None, pad_edge=False, padding=(0, 1))
        table.add_column("place", no_wrap=True)
        for heading in ("claims", "restarts", "expected"):
            table.add_column(heading, justify="right", no_wrap=True)
        table.add_column("experiments, in order")
        expectations = []
        written: dict[str, object] = {}
        for place, (claims, plan) in self._claims.plans().items():
            expected = expect(plan, place, self._run.lab.state_dir)
            expectations.append(expected)
            written[place.name] = {
                "claims": [claim.nodeid for claim in claims],
                "experiments": [one.name for one in plan.experiments],
                "restarts": plan.restart_floor,
                "seconds": round(expected.seconds, 1),
                "never_done": list(expected.never_done),
            }
            names = ", ".join(one.name for one in plan.experiments)
            table.add_row(place.name, str(len(claims)), str(plan.restart_floor), _told(expected), names)
        reporter = session.config.pluginmanager.getplugin("terminalreporter")
        reporter.ensure_newline()
        for line in rendered(table, reporter._tw.fullwidth):
            reporter.write_line(line)
        if any(one.never_done for one in expectations):
            reporter.write_line("up to: with restart_timeout for each restart of what was never done on that place")
        longest = max((one.seconds for one in expectations), default=0.0)
        reporter.write_line(f"all places at once: {_minutes(longest)}; no unit was touched")
        if file := session.config.option.plan_to:
            _write(file, {"places": written, "seconds": round(longest, 1)})
        return True


def _write(file: str, plan: dict[str, object]) -> None:
    try:
        Path(file).write_text(json.dumps(plan, indent=1) + "\n", encoding="utf-8")
    except OSError as error:
        pytest.exit(f"--plan-to: cannot write {file}: {error.strerror}", pytest.ExitCode.USAGE_ERROR)


def _told(expected: Expectation) -> str:
    return ("up to " if expected.never_done else "") + _minutes(expected.seconds)


def _minutes(seconds: float) -> str:
    return f"{seconds:.0f} s" if seconds < 120 else f"{seconds / 60:.0f} min"
