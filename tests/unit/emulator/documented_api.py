"""Looks at services, API and logs of running units, as `documented_web` has them for the rest (device-reference 4
to 10). None of them changes a unit."""

from __future__ import annotations

import xmlrpc.client
from datetime import datetime

from tests.unit.emulator.documented_family import CISCO, CLASSIC, CODIAN, Family

# 4: services

NAMES = {
    "http": "tcp",
    "https": "tcp",
    "ftp": "tcp",
    "h225": "tcp",
    "sip_tcp": "tcp",
    "sips_tcp": "tcp",
    "rtsp": "tcp",
    "mms": "tcp",
    "cdep": "tcp",
    "sip_udp": "udp",
    "snmp": "udp",
    "gatekeeper": "udp",
    "tunnel": "udp",
}


def services_have_their_names_and_protocols(family: Family) -> None:
    for unit in family.all:
        found = unit.call("services.query")["portA"]
        assert {row["name"]: row["type"] for row in found} == NAMES


def services_are_told_for_each_port(family: Family) -> None:
    answer = family["4.3"].call("services.query")
    assert answer.keys() == {"portA", "portB"}
    for row in (*answer["portA"], *answer["portB"]):
        assert {"name", "type", "setting", "enabled"} <= row.keys()
        assert ("port" in row) is row["enabled"]


def web_services_are_called_web_until_4_3(family: Family) -> None:
    for names, words in (((*CODIAN, *CLASSIC), ["Web", "Secure web"]), (CISCO, ["HTTP", "HTTPS"])):
        for unit in family.of(*names):
            assert unit.labels("services")[:2] == words
            assert "FTP" in unit.labels("services")


def page_and_api_tell_the_same_services(family: Family) -> None:
    unit = family["4.3"]
    page = unit.page("services")
    for row in unit.call("services.query")["portA"]:
        box = page.find("input", id=row["name"])
        assert box is not None
        assert box.has_attr("checked") is row["setting"]


# 5 and 6: restart, feature keys


def there_is_a_page_to_shut_down_in_settings(family: Family) -> None:
    for unit in family.all:
        assert "Shutdown" in unit.links("upgrade")
        assert any(button.startswith("Shut down") for button in unit.buttons("shutdown"))


def feature_keys_have_their_names(family: Family) -> None:
    names = {feature["feature"] for feature in family["4.3"].device["activatedFeatures"]}
    assert {"Secure management (HTTPS)", "Encryption"} <= names


def features_are_structs_of_feature_and_key(family: Family) -> None:
    assert all(feature.keys() == {"feature", "key"} for feature in family["4.3"].device["activatedFeatures"])
    assert isinstance(family["4.3"].device["activatedLicenses"], list)


def encryption_tells_key_and_setting(family: Family) -> None:
    assert family["4.3"].call("device.encryption.query").keys() == {"enabled", "setting"}


def the_upgrade_page_is_in_settings(family: Family) -> None:
    assert "Activation code" in family["4.3"].labels("upgrade")


# 7: API


def the_api_answers_over_http_and_https(family: Family) -> None:
    unit = family["4.3"]
    login = {"authenticationUser": "admin", "authenticationPassword": unit.blueprint.password}
    body = xmlrpc.client.dumps((login,), "device.query")
    connection = unit.secure()
    connection.request("POST", "/RPC2", body)
    [answer], _ = xmlrpc.client.loads(connection.getresponse().read())
    connection.close()
    assert answer["serial"] == unit.device["serial"]  # type: ignore[index, call-overload]


def a_user_without_password_gets_in_with_any(family: Family) -> None:
    # The guest has none, and then lacks the right: 15, not 14.
    for password in ("", "anything"):
        fault = family["4.3"].call.fault("device.query", authenticationUser="guest", authenticationPassword=password)
        assert fault == 15


def times_have_their_form(family: Family) -> None:
    for name in ("currentTime", "restartTime"):
        datetime.strptime(str(family["4.3"].device[name]), "%Y%m%dT%H:%M:%S")


