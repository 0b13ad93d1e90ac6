"""Exclusive use of a place by one process: a lock that the kernel gives back when its holder dies.

One file a place in the lab's state directory, so that two runs meet at the same files. Beside the lock, the file
says who holds it, for whoever has to wait. Never fork while holding a lease: a forked child keeps the lock.
"""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

from harness.errors import BenchError


@dataclass(frozen=True)
class Holder:
    """Who holds a lease, as they wrote it down."""

    pid: int
    since: str
    """Local time with its offset, to the second."""
    doing: str

    def __str__(self) -> str:
        return f"process {self.pid} since {self.since} ({self.doing})"


class PlaceTaken(BenchError):
    """Somebody else holds the lease."""

    def __init__(self, place: str, holder: Holder | None) -> None:
        super().__init__(place, holder)
        self.place = place
        self.holder = holder

    def __str__(self) -> str:
        return f"{self.place} is held by {self.holder or 'another process'}: wait for it, or choose other places"


@contextmanager
def lease(place: str, state_dir: Path, doing: str) -> Iterator[None]:
    """Hold `place` for the block; raises PlaceTaken at once where another process (or thread) holds it.

    Raises BenchError where the state directory cannot be written.
    """
    folder = state_dir / "leases"
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        descriptor = os.open(folder / f"{place}.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise BenchError(f"{place}: no lease: cannot write {folder}: {error.strerror}") from error
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise PlaceTaken(place, _read(descriptor)) from None
        _write(descriptor, Holder(os.getpid(), datetime.now(UTC).astimezone().isoformat(" ", "seconds"), doing))
        try:
            yield
        finally:
            os.ftruncate(descriptor, 0)
    finally:
        os.close(descriptor)


def _write(descriptor: int, holder: Holder) -> None:
    os.ftruncate(descriptor, 0)
    os.pwrite(descriptor, json.dumps(asdict(holder)).encode(), 0)


def _read(descriptor: int) -> Holder | None:
    # The holder may be writing at this moment: then nobody can say who it is, and the lock is held all the same.
    try:
        return Holder(**json.loads(os.pread(descriptor, 4096, 0)))
    except (ValueError, TypeError):
        return None
