"""`mcu-hil lab`: the places of a lab file, what is owed to their units, and who may not be touched."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from getpass import getuser
from pathlib import Path

import click

from harness.bench import Bench
from harness.cli import EXIT_STATUS
from harness.cli.ending import UNIT_STATUS, ending
from harness.cli.period import period
from harness.conclusion import conclude_what_was_killed
from harness.errors import BenchError, DeadlineExpired, LabError, UnitError
from harness.journal import Journal
from harness.lab import Lab, Place, load_lab
from harness.lease import lease
from harness.preflight import Looked, preflight
from harness.progress import Done, Message, Said
from harness.quarantine import Quarantine, Quarantines
from harness.recovery import NotRecovered, recover
from harness.standing import stands

AT_ONCE = 64

LAB = click.option(
    "--lab", "lab_file", type=click.Path(path_type=Path), default=Path("lab.toml"), show_default=True, help="The lab."
)
NAMES = click.argument("names", nargs=-1, metavar="[PLACE]...")


@click.group()
def lab() -> None:
    """List, recover and set aside the places of a lab."""


@lab.command("list")
@LAB
@NAMES
def list_places(lab_file: Path, names: tuple[str, ...]) -> None:
    """One line a place: its unit, and whether it is free, held, in quarantine, or owed something. Sends nothing."""
    with ending("lab list", ""):
        found = load_lab(lab_file)
        for place in found.select(names, []):
            click.echo(f"{place.name}: {place.model}, {place.address}: {'; '.join(_standing(place, found))}")


def _standing(place: Place, found: Lab) -> list[str]:
    said = []
    try:
        with lease(place.name, found.state_dir, "mcu-hil lab list"):
            pass
    except BenchError as error:
        said.append(str(error).removeprefix(f"{place.name} "))
    return [*said, *_kept(place, found)] or ["free"]


@lab.command("recover")
@LAB
@NAMES
def recover_places(lab_file: Path, names: tuple[str, ...]) -> None:
    """Bring every unit back to its baseline that a run has not: those that the journal names, or the PLACEs.

    Exit status: 0 a handshake has shown the baseline of each; 10 the bench is in the way; 1 a unit is not well;
    4 the lab file, a place's name or a password is wrong.
    """
    with ending("lab recover", ""):
        found = load_lab(lab_file)
        for line in conclude_what_was_killed(found):
            click.echo(line)
        journal = Journal(found.state_dir)
        places = [place for place in found.select(names, []) if names or _is_owed(journal, place)]
    if not places:
        click.echo(f"{lab_file}: nothing is owed")
        return
    sys.exit(_worst(_recovered(found, places)))


def _is_owed(journal: Journal, place: Place) -> bool:
    try:
        return journal.of(place.name) is not None
    except BenchError:
        # It is told when it is tried.
        return True


def _recovered(found: Lab, places: Sequence[Place]) -> list[int]:
    """All at once; of each, one line and an exit status."""
    started = datetime.now(UTC).astimezone().strftime("%Y%m%dT%H%M%S")
    folder = found.state_dir / "runs" / f"{started}-{os.getpid()}-recover"
    there = [place for place in places if _is_there(place, found)]
    with Bench(there, found.state_dir, folder, "mcu-hil lab recover") as bench, ThreadPoolExecutor(AT_ONCE) as pool:
        return list(pool.map(lambda place: _ended(place, lambda: _brought_back(bench, found, place)), places))


def _is_there(place: Place, found: Lab) -> bool:
    return place.emulated is None or stands(place.name, found.state_dir)


def _brought_back(bench: Bench, found: Lab, place: Place) -> str:
    """What has become of it, in words. Raises whatever `recover` does."""
    if not _is_there(place, found):
        debt = bench.journal.of(place.name)
        if debt is None or not debt.is_over:
            raise BenchError("its emulated unit is not running: mcu-hil emulate")
        with lease(place.name, found.state_dir, bench.doing):
            bench.journal.settled(place.name)
        return "nothing is owed: its emulated unit ended with the run that had started it"
    with bench.held(place, lambda holder: None):
        rung = recover(bench, place, _tell)
        bench.quarantines.lift(place.name)
    return f"at its baseline, which a handshake has shown ({rung})"


def _ended(place: Place, act: Callable[[], str]) -> int:
    try:
        words, status = act(), 0
    except NotRecovered as error:
        words = f"NOT AT ITS BASELINE: {error}"
        status = EXIT_STATUS[BenchError] if error.is_of_the_bench else UNIT_STATUS
    except LabError as error:
        words = f"NOT AT ITS BASELINE: {error}"
        status = EXIT_STATUS[next(kind for kind in EXIT_STATUS if isinstance(error, kind))]
    except (UnitError, DeadlineExpired) as error:
        words, status = f"NOT AT ITS BASELINE: {error}", UNIT_STATUS
    click.echo(f"{place.name}: {words}")
    return status


def _worst(statuses: Sequence[int]) -> int:
    """A mistake of the user's comes first, then a unit that misbehaves."""
    return next((status for status in (4, UNIT_STATUS, EXIT_STATUS[BenchError]) if status in statuses), 0)


