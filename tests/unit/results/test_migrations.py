"""A database of any earlier version becomes one of the newest, with all that it holds; a later one is left alone."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
import sqlalchemy as sa

from harness.errors import BenchError
from harness.fault import Verdict
from harness.results import schema
from harness.results.database import Database, database_at, migrate
from harness.results.ingest import ingest
from tests.unit.results.conftest import night_of
from tests.unit.results.test_ingest import contents

VERSIONS = Path(schema.__file__).parent / "migrations" / "versions"


def of_version(file: Path, version: str) -> sa.Engine:
    """An empty database as the migrations up to that version make it."""
    engine = sa.create_engine(f"sqlite:///{file}")
    with engine.begin() as connection:
        migrate(connection, version)
    return engine


def tables(engine: sa.Engine) -> dict[str, object]:
    found = sa.MetaData()
    found.reflect(engine)
    return {
        table.name: (
            [(column.name, str(column.type), column.nullable, column.primary_key) for column in table.columns],
            sorted(sorted(index.columns.keys()) for index in table.indexes),
            sorted(str(key.target_fullname) for key in table.foreign_keys),
        )
        for table in found.sorted_tables
        if table.name != "alembic_version"
    }


def of_version_1(night: int, place: int, claim: int) -> Verdict:
    """The verdicts that it knew."""
    return list(schema.VERDICTS)[(night + place + claim) % 6]


def test_a_database_of_version_1_keeps_its_runs(tmp_path: Path) -> None:
    """What version 1 had is written by today's program, and what it had not is taken away."""
    new, old = database_at(f"sqlite:///{tmp_path}/new"), tmp_path / "old"
    for night in range(3):
        ingest(new, night_of(night, becomes=of_version_1))
    expected = contents(new)
    of_version(old, "0001").dispose()
    with closing(sqlite3.connect(old)) as connection, connection:
        connection.execute("ATTACH ? AS new", (str(tmp_path / "new"),))
        later = {table.name for table, _ in schema.TALLIES}
        for table in schema.metadata.sorted_tables:
            if table.name not in {*later, "alembic_version"}:
                connection.execute(f"INSERT INTO {table.name} SELECT * FROM new.{table.name}")

    assert contents(database_at(f"sqlite:///{old}")) == expected

    with closing(sqlite3.connect(old)) as connection, connection:
        connection.execute("ATTACH ? AS new", (str(tmp_path / "new"),))
        for table, _ in schema.TALLIES:
            assert (
                connection.execute(f"SELECT * FROM {table.name} EXCEPT SELECT * FROM new.{table.name}").fetchall()
                == []
            )


def test_the_migrations_and_the_tables_are_the_same(tmp_path: Path, database: Database) -> None:
    ingest(database, night_of(0))

    migrated, made = of_version(tmp_path / "migrated", "head"), sa.create_engine(str(database))

    assert tables(migrated) == tables(made)


def test_the_newest_migration_is_the_one_that_the_program_knows() -> None:
    assert max(file.name[:4] for file in VERSIONS.glob("0*.py")) == schema.REVISION


def test_a_database_of_a_newer_program_is_left_alone(database: Database, tmp_path: Path) -> None:
    ingest(database, night_of(0))
    database.close()
    with closing(sqlite3.connect(tmp_path / "results.sqlite")) as connection, connection:
        connection.execute("UPDATE alembic_version SET version_num = '0099'")

    with pytest.raises(BenchError, match="is of a newer mcu-hil: its version is 0099, and this program knows"):
        ingest(database, night_of(1))
