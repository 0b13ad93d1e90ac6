"""Claims: tests parametrised by place, answered from what the lanes of this process observe.

A claim is run when its observations are there, whatever its turn (`slots` says how).
"""

from __future__ import annotations

import gc
from collections.abc import Generator, Iterable, Iterator
from contextlib import ExitStack
from itertools import chain
from typing import TYPE_CHECKING

import pytest

from harness.errors import ConfigurationError
from harness.experiment import Experiment, Plan, Selection
from harness.fault import Incident, Unanswered
from harness.lab import Place
from harness.profile import Characterised, Outcome
from harness.progress import Collected, LaneReport, Said, Tell
from harness.pytest_plugin.about import About, about, experiments, parameters
from harness.pytest_plugin.asking import Asker, is_plain, wants_all_phases
from harness.pytest_plugin.characterising import Comparer
from harness.pytest_plugin.failing import certificates_compared
from harness.pytest_plugin.posting import Post
from harness.pytest_plugin.session import SECRETS_OUTPUT, WORKER_OUTPUT, Run, leave_garbage
from harness.pytest_plugin.slots import Slots
from harness.pytest_plugin.verdicts import NotAnswered, Verdicts
from harness.turns import Turns
from harness.unit import Unit

if TYPE_CHECKING:
    from harness.bench import Bench
    from harness.lane import Lane

NO_PLACE, LEFT_OUT = object(), object()
"""In place of a place, where a test is made for none."""
AT_HAND = frozenset({"place", "seen", "characterised"})
"""Fixtures that need no more than what has been observed."""


