"""Claims: tests parametrised by place, answered from what the lanes of this process observe.

A claim is run when its observations are there, whatever its turn (`slots` says how).
"""

from __future__ import annotations

import gc
from collections import Counter
from collections.abc import Generator, Iterable, Iterator, Mapping
from contextlib import ExitStack
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from _pytest.outcomes import Failed

from harness.errors import ConfigurationError
from harness.experiment import Experiment, Plan, Selection
from harness.fault import Incident, Unanswered, Verdict
from harness.lab import Place
from harness.observation import Unseen
from harness.profile import Characterised, Outcome
from harness.progress import Collected, LaneReport, Said, Tell
from harness.pytest_plugin.asking import asked, is_plain, wants_all_phases
from harness.pytest_plugin.characterising import Comparer, stated
from harness.pytest_plugin.failing import Told, certificates_compared, told
from harness.pytest_plugin.posting import Post
from harness.pytest_plugin.session import SECRETS_OUTPUT, Run
from harness.pytest_plugin.slots import Slots
from harness.run_record import without_place
from harness.turns import Turns
from harness.unit import Unit

if TYPE_CHECKING:
    from harness.bench import Bench
    from harness.lane import Lane

WORKER_OUTPUT = "mcu_hil"
NO_PLACE = object()
AT_HAND = frozenset({"place", "seen", "characterised"})
"""Fixtures that need no more than what has been observed."""


class NotAnswered(Failed):
    """Raised in place of observations that do not exist; pytest shows its one line, and no traceback."""

    def __init__(self, unanswered: BaseException) -> None:
        assert isinstance(unanswered, Unanswered)
        super().__init__(str(unanswered), pytrace=False)
        self.incident = unanswered.incident


