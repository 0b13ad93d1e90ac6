"""The audit log (device-reference 10): who changed the network and security settings."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from enum import Enum

KEPT = 100_000
SHOWN = 2_000
"""On the page (both mark D)."""


class Module(Enum):
    """Mark D."""

    WEB = "Web"
    SERIAL = "Serial"
    API = "API"
    SUPERVISOR = "Supervisor"
    SYSTEM = "System"
    FTP = "FTP"


class AuditSeverity(Enum):
    """Mark D."""

    ERROR = "Error"
    SEVERE_WARNING = "Severe Warning"
    WARNING = "Warning"
    INFO = "Info"
    STATUS_WARNING = "Status Warning"


@dataclass(frozen=True)
class AuditRecord:
    time: datetime
    module: Module
    severity: AuditSeverity
    text: str


class AuditLog:
    """Records nothing until it is enabled (mark D)."""

    def __init__(self, now: Callable[[], datetime]) -> None:
        self._now = now
        self._records: deque[AuditRecord] | None = None
        self.enabled = False

    @property
    def records(self) -> tuple[AuditRecord, ...]:
        """The newest first."""
        return tuple(reversed(self._records or ()))

    def record(self, module: Module, severity: AuditSeverity, text: str) -> None:
        if self.enabled:
            if self._records is None:
                self._records = deque(maxlen=KEPT)
            self._records.append(AuditRecord(self._now(), module, severity, text))

    def delete(self) -> int:
        """How many there were."""
        number = len(self._records or ())
        self._records = None
        return number
