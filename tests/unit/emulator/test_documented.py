"""The table of what is documented: each probe holds, each test that it points to exists, each section is there."""

from __future__ import annotations

import ast
import functools
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, closing
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from harness.emulator.blueprint import Blueprint
from harness.emulator.hosting import hosted
from tests.unit.emulator.documented import STATEMENTS, Beyond
from tests.unit.emulator.documented_family import MEMBERS, Family

if TYPE_CHECKING:
    from tests.unit.emulator.conftest import Caller

HERE = Path(__file__).parent

ROWS = [(section, words, proof) for section, rows in STATEMENTS.items() for words, proof in rows.items()]
PROBES = {f"{section}: {words}": proof for section, words, proof in ROWS if callable(proof)}
PLACES = sorted({proof for _, _, proof in ROWS if isinstance(proof, str)})


@pytest.fixture(scope="module")
def family(
    addresses: Iterator[str],
    visitor_of: Callable[[Blueprint], AbstractContextManager[Any]],
    caller_of: Callable[[Blueprint], Caller],
) -> Iterator[Family]:
    blueprints = {
        name: Blueprint(
            name=f"family-{name.replace('.', '-')}",
            model=model,
            address=next(addresses),
            http=8080,
            https=8443,
            firmware=firmware,
            restart_seconds=0.3,
            password="let me in",
        )
        for name, (model, firmware) in MEMBERS.items()
    }
    with hosted(blueprints.values()) as host:
        assert not host.failed
        with closing(Family(blueprints, visitor_of, caller_of)) as family:
            yield family


@pytest.mark.parametrize("statement", PROBES)
def test_a_documented_statement_holds(family: Family, statement: str) -> None:
    PROBES[statement](family)


@pytest.mark.parametrize("place", PLACES)
def test_a_statement_points_to_a_test_that_exists(place: str) -> None:
    file, name = place.split("::")

    assert name in names_in(file)


@functools.cache
def names_in(file: str) -> frozenset[str]:
    tree = ast.parse((HERE / file).read_text(encoding="utf-8"))
    return frozenset(node.name for node in tree.body if isinstance(node, ast.FunctionDef))


def test_what_is_beyond_the_emulation_says_why() -> None:
    assert all(proof.why for _, _, proof in ROWS if isinstance(proof, Beyond))
