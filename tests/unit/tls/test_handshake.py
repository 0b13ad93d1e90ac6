"""Taking a handshake, against real sockets on loopback."""

import socket
import ssl
from pathlib import Path

import pytest

from harness.deadline import Deadline
from harness.errors import BenchError, UnitError
from harness.pki import key_pem, run_authority
from harness.tls.handshake import Endpoint, HandshakeFailed, fingerprint, take_handshake
from tests.unit.verdict.servers import Answer, answering

OURS = run_authority().issue("127.0.0.1")


def tls(folder: Path, version: ssl.TLSVersion, ciphers: str = "ALL:@SECLEVEL=0") -> Answer:
    pem = folder / "pair.pem"
    pem.write_bytes(key_pem(OURS.key) + OURS.certificate_pem)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.set_ciphers(ciphers)
    context.load_cert_chain(pem)
    context.minimum_version = context.maximum_version = version

    def answer(connection: socket.socket) -> None:
        with context.wrap_socket(connection, server_side=True) as secured:
            secured.recv(1)

    return answer


def plain(connection: socket.socket) -> None:
    connection.recv(4096)
    connection.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")


def hang_up(connection: socket.socket) -> None:
    connection.recv(4096)


def shake(endpoint: Endpoint) -> HandshakeFailed:
    with pytest.raises(HandshakeFailed) as failed:
        take_handshake(endpoint, Deadline.after(10))
    return failed.value


VERSIONS = {"TLSv1": ssl.TLSVersion.TLSv1, "TLSv1.2": ssl.TLSVersion.TLSv1_2, "TLSv1.3": ssl.TLSVersion.TLSv1_3}


@pytest.mark.parametrize("name", VERSIONS)
def test_shows_the_chain_as_served_and_what_was_agreed(name: str, tmp_path: Path) -> None:
    with answering(tls(tmp_path, VERSIONS[name])) as endpoint:
        shown = take_handshake(endpoint, Deadline.after(10))
    assert shown.presented_chain == OURS.chain_der
    assert shown.leaf == OURS.chain_der[0]
    assert shown.fingerprint == fingerprint(shown.leaf)
    assert shown.protocol_version == name
    assert shown.connect_seconds > 0
    assert shown.handshake_seconds > 0


def test_reaches_a_unit_with_rsa_key_exchange_only(tmp_path: Path) -> None:
    with answering(tls(tmp_path, ssl.TLSVersion.TLSv1, "AES128-SHA:@SECLEVEL=0")) as endpoint:
        assert take_handshake(endpoint, Deadline.after(10)).cipher_suite == "AES128-SHA"


def test_a_port_that_does_not_speak_tls_is_the_unit_s_fault() -> None:
    with answering(plain) as endpoint:
        failure = shake(endpoint)
    assert isinstance(failure, UnitError)
    assert str(failure).startswith(f"no TLS handshake with {endpoint}: ")


def test_a_port_that_hangs_up_is_the_unit_s_fault() -> None:
    with answering(hang_up) as endpoint:
        shake(endpoint)


def test_a_closed_port_is_the_bench_s_fault() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        endpoint = Endpoint("127.0.0.1", listener.getsockname()[1])
    with pytest.raises(BenchError, match=f"no TCP connection to {endpoint}: Connection refused"):
        take_handshake(endpoint, Deadline.after(10))
