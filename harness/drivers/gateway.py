"""Units behind an SSH gateway: one connection to each gateway for all of this process, made anew when it is lost."""

from __future__ import annotations

import errno
import math
import socket
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING

from harness.deadline import Deadline
from harness.drivers.channels import carried
from harness.drivers.known_hosts import HostKeyChanged, KnownHosts
from harness.drivers.ssh import Door, log_in, reason
from harness.errors import BenchError
from harness.lab import Gateway, Place
from harness.transport import DIRECT, Transport, WayBroken

if TYPE_CHECKING:
    import paramiko

    from harness.drivers.ssh_link import Link

CONNECT_SECONDS = 10.0
"""For a unit behind it, where the caller does not say."""
RECONNECT_SECONDS = 20.0
"""How long a gateway that was lost is waited for before everybody behind it is told."""
RETRY_SECONDS = 0.5
ANSWER_SECONDS = 5.0
DYING_SECONDS = 1.0
"""How long a connection may take to notice that it has ended."""
PROHIBITED, CONNECT_FAILED = 1, 2
"""RFC 4254 5.1."""


class SshGateway:
    """Implements harness.transport.Transport. Threads share the connection; one at a time makes it anew."""

    def __init__(self, server: Gateway, known: KnownHosts) -> None:
        """Nothing is connected until somebody asks for a port."""
        self._known = known
        self._door = Door("gateway", server, known)
        self._connecting = threading.Lock()
        self._noting = threading.Lock()
        self._client: paramiko.SSHClient | None = None
        self._was_up = False
        self._failed_at = self._lost_at = self._cut_at = -math.inf
        self._failure = self._loss = ""

    @property
    def name(self) -> str:
        return self._door.server.where

    @property
    def notices(self) -> tuple[str, ...]:
        return self._known.notices

    def connect(self, address: str, port: int, seconds: float | None) -> socket.socket:
        seconds = CONNECT_SECONDS if seconds is None else seconds
        link = self._link()
        try:
            channel = self._opened(link, address, port, seconds)
        except WayBroken:
            if link.is_active():
                raise
            # It was lost before anybody had noticed.
            channel = self._opened(self._link(), address, port, seconds)
        return carried(channel, self._note_cut)

    def check(self) -> None:
        """A connection stands, and the gateway answers by it."""
        for _ in range(2):
            link = self._link()
            if self._answers(link):
                return
            # One that hangs is made anew.
            link.close()
        raise WayBroken(f"{self._door.where}: it is connected, and does not answer")

    def trouble_since(self, moment: float) -> str:
        link = self._current()
        if link is not None and self._cut_at >= moment:
            # Channels end a moment before their connection does.
            link.join(DYING_SECONDS)
        self._note_loss()
        return self._loss if self._lost_at >= moment else ""

    def _current(self) -> Link | None:
        from harness.drivers.ssh_link import Link

        link = None if self._client is None else self._client.get_transport()
        return link if isinstance(link, Link) else None

    def _link(self) -> Link:
        """The connection. Raises WayBroken where none can be had, ConfigurationError where the lab file is wrong."""
        asked = time.monotonic()
        with self._connecting:
            link = self._current()
            if link is not None and link.is_active():
                return link
            self._note_loss()
            if self._failed_at >= asked:
                # Somebody else has tried while we waited for our turn.
                raise WayBroken(self._failure)
            try:
                self._client = self._logged_in()
            except BenchError as error:
                self._was_up, self._failed_at, self._failure = False, time.monotonic(), str(error)
                raise WayBroken(self._failure) from error
            self._was_up = True
            link = self._current()
            assert link is not None
            return link

    def _logged_in(self) -> paramiko.SSHClient:
        deadline = Deadline.after(RECONNECT_SECONDS if self._was_up else 0.0)

        def look() -> paramiko.SSHClient | None:
            try:
                return log_in(self._door)
            except HostKeyChanged:
                raise
            except BenchError:
                if deadline.expired:
                    raise
                return None

        return deadline.wait_for(f"SSH connection to {self.name}", look, RETRY_SECONDS)

    def _opened(self, link: Link, address: str, port: int, seconds: float) -> paramiko.Channel:
        """Raises OSError where the gateway cannot reach the port, WayBroken where it does not say, or will not."""
        import paramiko

        from harness.drivers.ssh_link import Refused

        where = f"{self._door.where}: it"
        try:
            return link.forward(address, port, seconds)
        except Refused as error:
            refused = error
        except TimeoutError as error:
            if self._answers(link):
                raise
            # A connection that is held up, as by a stopped process, would hold up all who come after.
            link.close()
            raise WayBroken(f"{where} is connected, and does not answer") from error
        except (paramiko.SSHException, OSError, EOFError) as error:
            raise WayBroken(f"{where} was lost: {reason(error)}") from error
        # Raised here, so that nothing of SSH is among its causes: it is the answer of the unit's own network.
        if refused.code == CONNECT_FAILED:
            words = f"{refused.words or 'refused'}, says the gateway {self.name}"
            raise ConnectionRefusedError(errno.ECONNREFUSED, words)
        if refused.code == PROHIBITED:
            raise WayBroken(
                f"{where} forbids connections to {address}:{port}: allow them to {self._door.server.user!r}"
                " (AllowTcpForwarding and PermitOpen of sshd_config)"
            )
        raise WayBroken(f"{where} opens no connection to {address}:{port}: {refused.words}")

    def _answers(self, link: Link) -> bool:
        """Whether somebody is at the other end: they may refuse."""
        import paramiko

        try:
            link.open_session(timeout=ANSWER_SECONDS).close()
        except paramiko.ChannelException:
            return True
        except (paramiko.SSHException, OSError, EOFError):
            return False
        return True

    def _note_cut(self) -> None:
        self._cut_at = time.monotonic()

    def _note_loss(self) -> None:
        """A connection that has ended is remembered as lost, once."""
        with self._noting:
            link = self._current()
            if self._client is None or link is None or link.is_active():
                return
            error = link.get_exception()
            why = reason(error) if error is not None and str(error) else "the gateway ended it"
            self._loss = f"{self._door.where}: the SSH connection was lost: {why}"
            link.join(DYING_SECONDS)
            self._lost_at = link.ended_at or time.monotonic()
            self._client.close()
            self._client = None


class Gateways:
    """Those of this process, by their tables: places that name the same one share it."""

    def __init__(self) -> None:
        self._known: dict[tuple[Gateway, Path | None], SshGateway] = {}
        self._lock = threading.Lock()

    def of(self, server: Gateway, state_dir: Path | None) -> SshGateway:
        with self._lock:
            found = self._known.get((server, state_dir))
            if found is None:
                found = self._known[server, state_dir] = SshGateway(server, KnownHosts(state_dir))
            return found


GATEWAYS = Gateways()


def way_to(place: Place, state_dir: Path | None) -> Transport:
    """How the unit of a place, and what belongs to it, is reached."""
    return DIRECT if place.gateway is None else GATEWAYS.of(place.gateway, state_dir)
