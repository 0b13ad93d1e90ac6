"""A certificate file that was read a moment ago is not read again; nobody can tell but by the clock."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

import pytest

from certstore import OPENSSL_0_9_8, OPENSSL_1_0_1, Refusal, Upload, UploadRefused, firmware_named, receive
from certstore.remembered import LARGEST_FILE, MOST_FILES, _files, recall

FIRMWARE = firmware_named("4.3")
BRANCH = FIRMWARE.branch
OTHER_BRANCH = OPENSSL_1_0_1 if BRANCH is OPENSSL_0_9_8 else OPENSSL_0_9_8


@pytest.fixture(autouse=True)
def nothing_remembered() -> None:
    _files.clear()


def steps(act: Callable[[], object]) -> int:
    """How many Python functions were called."""
    count = 0

    def called(frame: object, event: str, argument: object) -> None:
        nonlocal count
        count += event == "call"

    sys.setprofile(called)
    try:
        act()
    finally:
        sys.setprofile(None)
    return count


def test_the_second_reading_is_less_work_and_says_the_same(pair: Any) -> None:
    upload = Upload(pair.certificate, pair.key)
    first, second = [], []

    assert steps(lambda: first.append(receive(upload, FIRMWARE))) > steps(
        lambda: second.append(receive(upload, FIRMWARE))
    )
    assert first == second


def test_another_branch_reads_for_itself(pair: Any) -> None:
    receive(Upload(pair.certificate, pair.key), FIRMWARE)

    assert recall(pair.certificate, BRANCH) is not None
    assert recall(pair.certificate, OTHER_BRANCH) is None


def test_another_key_is_still_compared(pair: Any, authority: Any) -> None:
    receive(Upload(pair.certificate, pair.key), FIRMWARE)

    with pytest.raises(UploadRefused) as refused:
        receive(Upload(pair.certificate, authority.key), FIRMWARE)
    assert refused.value.refusal is Refusal.KEY_MISMATCH


def test_what_was_refused_is_not_remembered(pair: Any) -> None:
    damaged = pair.certificate[:-9]

    for _ in range(2):
        with pytest.raises(UploadRefused) as refused:
            receive(Upload(damaged, pair.key), FIRMWARE)
        assert refused.value.refusal is Refusal.MALFORMED_CERTIFICATE
        assert refused.value.place is not None
    assert recall(damaged, BRANCH) is None


def test_what_may_need_the_passphrase_is_not_remembered(pair: Any) -> None:
    """With another one the file reads otherwise."""
    talked_about = b"This key is ENCRYPTED.\n" + pair.certificate
    receive(Upload(talked_about, pair.key), FIRMWARE)

    assert recall(talked_about, BRANCH) is None


def test_the_memory_is_bounded(pair: Any) -> None:
    large = b"x\n" * (LARGEST_FILE // 2) + pair.certificate
    receive(Upload(large, pair.key), FIRMWARE)
    assert recall(large, BRANCH) is None

    for number in range(2 * MOST_FILES + 3):
        receive(Upload(b"%d\n" % number + pair.certificate, pair.key), FIRMWARE)
        assert len(_files) <= MOST_FILES
