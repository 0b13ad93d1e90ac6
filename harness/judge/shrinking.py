"""Two judges, one upload on which they differ, and the smallest one on which they still do."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.text import Text

from certstore import Upload
from harness.deadline import Deadline
from harness.judge.judges import NamedJudge
from harness.judge.minimise import Field, Minimised, minimise
from harness.judge.opinion import Difference, Opinion, differ, difference
from harness.judge.saved_upload import CERTIFICATE, PASSPHRASE, PRIVATE_KEY

Watch = Callable[[int, int], None]
"""Told after each question: how many there were, and how many bytes are left."""


@dataclass(frozen=True, slots=True)
class Agreement:
    """The judges do not differ on the upload."""

    names: tuple[str, str]
    opinions: tuple[Opinion, Opinion]


@dataclass(frozen=True, slots=True)
class Shrunk:
    """The judges differ, and this is what became of the upload."""

    names: tuple[str, str]
    opinions: tuple[Opinion, Opinion]
    original: Upload
    minimised: Minimised


def shrink(
    upload: Upload, quick: NamedJudge, slow: NamedJudge, deadline: Deadline, watch: Watch
) -> Agreement | Shrunk:
    """The smallest upload found before the deadline for which both judges keep to their opinions."""
    first = difference(upload, quick.judge, slow.judge)
    names = quick.name, slow.name
    if not differ(*first.opinions):
        return Agreement(names, first.opinions)
    minimised = minimise(upload, _watched(first, size(upload), watch), lambda: not deadline.expired)
    return Shrunk(names, first.opinions, upload, minimised)


def _watched(disagree: Difference, left: int, watch: Watch) -> Callable[[Upload], bool]:
    questions = 0

    def ask(upload: Upload) -> bool:
        nonlocal questions, left
        holds = disagree(upload)
        questions += 1
        left = size(upload) if holds else left
        watch(questions, left)
        return holds

    return ask


def size(upload: Upload) -> int:
    return sum(len(field.of(upload)) for field in Field)


def as_json(result: Agreement | Shrunk, directory: Path) -> dict[str, Any]:
    """What `mcu-hil judge --minimise --json` prints: the same keys whether they differ or not."""
    opinions = [
        {"judge": name, "opinion": str(opinion)} for name, opinion in zip(result.names, result.opinions, strict=True)
    ]
    match result:
        case Agreement():
            return {
                "disagree": False,
                "judges": opinions,
                "directory": None,
                "sizes": None,
                "smallest": None,
                "questions": 2,
            }
        case Shrunk(original=original, minimised=minimised):
            return {
                "disagree": True,
                "judges": opinions,
                "directory": str(directory),
                "sizes": {
                    field.value: {"before": len(field.of(original)), "after": len(field.of(minimised.upload))}
                    for field in Field
                },
                "smallest": minimised.ending.name == "SMALLEST",
                "questions": minimised.questions,
            }


def as_text(result: Agreement | Shrunk, directory: Path) -> Iterator[Text]:
    """The lines of `mcu-hil judge --minimise`."""
    match result:
        case Agreement():
            yield Text("the judges agree on this upload", style="bold")
        case Shrunk(original=original, minimised=minimised):
            before, after = size(original), size(minimised.upload)
            yield Text(f"the judges still disagree on {after} of {before} bytes", style="bold")
    for name, opinion in zip(result.names, result.opinions, strict=True):
        yield Text(f"  {name}: {opinion}")
    if isinstance(result, Shrunk):
        yield from _left(result, directory)


def _left(result: Shrunk, directory: Path) -> Iterator[Text]:
    minimised = result.minimised
    files = {Field.CERTIFICATE: CERTIFICATE, Field.PRIVATE_KEY: PRIVATE_KEY, Field.PASSPHRASE: PASSPHRASE}
    for field, name in files.items():
        if field is not Field.PASSPHRASE or minimised.upload.passphrase is not None:
            before, after = len(field.of(result.original)), len(field.of(minimised.upload))
            yield Text(f"  {directory / name}: {after} of {before} bytes")
    yield Text(f"  after {minimised.questions} questions: {minimised.ending.value}")
