"""What can go wrong with one place of a lab, and what a run has to make of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

HELD = frozenset({"held"})
BLOCKED = frozenset({"blocked"})
UNIT = "unit"
BENCH = "bench"

POWER = "power = {{ ssh = '{address}', port = 2222, user = 'lab', on = 'on 7', off = 'off 7' }}"
CONSOLE = "console = {{ ssh = '{address}', port = 2207, user = 'lab' }}"


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
    allowed: frozenset[str] = HELD
    """What may become of its claims; where `held` is among them, some must be otherwise if there is a fault."""


def defect(name: str) -> Row:
    """Of the firmware: no incident may blame the bench."""
    return Row(name, "", UNIT, {"defect": name}, allowed=frozenset({"held", "failed", "blocked"}))


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
    defect("old-pair-after-restart"),
    Row("another one that is well", allowed=HELD),
)
