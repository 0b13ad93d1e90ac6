"""One emulated unit: its state, and what changes it. Pages and API ask and tell it; it knows neither."""

from __future__ import annotations

import asyncio
import logging
import random
import ssl
from collections.abc import Coroutine, Iterable

from certstore import Upload, UploadRefused
from certstore.flash import PAIR
from certstore.power import PowerCut, PowerCutFiles
from harness.emulator.administration import Administration
from harness.emulator.audit import AuditSeverity, Module
from harness.emulator.blueprint import FEATURE_KEYS, Blueprint
from harness.emulator.calls import Calls
from harness.emulator.client_certificates import Standing, certificate_of, user_of
from harness.emulator.conduct import Description, LogEntry
from harness.emulator.connection import HttpFactory
from harness.emulator.console import SerialConsole
from harness.emulator.console import texts as console_texts
from harness.emulator.crowd import Crowd
from harness.emulator.defects import conduct_of
from harness.emulator.ends import ServiceEnds
from harness.emulator.event_log import EventLog, LogEvent, Severity
from harness.emulator.faults import Faults
from harness.emulator.features import installed
from harness.emulator.feedback import Feedback
from harness.emulator.identity import Identity
from harness.emulator.lifecycle import Event, State, after, allows
from harness.emulator.listener import Listener, Mailbox, PortTaken
from harness.emulator.ocsp import objection
from harness.emulator.pair import FACTORY, Pair, PairUnloadable
from harness.emulator.reasons import Reason, in_words
from harness.emulator.services import Services
from harness.emulator.sessions import Sessions
from harness.emulator.skin import Skin
from harness.emulator.store import Store
from harness.emulator.syslog import forward
from harness.emulator.turnstile import Turnstile
from harness.emulator.upload_rules import firmware_of
from harness.emulator.users import LoginRefused, User
from harness.emulator.writing import Writing

log = logging.getLogger("harness.emulator")


QUICKLY_READ = 2**16
"""Octets: what takes less time to read than to hand to a thread."""

AS_FROM_FACTORY = ("admin", "")
"""Who administers a fresh unit, and the password (device-reference 3.4, mark D)."""


