"""The plan of a lane: each experiment once, in the order that costs the fewest restarts."""

from __future__ import annotations

import pytest

from harness.experiment import Experiment, Leaves, Plan, Selection

INSTALL = Experiment[object]("install", Leaves.CUSTOM_PAIR, 1, lambda unit: None)
REPLACE = Experiment[object]("replace", Leaves.CUSTOM_PAIR, 1, lambda unit: None)
REFUSE = Experiment[object]("refuse", Leaves.WHAT_IT_FOUND, 1, lambda unit: None)
UNTOUCHED = Experiment[object]("untouched", Leaves.UNTOUCHED, 0, lambda unit: None)
RARE = Experiment[object]("rare", Leaves.CUSTOM_PAIR, 1, lambda unit: None, Selection.FULL)
LOOK = Experiment[object]("look", Leaves.WHAT_IT_FOUND, 0, lambda unit: None)
REMOVE_CUSTOM = Experiment[object]("remove custom", Leaves.BASELINE, 1, lambda unit: None, replaces=True)
REMOVE = Experiment[object]("remove", Leaves.BASELINE, 1, lambda unit: None)


def test_what_goes_back_comes_last_and_what_installs_first() -> None:
    plan = Plan.of([REMOVE, REFUSE, INSTALL, REMOVE, REPLACE, INSTALL])

    assert plan.experiments == (INSTALL, REPLACE, REFUSE, REMOVE)


def test_the_other_way_tries_what_changes_nothing_on_the_pair_that_was_the_last() -> None:
    needed = [LOOK, UNTOUCHED, REMOVE, RARE, INSTALL, REPLACE]
    usual, other = (Plan.of(needed, other_way=way) for way in (False, True))

    assert usual.experiments == (UNTOUCHED, INSTALL, REPLACE, RARE, LOOK, REMOVE)
    assert other.experiments == (UNTOUCHED, REPLACE, LOOK, INSTALL, RARE, REMOVE)


@pytest.mark.parametrize("needed", [[], [LOOK], [REFUSE, REMOVE], [RARE, REFUSE], [INSTALL]])
def test_where_there_is_nothing_to_exchange_both_ways_are_one(needed: list[Experiment[object]]) -> None:
    assert Plan.of(needed, other_way=True) == Plan.of(needed)


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
    assert Plan.of(needed).restart_floor == Plan.of(needed, other_way=True).restart_floor == restarts
