"""What is left of a run for programs: `run.json`, and `claims.jsonl` with one line a settled claim.

Both are written as the run goes, so that one that is interrupted at any moment leaves a valid record: `run.json` is
there before anything is done to a unit and is replaced whole at the end; of `claims.jsonl` the last line at most is
not whole, and a reader leaves it out. A run whose `ended` is null was interrupted, or is still under way.
"""

from __future__ import annotations

import hashlib
import json
import os
import platform
import ssl
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from functools import lru_cache
from importlib.metadata import version
from pathlib import Path
from typing import Any

from harness.fault import Verdict
from harness.lab import Lab, Place
from harness.manifest import MANIFEST
from harness.progress import LaneReport

RUN_FILE = "run.json"
CLAIMS_FILE = "claims.jsonl"
FORMAT = 1
LOOKED_AT = 50
"""So many of the newest runs are looked at for one that was killed."""

PARTS = ("mcu-hil", "cryptography", "pytest", "pytest-xdist", "requests", "paramiko", "asyncssh", "httptools")
"""Distributions whose versions a verdict may depend on."""
WORSE = frozenset({Verdict.FAILED, Verdict.ERROR})
"""A claim may be settled and then fail while it is torn down: one of these stays."""


@dataclass(frozen=True)
class Settled:
    """One line of `claims.jsonl`: what became of one claim at one place."""

    nodeid: str
    claim: str
    """The node id without the place: the same at every place and in every run."""
    place: str
    model: str
    serial: str
    """Of the unit, and its firmware, as it told them; empty where it was never opened."""
    firmware: str
    experiment: str
    """Empty for a test that drives the unit itself, or reads no observation."""
    verdict: str
    """A `Verdict`."""
    fault: str | None
    """A `Fault`, where there is an incident."""
    incident: str | None
    seconds: float
    """Of the claim itself; what it waited for is the lane's."""
    at: str
    """When it was settled: ISO 8601, UTC."""
    told: dict[str, str] | None = None
    """Of one that failed: `done`, `expected`, `observed`, and where the `evidence` is."""


def without_place(test: str, place: str) -> str:
    """A test's name or node id without the place in its brackets."""
    return test.replace(f"[{place}]", "").replace(f"[{place}-", "[")


def place_in(nodeid: str, places: Collection[str]) -> str | None:
    """Which of the places a node id is parametrised with; None for a test that needs no unit."""
    _, bracket, inside = nodeid.partition("[")
    named = (name for name in places if bracket and (inside.startswith(f"{name}-") or inside == f"{name}]"))
    return max(named, key=len, default=None)


class RunRecord:
    """The record of a run that is under way, kept by the one process that hears every verdict.

    A record that cannot be written is `trouble`, and no reason to stop: the run goes on without it.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._facts: dict[str, Any] = {}
        self._claims: int | None = None
        self.trouble = ""

    @property
    def has_begun(self) -> bool:
        return bool(self._facts)

    def begin(
        self,
        lab: Lab,
        lab_file: Path,
        places: Sequence[Place],
        selection: dict[str, object],
        excluded: dict[str, str],
    ) -> None:
        """`run.json` is there, without an end; `claims.jsonl` is empty."""
        self._facts = {
            "format": FORMAT,
            "run": self._folder.name,
            "host": platform.node(),
            "process": os.getpid(),
            "lab": lab.name,
            "lab_file": str(lab_file.absolute()),
            "lab_sha256": None,
            "started": now(),
            "ended": None,
            "exit_status": None,
            "places": [
                {"name": place.name, "model": place.model, "emulated": place.emulated is not None} for place in places
            ],
            "excluded": excluded,
            "selection": selection,
            "versions": _versions(),
            "lanes": [],
        }
        try:
            self._facts["lab_sha256"] = hashlib.sha256(lab_file.read_bytes()).hexdigest()
            self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            self._write()
            flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC
            self._claims = os.open(self._folder / CLAIMS_FILE, flags, 0o600)
        except OSError as error:
            self.trouble = f"no record of the run: {error.filename or self._folder}: {error.strerror}"

    def settle(self, settled: Settled) -> None:
        """One line more, with the operating system when this returns."""
        if self._claims is None or self.trouble:
            return
        try:
            os.write(self._claims, json.dumps(vars(settled)).encode() + b"\n")
        except OSError as error:
            self.trouble = f"the record of the run is not whole: {self._folder / CLAIMS_FILE}: {error.strerror}"

    def end(self, exit_status: int, lanes: Sequence[LaneReport]) -> None:
        """`run.json` says how it ended; nothing more is written."""
        if self._claims is None:
            return
        os.close(self._claims)
        self._claims = None
        self._facts |= {"ended": now(), "exit_status": exit_status, "lanes": [asdict(lane) for lane in lanes]}
        try:
            self._write()
        except OSError as error:
            self.trouble = f"the record of the run is not whole: {self._folder / RUN_FILE}: {error.strerror}"

    def restate(self, exit_status: int) -> None:
        """`run.json` says that it ended so after all."""
        self._facts["exit_status"] = exit_status
        with suppress(OSError):
            self._write()

    def _write(self) -> None:
        file = self._folder / RUN_FILE
        unfinished = file.with_name(f".{RUN_FILE}.{os.getpid()}")
        try:
            with open(unfinished, "w", encoding="utf-8", opener=_private) as output:
                json.dump(self._facts, output, indent=1)
                output.write("\n")
                output.flush()
                os.fsync(output.fileno())
            unfinished.replace(file)
        except OSError:
            with suppress(OSError):
                unfinished.unlink()
            raise


def runs_in(state_dir: Path) -> list[Path]:
    """The folders of runs that have a record, the newest first."""
    return [file.parent for file in sorted((state_dir / "runs").glob(f"*/{RUN_FILE}"), reverse=True)]


def unsealed_runs(state_dir: Path) -> list[Path]:
    """Of the newest runs, the folders of those that never came to their end, or have not yet."""
    return [folder for folder in runs_in(state_dir)[:LOOKED_AT] if not (folder / MANIFEST).is_file()]


def read_run(folder: Path) -> dict[str, Any]:
    """What `run.json` of a run's folder has. Raises OSError, and ValueError where it is no such file."""
    facts = json.loads((folder / RUN_FILE).read_text(encoding="utf-8"))
    if not isinstance(facts, dict) or not isinstance(facts.get("run"), str):
        raise ValueError(f"{folder / RUN_FILE}: is not the record of a run")  # noqa: TRY004 - of a file's contents
    return facts


def read_settled(folder: Path) -> dict[str, Settled]:
    """By node id, what became of each claim so far, in the order in which they were first settled.

    A line that is not whole is left out. Raises OSError.
    """
    file = folder / CLAIMS_FILE
    about = file.stat()
    return dict(_settled(file, about.st_size, about.st_mtime_ns))


# At the end of a run it is wanted by the history and by the reports, one after the other.
@lru_cache(maxsize=1)
def _settled(file: Path, _octets: int, _changed: int) -> Mapping[str, Settled]:
    found: dict[str, Settled] = {}
    for settled in _lines(file):
        known = found.get(settled.nodeid)
        if known is None or known.verdict not in WORSE:
            found[settled.nodeid] = settled
    return found


def _lines(file: Path) -> Iterator[Settled]:
    with file.open(encoding="utf-8", errors="replace") as lines:
        for line in lines:
            with suppress(ValueError, TypeError):
                yield Settled(**json.loads(line))


def now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds")


def _versions() -> dict[str, str]:
    own = {"python": platform.python_version(), "openssl": ssl.OPENSSL_VERSION}
    return own | {part: version(part) for part in PARTS}


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)
