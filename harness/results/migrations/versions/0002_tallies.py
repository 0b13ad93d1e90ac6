"""How many claims became what, by place and by claim, of each run: a year at a glance without its verdicts."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"

# As the verdicts are numbered in the database.
COUNTS = ("held", "failed", "blocked", "error", "known", "skipped")


def upgrade() -> None:
    for what in ("place", "claim"):
        op.create_table(
            f"tally_of_{what}",
            sa.Column("run_id", sa.Integer, sa.ForeignKey("run.id"), primary_key=True, autoincrement=False),
            sa.Column(f"{what}_id", sa.Integer, sa.ForeignKey(f"{what}.id"), primary_key=True, autoincrement=False),
            *(sa.Column(name, sa.Integer, nullable=False) for name in COUNTS),
            sqlite_with_rowid=False,
        )
        sums = ", ".join(f"sum(CASE WHEN verdict = {number} THEN 1 ELSE 0 END)" for number, _ in enumerate(COUNTS))
        op.execute(
            f"INSERT INTO tally_of_{what} (run_id, {what}_id, {', '.join(COUNTS)}) "
            f"SELECT run_id, {what}_id, {sums} FROM verdict GROUP BY run_id, {what}_id"
        )
