"""The remote management API: XML-RPC on `/RPC2` (device-reference 7)."""

from __future__ import annotations

import functools
import xmlrpc.client
from collections.abc import Iterator, Mapping
from datetime import datetime
from http import HTTPStatus
from typing import TypeVar
from xml.parsers.expat import ExpatError

from harness.drivers.submission import Submission
from harness.drivers.wire import ANSWER_SECONDS, Credentials, Reply, Wire
from harness.errors import ConfigurationError, UnitError
from harness.moment import Moment
from harness.unit import Condition, OperationalStatus, RestartLogEntry, Service

Member = TypeVar("Member")

PATH = "/RPC2"
NOT_SUPPORTED = 1
AUTHORIZATION_FAILED = 14
INSUFFICIENT_PRIVILEGES = 15
RESTART_SINCE = (2, 9)
"""`device.restart` exists from this API version on (device-reference 7.6, mark D)."""

NO_API = (HTTPStatus.FORBIDDEN, HTTPStatus.NOT_FOUND, HTTPStatus.METHOD_NOT_ALLOWED, HTTPStatus.NOT_IMPLEMENTED)
"""What a web server answers for a path that it does not have, or to a POST of what is none of its forms."""

HUNG_UP = ("disconnected", "dormant")


class NotTold(UnitError):
    """The API does not say: there is none, or it lacks the method or the member. Older ones have fewer (7.2, 7.6)."""


class Fault(UnitError):
    """The API answered with a fault (device-reference 7.8)."""

    def __init__(self, where: str, method: str, code: int, text: str) -> None:
        super().__init__(where, method, code, text)
        self.where, self.method, self.code, self.text = where, method, code, text

    def __str__(self) -> str:
        return f"{self.where}: {self.method} answers fault {self.code}, {self.text!r}"


class NotSupported(Fault, NotTold):
    """The API does not have the method."""


