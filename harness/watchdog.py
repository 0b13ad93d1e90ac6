"""Lanes that are stuck are given up, so that a run ends although one of them never would."""

from __future__ import annotations

import threading
from collections.abc import Collection

from harness.lane import Lane

LOOK_SECONDS = 2.0


class Watchdog:
    """Looks at the lanes of a process for as long as its block lasts."""

    def __init__(self, lanes: Collection[Lane]) -> None:
        self._lanes = lanes
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="watchdog", daemon=True)

    def __enter__(self) -> Watchdog:
        self._thread.start()
        return self

    def __exit__(self, *exception: object) -> None:
        self._over.set()
        self._thread.join()

    def _watch(self) -> None:
        while not self._over.wait(LOOK_SECONDS):
            for lane in self._lanes:
                if lane.is_stuck():
                    lane.abandon()
