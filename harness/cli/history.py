"""`mcu-hil history`: what the results database says about claims and units over the nights."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from harness.errors import ConfigurationError
from harness.lab import Lab, load_lab

if TYPE_CHECKING:
    from harness.results.database import Database
    from harness.results.ingest import RunResults

LAB = click.option(
    "--lab", "lab_file", type=click.Path(path_type=Path), default=Path("lab.toml"), show_default=True, help="The lab."
)
DATABASE = click.option(
    "--database", "url", metavar="URL", help="Another database than the lab file names, as sqlite:///FILE."
)


@click.group(invoke_without_command=True)
@LAB
@DATABASE
@click.pass_context
def history(context: click.Context, lab_file: Path, url: str | None) -> None:
    """Say what changed over the nights."""


@history.command("import")
@LAB
@DATABASE
@click.argument(
    "sources", nargs=-1, required=True, metavar="RUN_FOLDER|JUNIT.xml...", type=click.Path(path_type=Path)
)
def import_runs(sources: tuple[Path, ...], lab_file: Path, url: str | None) -> None:
    """Put runs into the database: interrupted ones, older ones, those of another machine.

    A run that is there already changes nothing. JUnit XML without properties is read with the places of the lab file.
    Exit status: 0 all are in the database; 4 one could not be read; 10 the database is in the way.
    """
    from harness.results.ingest import ingest

    lab = load_lab(lab_file)
    database = _database(lab, url)
    unread = 0
    for source in sources:
        try:
            run = _read(source, lab)
        except ConfigurationError as error:
            click.echo(f"mcu-hil history import: {error}", err=True)
            unread += 1
            continue
        is_new = ingest(database, run)
        claims = sum(len(visit.claims) for visit in run.visits)
        what = f"{claims} claims at {len(run.visits)} places, {run.started:%Y-%m-%d %H:%M}"
        click.echo(f"{source}: run {run.name}: {what}{'' if is_new else ': was there already'}")
    sys.exit(4 if unread else 0)


def _read(source: Path, lab: Lab) -> RunResults:
    from harness.results import junit, run_folder

    return run_folder.run_in(source) if source.is_dir() else junit.run_of(source, lab)


def _database(lab: Lab, url: str | None) -> Database:
    from harness.results.database import database_at, database_of

    return database_of(lab) if url is None else database_at(url)
