"""What is flaky, and whether it is the claim or the unit: docs/history.md has the reasons and the formulas.

Seen is how often a verdict was *odd*: other than those before and after it, of the same claim, on the same unit with
the same firmware. Odd verdicts are put down to causes that add up (the claim, the unit, both together, chance), by
expectation and maximisation; a cause is reported where it is all but certain that it acts more often than chance.
"""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from statistics import median
from typing import Any

Claim = int
Unit = tuple[int, int]
"""A place and the unit in it, by their ids: at another place a unit is begun with anew."""
Cell = tuple[Claim, Unit]

SHORT = 2
"""Nights that an odd stretch may last; what stays so for longer has changed, and is not flaky."""
CERTAIN = 0.95
"""Of whatever is reported, at least so probable: of all that is reported, less than one in twenty is not so."""
LEAST_NIGHTS = 2
"""Once is an accident."""
CLAIM_PRIOR, UNIT_PRIOR, PAIR_PRIOR = 0.01, 0.01, 0.0001
"""How many are thought to be flaky before anything is seen."""
CLAIM_COST, UNIT_COST, PAIR_COST = 1.0, 1.5, 2.0
"""Odd verdicts that a cause has to explain before it is one: the simpler explanation is preferred, and a claim to a
unit where nothing tells them apart."""
MANY = 3
"""So many units that are flaky with one claim alone are a flaky claim; and so many claims with one unit, a unit."""
ROUNDS = 100
SETTLED = 0.002
STARTS = ((1.0, 1.0, 1.0), (1.0, 0.1, 0.1), (0.1, 1.0, 0.1), (1.0, 1.0, 0.01))
"""With how much of what they might explain claims, units and pairs begin."""

BAD_TIMES, BAD_SHARE = 5, 0.02
LEAST_UNITS = 3
"""What a night must be to be a bad one for everybody, of a lab with so many units: see `bad_nights`."""


class Kind(StrEnum):
    CLAIM = "claim"
    UNIT = "unit"
    PAIR = "claim at one unit"


@dataclass(frozen=True)
class Odd:
    """The first night of a stretch of odd verdicts."""

    cell: Cell
    night: int


@dataclass(frozen=True)
class Flaky:
    """A cause of odd verdicts, with what is known of how often it acts."""

    kind: Kind
    claim: Claim | None
    unit: Unit | None
    odd: int
    """Odd stretches in its cells, whatever they are put down to."""
    nights: int
    """In which it acted."""
    of_nights: int
    """In which it was answered."""
    cells: int
    """Units of a claim, or claims of a unit, that were odd."""
    low: float
    high: float
    """Between which the share of nights lies, with a probability of 95 %."""
    certainty: float

    @property
    def rate(self) -> float:
        return self.nights / self.of_nights


def odd_stretches(states: Sequence[tuple[int, bool]]) -> Iterable[int]:
    """The first nights of the odd stretches in a series of (night, held) on one unit with one firmware."""
    stretches: list[list[int]] = []
    last = None
    for night, held in states:
        if held is not last:
            stretches.append([])
            last = held
        stretches[-1].append(night)
    # The first and the last stretch have nothing on one side: they may be the rest of something that lasts.
    return [nights[0] for nights in stretches[1:-1] if len(nights) <= SHORT]


def bad_nights(odds: Collection[Odd], asked: Mapping[int, int], units: int) -> set[int]:
    """Nights in which much more than usual was odd, of several claims at most of the units: no single one of them is
    to blame.

    `asked` is how many claims were answered in each night.
    """
    if units < LEAST_UNITS:
        return set()
    claims: dict[int, set[Claim]] = defaultdict(set)
    struck: dict[int, set[Unit]] = defaultdict(set)
    count: Counter[int] = Counter()
    for odd in odds:
        count[odd.night] += 1
        claims[odd.night].add(odd.cell[0])
        struck[odd.night].add(odd.cell[1])
    usual = median(count[night] for night in asked) if asked else 0
    return {
        night
        for night, odd in count.items()
        if odd > BAD_TIMES * usual + BAD_SHARE * asked[night]
        and len(claims[night]) >= MANY
        and len(struck[night]) > units / 2
    }


def find_flaky(odds: Collection[Odd], exposure: Mapping[Cell, int]) -> list[Flaky]:
    """The causes that are all but certain, the most frequent first.

    `exposure` is in how many nights each cell was answered.
    """
    counts = Counter(odd.cell for odd in odds)
    if not counts:
        return []
    exposed = _Exposed.of(exposure)
    shares, chance = _attributed(counts, exposure, exposed)
    found = [
        *_judged(Kind.CLAIM, odds, shares, exposed, chance),
        *_judged(Kind.UNIT, odds, shares, exposed, chance),
        *_judged(Kind.PAIR, odds, shares, exposed, chance),
    ]
    return sorted(_folded(found, odds, exposed), key=lambda one: (list(Kind).index(one.kind), -one.rate))


