"""Firmware that presents something else than the pair that it runs with."""

from __future__ import annotations

import functools
import ssl
from collections.abc import Callable, Collection
from dataclasses import dataclass, replace

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from harness.emulator.conduct import Conduct, EthernetPort
from harness.emulator.pair import FACTORY, Contexts, Pair, new_context
from harness.emulator.skin import TlsSettings
from harness.emulator.store import Store


class OldPairAfterRestart(Conduct):
    def serves_after_start(self, served: Pair | None, store: Store) -> Pair | None:
        return served


class NewPairBeforeRestart(Conduct):
    def serves_after_change(self, serving: Pair | None, store: Store) -> Pair | None:
        return store.stored


class RemovalAtOnce(Conduct):
    def serves_after_change(self, serving: Pair | None, store: Store) -> Pair | None:
        return FACTORY if store.stored.is_factory else serving


@dataclass(frozen=True)
class AltersPair(Conduct):
    """Serves a pair of its own making, never the factory pair."""

    altered: Callable[[Pair], Pair]

    def serves_after_start(self, served: Pair | None, store: Store) -> Pair | None:
        return store.running if store.running.is_factory else self.altered(store.running)


@dataclass(frozen=True)
class OldPairHereAndThere(Conduct):
    """Presents what was served before the start: on these services and ports, to each connection that the divisor
    divides."""

    services: Collection[str]
    divisor: int = 1
    ports: Collection[EthernetPort] = frozenset(EthernetPort)

    def presents(self, service: str, port: EthernetPort, number: int, serving: Pair, before: Pair) -> Pair:
        is_old = service in self.services and port in self.ports and number % self.divisor == 0
        return before if is_old else serving


class ClosedAtPortB(Conduct):
    """From the first restart on."""

    def listens(self, service: str, port: EthernetPort, boots: int) -> bool:
        return service != "https" or port is EthernetPort.A or boots == 0


class FactoryPairAtFirst(Conduct):
    def presents(self, service: str, port: EthernetPort, number: int, serving: Pair, before: Pair) -> Pair:
        return FACTORY if number == 1 else serving


class ResumesOldSessions(Conduct):
    """The session cache outlives the pair: who was there before the restart is let in without seeing the new one."""

    def context(self, pair: Pair, settings: TlsSettings, before: Contexts | None) -> Contexts:
        newer = new_context(pair, settings)
        if before is None:
            return lambda: newer

        # Called once the session is found or not (OpenSSL 1.1.1 and later, final_server_name): a full handshake
        # goes on with the other context, a resumed one has no certificate.
        def go_on(connection: ssl.SSLObject, name: str | None, context: ssl.SSLContext) -> None:
            connection.context = newer

        before().sni_callback = go_on
        return before


class AsksForCertificates(Conduct):
    """And goes on without one."""

    def context(self, pair: Pair, settings: TlsSettings, before: Contexts | None) -> Contexts:
        context = new_context(pair, settings)
        if not pair.is_factory:
            context.verify_mode = ssl.CERT_OPTIONAL
        return lambda: context


class NoHandshake(Conduct):
    """Offers only suites for another type of key than the pair's: no handshake is ever completed."""

    def context(self, pair: Pair, settings: TlsSettings, before: Contexts | None) -> Contexts:
        context = new_context(pair, settings)
        if not pair.is_factory:
            context.set_ciphers("ECDHE-ECDSA-AES128-SHA:@SECLEVEL=0")
        return lambda: context


def chain(made: Callable[[tuple[bytes, ...]], tuple[bytes, ...]]) -> Callable[[Pair], Pair]:
    """What follows the leaf, made anew."""
    return lambda pair: replace(pair, certificates=(pair.leaf, *made(pair.certificates[1:])))


@functools.lru_cache(8)
def lookalike(pair: Pair) -> Pair:
    """A certificate of the same subject, issuer and dates, for a key of its own."""
    original = x509.load_der_x509_certificate(pair.leaf)
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    certificate = (
        x509.CertificateBuilder(
            issuer_name=original.issuer,
            subject_name=original.subject,
            public_key=key.public_key(),
            serial_number=original.serial_number,
            not_valid_before=original.not_valid_before_utc,
            not_valid_after=original.not_valid_after_utc,
        )
    ).sign(key, hashes.SHA256())
    return Pair(
        (certificate.public_bytes(Encoding.DER), *pair.certificates[1:]),
        key.private_bytes(Encoding.PEM, PrivateFormat.TraditionalOpenSSL, NoEncryption()),
    )
