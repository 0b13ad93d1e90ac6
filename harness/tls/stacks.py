"""Which TLS implementation reaches which server.

The standard library's first. Where what it says may come of a server's age, the server is asked by bare hellos what
it speaks; only one that speaks nothing that `ssl` has is given to tlslite-ng, which is in the extra `legacy`.
"""

from __future__ import annotations

import importlib
import ssl
import threading
import warnings
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from harness.deadline import Deadline
from harness.errors import BenchError, ConfigurationError

if TYPE_CHECKING:
    from harness.tls.handshake import Endpoint
    from harness.verdict.hello import Version

EXTRA = "pip install 'mcu-hil[legacy]'"


class Stack(StrEnum):
    """By the name of what is installed."""

    STANDARD = "ssl"
    LEGACY = "tlslite-ng"


class LegacyMissing(ConfigurationError):
    """The unit can be reached, by what is not installed."""


@dataclass(frozen=True)
class Choice:
    """What reaches one server, and why."""

    stack: Stack
    version: int = 0
    """Of the legacy stack: the number of the highest version that the server speaks by it."""
    speaks: str = ""
    """The version and suite that it chose."""

    def __str__(self) -> str:
        if self.stack is Stack.STANDARD:
            return ""
        return f"speaks nothing later than {self.speaks}: reached by {self.stack}"


@dataclass(frozen=True)
class Sign:
    """What `ssl` says of a handshake that failed, by its `reason`; "" stands for a connection that broke."""

    reason: str
    of_strangers: bool = False
    """It counts only of a server with which `ssl` has completed no handshake yet: restarts look like that too."""


SIGNS = (
    # It answered with SSL 3.0, or with what is no TLS record of a version that `ssl` has.
    Sign("UNSUPPORTED_PROTOCOL"),
    Sign("WRONG_SSL_VERSION"),
    Sign("WRONG_VERSION_NUMBER"),
    # Alerts 70, 40, 71 and 47 (RFC 5246 7.2.2): no version, or no suite, in common.
    Sign("TLSV1_ALERT_PROTOCOL_VERSION"),
    Sign("SSLV3_ALERT_HANDSHAKE_FAILURE"),
    Sign("TLSV1_ALERT_INSUFFICIENT_SECURITY"),
    Sign("SSLV3_ALERT_ILLEGAL_PARAMETER"),
    # It chose a suite that was not offered.
    Sign("UNKNOWN_CIPHER_RETURNED"),
    Sign("WRONG_CIPHER_RETURNED"),
    # It hung up on a hello that it did not understand, without a word.
    Sign("UNEXPECTED_EOF_WHILE_READING", of_strangers=True),
    Sign("", of_strangers=True),
)

LEGACY_SUITES = {
    # What tlslite-ng has for SSL 3.0 to TLS 1.2, by number, with the names of OpenSSL. AES is here for SSL 3.0.
    0x0004: "RC4-MD5",
    0x0005: "RC4-SHA",
    0x000A: "DES-CBC3-SHA",
    0x0016: "DHE-RSA-DES-CBC3-SHA",
    0x002F: "AES128-SHA",
    0x0033: "DHE-RSA-AES128-SHA",
    0x0035: "AES256-SHA",
    0x0039: "DHE-RSA-AES256-SHA",
    0xC011: "ECDHE-RSA-RC4-SHA",
    0xC012: "ECDHE-RSA-DES-CBC3-SHA",
    0xC013: "ECDHE-RSA-AES128-SHA",
    0xC014: "ECDHE-RSA-AES256-SHA",
}


