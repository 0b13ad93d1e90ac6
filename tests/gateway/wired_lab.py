"""The default lab as a real one: OpenSSH's sshd is the gateway to all of it, and the console server behind that."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from xml.etree import ElementTree as ET

from harness.drivers.emulated import emulated_units
from harness.lab import EMULATED_PORTS, Lab, Place, load_lab
from tests.gateway.sshd import Sshd, running
from tests.whole_run import ROOT, command, environment

SSH = shutil.which("ssh")
GATEWAY_PORT, CONSOLE_PORT, LINE_PORT, PDU_PORT = 2022, 2300, 2207, 2222
QUIET = "-F none -o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null -o LogLevel=ERROR"
STARTS = re.compile(r"\(Build .*\) starting$", re.MULTILINE)


@dataclass(frozen=True)
class Outcome:
    """What a run over the lab left behind."""

    status: int
    output: str
    cases: dict[str, int]
    """How many, by what became of them in JUnit XML: `held`, `failure`, `error`, `skipped`."""
    consoles: dict[str, str]
    """What was kept of each console, by place."""

    def starts(self, place: str) -> int:
        """How often its console says that it starts."""
        return len(STARTS.findall(self.consoles[place]))


@dataclass(frozen=True)
class WiredLab:
    """Emulated units that stand, and a lab file in which they are real ones behind the gateway."""

    folder: Path
    file: Path
    places: tuple[Place, ...]
    gateway: Sshd
    consoles: Sshd

    def run(self, *arguments: str, seconds: float = 900.0) -> Outcome:
        """The suite, over all of it."""
        junit = self.folder / "junit.xml"
        done = subprocess.run(
            command(self.file, junit, *arguments),
            capture_output=True,
            text=True,
            timeout=seconds,
            check=False,
            env=environment(),
        )
        cases: dict[str, int] = {}
        for case in ET.parse(junit).getroot().iter("testcase") if junit.exists() else ():
            became = next((child.tag for child in case if child.tag in ("failure", "error", "skipped")), "held")
            cases[became] = cases.get(became, 0) + 1
        logs = self.folder.glob("state/runs/*/evidence/*.console.log")
        consoles = {path.name.removesuffix(".console.log"): path.read_text() for path in logs}
        return Outcome(done.returncode, done.stdout + done.stderr, cases, consoles)


@contextmanager
def wired_lab(folder: Path, network: str, restart_seconds: float | None = None) -> Iterator[WiredLab]:
    """The units of the default lab stand at addresses of `network`, such as `127.80.1`; their restarts take as long
    as the file says, unless told otherwise."""
    assert SSH is not None
    with ExitStack() as stack:
        standing = [
            _standing(place, number, network, restart_seconds)
            for number, place in enumerate(load_lab(ROOT / "lab.toml").places, 1)
        ]
        emulation = stack.enter_context(emulated_units(standing))
        assert not emulation.failed
        gateway = stack.enter_context(running(folder / "gateway", f"{network}.201", GATEWAY_PORT))
        consoles = stack.enter_context(
            running(folder / "consoles", f"{network}.202", CONSOLE_PORT, *_lines(standing, f"{network}.202"))
        )
        file = folder / "wired.toml"
        tables = (_real(place, number, gateway, consoles) for number, place in enumerate(standing, 1))
        file.write_text(f'[lab]\nname = "wired"\nstate_dir = "{folder / "state"}"\n{"".join(tables)}')
        yield WiredLab(folder, file, load_lab(file).places, gateway, consoles)


def _standing(place: Place, number: int, network: str, restart_seconds: float | None) -> Place:
    """As the emulation has it: with a console and an outlet."""
    assert place.emulated is not None
    seconds = place.emulated.restart_seconds if restart_seconds is None else restart_seconds
    table = {
        "name": place.name,
        "model": place.model,
        "address": f"{network}.{number}",
        "emulated": {"firmware": place.emulated.firmware, "restart_seconds": seconds},
        "console": {"ssh": f"{network}.{100 + number}", "port": LINE_PORT, "user": "lab"},
        "power": {
            "ssh": f"{network}.{100 + number}",
            "port": PDU_PORT,
            "user": "lab",
            "on": f"on {number}",
            "off": f"off {number}",
        },
    }
    return Lab.model_validate({"place": [table | {"ports": EMULATED_PORTS}]}).places[0]


def _lines(places: Sequence[Place], address: str) -> Iterator[str]:
    """A port for each console, as console servers have it (sshd_config(5), Match and ForceCommand)."""
    for number in range(1, len(places) + 1):
        yield f"ListenAddress {address}:{CONSOLE_PORT + number}"
    yield "AllowTcpForwarding no"
    for number, place in enumerate(places, 1):
        assert place.console is not None
        yield f"Match LocalPort {CONSOLE_PORT + number}"
        yield f"  ForceCommand {SSH} {QUIET} -tt -p {place.console.port} {place.console.user}@{place.console.ssh}"


def _real(place: Place, number: int, gateway: Sshd, consoles: Sshd) -> str:
    """The table of a place that nobody starts."""
    assert place.power is not None
    console = consoles.table | {"port": CONSOLE_PORT + number, "reboot": "reboot"}
    power = {name: getattr(place.power, name) for name in ("ssh", "port", "user", "on", "off")}
    table = {
        "name": place.name,
        "model": place.model,
        "address": place.address,
        "ports": {"http": place.ports.http, "https": place.ports.https, "sip_tls": place.ports.sip_tls},
        "restart_timeout": 120.0,
        "gateway": gateway.table,
        "console": console,
        "power": power,
    }
    return "[[place]]\n" + "".join(f"{key} = {_toml(value)}\n" for key, value in table.items())


def _toml(value: object) -> str:
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{key} = {_toml(inner)}" for key, inner in value.items()) + " }"
    return f'"{value}"' if isinstance(value, str) else str(value)
