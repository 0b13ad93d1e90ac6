"""Which host keys SSH servers are expected to have: those that the user's own ssh knows, and those met before.

A server that nobody knows is trusted on first use; its key is recorded, which is told. One that has become another is
not spoken to.
"""

from __future__ import annotations

import base64
import binascii
import fcntl
import hashlib
import hmac
import os
from collections.abc import Iterator
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from typing import TextIO

from harness.errors import BenchError

FILES = (Path("~/.ssh/known_hosts"), Path("/etc/ssh/ssh_known_hosts"))
"""Those of OpenSSH's client (ssh_config(5), UserKnownHostsFile and GlobalKnownHostsFile)."""
HASHED = "|1|"
REVOKED = "@revoked"


class HostKeyChanged(BenchError):
    """The server shows another key than it is known by. Nothing was sent to it."""


@dataclass(frozen=True)
class HostKey:
    """The public key of a server, as a line of a known_hosts file has it (sshd(8), SSH_KNOWN_HOSTS FILE FORMAT)."""

    kind: str
    """`ssh-ed25519`, `ssh-rsa` …"""
    blob: bytes
    file: Path | None = None
    """Where it is written."""
    is_revoked: bool = False

    @property
    def fingerprint(self) -> str:
        """As ssh-keygen shows it."""
        return "SHA256:" + base64.b64encode(hashlib.sha256(self.blob).digest()).decode().rstrip("=")

    def __str__(self) -> str:
        return f"{self.fingerprint} ({self.kind.removeprefix('ssh-').partition('-sha2-')[0]})"


class KnownHosts:
    """The keys that are expected here; what is taken on trust is kept in a file of `state_dir`."""

    def __init__(self, state_dir: Path | None) -> None:
        """Without `state_dir`, what is met is forgotten."""
        self._own = None if state_dir is None else state_dir / "known_hosts"
        self._notices: list[str] = []

    @property
    def notices(self) -> tuple[str, ...]:
        """What was taken on trust, a sentence each."""
        return tuple(self._notices)

    def expected(self, host: str, port: int, through: str) -> tuple[HostKey, ...]:
        """Those of a server, and those revoked for it; `through` is the gateway behind which it is. Raises BenchError
        where a file cannot be read."""
        own = [] if self._own is None else list(_keys(self._own, _name(host, port, through)))
        return (*own, *(key for file in FILES for key in _keys(file.expanduser(), _name(host, port, ""))))

    def check(self, where: str, host: str, port: int, through: str, shown: HostKey) -> None:
        """The server is known by the key that it shows, or is met for the first time: then it is known from now on.

        Raises HostKeyChanged otherwise, and BenchError where a file cannot be read or written.
        """
        if self._is_known(where, self.expected(host, port, through), shown, _name(host, port, through)):
            return
        if self._own is None:
            return
        try:
            self._own.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            descriptor = os.open(self._own, os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
            with os.fdopen(descriptor, "a", encoding="utf-8") as file:
                fcntl.flock(file, fcntl.LOCK_EX)
                # Another process may have met it in between.
                if self._is_known(
                    where, self.expected(host, port, through), shown, name := _name(host, port, through)
                ):
                    return
                _append(file, name, shown)
        except OSError as error:
            raise BenchError(f"{self._own}: the host key cannot be kept: {error.strerror}") from error
        self._notices.append(
            f"{where}: the host key {shown} is trusted on first use, and expected from now on ({self._own})"
        )

    def _is_known(self, where: str, expected: tuple[HostKey, ...], shown: HostKey, name: str) -> bool:
        """Whether it is; False for a server that nobody knows. Raises HostKeyChanged."""
        if revoked := next((key for key in expected if key.is_revoked and key.blob == shown.blob), None):
            raise HostKeyChanged(
                f"{where}: its host key {shown} is revoked by {revoked.file}: nothing was sent to it"
            )
        valid = [key for key in expected if not key.is_revoked]
        if any(key.blob == shown.blob for key in valid):
            return True
        if not valid:
            return False
        known = next((key for key in valid if key.kind == shown.kind), valid[0])
        named = name if known.file == self._own else name.partition("@")[0]
        raise HostKeyChanged(
            f"{where}: its host key is {shown}, and {known} is expected, by {known.file}; nothing was sent to it:"
            f" find out why it has changed; if it is right: ssh-keygen -R '{named}' -f {known.file}"
        )


def _name(host: str, port: int, through: str) -> str:
    """As known_hosts files have it. Behind a gateway addresses may be those of others elsewhere: there it is ours."""
    name = host if port == 22 else f"[{host}]:{port}"
    return f"{name}@{through}" if through else name


def _append(file: TextIO, name: str, key: HostKey) -> None:
    file.write(f"{name} {key.kind} {base64.b64encode(key.blob).decode()}\n")
    file.flush()
    os.fsync(file.fileno())


def _keys(file: Path, name: str) -> Iterator[HostKey]:
    """Those that a file has for this name; authorities (`@cert-authority`) are of no use here."""
    try:
        lines = file.read_text(encoding="utf-8", errors="replace").splitlines()
    except FileNotFoundError:
        return
    except OSError as error:
        raise BenchError(f"{file}: known host keys cannot be read: {error.strerror}") from error
    for line in lines:
        fields = line.split()
        marker = fields.pop(0) if line.startswith("@") else ""
        if len(fields) < 3 or marker not in ("", REVOKED) or not _is_of(fields[0], name):
            continue
        try:
            yield HostKey(fields[1], base64.b64decode(fields[2], validate=True), file, marker == REVOKED)
        except binascii.Error:
            continue


def _is_of(patterns: str, name: str) -> bool:
    """Whether the first field of a line names this host: hashed, or by patterns, of which `!` takes some out."""
    if patterns.startswith(HASHED):
        return _is_hashed(patterns, name)
    # In brackets there is a port, and no set of characters, which OpenSSH's patterns do not have either.
    wanted = [(part.removeprefix("!").replace("[", "[[]"), part.startswith("!")) for part in patterns.split(",")]
    found = [is_out for pattern, is_out in wanted if fnmatchcase(name.lower(), pattern.lower())]
    return bool(found) and not any(found)


def _is_hashed(field: str, name: str) -> bool:
    try:
        salt, digest = (base64.b64decode(part, validate=True) for part in field.split("|")[2:4])
    except (binascii.Error, ValueError):
        return False
    return hmac.compare_digest(hmac.new(salt, name.encode(), hashlib.sha1).digest(), digest)
