"""Units behind OpenSSH's server as their gateway: all that is sent to them goes that way, and nothing else is blamed
for what is its fault."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from harness.deadline import Deadline
from harness.drivers.gateway import SshGateway
from harness.drivers.known_hosts import KnownHosts
from harness.drivers.mcu import open_unit
from harness.drivers.wire import NotOpen
from harness.emulator.blueprint import Blueprint
from harness.emulator.hosting import hosted
from harness.errors import BenchError
from harness.lab import Gateway, Lab, Place
from harness.tls.handshake import Endpoint, take_handshake
from harness.transport import WayBroken
from harness.triage import greets, look_around
from harness.unit import Way
from tests.unit.ssh.conftest import address

if TYPE_CHECKING:
    from tests.gateway.sshd import Sshd
    from tests.unit.ssh.conftest import Start

SECONDS = 20.0
HELLO = b"hello " * 20_000
Echo = tuple[str, int]


@pytest.fixture
def echo() -> Iterator[Echo]:
    """Sends back all that it hears, until nothing more comes."""
    with ExitStack() as stack:
        listener = stack.enter_context(socket.create_server((address(), 0)))
        threads: list[threading.Thread] = []

        def answer(connection: socket.socket) -> None:
            with connection:
                while data := connection.recv(2**16):
                    connection.sendall(data)

        def accept() -> None:
            while True:
                try:
                    connection, _ = listener.accept()
                except OSError:
                    return
                threads.append(threading.Thread(target=answer, args=(connection,)))
                threads[-1].start()

        acceptor = threading.Thread(target=accept)
        acceptor.start()
        yield listener.getsockname()
        listener.shutdown(socket.SHUT_RDWR)
        acceptor.join()
        for thread in threads:
            thread.join(SECONDS)
            assert not thread.is_alive(), "a connection was left open"


def gateway(server: Sshd, tmp_path: Path) -> SshGateway:
    return SshGateway(Gateway.model_validate(server.table), KnownHosts(tmp_path / "state"))


def echoed(through: SshGateway, port: Echo) -> bytes:
    with through.connect(*port, SECONDS) as connection:

        def send() -> None:
            connection.sendall(HELLO)
            connection.shutdown(socket.SHUT_WR)

        sender = threading.Thread(target=send)
        sender.start()
        heard = b"".join(iter(lambda: connection.recv(2**16), b""))
        sender.join()
        return heard


def test_many_connections_share_one_to_the_gateway(start: Start, tmp_path: Path, echo: Echo) -> None:
    server = start()
    through = gateway(server, tmp_path)

    with ThreadPoolExecutor(12) as pool:
        heard = list(pool.map(lambda _: echoed(through, echo), range(24)))

    assert set(heard) == {HELLO}
    assert server.log.count("Accepted publickey") == 1
    assert len(through.notices) == 1


def test_a_connection_that_is_left_alone_ends_at_both_ends(start: Start, tmp_path: Path, echo: Echo) -> None:
    through = gateway(start(), tmp_path)
    before = threading.active_count()

    with closing(through.connect(*echo, SECONDS)) as connection:
        connection.sendall(b"half of it")
        assert connection.recv(100) == b"half of it"

    Deadline.after(SECONDS).wait_for("end of the carriers", lambda: threading.active_count() <= before + 1, 0.02)


def test_a_port_that_is_closed_is_not_the_gateway_s_fault(start: Start, tmp_path: Path) -> None:
    through = gateway(start(), tmp_path)

    with pytest.raises(ConnectionRefusedError, match="Connection refused, says the gateway 127"):
        through.connect(address(), 9, SECONDS)
    with pytest.raises(OSError, match=r"[Nn]ame .*says the gateway"):
        through.connect("no-such-host.invalid", 9, SECONDS)
    through.check()
    assert through.trouble_since(0.0) == ""


def test_a_gateway_that_forbids_forwarding_says_what_to_allow(start: Start, tmp_path: Path) -> None:
    through = gateway(start("AllowTcpForwarding no"), tmp_path)

    with pytest.raises(WayBroken, match=r"forbids connections to 10\.0\.0\.1:443: allow them .*AllowTcpForwarding"):
        through.connect("10.0.0.1", 443, SECONDS)


def test_a_gateway_that_is_gone_is_named(start: Start, tmp_path: Path, echo: Echo) -> None:
    server = start()
    server.stop()
    through = gateway(server, tmp_path)

    with pytest.raises(WayBroken, match=rf"gateway: {through.name}: cannot be reached: Connection refused"):
        through.connect(*echo, SECONDS)


def test_a_lost_connection_is_made_anew(start: Start, tmp_path: Path, echo: Echo) -> None:
    server = start()
    through = gateway(server, tmp_path)
    with through.connect(*echo, SECONDS) as connection:
        began = time.monotonic()
        server.drop()

        assert connection.recv(1) == b""
        assert through.trouble_since(began) == (
            f"gateway: {through.name}: the SSH connection was lost: the gateway ended it"
        )
    assert echoed(through, echo) == HELLO
    assert through.trouble_since(time.monotonic()) == ""


def test_a_gateway_that_comes_back_is_waited_for(start: Start, tmp_path: Path, echo: Echo) -> None:
    server = start()
    through = gateway(server, tmp_path)
    assert echoed(through, echo) == HELLO
    server.stop()

    with ThreadPoolExecutor(2) as pool:
        waiting = [pool.submit(echoed, through, echo) for _ in range(2)]
        server.start()
        assert [one.result(SECONDS) for one in waiting] == [HELLO, HELLO]


def test_a_gateway_that_stays_away_is_told_to_all_who_wait(
    start: Start, tmp_path: Path, echo: Echo, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("harness.drivers.gateway.RECONNECT_SECONDS", 0.3)
    server = start()
    through = gateway(server, tmp_path)
    through.check()
    server.stop()

    with ThreadPoolExecutor(4) as pool:
        waiting = [pool.submit(through.connect, *echo, SECONDS) for _ in range(4)]
        assert all(isinstance(one.exception(SECONDS), WayBroken) for one in waiting)


def test_a_connection_that_hangs_is_made_anew(
    start: Start, tmp_path: Path, echo: Echo, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("harness.drivers.gateway.ANSWER_SECONDS", 0.3)
    server = start()
    through = gateway(server, tmp_path)
    for ask in (through.check, lambda: through.connect(*echo, 0.3).close()):
        through.check()
        server.hang()
        ask()

    assert server.log.count("Accepted publickey") == 3


def test_a_gateway_that_hangs_is_not_taken_for_a_unit_that_does(
    start: Start, tmp_path: Path, echo: Echo, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("harness.drivers.gateway.ANSWER_SECONDS", 0.3)
    monkeypatch.setattr("harness.drivers.gateway.RECONNECT_SECONDS", 0.3)
    monkeypatch.setattr("harness.drivers.ssh.CONNECT_SECONDS", 0.5)
    server = start()
    through = gateway(server, tmp_path)
    through.check()
    server.hang_whole()

    with pytest.raises(WayBroken, match=rf"gateway: {through.name}: no SSH connection"):
        through.connect(*echo, 0.3)


def test_a_changed_host_key_is_told_in_one_line(start: Start, tmp_path: Path, echo: Echo) -> None:
    server = start()
    gateway(server, tmp_path).check()
    server.stop()
    server.forget_host_key()
    server.start()

    with pytest.raises(WayBroken, match=r"its host key is SHA256:\S+ \(ed25519\), and SHA256:\S+ .* is expected, by"):
        gateway(server, tmp_path).connect(*echo, SECONDS)


Behind = Callable[..., Place]


@pytest.fixture
def behind(start: Start, tmp_path: Path) -> Iterator[tuple[Place, Sshd]]:
    """An emulated unit, and OpenSSH's server before it."""
    server = start()
    table = {
        "name": "unit",
        "model": "MCU 4505",
        "address": address(),
        "ports": {"http": 8080, "https": 8443, "sip_tls": 5061},
        "features": ["api", "https", "sip_tls"],
        "login": {"user": "admin", "password": "s3cret"},
        "emulated": {"firmware": "4.3(2.18)", "restart_seconds": 0.2},
        "gateway": server.table,
    }
    place = Lab.model_validate({"place": [table]}).places[0]
    with hosted([Blueprint.of(place)]) as host:
        assert not host.failed
        yield place, server


