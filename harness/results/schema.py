"""The tables, as the newest migration leaves them.

A night of 64 places and 200 claims is 12,800 verdicts: they are kept as small integers under the key (run, place,
claim), so that a night is one stretch of the table, and a place's part of it one stretch of that. Which unit stood
at a place in a run, and its firmware, is said once, in `visit`.
"""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Column,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Integer,
    MetaData,
    SmallInteger,
    Table,
    Text,
    UniqueConstraint,
)

from harness.fault import Verdict

REVISION = "0003"
"""Of the newest migration; a database with a later one is of a newer program."""

# Kept in databases: never to be renumbered.
VERDICTS: dict[Verdict, int] = {
    Verdict.HELD: 0,
    Verdict.FAILED: 1,
    Verdict.BLOCKED: 2,
    Verdict.ERROR: 3,
    Verdict.KNOWN: 4,
    Verdict.SKIPPED: 5,
    Verdict.NOT_DONE: 6,
}

metadata = MetaData()

version = Table("alembic_version", metadata, Column("version_num", Text, primary_key=True))

lab = Table(
    "lab", metadata, Column("id", Integer, primary_key=True), Column("name", Text, nullable=False, unique=True)
)

claim = Table(
    "claim",
    metadata,
    Column("id", Integer, primary_key=True),
    # The node id without its place.
    Column("name", Text, nullable=False, unique=True),
    Column("experiment", Text, nullable=False),
)

place = Table(
    "place",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("lab_id", Integer, ForeignKey("lab.id"), nullable=False),
    Column("name", Text, nullable=False),
    Column("model", Text, nullable=False),
    UniqueConstraint("lab_id", "name"),
)

# An empty serial number or version is of a unit that was never opened.
unit = Table(
    "unit",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("serial", Text, nullable=False, unique=True),
)
firmware = Table(
    "firmware",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("version", Text, nullable=False, unique=True),
)

run = Table(
    "run",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("lab_id", Integer, ForeignKey("lab.id"), nullable=False),
    Column("name", Text, nullable=False),
    Column("host", Text, nullable=False),
    # Seconds since 1970, UTC. A run without an end was interrupted.
    Column("started", BigInteger, nullable=False),
    Column("ended", BigInteger),
    Column("exit_status", Integer),
    Column("lab_sha256", Text),
    Column("versions", Text, nullable=False),
    # Of what was put in: the same again changes nothing.
    Column("digest", Text, nullable=False),
    UniqueConstraint("lab_id", "name", "host"),
    Index("run_started", "lab_id", "started"),
)

visit = Table(
    "visit",
    metadata,
    Column("run_id", Integer, ForeignKey("run.id"), primary_key=True, autoincrement=False),
    Column("place_id", Integer, ForeignKey("place.id"), primary_key=True, autoincrement=False),
    Column("unit_id", Integer, ForeignKey("unit.id"), nullable=False),
    Column("firmware_id", Integer, ForeignKey("firmware.id"), nullable=False),
    # Of the lane; null where the run was interrupted, or comes from JUnit XML.
    Column("milliseconds", Integer),
    Column("restarts", Integer),
    Column("restart_floor", Integer),
    sqlite_with_rowid=False,
)

restart = Table(
    "restart",
    metadata,
    Column("run_id", Integer, primary_key=True, autoincrement=False),
    Column("place_id", Integer, primary_key=True, autoincrement=False),
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("way", Text, nullable=False),
    Column("down_milliseconds", Integer, nullable=False),
    Column("web_milliseconds", Integer, nullable=False),
    Column("booted_milliseconds", Integer, nullable=False),
    ForeignKeyConstraint(["run_id", "place_id"], ["visit.run_id", "visit.place_id"]),
    sqlite_with_rowid=False,
)

incident = Table(
    "incident",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("run_id", Integer, ForeignKey("run.id"), nullable=False, index=True),
    Column("fault", Text, nullable=False),
    Column("line", Text, nullable=False),
)

verdict = Table(
    "verdict",
    metadata,
    Column("run_id", Integer, primary_key=True, autoincrement=False),
    Column("place_id", Integer, primary_key=True, autoincrement=False),
    Column("claim_id", Integer, ForeignKey("claim.id"), primary_key=True, autoincrement=False),
    Column("verdict", SmallInteger, nullable=False),
    Column("milliseconds", Integer, nullable=False),
    Column("incident_id", Integer, ForeignKey("incident.id")),
    ForeignKeyConstraint(["run_id", "place_id"], ["visit.run_id", "visit.place_id"]),
    sqlite_with_rowid=False,
)

COUNTS = tuple(one.value.replace("-", "_") for one in VERDICTS)

# Counted once, when a run is put in: a year at a glance needs no look at its millions of verdicts.
tally_of_place = Table(
    "tally_of_place",
    metadata,
    Column("run_id", Integer, ForeignKey("run.id"), primary_key=True, autoincrement=False),
    Column("place_id", Integer, ForeignKey("place.id"), primary_key=True, autoincrement=False),
    *(Column(name, Integer, nullable=False, server_default="0") for name in COUNTS),
    sqlite_with_rowid=False,
)
tally_of_claim = Table(
    "tally_of_claim",
    metadata,
    Column("run_id", Integer, ForeignKey("run.id"), primary_key=True, autoincrement=False),
    Column("claim_id", Integer, ForeignKey("claim.id"), primary_key=True, autoincrement=False),
    *(Column(name, Integer, nullable=False, server_default="0") for name in COUNTS),
    sqlite_with_rowid=False,
)
TALLIES = ((tally_of_place, "place_id"), (tally_of_claim, "claim_id"))
