"""The server's side of RSA key exchange, for versions and suites that no library here serves."""

from __future__ import annotations

import socket
from dataclasses import replace

from cryptography.hazmat.primitives.asymmetric import padding, rsa

from harness.verdict.hello import Version
from harness.verdict.rsa_exchange import SUITES, Keys
from tests.unit.verdict.servers import Answer, Made
from tests.unit.verdict.wire import RANDOM, certificates, message, record, server_hello

FINISHED, CLIENT_KEY_EXCHANGE = 20, 16


def exchanging(made: Made, version: Version, suite: int, *, asks: bool = False, knows: bytes | None = None) -> Answer:
    """Goes through the handshake; `knows` is what it takes the secret for, as one without the key must guess it."""
    assert isinstance(made.key, rsa.RSAPrivateKey)
    key = made.key

    def answer(connection: socket.socket) -> None:
        said = _record(connection)
        client_random = said[6:38]
        request = message(13, b"\1\1\0\0") if asks else b""
        flight = server_hello(version, suite) + certificates(made.der) + request + message(14, b"")
        connection.sendall(record(22, flight, version))
        if asks:
            assert _record(connection) == b"\1\x29", "SSL 3.0 says no_certificate"
        exchange = _record(connection)
        if exchange[0] != CLIENT_KEY_EXCHANGE:
            raise ConnectionError("the client wants no more")
        encrypted = exchange[4:] if version is Version.SSL_3_0 else exchange[6:]
        secret = knows or key.decrypt(encrypted, padding.PKCS1v15())
        keys = Keys.derived(version, SUITES[suite], secret, client_random, RANDOM)
        assert _record(connection) == b"\1"
        transcript = said + flight + exchange
        theirs = replace(keys, server_key=keys.client_key, server_iv=keys.client_iv).unprotected(_record(connection))
        finished = message(FINISHED, keys.finished(transcript, from_client=True))
        assert knows is not None or theirs.startswith(finished)
        ours = message(FINISHED, keys.finished(transcript + finished, from_client=False))
        protected = replace(keys, client_key=keys.server_key, client_iv=keys.server_iv).protect(ours)
        connection.sendall(record(20, b"\1", version) + record(22, protected, version))

    return answer


def _record(connection: socket.socket) -> bytes:
    head = _exactly(connection, 5)
    return _exactly(connection, int.from_bytes(head[3:], "big"))


def _exactly(connection: socket.socket, count: int) -> bytes:
    data = connection.recv(count, socket.MSG_WAITALL)
    if len(data) < count:
        raise ConnectionError("the client has hung up")
    return data
