"""The files of a run by name, size and SHA-256: so that whoever is handed them can tell that they are those."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import IO, Any

from harness.errors import ConfigurationError

MANIFEST = "manifest.json"
FORMAT = 1
PIECE = 2**20


@dataclass(frozen=True)
class Entry:
    """One file, by its path below the folder."""

    name: str
    octets: int
    sha256: str


def entries_of(folder: Path) -> tuple[Entry, ...]:
    """Every file below the folder but the manifest, and files that are still being written; by name.

    Raises OSError.
    """
    found = []
    for file in sorted(folder.rglob("*")):
        if file.is_file() and not file.is_symlink() and file.name != MANIFEST and not file.name.startswith("."):
            with file.open("rb") as content:
                octets, digest = _measured(content)
            found.append(Entry(PurePosixPath(file.relative_to(folder)).as_posix(), octets, digest))
    return tuple(found)


def entry_of(name: str, content: IO[bytes]) -> Entry:
    return Entry(name, *_measured(content))


def _measured(content: IO[bytes]) -> tuple[int, str]:
    digest, octets = hashlib.sha256(), 0
    while piece := content.read(PIECE):
        digest.update(piece)
        octets += len(piece)
    return octets, digest.hexdigest()


def manifest_text(run: str, entries: Iterable[Entry], more: Mapping[str, object]) -> str:
    """The same for the same run and files."""
    files = [{"name": one.name, "bytes": one.octets, "sha256": one.sha256} for one in entries]
    return json.dumps({"format": FORMAT, "run": run, **more, "files": files}, indent=1, sort_keys=True) + "\n"


def read_manifest(text: str | bytes, where: str) -> tuple[dict[str, Any], tuple[Entry, ...]]:
    """All that it says, and its files. Raises ConfigurationError where it is none."""
    try:
        facts = json.loads(text)
        entries = tuple(Entry(one["name"], one["bytes"], one["sha256"]) for one in facts["files"])
    except (ValueError, KeyError, TypeError) as error:
        raise ConfigurationError(f"{where}: is no manifest: {type(error).__name__}: {error}") from None
    return facts, entries


@dataclass(frozen=True)
class Differences:
    """What is otherwise than a manifest says."""

    missing: tuple[str, ...]
    changed: tuple[str, ...]
    extra: tuple[str, ...]

    def __bool__(self) -> bool:
        return bool(self.missing or self.changed or self.extra)

    @classmethod
    def between(cls, told: Iterable[Entry], found: Iterable[Entry]) -> Differences:
        by_name, there = {one.name: one for one in told}, {one.name: one for one in found}
        return cls(
            missing=tuple(sorted(by_name.keys() - there.keys())),
            changed=tuple(sorted(name for name in by_name.keys() & there.keys() if by_name[name] != there[name])),
            extra=tuple(sorted(there.keys() - by_name.keys())),
        )
