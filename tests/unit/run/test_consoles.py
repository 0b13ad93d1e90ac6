"""Consoles in a whole run: what they tell of a restart, one that is another unit's, and one that is away."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.loopback import port as own_port

if TYPE_CHECKING:
    from tests.unit.run.conftest import LabBench

CLAIMS = {
    "test_the_console_says_once_that_the_unit_starts",
    "test_the_console_names_the_firmware_that_the_unit_tells",
    "test_the_restart_log_names_this_way_as_ever",
}


def test_a_console_is_a_witness_and_a_dead_one_is_the_bench_s_fault(bench: LabBench) -> None:
    port = own_port()
    line = f"console = {{ ssh = '{bench.address()}', port = 2207, user = 'lab', reboot = 'reboot' }}\n"
    outlet = f"power = {{ ssh = '127.0.0.1', port = {port}, user = 'lab', on = 'on 7', off = 'off 7' }}\n"
    # A cable that leads to something else, which says nothing; by its name it is no server of the emulation.
    elsewhere = f"console = {{ ssh = 'localhost', port = {port}, user = 'lab' }}\n"
    nowhere = "console = { ssh = 'localhost', port = 9, user = 'lab' }\n"
    lines = {"healthy": line + outlet, "mixed": elsewhere, "away": nowhere, "without": ""}
    lab = bench.lab(*(bench.emulated(name) + tables for name, tables in lines.items()))

    outcome = bench.run(lab, "-m", "full", "-k", "test_console")

    assert outcome.status == 1, outcome.output
    assert outcome.of_place("healthy", "held") == CLAIMS
    assert outcome.of_place("mixed", "failure") == {"test_the_console_says_once_that_the_unit_starts"}
    assert outcome.of_place("away", "error") == CLAIMS
    assert outcome.of_place("without", "skipped") == CLAIMS
    assert "localhost:9: cannot be attached: cannot be reached: Connection refused" in outcome.output
    assert "[bench]" in outcome.output
