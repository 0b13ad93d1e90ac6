"""Which claims a file of known failures is about, and what it says of mistakes."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.errors import ConfigurationError
from harness.known_failures import KnownFailures, load_known_failures
from harness.lab import Place

ENTRY = '[[known]]\nclaim = "test_it"\nticket = "MCU-7"\nexpires = 2027-03-31\n'
PLACE = Place(name="rack2", model="MCU 4505", address="rack2.example")


def known(tmp_path: Path, text: str) -> KnownFailures:
    file = tmp_path / "known.toml"
    file.write_text(text)
    return load_known_failures(file)


@pytest.mark.parametrize(
    ("more", "claim", "firmware", "fits"),
    [
        ("", "test_it", "4.3(2.18)", True),
        ("", "test_it[pkcs12]", "4.3(2.18)", True),
        ("", "test_it_not", "4.3(2.18)", False),
        ('firmware = ["4.3(2.18)", "4.4"]', "test_it", "4.3(2.18)", True),
        ('firmware = ["4.3(2.18)", "4.4"]', "test_it", "4.4(3.57)", True),
        ('firmware = ["4.3(2.18)", "4.4"]', "test_it", "4.3(2.17)", False),
        ('firmware = ["4.3(2.18)", "4.4"]', "test_it", "4.10(1.0)", False),
        ('model = "MCU 4505"', "test_it", "4.3(2.18)", True),
        ('model = "MCU 4203"', "test_it", "4.3(2.18)", False),
        ('place = "rack2"', "test_it", "4.3(2.18)", True),
        ('place = "rack3"', "test_it", "4.3(2.18)", False),
    ],
)
def test_an_entry_fits_its_claim_model_place_and_firmware(
    tmp_path: Path, more: str, claim: str, firmware: str, *, fits: bool
) -> None:
    assert (known(tmp_path, ENTRY + more).of(claim, PLACE, firmware) is not None) is fits


def test_an_entry_with_brackets_is_about_that_one_alone(tmp_path: Path) -> None:
    found = known(tmp_path, ENTRY.replace("test_it", "test_it[pkcs12]"))
    assert found.of("test_it[pkcs12]", PLACE, "4.3") is not None
    assert found.of("test_it[empty]", PLACE, "4.3") is None


def test_of_several_entries_the_one_that_lasts_longest_counts(tmp_path: Path) -> None:
    later = ENTRY.replace("2027-03-31", "2028-03-31").replace("MCU-7", "MCU-8")
    found = known(tmp_path, ENTRY + later).of("test_it", PLACE, "4.3")
    assert found is not None
    assert found.ticket == "MCU-8"


MISTAKES = {
    ENTRY.replace("ticket", "tickets"): r"known 1 ticket: Field required",
    ENTRY.replace('"test_it"', '"it"'): r"known 1 claim: String should match pattern",
    ENTRY.replace("2027-03-31", '"soon"'): r"known 1 expires: Input should be a valid date",
    ENTRY + 'firmware = ["4.3", "newest"]': r"known 1: firmware holds 'newest', want versions",
    "[[known]": r"Expected ']]'",
}


@pytest.mark.parametrize("text", MISTAKES)
def test_a_mistake_is_one_line_that_names_file_and_entry(tmp_path: Path, text: str) -> None:
    with pytest.raises(ConfigurationError) as refused:
        known(tmp_path, text)
    assert str(refused.value).startswith(f"{tmp_path}/known.toml: {MISTAKES[text]}")
    assert len(str(refused.value).splitlines()) == 1


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"absent\.toml: cannot be read: No such file"):
        load_known_failures(tmp_path / "absent.toml")
