"""`mcu-hil profile`: what units do where the device reference leaves it open, as runs of the suite recorded it."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import click
from rich import box
from rich.console import Console
from rich.table import Table

from harness.errors import ConfigurationError
from harness.lab import Lab, load_lab
from harness.outcomes import Comparison, compare, kept, newest_run, take_over
from harness.profile import Profile, Profiles, load_profiles, shown

DIFFERENT = 1
"""The exit status where something differs, as diff has it."""

_lab_option = click.option(
    "--lab", "lab_file", type=click.Path(path_type=Path), default=Path("lab.toml"), show_default=True, help="The lab."
)
_run_option = click.option(
    "--run", "folder", type=click.Path(path_type=Path), help="The folder of a run; without it, the newest of the lab."
)


@click.group()
def profile() -> None:
    """Show, compare and accept what units do where no document says what is right."""


@profile.command()
@click.argument("words", nargs=-1)
@_lab_option
def show(words: tuple[str, ...], lab_file: Path) -> None:
    """Show what is recorded; with WORDS, of the profiles only whose name has them all, such as 4505 4.3."""
    found = [one for one in _recorded(load_lab(lab_file)) if all(word.lower() in one[1].lower() for word in words)]
    if not found:
        raise ConfigurationError("no such profile is recorded yet: pytest tests/hil records them")
    for file, subject, outcomes in found:
        table = Table(box=box.SIMPLE_HEAD, title=f"{subject}\n{file}", title_justify="left")
        for heading in ("question", "outcome", "recorded", "at"):
            table.add_column(heading, overflow="fold")
        for key, one in sorted(outcomes.items()):
            table.add_row(key, shown(one.outcome), f"{one.at:%Y-%m-%d}", one.place)
        _print(table)


@profile.command()
@click.argument("subjects", nargs=-1, metavar="[PROFILE PROFILE]")
@_lab_option
@_run_option
def diff(subjects: tuple[str, ...], lab_file: Path, folder: Path | None) -> None:
    """Show what the newest run saw otherwise than recorded; or how two profiles differ, named as `show` names them.

    Exit status: 0 nothing differs; 1 something does; 4 there is no such run or profile.
    """
    lab = load_lab(lab_file)
    if subjects:
        if len(subjects) != len(("one", "another")):
            raise ConfigurationError("name two profiles, or none for what the newest run saw")
        one, other = (_named(lab, subject) for subject in subjects)
        differences = list(_differences(one, other))
    else:
        differences = [line for found in _compared(lab, folder) for line in _told(found)]
    for line in differences:
        click.echo(line)
    sys.exit(DIFFERENT if differences else 0)


@profile.command()
@_lab_option
@_run_option
def accept(lab_file: Path, folder: Path | None) -> None:
    """Take over into the profiles what the newest run saw otherwise than recorded. No unit is touched.

    Exit status: 0 taken over; 1 some were not, because places disagree; 4 there is no such run.
    """
    found = _compared(load_lab(lab_file), folder)
    take_over(found, accept=True)
    for one in found:
        for change in one.changed:
            click.echo(f"{one.subject}: {change}: accepted")
        if one.new:
            click.echo(f"{one.subject}: {len(one.new)} new: recorded")
        for disagreement in one.disagreements:
            click.echo(f"{one.subject}: {disagreement}: the places disagree, so nothing was taken over", err=True)
    sys.exit(DIFFERENT if any(one.disagreements for one in found) else 0)


def _recorded(lab: Lab) -> Iterator[tuple[Path, str, Profile]]:
    """File, subject and outcomes of each profile of the lab."""
    named = {place.profile for place in lab.places if place.profile is not None}
    for file in sorted({*named, *(lab.state_dir / "profiles").glob("*.toml")}):
        profiles: Profiles = load_profiles(file)
        for subject, outcomes in profiles.items():
            yield file, subject, outcomes


def _named(lab: Lab, subject: str) -> Profile:
    for _, name, outcomes in _recorded(lab):
        if name == subject:
            return outcomes
    known = "; ".join(repr(name) for _, name, _ in _recorded(lab)) or "none"
    raise ConfigurationError(f"no profile is named {subject!r}: there are {known}")


def _differences(one: Profile, other: Profile) -> Iterator[str]:
    for key in sorted({*one, *other}):
        pair = [shown(side[key].outcome) if key in side else "not recorded" for side in (one, other)]
        if pair[0] != pair[1]:
            yield f"{key}: {pair[0]} -> {pair[1]}"


def _compared(lab: Lab, folder: Path | None) -> list[Comparison]:
    return compare(kept(folder or newest_run(lab.state_dir)), accept=True)


def _told(found: Comparison) -> Iterator[str]:
    for change in found.changed:
        yield f"{found.subject}: {change}"
    for key, one in found.new.items():
        yield f"{found.subject}: {key}: {shown(one.outcome)} at {one.place}; not recorded"
    for disagreement in found.disagreements:
        yield f"{found.subject}: {disagreement}: the places disagree"


def _print(table: Table) -> None:
    Console(highlight=False, markup=False).print(table)
