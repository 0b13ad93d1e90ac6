"""At most 4 requests at once and 8 connections (device-reference 7.1, mark D); what becomes of others is U."""

from __future__ import annotations

import http.client
import xmlrpc.client
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import replace

import pytest

from harness.deadline import Deadline
from harness.emulator.blueprint import Blueprint
from harness.emulator.hosting import HostThread, hosted

ASK = xmlrpc.client.dumps(({"authenticationUser": "admin", "authenticationPassword": "let me in"},), "device.query")

Connect = Callable[[], http.client.HTTPConnection]


@pytest.fixture
def connect(blueprint: Blueprint) -> Iterator[Connect]:
    """Makes connections to the unit; they are closed in the end."""
    with ExitStack() as open_ones:

        def connect() -> http.client.HTTPConnection:
            connection = http.client.HTTPConnection(blueprint.address, blueprint.http, timeout=60)
            open_ones.callback(connection.close)
            return connection

        yield connect


class Held:
    """A request whose end is yet to be sent."""

    def __init__(self, connection: http.client.HTTPConnection) -> None:
        self._connection = connection
        connection.putrequest("POST", "/RPC2")
        connection.putheader("Content-Length", str(len(ASK)))
        connection.endheaders(ASK[:50].encode())

    def finish(self) -> int | None:
        self._connection.send(ASK[50:].encode())
        return fault_of(self._connection)


def ask(connection: http.client.HTTPConnection) -> int | None:
    connection.request("POST", "/RPC2", ASK)
    return fault_of(connection)


def fault_of(connection: http.client.HTTPConnection) -> int | None:
    """The code of the fault that the unit answers with; None for an answer that is none."""
    answer = connection.getresponse()
    assert answer.status == 200
    try:
        xmlrpc.client.loads(answer.read())
    except xmlrpc.client.Fault as fault:
        return fault.faultCode
    return None


def is_dropped(connection: http.client.HTTPConnection) -> bool:
    try:
        ask(connection)
    except (http.client.RemoteDisconnected, ConnectionError):
        return True
    return False


@pytest.fixture
def keeping(blueprint: Blueprint) -> Iterator[HostThread]:
    """The unit, as one of the builds that keep a connection after its answer (7.1, mark D)."""
    with hosted([replace(blueprint, switches=(("api.connection", "reset"),))]) as units:
        yield units


def test_a_fifth_request_at_once_is_a_fault(host: HostThread, connect: Connect) -> None:
    held = [Held(connect()) for _ in range(4)]

    Deadline.after(60).wait_for("fault 203", lambda: ask(connect()) == 203)
    assert [request.finish() for request in held] == [None] * 4

    assert ask(connect()) is None


def test_a_ninth_connection_is_dropped(host: HostThread, connect: Connect) -> None:
    held = [Held(connect()) for _ in range(8)]

    Deadline.after(60).wait_for("the connection dropped", lambda: is_dropped(connect()))
    assert sorted(request.finish() or 0 for request in held) == [0] * 4 + [203] * 4

    assert ask(connect()) is None


def test_connections_that_wait_for_nothing_count_where_they_are_kept(keeping: HostThread, connect: Connect) -> None:
    kept = [connect() for _ in range(8)]
    assert [ask(connection) for connection in kept] == [None] * 8
    assert is_dropped(connect())

    kept.pop().close()
    # The unit has yet to notice.
    Deadline.after(60).wait_for("an answer", lambda: not is_dropped(connect()))


def test_a_kept_connection_is_reset_at_its_next_request(keeping: HostThread, connect: Connect) -> None:
    connection = connect()

    assert ask(connection) is None
    assert is_dropped(connection)
    assert ask(connect()) is None