class Claims:
    """The plugin of a process that drives units: xdist's workers, or the one process where there are none."""

    def __init__(self, config: pytest.Config, run: Run, tell: Tell, post: Post) -> None:
        self._config = config
        self._run = run
        self._tell = tell
        self._post = post
        self._lanes: dict[str, Lane] = {}
        self._claims: list[pytest.Function] = []
        self._plain: frozenset[pytest.Function] = frozenset()
        """Those that need nothing of pytest but to be called."""
        self._running: pytest.Item | None = None
        """One that is run as any test."""
        self._slots = Slots()
        self._turns = Turns()
        self._comparer = Comparer(run, accept=config.option.accept_profile)
        self.reports: list[LaneReport] = []
        self.sealed_secrets: bytes | None = None
        """What was uploaded, for whoever proves that it is written nowhere."""

    # Collection: one test a place.

    def pytest_generate_tests(self, metafunc: pytest.Metafunc) -> None:
        if not self._offers("place", metafunc):
            return
        places = [pytest.param(place, id=place.name) for place in self._run.places]
        # A worker may have no place at all; of an empty set pytest would make a test that is skipped.
        places = places or [pytest.param(NO_PLACE, id="no-place")]
        about = _experiments(metafunc.definition)
        if "seen" in metafunc.fixturenames and not about:
            raise pytest.UsageError(
                f"{metafunc.definition.nodeid} uses the fixture `seen`: name its experiment with "
                "@pytest.mark.about(experiment)"
            )
        if "characterised" in metafunc.fixturenames and not {"seen", "unit"} & set(metafunc.fixturenames):
            raise pytest.UsageError(
                f"{metafunc.definition.nodeid} uses the fixture `characterised`: it needs `seen` or `unit` too"
            )
        metafunc.parametrize("place", places, indirect=True)
        if len(about) > 1:
            metafunc.parametrize("_about", [pytest.param(one, id=one.name) for one in about], indirect=True)

    def _offers(self, fixture: str, metafunc: pytest.Metafunc) -> bool:
        """Whether a test asks for this fixture and means ours: another suite may well have a `place` of its own."""
        found = metafunc._arg2fixturedefs.get(fixture)
        return found is not None and getattr(found[-1].func, "__self__", None) is self

    @pytest.hookimpl(wrapper=True)
    def pytest_collection_modifyitems(self, config: pytest.Config, items: list[pytest.Item]) -> Iterator[None]:
        for item in items:
            if _place(item) is not None:
                if reason := _unfit(item):
                    item.add_marker(pytest.mark.skip(reason=reason))
                for selection in Selection:
                    if _selection(item) <= selection:
                        item.add_marker(selection.mark)
        yield
        mine = [item for item in items if _params(item).get("place") is not NO_PLACE]
        wanted = [item for item in mine if config.option.markexpr or _selection(item) <= Selection.DEFAULT]
        if (only := self._run.only) is not None:
            wanted = [item for item in wanted if item.nodeid in only]
        if left_out := [item for item in mine if item not in wanted]:
            config.hook.pytest_deselected(items=left_out)
        items[:] = [item for item in wanted if item.nodeid not in self._run.done]

    def pytest_collection_finish(self, session: pytest.Session) -> None:
        self._claims = [item for item in session.items if isinstance(item, pytest.Function) and _place(item)]
        by_place = Counter(place.name for claim in self._claims if (place := _place(claim)))
        self._tell(Collected(dict(by_place), len(session.items) - len(self._claims)))

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
            places = [place for place in self._run.places if any(_place(claim) is place for claim in self._claims)]
            run = self._run
            if not wants_all_phases(self._config):
                self._plain = frozenset(claim for claim in self._claims if is_plain(claim, self, AT_HAND))
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

        claims = self._of(place)
        visits = sum("unit" in claim.fixturenames for claim in claims)
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
            if _unfit(claim):
                self._slots.add(claim, None)
            elif "unit" in claim.fixturenames:
                self._slots.add(claim, lane.visited)
            else:
                self._slots.add(claim, lane.seen[_experiment(claim).name] if "seen" in claim.fixturenames else None)
        return lane

    def plans(self) -> dict[Place, tuple[list[pytest.Function], Plan]]:
        """For each place that a selected claim needs: those that do, and what its lane would do."""
        plans = {place: self._of(place) for place in self._run.places}
        return {place: (claims, _plan(claims)) for place, claims in plans.items() if claims}

    def _of(self, place: Place) -> list[pytest.Function]:
        return [claim for claim in self._claims if _place(claim) is place]

    def _finish(self, interrupted: type[BaseException] | None, *_: object) -> None:
        if self._slots or interrupted:
            # pytest was told to stop before all were run, or in the middle of one: its fixtures end after this.
            self._tell(Said("stopping: what is under way is finished, and every unit goes back to its baseline"))
            for lane in self._lanes.values():
                lane.stop()
        self.reports = [lane.join() for lane in self._lanes.values()]
        if hasattr(self._config, "workeroutput"):
            self._config.workeroutput[WORKER_OUTPUT] = [vars(report) for report in self.reports]

    def _seal_secrets(self, bench: Bench) -> None:
        from harness.secrecy.known import sealed

        self.sealed_secrets = sealed(bench.secrets.gathered(), self._run.seal)
        if hasattr(self._config, "workeroutput"):
            self._config.workeroutput[SECRETS_OUTPUT] = self.sealed_secrets

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_protocol(self, item: pytest.Item, nextitem: pytest.Item | None) -> object:
        if _place(item) is None or item is self._running:
            return None
        # The turn of the first claim is that of all; at that of another, none is left.
        if self._slots:
            rest = item.session.items[item.session.items.index(nextitem) :] if nextitem is not None else ()
            self._answer_all(item.session, next((one for one in rest if _place(one) is None), None))
        return True

    def _answer_all(self, session: pytest.Session, afterwards: pytest.Item | None) -> None:
        """Run every claim, each when it can be answered; `afterwards` is the test that is run next."""
        with self._post.turn(self._claims):
            while self._slots and not (session.shouldfail or session.shouldstop):
                if self._slots.has_to_wait:
                    self._post.flush()
                claim = self._slots.take()
                if claim in self._plain and (values := self._values(claim)) is not None:
                    self._post.begins(claim)
                    self._post.ended(claim, asked(claim, values))
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
        place = _place(claim)
        assert place is not None
        values = {"place": place, "characterised": self._characterised(claim, place)}
        if "seen" in claim.fixturenames:
            observed = self._lanes[place.name].seen[_experiment(claim).name]
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
        return _experiment(request.node)

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
        place = _place(item)
        if place is None or not isinstance(item, pytest.Function):
            return report
        incident = _incident(call, item, place)
        if incident is not None:
            report.longrepr = str(incident)
            # To JUnit XML, what fails in the call is a failure of the unit, and before it an error.
            report.when = "setup"
        verdict = self._as_known(item, report, _verdict(report, incident))
        evidence = self._run.folder / "evidence" / f"{place.name}.jsonl"
        failure = self._told(item, call, place, evidence) if verdict is Verdict.FAILED else None
        if failure is not None and "unit" not in item.fixturenames:
            # What a test of one's own did step by step is best told by pytest's traceback.
            report.longrepr = failure.text(item.name)
        lane = self._lanes.get(place.name)
        report.hil = {  # type: ignore[attr-defined]
            "place": place.name,
            "serial": lane.serial if lane else "",
            "firmware": lane.firmware if lane else "",
            "verdict": verdict and verdict.value,
            "incident": incident and str(incident),
            "fault": incident and incident.fault.value,
            "stated": stated(item) if report.when == "call" else [],
            "claim": _claim_name(item, place),
            "experiment": _experiment(item).name if "seen" in item.fixturenames else "",
            "is_all": item is not self._running,
            "told": failure and failure.facts(),
        }
        if verdict is Verdict.FAILED and "unit" in item.fixturenames:
            report.sections.append(("evidence", f"what was done to {place.name} and what it answered: {evidence}"))
        return report

    def _as_known(self, item: pytest.Item, report: pytest.TestReport, verdict: Verdict | None) -> Verdict | None:
        """The verdict with what is known to fail taken into account, and the report changed to say so."""
        place = _place(item)
        if place is None or verdict not in (Verdict.HELD, Verdict.FAILED):
            return verdict
        lane = self._lanes.get(place.name)
        known = self._run.known_failures.of(_claim_name(item, place), place, lane.firmware if lane else "")
        if known is None:
            return verdict
        entry = f"{self._run.known_failures.file}: {known.claim} is known to fail ({known.ticket})"
        if verdict is Verdict.HELD:
            report.outcome, report.longrepr = "failed", f"{entry}, but it holds: remove the entry"
            return Verdict.FAILED
        if known.expires < date.today():
            report.sections.append(("known failure", f"{entry}, until {known.expires}: that day is over"))
            return verdict
        report.outcome = "skipped"
        report.wasxfail = f"{known.ticket}, until {known.expires}"
        return Verdict.KNOWN

    def _told(self, item: pytest.Function, call: pytest.CallInfo[None], place: Place, evidence: Path) -> Told | None:
        if call.excinfo is None:
            return None
        about = _experiment(item) if "seen" in item.fixturenames else None
        return replace(told(item, call.excinfo, about, place), evidence=str(evidence))

    def pytest_assertrepr_compare(self, op: str, left: object, right: object) -> list[str] | None:
        return certificates_compared(op, left, right)


