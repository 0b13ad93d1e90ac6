"""Which stack is chosen, and when nobody is asked again."""

from __future__ import annotations

import socket
import ssl
from pathlib import Path

import pytest

from harness.deadline import Deadline
from harness.pki import key_pem, run_authority
from harness.tls.handshake import Endpoint, HandshakeFailed, take_handshake
from harness.tls.stacks import CHOICES, Choice, Choices, Stack, asked
from tests.unit.verdict.servers import Answer, answering, in_turn

SECONDS = 30.0
OURS = run_authority().issue("127.0.0.1")


def tls(folder: Path, *, wants_certificate: bool = False) -> Answer:
    pair = folder / "pair.pem"
    pair.write_bytes(key_pem(OURS.key) + OURS.certificate_pem)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pair)
    context.minimum_version = context.maximum_version = ssl.TLSVersion.TLSv1_2
    if wants_certificate:
        context.verify_mode = ssl.CERT_REQUIRED

    def answer(connection: socket.socket) -> None:
        with context.wrap_socket(connection, server_side=True) as secured:
            secured.recv(1)

    return answer


def hang_up(connection: socket.socket) -> None:
    connection.recv(4096)


def shake(endpoint: Endpoint) -> str:
    return take_handshake(endpoint, Deadline.after(SECONDS)).protocol_version


def test_a_unit_that_wants_a_certificate_is_not_taken_for_an_old_one(tmp_path: Path) -> None:
    with answering(tls(tmp_path, wants_certificate=True)) as endpoint:
        with pytest.raises(HandshakeFailed, match="handshake failure"):
            shake(endpoint)
        assert CHOICES.uses_legacy(endpoint) is None


def test_a_server_that_speaks_nothing_at_all_stays_with_what_ssl_said() -> None:
    with answering(hang_up) as endpoint:
        assert asked(endpoint, Deadline.after(SECONDS)) == Choice(Stack.STANDARD)
        with pytest.raises(HandshakeFailed):
            shake(endpoint)


def test_a_unit_that_was_reached_is_not_asked_again_when_a_connection_breaks(tmp_path: Path) -> None:
    """Restarts look so: each look would cost a unit that is going down seven connections."""
    connections = []

    def counted(answer: Answer) -> Answer:
        def count(connection: socket.socket) -> None:
            connections.append(connection)
            answer(connection)

        return count

    with answering(in_turn(counted(tls(tmp_path)), counted(hang_up))) as endpoint:
        shake(endpoint)
        with pytest.raises(HandshakeFailed):
            shake(endpoint)
        assert len(connections) == 2


def test_a_unit_that_no_longer_speaks_as_it_did_is_reached_by_ssl_again(tmp_path: Path) -> None:
    """After an upgrade, or when its operator has turned the old versions off."""
    with answering(tls(tmp_path)) as endpoint:
        CHOICES.put(endpoint, Choice(Stack.LEGACY, 0x0301, "TLS 1.0 with RC4-SHA"))
        with pytest.raises(HandshakeFailed, match="the unit said: protocol version"):
            shake(endpoint)
        assert shake(endpoint) == "TLSv1.2"


def test_what_is_no_sign_of_age_is_not_followed_up() -> None:
    nobody = Endpoint("127.0.0.1", 1)
    for failure in (TimeoutError("timed out"), ValueError("ours"), None):
        assert Choices().reconsider(nobody, failure, Deadline.after(SECONDS)) is None
