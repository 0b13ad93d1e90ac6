"""Profiles as files: what is written is read again, by whoever writes at the same time, and nothing gets lost."""

from __future__ import annotations

import threading
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.errors import BenchError, ConfigurationError
from harness.lab import load_lab
from harness.outcomes import Seen, compare, take_over
from harness.profile import Recorded, checked, file_of, line, load_profiles, record, subject_of

AT = datetime(2026, 1, 31, 12, 0, 0, tzinfo=UTC)

texts = st.text(st.characters(exclude_categories=["C", "Z"]), max_size=30)
recorded = st.builds(Recorded, st.booleans() | texts, st.just(AT), texts)


@given(st.dictionaries(texts, st.dictionaries(texts, recorded, min_size=1, max_size=4), max_size=3))
def test_what_is_written_is_read_again(
    tmp_path_factory: pytest.TempPathFactory, profiles: dict[str, dict[str, Recorded]]
) -> None:
    file = tmp_path_factory.mktemp("profile") / "profile.toml"

    record(file, profiles)

    assert load_profiles(file) == profiles


def test_whoever_writes_at_the_same_time_loses_nothing(tmp_path: Path) -> None:
    file = tmp_path / "profile.toml"

    def write(number: int) -> None:
        for key in range(10):
            record(file, {"MCU": {f"{number}/{key}": Recorded(outcome=True, at=AT, place="a")}})

    threads = [threading.Thread(target=write, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(load_profiles(file)["MCU"]) == 40
    assert [path.name for path in tmp_path.iterdir()] == ["profile.toml"]


BROKEN = {
    "no TOML": ("[", "is no profile"),
    "no table": ("a = 1", "'a' is no table"),
    "no outcome": ("[a]\nb = { recorded = 2026-01-31T12:00:00Z, place = 'x' }", "'b': want { outcome"),
    "an outcome that is a number": (
        "[a]\nb = { outcome = 1, recorded = 2026-01-31T12:00:00Z, place = 'x' }",
        "'b': want { outcome",
    ),
}


@pytest.mark.parametrize(("text", "words"), BROKEN.values(), ids=BROKEN)
def test_a_file_that_is_no_profile_is_named(tmp_path: Path, text: str, words: str) -> None:
    file = tmp_path / "profile.toml"
    file.write_text(text)

    with pytest.raises(ConfigurationError) as raised:
        load_profiles(file)

    assert str(raised.value).startswith(f"{file}: {words}")


def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")

    with pytest.raises(BenchError, match=r"file/profile\.toml: the profile cannot be written"):
        record(tmp_path / "file" / "profile.toml", {"MCU": {"key": Recorded(outcome=True, at=AT, place="a")}})


def test_an_outcome_is_one_short_line() -> None:
    assert line("  Key does\n not\x00 match ") == "Key does not match"
    with pytest.raises(ValueError, match="want one line"):
        checked("key", "two\nlines")
    with pytest.raises(ValueError, match="want one line"):
        checked("key", "x" * 241)


def test_model_firmware_and_switches_make_the_subject_and_the_defect_does_not(tmp_path: Path) -> None:
    lab = tmp_path / "lab.toml"
    switches = "switches = { 'tls.maximum' = 'TLSv1.2', 'shutdown.steps' = 1 }"
    lab.write_text(
        "[[place]]\nname = 'real'\nmodel = 'MCU 4505'\naddress = 'mcu.example'\n"
        "[[place]]\nname = 'plain'\nmodel = 'MCU 4505'\nemulated = { defect = 'old-pair-after-restart' }\n"
        f"[[place]]\nname = 'switched'\nmodel = 'MCU 4505'\nemulated = {{ {switches} }}\n"
    )
    subjects = [subject_of(place, "4.3(2.18)") for place in load_lab(lab).places]
    files = {file_of(place, subject, tmp_path) for place, subject in zip(load_lab(lab).places, subjects, strict=True)}

    assert subjects == [
        "MCU 4505 4.3(2.18)",
        "MCU 4505 4.3(2.18), emulated",
        'MCU 4505 4.3(2.18), emulated, shutdown.steps = 1, tls.maximum = "TLSv1.2"',
    ]
    assert len(files) == 3
    assert tmp_path / "profiles" / "mcu-4505-4.3-2.18.toml" in files


def seen(file: Path, place: str, *, outcome: bool) -> Seen:
    return Seen(str(file), "MCU", "key", outcome, place, AT.isoformat())


def test_beside_a_recorded_outcome_each_place_stands_for_itself(tmp_path: Path) -> None:
    """One broken unit among good ones is that unit's failure, and no disagreement."""
    file = tmp_path / "profile.toml"
    record(file, {"MCU": {"key": Recorded(outcome=True, at=AT, place="a")}})
    both = [seen(file, "a", outcome=True), seen(file, "b", outcome=False)]

    [found] = compare(both, accept=False)
    assert [change.now.place for change in found.changed] == ["b"]
    assert found.disagreements == ()

    [accepting] = compare(both, accept=True)
    take_over([accepting], accept=True)
    assert accepting.changed == ()
    assert len(accepting.disagreements) == 1
    assert load_profiles(file)["MCU"]["key"].outcome is True