class Api:
    """The API of one unit. Every answer is checked for its type: UnitError names the method and the member."""

    def __init__(self, wire: Wire, login: Credentials) -> None:
        self._wire = wire
        self._login = login
        self._latest: dict[str, tuple[Moment, Answered]] = {}
        """By method: its last answer, and when it was asked."""

    def query(self, method: str) -> Answered:
        """The answer of a method that changes nothing; asked again where the connection was reset. One answer does
        for all who ask in one moment: until something is done to the unit, or waited for.

        Raises Fault, a UnitError, and ConfigurationError where user and password are refused.
        """
        if method in self._latest:
            asked, answered = self._latest[method]
            if asked.lasts(self._wire.moment()):
                return answered
        answered = self._read(method, self.answer(method))
        self._latest[method] = self._wire.moment(), answered
        return answered

    def answer(self, method: str) -> Reply:
        """What came back for a method that changes nothing, as it came."""
        return self._wire.ask(self._request(method, {}))

    def has_restart(self) -> bool:
        """Whether this version of the API can restart the unit (device-reference 7.6, mark D)."""
        try:
            return _parts(self._version()) >= RESTART_SINCE
        except NotTold:
            return False

    def _version(self) -> str:
        return self.query("device.query").text("apiVersion")

    def restart(self) -> None:
        """`device.restart` was sent, once. Raises ConfigurationError where this API does not have it."""
        version = self._version()
        if _parts(version) < RESTART_SINCE:
            raise ConfigurationError(
                f"{self._wire.place.name}: API {version} has no device.restart (2.9 is the first): restart it by web"
            )
        # It is sent once, and a reset does not tell whether it arrived.
        self._wire.forget_idle_connections()
        self._read("device.restart", self._wire.send(self._request("device.restart", {}), ANSWER_SECONDS))

    def switch(self, service: str, port: int, *, on: bool) -> None:
        """`services.modify` of port A was sent, once. It answers before it is applied (device-reference 4, D)."""
        row: dict[str, object] = {"name": service, "setting": on, "port": port}
        self._wire.forget_idle_connections()
        request = self._request("services.modify", {"portA": [row]})
        self._read("services.modify", self._wire.send(request, ANSWER_SECONDS))

    def condition(self) -> Condition:
        device = self.query("device.query")
        return Condition(
            reboot_required=device.truth("rebootRequired"),
            restart_time=device.time("restartTime"),
            current_time=device.time("currentTime"),
            uptime_seconds=_uptime(device),
            finished_booting=device.truth("finishedBooting"),
        )

    def current_time(self) -> datetime:
        return self.query("device.query").time("currentTime")

    def operational_status(self) -> OperationalStatus:
        return _status(self.query("device.health.query"), "operationalStatus")

    def shutdown_status(self) -> OperationalStatus:
        """`shutdownStatus` of device.query; NotTold where it is none of the words of operationalStatus (7.2)."""
        try:
            return _status(self.query("device.query"), "shutdownStatus")
        except UnitError as error:
            raise NotTold(str(error)) from None

    def reboot_required(self) -> bool:
        return self.query("device.query").truth("rebootRequired")

    def restart_time(self) -> datetime:
        return self.query("device.query").time("restartTime")

    def clock_moved_on(self) -> bool:
        """Whether the unit's clock shows a later second than that of its start."""
        device = self.query("device.query")
        return device.time("currentTime") > device.time("restartTime")

    def serial(self) -> str:
        """Empty where the API does not tell it."""
        device = self.query("device.query")
        return device.text("serial") if device.has("serial") else ""

    def features(self) -> tuple[str, ...] | None:
        """The names of the activated features, never their keys; None where the API does not tell (2.8 may not)."""
        device = self.query("device.query")
        if not device.has("activatedFeatures"):
            return None
        return tuple(one.text("feature") for one in device.structs("activatedFeatures"))

    def finished_booting(self) -> bool:
        return self.query("device.query").truth("finishedBooting")

    def restart_log(self) -> tuple[RestartLogEntry, ...]:
        entries = [
            RestartLogEntry(entry.time("time"), entry.text("reason"))
            for entry in self.query("device.restartlog.query").structs("log")
        ]
        # The order is not documented. Sorting is stable, so entries of one second stay as they came; a log that
        # begins with the newest is turned round first.
        if entries and entries[0].time > entries[-1].time:
            entries.reverse()
        return tuple(sorted(entries, key=lambda entry: entry.time))

    def calls(self) -> int:
        """How many participants of the first page of `participant.enumerate` are not known to have hung up.

        The members are recollected (device-reference 7.7): one without a state counts as connected.
        """
        answer = self.query("participant.enumerate")
        if not answer.has("participants"):
            return 0
        states = [
            [struct["callState"] for struct in _structs_with(one.members, "callState")]
            for one in answer.structs("participants")
        ]
        return sum(not found or any(state not in HUNG_UP for state in found) for found in states)

    def services(self) -> dict[str, Service]:
        """Those of port A. Arrays of services stand under each port (device-reference 4); how deep is not said."""
        answer = self.query("services.query")
        found = [struct for struct in _structs_with(answer.members, "setting") if isinstance(struct.get("name"), str)]
        services: dict[str, Service] = {}
        for struct in found:
            member = Answered(answer.where, answer.method, struct)
            name = member.text("name")
            # Port A stands before port B.
            services.setdefault(
                name,
                Service(
                    name=name,
                    wanted=member.truth("setting"),
                    open=member.truth("enabled"),
                    port=member.number("port") if member.has("port") else None,
                ),
            )
        return services

    def _request(self, method: str, arguments: Mapping[str, object]) -> Submission:
        struct = {
            "authenticationUser": self._login.user,
            "authenticationPassword": self._login.password,
            **arguments,
        }
        body = xmlrpc.client.dumps((struct,), method, encoding="UTF-8").encode()
        return Submission("POST", self._wire.url(PATH), "text/xml; charset=utf-8", body)

    @property
    def _hint(self) -> str:
        """What else than the password it may be: with client certificates required, HTTP lets nobody in (2.4)."""
        if not self._wire.https_trouble:
            return ""
        trouble = self._wire.https_trouble.removeprefix(f"{self._wire.place.name}: ")
        return (
            f"; this was over HTTP, since HTTPS fails ({trouble}): if the unit wants a client certificate, give it"
            " login.client_certificate"
        )

    def _read(self, method: str, reply: Reply) -> Answered:
        where = self._wire.place.name
        if reply.status in NO_API:
            raise NotTold(f"{where}: has no API: {PATH} answers HTTP {reply.status}")
        if reply.status != HTTPStatus.OK:
            raise UnitError(f"{where}: {method} answers HTTP {reply.status}, want 200 even for a fault")
        try:
            values = _values(reply.body)
        except xmlrpc.client.Fault as fault:
            self._wire.answers.fault(method, int(fault.faultCode), str(fault.faultString))
            if fault.faultCode in (AUTHORIZATION_FAILED, INSUFFICIENT_PRIVILEGES):
                raise ConfigurationError(
                    f"{where}: the API refuses the user {self._wire.place.login.user!r}: {fault.faultString}"
                    f"{self._hint}"
                ) from None
            kind = NotSupported if fault.faultCode == NOT_SUPPORTED else Fault
            raise kind(where, method, int(fault.faultCode), str(fault.faultString)) from None
        except (
            ExpatError,
            xmlrpc.client.Error,
            ValueError,
            TypeError,
            KeyError,
            IndexError,
            AttributeError,
        ) as error:
            # What the library raises for XML that is no XML-RPC depends on where it stumbles.
            raise UnitError(f"{where}: {method} answers no XML-RPC: {type(error).__name__}") from error
        if len(values) != 1 or not isinstance(values[0], dict):
            raise UnitError(f"{where}: {method} answers {len(values)} values, want one struct")
        self._wire.answers.note(method, values[0])
        return Answered(where, method, values[0])


