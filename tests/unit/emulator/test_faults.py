"""Faults of the bench: what a client sees of each, and that the unit is well again afterwards."""

from __future__ import annotations

import socket
import time
import xmlrpc.client
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime

import pytest
import requests

from harness.deadline import Deadline
from harness.emulator.blueprint import Blueprint
from harness.emulator.faults import Faults
from harness.emulator.hosting import HostThread, hosted
from harness.errors import BenchError
from harness.tls.handshake import Endpoint, HandshakeFailed, take_handshake


def get(blueprint: Blueprint, timeout: float = 5.0) -> requests.Response:
    return requests.get(f"http://{blueprint.address}:{blueprint.http}/system.xml", timeout=timeout)


@pytest.fixture
def healed(blueprint: Blueprint, host: HostThread) -> Iterator[HostThread]:
    """The unit; when the test is over, it must be well without its faults."""
    yield host
    host.suffer(blueprint.name, Faults())
    assert get(blueprint).ok


def test_latency_holds_back_what_arrives(blueprint: Blueprint, healed: HostThread) -> None:
    healed.suffer(blueprint.name, Faults(latency_seconds=0.3))
    began = time.monotonic()

    assert get(blueprint).ok
    assert time.monotonic() - began >= 0.3


def test_of_three_connections_one_is_lost(blueprint: Blueprint, healed: HostThread) -> None:
    healed.suffer(blueprint.name, Faults(lost_every=3))

    def outcome() -> str:
        try:
            return str(get(blueprint, timeout=2.0).status_code)
        except requests.Timeout:
            return "lost"

    assert [outcome() for _ in range(6)] == ["200", "200", "lost"] * 2


def test_a_fault_may_be_there_from_the_start(blueprint: Blueprint) -> None:
    with hosted([replace(blueprint, faults=Faults(reset_after=0))]) as units:
        with pytest.raises(requests.ConnectionError):
            get(blueprint)
        units.suffer(blueprint.name, Faults())
        assert get(blueprint).ok


@pytest.mark.parametrize("octets", [0, 1, 60])
def test_a_connection_is_reset_at_an_octet(blueprint: Blueprint, healed: HostThread, octets: int) -> None:
    healed.suffer(blueprint.name, Faults(reset_after=octets))
    with socket.create_connection((blueprint.address, blueprint.http), timeout=60) as connection:
        connection.sendall(b"GET /system.xml HTTP/1.1\r\nHost: mcu\r\n\r\n")
        received = connection.recv(65536, socket.MSG_WAITALL) if octets else b""
        with pytest.raises(ConnectionResetError):
            connection.recv(65536)

    assert len(received) == octets


def test_a_handshake_is_reset(blueprint: Blueprint, healed: HostThread) -> None:
    healed.suffer(blueprint.name, Faults(reset_after=700))

    with pytest.raises((HandshakeFailed, BenchError)):
        take_handshake(Endpoint(blueprint.address, blueprint.https), Deadline.after(60))


def test_a_connection_stalls_and_stays_open(blueprint: Blueprint, healed: HostThread) -> None:
    healed.suffer(blueprint.name, Faults(stall_after=20))
    with socket.create_connection((blueprint.address, blueprint.http), timeout=2.0) as connection:
        connection.sendall(b"GET /system.xml HTTP/1.0\r\nHost: mcu\r\n\r\n")
        received = connection.recv(65536)
        with pytest.raises(TimeoutError):
            connection.recv(65536)

    assert received == b"HTTP/1.0 200 OK\r\nCont"[:20]


def test_a_wrong_clock_shows_in_what_the_unit_says(blueprint: Blueprint, healed: HostThread) -> None:
    login = {"authenticationUser": blueprint.user, "authenticationPassword": blueprint.password}
    healed.suffer(blueprint.name, Faults(clock_seconds=-10 * 365 * 86400.0))

    with xmlrpc.client.ServerProxy(f"http://{blueprint.address}:{blueprint.http}/RPC2") as unit:
        told = unit.device.query(login)
        assert isinstance(told, dict)

    assert int(str(told["currentTime"])[:4]) <= datetime.now(UTC).year - 9
    # It knows when it started, and how long that is.
    assert int(str(told["restartTime"])[:4]) >= datetime.now(UTC).year - 1
    assert told["uptime"] >= 86400


def test_the_unit_itself_is_well(blueprint: Blueprint, healed: HostThread) -> None:
    healed.suffer(blueprint.name, Faults(lost_every=1))
    healed.restart(blueprint.name)
    Deadline.after(60).wait_for("start", lambda: healed.truth(blueprint.name).phase == "active", every=0.02)

    assert healed.truth(blueprint.name).boots == 1
