"""What was seen of one place in one run: JSON lines, in the order in which it happened, and files beside them.

Every line is one object: `at` (UTC, ISO 8601), `kind`, `during`, and the facts (docs/evidence.md). Whoever notes
something notes facts about an exchange, never a key, passphrase or password; and those that were confided here are
taken out of every line, should somebody do so all the same.
"""

from __future__ import annotations

import base64
import hashlib
import json
import os
import threading
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import TextIO

from harness.errors import BenchError
from harness.once import once

FORMAT = 1
FOLDER = "evidence"
CHAINS = "chains"
HIDDEN = "***"
SHORTEST_HIDDEN = 4
"""Characters of a secret below which it would be taken out of everything."""
_JSON = json.JSONEncoder(default=str)
LATEST_SECONDS = 1.0
"""After so long at the latest, what was noted is written: together, since a lane notes hundreds of lines in a run."""
MOST_PENDING = 64
"""Lines that are not written yet; more are not kept waiting."""


def evidence_file(run: Path, place: str) -> Path:
    """Of one place, in the folder of a run."""
    return run / FOLDER / f"{place}.jsonl"


def console_file(run: Path, place: str) -> Path:
    """What the console of one place said."""
    return run / FOLDER / f"{place}.console.log"


class Evidence:
    """The open evidence file of one place; safe to use from several threads."""

    def __init__(self, path: Path, hidden: Sequence[str] = ()) -> None:
        """`hidden` are secrets that are in no line."""
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
        self.path = path
        self.failure = ""
        """Why there is no more evidence, as on a full disk: whoever then brings a unit back is not to be stopped."""
        self.during = ""
        """What the lines belong to: an experiment, or what is done before, between and after them."""
        self._file: TextIO = os.fdopen(descriptor, "a", encoding="utf-8")
        self._lock = threading.Lock()
        self._pending: list[tuple[float, str, str, Mapping[str, object]]] = []
        """Noted and not written: when, the kind, what it was during, and the facts."""
        self._hidden: dict[str, str] = {}
        self._chains: dict[tuple[bytes, ...], str] = {}
        self.hide(*hidden)
        _writer().add(self)

    def hide(self, *secrets: str) -> None:
        """None of these is in a line that is noted from now on."""
        self._hidden |= {json.dumps(one)[1:-1]: one for one in secrets if len(one) >= SHORTEST_HIDDEN}

    def note(self, kind: str, facts: Mapping[str, object]) -> None:
        """Append one line, of facts that stay as they are. What JSON does not know is written as its `str`. After a
        `failure`, nothing is."""
        with self._lock:
            self._pending.append((time.time(), kind, self.during, facts))
            if len(self._pending) >= MOST_PENDING:
                self._write()

    def write(self) -> None:
        """All that was noted is in the file."""
        with self._lock:
            self._write()

    def _write(self) -> None:
        lines = [self._line(*one) for one in self._pending]
        self._pending.clear()
        if self.failure or not lines:
            return
        try:
            self._file.write("".join(lines))
            self._file.flush()
        except OSError as error:
            self.failure = f"{self.path} cannot be written: {error.strerror}"

    def _line(self, at: float, kind: str, during: str, facts: Mapping[str, object]) -> str:
        head = {"at": datetime.fromtimestamp(at, UTC).isoformat(), "kind": kind, "during": during}
        line = _JSON.encode({**head, **facts})
        if any(form in line for form in self._hidden):
            line = _JSON.encode({**head, **{name: self._masked(value) for name, value in facts.items()}})
        return line + "\n"

    def _masked(self, value: object) -> object:
        if isinstance(value, str):
            for secret in sorted(self._hidden.values(), key=len, reverse=True):
                value = value.replace(secret, HIDDEN)
            return value
        if isinstance(value, Mapping):
            return {name: self._masked(one) for name, one in value.items()}
        if isinstance(value, list | tuple):
            return [self._masked(one) for one in value]
        return value if isinstance(value, int | float | None) else self._masked(str(value))

    def keep_chain(self, chain: tuple[bytes, ...], words: Sequence[str]) -> str:
        """The name, beside this file, of the PEM file with these DER certificates, each headed by its words."""
        if chain not in self._chains:
            name = f"{CHAINS}/{chain_name(chain)}.pem"
            blocks = (f"{said}\n{_pem(der)}" for said, der in zip(words, chain, strict=True))
            try:
                _write_new(self.path.parent / name, "\n".join(blocks).encode())
            except OSError as error:
                self.failure = self.failure or f"{self.path.parent / name} cannot be written: {error.strerror}"
            self._chains[chain] = name
        return self._chains[chain]

    def check(self) -> None:
        """Raises BenchError where something could not be noted."""
        self.write()
        if self.failure:
            raise BenchError(self.failure)

    def close(self) -> None:
        _writer().discard(self)
        self.write()
        # What could not be written before cannot be now.
        with suppress(OSError):
            self._file.close()

    def __enter__(self) -> Evidence:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()


@once
def _writer() -> set[Evidence]:
    """The files of this process that are open; what is noted in them is written in time."""
    open_ones: set[Evidence] = set()

    def write_in_time() -> None:
        while True:
            time.sleep(LATEST_SECONDS)
            for one in open_ones.copy():
                one.write()

    threading.Thread(target=write_in_time, name="evidence", daemon=True).start()
    return open_ones


def chain_name(chain: Sequence[bytes]) -> str:
    """The leaf's fingerprint; of more than a leaf, with that of all of it, as one leaf may come with several."""
    leaf = hashlib.sha256(chain[0]).hexdigest()
    return leaf if len(chain) == 1 else f"{leaf}-{len(chain)}-{hashlib.sha256(b''.join(chain)).hexdigest()[:16]}"


def _pem(der: bytes) -> str:
    text = base64.b64encode(der).decode()
    lines = "\n".join(text[at : at + 64] for at in range(0, len(text), 64))
    return f"-----BEGIN CERTIFICATE-----\n{lines}\n-----END CERTIFICATE-----\n"


def _write_new(file: Path, content: bytes) -> None:
    """The file is there; another place, or process, that writes the same may have been quicker."""
    file.parent.mkdir(exist_ok=True, mode=0o700)
    with suppress(FileExistsError):
        descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        with os.fdopen(descriptor, "wb") as output:
            output.write(content)
