"""What is known of a night, on disk from its beginning: one that was ended in the middle can be resumed.

`state_dir/nightly/NIGHT/night.json`, written as a whole each time that something has changed.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum
from pathlib import Path
from typing import Any

from harness.errors import BenchError, ConfigurationError

NIGHT_FILE = "night.json"
PLAN_FILE = "plan.json"


class Purpose(StrEnum):
    """What a run of a night is for."""

    FIRST = "everything"
    REST = "what was not done"
    AGAIN = "what was blocked"


class Begin(StrEnum):
    """Which night a call is about."""

    AS_IT_FITS = "resume the last one if it is the same and not over"
    RESUME = "resume the last one"
    ANEW = "begin a new one"


@dataclass(frozen=True)
class Selection:
    """What a night asks of whom."""

    lab_file: str
    suite: str
    places: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    mark: str = ""
    keyword: str = ""

    def arguments(self) -> list[str]:
        """As pytest has them."""
        given = [self.suite, "--lab", self.lab_file]
        for option, values in (("--place", self.places), ("--tag", self.tags)):
            given += [word for value in values for word in (option, value)]
        for option, value in (("-m", self.mark), ("-k", self.keyword)):
            given += [option, value] if value else []
        return given

    def __str__(self) -> str:
        return " ".join(self.arguments())


@dataclass(frozen=True)
class Attempt:
    """One pytest run of a night."""

    folder: str
    """Of the run."""
    purpose: Purpose
    log: str
    began: str
    """ISO 8601, as all moments here."""
    ended: str | None = None
    status: int | None = None
    """Its exit status; None where it was killed, or nobody was there to see it end."""

    def over(self, status: int | None) -> Attempt:
        return replace(self, ended=now().isoformat(timespec="seconds"), status=status)


@dataclass
class Night:
    """One night; whoever changes it holds the lock of nights."""

    folder: Path
    selection: Selection
    began: datetime
    until: datetime
    attempts: list[Attempt] = field(default_factory=list)
    is_done: bool = False
    """Whether nothing of it is left to be done."""

    @property
    def name(self) -> str:
        return self.folder.name

    @property
    def seconds_left(self) -> float:
        return max(0.0, (self.until - now()).total_seconds())

    def keep(self) -> None:
        """On disk. Raises BenchError where it cannot be."""
        facts = {
            "selection": asdict(self.selection),
            "began": self.began.isoformat(timespec="seconds"),
            "until": self.until.isoformat(timespec="seconds"),
            "is_done": self.is_done,
            "attempts": [asdict(attempt) for attempt in self.attempts],
        }
        write(self.folder / NIGHT_FILE, json.dumps(facts, indent=1) + "\n")

    def attempted(self, attempt: Attempt) -> None:
        """The last attempt has changed."""
        self.attempts[-1] = attempt
        self.keep()


def begun(state_dir: Path, selection: Selection, budget: timedelta, which: Begin) -> tuple[Night, str]:
    """The night that a call is about, on disk, and why it is that one.

    Raises ConfigurationError where there is none to resume, BenchError where nothing can be written.
    """
    folder = state_dir / "nightly"
    last = _last(folder)
    began = now()
    if which is Begin.RESUME:
        last = _resumable(last, selection, folder)
        last.until = began + budget
        last.keep()
        return last, "resumed"
    if which is Begin.AS_IT_FITS and last and not last.is_done and last.selection == selection and last.seconds_left:
        return last, "resumed, for it was ended before its time"
    night = Night(folder / began.strftime("%Y%m%dT%H%M%S"), selection, began, began + budget)
    night.keep()
    return night, "begun"


def _resumable(last: Night | None, selection: Selection, folder: Path) -> Night:
    if last is None:
        raise ConfigurationError(f"--resume: {folder} has no night that could be resumed")
    if last.is_done:
        raise ConfigurationError(f"--resume: nothing of the night {last.name} is left to be done; leave --resume out")
    if last.selection != selection:
        raise ConfigurationError(
            f"--resume: the night {last.name} was begun with other choices ({last.selection}): give the same"
        )
    return last


def before(night: Night) -> Night | None:
    """The last night before this one with the same choices, if there was one."""
    earlier = [name for name in _names(night.folder.parent) if name < night.name]
    found = (_read(night.folder.parent / name) for name in reversed(earlier))
    return next((one for one in found if one is not None and one.selection == night.selection), None)


def _last(folder: Path) -> Night | None:
    names = _names(folder)
    return _read(folder / names[-1]) if names else None


def _names(folder: Path) -> list[str]:
    return sorted(file.parent.name for file in folder.glob(f"*/{NIGHT_FILE}"))


def _read(folder: Path) -> Night | None:
    """None for a file that is not one of ours: a new night is begun."""
    try:
        return _of(folder, json.loads((folder / NIGHT_FILE).read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError, KeyError):
        return None


def _of(folder: Path, facts: Mapping[str, object]) -> Night:
    selection, attempts = facts["selection"], facts["attempts"]
    assert isinstance(selection, dict)
    assert isinstance(attempts, list)
    chosen: dict[str, Any] = {
        key: tuple(value) if isinstance(value, list) else value for key, value in selection.items()
    }
    return Night(
        folder,
        Selection(**chosen),
        datetime.fromisoformat(str(facts["began"])),
        datetime.fromisoformat(str(facts["until"])),
        [Attempt(**one | {"purpose": Purpose(one["purpose"])}) for one in attempts],
        bool(facts["is_done"]),
    )


def now() -> datetime:
    return datetime.now().astimezone()


def write(file: Path, text: str) -> None:
    """The file has this text, and never half of it. Raises BenchError where it cannot be written."""
    try:
        file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        new = file.with_name(f".{file.name}.new")
        with new.open("w", encoding="utf-8") as output:
            output.write(text)
            output.flush()
            os.fsync(output.fileno())
        new.replace(file)
    except OSError as error:
        raise BenchError(f"cannot write {file}: {error.strerror}") from error
