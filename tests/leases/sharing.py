"""Two runs that share nothing but a labgrid coordinator drive the same places: each place by one at a time."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from harness.drivers.emulated import emulated_units
from harness.lab import Lab
from tests.leases.labgrid_bench import LabgridBench, loopback
from tests.whole_run import command, environment

WAIT_SECONDS = 900.0
FIRST_ADDRESS = 30


@dataclass(frozen=True)
class Shared:
    statuses: tuple[int, ...]
    """Exit status of each run."""
    driven: tuple[int, ...]
    """How many places each run has driven."""
    waited: int
    """How many times a run said that it waits for a place of the other."""
    overlaps: tuple[str, ...]
    """Places that one run began to drive before the other was done."""
    output: str


def share(folder: Path, places: int, suite: Path, arguments: Sequence[str], restart_seconds: float) -> Shared:
    """Two runs of `suite` over as many emulated units, which neither of them has started."""
    names = {f"mcu{number:02}": loopback(FIRST_ADDRESS + number) for number in range(places)}
    units = [
        {"name": name, "model": "MCU 4505", "address": address, "emulated": {"restart_seconds": restart_seconds}}
        | {"ports": {"http": 8080, "https": 8443, "sip_tls": 5061}}
        for name, address in names.items()
    ]
    bench = LabgridBench(folder, names, 3)
    try:
        bench.add_places()
        with emulated_units(Lab.model_validate({"place": units}).places) as emulation:
            assert not emulation.failed
            runs = [_run(folder / name, bench.address, names, suite, arguments) for name in ("one", "other")]
            outputs = [run.communicate()[0] for run in runs]
    finally:
        bench.stop()
    spans = [_spans(folder / name) for name in ("one", "other")]
    return Shared(
        statuses=tuple(run.returncode for run in runs),
        driven=tuple(map(len, spans)),
        waited=sum(output.count(": waiting: held by process ") for output in outputs),
        overlaps=tuple(
            place
            for place in spans[0].keys() & spans[1].keys()
            if spans[0][place][0] <= spans[1][place][1] and spans[1][place][0] <= spans[0][place][1]
        ),
        output="\n".join(outputs),
    )


def _run(
    folder: Path, coordinator: str, names: dict[str, str], suite: Path, arguments: Sequence[str]
) -> subprocess.Popen[str]:
    folder.mkdir()
    tables = [f'[lab]\nstate_dir = "{folder / "state"}"\n[labgrid]\ncoordinator = "{coordinator}"\n']
    tables += [
        f'[[place]]\nname = "{name}"\nmodel = "MCU 4505"\nlabgrid = "{name}"\nrestart_timeout = 300.0\n'
        f'address = "{address}"\nports = {{ http = 8080, https = 8443 }}\n'
        for name, address in names.items()
    ]
    lab = folder / "lab.toml"
    lab.write_text("".join(tables), encoding="utf-8")
    line = command(lab, folder / "junit.xml", "--wait", str(WAIT_SECONDS), *arguments, suite=suite)
    return subprocess.Popen(line, env=environment(), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)


def _spans(folder: Path) -> dict[str, tuple[str, str]]:
    """When each place was first and last spoken to, by the evidence of the run."""
    spans = {}
    for file in folder.glob("state/runs/*/evidence/*.jsonl"):
        notes = [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]
        times = sorted(note["at"] for note in notes if note["kind"] == "exchange")
        spans[file.stem] = times[0], times[-1]
    return spans
