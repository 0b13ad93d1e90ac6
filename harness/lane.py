"""One unit's way through a run: a thread that does its experiments in order and hands out what they saw."""

from __future__ import annotations

import threading
import time
from concurrent.futures import Future

from certstore import Upload
from harness import pki, procedure
from harness.bench import Bench
from harness.deadline import Deadline
from harness.errors import ConfigurationError
from harness.evidence import Evidence
from harness.experiment import Experiment, Plan
from harness.fault import Fault, Incident, Unanswered
from harness.lab import Place
from harness.progress import Doing, Done, LaneReport, Said, Tell
from harness.turns import Turn, Turns
from harness.unit import Unit
from harness.watched import Watched


class Lane:
    """The experiments of one place. Nothing here knows of tests; a claim asks for observations and waits."""

    def __init__(self, place: Place, plan: Plan, visits: int, bench: Bench, turns: Turns, tell: Tell) -> None:
        """`visits` is how many tests will drive the unit themselves, after the experiments; `turns` are those of all
        lanes of this process whose units are emulated."""
        self.place = place
        self._plan = plan
        self._visits = visits
        self._bench = bench
        self._turn = Turn(turns if place.emulated is not None else None)
        self._tell = tell
        self.seen: dict[str, Future[object]] = {one.name: Future() for one in plan.experiments}
        """What each experiment saw, by its name; or Unanswered."""
        self.firmware = ""
        """As the unit names it, once it is open."""
        self.visited: Future[object] = Future()
        """Done when tests may drive the unit; or Unanswered."""
        self._left = threading.Event()
        self._stopped = threading.Event()
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
        self._thread.join()
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

    def _run(self) -> None:
        unit: Watched | None = None
        self._turn.begin()
        self._tell(Doing(self.place.name, "opening"))
        try:
            with self._bench.open(self.place, self._waiting) as (found, evidence):
                unit = Watched(found, evidence, self._tell, self._turn)
                self.firmware = unit.identity.software_version
                for notice in unit.notices:
                    self._tell(Said(notice))
                self._work(unit, evidence)
        except Exception as error:  # noqa: BLE001 - whatever ends a lane must reach its claims as an incident
            self._give_up(Incident.of(error, self.place.name, unit.during if unit else "opening the unit"))
        finally:
            self._turn.end()
        self._tell(Doing(self.place.name, ""))
        self._report = LaneReport(
            place=self.place.name,
            seconds=time.monotonic() - self._began,
            restarts=unit.restarts if unit else 0,
            restart_floor=self._plan.restart_floor,
            slowest_step=unit.slowest_step if unit else "",
            slowest_seconds=unit.slowest_seconds if unit else 0.0,
            incidents=tuple(map(str, self._incidents)),
            faults=tuple(incident.fault.value for incident in self._incidents),
            notices=unit.notices if unit else (),
        )

    def _waiting(self, holder: str) -> None:
        self._tell(Doing(self.place.name, f"waiting: {holder}"))
        self._tell(Said(f"{self.place.name}: waiting: {holder}"))

    def _work(self, unit: Watched, evidence: Evidence) -> None:
        pair = _baseline_pair(self.place)
        baseline = unit.baseline.leaf if pair is None else pki.pem_to_der(pair.certificate)
        # Asked once before anything is changed: whether we may log in at all.
        unit.condition()
        for one in self._plan.experiments:
            if self._stopped.is_set():
                break
            if not self._do(one, unit, evidence):
                # The unit is suspect: the next experiment begins from the baseline, or not at all.
                self._go_back(unit, baseline, pair)
        if self._visits and not self._stopped.is_set():
            self._tell(Doing(self.place.name, "driven by tests"))
            with self._turn.interrupted():
                self.visited.set_result(unit)
                self._left.wait()
        self._go_back(unit, baseline, pair)
        if self._stopped.is_set():
            self._give_up(Incident(self.place.name, "the run", Fault.BENCH, "stopped before this was done"))

    def _do(self, one: Experiment[object], unit: Watched, evidence: Evidence) -> bool:
        """Whether the experiment could be done; either way its claims can now be answered."""
        unit.during = one.name
        evidence.note("experiment", {"name": one.name, "state": "begun"})
        began = time.monotonic()
        try:
            seen = one.run(unit)
        except Exception as error:  # noqa: BLE001 - an experiment may fail in any way; its claims say which
            incident = Incident.of(error, self.place.name, one.name)
            self._incidents.append(incident)
            evidence.note("incident", {"during": one.name, "fault": incident.fault, "reason": incident.reason})
            self.seen[one.name].set_exception(Unanswered(incident))
            return False
        evidence.note("experiment", {"name": one.name, "state": "observed"})
        self._tell(Done(self.place.name, one.name, time.monotonic() - began))
        self.seen[one.name].set_result(seen)
        return True

    def _go_back(self, unit: Watched, baseline: bytes, pair: Upload | None) -> None:
        unit.during = "going back to the baseline"
        procedure.to_baseline(unit, baseline, Deadline.after(self.place.restart_timeout), pair)

    def _give_up(self, incident: Incident) -> None:
        """Whatever is not answered yet never will be, because of `incident`."""
        self._incidents.append(incident)
        for future in (*self.seen.values(), self.visited):
            if not future.done():
                future.set_exception(Unanswered(incident))


def _baseline_pair(place: Place) -> Upload | None:
    """What to upload so that the unit is left as the lab file wants it; None for the factory pair.

    Raises ConfigurationError where a file cannot be read or holds no certificate: before anything is changed.
    """
    files = place.baseline
    if files is None:
        return None
    owner = f"{place.name}: baseline"
    try:
        certificate, private_key = files.certificate.read_bytes(), files.private_key.read_bytes()
        pki.pem_to_der(certificate)
    except OSError as error:
        raise ConfigurationError(f"{owner}: cannot read {error.filename}: {error.strerror}") from error
    except ValueError as error:
        raise ConfigurationError(f"{owner}: {files.certificate} holds no PEM certificate") from error
    secret = files.passphrase
    return Upload(certificate, private_key, secret.reveal(f"{owner} passphrase").encode() if secret else None)
