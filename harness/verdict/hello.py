"""ClientHello, SSLv3 to TLS 1.3, as bytes (RFC 6101 5.6.1.2, RFC 5246 7.4.1.2, RFC 8446 4.1.2 = RFC 9846 4.1.2)."""

from __future__ import annotations

import enum
import functools
import secrets
import tomllib
from collections.abc import Iterable
from dataclasses import dataclass, field
from importlib import resources


class Version(enum.IntEnum):
    """Protocol versions by their number on the wire."""

    SSL_3_0 = 0x0300
    TLS_1_0 = 0x0301
    TLS_1_1 = 0x0302
    TLS_1_2 = 0x0303
    TLS_1_3 = 0x0304

    @property
    def title(self) -> str:
        return "SSL 3.0" if self is Version.SSL_3_0 else f"TLS 1.{self - 0x0301}"


WEAK_PARTS = ("NULL", "anon", "EXPORT", "RC4", "RC2", "_DES_", "DES40", "3DES", "IDEA")


@dataclass(frozen=True)
class Suite:
    """A cipher suite of the IANA registry, its name without `TLS_`."""

    number: int
    name: str

    @property
    def is_tls_1_3(self) -> bool:
        return self.number >> 8 == 0x13

    @property
    def exchange(self) -> str:
        """`RSA`, `DHE_RSA`, ... or "" for TLS 1.3, whose suites leave it open."""
        return self.name.rpartition("_WITH_")[0]

    @property
    def is_weak(self) -> bool:
        """RFC 7465 (RC4), RFC 9325 4.1 (NULL, anonymous, export, below 112 bits), SWEET32 (blocks of 64 bits)."""
        return any(part in self.name for part in WEAK_PARTS)

    @property
    def rank(self) -> int:
        """Lower is asked for first: what signs, so that the key is proven; without a certificate last."""
        if "anon" in self.exchange:
            return 3
        if self.is_weak:
            return 2
        return int(self.exchange == "RSA")

    def fits(self, version: Version) -> bool:
        """Whether a server may choose it in this version: AEAD and SHA-2 came with TLS 1.2 (RFC 5246, RFC 5288)."""
        if self.is_tls_1_3 or version is Version.TLS_1_3:
            return self.is_tls_1_3 and version is Version.TLS_1_3
        return version is Version.TLS_1_2 or not self.name.endswith(("SHA256", "SHA384", "CCM", "CCM_8"))


@functools.cache
def suites() -> dict[int, Suite]:
    """Every suite that is asked for, by number."""
    table = tomllib.loads(resources.files("harness.verdict").joinpath("suites.toml").read_text(encoding="ascii"))
    rows = (line.split() for line in table["suites"].split("\n") if line)
    return {int(number, 16): Suite(int(number, 16), name) for number, name in rows}


@functools.cache
def offered(version: Version) -> tuple[int, ...]:
    """All that a server may choose from in this version. Servers without an order of their own follow this one."""
    fitting = (suite for suite in suites().values() if suite.fits(version))
    return tuple(suite.number for suite in sorted(fitting, key=lambda suite: suite.rank))


RENEGOTIATION_SCSV = 0x00FF
"""Says RFC 5746 without an extension, which SSLv3 servers would choke on (RFC 5746 3.3)."""

EXTENDED_MASTER_SECRET = 0x0017
RENEGOTIATION_INFO = 0xFF01
SUPPORTED_VERSIONS = 0x002B
SESSION_TICKET = 0x0023
STATUS_REQUEST = 0x0005
PADDING = 0x0015