DEVICE_TYPES = {
    "serial": str,
    "softwareVersion": str,
    "model": str,
    "activatedFeatures": list,
    "activatedLicenses": list,
    "totalVideoPorts": int,
    "totalAudioOnlyPorts": int,
    "totalStreamingAndContentPorts": int,
    "maxVideoResolution": str,
    "videoPortAllocation": list,
    "isdnPorts": int,
    "maxConferenceSize": int,
    "shutdownStatus": str,
    "rebootRequired": bool,
    "finishedBooting": bool,
    "uptime": int,
}


def device_fields_have_their_types(family: Family) -> None:
    for unit in family.all:
        for name, kind in DEVICE_TYPES.items():
            assert type(unit.device[name]) is kind, name
        assert unit.device["portReservationMode"] in ("enabled", "disabled")


def the_5300_tells_its_video_ports_by_type(family: Family) -> None:
    unit = family["5310"]
    assert {row["type"] for row in unit.device["videoPortAllocation"]} == {"nhd", "sd", "hd", "hdPlus", "fullhd"}
    assert all(type(row["count"]) is int for row in unit.device["videoPortAllocation"])
    allocation = unit.system.find("videoPortAllocation")
    assert allocation is not None
    assert {"hd", "nhd", "sd", "hdPlus"} <= {kind.tag for kind in allocation}


def health_tells_numbers_and_words(family: Family) -> None:
    health = family["4.3"].call("device.health.query")
    assert all(type(health[load]) is int for load in ("cpuLoad", "mediaLoad", "audioLoad", "videoLoad"))
    states = [value for name, value in health.items() if "Status" in name and name != "operationalStatus"]
    assert len(states) == 8
    assert set(states) <= {"ok", "outOfSpec", "critical"}


def the_network_is_told_for_each_port(family: Family) -> None:
    network = family["4.3"].call("device.network.query")
    for port in ("portA", "portB"):
        assert {"enabled", "linkStatus", "macAddress", "ipv4Address", "ipv6Address"} <= network[port].keys()
    assert "hostName" in network["portA"]
    assert isinstance(network["dns"], list)


def the_restart_log_is_times_and_reasons(family: Family) -> None:
    for unit in family.all:
        assert all(entry.keys() == {"time", "reason"} for entry in unit.call("device.restartlog.query")["log"])


def the_page_shows_the_restart_log_too(family: Family) -> None:
    reason = family["4.3"].call("device.restartlog.query")["log"][0]["reason"]
    assert reason in family["4.3"].page("restart_log").text


SYSTEM = (
    "manufacturer",
    "model",
    "serial",
    "softwareVersion",
    "buildVersion",
    "hostName",
    "totalVideoPorts",
    "totalAudioOnlyPorts",
    "totalStreamingAndContentPorts",
    "portReservationMode",
    "maxVideoResolution",
    "uptimeSeconds",
)


def system_xml_has_its_elements(family: Family) -> None:
    for unit in family.all:
        assert [name for name in SYSTEM if unit.system.find(name) is None] == []
        assert unit.system.findtext("manufacturer") in ("Codian", "Cisco")
    assert family["4.3"].system.findtext("clusterType") in ("unclustered", "master", "slave")


# 9 and 10: console settings, logs


def console_settings_have_their_words(family: Family) -> None:
    labels = family["4.3"].labels("settings_security")
    wanted = {
        "Hide log messages on console",
        "Disable serial console input during startup",
        "Require administrator login",
        "Idle serial console session timeout",
        "Redirect HTTP requests to HTTPS",
        "Idle web session timeout",
    }
    assert wanted <= set(labels)
    assert family["4.3"].buttons("settings_security") == ["Update security settings", "Update console settings"]


def the_audit_log_is_a_page_of_the_logs(family: Family) -> None:
    assert "Audit log" in family["4.3"].links("event_log")
    assert family["2.4"].skin.paths["audit_log"] == ""


def security_warnings_have_columns_and_a_button(family: Family) -> None:
    headings = [cell.text for cell in family["4.3"].page("status_security").find_all("th")]
    assert headings[1:] == ["Warning", "State", "Action"]
    assert family["4.3"].buttons("status_security") == ["Acknowledge selected"]
