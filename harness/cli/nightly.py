"""`mcu-hil nightly`: the suite with nobody there, in a given time; resumable, and summed up."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import click

from harness.cli.ending import ending
from harness.cli.period import period
from harness.errors import BenchError, ConfigurationError
from harness.lab import Lab, load_lab
from harness.lease import PlaceTaken, lease
from harness.nightly.changes import changes, turned_flaky
from harness.nightly.child import Asked
from harness.nightly.course import Course, Terms
from harness.nightly.junit import junit
from harness.nightly.night import Begin, Night, Selection, begun, now, write
from harness.nightly.summary import Summary

TEXT_FILE, JSON_FILE, JUNIT_FILE = "summary.txt", "summary.json", "junit.xml"


@click.command()
@click.option(
    "--lab", "lab_file", type=click.Path(path_type=Path), default=Path("lab.toml"), show_default=True, help="The lab."
)
@click.option("--suite", default="tests/hil", show_default=True, help="The tests, as pytest is given them.")
@click.option("--place", "places", multiple=True, metavar="NAME", help="Only this place (repeatable).")
@click.option("--tag", "tags", multiple=True, metavar="TAG", help="Only places with this tag (repeatable).")
@click.option("-m", "mark", default="", metavar="MARK", help="As pytest's -m: smoke, full.")
@click.option("-k", "keyword", default="", metavar="WORDS", help="As pytest's -k: only claims that fit.")
@click.option("-n", "workers", default="auto", show_default=True, help="As pytest-xdist's -n.")
@click.option(
    "--budget",
    default="8h",
    show_default=True,
    help="How long the night is, as 90m, 6h: nothing is begun that would not be over by then.",
)
@click.option(
    "--wait", default="1h", show_default=True, help="How long to wait for a place that somebody else holds."
)
@click.option(
    "--patience", default="30m", show_default=True, help="How long to wait, at the end, for a bench that is not well."
)
@click.option("--resume", "which", flag_value="RESUME", default=None, help="Go on with the last, with a new budget.")
@click.option("--anew", "which", flag_value="ANEW", help="Begin a new night in any case.")
@click.option("--json", "json_file", metavar="FILE", help="The summary as JSON; - for standard output.")
def nightly(
    lab_file: Path,
    suite: str,
    places: tuple[str, ...],
    tags: tuple[str, ...],
    mark: str,
    keyword: str,
    workers: str,
    budget: str,
    wait: str,
    patience: str,
    which: str | None,
    json_file: str | None,
) -> None:
    """Put all claims to all chosen places within a budget of time, and sum the night up.

    A night that was ended before its time is gone on with by the next call. What the bench has blocked is asked once
    more when the bench is well, and both outcomes are told. SIGTERM and Ctrl-C end it cleanly: what is under way is
    finished, and every unit is at its baseline.

    Exit status: 0 every claim holds; 1 the firmware is wrong; 3 a bug of ours; 4 the lab file or the command line is
    wrong; 10 claims were blocked or not done, a unit is not at its baseline, or another night is under way.
    """
    with ending("nightly", ""):
        if not Path(suite.partition("::")[0]).exists():
            raise ConfigurationError(f"--suite: there is no {suite} here: name the folder of the tests")
        lab = load_lab(lab_file)
        lab.select(places, tags)
        selection = Selection(str(lab_file.absolute()), suite, places, tags, mark, keyword)
        terms = Terms(workers, period("--wait", wait).total_seconds(), period("--patience", patience).total_seconds())
        length = period("--budget", budget)
        asked = Asked()
        try:
            with asked.by_signals(), lease("night", lab.state_dir / "nightly", f"mcu-hil nightly --lab {lab_file}"):
                night, why = begun(lab.state_dir, selection, length, Begin[which or "AS_IT_FITS"])
                _say(f"night {night.name}: {why}, until {night.until:%Y-%m-%d %H:%M}")
                summary = _went(night, lab, terms, asked)
        except PlaceTaken as taken:
            raise BenchError(f"another night is under way: {taken.told}") from None
        _tell(summary, json_file)
    sys.exit(summary.exit_status)


def _went(night: Night, lab: Lab, terms: Terms, asked: Asked) -> Summary:
    course = Course(night, lab, terms, asked, _say)
    outcomes = course.go()
    runs = [Path(attempt.folder) for attempt in night.attempts]
    changed = (*changes(night, outcomes), *turned_flaky(lab, runs))
    summary = Summary(night, lab.lab.name, outcomes, course.not_at_baseline, changed, now())
    write(night.folder / TEXT_FILE, summary.text())
    write(night.folder / JSON_FILE, json.dumps(summary.facts(), indent=1) + "\n")
    write(night.folder / JUNIT_FILE, junit(outcomes, lab.lab.name, runs))
    return summary


def _tell(summary: Summary, json_file: str | None) -> None:
    text = json.dumps(summary.facts(), indent=1) + "\n"
    click.echo(summary.text(), nl=False, err=json_file == "-")
    if json_file == "-":
        click.echo(text, nl=False)
    elif json_file is not None:
        write(Path(json_file), text)


def _say(line: str) -> None:
    click.echo(f"{now():%H:%M:%S} {line}", err=True)
