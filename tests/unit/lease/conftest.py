"""Places to lease: of this machine alone, and of a labgrid coordinator that runs here."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from harness.lab import Labgrid, Place
from tests.leases.labgrid_bench import LabgridBench, loopback, real

PLACES = ("mcu01", "mcu02")

HOLD = """
import json, sys
from pathlib import Path
from harness.lab import Place
from harness.lease import leased
with leased(Place.model_validate(json.loads(sys.argv[1])), Path(sys.argv[2]), "a nightly run"):
    print("held", flush=True)
    sys.stdin.read()
"""


@pytest.fixture(scope="module")
def labgrid_bench(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LabgridBench]:
    bench = LabgridBench(
        tmp_path_factory.mktemp("labgrid"), {name: loopback(10 + number) for number, name in enumerate(PLACES)}
    )
    try:
        bench.add_places()
        yield bench
    finally:
        bench.stop()


@pytest.fixture(params=["file", "labgrid"])
def places(request: pytest.FixtureRequest) -> Sequence[Place]:
    """Two places, leased by file, or at a coordinator as well."""
    if request.param == "file":
        return [real(name, None) for name in PLACES]
    bench: LabgridBench = request.getfixturevalue("labgrid_bench")
    return [real(name, Labgrid(coordinator=bench.address, place=name)) for name in PLACES]


@pytest.fixture
def another_process() -> Callable[[Place, Path], Any]:
    """Holds a place until the block ends, or it is killed."""

    @contextmanager
    def holding(place: Place, state_dir: Path) -> Iterator[subprocess.Popen[str]]:
        document = json.dumps(
            {
                "name": place.name,
                "model": place.model,
                "address": place.address,
                "labgrid": place.labgrid and place.labgrid.model_dump(),
            }
        )
        command = [sys.executable, "-c", HOLD, document, str(state_dir)]
        with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as holder:
            assert holder.stdout is not None
            assert holder.stdout.readline() == "held\n"
            try:
                yield holder
            finally:
                holder.kill()

    return holding


@pytest.fixture
def state_dirs(places: Sequence[Place], tmp_path: Path) -> tuple[Path, Path]:
    """Of two runs: of one machine and lab, or, with a coordinator, of runners that share nothing."""
    return (tmp_path, tmp_path) if places[0].labgrid is None else (tmp_path / "one", tmp_path / "other")