@dataclass(frozen=True)
class _Exposed:
    """Answers by claim, unit and cell, and in how many nights."""

    answers: dict[object, int]
    nights: dict[object, int]
    total: int

    @classmethod
    def of(cls, exposure: Mapping[Cell, int]) -> _Exposed:
        answers: Counter[object] = Counter()
        nights: dict[object, int] = {}
        for cell, count in exposure.items():
            for key in (*cell, cell):
                answers[key] += count
                # The cell that was answered most was answered whenever the claim, or the unit, was.
                nights[key] = max(nights.get(key, 0), count)
        return cls(dict(answers), nights, sum(exposure.values()))


@dataclass
class _Rates:
    """How often each cause acts, in a night and a cell."""

    claims: dict[Claim, float]
    units: dict[Unit, float]
    pairs: dict[Cell, float]
    chance: float

    def of(self, cell: Cell) -> tuple[float, float, float]:
        return self.claims[cell[0]], self.units[cell[1]], self.pairs[cell]


def _attributed(
    counts: Mapping[Cell, int], exposure: Mapping[Cell, int], exposed: _Exposed
) -> tuple[dict[Cell, tuple[float, float, float]], float]:
    """For each cell, what part of its odd verdicts is the claim's, the unit's, and of both; and the rate of chance.

    From each of several beginnings, the rates that explain most with the fewest causes (BIC) count.
    """
    fits = [_maximised(_begun(counts, exposure, exposed, *weights), counts, exposure, exposed) for weights in STARTS]
    best = max(fits, key=lambda rates: _score(rates, counts, exposure, exposed))
    shares = {}
    for cell in counts:
        rates = best.of(cell)
        whole = sum(rates) + best.chance
        shares[cell] = (rates[0] / whole, rates[1] / whole, rates[2] / whole)
    return shares, best.chance


def _begun(
    counts: Mapping[Cell, int],
    exposure: Mapping[Cell, int],
    exposed: _Exposed,
    of_claims: float,
    of_units: float,
    of_pairs: float,
) -> _Rates:
    by_claim: Counter[Claim] = Counter()
    by_unit: Counter[Unit] = Counter()
    for (claim, unit), count in counts.items():
        by_claim[claim] += count
        by_unit[unit] += count
    return _Rates(
        {claim: of_claims * count / exposed.answers[claim] for claim, count in by_claim.items()},
        {unit: of_units * count / exposed.answers[unit] for unit, count in by_unit.items()},
        {cell: of_pairs * count / exposure[cell] for cell, count in counts.items()},
        1 / exposed.total,
    )


def _maximised(rates: _Rates, counts: Mapping[Cell, int], exposure: Mapping[Cell, int], exposed: _Exposed) -> _Rates:
    for _ in range(ROUNDS):
        claims: dict[Claim, float] = defaultdict(float)
        units: dict[Unit, float] = defaultdict(float)
        pairs: dict[Cell, float] = {}
        of_chance = 0.0
        for cell, count in counts.items():
            of_claim, of_unit, of_pair = rates.of(cell)
            each = count / (of_claim + of_unit + of_pair + rates.chance)
            claims[cell[0]] += each * of_claim
            units[cell[1]] += each * of_unit
            pairs[cell] = each * of_pair
            of_chance += each * rates.chance
        before = rates
        rates = _Rates(
            {one: max(0.0, explained - CLAIM_COST) / exposed.answers[one] for one, explained in claims.items()},
            {one: max(0.0, explained - UNIT_COST) / exposed.answers[one] for one, explained in units.items()},
            {cell: max(0.0, explained - PAIR_COST) / exposure[cell] for cell, explained in pairs.items()},
            (of_chance + 0.5) / exposed.total,
        )
        if _is_near(before.claims, rates.claims) and _is_near(before.units, rates.units):
            break
    return rates


def _is_near(before: Mapping[Any, float], after: Mapping[Any, float]) -> bool:
    return all(abs(rate - before[one]) <= SETTLED * before[one] for one, rate in after.items())


def _score(rates: _Rates, counts: Mapping[Cell, int], exposure: Mapping[Cell, int], exposed: _Exposed) -> float:
    """The likelihood, as a logarithm, less what the causes cost."""
    expected = rates.chance * exposed.total + sum(rate * exposure[cell] for cell, rate in rates.pairs.items())
    for each in (rates.claims, rates.units):
        expected += sum(rate * exposed.answers[one] for one, rate in each.items())
    seen = sum(count * math.log(sum(rates.of(cell)) + rates.chance) for cell, count in counts.items())
    causes = sum(rate > 0 for each in (rates.claims, rates.units, rates.pairs) for rate in each.values())
    return seen - expected - causes * math.log(exposed.total) / 2


