"""Firmware that says something else than what it does."""

from __future__ import annotations

import calendar
import html
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from certstore import Firmware
from certstore.flash import Files
from harness.emulator.clock import Clock
from harness.emulator.conduct import Conduct, Description, LogEntry
from harness.emulator.lifecycle import State
from harness.emulator.pair import FACTORY
from harness.emulator.store import ModelStore, Received, Started, Store

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


VALUE = re.compile(r"(<tr><td class=\"name\">[^<]*</td><td>)(.*?)(</td></tr>)", re.DOTALL)
"""Of a row of the status table."""


class TableIsMarkup(Conduct):
    """What stands in a certificate is put into the page as it is."""

    def page(self, text: str, page: str, store: Store) -> str:
        if page != "certificates":
            return text
        return VALUE.sub(lambda found: found[1] + html.unescape(found[2]) + found[3], text)


class TableBlankForFactory(Conduct):
    def page(self, text: str, page: str, store: Store) -> str:
        if page != "certificates" or not store.stored.is_factory:
            return text
        return VALUE.sub(lambda found: found[1] + found[3], text, count=4)


class RebootRequiredOnce(Conduct):
    """A second upload before the restart takes the flag back."""

    def blank_store(self, firmware: Firmware) -> Store:
        return _CountingStore(firmware)

    def reboot_required(self, store: Store) -> bool:
        return store.restart_required and not (isinstance(store, _CountingStore) and store.uploads > 1)


@dataclass(frozen=True)
class _CountingStore(ModelStore):
    uploads: int = 0
    """Since the start, or since a removal."""

    def keep(self, received: Received) -> _CountingStore:
        return replace(super().keep(received), uploads=self.uploads + 1)

    def remove(self) -> _CountingStore:
        return replace(super().remove(), uploads=0)

    def started(self, files: Files) -> Started:
        started = super().started(files)
        assert isinstance(started.store, _CountingStore), "it starts as what it was"
        return replace(started, store=replace(started.store, uploads=0))


class LosesAuditLog(Conduct):
    def keeps_audit_log(self) -> bool:
        return False


class StopsAuditing(Conduct):
    def keeps_auditing(self) -> bool:
        return False


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
