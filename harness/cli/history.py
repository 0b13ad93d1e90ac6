"""`mcu-hil history`: what the results database says about claims and units over the nights."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from harness.errors import ConfigurationError
from harness.lab import Lab, load_lab

if TYPE_CHECKING:
    from harness.results.changes import Failing
    from harness.results.database import Database
    from harness.results.firmware import Comparison
    from harness.results.history import History
    from harness.results.ingest import RunResults

NIGHTS = 60
MOST_ROWS = 40
"""Of one table on a terminal; files have all."""

LAB = click.option(
    "--lab", "lab_file", type=click.Path(path_type=Path), default=Path("lab.toml"), show_default=True, help="The lab."
)
DATABASE = click.option(
    "--database", "url", metavar="URL", help="Another database than the lab file names, as sqlite:///FILE."
)


@click.group(invoke_without_command=True)
@LAB
@DATABASE
@click.option(
    "--nights", type=click.IntRange(min=1), help=f"The newest so many runs.  [default: {NIGHTS}, or all since DATE]"
)
@click.option("--since", type=click.DateTime(["%Y-%m-%d"]), metavar="DATE", help="Runs from that day on.")
@click.option("--place", "places", multiple=True, metavar="NAME", help="Only this place (repeatable).")
@click.option("--claim", "claims", multiple=True, metavar="WORD", help="Only claims so named (repeatable).")
@click.option("--firmware", nargs=2, metavar="A B", help="Put firmware A beside firmware B.")
@click.option("--json", "as_json", is_flag=True, help="For programs.")
@click.option("--pages", "folder", type=click.Path(path_type=Path), metavar="DIR", help="Write static pages there.")
@click.pass_context
def history(
    context: click.Context,
    lab_file: Path,
    url: str | None,
    nights: int | None,
    since: datetime | None,
    places: tuple[str, ...],
    claims: tuple[str, ...],
    firmware: tuple[str, str] | None,
    as_json: bool,  # noqa: FBT001 - click passes an option so
    folder: Path | None,
) -> None:
    """Say what changed over the nights: new failures, what is fixed, what is flaky (the claim or the unit, by a
    statistic), and where restarts take longer.

    A letter is a night: . held, F failed, B blocked, E a bug of ours, n not done for want of
    time, k known to fail, s skipped.

    \b
    mcu-hil history                                   the lab, in its newest 60 runs
    mcu-hil history --place rack2-8510                one place, claim by claim
    mcu-hil history --claim leaf_is_served            one claim, place by place
    mcu-hil history --firmware "4.3(2.18)" "4.5(1.71)"
    mcu-hil history --pages history                   the same to read in a browser
    mcu-hil history import RUN_FOLDER                 what an interrupted run has settled
    """
    if context.invoked_subcommand is not None:
        return
    from harness.results.firmware import compare
    from harness.results.history import history_of

    lab = load_lab(lab_file)
    database = _database(lab, url)
    if not database.is_there:
        raise ConfigurationError(
            f"{database}: does not exist: runs make it, or mcu-hil history import does from the folders of runs"
        )
    newest = nights or (None if since else NIGHTS)
    found = history_of(database, lab.name, newest, since and since.astimezone(), places, claims)
    compared = compare(found.matrix, *firmware) if firmware else None
    if folder is not None:
        from harness.results.pages import write_pages

        count = write_pages(database, found, folder, compared)
        click.echo(f"{folder / 'index.html'}: {count} pages, {len(found.matrix.nights)} nights")
    elif as_json:
        document = _document(compared) if compared else found.document()
        click.echo(json.dumps(document, indent=1))
    else:
        lines = _compared(compared) if compared else _told(found, whole=bool(places or claims))
        click.echo("\n".join(lines))


def _told(found: History, *, whole: bool) -> Iterator[str]:
    from harness.results.flakiness import Kind

    matrix = found.matrix
    first, last = matrix.nights[0], matrix.nights[-1]
    claims = len({claim for of_place in matrix.series.values() for claim in of_place})
    days = first.day if first is last else f"{first.day} to {last.day}"
    counted = (_many(len(matrix.series), "place"), _many(claims, "claim"))
    yield f"lab {matrix.lab}: {_many(len(matrix.nights), 'night')}, {days}; {', '.join(counted)}"
    yield ""
    yield f"run {found.changes.run}:"
    yield from _indented(found.changes.lines())
    headings = {
        Kind.CLAIM: "flaky claims (share of nights, with its interval of 95 %):",
        Kind.UNIT: "flaky units:",
        Kind.PAIR: "flaky at one unit only:",
    }
    for kind, heading in headings.items():
        if rows := found.of_kind(kind):
            yield from ("", heading)
            yield from _indented(map(str, rows))
    if not found.flaky:
        yield from ("", "nothing is flaky")
    if sure := [one for one in found.failing if not one.is_flaky]:
        yield from ("", "failing:")
        yield from _indented(_by_claim(sure))
    if found.drifts:
        yield from ("", "restart times:")
        yield from _indented(map(str, found.drifts))
    yield from ("", "place by claim, a letter a night:")
    yield from _indented(_series(found, whole=whole))


def _many(count: int, what: str) -> str:
    return f"{count} {what}{'s' * (count != 1)}"


def _by_claim(failing: Sequence[Failing]) -> Iterator[str]:
    by_claim: dict[tuple[str, str], list[str]] = {}
    for one in failing:
        by_claim.setdefault((one.claim, one.since), []).append(one.place)
    for (claim, since), places in by_claim.items():
        more = f" and {len(places) - 5} more" if len(places) > 5 else ""
        yield f"{claim}: since {since} at {', '.join(places[:5])}{more}"


def _series(found: History, *, whole: bool) -> Iterator[str]:
    """What did not hold always; of chosen places or claims, everything."""
    from harness.results.history import letters
    from harness.results.matrix import HELD, NOT_ASKED

    matrix = found.matrix
    rows = [
        (matrix.claims[claim], matrix.places[place], letters(series))
        for place, claim, series in matrix.cells()
        if whole or not {HELD, NOT_ASKED}.issuperset(series)
    ]
    width = max((len(place) for _, place, _ in rows), default=0)
    for claim, place, row in sorted(rows):
        yield f"{place:<{width}}  {row}  {claim}"
    if not whole:
        yield f"{sum(1 for _ in matrix.cells()) - len(rows)} others held whenever they were asked"


def _indented(lines: Iterator[str] | list[str]) -> Iterator[str]:
    rows = list(lines)
    for row in rows[:MOST_ROWS]:
        yield f"  {row}"
    if len(rows) > MOST_ROWS:
        yield f"  ... and {len(rows) - MOST_ROWS} more: --json and --pages have all"


def _compared(found: Comparison) -> Iterator[str]:
    yield f"{found.one} beside {found.other}: " + ", ".join(f"{n} {words}" for words, n in found.counts.items())
    if found.restart_one is not None and found.restart_other is not None:
        yield f"restarts: {found.restart_one:.1f} s and {found.restart_other:.1f} s, medians"
    for one in found.claims:
        if one.outcome != "holds with both":
            yield f"  {one.outcome}: {one.claim}: {one.one}; {one.other}"


def _document(found: Comparison) -> dict[str, object]:
    from dataclasses import asdict

    return asdict(found)


@history.command("import")
@click.option("--lab", "lab_file", type=click.Path(path_type=Path), help="The lab.  [default: lab.toml]")
@DATABASE
@click.argument(
    "sources", nargs=-1, required=True, metavar="RUN_FOLDER|JUNIT.xml...", type=click.Path(path_type=Path)
)
@click.pass_context
def import_runs(context: click.Context, sources: tuple[Path, ...], lab_file: Path | None, url: str | None) -> None:
    """Put runs into the database: interrupted ones, older ones, those of another machine.

    A run that is there already changes nothing. JUnit XML without properties is read with the places of the lab file.
    Exit status: 0 all are in the database; 4 one could not be read; 10 the database is in the way.
    """
    from harness.results.ingest import ingest

    # Options may stand before the word import, too.
    assert context.parent is not None
    before = context.parent.params
    lab = load_lab(lab_file or before["lab_file"])
    database = _database(lab, url or before["url"])
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
        counted = f"{_many(claims, 'claim')} at {_many(len(run.visits), 'place')}"
        what = f"{counted}, {run.started:%Y-%m-%d %H:%M}"
        click.echo(f"{source}: run {run.name}: {what}{'' if is_new else ' (it was there already)'}")
    sys.exit(4 if unread else 0)


def _read(source: Path, lab: Lab) -> RunResults:
    from harness.results import junit, run_folder

    return run_folder.run_in(source) if source.is_dir() else junit.run_of(source, lab)


def _database(lab: Lab, url: str | None) -> Database:
    from harness.results.database import database_at, database_of

    return database_of(lab) if url is None else database_at(url)
