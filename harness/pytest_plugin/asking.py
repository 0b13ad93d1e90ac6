"""How a claim is asked: one that needs nothing but what has been observed is called with it, and that is all.

Of what pytest does for a test such a claim needs a tenth. A claim that asks for more, of pytest or of a plugin, is
run as any test is.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from itertools import chain

import pytest
from _pytest.logging import caplog_records_key
from _pytest.python import get_direct_param_fixture_func
from _pytest.runner import call_and_report

from harness.experiment import Selection

PLAIN_MARKS = frozenset({"about", "parametrize", *(selection.mark for selection in Selection)})
"""Marks that ask nothing of whoever runs the test."""


def wants_all_phases(config: pytest.Config) -> bool:
    """Whether somebody other than pytest takes part in how tests are set up and torn down: then each has to be."""
    hook = config.hook
    taking_part = chain(hook.pytest_runtest_setup.get_hookimpls(), hook.pytest_runtest_teardown.get_hookimpls())
    return any(not one.function.__module__.startswith("_pytest.") for one in taking_part)


def is_plain(claim: pytest.Function, giver: object, at_hand: Collection[str]) -> bool:
    """Whether a claim asks for its parameters alone, and for fixtures of `giver` whose values are at hand."""
    if type(claim) is not pytest.Function or any(isinstance(node, pytest.Package) for node in claim.listchain()):
        return False
    for name in claim._fixtureinfo.initialnames:
        found = claim._fixtureinfo.name2fixturedefs.get(name)
        function = found[-1].func if found else None
        is_given = name in at_hand and getattr(function, "__self__", None) is giver
        if not is_given and function is not get_direct_param_fixture_func:
            return False
    return PLAIN_MARKS.issuperset(mark.name for mark in claim.iter_markers())


def asked(claim: pytest.Function, values: Mapping[str, object]) -> pytest.TestReport:
    """A plain claim is called with `values` of its fixtures, and its own parameters: the report of the call."""
    parameters = claim.callspec.params
    names = claim._fixtureinfo.argnames
    claim.funcargs = {name: values[name] if name in values else parameters[name] for name in names}
    # What the phase before would have left to pytest's logging.
    claim.stash[caplog_records_key] = {}
    report = call_and_report(claim, "call", log=False)
    claim.funcargs = {}
    return report
