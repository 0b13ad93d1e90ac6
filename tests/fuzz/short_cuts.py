"""The second property: the reader's short cuts, for what everybody writes, against the rules that they abbreviate."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from certstore import certificate, radix64
from certstore.pem import DASHES, Block, Reader
from certstore.rules import Violation
from tests.fuzz.case import Case

# Characters of base64: some lines. The rule is a loop over characters, and slow.
_ENOUGH = 200


def compare(octets: bytes) -> None:
    """A short cut gives what its rule gives: the same value, or the same rule broken in the same place."""
    case = Case.read(octets)
    branch = case.firmware.branch
    for file in (case.certificate, case.private_key):
        for block in _blocks(file):
            _assert_same(
                _outcome(certificate.read, block.data, branch),
                _outcome(certificate.read_by_template, block.data, branch),
            )
        for text in file.split(DASHES):
            text = text[:_ENOUGH]
            _assert_same(_outcome(radix64.decode, text), _outcome(radix64.decode_exactly, text))


def _blocks(file: bytes) -> list[Block]:
    """The blocks of a file, read by the short cut and by the rule in step."""
    short, rule = Reader(file), Reader(file)
    blocks: list[Block] = []
    while True:
        block = _outcome(short.block)
        _assert_same(block, _outcome(rule.block_by_lines))
        _assert_same((short.line, short.begin_line, short.label), (rule.line, rule.begin_line, rule.label))
        if not isinstance(block, Block):
            return blocks
        blocks.append(block)


def _outcome(act: Callable[..., Any], *arguments: Any) -> Any:
    try:
        return act(*arguments)
    except Violation as violation:
        return violation.rule


def _assert_same(short_cut: object, rule: object) -> None:
    if short_cut != rule:
        raise AssertionError(f"the short cut gives {short_cut!r}, the rule {rule!r}")
