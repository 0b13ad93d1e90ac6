"""The control interface tells the truth to whoever knows the token, and to nobody else."""

from __future__ import annotations

import hashlib
import http.client
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
import requests

from certstore import Upload
from harness import pki
from harness.deadline import Deadline
from harness.drivers.emulated import Emulation, emulated_units
from harness.emulator.blueprint import Blueprint
from harness.emulator.faults import Faults
from harness.emulator.pair import FACTORY
from harness.errors import BenchError
from harness.lab import Place, load_lab
from harness.tls.handshake import Endpoint, take_handshake


@pytest.fixture(scope="module")
def places(tmp_path_factory: pytest.TempPathFactory, addresses: Iterator[str]) -> tuple[Place, ...]:
    text = "".join(
        f'[[place]]\nname = "{name}"\nmodel = "MCU 4505"\naddress = "{next(addresses)}"\n'
        f'login = {{ password = "let me in" }}\nemulated = {{ restart_seconds = 0.1 {defect} }}\n'
        for name, defect in {"left": ', defect = "old-pair-after-restart"', "right": "", "switched": ""}.items()
    )
    file = tmp_path_factory.mktemp("control") / "lab.toml"
    file.write_text(text)
    return load_lab(file).places


@pytest.fixture(scope="module")
def emulation(places: tuple[Place, ...]) -> Iterator[Emulation]:
    """Three units in a process of their own, the first one with a defect; the last one is switched off and on."""
    with emulated_units(places) as running:
        assert running.failed == {}
        yield running


FACTORY_FINGERPRINT = hashlib.sha256(FACTORY.leaf).hexdigest()


def test_a_fresh_unit(emulation: Emulation) -> None:
    report = emulation.truth("right")

    assert (report.stored, report.running, report.serving) == ((FACTORY_FINGERPRINT,),) * 3
    assert (report.boots, report.phase, report.restart_reasons) == (0, "active", ("Cold boot",))
    assert report.faults == Faults()


def test_power_is_cut_off_and_put_on(emulation: Emulation) -> None:
    emulation.cut_power("switched")
    Deadline.after(60).wait_for("start", lambda: emulation.truth("switched").phase == "active", every=0.02)
    assert emulation.truth("switched").boots == 1

    emulation.power_off("switched")
    assert emulation.truth("switched").phase == "off"
    emulation.power_on("switched")
    Deadline.after(60).wait_for("start", lambda: emulation.truth("switched").phase == "active", every=0.02)
    assert emulation.truth("switched").restart_reasons == ("Cold boot",) * 3
    assert emulation.truth("right").boots == 0


def test_it_tells_what_a_defect_hides(
    emulation: Emulation, places: tuple[Place, ...], visitor_of: Callable[[Blueprint], Any]
) -> None:
    place = places[0]
    issued = pki.run_authority().issue(place.address)
    with visitor_of(Blueprint.of(place)) as visitor:
        visitor.log_in("admin", "let me in")
        visitor.upload(Upload(issued.certificate_pem, pki.key_pem(issued.key)))
    emulation.cut_power("left")
    Deadline.after(60).wait_for("start", lambda: emulation.truth("left").phase == "active", every=0.02)

    report = emulation.truth("left")
    assert report.running == report.stored == tuple(hashlib.sha256(der).hexdigest() for der in issued.chain_der)
    assert report.serving == (FACTORY_FINGERPRINT,)
    served = take_handshake(Endpoint(place.address, place.ports.https), Deadline.after(60))
    assert served.fingerprint == FACTORY_FINGERPRINT


def test_faults_begin_and_end(emulation: Emulation) -> None:
    emulation.suffer("right", faults := Faults(latency_seconds=0.5, reset_after=100, pdu_dead=True))
    assert emulation.truth("right").faults == faults
    emulation.suffer("right", Faults())
    assert emulation.truth("right").faults == Faults()


WRONG = {
    "no such unit": ("GET", "/units/middle", None, 404),
    "no such action": ("POST", "/units/right/explode", {}, 404),
    "no arguments": ("POST", "/units/right/cut-power-after", {}, 400),
    "a step before the first": ("POST", "/units/right/cut-power-after", {"steps": -1}, 400),
    "no object": ("POST", "/units/right/faults", [1], 400),
    "no such fault": ("POST", "/units/right/faults", {"earthquake": 9}, 400),
    "a fault of another type": ("POST", "/units/right/faults", {"latency_seconds": "long"}, 400),
    "true for a number": ("POST", "/units/right/faults", {"lost_every": True}, 400),
}


@pytest.mark.parametrize(("method", "path", "arguments", "status"), WRONG.values(), ids=WRONG)
def test_a_request_that_cannot_be_done_says_why(
    emulation: Emulation, method: str, path: str, arguments: object, status: int
) -> None:
    answer = requests.request(
        method,
        emulation.overview + path[1:],
        data=json.dumps(arguments),
        headers={"Authorization": f"Bearer {emulation._token}"},
        timeout=60,
    )

    assert answer.status_code == status
    assert answer.json()["error"]
    assert emulation.truth("right").faults == Faults()


def test_the_driver_side_raises_what_it_is_told(emulation: Emulation) -> None:
    with pytest.raises(BenchError, match="GET /units/middle: no such unit or action"):
        emulation.truth("middle")


@pytest.mark.parametrize("token", ["", "Bearer ", "Bearer wrong", "Basic x", "Bearer \xff"])
def test_without_the_token_nothing_is_told(emulation: Emulation, token: str) -> None:
    connection = http.client.HTTPConnection(urlsplit(emulation.overview).netloc, timeout=60)
    connection.request("POST", "/units/right/power-off", b"{}", {"Authorization": token.encode("latin-1")})
    status = connection.getresponse().status
    connection.close()

    assert status == 401
    assert emulation.truth("right").phase == "active"


def test_the_token_is_in_no_command_line_environment_or_repr(emulation: Emulation) -> None:
    process = Path(f"/proc/{emulation._process.pid}")

    assert emulation._token not in repr(emulation)
    assert emulation._token.encode() not in (process / "cmdline").read_bytes() + (process / "environ").read_bytes()


def test_the_overview_shows_units_and_no_secret(emulation: Emulation) -> None:
    page = requests.get(emulation.overview, timeout=60)

    assert page.headers["Content-Type"].startswith("text/html")
    for text in (
        "left",
        "right",
        "MCU 4505",
        "4.3(2.18)",
        "active",
        "old-pair-after-restart",
        FACTORY_FINGERPRINT[:16],
    ):
        assert text in page.text
    assert "let me in" not in page.text
    assert emulation._token not in page.text


def test_the_overview_is_for_its_own_address_only(emulation: Emulation) -> None:
    """Or a page of another site, whose name suddenly stands for 127.0.0.1, could read it."""
    answer = requests.get(emulation.overview, headers={"Host": "attacker.example"}, timeout=60)

    assert answer.status_code == 403
