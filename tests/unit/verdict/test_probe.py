"""The ClientHello probe, against servers of the standard library and scripted ones."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from hypothesis import given
from hypothesis import strategies as st

from harness.deadline import Deadline
from harness.errors import BenchError
from harness.tls.handshake import Endpoint
from harness.verdict.flight import FLIGHT_BOUND, RETRY_RANDOM, Flight, Malformed
from harness.verdict.hello import ClientHello, Suite, Version, suites
from harness.verdict.possession import curve_of, parameters_of, prime_bits, proves, signs
from harness.verdict.probe import Reply, probe
from tests.unit.verdict.servers import Made, Serving, answering, make, saying
from tests.unit.verdict.wire import certificates, message, record, server_hello, signed_parameters, vector

Serve = Callable[[Serving], AbstractContextManager[Endpoint]]
SPOKEN = {
    Version.TLS_1_0: ssl.TLSVersion.TLSv1,
    Version.TLS_1_1: ssl.TLSVersion.TLSv1_1,
    Version.TLS_1_2: ssl.TLSVersion.TLSv1_2,
    Version.TLS_1_3: ssl.TLSVersion.TLSv1_3,
}


DONE = message(14, b"")
FLIGHT = record(22, server_hello() + certificates(b"leaf", b"issuer") + message(12, b"parameters") + DONE)


def ask(endpoint: Endpoint, hello: ClientHello) -> Reply:
    return probe(endpoint, hello, Deadline.after(10))


def read(data: bytes) -> Flight:
    flight = Flight()
    flight.feed(data)
    return flight


@pytest.mark.parametrize("version", SPOKEN)
def test_shows_the_version_that_a_server_speaks(version: Version, leaf: Made, serve: Serve) -> None:
    with serve(Serving((leaf,), SPOKEN[version], SPOKEN[version])) as endpoint:
        reply = ask(endpoint, ClientHello.offering_all(version))

    assert reply.speaks
    assert reply.version is version
    assert reply.ending == ""
    assert reply.hello is not None
    assert reply.hello.suite in suites()


@pytest.mark.parametrize("version", SPOKEN)
def test_shows_the_alert_of_a_server_that_does_not_speak_it(version: Version, leaf: Made, serve: Serve) -> None:
    other = ssl.TLSVersion.TLSv1 if version is not Version.TLS_1_0 else ssl.TLSVersion.TLSv1_2
    with serve(Serving((leaf,), other, other)) as endpoint:
        reply = ask(endpoint, ClientHello.offering_all(version))

    assert not reply.speaks


def groups_of(version: Version) -> set[int]:
    """What a hello says in its supported_groups (RFC 8422 5.1.1)."""
    said = bytes(ClientHello(version, (0x1301,), random=bytes(32)))
    extension = said.partition(b"\x00\x0a")[2]
    octets = extension[4 : 2 + int.from_bytes(extension[:2], "big")]
    return {int.from_bytes(octets[place : place + 2], "big") for place in range(0, len(octets), 2)}


def test_a_hello_for_tls_1_3_alone_names_no_groups_of_before() -> None:
    """tlslite-ng refuses one that does (RFC 8446 4.2.7)."""
    assert groups_of(Version.TLS_1_3) == {29, 23, 24, 25, 30, *range(256, 261)}
    assert {21, 22} <= groups_of(Version.TLS_1_2)


def test_shows_the_chain_in_the_order_served(root: Made, intermediate: Made, leaf: Made, serve: Serve) -> None:
    served = (leaf, root, intermediate, leaf)
    with serve(Serving(served)) as endpoint:
        reply = ask(endpoint, ClientHello.offering_all(Version.TLS_1_2))

    assert reply.chain == tuple(made.der for made in served)


@pytest.mark.parametrize("version", [Version.TLS_1_0, Version.TLS_1_1, Version.TLS_1_2])
@pytest.mark.parametrize("ciphers", ["ECDHE+aRSA", "DHE+aRSA", "ECDHE+aECDSA"])
def test_the_signature_proves_the_key_and_no_other(
    version: Version, ciphers: str, intermediate: Made, serve: Serve
) -> None:
    key = ec.generate_private_key(ec.SECP256R1()) if "ECDSA" in ciphers else None
    ours, other = (make("mcu.example", intermediate, key=key) for _ in range(2))
    wrong = make("other", key=ec.generate_private_key(ec.SECP256R1())) if key else other
    with serve(Serving((ours,), SPOKEN[version], SPOKEN[version], ciphers)) as endpoint:
        reply = ask(endpoint, ClientHello.offering_all(version))
    assert reply.hello is not None
    assert reply.key_exchange is not None
    suite = suites()[reply.hello.suite]
    randoms = reply.offered.random + reply.hello.random

    assert signs(suite)
    assert proves(ours.der, suite, reply.hello.version, randoms, reply.key_exchange)
    assert not proves(wrong.der, suite, reply.hello.version, randoms, reply.key_exchange)
    assert not proves(ours.der, suite, reply.hello.version, randoms[::-1], reply.key_exchange)


def test_the_signature_proves_the_key_in_ssl_3_with_a_broken_cipher(leaf: Made) -> None:
    suite = next(suite for suite in suites().values() if suite.name == "DHE_RSA_EXPORT_WITH_DES40_CBC_SHA")
    assert isinstance(leaf.key, rsa.RSAPrivateKey)
    client_random = b"C" * 32
    body = signed_parameters(leaf.key, client_random)
    flight = record(22, server_hello(0x0300, suite.number) + certificates(leaf.der) + message(12, body) + DONE)

    with answering(saying(flight)) as endpoint:
        reply = ask(endpoint, ClientHello(Version.SSL_3_0, (suite.number,), random=client_random))

    assert reply.version is Version.SSL_3_0
    assert reply.speaks
    assert reply.hello is not None
    assert reply.key_exchange == body
    assert reply.chain == (leaf.der,)
    assert prime_bits(body) == 512
    assert proves(leaf.der, suite, reply.hello.version, client_random + reply.hello.random, body)


def test_a_hello_of_tls_1_3_is_over_with_the_request_for_a_share() -> None:
    retry = server_hello(0x0303, 0x1301, vector(2, b"\0\x2b" + vector(2, b"\3\4")), RETRY_RANDOM)

    flight = read(record(22, retry))

    assert flight.done
    assert flight.hello is not None
    assert flight.hello.is_retry
    assert flight.hello.version == Version.TLS_1_3


def test_an_alert_is_named() -> None:
    with answering(saying(record(21, b"\2\x28"))) as endpoint:
        reply = ask(endpoint, ClientHello.offering_all(Version.TLS_1_2))

    assert [str(alert) for alert in reply.alerts] == ["fatal handshake_failure"]
    assert reply.words == "fatal handshake_failure"


def test_a_warning_does_not_end_the_flight() -> None:
    flight = read(record(21, b"\1\x70") + FLIGHT)

    assert [str(alert) for alert in flight.alerts] == ["warning unrecognized_name"]
    assert flight.done
    assert flight.chain == (b"leaf", b"issuer")


def test_a_stapled_answer_is_shown() -> None:
    status = message(22, b"\1" + vector(3, b"an OCSP response"))

    assert read(record(22, server_hello() + certificates(b"leaf") + status + DONE)).stapled == b"an OCSP response"


def test_a_unit_that_hangs_up_is_told_of() -> None:
    with answering(saying(FLIGHT[:-20])) as endpoint:
        reply = ask(endpoint, ClientHello.offering_all(Version.SSL_3_0))

    assert reply.ending == "it closed the connection"
    assert reply.hello is None


def test_a_port_that_speaks_http_is_told_of() -> None:
    with answering(saying(b"HTTP/1.1 400 Bad Request\r\n\r\n")) as endpoint:
        reply = ask(endpoint, ClientHello.offering_all(Version.TLS_1_0))

    assert reply.ending == "not a TLS record: it begins with 48 54 54 50 2f"


def test_a_unit_that_says_nothing_is_told_of() -> None:
    def silent(connection: socket.socket) -> None:
        while connection.recv(2**16):
            pass

    with answering(silent) as endpoint:
        reply = probe(endpoint, ClientHello.offering_all(Version.TLS_1_0), Deadline.after(0.05))

    assert reply.ending == "it went silent"


def test_a_closed_port_is_the_bench_s_fault() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        endpoint = Endpoint("127.0.0.1", listener.getsockname()[1])

    with pytest.raises(BenchError, match=f"no TCP connection to {endpoint}"):
        ask(endpoint, ClientHello.offering_all(Version.TLS_1_0))


@given(st.lists(st.integers(1, len(FLIGHT) - 1)))
def test_the_pieces_make_no_difference(cuts: list[int]) -> None:
    flight = Flight()
    for start, end in zip([0, *sorted(cuts)], [*sorted(cuts), len(FLIGHT)], strict=True):
        flight.feed(FLIGHT[start:end])

    assert flight == read(FLIGHT)
    assert flight.done


@given(st.integers(1, 60))
def test_the_records_make_no_difference(size: int) -> None:
    messages = FLIGHT[5:]
    pieces = [record(22, messages[at : at + size]) for at in range(0, len(messages), size)]

    flight = read(b"".join(pieces))

    assert (flight.hello, flight.chain, flight.done) == (read(FLIGHT).hello, read(FLIGHT).chain, True)


MALFORMED = {
    "no record": b"GET / HTTP/1.0\r\n",
    "SSLv2": b"\x80\x46\x04\x00\x01",
    "a record too long": b"\x16\x03\x01\xff\xff",
    "a message too long": record(22, b"\x0b\xff\xff\xff"),
    "a certificate before the hello": record(22, certificates(b"leaf")),
    "two hellos": record(22, server_hello() + server_hello()),
    "Finished": record(22, server_hello() + message(20, b"")),
    "application data": record(23, b"x"),
    "a hello cut short": record(22, message(2, b"\3\3" + b"r" * 30)),
    "a hello with a tail": record(22, server_hello(rest=b"\0\0x")),
    "compression": record(22, message(2, b"\3\1" + b"r" * 32 + b"\0\0\5\1")),
    "an extension twice": record(22, server_hello(rest=vector(2, b"\0\x17\0\0\0\x17\0\0"))),
    "a certificate longer than its list": record(22, server_hello() + message(11, b"\0\0\4\0\0\x09x")),
    "an alert of three bytes": record(21, b"\2\x28\0"),
    "no end": record(20, b"\1") * (FLIGHT_BOUND // 6 + 1),
}


@pytest.mark.parametrize("name", MALFORMED)
def test_what_breaks_the_grammar_is_refused(name: str) -> None:
    with pytest.raises(Malformed):
        read(MALFORMED[name])


@st.composite
def damaged(draw: st.DrawFn) -> bytes:
    data = bytearray(FLIGHT)
    for _ in range(draw(st.integers(1, 6))):
        at = draw(st.integers(0, len(data) - 1))
        change = draw(st.sampled_from(["set", "cut", "insert", "end"]))
        if change == "set":
            data[at] = draw(st.integers(0, 255))
        elif change == "cut" and len(data) > 1:
            del data[at]
        elif change == "insert":
            data[at:at] = draw(st.binary(max_size=8))
        elif at:
            del data[at:]
    return bytes(data)


def pieces_of(data: bytes, size: int) -> Iterator[bytes]:
    return (data[at : at + size] for at in range(0, len(data), size))


@given(st.one_of(damaged(), st.binary(max_size=400)), st.integers(1, 500))
def test_nothing_but_malformed_ever_comes_of_damaged_bytes(data: bytes, size: int) -> None:
    flight = Flight()
    try:
        for piece in pieces_of(data, size):
            flight.feed(piece)
    except Malformed:
        return


@given(st.sampled_from([suite for suite in suites().values() if signs(suite)]), st.binary(max_size=300))
def test_nothing_but_malformed_ever_comes_of_damaged_parameters(suite: Suite, body: bytes) -> None:
    for look in (lambda: parameters_of(suite, body), lambda: prime_bits(body), lambda: curve_of(body)):
        try:
            look()
        except Malformed:
            continue


@given(st.sampled_from([suite for suite in suites().values() if signs(suite)]), st.data())
def test_nothing_but_malformed_ever_comes_of_a_damaged_signature(suite: Suite, data: st.DataObject) -> None:
    leaf = data.draw(st.sampled_from(LEAVES))
    version = data.draw(st.sampled_from([*Version]))
    head = b"\3\0\x17\1x" if suite.exchange.startswith("ECDH") else vector(2, b"p") * 3
    scheme = data.draw(st.binary(min_size=2, max_size=2)) if version >= Version.TLS_1_2 else b""
    body = head + scheme + vector(2, data.draw(st.binary(max_size=260)))
    try:
        assert not proves(leaf, suite, version, b"r" * 64, body)
    except Malformed:
        return


LEAVES = [make("rsa").der, make("ec", key=ec.generate_private_key(ec.SECP256R1())).der, b"no certificate"]


@pytest.mark.parametrize("version", Version)
@pytest.mark.parametrize("length", [1, 20, 60])
def test_no_hello_is_of_a_length_that_servers_hang_on(version: Version, length: int) -> None:
    """RFC 7685 4."""
    hello = bytes(ClientHello.offering_all(version, "x" * length, asks_status=True))

    assert not 0x100 <= len(hello) - 5 < 0x200


def test_a_hello_is_read_by_the_machine_s_openssl(leaf: Made, serve: Serve) -> None:
    """Server name, status request and all: a server that minded any of it would answer with an alert."""
    with serve(Serving((leaf,), highest=ssl.TLSVersion.TLSv1_2)) as endpoint:
        reply = ask(endpoint, ClientHello.offering_all(Version.TLS_1_2, "mcu.example", asks_status=True))

    assert reply.alerts == ()
    assert reply.chain == (leaf.der,)
