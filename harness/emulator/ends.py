"""The unit's own end of each connection that reaches it: what answers on the port of a service."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Callable
from typing import TYPE_CHECKING

from harness.emulator import snmp
from harness.emulator.audit import AuditSeverity, Module
from harness.emulator.client_certificates import asking_context
from harness.emulator.conduct import EthernetPort
from harness.emulator.connection import ConnectionFactory, HttpFactory, PlainConnection, Register, TlsConnection
from harness.emulator.ftp import Ftp, FtpConnection
from harness.emulator.impairment import Impaired, Silent
from harness.emulator.lifecycle import State
from harness.emulator.pair import FACTORY, Pair, context_for
from harness.emulator.reasons import Reason, in_words
from harness.emulator.sip import SipConnection
from harness.emulator.turnstile import Turnstile
from harness.emulator.users import LoginRefused

if TYPE_CHECKING:
    from harness.emulator.unit import EmulatedUnit


class ServiceEnds:
    """Those of one unit."""

    def __init__(self, unit: EmulatedUnit, http: HttpFactory, turnstile: Turnstile) -> None:
        self._unit = unit
        self._http = http
        self._turnstile = turnstile
        self._handshakes = 0
        self._arrivals = 0
        self._served_before: Pair = FACTORY

    def started(self, served: Pair) -> None:
        """The unit has started anew; `served` is what it presented until then."""
        self._handshakes, self._served_before = 0, served

    def of(self, service: str, address: str) -> ConnectionFactory | None:
        """What answers on a service's port at one address, over the network as it is; None where nothing does."""
        end = self._end_of(service, address)
        return None if end is None else lambda register: self._impaired(end, register)

    def _impaired(self, end: ConnectionFactory, register: Register) -> asyncio.Protocol:
        unit = self._unit
        if not unit.faults.on_the_network:
            return end(register)
        self._arrivals += 1
        return Silent(register) if unit.faults.loses(self._arrivals) else Impaired(end(register), unit.faults)

    def _end_of(self, service: str, address: str) -> ConnectionFactory | None:
        """The unit's own end of a connection."""
        unit = self._unit
        port = EthernetPort.A if address == unit.blueprint.address else EthernetPort.B
        if not unit.conduct.listens(service, port, unit.boots):
            return None
        has_key = unit.has_https_key or not unit.conduct.needs_key(service)
        match service:
            case "http":
                return lambda register: PlainConnection(self._http(), register)
            case "https" if has_key and unit.serving is not None:
                return lambda register: self._tls(service, port, self._http, register)
            # The same key and the same pair (device-reference 4 and 8, mark D).
            case "sips_tcp" if has_key and unit.serving is not None:
                return lambda register: self._tls(service, port, self._sip, register)
            case "ftp":
                return lambda register: PlainConnection(self._ftp(), register)
        return None

    def mailbox(self, service: str) -> Callable[[bytes], bytes | None] | None:
        """What answers the datagrams of a service; None where nothing does."""
        return self._snmp if service == "snmp" else None

    def _snmp(self, request: bytes) -> bytes | None:
        identity = self._unit.identity
        facts = {"model": identity.model, "version": identity.software_version}
        try:
            return snmp.answer(request, self._unit.skin.snmp.description.format(**facts))
        except snmp.NotSnmp:
            return None

    def _tls(self, service: str, port: EthernetPort, behind: HttpFactory, register: Register) -> TlsConnection:
        return TlsConnection(lambda: self._context_for(service, port), behind, register, self._turnstile)

    def _ftp(self) -> FtpConnection:
        # Only here: what is restored is the unit, which has these ends.
        from harness.emulator.configuration import configuration
        from harness.emulator.restoring import restore

        unit = self._unit
        facts = {"model": unit.identity.model, "version": unit.identity.software_version}
        return FtpConnection(
            Ftp(
                address=unit.blueprint.address,
                greeting=unit.skin.ftp.greeting.format(**facts),
                may_log_in=self._may_use_ftp,
                backup=lambda: configuration(unit),
                restore=lambda content: restore(unit, content),
                restored=self._restored,
            )
        )

    def _restored(self) -> None:
        unit = self._unit
        unit.administration.audit.record(Module.FTP, AuditSeverity.WARNING, "the configuration has been restored")
        unit.restart(in_words(Reason.FTP, unit.skin.api.version))

    def _may_use_ftp(self, name: str, password: str) -> bool:
        unit = self._unit
        # Blocked where only a certificate logs in (2.4, mark D).
        if unit.administration.trust_in_use.client_security == "required":
            return False
        try:
            return unit.users.log_in(name, password.encode("latin-1")).is_administrator
        except LoginRefused as refused:
            unit.login_failed(refused, Module.FTP)
            return False

    def _sip(self) -> SipConnection:
        unit = self._unit
        return SipConnection(lambda: unit.state in (State.ACTIVE, State.BOOTING))

    def _context_for(self, service: str, port: EthernetPort) -> ssl.SSLContext:
        """For one more connection."""
        unit = self._unit
        assert unit.serving is not None, "nothing listens for TLS without a pair"
        self._handshakes += 1
        pair = unit.conduct.presents(service, port, self._handshakes, unit.serving, self._served_before)
        trust = unit.administration.trust_in_use
        if service == "https" and trust.asks_clients:
            # Made for each connection: the mode is rare, and a context takes a fraction of the handshake.
            return asking_context(pair, unit.skin.tls, trust)
        return unit.context() if pair is unit.serving else context_for(pair, unit.skin.tls)
