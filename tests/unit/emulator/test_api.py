"""`/RPC2`, asked by the standard library's client and by nobody's."""

from __future__ import annotations

import xmlrpc.client
from typing import Any

import pytest
import requests

from certstore import Upload
from harness.emulator.blueprint import Blueprint
from harness.emulator.hosting import HostThread

# device-reference 7.2 and 7.3, mark D, and uptime.
DEVICE_FIELDS = {
    "currentTime",
    "restartTime",
    "serial",
    "softwareVersion",
    "buildVersion",
    "model",
    "apiVersion",
    "activatedFeatures",
    "activatedLicenses",
    "totalVideoPorts",
    "totalAudioOnlyPorts",
    "totalStreamingAndContentPorts",
    "portReservationMode",
    "maxVideoResolution",
    "videoPortAllocation",
    "isdnPorts",
    "maxConferenceSize",
    "shutdownStatus",
    "rebootRequired",
    "finishedBooting",
    "uptime",
}
HEALTH_FIELDS = {
    "cpuLoad",
    "mediaLoad",
    "audioLoad",
    "videoLoad",
    "fanStatus",
    "fanStatusWorst",
    "temperatureStatus",
    "temperatureStatusWorst",
    "rtcBatteryStatus",
    "rtcBatteryStatusWorst",
    "voltagesStatus",
    "voltagesStatusWorst",
    "operationalStatus",
}


@pytest.fixture
def unit(blueprint: Blueprint, host: HostThread) -> Any:
    """The unit's methods."""
    return xmlrpc.client.ServerProxy(f"http://{blueprint.address}:{blueprint.http}/RPC2")


def login(blueprint: Blueprint) -> dict[str, str]:
    return {"authenticationUser": blueprint.user, "authenticationPassword": blueprint.password}


def test_device_query_has_every_documented_field(unit: Any, blueprint: Blueprint) -> None:
    answer = unit.device.query(login(blueprint))

    assert answer.keys() == DEVICE_FIELDS
    assert (answer["model"], answer["softwareVersion"], answer["buildVersion"], answer["apiVersion"]) == (
        "Codian MCU 4505",
        "4.3(2.18)",
        "6.18(2.18)",
        "2.9",
    )
    assert {feature["feature"] for feature in answer["activatedFeatures"]} == {"MCU activation", *blueprint.features}


def test_device_health_query_has_every_documented_field(unit: Any, blueprint: Blueprint) -> None:
    answer = unit.device.health.query(login(blueprint))

    assert answer.keys() == HEALTH_FIELDS
    assert answer["operationalStatus"] == "active"


def test_services_query_tells_the_ports_that_are_open(unit: Any, blueprint: Blueprint) -> None:
    services = {service["name"]: service for service in unit.services.query(login(blueprint))["portA"]}

    assert services["http"] == {
        "name": "http",
        "type": "tcp",
        "setting": True,
        "enabled": True,
        "port": blueprint.http,
    }
    assert services["https"]["port"] == blueprint.https
    assert services["h225"] == {"name": "h225", "type": "tcp", "setting": False, "enabled": False}


def test_an_upload_sets_reboot_required(
    unit: Any, blueprint: Blueprint, visitor: Any, article_upload: Upload
) -> None:
    assert unit.device.query(login(blueprint))["rebootRequired"] is False
    visitor.upload(article_upload)
    assert unit.device.query(login(blueprint))["rebootRequired"] is True


FAULTS = {
    "wrong password": ("device.query", {"authenticationPassword": "let me out"}, 14),
    "no password": ("device.query", {"authenticationPassword": ""}, 14),
    "user in other case": ("device.query", {"authenticationUser": "ADMIN"}, 14),
    "guest": ("device.query", {"authenticationUser": "guest"}, 15),
    "no such method": ("certificate.upload", {}, 1),
}


@pytest.mark.parametrize(("method", "changed", "code"), FAULTS.values(), ids=FAULTS)
def test_what_may_not_be_done_is_a_fault(
    unit: Any, blueprint: Blueprint, method: str, changed: dict[str, str], code: int
) -> None:
    with pytest.raises(xmlrpc.client.Fault) as fault:
        getattr(unit, method)({**login(blueprint), **changed})

    assert fault.value.faultCode == code
    assert fault.value.faultString == fault.value.faultString.lower()


def test_a_fault_is_http_200_and_the_connection_is_closed(blueprint: Blueprint, host: HostThread) -> None:
    call = xmlrpc.client.dumps((), "device.query")
    answer = requests.post(f"http://{blueprint.address}:{blueprint.http}/RPC2", call, timeout=60)

    assert answer.status_code == 200
    assert answer.headers["Content-Type"].startswith("text/xml")
    assert answer.headers["Connection"] == "close"


MALFORMED = {
    "nothing": b"",
    "no XML": b"\x00\xff\xfe",
    "cut off": b"<?xml version='1.0'?><methodCall><methodName>device.query</methodName><params>",
    "no method": b"<methodCall></methodCall>",
    "an answer": b"<methodResponse><params></params></methodResponse>",
    "not a struct": b"<methodCall><methodName>device.query</methodName><params><param><value><int>1</int></value>"
    b"</param></params></methodCall>",
    "a number that is none": b"<methodCall><methodName>device.query</methodName><params><param><value><int>x</int>"
    b"</value></param></params></methodCall>",
    "ends without beginnings": b"<methodCall><methodName>device.query</methodName><params><param><value></struct>",
    "a struct of values only": b"<methodCall><methodName>device.query</methodName><params><param><value><struct>"
    b"<value><int>1</int></value></struct></value></param></params></methodCall>",
    "an entity a billion times": b'<!DOCTYPE a [<!ENTITY a "aaaaaaaaaa">'
    + b"".join(b'<!ENTITY %c "%s">' % (n, b"&%c;" % (n - 1) * 10) for n in range(ord("b"), ord("m")))
    + b"]><methodCall><methodName>&l;</methodName></methodCall>",
}


@pytest.mark.parametrize("body", MALFORMED.values(), ids=MALFORMED)
def test_what_is_no_call_is_a_fault_and_the_unit_lives_on(
    unit: Any, blueprint: Blueprint, host: HostThread, body: bytes
) -> None:
    answer = requests.post(f"http://{blueprint.address}:{blueprint.http}/RPC2", body, timeout=60)

    with pytest.raises(xmlrpc.client.Fault):
        xmlrpc.client.loads(answer.text)
    assert unit.device.query(login(blueprint))["finishedBooting"] is True
