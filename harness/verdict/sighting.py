"""What is seen of one TLS port: each thing is looked at when it is first asked for, and once."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

from cryptography import x509

from harness.deadline import Deadline
from harness.errors import BenchError, UnitError
from harness.tls.handshake import Endpoint, Handshake, HandshakeFailed, take_handshake
from harness.tls.stacks import LegacyMissing
from harness.verdict.certificates import read_certificate
from harness.verdict.flight import Malformed
from harness.verdict.hello import ClientHello, Suite, Version, suites
from harness.verdict.probe import Reply, probe
from harness.verdict.rsa_exchange import Completed, complete
from harness.verdict.visit import Page, Resumption, fetch, try_resumption


class Unmeasurable(Exception):
    """A check cannot be answered; the text says why."""


class Sighting:
    """A TLS port under examination. Its properties raise Unmeasurable where the unit did not show that."""

    def __init__(self, endpoint: Endpoint, name: str | None, deadline: Deadline) -> None:
        """`name` is what server_name says where one is said; None where only an address is known."""
        self.endpoint = endpoint
        self.name = name
        self.replies: dict[Version, Reply] = {}
        self._deadline = deadline

    def ask(self, hello: ClientHello) -> Reply:
        """Raises Unmeasurable where the port, open before, no longer accepts a connection."""
        try:
            return probe(self.endpoint, hello, self._deadline)
        except BenchError as error:
            raise Unmeasurable(str(error)) from error

    def reach(self) -> None:
        """The unit has been asked for every version. Raises BenchError where there is no TCP connection at all."""
        for version in Version:
            self.replies[version] = probe(self.endpoint, ClientHello.offering_all(version), self._deadline)

    @property
    def versions(self) -> tuple[Version, ...]:
        """Those that the unit speaks, lowest first."""
        return tuple(version for version in Version if self.replies[version].speaks)

    @property
    def readable(self) -> tuple[Reply, ...]:
        """Replies that show the whole flight, highest version first: those of SSL 3.0 to TLS 1.2."""
        found = (self.replies[version] for version in reversed(self.versions))
        return tuple(reply for reply in found if reply.chain is not None)

    @functools.cached_property
    def handshake(self) -> Handshake:
        """A whole handshake, at the highest version of both: by the standard library, or by the extra `legacy`."""
        try:
            return take_handshake(self.endpoint, self._deadline)
        except (HandshakeFailed, BenchError, LegacyMissing) as error:
            raise Unmeasurable(str(error)) from error

    def exchange_keys(self) -> Completed:
        """RSA key exchange to its end, at the highest version that shows its chain."""
        if not self.readable:
            raise Unmeasurable("it shows no chain up to TLS 1.2")
        try:
            return complete(self.endpoint, self.readable[0].offered.version, self._deadline)
        except (Malformed, BenchError) as error:
            raise Unmeasurable(str(error)) from error

    @functools.cached_property
    def chain(self) -> tuple[bytes, ...]:
        """DER, as served; at least the leaf. By the highest version that shows it unencrypted, else by TLS 1.3."""
        if self.readable:
            chain = self.readable[0].chain or ()
        elif self.versions:
            chain = self.handshake.presented_chain
        else:
            raise Unmeasurable("it speaks no version of TLS")
        if not chain:
            raise Unmeasurable("it presents no certificate")
        return chain

    @property
    def chains(self) -> Iterator[tuple[str, tuple[bytes, ...]]]:
        """Every way of asking, and the chain that is served then."""
        for reply in self.readable:
            yield reply.offered.version.title, reply.chain or ()
        if Version.TLS_1_3 in self.versions:
            yield "TLS 1.3", self.handshake.presented_chain
        if self.named is not None and self.named.chain is not None:
            yield f"server_name {self.name}", self.named.chain

    @functools.cached_property
    def certificates(self) -> tuple[x509.Certificate, ...]:
        """The chain, parsed."""
        try:
            return tuple(
                read_certificate(der, f"certificate {number} of the chain")
                for number, der in enumerate(self.chain, 1)
            )
        except Malformed as error:
            raise Unmeasurable(str(error)) from error

    @functools.cached_property
    def named(self) -> Reply | None:
        """The reply to a hello with server_name; None where there is no name to say, or no version to say it in."""
        spoken = [reply.offered.version for reply in self.readable if reply.offered.version > Version.SSL_3_0]
        if self.name is None or not spoken:
            return None
        return self.ask(ClientHello.offering_all(spoken[0], self.name))

    @functools.cached_property
    def stapled(self) -> bytes | None:
        """The OCSP response that comes when it is asked for."""
        spoken = [reply.offered.version for reply in self.readable if reply.offered.version > Version.SSL_3_0]
        if not spoken:
            raise Unmeasurable("only TLS 1.0 to 1.2 show a stapled answer unencrypted, and it speaks none of them")
        return self.ask(ClientHello.offering_all(spoken[0], self.name, asks_status=True)).stapled

    @functools.cached_property
    def suites(self) -> dict[Version, tuple[Suite, ...]]:
        """What the unit accepts, in its order where it has one: a connection for each suite, and one more."""
        return {version: tuple(self._accepted(version)) for version in self.versions}

    def _accepted(self, version: Version) -> Iterator[Suite]:
        hello = ClientHello.offering_all(version)
        while hello.suites:
            reply = self.ask(hello)
            if not reply.speaks or reply.hello is None or reply.hello.suite not in hello.suites:
                return
            yield suites()[reply.hello.suite]
            hello = replace(hello, suites=tuple(s for s in hello.suites if s != reply.hello.suite))

    def offering(self, chosen: Callable[[Suite], bool]) -> Reply | None:
        """The reply to these suites alone, by the highest version that shows them; None where all are refused."""
        for reply in self.readable:
            version = reply.offered.version
            offered = tuple(s.number for s in suites().values() if s.fits(version) and chosen(s))
            found = self.ask(ClientHello(version, offered))
            if found.speaks and found.key_exchange is not None:
                return found
        return None

    @functools.cached_property
    def page(self) -> Page:
        return self.get("/")

    def get(self, path: str) -> Page:
        """One page over HTTPS. Raises Unmeasurable."""
        try:
            return fetch(self.endpoint, path, self._deadline)
        except (UnitError, BenchError) as error:
            raise Unmeasurable(str(error)) from error

    @functools.cached_property
    def resumption(self) -> Resumption:
        try:
            return try_resumption(self.endpoint, self._deadline)
        except (UnitError, BenchError) as error:
            raise Unmeasurable(str(error)) from error

    def handshakes(self, count: int) -> list[Handshake | str]:
        """`count` whole handshakes, the first half one by one, the rest at once: each, or why there is none."""
        one_by_one = [self._try_handshake() for _ in range(count // 2)]
        with ThreadPoolExecutor(max(1, count - count // 2)) as pool:
            at_once: Iterable[Handshake | str] = pool.map(lambda _: self._try_handshake(), range(count - count // 2))
            return [*one_by_one, *at_once]

    def _try_handshake(self) -> Handshake | str:
        try:
            return take_handshake(self.endpoint, self._deadline)
        except (HandshakeFailed, BenchError, LegacyMissing) as error:
            return str(error)
