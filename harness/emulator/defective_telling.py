"""Firmware that says something else than what it does."""

from __future__ import annotations

import calendar
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from harness.emulator.clock import Clock
from harness.emulator.conduct import Conduct, Description, LogEntry
from harness.emulator.lifecycle import State
from harness.emulator.pair import FACTORY
from harness.emulator.store import Store

MONTHS = tuple(calendar.month_name)[1:]


class BannerMissing(Conduct):
    def shows_banner(self, store: Store) -> bool:
        return False


class BannerStays(Conduct):
    def shows_banner(self, store: Store) -> bool:
        return store.restart_required or not store.running.is_factory


class RebootRequiredMissing(Conduct):
    def reboot_required(self, store: Store) -> bool:
        return False


class RebootRequiredStays(Conduct):
    def reboot_required(self, store: Store) -> bool:
        return store.restart_required or not store.running.is_factory


class TableStale(Conduct):
    def describes(self, now: Description, before: Description) -> Description:
        return before


class TableAlwaysFactory(Conduct):
    def describes(self, now: Description, before: Description) -> Description:
        return replace(now, leaf=FACTORY.leaf)


class TableSaysMismatch(Conduct):
    def describes(self, now: Description, before: Description) -> Description:
        return replace(now, key_matches=now.leaf == FACTORY.leaf)


class TableTellsWrongMonths(Conduct):
    def page(self, text: str, page: str, store: Store) -> str:
        if page != "certificates":
            return text
        return re.sub("|".join(MONTHS), lambda found: MONTHS[(MONTHS.index(found[0]) + 1) % len(MONTHS)], text)


class UptimeRunsOn(Conduct):
    def clock(self) -> Clock:
        return _UptimeRunsOn()


class _UptimeRunsOn(Clock):
    def __init__(self) -> None:
        super().__init__()
        self._first = self._started

    @property
    def uptime(self) -> int:
        return int((self._exact() - self._first).total_seconds())


class RestartTimeStale(Conduct):
    def clock(self) -> Clock:
        return _RestartTimeStale()


class _RestartTimeStale(Clock):
    def __init__(self) -> None:
        super().__init__()
        self._first = self._started.replace(microsecond=0)

    @property
    def restart_time(self) -> datetime:
        return self._first


class RestartLogMissing(Conduct):
    def logs(self, log: Sequence[LogEntry], entry: LogEntry) -> list[LogEntry]:
        return list(log)


class RestartLogTwice(Conduct):
    def logs(self, log: Sequence[LogEntry], entry: LogEntry) -> list[LogEntry]:
        return [*log, entry, entry]


@dataclass(frozen=True)
class RestartLogReason(Conduct):
    reason: str

    def logs(self, log: Sequence[LogEntry], entry: LogEntry) -> list[LogEntry]:
        return [*log, replace(entry, reason=self.reason)]


class NeverFinishesBooting(Conduct):
    def finished_booting(self, state: State) -> bool:
        return False
