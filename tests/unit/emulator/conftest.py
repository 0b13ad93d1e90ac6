"""Emulated units in this process, on addresses that no other test process uses, and somebody to visit them."""

from __future__ import annotations

import subprocess
import xmlrpc.client
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import replace
from io import BytesIO
from typing import Any

import mechanicalsoup
import pytest

from certstore import Upload
from harness.emulator.blueprint import Blueprint
from harness.emulator.hosting import HostThread, hosted
from harness.emulator.lines import Login, Outlet, SerialLine
from tests.loopback import address

RESTART_SECONDS = 0.3

LINES_PORT = 2207
"""Of console servers and PDUs."""


@pytest.fixture(scope="session")
def addresses() -> Iterator[str]:
    """Loopback addresses of this process alone: pytest-xdist runs several at once."""
    return iter(address, None)


@pytest.fixture
def blueprint(addresses: Iterator[str]) -> Blueprint:
    """A unit that no other test uses."""
    return Blueprint(
        name="bench-7",
        model="MCU 4505",
        address=next(addresses),
        http=8080,
        https=8443,
        firmware="4.3(2.18)",
        restart_seconds=RESTART_SECONDS,
        password="let me in",
    )


@pytest.fixture
def host(blueprint: Blueprint) -> Iterator[HostThread]:
    """The unit of `blueprint`, running."""
    with hosted([blueprint]) as units:
        yield units


@pytest.fixture
def wired(blueprint: Blueprint, addresses: Iterator[str]) -> tuple[Blueprint, Blueprint]:
    """Two units at one console server and one PDU, the second one's console with a password."""
    server, pdu = next(addresses), next(addresses)
    return tuple(  # type: ignore[return-value]  # two of them
        replace(
            blueprint,
            name=f"bench-{number}",
            address=next(addresses),
            console=SerialLine(Login(server, LINES_PORT, f"port{number}")),
            outlet=Outlet(Login(pdu, LINES_PORT, "lab"), number),
        )
        for number in (7, 8)
    )


@pytest.fixture
def lab(wired: tuple[Blueprint, Blueprint]) -> Iterator[HostThread]:
    with hosted(wired) as units:
        assert not units.failed
        yield units


class Visitor(mechanicalsoup.StatefulBrowser):  # type: ignore[misc]  # no types are published for it
    """Does what a person does: opens pages, presses buttons, chooses files."""

    def __init__(self, blueprint: Blueprint) -> None:
        super().__init__(soup_config={"features": "lxml"}, requests_adapters=None)
        self.unit = blueprint

    @property
    def title(self) -> str:
        return str(self.page.title.string)

    def visit(self, path: str) -> None:
        self.open(f"http://{self.unit.address}:{self.unit.http}{path}")

    def log_in(self, user: str, password: str) -> None:
        self.visit("/")
        self.fill_in_login(user, password)

    def fill_in_login(self, user: str, password: str) -> None:
        self.select_form()
        self["user_name"], self["password"] = user, password
        self.submit_selected()

    def press(self, button: str) -> None:
        """Submit the form that has this button, as it is on the page."""
        control = self.page.find("input", value=button)
        self.select_form(control.find_parent("form"))
        self.submit_selected(btnName=control)

    def upload(self, upload: Upload) -> None:
        """Fill in and submit the form of the page."""
        self.visit("/certificates.html")
        for label, content in {"Certificate": upload.certificate, "Private key": upload.private_key}.items():
            self._control(label)["value"] = BytesIO(content)
        self._control("Private key encryption password")["value"] = (upload.passphrase or b"").decode("latin-1")
        self.press("Upload certificate and key")

    def table(self) -> dict[str, str]:
        """The status table of the page."""
        rows = self.page.find("table").find_all("tr")
        return {label.string: value.string for label, value in (row.find_all("td") for row in rows)}

    def _control(self, label: str) -> dict[str, object]:
        found: dict[str, object] = self.page.find(id=self.page.find("label", string=label)["for"])
        return found


@pytest.fixture
def visitor(blueprint: Blueprint, host: HostThread) -> Iterator[Visitor]:
    """On the home page of the unit, logged in."""
    with Visitor(blueprint) as visitor:
        visitor.log_in(blueprint.user, blueprint.password)
        yield visitor


@pytest.fixture(scope="session")
def visitor_of() -> Callable[[Blueprint], AbstractContextManager[Visitor]]:
    """Makes a visitor of another unit, who has not yet opened a page."""
    return Visitor


class Caller:
    """Calls methods of a unit by their names, with its administrator's login unless another is given."""

    def __init__(self, blueprint: Blueprint) -> None:
        self._uri = f"http://{blueprint.address}:{blueprint.http}/RPC2"
        self._login = {"authenticationUser": blueprint.user, "authenticationPassword": blueprint.password}

    def __call__(self, method: str, **arguments: object) -> Any:
        with xmlrpc.client.ServerProxy(self._uri) as unit:
            return getattr(unit, method)({**self._login, **arguments})

    def fault(self, method: str, **arguments: object) -> int:
        """The code of the fault that it is."""
        with pytest.raises(xmlrpc.client.Fault) as fault:
            self(method, **arguments)
        return fault.value.faultCode


@pytest.fixture
def call(blueprint: Blueprint, host: HostThread) -> Caller:
    return Caller(blueprint)


@pytest.fixture(scope="session")
def caller_of() -> Callable[[Blueprint], Caller]:
    """Makes a caller of another unit."""
    return Caller


@pytest.fixture(scope="session")
def article_upload(tmp_path_factory: pytest.TempPathFactory) -> Upload:
    """An encrypted key and a self-signed certificate, made as Cisco's article says, by the openssl command line
    (device-reference 2.5, mark D)."""
    folder = tmp_path_factory.mktemp("article")
    for command in (
        "genrsa -traditional -des3 -passout stdin -out privkey.pem 2048",
        "req -new -x509 -days 365 -key privkey.pem -passin stdin -subj /O=Example/CN=mcu -out cert.pem",
    ):
        subprocess.run(
            ["openssl", *command.split()], cwd=folder, input=b"correct horse\n", capture_output=True, check=True
        )
    return Upload((folder / "cert.pem").read_bytes(), (folder / "privkey.pem").read_bytes(), b"correct horse")
