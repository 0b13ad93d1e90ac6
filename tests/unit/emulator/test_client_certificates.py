"""Certificates of clients: who is let in by which mode of `Client certificate security` (device-reference 2.4)."""

from __future__ import annotations

import ftplib
import http.client
import ssl
import xmlrpc.client
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from io import BytesIO
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest

from harness import catalogue
from harness.deadline import Deadline
from harness.drivers.mcu import open_unit
from harness.emulator.blueprint import Blueprint
from harness.emulator.hosting import HostThread, hosted
from harness.emulator.unit import EmulatedUnit
from harness.lab import Lab, Place
from harness.tls.handshake import Endpoint, HandshakeFailed, take_handshake
from tests.unit.emulator.client_authority import ClientAuthority, answering

FTP_PORT = 2121
IN, DENIED = "/", "/access_failed.html"

VisitorOf = Callable[[Blueprint], AbstractContextManager[Any]]


@dataclass
class Client:
    """Somebody at the HTTPS port, with the certificate of a file or without one."""

    unit: Blueprint
    file: Path | None = None

    @property
    def context(self) -> ssl.SSLContext:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        context.set_ciphers("ALL:@SECLEVEL=0")
        context.minimum_version = ssl.TLSVersion.TLSv1
        if self.file is not None:
            context.load_cert_chain(self.file)
        return context

    def ask(self, method: str, path: str, body: str = "", **headers: str) -> tuple[int, str]:
        """Status, and where it leads."""
        connection = http.client.HTTPSConnection(self.unit.address, self.unit.https, timeout=60, context=self.context)
        try:
            connection.request(method, path, body, headers)
            answer = connection.getresponse()
            answer.read()
            return answer.status, answer.getheader("Location", "")
        finally:
            connection.close()

    def log_in(self, password: str) -> str:
        """Where the form leads to."""
        form = urlencode({"user_name": "admin", "password": password, "ok": "OK"})
        headers = {"Content-Type": "application/x-www-form-urlencoded"}
        return self.ask("POST", "/login_change.html", form, **headers)[1]

    def call(self, password: str) -> str:
        """Of the API: `model`, or the fault's text."""
        uri = f"https://{self.unit.address}:{self.unit.https}/RPC2"
        with xmlrpc.client.ServerProxy(uri, context=self.context) as api:
            login = {"authenticationUser": "admin", "authenticationPassword": password}
            try:
                return str(api.device.query(login)["model"])  # type: ignore[call-overload, index]
            except xmlrpc.client.Fault as fault:
                return fault.faultString

    @property
    def is_shut_out(self) -> bool:
        """Of the handshake."""
        try:
            self.ask("GET", "/system.xml")
        except (ssl.SSLError, ConnectionError, http.client.RemoteDisconnected):
            return True
        return False


@dataclass
class Guarded:
    """A unit of 4.5 whose HTTPS trust store holds one authority."""

    unit: Blueprint
    host: HostThread
    people: ClientAuthority
    visitor: Any
    folder: Path

    def choose(self, mode: str, **settings: str) -> None:
        self.visitor.visit("/certificates.html")
        self.visitor.select_form(self.visitor.page.find(id="client_security").find_parent("form"))
        self.visitor["client_security"] = mode
        for name, value in settings.items():
            self.visitor[name] = value
        self.visitor.submit_selected()

    def client(self, common_name: str | None = None, authority: ClientAuthority | None = None) -> Client:
        """With a certificate of that name, or with none."""
        if common_name is None:
            return Client(self.unit)
        return Client(self.unit, (authority or self.people).issue(common_name, self.folder))

    def audit(self) -> list[str]:
        return self.host._ask(
            self.unit.name, lambda unit: [entry.text for entry in unit.administration.audit.records]
        )