def _incident(call: pytest.CallInfo[None], item: pytest.Function, place: Place) -> Incident | None:
    """Why the claim is not answered; None for one that is."""
    raised = call.excinfo and call.excinfo.value
    if isinstance(raised, Unseen):
        return Incident.of(raised.cause, place.name, _experiment(item).name if "seen" in item.fixturenames else "")
    return raised.incident if isinstance(raised, NotAnswered) else None


def _verdict(report: pytest.TestReport, incident: Incident | None) -> Verdict | None:
    """What this phase of a claim settles; None where it settles nothing."""
    if incident is not None:
        return incident.verdict
    match report.when, report.outcome:
        case _, "skipped":
            return Verdict.SKIPPED
        case "call", "passed":
            return Verdict.HELD
        case "call", _:
            return Verdict.FAILED
        case _, "failed":
            return Verdict.ERROR
    return None


def _place(item: pytest.Item) -> Place | None:
    """The place that a test is parametrised with; None for a test that needs no unit."""
    found = _params(item).get("place")
    return found if isinstance(found, Place) else None


def _claim_name(item: pytest.Item, place: Place) -> str:
    """The claim without its place: the same at every place."""
    return without_place(item.name, place.name)


def _params(item: pytest.Item) -> Mapping[str, object]:
    return item.callspec.params if isinstance(item, pytest.Function) and hasattr(item, "callspec") else {}


def _experiments(definition: pytest.Item) -> list[Experiment[object]]:
    mark = definition.get_closest_marker("about")
    return list(mark.args) if mark else []


def _experiment(claim: pytest.Function) -> Experiment[object]:
    chosen = _params(claim).get("_about")
    if isinstance(chosen, Experiment):
        return chosen
    [only] = _experiments(claim)
    return only


def _plan(claims: Iterable[pytest.Function]) -> Plan:
    return Plan.of(_experiment(claim) for claim in claims if "seen" in claim.fixturenames and not _unfit(claim))


def _unfit(item: pytest.Item) -> str:
    """Why the experiment of a claim is not done at its place; empty where it is."""
    place = _place(item)
    if place is None or not isinstance(item, pytest.Function) or "seen" not in item.fixturenames:
        return ""
    return _experiment(item).unfit(place)


def _selection(item: pytest.Item) -> Selection:
    """The smallest that a claim belongs to: that of its experiment."""
    if isinstance(item, pytest.Function) and _place(item) is not None and "seen" in item.fixturenames:
        return _experiment(item).selection
    return Selection.DEFAULT