class Answered:
    """The struct that a method answered."""

    def __init__(self, where: str, method: str, members: dict[str, object]) -> None:
        self.where = where
        self.method = method
        self.members = members

    def has(self, name: str) -> bool:
        return name in self.members

    def wrong(self, name: str, found: str) -> UnitError:
        return UnitError(f"{self.where}: {self.method}: {name} {found}")

    def text(self, name: str) -> str:
        return self._typed(name, str, "a string")

    def number(self, name: str) -> int:
        return self._typed(name, int, "an int")

    def truth(self, name: str) -> bool:
        return self._typed(name, bool, "a boolean")

    def time(self, name: str) -> datetime:
        return self._typed(name, datetime, "a dateTime.iso8601")

    def structs(self, name: str) -> list[Answered]:
        found = self._typed(name, list, "an array")
        if not all(isinstance(member, dict) for member in found):
            raise self.wrong(name, "is an array of something else than structs")
        return [Answered(self.where, f"{self.method}: {name}", member) for member in found]

    def _typed(self, name: str, kind: type[Member], wanted: str) -> Member:
        if name not in self.members:
            there = ", ".join(self.members) or "no members"
            raise NotTold(f"{self.where}: {self.method}: {name} is missing; there are {there}")
        found = self.members[name]
        # To Python a boolean is an int; to the unit it is not.
        if not isinstance(found, kind) or (isinstance(found, bool) and kind is not bool):
            raise self.wrong(name, f"is of type {type(found).__name__}, want {wanted}")
        return found


# Clocks show whole seconds: what is asked twice in one is answered by the same octets.
@functools.lru_cache(maxsize=64)
def _values(body: bytes) -> tuple[object, ...]:
    """What the library reads, for everybody to look at and nobody to change; raises what it raises."""
    values, _ = xmlrpc.client.loads(body, use_builtin_types=True)
    return tuple(values)


def _uptime(device: Answered) -> int:
    """Real units return it, though it is undocumented (7.2)."""
    if device.has("uptime"):
        return device.number("uptime")
    return int((device.time("currentTime") - device.time("restartTime")).total_seconds())


def _status(answer: Answered, name: str) -> OperationalStatus:
    found = answer.text(name)
    try:
        # 2.10 prints shutdown where 2.9 prints shutDown (device-reference 7.3, mark D).
        return OperationalStatus(found.lower().replace(" ", ""))
    except ValueError:
        raise answer.wrong(name, f"is {found[:40]!r}, want active, shuttingDown or shutDown") from None


def _structs_with(value: object, member: str) -> Iterator[dict[str, object]]:
    """The structs that have this member, however deep, in the order of the answer."""
    if isinstance(value, dict):
        if member in value:
            yield value
            return
        for inner in value.values():
            yield from _structs_with(inner, member)
    elif isinstance(value, list):
        for inner in value:
            yield from _structs_with(inner, member)


def _parts(version: str) -> tuple[int, ...]:
    """2.10 is later than 2.9 (device-reference 7.2, mark D)."""
    return tuple(int(part) for part in version.split(".") if part.isdecimal())
