"""Whole runs of the suite, as a user starts them: pytest in a process of its own over a lab file of its own."""

from __future__ import annotations

import itertools
import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

ROOT = Path(__file__).parents[3]
SUITE = ROOT / "tests" / "hil"
RUN_SECONDS = 300

_blocks = itertools.count(1)


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
        self._network = f"127.{64 + os.getpid() % 128}.{next(_blocks)}"
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
        junit = f"--junitxml={self.folder / 'junit.xml'}"
        own = ["-p", "no:cacheprovider", "--rootdir", str(ROOT), "-c", str(ROOT / "pyproject.toml"), junit]
        return [sys.executable, "-m", "pytest", str(tests), "--lab", str(lab), *own, *arguments]

    def started(
        self, lab: Path, *arguments: str, tests: Path = SUITE
    ) -> AbstractContextManager[subprocess.Popen[str]]:
        return started(self.command(lab, *arguments, tests=tests))

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


def environment() -> dict[str, str]:
    """Ours, without what would tell the inner pytest that it is a worker of the outer one."""
    return {name: value for name, value in os.environ.items() if not name.startswith("PYTEST_")}


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
