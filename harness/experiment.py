"""Experiments: the expensive thing done once to a unit, and recorded.

An experiment is a plain function of one unit that returns frozen observations and asserts nothing. Claims, which
are ordinary tests, assert one sentence each about those observations. An experiment knows nothing of parallel
runs: each unit has a lane of its own, in which the experiments that its claims need are done one after the other.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from enum import IntEnum
from typing import Generic, TypeVar

from harness.lab import Feature, Place
from harness.unit import Unit

Observations = TypeVar("Observations")


class Leaves(IntEnum):
    """What a unit has stored when the experiment is over, in the order in which a lane does them.

    Experiments that install come first and pay one restart each; those that change nothing run on whatever is
    installed; one that leaves a pair stored but not in force comes after these; the one that ends at the baseline
    comes last, so that going back costs no restart of its own. What is to be seen of an untouched unit comes first.
    """

    UNTOUCHED = 0
    CUSTOM_PAIR = 1
    WHAT_IT_FOUND = 2
    PENDING_PAIR = 3
    BASELINE = 4


class Selection(IntEnum):
    """How much of the suite a run asks for; each selection holds the ones before it. The names are pytest marks."""

    SMOKE = 1
    """One install and back."""
    DEFAULT = 2
    FULL = 3

    @property
    def mark(self) -> str:
        return self.name.lower()


class BrokenOff(Exception):
    """An experiment could not go on, for `cause`; what it saw until then is `seen`.

    Where the unit is at fault, claims about what was seen are answered, and those about the rest are blocked.
    """

    def __init__(self, seen: object, cause: Exception) -> None:
        super().__init__(seen, cause)
        self.seen = seen
        self.cause = cause


@dataclass(frozen=True)
class Experiment(Generic[Observations]):
    """One named experiment. Its name is in test ids, reports and evidence, so it stays."""

    name: str
    leaves: Leaves
    restarts: int
    """How many restarts it cannot do without."""
    run: Callable[[Unit], Observations] = field(repr=False)
    selection: Selection = Selection.DEFAULT
    """The smallest that it belongs to."""
    needs: frozenset[Feature] = frozenset()
    """What a place must have; at others its claims are skipped."""
    replaces: bool = False
    """It begins with a custom pair in force; where no experiment before leaves one, that is a restart more."""
    feature_key: bool = True
    """It is for units with a feature key for HTTPS; or for those without one."""

    def unfit(self, place: Place) -> str:
        """Why it is not done at this place, in words; empty where it is."""
        if place.feature_key is not self.feature_key:
            return f"the place has {'a' if place.feature_key else 'no'} feature key for HTTPS"
        lacking = sorted(feature for feature in self.needs if not place.has(feature))
        return f"the place has no {' and no '.join(lacking)}" if lacking else ""


def experiment(
    leaves: Leaves,
    restarts: int,
    selection: Selection = Selection.DEFAULT,
    needs: Iterable[Feature] = (),
    *,
    replaces: bool = False,
    feature_key: bool = True,
) -> Callable[[Callable[[Unit], Observations]], Experiment[Observations]]:
    """Turn a function of a unit into an experiment of the same name, with `-` for `_`."""

    def named(run: Callable[[Unit], Observations]) -> Experiment[Observations]:
        name = run.__name__.replace("_", "-")
        return Experiment(name, leaves, restarts, run, selection, frozenset(needs), replaces, feature_key)

    return named


@dataclass(frozen=True)
class Plan:
    """What one lane does, in order."""

    experiments: tuple[Experiment[object], ...]

    @classmethod
    def of(cls, needed: Iterable[Experiment[object]]) -> Plan:
        """Each experiment once, in the order that costs the fewest restarts; of those that leave the same, the ones
        of the smaller selections first; otherwise in the order given."""
        return cls(tuple(sorted(dict.fromkeys(needed), key=lambda one: (one.leaves, one.selection))))

    @property
    def restart_floor(self) -> int:
        """The fewest restarts with which this can be done, going back to the baseline included."""
        goes_back = bool(self.experiments) and self.experiments[-1].leaves is Leaves.BASELINE
        changes = any(one.leaves in (Leaves.CUSTOM_PAIR, Leaves.PENDING_PAIR) for one in self.experiments)
        installs = any(one.replaces for one in self.experiments) and not any(
            one.leaves is Leaves.CUSTOM_PAIR for one in self.experiments
        )
        return sum(one.restarts for one in self.experiments) + installs + (changes and not goes_back)
