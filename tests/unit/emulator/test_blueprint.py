"""Which places can be emulated, and what a mistake in lab.toml is answered with."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from harness.emulator.blueprint import Blueprint, check
from harness.emulator.identity import models
from harness.emulator.skin import generations, load_skin
from harness.emulator.switches import switch_names
from harness.errors import ConfigurationError
from harness.lab import MODELS, Place, load_lab


def place(tmp_path: Path, text: str) -> Place:
    file = tmp_path / "lab.toml"
    file.write_text(f'[[place]]\nname = "bench-7"\nmodel = "MCU 4505"\n{text}\n')
    return load_lab(file).places[0]


WRONG = {
    "emulated = { firmware = '4.9(1.1)' }": "place 'bench-7': unknown firmware '4.9'",
    "emulated = { firmware = 'newest' }": "place 'bench-7': firmware 'newest' is not of the form '4.3(2.18)'",
    "emulated = { defect = 'old-pair-after-restrat' }": "did you mean 'old-pair-after-restart'?",
    "emulated = { defect = 'xyzzy' }": "docs/defects.md lists those that are known",
    "emulated = { faults = { latency = 1.0 } }": "place 'bench-7': no fault 'latency' can be 1.0",
    "emulated = { faults = { lost_every = -1 } }": "no fault 'lost_every' can be -1",
    "address = '10.0.0.1'": "place 'bench-7' is a real unit",
}


@pytest.mark.parametrize(("text", "message"), WRONG.items(), ids=WRONG)
def test_what_cannot_be_emulated_is_named(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(ConfigurationError) as wrong:
        check(place(tmp_path, text))

    assert message in str(wrong.value)
    assert "\n" not in str(wrong.value)


def test_a_blueprint_survives_its_document(tmp_path: Path) -> None:
    blueprint = Blueprint.of(
        place(
            tmp_path,
            "emulated = { firmware = '4.3', faults = { reset_after = 9 } }\nlogin = { password = 'let me in' }",
        )
    )

    assert Blueprint.from_document(blueprint.document()) == blueprint


def test_a_blueprint_does_not_show_its_password(tmp_path: Path) -> None:
    blueprint = Blueprint.of(place(tmp_path, "emulated = {}\nlogin = { password = 'let me in' }"))

    assert blueprint.password == "let me in"
    assert "let me in" not in repr(blueprint)


def test_every_model_can_be_emulated() -> None:
    assert models().keys() >= set(MODELS)


@pytest.mark.parametrize("generation", generations())
def test_every_page_of_a_menu_and_every_form_has_a_path(generation: str) -> None:
    skin = load_skin(generation)

    assert {page for entry in skin.menu for page in entry.pages} <= skin.paths.keys()
    # Two forms of one page post to places of their own.
    assert skin.change_paths.keys() - {"trust"} <= skin.paths.keys()
    there = [path for path in skin.paths.values() if path]
    assert len(set(there)) == len(there)
    assert not any(skin.paths[page] == "" for entry in skin.menu for page in entry.pages)


def test_the_switches_that_the_document_names_exist() -> None:
    text = (Path(__file__).parents[3] / "docs" / "emulator.md").read_text(encoding="utf-8")
    _, _, section = text.partition("## What is documented, inferred, chosen\n")
    rows = [line for line in section.partition("\n## ")[0].splitlines() if line.startswith("| ")][1:]
    named = {name for row in rows for name in re.findall(r"`([^`]+)`", row.rpartition(" | ")[2])}

    assert named
    assert named <= switch_names(load_skin("4.3"))
