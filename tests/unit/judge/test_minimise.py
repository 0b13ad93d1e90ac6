"""The minimiser: what is left still makes the judges differ, and nothing of it could go."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from certstore import DEFAULT_FIRMWARE, OPENSSL_1_0_1, Upload
from harness.judge.minimise import LEVELS, Ending, Field, blocks, minimise
from harness.judge.opinion import Accepted, Opinion, Refused, Undecided, differ, difference, model
from harness.pki import Authority, key_pem

AUTHORITY = Authority.create(intermediates=1)
OURS = AUTHORITY.issue("unit.example")


def unlimited() -> bool:
    return True


def at_most(questions: int) -> Callable[[], bool]:
    left = iter(range(questions))
    return lambda: next(left, None) is not None


def holds_needles(upload: Upload) -> bool:
    return b"x" in upload.certificate and upload.private_key.count(b"y") >= 2 and upload.passphrase is not None


HAYSTACK = Upload(b"a haystack\nwith x in it\n" * 9, b"-----BEGIN A-----\nyay\n-----END A-----\ny", b"open")


def test_what_is_left_is_the_needles() -> None:
    smallest = minimise(HAYSTACK, holds_needles, unlimited)

    assert smallest.upload == Upload(b"x", b"yy", b"")
    assert smallest.ending is Ending.SMALLEST


def test_a_passphrase_that_does_not_matter_is_left_out_altogether() -> None:
    smallest = minimise(HAYSTACK, lambda upload: b"x" in upload.certificate, unlimited)

    assert smallest.upload == Upload(b"x", b"", None)


def test_the_same_question_gives_the_same_answer() -> None:
    assert minimise(HAYSTACK, holds_needles, unlimited) == minimise(HAYSTACK, holds_needles, unlimited)


@given(st.integers(0, 60))
def test_a_spent_budget_leaves_the_smallest_so_far(questions: int) -> None:
    enough = minimise(HAYSTACK, holds_needles, unlimited).questions
    result = minimise(HAYSTACK, holds_needles, at_most(questions))

    assert holds_needles(result.upload)
    assert result.questions == min(questions, enough)
    assert result.ending is (Ending.BUDGET if questions < enough else Ending.SMALLEST)


def test_nothing_is_asked_twice() -> None:
    asked: list[Upload] = []

    def ask(upload: Upload) -> bool:
        asked.append(upload)
        return holds_needles(upload)

    result = minimise(HAYSTACK, ask, unlimited)

    assert len(asked) == len(set(asked))
    # The first is whether there is a disagreement to begin with.
    assert result.questions == len(asked) - 1


def test_where_nobody_disagrees_there_is_nothing_to_do() -> None:
    with pytest.raises(ValueError, match="do not disagree"):
        minimise(HAYSTACK, lambda upload: False, unlimited)


FIELDS = st.binary(max_size=12)


@given(st.builds(Upload, FIELDS, FIELDS, st.none() | FIELDS), st.binary(min_size=1, max_size=2))
def test_no_byte_of_the_smallest_can_be_left_out(upload: Upload, wanted: bytes) -> None:
    def disagree(asked: Upload) -> bool:
        return all(octet in asked.certificate + asked.private_key + (asked.passphrase or b"") for octet in wanted)

    padded = replace(upload, certificate=upload.certificate + wanted)
    result = minimise(padded, disagree, unlimited).upload

    shorter = [
        field.put(result, content[:at] + content[at + 1 :])
        for field in Field
        for content in [field.of(result)]
        for at in range(len(content))
    ]
    assert disagree(result)
    assert not any(disagree(one) for one in shorter)


LINES = st.sampled_from([b"-----BEGIN A-----\n", b"-----END A-----\n", b"x\n", b"x"])


@given(st.binary(max_size=60) | st.lists(LINES).map(b"".join))
def test_units_joined_are_the_content(content: bytes) -> None:
    assert [b"".join(level(content)) for level in LEVELS] == [content] * len(LEVELS)


def test_blocks_are_found_between_text() -> None:
    chain = OURS.certificate_pem

    assert len(blocks(b"text\n" + chain + b"text")) == 4


NEW, OLD = model(replace(DEFAULT_FIRMWARE, branch=OPENSSL_1_0_1)), model(DEFAULT_FIRMWARE)


def test_two_models_differ_on_next_to_nothing() -> None:
    """From 1.0.0 on the type before PRIVATE KEY may be in lower case; all else here is beside the point."""
    odd = key_pem(OURS.key).replace(b"RSA PRIVATE", b"Rsa PRIVATE")
    upload = Upload(b"subject\n" + OURS.certificate_pem, b"Bag Attributes\n" + odd + OURS.certificate_pem, b"unused")

    result = minimise(upload, difference(upload, OLD, NEW), at_most(400)).upload

    assert differ(OLD(result), NEW(result))
    assert result.passphrase is None
    assert len(blocks(result.certificate)) == 1
    assert result.private_key.rstrip() == odd.rstrip()


def test_another_disagreement_does_not_take_the_place_of_the_first() -> None:
    """Left-out line ends make lines too long for a unit: a difference too, but not the one that was to be shown."""
    verdicts: dict[bytes, tuple[Opinion, Opinion]] = {
        b"one reason": (Refused("bad-iv"), Accepted()),
        b"reason": (Refused("base64-line-too-long"), Accepted()),
    }

    def judge(side: int) -> Callable[[Upload], Opinion]:
        return lambda upload: verdicts.get(upload.certificate, (Refused("no"), Refused("no")))[side]

    upload = Upload(b"one reason", b"")

    assert minimise(upload, difference(upload, judge(0), judge(1)), unlimited).upload == upload


def test_the_slow_judge_is_not_asked_where_the_quick_one_has_changed_its_mind() -> None:
    asked: list[Upload] = []

    def slow(upload: Upload) -> Opinion:
        asked.append(upload)
        return Accepted()

    def quick(upload: Upload) -> Opinion:
        return Refused("short" if len(upload.certificate) < 4 else "long")

    upload = Upload(b"12345678", b"")
    minimise(upload, difference(upload, quick, slow), unlimited)

    assert min(len(one.certificate) for one in asked) == 4


DIFFERENCES = {
    "accepted-refused": (Accepted(), Refused("a"), True),
    "refused-accepted": (Refused("a"), Accepted(), True),
    "both-accepted-one-silent": (Accepted(), NEW(Upload(OURS.certificate_pem, key_pem(OURS.key))), False),
    "other-chain": (
        NEW(Upload(OURS.certificate_pem, key_pem(OURS.key))),
        NEW(Upload(OURS.certificate_pem * 2, key_pem(OURS.key))),
        True,
    ),
    "other-reason": (Refused("a"), Refused("b"), False),
    "undecided": (Undecided("a"), Accepted(), False),
}


@pytest.mark.parametrize(("one", "other", "expected"), DIFFERENCES.values(), ids=DIFFERENCES)
def test_opinions_differ(one: Opinion, other: Opinion, expected: bool) -> None:  # noqa: FBT001 - a column of the table
    assert differ(one, other) is expected
