"""Claims that are expected to fail: with a ticket, for a range of firmware, until a day.

They are put to the units all the same. A run is red when one of them holds, so that the entry is removed, and when
its day is over, so that it is not forgotten.
"""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Annotated

from pydantic import Field, ValidationError, model_validator

from harness.errors import ConfigurationError
from harness.lab import Place, Table


class Known(Table):
    """One `[[known]]` of the file."""

    claim: Annotated[str, Field(pattern=r"^test_\w+(\[.+\])?$")]
    """As in a test id, without the place: `test_a_bad_upload_is_refused[pkcs12]`; without brackets, all of them."""
    ticket: Annotated[str, Field(min_length=1)]
    expires: date
    """The last day."""
    firmware: Annotated[tuple[str, str], Field(strict=False)] | None = None
    """From and to, both included; `4.4` holds all of 4.4. None is any."""
    model: str | None = None
    place: str | None = None

    @model_validator(mode="after")
    def _versions(self) -> Known:
        for version in self.firmware or ():
            if not _numbers(version):
                raise ValueError(f"firmware holds {version!r}, want versions such as 4.4(3.57) or 4.4")
        return self

    def fits(self, claim: str, place: Place, firmware: str) -> bool:
        """Whether it is about this claim, at this place, with this firmware, as the unit names it."""
        return (
            self.claim in (claim, claim.partition("[")[0])
            and self.model in (None, place.model)
            and self.place in (None, place.name)
            and (self.firmware is None or _lies_in(firmware, self.firmware))
        )


class File(Table):
    known: Annotated[tuple[Known, ...], Field(strict=False)] = ()


@dataclass(frozen=True)
class KnownFailures:
    """What a file knows; without one, nothing."""

    file: Path | None = None
    entries: tuple[Known, ...] = ()

    def of(self, claim: str, place: Place, firmware: str) -> Known | None:
        """The entry for this claim there; of several the one that lasts longest."""
        fitting = [entry for entry in self.entries if entry.fits(claim, place, firmware)]
        return max(fitting, key=lambda entry: entry.expires, default=None)


def load_known_failures(path: Path) -> KnownFailures:
    """Raises ConfigurationError: one line that names file, entry and key."""
    try:
        document = tomllib.loads(path.read_text(encoding="utf-8"))
        return KnownFailures(path, File.model_validate(document).known)
    except OSError as error:
        raise ConfigurationError(f"{path}: cannot be read: {error.strerror}") from error
    except ValidationError as error:
        first = error.errors()[0]
        where = [str(part + 1) if isinstance(part, int) else str(part) for part in first["loc"]]
        raise ConfigurationError(f"{path}: {' '.join(where)}: {first['msg'].removeprefix('Value error, ')}") from None
    except ValueError as error:
        raise ConfigurationError(f"{path}: {error}") from error


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(map(int, re.findall(r"\d+", version)))


def _lies_in(version: str, bounds: tuple[str, str]) -> bool:
    found, first, last = map(_numbers, (version, *bounds))
    return found >= first and found[: len(last)] <= last
