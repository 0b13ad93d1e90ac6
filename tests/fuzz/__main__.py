"""`make fuzz`: coverage-guided fuzzing of `certstore.receive` for a bounded time.

    python -m tests.fuzz --seconds 60 --jobs 2      fuzz; the corpus is kept in .fuzz/corpus for the next time
    python -m tests.fuzz --replay FILE...           execute cases again, without atheris

What must hold is in `tests.fuzz.properties`; `--property` chooses. A case that breaks it is written to .fuzz/crashes
and the exit status is 1. pytest collects nothing here.
"""

from __future__ import annotations

import argparse
import re
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from traceback import print_exc

from tests.fuzz.case import Case
from tests.fuzz.properties import PROPERTIES
from tests.fuzz.seeds import seeds
from tests.fuzz.words import libfuzzer_dictionary

# Octets of a case, seconds an execution may take even where many others want the processor, and megabytes of one
# process.
LONGEST, SLOWEST, LARGEST = 6000, 30, 1024

_EXECUTIONS = re.compile(r"^(?:stat::number_of_executed_units: |#)(\d+)", re.MULTILINE)
_COVERAGE = re.compile(r"^#\d+\s.* cov: (\d+)", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Job:
    """One process and its log."""

    process: subprocess.Popen[bytes]
    log: Path

    def _last(self, pattern: re.Pattern[str]) -> int:
        numbers = pattern.findall(self.log.read_text(encoding="utf-8", errors="replace"))
        return int(numbers[-1]) if numbers else 0

    @property
    def executions(self) -> int:
        return self._last(_EXECUTIONS)

    @property
    def coverage(self) -> int:
        """Branches of certstore taken, as atheris counts them."""
        return self._last(_COVERAGE)


def _started(directory: Path, number: int, options: argparse.Namespace) -> Job:
    log = directory / f"job-{number}.log"
    command = [
        *(sys.executable, "-m", "tests.fuzz.worker", options.property),
        *(str(directory / "corpus"), str(directory / "seeds")),
        f"-dict={directory / 'dictionary'}",
        f"-artifact_prefix={directory / 'crashes'}/",
        f"-max_total_time={options.seconds}",
        f"-runs={options.runs}",
        f"-max_len={LONGEST}",
        f"-timeout={SLOWEST}",
        f"-rss_limit_mb={LARGEST}",
        # The other processes write to the same corpus.
        "-reload=10",
        "-print_final_stats=1",
    ]
    with log.open("wb") as output:
        return Job(subprocess.Popen(command, stdout=output, stderr=subprocess.STDOUT), log)


def _fuzz(options: argparse.Namespace) -> int:
    directory: Path = options.directory
    for folder in ("corpus", "crashes", "seeds"):
        (directory / folder).mkdir(parents=True, exist_ok=True)
    for number, seed in enumerate(seeds()):
        (directory / "seeds" / f"{number:04}").write_bytes(seed.written())
    (directory / "dictionary").write_text(libfuzzer_dictionary(), encoding="ascii")
    known = set((directory / "crashes").iterdir())

    jobs = [_started(directory, number, options) for number in range(options.jobs)]
    # All are waited for before any is judged.
    failed = [job for job in jobs if job.process.wait() != 0]

    for job in jobs:
        print(f"{job.log}: {job.executions} executions, {job.coverage} branches")
    print(f"{sum(job.executions for job in jobs)} executions in all")
    for crash in sorted(set((directory / "crashes").iterdir()) - known):
        print(f"escaped: {crash}")
    for job in failed:
        print(f"{job.log}: exit status {job.process.returncode}; its end:")
        print("\n".join(job.log.read_text(encoding="utf-8", errors="replace").splitlines()[-30:]))
    return 1 if failed else 0


def _replay(files: list[Path], check: Callable[[bytes], object]) -> int:
    status = 0
    for file in files:
        octets = file.read_bytes()
        print(file)
        print(Case.read(octets))
        try:
            outcome = check(octets)
        except Exception:  # noqa: BLE001 - any other exception is what is looked for
            print_exc(file=sys.stdout)
            status = 1
        else:
            print(f"holds: {outcome!r}")
    return status


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description="Fuzz certstore.receive.")
    parser.add_argument(
        "--property", choices=PROPERTIES, default="receive", help="what must hold (default: %(default)s)"
    )
    parser.add_argument("--seconds", type=int, default=60, help="how long (default: %(default)s; 0 for no end)")
    parser.add_argument("--jobs", type=int, default=1, help="processes (default: %(default)s)")
    parser.add_argument("--runs", type=int, default=-1, help="executions of each process (default: no end)")
    parser.add_argument("--directory", type=Path, default=Path(".fuzz"), help="corpus, crashes and logs")
    parser.add_argument("--replay", type=Path, nargs="+", metavar="FILE", help="execute these cases again and stop")
    options = parser.parse_args()
    return _replay(options.replay, PROPERTIES[options.property]) if options.replay else _fuzz(options)


if __name__ == "__main__":
    sys.exit(main())
