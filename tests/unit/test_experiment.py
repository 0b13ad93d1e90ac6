"""The plan of a lane: each experiment once, in the order that costs the fewest restarts."""

from __future__ import annotations

import pytest

from harness.experiment import Experiment, Leaves, Plan

INSTALL = Experiment[object]("install", Leaves.CUSTOM_PAIR, 1, lambda unit: None)
REPLACE = Experiment[object]("replace", Leaves.CUSTOM_PAIR, 1, lambda unit: None)
REFUSE = Experiment[object]("refuse", Leaves.WHAT_IT_FOUND, 1, lambda unit: None)
LOOK = Experiment[object]("look", Leaves.WHAT_IT_FOUND, 0, lambda unit: None)
REMOVE_CUSTOM = Experiment[object]("remove custom", Leaves.BASELINE, 1, lambda unit: None, replaces=True)
REMOVE = Experiment[object]("remove", Leaves.BASELINE, 1, lambda unit: None)


def test_what_goes_back_comes_last_and_what_installs_first() -> None:
    plan = Plan.of([REMOVE, REFUSE, INSTALL, REMOVE, REPLACE, INSTALL])

    assert plan.experiments == (INSTALL, REPLACE, REFUSE, REMOVE)


FLOORS = {
    "nothing": ([], 0),
    "look-only": ([LOOK], 0),
    "one-install-and-back": ([INSTALL], 2),
    "going-back-is-the-removal": ([INSTALL, REMOVE], 2),
    "everything": ([INSTALL, REPLACE, REFUSE, REMOVE], 4),
    "a-removal-needs-something-to-remove": ([REMOVE_CUSTOM], 2),
    "what-another-installed-can-be-removed": ([INSTALL, REMOVE_CUSTOM], 2),
    "refused-uploads-need-no-way-back": ([REFUSE], 1),
}


@pytest.mark.parametrize(("needed", "restarts"), FLOORS.values(), ids=FLOORS)
def test_the_floor_counts_the_way_back_once(needed: list[Experiment[object]], restarts: int) -> None:
    assert Plan.of(needed).restart_floor == restarts
