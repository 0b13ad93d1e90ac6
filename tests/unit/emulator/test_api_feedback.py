"""Feedback receivers are told what happens, over HTTP (device-reference 7.7)."""

from __future__ import annotations

import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import replace
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any
from xmlrpc.server import SimpleXMLRPCServer

import pytest

from certstore import Upload
from harness import pki
from harness.deadline import Deadline
from harness.emulator.blueprint import Blueprint
from harness.emulator.faults import Faults
from harness.emulator.hosting import HostThread, hosted
from tests.unit.emulator.console_client import console

if TYPE_CHECKING:
    from tests.unit.emulator.conftest import Caller

SECONDS = 15


class Listening(SimpleXMLRPCServer):
    """Over TLS, where it has a context."""

    def __init__(self, address: str, context: ssl.SSLContext | None) -> None:
        super().__init__((address, 0), logRequests=False)
        self._context = context
        self.shut_out = 0
        """How many clients have broken off the handshake."""

    def get_request(self) -> tuple[socket.socket, Any]:
        connection, peer = super().get_request()
        if self._context is None:
            return connection, peer
        try:
            return self._context.wrap_socket(connection, server_side=True), peer
        except OSError:
            self.shut_out += 1
            raise


class Ear:
    """A receiver of feedback: the standard library's XML-RPC server."""

    def __init__(self, address: str, context: ssl.SSLContext | None = None) -> None:
        self._server = Listening(address, context)
        self._scheme = "https" if context else "http"
        self._server.register_function(self._hear, "eventNotification")
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02})
        self._thread.start()
        self.heard: list[dict[str, Any]] = []

    @property
    def uri(self) -> str:
        address, port = self._server.server_address[:2]
        return f"{self._scheme}://{address!s}:{port}/RPC2"

    @property
    def shut_out(self) -> int:
        return self._server.shut_out

    @property
    def events(self) -> list[str]:
        return [event for notification in self.heard for event in notification["events"]]

    def hears(self, *events: str) -> None:
        """In whatever order: each comes by a connection of its own."""
        Deadline.after(SECONDS).wait_for(f"{events} told", lambda: set(events) <= set(self.events), every=0.02)

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def _hear(self, notification: Any) -> str:
        self.heard.append(notification)
        return "thank you"


@pytest.fixture
def new_ear(addresses: Iterator[str]) -> Iterator[Callable[[], Ear]]:
    ears: list[Ear] = []

    def make() -> Ear:
        ears.append(Ear(next(addresses)))
        return ears[-1]

    yield make
    for ear in ears:
        ear.close()


@pytest.fixture
def ear(new_ear: Callable[[], Ear]) -> Ear:
    return new_ear()


def test_a_new_receiver_is_told_that_it_is_one(call: Caller, ear: Ear) -> None:
    call("feedbackReceiver.configure", receiverURI=ear.uri, sourceIdentifier="bench seven")

    ear.hears("configureAck")
    assert ear.heard == [{"sourceIdentifier": "bench seven", "events": ["configureAck"]}]


def test_without_an_identifier_a_unit_is_known_by_its_mac_address(call: Caller, ear: Ear) -> None:
    call("feedbackReceiver.configure", receiverURI=ear.uri)

    ear.hears("configureAck")
    assert ear.heard[0]["sourceIdentifier"] == call("device.network.query")["portA"]["macAddress"]


def test_a_restart_is_told_before_and_after(call: Caller, ear: Ear) -> None:
    call("feedbackReceiver.configure", receiverURI=ear.uri)

    call("device.restart")

    ear.hears("rebooting", "restart", "deviceStatusChanged")


def test_an_upload_and_a_shutdown_change_the_status(
    call: Caller, ear: Ear, visitor: Any, article_upload: Upload
) -> None:
    call("feedbackReceiver.configure", receiverURI=ear.uri, subscribedEvents=["deviceStatusChanged"])

    visitor.upload(article_upload)
    ear.hears("deviceStatusChanged")
    ear.heard.clear()
    call("device.restart", shutdownOnly=True)

    # Once when it begins, once when the unit has been shut down.
    Deadline.after(SECONDS).wait_for("two changes", lambda: len(ear.heard) == 2)
    assert call("device.query")["shutdownStatus"] == "shutDown"


def test_services_that_change_are_told(call: Caller, ear: Ear) -> None:
    call("feedbackReceiver.configure", receiverURI=ear.uri)

    call("services.modify", portA=[{"name": "ftp", "setting": False}])

    ear.hears("servicesChanged")


def test_an_address_that_is_made_fixed_and_a_clock_that_is_set_are_told(
    lab: HostThread, wired: tuple[Blueprint, Blueprint], caller_of: Callable[[Blueprint], Caller], ear: Ear
) -> None:
    caller_of(wired[0])("feedbackReceiver.configure", receiverURI=ear.uri)

    with console(wired[0]) as terminal:
        terminal.type("static")
        ear.hears("networkChanged")
    lab.suffer(wired[0].name, Faults(clock_seconds=3600))

    ear.hears("timeChanged")


def test_participants_who_are_cut_off_by_a_restart_are_told(
    blueprint: Blueprint, caller_of: Callable[[Blueprint], Caller], ear: Ear
) -> None:
    in_a_call = replace(blueprint, switches=(("calls.conferences", 1), ("calls.participants", 2)))
    with hosted([in_a_call]):
        call = caller_of(in_a_call)
        call("feedbackReceiver.configure", receiverURI=ear.uri, subscribedEvents=["participantLeft", "restart"])

        call("device.restart")

        ear.hears("participantLeft", "restart")


