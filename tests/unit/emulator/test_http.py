"""What a unit's HTTP server makes of whole conversations (RFC 9112)."""

from __future__ import annotations

import asyncio
import re
import socket
from collections.abc import Coroutine
from typing import Any, TypeVar

import pytest

from harness.emulator.blueprint import Blueprint
from harness.emulator.connection import PlainConnection
from harness.emulator.hosting import HostThread
from harness.emulator.http_server import LARGEST_BODY, Answer, HttpServer, Request, plain
from harness.emulator.listener import Listener
from harness.emulator.tcp import new_event_loop

Result = TypeVar("Result")

HEAD = b"GET %s HTTP/1.1\r\nHost: mcu\r\n\r\n"
LAST = b"GET %s HTTP/1.1\r\nHost: mcu\r\nConnection: close\r\n\r\n"

CONVERSATIONS = {
    "one after the other": (HEAD % b"/nothing" + LAST % b"/system.xml", ["HTTP/1.1 404", "HTTP/1.1 200"]),
    "nonsense after a request": (HEAD % b"/nothing" + b"BREW / HTTP/1.1\r\n\r\n", ["HTTP/1.1 404", "HTTP/1.0 400"]),
    "a client of 1.0": (b"GET /system.xml HTTP/1.0\r\n\r\n", ["HTTP/1.0 200"]),
    "a client of 1.1 that names no host": (b"GET /system.xml HTTP/1.1\r\n\r\n", ["HTTP/1.0 400"]),
    "another protocol is offered": (
        HEAD.replace(b"\r\n\r\n", b"\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n") % b"/nothing" + LAST % b"/",
        ["HTTP/1.1 404", "HTTP/1.1 302"],
    ),
    "a head that does not end": (b"GET / HTTP/1.1\r\nX: " + b"x" * 40_000, ["HTTP/1.0 400"]),
    "a body in chunks": (
        b"POST /RPC2 HTTP/1.1\r\nHost: mcu\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n",
        ["HTTP/1.1 200"],
    ),
}


@pytest.mark.parametrize(("sent", "statuses"), CONVERSATIONS.values(), ids=CONVERSATIONS)
def test_every_request_has_its_answer(
    blueprint: Blueprint, host: HostThread, sent: bytes, statuses: list[str]
) -> None:
    answered = until_closed(blueprint, sent)

    assert re.findall(r"HTTP/1\.\d \d{3}", answered) == statuses


def test_a_client_of_1_0_may_ask_for_more(blueprint: Blueprint, host: HostThread) -> None:
    kept = b"GET /nothing HTTP/1.0\r\nConnection: keep-alive\r\n\r\n"

    answered = until_closed(blueprint, kept + b"GET /system.xml HTTP/1.0\r\n\r\n")

    assert answered.count("Connection: keep-alive\r\n") == 1
    assert answered.endswith("</system>")


def test_the_answer_to_head_has_no_body(blueprint: Blueprint, host: HostThread) -> None:
    whole = until_closed(blueprint, LAST % b"/login.html")

    head = until_closed(blueprint, (LAST % b"/login.html").replace(b"GET", b"HEAD"))

    assert head.endswith("\r\n\r\n")
    assert length_of(head) == length_of(whole) == len(whole.partition("\r\n\r\n")[2].encode())


def test_nothing_tells_what_the_emulation_is_made_of(blueprint: Blueprint, host: HostThread) -> None:
    answered = until_closed(blueprint, b"BREW / HTTP/1.1\r\n\r\n") + until_closed(blueprint, LAST % b"/")

    assert [line for line in answered.splitlines() if line.startswith("Server:")] == ["Server: Codian"]


def test_a_body_longer_than_any_head_ends_no_connection() -> None:
    async def handle(request: Request) -> Answer:
        return plain(200, str(len(await request.read())))

    async def asked() -> list[bytes]:
        server, answers = HttpServer(handle), []
        listener = Listener("127.0.0.1", 0, lambda register: PlainConnection(server(), register))
        try:
            async with asyncio.timeout(60):
                reader, writer = await asyncio.open_connection("127.0.0.1", listener.port)
                for _ in range(2):
                    writer.write(b"POST / HTTP/1.1\r\nHost: mcu\r\nContent-Length: 50000\r\n\r\n" + b"x" * 50_000)
                    await reader.readuntil(b"\r\n\r\n")
                    answers.append(await reader.readexactly(5))
                writer.close()
                return answers
        finally:
            listener.abort()
            await server.close()

    assert on_a_loop(asked()) == [b"50000"] * 2


def test_an_idle_connection_is_closed() -> None:
    async def handle(request: Request) -> Answer:
        return plain(200, request.path)

    assert on_a_loop(conversation(HttpServer(handle, keep_seconds=0.05), HEAD % b"/x")).endswith(b"\r\n\r\n/x")


def test_a_body_without_end_is_not_kept() -> None:
    async def handle(request: Request) -> Answer:
        return Answer(body=await request.read())

    head = b"POST / HTTP/1.1\r\nHost: mcu\r\nContent-Length: %d\r\n\r\n" % (LARGEST_BODY + 1)

    assert b" 413 " in on_a_loop(conversation(HttpServer(handle), head + bytes(LARGEST_BODY + 1)))


def test_a_bug_is_told_and_answered(caplog: pytest.LogCaptureFixture) -> None:
    async def handle(request: Request) -> Answer:
        raise LookupError(request.path)

    assert b" 500 " in on_a_loop(conversation(HttpServer(handle, keep_seconds=0.05), HEAD % b"/x"))
    assert "LookupError: /x" in caplog.text


def on_a_loop(doing: Coroutine[Any, Any, Result]) -> Result:
    with asyncio.Runner(loop_factory=new_event_loop) as runner:
        return runner.run(doing)


async def conversation(server: HttpServer, sent: bytes) -> bytes:
    """What the server says to `sent` until it closes the connection."""
    listener = Listener("127.0.0.1", 0, lambda register: PlainConnection(server(), register))
    try:
        async with asyncio.timeout(10):
            reader, writer = await asyncio.open_connection("127.0.0.1", listener.port)
            writer.write(sent)
            await writer.drain()
            received = await reader.read()
            writer.close()
            return received
    finally:
        listener.abort()
        await server.close()


def until_closed(blueprint: Blueprint, sent: bytes) -> str:
    with socket.create_connection((blueprint.address, blueprint.http), timeout=10) as connection:
        connection.sendall(sent)
        received = b""
        while more := connection.recv(65536):
            received += more
    return received.decode()


def length_of(head: str) -> int:
    return next(int(line.split()[1]) for line in head.splitlines() if line.startswith("Content-Length:"))
