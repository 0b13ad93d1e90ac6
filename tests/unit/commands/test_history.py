"""The command that people and programs ask: `mcu-hil history`."""

from __future__ import annotations

import json
import shutil
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from harness.cli import main
from harness.fault import Verdict
from harness.lab import load_lab
from harness.results.database import database_of
from harness.results.ingest import ingest
from harness.run_record import CLAIMS_FILE, RUN_FILE
from tests.unit.results.conftest import Becomes, claim_name, night_of, place_name

LAB = """
[lab]
name = "rack"
state_dir = "{folder}"

[[place]]
name = "rack00-mcu000"
model = "MCU 4505"
address = "192.0.2.1"
"""


@pytest.fixture
def lab(tmp_path: Path) -> Path:
    file = tmp_path / "lab.toml"
    file.write_text(LAB.format(folder=tmp_path))
    return file


Told = tuple[int, str, str]
Ask = Callable[..., Told]


@pytest.fixture
def history(lab: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Ask:
    """The command as it is typed: exit status, and what it says on both streams."""

    def ask(*arguments: str) -> Told:
        words = ["import"] if arguments[:1] == ("import",) else []
        monkeypatch.setattr(sys, "argv", ["mcu-hil", "history", *words, "--lab", str(lab), *arguments[len(words) :]])
        status: object = 0
        try:
            main()
        except SystemExit as done:
            status = done.code
        told = capsys.readouterr()
        return int(str(status)), told.out, told.err

    return ask


def only(at: int, number: int, verdict: Verdict) -> Becomes:
    return lambda night, place, claim: verdict if (place, claim) == (at, number) else Verdict.HELD


@pytest.fixture
def nights(lab: Path) -> None:
    database = database_of(load_lab(lab))
    for night in range(5):
        verdict = Verdict.FAILED if night > 2 else Verdict.HELD
        ingest(database, night_of(night, becomes=only(1, 2, verdict)))
    database.close()


def test_what_the_nights_say(history: Ask, nights: None) -> None:
    status, told, _ = history()

    assert status == 0
    assert told.splitlines() == [
        "lab rack: 5 nights, 2026-01-01 to 2026-01-05; 3 places, 4 claims",
        "",
        f"run {night_of(4).name}:",
        f"  nothing changed since run {night_of(3).name}; 1 claims fail as before",
        "",
        "nothing is flaky",
        "",
        "failing:",
        f"  {claim_name(2)}: since 2026-01-04 at {place_name(1)}",
        "",
        "place by claim, a letter a night:",
        f"  {place_name(1)}  ...FF  {claim_name(2)}",
        "  11 others held whenever they were asked",
    ]


def test_programs_get_everything(history: Ask, nights: None) -> None:
    status, told, _ = history("--json", "--nights", "2")

    document = json.loads(told)
    assert status == 0
    assert [night["run"] for night in document["nights"]] == [night_of(3).name, night_of(4).name]
    assert document["verdicts"][place_name(1)][claim_name(2)] == "FF"
    assert len(document["verdicts"]) == 3


def test_choosing_a_claim_shows_it_at_every_place(history: Ask, nights: None) -> None:
    _, told, _ = history("--claim", "claim_002", "--since", "2026-01-03")

    assert told.splitlines()[-3:] == [
        f"  {place_name(0)}  ...  {claim_name(2)}",
        f"  {place_name(1)}  .FF  {claim_name(2)}",
        f"  {place_name(2)}  ...  {claim_name(2)}",
    ]


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        (["--place", "nowhere"], "no run of lab 'rack' has been to a place 'nowhere'"),
        (["--since", "2027-01-01"], "has no run of lab 'rack' since 2027-01-01"),
        (["--firmware", "4.3(2.18)", "4.4"], "no unit had firmware '4.4' in these nights; there were: 4.3(2.18)"),
        (["--database", "mysql://x"], "results: database: begins with 'mysql': want sqlite:///FILE or postgresql"),
    ],
)
def test_a_mistake_is_one_line(history: Ask, nights: None, arguments: list[str], line: str) -> None:
    status, _, told = history(*arguments)

    assert status == 4
    assert line in told
    assert told.count("\n") == 1


def test_without_a_database_it_says_how_to_get_one(history: Ask) -> None:
    status, _, told = history()

    assert status == 4
    assert "results.sqlite: does not exist: runs make it, or mcu-hil history import does" in told


def recorded(folder: Path) -> Path:
    """The folder of a run that was killed after two claims."""
    folder.mkdir(parents=True)
    run = {
        "format": 1, "run": folder.name, "host": "runner", "lab": "rack", "lab_sha256": "ab", "ended": None,
        "started": "2026-01-09T22:00:00+00:00", "exit_status": None, "lanes": [], "versions": {"mcu-hil": "0.1.0"},
    }  # fmt: skip
    (folder / RUN_FILE).write_text(json.dumps(run))
    claims = [
        {
            "nodeid": f"t.py::test_{number}[rack00-mcu000]", "claim": f"t.py::test_{number}",
            "place": "rack00-mcu000",
            "model": "MCU 4505", "serial": "S", "firmware": "4.3", "experiment": "e", "verdict": "held",
            "fault": None, "incident": None, "seconds": 0.1, "at": "2026-01-09T22:01:00+00:00",
        }
        for number in range(2)
    ]  # fmt: skip
    (folder / CLAIMS_FILE).write_text("".join(json.dumps(one) + "\n" for one in claims) + '{"nodeid": "t.py::te')
    return folder


def test_what_an_interrupted_run_settled_is_imported(history: Ask, tmp_path: Path) -> None:
    folder = recorded(tmp_path / "runs" / "20260109T220000-7")

    assert history("import", str(folder)) == (
        0,
        f"{folder}: run {folder.name}: 2 claims at 1 place, 2026-01-09 22:00\n",
        "",
    )
    assert history("import", str(folder))[1].endswith("(it was there already)\n")
    assert "1 night, 2026-01-09; 1 place, 2 claims" in history()[1]


def test_what_cannot_be_imported_is_told_and_the_others_are(history: Ask, tmp_path: Path) -> None:
    good = recorded(tmp_path / "runs" / "20260109T220000-7")
    bad = recorded(tmp_path / "runs" / "20260109T220000-8")
    (bad / RUN_FILE).write_text('{"run": "x"}')
    (tmp_path / "empty").mkdir()
    (tmp_path / "page.xml").write_text("<html/>")

    status, told, errors = history(
        "import", *map(str, (tmp_path / "empty", bad, tmp_path / "page.xml", tmp_path / "none.xml", good))
    )

    assert status == 4
    assert told.startswith(f"{good}: run {good.name}")
    assert [line.removeprefix(f"mcu-hil history import: {tmp_path}/") for line in errors.splitlines()] == [
        "empty: has no run.json: name the folder of a run, or its junit.xml",
        "runs/20260109T220000-8: run.json and claims.jsonl are not as this program writes them: 'lanes'",
        "page.xml: is no JUnit XML of pytest: it has no testsuite with a timestamp",
        "none.xml: cannot be read: No such file or directory",
    ]


def test_pages_are_written(history: Ask, nights: None, tmp_path: Path) -> None:
    status, told, _ = history("--pages", str(tmp_path / "pages"))

    assert (status, told) == (0, f"{tmp_path}/pages/index.html: 8 pages, 5 nights\n")
    assert len(list((tmp_path / "pages").iterdir())) == 8
    shutil.rmtree(tmp_path / "pages")
