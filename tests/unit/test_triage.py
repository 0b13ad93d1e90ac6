"""Whose fault it is, as a look at the unit and its bench has it."""

from __future__ import annotations

import pytest

from harness.fault import Fault, Incident
from harness.triage import Sighting, decided

SERVED = "00" * 32


def incident(fault: Fault) -> Incident:
    return Incident("rack1", "self-signed", fault, "no answer within 900 s")


@pytest.mark.parametrize(
    ("raised", "sighting", "at_first", "fault"),
    [
        (Fault.UNIT, Sighting(http=False, served=None, lines={}), [], Fault.UNIT),
        (Fault.UNIT, Sighting(http=True, served=SERVED, lines={}), [], Fault.UNIT),
        (Fault.UNIT, Sighting(http=False, served=None, lines={"power": True}), ["power"], Fault.UNIT),
        (Fault.UNIT, Sighting(http=False, served=None, lines={"power": False}), ["power"], Fault.BENCH),
        (Fault.UNIT, Sighting(http=False, served=None, lines={"power": False}), [], Fault.UNIT),
        (Fault.UNIT, Sighting(http=True, served=None, lines={"power": False}), ["power"], Fault.UNIT),
        (Fault.UNIT, Sighting(http=False, served=None, lines={"gateway": False}), ["gateway"], Fault.BENCH),
        (Fault.UNIT, Sighting(http=False, served=None, lines={"gateway": True}), ["gateway"], Fault.UNIT),
        (Fault.BENCH, Sighting(http=True, served=SERVED, lines={}), [], Fault.BENCH),
        (Fault.BENCH, Sighting(http=True, served=None, lines={}), [], Fault.UNIT),
        (Fault.BENCH, Sighting(http=False, served=None, lines={}), [], Fault.BENCH),
        (Fault.OURS, Sighting(http=False, served=None, lines={"gateway": False}), [], Fault.OURS),
    ],
)
def test_only_a_bench_that_went_silent_clears_a_unit(
    raised: Fault, sighting: Sighting, at_first: list[str], fault: Fault
) -> None:
    assert decided(incident(raised), sighting, at_first).fault is fault


@pytest.mark.parametrize(
    ("lines", "fault"), [({}, Fault.UNIT), ({"gateway": True}, Fault.UNIT), ({"gateway": False}, Fault.BENCH)]
)
def test_a_unit_that_went_away_is_not_the_bench_s_when_it_cannot_be_brought_back(
    lines: dict[str, bool], fault: Fault
) -> None:
    silent = Sighting(http=False, served=None, lines=lines)

    assert decided(incident(Fault.BENCH), silent, list(lines), before=Fault.UNIT).fault is fault
