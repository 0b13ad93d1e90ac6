"""The console of a unit: captured from before a restart, a witness of it, and a way to ask for one."""

from __future__ import annotations

import re
import stat
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

import pytest

from certstore import Upload
from harness.bench import Bench, administered
from harness.deadline import Deadline
from harness.drivers.console import Console, captured
from harness.drivers.console_log import LONGEST, ConsoleLog
from harness.drivers.mcu import Mcu, open_unit
from harness.emulator.blueprint import Blueprint
from harness.emulator.faults import Faults
from harness.emulator.hosting import HostThread, hosted
from harness.emulator.unit import EmulatedUnit
from harness.errors import BenchError, ConfigurationError
from harness.evidence import console_file
from harness.journal import Journal
from harness.lab import Lab, Place
from harness.pki import key_pem, run_authority
from harness.recovery import RUNGS, recover
from harness.restitution import Restitution
from harness.unit import Way
from tests.unit.ssh.conftest import address

SECONDS = 20.0
OURS = run_authority().issue("unit.example")
UPLOAD = Upload(OURS.certificate_pem, key_pem(OURS.key))
STARTING = "Cisco TelePresence MCU 4505 4.3(2.18) (Build 6.18(2.18)) starting"
PASSWORD = "s3cret of mine"
STAMPED = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}\+00:00 ")
PlaceOf = Callable[..., Place]


@pytest.fixture
def place_of() -> PlaceOf:
    """A place with a console; keys of its table may be changed."""

    def made(**console: object) -> Place:
        table = {
            "name": "unit",
            "model": "MCU 4505",
            "address": address(),
            "ports": {"http": 8080, "https": 8443},
            "login": {"user": "admin", "password": PASSWORD},
            "emulated": {"firmware": "4.3(2.18)", "restart_seconds": 0.3},
            "console": {"ssh": address(), "port": 2207, "user": "lab", "reboot": "reboot"} | console,
        }
        return Lab.model_validate({"place": [table]}).places[0]

    return made


@pytest.fixture
def stage() -> Iterator[ExitStack]:
    with ExitStack() as stack:
        yield stack


def standing(stage: ExitStack, place: Place) -> HostThread:
    host = stage.enter_context(hosted([Blueprint.of(place)]))
    assert not host.failed
    return host


def listened(stage: ExitStack, place: Place, tmp_path: Path) -> tuple[Mcu, Console, Path]:
    """The unit, with somebody at its console, and the file of that."""
    path = console_file(tmp_path, place.name)
    console = stage.enter_context(captured(place, tmp_path, path))
    assert console is not None
    return stage.enter_context(open_unit(place, console=console)), console, path


def test_a_restart_is_witnessed_and_kept_with_its_times(stage: ExitStack, place_of: PlaceOf, tmp_path: Path) -> None:
    place = place_of()
    standing(stage, place)
    with stage:
        unit, _, path = listened(stage, place, tmp_path)
        restart = unit.restart(Deadline.after(SECONDS))

    assert restart.starts == (STARTING,)
    lines = path.read_text().splitlines()
    assert all(STAMPED.match(line) for line in lines)
    assert [line.partition(" ")[2] for line in lines if "starting" in line] == [STARTING]
    assert any("The system is going down" in line for line in lines)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def require_login(host: HostThread) -> None:
    """As somebody does at Settings > Security."""

    def ticked(unit: EmulatedUnit) -> None:
        unit.administration.security = replace(unit.administration.security, require_login=True)

    host._ask("unit", ticked)


@pytest.mark.parametrize("needs_login", [False, True], ids=["open", "login"])
def test_a_unit_is_restarted_at_its_console(
    stage: ExitStack, place_of: PlaceOf, tmp_path: Path, *, needs_login: bool
) -> None:
    place = place_of()
    host = standing(stage, place)
    with stage:
        unit, _, path = listened(stage, place, tmp_path)
        if needs_login:
            require_login(host)
        restart = unit.restart(Deadline.after(SECONDS), Way.CONSOLE)
        assert Way.CONSOLE in unit.ways()
        reasons = host.truth("unit").restart_reasons

    assert (restart.way, restart.starts) == (Way.CONSOLE, (STARTING,))
    assert reasons[-1] == "User requested reboot from console"
    assert "typed: reboot" in path.read_text()
    assert PASSWORD not in path.read_text()


def test_a_console_server_that_hangs_up_is_attached_anew(stage: ExitStack, place_of: PlaceOf, tmp_path: Path) -> None:
    place = place_of()
    host = standing(stage, place)
    with stage:
        unit, console, path = listened(stage, place, tmp_path)
        assert unit.restart(Deadline.after(SECONDS)).starts
        host.suffer("unit", Faults(console_down=True))
        unheard = unit.restart(Deadline.after(SECONDS))
        host.suffer("unit", Faults())
        # Until then it lets us in, and hangs up.
        back = Deadline.after(SECONDS)
        back.wait_for("attachment", lambda: console.starts_since(time.monotonic() - 0.5) is not None, 0.05)
        heard = unit.restart(Deadline.after(SECONDS))

    assert unheard.starts is None
    assert "was attached and lost" in path.read_text()
    assert heard.starts == (STARTING,)
    assert any("what the unit says there is not captured" in notice for notice in unit.notices)


