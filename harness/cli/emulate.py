"""`mcu-hil emulate`: the emulated units of a lab, for a browser, curl or openssl to try things on."""

from __future__ import annotations

import ipaddress
from collections.abc import Sequence
from pathlib import Path

import click
from rich import box
from rich.console import Console
from rich.table import Table

from harness.drivers.emulated import Emulation, emulated_units
from harness.emulator.blueprint import Blueprint, firmware_of
from harness.emulator.chassis import SUPERVISOR_PORT, Chassis
from harness.errors import BenchError, ConfigurationError
from harness.lab import Lab, Place, load_lab
from harness.standing import kept_standing

# Cisco's own procedure (device-reference 2.5, mark D), with what today's openssl needs to be told.
PROCEDURE = """
[bold]Replace the certificate of {name}[/bold] as Cisco's article does:
  1. openssl genrsa -traditional -des3 -out privkey.pem 2048
     openssl req -new -x509 -days 365 -key privkey.pem -subj /CN={address} -out cert.pem
  2. Open http://{address}:{http} in a browser and log in.
  3. Network > SSL certificates: choose both files, type the passphrase, press Upload certificate and key.
  4. Settings > Shutdown: press Shut down MCU, Confirm MCU shutdown, Restart MCU.
  5. openssl s_client -connect {address}:{https} -tls1 -cipher ALL:@SECLEVEL=0 -legacy_server_connect </dev/null \\
       2>/dev/null | openssl x509 -noout -subject -dates
"""


@click.command()
@click.option(
    "--lab", "lab_file", type=click.Path(path_type=Path), default=Path("lab.toml"), show_default=True, help="The lab."
)
@click.option("--place", "names", multiple=True, metavar="NAME", help="Only this place; repeatable.")
@click.option("--tag", "tags", multiple=True, metavar="TAG", help="Only places with this tag; repeatable.")
@click.option(
    "--supervisor",
    metavar="ADDRESS",
    help="Put all blades into a chassis and emulate its MSE 8050 Supervisor at this loopback address, port 8080.",
)
def emulate(lab_file: Path, names: tuple[str, ...], tags: tuple[str, ...], supervisor: str | None) -> None:
    """Start the emulated units of a lab and keep them until Ctrl-C. Runs over the lab drive them as they stand.

    Exit status 4 where the lab cannot be emulated as it is written, 10 where a port is in use.
    """
    try:
        lab = load_lab(lab_file)
        places = _emulated_places(lab_file, lab, names, tags)
        chassis = [] if supervisor is None else [_chassis(places, supervisor)]
        with (
            emulated_units(places, chassis) as emulation,
            kept_standing((place.name for place in places), lab.state_dir),
        ):
            _show(places, emulation)
            emulation.wait()
    except KeyboardInterrupt:
        # How a person says that they are done.
        return


def _emulated_places(lab_file: Path, lab: Lab, names: Sequence[str], tags: Sequence[str]) -> list[Place]:
    chosen = lab.select(names, tags)
    # A real unit that is asked for by name is a mistake to be told about; one that is merely in the file is not.
    places = [place for place in chosen if place.emulated is not None or place.name in names]
    if not places:
        raise ConfigurationError(f"{lab_file}: none of the chosen places is emulated")
    return places


def _chassis(places: Sequence[Place], address: str) -> Chassis:
    try:
        is_loopback = ipaddress.ip_address(address).is_loopback
    except ValueError:
        is_loopback = False
    if not is_loopback:
        raise ConfigurationError(f"--supervisor is {address!r}, but an emulated Supervisor lives in 127.0.0.0/8")
    return Chassis.holding([Blueprint.of(place) for place in places], "supervisor", address, SUPERVISOR_PORT)


def _show(places: Sequence[Place], emulation: Emulation) -> None:
    if emulation.failed:
        raise BenchError("; ".join(f"{name}: {why}" for name, why in emulation.failed.items()))
    table = Table(box=box.SIMPLE_HEAD)
    table.add_column("place", no_wrap=True)
    table.add_column("model")
    # Never cut short, however narrow the terminal: one is what a unit is, the other is there to be copied.
    table.add_column("firmware", overflow="fold", min_width=len("4.3(2.18)"))
    table.add_column("addresses", no_wrap=True)
    table.add_column("login")
    for place in places:
        assert place.emulated is not None, "_emulated_places gives no others"
        table.add_row(
            place.name,
            place.model,
            firmware_of(place),
            "\n".join(_addresses(place)),
            f"{place.login.user}, {_password_words(place)}",
        )
    console = Console(highlight=False)
    console.print(table)
    first = places[0]
    console.print(
        PROCEDURE.format(name=first.name, address=first.address, http=first.ports.http, https=first.ports.https),
        soft_wrap=True,
    )
    console.print(f"All of them at a glance: {emulation.overview}", soft_wrap=True)
    console.print("Ctrl-C ends all of them.")


def _addresses(place: Place) -> list[str]:
    web = [f"http://{place.address}:{place.ports.http}", f"https://{place.address}:{place.ports.https}"]
    return [*web, *Blueprint.of(place).lines]


def _password_words(place: Place) -> str:
    return "the password of the lab file" if place.login.password.reveal(place.name) else "no password"
