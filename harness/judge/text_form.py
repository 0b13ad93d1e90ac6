"""A judgement as people read it: lines, each a value and a style."""

from __future__ import annotations

from collections.abc import Iterator

from rich.text import Text

from certstore import Place
from harness.judge.certificate_facts import CertificateFacts
from harness.judge.judgement import Judgement, SecondOpinion, Taken, TurnedDown
from harness.judge.opinion import Accepted, Refused, Undecided
from harness.judge.remedies import FileNames

_LABEL_COLUMNS = 10


def as_text(judgement: Judgement) -> Iterator[Text]:
    """The lines of `mcu-hil judge`. What comes from the files is made printable: they may hold anything."""
    match judgement.outcome:
        case Taken(_, served, advice):
            yield Text("accepted", style="bold green")
            yield _firmware(judgement)
            for number, facts in enumerate(served, 1):
                yield from _certificate(number, facts)
            for one in advice:
                yield _line("advice", f"{one.topic}: {one.finding}", style="yellow")
                yield _line("", one.remedy)
        case TurnedDown(refused, remedy):
            yield Text(f"refused: {refused.refusal}", style="bold red")
            yield _firmware(judgement)
            yield _line("rule", refused.detail)
            if refused.place is not None:
                yield _line("where", where(refused.place, judgement.names))
            yield _line("remedy", remedy.sentence, style="yellow")
            for command in remedy.commands:
                yield _line("", f"  {command}", style="bold")
    yield _line("beside", _second(judgement.second))
    if judgement.disagrees:
        yield _line("", f"{judgement.second.judge} and this firmware disagree; the unit goes by its firmware")


def _firmware(judgement: Judgement) -> Text:
    return _line("firmware", f"{judgement.firmware.version}, which reads as OpenSSL {judgement.firmware.branch} does")


def where(place: Place, names: FileNames) -> str:
    """File, line, block and label, of which a place may lack all but the first."""
    words = [names.of(place.file)]
    if place.line is not None:
        words.append(f"line {place.line}")
    if place.block is not None:
        words.append(f"block {place.block}")
    if place.label is not None:
        words.append(place.label)
    return ", ".join(words)


def _certificate(number: int, facts: CertificateFacts) -> Iterator[Text]:
    unread = "(cannot be read)"
    yield _line("serves" if number == 1 else "", f"{number}. {facts.subject or unread}")
    dates = " to ".join(
        unread if date is None else f"{date:%Y-%m-%d %H:%M}" for date in (facts.not_before, facts.not_after)
    )
    yield _line("", f"   issuer  {facts.issuer or unread}")
    if facts.alternative_names:
        yield _line("", f"   names   {', '.join(facts.alternative_names)}")
    yield _line("", f"   valid   {dates} UTC")
    yield _line("", f"   key     {facts.key or unread}, certificate signed with {facts.signature or unread}")
    yield _line("", f"   sha256  {facts.sha256}")


def _second(second: SecondOpinion) -> str:
    match second.opinion:
        case Accepted():
            return f"{second.judge} on this machine accepts it"
        case Refused(reason):
            return f"{second.judge} on this machine refuses it ({reason})"
        case Undecided(why):
            return f"{second.judge} on this machine: {why}"


def _line(label: str, words: str, style: str = "") -> Text:
    return Text.assemble((f"  {label:{_LABEL_COLUMNS}}", "dim"), (printable(words), style))


def printable(words: str) -> str:
    """The words with everything escaped that could move a cursor or change a colour."""
    return "".join(one if one.isprintable() else one.encode("unicode_escape").decode("ascii") for one in words)