def test_a_dead_console_server_is_told_and_hinders_nothing(
    stage: ExitStack, place_of: PlaceOf, tmp_path: Path
) -> None:
    place = place_of()
    standing(stage, place.model_copy(update={"console": None}))
    with stage:
        unit, _, path = listened(stage, place, tmp_path)
        restart = unit.restart(Deadline.after(SECONDS))
        with pytest.raises(BenchError, match=r"nobody is attached: .*Connection refused"):
            unit.restart(Deadline.after(SECONDS), Way.CONSOLE)

    assert restart.starts is None
    [notice] = unit.notices
    assert re.fullmatch(
        r"unit: console: 127\.\S+:2207: cannot be attached: cannot be reached: Connection refused;"
        r" what the unit says there is not captured",
        notice,
    )
    assert "cannot be attached" in path.read_text()


def test_without_the_command_nobody_guesses_it(stage: ExitStack, place_of: PlaceOf, tmp_path: Path) -> None:
    place = place_of(reboot=None)
    standing(stage, place)
    with stage:
        unit, _, _ = listened(stage, place, tmp_path)
        assert Way.CONSOLE not in unit.ways()
        with pytest.raises(ConfigurationError, match=r"write console\.reboot in the lab file"):
            unit.restart(Deadline.after(SECONDS), Way.CONSOLE)


def test_who_installs_has_the_console_captured_too(stage: ExitStack, place_of: PlaceOf, tmp_path: Path) -> None:
    place = place_of()
    standing(stage, place)
    with stage:
        unit, _ = stage.enter_context(administered(place, tmp_path / "state", tmp_path / "run", "the test"))
        assert unit.restart(Deadline.after(SECONDS)).starts == (STARTING,)

    assert STARTING in console_file(tmp_path / "run", "unit").read_text()


def test_a_unit_is_brought_back_at_its_console(
    stage: ExitStack, place_of: PlaceOf, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    emulated = place_of()
    host = standing(stage, emulated)
    place = emulated.model_copy(update={"emulated": None})
    monkeypatch.setattr("harness.recovery.RUNGS", [rung for rung in RUNGS if rung.way is Way.CONSOLE])
    with Bench([place], tmp_path / "state", tmp_path / "run", "the test") as bench, bench.held(place, lambda _: None):
        with bench.open(place) as (unit, _):
            unit.upload(UPLOAD)
            Restitution(unit, bench.journal, bench.doing, passing=False).owe("the test")

        assert recover(bench, place, lambda _: None) == "restart at the console"

    assert host.truth("unit").restart_reasons.count("User requested reboot from console") == 1
    assert not Journal(tmp_path / "state").of("unit")


HEARD = {
    "ends of lines": (b"one\r\ntwo\rthree\n\n", ["one", "two", "three"]),
    "colours and cursors": (b"\x1b[2J\x1b[1;31mred\x1b[0m\x07\n", ["red\\x07"]),
    "no UTF-8": (b"caf\xe9\n", ["caf\\xe9"]),
    "a secret": (b"password: s3cret of mine\n", ["password: ***"]),
    "a line without an end": (b"x" * (LONGEST + 1), ["x" * (LONGEST + 1)]),
}


@pytest.mark.parametrize(("octets", "lines"), HEARD.values(), ids=HEARD)
@pytest.mark.parametrize("size", [1, 7, 10_000])
def test_what_is_heard_is_kept_as_lines(tmp_path: Path, octets: bytes, lines: list[str], size: int) -> None:
    log = ConsoleLog(tmp_path / "log", [PASSWORD])

    for at in range(0, len(octets), size):
        log.feed(octets[at : at + size])

    assert [heard.text for heard in log.since(0.0)] == lines
    log.close()
    kept = [STAMPED.sub("", line) for line in (tmp_path / "log").read_text().splitlines()]
    assert kept == [*lines, "-- closed"]


def test_a_secret_is_not_told_by_where_a_line_without_an_end_is_cut(tmp_path: Path) -> None:
    log = ConsoleLog(tmp_path / "log", [PASSWORD])

    for octet in b"x" * (LONGEST - 5) + PASSWORD.encode() + b"\n":
        log.feed(bytes([octet]))
    log.close()

    kept = (tmp_path / "log").read_text()
    assert PASSWORD[:6] not in kept
    assert PASSWORD[6:] not in kept


def test_somebody_who_still_listens_when_it_is_closed_is_in_nobody_s_way(tmp_path: Path) -> None:
    log = ConsoleLog(tmp_path / "log", [])

    log.close()
    log.feed(b"too late\n")
    log.remark("too late")

    assert "too late" not in (tmp_path / "log").read_text()
