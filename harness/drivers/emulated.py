"""Starts emulated units in a process of their own. They are then reached as any unit is: over the network."""

from __future__ import annotations

import json
import select
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import NoReturn

from harness.deadline import Deadline
from harness.emulator.blueprint import Blueprint
from harness.errors import BenchError
from harness.lab import Place

START_SECONDS = 60.0
STOP_SECONDS = 5.0


@dataclass(frozen=True)
class Emulation:
    """Units that listen, except those that could not."""

    failed: dict[str, str]
    """Place name to one line that says why; `127.10.0.3:8443 is in use by another program`."""
    _process: subprocess.Popen[bytes] = field(repr=False)

    def wait(self) -> NoReturn:
        """For a person to end us. Raises BenchError should the units end of themselves."""
        status = self._process.wait()
        raise BenchError(f"the emulated units have ended (status {status})")


@contextmanager
def emulated_units(places: Sequence[Place]) -> Iterator[Emulation]:
    """The units of these places, all emulated, for as long as the block lasts or this process lives.

    Raises ConfigurationError where one cannot be emulated as described, BenchError where none could be started.
    """
    blueprints = [Blueprint.of(place) for place in places]
    # A session of its own: Ctrl-C ends us, and we still need the units to put them in order.
    with subprocess.Popen(
        [sys.executable, "-m", "harness.emulator"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        start_new_session=True,
    ) as process:
        try:
            yield _started(process, blueprints)
        finally:
            _stop(process)


def _started(process: subprocess.Popen[bytes], blueprints: list[Blueprint]) -> Emulation:
    assert process.stdin is not None
    assert process.stdout is not None
    deadline = Deadline.after(START_SECONDS)
    # By the pipe, which nobody else reads: the document holds passwords.
    document = json.dumps({"units": [blueprint.document() for blueprint in blueprints]})
    try:
        process.stdin.write(document.encode() + b"\n")
        process.stdin.flush()
    except BrokenPipeError:
        raise BenchError("the emulated units did not start: their process ended at once") from None
    readable, _, _ = select.select([process.stdout], [], [], deadline.remaining)
    if not readable:
        raise BenchError(f"the emulated units did not start within {START_SECONDS:g} s")
    line = process.stdout.readline()
    if not line:
        raise BenchError("the emulated units did not start: their process ended")
    return Emulation(json.loads(line)["failed"], process)


def _stop(process: subprocess.Popen[bytes]) -> None:
    assert process.stdin is not None
    # What could not be written before cannot be now.
    with suppress(BrokenPipeError):
        process.stdin.close()
    try:
        process.wait(STOP_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
