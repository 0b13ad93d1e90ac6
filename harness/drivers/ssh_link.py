"""One connection to an SSH server: paramiko's, with what it leaves out."""

from __future__ import annotations

import threading
import time
from typing import Any, ClassVar

import paramiko
from paramiko.common import cMSG_CHANNEL_CLOSE
from paramiko.message import Message

from harness.drivers.ssh_algorithms import KINDS, OLD_KEX, SSH_RSA, OldRsaKey

NO_ALGORITHMS = ("ext-info-", "kex-strict-")
"""In the list of key exchanges, marks of what else a server can do (RFC 8308 2.1)."""


class Refused(Exception):
    """The server did not open a channel (RFC 4254 5.1)."""

    def __init__(self, code: int, words: str) -> None:
        super().__init__(code, words)
        self.code = code
        self.words = words


class Link(paramiko.Transport):
    """One connection to an SSH server."""

    # Not in its published types; the bound of paramiko in pyproject.toml is for them.
    _kex_info: ClassVar = {
        **paramiko.Transport._kex_info,  # type: ignore[attr-defined]
        **OLD_KEX,
    }
    _key_info: ClassVar = {**paramiko.Transport._key_info, SSH_RSA: OldRsaKey}  # type: ignore[attr-defined]

    def __init__(self, connection: Any, known: tuple[str, ...], *, old: bool) -> None:
        """`known` are the kinds of host keys that the server is known by: they are asked for first."""
        super().__init__(connection)
        self._old = old
        self._opening = threading.local()
        self._refused: dict[int, Refused] = {}
        self.ended_at = 0.0
        """By time.monotonic, once it is no longer active."""
        self._offered: dict[str, list[str]] = {}
        ours = self.get_security_options()
        for kind in KINDS:
            wanted = [name for name in getattr(ours, kind.ours) if name not in kind.old]
            if old:
                wanted += kind.old
            setattr(ours, kind.ours, tuple(wanted))
        first = {signature for kind in known for signature in _signatures(kind)}
        ours.key_types = tuple(sorted(ours.key_types, key=lambda name: name not in first))

    @property
    def preferred_pubkeys(self) -> tuple[str, ...]:
        ours = tuple(super().preferred_pubkeys)
        if not self._old:
            return ours
        # Who does not tell what signatures it takes (RFC 8308 3.1) is of the time when there was one of RSA.
        return (*(name for name in ours if self.knows_new_signatures or "rsa" not in name), SSH_RSA)

    @property
    def knows_new_signatures(self) -> bool:
        """Whether it has said that it takes RSA signatures with SHA-2 from a user."""
        told: dict[str, bytes] = self.server_extensions  # type: ignore[attr-defined]
        return b"rsa-sha2-" in told.get("server-sig-algs", b"")

    def what_is_lacking(self) -> str:
        """Why nothing could be agreed on, and what helps; empty where something could, or nothing was heard."""
        for kind in KINDS:
            theirs = self._offered.get(f"{kind.offered}_list", [])
            if not theirs or set(theirs) & set(getattr(self.get_security_options(), kind.ours)):
                continue
            helps = any(name in kind.old for name in theirs) and not self._old
            remedy = "if it cannot be upgraded, set old_ssh = true in its table" if helps else "nobody here does"
            named = [name for name in theirs if not name.startswith(NO_ALGORITHMS)]
            return f"it knows only {', '.join(named[:6])}: {remedy}"
        return ""

    def forward(self, address: str, port: int, seconds: float) -> paramiko.Channel:
        """A channel to a port behind the server (RFC 4254 7.2).

        Raises Refused; TimeoutError where no answer comes; SSHException, OSError or EOFError where the connection is
        broken.
        """
        try:
            return self.open_channel("direct-tcpip", (address, port), ("127.0.0.1", 0), timeout=seconds)
        except (paramiko.SSHException, OSError, EOFError) as error:
            if refused := self._refused.pop(self._opening.number, None):
                raise refused from error
            if self.is_active() and not isinstance(error, paramiko.ChannelException):
                raise TimeoutError(f"no answer in {seconds:g} s") from error
            raise

    def run(self) -> None:
        try:
            super().run()
        finally:
            self.ended_at = time.monotonic()

    # Of channels that are refused, paramiko keeps the last one's code, for whoever asks first; it drops the words.

    def _next_channel(self) -> int:
        self._opening.number = super()._next_channel()  # type: ignore[misc]
        return int(self._opening.number)

    def _parse_channel_open_failure(self, m: Message) -> None:
        at = m.packet.tell()
        number, code, words = m.get_int(), m.get_int(), m.get_text()
        self._refused[number] = Refused(code, words)
        m.packet.seek(at)
        super()._parse_channel_open_failure(m)  # type: ignore[misc]

    def _parse_channel_open_success(self, m: Message) -> None:
        at = m.packet.tell()
        number, theirs = m.get_int(), m.get_int()
        m.packet.seek(at)
        super()._parse_channel_open_success(m)  # type: ignore[misc]
        if self._channels.get(number) is None:  # type: ignore[attr-defined]
            # Nobody waits for it any more; the server would keep it, and its connection, for good.
            close = Message()
            close.add_byte(cMSG_CHANNEL_CLOSE)
            close.add_int(theirs)
            self._send_user_message(close)  # type: ignore[attr-defined]

    def _parse_kex_init(self, m: Message) -> None:
        at = m.packet.tell()
        self._offered = self._really_parse_kex_init(m)  # type: ignore[attr-defined]
        m.packet.seek(at)
        super()._parse_kex_init(m)  # type: ignore[misc]


def _signatures(kind: str) -> tuple[str, ...]:
    """By which a host key of this kind may sign."""
    return ("rsa-sha2-512", "rsa-sha2-256", SSH_RSA) if kind == "ssh-rsa" else (kind,)
