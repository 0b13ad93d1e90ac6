"""Whose fault it is, looked at where it happened and at that moment: the unit's ports, what it serves, and the bench
around it. What was seen is evidence."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, replace

from harness.deadline import Deadline
from harness.errors import BenchError, LabError
from harness.fault import Fault, Incident
from harness.lab import BesideUnit, Gateway, Place
from harness.tls.handshake import Endpoint, HandshakeFailed, take_handshake
from harness.transport import DIRECT, Transport, WayBroken

ANSWER_SECONDS = 5.0
ASK = b"GET /system.xml HTTP/1.0\r\n\r\n"


@dataclass(frozen=True)
class Sighting:
    """What was seen of a unit and its bench. Of what the place does not have, nothing is said."""

    http: bool
    """Whether its web answered a request."""
    served: str | None
    """The fingerprint of the leaf that HTTPS presents; None where no handshake came about."""
    lines: Mapping[str, bool]
    """`gateway`, `console`, `power`: whether the host of each answered."""

    @property
    def is_silent(self) -> bool:
        return not self.http and self.served is None

    def facts(self) -> dict[str, object]:
        return {"http": self.http, "served": self.served, **self.lines}

    def __str__(self) -> str:
        said = ["HTTP answers" if self.http else "HTTP is silent"]
        said.append(f"HTTPS serves sha256:{self.served}" if self.served else "HTTPS is silent")
        said += [f"{name} {'answers' if answers else 'is silent'}" for name, answers in self.lines.items()]
        return ", ".join(said)


def look_around(place: Place, through: Transport) -> Sighting:
    """Everything at once; some seconds where somebody is silent. Nobody logs in but to the gateway, and nothing is
    changed."""
    lines = lines_of(place)
    with ThreadPoolExecutor(2 + len(lines)) as pool:
        http = pool.submit(_answers_http, place, through)
        served = pool.submit(_served, place, through)
        answers = {name: pool.submit(greets, line, through) for name, line in lines.items()}
        return Sighting(http.result(), served.result(), {name: found.result() for name, found in answers.items()})


def lines_of(place: Place) -> dict[str, Gateway]:
    """The hosts of the bench that this place depends on."""
    lines = {"gateway": place.gateway, "console": place.console, "power": place.power}
    return {name: line for name, line in lines.items() if isinstance(line, Gateway)}


def greets(line: Gateway, through: Transport) -> bool:
    """Whether an SSH server answers there; of a gateway, whether it is a way."""
    if not isinstance(line, BesideUnit):
        with suppress(LabError):
            through.check()
            return True
        return False
    way = DIRECT if line.direct else through
    with suppress(OSError, WayBroken), way.connect(line.ssh, line.port, ANSWER_SECONDS) as connection:
        connection.settimeout(ANSWER_SECONDS)
        # RFC 4253 4.2: an SSH server begins so.
        return connection.recv(255).startswith(b"SSH-")
    return False


def _answers_http(place: Place, through: Transport) -> bool:
    with (
        suppress(OSError, WayBroken),
        through.connect(place.address, place.ports.http, ANSWER_SECONDS) as connection,
    ):
        connection.settimeout(ANSWER_SECONDS)
        connection.sendall(ASK)
        return bool(connection.recv(1))
    return False


def _served(place: Place, through: Transport) -> str | None:
    with suppress(BenchError, HandshakeFailed):
        endpoint = Endpoint(place.address, place.ports.https, through=through)
        return take_handshake(endpoint, Deadline.after(ANSWER_SECONDS)).fingerprint
    return None


@dataclass(frozen=True)
class Rule:
    """Whose fault it is after all, and why."""

    fits: Callable[[Sighting, Collection[str]], bool]
    fault: Fault
    because: str


def _gateway_is_silent(sighting: Sighting, at_first: Collection[str]) -> bool:
    return sighting.lines.get("gateway") is False


def _all_went_silent(sighting: Sighting, at_first: Collection[str]) -> bool:
    return sighting.is_silent and bool(at_first) and not any(sighting.lines[name] for name in at_first)


# The first that fits decides. Other units are no witnesses: they run the same firmware, and restart at the same time.
RULES = (
    Rule(_gateway_is_silent, Fault.BENCH, "its gateway does not answer"),
    Rule(_all_went_silent, Fault.BENCH, "nothing around it answers any more either"),
)


def decided(
    incident: Incident, sighting: Sighting, at_first: Collection[str], before: Fault | None = None
) -> Incident:
    """The incident, with the fault that the sighting proves; `at_first` are the lines that answered before.

    `before` is whose fault it was that it came to this: a unit that has gone away is not there to be brought back.
    Only a unit that is blamed can be cleared: what is our own fault or the bench's stays so.
    """
    # HTTPS was open when the unit was opened; where the rest of it answers, the network has not closed it.
    closed = sighting.http and sighting.served is None
    if incident.fault is Fault.BENCH and (before is Fault.UNIT or closed):
        incident = replace(incident, fault=Fault.UNIT)
    if incident.fault is not Fault.UNIT:
        return incident
    for rule in RULES:
        if rule.fits(sighting, at_first):
            return replace(incident, fault=rule.fault, reason=f"{incident.reason}; {rule.because}")
    return incident
