"""What lanes say while they work, and how it reaches the process that shows it.

Under pytest-xdist the lanes are in worker processes and the terminal is the controller's. Workers send datagrams to a
Unix socket: a lost one costs a moment of display, and a slow reader holds up nobody. Where a worker was when it was
lost, it tells by a bookmark.
"""

from __future__ import annotations

import json
import os
import socket
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Collected:
    """A process has collected its tests: `claims` by place, and tests that need no unit."""

    claims: dict[str, int]
    others: int


@dataclass(frozen=True)
class Doing:
    """A lane has begun something; an empty `what` means that it is done."""

    place: str
    what: str


@dataclass(frozen=True)
class Done:
    """A lane has finished something worth a line."""

    place: str
    what: str
    seconds: float
    facts: str = ""


@dataclass(frozen=True)
class LaneReport:
    """What a lane has to say when it is over: plain values, as they cross from a worker to the controller."""

    place: str
    seconds: float
    restarts: int
    restart_floor: int
    slowest_step: str
    slowest_seconds: float
    incidents: tuple[str, ...]
    faults: tuple[str, ...]
    """Whose, incident by incident."""
    notices: tuple[str, ...] = ()
    owed: str = ""
    """What its unit is still to be left with; empty where it was left so."""
    serial: str = ""
    """Of the unit, and its firmware, as it told them; empty where it was never opened."""
    firmware: str = ""
    timings: tuple[dict[str, str | float], ...] = ()
    """Of each restart that was waited for: `at`, `during`, `way`, `down_seconds`, `web_seconds`, `booted_seconds`."""


@dataclass(frozen=True)
class Said:
    """Something that whoever watches should know."""

    text: str


Message = Collected | Doing | Done | Said
Tell = Callable[[Message], None]

BOOKMARK_OCTETS = 8

KINDS: dict[str, type[Message]] = {kind.__name__: kind for kind in (Collected, Doing, Done, Said)}


@contextmanager
def telling(address: str, *, is_watched: bool = True) -> Iterator[Tell]:
    """A function that sends messages to the listener at `address`, and never waits for it.

    What lanes are at, nine messages in ten, goes to one who is watched alone: others show nothing of it.
    """
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as outbox:
        outbox.settimeout(0)

        def tell(message: Message) -> None:
            if isinstance(message, Doing) and not is_watched:
                return
            # Display only: a full queue, or a listener that is gone, is no reason to disturb a unit.
            with suppress(OSError):
                outbox.sendto(json.dumps([type(message).__name__, vars(message)]).encode(), address)

        yield tell


@contextmanager
def listening(heard: Callable[[Message], None]) -> Iterator[str]:
    """Receive messages for the block, and call `heard` for each, on a thread of its own. Yields the address."""
    with (
        # Not in the run's directory: the path of a Unix socket may have 107 bytes at most.
        tempfile.TemporaryDirectory(prefix="mcu-hil-") as folder,
        socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as inbox,
    ):
        address = str(Path(folder, "progress"))
        inbox.bind(address)
        thread = threading.Thread(target=_receive, args=(inbox, heard), name="progress", daemon=True)
        thread.start()
        try:
            yield address
        finally:
            with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as farewell:
                farewell.sendto(b"", address)
            thread.join()


def _receive(inbox: socket.socket, heard: Callable[[Message], None]) -> None:
    while data := inbox.recv(65536):
        name, facts = json.loads(data)
        heard(KINDS[name](**facts))


class Bookmark:
    """The number of the test that a worker is at, kept where it outlives the worker."""

    def __init__(self, file: Path) -> None:
        self._file = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, 0o600)

    def put(self, number: int) -> None:
        os.pwrite(self._file, number.to_bytes(BOOKMARK_OCTETS, "big"), 0)

    def close(self) -> None:
        os.close(self._file)


def read_bookmark(file: Path) -> int | None:
    """Where whoever has put it there was last; None before anything was begun."""
    try:
        found = file.read_bytes()
    except FileNotFoundError:
        return None
    return int.from_bytes(found, "big") if found else None
