"""A whole capture: the TLS port, the pages, the API; only questions are sent, and the session is given back."""

from __future__ import annotations

import json
import time
import xmlrpc.client
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from xml.parsers.expat import ExpatError

from cryptography.hazmat.primitives.serialization import Encoding

from harness.capture.bounds import Bounds
from harness.capture.keeping import Folder, file_name, kept_octets, masked
from harness.capture.page_facts import facts_of
from harness.capture.scrubbing import Scrubber
from harness.capture.walk import Tell, Walk
from harness.deadline import Deadline
from harness.drivers.mcu import Mcu
from harness.drivers.rpc import Api
from harness.errors import BenchError, ConfigurationError, UnitError
from harness.lab import LabgridPower, Place, SecretTable
from harness.tls.handshake import Endpoint, HandshakeFailed
from harness.verdict import forms
from harness.verdict.expectation import Expectation
from harness.verdict.sighting import Sighting, Unmeasurable
from harness.verdict.table import CHECKS, examine

FORMAT = 1
TLS_SECONDS = 180.0
METHODS = (
    *("device.query", "device.health.query", "device.network.query", "device.restartlog.query"),
    *("device.encryption.query", "services.query", "feedbackReceiver.query"),
)
"""Of the API: those that only tell (device-reference 7, mark D)."""
AT_ONCE = ("stable",)
"""Checks that open many connections at the same time, which an old unit has few of (7.1, mark D)."""


@dataclass
class Capture:
    """What was seen of one unit, with its secrets still in it: only `keep` writes anything."""

    place: Place
    walk: Walk | None = None
    identity: dict[str, str] = field(default_factory=dict)
    api: list[tuple[str, bytes, dict[str, Any]]] = field(default_factory=list)
    answers: dict[str, Any] = field(default_factory=dict)
    """Of the API, by method, as Python's own values."""
    tls: dict[str, Any] = field(default_factory=dict)
    chain: bytes = b""
    """PEM, as served."""
    exchanges: list[dict[str, object]] = field(default_factory=list)
    began: datetime = field(default_factory=lambda: datetime.now(UTC))
    seconds: float = 0.0
    unanswered: list[tuple[str, str]] = field(default_factory=list)
    """Methods of the API, and why there is no answer."""
    stopped: str = ""
    """Why it ended before its end."""
    secrets: set[str] = field(default_factory=set)

    def record(self, kind: str, facts: dict[str, object]) -> None:
        if kind == "exchange":
            self.exchanges.append(facts)

    def told(self, method: str) -> dict[str, Any]:
        """What the API answered; empty where it did not."""
        answer = self.answers.get(method)
        return answer if isinstance(answer, dict) else {}

    def keep(self, folder: Folder) -> dict[str, Any]:
        """Everything is in the folder without its secrets; the manifest."""
        scrubber = Scrubber(self.secrets | (self.walk.secrets if self.walk else set()))
        pages = [masked(facts, scrubber) for facts in self._pages(folder, scrubber)]
        api = [masked(facts, scrubber) for facts in self._answers(folder, scrubber)]
        tls = None
        if self.tls:
            tls = masked({key: self.tls[key] for key in ("endpoint", "versions", "suites", "chain")}, scrubber)
            folder.add(
                "tls.json", _json(masked(self.tls, scrubber)), "what the TLS port serves, as mcu-hil handshake"
            )
        if self.chain:
            folder.add("chain.pem", self.chain, "the certificates that the TLS port presents, in its order")
        manifest: dict[str, Any] = masked(self._head(), scrubber) | {"pages": pages, "api": api, "tls": tls}
        folder.finish(manifest)
        return manifest

    def _head(self) -> dict[str, Any]:
        walk = self.walk
        exchanges = [_shown(facts) for facts in self.exchanges]
        return {
            "mcu_hil_capture": FORMAT,
            "place": self.place.name,
            "model": self.place.model,
            "address": self.place.address,
            "at": self.began.isoformat(timespec="seconds"),
            "seconds": round(self.seconds, 1),
            "complete": not self.stopped and walk is not None and not walk.incomplete,
            "why_incomplete": self.stopped or (walk.incomplete if walk else ""),
            "identity": self.identity,
            "server": next((one.reply.server for one in walk.answers if one.reply.server), "") if walk else "",
            "cookies": sorted({text for facts in self.exchanges for text in _texts(facts.get("cookies"))}),
            "redirects": [_redirect(facts) for facts in exchanges if facts.get("location")],
            "left_alone": [asdict(one) for one in walk.left_alone] if walk else [],
            "failed": [
                {"path": path, "why": why} for path, why in (*self.unanswered, *(walk.failed if walk else ()))
            ],
            "exchanges": exchanges,
        }

    def _pages(self, folder: Folder, scrubber: Scrubber) -> Iterator[dict[str, Any]]:
        for answered in self.walk.answers if self.walk else ():
            octets = kept_octets(answered, scrubber)
            where = "" if answered.inside else "outside/"
            name = scrubber.text(file_name(answered.path, answered.reply.content_type))
            what = f"answer to GET {scrubber.text(answered.path)}" + ("" if answered.inside else ", nobody logged in")
            kept = "" if not octets else folder.add(f"pages/{where}{name}", octets, what)
            yield facts_of(answered, kept) | ({} if octets is not None else {"left_out": "it held a secret"})

    def _answers(self, folder: Folder, scrubber: Scrubber) -> Iterator[dict[str, Any]]:
        for method, body, facts in self.api:
            text = scrubber.text(body.decode("utf-8", "replace"))
            yield facts | {"file": folder.add(f"api/{method}.xml", text.encode(), f"answer to {method}")}


