"""Whole processes: how many uploads a batch answers a second, and how long the commands take to start."""

from __future__ import annotations

import json
import os
import sys
import time
from base64 import b64encode
from collections.abc import Iterator
from pathlib import Path

from benchmarks.rounds import Contender, Figures, childrens_time, measured, run
from benchmarks.samples import Sample

SCRIPTS = Path(sys.executable).parent

BATCH_UPLOADS = 3000

PYTHON = "python -c pass"
HELP = "mcu-hil --help"
PYTEST = "pytest, one test"
PYTEST_WITHOUT = "pytest, one test, -p no:mcu-hil"


def batch_jobs() -> tuple[int, ...]:
    """One process, and one for every core."""
    return tuple(sorted({1, os.cpu_count() or 1}))


def _records(samples: list[Sample]) -> Iterator[str]:
    for number in range(BATCH_UPLOADS):
        sample = samples[number % len(samples)]
        upload = sample.uploads[number // len(samples) % len(sample.uploads)].fields
        passphrase = upload.passphrase
        record = {
            "id": str(number),
            "certificate": b64encode(upload.certificate).decode("ascii"),
            "private_key": b64encode(upload.private_key).decode("ascii"),
            "passphrase": None if passphrase is None else b64encode(passphrase).decode("ascii"),
        }
        yield json.dumps(record) + "\n"


def measure_batches(samples: list[Sample], directory: Path, rounds: int) -> dict[int, Figures]:
    """Seconds on the wall for the whole batch, start of the processes included, by number of processes."""
    batch = directory / "batch.jsonl"
    batch.write_text("".join(_records(samples)), encoding="ascii")

    def contender(jobs: int) -> Contender:
        command = [sys.executable, "-m", "certstore", "--batch", str(batch), "--jobs", str(jobs)]
        return Contender(lambda: run(command), time.perf_counter, least=0)

    figures = measured({str(jobs): contender(jobs) for jobs in batch_jobs()}, rounds)
    return {int(jobs): found for jobs, found in figures.items()}


def measure_starts(directory: Path, rounds: int) -> dict[str, Figures]:
    """CPU seconds of each command, in an otherwise empty directory."""
    (directory / "test_nothing.py").write_text("def test_nothing():\n    pass\n", encoding="ascii")
    pytest = [str(SCRIPTS / "pytest"), "-p", "no:cacheprovider", "--rootdir", str(directory), str(directory)]
    commands = {
        PYTHON: [sys.executable, "-c", "pass"],
        HELP: [str(SCRIPTS / "mcu-hil"), "--help"],
        PYTEST_WITHOUT: [*pytest, "-p", "no:mcu-hil"],
        PYTEST: pytest,
    }

    def contender(command: list[str]) -> Contender:
        return Contender(lambda: run(command, directory), childrens_time, least=0)

    return measured({name: contender(command) for name, command in commands.items()}, rounds)
