"""What is told of a failed claim: what was done, what was expected, what the unit did, and where the evidence is."""

from __future__ import annotations

import inspect
import itertools
import re
import textwrap
from dataclasses import asdict, dataclass
from pathlib import Path

import pytest

from harness.certificate_words import chain_words
from harness.experiment import Experiment
from harness.lab import Place

LINES, COLUMNS = 40, 400
"""Of what the assertion tells; an agreement's smallest upload has some thirty lines."""
LONGEST_REPR = 200
OURS = ("place", "_about")
"""Parameters of which every claim has its own."""
DER_SEQUENCE = b"\x30\x82"
"""How every certificate of more than 255 octets begins (X.690 8.1.3)."""

SAID_ALREADY = re.compile(r"assert (?!not the same|not in\b)|\s+\+\s+(where|and) ")
"""How pytest goes on after the words of a claim: what it asked for was not so, which they say better."""
BARE = re.compile(r"(not )?(True|False|None|\(\)|\[.*\]|[0-9].*)$")
"""A value that says nothing without what it is of."""
WHERE = re.compile(r"\s*\+\s+(where|and) ")
HINT = re.compile(r"-v+'? to (get|show)|use '-vv'|Omitting \d+ identical|Drill down into")

DATE = re.compile(r"datetime\.datetime\((\d+(?:, \d+){4,6})\)")


@dataclass(frozen=True)
class Told:
    """One failed claim, for whoever has to act on it."""

    done: str
    expected: str
    observed: str
    evidence: str

    def text(self, head: str) -> str:
        rows = {"done": self.done, "expected": self.expected, "the unit": self.observed, "evidence": self.evidence}
        body = "\n".join(
            f"  {label + ':':<10}{textwrap.indent(text, ' ' * 12).lstrip(' ')}" for label, text in rows.items()
        )
        return f"{head}\n{body}"

    def facts(self) -> dict[str, str]:
        """Plain values, as they cross from a worker to the controller."""
        return asdict(self)


def told(
    item: pytest.Function, raised: pytest.ExceptionInfo[BaseException], about: Experiment[object] | None, place: Place
) -> Told:
    """Of a claim that failed; its evidence is named by the caller, who knows the run's folder."""
    where = f"at {place.name}, {place.model}"
    done = f"{about.name} {where}: {_first_paragraph(about.run)}" if about else f"a test of its own {where}"
    sentence = sentence_of(item.originalname or item.name) + _of_what(item)
    reason = _first_paragraph(item.function)
    statement = _statement(item, raised)
    return Told(
        done=done,
        expected="\n".join(part for part in (sentence, reason, statement) if part),
        observed=_observed(raised, statement),
        evidence="",
    )


def sentence_of(name: str) -> str:
    """A test's name, as the sentence that it is."""
    return name.removeprefix("test_").replace("_", " ")


def _of_what(item: pytest.Function) -> str:
    """What the claim is put to, of several things: the parameters that are neither place nor experiment."""
    params = item.callspec.params if hasattr(item, "callspec") else {}
    return "".join(f": {value}" for name, value in params.items() if name not in OURS)


def certificates_compared(operator: str, seen: object, expected: object) -> list[str] | None:
    """Two certificates, or chains, that a claim compares, as people read them; None for anything else."""
    chains = [_chain(seen), _chain(expected)]
    if chains[0] is None or chains[1] is None:
        return None
    lines = [f"{'not the same' if operator == '==' else f'not {operator}'}"]
    for label, chain in zip(("seen:", "expected:"), chains, strict=True):
        lines += [label, *(f"  {words}" for words in chain_words(chain or ()))]
    return lines


def _chain(value: object) -> tuple[bytes, ...] | None:
    if isinstance(value, bytes):
        value = (value,)
    if not isinstance(value, tuple):
        return None
    der = tuple(each for each in value if isinstance(each, bytes) and each.startswith(DER_SEQUENCE))
    return der if len(der) == len(value) else None


def _first_paragraph(function: object) -> str:
    text = inspect.getdoc(function) or ""
    return " ".join(text.partition("\n\n")[0].split())


def _statement(item: pytest.Function, raised: pytest.ExceptionInfo[BaseException]) -> str:
    """The line of the claim that did not hold."""
    if not isinstance(raised.value, AssertionError):
        return ""
    own = [entry for entry in raised.traceback if Path(entry.path) == item.path]
    return " ".join(str(own[-1].statement).split()) if own else ""


def _observed(raised: pytest.ExceptionInfo[BaseException], statement: str) -> str:
    """What the claim says that it saw, or else what pytest makes of its assertion."""
    text = str(raised.value)
    lines = [DATE.sub(_date, line.rstrip()) for line in text.removeprefix("assert ").splitlines()]
    if not text.startswith("assert "):
        lines = list(itertools.takewhile(lambda line: not SAID_ALREADY.match(line), lines))
    elif lines and BARE.match(lines[0]):
        lines[0] = f"{statement.removeprefix('assert ')}: {lines[0]}"
    kept = [line for line in lines if line and not _is_noise(line)]
    shown = [line if len(line) <= COLUMNS else f"{line[:COLUMNS]}..." for line in kept[:LINES]]
    if len(kept) > LINES:
        shown.append(f"... and {len(kept) - LINES} lines more")
    return "\n".join(shown) or type(raised.value).__name__


def _date(found: re.Match[str]) -> str:
    year, month, day, hour, minute, *rest = map(int, found[1].split(", "))
    seconds = f":{rest[0]:02}" if rest else ""
    return f"{year}-{month:02}-{day:02} {hour:02}:{minute:02}{seconds}"


def _is_noise(line: str) -> bool:
    """pytest tells where each value comes from, with the whole object that it is part of, and how to be told more."""
    return (WHERE.match(line) is not None and len(line) > LONGEST_REPR) or HINT.search(line) is not None
