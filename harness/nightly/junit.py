"""A night as JUnit XML: each planned claim once, with its last outcome; the earlier ones are properties of it."""

from __future__ import annotations

from pathlib import Path
from xml.etree import ElementTree as ET

from harness.fault import Verdict
from harness.nightly.outcomes import Outcomes

ELEMENT = {
    Verdict.FAILED: "failure",
    Verdict.BLOCKED: "error",
    Verdict.ERROR: "error",
    Verdict.NOT_DONE: "error",
    Verdict.SKIPPED: "skipped",
    Verdict.KNOWN: "skipped",
}


def junit(outcomes: Outcomes, name: str, runs: list[Path]) -> str:
    """The document. What a run's own file tells of a failure is taken over from there."""
    told = _told(runs)
    suite = ET.Element("testsuite", {"name": name})
    for place, nodeids in outcomes.planned.items():
        for nodeid in nodeids:
            suite.append(_case(outcomes, place, nodeid, told))
    cases = list(suite)
    suite.set("tests", str(len(cases)))
    for attribute, element in (("failures", "failure"), ("errors", "error"), ("skipped", "skipped")):
        suite.set(attribute, str(sum(case.find(element) is not None for case in cases)))
    root = ET.Element("testsuites")
    root.append(suite)
    ET.indent(root)
    return ET.tostring(root, encoding="unicode", xml_declaration=True) + "\n"


def _case(outcomes: Outcomes, place: str, nodeid: str, told: dict[tuple[str, str], ET.Element]) -> ET.Element:
    verdict, tries = outcomes.verdict(nodeid), outcomes.settled.get(nodeid, ())
    key = _key(nodeid)
    case = ET.Element(
        "testcase", {"classname": key[0], "name": key[1], "time": f"{tries[-1].seconds if tries else 0:.3f}"}
    )
    properties = ET.SubElement(case, "properties")
    facts = {"place": place, "verdict": verdict.value}
    if tries:
        facts |= {"model": tries[-1].model, "serial": tries[-1].serial, "firmware": tries[-1].firmware}
        facts |= {"fault": tries[-1].fault or ""}
    for number, earlier in enumerate(tries[:-1], 1):
        facts |= {f"outcome_{number}": earlier.verdict, f"incident_{number}": earlier.incident or ""}
    for name, value in facts.items():
        if value:
            ET.SubElement(properties, "property", {"name": name, "value": _clean(value)})
    if verdict in ELEMENT:
        reason = (tries[-1].incident if tries else outcomes.why_not.get(nodeid, "no run came to it")) or verdict.value
        found = told.get(key)
        kind = ELEMENT[verdict]
        element = None if found is None else found.find(kind)
        if element is None:
            element = ET.Element(kind, {"message": _clean(reason.splitlines()[0])})
            element.text = _clean(reason)
        case.append(element)
    return case


def _told(runs: list[Path]) -> dict[tuple[str, str], ET.Element]:
    found: dict[tuple[str, str], ET.Element] = {}
    for folder in runs:
        try:
            root = ET.parse(folder / "junit.xml").getroot()
        except (OSError, ET.ParseError):
            # Of a run that was killed: the record of its claims is enough.
            continue
        for case in root.iter("testcase"):
            found[str(case.get("classname")), str(case.get("name"))] = case
    return found


def _key(nodeid: str) -> tuple[str, str]:
    """As pytest names it there."""
    file, _, name = nodeid.partition("::")
    *classes, test = name.split("::") if "[" not in name else [name]
    return ".".join([file.removesuffix(".py").replace("/", "."), *classes]), test


def _clean(text: str) -> str:
    """What XML 1.0 cannot hold is left out."""
    return "".join(character for character in text if character >= " " or character in "\t\n")
