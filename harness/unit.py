"""What a live unit promises to whoever drives it: the seam between experiments and drivers.

Experiments, claims and procedures know these Protocols and values only. A real and an emulated unit are reached
by the same driver; nothing here says which it is.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Protocol

from certstore import Upload
from harness.deadline import Deadline
from harness.errors import DeadlineExpired
from harness.lab import Place
from harness.moment import Moment
from harness.tls.handshake import Handshake
from harness.tls.resumption import TlsSession

KEY_MATCHES = "Key matches certificate"
"""The one documented value of the `Private key` row (device-reference 2.2, mark D)."""


def keys_for_https(features: Iterable[str]) -> list[str]:
    """Those of the feature keys of which HTTPS needs one (device-reference 6, mark D: match loosely)."""
    words = ("secure management", "https", "encryption")
    return [name for name in features if any(word in name.lower() for word in words)]


class Way(StrEnum):
    """Ways to restart a unit, in the order in which a driver prefers them (device-reference 5.5)."""

    WEB = "web"
    API = "api"
    SUPERVISOR = "supervisor"
    """By the Supervisor of the chassis that it is in: blades only."""
    CONSOLE = "console"
    POWER = "power"
    """Unasked: the power went and came again."""


class OperationalStatus(StrEnum):
    """`operationalStatus` of device.health.query, compared without case (device-reference 7.3, mark D)."""

    ACTIVE = "active"
    SHUTTING_DOWN = "shuttingdown"
    SHUT_DOWN = "shutdown"


class RestartStep(StrEnum):
    """What a unit does when it is restarted, in this order."""

    SHUT_DOWN = "comes to the end of its shutdown"
    GO_DOWN = "goes down"
    COME_BACK = "comes back"


class NotRestarted(DeadlineExpired):
    """A restart came this far, and its next step was waited for in vain."""

    def __init__(self, step: RestartStep, condition: str, seconds: float) -> None:
        super().__init__(condition, seconds)
        self.step = step


@dataclass(frozen=True)
class Identity:
    """Who the unit says it is, from `/system.xml`, without login."""

    manufacturer: str
    model: str
    serial: str
    software_version: str
    build_version: str
    host_name: str


@dataclass(frozen=True)
class Condition:
    """How the unit says it is, from device.query."""

    reboot_required: bool
    restart_time: datetime
    """When it last started, by its own clock."""
    current_time: datetime | None
    """Its own clock, now; None where it does not tell."""
    uptime_seconds: int
    finished_booting: bool


@dataclass(frozen=True)
class RestartLogEntry:
    time: datetime
    reason: str


@dataclass(frozen=True)
class Service:
    """One row of services.query."""

    name: str
    wanted: bool
    """`setting`: ticked under Network > Services."""
    open: bool
    """`enabled`: the listener really is there."""
    port: int | None


@dataclass(frozen=True)
class LocalCertificate:
    """The status table of Network > SSL certificates, as printed. Its layout is unknown: never proof of anything."""

    subject: str
    issuer: str
    issued: str
    expires: str
    private_key: str

    @property
    def key_matches(self) -> bool:
        return self.private_key.strip() == KEY_MATCHES


@dataclass(frozen=True)
class Page:
    """A page as a person reads it."""

    heading: str
    lines: frozenset[str]
    """Every text on it, white space folded."""

    def mentions(self, *words: str) -> bool:
        """Whether one single text on the page holds all of these words, in any case."""
        return any(all(word.lower() in line.lower() for word in words) for line in self.lines)


@dataclass(frozen=True)
class CertificatePage:
    """Network > SSL certificates."""

    page: Page
    local_certificate: LocalCertificate


@dataclass(frozen=True)
class Answer:
    """What followed an upload or a removal, judged by the unit's state and not by the text of its page."""

    page: Page
    """The page that came back: for the record."""
    reboot_required_before: bool
    reboot_required_after: bool
    local_certificate: LocalCertificate
    """The status table, read again afterwards."""
    seconds: float

    @property
    def taken(self) -> bool:
        """The unit has something new stored that waits for a restart."""
        return self.reboot_required_after and not self.reboot_required_before


