"""What is agreed on with an SSH server: what OpenSSH's client offers today, and, where the lab file says that a
server is old, what servers before about 2012 need.

paramiko 5 has left the old ones out; they are put back here, for the servers that are said to be old and no others.
"""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import sha1
from typing import Any, ClassVar

import paramiko
from cryptography.hazmat.primitives import hashes
from paramiko.kex_gex import KexGexSHA256
from paramiko.kex_group14 import KexGroup14SHA256
from paramiko.message import Message


class KexGroup14SHA1(KexGroup14SHA256):
    """RFC 4253 8.2."""

    name = "diffie-hellman-group14-sha1"
    hash_algo = sha1


class KexGroup1SHA1(KexGroup14SHA1):
    """RFC 4253 8.1, with the prime of RFC 2409 6.2."""

    name = "diffie-hellman-group1-sha1"
    P = int(
        "FFFFFFFFFFFFFFFFC90FDAA22168C234C4C6628B80DC1CD129024E088A67CC74020BBEA63B139B22514A08798E3404DDEF9519B3CD3A"
        "431B302B0A6DF25F14374FE1356D6D51C245E485B576625E7EC6F44C42E9A637ED6B0BFF5CB6F406B7EDEE386BFB5A899FA5AE9F2411"
        "7C4B1FE649286651ECE65381FFFFFFFFFFFFFFFF",
        16,
    )


class KexGexSHA1(KexGexSHA256):
    """RFC 4419 4.1."""

    name = "diffie-hellman-group-exchange-sha1"
    min_bits = 1024
    hash_algo = sha1


SSH_RSA = "ssh-rsa"
"""Here as the name of a signature: RSA with SHA-1 (RFC 4253 6.6)."""


class OldRsaKey(paramiko.RSAKey):
    """An RSA key that signs, and verifies what is signed, with SHA-1 too."""

    HASHES: ClassVar = {**paramiko.RSAKey.HASHES, SSH_RSA: hashes.SHA1}  # type: ignore[misc]


@dataclass(frozen=True)
class Kind:
    """One thing that the two sides agree on (RFC 4253 7.1), and what of it only old servers need."""

    offered: str
    """As paramiko names the server's list of it, without `_list`."""
    ours: str
    """As paramiko.SecurityOptions names our list of it."""
    old: tuple[str, ...]


KINDS = (
    Kind(
        "kex_algo",
        "kex",
        ("diffie-hellman-group-exchange-sha1", "diffie-hellman-group14-sha1", "diffie-hellman-group1-sha1"),
    ),
    Kind("server_key_algo", "key_types", (SSH_RSA,)),
    Kind("server_encrypt_algo", "ciphers", ("aes128-cbc", "aes192-cbc", "aes256-cbc", "3des-cbc")),
    Kind("server_mac_algo", "digests", ("hmac-md5", "hmac-sha1-96", "hmac-md5-96")),
)

NO_ALGORITHMS = ("ext-info-", "kex-strict-")
"""In the list of key exchanges, marks of what else a server can do (RFC 8308 2.1)."""


class Link(paramiko.Transport):
    """One connection to an SSH server."""

    # Not in its published types; the bound of paramiko in pyproject.toml is for them.
    _kex_info: ClassVar = {
        **paramiko.Transport._kex_info,  # type: ignore[attr-defined]
        **{kex.name: kex for kex in (KexGexSHA1, KexGroup14SHA1, KexGroup1SHA1)},
    }
    _key_info: ClassVar = {**paramiko.Transport._key_info, SSH_RSA: OldRsaKey}  # type: ignore[attr-defined]

    def __init__(self, connection: Any, known: tuple[str, ...], *, old: bool) -> None:
        """`known` are the kinds of host keys that the server is known by: they are asked for first."""
        super().__init__(connection)
        self._old = old
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

    def _parse_kex_init(self, m: Message) -> None:
        at = m.packet.tell()
        self._offered = self._really_parse_kex_init(m)  # type: ignore[attr-defined]
        m.packet.seek(at)
        super()._parse_kex_init(m)  # type: ignore[misc]


def _signatures(kind: str) -> tuple[str, ...]:
    """By which a host key of this kind may sign."""
    return ("rsa-sha2-512", "rsa-sha2-256", SSH_RSA) if kind == "ssh-rsa" else (kind,)
