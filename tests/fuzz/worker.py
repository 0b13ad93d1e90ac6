"""One fuzzing process: atheris and libFuzzer around one property of the reader.

python -m tests.fuzz.worker PROPERTY ARGUMENTS-OF-LIBFUZZER...
"""

from __future__ import annotations

import sys
from collections.abc import Callable

import atheris
from atheris.import_hook import HookManager

# As `atheris.instrument_imports`, but comparisons are not traced: that costs a third of the time, and the dictionary
# and the mutator know the words and numbers that the reader compares with.
with HookManager({"certstore"}, set(), enable_loader_override=False, trace_dataflow=False):
    from tests.fuzz.properties import PROPERTIES
    from tests.fuzz.seeds import seeds

from tests.fuzz.mutator import CaseMutator

# Instrumented code finds `atheris._trace_branch` by name and calls it with the number of each branch that it takes, a
# thousand times an execution. A set takes a number in a fraction of the time, so they are collected there and handed
# on once each. That gives up how often a branch was taken for twice the executions.
_taken: set[int] = set()
_take = _taken.add
_report = atheris._trace_branch


def _traced(check: Callable[[bytes], object]) -> Callable[[bytes], None]:
    def test_one_input(octets: bytes) -> None:
        global _report
        # atheris sets it anew when libFuzzer starts.
        if atheris._trace_branch is not _take:
            _report = atheris._trace_branch
            atheris._trace_branch = _take
        _taken.clear()
        check(octets)
        for branch in _taken:
            _report(branch)

    return test_one_input


def _mutate(octets: bytes, longest: int) -> bytes:
    mutated: bytes = atheris.Mutate(octets, longest)
    return mutated


def main() -> None:
    """Run until libFuzzer has had enough; it ends the process itself."""
    program, name, *arguments = sys.argv
    mutator = CaseMutator(tuple(seeds()), _mutate)

    # atheris looks at the signature, and a callable object has none that it understands.
    def custom_mutator(octets: bytes, longest: int, seed: int) -> bytes:
        return mutator(octets, longest, seed)

    atheris.Setup([program, *arguments], _traced(PROPERTIES[name]), custom_mutator=custom_mutator)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
