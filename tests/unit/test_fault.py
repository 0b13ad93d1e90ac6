"""Whose fault an error is, and what that makes of the claims that it leaves unanswered."""

from __future__ import annotations

import pytest

from certstore import Refusal, UploadRefused
from harness.errors import BenchError, ConfigurationError, DeadlineExpired, LabError, UnitError
from harness.fault import VERDICT_OF, Fault, Incident, Verdict
from harness.lease import PlaceTaken
from harness.tls.handshake import HandshakeFailed

FAULTS = {
    "configuration": (ConfigurationError("no such file"), Fault.CONFIGURATION),
    "bench": (BenchError("no route to host"), Fault.BENCH),
    "lab": (LabError("something of ours"), Fault.BENCH),
    "lease": (PlaceTaken("bench-a", None), Fault.BENCH),
    "unit": (UnitError("two upload forms"), Fault.UNIT),
    "handshake": (HandshakeFailed("no TLS"), Fault.UNIT),
    "refused": (UploadRefused(Refusal.KEY_MISMATCH, "another key"), Fault.UNIT),
    "never-came": (DeadlineExpired("web page", 60), Fault.UNIT),
    "assertion": (AssertionError("ours"), Fault.OURS),
    "key-error": (KeyError("ours"), Fault.OURS),
}


@pytest.mark.parametrize(("error", "fault"), FAULTS.values(), ids=FAULTS)
def test_an_error_says_whose_fault_it_is(error: Exception, fault: Fault) -> None:
    assert Incident.of(error, "bench-a", "looking").fault is fault


def test_every_fault_has_a_verdict_and_only_ours_is_an_error() -> None:
    assert VERDICT_OF.keys() == set(Fault)
    assert [fault for fault, verdict in VERDICT_OF.items() if verdict is Verdict.ERROR] == [Fault.OURS]


def test_an_incident_is_one_line_that_names_the_place_once() -> None:
    incident = Incident.of(BenchError("bench-a: no connection\nto 10.0.0.1"), "bench-a", "opening the unit")

    assert str(incident) == "bench-a: opening the unit: no connection to 10.0.0.1 [bench]"


def test_a_bug_of_ours_keeps_its_traceback() -> None:
    try:
        raise KeyError("no such row")  # noqa: TRY301 - a traceback is what this is about
    except KeyError as error:
        incident = Incident.of(error, "bench-a", "looking")

    assert "test_fault.py" in incident.reason
