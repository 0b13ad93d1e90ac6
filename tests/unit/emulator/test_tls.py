"""HTTPS as firmware of that age speaks it, seen by the openssl command line and the standard library."""

from __future__ import annotations

import socket
import ssl
import subprocess
from collections.abc import Iterator
from dataclasses import replace

import pytest

from harness.deadline import Deadline
from harness.emulator.blueprint import Blueprint
from harness.emulator.hosting import HostThread, hosted
from harness.emulator.pair import FACTORY
from harness.tls.context import legacy_context
from harness.tls.handshake import Endpoint, HandshakeFailed, take_handshake


def s_client(blueprint: Blueprint, *options: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["openssl", "s_client", "-connect", f"{blueprint.address}:{blueprint.https}", *options],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=20,
        check=False,
    )


def test_openssl_of_today_reaches_it_with_the_right_options(blueprint: Blueprint, host: HostThread) -> None:
    seen = s_client(blueprint, "-tls1", "-cipher", "ALL:@SECLEVEL=0", "-legacy_server_connect")

    assert seen.returncode == 0
    assert "Protocol  : TLSv1\n" in seen.stdout
    assert "subject=C = GB, ST = Berkshire, L = Langley, O = Codian Ltd" in seen.stdout
    assert "1024 bit" in seen.stdout


@pytest.mark.parametrize("options", [["-tls1_1"], ["-tls1_2"], ["-tls1_3"]])
def test_newer_versions_are_refused(blueprint: Blueprint, host: HostThread, options: list[str]) -> None:
    seen = s_client(blueprint, *options, "-cipher", "ALL:@SECLEVEL=0")

    assert seen.returncode != 0
    assert "no peer certificate available" in seen.stdout


@pytest.mark.parametrize("suite", ["ECDHE-RSA-AES128-SHA", "DHE-RSA-AES128-SHA"])
def test_there_is_no_ephemeral_key_exchange(blueprint: Blueprint, host: HostThread, suite: str) -> None:
    seen = s_client(blueprint, "-tls1", "-cipher", f"{suite}:@SECLEVEL=0", "-legacy_server_connect")

    assert "no peer certificate available" in seen.stdout


def test_the_name_asked_for_makes_no_difference(blueprint: Blueprint, host: HostThread) -> None:
    for name in ("mcu.example", blueprint.address, None):
        context = legacy_context()
        with (
            socket.create_connection((blueprint.address, blueprint.https)) as connection,
            context.wrap_socket(connection, server_hostname=name) as secured,
        ):
            assert secured.getpeercert(binary_form=True) == FACTORY.leaf


def test_every_unit_leaves_the_factory_with_the_same_pair(blueprint: Blueprint, addresses: Iterator[str]) -> None:
    units = [replace(blueprint, name=f"unit-{number}", address=next(addresses)) for number in range(3)]
    with hosted(units):
        leaves = {take_handshake(Endpoint(unit.address, unit.https), Deadline.after(60)).leaf for unit in units}

    assert leaves == {FACTORY.leaf}


def test_pages_come_over_https_too_whatever_their_size(blueprint: Blueprint, host: HostThread) -> None:
    with (
        socket.create_connection((blueprint.address, blueprint.https)) as connection,
        legacy_context().wrap_socket(connection) as secured,
    ):
        # A body of several records, and a request in many.
        for piece in (b"POST /RPC2 HTTP/1.1\r\nHost: mcu\r\nContent-Length: 300000\r\n\r\n", *[b"x" * 100_000] * 3):
            secured.sendall(piece)
        answer = b"".join(iter(lambda: secured.recv(65536), b""))

    assert answer.startswith(b"HTTP/1.1 200 OK\r\n")
    assert answer.endswith(b"</methodResponse>\n")


NOT_TLS = {
    "plain HTTP": b"GET / HTTP/1.1\r\nHost: mcu\r\n\r\n",
    "nonsense": bytes(range(256)) * 8,
    "an alert": b"\x15\x03\x01\x00\x02\x02\x28",
    "half a ClientHello": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x01",
}


@pytest.mark.parametrize("greeting", NOT_TLS.values(), ids=NOT_TLS)
def test_what_is_not_tls_costs_its_own_connection_only(
    blueprint: Blueprint, host: HostThread, greeting: bytes
) -> None:
    endpoint = Endpoint(blueprint.address, blueprint.https)
    with socket.create_connection((blueprint.address, blueprint.https)) as connection:
        connection.sendall(greeting)
        connection.shutdown(socket.SHUT_WR)
        while connection.recv(4096):
            pass

    assert take_handshake(endpoint, Deadline.after(60)).leaf == FACTORY.leaf


def test_a_client_that_goes_away_in_the_handshake_does_no_harm(blueprint: Blueprint, host: HostThread) -> None:
    endpoint = Endpoint(blueprint.address, blueprint.https)
    modern = ssl.create_default_context()
    with (
        socket.create_connection((blueprint.address, blueprint.https)) as connection,
        pytest.raises(ssl.SSLError),
        modern.wrap_socket(connection, server_hostname="mcu"),
    ):
        pass

    assert take_handshake(endpoint, Deadline.after(60)).leaf == FACTORY.leaf


def test_a_closed_port_is_no_handshake(blueprint: Blueprint, host: HostThread) -> None:
    with pytest.raises(HandshakeFailed):
        take_handshake(Endpoint(blueprint.address, blueprint.http), Deadline.after(60))
