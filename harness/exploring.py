"""Random walks of one unit, drawn by hypothesis, until a budget is spent or unit and model part."""

from __future__ import annotations

from dataclasses import dataclass

from certstore import Firmware
from harness.errors import ConfigurationError, LabError
from harness.unit import Unit
from harness.walk import STARTS, Act, Budget, Departure, Step, Steps, Walker, all_steps, shrink

SHORTEST, LONGEST = 2, 7
"""Steps of one walk, its way to the start not counted."""
ENOUGH = 10_000
"""Walks: the budget ends them long before."""


@dataclass(frozen=True)
class Explored:
    """What came of all walks."""

    walks: int
    starts: int
    departure: Departure | None
    script: str
    """Of the departing walk, made short; empty where there is none."""


class _Parted(Exception):
    def __init__(self, departure: Departure) -> None:
        super().__init__(departure)
        self.departure = departure


class _Spent(Exception):
    """The budget is."""


def explore(unit: Unit, firmware: Firmware, budget: Budget, seed: int) -> Explored:
    """Walk until the budget is spent; a departing walk is made short, and told as a script.

    Raises ConfigurationError where hypothesis is not installed, LabError for what is the bench's.
    """
    try:
        import hypothesis
        from hypothesis import strategies
    except ImportError as error:
        raise ConfigurationError("random walks need the package hypothesis: install the extra dev") from error
    walker = Walker(unit, firmware)
    steps = all_steps(has_power=unit.place.has("power"))
    known: dict[Steps, Departure | None] = {}
    trouble: list[LabError] = []

    # Each example costs restarts: hypothesis draws, and what it wants to see again comes from what is known.
    @hypothesis.seed(seed)
    @hypothesis.settings(
        max_examples=ENOUGH,
        database=None,
        deadline=None,
        phases=[hypothesis.Phase.generate],
        suppress_health_check=list(hypothesis.HealthCheck),
        verbosity=hypothesis.Verbosity.quiet,
    )
    @hypothesis.given(strategies.lists(strategies.sampled_from(steps), min_size=SHORTEST, max_size=LONGEST))
    def each(drawn: list[Step]) -> None:
        walk = _that_shows(tuple(drawn))
        if walk not in known:
            if trouble or walker.starts >= budget.starts or budget.deadline.expired:
                raise _Spent
            try:
                known[walk] = walker.walk(walk)
            except LabError as error:
                trouble.append(error)
                raise _Spent from error
        if departure := known[walk]:
            raise _Parted(departure)

    try:
        each()
    except _Spent:
        if trouble:
            raise trouble[0] from None
    except _Parted as parted:
        smallest, ending = shrink(walker, parted.departure, budget)
        script = f"{smallest.script(walker.fingerprints)}\n({ending}; seed {seed})"
        return Explored(len(known), walker.starts, smallest, script)
    return Explored(len(known), walker.starts, None, "")


def _that_shows(steps: Steps) -> Steps:
    """A walk that ends in a start: only then is what was stored in force."""
    return steps if steps[-1].act in STARTS else (*steps, Step(Act.RESTART))
