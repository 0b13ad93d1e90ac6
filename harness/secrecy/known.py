"""The secrets that a process has used, for whoever proves that nothing tells them. They are in no repr."""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from certstore import Upload
from harness.errors import ConfigurationError
from harness.lab import Gateway, Lab, LabgridPower, Login, Place, SecretTable
from harness.secrecy.key_parts import bodies, numbers_of

SHORTEST = 6
"""Octets of a password or passphrase. A shorter one stands in every text by chance, and is not looked for."""
LONGEST = 48
"""Octets by which a longer one is known."""
PART_OCTETS = 24
"""Of a private number, by which it is known; without the others they tell nothing of it."""
DIGITS = 40
"""By which it is known in decimal."""
KEYS_READ = 256
"""Key files that are read for their numbers, as each costs time. Of the others the octets are known."""
NONCE_OCTETS = 12


@dataclass(frozen=True)
class Known:
    """One thing to look for."""

    kind: str
    """What it is, in words that tell nothing of it: `passphrase of an upload`."""
    octets: bytes = field(repr=False)
    is_text: bool = False
    """Whether it may be escaped as texts are."""
    is_chosen: bool = False
    """Whether somebody who uses the lab has chosen it; those of the suite's uploads stand in its sources."""


class Secrets:
    """Those of one process; added to from any thread."""

    def __init__(self) -> None:
        self._known: dict[Known, None] = {}
        self._files: dict[tuple[bytes, bytes | None], None] = {}
        self._seen: set[bytes] = set()
        self._lock = threading.Lock()

    def __repr__(self) -> str:
        return f"<{type(self).__name__}: {len(self._known)}>"

    def add_text(self, kind: str, text: bytes) -> None:
        self._add_text(Known(kind, text[:LONGEST], is_text=True))

    def add_chosen(self, kind: str, text: bytes) -> None:
        """A password or passphrase of the lab file."""
        self._add_text(Known(kind, text[:LONGEST], is_text=True, is_chosen=True))

    def _add_text(self, known: Known) -> None:
        if len(known.octets) >= SHORTEST:
            with self._lock:
                self._known[known] = None

    def add_upload(self, upload: Upload) -> None:
        """Its passphrase, and the keys in any of its fields."""
        if upload.passphrase:
            self.add_text("passphrase of an upload", upload.passphrase)
        for content in (upload.private_key, upload.certificate):
            self.add_key_file("private key of an upload", content, upload.passphrase)

    def add_key_file(self, kind: str, content: bytes, passphrase: bytes | None) -> None:
        for body in bodies(content):
            # The beginning is that of every key, and the modulus; the end is nobody else's.
            end = body[-PART_OCTETS - 8 : -8]
            with self._lock:
                if end not in self._seen:
                    self._seen.add(end)
                    self._known[Known(kind, end)] = None
                    if len(self._files) < KEYS_READ:
                        self._files[content, passphrase] = None

    def gathered(self) -> tuple[Known, ...]:
        """Everything to look for; what of keys tells them is taken from them now."""
        with self._lock:
            files, found = tuple(self._files), dict(self._known)
        for content, passphrase in files:
            for number in numbers_of(content, passphrase):
                found[Known("private number of a key", number[4 : 4 + PART_OCTETS])] = None
                digits = str(int.from_bytes(number))[:DIGITS].encode()
                found[Known("private number of a key", digits)] = None
        return tuple(found)


def add_lab(secrets: Secrets, lab: Lab, places: Iterable[Place]) -> None:
    """What the lab file has, or leads to, for these places. What cannot be had is nobody's secret here."""
    _add_secret(secrets, "address of the webhook", lab.results.webhook)
    with suppress(ConfigurationError, ValueError):
        if lab.results.database.keyring is None and (
            password := urlsplit(lab.results.database.reveal("[results] database")).password
        ):
            secrets.add_chosen("password of the database", password.encode())
    for place in places:
        login, baseline = place.login, place.baseline
        _add_secret(secrets, f"login password of {place.name}", login.password)
        for what, line in (("gateway", place.gateway), ("console", place.console), ("power", place.power)):
            if isinstance(line, Gateway):
                _add_secret(secrets, f"{what} password of {place.name}", line.password)
                _add_file(secrets, f"{what} key of {place.name}", line.key_file, None)
        if place.supervisor is not None:
            _add_secret(secrets, f"Supervisor password of {place.name}", place.supervisor.login.password)
        if isinstance(place.power, LabgridPower) and (password := urlsplit(place.power.host).password):
            secrets.add_chosen(f"power password of {place.name}", password.encode())
        for what, files in (("baseline", baseline), ("client certificate", login.client_certificate)):
            if files is not None:
                passphrase = _add_secret(secrets, f"passphrase of the {what} of {place.name}", files.passphrase)
                _add_file(secrets, f"private key of the {what} of {place.name}", files.private_key, passphrase)


def passwords_of(place: Place) -> tuple[str, ...]:
    """Those by which somebody logs in there, as far as they can be had without asking anybody."""
    found = Secrets()
    login = place.login.password
    lines = (place.gateway, place.console, place.power, place.supervisor and place.supervisor.login)
    beside = (line.password for line in lines if isinstance(line, Gateway | Login))
    texts = (_add_secret(found, "", one) for one in (login, *beside))
    return tuple(text.decode() for text in texts if text)


def _add_secret(secrets: Secrets, kind: str, secret: SecretTable | None) -> bytes | None:
    if secret is None or secret.keyring is not None:
        # A keyring may ask its user.
        return None
    with suppress(ConfigurationError):
        text = secret.reveal(kind).encode()
        secrets.add_chosen(kind, text)
        return text
    return None


def _add_file(secrets: Secrets, kind: str, file: Path | None, passphrase: bytes | None) -> None:
    if file is not None:
        with suppress(OSError):
            secrets.add_key_file(kind, file.read_bytes(), passphrase)


def new_seal() -> bytes:
    """A key that the processes of one run share, and nobody else."""
    return AESGCM.generate_key(256)


def sealed(known: Iterable[Known], seal: bytes) -> bytes:
    """As it crosses from one process to another: whatever notes what crosses has nothing in clear."""
    rows = [[one.kind, one.octets.hex(), one.is_text] for one in known]
    nonce = os.urandom(NONCE_OCTETS)
    return nonce + AESGCM(seal).encrypt(nonce, json.dumps(rows).encode(), None)


def unsealed(crossed: bytes, seal: bytes) -> Iterator[Known]:
    rows = json.loads(AESGCM(seal).decrypt(crossed[:NONCE_OCTETS], crossed[NONCE_OCTETS:], None))
    for kind, octets, is_text in rows:
        yield Known(kind, bytes.fromhex(octets), is_text)
