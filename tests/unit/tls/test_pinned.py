"""Pinned connections, to real TLS servers on loopback."""

import http.server
import socket
import ssl
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from harness import http1
from harness.pki import Issued, key_pem, run_authority
from harness.tls.handshake import fingerprint
from harness.tls.pinned import PinnedConnections, TooOld
from harness.tls.pins import ForeignLeaf, LeafPins

RESUMED = "/resumed"
"""Answers whether the connection is one of a resumed session."""


class Hello(http.server.BaseHTTPRequestHandler):
    """Remembers what it was asked: nothing may arrive before the leaf was checked."""

    protocol_version = "HTTP/1.1"
    asked: list[str]

    def do_GET(self) -> None:
        self.asked.append(self.path)
        assert isinstance(self.connection, ssl.SSLSocket)
        body = str(self.connection.session_reused).encode() if self.path == RESUMED else b"hello"
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_arguments: object) -> None:
        """Quiet."""


class Quiet(http.server.ThreadingHTTPServer):
    def handle_error(self, *_arguments: object) -> None:
        """A client that turns away is what is tested here."""


def presenting(issued: Issued, folder: Path, version: ssl.TLSVersion) -> ssl.SSLContext:
    pem = folder / f"{fingerprint(issued.chain_der[0])}.pem"
    pem.write_bytes(key_pem(issued.key) + issued.certificate_pem)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.set_ciphers("ALL:@SECLEVEL=0")
    context.load_cert_chain(pem)
    context.minimum_version = context.maximum_version = version
    return context


@contextmanager
def serving(issued: Issued, folder: Path, version: ssl.TLSVersion, port: int = 0) -> Iterator[tuple[str, list[str]]]:
    """A server with this certificate and this TLS version only: its address, and what it was asked."""
    asked: list[str] = []
    server = Quiet(("127.0.0.1", port), type("_Hello", (Hello,), {"asked": asked}))
    server.daemon_threads = False
    server.socket = presenting(issued, folder, version).wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    try:
        yield f"https://127.0.0.1:{server.server_port}/", asked
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


class Client:
    """Asks over what is kept or opened anew."""

    def __init__(self, pins: LeafPins, minimum: str = "SSLv3") -> None:
        self._connections = PinnedConnections(pins, None, minimum)
        self.close = self._connections.close

    def get(self, url: str) -> bytes:
        parts = urlsplit(url)
        port = (parts.scheme, parts.hostname or "", parts.port or 0)
        connection = self._connections.open(*port, 10)
        connection.settimeout(10)
        answer = http1.exchange(connection, http1.request("GET", parts.path, [("Host", parts.netloc)]), 10)
        if answer.goes_on:
            self._connections.keep(*port, connection)
        else:
            connection.close()
        return answer.body


@contextmanager
def session(pins: LeafPins, minimum: str = "SSLv3") -> Iterator[Client]:
    client = Client(pins, minimum)
    try:
        yield client
    finally:
        client.close()


OURS, OTHER = run_authority().issue("127.0.0.1"), run_authority().issue("127.0.0.1")


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1, ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_reaches_a_unit_of_any_age_without_a_warning(version: ssl.TLSVersion, tmp_path: Path) -> None:
    pins = LeafPins("unit", fingerprint(OURS.chain_der[0]))
    with serving(OURS, tmp_path, version) as (url, _), session(pins) as client:
        assert client.get(url) == b"hello"


def test_a_wrong_leaf_is_refused_before_anything_is_sent(tmp_path: Path) -> None:
    pins = LeafPins("unit", fingerprint(OURS.chain_der[0]))
    with serving(OTHER, tmp_path, ssl.TLSVersion.TLSv1) as (url, asked), session(pins) as client:
        with pytest.raises(ForeignLeaf):
            client.get(url)
        assert asked == []


def test_by_a_version_below_the_minimum_nothing_is_sent(tmp_path: Path) -> None:
    pins = LeafPins("unit", None)
    with serving(OURS, tmp_path, ssl.TLSVersion.TLSv1) as (url, asked), session(pins, "TLSv1.2") as client:
        with pytest.raises(TooOld, match=r"speaks TLSv1, and tls\.minimum is TLSv1\.2: nothing was sent"):
            client.get(url)
        assert asked == []
    with serving(OURS, tmp_path, ssl.TLSVersion.TLSv1_2) as (url, _), session(pins, "TLSv1.2") as client:
        assert client.get(url) == b"hello"


def test_a_new_connection_is_checked_and_not_only_the_first(tmp_path: Path) -> None:
    pins = LeafPins("unit", None)
    with ExitStack() as servers, session(pins) as client:
        first, _ = servers.enter_context(serving(OURS, tmp_path, ssl.TLSVersion.TLSv1))
        second, asked = servers.enter_context(serving(OTHER, tmp_path, ssl.TLSVersion.TLSv1))
        client.get(first)
        with pytest.raises(ForeignLeaf):
            client.get(second)
        assert asked == []
        pins.accept(fingerprint(OTHER.chain_der[0]))
        assert client.get(second) == b"hello"
        client.close()


def test_the_next_connection_resumes_the_session_of_the_last(tmp_path: Path) -> None:
    pins = LeafPins("unit", fingerprint(OURS.chain_der[0]))
    with serving(OURS, tmp_path, ssl.TLSVersion.TLSv1) as (url, _), session(pins) as client:
        resumed = []
        for _ in range(3):
            resumed.append(client.get(url + RESUMED.strip("/")))
            client.close()
    assert resumed == [b"False", b"True", b"True"]


def test_whoever_does_not_know_the_session_has_to_show_a_good_leaf(tmp_path: Path) -> None:
    pins = LeafPins("unit", fingerprint(OURS.chain_der[0]))
    with session(pins) as client:
        with serving(OURS, tmp_path, ssl.TLSVersion.TLSv1_2) as (url, _):
            client.get(url)
            client.close()
        port = int(url.rstrip("/").rpartition(":")[2])
        with serving(OTHER, tmp_path, ssl.TLSVersion.TLSv1_2, port) as (_, asked):
            with pytest.raises(ForeignLeaf):
                client.get(url)
            assert asked == []


def test_a_unit_that_hangs_up_on_a_session_is_asked_without_one(tmp_path: Path) -> None:
    context = presenting(OURS, tmp_path, ssl.TLSVersion.TLSv1)
    answer = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nConnection: close\r\n\r\nhello"

    def serve(listener: socket.socket) -> None:
        for hangs_up in (False, True, False):
            plain, _ = listener.accept()
            with plain:
                if hangs_up:
                    plain.recv(4096)
                    continue
                with context.wrap_socket(plain, server_side=True) as secured:
                    secured.recv(65536)
                    secured.sendall(answer)

    with socket.create_server(("127.0.0.1", 0)) as listener, session(LeafPins("unit", None)) as client:
        thread = threading.Thread(target=serve, args=(listener,))
        thread.start()
        url = f"https://127.0.0.1:{listener.getsockname()[1]}/"
        assert [client.get(url) for _ in range(2)] == [b"hello", b"hello"]
        thread.join()


def test_all_threads_share_one_context() -> None:
    """A session of one context cannot be resumed in another."""
    code = """
import threading, time
from harness.tls import context
quick = context.legacy_context
def slow():
    time.sleep(0.05)
    return quick()
context.legacy_context = slow
got = []
threads = [threading.Thread(target=lambda: got.append(context.shared_legacy_context())) for _ in range(8)]
for thread in threads: thread.start()
for thread in threads: thread.join()
assert len(set(map(id, got))) == 1, len(set(map(id, got)))
"""
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)
