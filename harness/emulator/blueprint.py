"""What one emulated unit is built as, and whether it can be built."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

from harness.emulator.faults import NO_FAULTS, Faults, FaultUnknown
from harness.emulator.lines import Outlet, SerialLine, outlet, read_outlet, read_serial_line, serial_line
from harness.emulator.skin import generations, load_captured, load_skin
from harness.emulator.switches import Settings, switched
from harness.errors import ConfigurationError

if TYPE_CHECKING:
    # Units come to their process as blueprints: the 6 MB of lab.toml's schema stay outside.
    from harness.lab import Place

FEATURE_KEYS = ("Secure management (HTTPS)", "Encryption")
"""The names of the keys that HTTPS needs one of (device-reference 6, mark D)."""

VERSION = re.compile(r"(?P<generation>\d+\.\d+)(?:\((?P<build>\d+(?:\.\d+)?)\))?")
"""`major.minor(x.y)` (device-reference 1.1, mark D) or `2.4(1)` (M2.4, D); without a bracket, the newest build."""


@dataclass(frozen=True)
class Blueprint:
    """One unit: everything about it that its lab decides."""

    name: str
    model: str
    address: str
    http: int
    https: int
    firmware: str
    restart_seconds: float
    sip_tls: int = 5061
    also_at: tuple[str, ...] = ()
    """The addresses of port B, which opens what port A does."""
    ticked: tuple[str, ...] = ("http", "https")
    """The services that are open at first, by API name. SIP TLS is not (device-reference 4, mark R)."""
    defect: str | None = None
    user: str = "admin"
    password: str = field(default="", repr=False)
    features: tuple[str, ...] = FEATURE_KEYS
    switches: Settings = ()
    """What is otherwise than the generation's skin has it."""
    faults: Faults = NO_FAULTS
    """Of the bench, from the start."""
    console: SerialLine | None = None
    outlet: Outlet | None = None
    skin: str = ""
    """The folder of a captured unit's skin; empty for its generation's own."""

    @property
    def addresses(self) -> tuple[str, ...]:
        return self.address, *self.also_at

    @property
    def lines(self) -> tuple[str, ...]:
        """How its console and its outlet are reached, for a person to type."""
        console = [] if self.console is None else [self.console.login.words]
        power = [] if self.outlet is None else [f"{self.outlet.login.words} off {self.outlet.number}"]
        return (*console, *power)

    @property
    def generation(self) -> str:
        """`4.3` of `4.3(2.18)`."""
        return self.firmware.partition("(")[0]

    def document(self) -> dict[str, Any]:
        """What `from_document` reads. It holds the password: for a pipe, never for a command line."""
        return asdict(self)

    @classmethod
    def from_document(cls, document: dict[str, Any]) -> Blueprint:
        read = {
            "features": tuple(document["features"]),
            "ticked": tuple(document["ticked"]),
            "also_at": tuple(document["also_at"]),
            "switches": tuple((name, value) for name, value in document["switches"]),
            "faults": Faults.from_document(document["faults"]),
            "console": read_serial_line(document["console"]),
            "outlet": read_outlet(document["outlet"]),
        }
        return cls(**(document | read))

    @classmethod
    def of(cls, place: Place) -> Blueprint:
        """The blueprint of an emulated place.

        Raises ConfigurationError where `check` does, and where the login's password cannot be looked up.
        """
        check(place)
        assert place.emulated is not None, "check refuses others"
        return cls(
            name=place.name,
            model=place.model,
            address=place.address,
            also_at=place.also_at,
            http=place.ports.http,
            https=place.ports.https,
            sip_tls=place.ports.sip_tls,
            features=FEATURE_KEYS if place.feature_key else (),
            ticked=("http", "https", *(("sips_tcp",) if "sip_tls" in (place.features or ()) else ())),
            firmware=firmware_of(place),
            skin=str(place.emulated.skin or ""),
            restart_seconds=place.emulated.restart_seconds,
            defect=place.emulated.defect,
            switches=place.emulated.switches,
            faults=Faults.from_document(dict(place.emulated.faults)),
            user=place.login.user,
            password=place.login.password.reveal(f"{place.name}: login password"),
            console=serial_line(place),
            outlet=outlet(place),
        )


def check(place: Place) -> None:
    """Raises ConfigurationError, naming place and value, where no such unit can be emulated."""
    if place.emulated is None:
        raise ConfigurationError(f"place {place.name!r} is a real unit, not an emulated one")
    firmware = firmware_of(place)
    version = VERSION.fullmatch(firmware)
    if version is None:
        raise ConfigurationError(f"place {place.name!r}: firmware {firmware!r} is not of the form '4.3(2.18)'")
    if version["generation"] not in generations():
        known = f"known are {', '.join(generations())}"
        raise _unknown(place, "firmware", version["generation"], generations(), known)
    captured = place.emulated.skin
    skin = load_skin(version["generation"]) if captured is None else load_captured(captured)
    switched(skin, place.emulated.switches, f"place {place.name!r}")
    if place.emulated.defect is not None:
        # Here, because nearly no place has one, and who starts units needs nothing of what they do.
        from harness.emulator.defects import DEFECTS

        if place.emulated.defect not in DEFECTS:
            known = "docs/defects.md lists those that are known"
            raise _unknown(place, "defect", place.emulated.defect, DEFECTS, known)
    try:
        Faults.from_document(dict(place.emulated.faults))
    except FaultUnknown as unknown:
        raise ConfigurationError(f"place {place.name!r}: {unknown}: docs/emulator.md lists them") from None


def firmware_of(place: Place) -> str:
    """What the lab file says; without a word from it, what the captured unit had, or else the default."""
    assert place.emulated is not None, "asked of emulated places only"
    if place.emulated.skin is None or "firmware" in place.emulated.model_fields_set:
        return place.emulated.firmware
    return load_captured(place.emulated.skin).firmware or place.emulated.firmware


def _unknown(place: Place, what: str, value: str, known: Iterable[str], otherwise: str) -> ConfigurationError:
    near = difflib.get_close_matches(value, list(known), n=1)
    hint = f"did you mean {near[0]!r}?" if near else otherwise
    return ConfigurationError(f"place {place.name!r}: unknown {what} {value!r}: {hint}")
