"""The outlet of a place: a PDU that is reached by SSH and told one command an act (device-reference 9, mark I)."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from harness.drivers.known_hosts import KnownHosts
from harness.drivers.ssh import Door, logged_in, reason
from harness.drivers.wire import Record
from harness.errors import BenchError, ConfigurationError
from harness.lab import Place, Power
from harness.transport import DIRECT, Transport

if TYPE_CHECKING:
    import paramiko

ANSWER_SECONDS = 60.0
"""Some PDUs switch one relay after the other."""


class Outlet:
    """One connection to the PDU, so that a command takes effect soon after it is given."""

    def __init__(self, place: Place, power: Power, client: paramiko.SSHClient, record: Record) -> None:
        self._place = place
        self._power = power
        self._client = client
        self._record = record

    def on(self) -> None:
        self._command("on", self._power.on)

    def off(self) -> None:
        self._command("off", self._power.off)

    def _command(self, verb: str, command: str) -> None:
        """Raises BenchError where the PDU does not take it; whether it did as told shows at the unit alone."""
        import paramiko

        where = f"{self._place.name}: power: {self._power.where}"
        try:
            _, output, errors = self._client.exec_command(command, timeout=ANSWER_SECONDS)
            said = (output.read() + errors.read()).decode("utf-8", "replace")
            status = output.channel.recv_exit_status()
        except (paramiko.SSHException, OSError, EOFError) as error:
            raise BenchError(f"{where}: {verb}: the PDU does not answer: {reason(error)}") from error
        self._record("power", {"command": verb, "status": status})
        if status not in (0, -1):
            # -1: a PDU of the simpler kind tells no status.
            raise BenchError(f"{where}: {verb}: status {status}: {' '.join(said.split())[:200]!r}")


@contextmanager
def outlet_of(place: Place, record: Record, known: KnownHosts, through: Transport = DIRECT) -> Iterator[Outlet]:
    """The outlet of this place, logged in to; `through` is the way to its unit.

    Raises ConfigurationError where the place has none or its password cannot be found, BenchError where the PDU
    cannot be reached or lets nobody in.
    """
    power = place.power
    if power is None:
        raise ConfigurationError(f"{place.name}: has no outlet: give it a table `power` in the lab file")
    with logged_in(Door.of(place, "power", power, known, through)) as client:
        yield Outlet(place, power, client, record)
