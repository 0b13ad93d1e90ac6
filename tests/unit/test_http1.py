"""HTTP/1.x over a pair of sockets, as servers of any age write it."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import closing, suppress

import pytest

from harness import http1
from harness.http1 import Answer, Lost, Unreadable

ASKED = http1.request("GET", "/", [("Host", "unit")])


def come(octets: bytes, seconds: float = 10.0) -> Answer:
    """The answer to a request by a server that sends just these octets and closes."""
    ours, theirs = socket.socketpair()
    with closing(ours), closing(theirs):
        ours.settimeout(10)
        theirs.sendall(octets)
        theirs.shutdown(socket.SHUT_WR)
        return http1.exchange(ours, ASKED, seconds)


def test_a_request_tells_its_length_where_it_may_have_a_body() -> None:
    assert ASKED == b"GET / HTTP/1.1\r\nHost: unit\r\n\r\n"
    assert http1.request("POST", "/x?y", [("Host", "unit")], b"abc") == (
        b"POST /x?y HTTP/1.1\r\nHost: unit\r\nContent-Length: 3\r\n\r\nabc"
    )
    assert http1.request("POST", "/", []).endswith(b"Content-Length: 0\r\n\r\n")


BODIES = {
    "of a length": b"Content-Length: 5\r\n\r\nhello",
    "in chunks": b"Transfer-Encoding: chunked\r\n\r\n2;x=y\r\nhe\r\n3\r\nllo\r\n0\r\nX-After: all\r\n\r\n",
    "up to the end": b"\r\nhello",
    "with the field over two lines": b"Content-Length:\r\n 5\r\n\r\nhello",
    "with a blank before the colon": b"Content-Length : 5\r\n\r\nhello",
    "with a line that is no field": b"nonsense\r\nContent-Length: 5\r\n\r\nhello",
    "told twice": b"Content-Length: 5\r\nContent-Length: 5\r\n\r\nhello",
}


@pytest.mark.parametrize("told", BODIES)
@pytest.mark.parametrize(
    "first", [b"HTTP/1.1 200 OK\r\n", b"HTTP/1.0 200\r\n", b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 \r\n"]
)
def test_a_body_is_read_to_its_end(first: bytes, told: str) -> None:
    answer = come(first + BODIES[told])
    assert (answer.status, answer.body) == (200, b"hello")


def test_lines_may_end_without_a_carriage_return() -> None:
    answer = come(b"HTTP/1.0 200 OK\nContent-Type: text/html\nContent-Length: 2\n\nhi")
    assert (answer.headers["content-type"], answer.body) == ("text/html", b"hi")


def test_an_answer_that_has_no_body_ends_with_its_head() -> None:
    assert come(b"HTTP/1.1 304 Not Modified\r\nContent-Length: 9\r\n\r\n").body == b""


def test_each_cookie_stands_for_itself_and_other_fields_are_put_together() -> None:
    answer = come(
        b"HTTP/1.1 200 OK\r\nSet-Cookie: a=1\r\nVary: x\r\nSet-Cookie: b=2\r\nvary: y\r\nContent-Length: 0\r\n\r\n"
    )
    assert answer.cookies == ("a=1", "b=2")
    assert answer.headers["vary"] == "x, y"


GOES_ON = {
    b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n": True,
    b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: Close\r\n\r\n": False,
    b"HTTP/1.0 200 OK\r\nContent-Length: 0\r\n\r\n": False,
    b"HTTP/1.0 200 OK\r\nContent-Length: 0\r\nConnection: keep-alive\r\n\r\n": True,
    b"HTTP/1.1 200 OK\r\n\r\n": False,
    b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\nunasked": False,
}


@pytest.mark.parametrize("octets", GOES_ON)
def test_a_connection_goes_on_where_both_sides_know_where_the_answer_ended(octets: bytes) -> None:
    assert come(octets).goes_on == GOES_ON[octets]


def cut(whole: bytes) -> Iterator[bytes]:
    return (whole[:length] for length in range(len(whole)))


@pytest.mark.parametrize("told", ["of a length", "in chunks"])
def test_an_answer_that_ends_too_early_is_lost_wherever_it_ends(told: str) -> None:
    for begun in cut(b"HTTP/1.1 200 OK\r\n" + BODIES[told]):
        with pytest.raises(Lost):
            come(begun)


UNREADABLE = {
    "another protocol": b"SSH-2.0-OpenSSH_9.2\r\n",
    "a later version": b"HTTP/2 200\r\n\r\n",
    "a chunk without a length": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nhello\r\n",
    "a chunk of less than nothing": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n-5\r\nhello\r\n",
    "a line without an end": b"H" * 2**18,
    "a head without an end": b"HTTP/1.1 200 OK\r\n" + b"X: yyyyyyyyyyyyyyyyyyy\r\n" * 2**13,
    "more than anybody sends": b"HTTP/1.1 200 OK\r\nContent-Length: 99999999\r\n\r\n",
}


@pytest.mark.parametrize("what", UNREADABLE)
def test_what_is_no_answer_is_unreadable(what: str) -> None:
    ours, theirs = socket.socketpair()
    with closing(ours), closing(theirs):
        ours.settimeout(10)
        theirs.settimeout(0.01)
        # Nobody reads all of it.
        with suppress(TimeoutError):
            theirs.sendall(UNREADABLE[what])
        with pytest.raises(Unreadable):
            http1.exchange(ours, ASKED, 10)


def test_a_body_that_comes_too_slowly_has_no_end() -> None:
    with pytest.raises(Unreadable, match="without an end"):
        come(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello", seconds=0.0)


def test_a_connection_that_is_reset_is_lost() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener, socket.create_connection(listener.getsockname()) as ours:
        theirs, _ = listener.accept()
        theirs.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
        theirs.close()
        with pytest.raises(Lost):
            http1.exchange(ours, ASKED, 10)
