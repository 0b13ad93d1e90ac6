"""The newest nights as they are looked at: of each claim at each place, a byte a night."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from harness.errors import ConfigurationError
from harness.fault import Verdict
from harness.results import schema
from harness.results.flakiness import Unit

NOT_ASKED = 255
HELD = schema.VERDICTS[Verdict.HELD]
FAILED = frozenset({schema.VERDICTS[Verdict.FAILED], schema.VERDICTS[Verdict.KNOWN]})
"""That a failure is known does not make the claim hold."""
_FAILED, _KNOWN = sorted(FAILED)
ANSWERED = FAILED | {HELD}
UNANSWERED = frozenset({schema.VERDICTS[Verdict.BLOCKED], schema.VERDICTS[Verdict.ERROR]})
"""Asked, and not answered."""
SHIFT = 1 << 32
VERDICT_OF: dict[int, Verdict] = {number: verdict for verdict, number in schema.VERDICTS.items()}


@dataclass(frozen=True)
class Night:
    """One run."""

    id: int
    name: str
    host: str
    started: datetime
    ended: datetime | None
    exit_status: int | None

    @property
    def day(self) -> str:
        return f"{self.started.astimezone():%Y-%m-%d}"


@dataclass(frozen=True)
class Standing:
    """What stood at a place in one night."""

    unit: Unit
    firmware: int
    restarts: int | None
    floor: int | None
    booted: tuple[int, ...] = ()
    """Milliseconds of each restart, from the request to the end of boot."""


@dataclass
class Matrix:
    """Nights are numbered from the oldest on; places, claims, units and firmware by their ids."""

    lab: str
    nights: list[Night]
    places: dict[int, str]
    models: dict[int, str]
    claims: dict[int, str]
    serials: dict[int, str]
    firmware: dict[int, str]
    standing: dict[int, dict[int, Standing]]
    """By place and night."""
    series: dict[int, dict[int, bytearray]]
    """By place and claim: a verdict a night, or NOT_ASKED."""

    def cells(self) -> Iterator[tuple[int, int, bytearray]]:
        for place, claims in self.series.items():
            for claim, series in claims.items():
                yield place, claim, series

    def answers(self, place: int, series: bytearray) -> list[tuple[int, bool, Standing]]:
        """The nights in which it was answered, whether it held, and by which unit."""
        standing = self.standing[place]
        return [
            (night, verdict == HELD, standing[night]) for night, verdict in enumerate(series) if verdict in ANSWERED
        ]

    def unit_words(self, unit: Unit) -> str:
        """A place, and the serial number of the unit in it where it is known."""
        place, serial = self.places[unit[0]], self.serials.get(unit[1], "")
        return f"{place} ({serial})" if serial else place


def has_failed(series: bytearray) -> bool:
    """In any night; most never have, and it is asked of each."""
    return _FAILED in series or _KNOWN in series


def nights_of(
    connection: Connection, lab: str, newest: int | None = None, since: datetime | None = None
) -> list[Night]:
    """The runs of a lab, the oldest first: the `newest` so many, from a moment on."""
    wanted = [schema.lab.c.name == lab]
    if since is not None:
        wanted.append(schema.run.c.started >= int(since.timestamp()))
    columns = [schema.run.c[name] for name in ("id", "name", "host", "started", "ended", "exit_status")]
    found = connection.execute(
        sa.select(*columns)
        .join(schema.lab, schema.lab.c.id == schema.run.c.lab_id)
        .where(*wanted)
        .order_by(schema.run.c.started.desc(), schema.run.c.id.desc())
        .limit(newest)
    )
    nights = [
        Night(row.id, row.name, row.host, _moment(row.started), row.ended and _moment(row.ended), row.exit_status)
        for row in found
    ]
    return nights[::-1]


def read_matrix(
    connection: Connection,
    lab: str,
    nights: Sequence[Night],
    places: Collection[str] = (),
    claims: Collection[str] = (),
) -> Matrix:
    """These nights, of all places and claims, or of these places and of claims whose names have one of these words.

    Raises ConfigurationError for a place or a word that no run of the lab knows.
    """
    lab_ids = sa.select(schema.lab.c.id).where(schema.lab.c.name == lab)
    known = connection.execute(
        sa.select(schema.place.c.id, schema.place.c.name, schema.place.c.model).where(
            schema.place.c.lab_id.in_(lab_ids)
        )
    ).all()
    for name in places:
        if name not in {row.name for row in known}:
            raise ConfigurationError(f"no run of lab {lab!r} has been to a place {name!r}")
    named = dict(connection.execute(sa.select(schema.claim.c.id, schema.claim.c.name)).all())
    for word in claims:
        if not any(word in name for name in named.values()):
            raise ConfigurationError(f"no claim has {word!r} in its name")
    chosen_places = {row.id for row in known if not places or row.name in places}
    chosen_claims = {number for number, name in named.items() if not claims or any(word in name for word in claims)}
    matrix = Matrix(
        lab=lab,
        nights=list(nights),
        places={row.id: row.name for row in known},
        models={row.id: row.model for row in known},
        claims=named,
        serials=dict(connection.execute(sa.select(schema.unit)).all()),
        firmware=dict(connection.execute(sa.select(schema.firmware)).all()),
        standing={place: {} for place in chosen_places},
        series={place: {} for place in chosen_places},
    )
    _read_standing(connection, matrix)
    _read_verdicts(connection, matrix, None if not claims else chosen_claims)
    matrix.series = {place: claims for place, claims in matrix.series.items() if claims}
    return matrix


def _read_standing(connection: Connection, matrix: Matrix) -> None:
    booted: dict[tuple[int, int], list[int]] = {}
    numbers = {night.id: number for number, night in enumerate(matrix.nights)}
    restart, visit = schema.restart.c, schema.visit.c
    for run, place, milliseconds in connection.execute(
        sa.select(restart.run_id, restart.place_id, restart.booted_milliseconds).where(restart.run_id.in_(numbers))
    ):
        booted.setdefault((run, place), []).append(milliseconds)
    for row in connection.execute(sa.select(schema.visit).where(visit.run_id.in_(numbers))):
        if row.place_id in matrix.standing:
            matrix.standing[row.place_id][numbers[row.run_id]] = Standing(
                (row.place_id, row.unit_id),
                row.firmware_id,
                row.restarts,
                row.restart_floor,
                tuple(booted.get((row.run_id, row.place_id), ())),
            )


def _read_verdicts(connection: Connection, matrix: Matrix, claims: Collection[int] | None) -> None:
    empty = bytes([NOT_ASKED]) * len(matrix.nights)
    series: dict[int, bytearray] = {}
    # A million rows and more: as the driver has them, without an object for each, and place and claim in one number.
    wanted = f"SELECT place_id * {SHIFT} + claim_id, verdict FROM verdict WHERE run_id = "
    chosen = "".join(
        f" AND {column} IN ({', '.join(map(str, sorted(ids)))})"
        for column, ids in (("place_id", matrix.series), ("claim_id", claims))
        if ids is not None and (column == "claim_id" or len(ids) < len(matrix.places))
    )
    cursor = connection.connection.cursor()
    try:
        for number, night in enumerate(matrix.nights):
            cursor.execute(f"{wanted}{night.id:d}{chosen}")
            for cell, verdict in cursor.fetchall():
                try:
                    series[cell][number] = verdict
                except KeyError:
                    series[cell] = bytearray(empty)
                    series[cell][number] = verdict
    finally:
        cursor.close()
    for cell in sorted(series):
        place, claim = divmod(cell, SHIFT)
        matrix.series[place][claim] = series[cell]


def _moment(seconds: int) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)
