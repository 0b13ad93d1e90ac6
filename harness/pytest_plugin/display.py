"""What a person sees of a run: a live table on a terminal, plain lines otherwise, and the summary."""

from __future__ import annotations

import io
import os
import threading
import time
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import pytest

from harness.fault import Verdict
from harness.progress import Collected, Doing, Done, LaneReport, Message, Said
from harness.pytest_plugin.characterising import Recorder
from harness.pytest_plugin.closing import Closing
from harness.pytest_plugin.session import Run

if TYPE_CHECKING:
    from rich.live import Live
    from rich.table import Table

REFRESHES_PER_SECOND = 4

# How pytest's own summary counts a verdict, and its word and markup in verbose runs.
STATUS: dict[str, tuple[str, tuple[str, dict[str, bool]]]] = {
    Verdict.HELD: ("passed", ("HELD", {"green": True})),
    Verdict.FAILED: ("failed", ("FAILED", {"red": True})),
    Verdict.BLOCKED: ("blocked", ("BLOCKED", {"yellow": True})),
    Verdict.ERROR: ("error", ("ERROR", {"red": True})),
    Verdict.NOT_DONE: ("not done", ("NOT DONE", {"yellow": True})),
    Verdict.KNOWN: ("known", ("KNOWN", {"yellow": True})),
    Verdict.SKIPPED: ("skipped", ("SKIPPED", {"yellow": True})),
}


@dataclass
class Row:
    """What is known of one place."""

    doing: str = "waiting"
    since: float = field(default_factory=time.monotonic)
    claims: int = 0
    verdicts: Counter[str] = field(default_factory=Counter)


class Display:
    """Hears what lanes tell, on any thread, and what pytest reports; writes to the terminal."""

    def __init__(self, config: pytest.Config, run: Run, recorder: Recorder, closing: Closing) -> None:
        self._config = config
        self._run = run
        self._recorder = recorder
        self._closing = closing
        self._began = time.monotonic()
        self._lock = threading.Lock()
        self._rows = {place.name: Row() for place in run.places}
        self._others = 0
        self._incidents: Counter[str] = Counter()
        self._live: Live | None = None
        # The real standard output, taken while pytest does not capture it: lanes speak while tests run.
        self._output = os.fdopen(os.dup(1), "w", encoding="utf-8", errors="replace")
        if config.option.xmlpath is None:
            config.option.xmlpath = str(run.folder / "junit.xml")

    @property
    def is_watched(self) -> bool:
        """Whether somebody may be shown at any moment what each lane is at."""
        return self._config.option.verbose == 0 and self._output.isatty()

    def pytest_report_header(self) -> str:
        places = ", ".join(place.name for place in self._run.places[:8])
        more = f" and {len(self._run.places) - 8} more" if len(self._run.places) > 8 else ""
        return f"lab: {self._run.lab.name} ({self._run.lab_file}): {places}{more}"

    # What is under way.

    def heard(self, message: Message) -> None:
        """Take in one message of a lane; called on any thread."""
        with self._lock:
            match message:
                case Collected(claims, others):
                    self._others = max(self._others, others)
                    for name, count in claims.items():
                        self._rows[name].claims = count
                    if claims:
                        self._begin()
                case Doing(place, what):
                    self._rows[place].doing = what
                    self._rows[place].since = time.monotonic()
                case Done(place, what, seconds, facts):
                    self._line(f"{place}: {what}, {seconds:.1f} s" + (f" ({facts})" if facts else ""))
                case Said(text):
                    self._line(text)

    def _begin(self) -> None:
        # Dots of tests that need no unit, or a line a test, would tear a live table apart.
        quiet = not self._others and self._config.option.verbose == 0
        if quiet:
            reporter = self._config.pluginmanager.getplugin("terminalreporter")
            reporter.showfspath = False
        if self._live is None and quiet and self.is_watched:
            from rich.console import Console
            from rich.live import Live

            console = Console(file=self._output)
            self._live = Live(
                get_renderable=self._table, console=console, refresh_per_second=REFRESHES_PER_SECOND, transient=True
            )
            self._live.start()

    def _line(self, text: str) -> None:
        if self._live is None and self._config.option.verbose >= 0:
            print(f"{time.monotonic() - self._began:6.1f} s  {text}", file=self._output, flush=True)

    def _table(self) -> Table:
        from rich.table import Table

        table = Table(box=None, pad_edge=False, padding=(0, 1))
        for heading in ("place", "doing", "for", "held", "failed", "blocked", "left"):
            table.add_column(heading, justify="left" if heading in ("place", "doing") else "right", no_wrap=True)
        now = time.monotonic()
        for name, row in self._rows.items():
            answered = sum(row.verdicts.values())
            table.add_row(
                name,
                row.doing or "done",
                f"{now - row.since:.0f} s" if row.doing else "",
                str(row.verdicts[Verdict.HELD]),
                str(row.verdicts[Verdict.FAILED] or ""),
                str(row.verdicts[Verdict.BLOCKED] + row.verdicts[Verdict.ERROR] or ""),
                str(row.claims - answered or ""),
            )
        return table

    @pytest.hookimpl(tryfirst=True)
    def pytest_report_teststatus(
        self, report: pytest.CollectReport | pytest.TestReport, config: pytest.Config
    ) -> tuple[str, str, str | tuple[str, dict[str, bool]]] | None:
        hil = getattr(report, "hil", None)
        if hil is None:
            return None
        if hil["verdict"] is None:
            return "", "", ""
        category, word = STATUS[hil["verdict"]]
        # Only a verbose run wants a word a claim; otherwise the table and the lines tell more.
        return category, "", word if config.option.verbose > 0 else ""

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        hil = getattr(report, "hil", None)
        if hil is None or hil["verdict"] is None:
            return
        with self._lock:
            if hil["incident"]:
                self._incidents[hil["incident"]] += 1
            if hil["place"] in self._rows:
                self._rows[hil["place"]].verdicts[hil["verdict"]] += 1

    # The end.

    @pytest.hookimpl(tryfirst=True)
    def pytest_sessionfinish(self) -> None:
        if self._live is not None:
            self._live.stop()

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
        if not any(row.verdicts for row in self._rows.values()):
            return
        ledger = config.pluginmanager.getplugin("mcu-hil-ledger")
        lanes = {lane.place: lane for lane in ledger.lanes}
        terminalreporter.write_sep("=", f"lab {self._run.lab.name}")
        width = terminalreporter._tw.fullwidth
        for line in rendered(_summary(self._rows, lanes), width):
            terminalreporter.write_line(line)
        told = [*self._run.noticed, *(notice for lane in lanes.values() for notice in lane.notices)]
        for notice in dict.fromkeys(told):
            terminalreporter.write_line(notice)
        self._write_incidents(terminalreporter, list(lanes.values()))
        for line, is_trouble in self._recorder.lines():
            terminalreporter.write_line(line, yellow=is_trouble)
        seconds = time.monotonic() - self._began
        longest = max((lane.seconds for lane in lanes.values()), default=0.0)
        restarts, floor = (
            sum(getattr(lane, name) for lane in lanes.values()) for name in ("restarts", "restart_floor")
        )
        ratio = f", {seconds / longest:.2f} times the longest unit's {longest:.1f} s" if longest > 1 else ""
        terminalreporter.write_line(f"run {seconds:.1f} s{ratio}; {restarts} restarts, {floor} needed at least")
        self._write_conclusion(terminalreporter)

    def _write_conclusion(self, terminalreporter: pytest.TerminalReporter) -> None:
        """Where everything is; above it, what could not be written, and what should not have been."""
        concluded = self._closing.concluded
        if concluded is None:
            terminalreporter.write_line(self._closing.trouble, yellow=True)
            return
        for trouble in concluded.troubles:
            terminalreporter.write_line(trouble, yellow=True)
        for finding in concluded.findings:
            terminalreporter.write_line(f"SECRET: {finding}", red=True)
        if concluded.findings:
            terminalreporter.write_line("hand nothing of this run to anybody: it is a bug of mcu-hil's", red=True)
        if not any(trouble.startswith("no report") for trouble in concluded.troubles):
            terminalreporter.write_line(f"report:    {concluded.report}")
        terminalreporter.write_line(f"JUnit XML: {concluded.junit}")
        terminalreporter.write_line(f"evidence:  {self._run.folder / 'evidence'}")

    def _write_incidents(self, terminalreporter: pytest.TerminalReporter, lanes: list[LaneReport]) -> None:
        """One line an incident, with the claims that it left unanswered."""
        without_claims = {line: 0 for lane in lanes for line in lane.incidents}
        for incident, claims in (without_claims | self._incidents).items():
            count = f" - {claims} claims not answered" if claims else ""
            terminalreporter.write_line(f"{incident}{count}", yellow=True)
        for lane in lanes:
            if lane.owed:
                terminalreporter.write_line(f"NOT AT ITS BASELINE: {lane.owed}: mcu-hil lab recover", red=True)

    def pytest_unconfigure(self) -> None:
        self._output.close()


