"""The same verdicts however many workers there are, and each planted defect caught by the claims that name it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.unit.run.conftest import LabBench

ARGUMENTS = {
    "one-process": ["-n", "0"],
    "one-worker": ["-n", "1"],
    "two-workers": ["-n", "2"],
    "auto": ["-n", "auto"],
    "more-workers-than-places": ["-n", "7"],
    "without-xdist": ["-p", "no:xdist"],
}


@pytest.mark.parametrize("arguments", ARGUMENTS.values(), ids=ARGUMENTS)
def test_the_number_of_workers_changes_no_verdict(bench: LabBench, arguments: list[str]) -> None:
    lab = bench.lab(bench.emulated("a"), bench.emulated("b"), bench.emulated("c", defect="intermediates-dropped"))

    outcome = bench.run(lab, *arguments)

    assert outcome.status == 1, outcome.output
    assert outcome.of_place("a", "held") == outcome.of_place("b", "held")
    assert outcome.of_place("c", "failure") == {"test_a_leaf_is_served_with_the_chain_it_came_with[ca-signed]"}
    assert outcome.of_place("c", "held") == outcome.of_place("a", "held") - outcome.of_place("c", "failure")
    assert set(outcome.verdicts.values()) == {"held", "failure"}


# The claims that name each planted defect. All others must hold: a claim that fails with every defect tells nothing.
CAUGHT = {
    "old-pair-after-restart": {
        "test_the_uploaded_leaf_is_served_after_the_restart[self-signed]",
        "test_the_uploaded_leaf_is_served_after_the_restart[ca-signed]",
    },
    "new-pair-before-restart": {
        "test_the_pair_from_before_is_served_until_the_restart[self-signed]",
        "test_the_pair_from_before_is_served_until_the_restart[ca-signed]",
        "test_the_custom_pair_is_served_until_the_restart",
    },
    "intermediates-dropped": {"test_a_leaf_is_served_with_the_chain_it_came_with[ca-signed]"},
    "foreign-key-accepted": {
        "test_a_bad_upload_is_refused[foreign-key]",
        "test_nothing_is_stored_of_a_bad_upload[foreign-key]",
        "test_no_restart_is_asked_for_after_refused_uploads",
        "test_nothing_is_stored_after_refused_uploads_and_a_restart",
    },
}


def test_each_planted_defect_fails_the_claims_that_name_it_and_no_others(bench: LabBench) -> None:
    lab = bench.lab(bench.emulated("healthy"), *(bench.emulated(defect, defect=defect) for defect in CAUGHT))

    outcome = bench.run(lab, "-n", "2")

    assert outcome.status == 1, outcome.output
    assert outcome.of_place("healthy", "failure") == set()
    assert {defect: outcome.of_place(defect, "failure") for defect in CAUGHT} == CAUGHT
    assert set(outcome.verdicts.values()) == {"held", "failure"}
