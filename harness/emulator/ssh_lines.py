"""Console servers and PDUs: SSH servers on loopback, each for as many units as name it.

Whoever attaches to a console sees what the unit says from then on, and what they type reaches it line by line; where
a terminal was asked for, the server echoes and edits the line. A PDU takes one command, or one a line. The host key
is made for each process: clients must not expect the one of last time. No name without a unit gets in; a name
without a password in the lab file gets in without one, whatever key is offered.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass, field

import asyncssh

from harness.emulator.lines import COMMAND, Login
from harness.emulator.listener import REASONS, PortTaken
from harness.emulator.unit import EmulatedUnit

CYCLE_SECONDS = 0.5
"""How long an outlet is off in between (mark U)."""

Process = asyncssh.SSHServerProcess[str]


@dataclass
class LineServer:
    """What is behind one address and port."""

    passwords: dict[str, str] = field(default_factory=dict, repr=False)
    consoles: dict[str, EmulatedUnit] = field(default_factory=dict)
    """By the user's name."""
    outlets: dict[str, dict[int, EmulatedUnit]] = field(default_factory=dict)
    """By the user's name, then by number."""

    async def serve(self, process: Process) -> None:
        """One session, to its end."""
        user = process.get_extra_info("username")
        if process.command is not None:
            process.exit(await self._obey(process, user, process.command))
        elif user in self.consoles:
            await _attach(process, self.consoles[user])
        else:
            await _read_lines(process, lambda line: self._obey(process, user, line))
            process.exit(0)

    async def _obey(self, process: Process, user: str, command: str) -> int:
        """The exit status."""
        understood = COMMAND.fullmatch(command)
        if understood is None:
            process.stderr.write("want: on N | off N | cycle N | state N\n")
            return 2
        unit = self.outlets.get(user, {}).get(number := int(understood["outlet"]))
        if unit is None:
            process.stderr.write(f"no outlet {number}\n")
            return 1
        if not unit.faults.pdu_dead:
            await VERBS[understood["verb"]](unit)
        process.stdout.write(f"outlet {number}: {_state(unit, understood['verb'])}\n")
        return 0


async def _on(unit: EmulatedUnit) -> None:
    unit.power_on()


async def _off(unit: EmulatedUnit) -> None:
    unit.power_off()


async def _cycle(unit: EmulatedUnit) -> None:
    unit.power_off()
    await asyncio.sleep(CYCLE_SECONDS)
    unit.power_on()


async def _nothing(unit: EmulatedUnit) -> None:
    return None


VERBS: Mapping[str, Callable[[EmulatedUnit], Awaitable[None]]] = {
    "on": _on,
    "off": _off,
    "cycle": _cycle,
    "state": _nothing,
}


def _state(unit: EmulatedUnit, verb: str) -> str:
    # A dead PDU says what it was told.
    claimed = {"on": "on", "off": "off", "cycle": "on"}
    return claimed.get(verb) or ("on" if unit.has_power else "off")


@dataclass(eq=False)
class _SshTerminal:
    process: Process

    def show(self, text: str) -> None:
        if not self.process.is_closing():
            # The line editor of a terminal makes both of one; without it nobody does.
            self.process.stdout.write(text if self.process.term_type else text.replace("\n", "\r\n"))

    def hang_up(self) -> None:
        self.process.channel.get_connection().abort()


async def _attach(process: Process, unit: EmulatedUnit) -> None:
    terminal = _SshTerminal(process)
    if unit.faults.console_down:
        terminal.hang_up()
        return

    async def hear(line: str) -> int:
        unit.console.hear(line)
        if process.term_type and isinstance(process.channel, asyncssh.SSHLineEditorChannel):
            process.channel.set_echo(not unit.console.hides_typing)
        return 0

    unit.console.attach(terminal)
    try:
        await _read_lines(process, hear)
    finally:
        unit.console.detach(terminal)
    process.exit(0)


