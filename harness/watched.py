"""A unit that tells what it is being put through: to the display, to the evidence, and to the summary."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime

from certstore import Upload
from harness.certificate_words import certificate_words
from harness.deadline import Deadline
from harness.evidence import Evidence
from harness.lab import Place
from harness.moment import Moment
from harness.progress import Doing, Done, Tell
from harness.secrecy.known import Secrets
from harness.tls.handshake import Handshake
from harness.tls.resumption import TlsSession
from harness.turns import Turn
from harness.unit import (
    Answer,
    CertificatePage,
    Condition,
    Identity,
    OperationalStatus,
    Page,
    Readable,
    Restart,
    RestartLogEntry,
    Service,
    Unit,
    Visitor,
    Way,
    WebPass,
)

NOTHING_MORE: Mapping[str, str] = {}


class Watched:
    """A `Unit` that hands every call to another one and tells of it."""

    def __init__(self, unit: Unit, evidence: Evidence, tell: Tell, turn: Turn, secrets: Secrets) -> None:
        """What is uploaded is told to `secrets`."""
        self._unit = unit
        self._evidence = evidence
        self._tell = tell
        self._turn = turn
        self._secrets = secrets
        self.during = "opening the unit"
        self._certificates: dict[bytes, str] = {}
        """As people read them: each is read once."""
        self.slowest_step = ""
        self.slowest_seconds = 0.0
        self.timings: list[dict[str, str | float]] = []
        """Of each restart, what the evidence has of it."""

    @property
    def during(self) -> str:
        """What the steps belong to, as the display and the evidence name it."""
        return self._evidence.during

    @during.setter
    def during(self, what: str) -> None:
        self._evidence.during = what

    @property
    def place(self) -> Place:
        return self._unit.place

    @property
    def identity(self) -> Identity:
        return self._unit.identity

    @property
    def baseline(self) -> Handshake:
        return self._unit.baseline

    @property
    def restarts(self) -> int:
        return self._unit.restarts

    @property
    def notices(self) -> tuple[str, ...]:
        return self._unit.notices

    def moment(self) -> Moment:
        return self._unit.moment()

    def let_be(self) -> None:
        with self._turn.interrupted(), self._step("letting it be"):
            self._unit.let_be()

    def handshake(self, deadline: Deadline, address: str = "") -> Handshake:
        with self._step(f"handshake at {address}" if address else "handshake"):
            seen = self._unit.handshake(deadline, address)
        if address:
            self._note_handshake("handshake at another address", seen, {"address": address})
        else:
            self._note_handshake("handshake", seen)
        return seen

    def _note_handshake(self, kind: str, seen: Handshake, more: Mapping[str, str] = NOTHING_MORE) -> None:
        words = self._words(seen.presented_chain)
        self._evidence.note(
            kind,
            {
                "protocol_version": seen.protocol_version,
                "cipher_suite": seen.cipher_suite,
                "leaf_sha256": seen.fingerprint,
                "leaf": words[0],
                "certificates": len(words),
                "chain": self._evidence.keep_chain(seen.presented_chain, words),
                "connect_seconds": round(seen.connect_seconds, 4),
                "seconds": round(seen.handshake_seconds, 4),
                "messages": list(map(str, seen.messages)),
                **more,
            },
        )

    def _words(self, chain: tuple[bytes, ...]) -> list[str]:
        for one in chain:
            if one not in self._certificates:
                self._certificates[one] = certificate_words(one)
        return [self._certificates[one] for one in chain]

    def handshakes(self, count: int, deadline: Deadline) -> tuple[Handshake, ...]:
        with self._step(f"{count} handshakes at once"):
            return self._unit.handshakes(count, deadline)

    def leafs_met(self) -> frozenset[str]:
        return self._unit.leafs_met()

    def tls_session(self, deadline: Deadline) -> TlsSession | None:
        with self._step("keeping a TLS session"):
            return self._unit.tls_session(deadline)

    def resumes(self, session: TlsSession, deadline: Deadline) -> bool:
        with self._step("resuming a TLS session"):
            return self._unit.resumes(session, deadline)

    def sip_handshake(self, deadline: Deadline) -> Handshake | None:
        with self._step("SIP TLS handshake"):
            seen = self._unit.sip_handshake(deadline)
        if seen is not None:
            self._note_handshake("SIP TLS handshake", seen)
        return seen

    def condition(self) -> Condition:
        with self._step("reading the condition"):
            return self._unit.condition()

    def operational_status(self) -> OperationalStatus:
        with self._step("reading the operational status"):
            return self._unit.operational_status()

    def restart_log(self) -> tuple[RestartLogEntry, ...]:
        with self._step("reading the restart log"):
            return self._unit.restart_log()

    def services(self) -> dict[str, Service]:
        with self._step("reading the services"):
            return self._unit.services()

    def home_page(self) -> Page:
        with self._step("reading the home page"):
            return self._unit.home_page()

    def certificate_page(self) -> CertificatePage:
        with self._step("reading the SSL certificates page"):
            return self._unit.certificate_page()

    def help_page(self, topic: str) -> Page | None:
        with self._step(f"reading the help on {topic}"):
            return self._unit.help_page(topic)

    def features(self) -> tuple[str, ...] | None:
        with self._step("asking for the feature keys"):
            return self._unit.features()

    def readable(self) -> Iterator[Readable]:
        with self._step("reading everything"):
            yield from self._unit.readable()

    def unlinked(self) -> Iterator[Readable]:
        with self._step("reading what no link leads to"):
            yield from self._unit.unlinked()

    def audit(self, *, enabled: bool) -> bool | None:
        with self._step(f"switching the audit log {'on' if enabled else 'off'}"):
            return self._unit.audit(enabled=enabled)

    def audit_page(self) -> Page | None:
        with self._step("reading the audit log"):
            return self._unit.audit_page()

    def shown_to_strangers(self) -> tuple[str, ...]:
        with self._step("looking without a login"):
            return self._unit.shown_to_strangers()

    def shown_to_guests(self) -> tuple[str, ...] | None:
        with self._step("looking as a guest"):
            return self._unit.shown_to_guests()

    def log_out(self) -> None:
        with self._step("logging out"):
            self._unit.log_out()

    def web_pass(self) -> WebPass:
        return self._unit.web_pass()

    def admits(self, kept: WebPass) -> bool:
        with self._step("trying an old web session"):
            return self._unit.admits(kept)

    def upload_by(self, visitor: Visitor, upload: Upload) -> Answer | None:
        with self._step(f"uploading as {visitor}"):
            return self._unit.upload_by(visitor, upload)

    def upload(self, upload: Upload, files: tuple[str, str] | None = None) -> Answer:
        self._confide(upload)
        with self._step("uploading"):
            answer = self._unit.upload(upload, files)
        self._evidence.note("upload", {"during": self.during, "taken": answer.taken, "seconds": answer.seconds})
        return answer

    def upload_cut(self, upload: Upload) -> Answer:
        self._confide(upload)
        with self._step("uploading, hanging up in the middle"):
            return self._unit.upload_cut(upload)

    def upload_padded(self, upload: Upload, octets: int) -> Answer:
        self._confide(upload)
        with self._step(f"uploading, {octets} octets of text before the certificate"):
            return self._unit.upload_padded(upload, octets)

    def remove_by(self, visitor: Visitor) -> Answer | None:
        with self._step(f"removing the pair as {visitor}"):
            return self._unit.remove_by(visitor)

    def switch_https(self, *, on: bool) -> None:
        with self._step(f"switching HTTPS {'on' if on else 'off'}"):
            self._unit.switch_https(on=on)

    def remove(self) -> Answer:
        with self._step("removing the custom pair"):
            return self._unit.remove()

    def ways(self) -> tuple[Way, ...]:
        with self._step("asking for the ways to restart"):
            return self._unit.ways()

    def restart(self, deadline: Deadline, way: Way | None = None) -> Restart:
        with self._turn.interrupted(), self._step(f"restarting by {way}" if way else "restarting"):
            restart = self._unit.restart(deadline, way)
        self._note_restart(restart)
        facts = f"down after {restart.down_seconds:.1f} s, web after {restart.web_seconds:.1f} s"
        self._tell(Done(self.place.name, f"{self.during}: restarted by {restart.way}", restart.booted_seconds, facts))
        return restart

    def power_cut(
        self, deadline: Deadline, uploading: Upload | None = None, after: float = 0.0, in_boot: float | None = None
    ) -> Restart:
        if uploading is not None:
            self._confide(uploading)
        moment = f" {after:.3f} s into an upload" if uploading else ""
        doing = f"cutting its power{moment}{' and again in its start' if in_boot else ''}"
        with self._turn.interrupted(), self._step(doing):
            restart = self._unit.power_cut(deadline, uploading, after, in_boot)
        self._note_restart(restart)
        return restart

    def _confide(self, upload: Upload) -> None:
        self._secrets.add_upload(upload)
        if upload.passphrase:
            self._evidence.hide(upload.passphrase.decode("utf-8", "replace"))

    def _note_restart(self, restart: Restart) -> None:
        seconds = {name: getattr(restart, name) for name in ("down_seconds", "web_seconds", "booted_seconds")}
        facts = {"during": self.during, "way": restart.way.value, **seconds}
        witnessed = {} if restart.starts is None else {"starts": restart.starts}
        self._evidence.note("restart", {**facts, **witnessed})
        self.timings.append({"at": datetime.now(UTC).isoformat(timespec="milliseconds"), **facts})

    @contextmanager
    def _step(self, what: str) -> Iterator[None]:
        self._tell(Doing(self.place.name, f"{self.during}: {what}"))
        began = time.monotonic()
        try:
            yield
        finally:
            seconds = time.monotonic() - began
            self._evidence.note("step", {"during": self.during, "what": what, "seconds": round(seconds, 3)})
            if seconds > self.slowest_seconds:
                self.slowest_step, self.slowest_seconds = what, seconds
