"""What units answer where the device reference leaves a question open: recorded once, compared ever after.

A profile is of one model with one firmware; an emulated unit's is of its switches too, and never a real unit's. A
file holds any number of profiles, each a TOML table under the name of its subject, one outcome a line. No outcome is
a secret: keys and passphrases are in none.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import re
import tempfile
import tomllib
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from harness.errors import BenchError, ConfigurationError
from harness.lab import Place

Outcome = str | bool
Characterised = Callable[[str, Outcome], None]
"""The fixture `characterised`: states an outcome under a key that stays, and fails where another one is recorded."""

LONGEST_KEY = 120
LONGEST_OUTCOME = 240

HEAD = """\
# What units were found to do where the device reference leaves it open. Each run of tests/hil compares, and adds what
# is new. pytest with --accept-profile, or `mcu-hil profile accept` after a run, takes over what has changed.
"""


@dataclass(frozen=True)
class Recorded:
    """One outcome, and where it comes from."""

    outcome: Outcome
    at: datetime
    """UTC, to the second."""
    place: str

    def __str__(self) -> str:
        return f"{shown(self.outcome)}, on {self.at:%Y-%m-%d} at {self.place}"


Profile = Mapping[str, Recorded]
"""By key."""
Profiles = Mapping[str, Profile]
"""By subject: what one file holds."""


def shown(outcome: Outcome) -> str:
    """As a person reads it."""
    return {True: "yes", False: "no"}[outcome] if isinstance(outcome, bool) else repr(outcome)


def now() -> datetime:
    """UTC, to the second, as files hold it."""
    return datetime.now(UTC).replace(microsecond=0)


def subject_of(place: Place, firmware: str) -> str:
    """Whose answers they are: model and firmware, and of an emulated unit its switches, but not its defect."""
    name = f"{place.model} {_line(firmware, 40)}"
    if place.emulated is None:
        return name
    switches = sorted(f"{switch} = {json.dumps(value)}" for switch, value in place.emulated.switches)
    return ", ".join([f"{name}, emulated", *switches])


def file_of(place: Place, subject: str, state_dir: Path) -> Path:
    """Where the profile of a place's unit is kept: where the lab file says, or in `state_dir`."""
    if place.profile is not None:
        return place.profile
    parts = subject.split(", ")
    name = "-".join(re.findall(r"[a-z0-9.]+", ", ".join(parts[:2]).lower()))
    # Switches make long names: of them there is a mark only.
    mark = f"-{hashlib.sha256(subject.encode()).hexdigest()[:8]}" if parts[2:] else ""
    return state_dir / "profiles" / f"{name}{mark}.toml"


def checked(key: str, outcome: Outcome) -> Outcome:
    """`outcome`, where a file can hold both in one line. Raises ValueError: a claim of ours names too much."""
    for what, text, longest in (("key", key, LONGEST_KEY), ("outcome", outcome, LONGEST_OUTCOME)):
        if isinstance(text, str) and text != _line(text, longest):
            raise ValueError(f"{what} {text[:40]!r}: want one line of at most {longest} printable characters")
    return outcome


def line(text: str) -> str:
    """A unit's own words, made fit for an outcome."""
    return _line(text, LONGEST_OUTCOME)


def _line(text: str, longest: int) -> str:
    if not text.isprintable():
        text = "".join(each if each.isprintable() else " " for each in text)
    return " ".join(text.split())[:longest].strip()


def load_profiles(path: Path) -> Profiles:
    """What the file holds; nothing where there is none. Raises ConfigurationError, one line."""
    try:
        document = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except OSError as error:
        raise ConfigurationError(f"{path}: cannot be read: {error.strerror}") from error
    except (UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise ConfigurationError(f"{path}: is no profile: {error}") from error
    return {subject: _profile(path, subject, table) for subject, table in document.items()}


def _profile(path: Path, subject: str, table: object) -> Profile:
    if not isinstance(table, dict):
        raise ConfigurationError(f"{path}: {subject!r} is no table: want one for each model and firmware")
    return {key: _recorded(path, key, entry) for key, entry in table.items()}


def _recorded(path: Path, key: str, entry: object) -> Recorded:
    match entry:
        case {"outcome": str() | bool() as outcome, "recorded": datetime() as at, "place": str() as place}:
            return Recorded(outcome, at.astimezone(UTC), place)
    raise ConfigurationError(f"{path}: {key!r}: want {{ outcome = ..., recorded = DATE AND TIME, place = ... }}")


def record(path: Path, found: Profiles) -> None:
    """The file holds what it held and all of `found`, which wins; written whole or not at all.

    Runs that write at the same time wait for each other. Raises BenchError where it cannot be written,
    ConfigurationError where it is no profile.
    """
    if not any(found.values()):
        return
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with _alone(path.parent):
            known = load_profiles(path)
            merged = {subject: {**known.get(subject, {}), **found.get(subject, {})} for subject in {*known, *found}}
            _replace(path, _text(merged))
    except OSError as error:
        raise BenchError(f"{path}: the profile cannot be written: {error.strerror}") from error


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    # The folder itself is locked: a lock file would lie about in somebody's repository.
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def _replace(path: Path, text: str) -> None:
    descriptor, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        mode = path.stat().st_mode & 0o777 if path.exists() else 0o644
        Path(name).chmod(mode)
        Path(name).replace(path)
    except BaseException:
        with suppress(OSError):
            Path(name).unlink()
        raise


def _text(profiles: Profiles) -> str:
    tables = [f"[{_quoted(subject)}]\n{_lines(profiles[subject])}" for subject in sorted(profiles)]
    return "\n".join([HEAD, *tables])


def _lines(profile: Profile) -> str:
    return "".join(
        f"{_quoted(key)} = {{ outcome = {_value(found.outcome)}, recorded = {found.at:%Y-%m-%dT%H:%M:%SZ},"
        f" place = {_quoted(found.place)} }}\n"
        for key, found in sorted(profile.items())
    )


def _value(outcome: Outcome) -> str:
    return str(outcome).lower() if isinstance(outcome, bool) else _quoted(outcome)


def _quoted(text: str) -> str:
    # A JSON string is a TOML basic string where no character needs a surrogate; control characters are not let in.
    return json.dumps(text, ensure_ascii=False)
