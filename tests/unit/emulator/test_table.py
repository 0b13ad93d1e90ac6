"""Skins and models are read strictly, and a mistake in one is named."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import pytest

from harness.emulator.table import load
from harness.errors import ConfigurationError


@dataclass(frozen=True)
class Row:
    name: str
    port: int


@dataclass(frozen=True)
class Document:
    title: str
    steps: Literal[1, 2]
    share: float
    rows: tuple[Row, ...]
    texts: dict[str, str]


GOOD = """
title = "Codian"
steps = 2
share = 0.5
rows = [{ name = "http", port = 80 }, { name = "https", port = 443 }]
[texts]
no_key = "none"
"""


def read(folder: Path, text: str) -> Document:
    file = folder / "skin.toml"
    file.write_text(text)
    return load(Document, file)


def test_a_document_is_read_whole(tmp_path: Path) -> None:
    rows = (Row("http", 80), Row("https", 443))

    assert read(tmp_path, GOOD) == Document("Codian", 2, 0.5, rows, {"no_key": "none"})


MISTAKES = {
    "unknown key": ("share", "shaer", "skin.toml: unknown key 'shaer'"),
    "missing key": ('title = "Codian"', "", "skin.toml: missing key 'title'"),
    "wrong type": ('"Codian"', "7", "skin.toml: title is 7, want str"),
    "not one of": ("steps = 2", "steps = 3", "skin.toml: steps is 3, want one of 1, 2"),
    "true is not one": ("steps = 2", "steps = true", "skin.toml: steps is True, want one of 1, 2"),
    "within a row": ("443", '"443"', "skin.toml: rows[1]: port is '443', want int"),
    "a table that is none": ("rows = [{", "rows = [1, {", "skin.toml: rows[0] is 1, want a table"),
    "within a table": ('"none"', "false", "skin.toml: texts: no_key is False, want str"),
}


@pytest.mark.parametrize(("right", "wrong", "message"), MISTAKES.values(), ids=MISTAKES)
def test_a_mistake_is_named(tmp_path: Path, right: str, wrong: str, message: str) -> None:
    with pytest.raises(ConfigurationError) as mistake:
        read(tmp_path, GOOD.replace(right, wrong))

    assert str(mistake.value) == message
