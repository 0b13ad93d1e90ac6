"""Whether a unit is ready to be given a certificate: one question after the other, each with what to do about it.

Only questions are sent. What a unit does not tell counts as missing where the procedure would need it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum

from cryptography import x509

from certstore import firmware_named
from harness.deadline import Deadline
from harness.errors import ConfigurationError, DeadlineExpired, LabError, UnitError
from harness.lab import LabgridPower, Place
from harness.unit import ExaminedUnit, Identity, OperationalStatus, Unit, keys_for_https
from harness.verdict.certificates import title
from harness.verdict.paths import names_it

# The unit tells its local time without a zone: only what is beyond every zone is known to be wrong.
CLOCK_LIMIT = timedelta(days=1)
HANDSHAKE_SECONDS = 30.0
SOON = timedelta(days=30)
UPGRADE = "enter the key Secure management (HTTPS) or Encryption at Settings > Upgrade; the maker has it"


class State(StrEnum):
    READY = "ready"
    REMARK = "remark"
    """Worth to be known, and in nobody's way."""
    MISSING = "missing"


@dataclass(frozen=True)
class Finding:
    state: State
    found: str
    remedy: str = ""


@dataclass(frozen=True)
class Row:
    """One question, and its answer."""

    topic: str
    state: State
    found: str
    remedy: str


def ready(found: str) -> Finding:
    return Finding(State.READY, found)


def missing(found: str, remedy: str) -> Finding:
    return Finding(State.MISSING, found, remedy)


def examined(unit: ExaminedUnit) -> Iterator[Row]:
    """Every question, in the order in which a person would ask. After a refused login none is asked that needs one:
    a third wrong password would lock the account (device-reference 3.4)."""
    shut_out = False
    for question in QUESTIONS:
        if shut_out and question.needs_login:
            yield Row(question.topic, State.MISSING, "not asked: the login is refused", "")
            continue
        try:
            finding = question.look(unit)
        except (LabError, UnitError, DeadlineExpired) as error:
            shut_out = shut_out or (question.needs_login and isinstance(error, ConfigurationError))
            finding = missing(str(error), question.otherwise)
        yield Row(question.topic, finding.state, finding.found, finding.remedy)


def stranger_by(identity: Identity, place: Place) -> str:
    """In what the unit is another one than the lab file says; empty where it is that one, as far as it tells."""
    if place.model.split()[-1] not in identity.model:
        return f"it is a {identity.model}; lab.toml says {place.model}"
    if place.serial is not None and identity.serial and identity.serial != place.serial:
        return f"its serial number is {identity.serial}; lab.toml says {place.serial}"
    if place.firmware is not None and not _is_firmware(identity.software_version, place.firmware):
        return f"its firmware is {identity.software_version}; lab.toml says {place.firmware}"
    return ""


def _is_firmware(told: str, wanted: str) -> bool:
    return told == wanted or told.startswith(f"{wanted}(")


def _model(unit: ExaminedUnit) -> Finding:
    told, wanted = unit.identity.model, unit.place.model
    if wanted.split()[-1] in told:
        return ready(f"{told}, host name {unit.identity.host_name or 'not told'}")
    return missing(f"it is a {told}; lab.toml says {wanted}", "this is another unit: correct model or address")


def _serial(unit: ExaminedUnit) -> Finding:
    told, by_api = unit.identity.serial, unit.serial()
    if by_api and told and by_api != told:
        remedy = "two units answer at one address: look at the network"
        return missing(f"/system.xml says {told}, the API {by_api}", remedy)
    found, wanted = told or by_api, unit.place.serial
    if wanted is not None and found != wanted:
        return missing(
            f"{found or 'not told'}; lab.toml says {wanted}", "this is another unit: correct serial or address"
        )
    return ready(f"{found or 'not told'}{'' if wanted else '; lab.toml names none'}")


def _firmware(unit: ExaminedUnit) -> Finding:
    told, wanted = unit.identity.software_version, unit.place.firmware
    if wanted is not None and not _is_firmware(told, wanted):
        return missing(f"{told}; lab.toml says {wanted}", "upgrade the unit, or correct firmware in lab.toml")
    try:
        firmware_named(told)
    except ValueError as error:
        remedy = "it is judged as the newest that is known; look twice at what mcu-hil judge says"
        return Finding(State.REMARK, str(error), remedy)
    return ready(told)


