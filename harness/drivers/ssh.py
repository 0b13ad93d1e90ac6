"""The one place that logs in to SSH servers: gateways, console servers and PDUs."""

from __future__ import annotations

import logging
import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from harness.drivers.known_hosts import HostKey, KnownHosts
from harness.errors import BenchError, ConfigurationError
from harness.lab import BesideUnit, Gateway, Place
from harness.transport import DIRECT, Transport

if TYPE_CHECKING:
    import paramiko

CONNECT_SECONDS = 20.0
ALIVE_SECONDS = 15
"""How often something is sent, so that no firewall forgets a connection."""
LOST_SECONDS = 30
"""A connection is given up when what was sent over it is not acknowledged for so long."""


@dataclass(frozen=True)
class Door:
    """An SSH server of the lab, and how it is reached."""

    owner: str
    """Whose it is, as errors begin: `rack2-8510: console`."""
    server: Gateway
    known: KnownHosts | None
    """None where any host key will do: the harness itself has just started the server."""
    through: Transport = DIRECT

    @classmethod
    def of(cls, place: Place, what: str, server: BesideUnit, known: KnownHosts, through: Transport) -> Door:
        """That of a server beside the unit of a place, behind the place's gateway unless its table says otherwise."""
        # An emulated one has a new host key in each process.
        checked = None if place.emulates(server) else known
        return cls(f"{place.name}: {what}", server, checked, DIRECT if server.direct else through)

    @property
    def where(self) -> str:
        return f"{self.owner}: {self.server.where}"


@contextmanager
def logged_in(door: Door) -> Iterator[paramiko.SSHClient]:
    """A connection for the block. Raises as `log_in`."""
    client = log_in(door)
    try:
        yield client
    finally:
        client.close()


def log_in(door: Door) -> paramiko.SSHClient:
    """A connection, logged in; the caller closes it.

    Raises BenchError where the server cannot be reached, shows a host key that is not its own, or lets nobody in;
    ConfigurationError where password or key file cannot be had.
    """
    import paramiko

    # What it has to say of a broken connection is in the errors that are raised here.
    logging.getLogger("paramiko").setLevel(logging.CRITICAL)
    server = door.server
    password = None if server.password is None else server.password.reveal(f"{door.owner} password")
    key = None
    if server.key_file is not None:
        key, is_encrypted = _key(server.key_file, password, door)
        # The passphrase of a key is for nobody else.
        password = None if is_encrypted else password
    connection = _dialled(door)
    client = paramiko.SSHClient()
    try:
        _enter(client, connection, door, password, key)
    except (paramiko.SSHException, OSError, EOFError) as error:
        raise BenchError(f"{door.where}: {_trouble(client, server, error)}") from error
    finally:
        # A connection that is in use is not closed by this name for it.
        if (link := client.get_transport()) is None or not link.is_authenticated():
            client.close()
            connection.close()
    return client


def _dialled(door: Door) -> socket.socket:
    try:
        connection = door.through.connect(door.server.ssh, door.server.port, CONNECT_SECONDS)
    except (OSError, UnicodeError) as error:
        raise BenchError(f"{door.where}: cannot be reached: {reason(error)}") from error
    with suppress(OSError):
        # Not of a channel through a gateway, which has this of its own.
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, LOST_SECONDS * 1000)
    return connection


def _enter(
    client: paramiko.SSHClient, connection: socket.socket, door: Door, password: str | None, key: paramiko.PKey | None
) -> None:
    import paramiko

    from harness.drivers.ssh_link import Link

    server, known, through = door.server, door.known, door.through.name
    kinds = () if known is None else tuple(host.kind for host in known.expected(server.ssh, server.port, through))

    class Policy(paramiko.MissingHostKeyPolicy):
        # The client is told of no host key, so that all are asked for here.
        def missing_host_key(self, client: paramiko.SSHClient, hostname: str, key: paramiko.PKey) -> None:
            if known is not None:
                shown = HostKey(key.get_name(), key.asbytes())
                known.check(door.where, server.ssh, server.port, through, shown)

    def linked(sock: Any, **_options: Any) -> Link:
        return Link(sock, kinds, old=server.old_ssh)

    has_secret = password is not None or key is not None
    client.set_missing_host_key_policy(Policy())
    try:
        client.connect(
            server.ssh,
            server.port,
            server.user,
            password,
            key,
            sock=connection,
            timeout=CONNECT_SECONDS,
            banner_timeout=CONNECT_SECONDS,
            auth_timeout=CONNECT_SECONDS,
            allow_agent=not has_secret,
            # An old server wants signatures that paramiko does not make with the keys that it finds by itself.
            look_for_keys=not has_secret and not server.old_ssh,
            transport_factory=linked,
        )
    except paramiko.SSHException:
        link = client.get_transport()
        if has_secret or link is None or not link.is_active() or link.host_key is None:
            raise
        # Whoever knows the name gets in: RFC 4252 5.2.
        link.auth_none(server.user)
    link = client.get_transport()
    assert link is not None
    link.set_keepalive(ALIVE_SECONDS)


def _key(path: Path, passphrase: str | None, door: Door) -> tuple[paramiko.PKey, bool]:
    """The private key, and whether it is encrypted. Raises ConfigurationError where the file holds none for us."""
    import paramiko
    from paramiko.pkey import UnknownKeyType

    from harness.drivers.ssh_algorithms import OldRsaKey

    what, is_encrypted = f"{door.owner}: key_file {path}", False
    try:
        try:
            key = paramiko.PKey.from_path(path)
        except TypeError:
            # So says cryptography of a key that is encrypted.
            if passphrase is None:
                raise ConfigurationError(f"{what}: is encrypted: give its passphrase as password") from None
            # Declared as text, and handed to who wants bytes.
            key, is_encrypted = paramiko.PKey.from_path(path, cast("str", passphrase.encode())), True
    except OSError as error:
        raise ConfigurationError(f"{what}: {error.strerror}") from error
    except (ValueError, paramiko.SSHException, UnknownKeyType) as error:
        wrong = ", or another passphrase" if passphrase else ""
        raise ConfigurationError(f"{what}: no private key that can be used{wrong}: {reason(error)}") from error
    return OldRsaKey(key=key.key) if isinstance(key, paramiko.RSAKey) and door.server.old_ssh else key, is_encrypted


def _trouble(client: paramiko.SSHClient, server: Gateway, error: Exception) -> str:
    """What kept us out."""
    import paramiko

    from harness.drivers.ssh_link import Link

    link = client.get_transport()
    if lacking := link.what_is_lacking() if isinstance(link, Link) else "":
        return lacking
    if link is None or link.host_key is None:
        return f"no SSH connection: {reason(error)}"
    refused = f"cannot log in as {server.user!r}"
    if isinstance(error, paramiko.BadAuthenticationType):
        return f"{refused}: it wants {' or '.join(error.allowed_types)}: correct password and key_file"
    if isinstance(error, paramiko.AuthenticationException):
        is_age = server.key_file is not None and isinstance(link, Link) and not link.knows_new_signatures
        hint = "; it may be too old for the signature of an RSA key: set old_ssh = true in its table"
        return f"{refused}: password or key is refused{hint if is_age and not server.old_ssh else ''}"
    return f"{refused}: {reason(error)}"


def reason(error: BaseException) -> str:
    """In a few words."""
    if isinstance(error, TimeoutError):
        return "no answer in time"
    strerror = error.strerror if isinstance(error, OSError) else None
    return (strerror or str(error) or type(error).__name__).splitlines()[0][:200]
