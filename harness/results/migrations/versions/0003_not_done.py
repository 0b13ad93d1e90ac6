"""Claims that a run did not come to because it was to end before: counted as well."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    for table in ("tally_of_place", "tally_of_claim"):
        # The program knew no such verdict before.
        op.add_column(table, sa.Column("not_done", sa.Integer, nullable=False, server_default="0"))