def _status(unit: ExaminedUnit) -> Finding:
    status = unit.operational_status()
    if status is OperationalStatus.ACTIVE:
        return ready("it is up")
    words = {
        OperationalStatus.SHUTTING_DOWN: "it is shutting down",
        OperationalStatus.SHUT_DOWN: "it has been shut down",
    }
    return missing(words[status], "somebody has shut it down: ask who, and restart it at Settings > Shutdown")


def _login(unit: ExaminedUnit) -> Finding:
    unit.condition()
    return ready(f"the unit lets {unit.place.login.user!r} in")


def _session(unit: ExaminedUnit) -> Finding:
    table = unit.certificate_page().local_certificate
    return ready(f"Network > SSL certificates opens; Private key: {table.private_key or 'not told'}")


def _feature_key(unit: ExaminedUnit) -> Finding:
    names = unit.features()
    found = keys_for_https(names or ())
    if not unit.place.feature_key:
        if not found:
            return ready("none, as lab.toml says")
        return missing(f"{', '.join(found)}; lab.toml says that there is none", "take feature_key out of lab.toml")
    if names is None:
        service = unit.services().get("https")
        if service is not None and service.open:
            return ready("the API does not tell; HTTPS is open, so there is one")
        return missing("the API does not tell, and HTTPS is not open", f"look at Settings > Upgrade; {UPGRADE}")
    if found:
        return ready(", ".join(found))
    return missing(f"neither of the two; there are {', '.join(names) or 'none'}", UPGRADE)


def https_service(unit: Unit) -> Finding:
    """Whether HTTPS is open, at the port of the lab file."""
    service, port = unit.services().get("https"), unit.place.ports.https
    if not unit.place.feature_key and (service is None or not service.open):
        return ready("not open: there is no feature key for it")
    if service is None:
        return missing("the API lists no HTTPS service", UPGRADE)
    if not service.wanted:
        return missing("it is not ticked", "tick HTTPS (Secure web before 4.4) at Network > Services")
    if not service.open:
        return missing("it is ticked, and not open", f"it lacks its feature key, most likely: {UPGRADE}")
    if service.port not in (None, port):
        return missing(f"open at port {service.port}; lab.toml says {port}", f"write ports.https = {service.port}")
    return ready(f"open at port {service.port or port}")


def _served(unit: ExaminedUnit) -> Finding:
    if not unit.place.feature_key:
        return Finding(State.REMARK, "nobody looks: lab.toml says that it has no feature key for HTTPS")
    shown = unit.handshake(Deadline.after(HANDSHAKE_SECONDS))
    told = f"sha256:{shown.fingerprint}, {shown.protocol_version}"
    try:
        leaf = x509.load_der_x509_certificate(shown.leaf)
        ends = leaf.not_valid_after_utc
        whose, fits = title(leaf), names_it(leaf, unit.place.address) or title(leaf) == repr(unit.place.address)
    except ValueError:
        return Finding(State.REMARK, f"{told}; cannot be read further")
    if elsewhere := _served_elsewhere(unit, shown.leaf):
        return elsewhere
    if ends < datetime.now(UTC) + SOON:
        over = "expired on" if ends < datetime.now(UTC) else "expires on"
        return Finding(State.REMARK, f"{told}, {over} {ends:%Y-%m-%d}", "replace it: mcu-hil install")
    told = f"{told}, valid until {ends:%Y-%m-%d}"
    if not fits:
        # As delivered, every unit has the same pair (device-reference 2.1, mark D).
        return Finding(
            State.REMARK,
            f"{told}; it is for {whose}, and not for {unit.place.address}: whoever opens that is warned",
            f"mcu-hil install {unit.place.name} gives it a pair of its own; the one of the factory is on every unit",
        )
    return ready(told)


