"""`mcu-hil evidence` and `mcu-hil report`, over the folder of a run."""

from __future__ import annotations

import json
import tarfile
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
from click.testing import CliRunner, Result
from cryptography import x509

from harness.cli import group
from tests.unit.evidence.conftest import ISSUED


def mcu_hil(*arguments: str | Path) -> Result:
    return CliRunner().invoke(group, [*map(str, arguments)])


def test_show_tells_an_experiment_in_order_with_the_console_by_phase(run: Path, lab: Path) -> None:
    shown = mcu_hil("evidence", "show", "rack1", "ca-signed", "--lab", lab)

    assert shown.exit_code == 0, shown.output
    assert [line.partition(" s  ")[2] for line in shown.output.splitlines()[1:]] == [
        "experiment ca-signed: begun",
        "the upload was taken, 0.50 s",
        "console, going down: shutting down",
        "console, down: loading",
        "console, booting: starting services",
        "restarted by web: down after 5.0 s, web after 40.0 s, booted after 60.0 s",
        "handshake: TLSv1, AES256-SHA, 20 ms, 3 certificates: CN=192.0.2.1",
        "experiment ca-signed: observed",
    ]


def test_show_as_json_gives_the_lines_as_they_are_kept(run: Path, lab: Path) -> None:
    shown = mcu_hil("evidence", "show", "rack1", "removal", "--json", "--run", run.name, "--lab", lab)

    assert [json.loads(line)["state"] for line in shown.output.splitlines()] == ["begun", "observed"]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["show", "rack3"], "no evidence of 'rack3': there is of rack1, rack2"),
        (["show", "rack1", "walks"], "nothing during 'walks': there is opening the unit, ca-signed, removal"),
        (["show", "rack1", "--run", "2025"], "there is no run '2025'"),
        (["export", "--place", "rack3"], "no place 'rack3' was in this run: there were rack1, rack2"),
        (["export", "--experiment", "walks"], "has no evidence of walks"),
        (["verify", "nowhere.tar.gz"], "nowhere.tar.gz: cannot be read: No such file or directory"),
    ],
)
def test_a_mistake_is_one_line_and_status_4(run: Path, lab: Path, arguments: list[str], said: str) -> None:
    lab_option = [] if arguments[0] == "verify" else ["--lab", str(lab)]

    done = mcu_hil("evidence", *arguments, *lab_option)

    assert done.exit_code == 4
    assert said in done.output
    assert len(done.output.splitlines()) == 1


def test_an_archive_is_the_same_each_time_and_proves_itself(run: Path, lab: Path, tmp_path: Path) -> None:
    files = [tmp_path / "one.tar.gz", tmp_path / "two.tar.gz"]
    for file in files:
        assert mcu_hil("evidence", "export", "--lab", lab, "-o", file).exit_code == 0

    verified = mcu_hil("evidence", "verify", files[0])

    assert files[0].read_bytes() == files[1].read_bytes()
    assert verified.exit_code == 0
    assert verified.output.endswith("7 files, all as the manifest says\n")
    with tarfile.open(files[0]) as tar:
        [chain] = [name for name in tar.getnames() if name.endswith(".pem")]
        content = tar.extractfile(chain)
        assert content is not None
        assert x509.load_pem_x509_certificates(content.read()) == list(ISSUED.chain)


def test_an_archive_of_one_experiment_has_its_lines_its_chain_and_its_part_of_the_console(
    run: Path, lab: Path, tmp_path: Path
) -> None:
    file = tmp_path / "one.tar.gz"
    options = ("--place", "rack2", "--experiment", "ca-signed")

    assert mcu_hil("evidence", "export", "--lab", lab, *options, "-o", file).exit_code == 0

    with tarfile.open(file) as tar:
        tar.extractall(tmp_path / "out", filter="data")
    folder = tmp_path / "out" / run.name
    notes = [json.loads(line) for line in (folder / "evidence" / "rack2.jsonl").read_text().splitlines()]
    assert [note["kind"] for note in notes] == ["opened", *EXPERIMENT]
    assert len((folder / "evidence" / "rack2.console.log").read_text().splitlines()) == 3
    assert len(list(folder.glob("evidence/chains/*.pem"))) == 1
    assert {json.loads(line)["experiment"] for line in (folder / "claims.jsonl").read_text().splitlines()} == {
        "ca-signed"
    }
    assert not list(folder.glob("evidence/rack1*"))


