"""The serial console of a place, by its SSH console server: captured all the time, and typed at to restart the unit.

It is a witness (device-reference 9): a unit that starts says so. What becomes of the console server is nothing to
the unit.
"""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

from harness.deadline import Deadline
from harness.drivers.channels import broken
from harness.drivers.console_log import ConsoleLog
from harness.drivers.gateway import way_to
from harness.drivers.known_hosts import KnownHosts
from harness.drivers.ssh import Door, logged_in, reason
from harness.errors import BenchError, ConfigurationError, DeadlineExpired, LabError
from harness.lab import Console as ConsoleTable
from harness.lab import Place
from harness.secrecy.known import passwords_of

if TYPE_CHECKING:
    import paramiko

STARTING = re.compile(r"\bbuild\b.*\bstarting\W*$", re.IGNORECASE)
"""`Cisco TelePresence MCU 8510 4.2(0.36) (Build 6.17(0.36)) starting` (device-reference 9, mark D)."""
# Prompts: unknown (9, mark U).
USER_WANTED = re.compile(r"\b(?:login|user ?name|user)\W*$", re.IGNORECASE)
PASSWORD_WANTED = re.compile(r"\bpassword\W*$", re.IGNORECASE)

ATTACH_SECONDS = 20.0
HEAR_SECONDS = 0.5
"""How soon somebody who listens notices that nobody wants to hear any more."""
QUIET_SECONDS = 0.5
"""After so long without a word, the console has said what it has to say."""
ANSWER_SECONDS = 5.0
PAUSES = (0.5, 1.0, 2.0, 5.0, 10.0, 30.0)
"""Between one attempt to attach and the next, the last for good."""
STOP_SECONDS = 3.0
WIDTH = 500
"""Columns: more than a line has, so that no server breaks any."""
ENTER = b"\r"


class Console:
    """Somebody who listens at the console of a unit, on a thread of their own."""

    def __init__(self, place: Place, table: ConsoleTable, state_dir: Path | None, log: ConsoleLog) -> None:
        self._place = place
        self._table = table
        self._log = log
        self._known = KnownHosts(state_dir)
        self._door = Door.of(place, "console", table, self._known, way_to(place, state_dir))
        self._channel: paramiko.Channel | None = None
        self._attached_at: float | None = None
        self._tried = threading.Event()
        self._stopped = threading.Event()
        self._troubles: list[str] = []
        self._thread = threading.Thread(target=self._run, name=f"console {place.name}", daemon=True)

    @property
    def notices(self) -> tuple[str, ...]:
        """What a person should know, a sentence each: host keys that are trusted, and what kept us from listening."""
        return (*self._known.notices, *dict.fromkeys(self._troubles))

    @property
    def can_reboot(self) -> bool:
        return self._table.reboot is not None

    def starts_since(self, moment: float) -> tuple[str, ...] | None:
        """The lines since then that tell of a start; None where nobody listened all the time."""
        attached = self._attached_at
        if attached is None or attached > moment:
            return None
        return tuple(heard.text for heard in self._log.since(moment) if STARTING.search(heard.text))

    def wait_until_attached(self) -> None:
        """Somebody listens, or the first attempt to do so has failed."""
        self._tried.wait(ATTACH_SECONDS)

    def reboot(self) -> None:
        """What the lab file says was typed, after somebody was logged in where the console asked for it.

        Raises BenchError where nobody is attached or the console lets nobody in, ConfigurationError where the lab
        file does not say what to type.
        """
        if self._table.reboot is None:
            raise ConfigurationError(
                f"{self._place.name}: nobody knows what to type at this console to restart the unit: write"
                " console.reboot in the lab file"
            )
        self.wait_until_attached()
        self._type("")
        if USER_WANTED.search(self._log.partial):
            self._log_in()
        for line in self._table.reboot.splitlines():
            self._type(line)

    def _log_in(self) -> None:
        login = self._place.login
        self._type(login.user)
        if PASSWORD_WANTED.search(self._log.partial):
            self._type(login.password.reveal(f"{self._place.name}: login password"), "***")
        if USER_WANTED.search(self._log.partial):
            raise BenchError(f"{self._door.where}: the console does not let {login.user!r} in")

    def _type(self, line: str, shown: str | None = None) -> None:
        """It was typed, and what the console had to say to it is heard."""
        import paramiko

        channel = self._channel
        if channel is None:
            raise BenchError(f"{self._door.where}: nobody is attached: {', '.join(self._troubles[-1:]) or 'not yet'}")
        self._log.remark(f"typed: {line if shown is None else shown}")
        typed = time.monotonic()
        try:
            channel.sendall(line.encode() + ENTER)
        except (paramiko.SSHException, OSError, EOFError) as error:
            raise BenchError(f"{self._door.where}: {reason(error)}") from error

        def is_quiet() -> bool:
            last = self._log.heard_at
            return last > typed and time.monotonic() - last > QUIET_SECONDS

        with suppress(DeadlineExpired):
            # Some say nothing to an empty line.
            Deadline.after(ANSWER_SECONDS).wait_for("answer of the console", is_quiet, QUIET_SECONDS / 5)

    def start(self) -> None:
        """Listen, as soon as the console server lets us in, and whenever it does again."""
        self._thread.start()

    def stop(self) -> None:
        """Nobody listens."""
        self._stopped.set()
        self._thread.join(STOP_SECONDS)
        self._log.close()

    def _run(self) -> None:
        attempts = 0
        while not self._stopped.is_set():
            began, was_attached = time.monotonic(), False
            try:
                with attached(self._door) as channel:
                    was_attached = True
                    self._hear(channel)
                why = "the console server ended it"
            except LabError as error:
                why = str(error).removeprefix(f"{self._door.where}: ")
                if isinstance(error, ConfigurationError):
                    self._lost(why)
                    return
            if self._stopped.is_set():
                return
            self._lost(f"was attached and lost: {why}" if was_attached else f"cannot be attached: {why}")
            # Some let everybody in, and hang up on those who are one too many.
            attempts = 0 if was_attached and time.monotonic() - began > PAUSES[-1] else attempts + 1
            self._stopped.wait(PAUSES[min(attempts, len(PAUSES) - 1)])

    def _lost(self, why: str) -> None:
        self._troubles.append(f"{self._door.where}: {why}; what the unit says there is not captured")
        self._log.remark(why)
        self._tried.set()

    def _hear(self, channel: paramiko.Channel) -> None:
        """Until the channel ends or nobody wants to hear more."""
        channel.settimeout(HEAR_SECONDS)
        self._log.remark(f"attached to {self._door.server.where} as {self._door.server.user!r}")
        self._channel, self._attached_at = channel, time.monotonic()
        self._tried.set()
        try:
            while not self._stopped.is_set():
                with suppress(TimeoutError):
                    if not (octets := channel.recv(4096)):
                        return
                    self._log.feed(octets)
        finally:
            self._channel = self._attached_at = None


