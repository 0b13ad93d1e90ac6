"""What a test is about: the place that it is put to, and the experiment whose observations it reads.

Looked up once for each test, for it is asked many times: of thousands of tests that would be a good part of a start.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import pytest

from harness.experiment import Experiment, Selection
from harness.lab import Place
from harness.run_record import without_place


@dataclass(frozen=True)
class About:
    """Of a test that is put to a place."""

    place: Place
    experiment: Experiment[object] | None
    """None for one that reads no observation."""
    visits: bool
    """Whether it drives the unit itself."""
    claim: str
    """Its name without the place: the same at every place."""
    unfit: str
    """Why its experiment is not done at the place; empty where it is."""

    @property
    def selection(self) -> Selection:
        """The smallest that it belongs to: that of its experiment."""
        return Selection.DEFAULT if self.experiment is None else self.experiment.selection

    @property
    def experiment_name(self) -> str:
        return "" if self.experiment is None else self.experiment.name


KNOWN = pytest.StashKey[About | None]()


def about(item: pytest.Item) -> About | None:
    """None for a test that needs no unit."""
    if KNOWN not in item.stash:
        item.stash[KNOWN] = _looked_up(item)
    return item.stash[KNOWN]


def _looked_up(item: pytest.Item) -> About | None:
    place = parameters(item).get("place")
    if not isinstance(item, pytest.Function) or not isinstance(place, Place):
        return None
    experiment = _experiment(item) if "seen" in item.fixturenames else None
    return About(
        place,
        experiment,
        "unit" in item.fixturenames,
        without_place(item.name, place.name),
        "" if experiment is None else experiment.unfit(place),
    )


def parameters(item: pytest.Item) -> Mapping[str, object]:
    return item.callspec.params if isinstance(item, pytest.Function) and hasattr(item, "callspec") else {}


def experiments(definition: pytest.Item) -> list[Experiment[object]]:
    """Those that the mark `about` names."""
    mark = definition.get_closest_marker("about")
    return list(mark.args) if mark else []


def _experiment(claim: pytest.Function) -> Experiment[object]:
    chosen = parameters(claim).get("_about")
    if isinstance(chosen, Experiment):
        return chosen
    [only] = experiments(claim)
    return only
