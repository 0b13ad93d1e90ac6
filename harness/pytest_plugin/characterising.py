"""What claims state about open questions: compared with profiles as they are stated, recorded when the run is over.

A claim states outcomes where it is run, in a worker; what is recorded is decided in the controller, which alone
writes, once it has heard all places.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from harness.errors import LabError
from harness.lab import Place
from harness.outcomes import Comparison, Seen, compare, keep, take_over
from harness.profile import Outcome, Profiles, checked, file_of, load_profiles, now, shown, subject_of
from harness.pytest_plugin.session import Run

STATED = pytest.StashKey[list[Seen]]()

HOW_TO_ACCEPT = "mcu-hil profile accept, or the same run again with --accept-profile"


class Comparer:
    """Profiles as this process has read them: each file once, when it is first asked for."""

    def __init__(self, run: Run, *, accept: bool) -> None:
        self._run = run
        self._accept = accept
        self._read: dict[Path, Profiles] = {}
        self._files: dict[tuple[str, str], tuple[str, Path]] = {}
        """By place and firmware: whose profile it is, and where."""

    def state(self, item: pytest.Item, place: Place, firmware: str, key: str, outcome: Outcome) -> None:
        """Note the outcome for the end of the run; fail the claim where the profile has another one.

        Raises ConfigurationError where the profile cannot be read.
        """
        checked(key, outcome)
        if (place.name, firmware) not in self._files:
            subject = subject_of(place, firmware)
            self._files[place.name, firmware] = subject, file_of(place, subject, self._run.lab.state_dir)
        subject, file = self._files[place.name, firmware]
        item.stash.setdefault(STATED, []).append(
            Seen(str(file), subject, key, outcome, place.name, now().isoformat())
        )
        if file not in self._read:
            self._read[file] = load_profiles(file)
        was = self._read[file].get(subject, {}).get(key)
        if was is None or was.outcome == outcome or self._accept:
            return
        pytest.fail(
            f"{subject}: {key} is {shown(outcome)}; recorded: {was}, in {file}\n"
            "The device reference leaves this open, but it was otherwise before. If the firmware may do so now: "
            + HOW_TO_ACCEPT,
            pytrace=False,
        )


def stated(item: pytest.Item) -> list[dict[str, object]]:
    """What this claim stated, as plain values that cross from a worker to the controller."""
    return [vars(one) for one in item.stash.get(STATED, [])]


class Recorder:
    """Hears every claim's outcomes; at the end of the run it records, and has lines for the summary."""

    def __init__(self, run: Run, *, accept: bool) -> None:
        self._run = run
        self._accept = accept
        self._heard: list[Seen] = []
        self._comparisons: list[Comparison] = []
        self._trouble = ""

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        facts = getattr(report, "hil", None) or {}
        self._heard += [Seen(**one) for one in facts.get("stated", ())]

    def finish(self) -> None:
        """Nothing that was heard is lost; what is new is recorded, and changes where the run accepts them."""
        if not self._heard:
            return
        try:
            keep(self._run.folder, self._heard)
            self._comparisons = compare(self._heard, accept=self._accept)
            take_over(self._comparisons, accept=self._accept)
        except LabError as error:
            self._trouble = str(error)

    @property
    def is_red(self) -> bool:
        """Whether places disagree, so that an outcome could not be recorded. No claim fails for it."""
        return any(one.disagreements for one in self._comparisons)

    @property
    def is_hindered(self) -> bool:
        """Whether a profile could not be written or read."""
        return bool(self._trouble)

    def lines(self) -> Iterator[tuple[str, bool]]:
        """For the summary: each with whether it tells of trouble."""
        for one in self._comparisons:
            whose = f"profile of {one.subject}: "
            if one.new:
                yield f"{whose}{_count(len(one.new))} recorded, {one.file}", False
            if one.changed and self._accept:
                yield f"{whose}{_count(len(one.changed))} changed and accepted, {one.file}", False
            elif one.changed:
                yield f"{whose}{_count(len(one.changed))} changed, {one.file}; to accept: {HOW_TO_ACCEPT}", True
            for each in one.disagreements:
                yield f"{whose}not recorded, for the places disagree: {each}", True
        if self._trouble:
            yield self._trouble, True


def _count(outcomes: int) -> str:
    return f"{outcomes} outcome{'s' * (outcomes != 1)}"