@pytest.fixture
def guarded(blueprint: Blueprint, visitor_of: VisitorOf, tmp_path: Path) -> Iterator[Guarded]:
    unit, people = replace(blueprint, firmware="4.5(1.71)"), ClientAuthority()
    with hosted([unit]) as host, visitor_of(unit) as visitor:
        visitor.log_in(unit.user, unit.password)
        visitor.visit("/audit_log.html")
        visitor.press("Enable auditing")
        visitor.visit("/certificates.html")
        store = visitor.page.find(id="https-file")
        store["value"] = BytesIO(people.pem)
        visitor.select_form(store.find_parent("form"))
        visitor.submit_selected(btnName=store.find_parent("form").find("input", value="Upload trust store"))
        yield Guarded(unit, host, people, visitor, tmp_path)


def test_a_fresh_unit_takes_no_notice_of_certificates(guarded: Guarded) -> None:
    strangers = ClientAuthority("Strangers")
    client = guarded.client("admin", strangers)

    assert client.log_in("wrong") == DENIED
    assert client.log_in(guarded.unit.password) == IN
    assert client.call("wrong") == "authorization failed"
    assert client.ask("GET", "/login.html") == (200, "")


def test_verify_needs_a_certificate_of_the_trust_store_and_then_the_password(guarded: Guarded) -> None:
    guarded.choose("verify")

    assert guarded.client().is_shut_out
    assert guarded.client("admin", ClientAuthority("Strangers")).is_shut_out
    client = guarded.client("admin")
    assert (client.log_in("wrong"), client.log_in(guarded.unit.password)) == (DENIED, IN)
    assert (client.call("wrong"), client.call(guarded.unit.password)) == ("authorization failed", "Cisco MCU 4505")


def test_allowed_logs_in_the_user_whom_the_certificate_names_and_others_by_password(guarded: Guarded) -> None:
    guarded.choose("allowed")

    admin, other, nobody = guarded.client("admin"), guarded.client("somebody"), guarded.client()
    assert admin.ask("GET", "/login.html") == (303, IN)
    assert admin.call("wrong") == "Cisco MCU 4505"
    for client in (other, nobody):
        assert (client.log_in("wrong"), client.log_in(guarded.unit.password)) == (DENIED, IN)
        assert client.call("wrong") == "authorization failed"


def test_required_lets_nobody_in_by_password(guarded: Guarded) -> None:
    guarded.choose("required")

    assert guarded.client().is_shut_out
    admin, other = guarded.client("admin"), guarded.client("somebody")
    assert admin.ask("GET", "/login.html") == (303, IN)
    assert admin.call("wrong") == "Cisco MCU 4505"
    assert other.log_in(guarded.unit.password) == DENIED
    assert other.call(guarded.unit.password) == "authorization failed"


def test_required_blocks_logins_by_http_and_ftp_and_at_the_console(guarded: Guarded) -> None:
    unit = guarded.unit

    def admits(unit: EmulatedUnit) -> bool:
        return unit.admits_to_console("admin", unit.blueprint.password)

    assert guarded.host._ask(unit.name, admits)
    guarded.choose("required")

    plain = http.client.HTTPConnection(unit.address, unit.http, timeout=60)
    form = urlencode({"user_name": "admin", "password": unit.password, "ok": "OK"})
    plain.request("POST", "/login_change.html", form, {"Content-Type": "application/x-www-form-urlencoded"})
    assert plain.getresponse().getheader("Location") == DENIED
    plain.close()
    with ftplib.FTP() as ftp:
        ftp.connect(unit.address, FTP_PORT, timeout=60)
        with pytest.raises(ftplib.error_perm, match="530"):
            ftp.login("admin", unit.password)
    assert not guarded.host._ask(unit.name, admits)


def test_the_way_back_stays_open_while_http_does(guarded: Guarded) -> None:
    """The vendor's care before a mode is tightened: log in by HTTPS before HTTP is closed."""
    guarded.choose("verify")
    assert guarded.client().is_shut_out

    guarded.choose("none")

    assert guarded.client().log_in(guarded.unit.password) == IN


