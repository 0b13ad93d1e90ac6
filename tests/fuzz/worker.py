"""One fuzzing process: atheris and libFuzzer around `tests.fuzz.case.execute`; arguments are libFuzzer's."""

from __future__ import annotations

import sys

import atheris
from atheris.import_hook import HookManager

# As `atheris.instrument_imports`, but comparisons are not traced: that costs a third of the time, and the dictionary
# and the mutator know the words and numbers that the reader compares with.
with HookManager({"certstore"}, set(), enable_loader_override=False, trace_dataflow=False):
    from tests.fuzz.case import execute
    from tests.fuzz.seeds import seeds

from tests.fuzz.mutator import CaseMutator

# Instrumented code finds `atheris._trace_branch` by name and calls it with the number of each branch that it takes, a
# thousand times an execution. A set takes a number in a fraction of the time, so they are collected there and handed
# on once each. That gives up how often a branch was taken for twice the executions.
_taken: set[int] = set()
_take = _taken.add
_report = atheris._trace_branch


def _test_one_input(octets: bytes) -> None:
    global _report
    # atheris sets it anew when libFuzzer starts.
    if atheris._trace_branch is not _take:
        _report = atheris._trace_branch
        atheris._trace_branch = _take
    _taken.clear()
    execute(octets)
    for branch in _taken:
        _report(branch)


def _mutate(octets: bytes, longest: int) -> bytes:
    mutated: bytes = atheris.Mutate(octets, longest)
    return mutated


def main() -> None:
    """Run until libFuzzer has had enough; it ends the process itself."""
    mutator = CaseMutator(tuple(seeds()), _mutate)

    # atheris looks at the signature, and a callable object has none that it understands.
    def custom_mutator(octets: bytes, longest: int, seed: int) -> bytes:
        return mutator(octets, longest, seed)

    atheris.Setup(sys.argv, _test_one_input, custom_mutator=custom_mutator)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
