"""The points of behaviour at which firmware with a bug differs from firmware without."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import Enum, auto
from typing import TYPE_CHECKING

from certstore import Firmware, MismatchedPair, Upload, UploadRefused
from certstore.flash import Files
from harness.emulator.clock import Clock
from harness.emulator.lifecycle import Event, State
from harness.emulator.pair import Contexts, Pair, context_for
from harness.emulator.services import Services
from harness.emulator.sessions import Session
from harness.emulator.skin import Skin, TlsSettings
from harness.emulator.store import ModelStore, Received, Started, Store, UncheckedStore
from harness.emulator.users import User

if TYPE_CHECKING:
    from harness.emulator.http_server import Request


@dataclass(frozen=True)
class LogEntry:
    """One line of the restart log."""

    time: datetime
    reason: str


@dataclass(frozen=True)
class Description:
    """What the status table of Network > SSL certificates is made from."""

    leaf: bytes
    key_matches: bool


class EthernetPort(Enum):
    """Of a box; each has addresses of its own (device-reference 1, mark D)."""

    A = auto()
    B = auto()


class Conduct:
    """Everything as documented. A defect replaces one or two of these; nothing else in the unit knows of defects."""

    def blank_store(self, firmware: Firmware) -> Store:
        """The store of a new unit, which also says what the firmware can read."""
        stores_any = firmware.mismatched_pair is MismatchedPair.STORE
        return UncheckedStore(firmware) if stores_any else ModelStore(firmware)

    def reads(self, upload: Upload, store: Store) -> Received:
        """Raises certstore.UploadRefused. May be slow, and depends on the upload and the firmware only."""
        return store.receive(upload)

    async def takes_form(self, request: Request) -> bool:
        """Whether the form of an upload is read at all, however its files are called (2.5, mark I)."""
        return True

    def keeps(self, store: Store, received: Received) -> Store:
        return store.keep(received)

    def removes(self, store: Store) -> Store:
        return store.remove()

    def after_refusal(self, store: Store, refused: UploadRefused) -> Store:
        """A refused upload changes nothing (certstore.UploadRefused; device-reference 2.6)."""
        return store

    def tells_refusal(self, refused: UploadRefused) -> bool:
        """Whether the page says that the upload was refused."""
        return True

    def saves(self, store: Store, files: Files) -> None:
        """Raises certstore.power.PowerCut when that happens meanwhile."""
        store.save(files)

    def loads(self, store: Store, files: Files, event: Event) -> Started:
        """At a start, after a restart or a power cut; `store` is the one before it. Raises PowerCut, as above."""
        return store.started(files)

    def serves_after_change(self, serving: Pair | None, store: Store) -> Pair | None:
        """After an upload or removal, the listener still up (device-reference 2.1, mark D: a restart is required)."""
        return serving

    def serves_after_start(self, served: Pair | None, store: Store) -> Pair | None:
        """When the listener opens; `served` is what it presented before it closed; None is nothing."""
        return store.running

    def presents(self, service: str, port: EthernetPort, number: int, serving: Pair, before: Pair) -> Pair:
        """To the connection of this number since the start; `before` is what was served until then."""
        return serving

    def context(self, pair: Pair, settings: TlsSettings, before: Contexts | None) -> Contexts:
        """To serve `pair` from now on; `before` is what was used until then. Raises PairUnloadable."""
        context_for(pair, settings)
        return functools.partial(context_for, pair, settings)

    def shows_banner(self, store: Store) -> bool:
        """Whether the pages say that a restart is needed (2.6, mark I)."""
        return store.restart_required

    def reboot_required(self, store: Store) -> bool:
        """Of device.query (2.6, 7.2, mark D)."""
        return store.restart_required

    def describes(self, now: Description, before: Description) -> Description:
        """`before` is what the table was made from until the last change."""
        return now

    def clock(self) -> Clock:
        return Clock()

    def logs(self, log: Sequence[LogEntry], entry: LogEntry) -> list[LogEntry]:
        """The restart log after a start (7.5, mark D)."""
        return [*log, entry]

    def finished_booting(self, state: State) -> bool:
        return state is not State.BOOTING

    def obeys_restart(self) -> bool:
        return True

    def halts(self) -> bool:
        """Whether shutting down comes to its end."""
        return True

    def seconds_down(self, seconds: float) -> float:
        return seconds

    def services_at_start(self, services: Services) -> Services:
        """What is ticked after a start; `services` is what was before it."""
        return services

    def opens(self, service: str, boots: int) -> bool:
        """Whether a ticked service listens; `boots` is 0 until the first restart."""
        return True

    def needs_key(self, service: str) -> bool:
        """Whether the service opens only where a feature key for HTTPS is there (4 and 6, mark D)."""
        return True

    def listens(self, service: str, port: EthernetPort, boots: int) -> bool:
        """Whether a service that opens does so at this port (4, mark D: services are of both)."""
        return True

    def stays_up(self, boots: int) -> bool:
        """Whether it is left alone after its start of this number."""
        return True

    def restarts_after_upload(self) -> bool:
        """The unit waits to be told (2.1, mark D)."""
        return False

    def stranger(self, page: str) -> Session | None:
        """The session of somebody who has none; with None they are sent to the login page (3.3, mark D)."""
        return None

    def may_administer(self, user: User) -> bool:
        return user.is_administrator

    def may_see(self, user: User, page: str) -> bool:
        """A page that is for administrators."""
        return self.may_administer(user)

    def file_at(self, path: str, store: Store) -> bytes | None:
        """What lies in the web server's folder beside the pages."""
        return None

    def event_at_start(self, store: Store) -> str:
        """What the event log says of the pair at a start; empty for nothing."""
        return ""

    def keeps_audit_log(self) -> bool:
        """Over a restart: it is on flash (10, mark D)."""
        return True

    def keeps_auditing(self) -> bool:
        """Whether it records after a restart as before."""
        return True

    def is_from(self, session: Session, address: str) -> bool:
        """A cookie is good from one address only (3.3, mark D)."""
        return session.address == address

    def forgets_sessions(self) -> bool:
        """At a restart (15.3 step 10, mark I)."""
        return True

    def page(self, text: str, page: str, store: Store) -> str:
        """The HTML that is sent for a page."""
        return text

    def exports_key(self, skin: Skin) -> bool:
        """Whether the private key is in configuration.xml (7.10, mark U)."""
        return skin.configuration.private_key == "included"

    def audit_of_upload(self, upload: Upload) -> str:
        """What the audit log says of an upload that was stored (10, text mark U)."""
        return "a certificate and private key were uploaded"

    def event_of_upload(self, upload: Upload) -> str:
        """What the event log says of an upload that was stored (10, text mark U)."""
        return "a new certificate and private key have been uploaded"


HEALTHY = Conduct()