def _served_elsewhere(unit: ExaminedUnit, leaf: bytes) -> Finding | None:
    """What is amiss at the first of its other addresses at which anything is."""
    for address in unit.place.also_at:
        try:
            shown = unit.handshake(Deadline.after(HANDSHAKE_SECONDS), address)
        except (LabError, UnitError, DeadlineExpired) as error:
            remedy = "see that this port is plugged in and HTTPS ticked for it, or take it out of also_at"
            return missing(f"not at {address}: {error}", remedy)
        if shown.leaf != leaf:
            told = f"at {address} another one, sha256:{shown.fingerprint}"
            return missing(told, "a unit has one certificate: see that this is an address of the same unit")
    return None


def _pending(unit: ExaminedUnit) -> Finding:
    if unit.condition().reboot_required:
        return missing(
            "a change waits for a restart: until then, the certificate of before is served",
            "if it is yours, restart the unit at Settings > Shutdown; if not, ask whose it is",
        )
    return ready("nothing waits for one")


def _calls(unit: ExaminedUnit) -> Finding:
    calls = unit.calls()
    if calls:
        return missing(
            f"{calls} participants are in a call", "wait until they are over, or install with --drop-calls"
        )
    return ready("none")


def _clock(unit: ExaminedUnit) -> Finding:
    clock = unit.condition().current_time
    if clock is None:
        return Finding(State.REMARK, "not told by its API", "look at Settings > Time")
    said = clock.replace(tzinfo=UTC)
    told = f"it says {said:%Y-%m-%d %H:%M}"
    if abs(said - datetime.now(UTC)) < CLOCK_LIMIT:
        return ready(told)
    # The certificate is served all the same; what is verified with a clock is not (11.4).
    return missing(told, "set it at Settings > Time: logs, client certificates and SIP TLS go by it")


def _console(unit: ExaminedUnit) -> Finding:
    console = unit.place.console
    if console is None:
        remedy = "a unit that does not come back can then be seen at its console only by going there"
        return Finding(State.REMARK, "not in lab.toml", remedy)
    said = unit.try_console()
    door = f"{console.where} lets {console.user!r} in"
    if not said:
        return Finding(
            State.REMARK, f"{door}, and the line is silent", "see that the cable is in, and its speed right"
        )
    if console.reboot is None:
        remedy = "where the command is known, write console.reboot: a unit that hangs can then be restarted by it"
        return Finding(State.READY, f"{door}; it says {said!r}", remedy)
    return ready(f"{door}; it says {said!r}")


def _power(unit: ExaminedUnit) -> Finding:
    power = unit.place.power
    if power is None:
        return Finding(
            State.REMARK, "not in lab.toml", "a unit that hangs can then be switched off only by going there"
        )
    state = unit.outlet_state()
    lets_in = "" if isinstance(power, LabgridPower) else f" lets {power.user!r} in"
    if state is False:
        return missing(
            f"{power.where}{lets_in}, and says that the outlet is off",
            "the unit answers all the same, so this is another one's outlet, most likely: correct the table power",
        )
    told = {True: "the outlet is on", None: "it has no command `state` to tell more by"}[state]
    return ready(f"{power.where}{lets_in}; {told}")


@dataclass(frozen=True)
class Question:
    topic: str
    look: Callable[[ExaminedUnit], Finding]
    otherwise: str = ""
    """The remedy where there is no answer."""
    needs_login: bool = True


API = "see that the API answers, over HTTP or HTTPS, and that the user is an administrator"
QUESTIONS = (
    Question("model", _model, needs_login=False),
    Question("firmware", _firmware, needs_login=False),
    Question("login", _login, "correct login in lab.toml; the user has to be an administrator"),
    Question("serial", _serial, API),
    Question("session", _session, "log out other administrators, or set login.session_wait_seconds"),
    Question("state", _status, API),
    Question("feature key", _feature_key, API),
    Question("HTTPS", https_service, API),
    Question("served today", _served, "open HTTPS, and see that ports.https is its port", needs_login=False),
    Question("restart", _pending, API),
    Question("calls", _calls, "look at Conferences; install goes on with --drop-calls"),
    Question("clock", _clock, API),
    Question(
        "console", _console, "see that the console server is reachable; correct ssh, port, user", needs_login=False
    ),
    Question(
        "power", _power, "see that the outlet is reachable; correct ssh, port, user, password", needs_login=False
    ),
)
