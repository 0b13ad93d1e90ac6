"""A run put into the database: once, however often it is put in, and whole or not at all."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from harness.fault import Verdict
from harness.results import schema
from harness.results.database import Database


@dataclass(frozen=True)
class ClaimResult:
    """What became of one claim at the place of its visit."""

    claim: str
    """The node id without its place."""
    experiment: str
    verdict: Verdict
    seconds: float
    fault: str = ""
    incident: str = ""
    """One line, where there was one."""


@dataclass(frozen=True)
class RestartTiming:
    way: str
    down_seconds: float
    web_seconds: float
    booted_seconds: float


@dataclass(frozen=True)
class Visit:
    """One place in one run, the unit in it, and its claims."""

    place: str
    model: str
    serial: str
    firmware: str
    claims: tuple[ClaimResult, ...]
    restarts: tuple[RestartTiming, ...] = ()
    seconds: float | None = None
    restart_count: int | None = None
    restart_floor: int | None = None


@dataclass(frozen=True)
class RunResults:
    """One run, as it is kept."""

    lab: str
    name: str
    host: str
    started: datetime
    ended: datetime | None
    exit_status: int | None
    visits: tuple[Visit, ...]
    lab_sha256: str | None = None
    versions: Mapping[str, str] = field(default_factory=dict)

    @property
    def is_recorded(self) -> bool:
        """Whether it comes from the run's own record, which has more than JUnit XML."""
        return bool(self.versions)

    @property
    def digest(self) -> str:
        return hashlib.sha256(repr(self).encode()).hexdigest()


def ingest(database: Database, run: RunResults) -> bool:
    """Whether it was new: the run is in the database as it is given. What was there of it is replaced, unless that
    was more.

    Raises BenchError; then nothing has changed.
    """
    with database.writing() as connection:
        lab_id = _ids(connection, schema.lab, "name", [{"name": run.lab}])[run.lab]
        key = (schema.run.c.lab_id == lab_id, schema.run.c.name == run.name, schema.run.c.host == run.host)
        columns = (schema.run.c.id, schema.run.c.digest, schema.run.c.versions)
        found = connection.execute(sa.select(*columns).where(*key)).one_or_none()
        if found is not None and (found.digest == run.digest or (json.loads(found.versions) and not run.is_recorded)):
            return False
        if found is not None:
            _forget(connection, found.id)
        _keep(connection, lab_id, run)
    return found is None


def _forget(connection: Connection, run_id: int) -> None:
    tables = (schema.verdict, schema.restart, schema.incident, *(table for table, _ in schema.TALLIES), schema.visit)
    for table in tables:
        connection.execute(sa.delete(table).where(table.c.run_id == run_id))
    connection.execute(sa.delete(schema.run).where(schema.run.c.id == run_id))


