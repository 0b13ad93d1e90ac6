"""A labgrid coordinator, as far as leases and addresses need it: the gRPC calls of labgrid 25 and later.

labgrid and gRPC are imported when a coordinator is spoken to, never before: only labs that name one need them.
"""

from __future__ import annotations

import atexit
import os
import queue
import re
import socket
import threading
from collections.abc import Callable
from dataclasses import dataclass
from fnmatch import fnmatchcase
from getpass import getuser
from pathlib import Path
from typing import Any

from harness.errors import BenchError, ConfigurationError

ANSWER_SECONDS = 20.0
RESOURCE = "NetworkService"
"""labgrid's class of a resource that has an address."""
INITIAL_NAMESPACE = "4026531836"
"""Of process ids: that of the machine itself (Linux, include/linux/proc_ns.h, PROC_PID_INIT_INO)."""


@dataclass(frozen=True)
class Owner:
    """Who acquires a place. labgrid wants HOST/USER, which two runs of one user share: ours is of one process."""

    login: str
    """labgrid's HOST/USER."""
    pid: int
    started: int
    """Field 22 of proc(5)'s stat: another process that gets the same number later has another."""
    boot: str
    namespace: str
    machine: str
    doing: str

    @classmethod
    def ours(cls, doing: str) -> Owner:
        return cls(
            login=f"{socket.gethostname()}/{getuser()}",
            pid=os.getpid(),
            started=_started(os.getpid()) or 0,
            boot=_first_octets("/proc/sys/kernel/random/boot_id"),
            namespace=re.sub(r"\D", "", str(Path("/proc/self/ns/pid").readlink())),
            machine=_first_octets("/etc/machine-id"),
            doing=doing,
        )

    @classmethod
    def read(cls, text: str) -> Owner | None:
        """None for somebody who is none of us."""
        found = re.fullmatch(r"([^+]+)\+mcu-hil\+(\d+)\.(\d+)\.(\w*)\.(\d*)\.(\w*)\+(.*)", text)
        if found is None:
            return None
        login, pid, started, boot, namespace, machine, doing = found.groups()
        return cls(login, int(pid), int(started), boot, namespace, machine, doing)

    def __str__(self) -> str:
        process = f"{self.pid}.{self.started}.{self.boot}.{self.namespace}.{self.machine}"
        return f"{self.login}+mcu-hil+{process}+{self.doing}"

    def is_dead(self, here: Owner) -> bool:
        """Whether `here`, a process that runs now, can tell that this one has ended; of other machines it cannot."""
        if (self.boot, self.namespace) == (here.boot, here.namespace):
            return _started(self.pid) != self.started
        same_machine = bool(self.machine) and (self.machine, self.login) == (here.machine, here.login)
        # The machine itself has been started anew since; of a container that is gone its successor knows nothing.
        return same_machine and self.boot != here.boot and self.namespace == here.namespace == INITIAL_NAMESPACE