def look_at(capture: Capture, unit: Mcu, bounds: Bounds, tell: Tell, *, shutdown_page: bool) -> None:
    """Everything that the unit shows is in the capture; what has been seen stays there whatever is raised."""
    place = capture.place
    began = time.monotonic()
    capture.secrets |= secrets_of(place)
    capture.identity = asdict(unit.identity)
    capture.walk = Walk(unit.means, bounds, tell, shutdown_page=shutdown_page)
    try:
        tell(f"    TLS at port {place.ports.https}")
        _look_at_tls(capture, unit.means.wire.https)
        capture.walk.outside()
        tell("    API")
        for method in METHODS:
            _ask(capture, unit.means.api, method)
        capture.walk.inside()
    finally:
        capture.seconds = time.monotonic() - began


def _look_at_tls(capture: Capture, endpoint: Endpoint) -> None:
    sighting = Sighting(endpoint, None, Deadline.after(TLS_SECONDS))
    expectation = Expectation(at=datetime.now(UTC), names=(endpoint.address,))
    numbers = {check.number for check in CHECKS if check.id not in AT_ONCE}
    try:
        capture.tls = forms.as_json(sighting, expectation, list(examine(sighting, expectation, numbers)))
        capture.chain = b"".join(one.public_bytes(Encoding.PEM) for one in sighting.certificates)
    except (BenchError, HandshakeFailed, Unmeasurable) as error:
        capture.tls = capture.tls or {"endpoint": str(endpoint), "versions": [], "suites": None, "chain": None}
        capture.tls["why"] = str(error)


def _ask(capture: Capture, api: Api, method: str) -> None:
    began = time.monotonic()
    try:
        reply = api.answer(method)
    except (BenchError, UnitError) as error:
        capture.unanswered.append((f"/RPC2 {method}", str(error)))
        return
    facts: dict[str, Any] = {"method": method, "status": reply.status, "content_type": reply.content_type}
    facts["milliseconds"] = round((time.monotonic() - began) * 1000, 1)
    try:
        (answer,), _ = xmlrpc.client.loads(reply.body, use_builtin_types=True)
        capture.answers[method] = answer
        facts["members"] = sorted(answer) if isinstance(answer, dict) else []
        capture.secrets |= set(_keys_in(answer))
    except xmlrpc.client.Fault as fault:
        facts["fault"] = fault.faultCode
    except (ExpatError, xmlrpc.client.Error, ValueError, TypeError, KeyError, IndexError, AttributeError):
        facts["fault"] = "no XML-RPC"
    capture.api.append((method, reply.body, facts))


def _keys_in(answer: object) -> Iterator[str]:
    """Feature keys and licences: whoever has them can use them (device-reference 6, mark D)."""
    if isinstance(answer, dict):
        for name, value in answer.items():
            if name == "key" and isinstance(value, str):
                yield value
            else:
                yield from _keys_in(value)
    elif isinstance(answer, list):
        for value in answer:
            yield from _keys_in(value)


def secrets_of(place: Place) -> set[str]:
    """Every password and passphrase that the lab file has for this place, as far as it can be looked up."""
    beside = (place.gateway, place.console, place.power, place.supervisor and place.supervisor.login)
    words = (getattr(one, "password", None) for one in beside)
    tables = [place.login.password, *(one for one in words if isinstance(one, SecretTable))]
    if place.baseline is not None and place.baseline.passphrase is not None:
        tables.append(place.baseline.passphrase)
    in_url = urlsplit(place.power.host).password if isinstance(place.power, LabgridPower) else None
    return {secret for secret in (*map(_looked_up, tables), in_url or "") if secret}


def _looked_up(table: SecretTable) -> str:
    try:
        return table.reveal("")
    except ConfigurationError:
        return ""


def _json(document: object) -> bytes:
    return json.dumps(document, indent=1, ensure_ascii=False, default=str).encode() + b"\n"


def _shown(facts: dict[str, object]) -> dict[str, object]:
    """An exchange with paths in place of addresses."""
    parts = urlsplit(str(facts.get("url", "")))
    shown = {key: value for key, value in facts.items() if key != "url"}
    return {"scheme": parts.scheme, "path": parts.path, **shown}


def _redirect(facts: dict[str, object]) -> dict[str, object]:
    return {key: facts[key] for key in ("method", "path", "status", "location")}


def _texts(value: object) -> list[str]:
    return [str(one) for one in value] if isinstance(value, list) else []


def default_folder(state_dir: Path, place: Place) -> Path:
    return state_dir / "captures" / f"{datetime.now(UTC):%Y%m%dT%H%M%S}-{place.name}"
