"""Where a unit's serial line and its power outlet are reached, and by whom."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from harness.errors import ConfigurationError

if TYPE_CHECKING:
    from harness.lab import Gateway, Place

COMMAND = re.compile(r"\s*(?P<verb>on|off|cycle|state) (?P<outlet>\d{1,4})\s*")
"""What an emulated PDU understands."""


@dataclass(frozen=True)
class Login:
    """An SSH server on loopback, and who may enter; without a password, whoever has the name."""

    address: str
    port: int
    user: str
    password: str = field(default="", repr=False)

    @property
    def words(self) -> str:
        """For a person to type."""
        return f"ssh -p {self.port} {self.user}@{self.address}"


@dataclass(frozen=True)
class SerialLine:
    """Of several at one server and port, the user's name chooses one."""

    login: Login


@dataclass(frozen=True)
class Outlet:
    """Of several at one PDU, the number in the command chooses one."""

    login: Login
    number: int


def serial_line(place: Place) -> SerialLine | None:
    """None where there is none, or a real one. Raises ConfigurationError."""
    if place.console is None or not place.emulates(place.console):
        return None
    return SerialLine(_login(place.console, f"{place.name}: console"))


def outlet(place: Place) -> Outlet | None:
    """As `serial_line`."""
    # Whoever has a place has this already; the process of the units, which has none, is to stay small.
    from harness.lab import Power

    if not isinstance(place.power, Power) or not place.emulates(place.power):
        return None
    power, numbers = place.power, set()
    wanted = {"on": power.on, "off": power.off, "cycle": power.cycle, "state": power.state}
    for verb, command in wanted.items():
        if command is None:
            continue
        understood = COMMAND.fullmatch(command)
        if understood is None or understood["verb"] != verb:
            raise ConfigurationError(
                f"place {place.name!r}: power.{verb} is {command!r}, but an emulated PDU understands '{verb} 7'"
            )
        numbers.add(int(understood["outlet"]))
    if len(numbers) != 1:
        raise ConfigurationError(f"place {place.name!r}: power names the outlets {sorted(numbers)}, want one")
    return Outlet(_login(power, f"{place.name}: power"), numbers.pop())


def read_serial_line(document: dict[str, Any] | None) -> SerialLine | None:
    return (document and SerialLine(Login(**document["login"]))) or None


def read_outlet(document: dict[str, Any] | None) -> Outlet | None:
    return (document and Outlet(Login(**document["login"]), document["number"])) or None


def _login(server: Gateway, owner: str) -> Login:
    password = server.password.reveal(f"{owner} password") if server.password is not None else ""
    return Login(server.ssh, server.port, server.user, password)
