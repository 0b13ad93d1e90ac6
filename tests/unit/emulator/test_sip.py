"""SIP over TLS: the other user of the unit's certificate."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

import pytest

from harness.emulator.blueprint import Blueprint
from harness.emulator.hosting import hosted
from harness.emulator.pair import FACTORY

OPEN = ("http", "https", "sips_tcp")


@contextmanager
def sip(blueprint: Blueprint) -> Iterator[ssl.SSLSocket]:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    context.minimum_version = ssl.TLSVersion.TLSv1
    context.set_ciphers("ALL:@SECLEVEL=0")
    with (
        socket.create_connection((blueprint.address, blueprint.sip_tls), timeout=60) as connection,
        context.wrap_socket(connection) as tls,
    ):
        yield tls


def request(method: str, *more: str) -> bytes:
    lines = [
        f"{method} sip:mcu@127.0.0.1 SIP/2.0",
        "Via: SIP/2.0/TLS 127.0.0.1:5061;branch=z9hG4bK776asdhds",
        "From: <sip:probe@127.0.0.1>;tag=1928301774",
        "To: <sip:mcu@127.0.0.1>",
        "Call-ID: a84b4c76e66710",
        f"CSeq: 1 {method}",
        *more,
    ]
    return "\r\n".join([*lines, "", ""]).encode()


def test_options_is_answered_by_the_same_pair_as_https(blueprint: Blueprint) -> None:
    unit = replace(blueprint, ticked=OPEN)
    with hosted([unit]), sip(unit) as connection:
        connection.sendall(request("OPTIONS", "Content-Length: 0"))
        answer = connection.recv(65536).decode()

        assert connection.getpeercert(binary_form=True) == FACTORY.leaf
    status, *fields = answer.split("\r\n")
    assert status == "SIP/2.0 200 OK"
    assert "Via: SIP/2.0/TLS 127.0.0.1:5061;branch=z9hG4bK776asdhds" in fields
    assert "CSeq: 1 OPTIONS" in fields
    assert any(field.startswith("To: <sip:mcu@127.0.0.1>;tag=") for field in fields)


ANSWERED = {
    "a call": (request("INVITE", "Content-Length: 3") + b"v=0", b"SIP/2.0 480 "),
    "in two pieces of one": (request("ACK") + request("OPTIONS"), b"SIP/2.0 200 "),
    "a method that is not known": (request("SUBSCRIBE"), b"SIP/2.0 405 "),
    "compact names": (request("OPTIONS", "l: 0"), b"SIP/2.0 200 "),
    "a ping": (b"\r\n\r\n", b"\r\n"),
}


@pytest.mark.parametrize(("sent", "start"), ANSWERED.values(), ids=ANSWERED)
def test_other_requests_are_answered(blueprint: Blueprint, sent: bytes, start: bytes) -> None:
    unit = replace(blueprint, ticked=OPEN)
    with hosted([unit]), sip(unit) as connection:
        connection.sendall(sent)
        assert connection.recv(65536).startswith(start)


@pytest.mark.parametrize("sent", [b"GET / HTTP/1.1\r\n\r\n", b"\x00" * 200_000, b"OPTIONS\r\n\r\n"], ids=len)
def test_what_is_not_sip_ends_the_connection(blueprint: Blueprint, sent: bytes) -> None:
    unit = replace(blueprint, ticked=OPEN)
    with hosted([unit]), sip(unit) as connection:
        try:
            connection.sendall(sent)
            received = connection.recv(65536)
        except (ssl.SSLError, ConnectionError):
            # It has ended before all was sent.
            received = b""

    assert received == b""


@pytest.mark.parametrize(
    "changes", [{}, {"ticked": OPEN, "features": ()}], ids=["not ticked", "without a feature key"]
)
def test_it_is_closed_otherwise(blueprint: Blueprint, changes: dict[str, tuple[str, ...]]) -> None:
    unit = replace(blueprint, **changes)  # type: ignore[arg-type]
    with hosted([unit]), socket.socket() as probe:
        assert probe.connect_ex((unit.address, unit.sip_tls)) != 0
