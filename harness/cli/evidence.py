"""`mcu-hil evidence`: what a run has seen, to be read, handed to somebody, and proved to be what it was."""

from __future__ import annotations

import io
import json
import sys
from collections.abc import Sequence
from pathlib import Path

import click

from harness.cli.ending import BUG_STATUS, ending
from harness.conclusion import newest_run
from harness.errors import ConfigurationError
from harness.evidence import evidence_file
from harness.handing_over import Choice, archive_of, found_by_the_run, verified, write_archive
from harness.lab import Lab, load_lab
from harness.secrecy.known import Known, Secrets, add_lab
from harness.secrecy.scanner import Scanner, Searched
from harness.timeline import Moment, console_file, folded, moments_of, read_console, read_notes

DIFFERENT = 1
FILE = click.Path(path_type=Path)

LAB = click.option("--lab", "lab_file", type=FILE, default=Path("lab.toml"), show_default=True, help="The lab.")
RUN = click.option(
    "--run",
    "asked",
    metavar="RUN",
    help="The folder of a run, or its name; without it, the newest of the lab.",
)


@click.group()
def evidence() -> None:
    """Show, export, verify and search what a run has seen of its units."""


def run_folder(asked: str | None, lab_file: Path) -> Path:
    """Raises ConfigurationError where there is no such run."""
    if asked is not None and Path(asked).is_dir():
        return Path(asked)
    state_dir = load_lab(lab_file).state_dir
    if asked is None:
        return newest_run(state_dir)
    folder = state_dir / "runs" / asked
    if "/" in asked or not folder.is_dir():
        raise ConfigurationError(f"there is no run {asked!r}: neither a folder, nor one in {state_dir / 'runs'}")
    return folder


@evidence.command()
@click.argument("place")
@click.argument("experiment", required=False, default="")
@LAB
@RUN
@click.option("--json", "as_json", is_flag=True, help="The lines as they are kept, one JSON object each.")
def show(place: str, experiment: str, lab_file: Path, asked: str | None, as_json: bool) -> None:  # noqa: FBT001
    """Tell what was done to PLACE and what it did, in order; with EXPERIMENT, during that alone.

    Exit status: 0 shown; 4 there is no such run, place or experiment.
    """
    with ending("evidence show", place):
        folder = run_folder(asked, lab_file)
        file = evidence_file(folder, place)
        if not file.is_file():
            known = sorted(one.stem for one in file.parent.glob("*.jsonl"))
            raise ConfigurationError(f"{folder}: no evidence of {place!r}: there is of {', '.join(known) or 'none'}")
        notes = list(read_notes(file))
        if experiment:
            named = list(dict.fromkeys(str(note.get("during", "")) for note in notes))
            if experiment not in named:
                there = ", ".join(filter(None, named))
                raise ConfigurationError(f"{file}: nothing during {experiment!r}: there is {there}")
        if as_json:
            for note in notes:
                if experiment in ("", note.get("during")):
                    click.echo(json.dumps(note, ensure_ascii=False))
            return
        moments = moments_of(notes, read_console(console_file(folder, place)))
        _print([one for one in moments if not experiment or one.during.partition(":")[0] == experiment])


def _print(moments: Sequence[Moment]) -> None:
    """A heading for each part, and the seconds since the first line of it."""
    during, began = "", None
    for moment, times in folded(moments):
        if not moment.is_console and moment.during != during:
            during, began = moment.during, moment.at
            click.echo(f"{during or 'before anything'}, {moment.at.astimezone():%Y-%m-%d}")
        since = (moment.at - (began or moment.at)).total_seconds()
        often = f" (times {times})" if times > 1 else ""
        click.echo(f"  {moment.at.astimezone():%H:%M:%S.%f}"[:-3] + f" {since:8.3f} s  {moment.text}{often}")


@evidence.command()
@LAB
@RUN
@click.option("--place", "places", multiple=True, metavar="NAME", help="Only of this place (repeatable).")
@click.option("--experiment", default="", metavar="NAME", help="Only of this experiment.")
@click.option("-o", "--output", type=FILE, help="The archive; without it, RUN.tar.gz in the working directory.")
def export(lab_file: Path, asked: str | None, places: tuple[str, ...], experiment: str, output: Path | None) -> None:
    """Pack a run, or a part of it, into one archive that can be handed to somebody else.

    It has a manifest with the SHA-256 of each file, and is searched for secrets before it is written: those that the
    lab file has or leads to, and any private key.

    Exit status: 0 written; 3 a secret is in it, and nothing was written; 4 there is no such run, place or experiment.
    """
    with ending("evidence export", ""):
        folder = run_folder(asked, lab_file)
        octets = archive_of(folder, Choice(tuple(places), experiment))
        file = output or Path(f"{folder.resolve().name}.tar.gz")
        packed = Scanner(_lab_secrets(lab_file)).look_into(io.BytesIO(octets), file.name)
        # What a run has uploaded, it alone knew: what it found at its end counts.
        if found := [*found_by_the_run(folder), *map(str, packed)]:
            for finding in found:
                click.echo(f"SECRET: {finding}", err=True)
            click.echo(f"mcu-hil evidence export: {file} was not written", err=True)
            sys.exit(BUG_STATUS)
        write_archive(octets, file)
        count, differences = verified(file)
        assert not differences, "it was written a moment ago"
    click.echo(f"{file}: {count} files, {len(octets)} octets, no secret in them")


@evidence.command()
@click.argument("path", type=FILE)
def verify(path: Path) -> None:
    """Compare the folder of a run, or an archive that `export` has made, with its manifest.

    Exit status: 0 everything is as the manifest says; 1 something is missing, changed or too much; 4 there is none.
    """
    with ending("evidence verify", ""):
        count, differences = verified(path)
    for word, names in (
        ("missing", differences.missing),
        ("changed", differences.changed),
        ("not in the manifest", differences.extra),
    ):
        for name in names:
            click.echo(f"{word}: {name}")
    if differences:
        sys.exit(DIFFERENT)
    click.echo(f"{path}: {count} files, all as the manifest says")


@evidence.command()
@click.argument("paths", nargs=-1, type=click.Path(path_type=Path, exists=True))
@LAB
@RUN
def search(paths: tuple[Path, ...], lab_file: Path, asked: str | None) -> None:
    """Search files and folders, or a run, for secrets: those that the lab file has or leads to, and any private key.

    What is found is told by kind, form and place, and never shown. A run searches itself at its end, for what it has
    uploaded too.

    Exit status: 0 nothing was found; 3 something was; 4 there is no such run or file; 10 a file cannot be read.
    """
    with ending("evidence search", ""):
        known = _lab_secrets(lab_file)
        searched: Searched = Scanner(known).search(paths or [run_folder(asked, lab_file)])
    for finding in searched.findings:
        click.echo(f"SECRET: {finding}")
    if searched.findings:
        sys.exit(BUG_STATUS)
    click.echo(f"{searched.files} files, {searched.octets} octets: nothing of {searched.secrets} secrets, and no key")


def _lab_secrets(lab_file: Path) -> tuple[Known, ...]:
    """What the lab has; without a lab file, nothing: then any private key is looked for and that is all."""
    secrets = Secrets()
    if lab_file.is_file():
        lab: Lab = load_lab(lab_file)
        add_lab(secrets, lab, lab.places)
    return secrets.gathered()
