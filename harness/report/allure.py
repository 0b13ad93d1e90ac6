"""A run as Allure results: one JSON file a claim, with its evidence attached."""

from __future__ import annotations

import hashlib
import uuid
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from harness.errors import ConfigurationError
from harness.evidence import evidence_file
from harness.fault import Verdict
from harness.report.facts import RunFacts
from harness.report.from_record import short_claim

if TYPE_CHECKING:
    from harness.run_record import Settled

STATUS = {
    Verdict.HELD: "passed",
    Verdict.FAILED: "failed",
    Verdict.BLOCKED: "broken",
    Verdict.ERROR: "broken",
    Verdict.NOT_DONE: "unknown",
    Verdict.KNOWN: "skipped",
    Verdict.SKIPPED: "skipped",
}


def write_allure(run: RunFacts, folder: Path) -> None:
    """The results are in the folder, beside those of other runs.

    Raises ConfigurationError where the package that knows the format is missing, OSError where it cannot be written.
    """
    try:
        from allure_commons.logger import AllureFileLogger
        from allure_commons.model2 import Attachment, Label, Parameter, StatusDetails, TestResult
    except ImportError:
        raise ConfigurationError("--allure needs the extra allure: pip install 'mcu-hil[allure]'") from None
    logger: Any = AllureFileLogger(str(folder))  # type: ignore[no-untyped-call]
    for place in run.places:
        evidence = evidence_file(run.folder, place.name)
        name = f"{_number(run, place.name)}-attachment.jsonl"
        if evidence.is_file():
            (folder / name).write_bytes(evidence.read_bytes())
        for one in run.settled:
            if one.place != place.name:
                continue
            ended = round(datetime.fromisoformat(one.at).timestamp() * 1000)
            labels = {
                "suite": one.nodeid.partition("::")[0],
                "parentSuite": run.lab,
                "subSuite": one.experiment or "driven by tests",
                "host": one.place,
                "framework": "mcu-hil",
            }
            result = TestResult(
                uuid=_number(run, one.nodeid),
                name=short_claim(one),
                fullName=one.nodeid,
                historyId=hashlib.md5(one.nodeid.encode(), usedforsecurity=False).hexdigest(),
                testCaseId=hashlib.md5(one.claim.encode(), usedforsecurity=False).hexdigest(),
                status=STATUS[Verdict(one.verdict)],
                statusDetails=StatusDetails(message=_message(one), trace=_trace(one)),
                stage="finished",
                start=ended - round(one.seconds * 1000),
                stop=ended,
                labels=[Label(name=label, value=value) for label, value in labels.items()],
                parameters=[
                    Parameter(name=label, value=value)
                    for label, value in (
                        ("place", one.place),
                        ("model", one.model),
                        ("serial", one.serial),
                        ("firmware", one.firmware),
                    )
                    if value
                ],
                attachments=[Attachment(name="evidence", source=name, type="application/json")]
                if evidence.is_file()
                else [],
            )
            logger.report_result(result)


def _number(run: RunFacts, of: str) -> str:
    """The same for the same thing of the same run, so that a run told twice is not there twice."""
    return str(uuid.uuid5(uuid.NAMESPACE_URL, f"mcu-hil:{run.folder.name}:{of}"))


def _message(one: Settled) -> str | None:
    return one.incident or (one.told or {}).get("observed")


def _trace(one: Settled) -> str | None:
    return "\n".join(f"{name}: {said}" for name, said in (one.told or {}).items()) or None
