"""A run in the database: once, whole or not at all, however many write at once."""

from __future__ import annotations

import random
import sqlite3
import subprocess
import sys
from contextlib import ExitStack, closing, suppress
from dataclasses import replace
from pathlib import Path

import pytest
import sqlalchemy as sa

from harness.errors import BenchError, ConfigurationError
from harness.fault import Verdict
from harness.results import schema
from harness.results.database import Database, database_at
from harness.results.ingest import RunResults, ingest
from tests.unit.results.conftest import night_of

TABLES = [table for table in schema.metadata.tables.values() if table is not schema.version]


def contents(database: Database) -> dict[str, int]:
    with database.reading() as connection:
        counted = {
            table.name: connection.execute(sa.select(sa.func.count()).select_from(table)).scalar_one()
            for table in TABLES
        }
    database.close()
    return counted


def mixed(night: int, place: int, claim: int) -> Verdict:
    return list(Verdict)[(night + place + claim) % len(Verdict)]


def test_a_run_put_in_twice_is_there_once(database: Database) -> None:
    assert ingest(database, night_of(0, becomes=mixed))
    once = contents(database)

    assert not ingest(database, night_of(0, becomes=mixed))

    assert contents(database) == once
    assert (once["run"], once["visit"], once["verdict"], once["restart"]) == (1, 3, 12, 3)


def test_what_was_interrupted_is_replaced_by_the_whole(database: Database) -> None:
    whole = night_of(0, places=3)
    ingest(database, replace(whole, ended=None, visits=whole.visits[:1]))

    assert not ingest(database, whole)

    assert contents(database)["verdict"] == 12
    with database.reading() as connection:
        assert connection.execute(sa.select(schema.run.c.ended)).scalar_one() == int(whole.ended.timestamp())  # type: ignore[union-attr]


def test_junit_xml_never_replaces_the_record_of_the_same_run(database: Database) -> None:
    whole = night_of(0)
    ingest(database, whole)

    assert not ingest(database, replace(whole, versions={}, visits=whole.visits[:1]))

    assert contents(database)["visit"] == 3


def test_tallies_are_what_the_verdicts_add_up_to(database: Database) -> None:
    for night in range(3):
        ingest(database, night_of(night, places=5, claims=7, becomes=mixed))

    with database.reading() as connection:
        for table, key in schema.TALLIES:
            found = {(row.run_id, row[1]): tuple(row[2:]) for row in connection.execute(sa.select(table))}
            verdicts = connection.execute(sa.select(schema.verdict)).all()
            assert found
            for (run, one), counts in found.items():
                mine = [row.verdict for row in verdicts if row.run_id == run and getattr(row, key) == one]
                assert counts == tuple(mine.count(number) for number in range(len(schema.COUNTS)))


def test_what_goes_wrong_in_the_middle_leaves_nothing_of_the_run(database: Database) -> None:
    ingest(database, night_of(0))
    before = contents(database)
    night = night_of(1)
    twice = replace(night, visits=(*night.visits, night.visits[0]))

    with pytest.raises(BenchError, match=r"results database sqlite:///.*: UNIQUE constraint failed"):
        ingest(database, twice)

    assert contents(database) == before


INGESTING = """
import sys
from harness.results.database import database_at
from harness.results.ingest import ingest
from tests.unit.results.conftest import night_of

database = database_at(sys.argv[1])
first, last = map(int, sys.argv[2:4])
print("ready", flush=True)
for night in range(first, last):
    ingest(database, night_of(night, places=8, claims=40))
"""


def ingesting(database: Database, first: int, last: int) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", INGESTING, str(database), str(first), str(last)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=Path(__file__).parents[3])


def test_many_processes_write_one_file(database: Database) -> None:
    """The first of them makes it, and nobody waits in vain for another."""
    with ExitStack() as stack:
        processes = [stack.enter_context(ingesting(database, 5 * number, 5 * number + 5)) for number in range(3)]

        assert [process.wait() for process in processes] == [0, 0, 0]
    assert contents(database) | {"claim": 40, "unit": 8} == contents(database)
    assert contents(database)["verdict"] == 15 * 8 * 40


def test_a_kill_at_any_moment_leaves_whole_runs_alone(database: Database) -> None:
    """And what was missing can be put in afterwards."""
    chance = random.Random(8)
    for _ in range(4):
        with ingesting(database, 0, 200) as process:
            assert process.stdout is not None
            assert process.stdout.readline() == "ready\n"
            with suppress(subprocess.TimeoutExpired):
                process.wait(chance.uniform(0.0, 0.6))
            process.kill()

        found = contents(database)
        with closing(sqlite3.connect(str(database).removeprefix("sqlite:///"))) as connection:
            assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
            assert connection.execute("PRAGMA foreign_key_check").fetchall() == []
        assert (found["visit"], found["verdict"]) == (8 * found["run"], 320 * found["run"])

    done = contents(database)["run"]
    news = [ingest(database, night_of(night, places=8, claims=40)) for night in range(done + 2)]
    assert news == [False] * done + [True, True]


def test_a_file_that_is_no_database_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "results.sqlite").write_text("Dear diary, today nothing failed, and nobody was asked either. " * 9)

    with pytest.raises(BenchError) as told:
        ingest(database_at(f"sqlite:///{tmp_path}/results.sqlite"), night_of(0))

    assert str(told.value) == f"results database sqlite:///{tmp_path}/results.sqlite: file is not a database"


def test_a_folder_that_cannot_be_made_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "file").touch()

    with pytest.raises(BenchError, match=r"^results database sqlite:///.*/results.sqlite: .*/file: File exists$"):
        ingest(database_at(f"sqlite:///{tmp_path}/file/results.sqlite"), night_of(0))


def test_a_database_is_for_its_owner_alone(database: Database, tmp_path: Path) -> None:
    ingest(database, night_of(0))

    assert (tmp_path / "results.sqlite").stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize(
    "url", ["results.sqlite", "mysql://lab:hunter2@db/x", "postgresql://lab:hunter2@db/x", "sqlite://", "://hunter2"]
)
def test_another_url_is_refused_without_its_password(url: str) -> None:
    with pytest.raises(ConfigurationError, match="want sqlite:///FILE or postgresql") as told:
        database_at(url)

    assert "hunter2" not in str(told.value)


def test_the_password_of_a_server_is_not_told() -> None:
    database = database_at("postgresql+psycopg://lab:hunter2@127.0.0.1:1/x")

    with pytest.raises(BenchError, match="refused") as told:
        ingest(database, RunResults.__new__(RunResults))

    assert "hunter2" not in str(told.value)
    assert "\n" not in str(told.value)
