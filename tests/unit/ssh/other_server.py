"""An SSH server that is not OpenSSH: it asks for a password, signs and forwards as told."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import asyncssh


class Gate(asyncssh.SSHServer):
    """Lets a user in who has the password; without one, by any key."""

    def __init__(
        self,
        password: str | None,
        leads: Mapping[str, str],
        connections: list[asyncssh.SSHServerConnection],
    ) -> None:
        self._password = password
        self._leads = leads
        self._connections = connections

    def connection_made(self, conn: asyncssh.SSHServerConnection) -> None:
        self._connections.append(conn)

    def password_auth_supported(self) -> bool:
        return self._password is not None

    def validate_password(self, username: str, password: str) -> bool:
        return password == self._password

    def public_key_auth_supported(self) -> bool:
        return self._password is None

    def validate_public_key(self, username: str, key: asyncssh.SSHKey) -> bool:
        return True

    async def connection_requested(  # type: ignore[override]  # it may be one, and says so
        self, dest_host: str, dest_port: int, orig_host: str, orig_port: int
    ) -> asyncssh.forward.SSHForwarder:
        if dest_host not in self._leads:
            raise asyncssh.ChannelOpenError(asyncssh.OPEN_CONNECT_FAILED, "No route to host")
        return await self._connections[-1].forward_connection(self._leads[dest_host], dest_port)


async def _here(process: asyncssh.SSHServerProcess[str]) -> None:
    process.stdout.write("here\n")
    process.exit(0)


@contextmanager
def other_server(
    address: str, port: int, password: str | None = None, leads: Mapping[str, str] | None = None, **options: Any
) -> Iterator[None]:
    """It listens for the block, and forwards to the addresses that `leads` names, each standing for another."""
    loop = asyncio.new_event_loop()
    connections: list[asyncssh.SSHServerConnection] = []
    thread = threading.Thread(target=loop.run_forever)
    thread.start()

    async def listen() -> asyncssh.SSHAcceptor:
        keys = [asyncssh.generate_private_key("ssh-rsa", key_size=2048)]
        return await asyncssh.listen(
            address,
            port,
            server_factory=lambda: Gate(password, leads or {}, connections),
            server_host_keys=keys,
            process_factory=_here,
            **options,
        )

    async def leave(acceptor: asyncssh.SSHAcceptor) -> None:
        acceptor.close()
        for connection in connections:
            connection.abort()
        await acceptor.wait_closed()

    try:
        acceptor = asyncio.run_coroutine_threadsafe(listen(), loop).result(20)
        try:
            yield
        finally:
            asyncio.run_coroutine_threadsafe(leave(acceptor), loop).result(20)
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()