def _judged(
    kind: Kind,
    odds: Collection[Odd],
    shares: Mapping[Cell, tuple[float, float, float]],
    exposed: _Exposed,
    chance: float,
) -> Iterable[Flaky]:
    number = list(Kind).index(kind)
    prior = (CLAIM_PRIOR, UNIT_PRIOR, PAIR_PRIOR)[number]
    # By cause and night, how probable it is that it did not act.
    idle: dict[object, dict[int, float]] = defaultdict(dict)
    for odd in odds:
        nights = idle[(odd.cell[0], odd.cell[1], odd.cell)[number]]
        nights[odd.night] = nights.get(odd.night, 1.0) * (1 - shares[odd.cell][number])
    for cause, nights in idle.items():
        acted = round(sum(1 - probability for probability in nights.values()))
        if acted < LEAST_NIGHTS:
            continue
        of_nights = max(exposed.nights[cause], acted)
        by_chance = -math.expm1(exposed.answers[cause] / of_nights * math.log1p(-min(chance, 0.5)))
        certainty = _certainty(acted, of_nights, by_chance, prior)
        if certainty >= CERTAIN:
            yield _flaky(kind, cause, odds, acted, of_nights, certainty)


def _flaky(kind: Kind, cause: object, odds: Collection[Odd], acted: int, of_nights: int, certainty: float) -> Flaky:
    number = list(Kind).index(kind)
    mine = [odd for odd in odds if (odd.cell[0], odd.cell[1], odd.cell)[number] == cause]
    first = mine[0].cell
    low, high = interval(acted, of_nights)
    return Flaky(
        kind=kind,
        claim=None if kind is Kind.UNIT else first[0],
        unit=None if kind is Kind.CLAIM else first[1],
        odd=len(mine),
        nights=acted,
        of_nights=of_nights,
        cells=len({odd.cell for odd in mine}),
        low=low,
        high=high,
        certainty=certainty,
    )


def _folded(found: Sequence[Flaky], odds: Collection[Odd], exposed: _Exposed) -> Iterable[Flaky]:
    """What shows at many units with one claim is the claim's, though not all units bring it out; and so for units."""
    whole = {(one.kind, one.claim, one.unit) for one in found}
    pairs = [one for one in found if one.kind is Kind.PAIR]
    yield from (one for one in found if one.kind is not Kind.PAIR)
    for kind, of in ((Kind.CLAIM, "claim"), (Kind.UNIT, "unit")):
        groups: dict[object, list[Flaky]] = defaultdict(list)
        for one in pairs:
            groups[getattr(one, of)].append(one)
        for cause, ones in groups.items():
            key = (kind, cause if kind is Kind.CLAIM else None, cause if kind is Kind.UNIT else None)
            if len(ones) < MANY and key not in whole:
                continue
            pairs = [one for one in pairs if one not in ones]
            if key not in whole:
                cells = {(one.claim, one.unit) for one in ones}
                acted = len({odd.night for odd in odds if odd.cell in cells})
                of_nights = max(exposed.nights[cause], acted)
                yield _flaky(kind, cause, odds, acted, of_nights, max(one.certainty for one in ones))
    yield from pairs


def _certainty(acted: int, nights: int, by_chance: float, prior: float) -> float:
    """How probable it is that something acts more often than chance, which would in `by_chance` of all nights.

    If it does, any share of nights above that is as probable as another.
    """
    choose = math.lgamma(nights + 1) - math.lgamma(acted + 1) - math.lgamma(nights - acted + 1)
    rest = (nights - acted) * math.log1p(-by_chance)
    chance = math.exp(choose + acted * math.log(by_chance) + rest)
    cause = _beta_above(by_chance, acted, nights) / ((nights + 1) * (1 - by_chance))
    return prior * cause / (prior * cause + (1 - prior) * chance)


def _beta_above(share: float, acted: int, nights: int) -> float:
    """How probable it is that a share is above this one, after `acted` of so many nights and none known before.

    That of Beta(acted + 1, nights - acted + 1), as the sum of the binomial distribution that it is.
    """
    return sum(
        math.comb(nights + 1, count) * share**count * (1 - share) ** (nights + 1 - count)
        for count in range(acted + 1)
    )


def interval(acted: int, nights: int) -> tuple[float, float]:
    """Between which the share of nights lies with a probability of 95 %, equally likely above and below."""
    return _quantile(0.975, acted, nights), _quantile(0.025, acted, nights)


def _quantile(above: float, acted: int, nights: int) -> float:
    low, high = 0.0, 1.0
    for _ in range(30):
        middle = (low + high) / 2
        if _beta_above(middle, acted, nights) > above:
            low = middle
        else:
            high = middle
    return low
