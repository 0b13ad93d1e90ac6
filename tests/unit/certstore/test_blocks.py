"""PEM blocks: lines, BEGIN and END, header or data. PEM_read_bio, crypto/pem/pem_lib.c."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from certstore.pem import PIECE, Block, Reader
from certstore.rules import Violation

DATA = bytes(range(256))


@pytest.fixture
def text(block: Callable[..., bytes]) -> bytes:
    return block(b"X", DATA)


def first(file: bytes) -> Block | str:
    """The first block, or the rule that it breaks; read twice, the short way and the long way."""
    answers: list[Block | str] = []
    for read in (Reader.block, Reader.block_by_lines):
        try:
            answers.append(read(Reader(file)))
        except Violation as violation:
            answers.append(violation.rule.short_name)
    assert answers[0] == answers[1]
    return answers[0]


GOOD = Block(b"X", b"", DATA)

# What is done to a good file: what comes out.
EDITS: dict[str, tuple[Callable[[bytes], bytes], Block | str]] = {
    "nothing": (lambda t: t, GOOD),
    "no-final-newline": (lambda t: t.rstrip(b"\n"), GOOD),
    "crlf": (lambda t: t.replace(b"\n", b"\r\n"), GOOD),
    "cr-cr-lf": (lambda t: t.replace(b"\n", b"\r\r\n"), GOOD),
    "cr-alone": (lambda t: t.replace(b"\n", b"\r"), "no-start-line"),
    "lf-cr": (lambda t: t.replace(b"\n", b"\n\r"), "bad-end-line"),
    "blanks-at-line-ends": (lambda t: t.replace(b"\n", b" \t\n"), GOOD),
    "control-bytes-at-line-ends": (lambda t: t.replace(b"\n", b"\x01\x0b\x0c\n"), GOOD),
    "high-bytes-at-line-ends": (lambda t: t.replace(b"\n", b"\x80\xff\n"), GOOD),
    "leading-text": (lambda t: b"subject=/CN=x\n\nissuer\n" + t, GOOD),
    "leading-binary": (lambda t: bytes(range(1, 256)) + b"\n" + t, GOOD),
    "byte-order-mark": (lambda t: b"\xef\xbb\xbf" + t, "no-start-line"),
    "byte-order-mark-on-its-own-line": (lambda t: b"\xef\xbb\xbf\n" + t, GOOD),
    "utf-16": (lambda t: t.decode().encode("utf-16-le"), "no-start-line"),
    "blank-before-begin": (lambda t: b" " + t, "no-start-line"),
    "four-dashes-before-begin": (lambda t: t[1:], "no-start-line"),
    "six-dashes-before-begin": (lambda t: b"-" + t, "no-start-line"),
    "lower-case-begin": (lambda t: t.replace(b"BEGIN", b"begin"), "no-start-line"),
    "text-after-begin": (lambda t: t.replace(b"N X-----", b"N X----- hello"), "no-start-line"),
    "six-dashes-after-begin": (lambda t: t.replace(b"N X-----", b"N X------"), "bad-end-line"),
    "six-dashes-after-both": (lambda t: t.replace(b"X-----", b"X------"), Block(b"X-", b"", DATA)),
    "nul-before-begin": (lambda t: b"\0" + t, "no-start-line"),
    "line-that-begins-with-nul-ends-the-search": (lambda t: b"\0\n" + t, "no-start-line"),
    "nul-at-line-ends": (lambda t: t.replace(b"\n", b"\0lost\n"), GOOD),
    "253-bytes-then-begin": (lambda t: b"x" * PIECE + t, GOOD),
    "254-bytes-then-begin": (lambda t: b"x" * (PIECE + 1) + t, "no-start-line"),
    "label-with-blanks": (lambda t: t.replace(b" X-", b"  X  Y -"), Block(b" X  Y ", b"", DATA)),
    "empty-label": (lambda t: t.replace(b" X-", b" -"), Block(b"", b"", DATA)),
    "other-label-at-end": (lambda t: t.replace(b"END X", b"END Y"), "bad-end-line"),
    "blank-before-end": (lambda t: t.replace(b"-----END", b" -----END"), "bad-end-line"),
    "end-glued-to-data": (lambda t: t.replace(b"\n-----END", b"-----END"), "bad-end-line"),
    "text-after-end": (lambda t: t.rstrip() + b" more\n", "bad-end-line"),
    "blanks-after-end": (lambda t: t.rstrip() + b" \x80\t\n", GOOD),
    "no-end": (lambda t: t[: t.index(b"-----END")], "bad-end-line"),
    "cut-in-the-middle": (lambda t: t[: len(t) // 2], "bad-end-line"),
    "half-a-begin-line": (lambda t: b"-----BEGIN X--", "no-start-line"),
    "begin-line-alone": (lambda t: b"-----BEGIN X-----\n", "bad-end-line"),
    "two-files-without-a-newline": (lambda t: t.rstrip() + t, "bad-end-line"),
    "empty-block": (lambda t: b"-----BEGIN X-----\n-----END X-----\n", "empty-block"),
    "block-of-dashes": (lambda t: b"-----BEGIN X-----\n----\n-----END X-----\n", "empty-block"),
    "empty-file": (lambda t: b"", "no-start-line"),
    # Lines of any length below 80 will do without a header.
    "one-character-a-line": (
        lambda t: b"-----BEGIN X-----\nQ\nU\nJ\nD\n-----END X-----\n",
        Block(b"X", b"", b"ABC"),
    ),
    "indented-data": (lambda t: b"-----BEGIN X-----\n  QUJD\n-----END X-----\n", Block(b"X", b"", b"ABC")),
    # An empty line ends the header; then every line but the last has 64 columns.
    "empty-line-first": (lambda t: t.replace(b"X-----\n", b"X-----\n\n", 1), GOOD),
    "empty-line-with-blanks-first": (lambda t: t.replace(b"X-----\n", b"X-----\n \r\n", 1), GOOD),
    "nul-line-first": (lambda t: t.replace(b"X-----\n", b"X-----\n\0\n", 1), GOOD),
    "two-empty-lines-first": (lambda t: t.replace(b"X-----\n", b"X-----\n\n\n", 1), "bad-end-line"),
    "empty-line-before-end": (lambda t: t.replace(b"\n-----END", b"\n\n-----END"), "empty-block"),
    "header": (
        lambda t: t.replace(b"X-----\n", b"X-----\nA: b\n\n", 1),
        Block(b"X", b"A: b\n", DATA),
    ),
    "header-without-its-empty-line": (lambda t: t.replace(b"X-----\n", b"X-----\nA: b\n", 1), "empty-block"),
}


@pytest.mark.parametrize(("edit", "outcome"), EDITS.values(), ids=EDITS)
def test_a_block_is_found_by_its_lines(text: bytes, edit: Callable[[bytes], bytes], outcome: Block | str) -> None:
    assert first(edit(text)) == outcome


@pytest.mark.parametrize(("edit", "outcome"), EDITS.values(), ids=EDITS)
def test_so_is_one_with_a_label_that_tools_write(
    block: Callable[..., bytes], edit: Callable[[bytes], bytes], outcome: Block | str
) -> None:
    def relabelled(octets: bytes) -> bytes:
        return octets.replace(b" X-----", b" PRIVATE KEY-----")

    expected = outcome
    if isinstance(outcome, Block) and outcome.label.startswith(b"X"):
        expected = outcome._replace(label=b"PRIVATE KEY" + outcome.label[1:])
    assert first(relabelled(edit(block(b"X", DATA)))) == expected


@pytest.mark.parametrize(
    "tail",
    [b"QUJD", b"QUJD\n\n", b"QUJDR\n", b"QU=D\n", b"QUJ==\n", b"=\n", b"QUJD\nQUJD\n", b"\n", b"QUI=\n", b"Q\0=\n"],
)
@pytest.mark.parametrize("full_lines", [0, 1, 2])
def test_data_in_lines_that_are_not_quite_full(full_lines: int, tail: bytes) -> None:
    text = (b"QUJD" * 16 + b"\n") * full_lines + tail

    first(b"-----BEGIN PRIVATE KEY-----\n" + text + b"-----END PRIVATE KEY-----\n")


@pytest.mark.parametrize("columns", [1, 4, 63, 65, 72, 76])
def test_after_an_empty_line_only_64_columns_will_do(block: Callable[..., bytes], columns: int) -> None:
    assert first(block(b"X", DATA, b"A: b\n\n")) == Block(b"X", b"A: b\n", DATA)
    assert first(block(b"X", DATA, b"A: b\n\n", columns)) == "bad-end-line"


@pytest.mark.parametrize("size", [48, 95, 96, 49, 93])
def test_a_last_line_of_64_columns_may_be_followed_by_an_empty_one(block: Callable[..., bytes], size: int) -> None:
    spaced = block(b"X", DATA[:size], b"\n").replace(b"\n-----END", b"\n\n-----END")

    full = size in (48, 95, 96)
    assert first(spaced) == (Block(b"X", b"", DATA[:size]) if full else "bad-end-line")


def test_a_block_without_end_takes_the_next_begin_for_data(text: bytes) -> None:
    headless = text[: text.index(b"-----END")]

    assert first(headless + text) == GOOD


def test_blocks_are_handed_out_in_order(block: Callable[..., bytes]) -> None:
    reader = Reader(block(b"CERTIFICATE", b"one") + b"text\n" + block(b"RSA PRIVATE KEY", b"two"))

    assert [reader.block(), reader.block()] == [
        Block(b"CERTIFICATE", b"", b"one"),
        Block(b"RSA PRIVATE KEY", b"", b"two"),
    ]
    with pytest.raises(Violation, match="NO_START_LINE"):
        reader.block()


def test_the_reader_knows_its_line_and_block(block: Callable[..., bytes]) -> None:
    reader = Reader(b"text\n" + block(b"X", DATA) + b"-----BEGIN Y-----\n!\n")
    reader.block()
    assert (reader.blocks, reader.label, reader.begin_line, reader.line) == (1, b"X", 2, 9)

    with pytest.raises(Violation, match="BAD_END_LINE"):
        reader.block()
    assert (reader.blocks, reader.label, reader.begin_line) == (2, b"Y", 10)


@pytest.mark.parametrize(
    "file",
    [
        b"-----BEGIN X-----\n" * 20_000,
        b"\n" * 100_000,
        b"x" * 1_000_000,
        b"-----BEGIN CERTIFICATE-----\nQUJD\n-----END CERTIFICATE----- \n" * 20_000,
        b"\0" * 500_000,
    ],
    ids=["begins", "empty-lines", "one-line", "many-blocks", "nuls"],
)
def test_every_byte_is_handed_over_once(file: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    taken = 0
    line = Reader._line

    def counted(reader: Reader) -> bytes:
        nonlocal taken
        before = reader._position
        found = line(reader)
        taken += reader._position - before
        return found

    monkeypatch.setattr(Reader, "_line", counted)
    reader = Reader(file)

    def read_all() -> None:
        while True:
            reader.block()

    with pytest.raises(Violation):
        read_all()
    assert taken <= len(file)
