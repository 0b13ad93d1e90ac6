"""A certificate chain with its key, as the unit serves it."""

from __future__ import annotations

import functools
import os
import re
import ssl
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from importlib import resources

from certstore import Credential
from harness.emulator.skin import TlsSettings


class PairUnloadable(Exception):
    """The TLS library does not take the pair."""


@dataclass(frozen=True)
class Pair:
    """Certificates in DER, leaf first, and the key in PEM; whether they fit is the TLS library's to say."""

    certificates: tuple[bytes, ...]
    private_key: bytes = field(repr=False)

    @classmethod
    def of(cls, credential: Credential | None) -> Pair:
        """None is the factory pair."""
        return FACTORY if credential is None else _pair_of(credential)

    @property
    def leaf(self) -> bytes:
        return self.certificates[0]

    @property
    def is_factory(self) -> bool:
        return self == FACTORY

    def without_intermediates(self) -> Pair:
        return replace(self, certificates=self.certificates[:1])


def _factory() -> Pair:
    # One file for all units, key and all: every real unit leaves the factory with the same pair too (device-reference
    # 2.1, mark D), so that this key protects nothing anywhere and is no secret.
    text = (resources.files("harness.emulator") / "factory.pem").read_text(encoding="ascii")
    blocks = re.findall(r"-----BEGIN [^-]+-----.*?-----END [^-]+-----\n", text, re.DOTALL)
    certificate, private_key = blocks
    return Pair((ssl.PEM_cert_to_DER_cert(certificate),), private_key.encode())


FACTORY = _factory()

Contexts = Callable[[], ssl.SSLContext]
"""What gives the context for one more connection."""

REMEMBERED = 32


# Every page and every answer of the API asks what is stored.
@functools.lru_cache(REMEMBERED)
def _pair_of(credential: Credential) -> Pair:
    return Pair(credential.certificates, credential.private_key_pem())


# A context takes 18 KB and 0.8 ms, a fraction of a handshake: of a thousand units none keeps its own.
@functools.lru_cache(REMEMBERED)
def context_for(pair: Pair, settings: TlsSettings) -> ssl.SSLContext:
    """A server context that presents `pair`, shared by whoever serves the same. Raises PairUnloadable."""
    return new_context(pair, settings)


def new_context(pair: Pair, settings: TlsSettings) -> ssl.SSLContext:
    """As `context_for`, but never shared."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    # First of all: at a higher security level loading a small key or an old signature fails.
    context.set_ciphers(f"{settings.ciphers}:@SECLEVEL=0")
    context.minimum_version = _version(settings.minimum)
    context.maximum_version = _version(settings.maximum)
    certificates = "".join(ssl.DER_cert_to_PEM_cert(certificate) for certificate in pair.certificates)
    # load_cert_chain reads files only. This one has no name and is gone when its descriptor is.
    descriptor = os.memfd_create("pair")
    try:
        os.write(descriptor, certificates.encode() + pair.private_key)
        context.load_cert_chain(f"/proc/self/fd/{descriptor}")
    except ssl.SSLError as error:
        raise PairUnloadable(error.reason or "unreadable") from None
    finally:
        os.close(descriptor)
    return context


def _version(name: str) -> ssl.TLSVersion:
    return ssl.TLSVersion[name.replace(".", "_")]
