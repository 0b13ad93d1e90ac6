"""`mcu-hil doctor`: is the unit of a place ready to be given a certificate, and if not, what is missing?"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import click
from cryptography import x509
from rich import box
from rich.console import Console
from rich.table import Table

from certstore import firmware_named
from harness.bench import visited
from harness.cli import EXIT_STATUS
from harness.cli.ending import ending
from harness.deadline import Deadline
from harness.errors import BenchError, DeadlineExpired, LabError, UnitError
from harness.judge.text_form import printable
from harness.lab import load_lab
from harness.unit import OccupiedUnit

# The unit tells its local time without a zone: only what is beyond every zone is known to be wrong.
CLOCK_LIMIT = timedelta(days=1)
HANDSHAKE_SECONDS = 30.0

Found = tuple[bool, str]


@dataclass(frozen=True)
class Row:
    """One thing that has to be so, and what to do where it is not."""

    topic: str
    ready: bool
    found: str
    remedy: str


@click.command()
@click.argument("place_name", metavar="PLACE")
@click.option(
    "--lab", "lab_file", type=click.Path(path_type=Path), default=Path("lab.toml"), show_default=True, help="The lab."
)
@click.option("--json", "as_json", is_flag=True, help="One JSON object in place of a table.")
def doctor(place_name: str, lab_file: Path, *, as_json: bool) -> None:
    """Say in plain words what is ready at PLACE and what is missing. Only questions are sent.

    Exit status: 0 ready; 10 something is missing; 4 the lab file or the place's name is wrong; 3 a bug of mcu-hil's.
    """
    with ending("doctor", place_name):
        (place,) = load_lab(lab_file).select([place_name], [])
        try:
            with visited(place) as unit:
                rows = [Row("reachable", ready=True, found=f"{place.address} answers", remedy=""), *_examined(unit)]
        except (LabError, UnitError, DeadlineExpired) as error:
            remedy = "correct address and ports in lab.toml; is the unit on? An emulated one needs mcu-hil emulate"
            rows = [Row("reachable", ready=False, found=str(error), remedy=remedy)]
    ready = all(row.ready for row in rows)
    if as_json:
        click.echo(json.dumps({"place": place_name, "ready": ready, "rows": [asdict(row) for row in rows]}, indent=2))
    else:
        _show(place_name, rows)
    sys.exit(0 if ready else EXIT_STATUS[BenchError])


def _examined(unit: OccupiedUnit) -> list[Row]:
    rows = []
    for topic, look, remedy in CHECKS:
        try:
            ready, found = look(unit)
        except (LabError, UnitError, DeadlineExpired) as error:
            ready, found = False, str(error)
        rows.append(Row(topic, ready, found, "" if ready else remedy))
    return rows


def _model(unit: OccupiedUnit) -> Found:
    who = unit.identity
    wanted = unit.place.model.split()[-1]
    return wanted in who.model, f"{who.model}, serial {who.serial or 'not told'}; lab.toml: {unit.place.model}"


def _firmware(unit: OccupiedUnit) -> Found:
    try:
        firmware_named(unit.identity.software_version)
    except ValueError as error:
        return False, str(error)
    return True, unit.identity.software_version


def _login(unit: OccupiedUnit) -> Found:
    unit.condition()
    return True, f"the API lets {unit.place.login.user!r} in"


def _session(unit: OccupiedUnit) -> Found:
    table = unit.certificate_page().local_certificate
    return True, f"Network > SSL certificates opens; Private key: {table.private_key or 'not told'}"


def _https(unit: OccupiedUnit) -> Found:
    service = unit.services().get("https")
    if service is None:
        return False, "the API lists no HTTPS service"
    return service.open, f"wanted: {service.wanted}, open: {service.open}, port: {service.port}"


def _served(unit: OccupiedUnit) -> Found:
    shown = unit.handshake(Deadline.after(HANDSHAKE_SECONDS))
    try:
        ends = x509.load_der_x509_certificate(shown.leaf).not_valid_after_utc
    except ValueError:
        return True, f"sha256:{shown.fingerprint}, which cannot be read further"
    over = "expired" if ends < datetime.now(UTC) else "valid until"
    return True, f"sha256:{shown.fingerprint}, {over} {ends:%Y-%m-%d}, {shown.protocol_version}"


def _pending(unit: OccupiedUnit) -> Found:
    waiting = unit.condition().reboot_required
    return not waiting, "a change waits for a restart" if waiting else "nothing waits for a restart"


def _clock(unit: OccupiedUnit) -> Found:
    said = unit.condition().current_time.replace(tzinfo=UTC)
    return abs(said - datetime.now(UTC)) < CLOCK_LIMIT, f"the unit's clock says {said:%Y-%m-%d %H:%M}"


def _calls(unit: OccupiedUnit) -> Found:
    calls = unit.calls()
    return calls == 0, f"{calls} participants are in a call"


def _lines(unit: OccupiedUnit) -> Found:
    lines = {"console": unit.place.console, "power": unit.place.power}
    words = (f"{name}: {'in' if line else 'not in'} lab.toml" for name, line in lines.items())
    return True, ", ".join(words) + " (neither is needed)"


CHECKS: tuple[tuple[str, Callable[[OccupiedUnit], Found], str], ...] = (
    ("model", _model, "correct model or address in lab.toml: this is another unit"),
    ("firmware", _firmware, "it is judged as the newest that is known; look twice at what `mcu-hil judge` says"),
    ("login", _login, "correct login in lab.toml; the user needs administrator rights"),
    ("session", _session, "log out other administrators, or set login.session_wait_seconds"),
    ("HTTPS", _https, "tick HTTPS under Network > Services; without the row, the encryption feature key is missing"),
    ("served today", _served, "open HTTPS, and see that ports.https is its port"),
    ("restart", _pending, "ask whose change it is; the next restart puts it into force"),
    ("clock", _clock, "set the unit's clock under Settings > Time"),
    ("calls", _calls, "wait until they are over, or let install --drop-calls end them"),
    ("lines", _lines, ""),
)


def _show(place: str, rows: list[Row]) -> None:
    table = Table(box=box.SIMPLE_HEAD)
    for heading in (place, "", "found", "remedy"):
        table.add_column(heading, overflow="fold")
    for row in rows:
        table.add_row(row.topic, "ready" if row.ready else "MISSING", printable(row.found), row.remedy)
    Console(highlight=False, markup=False).print(table)
