"""The end of a run, whoever comes to it: written in every form that somebody reads, searched for secrets, and sealed.

Everything is made from what the run itself has written as it went, so that it can be made of one that was killed too.
What leaves the run's folder, but for the report and the JUnit XML that were asked for elsewhere, leaves it only after
the search has found nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from harness.errors import ConfigurationError, LabError
from harness.lab import Lab, Place
from harness.manifest import MANIFEST, entries_of, manifest_text, read_manifest
from harness.report.facts import Ending, RunFacts
from harness.report.from_record import facts_of
from harness.report.junit import enrich, made_of_record
from harness.report.markdown import markdown_of
from harness.report.prometheus import prometheus_of
from harness.report.webhook import send_summary
from harness.report.writing import write_report
from harness.report.written import write_whole
from harness.run_record import runs_in, unsealed_runs
from harness.secrecy.known import Known, Secrets, add_lab
from harness.secrecy.scanner import Scanner, Searched

REPORT_FILE, JUNIT_FILE, SUMMARY_FILE, METRICS_FILE = "report.html", "junit.xml", "summary.md", "metrics.prom"
LARGEST_SEARCHED = 64 * 2**20
"""Octets of a file of the lab's that one run is not alone in writing: what a database has of it, its claims have."""


@dataclass(frozen=True)
class Asked:
    """What is wanted besides what is in the run's folder, and where."""

    report: Path | None = None
    junit: Path | None = None
    summary: Path | None = None
    """A file that the Markdown is appended to, as GitHub has it."""
    allure: Path | None = None
    remarks: tuple[str, ...] = ()
    """Of the profiles, for the report."""
    is_sent: bool = True
    """Whether the lab's webhook is told."""


@dataclass(frozen=True)
class Concluded:
    """What became of it."""

    report: Path
    junit: Path
    findings: tuple[str, ...]
    """Secrets, each without itself; those that were found before too, as the run alone knew what it had uploaded."""
    troubles: tuple[str, ...]
    """What could not be written or sent, a line each: no verdict is other for it."""


def conclude(folder: Path, lab: Lab, places: Sequence[Place], asked: Asked, known: Iterable[Known]) -> Concluded:
    """The run in `folder` has its reports, was searched for `known` secrets and those of the lab, and is sealed.

    Raises ConfigurationError where the folder is not that of a run.
    """
    before = _manifest_before(folder)
    run = facts_of(folder, asked.remarks or tuple(before.get("remarks", ())))
    report, junit = asked.report or folder / REPORT_FILE, asked.junit or folder / JUNIT_FILE
    troubles = _Troubles()
    with troubles.told("report", report, "; name another file with --report"):
        write_report(run, report)
    with troubles.told("JUnit XML", junit):
        _write_junit(run, junit)
    summary = markdown_of(run)
    for name, text in ((SUMMARY_FILE, summary), (METRICS_FILE, prometheus_of(run))):
        with troubles.told(name, folder / name):
            write_whole(folder / name, text)
    secrets = Secrets()
    add_lab(secrets, lab, places)
    scanner = Scanner([*known, *secrets.gathered()])
    troubles.lines += [
        f"{kind}: a word of mcu-hil's own: it cannot be looked for as it is" for kind in scanner.own_words
    ]
    searched = scanner.search([report, junit, *_written(run, lab, places)])
    findings = tuple(dict.fromkeys([*before.get("search", {}).get("findings", ()), *map(str, searched.findings)]))
    if not findings:
        _publish(run, lab, asked, summary, troubles)
    with troubles.told("manifest", folder / MANIFEST):
        _seal(run, searched, findings)
    return Concluded(report, junit, findings, tuple(troubles.lines))


def _manifest_before(folder: Path) -> dict[str, Any]:
    """What is known of a run that is told again, and stands nowhere else."""
    file = folder / MANIFEST
    return read_manifest(file.read_bytes(), str(file))[0] if file.is_file() else {}