def _tell(message: Message) -> None:
    match message:
        case Said(text):
            click.echo(text)
        case Done(place, what, seconds):
            click.echo(f"{place}: {what}, {seconds:.1f} s")


@lab.command()
@LAB
@NAMES
def check(lab_file: Path, names: tuple[str, ...]) -> None:
    """Look at all places at once: is each who the lab file says, and fit for a run? Sends only questions.

    A unit that is fit leaves the quarantine that no person has put it into. Exit status 0: all are fit; 10: not so.
    """
    with ending("lab check", ""):
        found = load_lab(lab_file)
        places = found.select(names, [])
        journal, quarantines = Journal(found.state_dir), Quarantines(found.state_dir)
        unfit = 0
        for place, looked in zip(places, preflight(places, found.state_dir, thorough=True), strict=True):
            click.echo(f"{place.name}: {_fitness(place, looked, found)}")
            for remark in (*looked.remarks, *looked.notices):
                click.echo(f"{place.name}: remark: {remark}")
            unfit += bool(looked.excluded)
            if not looked.excluded and not _is_owed(journal, place) and quarantines.of(place.name) is not None:
                quarantines.lift(place.name)
                click.echo(f"{place.name}: no longer in quarantine")
    sys.exit(EXIT_STATUS[BenchError] if unfit else 0)


def _fitness(place: Place, looked: Looked, found: Lab) -> str:
    if looked.excluded:
        return f"NOT FIT: {looked.excluded}"
    return "fit" if _is_there(place, found) else "emulated: it is started by a run"


@lab.command()
@LAB
@click.argument("name", metavar="PLACE")
def release(lab_file: Path, name: str) -> None:
    """End the quarantine of PLACE, and forget what its unit is owed. Sends nothing to the unit."""
    with ending("lab release", name):
        found = load_lab(lab_file)
        (place,) = found.select([name], [])
        with lease(place.name, found.state_dir, "mcu-hil lab release"):
            for said in _kept(place, found):
                click.echo(f"{place.name}: forgotten: {said}")
            Quarantines(found.state_dir).lift(place.name)
            Journal(found.state_dir).settled(place.name)
        click.echo(f"{place.name}: released")


def _kept(place: Place, found: Lab) -> list[str]:
    """What is on disk about it."""
    said = []
    for look in (Quarantines(found.state_dir).of, Journal(found.state_dir).of):
        try:
            kept = look(place.name)
        except BenchError as error:
            said.append(str(error))
        else:
            said += [] if kept is None else [str(kept)]
    return said


@lab.command()
@LAB
@click.argument("name", metavar="PLACE")
@click.option("--reason", required=True, help="Why, for those who wonder.")
@click.option("--for", "lasts", default="1d", show_default=True, help="For how long, as 30m, 12h or 2d.")
def quarantine(lab_file: Path, name: str, reason: str, lasts: str) -> None:
    """Let no run touch PLACE for a while."""
    with ending("lab quarantine", name):
        found = load_lab(lab_file)
        (place,) = found.select([name], [])
        made = Quarantine.of(place.name, " ".join(reason.split()), getuser(), period("--for", lasts))
        Quarantines(found.state_dir).put(made)
        click.echo(f"{place.name}: {made}")
