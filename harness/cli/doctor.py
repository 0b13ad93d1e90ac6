"""`mcu-hil doctor`: is the unit of a place ready to be given a certificate, and if not, what is missing?"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import click
from rich import box
from rich.console import Console
from rich.table import Table

from harness.bench import visited
from harness.cli import EXIT_STATUS
from harness.cli.ending import ending
from harness.errors import BenchError, ConfigurationError, DeadlineExpired, LabError, UnitError
from harness.judge.text_form import printable
from harness.lab import Place, load_lab
from harness.lease import leased
from harness.readiness import Row, State, examined
from harness.tls.pin_file import BY_HAND, FINGERPRINT, pin_file_of
from harness.tls.pins import ChangedCertificate
from harness.transport import WayBroken

REACHABLE = "see that the unit is on, and address and ports in lab.toml are right"
GATEWAY = "see that it is on and reachable, and that ssh, port, user, key_file and password of its table are right"
FOREIGN = "find out who installed it; if it is right, the same command with --accept-certificate and its SHA-256"
FOREIGN_EMULATED = "correct tls.fingerprint in lab.toml, or leave it out"
REACHABLE_EMULATED = "start it in another terminal: mcu-hil emulate"


@click.command()
@click.argument("place_name", metavar="PLACE")
@click.option(
    "--lab", "lab_file", type=click.Path(path_type=Path), default=Path("lab.toml"), show_default=True, help="The lab."
)
@click.option(
    "--accept-certificate", metavar="SHA256", help="From now on, the unit at PLACE serves this one: it was asked for."
)
@click.option("--json", "as_json", is_flag=True, help="One JSON object in place of a table.")
def doctor(place_name: str, lab_file: Path, accept_certificate: str | None, *, as_json: bool) -> None:
    """Say in plain words what is ready at PLACE and what is missing, with the remedy. Only questions are sent.

    Exit status: 0 ready; 10 something is missing; 4 the lab file or the place's name is wrong; 3 a bug of mcu-hil's.
    """
    with ending("doctor", place_name):
        lab = load_lab(lab_file)
        (place,) = lab.select([place_name], [])
        if accept_certificate is not None:
            _accept(place, lab.state_dir, accept_certificate)
        try:
            with visited(place, lab.state_dir) as unit:
                rows = [Row("reachable", State.READY, f"{place.address} answers", "")]
                if place.gateway is not None:
                    rows.insert(0, Row("gateway", State.READY, f"{place.gateway.where} leads to it", ""))
                answers = list(examined(unit))
                # With what was taken on trust while questions were asked.
                rows += [Row("notice", State.REMARK, notice, "") for notice in unit.notices]
                rows += answers
            rows.append(_lease(place, lab.state_dir))
        except (LabError, UnitError, DeadlineExpired) as error:
            remedy = REACHABLE if place.emulated is None else REACHABLE_EMULATED
            if isinstance(error, ChangedCertificate):
                remedy = FOREIGN if place.emulated is None else FOREIGN_EMULATED
            rows = [Row("reachable", State.MISSING, str(error), remedy)]
            if isinstance(error, WayBroken):
                rows = [Row("gateway", State.MISSING, str(error), GATEWAY)]
    missing = [row for row in rows if row.state is State.MISSING]
    if as_json:
        told = [{"topic": row.topic, "state": row.state, "found": row.found, "remedy": row.remedy} for row in rows]
        click.echo(json.dumps({"place": place_name, "ready": not missing, "rows": told}, indent=2))
    else:
        _show(place_name, rows)
        if missing:
            click.echo(f"{place_name} is not ready: {', '.join(row.topic for row in missing)}")
        else:
            click.echo(f"{place_name} is ready")
    sys.exit(EXIT_STATUS[BenchError] if missing else 0)


def _accept(place: Place, state_dir: Path, text: str) -> None:
    """The pin of the place is this fingerprint, as `handshake` or an error showed it."""
    leaf = text.lower().removeprefix("sha256:").replace(":", "")
    if FINGERPRINT.fullmatch(leaf) is None:
        raise ConfigurationError(f"--accept-certificate: {text!r} is not a SHA-256 of 64 hex digits")
    file = pin_file_of(place, state_dir)
    if file is None:
        raise ConfigurationError(f"{place.name}: an emulated unit is a new one at each start: no certificate is kept")
    file.update(lambda known: known.seen(leaf, BY_HAND))


def _lease(place: Place, state_dir: Path) -> Row:
    try:
        with leased(place, state_dir, "mcu-hil doctor"):
            return Row("lease", State.READY, "nobody else works on the place", "")
    except BenchError as error:
        return Row("lease", State.MISSING, str(error), "wait until they are done")


def _show(place: str, rows: list[Row]) -> None:
    table = Table(box=box.SIMPLE_HEAD)
    for heading in (place, "", "found", "remedy"):
        table.add_column(heading, overflow="fold")
    for row in rows:
        state = row.state.upper() if row.state is State.MISSING else row.state
        table.add_row(row.topic, state, printable(row.found), row.remedy)
    Console(highlight=False, markup=False).print(table)
