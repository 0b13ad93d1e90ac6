"""Power cuts as a whole run does them: at places with an outlet, through it, and told apart from other failures."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.unit.run.conftest import LabBench


def test_a_pair_that_a_power_cut_loses_is_found_and_a_place_without_an_outlet_is_skipped(bench: LabBench) -> None:
    def wired(place: str) -> str:
        # A PDU each: two workers cannot listen at one address.
        return (
            f"{place}power = {{ ssh = '{bench.address()}', port = 2222, user = 'lab', on = 'on 7', off = 'off 7' }}\n"
        )

    lab = bench.lab(
        wired(bench.emulated("healthy")),
        wired(bench.emulated("lost", defect="pair-lost-on-power-cut")),
        bench.emulated("without"),
    )

    outcome = bench.run(lab, "-n", "2", "-m", "full", "-k", "power_cut")

    assert outcome.status == 1, outcome.output
    assert outcome.of_place("healthy", "held") == outcome.of_place("without", "skipped")
    assert outcome.of_place("healthy", "failure") == set()
    assert outcome.of_place("lost", "failure") == {
        "test_a_power_cut_leaves_a_whole_pair[right after an upload]",
        "test_a_power_cut_leaves_a_whole_pair[in the start after an upload]",
        "test_what_is_served_after_power_cuts_is_served_after_a_restart_too",
    }
    assert "the power was cut right after an upload; wanted is the new pair (sha256:" in outcome.output
