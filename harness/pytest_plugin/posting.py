"""How what became of claims reaches whoever reports it: in this process, or in the controller of xdist's workers.

A message for each claim, read and answered by two threads of the controller, would be a good part of what a claim
costs: a worker posts those that held together, as soon as it has to wait for the next.
"""

from __future__ import annotations

import marshal
from collections.abc import Iterable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import Any, Protocol

import pytest

from harness.progress import Bookmark

MOST_TOGETHER = 64
"""What waits to be posted is not shown yet."""
KIND = "mcu-hil claims"


class Post(Protocol):
    """Where claims that are asked without pytest's help are told of."""

    def begins(self, claim: pytest.Function) -> None: ...

    def ended(self, claim: pytest.Function, report: pytest.TestReport) -> None:
        """`report` is all there is to say of it."""

    def flush(self) -> None:
        """What was told is on its way."""

    def turn(self, claims: Iterable[pytest.Function]) -> AbstractContextManager[None]:
        """For the turn of one of these, in which all are answered: afterwards the others need none."""


class Here:
    """Told by the hooks of pytest, where there are no workers."""

    def begins(self, claim: pytest.Function) -> None:
        claim.ihook.pytest_runtest_logstart(nodeid=claim.nodeid, location=claim.location)

    def ended(self, claim: pytest.Function, report: pytest.TestReport) -> None:
        claim.ihook.pytest_runtest_logreport(report=report)
        claim.ihook.pytest_runtest_logfinish(nodeid=claim.nodeid, location=claim.location)

    def flush(self) -> None:
        """Nothing waits here."""

    def turn(self, claims: Iterable[pytest.Function]) -> AbstractContextManager[None]:
        return nullcontext()


class Posted:
    """Told by a worker of xdist; a plugin of its, that knows of every test which it is at."""

    def __init__(self, config: pytest.Config, bookmark: Bookmark) -> None:
        self._config = config
        self._bookmark = bookmark
        self._index: dict[str, int] = {}
        self._waiting: list[dict[str, Any]] = []
        # xdist's plugin has no name, and no hook by which it could be told what is told it here.
        plugins = config.pluginmanager.get_plugins()
        self._worker: Any = next(one for one in plugins if type(one).__name__ == "WorkerInteractor")

    def pytest_collection_finish(self, session: pytest.Session) -> None:
        self._index = {item.nodeid: number for number, item in enumerate(session.items)}

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_logstart(self, nodeid: str) -> None:
        # A worker reports under the number of the test that it believes is running: let it be the right one.
        self._worker.item_index = self._index[nodeid]
        self._bookmark.put(self._worker.item_index)

    def begins(self, claim: pytest.Function) -> None:
        self.pytest_runtest_logstart(claim.nodeid)

    def ended(self, claim: pytest.Function, report: pytest.TestReport) -> None:
        if not report.passed:
            # Others in this process count these.
            self.flush()
            claim.ihook.pytest_runtest_logreport(report=report)
            return
        data = self._config.hook.pytest_report_to_serializable(config=self._config, report=report)
        self._waiting.append(data | {"item_index": self._worker.item_index, "worker_id": self._worker.workerid})
        if len(self._waiting) >= MOST_TOGETHER:
            self.flush()

    def flush(self) -> None:
        if self._waiting:
            self._worker.sendevent("testreport", data={"$report_type": KIND, "claims": marshal.dumps(self._waiting)})
            self._waiting = []

    @contextmanager
    def turn(self, claims: Iterable[pytest.Function]) -> Iterator[None]:
        its_own = self._worker.item_index
        try:
            yield
        finally:
            self.flush()
            self._worker.item_index = its_own
        # A turn with nothing to do costs a message, too. This one and the next are in the queue no more.
        taken = (its_own, self._worker.nextitem_index)
        numbers = (self._index[claim.nodeid] for claim in claims)
        self._worker.steal([number for number in numbers if number not in taken])


def unpacked(config: pytest.Config, data: Mapping[str, Any]) -> list[pytest.TestReport]:
    """The reports that a worker has posted together; none where `data` is something else."""
    waiting = marshal.loads(data["claims"]) if data.get("$report_type") == KIND else ()
    return [config.hook.pytest_report_from_serializable(config=config, data=one) for one in waiting]