@dataclass(frozen=True)
class Restart:
    """A restart that was seen to happen: the unit went down, came back, and says that it started anew."""

    way: Way
    restart_time_before: datetime
    restart_time_after: datetime
    """The same as before where the unit was seen to start and tells no other time."""
    down_seconds: float
    """From the request until HTTP no longer answered."""
    web_seconds: float
    """From the request until HTTP answered again with a lower uptime or a later restart time."""
    booted_seconds: float
    """From the request until finishedBooting, or until it was waited for long enough."""
    uptime_seconds: int
    """By `/system.xml`, when it was back."""
    starts: tuple[str, ...] | None = None
    """What its console said of starts meanwhile, a line each; None where nobody listened there all the time."""


class Visitor(StrEnum):
    """Who may not upload anything."""

    NOBODY = "nobody"
    """Somebody who is not logged in."""
    GUEST = "a guest"
    """The user `guest`, without a password (device-reference 3.4, mark D)."""
    ELSEWHERE = "another address"
    """Somebody with an administrator's cookie, at another address than that administrator's (3.3, mark D)."""


class WebPass:
    """What lets into the web pages whoever has it. It is a secret, and its kind is the driver's own."""


@dataclass(frozen=True)
class Readable:
    """Something that an administrator can read."""

    where: str
    octets: bytes = field(repr=False)


