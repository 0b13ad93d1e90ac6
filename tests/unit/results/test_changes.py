"""What changed with a night, and what the nights say about firmware and restart times."""

from __future__ import annotations

import json
import random
from dataclasses import replace

import pytest

from harness.errors import ConfigurationError
from harness.fault import Verdict
from harness.results.changes import Changes, changes
from harness.results.database import Database
from harness.results.drift import drift_of, drifting
from harness.results.firmware import Outcome, compare
from harness.results.history import History, history_of, letters
from harness.results.ingest import ingest
from tests.unit.results.conftest import Becomes, claim_name, night_of, place_name

LETTERS = {
    ".": Verdict.HELD,
    "F": Verdict.FAILED,
    "B": Verdict.BLOCKED,
    "E": Verdict.ERROR,
    "k": Verdict.KNOWN,
    "s": Verdict.SKIPPED,
    "n": Verdict.NOT_DONE,
}


def drawn(rows: dict[tuple[int, int], str]) -> Becomes:
    """By place and claim, a letter a night; others hold."""
    return lambda night, place, claim: LETTERS[rows.get((place, claim), "." * (night + 1))[night]]


def only(number: int, verdict: Verdict) -> Becomes:
    return lambda night, place, claim: verdict if claim == number else Verdict.HELD


def kept(database: Database, nights: int, rows: dict[tuple[int, int], str], places: int = 3) -> Changes:
    for night in range(nights):
        ingest(database, night_of(night, places=places, becomes=drawn(rows)))
    return changes(database, "rack")


def turned(found: tuple[object, ...]) -> list[tuple[str, str]]:
    return [(one.place, one.claim) for one in found]  # type: ignore[attr-defined]


def test_a_night_is_compared_with_what_each_claim_was_last_answered(database: Database) -> None:
    found = kept(
        database,
        5,
        {
            (0, 0): "....F",  # new
            (0, 1): "..FFF",  # failing as before
            (0, 2): "FFFF.",  # fixed
            (1, 0): "..BBF",  # new: blocked is no answer
            (1, 1): ".FFFn",  # not answered now
            (1, 2): "FBBB.",  # fixed
            (2, 0): "....k",  # a known failure is one
            (2, 1): "....E",  # a bug of ours is no answer
        },
    )

    new = [(place_name(place), claim_name(0)) for place in (0, 1, 2)]
    assert turned(found.new_failures) == new
    assert turned(found.fixed) == [(place_name(place), claim_name(2)) for place in (0, 1)]
    assert found.failing == 1
    assert not found.newly_flaky
    assert found.lines() == [
        f"new failure at 3 places: {claim_name(0)}: {', '.join(place for place, _ in new)}",
        f"fixed at 2 places: {claim_name(2)}: {place_name(0)}, {place_name(1)}",
    ]
    assert json.loads(json.dumps(found.document()))["fixed"][0]["since"] == found.document()["fixed"][0]["since"]


def test_an_earlier_night_can_be_asked_for_though_it_came_later(database: Database) -> None:
    """Runs are put in in any order; nights are in that of time."""
    becomes = drawn({(0, 0): "..FF"})
    for night in (3, 1, 2, 0):
        ingest(database, night_of(night, becomes=becomes))

    assert turned(changes(database, "rack", night_of(2).name).new_failures) == [(place_name(0), claim_name(0))]
    assert changes(database, "rack").is_quiet
    assert changes(database, "rack").lines() == [
        f"nothing changed since run {night_of(2).name}; 1 claims fail as before"
    ]


def test_the_first_night_has_nothing_to_compare_with(database: Database) -> None:
    assert kept(database, 1, {(0, 0): "F"}).lines() == ["nothing to compare with: this is the first run of lab rack"]


def test_a_place_is_lost_when_nothing_is_answered_any_more(database: Database) -> None:
    lost = {(1, claim): "...B" for claim in range(4)}

    found = kept(database, 4, lost)

    assert found.places_lost == (place_name(1),)
    ingest(database, night_of(4))
    assert changes(database, "rack").places_back == (place_name(1),)


def test_a_place_that_was_not_chosen_or_had_no_time_is_not_lost(database: Database) -> None:
    late = {(0, claim): ".n" for claim in range(4)}
    ingest(database, night_of(0, places=3))
    ingest(database, night_of(1, places=2, becomes=drawn(late)))

    assert changes(database, "rack").is_quiet


def test_a_new_firmware_is_named_and_its_failure_is_not_flaky(database: Database) -> None:
    for night, firmware in enumerate(["4.3(2.18)"] * 5 + ["4.4(3.57)"] * 2 + ["4.3(2.18)"] * 5):
        verdict = Verdict.HELD if firmware == "4.3(2.18)" else Verdict.FAILED
        ingest(database, night_of(night, becomes=only(2, verdict), firmware=firmware))
        if night == 5:
            [line] = changes(database, "rack").lines()
            assert line.startswith(
                f"new failure at 3 places: {claim_name(2)}, with firmware 4.4(3.57), 4.3(2.18) before"
            )

    assert history_of(database, "rack", 60).flaky == ()


