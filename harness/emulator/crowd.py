"""How many calls of the API a unit is answering now."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager


class Crowd:
    def __init__(self) -> None:
        self._number = 0

    @contextmanager
    def joined(self) -> Iterator[int]:
        """How many there are now, this one included."""
        self._number += 1
        try:
            yield self._number
        finally:
            self._number -= 1
