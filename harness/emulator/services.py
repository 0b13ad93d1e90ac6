"""Network > Services: what is ticked, on which port."""

from __future__ import annotations

import functools
from collections.abc import Collection
from dataclasses import dataclass, replace

from harness.emulator.skin import Skin


@dataclass(frozen=True)
class Service:
    name: str
    label: str
    protocol: str
    ticked: bool
    port: int


# Most units have the same rows.
_service = functools.lru_cache(256)(Service)


@dataclass(frozen=True)
class Services:
    """All rows, in the page's order."""

    rows: tuple[Service, ...]

    @classmethod
    def at_first(cls, skin: Skin, ports: dict[str, int], ticked: Collection[str]) -> Services:
        """As built: `ports` are those of the emulated services. What has no listener here is not ticked, so that no
        page claims a service that is not there."""
        return cls(
            tuple(
                _service(row.name, row.label, row.protocol, row.name in ticked, ports.get(row.name, row.port))
                for row in skin.services.rows
            )
        )

    def __getitem__(self, name: str) -> Service:
        return next(row for row in self.rows if row.name == name)

    def with_row(self, name: str, port: int, ticked: frozenset[str]) -> Services:
        """With `name` on `port`, ticked when it is one of `ticked`."""
        return Services(
            tuple(replace(row, port=port, ticked=name in ticked) if row.name == name else row for row in self.rows)
        )

    @property
    def is_consistent(self) -> bool:
        """Every port possible, and no two ticked TCP services on one."""
        ports = [row.port for row in self.rows if row.ticked and row.protocol == "tcp"]
        return len(ports) == len(set(ports)) and all(1 <= row.port <= 65535 for row in self.rows)
