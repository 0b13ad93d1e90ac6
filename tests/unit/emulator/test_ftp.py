"""FTP: the greeting, a login, and the configuration file (device-reference 3.5, 5.1 and 7.10)."""

from __future__ import annotations

import ftplib
import re
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from io import BytesIO
from typing import TYPE_CHECKING, Any

import pytest

from harness.deadline import Deadline
from harness.emulator.blueprint import Blueprint
from harness.emulator.hosting import HostThread, hosted

if TYPE_CHECKING:
    from tests.unit.emulator.conftest import Caller

PORT = 2121
"""Of the skins: 21 may be opened by root only."""

# What a detection plugin looks for (mark D).
GREETING = re.compile(r"220 Welcome to the (Cisco TelePresence|Codian) (MCU .+), version (\d+\.\d+\(\d+\.\d+\))")

GREETINGS = {
    ("MCU 4203", "2.4(1.2)"): ("Codian", "MCU 4203", "2.4(1.2)"),
    ("MCU 4505", "4.3(2.18)"): ("Codian", "MCU 4505", "4.3(2.18)"),
    ("MCU MSE 8510", "4.4(3.67)"): ("Cisco TelePresence", "MCU MSE 8510", "4.4(3.67)"),
    ("MCU 5310", "4.5(1.71)"): ("Cisco TelePresence", "MCU 5310", "4.5(1.71)"),
}


@contextmanager
def ftp(blueprint: Blueprint) -> Iterator[ftplib.FTP]:
    with ftplib.FTP(timeout=60) as client:
        client.connect(blueprint.address, PORT)
        yield client


@pytest.mark.parametrize(("unit", "greeted"), GREETINGS.items(), ids=map(" ".join, GREETINGS))
def test_a_unit_greets_with_its_maker_model_and_version(
    blueprint: Blueprint, unit: tuple[str, str], greeted: tuple[str, str, str]
) -> None:
    model, firmware = unit
    with hosted([replace(blueprint, model=model, firmware=firmware)]), ftp(blueprint) as client:
        said = GREETING.fullmatch(client.getwelcome())

    assert said is not None
    assert said.groups() == greeted


def test_the_media_gateway_does_not_call_itself_an_mcu(blueprint: Blueprint) -> None:
    with hosted([replace(blueprint, model="Advanced Media Gateway 3610")]), ftp(blueprint) as client:
        assert client.getwelcome() == "220 Welcome to the Cisco Advanced Media Gateway 3610, version 4.3(2.18)"


def test_an_administrator_is_let_in(blueprint: Blueprint, host: HostThread) -> None:
    with ftp(blueprint) as client:
        assert client.login(blueprint.user, blueprint.password).startswith("230 ")
        assert client.quit().startswith("221 ")


OTHERS = {"a wrong password": ("admin", "let me out"), "guest": ("guest", ""), "nobody": ("nobody", "")}


@pytest.mark.parametrize(("user", "password"), OTHERS.values(), ids=OTHERS)
def test_others_are_not(blueprint: Blueprint, host: HostThread, user: str, password: str) -> None:
    with ftp(blueprint) as client, pytest.raises(ftplib.error_perm, match="530"):
        client.login(user, password)


def test_what_it_cannot_do_it_says(blueprint: Blueprint, host: HostThread) -> None:
    with ftp(blueprint) as client, pytest.raises(ftplib.error_perm, match="502"):
        client.sendcmd("SITE REBOOT")


def fetch(blueprint: Blueprint, name: str = "configuration.xml") -> bytes:
    content = bytearray()
    with ftp(blueprint) as client:
        client.login(blueprint.user, blueprint.password)
        client.retrbinary(f"RETR {name}", content.extend)
    return bytes(content)


def put(blueprint: Blueprint, content: bytes) -> None:
    with ftp(blueprint) as client:
        client.login(blueprint.user, blueprint.password)
        client.storbinary("STOR configuration.xml", BytesIO(content))


