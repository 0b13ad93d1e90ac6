"""Labs whose verdicts are drawn: with flaky claims and units planted among changes that last, and accidents."""

from __future__ import annotations

import random
from collections.abc import Collection
from dataclasses import dataclass, field

from harness.results.flakiness import Cell, Flaky, Kind, Odd, bad_nights, find_flaky, odd_stretches


@dataclass
class Planted:
    """How often what fails in a night that should not: claims and units by number."""

    claims: dict[int, float] = field(default_factory=dict)
    units: dict[int, float] = field(default_factory=dict)


@dataclass(frozen=True)
class Simulated:
    found: list[Flaky]
    planted: Planted

    @property
    def named(self) -> set[tuple[str, int]]:
        claims = {
            (one.kind.value, one.claim) for one in self.found if one.kind is Kind.CLAIM and one.claim is not None
        }
        units = {
            (one.kind.value, one.unit[0]) for one in self.found if one.kind is Kind.UNIT and one.unit is not None
        }
        return claims | units

    @property
    def wanted(self) -> set[tuple[str, int]]:
        claims = {(Kind.CLAIM.value, claim) for claim in self.planted.claims}
        return claims | {(Kind.UNIT.value, unit) for unit in self.planted.units}


def planted(chance: random.Random, units: int, claims: int, count: int) -> Planted:
    """So many flaky claims, and half as many flaky units; each fails in 3 to 50 % of the nights of its cells."""

    def rate() -> float:
        return chance.choice((0.03, 0.05, 0.1, 0.2, 0.5))

    return Planted(
        {claim: rate() for claim in chance.sample(range(claims), count)},
        {unit: rate() for unit in chance.sample(range(units), count // 2)},
    )


def simulated(
    chance: random.Random, units: int, claims: int, nights: int, plant: Planted, accidents: float = 0.0
) -> Simulated:
    """Besides what is planted: a lasting failure in one cell of 50, one that ends in another; a night of 20 blocked
    at a place; a bad night for everybody; and `accidents` of single cells in single nights."""
    odds: list[Odd] = []
    exposure: dict[Cell, int] = {}
    asked: dict[int, int] = dict.fromkeys(range(nights), 0)
    bad = chance.randrange(nights) if accidents else None
    for unit in range(units):
        there = [night for night in range(nights) if chance.random() > 0.05]
        for night in there:
            asked[night] += claims
        for claim in range(claims):
            rate = 1 - (1 - plant.claims.get(claim, 0.0)) * (1 - plant.units.get(unit, 0.0)) * (1 - accidents)
            states = dict.fromkeys(there, True)
            _change_for_good(chance, states, there)
            for night in _nights_of(chance, there, rate):
                states[night] = not states[night]
            if bad in states and chance.random() < 0.5:
                states[bad] = False
            exposure[claim, (unit, 0)] = len(there)
            odds += [Odd((claim, (unit, 0)), night) for night in odd_stretches(list(states.items()))]
    dropped = bad_nights(odds, asked, units)
    return Simulated(find_flaky([odd for odd in odds if odd.night not in dropped], exposure), plant)


def _change_for_good(chance: random.Random, states: dict[int, bool], nights: Collection[int]) -> None:
    """One cell of 50 is broken since a night, and another until a night: neither is flaky."""
    drawn = chance.random()
    if drawn < 0.04:
        since = chance.choice(list(nights))
        for night in nights:
            states[night] = (night < since) is (drawn < 0.02)


def _nights_of(chance: random.Random, nights: list[int], rate: float) -> list[int]:
    if rate < 1e-9:
        return []
    if rate < 0.01:
        # Most cells draw none: one draw tells how far the next is.
        found, at = [], int(chance.expovariate(rate))
        while at < len(nights):
            found.append(nights[at])
            at += 1 + int(chance.expovariate(rate))
        return found
    return [night for night in nights if chance.random() < rate]