@contextmanager
def attached(door: Door) -> Iterator[paramiko.Channel]:
    """A terminal at the console. Raises as `harness.drivers.ssh.log_in`, and BenchError where it gives none or ends
    within the block."""
    import paramiko

    with logged_in(door) as client:
        link = client.get_transport()
        assert link is not None
        try:
            channel = link.open_session(timeout=ATTACH_SECONDS)
            channel.get_pty("vt100", WIDTH)
            channel.invoke_shell()
        except (paramiko.SSHException, OSError, EOFError) as error:
            raise BenchError(f"{door.where}: gives no terminal: {reason(error)}") from error
        try:
            yield channel
        except broken() as error:
            raise BenchError(f"{door.where}: was lost: {reason(error)}") from error
        finally:
            with suppress(*broken()):
                channel.close()


@contextmanager
def captured(place: Place, state_dir: Path | None, path: Path | None = None) -> Iterator[Console | None]:
    """For the block, what the unit says at its console is heard, and kept in the file `path`; None where the place
    has none. Whatever becomes of that raises nothing but BenchError where the file cannot be opened."""
    if place.console is None or not place.has("console"):
        yield None
        return
    try:
        log = ConsoleLog(path, passwords_of(place))
    except OSError as error:
        raise BenchError(f"{path}: cannot be opened: {error.strerror}") from error
    console = Console(place, place.console, state_dir, log)
    console.start()
    try:
        yield console
    finally:
        console.stop()


def try_console(door: Door) -> str:
    """What the console says when Enter is pressed: its last line, empty for none. Raises as `attached`."""
    log = ConsoleLog(None, ())
    with attached(door) as channel:
        channel.settimeout(QUIET_SECONDS)
        channel.sendall(ENTER)
        deadline = Deadline.after(ANSWER_SECONDS)
        while not deadline.expired:
            try:
                octets = channel.recv(4096)
            except TimeoutError:
                if log.partial or log.since(0.0):
                    break
                continue
            if not octets:
                raise BenchError(f"{door.where}: the console server ended the session")
            log.feed(octets)
    said = [heard.text for heard in log.since(0.0)]
    return log.partial.strip() or (said[-1] if said else "")
