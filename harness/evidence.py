"""What was seen of one place in one run: JSON lines, in the order in which it happened.

Every line is one object: `at` (UTC, ISO 8601), `kind`, and the facts. Whoever notes something notes facts about
an exchange, never its body: no key, passphrase or password comes near this file.
"""

from __future__ import annotations

import json
import os
import threading
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import TextIO

from harness.errors import BenchError


class Evidence:
    """The open evidence file of one place; safe to use from several threads."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
        self.path = path
        self.failure = ""
        """Why there is no more evidence, as on a full disk: whoever then brings a unit back is not to be stopped."""
        self._file: TextIO = os.fdopen(descriptor, "a", encoding="utf-8", buffering=1)
        self._lock = threading.Lock()

    def note(self, kind: str, facts: dict[str, object]) -> None:
        """Append one line. What JSON does not know is written as its `str`. After a `failure`, nothing is."""
        line = json.dumps({"at": datetime.now(UTC).isoformat(), "kind": kind, **facts}, default=str)
        with self._lock:
            if self.failure:
                return
            try:
                self._file.write(line + "\n")
            except OSError as error:
                self.failure = f"{self.path} cannot be written: {error.strerror}"

    def check(self) -> None:
        """Raises BenchError where something could not be noted."""
        if self.failure:
            raise BenchError(self.failure)

    def close(self) -> None:
        # What could not be written before cannot be now.
        with suppress(OSError):
            self._file.close()

    def __enter__(self) -> Evidence:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()
