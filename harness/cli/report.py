"""`mcu-hil report`: what was done of a run, in every form that somebody reads, made from what it has written."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from harness.cli.ending import BUG_STATUS, ending
from harness.cli.evidence import LAB, run_folder
from harness.conclusion import Asked, conclude
from harness.errors import ConfigurationError
from harness.lab import load_lab
from harness.report.facts import Ending
from harness.report.from_record import facts_of
from harness.report.markdown import markdown_of

FILE = click.Path(path_type=Path)


@click.command()
@click.argument("run", required=False)
@LAB
@click.option("--report", "report_file", type=FILE, help="Where the HTML goes; without it, beside the evidence.")
@click.option("--junit", "junit_file", type=FILE, help="Where the JUnit XML goes; without it, beside the evidence.")
@click.option("--step-summary", type=FILE, help='A file that the Markdown is appended to, as "$GITHUB_STEP_SUMMARY".')
@click.option("--allure", type=FILE, help="A folder for Allure results.")
@click.option("--webhook", is_flag=True, help="Tell the lab's webhook too.")
@click.option("--print", "prints", is_flag=True, help="Print the Markdown.")
def report(
    run: str | None,
    lab_file: Path,
    report_file: Path | None,
    junit_file: Path | None,
    step_summary: Path | None,
    allure: Path | None,
    webhook: bool,  # noqa: FBT001
    prints: bool,  # noqa: FBT001
) -> None:
    """Write the reports of RUN (a folder, or a name; the newest of the lab), as a run does at its own end.

    One that was killed has none: this makes them of what was done. HTML, JUnit XML, Markdown, metrics and the
    manifest are beside its evidence, and all of it is searched for secrets.

    Exit status: 0 written; 3 a secret was found; 4 there is no such run, or it is still under way; 10 something could
    not be written.
    """
    with ending("report", ""):
        folder = run_folder(run, lab_file)
        facts = facts_of(folder)
        if facts.ending is Ending.UNDER_WAY:
            raise ConfigurationError(f"{folder}: the run is still under way (process {facts.record['process']})")
        lab = load_lab(lab_file)
        asked = Asked(report_file, junit_file, step_summary, allure, is_sent=webhook)
        concluded = conclude(folder, lab, lab.places, asked, ())
    if prints:
        click.echo(markdown_of(facts))
    for trouble in concluded.troubles:
        click.echo(f"mcu-hil report: {trouble}", err=True)
    for finding in concluded.findings:
        click.echo(f"SECRET: {finding}", err=True)
    click.echo(f"report:    {concluded.report}\nJUnit XML: {concluded.junit}")
    if concluded.findings:
        sys.exit(BUG_STATUS)
    if concluded.troubles:
        sys.exit(10)
