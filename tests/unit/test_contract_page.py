"""docs/contract.md names claims that there are, all of them, and the selection that each is in."""

from __future__ import annotations

import importlib.util
import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

import harness
from certstore import Refusal, UploadRefused, firmware_named, receive
from harness import catalogue
from harness.experiment import Selection

ROOT = Path(harness.__file__).parents[1]
ROW = re.compile(r"^\| (?P<item>.+?) \| (?P<claims>`.+`.*) \| (?P<selection>\w+) \|$", re.MULTILINE)


@dataclass(frozen=True)
class Claim:
    selection: Selection
    things: frozenset[str]
    """What it is put to, where that is more than one thing."""


def _claims() -> Iterator[tuple[str, Claim]]:
    for file in sorted((ROOT / "tests" / "hil").glob("test_*.py")):
        name = f"_contract_{file.stem}"
        spec = importlib.util.spec_from_file_location(name, file)
        assert spec is not None
        assert spec.loader is not None
        module = sys.modules[name] = importlib.util.module_from_spec(spec)
        try:
            spec.loader.exec_module(module)
        finally:
            del sys.modules[name]
        for test, function in vars(module).items():
            if test.startswith("test_"):
                marks = [*getattr(function, "pytestmark", []), *_listed(getattr(module, "pytestmark", []))]
                # The closest mark counts.
                about = next(mark for mark in marks if mark.name == "about")
                things = {str(one) for mark in marks if mark.name == "parametrize" for one in mark.args[1]}
                yield test, Claim(min(one.selection for one in about.args), frozenset(things))


def _listed(marks: pytest.MarkDecorator | list[pytest.MarkDecorator]) -> list[pytest.Mark]:
    return [one.mark for one in (marks if isinstance(marks, list) else [marks])]


def _by_name() -> dict[str, Claim]:
    """Of two tests of one name, what both have."""
    found: dict[str, Claim] = {}
    for test, one in _claims():
        other = found.get(test, one)
        found[test] = Claim(min(one.selection, other.selection), one.things | other.things)
    return found


CLAIMS = _by_name()


def _named(cell: str) -> Iterator[tuple[str, str]]:
    """Test and what stands in its brackets; brackets alone belong to the test before them."""
    test = ""
    for words in re.findall(r"`(.+?)`", cell):
        name, _, rest = words.partition("[")
        test = name or test
        yield test, rest.removesuffix("]")


def _rows() -> list[tuple[str, list[tuple[str, str]], str]]:
    text = (ROOT / "docs" / "contract.md").read_text(encoding="utf-8")
    return [(row["item"], list(_named(row["claims"])), row["selection"]) for row in ROW.finditer(text)]


def test_each_claim_on_the_page_is_one_of_the_suite() -> None:
    unknown = [
        f"{test}[{thing}]"
        for _, claims, _ in _rows()
        for test, thing in claims
        if test not in CLAIMS or (thing and thing not in CLAIMS[test].things)
    ]

    assert unknown == []


def test_each_claim_of_the_suite_is_on_the_page() -> None:
    named = {test for _, claims, _ in _rows() for test, _ in claims}
    # About the run and not about the unit.
    about_ourselves = {"test_every_form_was_tried_with_every_other", "test_walks_were_walked"}
    theirs = {
        # The same as those beside them on the page, in another experiment.
        "test_nothing_waits_for_another_restart",
        "test_as_much_of_the_chain_as_ever_is_served",
    }

    assert CLAIMS.keys() - named == about_ourselves | theirs


def test_each_row_says_the_selection_of_its_first_claim() -> None:
    wrong = {item: told for item, claims, told in _rows() if CLAIMS[claims[0][0]].selection.mark != told}

    assert wrong == {}


@pytest.mark.parametrize("version", ["2.4(1.1)", "4.3(2.18)", "4.5(1.71)"])
def test_the_suite_has_an_upload_for_each_refusal(version: str) -> None:
    found = set()
    for make in catalogue.REFUSED.values():
        with pytest.raises(UploadRefused) as refused:
            receive(make("127.0.0.1"), firmware_named(version))
        found.add(refused.value.refusal)

    # Of one that is stored where the firmware likes, of one that only some read, and of one that is streamed.
    elsewhere = {Refusal.KEY_MISMATCH, Refusal.MALFORMED_CHAIN, Refusal.TOO_LARGE}
    assert found == set(Refusal) - elsewhere