def _summary(rows: dict[str, Row], lanes: dict[str, LaneReport]) -> Table:
    from rich.table import Table

    # Usually there is time for all, nothing is known to fail, and nothing skipped, and a terminal has 80 columns.
    seldom = (Verdict.NOT_DONE, Verdict.KNOWN, Verdict.SKIPPED)
    shown = [verdict for verdict in seldom if any(row.verdicts[verdict] for row in rows.values())]
    table = Table(box=None, pad_edge=False, padding=(0, 1), collapse_padding=bool(shown))
    table.add_column("place", no_wrap=True)
    for heading in ("held", "failed", "blocked", *shown, "restarts", "time"):
        table.add_column(heading, justify="right", no_wrap=True)
    table.add_column("slowest step")
    for name, row in rows.items():
        lane = lanes.get(name)
        table.add_row(
            name,
            *(str(row.verdicts[verdict]) for verdict in (Verdict.HELD, Verdict.FAILED)),
            str(row.verdicts[Verdict.BLOCKED] + row.verdicts[Verdict.ERROR]),
            *(str(row.verdicts[verdict]) for verdict in shown),
            str(lane.restarts) if lane else "",
            f"{lane.seconds:.1f} s" if lane else "",
            f"{lane.slowest_step} {lane.slowest_seconds:.1f} s" if lane and lane.slowest_step else "",
        )
    return table


def rendered(table: Table, width: int) -> list[str]:
    """The lines of a table, as wide as that and without colours."""
    from rich.console import Console

    text = io.StringIO()
    Console(file=text, width=width, color_system=None).print(table)
    return [line.rstrip() for line in text.getvalue().splitlines()]
