"""What can go wrong with one place of a lab, and what a run has to make of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum

HELD = frozenset({"held"})
BLOCKED = frozenset({"blocked"})
UNIT = "unit"
BENCH = "bench"

POWER = "power = {{ ssh = '{address}', port = 2222, user = 'lab', on = 'on 7', off = 'off 7' }}"
CONSOLE = "console = {{ ssh = '{address}', port = 2207, user = 'lab' }}"


class Moment(StrEnum):
    """When something happens to a unit."""

    UPLOAD = "an upload"
    """About: just before its first."""
    RESTART = "a restart"


@dataclass(frozen=True)
class Happening:
    """The network of a unit and of all its lines goes."""

    moment: Moment
    seconds: float | None = None
    """Until it is back; None is never."""


@dataclass(frozen=True)
class Row:
    """One fault, on a place of its own."""

    name: str
    says: str = ""
    """Of the line that tells why."""
    fault: str = ""
    """Whose, as each incident's line ends; empty where there must be none."""
    emulated: Mapping[str, object] = field(default_factory=dict)
    """Further keys of `emulated`."""
    unit: tuple[str, ...] = ()
    """Further lines of the place, for those who keep its unit; `{address}` is the unit's."""
    run: tuple[str, ...] = ()
    """Further lines of the place, for the run."""
    happens: Happening | None = None
    """What becomes of its network while the run goes on."""
    allowed: frozenset[str] = HELD
    """What may become of its claims; where `held` is among them, some must be otherwise if there is a fault."""


def defect(name: str, called: str = "") -> Row:
    """Of the firmware: no incident may blame the bench."""
    return Row(called or name, "", UNIT, {"defect": name}, allowed=frozenset({"held", "failed", "blocked"}))


def dropped(moment: Moment, seconds: float | None = None) -> Row:
    """For good it is the bench's; a while is waited out, and nobody's fault."""
    called = f"network dropped in {moment}, {f'for {seconds:g} s' if seconds else 'for good'}"
    happening = Happening(moment, seconds)
    if seconds:
        return Row(called, unit=BOTH_LINES, run=BOTH_LINES, happens=happening)
    allowed = frozenset({"held", "blocked"})
    return Row(called, "", BENCH, unit=BOTH_LINES, run=BOTH_LINES, happens=happening, allowed=allowed)


BOTH_LINES = (POWER, CONSOLE)

ROWS = (
    Row("well", unit=BOTH_LINES, run=BOTH_LINES),
    Row("another unit in its place", "serial: ", BENCH, run=("serial = 'SM999999'",), allowed=BLOCKED),
    Row("another model in its place", "model: it is a ", BENCH, run=("model = 'MCU 4203'",), allowed=BLOCKED),
    Row("another firmware", "firmware: ", BENCH, run=("firmware = '4.4'",), allowed=BLOCKED),
    Row(
        "password changed",
        "login: ",
        BENCH,
        unit=("login = {{ password = 'changed' }}",),
        run=("login = {{ password = 'as before' }}",),
        allowed=BLOCKED,
    ),
    Row("clock wrong", "clock: it says ", BENCH, {"faults": {"clock_seconds": 1e8}}, allowed=BLOCKED),
    Row("console server down", emulated={"faults": {"console_down": True}}, unit=BOTH_LINES, run=BOTH_LINES),
    Row("PDU dead", emulated={"faults": {"pdu_dead": True}}, unit=BOTH_LINES, run=BOTH_LINES),
    Row("network dead", "", BENCH, {"faults": {"lost_every": 1}}, allowed=BLOCKED),
    defect("restart-hangs"),
    defect("restart-loops"),
    defect("https-closed-after-restart"),
    defect("shutdown-hangs"),
    defect("no-handshake-after-restart"),
    defect("old-pair-after-restart", "returns with the factory pair"),
    Row("another one that is well", allowed=HELD),
)

SEVERED = (
    Row("well", unit=BOTH_LINES, run=BOTH_LINES),
    dropped(Moment.UPLOAD),
    dropped(Moment.UPLOAD, 4.0),
    dropped(Moment.RESTART),
    dropped(Moment.RESTART, 4.0),
    replace(
        defect("restart-hangs", "PDU dead under a unit that never returns"),
        emulated={"defect": "restart-hangs", "faults": {"pdu_dead": True}},
        unit=BOTH_LINES,
        run=BOTH_LINES,
    ),
    *(Row(f"well too, {number}") for number in range(7, 17)),
)
"""The network, and what else a second lab of 16 has room for."""
