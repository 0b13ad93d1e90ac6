"""The course of a night: everything once, then what was not done, and what was blocked once the bench is well."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from pathlib import Path

from harness.errors import BenchError, ConfigurationError
from harness.journal import Journal
from harness.lab import Lab, Place
from harness.nightly.child import LOOK_SECONDS, Asked, Child
from harness.nightly.night import PLAN_FILE, Attempt, Night, Purpose, now
from harness.nightly.outcomes import Outcomes
from harness.preflight import preflight
from harness.run_record import read_run
from harness.standing import stands

MOST_LOST = 3
"""A night in which so many runs have ended before they were over begins no further one of that kind."""
BENCH_SECONDS = 30.0
"""Between two looks at a bench that is not well."""
OVERRUNS = 3
"""Of the longest `restart_timeout`: how long what is under way at the end of the time may take."""
WORTH_SECONDS = 1.0
"""With less left, no run is begun."""


@dataclass(frozen=True)
class Terms:
    """How a night goes about it."""

    workers: str
    """As pytest-xdist's `-n`."""
    wait_seconds: float
    """For a place that somebody else holds."""
    patience_seconds: float
    """For a bench that is not well, once everything else is done."""


class Course:
    """Brings one night to its end; whoever calls it holds the lock of nights."""

    def __init__(self, night: Night, lab: Lab, terms: Terms, asked: Asked, say: Callable[[str], None]) -> None:
        self._night = night
        self._lab = lab
        self._terms = terms
        self._asked = asked
        self._say = say
        self._places = lab.select(night.selection.places, night.selection.tags)
        self._restart_timeout = max(place.restart_timeout for place in self._places)

    def go(self) -> Outcomes:
        """What became of every claim. Raises ConfigurationError where pytest takes nothing of what was asked."""
        self._plan()
        self._adopt()
        lost = 0
        while (left := self.outcomes.not_done) and self._has_time and lost < MOST_LOST:
            first = not self._night.attempts
            self._attempt(Purpose.FIRST if first else Purpose.REST, None if first else left)
            if not self._lost:
                break
            lost += 1
            self._say("the run ended before it was over")
        self._ask_again()
        self._bring_back()
        self._night.is_done = not self.outcomes.not_done
        self._night.keep()
        return self.outcomes

    @property
    def outcomes(self) -> Outcomes:
        night = self._night
        return Outcomes.of(night.folder / PLAN_FILE, [Path(attempt.folder) for attempt in night.attempts])

    @property
    def not_at_baseline(self) -> tuple[str, ...]:
        """What is still owed to units that outlive a run."""
        journal, said = Journal(self._lab.state_dir), []
        for place in self._places:
            try:
                debt = journal.of(place.name)
            except BenchError as error:
                said.append(str(error))
            else:
                if debt is not None and not debt.passing:
                    said.append(str(debt))
        return tuple(said)

    @property
    def _has_time(self) -> bool:
        return not self._asked.times and self._night.seconds_left > WORTH_SECONDS

    @property
    def _lost(self) -> bool:
        """Whether the last run was killed, or otherwise did not come to its end."""
        if self._asked.times:
            return False
        try:
            return read_run(Path(self._night.attempts[-1].folder))["ended"] is None
        except (OSError, ValueError):
            return True

    def _plan(self) -> None:
        """The claims of this night are on disk. Raises ConfigurationError with what pytest says to it."""
        file = self._night.folder / PLAN_FILE
        if file.exists():
            return
        new = file.with_suffix(".new")
        command = [sys.executable, "-m", "pytest", *self._night.selection.arguments(), "--plan-to", str(new)]
        done = subprocess.run(
            command,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            start_new_session=True,
            check=False,
        )
        if not new.exists():
            said = (done.stdout + done.stderr).strip().splitlines() or ["nothing"]
            raise ConfigurationError(f"pytest {self._night.selection}: {said[-1].removeprefix('ERROR: ')}")
        new.replace(file)
        if not any(self.outcomes.nodeids):
            file.unlink()
            raise ConfigurationError(f"pytest {self._night.selection}: selects no claim")

    def _adopt(self) -> None:
        """A run that an earlier call has left running is seen to its end: it holds the places."""
        if not self._night.attempts or self._night.attempts[-1].ended is not None:
            return
        last = self._night.attempts[-1]
        child = Child.left_running(Path(last.folder))
        if child is not None:
            self._say(f"the run {last.folder} is still under way: waiting for it")
            child.end(self._asked, self._most_seconds, self._restart_timeout)
        self._night.attempted(last.over(_status(Path(last.folder))))

    @property
    def _most_seconds(self) -> float:
        return self._night.seconds_left + OVERRUNS * self._restart_timeout

    def _attempt(self, purpose: Purpose, claims: Collection[str] | None, places: Sequence[str] = ()) -> None:
        """One run, of these claims or of all."""
        night = self._night
        number = len(night.attempts) + 1
        folder = self._lab.state_dir / "runs" / f"{now():%Y%m%dT%H%M%S}-{night.name}-{number}"
        log = night.folder / f"run-{number}.log"
        arguments = [*night.selection.arguments(), "-n", self._terms.workers, "-p", "no:cacheprovider"]
        arguments += ["--run-folder", str(folder), "--until", night.until.isoformat(timespec="seconds")]
        arguments += ["--wait", str(min(self._terms.wait_seconds, night.seconds_left))]
        if claims is not None:
            listed = night.folder / f"run-{number}.claims"
            listed.write_text("\n".join(claims), encoding="utf-8")
            arguments += ["--claims", str(listed), *(word for name in places for word in ("--place", name))]
        self._say(f"run {number}, {purpose}: {len(claims) if claims is not None else 'all'} claims; log: {log}")
        night.attempts.append(Attempt(str(folder), purpose, str(log), now().isoformat(timespec="seconds")))
        night.keep()
        child = Child.started(arguments, folder, log)
        status = child.end(self._asked, self._most_seconds, self._restart_timeout)
        night.attempted(night.attempts[-1].over(status))
        self._say(f"run {number} is over: {'it was killed' if status is None else f'exit status {status}'}")

    def _ask_again(self) -> None:
        """What the bench has blocked is asked once more, of each place as soon as its preflight passes."""
        began, known = time.monotonic(), ""
        while (blocked := self.outcomes.to_ask_again) and self._has_time:
            looked = preflight([place for place in self._places if place.name in blocked], self._lab.state_dir)
            well = [one.place for one in looked if not one.excluded]
            if well:
                self._attempt(Purpose.AGAIN, [nodeid for name in well for nodeid in blocked[name]], well)
                continue
            said = "; ".join(f"{one.place}: {one.excluded}" for one in looked)
            if said != known:
                self._say(f"not well yet: {said}")
                known = said
            if time.monotonic() - began + BENCH_SECONDS > self._terms.patience_seconds:
                return
            self._pause(min(BENCH_SECONDS, self._night.seconds_left))

    def _pause(self, seconds: float) -> None:
        began = time.monotonic()
        while time.monotonic() - began < seconds and not self._asked.times:
            time.sleep(LOOK_SECONDS)

    def _bring_back(self) -> None:
        """What runs have left owing, as those do that were killed, is put back."""
        names = [place.name for place in self._places if self._is_owed(place)]
        if not names:
            return
        self._say(f"back to their baselines: {', '.join(names)}")
        command = [sys.executable, "-c", "from harness.cli import main; main()", "lab", "recover"]
        with (self._night.folder / "recover.log").open("ab") as log:
            subprocess.run(
                [*command, "--lab", self._night.selection.lab_file, *names],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                check=False,
            )

    def _is_owed(self, place: Place) -> bool:
        """Whether its unit is still there, and waits for something."""
        if place.emulated is not None and not stands(place.name, self._lab.state_dir):
            return False
        try:
            return Journal(self._lab.state_dir).of(place.name) is not None
        except BenchError:
            return True


def _status(folder: Path) -> int | None:
    """Of a run that somebody else has started."""
    try:
        found = read_run(folder)["exit_status"]
    except (OSError, ValueError, KeyError):
        return None
    return found if isinstance(found, int) else None
