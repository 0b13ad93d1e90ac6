"""Random walks of uploads, removals, restarts and power cuts, the unit and the model of its store side by side."""

from __future__ import annotations

import random

import pytest

from certstore import firmware_named
from harness.deadline import Deadline
from harness.errors import ConfigurationError
from harness.experiment import Leaves, Selection, experiment
from harness.exploring import Explored, explore
from harness.unit import Unit
from harness.walk import Budget

STARTS, SHRINKING_STARTS = 12, 12
"""Restarts and power cuts; on a real unit some minutes each."""
RESTARTS_OF_TIME = 12
"""No walk begins after so many times `restart_timeout`."""


@experiment(Leaves.CUSTOM_PAIR, restarts=STARTS, selection=Selection.FULL)
def walks(unit: Unit) -> Explored:
    """Each walk begins with a pair stored and served; another one is drawn until the budget is spent."""
    try:
        firmware = firmware_named(unit.identity.software_version)
    except ValueError as error:
        raise ConfigurationError(f"{unit.place.name}: nothing to compare it with: {error}") from error
    deadline = Deadline.after(RESTARTS_OF_TIME * unit.place.restart_timeout)
    return explore(unit, firmware, Budget(STARTS, SHRINKING_STARTS, deadline), random.randrange(1 << 32))


@pytest.mark.about(walks)
def test_no_walk_parts_the_unit_from_the_model(seen: Explored) -> None:
    """Of the store, as device-reference 15.1 has it."""
    if seen.departure is not None:
        pytest.fail(f"unit and model part on this walk:\n{seen.script}", pytrace=False)


@pytest.mark.about(walks)
def test_walks_were_walked(seen: Explored) -> None:
    assert seen.walks
