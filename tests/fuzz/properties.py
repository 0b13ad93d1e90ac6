"""What must hold for every case, by the name that the command gives it."""

from __future__ import annotations

from collections.abc import Callable

from tests.fuzz.case import execute
from tests.fuzz.short_cuts import compare

PROPERTIES: dict[str, Callable[[bytes], object]] = {
    # Any three byte strings give a Credential or UploadRefused and nothing else, within bounded time and memory.
    "receive": execute,
    # A short cut of the reader gives what the rule gives that it abbreviates.
    "short-cuts": compare,
}
