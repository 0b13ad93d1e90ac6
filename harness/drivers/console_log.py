"""What a console said: line by line, each with its time, without secrets; in a file while one can be written."""

from __future__ import annotations

import codecs
import os
import re
import threading
import time
from collections import deque
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TextIO

from harness.drivers.masking import mask_text

REMEMBERED = 10_000
LONGEST = 4096
"""Characters after which a line without an end is kept as it is."""
ENDS = re.compile(r"[\r\n]+")
ESCAPES = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|[@-Z\\-_])")
"""What moves cursors and changes colours (ECMA-48 5.3 and 5.4)."""


@dataclass(frozen=True)
class Heard:
    """One line."""

    moment: float
    """By time.monotonic, when it was whole."""
    text: str


class ConsoleLog:
    """Of one line, from any number of connections to it. Fed by one thread, read by others."""

    def __init__(self, path: Path | None, secrets: Iterable[str]) -> None:
        """Raises OSError where the file cannot be opened; without `path`, nothing is written."""
        self._secrets = tuple(filter(None, secrets))
        self._lines: deque[Heard] = deque(maxlen=REMEMBERED)
        self._partial = ""
        self._lock = threading.Lock()
        self._decoder = codecs.getincrementaldecoder("utf-8")("backslashreplace")
        self.heard_at = time.monotonic()
        """When anything was heard at last."""
        self._file: TextIO | None = None
        if path is not None:
            path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
            self._file = os.fdopen(descriptor, "a", encoding="utf-8", buffering=1)

    @property
    def partial(self) -> str:
        """What was said since the last end of a line: a prompt, perhaps."""
        with self._lock:
            return self._partial

    def since(self, moment: float) -> tuple[Heard, ...]:
        with self._lock:
            return tuple(heard for heard in self._lines if heard.moment >= moment)

    def feed(self, octets: bytes) -> None:
        with self._lock:
            self.heard_at = time.monotonic()
            *whole, self._partial = ENDS.split(ESCAPES.sub("", self._partial + self._decoder.decode(octets)))
            for text in whole:
                self._keep(text)
            if len(self._partial) > LONGEST:
                self._cut()

    def remark(self, text: str) -> None:
        """A line of ours. What was said before it without an end is a line too."""
        with self._lock:
            if self._partial:
                self._keep(self._partial)
                self._partial = ""
            self._write(f"-- {mask_text(text, self._secrets)}")

    def close(self) -> None:
        """Nothing more is written, whoever may still be listening."""
        self.remark("closed")
        with self._lock:
            file, self._file = self._file, None
        if file is not None:
            # What could not be written before cannot be now.
            with suppress(OSError):
                file.close()

    def _cut(self) -> None:
        """The line without an end is kept, but for what may be the beginning of a secret."""
        masked = mask_text(self._partial, self._secrets)
        begun = max(
            (size for secret in self._secrets for size in range(1, len(secret)) if masked.endswith(secret[:size])),
            default=0,
        )
        self._keep(masked[: len(masked) - begun])
        self._partial = masked[len(masked) - begun :]

    def _keep(self, text: str) -> None:
        shown = mask_text(text, self._secrets)
        shown = "".join(
            one if one.isprintable() else one.encode("unicode_escape").decode("ascii") for one in shown
        ).rstrip()
        if shown:
            self._lines.append(Heard(time.monotonic(), shown))
            self._write(shown)

    def _write(self, text: str) -> None:
        if self._file is not None:
            # A full disk is told by the evidence; a unit is not to be left alone for it.
            with suppress(OSError):
                self._file.write(f"{datetime.now(UTC).isoformat(timespec='milliseconds')} {text}\n")
