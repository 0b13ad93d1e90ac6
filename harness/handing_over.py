"""The evidence of a run, or of a part of it, as one archive to hand to somebody else; and whether one is what it was.

An archive is the same octet for octet for the same run and choice.
"""

from __future__ import annotations

import gzip
import io
import json
import tarfile
from collections.abc import Collection, Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path, PurePosixPath

from harness.errors import ConfigurationError
from harness.evidence import FOLDER, evidence_file
from harness.manifest import MANIFEST, Differences, Entry, entries_of, entry_of, manifest_text, read_manifest
from harness.report.from_record import facts_of
from harness.report.written import write_whole
from harness.run_record import CLAIMS_FILE, RUN_FILE
from harness.timeline import Note, console_file, phases_of, read_console, read_notes

LARGEST_MEMBER = 2**30


@dataclass(frozen=True)
class Choice:
    """What of a run; all of it where nothing is named."""

    places: tuple[str, ...] = ()
    experiment: str = ""

    @property
    def is_all(self) -> bool:
        return not self.places and not self.experiment


def chosen_files(folder: Path, choice: Choice) -> dict[str, bytes]:
    """Name and content of what belongs to the choice. Raises ConfigurationError where nothing does."""
    run = facts_of(folder)
    known = [place.name for place in run.places]
    for name in choice.places:
        if name not in known:
            raise ConfigurationError(f"{folder}: no place {name!r} was in this run: there were {', '.join(known)}")
    if choice.is_all:
        return {one.name: (folder / one.name).read_bytes() for one in entries_of(folder)}
    found = {RUN_FILE: (folder / RUN_FILE).read_bytes()}
    places = choice.places or tuple(known)
    found[CLAIMS_FILE] = b"".join(_claims(folder, places, choice.experiment))
    for place in places:
        found |= _of_place(folder, place, choice.experiment)
    if not any(name.endswith(".jsonl") and name != CLAIMS_FILE for name in found):
        raise ConfigurationError(f"{folder}: has no evidence of {choice.experiment or ', '.join(places)}")
    return found


def _claims(folder: Path, places: Collection[str], experiment: str) -> Iterator[bytes]:
    for line in (folder / CLAIMS_FILE).read_bytes().splitlines(keepends=True):
        try:
            claim = json.loads(line)
        except ValueError:
            continue
        if claim.get("place") in places and experiment in ("", claim.get("experiment")):
            yield line


def _of_place(folder: Path, place: str, experiment: str) -> dict[str, bytes]:
    file, console = evidence_file(folder, place), console_file(folder, place)
    if not file.is_file():
        return {}
    notes = list(read_notes(file))
    # Who the unit is belongs to each of its experiments.
    kept = [one for one in notes if not experiment or one.get("during") == experiment or one["kind"] in WHO]
    if experiment and not any(one.get("during") == experiment for one in notes):
        return {}
    found = {f"{FOLDER}/{file.name}": b"".join(json.dumps(one).encode() + b"\n" for one in kept)}
    for note in kept:
        chain = note.get("chain")
        if isinstance(chain, str) and (folder / FOLDER / chain).is_file():
            found[f"{FOLDER}/{chain}"] = (folder / FOLDER / chain).read_bytes()
    if said := _console(notes, console, experiment):
        found[f"{FOLDER}/{console.name}"] = said
    return found


WHO = ("opened", "unit")


def _console(notes: list[Note], file: Path, experiment: str) -> bytes:
    """All of it, or what was said during the experiment."""
    spans = [one for one in phases_of(notes) if one.name == experiment]
    return b"".join(
        f"{at.isoformat()} {text}\n".encode()
        for at, text in read_console(file)
        if not experiment or any(span.begin <= at <= span.end for span in spans)
    )


def found_by_the_run(folder: Path) -> tuple[str, ...]:
    """Which secrets the run found in what it wrote, at its end; nothing of one that has no manifest."""
    file = folder / MANIFEST
    if not file.is_file():
        return ()
    facts, _ = read_manifest(file.read_bytes(), str(file))
    return tuple(map(str, facts.get("search", {}).get("findings", ())))


def archive_of(folder: Path, choice: Choice) -> bytes:
    """A gzip-compressed tar, with a manifest of its own. Raises ConfigurationError and OSError."""
    files = chosen_files(folder, choice)
    run = json.loads(files[RUN_FILE])
    entries = [entry_of(name, io.BytesIO(content)) for name, content in sorted(files.items())]
    about = {
        "lab": run["lab"],
        "started": run["started"],
        "lab_sha256": run["lab_sha256"],
        "versions": run["versions"],
        "choice": {"places": list(choice.places), "experiment": choice.experiment},
    }
    files[MANIFEST] = manifest_text(run["run"], entries, about).encode()
    when = int(datetime.fromisoformat(run["started"]).timestamp())
    octets = io.BytesIO()
    with (
        gzip.GzipFile(fileobj=octets, mode="wb", mtime=when, filename="") as packed,
        tarfile.open(fileobj=packed, mode="w", format=tarfile.PAX_FORMAT) as tar,
    ):
        for name, content in sorted(files.items()):
            member = tarfile.TarInfo(f"{run['run']}/{name}")
            member.size, member.mtime, member.mode = len(content), when, 0o644
            tar.addfile(member, io.BytesIO(content))
    return octets.getvalue()


def write_archive(octets: bytes, file: Path) -> None:
    """Raises ConfigurationError where it cannot be written."""
    try:
        write_whole(file, octets)
        file.chmod(0o600)
    except OSError as error:
        raise ConfigurationError(f"{file}: cannot be written: {error.strerror}") from error


def verified(path: Path) -> tuple[int, Differences]:
    """How many files the manifest of a run's folder, or of an archive, names, and what is otherwise.

    Raises ConfigurationError where there is no manifest, or it cannot be read.
    """
    try:
        told, found = _of_folder(path) if path.is_dir() else _of_archive(path)
    except OSError as error:
        raise ConfigurationError(f"{path}: cannot be read: {error.strerror or error}") from error
    return len(told), Differences.between(told, found)


def _of_folder(folder: Path) -> tuple[tuple[Entry, ...], tuple[Entry, ...]]:
    if not (folder / MANIFEST).is_file():
        is_run = (folder / RUN_FILE).is_file()
        why = ": it was killed, or is still under way: mcu-hil report makes one" if is_run else ""
        raise ConfigurationError(f"{folder}: has no {MANIFEST}{why}")
    _, told = read_manifest((folder / MANIFEST).read_bytes(), str(folder / MANIFEST))
    return told, entries_of(folder)


def _of_archive(file: Path) -> tuple[tuple[Entry, ...], tuple[Entry, ...]]:
    told, found = None, []
    try:
        with closing(tarfile.open(file, mode="r:gz")) as tar:
            for member in tar:
                content = tar.extractfile(member) if member.isfile() else None
                if content is None or member.size > LARGEST_MEMBER:
                    found.append(Entry(member.name, member.size, "is no plain file"))
                    continue
                name = str(PurePosixPath(*PurePosixPath(member.name).parts[1:]))
                if name == MANIFEST:
                    _, told = read_manifest(content.read(), f"{file}: {member.name}")
                else:
                    found.append(entry_of(name, content))
    except (tarfile.TarError, EOFError, gzip.BadGzipFile) as error:
        raise ConfigurationError(f"{file}: is no archive that mcu-hil has made, or is damaged: {error}") from error
    if told is None:
        raise ConfigurationError(f"{file}: has no {MANIFEST}: it is no archive that mcu-hil has made")
    return told, tuple(found)