def test_a_unit_is_driven_through_it(behind: tuple[Place, Sshd], tmp_path: Path) -> None:
    place, server = behind

    with open_unit(place, state_dir=tmp_path / "state") as unit:
        baseline = unit.baseline
        assert unit.sip_handshake(Deadline.after(SECONDS)) is not None
        assert unit.certificate_page().local_certificate.key_matches
        for way in (Way.WEB, Way.API):
            restart = unit.restart(Deadline.after(SECONDS), way)
            assert restart.restart_time_after > restart.restart_time_before
        assert unit.handshake(Deadline.after(SECONDS)).leaf == baseline.leaf
        [told] = unit.notices

    assert "trusted on first use" in told
    assert server.log.count("Accepted publickey") == 1


def test_a_gateway_that_drops_us_in_between_loses_nothing(behind: tuple[Place, Sshd], tmp_path: Path) -> None:
    place, server = behind

    with open_unit(place, state_dir=tmp_path / "state") as unit:
        leaf = unit.baseline.leaf
        server.drop()
        assert unit.handshake(Deadline.after(SECONDS)).leaf == leaf
        server.drop()
        assert unit.certificate_page().local_certificate.key_matches


def test_a_unit_that_its_gateway_cannot_reach_is_not_open(behind: tuple[Place, Sshd], tmp_path: Path) -> None:
    place, _ = behind
    elsewhere = place.model_copy(update={"address": address()})

    with pytest.raises(NotOpen, match="Connection refused, says the gateway"), open_unit(elsewhere):
        pass


def test_what_is_seen_of_the_bench_says_who_is_silent(behind: tuple[Place, Sshd], tmp_path: Path) -> None:
    place, server = behind
    through = gateway(server, tmp_path)
    elsewhere = place.model_copy(update={"address": address()})

    assert look_around(place, through).facts().items() >= {"http": True, "gateway": True}.items()
    assert look_around(elsewhere, through).facts() == {"http": False, "served": None, "gateway": True}
    server.stop()
    assert place.gateway is not None
    assert not greets(place.gateway, gateway(server, tmp_path))


def test_an_endpoint_behind_another_gateway_is_another(behind: tuple[Place, Sshd], tmp_path: Path) -> None:
    place, server = behind
    through = gateway(server, tmp_path)
    endpoint = Endpoint(place.address, place.ports.https, through=through)

    assert endpoint != Endpoint(place.address, place.ports.https)
    assert endpoint != Endpoint(place.address, place.ports.https, through=gateway(server, tmp_path))
    assert take_handshake(endpoint, Deadline.after(SECONDS)).fingerprint
    server.stop()
    with pytest.raises(BenchError, match="gateway"):
        take_handshake(Endpoint(place.address, 8443, through=gateway(server, tmp_path)), Deadline.after(SECONDS))
