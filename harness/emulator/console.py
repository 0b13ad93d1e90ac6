"""The unit's serial console (device-reference 9): what it says by itself, and what it understands."""

from __future__ import annotations

import asyncio
import functools
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import Enum, auto
from importlib import resources
from typing import TYPE_CHECKING, Literal, Protocol

from harness.emulator.lifecycle import State
from harness.emulator.reasons import Reason, in_words
from harness.emulator.table import load

if TYPE_CHECKING:
    from harness.emulator.unit import EmulatedUnit


@dataclass(frozen=True)
class ConsoleTexts:
    starting: str
    running: str
    going_down: str
    prompt: str
    login: str
    password: str
    wrong: str
    confirm: str
    resetting: str
    kept: str
    unknown: str
    fixed: str
    moved: str
    password_reset: str
    state: tuple[str, ...]
    reset_command: str
    status_command: str
    static_command: str
    reboot_command: str
    reset_password_command: str
    help_command: str
    logout_command: str
    confirmations: tuple[str, ...]
    confirm_seconds: float
    """So long a starting unit waits for the answer, and then goes on."""
    reset_removes_pair: Literal["yes", "no"]


@functools.cache
def texts() -> ConsoleTexts:
    return load(ConsoleTexts, resources.files("harness.emulator") / "console.toml")


class Terminal(Protocol):
    """Somebody at the other end of the line."""

    def show(self, text: str) -> None: ...

    def hang_up(self) -> None: ...


class Dialogue(Enum):
    """What the next line that is typed will be taken for."""

    COMMAND = auto()
    USER = auto()
    PASSWORD = auto()
    CONFIRMATION = auto()


class SerialConsole:
    """One line, which all terminals share: each sees everything."""

    def __init__(self, unit: EmulatedUnit) -> None:
        self._unit = unit
        self._terminals: set[Terminal] | None = None
        self._dialogue = Dialogue.COMMAND
        self._user = ""
        self._logged_in = False
        self._heard = time.monotonic()
        self._answered: asyncio.Event | None = None

    def attach(self, terminal: Terminal) -> None:
        self._terminals = (self._terminals or set()) | {terminal}

    def detach(self, terminal: Terminal) -> None:
        self._terminals = (self._terminals or set()) - {terminal}

    def hang_up(self) -> None:
        """Every terminal is cut off."""
        for terminal in self._terminals or ():
            terminal.hang_up()

    def say(self, text: str) -> None:
        """One line; nothing without power."""
        self._show(f"{text}\n")

    def log(self, entry: str) -> None:
        """An entry of the event log, as it is made."""
        if not self._unit.administration.security.hide_log:
            self.say(entry)

    def power_lost(self) -> None:
        self._begin_anew()

    def starting(self) -> None:
        """The line that tells of a restart better than anything else (9)."""
        self._begin_anew()
        identity = self._unit.identity
        self.say(
            texts().starting.format(
                # The console calls the MSE 8510 an MCU 8510 (9, mark D).
                model=identity.model.replace("MCU MSE ", "MCU "),
                software=identity.software_version,
                build=identity.build_version,
            )
        )

    async def answered(self) -> None:
        """Until nobody is asked anything that the start must wait for."""
        if self._answered is not None:
            try:
                await asyncio.wait_for(self._answered.wait(), texts().confirm_seconds)
            except TimeoutError:
                self._keep_configuration()

    def running(self) -> None:
        self.say(texts().running.format(host=self._unit.identity.host_name))
        self._ask()

    def hear(self, line: str) -> None:
        """A line that was typed."""
        if self._unit.state is State.OFF:
            return
        self._expire()
        if self._unit.state is State.DOWN:
            self._hear_while_starting(line.strip())
            return
        match self._dialogue:
            case Dialogue.USER:
                self._user, self._dialogue = line.strip(), Dialogue.PASSWORD
                self._show(texts().password)
            case Dialogue.PASSWORD:
                self._logged_in = self._unit.admits_to_console(self._user, line)
                self._show("" if self._logged_in else f"{texts().wrong}\n")
                self._ask()
            case _:
                self._obey(line.strip())

    @property
    def hides_typing(self) -> bool:
        return self._dialogue is Dialogue.PASSWORD

    def _show(self, text: str) -> None:
        if self._unit.state is not State.OFF:
            for terminal in tuple(self._terminals or ()):
                terminal.show(text)

    def _expire(self) -> None:
        """`Idle serial console session timeout` (9, mark D), seen when somebody types again."""
        now, limit = time.monotonic(), 60 * self._unit.administration.security.console_minutes
        if now - self._heard > limit:
            self._logged_in = False
        self._heard = now

    def _begin_anew(self) -> None:
        self._dialogue, self._logged_in, self._answered = Dialogue.COMMAND, False, None

    def _ask(self) -> None:
        if self._unit.administration.security.require_login and not self._logged_in:
            self._dialogue = Dialogue.USER
            self._show(texts().login)
        else:
            self._dialogue = Dialogue.COMMAND
            self._show(texts().prompt)

    def _hear_while_starting(self, line: str) -> None:
        if self._unit.administration.security.no_input:
            return
        if self._dialogue is Dialogue.CONFIRMATION:
            if line in texts().confirmations:
                self.say(texts().resetting)
                self._begin_anew()
                self._unit.reset_configuration()
            else:
                self._keep_configuration()
        elif line == texts().reset_command:
            self._dialogue, self._answered = Dialogue.CONFIRMATION, asyncio.Event()
            self._show(texts().confirm)

    def _keep_configuration(self) -> None:
        self.say(texts().kept)
        if self._answered is not None:
            self._answered.set()
        self._begin_anew()

    def _obey(self, line: str) -> None:
        if self._unit.administration.security.require_login and not self._logged_in:
            self._ask()
            return
        verb, _, rest = line.partition(" ")
        known = _commands()
        if verb in known:
            known[verb](self._unit, rest.strip())
        elif verb == texts().logout_command:
            self._logged_in = False
        elif verb:
            self.say(texts().unknown.format(command=verb))
        if self._unit.state is not State.DOWN:
            self._ask()


def _status(unit: EmulatedUnit, rest: str) -> None:
    for line in texts().state:
        unit.console.say(
            line.format(
                address=unit.blueprint.address,
                method=unit.address_method,
                software=unit.identity.software_version,
                uptime=unit.clock.uptime,
            )
        )


def _static(unit: EmulatedUnit, rest: str) -> None:
    wanted = rest.split()[:1] or [unit.blueprint.address]
    if unit.address_method != "static":
        unit.address_method = "static"
        unit.announce("networkChanged")
    answer = texts().fixed if wanted == [unit.blueprint.address] else texts().moved
    unit.console.say(answer.format(address=unit.blueprint.address))


def _reboot(unit: EmulatedUnit, rest: str) -> None:
    unit.restart(in_words(Reason.CONSOLE, unit.skin.api.version))


def _reset_password(unit: EmulatedUnit, rest: str) -> None:
    """Back to none, as on a fresh unit: of 2.1 and later by one source, of other units of the family by another (9,
    mark D, conflicting; that it takes effect at once I)."""
    name = unit.forget_administrators_password()
    unit.console.say(texts().password_reset.format(user=name))


def _help(unit: EmulatedUnit, rest: str) -> None:
    unit.console.say(" ".join(sorted([*_commands(), texts().logout_command])))


def _commands() -> Mapping[str, Callable[[EmulatedUnit, str], None]]:
    return {
        texts().status_command: _status,
        texts().static_command: _static,
        texts().reboot_command: _reboot,
        texts().reset_password_command: _reset_password,
        texts().help_command: _help,
    }
