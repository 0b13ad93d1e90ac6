"""The outlet of a place: a PDU that is reached by SSH and told one command an act (device-reference 9, mark I)."""

from __future__ import annotations

import logging
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from harness.drivers.wire import Record
from harness.errors import BenchError, ConfigurationError
from harness.lab import Place, Power

if TYPE_CHECKING:
    import paramiko

CONNECT_SECONDS = 20.0
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

        where = f"{self._place.name}: power: {self._power.ssh}:{self._power.port}"
        try:
            _, output, errors = self._client.exec_command(command, timeout=ANSWER_SECONDS)
            said = (output.read() + errors.read()).decode("utf-8", "replace")
            status = output.channel.recv_exit_status()
        except (paramiko.SSHException, OSError) as error:
            raise BenchError(f"{where}: {verb}: the PDU does not answer: {_reason(error)}") from error
        self._record("power", {"command": verb, "status": status})
        if status not in (0, -1):
            # -1: a PDU of the simpler kind tells no status.
            raise BenchError(f"{where}: {verb}: status {status}: {' '.join(said.split())[:200]!r}")


@contextmanager
def outlet_of(place: Place, record: Record) -> Iterator[Outlet]:
    """The outlet of this place, logged in to.

    Raises ConfigurationError where the place has none or its password cannot be found, BenchError where the PDU
    cannot be reached or lets nobody in.
    """
    power = place.power
    if power is None:
        raise ConfigurationError(f"{place.name}: has no outlet: give it a table `power` in the lab file")
    import paramiko

    # What it has to say of a broken connection is in the errors that are raised here.
    logging.getLogger("paramiko").setLevel(logging.CRITICAL)
    where = f"{place.name}: power: {power.ssh}:{power.port}"
    password = power.password.reveal(f"{place.name}: power password") if power.password is not None else None
    with paramiko.SSHClient() as client:
        client.load_system_host_keys()
        # A host that nobody knows is let in, one that has become another is not.
        client.set_missing_host_key_policy(paramiko.AutoAddPolicy())
        try:
            _log_in(client, power, password)
        except (paramiko.SSHException, OSError) as error:
            raise BenchError(f"{where}: cannot log in as {power.user!r}: {_reason(error)}") from error
        yield Outlet(place, power, client, record)


def _log_in(client: paramiko.SSHClient, power: Power, password: str | None) -> None:
    import paramiko

    key_file = None if power.key_file is None else str(power.key_file)
    try:
        client.connect(
            power.ssh,
            power.port,
            power.user,
            password,
            key_filename=key_file,
            timeout=CONNECT_SECONDS,
            banner_timeout=CONNECT_SECONDS,
            auth_timeout=CONNECT_SECONDS,
            allow_agent=password is None,
            look_for_keys=password is None,
        )
    except paramiko.SSHException:
        transport = client.get_transport()
        if password is not None or key_file is not None or transport is None or not transport.is_active():
            raise
        # Whoever knows the name gets in: RFC 4252 5.2.
        transport.auth_none(power.user)


def _reason(error: Exception) -> str:
    if isinstance(error, TimeoutError | socket.timeout):
        return "no answer in time"
    strerror = error.strerror if isinstance(error, OSError) else None
    return (strerror or str(error) or type(error).__name__).splitlines()[0][:200]