class Claims:
    """The plugin of a process that drives units: xdist's workers, or the one process where there are none."""

    def __init__(self, config: pytest.Config, run: Run, tell: Tell, post: Post) -> None:
        self._config = config
        self._run = run
        self._tell = tell
        self._post = post
        self._lanes: dict[str, Lane] = {}
        self._claims: dict[str, list[pytest.Function]] = {}
        """By place; none without."""
        self._plain: frozenset[pytest.Function] = frozenset()
        """Those that need nothing of pytest but to be called."""
        self._running: pytest.Item | None = None
        """One that is run as any test."""
        self._slots = Slots()
        self._turns = Turns()
        self._verdicts = Verdicts(run)
        self._comparer = Comparer(run, accept=config.option.accept_profile)
        self.reports: list[LaneReport] = []
        self.sealed_secrets: bytes | None = None
        """What was uploaded, for whoever proves that it is written nowhere."""

    # Collection: one test a place.

    def pytest_generate_tests(self, metafunc: pytest.Metafunc) -> None:
        if not self._offers("place", metafunc):
            return
        places = [pytest.param(place, id=place.name) for place in self._run.places]
        put = experiments(metafunc.definition)
        if self._is_left_out(metafunc, put):
            places = [pytest.param(LEFT_OUT, id="each-place")]
        # A worker may have no place at all; of an empty set pytest would make a test that is skipped.
        places = places or [pytest.param(NO_PLACE, id="no-place")]
        if "seen" in metafunc.fixturenames and not put:
            raise pytest.UsageError(
                f"{metafunc.definition.nodeid} uses the fixture `seen`: name its experiment with "
                "@pytest.mark.about(experiment)"
            )
        if "characterised" in metafunc.fixturenames and not {"seen", "unit"} & set(metafunc.fixturenames):
            raise pytest.UsageError(
                f"{metafunc.definition.nodeid} uses the fixture `characterised`: it needs `seen` or `unit` too"
            )
        metafunc.parametrize("place", places, indirect=True)
        if len(put) > 1:
            metafunc.parametrize("_about", [pytest.param(one, id=one.name) for one in put], indirect=True)

    def _is_left_out(self, metafunc: pytest.Metafunc, put: Iterable[Experiment[object]]) -> bool:
        """Whether a claim is of no selection that was asked for: more than half are, and making a test of each at
        each place would be the half of a start. Whoever names one by its place is told that it was not selected."""
        option, names = self._config.option, self._config.args
        return (
            "seen" in metafunc.fixturenames
            and not option.markexpr
            and not any("[" in name for name in names)
            and all(one.selection > Selection.DEFAULT for one in put)
        )

    def _offers(self, fixture: str, metafunc: pytest.Metafunc) -> bool:
        """Whether a test asks for this fixture and means ours: another suite may well have a `place` of its own."""
        found = metafunc._arg2fixturedefs.get(fixture)
        return found is not None and getattr(found[-1].func, "__self__", None) is self

    @pytest.hookimpl(wrapper=True)
    def pytest_collection_modifyitems(self, config: pytest.Config, items: list[pytest.Item]) -> Iterator[None]:
        marks = {selection: getattr(pytest.mark, selection.mark) for selection in Selection}
        for item in items:
            if (claim := about(item)) is not None:
                if claim.unfit:
                    item.add_marker(pytest.mark.skip(reason=claim.unfit))
                for selection, mark in marks.items():
                    if claim.selection <= selection:
                        item.add_marker(mark)
        yield
        kept: list[pytest.Item] = []
        left_out: list[pytest.Item] = []
        for item in items:
            place = parameters(item).get("place")
            if place is not NO_PLACE:
                (kept if place is not LEFT_OUT and self._is_wanted(item) else left_out).append(item)
        if left_out:
            config.hook.pytest_deselected(items=left_out)
        items[:] = [item for item in kept if item.nodeid not in self._run.done]

    def _is_wanted(self, item: pytest.Item) -> bool:
        claim, only = about(item), self._run.only
        is_selected = self._config.option.markexpr or claim is None or claim.selection <= Selection.DEFAULT
        return bool(is_selected) and (only is None or item.nodeid in only)

    def pytest_collection_finish(self, session: pytest.Session) -> None:
        self._claims = {}
        for item in session.items:
            if isinstance(item, pytest.Function) and (claim := about(item)) is not None:
                self._claims.setdefault(claim.place.name, []).append(item)
        by_place = {name: len(claims) for name, claims in self._claims.items()}
        self._tell(Collected(by_place, len(session.items) - sum(by_place.values())))

    # The run: lanes for the places that a selected claim needs.

    @pytest.hookimpl(wrapper=True)
    def pytest_runtestloop(self, session: pytest.Session) -> Generator[None, object, object]:
        option = session.config.option
        if option.collectonly or option.plan or not self._claims:
            return (yield)
        # Drivers and their libraries are for runs that drive something.
        from harness.bench import Bench
        from harness.watchdog import Watchdog

        # Items and modules stay to the end: the collector of garbage need not look at them hundreds of times.
        gc.freeze()
        with ExitStack() as stack:
            stack.callback(gc.unfreeze)
            run = self._run
            places = [place for place in run.places if place.name in self._claims]
            if not wants_all_phases(self._config):
                self._plain = frozenset(claim for claim in self._all() if is_plain(claim, self, AT_HAND))
            bench = stack.enter_context(
                Bench(places, run.lab.state_dir, run.folder, run.doing, self._config.option.wait, run.until)
            )
            stack.callback(self._seal_secrets, bench)
            for place in places:
                self._lanes[place.name] = self._lane(place, bench)
            stack.enter_context(Watchdog(self._lanes.values()))
            stack.push(self._finish)
            for lane in self._lanes.values():
                lane.start()
            return (yield)

    def _lane(self, place: Place, bench: Bench) -> Lane:
        """The lane of a place, not started; its claims wait for it."""
        from harness.lane import Lane

        claims = self._claims[place.name]
        visits = sum(_of(claim).visits for claim in claims)
        lane = Lane(
            place,
            _plan(claims),
            visits,
            bench,
            self._turns,
            self._tell,
            self._run.until,
            self._run.excluded.get(place.name, ""),
        )
        for claim in claims:
            put = _of(claim)
            if put.unfit:
                self._slots.add(claim, None)
            elif put.visits:
                self._slots.add(claim, lane.visited)
            else:
                self._slots.add(claim, None if put.experiment is None else lane.seen[put.experiment.name])
        return lane

    def plans(self) -> dict[Place, tuple[list[pytest.Function], Plan]]:
        """For each place that a selected claim needs: those that do, and what its lane would do."""
        found = {place: self._claims.get(place.name, []) for place in self._run.places}
        return {place: (claims, _plan(claims)) for place, claims in found.items() if claims}

    def _all(self) -> Iterator[pytest.Function]:
        return chain.from_iterable(self._claims.values())

    def _finish(self, interrupted: type[BaseException] | None, *_: object) -> None:
        if self._slots or interrupted:
            # pytest was told to stop before all were run, or in the middle of one: its fixtures end after this.
            self._tell(Said("stopping: what is under way is finished, and every unit goes back to its baseline"))
            for lane in self._lanes.values():
                lane.stop()
        self.reports = [lane.join() for lane in self._lanes.values()]
        if hasattr(self._config, "workeroutput"):
            self._config.workeroutput[WORKER_OUTPUT] = [vars(report) for report in self.reports]

    def pytest_unconfigure(self) -> None:
        if self._lanes:
            leave_garbage()

    def _seal_secrets(self, bench: Bench) -> None:
        from harness.secrecy.known import sealed

        self.sealed_secrets = sealed(bench.secrets.gathered(), self._run.seal)
        if hasattr(self._config, "workeroutput"):
            self._config.workeroutput[SECRETS_OUTPUT] = self.sealed_secrets

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_protocol(self, item: pytest.Item, nextitem: pytest.Item | None) -> object:
        if about(item) is None or item is self._running:
            return None
        # The turn of the first claim is that of all; at that of another, none is left.
        if self._slots:
            rest = item.session.items[item.session.items.index(nextitem) :] if nextitem is not None else ()
            self._answer_all(item.session, next((one for one in rest if about(one) is None), None))
        return True

    def _answer_all(self, session: pytest.Session, afterwards: pytest.Item | None) -> None:
        """Run every claim, each when it can be answered; `afterwards` is the test that is run next."""
        # Not before: plugins have been registered, and every conftest.py has been read.
        asker = Asker(self._config)
        with self._post.turn(self._all()):
            while self._slots and not (session.shouldfail or session.shouldstop):
                if self._slots.has_to_wait:
                    self._post.flush()
                claim = self._slots.take()
                if claim in self._plain and (values := self._values(claim)) is not None:
                    self._post.begins(claim)
                    self._post.ended(claim, asker.asked(claim, values))
                else:
                    self._post.flush()
                    others = (one for one in self._slots.upcoming() if one not in self._plain)
                    self._run_as_test(claim, next(others, afterwards))

    def _run_as_test(self, claim: pytest.Function, nextitem: pytest.Item | None) -> None:
        # The test before this one was told what would follow: what it left up for that alone must go.
        claim.session._setupstate.teardown_exact(claim)
        self._running = claim
        claim.ihook.pytest_runtest_protocol(item=claim, nextitem=nextitem)
        self._running = None

    def _values(self, claim: pytest.Function) -> dict[str, object] | None:
        """What a plain claim asks for; None where there is no answer."""
        put = _of(claim)
        values = {"place": put.place, "characterised": self._characterised(claim, put.place)}
        if put.experiment is not None:
            observed = self._lanes[put.place.name].seen[put.experiment.name]
            if observed.exception() is not None:
                return None
            values["seen"] = observed.result()
        return values

    # What tests may ask for.

    @pytest.fixture
    def place(self, request: pytest.FixtureRequest) -> Place:
        """The place that this claim is about."""
        assert isinstance(request.param, Place)
        return request.param

    @pytest.fixture
    def _about(self, request: pytest.FixtureRequest) -> Experiment[object]:
        """The experiment of this claim: one of those that it is about, or the only one."""
        experiment = _of(request.node).experiment
        assert experiment is not None
        return experiment

    @pytest.fixture
    def seen(self, place: Place, _about: Experiment[object]) -> object:
        """The observations of the experiment that the mark `about` names, on this place."""
        observed = self._lanes[place.name].seen[_about.name]
        # Not raised as it is: one exception raised for each of many claims grows a traceback that all of them carry.
        if unanswered := observed.exception():
            raise NotAnswered(unanswered)
        return observed.result()

    @pytest.fixture
    def unit(self, place: Place) -> Iterator[Unit]:
        """The live unit, for a test that drives it step by step; after the experiments, back to the baseline."""
        lane = self._lanes[place.name]
        try:
            if unanswered := lane.visited.exception():
                raise NotAnswered(unanswered)
            yield lane.unit
        finally:
            lane.left()

    @pytest.fixture
    def characterised(self, request: pytest.FixtureRequest, place: Place) -> Characterised:
        """`characterised(key, outcome)` states what the unit does where the device reference leaves it open.

        At first it is recorded, in the profile of its model and firmware; later, another outcome fails the claim.
        """
        return self._characterised(request.node, place)

    def _characterised(self, item: pytest.Item, place: Place) -> Characterised:
        lane = self._lanes[place.name]

        def state(key: str, outcome: Outcome) -> None:
            try:
                self._comparer.state(item, place, lane.firmware, key, outcome)
            except ConfigurationError as error:
                raise NotAnswered(Unanswered(Incident.of(error, place.name, "comparing with the profile"))) from None

        return state

    # Verdicts.

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(
        self, item: pytest.Item, call: pytest.CallInfo[None]
    ) -> Generator[None, pytest.TestReport, pytest.TestReport]:
        report = yield
        claim = about(item)
        if claim is not None and isinstance(item, pytest.Function):
            lane = self._lanes.get(claim.place.name)
            self._verdicts.settle(report, item, call, claim, lane, is_all=item is not self._running)
        return report

    def pytest_assertrepr_compare(self, op: str, left: object, right: object) -> list[str] | None:
        return certificates_compared(op, left, right)


def _of(claim: pytest.Item) -> About:
    """Of a test that is known to be a claim."""
    found = about(claim)
    assert found is not None
    return found


def _plan(claims: Iterable[pytest.Function]) -> Plan:
    found = map(_of, claims)
    return Plan.of(claim.experiment for claim in found if claim.experiment is not None and not claim.unfit)
