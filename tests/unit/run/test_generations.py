"""One driver and one suite for every firmware: with and without device.restart, under all their labels."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from harness.drivers.emulated import emulated_units
from harness.drivers.mcu import open_unit
from harness.lab import load_lab
from harness.unit import Way

if TYPE_CHECKING:
    from tests.unit.run.conftest import LabBench

# A build of each generation, and how it can be restarted (device-reference 1.1 and 7.6).
GENERATIONS = {
    "2.3(1.0)": (Way.WEB,),
    "2.4(1.2)": (Way.WEB,),
    "4.0(1.44)": (Way.WEB,),
    "4.2(1.50)": (Way.WEB,),
    "4.3(2.32)": (Way.WEB, Way.API),
    "4.4(3.57)": (Way.WEB, Way.API),
    "4.5(1.71)": (Way.WEB, Way.API),
}


def name(firmware: str) -> str:
    return "fw-" + firmware.partition("(")[0]


def test_every_generation_keeps_the_contract(bench: LabBench) -> None:
    lab = bench.lab(*(bench.emulated(name(firmware), firmware=firmware) for firmware in GENERATIONS))

    outcome = bench.run(lab, "-n", "2")

    assert outcome.status == 0, outcome.output
    assert set(outcome.verdicts.values()) == {"held"}


@pytest.mark.parametrize(("firmware", "ways"), GENERATIONS.items(), ids=GENERATIONS)
def test_a_unit_is_restarted_by_api_only_where_its_version_can(
    bench: LabBench, firmware: str, ways: tuple[Way, ...]
) -> None:
    [place] = load_lab(bench.lab(bench.emulated("unit", firmware=firmware))).places

    with emulated_units([place]), open_unit(place) as unit:
        assert unit.ways() == ways
