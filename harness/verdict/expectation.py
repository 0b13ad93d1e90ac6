"""What a unit is held to."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True)
class Before:
    """What the unit offered at an earlier time, as names."""

    versions: frozenset[str]
    suites: Mapping[str, frozenset[str]]
    """By version."""

    @property
    def pairs(self) -> frozenset[tuple[str, str]]:
        """Version and suite."""
        return frozenset((version, suite) for version, found in self.suites.items() for suite in found)


@dataclass(frozen=True)
class Expectation:
    """Everything but `at` and `names` may be left open; what then cannot be judged is not measurable."""

    at: datetime
    """The time that certificates have to be valid at; with a time zone."""
    names: tuple[str, ...]
    """Host names and IP addresses that the leaf must name; at least one."""
    trust: tuple[bytes, ...] = ()
    """Anchors, DER."""
    chain: tuple[bytes, ...] = ()
    """What was uploaded, DER, leaf first."""
    key: bytes | None = None
    """The public half of the uploaded key, DER SubjectPublicKeyInfo."""
    leaf: str | None = None
    """SHA-256 of the leaf, hex."""
    old_leaf: str | None = None
    """SHA-256 of the leaf that was served before."""
    crl: bytes | None = None
    """DER."""
    before: Before | None = None
    slow_seconds: float = 5.0
    least_days: int = 30
    handshakes: int = 8