class Unit(Protocol):
    """One live unit, logged in when it must be. Everything raises BenchError where the unit cannot be reached,
    UnitError where it answers what no documentation allows, and DeadlineExpired where what was waited for did
    not come."""

    @property
    def place(self) -> Place: ...

    @property
    def identity(self) -> Identity:
        """Read once, when the unit was opened."""

    @property
    def baseline(self) -> Handshake:
        """What it served when this was first asked, before anything was changed: what it is to be left with."""

    @property
    def restarts(self) -> int:
        """How often it was restarted through this object."""

    @property
    def notices(self) -> tuple[str, ...]:
        """What a person should know who has it driven, a sentence each: so far, and each once."""

    def moment(self) -> Moment:
        """The present one: what was seen in it need not be looked at again as long as it lasts."""

    def let_be(self) -> None:
        """It was left alone for as long as it takes to begin something by itself that it should not do."""

    def handshake(self, deadline: Deadline, address: str = "") -> Handshake:
        """A new HTTPS handshake, unpinned: it looks at whatever the unit serves now, at the place's first address
        unless another one is named."""

    def sip_handshake(self, deadline: Deadline) -> Handshake | None:
        """The same with the SIP TLS port; None where it is closed, and was closed whenever it was asked."""

    def handshakes(self, count: int, deadline: Deadline) -> tuple[Handshake, ...]:
        """So many as `handshake`, all at once; those that could be completed."""

    def leafs_met(self) -> frozenset[str]:
        """The fingerprints that it served on HTTPS to its driver since its last start, the first connection
        included."""

    def tls_session(self, deadline: Deadline) -> TlsSession | None:
        """A session with HTTPS that it has taken up again once; None where it never does."""

    def resumes(self, session: TlsSession, deadline: Deadline) -> bool:
        """Whether HTTPS goes on with this session, without showing a certificate."""

    def condition(self) -> Condition: ...

    def operational_status(self) -> OperationalStatus: ...

    def restart_log(self) -> tuple[RestartLogEntry, ...]:
        """Newest last; empty where the unit's API has none."""

    def services(self) -> dict[str, Service]:
        """By API name, port A."""

    def home_page(self) -> Page: ...

    def certificate_page(self) -> CertificatePage: ...

    def help_page(self, topic: str) -> Page | None:
        """The unit's own help on a topic, as its file is named; None where there is none to be had."""

    def features(self) -> tuple[str, ...] | None:
        """The names of the feature keys that are activated (device-reference 6); None where the API does not tell."""

    def readable(self) -> Iterator[Readable]:
        """Whatever an administrator can read without changing anything: what the unit has shown last, pages, files,
        answers of the API."""

    def unlinked(self) -> Iterator[Readable]:
        """Whatever lies where others have kept their keys, though no link leads there."""

    def audit(self, *, enabled: bool) -> bool | None:
        """The audit log records, or does not, as told; whether it did before, None where there is none to switch."""

    def audit_page(self) -> Page | None:
        """Where the newest lines of the audit log are; None where there is none."""

    def shown_to_strangers(self) -> tuple[str, ...]:
        """Which of SSL certificates and configuration.xml are shown to somebody who is not logged in."""

    def shown_to_guests(self) -> tuple[str, ...] | None:
        """The same for the user `guest` without a password; None where that one is not let in."""

    def log_out(self) -> None:
        """The web session is given back; the next page opens a new one."""

    def web_pass(self) -> WebPass:
        """Of a session that is open now."""

    def admits(self, kept: WebPass) -> bool:
        """Whether the SSL certificates page opens with it, and with nothing else."""

    def upload(self, upload: Upload, files: tuple[str, str] | None = None) -> Answer:
        """Send the three fields in one submission, the files under these names or else usual ones. The passphrase
        field stays empty where there is none."""

    def upload_cut(self, upload: Upload) -> Answer:
        """Send half of what `upload` would send, and close the connection. The answer's page is read afterwards."""

    def upload_padded(self, upload: Upload, octets: int) -> Answer:
        """Send what `upload` would send, with so many octets of text before the certificate: every reader skips it.
        Where the unit hangs up meanwhile, that is its answer; the answer's page is read afterwards."""

    def upload_by(self, visitor: Visitor, upload: Upload) -> Answer | None:
        """What `upload` would send, sent by somebody who may not; None where nobody can play that visitor here."""

    def remove(self) -> Answer:
        """Delete the custom pair, so that the factory pair is stored."""

    def remove_by(self, visitor: Visitor) -> Answer | None:
        """What `remove` would send, sent by somebody who may not; None where nobody can play that visitor here, or
        there is no button to press."""

    def switch_https(self, *, on: bool) -> None:
        """HTTPS is ticked under Network > Services, or not, and what listens has followed; from then on the unit is
        administered over it, or over HTTP, where the password can be read. DeadlineExpired where nothing follows."""

    def ways(self) -> tuple[Way, ...]:
        """How it can be restarted, in order of preference: by API only where its version has the method, by what
        stands beside it where the place has it."""

    def restart(self, deadline: Deadline, way: Way | None = None) -> Restart:
        """Restart it and wait until it is back; by the first of its ways that can be taken, unless one is named. A
        way that was begun and failed is followed by no other; one that could not be taken is among the notices.

        Over HTTPS the driver then believes the leafs it saw before and those it uploaded; after a removal, or where
        a change of somebody else's was waiting, one unknown leaf as well, once. Any other is a UnitError, and nothing
        is sent to it; `handshake` looks at whatever is served.
        """

    def power_cut(
        self, deadline: Deadline, uploading: Upload | None = None, after: float = 0.0, in_boot: float | None = None
    ) -> Restart:
        """Switch it off at its outlet and on again, and wait until it is back.

        With `uploading`, the power goes `after` seconds from when that was begun to be sent, whatever becomes of it;
        with `in_boot`, it goes once more so many seconds after it came. ConfigurationError where the place has no
        outlet, BenchError where the unit still answers with its outlet off.
        """


class OccupiedUnit(Unit, Protocol):
    """A unit that may be at work for others."""

    def calls(self) -> int:
        """How many participants are in a call. UnitError where its API does not say."""


class ExaminedUnit(OccupiedUnit, Protocol):
    """A unit that is asked whether it is ready for anything."""

    def serial(self) -> str:
        """Its serial number as the API tells it; empty where it does not."""

    def try_console(self) -> str:
        """Somebody logged in to the place's console server, and pressed Enter: the line that followed, empty for
        none. Raises BenchError where that cannot be done, ConfigurationError where the place has no console."""

    def outlet_state(self) -> bool | None:
        """Whether the place's outlet is on, as its PDU tells; None where it lets us in and does not tell. Nothing is
        switched. Raises BenchError where it cannot be asked, ConfigurationError where the place has none or its
        password cannot be found."""
