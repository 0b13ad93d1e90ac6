"""What the next process takes for the unit: the file of pins, and what becomes of it."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import pytest

from harness.errors import ConfigurationError
from harness.lab import Lab, Place
from harness.tls.pin_file import PinFile, pin_file_of
from harness.tls.pins import ForeignLeaf, LeafPins

FIRST, SECOND, THIRD = b"first leaf", b"second leaf", b"third leaf"


def sha256(leaf: bytes) -> str:
    return hashlib.sha256(leaf).hexdigest()


def pins(folder: Path, stated: str | None = None, serial: str | None = None) -> LeafPins:
    """As a process of its own would begin with them."""
    return LeafPins("rack2", stated, PinFile(folder / "pins" / "rack2.json", serial, stated))


def accepts(found: LeafPins, *leafs: bytes) -> list[bool]:
    return [_accepts(found, leaf) for leaf in leafs]


def _accepts(found: LeafPins, leaf: bytes) -> bool:
    try:
        found.check(leaf)
    except ForeignLeaf:
        return False
    return True


def test_the_first_leaf_is_trusted_kept_and_told_once(tmp_path: Path) -> None:
    first = pins(tmp_path)
    assert accepts(first, FIRST, FIRST) == [True, True]
    [notice] = first.notices
    assert f"sha256:{sha256(FIRST)} is trusted on first use" in notice
    assert str(tmp_path / "pins" / "rack2.json") in notice

    later = pins(tmp_path)
    assert accepts(later, SECOND, FIRST) == [False, True]
    assert later.notices == ()


def test_the_file_is_for_its_owner_alone_and_nothing_lies_beside_it(tmp_path: Path) -> None:
    pins(tmp_path).check(FIRST)
    [file] = (tmp_path / "pins").iterdir()
    assert file.stat().st_mode & 0o777 == 0o600
    assert (tmp_path / "pins").stat().st_mode & 0o777 == 0o700


def test_who_dies_between_an_upload_and_the_restart_leaves_both_leafs(tmp_path: Path) -> None:
    died = pins(tmp_path)
    died.check(FIRST)
    died.accept(sha256(SECOND))

    assert accepts(pins(tmp_path), THIRD, FIRST, FIRST) == [False, True, True]
    assert accepts(pins(tmp_path), FIRST, SECOND) == [True, True]


def test_once_the_new_leaf_is_served_the_next_process_takes_the_old_one_no_more(tmp_path: Path) -> None:
    installing = pins(tmp_path)
    installing.check(FIRST)
    installing.accept(sha256(SECOND))
    assert accepts(installing, FIRST, SECOND, FIRST, SECOND) == [True] * 4

    assert accepts(pins(tmp_path), FIRST, SECOND) == [False, True]


def test_an_upload_that_the_restart_did_not_bring_into_force_is_expected_no_more(tmp_path: Path) -> None:
    refused = pins(tmp_path)
    refused.check(FIRST)
    refused.accept(sha256(SECOND))
    refused.settle()

    assert accepts(pins(tmp_path), SECOND, FIRST) == [False, True]


def test_who_dies_between_a_removal_and_the_restart_leaves_word_of_it(tmp_path: Path) -> None:
    died = pins(tmp_path)
    died.check(FIRST)
    died.expect_unknown()
    assert accepts(died, SECOND) == [False]

    later = pins(tmp_path)
    assert accepts(later, SECOND, THIRD) == [True, False]
    assert "found after a removal" in later.notices[0]
    assert accepts(pins(tmp_path), FIRST, SECOND) == [False, True]


def test_what_the_lab_file_says_counts_until_we_install_another(tmp_path: Path) -> None:
    assert accepts(pins(tmp_path, sha256(FIRST)), SECOND, FIRST) == [False, True]
    installing = pins(tmp_path, sha256(FIRST))
    installing.accept(sha256(SECOND))
    installing.check(SECOND)
    assert accepts(pins(tmp_path, sha256(FIRST)), FIRST, SECOND) == [False, True]


def test_a_new_word_in_the_lab_file_counts_more_than_what_was_kept(tmp_path: Path) -> None:
    pins(tmp_path).check(FIRST)
    assert accepts(pins(tmp_path, sha256(THIRD)), FIRST, THIRD) == [False, True]


def test_another_serial_number_is_another_unit_and_told(tmp_path: Path) -> None:
    pins(tmp_path, serial="SM0200A1").check(FIRST)
    assert accepts(pins(tmp_path, serial="SM0200A1"), SECOND) == [False]
    swapped = pins(tmp_path, serial="SM0200B2")
    assert accepts(swapped, SECOND) == [True]
    assert "the unit before had the serial number SM0200A1" in swapped.notices[0]


def test_the_refusal_names_both_leafs_the_file_and_the_command(tmp_path: Path) -> None:
    pins(tmp_path).check(FIRST)
    with pytest.raises(ForeignLeaf) as refused:
        pins(tmp_path).check(SECOND)
    words = str(refused.value)
    assert f"serves the certificate sha256:{sha256(SECOND)}, which nobody here installed" in words
    assert f"expected is sha256:{sha256(FIRST)} (trusted on first use, " in words
    assert str(tmp_path / "pins" / "rack2.json") in words
    assert words.endswith(f"mcu-hil doctor rack2 --accept-certificate {sha256(SECOND)}")
    assert "\n" not in words


BROKEN = {
    "no-json": "{",
    "a-list": "[]",
    "an-unknown-key": '{"pending": [], "leaf": "x"}',
    "no-fingerprint": '{"pending": [], "serves": "abc"}',
    "a-number": '{"pending": [1]}',
}


@pytest.mark.parametrize("text", BROKEN.values(), ids=BROKEN)
def test_a_damaged_file_trusts_nobody_and_is_named(text: str, tmp_path: Path) -> None:
    file = tmp_path / "pins" / "rack2.json"
    file.parent.mkdir()
    file.write_text(text)
    with pytest.raises(ConfigurationError, match=r"rack2\.json: is no pin file: .* remove it"):
        pins(tmp_path)


def test_a_write_that_fails_leaves_the_file_as_it_was(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    kept = pins(tmp_path)
    kept.check(FIRST)
    before = json.loads((tmp_path / "pins" / "rack2.json").read_text())

    def fails(_descriptor: int) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("os.fsync", fails)
    with pytest.raises(KeyboardInterrupt):
        kept.accept(sha256(SECOND))
    assert json.loads((tmp_path / "pins" / "rack2.json").read_text()) == before
    assert len([*(tmp_path / "pins").iterdir()]) == 1


def place(**keys: object) -> Place:
    table = {"name": "rack2", "model": "MCU 4505", "address": "127.0.0.1"}
    return Lab.model_validate({"place": [table | keys]}).places[0]


def test_an_emulated_unit_is_a_new_one_at_each_start(tmp_path: Path) -> None:
    assert pin_file_of(place(emulated={}), tmp_path) is None
    assert pin_file_of(place(), None) is None
    kept = pin_file_of(place(serial="SM1"), tmp_path)
    assert kept == PinFile(tmp_path / "pins" / "rack2.json", "SM1", None)
