"""RSA key exchange to its end: against the machine's OpenSSL, against vectors, against servers of long ago."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Callable
from contextlib import AbstractContextManager

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from hypothesis import given
from hypothesis import strategies as st

from harness.deadline import Deadline
from harness.tls.handshake import Endpoint
from harness.verdict.flight import Malformed
from harness.verdict.hello import Version
from harness.verdict.rsa_exchange import SUITES, Completed, Keys, complete, rc4
from tests.unit.verdict.old_server import exchanging
from tests.unit.verdict.servers import Made, Serving, answering, make, saying
from tests.unit.verdict.wire import certificates, message, record, server_hello

Serve = Callable[[Serving], AbstractContextManager[Endpoint]]
OPENSSL = {
    Version.TLS_1_0: ssl.TLSVersion.TLSv1,
    Version.TLS_1_1: ssl.TLSVersion.TLSv1_1,
    Version.TLS_1_2: ssl.TLSVersion.TLSv1_2,
}
OLD = [version for version in Version if version is not Version.TLS_1_3]


def go(endpoint: Endpoint, version: Version) -> Completed:
    return complete(endpoint, version, Deadline.after(20))


@pytest.mark.parametrize("version", OPENSSL)
@pytest.mark.parametrize("suite", ["AES128-SHA", "AES256-SHA", "NULL-SHA", "NULL-MD5"])
def test_the_machine_s_openssl_accepts_our_finished_and_proves_its_key(
    version: Version, suite: str, leaf: Made, serve: Serve
) -> None:
    with serve(Serving((leaf,), OPENSSL[version], OPENSSL[version], suite)) as endpoint:
        completed = go(endpoint, version)

    assert completed.words == ""
    assert completed.proves
    assert completed.leaf == leaf.der


@pytest.mark.parametrize("version", OLD)
@pytest.mark.parametrize("suite", SUITES)
def test_a_server_of_long_ago_proves_its_key(version: Version, suite: int, leaf: Made) -> None:
    with answering(exchanging(leaf, version, suite)) as endpoint:
        completed = go(endpoint, version)

    assert completed.proves
    assert completed.suite == SUITES[suite].name


def test_ssl_3_is_told_that_there_is_no_client_certificate(leaf: Made) -> None:
    with answering(exchanging(leaf, Version.SSL_3_0, 0x0005, asks=True)) as endpoint:
        assert go(endpoint, Version.SSL_3_0).proves


@pytest.mark.parametrize("version", OLD)
@pytest.mark.parametrize("suite", SUITES)
def test_who_has_to_guess_the_secret_proves_nothing(version: Version, suite: int, leaf: Made) -> None:
    with answering(exchanging(leaf, version, suite, knows=b"a guess" * 7)) as endpoint:
        completed = go(endpoint, version)

    assert not completed.proves
    assert completed.words == "its Finished is wrong"


def test_an_alert_in_answer_to_our_finished_proves_nothing(leaf: Made) -> None:
    flight = record(22, server_hello(0x0301, 0x0005) + certificates(leaf.der) + message(14, b""), 0x0301)

    def refuse(connection: socket.socket) -> None:
        connection.recv(2**16)
        connection.sendall(flight)
        connection.recv(2**16)
        connection.sendall(record(21, b"\2\x33", 0x0301))
        connection.shutdown(socket.SHUT_WR)
        connection.recv(2**16)

    with answering(refuse) as endpoint:
        completed = go(endpoint, Version.TLS_1_0)

    assert not completed.proves
    assert completed.words == "our Finished is answered by fatal decrypt_error"


def test_a_server_without_such_suites_cannot_be_asked(leaf: Made, serve: Serve) -> None:
    only = ssl.TLSVersion.TLSv1_2
    with (
        serve(Serving((leaf,), only, only, "ECDHE")) as endpoint,
        pytest.raises(Malformed, match="no RSA key exchange: fatal handshake_failure"),
    ):
        go(endpoint, Version.TLS_1_2)


def test_a_leaf_without_an_rsa_key_cannot_be_asked() -> None:
    made = make("ec", key=ec.generate_private_key(ec.SECP256R1()))
    flight = record(22, server_hello(0x0301, 0x0005) + certificates(made.der) + message(14, b""), 0x0301)
    with answering(saying(flight)) as endpoint, pytest.raises(Malformed, match="another was chosen"):
        go(endpoint, Version.TLS_1_0)


def test_a_server_that_hangs_up_instead_of_finishing_cannot_be_asked(leaf: Made) -> None:
    flight = record(22, server_hello(0x0301, 0x0005) + certificates(leaf.der) + message(14, b""), 0x0301)
    with answering(saying(flight)) as endpoint, pytest.raises(Malformed, match="before its Finished"):
        go(endpoint, Version.TLS_1_0)


def test_rc4_is_that_of_rfc_6229() -> None:
    assert rc4(bytes.fromhex("0102030405"), bytes(16)).hex() == "b2396305f03dc027ccc3524a0a1118a8"


SSL_3_MASTER = "fd919d9e77a1c3d4cc532661592b59650cc26676e168751b3b6e9ef7ea8e75911b5125c6884b41ef0311744f7267fd8d"
SSL_3_BLOCK = (
    "d9c433569adafca0d7e2f57c5e3582092a276928bca1ed203313c40ae447ed26dd09a18e13551cbaad1506091f20f089e2fdafee"
    "1c7613d8bce30e5c9d22af790bb1f7827019f46f3d9fa97922e5b5452bfa558a47eade79dbcfb9703e2b339db5d5c6f46ca47b69"
)


def test_the_keys_of_ssl_3_are_those_that_another_library_derives() -> None:
    """Vectors from tlslite-ng 0.8.2, calc_key(): secret 00 to 2f, randoms of C and of S."""
    keys = Keys.derived(Version.SSL_3_0, SUITES[0x000A], bytes(range(48)), b"C" * 32, b"S" * 32)
    block = keys.client_key + keys.server_key + keys.client_iv + keys.server_iv

    assert keys.master.hex() == SSL_3_MASTER
    assert (keys.client_mac + block).hex() == SSL_3_BLOCK[:40] + SSL_3_BLOCK[80:]


@pytest.mark.parametrize(
    ("from_client", "expected"),
    [
        (True, "63b22286b673bd237503eaffd6366fabc3454c420dfab969f19b84821d0a3f5e45a0cf66"),
        (False, "f94271a2d009f128a48452035cbedb54ba800149e5a06e957593a0f227cdfb61aa3cb0d5"),
    ],
)
def test_finished_of_ssl_3_is_that_of_another_library(from_client: bool, expected: str) -> None:  # noqa: FBT001
    keys = Keys.derived(Version.SSL_3_0, SUITES[0x000A], bytes(range(48)), b"C" * 32, b"S" * 32)

    assert keys.finished(b"all messages so far", from_client=from_client).hex() == expected


@given(st.sampled_from(OLD), st.sampled_from(sorted(SUITES)), st.binary(max_size=100))
def test_nothing_but_malformed_comes_of_a_damaged_finished(version: Version, suite: int, fragment: bytes) -> None:
    keys = Keys.derived(version, SUITES[suite], bytes(48), bytes(32), bytes(32))
    try:
        keys.unprotected(fragment)
    except Malformed:
        return


def test_keys_are_in_no_repr() -> None:
    keys = Keys.derived(Version.SSL_3_0, SUITES[0x000A], bytes(48), bytes(32), bytes(32))

    assert repr(keys) == "Keys(SSL 3.0, RSA_WITH_3DES_EDE_CBC_SHA)"