def test_what_turns_out_flaky_is_told_once(database: Database) -> None:
    chance = random.Random(5)
    rows = {(place, 1): "".join(chance.choice(".....F") for _ in range(30)) for place in range(6)}

    told = []
    for night in range(30):
        ingest(database, night_of(night, places=6, becomes=drawn(rows)))
        told += [(one.kind, one.claim) for one in changes(database, "rack").newly_flaky]

    assert told == [("claim", claim_name(1))]
    [found] = history_of(database, "rack", 60).flaky
    assert (found.claim, found.unit) == (claim_name(1), "")
    assert f"{claim_name(1)}: {found.odd} odd verdicts at 6 units, in {found.nights} of 30 nights" in str(found)


def test_a_flaky_claim_that_fails_is_no_news(database: Database) -> None:
    rows = {(place, 1): "..F...F...F...F...F...F" for place in range(3)}

    found = kept(database, 23, rows)

    assert [one.is_flaky for one in found.new_failures] == [True] * 3
    assert found.lines() == ["and 3 verdicts turned of what is flaky"]


def test_a_unit_that_was_exchanged_is_another_row(database: Database) -> None:
    rows = {(0, 1): "....FFFF..FFFF"}
    for night in range(14):
        run = night_of(night, becomes=drawn(rows))
        other = replace(run.visits[0], serial="SM99999")
        ingest(database, replace(run, visits=(other, *run.visits[1:])) if night in (8, 9) else run)

    assert history_of(database, "rack", 60).flaky == ()


def compared(database: Database) -> History:
    for night in range(4):
        ingest(
            database,
            night_of(
                night,
                places=2,
                claims=5,
                firmware="4.3(2.18)" if night < 2 else "4.5(1.71)",
                restart=60.0 if night < 2 else 75.0,
                becomes=drawn(
                    {(0, 0): "..FF", (1, 0): "..FF", (0, 1): "FF..", (0, 2): "FFFF", (1, 2): "FFFF", (0, 3): "F.F."}
                ),
            ),
        )
    return history_of(database, "rack", 60)


def test_one_firmware_beside_another(database: Database) -> None:
    found = compare(compared(database).matrix, "4.3(2.18)", "4.5(1.71)")

    assert {one.claim: one.outcome for one in found.claims} == {
        claim_name(0): Outcome.WORSE,
        claim_name(1): Outcome.BETTER,
        claim_name(2): Outcome.FAILS,
        claim_name(3): Outcome.SAME,
        claim_name(4): Outcome.SAME,
    }
    assert (str(found.claims[0].one), str(found.claims[0].other)) == ("held at 2", "held at 0, failed at 2")
    assert found.restart_one == pytest.approx(60, abs=0.1)
    assert found.restart_other == pytest.approx(75, abs=0.1)


def test_a_firmware_that_nobody_had_is_one_line(database: Database) -> None:
    with pytest.raises(
        ConfigurationError, match=r"no unit had firmware '9.9' in these nights; there were: 4.3\(2.18\)"
    ):
        compare(compared(database).matrix, "4.3(2.18)", "9.9")


def test_places_and_claims_can_be_chosen(database: Database) -> None:
    kept(database, 3, {(1, 2): ".F."})

    found = history_of(database, "rack", 2, places=[place_name(1)], claims=["claim_002", "claim_003"])

    rows = {found.matrix.claims[claim]: letters(series) for _, claim, series in found.matrix.cells()}
    assert rows == {claim_name(2): "F.", claim_name(3): ".."}
    with pytest.raises(ConfigurationError, match="has been to a place 'nowhere'"):
        history_of(database, "rack", 2, places=["nowhere"])
    with pytest.raises(ConfigurationError, match="no claim has 'nothing' in its name"):
        history_of(database, "rack", 2, claims=["nothing"])


def noisy(chance: random.Random, slope: float) -> list[tuple[int, float]]:
    """An outlier every tenth night."""
    return [
        (night, 60 + slope * night + chance.gauss(0, 1.5) + (40 if night % 10 == 3 else 0)) for night in range(60)
    ]


def test_restarts_that_take_longer_are_told_with_their_bounds() -> None:
    chance = random.Random(2)
    places = [drift_of(f"p{number}", noisy(chance, 0.2 if number == 7 else 0.0)) for number in range(64)]

    [found] = drifting(one for one in places if one is not None)

    assert found.place == "p7"
    assert found.low < 0.2 < found.high
    assert str(found).startswith("p7: restarts take 1")


def test_where_restarts_take_what_they_took_nothing_is_told() -> None:
    told = 0
    for seed in range(3):
        chance = random.Random(seed)
        told += len(drifting(one for number in range(64) if (one := drift_of("p", noisy(chance, 0.0))) is not None))

    assert told <= 1
