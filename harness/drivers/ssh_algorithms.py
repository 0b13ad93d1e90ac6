"""What is agreed on with an SSH server: what OpenSSH's client offers today, and, where the lab file says that a
server is old, what servers before about 2012 need.

paramiko 5 has left the old ones out; they are put back here, for the servers that are said to be old and no others.
"""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import sha1
from typing import ClassVar

import paramiko
from cryptography.hazmat.primitives import hashes
from paramiko.kex_gex import KexGexSHA256
from paramiko.kex_group14 import KexGroup14SHA256


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


OLD_KEX = {kex.name: kex for kex in (KexGexSHA1, KexGroup14SHA1, KexGroup1SHA1)}
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
