"""The end of a run: its reports are written, everything is searched for secrets, and sealed.

Done in the controller, after everybody else has written what they write.
"""

from __future__ import annotations

import importlib
import signal
from collections.abc import Generator
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from harness.pytest_plugin.characterising import Recorder
from harness.pytest_plugin.session import SECRETS_OUTPUT, Run
from harness.run_record import unsealed_runs

if TYPE_CHECKING:
    from harness.conclusion import Concluded
    from harness.pytest_plugin.recording import Recording
    from harness.secrecy.known import Known

NEEDED_AT_THE_END = (
    "harness.conclusion",
    "harness.results.ingest",
    "harness.results.run_folder",
    "sqlite3",
    "ahocorasick_rs",
    "rich.console",
    "rich.table",
)
"""What takes long to import, of what the end of a run is made with."""


class Closing:
    """Kept in the controller, or in the one process where there are no workers."""

    def __init__(self, config: pytest.Config, run: Run, recorder: Recorder, recording: Recording) -> None:
        self._config = config
        self._run = run
        self._recorder = recorder
        self._recording = recording
        self._known: list[Known] = []
        self._killed: list[str] = []
        self._is_prepared = False
        self.concluded: Concluded | None = None

    @property
    def trouble(self) -> str:
        """Why there is no conclusion."""
        return self._recording.record.trouble or "there is no record of the run"

    @pytest.hookimpl(tryfirst=True)
    def pytest_sessionstart(self) -> None:
        # Whoever ends us so wants what is done so far, as with Ctrl-C; a second time finds us at it. Only the main
        # thread may say so, and nobody else's pytest is run in another.
        with suppress(ValueError):
            signal.signal(signal.SIGTERM, _stop)
        is_run = self._config.option.lab and not self._config.option.collectonly
        # Seldom so; what it takes to conclude a run is not for the beginning of another.
        if is_run and unsealed_runs(self._run.lab.state_dir):
            from harness.conclusion import conclude_what_was_killed

            self._killed += conclude_what_was_killed(self._run.lab)

    def pytest_report_header(self) -> list[str]:
        return self._killed

    def pytest_runtest_logreport(self) -> None:
        if not self._is_prepared:
            self._is_prepared = True
            # Now units restart and nobody waits for us; at the end somebody does.
            _prepare()

    @pytest.hookimpl(optionalhook=True)
    def pytest_testnodedown(self, node: object) -> None:
        self._hear((getattr(node, "workeroutput", None) or {}).get(SECRETS_OUTPUT))

    def _hear(self, crossed: bytes | None) -> None:
        if crossed is not None:
            from harness.secrecy.known import unsealed
            from harness.secrecy.scanner import needles_of

            for known in unsealed(crossed, self._run.seal):
                self._known.append(known)
                # Other workers may still be at it.
                needles_of(known)

    # Innermost: what all others write is written, and the terminal's summary is still to come.
    @pytest.hookimpl(wrapper=True, trylast=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> Generator[None, object, object]:
        result = yield
        if self._recording.record.has_begun and not self._recording.record.trouble:
            self._conclude(session)
        return result

    def _conclude(self, session: pytest.Session) -> None:
        from harness.conclusion import Asked, conclude

        claims = self._config.pluginmanager.getplugin("mcu-hil-claims")
        self._hear(claims.sealed_secrets if claims is not None else None)
        option = self._config.option
        asked = Asked(
            report=_path(option.report),
            junit=_path(option.xmlpath),
            summary=_path(option.step_summary),
            allure=_path(option.allure),
            remarks=tuple(line for line, _ in self._recorder.lines()),
        )
        self.concluded = conclude(self._run.folder, self._run.lab, self._run.places, asked, self._known)
        if self.concluded.findings:
            session.exitstatus = int(pytest.ExitCode.INTERNAL_ERROR)
            self._recording.record.restate(session.exitstatus)
            self._recording.keep()


def _prepare() -> None:
    """What the end of a run is made with is loaded."""
    for name in NEEDED_AT_THE_END:
        importlib.import_module(name)
    from harness.report.writing import template

    template()


def _path(asked: str | None) -> Path | None:
    return Path(asked).absolute() if asked else None


def _stop(_signal: int, _frame: object) -> None:
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    raise KeyboardInterrupt("SIGTERM")
