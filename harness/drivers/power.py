"""The outlet of a place: a PDU that is told one command an act over SSH (device-reference 9, mark I), or a PDU of a
model that labgrid can switch."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Protocol

from harness.deadline import Deadline, pause
from harness.drivers.known_hosts import KnownHosts
from harness.drivers.ssh import Door, logged_in, reason
from harness.drivers.wire import Record
from harness.errors import BenchError, ConfigurationError, DeadlineExpired
from harness.lab import LabgridPower, Place, Power
from harness.transport import DIRECT, Transport

if TYPE_CHECKING:
    import paramiko

ANSWER_SECONDS = 60.0
"""Some PDUs switch one relay after the other."""
SWITCH_SECONDS = 10.0
"""How long a PDU may go on telling what it was before it was told otherwise."""
LOOK_SECONDS = 0.5
WORD = re.compile(r"\b(?:(on|true|enabled)|(?:off|false|disabled))\b")
FIGURE = re.compile(r"(?<![\w.])(?:(1)|0)(?![\w.])")


def told_state(said: str) -> bool | None:
    """Whether these words of a PDU tell that its outlet is on; None where they do not.

    The last one counts, and a word more than a figure: before them may stand the number of the outlet.
    """
    for pattern in (WORD, FIGURE):
        if found := [*pattern.finditer(said.casefold())]:
            return found[-1][1] is not None
    return None


class Outlet(Protocol):
    """The power of one unit. Everything raises BenchError where the PDU does not do as told."""

    def off(self) -> None: ...

    def on(self) -> None: ...

    def interrupt(self, is_off: Callable[[], None]) -> None:
        """The power went and came; in between `is_off` was asked, where there is a moment for it."""

    def state(self) -> bool | None:
        """Whether the unit has power, as the PDU tells; None where it does not."""


class SshOutlet:
    """One connection to the PDU, so that a command takes effect soon after it is given."""

    def __init__(self, place: Place, power: Power, client: paramiko.SSHClient, record: Record) -> None:
        self._where = f"{place.name}: power: {power.where}"
        self._power = power
        self._client = client
        self._record = record

    def off(self) -> None:
        self._switch("off", self._power.off, on=False)

    def on(self) -> None:
        self._switch("on", self._power.on, on=True)

    def interrupt(self, is_off: Callable[[], None]) -> None:
        if self._power.off is None:
            self._switch("cycle", self._power.cycle, on=True)
            return
        self.off()
        try:
            is_off()
        finally:
            self.on()

    def state(self) -> bool | None:
        if self._power.state is None:
            return None
        said = self._command("state", self._power.state)
        if (state := told_state(said)) is None:
            raise BenchError(f"{self._where}: state: says neither on nor off: {' '.join(said.split())[:200]!r}")
        return state

    def _switch(self, verb: str, command: str | None, *, on: bool) -> None:
        """Raises ConfigurationError where there is no such command, BenchError where its `state` stays another."""
        if command is None:
            raise ConfigurationError(f"{self._where}: has only `cycle`: give it `on` and `off` in the lab file")
        self._command(verb, command)
        try:
            Deadline.after(SWITCH_SECONDS).wait_for("state", lambda: self.state() in (on, None), LOOK_SECONDS)
        except DeadlineExpired:
            still = "off" if on else "on"
            raise BenchError(
                f"{self._where}: {verb}: took the command, and says that the outlet is {still}"
            ) from None

    def _command(self, verb: str, command: str) -> str:
        """What it said. Raises BenchError where it does not take it; whether it did as told shows at the unit."""
        import paramiko

        try:
            _, output, errors = self._client.exec_command(command, timeout=ANSWER_SECONDS)
            said = (output.read() + errors.read()).decode("utf-8", "replace")
            status = output.channel.recv_exit_status()
        except (paramiko.SSHException, OSError, EOFError) as error:
            raise BenchError(f"{self._where}: {verb}: the PDU does not answer: {reason(error)}") from error
        self._record("power", {"command": verb, "status": status})
        if status not in (0, -1):
            # -1: a PDU of the simpler kind tells no status.
            raise BenchError(f"{self._where}: {verb}: status {status}: {' '.join(said.split())[:200]!r}")
        return said


class LabgridOutlet:
    """A PDU of one of labgrid's models; only its module is used, and none of the rest of labgrid."""

    def __init__(self, place: Place, power: LabgridPower, record: Record) -> None:
        """Raises ConfigurationError where labgrid is not installed, or does not know the model."""
        from harness.drivers.labgrid_power import switch_of

        self._where = f"{place.name}: power: {power.where}"
        self._power = power
        self._record = record
        self._switch = switch_of(power, self._where)

    def off(self) -> None:
        self._set(on=False)

    def on(self) -> None:
        self._set(on=True)

    def interrupt(self, is_off: Callable[[], None]) -> None:
        self.off()
        try:
            pause(self._power.off_seconds)
            is_off()
        finally:
            self.on()

    def state(self) -> bool | None:
        return self._switch.state()

    def _set(self, *, on: bool) -> None:
        self._switch.turn(on=on)
        self._record("power", {"command": "on" if on else "off", "model": self._power.labgrid})


@contextmanager
def outlet_of(place: Place, record: Record, known: KnownHosts, through: Transport = DIRECT) -> Iterator[Outlet]:
    """The outlet of this place, logged in to; `through` is the way to its unit.

    Raises ConfigurationError where the place has none or its password cannot be found, BenchError where the PDU
    cannot be reached or lets nobody in.
    """
    match place.power:
        case None:
            raise ConfigurationError(f"{place.name}: has no outlet: give it a table `power` in the lab file")
        case LabgridPower() as power:
            # labgrid's drivers open their connections themselves: no gateway leads to them.
            yield LabgridOutlet(place, power, record)
        case power:
            with logged_in(Door.of(place, "power", power, known, through)) as client:
                yield SshOutlet(place, power, client, record)
