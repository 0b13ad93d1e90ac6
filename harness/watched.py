"""A unit that tells what it is being put through: to the display, to the evidence, and to the summary."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

from certstore import Upload
from harness.certificate_words import certificate_words
from harness.deadline import Deadline
from harness.evidence import Evidence
from harness.lab import Place
from harness.progress import Doing, Done, Tell
from harness.tls.handshake import Handshake
from harness.turns import Turn
from harness.unit import (
    Answer,
    CertificatePage,
    Condition,
    Identity,
    OperationalStatus,
    Page,
    Restart,
    RestartLogEntry,
    Service,
    Unit,
    Way,
)


class Watched:
    """A `Unit` that hands every call to another one and tells of it."""

    def __init__(self, unit: Unit, evidence: Evidence, tell: Tell, turn: Turn) -> None:
        self._unit = unit
        self._evidence = evidence
        self._tell = tell
        self._turn = turn
        self.during = "opening the unit"
        """What the steps belong to, as the display and the evidence name it."""
        self.slowest_step = ""
        self.slowest_seconds = 0.0
        self.timings: list[dict[str, str | float]] = []
        """Of each restart, what the evidence has of it."""

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

    def handshake(self, deadline: Deadline) -> Handshake:
        with self._step("handshake"):
            seen = self._unit.handshake(deadline)
        self._evidence.note(
            "handshake",
            {
                "protocol_version": seen.protocol_version,
                "cipher_suite": seen.cipher_suite,
                "leaf_sha256": seen.fingerprint,
                "leaf": certificate_words(seen.leaf),
                "certificates": len(seen.presented_chain),
                "seconds": seen.handshake_seconds,
            },
        )
        return seen

    def sip_handshake(self, deadline: Deadline) -> Handshake | None:
        with self._step("SIP TLS handshake"):
            return self._unit.sip_handshake(deadline)

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

    def upload(self, upload: Upload) -> Answer:
        with self._step("uploading"):
            answer = self._unit.upload(upload)
        self._evidence.note("upload", {"during": self.during, "taken": answer.taken, "seconds": answer.seconds})
        return answer

    def upload_cut(self, upload: Upload) -> Answer:
        with self._step("uploading, hanging up in the middle"):
            return self._unit.upload_cut(upload)

    def remove(self) -> Answer:
        with self._step("removing the custom pair"):
            return self._unit.remove()

    def ways(self) -> tuple[Way, ...]:
        with self._step("asking for the ways to restart"):
            return self._unit.ways()

    def restart(self, deadline: Deadline, way: Way = Way.WEB) -> Restart:
        with self._turn.interrupted(), self._step(f"restarting by {way}"):
            restart = self._unit.restart(deadline, way)
        self._note_restart(restart)
        facts = f"down after {restart.down_seconds:.1f} s, web after {restart.web_seconds:.1f} s"
        self._tell(Done(self.place.name, f"{self.during}: restarted by {way}", restart.booted_seconds, facts))
        return restart

    def power_cut(
        self, deadline: Deadline, uploading: Upload | None = None, after: float = 0.0, in_boot: float | None = None
    ) -> Restart:
        moment = f" {after:.3f} s into an upload" if uploading else ""
        doing = f"cutting its power{moment}{' and again in its start' if in_boot else ''}"
        with self._turn.interrupted(), self._step(doing):
            restart = self._unit.power_cut(deadline, uploading, after, in_boot)
        self._note_restart(restart)
        return restart

    def _note_restart(self, restart: Restart) -> None:
        seconds = {name: getattr(restart, name) for name in ("down_seconds", "web_seconds", "booted_seconds")}
        facts = {"during": self.during, "way": restart.way.value, **seconds}
        self._evidence.note("restart", facts)
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