class Choices:
    """What was found to reach each server, by everybody in this process."""

    def __init__(self) -> None:
        self._known: dict[Endpoint, Choice] = {}
        self._lock = threading.Lock()

    def of(self, endpoint: Endpoint) -> Choice | None:
        with self._lock:
            return self._known.get(endpoint)

    def uses_legacy(self, endpoint: Endpoint) -> Choice | None:
        """The choice, where it is the legacy stack."""
        known = self.of(endpoint)
        return known if known is not None and known.stack is Stack.LEGACY else None

    def reached(self, endpoint: Endpoint) -> None:
        """`ssl` has completed a handshake."""
        self.put(endpoint, Choice(Stack.STANDARD))

    def put(self, endpoint: Endpoint, choice: Choice) -> None:
        with self._lock:
            self._known[endpoint] = choice

    def forget(self, endpoint: Endpoint) -> None:
        """What reached it no longer does: the next handshake is tried by `ssl`, as the first was."""
        with self._lock:
            self._known.pop(endpoint, None)

    def reconsider(self, endpoint: Endpoint, failure: BaseException | None, deadline: Deadline) -> Choice | None:
        """The legacy stack, where `ssl` failed for the server's age; None where its failure stands.

        Raises LegacyMissing where that stack is not installed.
        """
        if not _is_sign(failure, is_stranger=self.of(endpoint) is None):
            return None
        choice = asked(endpoint, deadline)
        if choice.stack is Stack.STANDARD:
            return None
        if legacy_stack() is None:
            raise LegacyMissing(
                f"{endpoint}: speaks nothing later than {choice.speaks}, which needs the extra legacy: {EXTRA}"
            )
        self.put(endpoint, choice)
        return choice


CHOICES = Choices()


def _is_sign(failure: BaseException | None, *, is_stranger: bool) -> bool:
    if not isinstance(failure, OSError) or isinstance(failure, TimeoutError):
        return False
    reason = failure.reason if isinstance(failure, ssl.SSLError) else ""
    if isinstance(failure, ssl.SSLEOFError):
        reason = "UNEXPECTED_EOF_WHILE_READING"
    return any(sign.reason == reason and (is_stranger or not sign.of_strangers) for sign in SIGNS)


def legacy_stack() -> Any | None:
    """The module `tlslite.api`, imported now; None where it is not installed."""
    with warnings.catch_warnings():
        # Up to Python 3.11 it imports asyncore, which is deprecated and of no use here.
        warnings.simplefilter("ignore", DeprecationWarning)
        try:
            return importlib.import_module("tlslite.api")
        except ImportError:
            return None


def asked(endpoint: Endpoint, deadline: Deadline) -> Choice:
    """The stack for this server, by what it answers to bare hellos: three or so of them, and no key is agreed."""
    # The probe is built upon handshakes, which are chosen here.
    from harness.verdict.hello import ClientHello, Version, suites
    from harness.verdict.probe import probe

    def spoken(version: Version, offered: tuple[int, ...]) -> tuple[int, int] | None:
        """Version and suite that the server chooses; a server may answer with a version below that asked for."""
        with suppress(BenchError):
            answer = probe(endpoint, ClientHello(version, offered), deadline).hello
            if answer is not None and answer.suite in offered:
                return answer.version, answer.suite
        return None

    for version in _downwards(Version.TLS_1_2, Version.TLS_1_0):
        # What OpenSSL 3 is still built with; what it lacks is weak, but not all that is weak is lacking.
        modern = tuple(suite.number for suite in suites().values() if suite.fits(version) and not suite.is_weak)
        found = spoken(version, modern)
        if found and found[0] >= Version.TLS_1_0:
            return Choice(Stack.STANDARD)
    for version in _downwards(Version.TLS_1_2, Version.SSL_3_0):
        found = spoken(version, tuple(LEGACY_SUITES))
        if found and found[0] in [*Version]:
            title = Version(found[0]).title
            return Choice(Stack.LEGACY, found[0], f"{title} with {LEGACY_SUITES[found[1]]}")
    return Choice(Stack.STANDARD)


def _downwards(first: Version, last: Version) -> Iterator[Version]:
    return (version for version in sorted(type(first), reverse=True) if last <= version <= first)
