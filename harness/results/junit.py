"""A run as its JUnit XML has it: our own with properties, and older ones without.

Without properties the place is what a test's brackets begin with, among the places of the lab file; what became of a
claim is the element below its test case.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path

from lxml import etree

from harness.errors import ConfigurationError
from harness.fault import Fault, Verdict
from harness.lab import Lab
from harness.results.ingest import ClaimResult, RunResults, Visit
from harness.run_record import place_in, without_place

# pytest's name for the type of a skip that is an expected failure.
EXPECTED_FAILURE = "pytest.xfail"


def run_of(file: Path, lab: Lab) -> RunResults:
    """Raises ConfigurationError where it is no JUnit XML, or has no claim about a place."""
    try:
        raw = file.read_bytes()
        root = etree.fromstring(raw, etree.XMLParser(resolve_entities=False, no_network=True, huge_tree=True))
    except OSError as error:
        raise ConfigurationError(f"{file}: cannot be read: {error.strerror}") from None
    except etree.XMLSyntaxError as error:
        raise ConfigurationError(f"{file}: is no JUnit XML: {error.msg}") from None
    suite = root if root.tag == "testsuite" else root.find("testsuite")
    if suite is None or not suite.get("timestamp"):
        raise ConfigurationError(f"{file}: is no JUnit XML of pytest: it has no testsuite with a timestamp")
    try:
        # Where no offset is given it is local time.
        started = datetime.fromisoformat(str(suite.get("timestamp"))).astimezone()
        ended = started + timedelta(seconds=float(suite.get("time", "0")))
    except ValueError as error:
        raise ConfigurationError(f"{file}: testsuite: {error}") from None
    models: dict[str, str] = {place.name: place.model for place in lab.places}
    by_place: dict[str, list[tuple[etree._Element, dict[str, str]]]] = {}
    name = ""
    for case in suite.iter("testcase"):
        properties = {str(one.get("name")): str(one.get("value")) for one in case.iterfind("properties/property")}
        place = properties.get("place") or place_in(str(case.get("name")), models)
        if place is not None:
            by_place.setdefault(place, []).append((case, properties))
            name = name or _run_named_by(properties.get("evidence", ""))
    if not by_place:
        raise ConfigurationError(
            f"{file}: has no claim about a place of lab {lab.name!r} ({', '.join(list(models)[:5])} ...): "
            "name the lab file with --lab"
        )
    return RunResults(
        lab=lab.name,
        name=name or f"junit-{hashlib.sha256(raw).hexdigest()[:16]}",
        host=str(suite.get("hostname") or ""),
        started=started,
        ended=ended,
        exit_status=None,
        visits=tuple(_visit(place, models.get(place, ""), cases) for place, cases in by_place.items()),
    )


def _run_named_by(evidence: str) -> str:
    """The run whose folder holds an evidence file, so that a run and its JUnit XML are one."""
    parts = Path(evidence).parts
    return parts[-3] if len(parts) > 2 and parts[-2] == "evidence" else ""


def _visit(place: str, model: str, cases: Sequence[tuple[etree._Element, dict[str, str]]]) -> Visit:
    def told(name: str) -> str:
        return next((properties[name] for _, properties in cases if properties.get(name)), "")

    claims: dict[str, ClaimResult] = {}
    for case, properties in cases:
        one = _claim(case, properties, place)
        if one.claim not in claims or claims[one.claim].verdict is Verdict.HELD:
            # A second test case of the same name is how pytest tells of a failed tear-down.
            claims[one.claim] = one
    return Visit(place, told("model") or model, told("serial"), told("firmware"), tuple(claims.values()))


def _claim(case: etree._Element, properties: dict[str, str], place: str) -> ClaimResult:
    verdict, line = _became(case)
    fault = properties.get("fault", "")
    if properties.get("verdict") in set(Verdict):
        verdict = Verdict(properties["verdict"])
    return ClaimResult(
        claim=f"{_file_of(str(case.get('classname') or ''))}::{without_place(str(case.get('name')), place)}",
        experiment="",
        verdict=verdict,
        seconds=float(case.get("time") or 0),
        fault=fault,
        incident=line if fault or verdict in (Verdict.BLOCKED, Verdict.ERROR) else "",
    )


def _became(case: etree._Element) -> tuple[Verdict, str]:
    """What the element says, and its line."""
    for child in case:
        line = (child.text or str(child.get("message") or "")).strip()
        line = line.splitlines()[-1] if line else ""
        match child.tag:
            case "failure":
                return Verdict.FAILED, line
            case "error":
                return (Verdict.ERROR if line.endswith(f"[{Fault.OURS}]") else Verdict.BLOCKED), line
            case "skipped":
                return (Verdict.KNOWN if child.get("type") == EXPECTED_FAILURE else Verdict.SKIPPED), ""
    return Verdict.HELD, ""


def _file_of(classname: str) -> str:
    """The file, and the class where there is one, as a node id has them."""
    *folders, last = classname.split(".")
    if folders and last.startswith("Test"):
        return f"{'/'.join(folders)}.py::{last}"
    return f"{'/'.join([*folders, last])}.py"
