"""JUnit XML as GitHub, GitLab and Jenkins show it: made better where pytest has written it, made where it could not.

Beside what pytest writes, a claim has its `file`, and one that failed or was not answered names its evidence as an
attachment, in the way of the attachments plugin of Jenkins and of GitLab.
"""

from __future__ import annotations

import os
import re
from collections import Counter
from collections.abc import Iterator
from copy import deepcopy
from functools import lru_cache
from pathlib import Path

from lxml import etree

from harness.evidence import evidence_file
from harness.fault import Verdict
from harness.report.facts import Ending, RunFacts
from harness.report.written import write_whole
from harness.run_record import Settled

UNPRINTABLE = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""What XML 1.0 has no way to write (2.2)."""
SUITE, THE_END = "mcu-hil", "the run came to its end"
# What a verdict is in JUnit XML; a claim that held has no child that says so.
OUTCOMES = {
    Verdict.FAILED: "failure",
    Verdict.BLOCKED: "error",
    Verdict.ERROR: "error",
    Verdict.NOT_DONE: "error",
    Verdict.KNOWN: "skipped",
    Verdict.SKIPPED: "skipped",
}


def enrich(file: Path, run: RunFacts) -> None:
    """What pytest has written tells of each claim its file and its unit; of one that did not hold, the evidence.

    Raises OSError where the file cannot be read or written; one that is no XML stays as it is.
    """
    try:
        # Output of hundreds of units may make one text of it longer than the parser's usual bound.
        tree = etree.fromstring(file.read_bytes(), etree.XMLParser(huge_tree=True, resolve_entities=False))
    except etree.XMLSyntaxError:
        return
    by_name = {_names(one): one for one in run.settled}
    for suite in tree.iter("testsuite"):
        for case in list(suite.iter("testcase")):
            one = by_name.get((case.get("classname", ""), case.get("name", "")))
            if one is not None:
                _complete(case, one, run)
        if run.ending is not Ending.WHOLE and not any(case.get("name") == THE_END for case in suite):
            _say_how_it_ended(suite, run)
            for counted in ("tests", "errors"):
                suite.set(counted, str(int(suite.get(counted, "0")) + 1))
        break
    write_whole(file, _octets(tree))


def made_of_record(run: RunFacts) -> bytes:
    """The same, of a run whose pytest did not live to write it."""
    counts = Counter(OUTCOMES.get(Verdict(one.verdict), "") for one in run.settled)
    totals = {
        "tests": str(len(run.settled) + (run.ending is not Ending.WHOLE)),
        "failures": str(counts["failure"]),
        "errors": str(counts["error"] + (run.ending is not Ending.WHOLE)),
        "skipped": str(counts["skipped"]),
        "time": f"{run.seconds:.3f}",
    }
    root = etree.Element("testsuites", {"name": SUITE} | totals)
    head = {"name": SUITE, **totals, "timestamp": run.began.isoformat(), "hostname": str(run.record.get("host", ""))}
    suite = etree.SubElement(root, "testsuite", head)
    for one in run.settled:
        classname, name = _names(one)
        facts = {"classname": classname, "name": name, "time": f"{one.seconds:.3f}"}
        case = etree.SubElement(suite, "testcase", facts)
        _add_outcome(case, one)
        _complete(case, one, run)
    _say_how_it_ended(suite, run)
    return _octets(root)


def _say_how_it_ended(suite: etree._Element, run: RunFacts) -> None:
    """Whoever looks at this file alone has to see that it is not all."""
    if run.ending is not Ending.WHOLE:
        case = etree.SubElement(suite, "testcase", {"classname": SUITE, "name": THE_END, "time": "0"})
        words = f"the run was {run.ending.value} after {run.seconds:.0f} s: what was not answered then is not here"
        etree.SubElement(case, "error", {"message": words}).text = words


def _octets(root: etree._Element) -> bytes:
    return bytes(etree.tostring(root, encoding="utf-8", xml_declaration=True))


def _names(one: Settled) -> tuple[str, str]:
    """Class and name, as pytest has them."""
    # What stands in brackets may have colons of its own.
    path, bracket, inside = one.nodeid.partition("[")
    classname, name = _class_and_name(path)
    return classname, f"{name}{bracket}{inside}"


@lru_cache(maxsize=1024)
def _class_and_name(path: str) -> tuple[str, str]:
    """Of a node id without brackets: the same at every place."""
    file, *classes, name = path.split("::")
    return ".".join([file.removesuffix(".py").replace("/", "."), *classes]), name


def _complete(case: etree._Element, one: Settled, run: RunFacts) -> None:
    if file := one.nodeid.partition("::")[0]:
        # Of a suite outside the root directory pytest does not tell it.
        case.set("file", file)
    _add_properties(case, one, run)
    if one.verdict in (Verdict.FAILED, Verdict.BLOCKED, Verdict.ERROR):
        output = case.find("system-out")
        if output is None:
            output = etree.SubElement(case, "system-out")
        attached = "\n".join(f"[[ATTACHMENT|{file}]]" for file in _attached(one, run.folder))
        if attached not in (output.text or ""):
            output.text = "\n".join(filter(None, (output.text, attached)))


def _attached(one: Settled, folder: Path) -> Iterator[Path]:
    """Jenkins wants whole paths; GitLab those below the folder that the job works in."""
    for file in (evidence_file(folder, one.place), folder / "evidence" / f"{one.place}.console.log"):
        if file.is_file():
            working = os.environ.get("CI_PROJECT_DIR")
            below = working is not None and file.is_relative_to(working)
            yield file.relative_to(working) if below and working is not None else file


def _add_properties(case: etree._Element, one: Settled, run: RunFacts) -> None:
    wanted = _properties(one.place, one.model, one.verdict, one.serial, one.firmware, one.fault, run.folder)
    found = case.find("properties")
    if found is None:
        case.insert(0, deepcopy(wanted))
        return
    known = {each.get("name") for each in found}
    found.extend(deepcopy(each) for each in wanted if each.get("name") not in known)


@lru_cache(maxsize=1024)
def _properties(
    place: str, model: str, verdict: str, serial: str, firmware: str, fault: str | None, folder: Path
) -> etree._Element:
    """The same for nearly all claims of a place; whoever wants them takes a copy."""
    facts = {
        "place": place,
        "model": model,
        "verdict": verdict,
        "evidence": str(evidence_file(folder, place)),
        "serial": serial,
        "firmware": firmware,
        "fault": fault or "",
    }
    properties = etree.Element("properties")
    for name, value in facts.items():
        if value:
            etree.SubElement(properties, "property", {"name": name, "value": _printable(value)})
    return properties


def _add_outcome(case: etree._Element, one: Settled) -> None:
    kind = OUTCOMES.get(Verdict(one.verdict))
    if kind is None:
        return
    told = one.told or {}
    text = one.incident or "\n".join(f"{name}: {said}" for name, said in told.items()) or one.verdict
    first = told.get("observed") or text
    message = _printable(first.splitlines()[0])
    etree.SubElement(case, kind, {"message": message}).text = _printable(text)


def _printable(text: str) -> str:
    return UNPRINTABLE.sub("?", text)