def _started(pid: int) -> int | None:
    """None where there is no such process, or only its exit status is left."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()
    except OSError:
        return None
    return None if fields[0] in "ZX" else int(fields[19])


def _first_octets(file: str) -> str:
    try:
        return Path(file).read_text(encoding="ascii").strip().replace("-", "")[:12]
    except OSError:
        return ""


@dataclass(frozen=True)
class Acquired:
    """How the coordinator says that a place is held."""

    owner: str
    """Empty where nobody holds it."""
    changed: float
    """Seconds since 1970."""


class Refused(Exception):
    """The coordinator does not give the place: somebody has it, or one of its resources."""


class Coordinator:
    """A session with one coordinator, under one owner's name; for any thread."""

    def __init__(self, address: str, owner: str) -> None:
        """Raises ConfigurationError where labgrid is not installed, BenchError where nobody answers."""
        try:
            import grpc
            from labgrid.remote.generated import labgrid_coordinator_pb2 as messages
            from labgrid.remote.generated import labgrid_coordinator_pb2_grpc as calls
        except ImportError as error:
            raise ConfigurationError(f'coordinator {address}: install "mcu-hil[labgrid]" to ask it') from error
        self._address = address
        self._messages: Any = messages
        self._error: type[Exception] = grpc.RpcError
        self._codes = grpc.StatusCode
        self._queue: queue.SimpleQueue[Any] = queue.SimpleQueue()
        self._synchronised = threading.Event()
        self._over = threading.Event()
        self._resources: dict[tuple[str, str, str], Any] = {}
        # A connection of its own: the coordinator knows its clients by theirs.
        target = address if re.search(r":\d+$", address) else f"{address}:20408"
        self._channel = grpc.insecure_channel(target, [("grpc.use_local_subchannel_pool", 1)])
        self._calls = calls.CoordinatorStub(self._channel)
        startup = messages.ClientInMessage()
        startup.startup.version = "mcu-hil"
        startup.startup.name = owner
        resources = messages.ClientInMessage()
        resources.subscribe.all_resources = True
        last = messages.ClientInMessage()
        last.sync.id = 1
        for message in (startup, resources, last):
            self._queue.put(message)
        self._stream = self._calls.ClientStream(iter(self._queue.get, None))
        threading.Thread(target=self._listen, name=f"coordinator {address}", daemon=True).start()
        if not self._synchronised.wait(ANSWER_SECONDS) or self._over.is_set():
            self.close()
            raise BenchError(f"coordinator {address}: no labgrid coordinator answers there")

    @property
    def is_over(self) -> bool:
        """Whether the coordinator has ended the session, as it does when it is started anew."""
        return self._over.is_set()

    def close(self) -> None:
        self._queue.put(None)
        self._stream.cancel()
        self._channel.close()

    def acquired(self, place: str) -> Acquired:
        """Raises ConfigurationError for a place that the coordinator does not have, BenchError for no answer."""
        places = {found.name: found for found in self._places()}
        if place not in places:
            raise ConfigurationError(
                f"coordinator {self._address}: no place {place!r}: there are {', '.join(sorted(places)) or 'none'}"
            )
        return Acquired(places[place].acquired, places[place].changed)

    def acquire(self, place: str) -> None:
        """The place is ours. Raises Refused, BenchError for no answer."""
        self._ask(self._calls.AcquirePlace, self._messages.AcquirePlaceRequest(placename=place))

    def release(self, place: str, owner: str) -> None:
        """`owner` does not hold the place; whoever else does still has it."""
        self._ask(self._calls.ReleasePlace, self._messages.ReleasePlaceRequest(placename=place, fromuser=owner))

    def network_service(self, place: str) -> dict[str, str | int]:
        """What the one resource of the class NetworkService says that the place matches: address, port, username.

        Raises ConfigurationError where it has none or several.
        """
        matches = next((found.matches for found in self._places() if found.name == place), ())
        services = [
            {name: getattr(value, value.WhichOneof("kind")) for name, value in resource.params.items()}
            for resource in self._resources.values()
            if resource.cls == RESOURCE and any(_fits(match, resource) for match in matches)
        ]
        if len(services) != 1 or not services[0].get("address"):
            raise ConfigurationError(
                f"coordinator {self._address}: place {place!r} matches {len(services)} resources of the class"
                f" {RESOURCE}, want one with an address; or give the address in the lab file"
            )
        return services[0]

    def _places(self) -> Any:
        return self._ask(self._calls.GetPlaces, self._messages.GetPlacesRequest()).places

    def _ask(self, call: Callable[..., Any], message: Any) -> Any:
        try:
            return call(message, timeout=ANSWER_SECONDS)
        except self._error as error:
            code, details = error.code(), error.details()  # type: ignore[attr-defined]
            if code in (self._codes.FAILED_PRECONDITION, self._codes.PERMISSION_DENIED):
                raise Refused(details) from None
            raise BenchError(f"coordinator {self._address}: {details}") from None

    def _listen(self) -> None:
        try:
            for answer in self._stream:
                for update in answer.updates:
                    self._take_in(update)
                if answer.HasField("sync"):
                    self._synchronised.set()
        except self._error:
            """Whoever asks next hears of it."""
        finally:
            self._over.set()
            self._synchronised.set()

    def _take_in(self, update: Any) -> None:
        kind = update.WhichOneof("kind")
        if kind == "resource":
            self._resources[_key(update.resource.path)] = update.resource
        elif kind == "del_resource":
            self._resources.pop(_key(update.del_resource), None)


def _key(path: Any) -> tuple[str, str, str]:
    return path.exporter_name, path.group_name, path.resource_name


def _fits(match: Any, resource: Any) -> bool:
    """As labgrid has it: each part is a pattern of file names, the last need not be given."""
    exporter, group, name = _key(resource.path)
    parts = [(exporter, match.exporter), (group, match.group), (resource.cls, match.cls), (name, match.name or "*")]
    return all(fnmatchcase(found, wanted) for found, wanted in parts)


_sessions: dict[tuple[str, str], Coordinator] = {}
_lock = threading.Lock()


def session(address: str, owner: str) -> Coordinator:
    """The session of this process with this coordinator under this name; a new one where the last is over.

    Raises what Coordinator raises.
    """
    with _lock:
        found = _sessions.get((address, owner))
        if found is None or found.is_over:
            if found is not None:
                found.close()
            found = _sessions[address, owner] = Coordinator(address, owner)
        return found


@atexit.register
def _close_all() -> None:
    for found in _sessions.values():
        found.close()


def network_service(address: str, place: str) -> dict[str, str | int]:
    """As Coordinator.network_service, for whoever only reads a lab file. Raises what Coordinator raises."""
    return session(address, str(Owner.ours("reading a lab file"))).network_service(place)
