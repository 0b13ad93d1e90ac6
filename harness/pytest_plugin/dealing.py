"""Places dealt out to xdist's workers, in the controller.

Each worker gets places of its own, collects only their claims and drives their units, so the number of workers
follows the cores and not the units. Tests that need no unit are collected by all, and handed out in small shares
while units restart. A place is never derived from a worker's number: a worker that replaces a lost one is given the
places of the lost one.
"""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from harness.progress import Message, listening, read_bookmark
from harness.pytest_plugin.ledger import mark_lost
from harness.pytest_plugin.posting import unpacked
from harness.pytest_plugin.session import WORKER_INPUT, Run

MOST_LOSSES = 2
"""A place whose experiments have cost this many workers is dealt no more: its claims are reported as lost."""


class Dealer:
    """Gives every worker its places, and a replacement those of the worker that it replaces."""

    def __init__(
        self, config: pytest.Config, run: Run, heard: Callable[[Message], None], *, is_watched: bool
    ) -> None:
        self._config = config
        self._is_watched = is_watched
        self._run = run
        self._hands: deque[list[str]] | None = None
        self._dealt: dict[str, list[str]] = {}
        self._losses: dict[str, int] = {}
        self._nodes: dict[str, Any] = {}
        self._done: set[str] = set()
        self._lifetime = ExitStack()
        self._address = self._lifetime.enter_context(listening(heard))

    def pytest_unconfigure(self) -> None:
        self._lifetime.close()

    @pytest.hookimpl(optionalhook=True)
    def pytest_xdist_auto_num_workers(self, config: pytest.Config) -> int | None:
        # Asked for hardware, a worker for each core has enough to do; more of them than places would only collect.
        asked = config.getoption("--lab") is not None
        return min(os.cpu_count() or 1, len(self._run.places)) if asked else None

    @pytest.hookimpl(optionalhook=True)
    def pytest_configure_node(self, node: Any) -> None:
        if self._hands is None:
            workers = node.workerinput["workercount"]
            names = [place.name for place in self._run.places]
            self._hands = deque(names[first::workers] for first in range(workers))
        hand = self._hands.popleft() if self._hands else []
        worker = node.workerinput["workerid"]
        self._dealt[worker] = hand
        self._nodes[worker] = node
        node.workerinput[WORKER_INPUT] = {
            "places": hand,
            "folder": str(self._run.folder),
            "progress": self._address,
            "watched": self._is_watched,
            "bookmark": str(self._bookmark(node)),
            "done": sorted(self._done),
            "excluded": self._run.excluded,
            # Not as it was typed: to a worker that is started later, 06:00 may be another day.
            "until": moment.isoformat() if (moment := self._run.until.moment) else None,
            "seal": self._run.seal,
        }

    @pytest.hookimpl(optionalhook=True)
    def pytest_testnodedown(self, node: Any, error: object) -> None:
        hand = self._dealt.pop(node.workerinput["workerid"], [])
        if not error or self._hands is None:
            return
        for name in hand:
            self._losses[name] = self._losses.get(name, 0) + 1
        self._hands.append([name for name in hand if self._losses[name] < MOST_LOSSES])

    @pytest.hookimpl(optionalhook=True)
    def pytest_handlecrashitem(self, crashitem: str, report: pytest.TestReport) -> None:
        if any(f"[{place.name}" in crashitem for place in self._run.places):
            report.when = "setup"
            report.longrepr = f"{crashitem}: the worker process was lost while this was asked"
            mark_lost(report)

    @pytest.hookimpl(optionalhook=True)
    def pytest_xdist_make_scheduler(self, config: pytest.Config) -> Shares:
        return Shares(len(config.getvalue("tx")), self._done, self._was_at)

    def _bookmark(self, node: Any) -> Path:
        return Path(self._address).with_name(str(node.workerinput["workerid"]))

    def _was_at(self, node: Any) -> int | None:
        return read_bookmark(self._bookmark(node))

    @pytest.hookimpl(tryfirst=True)
    def pytest_report_from_serializable(
        self, config: pytest.Config, data: dict[str, Any]
    ) -> pytest.TestReport | None:
        # xdist takes one report at a time; of those that were posted together it gets the others as they would come.
        *others, last = unpacked(config, data) or (None,)
        for report in others:
            assert report is not None
            node = self._nodes[report.worker_id]
            node.notify_inproc("testreport", node=node, rep=report)
        return last

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        # A worker may have answered hundreds of claims before it says that it is done with one.
        hil = getattr(report, "hil", None) or {}
        if report.when == "teardown" or hil.get("is_all"):
            self._done.add(report.nodeid)


