"""Runs, places, units, firmware, claims, and what became of each claim."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def _id(name: str, to: str) -> sa.Column[int]:
    return sa.Column(name, sa.Integer, sa.ForeignKey(to), primary_key=True, autoincrement=False)


def upgrade() -> None:
    op.create_table(
        "lab",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("name", sa.Text, nullable=False, unique=True),
    )
    op.create_table(
        "claim",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("name", sa.Text, nullable=False, unique=True),
        sa.Column("experiment", sa.Text, nullable=False),
    )
    op.create_table(
        "place",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("lab_id", sa.Integer, sa.ForeignKey("lab.id"), nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("model", sa.Text, nullable=False),
        sa.UniqueConstraint("lab_id", "name"),
    )
    op.create_table(
        "unit",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("serial", sa.Text, nullable=False, unique=True),
    )
    op.create_table(
        "firmware",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("version", sa.Text, nullable=False, unique=True),
    )
    op.create_table(
        "run",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("lab_id", sa.Integer, sa.ForeignKey("lab.id"), nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("host", sa.Text, nullable=False),
        sa.Column("started", sa.BigInteger, nullable=False),
        sa.Column("ended", sa.BigInteger),
        sa.Column("exit_status", sa.Integer),
        sa.Column("lab_sha256", sa.Text),
        sa.Column("versions", sa.Text, nullable=False),
        sa.Column("digest", sa.Text, nullable=False),
        sa.UniqueConstraint("lab_id", "name", "host"),
    )
    op.create_index("run_started", "run", ["lab_id", "started"])
    op.create_table(
        "visit",
        _id("run_id", "run.id"),
        _id("place_id", "place.id"),
        sa.Column("unit_id", sa.Integer, sa.ForeignKey("unit.id"), nullable=False),
        sa.Column("firmware_id", sa.Integer, sa.ForeignKey("firmware.id"), nullable=False),
        sa.Column("milliseconds", sa.Integer),
        sa.Column("restarts", sa.Integer),
        sa.Column("restart_floor", sa.Integer),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "restart",
        *(
            sa.Column(name, sa.Integer, primary_key=True, autoincrement=False)
            for name in ("run_id", "place_id", "number")
        ),
        sa.Column("way", sa.Text, nullable=False),
        *(sa.Column(f"{name}_milliseconds", sa.Integer, nullable=False) for name in ("down", "web", "booted")),
        sa.ForeignKeyConstraint(["run_id", "place_id"], ["visit.run_id", "visit.place_id"]),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "incident",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("run_id", sa.Integer, sa.ForeignKey("run.id"), nullable=False),
        sa.Column("fault", sa.Text, nullable=False),
        sa.Column("line", sa.Text, nullable=False),
    )
    op.create_index("ix_incident_run_id", "incident", ["run_id"])
    op.create_table(
        "verdict",
        *(sa.Column(name, sa.Integer, primary_key=True, autoincrement=False) for name in ("run_id", "place_id")),
        _id("claim_id", "claim.id"),
        sa.Column("verdict", sa.SmallInteger, nullable=False),
        sa.Column("milliseconds", sa.Integer, nullable=False),
        sa.Column("incident_id", sa.Integer, sa.ForeignKey("incident.id")),
        sa.ForeignKeyConstraint(["run_id", "place_id"], ["visit.run_id", "visit.place_id"]),
        sqlite_with_rowid=False,
    )
