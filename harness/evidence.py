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
from collections.abc import Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import TextIO

from harness.errors import BenchError

FORMAT = 1
FOLDER = "evidence"
CHAINS = "chains"
HIDDEN = "***"
SHORTEST_HIDDEN = 4
"""Characters of a secret below which it would be taken out of everything."""
_JSON = json.JSONEncoder(default=str)


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
        self._file: TextIO = os.fdopen(descriptor, "a", encoding="utf-8", buffering=1)
        self._lock = threading.Lock()
        self._hidden: dict[str, str] = {}
        self._chains: dict[tuple[bytes, ...], str] = {}
        self.hide(*hidden)

    def hide(self, *secrets: str) -> None:
        """None of these is in a line that is noted from now on."""
        self._hidden |= {json.dumps(one)[1:-1]: one for one in secrets if len(one) >= SHORTEST_HIDDEN}

    def note(self, kind: str, facts: Mapping[str, object]) -> None:
        """Append one line. What JSON does not know is written as its `str`. After a `failure`, nothing is."""
        line = self._line(kind, facts)
        with self._lock:
            if self.failure:
                return
            try:
                self._file.write(line + "\n")
            except OSError as error:
                self.failure = f"{self.path} cannot be written: {error.strerror}"

    def _line(self, kind: str, facts: Mapping[str, object]) -> str:
        head = {"at": datetime.now(UTC).isoformat(), "kind": kind, "during": self.during}
        line = _JSON.encode({**head, **facts})
        if any(form in line for form in self._hidden):
            line = _JSON.encode({**head, **{name: self._masked(value) for name, value in facts.items()}})
        return line

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
