"""One unit's way through a run: a thread that does its experiments in order and hands out what they saw."""

from __future__ import annotations

import sys
import threading
import time
import traceback
from collections.abc import Iterator
from concurrent.futures import Future, InvalidStateError
from contextlib import contextmanager, suppress
from dataclasses import asdict
from functools import cached_property

from harness.bench import Bench
from harness.deadline import Deadline
from harness.errors import BenchError, TimeIsUp, UnitError
from harness.evidence import Evidence
from harness.expectation import going_back, last_durations
from harness.experiment import BrokenOff, Experiment, Plan
from harness.fault import Fault, Incident, Unanswered
from harness.lab import Place
from harness.progress import Doing, Done, LaneReport, Message, Said, Tell
from harness.quarantine import BY_ITSELF, Quarantine
from harness.readiness import stranger_by
from harness.recovery import NotRecovered, recover
from harness.restitution import Restitution
from harness.triage import decided, greets, lines_of, look_around
from harness.turns import Turn, Turns
from harness.unit import Unit
from harness.until import Until
from harness.watched import Watched

STUCK_TIMEOUTS, STUCK_SECONDS = 3, 120.0
"""Of `restart_timeout`, and some: every wait within a step is shorter."""


class Lane:
    """The experiments of one place. Nothing here knows of tests; a claim asks for observations and waits."""

    def __init__(
        self,
        place: Place,
        plan: Plan,
        visits: int,
        bench: Bench,
        turns: Turns,
        tell: Tell,
        until: Until,
        excluded: str = "",
    ) -> None:
        """`visits` is how many tests will drive the unit themselves, after the experiments; `turns` are those of all
        lanes of this process whose units are emulated; `excluded` is why nothing is to be done to it."""
        self.place = place
        self._plan = plan
        self._visits = visits
        self._bench = bench
        self._turn = Turn(turns if place.emulated is not None else None)
        self._tell_others = tell
        self._until = until
        self._moved = time.monotonic()
        self._is_patient = False
        """Whether it waits for somebody else, who may take as long as they like."""
        self._over = threading.Event()
        self._excluded = excluded
        self.seen: dict[str, Future[object]] = {one.name: Future() for one in plan.experiments}
        """What each experiment saw, by its name; or Unanswered."""
        self.firmware = ""
        """As the unit names it, and its serial number, once it is open."""
        self.serial = ""
        self.visited: Future[object] = Future()
        """Done when tests may drive the unit; or Unanswered."""
        self._left = threading.Event()
        self._stopped = threading.Event()
        self._left_to_do = list(plan.experiments)
        self._answered: list[str] = []
        """The lines of the bench that answered at first."""
        self._units: list[Watched] = []
        """As it was opened: once, and again after each recovery."""
        self._incidents: list[Incident] = []
        self._report: LaneReport | None = None
        self._began = time.monotonic()
        self._thread = threading.Thread(target=self._run, name=f"lane {place.name}", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """Begin nothing more; what is under way is finished, and the unit goes back to its baseline."""
        self._stopped.set()
        self._left.set()

    def join(self) -> LaneReport:
        """Wait until the lane is over, and report."""
        self._over.wait()
        assert self._report is not None
        return self._report

    @property
    def unit(self) -> Unit:
        """The live unit, once `visited` is done."""
        unit = self.visited.result()
        assert isinstance(unit, Watched)
        return unit

    def left(self) -> None:
        """One of the tests that drive the unit is over."""
        self._visits -= 1
        if self._visits <= 0:
            self._left.set()

    def is_stuck(self) -> bool:
        """Whether it has begun no step for longer than any takes, and waits for nobody. To be asked often."""
        if self._over.is_set() or self._is_patient or self._turn.is_awaited:
            self._moved = time.monotonic()
        return time.monotonic() - self._moved > self._longest_step

    @property
    def _longest_step(self) -> float:
        login = self.place.login.session_wait_seconds
        return STUCK_TIMEOUTS * self.place.restart_timeout + login + STUCK_SECONDS

    def abandon(self) -> None:
        """Its claims are answered, as by a bug of ours, and nobody waits for it any more. The place stays leased as
        long as this process lives, and what its unit is owed stays written down."""
        stuck = sys._current_frames().get(self._thread.ident or 0)
        where = "".join(traceback.format_stack(stuck, 12)) if stuck is not None else ""
        reason = f"stuck: no step was begun for {self._longest_step:.0f} s; it is here:\n{where}"
        self._stopped.set()
        self._bench.never_give_back(self.place)
        self._give_up(Incident(self.place.name, self._during, Fault.OURS, reason))
        self._end()

    def _tell(self, message: Message) -> None:
        self._moved = time.monotonic()
        self._tell_others(message)

    @contextmanager
    def _patiently(self) -> Iterator[None]:
        self._is_patient = True
        try:
            yield
        finally:
            self._is_patient = False

    def _run(self) -> None:
        self._turn.begin()
        self._tell(Doing(self.place.name, "opening"))
        self._is_patient = True
        try:
            with self._bench.held(self.place, self._waiting):
                self._is_patient = False
                self._admit()
                while not self._opened():
                    # The unit is suspect: it goes on from the baseline, or not at all.
                    if self._bench.is_passing(self.place):
                        self._give_up(self._incidents[-1])
                        break
                    self._recover(self._incidents[-1].reason, self._incidents[-1].fault)
        except Exception as error:  # noqa: BLE001 - whatever ends a lane must reach its claims as an incident
            self._give_up(Incident.of(error, self.place.name, self._during))
        finally:
            self._turn.end()
        if self._stopped.is_set():
            self._give_up(Incident(self.place.name, "the run", Fault.TIME, "stopped before this was done"))
        self._tell(Doing(self.place.name, ""))
        self._end()

    def _end(self) -> None:
        owed = self._owed()
        self._report = LaneReport(
            place=self.place.name,
            seconds=time.monotonic() - self._began,
            restarts=sum(unit.restarts for unit in self._units),
            restart_floor=self._plan.restart_floor,
            slowest_step=max(self._units, key=_slowest).slowest_step if self._units else "",
            slowest_seconds=max(map(_slowest, self._units), default=0.0),
            incidents=tuple(map(str, self._incidents)),
            faults=tuple(incident.fault.value for incident in self._incidents),
            notices=tuple(dict.fromkeys(notice for unit in self._units for notice in unit.notices)),
            owed=owed,
            serial=self.serial,
            firmware=self.firmware,
            timings=tuple(timing for unit in self._units for timing in unit.timings),
        )
        self._over.set()

    def _waiting(self, holder: str) -> None:
        self._tell(Doing(self.place.name, f"waiting: {holder}"))
        self._tell(Said(f"{self.place.name}: waiting: {holder}"))

    @property
    def _during(self) -> str:
        return self._units[-1].during if self._units else "opening the unit"

    def _admit(self) -> None:
        """What an earlier run owes is put back, and no quarantine is in force: a person's is as long as they said,
        our own until the unit is at its baseline. Raises BenchError or UnitError where that is not so."""
        if self._excluded:
            raise BenchError(self._excluded)
        quarantine = self._bench.quarantines.of(self.place.name)
        if quarantine is not None and quarantine.owner != BY_ITSELF:
            raise BenchError(str(quarantine))
        debt = self._bench.journal.of(self.place.name)
        if debt is not None and not debt.is_over:
            self._tell(Said(f"{debt}: put back first"))
            self._recover(str(debt))
        elif quarantine is not None:
            self._recover(quarantine.reason)
        if quarantine is not None:
            self._bench.quarantines.lift(self.place.name)
            self._tell(Said(f"{self.place.name}: no longer {quarantine}"))

    def _opened(self) -> bool:
        """Whether all was done that was left to do, and the unit is back at its baseline."""
        with self._bench.open(self.place) as (found, evidence):
            unit = Watched(found, evidence, self._tell, self._turn, self._bench.secrets)
            self._units.append(unit)
            self.firmware, self.serial = unit.identity.software_version, unit.identity.serial
            evidence.note("unit", asdict(unit.identity))
            for notice in unit.notices:
                self._tell(Said(notice))
            return self._work(unit, evidence)

    def _work(self, unit: Watched, evidence: Evidence) -> bool:
        self._compare(unit)
        bench, through = self._bench, self._bench.way_to(self.place)
        self._answered = [name for name, line in lines_of(self.place).items() if greets(line, through)]
        restitution = Restitution(unit, bench.journal, bench.doing, passing=bench.is_passing(self.place))
        # Asked once before anything is changed: whether we may log in at all.
        unit.condition()
        while self._left_to_do and not self._stopped.is_set():
            one = self._left_to_do.pop(0)
            if not self._is_timely(one.name, self._lasts(one), self.seen[one.name]):
                continue
            try:
                restitution.owe(one.name)
            except BenchError as error:
                # Nothing more is changed, and what was changed is put back.
                self._give_up(Incident.of(error, self.place.name, unit.during))
                break
            if not self._do(one, unit, evidence):
                before = self._incidents[-1].fault
                if not self._go_back(unit, restitution, evidence, before):
                    return False
            evidence.check()
        if (
            self._visits
            and not self.visited.done()
            and not self._stopped.is_set()
            and self._is_timely("driven by tests", 0.0, self.visited)
        ):
            restitution.owe("driven by tests")
            self._tell(Doing(self.place.name, "driven by tests"))
            with self._turn.interrupted(), self._patiently():
                self.visited.set_result(unit)
                self._left.wait()
        return self._go_back(unit, restitution, evidence)

    def _lasts(self, one: Experiment[object]) -> float:
        return self._lasted.get(one.name, one.restarts * self.place.restart_timeout)

    @cached_property
    def _lasted(self) -> dict[str, float]:
        return last_durations(self._bench.state_dir, self.place.name) if self._until.moment else {}

    @cached_property
    def _way_back_seconds(self) -> float:
        return going_back(self.place, self._bench.state_dir) if self._until.moment else 0.0

    def _is_timely(self, name: str, seconds: float, answers: Future[object]) -> bool:
        """Whether there is time for what takes so long, and to go back to the baseline after it; where not, its
        claims are answered so."""
        try:
            self._until.check(seconds + self._way_back_seconds)
        except TimeIsUp as error:
            incident = Incident.of(error, self.place.name, name)
            self._incidents.append(incident)
            answers.set_exception(Unanswered(incident))
            return False
        return True

    def _compare(self, unit: Watched) -> None:
        """Raises BenchError where this is another unit than the lab file says."""
        if stranger := stranger_by(unit.identity, self.place):
            raise BenchError(f"{stranger}: nothing was changed")

    def _go_back(
        self, unit: Watched, restitution: Restitution, evidence: Evidence, before: Fault | None = None
    ) -> bool:
        """Whether the unit is at its baseline; where not, the incident is noted, and it is suspect."""
        unit.during = "going back to the baseline"
        try:
            restitution.go_back(Deadline.after(self.place.restart_timeout))
        except Exception as error:  # noqa: BLE001 - the ladder comes next, whatever it was
            incident = Incident.of(error, self.place.name, unit.during)
            self._incidents.append(self._triaged(incident, evidence, before))
            return False
        return True

    def _triaged(self, incident: Incident, evidence: Evidence, before: Fault | None = None) -> Incident:
        """With the fault that a look at the unit and its bench proves; what was seen is noted."""
        sighting = look_around(self.place, self._bench.way_to(self.place))
        incident = decided(incident, sighting, self._answered, before)
        evidence.note("triage", {"during": incident.during, "fault": incident.fault, **sighting.facts()})
        self._tell(Said(f"{self.place.name}: {incident.during}: {incident.fault} at fault: {sighting}"))
        return incident

    def _recover(self, reason: str, fault: Fault | None = None) -> None:
        """The unit is at its baseline. Where no rung of the ladder got it there, raises UnitError and the place is in
        quarantine, if the unit is at `fault` or was seen to misbehave; otherwise BenchError."""
        self._tell(Doing(self.place.name, "recovering"))
        try:
            recover(self._bench, self.place, self._tell)
        except NotRecovered as failed:
            if fault is Fault.BENCH or (fault is None and failed.is_of_the_bench):
                raise BenchError(f"could not be brought back: {failed}") from None
            quarantine = Quarantine.of(self.place.name, reason)
            self._bench.quarantines.put(quarantine)
            raise UnitError(f"could not be brought back, and is {quarantine}: {failed}") from None

    def _owed(self) -> str:
        """What is left to be put back, for the summary; empty for nothing."""
        try:
            debt = self._bench.journal.of(self.place.name)
        except BenchError as error:
            return str(error)
        return "" if debt is None or debt.passing else str(debt)

    def _do(self, one: Experiment[object], unit: Watched, evidence: Evidence) -> bool:
        """Whether the experiment could be done; either way its claims can now be answered."""
        unit.during = one.name
        evidence.note("experiment", {"name": one.name, "state": "begun"})
        began = time.monotonic()
        try:
            seen = one.run(unit)
            evidence.check()
        except Exception as error:  # noqa: BLE001 - an experiment may fail in any way; its claims say which
            cause = error.cause if isinstance(error, BrokenOff) else error
            incident = self._triaged(Incident.of(cause, self.place.name, one.name), evidence)
            self._incidents.append(incident)
            evidence.note("incident", {"during": one.name, "fault": incident.fault, "reason": incident.reason})
            if isinstance(error, BrokenOff) and incident.fault is Fault.UNIT:
                self.seen[one.name].set_result(error.seen)
            else:
                self.seen[one.name].set_exception(Unanswered(incident))
            return False
        evidence.note("experiment", {"name": one.name, "state": "observed"})
        self._tell(Done(self.place.name, one.name, time.monotonic() - began))
        self.seen[one.name].set_result(seen)
        return True

    def _give_up(self, incident: Incident) -> None:
        """Whatever is not answered yet never will be, because of `incident`."""
        if incident not in self._incidents:
            self._incidents.append(incident)
        for future in (*self.seen.values(), self.visited):
            # It may have been done at this moment by a lane that was given up.
            with suppress(InvalidStateError):
                future.set_exception(Unanswered(incident))


def _slowest(unit: Watched) -> float:
    return unit.slowest_seconds