async def _read_lines(process: Process, hear: Callable[[str], Awaitable[int]]) -> None:
    """Until the other end is closed."""
    while not process.is_closing():
        try:
            line = await process.stdin.readline()
        except (asyncssh.BreakReceived, asyncssh.SignalReceived, asyncssh.TerminalSizeChanged):
            continue
        if not line:
            return
        await hear(line.rstrip("\r\n"))


class _Connections:
    """Those that are open, until all are to be gone: then one that is made later is gone at once."""

    def __init__(self) -> None:
        self._open: set[asyncssh.SSHServerConnection] = set()
        self._over = False

    def made(self, connection: asyncssh.SSHServerConnection) -> None:
        self._open.add(connection)
        if self._over:
            connection.abort()

    def lost(self, connection: asyncssh.SSHServerConnection) -> None:
        self._open.discard(connection)

    def abort(self) -> None:
        self._over = True
        for connection in list(self._open):
            connection.abort()


class _Gate(asyncssh.SSHServer):
    """Who gets in."""

    def __init__(self, passwords: Mapping[str, str], connections: _Connections) -> None:
        self._passwords = passwords
        self._connections = connections
        self._connection: asyncssh.SSHServerConnection | None = None

    def connection_made(self, conn: asyncssh.SSHServerConnection) -> None:
        self._connection = conn
        self._connections.made(conn)

    def connection_lost(self, exc: Exception | None) -> None:
        if self._connection is not None:
            self._connections.lost(self._connection)

    def begin_auth(self, username: str) -> bool:
        return self._passwords.get(username) != ""

    def password_auth_supported(self) -> bool:
        return True

    def validate_password(self, username: str, password: str) -> bool:
        return bool(password) and self._passwords.get(username) == password


class LineServers:
    """All of one process."""

    def __init__(self) -> None:
        self._acceptors: list[asyncssh.SSHAcceptor] = []
        self._connections = _Connections()

    async def start(self, units: Iterable[EmulatedUnit]) -> dict[str, str]:
        """Listen wherever one of these units has a line. Name of a unit whose line could not be had, and why."""
        logging.getLogger("asyncssh").setLevel(logging.ERROR)
        units = list(units)
        failed: dict[str, str] = {}
        host_key = asyncssh.generate_private_key("ssh-ed25519")
        for (address, port), server in _by_place(units).items():
            try:
                self._acceptors.append(await self._listen(address, port, server, host_key))
            except PortTaken as taken:
                failed |= {unit.blueprint.name: str(taken) for unit in _owners(server)}
        return failed

    async def stop(self) -> None:
        """Nothing listens, and nobody is connected."""
        for acceptor in self._acceptors:
            acceptor.close()
        self._connections.abort()
        for acceptor in self._acceptors:
            await acceptor.wait_closed()

    async def _listen(
        self, address: str, port: int, server: LineServer, host_key: asyncssh.SSHKey
    ) -> asyncssh.SSHAcceptor:
        try:
            return await asyncssh.listen(
                address,
                port,
                server_factory=lambda: _Gate(server.passwords, self._connections),
                server_host_keys=[host_key],
                process_factory=server.serve,
                reuse_address=True,
                login_timeout=30,
                agent_forwarding=False,
            )
        except OSError as error:
            why = REASONS.get(error.errno or 0, f"cannot be opened: {error.strerror}")
            raise PortTaken(f"{address}:{port} {why}") from error


def _by_place(units: Iterable[EmulatedUnit]) -> dict[tuple[str, int], LineServer]:
    servers: dict[tuple[str, int], LineServer] = {}

    def at(login: Login) -> LineServer:
        server = servers.setdefault((login.address, login.port), LineServer())
        server.passwords[login.user] = login.password
        return server

    for unit in units:
        if (console := unit.blueprint.console) is not None:
            at(console.login).consoles[console.login.user] = unit
        if (outlet := unit.blueprint.outlet) is not None:
            at(outlet.login).outlets.setdefault(outlet.login.user, {})[outlet.number] = unit
    return servers


def _owners(server: LineServer) -> list[EmulatedUnit]:
    return [*server.consoles.values(), *(unit for outlets in server.outlets.values() for unit in outlets.values())]