class EmulatedUnit:
    """Lives on one event loop; every method is called there."""

    def __init__(self, blueprint: Blueprint, skin: Skin, http: HttpFactory, turnstile: Turnstile) -> None:
        self.blueprint = blueprint
        self.skin = skin
        self.identity = Identity.of(blueprint, skin)
        self.conduct = conduct_of(blueprint.defect)
        self.clock = self.conduct.clock()
        self.administration = Administration(skin, blueprint.user, blueprint.password, self.clock.now)
        self.users = self.administration.users
        self.features = installed(blueprint, skin.features)
        """The feature keys that are installed, by name."""
        self.sessions = Sessions(self.skin.session, lambda: self.administration.security.idle_minutes)
        self.calls = Calls(skin.calls)
        self.feedback = Feedback(blueprint.address)
        self.crowd = Crowd()
        self.services = self._services_at_first()
        self.restart_log = [LogEntry(self.clock.restart_time, self.skin.reasons.cold_boot)]
        self.state = State.ACTIVE
        self.boots = 0
        self.console = SerialConsole(self)
        self.address_method = "DHCP"
        """How port A has got its address, as the console tells it."""
        self.events = EventLog(self.clock.now, self._tell)
        self.faults = Faults()
        self.suffer(blueprint.faults)
        self.flash = PowerCutFiles()
        self._writing: Writing | None = None
        """The last one."""
        self.store = self.conduct.blank_store(firmware_of(self.identity.software_version, skin.upload))
        self._described = Description(self.store.stored.leaf, key_matches=True)
        self.serving: Pair | None = FACTORY
        """What HTTPS presents; None where the pair could not be loaded."""
        self.context = self.conduct.context(FACTORY, self.skin.tls, None)
        """To present it with."""
        self._ends = ServiceEnds(self, http, turnstile)
        self._listeners: dict[str, list[Listener | Mailbox]] = {}
        """Of a service that is open, one at each address."""
        self._under_way: asyncio.Task[None] | None = None
        self._shut_down: LogEntry | None = None
        """Of the log, if the unit is switched off before it is restarted."""

    def _tell(self, event: LogEvent) -> None:
        self.console.log(str(event))
        forward(event, self.administration.syslog, self.skin.syslog, self.identity.host_name, self.blueprint.address)

    @property
    def has_https_key(self) -> bool:
        """HTTPS needs one of them (device-reference 6, mark D)."""
        return not self.features.isdisjoint(FEATURE_KEYS)

    def activate(self, feature: str) -> None:
        """Effective without a restart (device-reference 6, mark R)."""
        self.features |= {feature}
        self.announce("deviceStatusChanged")
        self._open(row.name for row in self.services.rows if row.name not in self._listeners)

    def announce(self, event: str) -> None:
        """To the receivers of feedback (device-reference 7.7)."""
        self.feedback.announce(event, self.administration.trust_in_use)

    @property
    def is_kept_by_calls(self) -> bool:
        """Whether it refuses to go down: somebody is in a call, and the unit is one that minds."""
        return self.skin.calls.at_shutdown == "refused" and bool(self.calls.participants)

    def login_failed(self, refused: LoginRefused, by: Module) -> None:
        """Somebody was not let in."""
        text = f"login refused: {refused.fault.value}"
        self.events.record(by.value.lower(), Severity.WARNING, text)
        self.administration.audit.record(by, AuditSeverity.WARNING, text)

    async def standing(self, peer: ssl.SSLObject | None, by: Module) -> tuple[Standing, User | None]:
        """How somebody on this connection may log in; `peer` is None without TLS. The user is told with CERTIFICATE.

        Where an OCSP server is to be asked about their certificate, that is done first.
        """
        trust, certificate = self.administration.trust_in_use, certificate_of(peer)
        if certificate is not None and trust.ocsp_check:
            without = self.skin.trust.without_ocsp_answer
            fault = await objection(certificate, trust, self.blueprint.address, without)
            if fault is not None:
                # Refused, and in the audit log (device-reference 2.4, mark D).
                self.login_failed(LoginRefused(fault), by)
                return Standing.NOBODY, None
        return user_of(certificate, trust, self.users)

    def is_open(self, service: str) -> bool:
        """Whether the listener really is there."""
        return service in self._listeners

    def start(self) -> None:
        """Listen. Raises PortTaken where one port cannot be had; then none is open."""
        if taken := self._open([row.name for row in self.services.rows]):
            self.stop()
            raise taken[0]

    def stop(self) -> None:
        """As without power: nothing listens, nothing is under way."""
        if self._under_way is not None:
            self._under_way.cancel()
            self._under_way = None
        for name in list(self._listeners):
            for listener in self._listeners.pop(name):
                listener.abort()

    @property
    def description(self) -> Description:
        """What the status table of Network > SSL certificates is made from."""
        return self.conduct.describes(self._now_described(), self._described)

    async def upload(self, upload: Upload) -> None:
        """Store the pair, to be used after the next restart.

        Raises certstore.UploadRefused: then nothing changed; and PowerCut where the power goes in the middle of it.
        """
        try:
            received = (
                self.conduct.reads(upload, self.store)
                if _is_read_quickly(upload)
                # A slow key derivation must not hold up the other units of this process.
                else await asyncio.to_thread(self.conduct.reads, upload, self.store)
            )
        except UploadRefused as refused:
            self._keep(self.conduct.after_refusal(self.store, refused))
            if self.conduct.tells_refusal(refused):
                raise
            return
        self._keep(self.conduct.keeps(self.store, received))
        if self._writing is not None:
            # The answer waits until it is on flash.
            await asyncio.sleep(self._writing.seconds)
        self.events.record("web", Severity.INFO, self.conduct.event_of_upload(upload))
        if self.conduct.restarts_after_upload():
            self._begin(self._restart_by_itself())

    def remove(self) -> None:
        """Store the factory pair, to be used after the next restart. Raises PowerCut, as `upload` does."""
        self._keep(self.conduct.removes(self.store))
        self.events.record("web", Severity.INFO, "the custom certificate and private key have been deleted")

    def _keep(self, store: Store) -> None:
        described = self._now_described()
        try:
            if store != self.store:
                self._write(store)
        except PowerCut:
            self.lose_power()
            raise
        was_required = self.store.restart_required
        self.store, self._described = store, described
        self._serve(self.conduct.serves_after_change(self.serving, store))
        if store.restart_required != was_required:
            self.announce("deviceStatusChanged")

    def _write(self, store: Store) -> None:
        """Raises PowerCut."""
        seconds, conduct = self.blueprint.restart_seconds * self.skin.timing.storing, self.conduct
        if seconds:
            self._writing = Writing.onto(self.flash, lambda files: conduct.saves(store, files), seconds)
        conduct.saves(store, self.flash)

    def _now_described(self) -> Description:
        match self.skin.certificates.shows:
            case "stored":
                return Description(self.store.stored.leaf, self.store.key_matches)
            case "running":
                return Description(self.store.running.leaf, key_matches=True)

    def apply(self, services: Services) -> None:
        """Services open and close at once (device-reference 4, mark D). Whoever uses a closed one is cut off."""
        changed = [row.name for row in services.rows if row != self.services[row.name]]
        self.services = services
        self._close(changed)
        self._open(changed)
        if changed:
            self.announce("servicesChanged")

    def shut_down(self, reason: str) -> None:
        """Begin to; web and API stay alive."""
        if allows(self.state, Event.SHUT_DOWN):
            self._shut_down = LogEntry(self.clock.now(), reason)
            self.state = after(self.state, Event.SHUT_DOWN)
            self._hang_up()
            self.announce("deviceStatusChanged")
            self._begin(self._halt())

    def restart(self, reason: str) -> None:
        """Drop everything now, be gone for the blueprint's restart_seconds, and come back with the stored pair."""
        if allows(self.state, Event.RESTART) and self.conduct.obeys_restart():
            self.console.say(console_texts().going_down.format(reason=reason))
            self._hang_up()
            self.announce("rebooting")
            self._go_down(Event.RESTART)
            self._begin(self._boot(reason, Event.RESTART))

    def lose_power(self) -> None:
        """Gone, unasked, and at once back again: what a short power cut does."""
        self.power_off()
        self.power_on()

    def power_off(self) -> None:
        """Nothing is written any more, and nothing is said."""
        if self._writing is not None and not self._writing.is_over:
            self.flash = self._writing.interrupted()
        self.flash.cut()
        self.calls.hang_up()
        self.feedback.stop()
        self.console.power_lost()
        self.state = after(self.state, Event.POWER_LOSS)
        self.stop()
        self.sessions.forget_all()

    def damage_flash(self) -> bool:
        """Change one octet of the stored pair's file, as worn cells do; whether there is one. A start notices."""
        if PAIR not in self.flash.names():
            return False
        octets = bytearray(self.flash.read(PAIR))
        octets[len(octets) // 2] ^= 1
        self.flash.write(PAIR, bytes(octets))
        self.flash.sync(PAIR)
        return True

    def power_on(self) -> None:
        """Start; nothing happens to a unit that has power."""
        if allows(self.state, Event.POWER_ON):
            self.state = after(self.state, Event.POWER_ON)
            # What was not synced may have reached flash or not, or in part: docs/flash.md.
            self.flash = PowerCutFiles(self.flash.aftermath(random.randrange))
            # A line for each time that it went down and came up (7.5: the words mark D, when U).
            self.restart_log += [] if self._shut_down is None else [self._shut_down]
            self._begin(self._boot(self.skin.reasons.cold_boot, Event.POWER_LOSS))

    def reset_configuration(self) -> None:
        """At the console, while it starts: forget what was set, and start once more (device-reference 9, mark D)."""
        try:
            if console_texts().reset_removes_pair == "yes":
                store = self.store.remove()
                store.save(self.flash)
                self.store = store
        except PowerCut:
            self.lose_power()
            return
        self.administration = Administration(self.skin, *AS_FROM_FACTORY, self.clock.now)
        self.users = self.administration.users
        self.services = self._services_at_first()
        self.features -= {self.skin.features.names["activation"]}
        self.address_method = "DHCP"
        self._begin(self._boot(in_words(Reason.RESET, self.skin.api.version), Event.RESTART))

    def admits_to_console(self, name: str, password: str) -> bool:
        """Whether the console's `Require administrator login` is satisfied. Where only certificates log in, nobody
        can (device-reference 2.4, mark D that it is restricted)."""
        try:
            user = self.users.log_in(name, password.encode())
        except LoginRefused as refused:
            self.login_failed(refused, Module.SERIAL)
            return False
        return user.is_administrator and self.administration.trust_in_use.client_security != "required"

    def forget_administrators_password(self) -> str:
        """The name of the administrator, who has none now, and whose account is not disabled any more."""
        name = next(user.name for user in self.users if user.is_administrator)
        self.users.set_password(name, "")
        self.users.enable(name)
        text = f"the password of {name} has been reset"
        self.administration.audit.record(Module.SERIAL, AuditSeverity.SEVERE_WARNING, text)
        return name

    def _services_at_first(self) -> Services:
        plan = self.blueprint
        ports = {"http": plan.http, "https": plan.https, "sips_tcp": plan.sip_tls, "snmp": self.skin.snmp.port}
        if not self.skin.ftp.port:
            return Services.at_first(self.skin, ports, plan.ticked)
        # On from the factory, as HTTP (device-reference 4, mark R).
        return Services.at_first(self.skin, ports | {"ftp": self.skin.ftp.port}, (*plan.ticked, "ftp"))

    @property
    def has_power(self) -> bool:
        return self.state is not State.OFF

    def suffer(self, faults: Faults) -> None:
        """Of the bench, from now on."""
        if self.faults.clock_seconds != faults.clock_seconds:
            self.clock.ahead_by(faults.clock_seconds)
            self.announce("timeChanged")
        self.faults = faults
        if faults.console_down:
            self.console.hang_up()

    def _begin(self, phase: Coroutine[object, object, None]) -> None:
        if self._under_way is not None:
            self._under_way.cancel()
        self._under_way = asyncio.get_running_loop().create_task(phase)
        self._under_way.add_done_callback(self._report)

    def _report(self, phase: asyncio.Task[None]) -> None:
        # A bug of ours, which must not look like a unit that never comes back.
        if not phase.cancelled() and (error := phase.exception()):
            log.error("%s: broken off", self.blueprint.name, exc_info=error)

    async def _restart_by_itself(self) -> None:
        await asyncio.sleep(self.blueprint.restart_seconds * self.skin.timing.shutting_down)
        self.restart(self.skin.reasons.web)

    async def _halt(self) -> None:
        if not self.conduct.halts():
            return
        await asyncio.sleep(self.blueprint.restart_seconds * self.skin.timing.shutting_down)
        self.state = after(self.state, Event.HALTED)
        self.announce("deviceStatusChanged")

    def _hang_up(self) -> None:
        if self.calls.hang_up():
            self.announce("participantLeft")

    def _go_down(self, event: Event) -> None:
        self.state = after(self.state, event)
        self._close(list(self._listeners))
        if self.conduct.forgets_sessions():
            self.sessions.forget_all()

    async def _boot(self, reason: str, event: Event) -> None:
        self.console.starting()
        await asyncio.sleep(self.conduct.seconds_down(self.blueprint.restart_seconds))
        await self.console.answered()
        try:
            self._load(event)
        except PowerCut:
            self.lose_power()
            return
        self.clock.start()
        self.administration.started(self.conduct)
        self.boots, self._shut_down = self.boots + 1, None
        self.restart_log = self.conduct.logs(self.restart_log, LogEntry(self.clock.restart_time, reason))
        self.services = self.conduct.services_at_start(self.services)
        self._ends.started(self.serving or FACTORY)
        if said := self.conduct.event_at_start(self.store):
            self.events.record("system", Severity.INFO, said)
        self._serve(self.conduct.serves_after_start(self.serving, self.store))
        self.state = after(self.state, Event.LISTENING)
        for taken in self._open([row.name for row in self.services.rows]):
            log.warning("%s: %s", self.blueprint.name, taken)
        self.console.running()
        self.announce("restart")
        await asyncio.sleep(self.blueprint.restart_seconds * self.skin.timing.finishing_boot)
        self.state = after(self.state, Event.BOOTED)
        self.announce("deviceStatusChanged")
        if not self.conduct.stays_up(self.boots):
            self.restart(reason)

    def _load(self, event: Event) -> None:
        described = self._now_described()
        started = self.conduct.loads(self.store, self.flash, event)
        self.store, self._described = started.store, described
        if started.damage is not None:
            self.events.record("system", Severity.ERROR, f"the stored certificate is damaged: {started.damage}")
            self.events.record("system", Severity.WARNING, "the default certificate and private key are used")

    def _serve(self, pair: Pair | None) -> None:
        if pair == self.serving or pair is None:
            return
        try:
            self.context = self.conduct.context(pair, self.skin.tls, self.context)
            self.serving = pair
        except PairUnloadable as error:
            log.warning("%s: the stored pair cannot be served: %s", self.blueprint.name, error)
            self._serve_instead()

    def _serve_instead(self) -> None:
        match self.skin.tls.unloadable_pair:
            case "factory":
                self.context = self.conduct.context(FACTORY, self.skin.tls, self.context)
                self.serving = FACTORY
            case "closed":
                self.serving = None
                self._close(["https", "sips_tcp"])

    def _open(self, names: Iterable[str]) -> list[PortTaken]:
        """Open those of them that are ticked and can be; what could not be had, and why."""
        taken = []
        for name in names:
            service = self.services[name]
            if not service.ticked or not self.conduct.opens(name, self.boots):
                continue
            for address in self.blueprint.addresses:
                connection, mailbox = self._ends.of(name, address), self._ends.mailbox(name)
                try:
                    if connection is not None:
                        self._listeners.setdefault(name, []).append(Listener(address, service.port, connection))
                    elif mailbox is not None:
                        self._listeners.setdefault(name, []).append(Mailbox(address, service.port, mailbox))
                except PortTaken as error:
                    taken.append(error)
        return taken

    def _close(self, names: Iterable[str]) -> None:
        for name in names:
            for listener in self._listeners.pop(name, ()):
                listener.close()


def _is_read_quickly(upload: Upload) -> bool:
    """No key is derived without a passphrase."""
    return not upload.passphrase and len(upload.certificate) + len(upload.private_key) <= QUICKLY_READ
