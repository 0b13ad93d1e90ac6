"""The table of `make prove` names each defect, and claims that there are; docs/defects.md says the same."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import harness
from harness.emulator.defects import DEFECTS
from tests.prove.judging import Fate, judged
from tests.prove.page import HEADING, section
from tests.prove.runs import Became, told_parts
from tests.prove.table import ROWS, row

ROOT = Path(harness.__file__).parents[1]


def test_every_defect_has_a_row_and_every_row_a_claim() -> None:
    assert ROWS.keys() == DEFECTS.keys()
    assert [defect for defect, one in ROWS.items() if not one.expected(full=True) | one.one_of] == []


def test_every_claim_in_it_is_one_of_the_suite() -> None:
    sources = "".join(file.read_text(encoding="utf-8") for file in (ROOT / "tests" / "hil").glob("*.py"))
    known = set(re.findall(r"^def (test_\w+)\(", sources, re.MULTILINE))
    named = {
        claim.partition("[")[0] for one in ROWS.values() for claim in (*one.fails, *one.more, *one.may, *one.one_of)
    }

    assert named - known == set()


def test_the_page_of_defects_says_which_claims_find_them() -> None:
    page = (ROOT / "docs" / "defects.md").read_text(encoding="utf-8")

    assert page[page.index(HEADING) :] == section()


A, B, C = "test_a", "test_b[x]", "test_c"


@pytest.mark.parametrize(
    ("failed", "fate", "alarms"),
    [
        ({A, B}, Fate.KILLED, ()),
        ({A}, Fate.WOUNDED, ()),
        ({C}, Fate.SURVIVED, (C,)),
        ({A, B, C}, Fate.KILLED, (C,)),
        ({A, B, "test_d[y]"}, Fate.KILLED, ()),
        (set(), Fate.SURVIVED, ()),
    ],
)
def test_a_defect_is_killed_by_all_claims_that_name_it_and_others_are_false_alarms(
    failed: set[str], fate: Fate, alarms: tuple[str, ...]
) -> None:
    found = judged("x", row(A, B, may=("test_d",)), Became(failed=frozenset(failed)), full=False)

    assert (found.fate, found.false_alarms) == (fate, alarms)
    assert found.is_good == (fate is Fate.KILLED and not alarms)


def test_of_claims_of_which_one_is_enough_one_has_to_fail() -> None:
    either = row(one_of=(A, B))

    assert judged("x", either, Became(failed=frozenset({B})), full=False).is_good
    assert judged("x", either, Became(failed=frozenset({A, B})), full=False).is_good
    assert judged("x", either, Became(held=frozenset({A, B})), full=False).fate is Fate.SURVIVED


def test_claims_that_are_blocked_neither_kill_nor_are_false_alarms() -> None:
    found = judged("x", row(A), Became(blocked=frozenset({A, C})), full=False)

    assert (found.fate, found.false_alarms, found.blocked) == (Fate.SURVIVED, (), 2)


TOLD = """test_a[place]
  done:     self-signed at place, MCU 4505: The article's own commands.
  expected: it is served
            as documented
  the unit: rebootRequired is true
  evidence: FILE
"""


def test_the_text_of_a_failed_claim_has_four_parts() -> None:
    assert told_parts(TOLD) == {
        "done": "self-signed at place, MCU 4505: The article's own commands.",
        "expected": "it is served\n            as documented",
        "the unit": "rebootRequired is true",
        "evidence": "FILE",
    }


@pytest.mark.parametrize("part", ["rebootRequired is true", "FILE"])
def test_a_part_that_says_nothing_is_none(part: str) -> None:
    assert len(told_parts(TOLD.replace(part, ""))) == 3
    assert len(told_parts(TOLD.replace(part, "False"))) == 3


def test_a_defect_is_not_proved_by_a_claim_that_does_not_tell() -> None:
    silent = judged("x", row(A), Became(failed=frozenset({A}), untold=frozenset({A})), full=False)

    assert silent.fate is Fate.KILLED
    assert not silent.is_good
