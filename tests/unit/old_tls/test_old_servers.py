"""Servers of other makers that speak what units spoke long ago: handshake, login by form, upload, API."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass

import pytest
from click.testing import CliRunner

from harness import catalogue, pki
from harness.cli.handshake import handshake
from harness.deadline import Deadline
from harness.drivers.mcu import open_unit
from harness.emulator.blueprint import Blueprint
from harness.emulator.hosting import HostThread, hosted
from harness.lab import Lab, Place
from harness.tls.client_pair import ClientPair
from harness.tls.handshake import Endpoint, HandshakeFailed, take_handshake
from harness.tls.stacks import CHOICES, LegacyMissing, Stack
from tests.loopback import address
from tests.unit.old_tls.fronts import GNUTLS, MAKERS, Case, Files, Maker, make_files, standing

SECONDS = 60.0
ADDRESS = address()


def place(https: int, files: Files) -> Place:
    table = {
        "name": "unit",
        "model": "MCU 4505",
        "address": ADDRESS,
        "ports": {"http": 8080, "https": https},
        "login": {
            "password": "s3cret & möre",
            # Whoever does not ask for it does not see it; a server's pair does for a client's.
            "client_certificate": {"certificate": str(files.certificate), "private_key": str(files.key)},
        },
        "emulated": {"firmware": "4.3(2.18)", "restart_seconds": 0.2},
    }
    return Lab.model_validate({"place": [table]}).places[0]


@dataclass(frozen=True)
class Front:
    """A port of somebody else's TLS."""

    case: Case
    port: int
    leaf: bytes
    files: Files

    @property
    def endpoint(self) -> Endpoint:
        return Endpoint(ADDRESS, self.port, ClientPair(self.files.certificate, self.files.key, "the test"))


@pytest.fixture(scope="module")
def unit(files: Files) -> Iterator[HostThread]:
    with hosted([Blueprint.of(place(8443, files))]) as host:
        assert not host.failed
        yield host


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Files:
    return make_files(tmp_path_factory.mktemp("pair"))


@pytest.fixture(scope="module")
def stood(
    unit: HostThread, files: Files, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Callable[[Maker], tuple[int, ...]]]:
    """A maker's server is started when one of its cases is first asked for, and once."""
    ports: dict[str, tuple[int, ...]] = {}
    with ExitStack() as stack:

        def started(maker: Maker) -> tuple[int, ...]:
            if maker.name not in ports:
                folder = tmp_path_factory.mktemp(maker.name)
                ports[maker.name] = stack.enter_context(standing(maker, folder, files, ADDRESS, 8080))
            return ports[maker.name]

        yield started


@pytest.fixture
def rc4(stood: Callable[[Maker], tuple[int, ...]]) -> Endpoint:
    """TLS 1.0 with RC4 alone; nobody here has reached it yet."""
    [port] = [port for port, case in zip(stood(GNUTLS), GNUTLS.cases, strict=True) if case.name == "TLS 1.0 with RC4"]
    endpoint = Endpoint(ADDRESS, port)
    CHOICES.forget(endpoint)
    return endpoint


CASES = [(maker, number) for maker in MAKERS for number in range(len(maker.cases))]


@pytest.fixture(params=CASES, ids=[f"{maker.name}, {maker.cases[number].name}" for maker, number in CASES])
def front(request: pytest.FixtureRequest, stood: Callable[[Maker], tuple[int, ...]], files: Files) -> Front:
    maker, number = request.param
    leaf = pki.pem_to_der(files.certificate.read_bytes())
    found = Front(maker.cases[number], stood(maker)[number], leaf, files)
    CHOICES.forget(found.endpoint)
    return found


def test_a_handshake_shows_what_the_server_speaks_and_serves(front: Front) -> None:
    seen = take_handshake(front.endpoint, Deadline.after(SECONDS))
    assert (seen.protocol_version, seen.cipher_suite) == (front.case.version, front.case.suite)
    assert seen.presented_chain == (front.leaf,)
    assert (CHOICES.uses_legacy(front.endpoint) is not None) is (front.case.stack is Stack.LEGACY)


def test_login_upload_and_api_work_over_it(front: Front, files: Files) -> None:
    exchanges: list[dict[str, object]] = []

    def record(kind: str, facts: dict[str, object]) -> None:
        if kind == "exchange":
            exchanges.append(facts)

    with open_unit(place(front.port, files), record) as unit:
        assert unit.certificate_page().page.heading
        answer = unit.upload(catalogue.ca_signed(ADDRESS).upload)
        assert answer.local_certificate.key_matches
        assert unit.condition().reboot_required
    assert {str(facts["url"]).partition("://")[0] for facts in exchanges} == {"https"}
    assert [facts["error"] for facts in exchanges if "error" in facts] == []


def test_that_the_legacy_stack_is_used_is_told_once(rc4: Endpoint, files: Files) -> None:
    with open_unit(place(rc4.port, files)) as unit:
        unit.certificate_page()
        told = f"unit: {rc4} speaks nothing later than TLS 1.0 with RC4-SHA: reached by tlslite-ng"
        assert unit.notices == (told,)


def test_without_the_extra_one_line_names_it_and_the_command(
    rc4: Endpoint, files: Files, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "tlslite.api", None)
    with pytest.raises(LegacyMissing) as missing, open_unit(place(rc4.port, files)):
        pass
    assert str(missing.value) == (
        f"{rc4}: speaks nothing later than TLS 1.0 with RC4-SHA, which needs the extra legacy:"
        " pip install 'mcu-hil[legacy]'"
    )


def checks(endpoint: Endpoint) -> dict[str, dict[str, str]]:
    """What `mcu-hil handshake` says, by check."""
    result = CliRunner().invoke(handshake, [str(endpoint), "--json", "--handshakes", "2"])
    assert result.exit_code in (0, 1), result.output
    return {check["id"]: check for check in json.loads(result.stdout)["checks"]}


def test_the_command_looks_at_an_old_port_with_the_extra_and_without(
    rc4: Endpoint, monkeypatch: pytest.MonkeyPatch
) -> None:
    with_it = checks(rc4)
    monkeypatch.setitem(sys.modules, "tlslite.api", None)
    CHOICES.forget(rc4)
    without = checks(rc4)
    changed = {name for name, check in with_it.items() if check["outcome"] != without[name]["outcome"]}
    assert changed == {"stable", "http-answers", "key-unreadable"}
    assert {with_it[name]["outcome"] for name in changed} == {"held"}
    assert all("pip install 'mcu-hil[legacy]'" in without[name]["observed"] for name in changed)


def test_who_has_no_certificate_is_refused_where_one_is_asked_for(
    stood: Callable[[Maker], tuple[int, ...]],
) -> None:
    """So that the case above proves something."""
    [port] = [port for port, case in zip(stood(GNUTLS), GNUTLS.cases, strict=True) if "asking" in case.name]
    with pytest.raises(HandshakeFailed):
        take_handshake(Endpoint(ADDRESS, port), Deadline.after(SECONDS))
