"""Exclusive use of a place by one process: a lock that the kernel gives back when its holder dies.

One file a place in the lab's state directory, so that two runs meet at the same files. Beside the lock, the file
says who holds it, for whoever has to wait. Never fork while holding a lease: a forked child keeps the lock.

A place that runners on several machines share is acquired from its labgrid coordinator as well, under a name that no
other process has; it is released if it is still ours, and taken from owners of this machine that are dead.
"""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

from harness.coordinator import Acquired, Owner, Refused, session
from harness.deadline import Deadline
from harness.errors import BenchError, DeadlineExpired
from harness.lab import Labgrid, Place

LOOK_SECONDS = 0.25
"""Between two looks at a place that is waited for."""


@dataclass(frozen=True)
class Holder:
    """Who holds a lease, as they wrote it down."""

    pid: int
    since: str
    """Local time with its offset, to the second."""
    doing: str
    login: str = ""
    """HOST/USER, of what a coordinator knows."""

    def __str__(self) -> str:
        process = f"process {self.pid}" if self.pid else ""
        who = " of ".join(filter(None, (process, self.login)))
        return f"{who} since {self.since}" + (f" ({self.doing})" if self.doing else "")


class PlaceTaken(BenchError):
    """Somebody else holds the lease."""

    def __init__(self, place: str, holder: Holder | None, reason: str = "") -> None:
        """`reason` is why it is not given, where that is not that somebody holds it."""
        super().__init__(place, holder, reason)
        self.place = place
        self.holder = holder
        self.told = reason or f"held by {holder or 'another process'}"

    def __str__(self) -> str:
        return f"{self.place} is {self.told}: wait for it, or choose other places"


class LeaseLost(BenchError):
    """We held the place and do so no longer: nothing more may be done to it."""


Check = Callable[[], None]
"""Does nothing while the place is still ours; raises LeaseLost, or BenchError where nobody can say."""


@contextmanager
def leased(
    place: Place,
    state_dir: Path,
    doing: str,
    wait: float = 0.0,
    told: Callable[[str], None] | None = None,
    go_on: Callable[[], None] | None = None,
) -> Iterator[Check]:
    """Hold `place` for the block, on this machine and, where it has one, at its coordinator.

    Waits up to `wait` seconds for it; `told` hears who holds it, each time that it is another one; what `go_on`
    raises ends the wait. Raises PlaceTaken when it did not become free, BenchError where the state directory cannot
    be written or nobody answers.
    """
    with ExitStack() as stack:
        taken: list[PlaceTaken] = []

        def look() -> Check | None:
            if go_on is not None and taken:
                go_on()
            try:
                return stack.enter_context(_held(place, state_dir, doing))
            except PlaceTaken as error:
                if told is not None and (not taken or taken[-1].told != error.told):
                    told(error.told)
                taken[:] = [error]
                return None

        try:
            check = Deadline.after(wait).wait_for(f"lease of {place.name}", look, LOOK_SECONDS)
        except DeadlineExpired:
            raise taken[0] from None
        yield check


@contextmanager
def _held(place: Place, state_dir: Path, doing: str) -> Iterator[Check]:
    with lease(place.name, state_dir, doing) as check_here:
        if place.labgrid is None:
            yield check_here
            return
        # The file too: it is there at once, and a coordinator forgets what it has given when it is started anew.
        with _acquired(place.name, place.labgrid, doing) as check_there:

            def check() -> None:
                check_here()
                check_there()

            yield check


@contextmanager
def lease(place: str, state_dir: Path, doing: str) -> Iterator[Check]:
    """Hold `place` on this machine for the block; raises PlaceTaken at once where another process (or thread) does.

    Raises BenchError where the state directory cannot be written.
    """
    folder = state_dir / "leases"
    file = folder / f"{place}.lock"
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        descriptor = os.open(file, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise BenchError(f"{place}: no lease: cannot write {folder}: {error.strerror}") from error

    def check() -> None:
        if not _is(file, descriptor):
            raise LeaseLost(f"{place}: {file} was removed while we held it: nothing more is done to the unit")

    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise PlaceTaken(place, _read(descriptor)) from None
        if not _is(file, descriptor):
            # Removed after it was opened: who comes next locks another file.
            raise PlaceTaken(place, None)
        _write(descriptor, Holder(os.getpid(), _local(datetime.now(UTC)), doing))
        try:
            yield check
        finally:
            os.ftruncate(descriptor, 0)
    finally:
        os.close(descriptor)


@contextmanager
def _acquired(name: str, at: Labgrid, doing: str) -> Iterator[Check]:
    """Hold the place at its coordinator for the block."""
    ours = Owner.ours(doing)
    owner = str(ours)

    def check() -> None:
        found = session(at.coordinator, owner).acquired(at.place)
        if found.owner != owner:
            raise LeaseLost(
                f"{name}: labgrid says that the place {at.place!r} is held by {_holder(found) or 'nobody'}, and no"
                " longer by us: nothing more is done to the unit"
            )

    there = session(at.coordinator, owner)
    try:
        there.acquire(at.place)
    except Refused as refused:
        found = there.acquired(at.place)
        was = Owner.read(found.owner)
        if was is None or not was.is_dead(ours):
            if not found.owner and "already acquired" not in str(refused):
                # Reserved for somebody, or a resource of it is not free, or not yet again.
                raise PlaceTaken(name, None, f"not given by the coordinator {at.coordinator} ({refused})") from None
            raise PlaceTaken(name, _holder(found)) from None
        # Of two who see this at once, the second releases nothing: it names the dead owner too.
        there.release(at.place, found.owner)
        try:
            there.acquire(at.place)
        except Refused:
            raise PlaceTaken(name, _holder(there.acquired(at.place))) from None
    try:
        yield check
    finally:
        # A coordinator that is gone has forgotten it.
        with suppress(BenchError, Refused):
            session(at.coordinator, owner).release(at.place, owner)


def _holder(found: Acquired) -> Holder | None:
    if not found.owner:
        return None
    since = _local(datetime.fromtimestamp(found.changed, UTC))
    ours = Owner.read(found.owner)
    return Holder(0, since, "", found.owner) if ours is None else Holder(ours.pid, since, ours.doing, ours.login)


def _local(moment: datetime) -> str:
    return moment.astimezone().isoformat(" ", "seconds")


def _is(file: Path, descriptor: int) -> bool:
    """Whether this is still the file of that name."""
    try:
        return os.path.samestat(file.stat(), os.fstat(descriptor))
    except FileNotFoundError:
        return False


def _write(descriptor: int, holder: Holder) -> None:
    os.ftruncate(descriptor, 0)
    os.pwrite(descriptor, json.dumps(asdict(holder)).encode(), 0)


def _read(descriptor: int) -> Holder | None:
    # The holder may be writing at this moment: then nobody can say who it is, and the lock is held all the same.
    try:
        return Holder(**json.loads(os.pread(descriptor, 4096, 0)))
    except (ValueError, TypeError):
        return None
