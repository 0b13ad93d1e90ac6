"""The results database: opened, brought to the newest version, and told of in one line where it cannot be used."""

from __future__ import annotations

import importlib.util
import os
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import sqlalchemy as sa
from sqlalchemy.engine import URL, Connection, Engine, make_url
from sqlalchemy.exc import ArgumentError, DatabaseError, SQLAlchemyError

from harness.errors import BenchError, ConfigurationError
from harness.lab import Lab
from harness.results import schema

BUSY_SECONDS = 60.0
"""How long a writer waits for another one on the same SQLite file."""
MIGRATION_LOCK = 20_310
"""Of PostgreSQL: two programs do not bring one database up to date at once."""

WANTED = "want sqlite:///FILE or postgresql+psycopg://USER@HOST/NAME"
KINDS = ("sqlite", "postgresql+psycopg")


class Database:
    """A results database at the newest version; what is written in one block is there whole, or not at all.

    Raises BenchError, one line, where it cannot be reached, read or written, at the beginning of a block or in it.
    """

    def __init__(self, url: URL) -> None:
        self._url = url
        self._engine: Engine | None = None

    def __str__(self) -> str:
        """Without the password."""
        return self._url.render_as_string(hide_password=True)

    @property
    def is_there(self) -> bool:
        """Whether there is something to read; of a server this is not asked."""
        return self._file is None or self._file.is_file()

    @property
    def _file(self) -> Path | None:
        name = self._url.database
        return Path(name) if self._url.get_backend_name() == "sqlite" and name else None

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        with self._told():
            engine = self._opened()
            with engine.begin() as connection:
                yield connection

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        with self._told():
            engine = self._opened()
            with _writer(engine) as connection:
                yield connection

    @contextmanager
    def _told(self) -> Iterator[None]:
        try:
            yield
        except (SQLAlchemyError, OSError) as error:
            raise BenchError(f"results database {self}: {_reason(error)}") from error

    def close(self) -> None:
        if self._engine is not None:
            self._engine.dispose()
            self._engine = None

    def _opened(self) -> Engine:
        if self._engine is None:
            self._engine = _engine(self._url, self._file)
            try:
                with self._engine.begin() as connection:
                    is_newest = self._version(connection) == schema.REVISION
                if not is_newest:
                    with _writer(self._engine) as connection:
                        self._bring_up_to_date(connection)
            except BaseException:
                self.close()
                raise
        return self._engine

    def _bring_up_to_date(self, connection: Connection) -> None:
        if connection.dialect.name == "postgresql":
            connection.execute(sa.text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": MIGRATION_LOCK})
        found = self._version(connection)
        if found is None:
            schema.metadata.create_all(connection)
            connection.execute(sa.insert(schema.version).values(version_num=schema.REVISION))
        elif found < schema.REVISION:
            migrate(connection)

    def _version(self, connection: Connection) -> str | None:
        """None where there are no tables. Raises BenchError for those of a newer program."""
        if not sa.inspect(connection).has_table(schema.version.name):
            return None
        found = str(connection.execute(sa.select(schema.version.c.version_num)).scalar_one())
        if found > schema.REVISION:
            raise BenchError(
                f"results database {self} is of a newer mcu-hil: its version is {found}, and this program knows "
                f"{schema.REVISION}: install the newer mcu-hil, or name another database"
            )
        return found


def _writer(engine: Engine) -> AbstractContextManager[Connection]:
    return engine.execution_options(writes=True).begin()


def migrate(connection: Connection, to: str = "head") -> None:
    """The tables are those of a later version, and hold what they held; all in the connection's transaction."""
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(Path(__file__).with_name("migrations")))
    config.attributes["connection"] = connection
    command.upgrade(config, to)


def database_of(lab: Lab) -> Database:
    """The one that the lab file names. Raises ConfigurationError where that is no such name."""
    return Database(_located(lab.results.database.reveal("results: database"), lab.state_dir))


def database_at(text: str) -> Database:
    """The one that a person names. Raises ConfigurationError."""
    return Database(_located(text, Path()))


def _located(text: str, state_dir: Path) -> URL:
    try:
        url = make_url(text)
    except ArgumentError:
        # The text may hold a password.
        raise ConfigurationError(f"results: database: is no URL of a database: {WANTED}") from None
    if url.drivername not in KINDS:
        raise ConfigurationError(f"results: database: begins with {url.drivername!r}: {WANTED}")
    if url.get_backend_name() == "sqlite":
        if not url.database:
            raise ConfigurationError(f"results: database: names no file: {WANTED}")
        return url.set(database=str(state_dir / url.database))
    if importlib.util.find_spec("psycopg") is None:
        raise ConfigurationError("results: database: PostgreSQL needs the extra: pip install 'mcu-hil[postgresql]'")
    return url


def _engine(url: URL, file: Path | None) -> Engine:
    if file is None:
        return sa.create_engine(url, connect_args={"connect_timeout": 10})
    file.parent.mkdir(parents=True, exist_ok=True)
    # For the owner alone, as everything else of the lab.
    os.close(os.open(file, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600))
    engine = sa.create_engine(url, connect_args={"timeout": BUSY_SECONDS})

    @sa.event.listens_for(engine, "connect")
    def connected(connection: sa.engine.interfaces.DBAPIConnection, _record: object) -> None:
        # sqlite3 would begin transactions by itself, and not before it must.
        connection.isolation_level = None
        for setting in ("journal_mode = WAL", "foreign_keys = ON"):
            connection.execute(f"PRAGMA {setting}")

    @sa.event.listens_for(engine, "begin")
    def begun(connection: Connection) -> None:
        # A reader that becomes a writer cannot wait for another writer.
        connection.exec_driver_sql("BEGIN IMMEDIATE" if connection.get_execution_options().get("writes") else "BEGIN")

    return engine


def _reason(error: Exception) -> str:
    if isinstance(error, OSError):
        return f"{error.filename}: {error.strerror}"
    found = error.orig if isinstance(error, DatabaseError) and error.orig is not None else error
    return " ".join(str(found).split("\n(Background")[0].split()) or type(found).__name__
