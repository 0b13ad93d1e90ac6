"""Firmware that does not restart as it is told."""

from __future__ import annotations

import math
from collections.abc import Collection
from dataclasses import dataclass

from harness.emulator.conduct import Conduct
from harness.emulator.services import Services

LOOPS = 3
"""How often a unit that loops starts where one start was asked for."""


class RestartIgnored(Conduct):
    def obeys_restart(self) -> bool:
        return False


class RestartHangs(Conduct):
    def seconds_down(self, seconds: float) -> float:
        return math.inf


class RestartLoops(Conduct):
    def stays_up(self, boots: int) -> bool:
        return boots % LOOPS == 0


class ShutdownHangs(Conduct):
    def halts(self) -> bool:
        return False


class RestartsAtUpload(Conduct):
    def restarts_after_upload(self) -> bool:
        return True


class ForgetsWhatIsUnticked(Conduct):
    def services_at_start(self, services: Services) -> Services:
        return services.with_row("https", services["https"].port, frozenset({"https"}))


@dataclass(frozen=True)
class ClosedAfterRestart(Conduct):
    services: Collection[str]

    def opens(self, service: str, boots: int) -> bool:
        return boots == 0 or service not in self.services
