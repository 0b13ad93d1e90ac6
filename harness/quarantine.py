"""Places that no run is to touch for a while: why, who says so, and until when. One file a place."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from harness.errors import BenchError

BY_ITSELF = "mcu-hil"
"""The owner where no person has decided it; such a quarantine is lifted by a passing preflight."""
LASTS = timedelta(days=1)


@dataclass(frozen=True)
class Quarantine:
    place: str
    reason: str
    owner: str
    since: str
    until: str
    """ISO 8601, UTC; it is over then."""

    @classmethod
    def of(cls, place: str, reason: str, owner: str = BY_ITSELF, lasts: timedelta = LASTS) -> Quarantine:
        began = datetime.now(UTC)
        since, until = (moment.isoformat(timespec="seconds") for moment in (began, began + lasts))
        return cls(place, reason, owner, since, until)

    @property
    def is_over(self) -> bool:
        return datetime.fromisoformat(self.until) <= datetime.now(UTC)

    def __str__(self) -> str:
        return f"in quarantine until {self.until}, by {self.owner}: {self.reason}"


class Quarantines:
    """Those of one lab."""

    def __init__(self, state_dir: Path) -> None:
        self._folder = state_dir / "quarantine"

    def put(self, quarantine: Quarantine) -> None:
        """Raises BenchError where it cannot be written."""
        file = self._file(quarantine.place)
        try:
            self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            new = file.with_suffix(".new")
            new.write_text(json.dumps(asdict(quarantine)), encoding="utf-8")
            new.replace(file)
        except OSError as error:
            raise BenchError(f"{quarantine.place}: cannot write {self._folder}: {error.strerror}") from error

    def of(self, place: str) -> Quarantine | None:
        """The one that is in force. Raises BenchError where its file cannot be read."""
        file = self._file(place)
        try:
            found = Quarantine(**json.loads(file.read_text(encoding="utf-8")))
        except (FileNotFoundError, NotADirectoryError):
            return None
        except (OSError, ValueError, TypeError) as error:
            raise BenchError(f"{place}: {file} is no quarantine: mcu-hil lab release {place} forgets it") from error
        return None if found.is_over else found

    def lift(self, place: str) -> None:
        """Raises BenchError where it cannot be."""
        try:
            self._file(place).unlink(missing_ok=True)
        except NotADirectoryError:
            return
        except OSError as error:
            raise BenchError(f"{place}: cannot write {self._folder}: {error.strerror}") from error

    def _file(self, place: str) -> Path:
        return self._folder / f"{place}.json"
