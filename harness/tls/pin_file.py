"""What the unit of one place is expected to serve, from one process to the next.

A file a place in the lab's state directory, for its owner alone, replaced whole. Beside the leaf that was seen last
it holds those that were uploaded since: who dies between an upload and the restart leaves both, and either is right.
"""

from __future__ import annotations

import fcntl
import json
import os
import re
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from harness.errors import BenchError, ConfigurationError
from harness.lab import Place

FINGERPRINT = re.compile(r"[0-9a-f]{64}")
FIRST_USE = "trusted on first use"
STATED = "tls.fingerprint of the lab file"
INSTALLED = "installed by mcu-hil"
REVEALED = "found after a removal, or a change of somebody else's, had come into force"
BY_HAND = "accepted by hand"


@dataclass(frozen=True)
class Expected:
    """Fingerprints, and where they come from."""

    serves: str | None = None
    """The leaf that was seen last; None before the first contact."""
    how: str = ""
    since: str = ""
    """UTC, to the second (ISO 8601)."""
    pending: tuple[str, ...] = ()
    """Uploaded, and not seen served yet."""
    unknown_once: bool = False
    """A restart may bring back a pair that was never seen: one was removed, or somebody else's waits."""
    stated: str | None = None
    """What the lab file said when this was written: where it says another, that counts."""
    serial: str | None = None
    """As the lab file has it: another one is another unit."""

    @property
    def leafs(self) -> frozenset[str]:
        return frozenset(filter(None, (self.serves, *self.pending)))

    def seen(self, leaf: str, how: str) -> Expected:
        """This leaf is served, and what else was expected is over."""
        now = datetime.now(UTC).isoformat(timespec="seconds")
        return replace(self, serves=leaf, how=how, since=now, pending=(), unknown_once=False)

    def uploaded(self, leafs: tuple[str, ...]) -> Expected:
        """These may be served after the next restart."""
        return replace(self, pending=(*self.pending, *(leaf for leaf in leafs if leaf not in self.leafs)))

    def settled(self) -> Expected:
        """What waited for a restart is over; the leaf stays."""
        return replace(self, pending=(), unknown_once=False)

    def __str__(self) -> str:
        """As an error names it; there is a leaf."""
        more = "".join(f", or sha256:{leaf}, uploaded and not yet in force" for leaf in self.pending[:1])
        more += f", or {len(self.pending) - 1} others that were uploaded" if len(self.pending) > 1 else ""
        return f"sha256:{self.serves} ({', '.join(filter(None, (self.how, self.since)))}){more}"


@dataclass(frozen=True)
class PinFile:
    """The file of one place."""

    path: Path
    serial: str | None = None
    stated: str | None = None

    def read(self) -> Expected:
        """What is expected by the pin file and the lab file together. Raises ConfigurationError where it is none."""
        known = self._load()
        if known is not None and known.stated == self.stated and not self._is_of_another(known):
            return replace(known, serial=self.serial or known.serial)
        fresh = Expected(stated=self.stated, serial=self.serial)
        return fresh if self.stated is None else replace(fresh, serves=self.stated, how=STATED)

    @property
    def was_of_another(self) -> str:
        """The serial number of the unit that was here before; empty where it is the same, or not known."""
        known = self._load()
        return (known.serial or "") if known is not None and self._is_of_another(known) else ""

    def update(self, change: Callable[[Expected], Expected]) -> Expected:
        """The file holds what `change` makes of it. Raises BenchError where it cannot be written."""
        folder = self.path.parent
        try:
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            with _alone(folder):
                changed = change(self.read())
                _replace(self.path, json.dumps(asdict(changed), indent=2) + "\n")
        except OSError as error:
            raise BenchError(f"{self.path}: the pin cannot be kept: {error.strerror}") from error
        return changed

    def _is_of_another(self, known: Expected) -> bool:
        return None not in (known.serial, self.serial) and known.serial != self.serial

    def _load(self) -> Expected | None:
        try:
            document = json.loads(self.path.read_text(encoding="ascii"))
        except FileNotFoundError:
            return None
        except OSError as error:
            raise ConfigurationError(f"{self.path}: cannot be read: {error.strerror}") from error
        except ValueError:
            document = None
        try:
            known = Expected(**{**document, "pending": tuple(document["pending"])})
            is_good = all(FINGERPRINT.fullmatch(leaf) for leaf in known.leafs)
        except (TypeError, KeyError):
            is_good = False
        if not is_good:
            raise ConfigurationError(
                f"{self.path}: is no pin file: restore it, or remove it to trust the next certificate on first use"
            )
        return known


def pin_file_of(place: Place, state_dir: Path | None) -> PinFile | None:
    """Where the pin of a place is kept; None of an emulated unit, which is a new one whenever it is started."""
    if state_dir is None or place.emulated is not None:
        return None
    return PinFile(state_dir / "pins" / f"{place.name}.json", place.serial, place.tls.pin)


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def _replace(path: Path, text: str) -> None:
    # mkstemp makes it readable by the owner alone.
    descriptor, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    try:
        with os.fdopen(descriptor, "w", encoding="ascii") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        Path(name).replace(path)
    except BaseException:
        with suppress(OSError):
            Path(name).unlink()
        raise
