"""How a claim is asked: one that needs nothing but what has been observed is called with it, and that is all.

Of what pytest does for a test such a claim needs a tenth. A claim that asks for more, of pytest or of a plugin, is
run as any test is.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from contextlib import AbstractContextManager, ExitStack

import pytest
from _pytest.logging import caplog_records_key
from _pytest.python import get_direct_param_fixture_func
from _pytest.runner import call_and_report, check_interactive_exception, get_reraise_exceptions

from harness.experiment import Selection

PLAIN_MARKS = frozenset({"about", "parametrize", *(selection.mark for selection in Selection)})
"""Marks that ask nothing of whoever runs the test."""

Location = tuple[str, int | None, str]


def wants_all_phases(config: pytest.Config) -> bool:
    """Whether somebody other than pytest takes part in how tests are set up and torn down: then each has to be."""
    return _takes_part(config, "pytest_runtest_setup", "pytest_runtest_teardown")


def _takes_part(config: pytest.Config, *hooks: str) -> bool:
    """Whether somebody other than pytest does something in one of these hooks."""
    functions = (one.function for name in hooks for one in getattr(config.hook, name).get_hookimpls())
    return any(not function.__module__.startswith("_pytest.") for function in functions)


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


class Asker:
    """Asks plain claims, one after the other."""

    def __init__(self, config: pytest.Config) -> None:
        capture = config.pluginmanager.getplugin("capturemanager")
        logs = config.pluginmanager.getplugin("logging-plugin")
        # Of what pytest does around a call these two have something to do for a plain claim; a person who is shown
        # the log as it comes is shown by hooks in what phase a test is.
        self._kept: list[Callable[[str, pytest.Item], AbstractContextManager[None]]] = []
        if capture is not None:
            self._kept.append(capture.item_capture)
        if logs is not None:
            self._kept.append(lambda when, claim: logs._runtest_for(claim, when))
        self._is_alone = not _takes_part(config, "pytest_runtest_call") and not (logs and logs._log_cli_enabled())
        self._where: dict[object, Location] = {}

    def asked(self, claim: pytest.Function, values: Mapping[str, object]) -> pytest.TestReport:
        """A plain claim is called with `values` of its fixtures, and its own parameters: the report of the call."""
        parameters = claim.callspec.params
        names = claim._fixtureinfo.argnames
        claim.funcargs = {name: values[name] if name in values else parameters[name] for name in names}
        # What the phase before would have left to pytest's logging.
        claim.stash[caplog_records_key] = {}
        self._locate(claim)
        report = self._called(claim) if self._is_alone else call_and_report(claim, "call", log=False)
        claim.funcargs = {}
        return report

    def _called(self, claim: pytest.Function) -> pytest.TestReport:
        """As pytest does it with nobody else taking part."""
        reraise = get_reraise_exceptions(claim.config)
        call = pytest.CallInfo.from_call(lambda: self._call(claim), "call", reraise)
        report: pytest.TestReport = claim.ihook.pytest_runtest_makereport(item=claim, call=call)
        if check_interactive_exception(call, report):
            claim.ihook.pytest_exception_interact(node=claim, call=call, report=report)
        return report

    def _call(self, claim: pytest.Function) -> None:
        with ExitStack() as stack:
            for kept in self._kept:
                stack.enter_context(kept("call", claim))
            claim.ihook.pytest_pyfunc_call(pyfuncitem=claim)

    def _locate(self, claim: pytest.Function) -> None:
        """pytest finds out anew where each test stands, though a function stands where it stands at each place."""
        function = getattr(claim.obj, "__func__", claim.obj)
        known = self._where.get(function)
        if known is None:
            self._where[function] = claim.location
        else:
            claim.location = (*known[:2], claim.getmodpath())
