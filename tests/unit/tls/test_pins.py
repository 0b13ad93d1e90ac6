"""Which leafs are taken for the unit."""

import hashlib

import pytest

from harness.tls.pins import ForeignLeaf, LeafPins

FIRST, SECOND, THIRD = b"first leaf", b"second leaf", b"third leaf"


def sha256(leaf: bytes) -> str:
    return hashlib.sha256(leaf).hexdigest()


def accepts(pins: LeafPins, leaf: bytes) -> bool:
    try:
        pins.check(leaf)
    except ForeignLeaf:
        return False
    return True


def test_without_a_pin_the_first_leaf_is_taken_on_trust_and_no_other() -> None:
    pins = LeafPins("unit", None)
    assert [accepts(pins, leaf) for leaf in (FIRST, FIRST, SECOND)] == [True, True, False]


def test_a_given_pin_is_the_only_one() -> None:
    pins = LeafPins("unit", sha256(FIRST))
    assert [accepts(pins, leaf) for leaf in (SECOND, FIRST)] == [False, True]


def test_a_leaf_of_our_own_is_accepted_beside_the_one_before() -> None:
    pins = LeafPins("unit", sha256(FIRST))
    pins.accept(sha256(SECOND))
    assert [accepts(pins, leaf) for leaf in (FIRST, SECOND, THIRD)] == [True, True, False]


def test_after_a_removal_one_new_leaf_is_accepted_once_and_pinned() -> None:
    pins = LeafPins("unit", sha256(FIRST))
    pins.accept_next()
    assert [accepts(pins, leaf) for leaf in (FIRST, SECOND, THIRD, SECOND)] == [True, True, False, True]
    assert pins.accepted == {sha256(FIRST), sha256(SECOND)}


def test_the_refusal_names_the_unit_and_the_leaf() -> None:
    with pytest.raises(ForeignLeaf, match=f"rack2: .*sha256:{sha256(SECOND)}, which nobody here installed"):
        LeafPins("rack2", sha256(FIRST)).check(SECOND)
