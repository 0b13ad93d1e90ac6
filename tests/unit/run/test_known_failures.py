"""A known failure does not make a run red; one that holds, or whose day is over, does."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.unit.run.conftest import LabBench

CLAIM = "test_is_seen[well]"
SUITE = """
import pytest

from harness.experiment import Leaves, experiment
from harness.observation import look


@experiment(Leaves.WHAT_IT_FOUND, restarts=0)
def looking(unit):
    return look(unit)


@pytest.mark.about(looking)
@pytest.mark.parametrize("how", ["well", "badly"])
def test_is_seen(seen, place, how):
    assert place.name == "cured" or how == "badly"
"""


def entry(place: str, expires: str, firmware: str = "4.3") -> str:
    return (
        f'[[known]]\nclaim = "{CLAIM}"\nplace = "{place}"\nticket = "MCU-7"\n'
        f'expires = {expires}\nfirmware = ["{firmware}", "{firmware}"]\n'
    )


def test_known_failures_are_told_from_new_cured_and_forgotten_ones(bench: LabBench) -> None:
    known = bench.folder / "known.toml"
    known.write_text(
        entry("known", "2999-12-31")
        + entry("forgotten", "2020-12-31")
        + entry("cured", "2999-12-31")
        + entry("new", "2999-12-31", firmware="4.5")
    )
    suite = bench.folder / "test_suite.py"
    suite.write_text(SUITE)
    lab = bench.lab(*map(bench.emulated, ("known", "forgotten", "new", "cured")))
    lab.write_text(lab.read_text().replace("[lab]\n", f'[lab]\nknown_failures = "{known}"\n'))

    outcome = bench.run(lab, "-n", "0", tests=suite)

    assert outcome.status == 1, outcome.output
    assert {place: became for place in ("known", "forgotten", "new", "cured") for became in ("failure", "skipped")
            if outcome.of_place(place, became)} == {
        "known": "skipped", "forgotten": "failure", "new": "failure", "cured": "failure",
    }  # fmt: skip
    assert f"{CLAIM} is known to fail (MCU-7), but it holds: remove the entry" in outcome.output
    assert f"{CLAIM} is known to fail (MCU-7), until 2020-12-31: that day is over" in outcome.output
    assert "1 known" in outcome.output

    assert bench.run(lab, "-n", "0", "--place", "known", tests=suite).status == 0
