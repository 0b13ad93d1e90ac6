"""The scheduler: shared tests go to whoever is free, claims to the worker that has the place, and nothing is lost."""

from __future__ import annotations

from dataclasses import dataclass, field

import pytest

from harness.pytest_plugin.dealing import Shares


@dataclass(eq=False)
class Node:
    """A worker as the scheduler sees it: what it was sent, and whether it was told that no more will come."""

    name: str
    sent: list[int] = field(default_factory=list)
    shutting_down: bool = False
    at: int | None = None
    """The test that it was at last."""

    def send_runtest_some(self, indices: list[int]) -> None:
        assert not self.shutting_down
        self.sent += indices

    def shutdown(self) -> None:
        self.shutting_down = True


SHARED = [f"test_model.py::test_{number}" for number in range(6)]


def claims(place: str) -> list[str]:
    return [f"test_hil.py::test_{number}[{place}]" for number in range(3)]


@pytest.fixture
def done() -> set[str]:
    return set()


@pytest.fixture
def shares(done: set[str]) -> Shares:
    return Shares(2, done, lambda node: node.at)


def start(shares: Shares, *collections: list[str]) -> list[Node]:
    nodes = [Node(f"gw{number}") for number in range(len(collections))]
    for node, collection in zip(nodes, collections, strict=True):
        shares.add_node(node)
        shares.add_node_collection(node, collection)
    assert shares.collection_is_completed
    shares.schedule()
    return nodes


def drain(shares: Shares, nodes: list[Node], collections: list[list[str]]) -> list[str]:
    """Run everything, a test of each worker in turn; what was run, in order."""
    ran: list[str] = []
    position = dict.fromkeys(nodes, 0)
    while not shares.tests_finished:
        before = len(ran)
        for node, collection in zip(nodes, collections, strict=True):
            # A worker begins a test when it knows the next one, or that there is none.
            known = len(node.sent) - position[node]
            if known > 1 or (known == 1 and node.shutting_down):
                index = node.sent[position[node]]
                position[node] += 1
                ran.append(collection[index])
                shares.mark_test_complete(node, index)
        assert len(ran) > before, "no worker can go on"
    return ran


def test_every_test_is_run_once(shares: Shares) -> None:
    collections = [SHARED + claims("a"), SHARED + claims("b")]
    nodes = start(shares, *collections)

    ran = drain(shares, nodes, collections)

    assert sorted(ran) == sorted(SHARED + claims("a") + claims("b"))
    assert all(node.shutting_down for node in nodes)


def test_shared_tests_come_before_claims(shares: Shares) -> None:
    """They can be run while the units restart."""
    collections = [claims("a") + SHARED, claims("b") + SHARED]
    nodes = start(shares, *collections)

    ran = drain(shares, nodes, collections)

    assert set(ran[:4]) <= set(SHARED)
    assert not set(ran[-4:]) & set(SHARED)


def test_a_worker_without_tests_is_let_go(shares: Shares) -> None:
    busy, idle = start(shares, claims("a"), [])

    assert idle.shutting_down
    assert busy.sent == [0, 1, 2]


def test_a_single_worker_gets_everything() -> None:
    shares = Shares(1, set(), lambda node: node.at)
    collections = [SHARED + claims("a")]
    nodes = start(shares, *collections)

    assert drain(shares, nodes, collections) == collections[0]


def test_a_lost_workers_claims_wait_for_its_replacement(shares: Shares) -> None:
    first, second = collections = [claims("a"), claims("b")]
    lost, other = start(shares, *collections)
    shares.mark_test_complete(lost, 0)
    lost.at = 2

    assert shares.remove_node(lost) == first[2]
    for index in range(len(second)):
        shares.mark_test_complete(other, index)
    assert not shares.tests_finished

    replacement = Node("gw2")
    shares.add_node(replacement)
    shares.add_node_collection(replacement, [first[1]])
    shares.schedule()
    assert replacement.sent == [0]
    shares.mark_test_complete(replacement, 0)
    assert shares.tests_finished


def test_a_worker_lost_between_tests_is_blamed_on_none(shares: Shares) -> None:
    lost, _ = start(shares, claims("a"), claims("b"))

    assert shares.remove_node(lost) is None
    assert not shares.tests_finished


def test_claims_that_were_answered_in_the_turn_of_another_need_none(shares: Shares, done: set[str]) -> None:
    first, second = collections = [claims("a"), claims("b")]
    one, other = start(shares, *collections)

    done.update(first)
    shares.remove_pending_tests_from_node(one, [1, 2])
    shares.mark_test_complete(one, 0)
    assert not shares.tests_finished
    for index in range(len(second)):
        shares.mark_test_complete(other, index)
    assert shares.tests_finished


def test_a_worker_that_was_lost_after_its_answer_is_blamed_on_none(shares: Shares, done: set[str]) -> None:
    """It was told of, though not that its turn was over."""
    lost, _ = start(shares, claims("a"), claims("b"))
    lost.at = 1
    done.add(claims("a")[1])

    assert shares.remove_node(lost) is None
    assert not shares.tests_finished


def test_a_lost_workers_shared_tests_go_to_others(shares: Shares) -> None:
    collections = [SHARED + claims("a"), SHARED + claims("b")]
    lost, other = start(shares, *collections)
    lost.at = lost.sent[0]
    crashed = SHARED[lost.at]

    assert shares.remove_node(lost) == crashed
    replacement = Node("gw2")
    shares.add_node(replacement)
    remaining = [nodeid for nodeid in collections[0] if nodeid != crashed]
    shares.add_node_collection(replacement, remaining)
    shares.schedule()
    ran = drain(shares, [replacement, other], [remaining, collections[1]])

    assert sorted([crashed, *ran]) == sorted(SHARED + claims("a") + claims("b"))


def test_a_finished_worker_leaves_nothing_due(shares: Shares) -> None:
    collections = [claims("a"), claims("b")]
    nodes = start(shares, *collections)
    drain(shares, nodes, collections)

    for node in nodes:
        assert shares.remove_node(node) is None
    assert shares.tests_finished