def test_only_what_was_subscribed_to_is_told(call: Caller, new_ear: Callable[[], Ear]) -> None:
    choosy, curious = new_ear(), new_ear()
    call("feedbackReceiver.configure", receiverURI=choosy.uri, receiverIndex=1, subscribedEvents=["restart"])
    call("feedbackReceiver.configure", receiverURI=curious.uri, receiverIndex=2)

    call("device.restart")

    curious.hears("configureAck", "rebooting", "restart", "deviceStatusChanged")
    choosy.hears("restart")
    assert choosy.events == ["restart"]


def test_a_receiver_that_is_gone_holds_up_nothing(
    call: Caller, ear: Ear, addresses: Iterator[str], caplog: pytest.LogCaptureFixture
) -> None:
    call("feedbackReceiver.configure", receiverURI=f"http://{next(addresses)}:9/RPC2", receiverIndex=1)
    call("feedbackReceiver.configure", receiverURI="http://no..such..host/RPC2", receiverIndex=2)
    call("feedbackReceiver.configure", receiverURI=ear.uri, receiverIndex=3)

    call("device.restart")

    ear.hears("restart")
    assert caplog.records == []


@pytest.fixture
def secure_ear(addresses: Iterator[str], tmp_path: Path) -> Iterator[Ear]:
    """With a certificate of the authority of this process."""
    address, chain = next(addresses), tmp_path / "receiver.pem"
    issued = pki.run_authority().issue(address)
    chain.write_bytes(issued.certificate_pem + pki.key_pem(issued.key))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(chain)
    ear = Ear(address, context)
    yield ear
    ear.close()


def test_server_certificate_security_governs_whom_a_unit_tells(
    blueprint: Blueprint,
    secure_ear: Ear,
    caller_of: Callable[[Blueprint], Caller],
    visitor_of: Callable[[Blueprint], AbstractContextManager[Any]],
) -> None:
    """Of 4.4 on (device-reference 2.4)."""
    unit = replace(blueprint, firmware="4.5(1.71)")
    with hosted([unit]), visitor_of(unit) as visitor:
        call = caller_of(unit)
        visitor.log_in(unit.user, unit.password)

        call("feedbackReceiver.configure", receiverURI=secure_ear.uri)
        secure_ear.hears("configureAck")

        visitor.visit("/certificates.html")
        visitor.select_form(visitor.page.find(id="server_security").find_parent("form"))
        visitor["server_security"] = "verify"
        visitor.submit_selected()
        secure_ear.heard.clear()
        call("feedbackReceiver.configure", receiverURI=secure_ear.uri)
        Deadline.after(SECONDS).wait_for("the handshake broken off", lambda: secure_ear.shut_out == 1)
        assert secure_ear.heard == []

        store = visitor.page.find(id="https-file")
        store["value"] = BytesIO(pki.run_authority().root_pem)
        visitor.select_form(store.find_parent("form"))
        visitor.submit_selected(btnName=store.find_parent("form").find("input", value="Upload trust store"))
        call("feedbackReceiver.configure", receiverURI=secure_ear.uri)
        secure_ear.hears("configureAck")


def test_receivers_are_listed_until_they_are_removed(call: Caller, ear: Ear) -> None:
    call("feedbackReceiver.configure", receiverURI=ear.uri, receiverIndex=7, subscribedEvents=["restart"])
    [receiver] = call("feedbackReceiver.query")["receivers"]
    assert (receiver["index"], receiver["receiverURI"]) == (7, ear.uri)

    call("feedbackReceiver.configure", receiverIndex=7)

    assert call("feedbackReceiver.query") == {"receivers": []}


def test_any_index_is_the_first_that_is_free_of_twenty(call: Caller, addresses: Iterator[str]) -> None:
    uri = f"http://{next(addresses)}:9/RPC2"
    call("feedbackReceiver.configure", receiverURI=uri, receiverIndex=2)

    given = [
        call("feedbackReceiver.configure", receiverURI=uri, receiverIndex=-1)["receiverIndex"] for _ in range(19)
    ]

    assert given == [1, *range(3, 21)]
    assert call.fault("feedbackReceiver.configure", receiverURI=uri, receiverIndex=-1) == 201


REFUSED: dict[str, dict[str, object]] = {
    "another path": {"receiverURI": "http://127.0.0.1/feedback"},
    "another scheme": {"receiverURI": "ftp://127.0.0.1/RPC2"},
    "no host": {"receiverURI": "/RPC2"},
    "no port": {"receiverURI": "http://127.0.0.1:0/RPC2"},
    "index 0": {"receiverURI": "http://127.0.0.1/RPC2", "receiverIndex": 0},
    "index 21": {"receiverURI": "http://127.0.0.1/RPC2", "receiverIndex": 21},
    "an unknown event": {"receiverURI": "http://127.0.0.1/RPC2", "subscribedEvents": ["certificateChanged"]},
    "events that are no list": {"receiverURI": "http://127.0.0.1/RPC2", "subscribedEvents": "restart"},
}


@pytest.mark.parametrize("arguments", REFUSED.values(), ids=REFUSED)
def test_what_cannot_be_a_receiver_is_an_invalid_parameter(call: Caller, arguments: dict[str, object]) -> None:
    assert call.fault("feedbackReceiver.configure", **arguments) == 102
    assert call("feedbackReceiver.query") == {"receivers": []}