@dataclass
class Worker:
    """What the scheduler knows of one worker."""

    collection: list[str] | None = None
    own: list[int] = field(default_factory=list)
    """Tests that only this worker has, not yet sent."""
    pending: list[int] = field(default_factory=list)
    """Sent, not yet complete."""
    index: dict[str, int] = field(default_factory=dict)


class Shares:
    """The scheduler (xdist's `Scheduling`): shared tests first, then each worker its own claims, all at once.

    A worker begins a test only when it knows the next one, or that there is none: so each has two at least, until it
    is told that no more will come.
    """

    def __init__(self, workers: int, done: set[str], was_at: Callable[[Any], int | None]) -> None:
        """`done` is kept up to date here, and by whoever hears of claims; `was_at` tells which test a node was at."""
        self._expected = workers
        self._replacements_due = 0
        self._workers: dict[Any, Worker] = {}
        self._shared: frozenset[str] | None = None
        self._pool: deque[str] = deque()
        self._done = done
        self._was_at = was_at

    @property
    def nodes(self) -> list[Any]:
        return list(self._workers)

    @property
    def collection_is_completed(self) -> bool:
        collected = sum(worker.collection is not None for worker in self._workers.values())
        return self._shared is not None or collected >= self._expected

    @property
    def has_pending(self) -> bool:
        return bool(self._pool) or any(worker.own or worker.pending for worker in self._workers.values())

    @property
    def tests_finished(self) -> bool:
        return self._shared is not None and not self.has_pending and not self._replacements_due

    def add_node(self, node: Any) -> None:
        self._workers[node] = Worker()

    def add_node_collection(self, node: Any, collection: Sequence[str]) -> None:
        worker = self._workers[node]
        worker.collection = list(collection)
        worker.index = {nodeid: index for index, nodeid in enumerate(collection)}
        if self._shared is not None:
            self._replacements_due -= 1
            self._keep_own(worker)

    def schedule(self) -> None:
        """Called when a collection has come in: first by all of the workers, later by each replacement."""
        if self._shared is None:
            collections = [worker.collection or [] for worker in self._workers.values()]
            common = frozenset.intersection(*map(frozenset, collections)) if len(collections) > 1 else frozenset()
            self._shared = common
            self._pool.extend(nodeid for nodeid in collections[0] if nodeid in common)
            for worker in self._workers.values():
                self._keep_own(worker)
        for node in self.nodes:
            self._supply(node)

    def mark_test_complete(self, node: Any, item_index: int, duration: float = 0) -> None:
        del duration
        worker = self._workers[node]
        worker.pending.remove(item_index)
        assert worker.collection is not None
        self._done.add(worker.collection[item_index])
        self._supply(node)

    def remove_node(self, node: Any) -> str | None:
        """Forget a worker; the test that it was at when it died, if it died at one."""
        worker = self._workers.pop(node)
        if worker.collection is None or not (worker.pending or worker.own):
            return None
        # Its claims come back with its places; who takes those over collects them anew.
        self._replacements_due += 1
        unfinished = [worker.collection[index] for index in worker.pending]
        at = self._was_at(node)
        current = None if at is None or worker.collection[at] in self._done else worker.collection[at]
        if current is not None:
            self._done.add(current)
        self._pool.extend(nodeid for nodeid in unfinished if nodeid in (self._shared or ()) and nodeid != current)
        return current

    def mark_test_pending(self, item: str) -> None:
        raise NotImplementedError("asked for by plugins that repeat a crashed test, which may be a second upload")

    def remove_pending_tests_from_node(self, node: Any, indices: Sequence[int]) -> None:
        """A worker has answered these in the turn of another."""
        answered = set(indices)
        worker = self._workers[node]
        worker.pending = [index for index in worker.pending if index not in answered]

    def _keep_own(self, worker: Worker) -> None:
        assert worker.collection is not None
        assert self._shared is not None
        worker.own = [index for index, nodeid in enumerate(worker.collection) if nodeid not in self._shared]

    def _supply(self, node: Any) -> None:
        """Top up a worker from the pool; when that is empty, send its own claims and that no more will come."""
        worker = self._workers[node]
        if worker.collection is None or node.shutting_down:
            return
        wanted = max(2, len(self._pool) // (4 * len(self._workers)))
        share: list[int] = []
        while self._pool and len(worker.pending) + len(share) < min(wanted, 16):
            share.append(worker.index[self._pool.popleft()])
        last = not self._pool
        if last:
            share += worker.own
            worker.own = []
        if share:
            worker.pending += share
            node.send_runtest_some(share)
        if last:
            node.shutdown()
