"""Starts emulated units in a process of their own. They are then reached as any unit is: over the network."""

from __future__ import annotations

import http.client
import json
import select
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Any, NoReturn
from urllib.parse import urlsplit

from harness.deadline import Deadline
from harness.emulator.blueprint import Blueprint
from harness.emulator.chassis import Chassis
from harness.emulator.faults import Faults
from harness.emulator.report import Report
from harness.errors import BenchError
from harness.lab import Place

START_SECONDS = 60.0
STOP_SECONDS = 5.0
CONTROL_SECONDS = 10.0


@dataclass(frozen=True)
class Emulation:
    """Units that listen, except those that could not.

    What follows `wait` is the control interface: for tests of the harness, never for a driver, which must not know
    that a unit is emulated. Its methods raise BenchError where the process does not do as asked.
    """

    failed: dict[str, str]
    """Place name to one line that says why; `127.10.0.3:8443 is in use by another program`."""
    overview: str
    """The address of a page with all units, for a browser."""
    _token: str = field(repr=False)
    _process: subprocess.Popen[bytes] = field(repr=False)

    def wait(self) -> NoReturn:
        """For a person to end us. Raises BenchError should the units end of themselves."""
        status = self._process.wait()
        raise BenchError(f"the emulated units have ended (status {status})")

    def truth(self, place: str) -> Report:
        """What the unit of this place really stores, serves and does."""
        return Report.from_document(self._request("GET", f"/units/{place}", None))

    def cut_power(self, place: str) -> None:
        """Now, and for a moment: the unit starts again by itself."""
        self._request("POST", f"/units/{place}/cut-power", {})

    def cut_power_after(self, place: str, steps: int) -> None:
        """In place of the flash operation that comes after so many more; the unit then starts again by itself."""
        self._request("POST", f"/units/{place}/cut-power-after", {"steps": steps})

    def damage_flash(self, place: str) -> None:
        """One octet of the stored pair's file; it shows at the next start. BenchError where no pair is stored."""
        self._request("POST", f"/units/{place}/damage-flash", {})

    def power_off(self, place: str) -> None:
        self._request("POST", f"/units/{place}/power-off", {})

    def power_on(self, place: str) -> None:
        self._request("POST", f"/units/{place}/power-on", {})

    def suffer(self, place: str, faults: Faults) -> None:
        """Of the bench, from now on; `Faults()` ends all of them."""
        self._request("POST", f"/units/{place}/faults", faults.document())

    def freeze(self) -> None:
        """All units of this process, their lines and this interface fall silent, as where the network is gone: what
        is open stays open, and nothing is answered."""
        self._process.send_signal(signal.SIGSTOP)

    def thaw(self) -> None:
        """As if nothing had been."""
        self._process.send_signal(signal.SIGCONT)

    def _request(self, method: str, path: str, arguments: dict[str, Any] | None) -> dict[str, Any]:
        connection = http.client.HTTPConnection(urlsplit(self.overview).netloc, timeout=CONTROL_SECONDS)
        body = None if arguments is None else json.dumps(arguments)
        try:
            connection.request(method, path, body, {"Authorization": f"Bearer {self._token}"})
            answer = connection.getresponse()
            document: dict[str, Any] = json.loads(answer.read())
        except (OSError, http.client.HTTPException, ValueError) as error:
            raise BenchError(f"the control interface of the emulated units does not answer: {error}") from error
        finally:
            connection.close()
        if answer.status != http.client.OK:
            raise BenchError(f"{method} {path}: {document['error']}")
        return document


@contextmanager
def emulated_units(places: Sequence[Place], chassis: Sequence[Chassis] = ()) -> Iterator[Emulation]:
    """The units of these places, all emulated, for as long as the block lasts or this process lives; and the
    Supervisors of chassis that some of them are in, by lab file or by `chassis`.

    Raises ConfigurationError where one cannot be emulated as described, BenchError where none could be started.
    """
    blueprints = [Blueprint.of(place) for place in places]
    chassis = [*Chassis.of(places), *chassis]
    # A session of its own: Ctrl-C ends us, and we still need the units to put them in order.
    with subprocess.Popen(
        [sys.executable, "-m", "harness.emulator"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        start_new_session=True,
    ) as process:
        try:
            yield _started(process, {"units": blueprints, "chassis": chassis})
        finally:
            _stop(process)


def _started(
    process: subprocess.Popen[bytes], wanted: Mapping[str, Sequence[Blueprint] | Sequence[Chassis]]
) -> Emulation:
    assert process.stdin is not None
    assert process.stdout is not None
    deadline = Deadline.after(START_SECONDS)
    # By the pipe, which nobody else reads: the document holds passwords.
    document = json.dumps({name: [one.document() for one in ones] for name, ones in wanted.items()})
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
    told = json.loads(line)
    return Emulation(told["failed"], told["desk"], told["token"], process)


def _stop(process: subprocess.Popen[bytes]) -> None:
    assert process.stdin is not None
    # What could not be written before cannot be now.
    with suppress(BrokenPipeError):
        process.stdin.close()
    try:
        process.wait(STOP_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
