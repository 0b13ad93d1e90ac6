"""docs/judge.md is true: every command on the page is run, and prints what the page says."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner

import harness
from certstore import Refusal
from harness.cli.judge import judge
from harness.judge.advice import Topic

PAGE = Path(harness.__file__).parents[1] / "docs" / "judge.md"

# What differs from run to run and from machine to machine.
VARIES = {
    r"\b[0-9a-f]{64}\b": "SHA256",
    r"\d{4}-\d\d-\d\d(?:[ T]\d\d:\d\d(?::\d\d\+00:00)?)?": "DATE",
    r"OpenSSL \d+\.\d+\.\d+ +\d+ \w+ \d{4}": "OPENSSL",
    r"refuses it \([^)]*\)": "refuses it",
    r'("verdict": "refused",\s+"reason": )"[^"]*"': r"\1REASON",
    r"\d+ of \d+ bytes": "SIZE",
    r"after \d+ questions": "after QUESTIONS",
    # Of a binary file.
    r"unit\.der, line \d+": "unit.der, LINE",
}


def normalised(page: str) -> str:
    for pattern, stand_in in VARIES.items():
        page = re.sub(pattern, stand_in, page)
    return page


def as_run(page: str) -> str:
    """The page with what its commands print, run in the current directory, in place of what it says they print."""
    return re.sub(r"(?<=```console\n).*?(?=```)", lambda block: "".join(printed(block[0])), page, flags=re.DOTALL)


def printed(block: str) -> Iterator[str]:
    for command in re.findall(r"^\$ .*\n(?:^> .*\n)*", block, re.MULTILINE):
        yield command
        yield output(re.sub(r"^[$>] ", "", command, flags=re.MULTILINE))


def output(command: str) -> str:
    words = shlex.split(command)
    if words[:2] == ["mcu-hil", "judge"]:
        # In this process: starting one for each of some fifty commands would cost half a minute.
        return CliRunner().invoke(judge, words[2:]).stdout
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    done = subprocess.run(
        ["bash", "-c", command], capture_output=True, text=True, env={**os.environ, "PATH": path}, check=False
    )
    return done.stdout


def test_every_example_of_the_page_prints_what_the_page_says(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    page = PAGE.read_text(encoding="utf-8")

    assert normalised(page) == normalised(as_run(page))


@pytest.mark.parametrize("refusal", Refusal)
def test_every_refusal_has_an_example(refusal: Refusal) -> None:
    assert re.search(rf"^refused: {refusal}$", PAGE.read_text(encoding="utf-8"), re.MULTILINE)


@pytest.mark.parametrize("topic", Topic)
def test_all_advice_has_an_example(topic: Topic) -> None:
    assert re.search(rf"^  advice    {topic}: ", PAGE.read_text(encoding="utf-8"), re.MULTILINE)


def test_every_heading_below_refusals_and_advice_names_what_its_example_shows() -> None:
    sections = re.findall(r"^### (.+)\n((?:(?!^##).*\n)*)", PAGE.read_text(encoding="utf-8"), re.MULTILINE)
    shown = {
        heading: re.findall(r"^(?:refused: |  advice    )([a-z0-9_-]+)", text, re.MULTILINE)
        for heading, text in sections
    }
    # It points to the example above it.
    del shown["intermediate-missing"]

    assert [heading for heading, found in shown.items() if not set(heading.split(", ")) <= set(found)] == []
