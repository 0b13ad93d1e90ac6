"""SNMP, asked by net-snmp's command (device-reference 3.5)."""

from __future__ import annotations

import contextlib
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.emulator.blueprint import Blueprint
from harness.emulator.hosting import HostThread, hosted
from harness.emulator.snmp import NotSnmp, answer

if TYPE_CHECKING:
    from tests.unit.emulator.conftest import Caller

PORT = 1161
"""Of the skins: 161 may be opened by root only."""
SYS_DESCR = "1.3.6.1.2.1.1.1.0"
SYS_NAME = "1.3.6.1.2.1.1.5.0"
with_snmpget = pytest.mark.skipif(shutil.which("snmpget") is None, reason="there is no snmpget: package snmp")


@pytest.fixture
def open_unit(blueprint: Blueprint) -> Iterator[Blueprint]:
    with hosted([replace(blueprint, ticked=("http", "snmp"))]) as host:
        assert not host.failed
        yield blueprint


def ask(unit: Blueprint, tool: str, name: str, version: str = "2c") -> str:
    """Errors included."""
    command = [tool, f"-v{version}", "-c", "public", "-On", "-OQ", "-r", "0", "-t", "10"]
    done = subprocess.run(
        [*command, f"{unit.address}:{PORT}", name], capture_output=True, text=True, timeout=30, check=False
    )
    return done.stdout + done.stderr


WORDS = {"4.3(2.18)": "TANDBERG Codec", "4.5(1.71)": "Cisco Codec"}


@with_snmpget
@pytest.mark.parametrize("version", ["1", "2c"])
@pytest.mark.parametrize(("firmware", "maker"), WORDS.items(), ids=WORDS)
def test_sys_descr_tells_what_a_detection_plugin_looks_for(
    blueprint: Blueprint, firmware: str, maker: str, version: str
) -> None:
    unit = replace(blueprint, firmware=firmware, ticked=("http", "snmp"))
    with hosted([unit]):
        told = ask(unit, "snmpget", SYS_DESCR, version)

    assert maker in told
    assert "MCU: MCU 4505" in told
    assert f"SoftW: {firmware}" in told


@with_snmpget
def test_it_is_found_by_going_on_from_above(open_unit: Blueprint) -> None:
    assert "SoftW:" in ask(open_unit, "snmpgetnext", "1.3.6.1.2.1")
    assert "No more variables" in ask(open_unit, "snmpgetnext", SYS_DESCR)


@with_snmpget
def test_what_is_not_there_is_said_to_be_missing(open_unit: Blueprint) -> None:
    assert "No Such Object" in ask(open_unit, "snmpget", SYS_NAME)
    assert "noSuchName" in ask(open_unit, "snmpget", SYS_NAME, version="1")


@with_snmpget
def test_it_opens_and_closes_with_its_tick(blueprint: Blueprint, host: HostThread, call: Caller) -> None:
    def tick(*, ticked: bool) -> bool:
        """Whether it is open then."""
        call("services.modify", portA=[{"name": "snmp", "setting": ticked, "port": PORT}])
        [row] = [row for row in call("services.query")["portA"] if row["name"] == "snmp"]
        return bool(row["enabled"])

    assert tick(ticked=True)
    assert "SoftW:" in ask(blueprint, "snmpget", SYS_DESCR)
    assert not tick(ticked=False)


GET = bytes.fromhex("302602010104067075626c6963a019020101020100020100300e300c06082b060102010101000500")


def test_a_request_has_its_number_and_community_in_the_answer() -> None:
    told = answer(GET, "this")

    assert told[2:13] == GET[2:13]
    assert told[15:18] == GET[15:18]
    assert told.endswith(b"\x04\x04this")


SPOILED = st.builds(
    lambda place, octets: GET[:place] + octets + GET[place + 1 :], st.integers(0, len(GET)), st.binary(max_size=2)
)


@given(st.binary(max_size=80) | SPOILED)
def test_any_datagram_is_answered_or_ignored(datagram: bytes) -> None:
    with contextlib.suppress(NotSnmp):
        assert answer(datagram, "this")[0] == 0x30
