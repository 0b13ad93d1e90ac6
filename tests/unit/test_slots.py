"""Claims are run as their observations come in."""

from __future__ import annotations

import threading
from concurrent.futures import Future

import pytest

from harness.pytest_plugin.slots import Slots


@pytest.fixture
def claims(pytester: pytest.Pytester) -> list[pytest.Function]:
    """Five tests, a to e."""
    found = pytester.getitems("\n".join(f"def test_{name}(): pass" for name in "abcde"))
    return [item for item in found if isinstance(item, pytest.Function)]


def test_what_is_settled_first_is_run_first(claims: list[pytest.Function]) -> None:
    a, b, c, d, e = claims
    early, late = Future[object](), Future[object]()
    slots = Slots()
    for claim, awaited in ((a, late), (b, early), (c, late), (d, None), (e, early)):
        slots.add(claim, awaited)

    assert slots.take() is d
    early.set_result("seen")
    assert [slots.take(), slots.take()] == [b, e]
    late.set_exception(RuntimeError("not seen, but settled"))
    assert [slots.take(), slots.take()] == [a, c]
    assert not slots


def test_a_slot_waits_until_a_claim_can_be_answered(claims: list[pytest.Function]) -> None:
    never, later = Future[object](), Future[object]()
    slots = Slots()
    slots.add(claims[0], never)
    slots.add(claims[1], later)
    waiting = threading.Event()
    taken: list[pytest.Function] = []

    def take() -> None:
        waiting.set()
        taken.append(slots.take())

    thread = threading.Thread(target=take)
    thread.start()
    waiting.wait()
    assert taken == []
    later.set_result("seen")
    thread.join()

    assert taken == [claims[1]]
    assert slots


def test_what_can_be_answered_comes_before_what_waits(claims: list[pytest.Function]) -> None:
    a, b, c, *_ = claims
    settled = Future[object]()
    slots = Slots()
    slots.add(a, Future())
    slots.add(b, settled)
    slots.add(c, settled)

    assert list(slots.upcoming()) == [a, b, c]
    assert slots.has_to_wait
    settled.set_result("seen")
    assert not slots.has_to_wait
    assert slots.take() is b
    assert list(slots.upcoming()) == [c, a]
    assert slots.take() is c
    assert slots.has_to_wait