def _keep(connection: Connection, lab_id: int, run: RunResults) -> None:
    new = {
        "lab_id": lab_id,
        "name": run.name,
        "host": run.host,
        "started": _seconds(run.started),
        "ended": _seconds(run.ended) if run.ended else None,
        "exit_status": run.exit_status,
        "lab_sha256": run.lab_sha256,
        "versions": json.dumps(dict(run.versions)),
        "digest": run.digest,
    }
    run_id = connection.execute(sa.insert(schema.run).values(new).returning(schema.run.c.id)).scalar_one()
    claims = _ids(
        connection,
        schema.claim,
        "name",
        [{"name": one.claim, "experiment": one.experiment} for visit in run.visits for one in visit.claims],
    )
    units = _ids(connection, schema.unit, "serial", [{"serial": visit.serial} for visit in run.visits])
    firmware = _ids(connection, schema.firmware, "version", [{"version": visit.firmware} for visit in run.visits])
    places = _ids(
        connection,
        schema.place,
        "name",
        [{"lab_id": lab_id, "name": visit.place, "model": visit.model} for visit in run.visits],
        schema.place.c.lab_id == lab_id,
    )
    incidents = _incidents(connection, run_id, run.visits)
    visits, restarts, verdicts = [], [], []
    for visit in run.visits:
        place_id = places[visit.place]
        visits.append(
            {
                "run_id": run_id,
                "place_id": place_id,
                "unit_id": units[visit.serial],
                "firmware_id": firmware[visit.firmware],
                "milliseconds": None if visit.seconds is None else _milliseconds(visit.seconds),
                "restarts": visit.restart_count,
                "restart_floor": visit.restart_floor,
            }
        )
        restarts += [
            {
                "run_id": run_id,
                "place_id": place_id,
                "number": number,
                "way": one.way,
                "down_milliseconds": _milliseconds(one.down_seconds),
                "web_milliseconds": _milliseconds(one.web_seconds),
                "booted_milliseconds": _milliseconds(one.booted_seconds),
            }
            for number, one in enumerate(visit.restarts)
        ]
        verdicts += [
            {
                "run_id": run_id,
                "place_id": place_id,
                "claim_id": claims[one.claim],
                "verdict": schema.VERDICTS[one.verdict],
                "milliseconds": _milliseconds(one.seconds),
                "incident_id": incidents.get((one.fault, one.incident)),
            }
            for one in visit.claims
        ]
    verdicts.sort(key=lambda row: (row["place_id"], row["claim_id"]))
    for table, rows in ((schema.visit, visits), (schema.restart, restarts), (schema.verdict, verdicts)):
        if rows:
            connection.execute(sa.insert(table), rows)
    _count(connection, run_id, verdicts)


def _incidents(connection: Connection, run_id: int, visits: Iterable[Visit]) -> dict[tuple[str, str], int]:
    """One row for each line, whatever number of claims it left unanswered."""
    lines = dict.fromkeys((one.fault, one.incident) for visit in visits for one in visit.claims if one.incident)
    return {
        (fault, line): connection.execute(
            sa.insert(schema.incident).values(run_id=run_id, fault=fault, line=line).returning(schema.incident.c.id)
        ).scalar_one()
        for fault, line in lines
    }


def _count(connection: Connection, run_id: int, verdicts: Iterable[Mapping[str, int | None]]) -> None:
    rows = list(verdicts)
    for table, key in schema.TALLIES:
        counts = Counter((row[key], row["verdict"]) for row in rows)
        tallies = [
            {
                "run_id": run_id,
                key: one,
                **{name: counts[one, number] for number, name in enumerate(schema.COUNTS)},
            }
            for one in dict.fromkeys(row[key] for row in rows)
        ]
        if tallies:
            connection.execute(sa.insert(table), tallies)


def _ids(
    connection: Connection,
    table: sa.Table,
    key: str,
    rows: Iterable[Mapping[str, str | int]],
    *among: sa.ColumnElement[bool],
) -> dict[str, int]:
    """The ids of these rows by their key; those that are missing are added, if nobody else has meanwhile."""
    wanted = {str(row[key]): row for row in rows}

    def known() -> dict[str, int]:
        found = connection.execute(sa.select(table.c[key], table.c.id).where(*among))
        return {name: number for name, number in found if name in wanted}

    ids = known()
    if missing := [dict(row) for name, row in wanted.items() if name not in ids]:
        # Two runners may come upon the same claim at once.
        connection.execute(_insert(connection, table), missing)
        ids = known()
    return ids


def _insert(connection: Connection, table: sa.Table) -> sa.Insert:
    """Rows that are not there yet."""
    # The other dialect is a good part of the library, and not needed.
    if connection.dialect.name == "postgresql":
        from sqlalchemy.dialects import postgresql

        return postgresql.insert(table).on_conflict_do_nothing()
    from sqlalchemy.dialects import sqlite

    return sqlite.insert(table).on_conflict_do_nothing()


def _seconds(moment: datetime) -> int:
    return int(moment.timestamp())


def _milliseconds(seconds: float) -> int:
    return round(1000 * seconds)