def test_the_configuration_file_is_that_of_the_web(blueprint: Blueprint, visitor: Any) -> None:
    web = visitor.get(f"http://{blueprint.address}:{blueprint.http}/configuration.xml").content

    assert fetch(blueprint) == web
    with ftp(blueprint) as client:
        client.login(blueprint.user, blueprint.password)
        assert client.nlst() == ["configuration.xml"]


def test_other_files_are_not_there(blueprint: Blueprint, host: HostThread) -> None:
    with pytest.raises(ftplib.error_perm, match="550"):
        fetch(blueprint, "private.pem")


def test_nothing_is_transferred_without_a_login(blueprint: Blueprint, host: HostThread) -> None:
    with ftp(blueprint) as client, pytest.raises(ftplib.error_perm, match="530"):
        client.retrbinary("RETR configuration.xml", print)


def test_a_configuration_that_is_brought_back_is_in_use_after_the_restart_that_follows(
    blueprint: Blueprint, host: HostThread, call: Caller
) -> None:
    before = fetch(blueprint)
    changed = before.replace(b'name="https" enabled="true"', b'name="https" enabled="false"')
    changed = changed.replace(b'password="let me in"', b'password="let me out"')
    assert changed != before

    put(blueprint, changed)

    Deadline.after(60).wait_for("start", lambda: host.truth(blueprint.name).boots == 1, every=0.02)
    assert host.truth(blueprint.name).restart_reasons[-1] == "User requested reboot from FTP"
    assert call.fault("services.query") == 14
    services = call("services.query", authenticationPassword="let me out")["portA"]
    assert [row["setting"] for row in services if row["name"] == "https"] == [False]


def without(part: bytes) -> Callable[[bytes], bytes]:
    return lambda file: file.replace(part, b"")


DAMAGED: dict[str, Callable[[bytes], bytes]] = {
    "no XML": lambda file: file[:-5],
    "something else": lambda file: b"<system/>",
    "nobody in it": lambda file: b"<configuration/>",
    "no administrator": without(b'privilege="administrator"'),
    "a service without port": without(b'port="8443"'),
    "two services on one port": lambda file: file.replace(b'port="8443"', b'port="8080"'),
    "a time-out of hours": lambda file: file.replace(b'idleMinutes="30"', b'idleMinutes="90"'),
    "too much": lambda file: file + b" " * 2**21,
}


@pytest.mark.parametrize("damage", DAMAGED.values(), ids=DAMAGED)
def test_a_file_that_cannot_be_changes_nothing(
    blueprint: Blueprint, host: HostThread, damage: Callable[[bytes], bytes]
) -> None:
    before = fetch(blueprint)

    with pytest.raises(ftplib.error_perm, match="550"):
        put(blueprint, damage(before))

    assert fetch(blueprint) == before
    assert host.truth(blueprint.name).boots == 0


def test_who_announces_a_transfer_and_goes_away_does_no_harm(blueprint: Blueprint, host: HostThread) -> None:
    with ftp(blueprint) as client:
        client.login(blueprint.user, blueprint.password)
        client.makepasv()
        client.sendcmd("RETR configuration.xml")

    assert fetch(blueprint).startswith(b"<?xml")


def test_a_line_without_end_ends_the_connection(blueprint: Blueprint, host: HostThread) -> None:
    with socket.create_connection((blueprint.address, PORT), timeout=60) as connection:
        connection.sendall(b"USER " + b"x" * 600)
        said = b""
        while more := connection.recv(4096):
            said += more

    assert said.startswith(b"220 ")


def test_a_closed_service_cuts_the_visitor_off(blueprint: Blueprint, call: Caller) -> None:
    with ftp(blueprint) as client:
        call("services.modify", portA=[{"name": "ftp", "setting": False}])

        assert client.sock is not None
        assert client.sock.recv(1) == b""
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection((blueprint.address, PORT), timeout=60)