class _Troubles:
    """Lines about what could not be done."""

    def __init__(self) -> None:
        self.lines: list[str] = []

    def told(self, what: str, file: Path, remedy: str = "") -> _Troubles:
        self._about = f"no {what}: {file}"
        self._remedy = remedy
        return self

    def __enter__(self) -> None:
        """What is done in the block may fail."""

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> bool:
        if isinstance(error, OSError):
            self.lines.append(f"{self._about}: {error.strerror}{self._remedy}")
            return True
        return False


def _write_junit(run: RunFacts, file: Path) -> None:
    """Made better where pytest has written it for this run, made where it has not."""
    if run.ending in (Ending.WHOLE, Ending.STOPPED) and file.is_file():
        enrich(file, run)
    else:
        write_whole(file, made_of_record(run))


def _written(run: RunFacts, lab: Lab, places: Iterable[Place]) -> Iterator[Path]:
    """The run's folder, and what of the lab's other files is as new as the run."""
    yield run.folder
    others = [path for path in lab.state_dir.glob("*") if path.name != run.folder.parent.name]
    profiles = [place.profile for place in places if place.profile is not None]
    began = run.began.timestamp()
    for path in (*others, *profiles):
        for file in path.rglob("*") if path.is_dir() else (path,):
            if file.is_file():
                about = file.stat()
                if about.st_mtime >= began and about.st_size <= LARGEST_SEARCHED:
                    yield file


def _publish(run: RunFacts, lab: Lab, asked: Asked, summary: str, troubles: _Troubles) -> None:
    if asked.summary is not None:
        with troubles.told("summary", asked.summary), asked.summary.open("a", encoding="utf-8") as file:
            file.write(summary)
    if (textfile := lab.results.textfile) is not None:
        with troubles.told("metrics", textfile):
            write_whole(textfile, prometheus_of(run))
            # Whoever collects them is another user.
            textfile.chmod(0o644)
    if asked.allure is not None:
        from harness.report.allure import write_allure

        try:
            with troubles.told("Allure results", asked.allure):
                write_allure(run, asked.allure)
        except ConfigurationError as error:
            troubles.lines.append(str(error))
    if asked.is_sent and lab.results.webhook is not None:
        try:
            trouble = send_summary(run, lab.results.webhook.reveal("[results] webhook"))
        except LabError as error:
            trouble = f"the webhook was not told: {error}"
        if trouble:
            troubles.lines.append(trouble)


def _seal(run: RunFacts, searched: Searched, findings: tuple[str, ...]) -> None:
    about = {
        "lab": run.lab,
        "started": run.record["started"],
        "ending": run.ending.value,
        "lab_sha256": run.record["lab_sha256"],
        "versions": run.record["versions"],
        "remarks": list(run.remarks),
        "search": {
            "files": searched.files,
            "octets": searched.octets,
            "secrets": searched.secrets,
            "findings": list(findings),
        },
    }
    write_whole(run.folder / MANIFEST, manifest_text(run.folder.name, entries_of(run.folder), about))


def conclude_what_was_killed(lab: Lab) -> Iterator[str]:
    """Runs of this lab whose process was killed have their reports now: a line each."""
    for folder in unsealed_runs(lab.state_dir):
        try:
            if facts_of(folder).ending is not Ending.KILLED:
                continue
            concluded = conclude(folder, lab, lab.places, Asked(is_sent=False), ())
        except LabError as error:
            yield str(error)
            continue
        yield f"run {folder.name} was killed; what was done of it: {concluded.report}"
        yield from (f"SECRET: {finding}" for finding in concluded.findings)
        yield from concluded.troubles


def newest_run(state_dir: Path) -> Path:
    """The folder of the newest run that has a record. Raises ConfigurationError where there is none."""
    found = runs_in(state_dir)
    if not found:
        raise ConfigurationError(f"{state_dir}: there is no run yet: pytest tests/hil makes one")
    return found[0]
