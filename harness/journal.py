"""What units are owed, on disk before anything is changed on them.

One file a place, in the lab's state directory, written as a whole: it is there from before the first change on a unit
until a handshake has proved that the unit has its baseline again. Whatever becomes of the process that wrote it, the
next one that leases the place finds it. A private key is never in it.
"""

from __future__ import annotations

import base64
import json
import os
import tempfile
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from harness.errors import BenchError
from harness.tls.handshake import fingerprint


@dataclass(frozen=True)
class Debt:
    """What the unit of one place is to be left with, and who has not yet seen to it."""

    place: str
    serial: str
    """Of the unit that is owed; empty where it did not tell."""
    leaf: bytes
    """DER, of the certificate that it is to serve."""
    since: str
    """ISO 8601, UTC."""
    doing: str
    """The run or command."""
    during: str
    """The experiment that was under way last."""
    pid: int
    """The process."""
    passing: bool
    """Whether the unit is an emulated one that the process itself has started, and is gone with it."""

    @property
    def is_over(self) -> bool:
        """Whether the unit that was owed something is no more."""
        return self.passing and self.pid != os.getpid()

    @property
    def baseline(self) -> str:
        # Of a unit without HTTPS nobody has seen one.
        return f"sha256:{fingerprint(self.leaf)}" if self.leaf else "that no custom pair waits for a restart"

    def __str__(self) -> str:
        return (
            f"{self.place} ({self.serial}) is owed {self.baseline}, since {self.since} ({self.doing}: {self.during})"
        )


class Journal:
    """The debts of one lab. Whoever writes about a place holds its lease."""

    def __init__(self, state_dir: Path) -> None:
        self._folder = state_dir / "journal"

    def owe(self, debt: Debt) -> None:
        """On disk, and there after a loss of power. Raises BenchError where it cannot be: then change nothing."""
        try:
            self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            self._write(debt)
        except OSError as error:
            raise BenchError(f"{debt.place}: cannot write {self._folder}: {error.strerror}") from error

    def during(self, place: str, what: str) -> None:
        """The debt of this place, if it has one, names what is under way. Raises BenchError as `owe` does."""
        if (debt := self.of(place)) is not None:
            self.owe(replace(debt, during=what))

    def settled(self, place: str) -> None:
        """Nothing is owed any more."""
        try:
            self._file(place).unlink(missing_ok=True)
            _sync_folder(self._folder)
        except FileNotFoundError:
            return
        except OSError as error:
            raise BenchError(f"{place}: cannot write {self._folder}: {error.strerror}") from error

    def of(self, place: str) -> Debt | None:
        """What this place is owed. Raises BenchError where its file cannot be read."""
        file = self._file(place)
        try:
            facts = json.loads(file.read_text(encoding="utf-8"))
            return Debt(**facts | {"leaf": base64.b64decode(facts["leaf"], validate=True)})
        except (FileNotFoundError, NotADirectoryError):
            return None
        except (OSError, ValueError, TypeError, KeyError) as error:
            raise BenchError(
                f"{place}: {file} tells what its unit is owed, and cannot be read: bring the unit back to its"
                f" baseline by hand, then mcu-hil lab release {place}"
            ) from error

    def _file(self, place: str) -> Path:
        return self._folder / f"{place}.json"

    def _write(self, debt: Debt) -> None:
        facts = asdict(debt) | {"leaf": base64.b64encode(debt.leaf).decode()}
        descriptor, name = tempfile.mkstemp(dir=self._folder, prefix=f".{debt.place}-")
        try:
            with os.fdopen(descriptor, "w", encoding="utf-8") as file:
                json.dump(facts, file)
                file.flush()
                os.fsync(file.fileno())
            # Never half: either this debt or the one before (rename(2)); then the name is made to last (fsync(2)).
            Path(name).replace(self._file(debt.place))
        except BaseException:
            Path(name).unlink(missing_ok=True)
            raise
        _sync_folder(self._folder)


def now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
