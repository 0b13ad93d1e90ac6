"""The outcomes of one run, beside what profiles have recorded: what is new, what has changed, what disagrees."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

from harness.errors import ConfigurationError
from harness.profile import Outcome, Profiles, Recorded, load_profiles, record, shown

KEPT_AS = "outcomes.jsonl"
"""In the folder of a run."""


@dataclass(frozen=True)
class Seen:
    """One outcome that a claim stated of one place."""

    file: str
    """Of the profile that it belongs to."""
    subject: str
    key: str
    outcome: Outcome
    place: str
    at: str
    """ISO 8601, UTC."""

    @property
    def recorded(self) -> Recorded:
        return Recorded(self.outcome, datetime.fromisoformat(self.at), self.place)


@dataclass(frozen=True)
class Change:
    """An outcome that is not the recorded one."""

    key: str
    was: Recorded
    now: Recorded

    def __str__(self) -> str:
        return f"{self.key}: {shown(self.now.outcome)} at {self.now.place}; recorded: {self.was}"


@dataclass(frozen=True)
class Disagreement:
    """Places of one model and firmware that do not do the same, where nothing is recorded yet or is to be."""

    key: str
    seen: tuple[Seen, ...]

    def __str__(self) -> str:
        return f"{self.key}: " + ", ".join(f"{one.place} {shown(one.outcome)}" for one in self.seen)


@dataclass(frozen=True)
class Comparison:
    """One profile and what a run saw."""

    file: Path
    subject: str
    new: dict[str, Recorded]
    changed: tuple[Change, ...]
    disagreements: tuple[Disagreement, ...]

    def accepting(self) -> Profiles:
        """What the profile is to hold where changes are taken over."""
        return {self.subject: self.new | {change.key: change.now for change in self.changed}}


def compare(seen: Iterable[Seen], *, accept: bool) -> list[Comparison]:
    """What is new, and what has changed, by profile.

    Places that disagree about an outcome are told apart only where it is to be recorded: beside a recorded outcome
    each of them stands for itself. Raises ConfigurationError where a file is no profile.
    """
    profiles: dict[tuple[str, str], dict[str, list[Seen]]] = defaultdict(lambda: defaultdict(list))
    for one in seen:
        profiles[one.file, one.subject][one.key].append(one)
    return [
        _comparison(Path(file), subject, keys, accept=accept) for (file, subject), keys in sorted(profiles.items())
    ]


def _comparison(file: Path, subject: str, keys: dict[str, list[Seen]], *, accept: bool) -> Comparison:
    known = load_profiles(file).get(subject, {})
    new: dict[str, Recorded] = {}
    changed: list[Change] = []
    disagreements: list[Disagreement] = []
    for key, seen in sorted(keys.items()):
        was = known.get(key)
        others = [one for one in seen if was is None or one.outcome != was.outcome]
        if not others:
            continue
        if len({one.outcome for one in seen}) > 1 and (was is None or accept):
            disagreements.append(Disagreement(key, tuple(sorted(seen, key=lambda one: one.place))))
        elif was is None:
            new[key] = seen[0].recorded
        else:
            changed.append(Change(key, was, others[0].recorded))
    return Comparison(file, subject, new, tuple(changed), tuple(disagreements))


def keep(folder: Path, seen: Iterable[Seen]) -> None:
    """For `mcu-hil profile diff` and `accept`, which come after the run."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    lines = (json.dumps(vars(one)) + "\n" for one in seen)
    (folder / KEPT_AS).write_text("".join(lines), encoding="utf-8")


def newest_run(state_dir: Path) -> Path:
    """The folder of the newest run that stated outcomes. Raises ConfigurationError where there is none."""
    found = sorted((state_dir / "runs").glob(f"*/{KEPT_AS}"))
    if not found:
        raise ConfigurationError(f"{state_dir}: no run has stated an outcome yet: pytest tests/hil does")
    return found[-1].parent


def kept(folder: Path) -> Iterator[Seen]:
    """What a run has stated. Raises ConfigurationError where the folder is not that of such a run."""
    try:
        for line in (folder / KEPT_AS).read_text(encoding="utf-8").splitlines():
            yield Seen(**json.loads(line))
    except (OSError, ValueError, TypeError) as error:
        raise ConfigurationError(f"{folder}: no outcomes of a run are kept here: {error}") from error


def take_over(comparisons: Iterable[Comparison], *, accept: bool) -> None:
    """Record what is new and, where changes are accepted, what has changed."""
    for one in comparisons:
        record(one.file, (one if accept else replace(one, changed=())).accepting())