# P-256, P-384, P-521, X25519 and two that old firmware knows alone (RFC 8422 5.1.1): secp256k1, secp224r1.
GROUPS = (29, 23, 24, 25, 22, 21)
# TLS 1.3 has others, X448 and those of RFC 7919 among them; servers may refuse a hello for 1.3 alone that names what
# it has not (RFC 8446 4.2.7).
GROUPS_OF_1_3 = (29, 23, 24, 25, 30, 256, 257, 258, 259, 260)
# RSA-PKCS1 and ECDSA with SHA-256/384/512/1/224 and MD5, RSA-PSS, DSA with SHA-1: whoever checks is we, not OpenSSL.
SIGNATURES = (0x0401, 0x0501, 0x0601, 0x0403, 0x0503, 0x0603, 0x0804, 0x0805, 0x0806, 0x0201, 0x0203, 0x0202, 0x0101)


@dataclass(frozen=True)
class ClientHello:
    """What we say first. `bytes(hello)` is a whole record."""

    version: Version
    suites: tuple[int, ...]
    name: str | None = None
    """Host name for server_name; None to leave it out (an address is none: RFC 6066 3)."""
    asks_status: bool = False
    is_bare: bool = False
    """Leaves out extended master secret and tickets: the master secret is then made as it always was."""
    random: bytes = field(default_factory=lambda: secrets.token_bytes(32), repr=False)

    @classmethod
    def offering_all(cls, version: Version, name: str | None = None, *, asks_status: bool = False) -> ClientHello:
        """One that any server which speaks `version` can answer."""
        return cls(version, offered(version), name, asks_status)

    def __bytes__(self) -> bytes:
        message = self._message(b"")
        if self.version > Version.SSL_3_0 and 0x100 <= len(message) < 0x200:
            # There are servers that hang on hellos of this length (RFC 7685 4).
            message = self._message(PADDING.to_bytes(2, "big") + _vector(bytes(max(1, 0x200 - len(message) - 4))))
        # The record's own version is what the oldest server that may be meant accepts (RFC 5246 E.1).
        return b"\x16" + min(self.version, Version.TLS_1_0).to_bytes(2, "big") + _vector(message)

    def _message(self, padding: bytes) -> bytes:
        legacy = min(self.version, Version.TLS_1_2)
        listed = self.suites if self.version is Version.TLS_1_3 else (*self.suites, RENEGOTIATION_SCSV)
        body = legacy.to_bytes(2, "big") + self.random
        # TLS 1.3 servers behave as middle boxes expect where there is a session id (RFC 8446 D.4).
        body += _short(self.random if self.version is Version.TLS_1_3 else b"")
        body += _numbers(listed) + b"\x01\x00"
        if self.version > Version.SSL_3_0:
            extensions = (kind.to_bytes(2, "big") + _vector(data) for kind, data in self._extensions())
            body += _vector(b"".join(extensions) + padding)
        return b"\x01" + len(body).to_bytes(3, "big") + body

    def _extensions(self) -> Iterable[tuple[int, bytes]]:
        if self.name is not None:
            yield 0x0000, _vector(b"\x00" + _vector(self.name.encode("idna")))
        if self.asks_status:
            yield STATUS_REQUEST, b"\x01\x00\x00\x00\x00"
        yield 0x000A, _numbers(GROUPS_OF_1_3 if self.version is Version.TLS_1_3 else GROUPS)
        yield 0x000B, b"\x01\x00"
        if self.version >= Version.TLS_1_2:
            yield 0x000D, _numbers(SIGNATURES)
        if self.version is Version.TLS_1_3:
            yield SUPPORTED_VERSIONS, _short(Version.TLS_1_3.to_bytes(2, "big"))
            # No share: the server asks for one, which shows version and suite, and costs nobody any arithmetic.
            yield 0x0033, _vector(b"")
        elif not self.is_bare:
            yield EXTENDED_MASTER_SECRET, b""
            yield SESSION_TICKET, b""


def _short(data: bytes) -> bytes:
    return bytes((len(data),)) + data


def _vector(data: bytes) -> bytes:
    return len(data).to_bytes(2, "big") + data


def _numbers(numbers: Iterable[int]) -> bytes:
    return _vector(b"".join(number.to_bytes(2, "big") for number in numbers))