EXPERIMENT = ("experiment", "upload", "restart", "handshake", "experiment")


def test_what_was_changed_is_named(run: Path, lab: Path) -> None:
    assert mcu_hil("report", run, "--lab", lab).exit_code == 0
    assert mcu_hil("evidence", "verify", run).exit_code == 0

    with (run / "evidence" / "rack1.jsonl").open("a") as file:
        file.write("\n")
    (run / "evidence" / "rack2.jsonl").unlink()
    (run / "notes.txt").write_text("mine")
    verified = mcu_hil("evidence", "verify", run)

    assert verified.exit_code == 1
    assert verified.output.splitlines() == [
        "missing: evidence/rack2.jsonl",
        "changed: evidence/rack1.jsonl",
        "not in the manifest: notes.txt",
    ]


@pytest.mark.parametrize("damage", [lambda octets: octets[:-200], lambda octets: b"x" + octets], ids=["cut", "other"])
def test_a_damaged_archive_is_told(run: Path, lab: Path, tmp_path: Path, damage) -> None:  # type: ignore[no-untyped-def]
    file = tmp_path / "one.tar.gz"
    mcu_hil("evidence", "export", "--lab", lab, "-o", file)
    file.write_bytes(damage(file.read_bytes()))

    assert mcu_hil("evidence", "verify", file).exit_code in (1, 4)


def test_an_archive_with_the_labs_password_is_not_written(run: Path, lab: Path, tmp_path: Path) -> None:
    with (run / "evidence" / "rack1.jsonl").open("a") as file:
        file.write('\n{"at": "2026-11-24T10:02:00+00:00", "kind": "page", "markup": "Pa55 &amp; word"}\n')

    done = mcu_hil("evidence", "export", "--lab", lab, "-o", tmp_path / "one.tar.gz")

    assert done.exit_code == 3
    assert "login password of rack1, as HTML" in done.output
    assert "Pa55" not in done.output
    assert not (tmp_path / "one.tar.gz").exists()
    assert mcu_hil("evidence", "search", "--lab", lab).exit_code == 3


def test_a_report_has_a_claim_of_every_verdict_in_every_form(run: Path, lab: Path, tmp_path: Path) -> None:
    junit = tmp_path / "junit.xml"

    done = mcu_hil("report", run, "--lab", lab, "--junit", junit, "--print")

    assert done.exit_code == 0, done.output
    assert "❌ 2 claims failed at 2 of 2 places; 2 claims could not be answered at 2 of 2 places" in done.output
    suite = ET.parse(junit).getroot()[0]
    assert {name: suite.get(name) for name in ("tests", "failures", "errors", "skipped")} == {
        "tests": "10",
        "failures": "2",
        "errors": "2",
        "skipped": "4",
    }
    case = suite[0]
    assert (case.get("classname"), case.get("name"), case.get("file")) == (
        "tests.test_x",
        "test_held[rack1]",
        "tests/test_x.py",
    )
    failed = suite[1].find("failure")
    assert failed is not None
    assert failed.get("message") == "<w>"
    metrics = (run / "metrics.prom").read_text().splitlines()
    assert 'mcu_hil_run_claims{lab="rack",place="rack2",model="MCU 4505",verdict="blocked"} 1' in metrics
    assert all(line.startswith("#") or line.rpartition(" ")[2].replace(".", "").isdigit() for line in metrics)
    page = (run / "report.html").read_text()
    assert "removal: no cable" in page
    assert "rack1, rack2: 2 claims" in page


def test_a_report_told_again_is_the_same(run: Path, lab: Path) -> None:
    mcu_hil("report", run, "--lab", lab)
    names = ("report.html", "junit.xml", "summary.md", "metrics.prom")
    before = {name: (run / name).read_bytes() for name in names}

    mcu_hil("report", run, "--lab", lab)

    assert before == {name: (run / name).read_bytes() for name in names}
