"""Whole runs of the suite, as a user starts them: pytest in a process of its own over a lab file of its own."""

from __future__ import annotations

import itertools
import json
import subprocess
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from tests.loopback import network
from tests.unit.once import made_once
from tests.whole_run import SUITE, command, environment

RUN_SECONDS = 1800
"""What is proved is not how long it takes."""


@dataclass(frozen=True)
class Outcome:
    """What a run left behind."""

    status: int
    output: str
    verdicts: dict[str, str]
    """Test name with its id, and what JUnit XML says became of it: held, failure, error, skipped."""

    def of_place(self, name: str, became: str) -> set[str]:
        """The claims of one place that became this, without the place's name."""
        return {
            test.replace(f"[{name}]", "").replace(f"[{name}-", "[")
            for test, verdict in self.verdicts.items()
            if verdict == became and f"[{name}" in test
        }

    @property
    def has_traceback(self) -> bool:
        return "Traceback" in self.output or "INTERNALERROR" in self.output


class LabBench:
    """Writes lab files over addresses that no other test uses, and runs pytest on them."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._network = network()
        self._hosts = itertools.count(1)

    def address(self) -> str:
        """One more loopback address of our own."""
        return f"{self._network}.{next(self._hosts)}"

    def emulated(self, name: str, **emulated: str | float) -> str:
        """The [[place]] of a quick emulated unit."""
        keys = {"restart_seconds": 0.3, **emulated}
        inline = ", ".join(f"{key} = {value!r}".replace("'", '"') for key, value in keys.items())
        head = f"[[place]]\nname = '{name}'\nmodel = 'MCU 4505'\naddress = '{self.address()}'\n"
        return f"{head}emulated = {{ {inline} }}\n"

    def lab(self, *places: str, name: str = "lab.toml") -> Path:
        path = self.folder / name
        path.write_text(f'[lab]\nname = "test"\nstate_dir = "{self.folder / "state"}"\n' + "".join(places))
        return path

    def command(self, lab: Path, *arguments: str, tests: Path = SUITE) -> list[str]:
        return command(lab, self.folder / "junit.xml", *arguments, suite=tests)

    def started(
        self, lab: Path, *arguments: str, tests: Path = SUITE
    ) -> AbstractContextManager[subprocess.Popen[str]]:
        return started(self.command(lab, *arguments, tests=tests))

    def experiments_done(self, place: str) -> list[str]:
        """In the one run that there was."""
        [evidence] = (self.folder / "state" / "runs").glob(f"*/evidence/{place}.jsonl")
        lines = map(json.loads, evidence.read_text().splitlines())
        return [line["name"] for line in lines if line["kind"] == "experiment" and line["state"] == "begun"]

    def sibling(self) -> LabBench:
        """Another one, as of another user of the same lab: with output files of its own."""
        folder = self.folder / "sibling"
        folder.mkdir()
        return LabBench(folder)

    def run(self, lab: Path, *arguments: str, tests: Path = SUITE) -> Outcome:
        done = subprocess.run(
            self.command(lab, *arguments, tests=tests),
            capture_output=True,
            text=True,
            timeout=RUN_SECONDS,
            check=False,
            env=environment(),
        )
        return Outcome(done.returncode, done.stdout + done.stderr, verdicts(self.folder / "junit.xml"))


@contextmanager
def started(command: Sequence[str]) -> Iterator[subprocess.Popen[str]]:
    """A run in the background, its output in one stream; killed should the block be left early."""
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env=environment()
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def verdicts(junit: Path) -> dict[str, str]:
    if not junit.exists():
        return {}
    return {
        str(case.get("name")): next((child.tag for child in case if child.tag in KINDS), "held")
        for case in ET.parse(junit).getroot().iter("testcase")
    }


KINDS: Sequence[str] = ("failure", "error", "skipped")


@pytest.fixture
def bench(tmp_path: Path) -> LabBench:
    return LabBench(tmp_path)


SharedRun = Callable[[str, Callable[[LabBench], Outcome]], tuple[Path, Outcome]]


@pytest.fixture(scope="session")
def shared_run(tmp_path_factory: pytest.TempPathFactory) -> SharedRun:
    """A run that several tests look at, by its name, and the folder of its bench: done for the first of them."""

    def shared(name: str, run: Callable[[LabBench], Outcome]) -> tuple[Path, Outcome]:
        def make(folder: Path) -> None:
            outcome = run(LabBench(folder))
            (folder / "outcome.json").write_text(json.dumps(asdict(outcome)))

        folder = made_once(tmp_path_factory, name, make)
        return folder, Outcome(**json.loads((folder / "outcome.json").read_text()))

    return shared
