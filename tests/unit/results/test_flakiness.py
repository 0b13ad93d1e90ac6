"""What is flaky is found, and named rightly: the claim, the unit, or both together; and nothing else is."""

from __future__ import annotations

import random

import pytest

from harness.results.flakiness import Cell, Kind, Odd, bad_nights, find_flaky, interval, odd_stretches
from tests.unit.results.planting import Planted, planted, simulated


def stretches(verdicts: str) -> list[int]:
    return list(odd_stretches([(night, verdict == ".") for night, verdict in enumerate(verdicts)]))


@pytest.mark.parametrize(
    ("verdicts", "odd"),
    [
        ("..........", []),
        (".....FFFFF", []),  # broken since
        ("FFFFF.....", []),  # fixed
        ("...FFFF...", []),  # broken for a while
        (".........F", []),  # news: nobody knows yet
        ("....F.....", [4]),
        ("....FF....", [4]),
        ("FFFF..FFFF", [4]),
        (".F...F...F", [1, 5]),
        (".F.F.F.F.F", [1, 2, 3, 4, 5, 6, 7, 8]),
    ],
)
def test_odd_is_what_does_not_last(verdicts: str, odd: list[int]) -> None:
    assert stretches(verdicts) == odd


def lab(units: int, claims: int, nights: int) -> dict[Cell, int]:
    return {(claim, (unit, 0)): nights for claim in range(claims) for unit in range(units)}


def test_a_claim_that_is_odd_at_many_units_is_flaky() -> None:
    odds = [Odd((3, (unit, 0)), 5 * unit + 1) for unit in range(8)]

    [found] = find_flaky(odds, lab(10, 20, 60))

    assert (found.kind, found.claim, found.unit) == (Kind.CLAIM, 3, None)
    assert (found.odd, found.nights, found.of_nights, found.cells) == (8, 8, 60, 8)
    assert found.low < found.rate < found.high
    assert found.certainty > 0.99


def test_a_unit_at_which_many_claims_are_odd_is_flaky() -> None:
    odds = [Odd((claim, (4, 0)), 3 * claim + 1) for claim in range(15)]

    [found] = find_flaky(odds, lab(10, 20, 60))

    assert (found.kind, found.claim, found.unit, found.cells) == (Kind.UNIT, None, (4, 0), 15)


def test_a_claim_that_is_odd_at_one_unit_alone_is_neither() -> None:
    odds = [Odd((3, (4, 0)), night) for night in range(5, 50, 5)]

    [found] = find_flaky(odds, lab(10, 20, 60))

    assert (found.kind, found.claim, found.unit) == (Kind.PAIR, 3, (4, 0))


def test_where_there_is_one_unit_it_is_the_claim() -> None:
    odds = [Odd((3, (0, 0)), night) for night in range(5, 50, 5)]

    [found] = find_flaky(odds, lab(1, 20, 60))

    assert (found.kind, found.claim) == (Kind.CLAIM, 3)


def test_once_is_an_accident_however_many_claims_it_strikes() -> None:
    odds = [Odd((claim, (4, 0)), 30) for claim in range(20)]

    assert find_flaky(odds, lab(10, 20, 60)) == []


def test_a_night_that_is_bad_for_all_is_nobodys_fault() -> None:
    odds = [Odd((claim, (unit, 0)), night) for claim in range(20) for unit in range(9) for night in (10, 40)]
    one_unit = [Odd((claim, (4, 0)), 20) for claim in range(20)]

    assert bad_nights([*odds, *one_unit], dict.fromkeys(range(60), 200), units=10) == {10, 40}


def test_the_interval_holds_the_share_as_often_as_it_says() -> None:
    """Of shares drawn at random, 95 in 100: Beta(k + 1, n - k + 1) is what is known of one after k of n nights."""
    chance, inside, rounds = random.Random(3), 0, 2000
    bounds = [interval(acted, 40) for acted in range(41)]
    for _ in range(rounds):
        share = chance.random()
        low, high = bounds[sum(chance.random() < share for _ in range(40))]
        inside += low <= share <= high

    expected = 0.95 * rounds
    # Six standard deviations.
    assert abs(inside - expected) < 6 * (rounds * 0.95 * 0.05) ** 0.5


@pytest.mark.parametrize(("units", "claims"), [(64, 60), (5, 88)])
def test_what_is_planted_is_found_and_nothing_else(units: int, claims: int) -> None:
    """A sample: make bench BENCH_ARGS=history has many labs of 64 units and 200 claims."""
    found = wanted = right = 0
    for seed in range(3):
        chance = random.Random(seed)
        lab = simulated(chance, units, claims, 60, planted(chance, units, claims, 4), accidents=1e-5)
        found, wanted, right = found + len(lab.named), wanted + len(lab.wanted), right + len(lab.named & lab.wanted)

    assert right > 0.95 * found
    assert right > 0.95 * wanted


@pytest.mark.parametrize("accidents", [0.0, 1e-5])
def test_where_nothing_is_planted_nothing_is_found(accidents: float) -> None:
    """Though one cell in 25 breaks or is mended for good, nights are missing, and one is bad for everybody."""
    for seed in range(4):
        assert simulated(random.Random(seed), 16, 60, 60, Planted(), accidents).found == []
