"""A pytest run of a night: a process of its own, which is asked to end, and made to where it does not."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

from harness.until import STOP_FILE

LOOK_SECONDS = 0.5
INTERRUPT_SECONDS = 120.0
"""Beside the longest `restart_timeout`: how long a run that was interrupted may take to put its units in order."""


@dataclass
class Asked:
    """How often somebody has asked the night to end: once, and what is under way is finished; twice, and it is
    interrupted. Units go back to their baselines either way."""

    times: int = 0

    @contextmanager
    def by_signals(self) -> Iterator[None]:
        """For the block, SIGTERM and SIGINT ask, and end nothing by themselves."""
        before = {number: signal.signal(number, self._again) for number in (signal.SIGTERM, signal.SIGINT)}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

    def _again(self, *_: object) -> None:
        self.times += 1


@dataclass
class Child:
    """One run, ours or one that an earlier call of a night has left running."""

    folder: Path
    pid: int
    process: subprocess.Popen[bytes] | None = field(default=None, repr=False)

    @classmethod
    def started(cls, arguments: Sequence[str], folder: Path, log: Path) -> Child:
        """A session of its own: whoever interrupts us does not interrupt it."""
        with log.open("ab") as output:
            process = subprocess.Popen(
                [sys.executable, "-m", "pytest", *arguments],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        return cls(folder, process.pid, process)

    @classmethod
    def left_running(cls, folder: Path) -> Child | None:
        """The run with this folder, where it still is under way."""
        for file in Path("/proc").glob("[0-9]*/cmdline"):
            with suppress(OSError):
                words = file.read_bytes().split(b"\0")
                if os.fsencode(folder) in words and b"--run-folder" in words:
                    return cls(folder, int(file.parent.name))
        return None

    @property
    def is_over(self) -> bool:
        if self.process is not None:
            return self.process.poll() is not None
        return not Path(f"/proc/{self.pid}").exists()

    def end(self, asked: Asked, seconds: float, restart_timeout: float) -> int | None:
        """Wait for its end; its exit status, None where it had to be killed or is not ours.

        After `seconds`, or when it has been asked twice to end, it is interrupted; if it then takes longer than any
        restart may, it is killed, and what its units are owed stands in the journal.
        """
        began = time.monotonic()
        interrupted: float | None = None
        while not self.is_over:
            if asked.times:
                self._ask()
            if interrupted is None and (asked.times > 1 or time.monotonic() - began > seconds):
                self._signal(signal.SIGINT)
                interrupted = time.monotonic()
            if interrupted is not None and time.monotonic() - interrupted > restart_timeout + INTERRUPT_SECONDS:
                self._signal(signal.SIGKILL)
            self._wait()
        status = None if self.process is None else self.process.wait()
        return status if status is not None and status >= 0 else None

    def _wait(self) -> None:
        if self.process is None:
            time.sleep(LOOK_SECONDS)
            return
        with suppress(subprocess.TimeoutExpired):
            self.process.wait(LOOK_SECONDS)

    def _ask(self) -> None:
        with suppress(OSError):
            self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            (self.folder / STOP_FILE).touch()

    def _signal(self, number: signal.Signals) -> None:
        # Its workers too: a controller that is interrupted alone would not wait for them.
        with suppress(ProcessLookupError):
            os.killpg(self.pid, number)
