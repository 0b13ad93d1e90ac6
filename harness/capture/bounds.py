"""How much of a unit is looked at, and for how long."""

from __future__ import annotations

from dataclasses import dataclass

MEGABYTE = 2**20


@dataclass(frozen=True)
class Bounds:
    pages: int = 200
    """Answers over the web, pictures and style sheets among them."""
    seconds: float = 900.0
    octets: int = 64 * MEGABYTE
    """Of all answers together."""
    of_one_path: int = 3
    """Pages that differ only behind the question mark."""
    failures: int = 3
    """In a row; then the unit is not asked any more."""
