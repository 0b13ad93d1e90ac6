"""FTP, as far as a visitor gets: the greeting and a login (device-reference 3.5)."""

from __future__ import annotations

import ftplib
import re
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

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
    with ftplib.FTP(timeout=10) as client:
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
        client.sendcmd("RETR configuration.xml")


def test_a_line_without_end_ends_the_connection(blueprint: Blueprint, host: HostThread) -> None:
    with socket.create_connection((blueprint.address, PORT), timeout=10) as connection:
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
        socket.create_connection((blueprint.address, PORT), timeout=10)
