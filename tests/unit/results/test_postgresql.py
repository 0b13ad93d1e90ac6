"""The same against a real PostgreSQL, started for these tests: on a Unix socket, by a user who is not root."""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa

from harness.deadline import Deadline
from harness.errors import BenchError
from harness.results import schema
from harness.results.changes import changes
from harness.results.database import Database, database_at, migrate
from harness.results.history import history_of
from harness.results.ingest import ingest
from harness.results.pages import pages_of
from tests.unit.results.conftest import night_of, place_name
from tests.unit.results.test_ingest import contents, mixed

# Debian keeps the programs of each version apart, and off the PATH.
FOUND = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
BINARIES = FOUND[-1].parent if FOUND else Path(shutil.which("initdb") or "/nowhere/initdb").parent
# PostgreSQL refuses to be root.
USER = "postgres" if os.geteuid() == 0 else pwd.getpwuid(os.geteuid()).pw_name

pytestmark = pytest.mark.skipif(
    not (BINARIES / "initdb").exists(), reason="PostgreSQL is not installed (Debian: postgresql)"
)


@pytest.fixture(scope="module")
def server() -> Iterator[Path]:
    """The folder of its socket."""
    folder = Path(tempfile.mkdtemp(prefix="mcu-hil-pg-"))
    shutil.chown(folder, USER)
    data = folder / "data"
    command: list[str | Path] = [
        BINARIES / "initdb",
        "--no-sync",
        "--auth=trust",
        "--username=lab",
        "--encoding=UTF8",
        "-D",
        data,
    ]
    subprocess.run(command, check=True, capture_output=True, user=USER, cwd=folder)
    serve: list[str | Path] = [
        BINARIES / "postgres",
        "-D",
        data,
        "-k",
        folder,
        "-c",
        "listen_addresses=",
        "-c",
        "fsync=off",
    ]
    with (
        (folder / "log").open("wb") as log,
        subprocess.Popen(serve, stdout=log, stderr=log, user=USER, cwd=folder) as process,
    ):
        Deadline.after(60).wait_for("PostgreSQL", lambda: ready(folder))
        yield folder
        process.terminate()
    shutil.rmtree(folder)


def ready(folder: Path) -> bool:
    asked: list[str | Path] = [BINARIES / "pg_isready", "-q", "-h", folder, "-U", "lab", "-d", "postgres"]
    return subprocess.run(asked, check=False).returncode == 0


@pytest.fixture
def url(server: Path, request: pytest.FixtureRequest) -> str:
    """Of a database of this test's own."""
    name = str(request.node.name)
    admin = sa.create_engine(f"postgresql+psycopg://lab@/postgres?host={server}", isolation_level="AUTOCOMMIT")
    with admin.connect() as connection:
        connection.execute(sa.text(f'CREATE DATABASE "{name}"'))
    admin.dispose()
    return f"postgresql+psycopg://lab@/{name}?host={server}"


@pytest.fixture
def database(url: str) -> Iterator[Database]:
    database = database_at(url)
    yield database
    database.close()


def test_a_run_put_in_twice_is_there_once(database: Database) -> None:
    assert ingest(database, night_of(0, becomes=mixed))
    once = contents(database)

    assert not ingest(database, night_of(0, becomes=mixed))

    assert contents(database) == once
    assert (once["run"], once["visit"], once["verdict"], once["restart"]) == (1, 3, 12, 3)


def test_the_history_is_that_of_sqlite(database: Database, tmp_path: Path) -> None:
    told = []
    for one in (database, database_at(f"sqlite:///{tmp_path}/results.sqlite")):
        for night in range(12):
            ingest(one, night_of(night, becomes=mixed, firmware="4.5(1.71)" if night > 8 else "4.3(2.18)"))
        chosen = history_of(one, "rack", 9, places=[place_name(1)], claims=["claim_002"])
        pages = dict(pages_of(one, history_of(one, "rack", 9)))
        told.append((history_of(one, "rack", 9).document(), chosen.document(), changes(one, "rack").lines(), pages))
        one.close()

    assert told[0] == told[1]


def test_runners_that_write_at_once_lose_nothing(url: str) -> None:
    """The first of them makes the tables; they come upon the same new claims."""
    problems = []

    def runner(number: int) -> None:
        database = database_at(url)
        try:
            for night in range(5 * number, 5 * number + 5):
                ingest(database, night_of(night, places=8, claims=40))
        except BenchError as error:
            problems.append(str(error))
        finally:
            database.close()

    threads = [threading.Thread(target=runner, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert problems == []
    assert contents(database_at(url))["verdict"] == 20 * 8 * 40


def test_the_migrations_and_the_tables_are_the_same(url: str, database: Database) -> None:
    def columns(connection: sa.Connection) -> dict[str, list[tuple[str, str]]]:
        found = sa.MetaData()
        found.reflect(connection)
        return {
            table.name: [(column.name, str(column.type)) for column in table.columns]
            for table in found.sorted_tables
            if table.name != schema.version.name
        }

    engine = sa.create_engine(url)
    with engine.begin() as connection:
        migrate(connection, "0001")
    ingest(database, night_of(0))
    with engine.begin() as connection:
        migrated = columns(connection)
        found = sa.MetaData()
        found.reflect(connection)
        found.drop_all(connection)
    database.close()
    ingest(database, night_of(0))
    with engine.begin() as connection:
        assert columns(connection) == migrated
    engine.dispose()


def test_a_server_that_is_not_there_is_one_line(server: Path) -> None:
    database = database_at(f"postgresql+psycopg://lab:hunter2@/none?host={server}")

    with pytest.raises(BenchError, match='database "none" does not exist') as told:
        ingest(database, night_of(0))

    assert "hunter2" not in str(told.value)
    assert "\n" not in str(told.value)