def test_a_revoked_certificate_is_refused_and_recorded(guarded: Guarded, addresses: Iterator[str]) -> None:
    with answering(guarded.people, next(addresses)) as server:
        guarded.choose("required", ocsp_check="1", ocsp_url=server.url, ocsp_nonce="1")
        good, bad = guarded.client("admin"), guarded.client("admin")
        assert bad.file is not None
        guarded.people.revoke(bad.file)

        assert good.call("") == "Cisco MCU 4505"
        assert bad.call("") == "authorization failed"
        assert bad.ask("GET", "/login.html") == (200, "")
        assert bad.log_in(guarded.unit.password) == DENIED

    assert "login refused: the certificate has been revoked" in guarded.audit()
    assert all(len(request.extensions) == 1 for request in server.asked), "a nonce was asked for"


def test_the_nonce_is_a_setting(guarded: Guarded, addresses: Iterator[str]) -> None:
    with answering(guarded.people, next(addresses)) as server:
        guarded.choose("required", ocsp_check="1", ocsp_url=server.url)
        assert guarded.client("admin").call("") == "Cisco MCU 4505"

    assert [len(request.extensions) for request in server.asked] == [0]


def test_an_answer_that_somebody_else_signed_is_none(guarded: Guarded, addresses: Iterator[str]) -> None:
    with answering(guarded.people, next(addresses), signer=ClientAuthority("People")) as server:
        guarded.choose("required", ocsp_check="1", ocsp_url=server.url)
        assert guarded.client("admin").call("") == "authorization failed"

    assert len(server.asked) == 1
    assert "login refused: nobody says whether the certificate has been revoked" in guarded.audit()


def test_an_ocsp_server_that_is_not_there_gives_no_answer(guarded: Guarded, addresses: Iterator[str]) -> None:
    guarded.choose("required", ocsp_check="1", ocsp_url=f"http://{next(addresses)}:9/")

    assert guarded.client("admin").call("") == "authorization failed"


def place(guarded: Guarded, file: Path | None, password: str) -> Place:
    """As a lab file has it, with the files of a person's certificate."""
    unit = guarded.unit
    login: dict[str, object] = {"user": unit.user, "password": password}
    if file is not None:
        login["client_certificate"] = {"certificate": str(file), "private_key": str(file)}
    table = {
        "name": unit.name,
        "model": unit.model,
        "address": unit.address,
        "ports": {"http": unit.http, "https": unit.https},
        "login": login,
        "emulated": {},
    }
    return Lab.model_validate({"place": [table]}).places[0]


@pytest.mark.parametrize("mode", ["verify", "allowed", "required"])
def test_the_driver_logs_in_with_the_certificate_of_the_lab_file(guarded: Guarded, mode: str) -> None:
    """Web, upload, API, restart and handshake, in every mode."""
    guarded.choose(mode)
    admin = guarded.people.issue("admin", guarded.folder)
    urls: list[str] = []

    def record(_kind: str, facts: dict[str, object]) -> None:
        urls.append(str(facts.get("url", "")))

    material = catalogue.ca_signed(guarded.unit.address)
    password = guarded.unit.password if mode == "verify" else "not the password"
    with open_unit(place(guarded, admin, password), record) as unit:
        assert unit.upload(material.upload).local_certificate.key_matches
        assert unit.condition().reboot_required
        unit.restart(Deadline.after(60.0))
        assert unit.handshake(Deadline.after(60.0)).leaf == material.leaf
        assert unit.certificate_page().local_certificate.key_matches
    assert not [url for url in urls if url.startswith("http:") and not url.endswith("/system.xml")]


def test_the_driver_without_a_certificate_says_that_https_failed(guarded: Guarded) -> None:
    guarded.choose("verify")
    with pytest.raises(HandshakeFailed, match="handshake failure"):
        take_handshake(Endpoint(guarded.unit.address, guarded.unit.https), Deadline.after(10.0))
