"""What is left of a run for those who read it: of one that is over, was stopped or killed, or tells a secret."""

from __future__ import annotations

import json
import re
import signal
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

import pytest
from click.testing import CliRunner, Result

from harness.cli import group
from harness.conclusion import conclude_what_was_killed
from harness.deadline import Deadline
from harness.handing_over import verified
from harness.lab import load_lab
from harness.run_record import CLAIMS_FILE, read_run

if TYPE_CHECKING:
    from tests.unit.run.conftest import LabBench

SUITE = '''
"""Claims about one upload."""

import base64
import time

import pytest

from harness import catalogue
from harness.experiment import Leaves, experiment
from harness.observation import look


@experiment(Leaves.WHAT_IT_FOUND, restarts=0)
def uploading(unit):
    unit.upload(catalogue.wrong_passphrase(unit.place.address))
    return look(unit)


@pytest.mark.about(uploading)
def test_https_is_served(seen):
    assert seen.handshake.protocol_version


@pytest.mark.about(uploading)
def test_it_is_tls_2(seen):
    """There is no such version."""
    assert seen.handshake.protocol_version == "TLSv2"


@pytest.mark.about(uploading)
def test_tells(seen):
    said = base64.b64encode(b"x" + b"not " + catalogue.PASSPHRASE).decode()
    assert said == "nothing"


def test_hangs(unit):
    time.sleep(600)
'''


@pytest.fixture
def suite(tmp_path: Path) -> Path:
    file = tmp_path / "test_suite.py"
    file.write_text(SUITE)
    return file


class Hook(HTTPServer):
    """Keeps what it is told."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Heard)
        self.told: list[dict[str, object]] = []


class Heard(BaseHTTPRequestHandler):
    server: Hook

    def do_POST(self) -> None:
        self.server.told.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
        self.send_response(204)
        self.end_headers()

    def log_message(self, format: str, *arguments: object) -> None:
        """Nobody reads it."""


@pytest.fixture
def hook() -> Iterator[Hook]:
    with Hook() as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()


def lab_with(bench: LabBench, *places: str, results: str = "") -> Path:
    lab = bench.lab(*places)
    lab.write_text(lab.read_text() + f"\n[results]\n{results}\n")
    return lab


def only_run(bench: LabBench) -> Path:
    [folder] = (bench.folder / "state" / "runs").iterdir()
    return folder


def mcu_hil(*arguments: str | Path) -> Result:
    return CliRunner().invoke(group, [*map(str, arguments)])


def cases_of(junit: Path) -> dict[str, ET.Element]:
    return {str(case.get("name")): case for case in ET.parse(junit).getroot().iter("testcase")}


def test_a_run_is_told_to_everybody_who_reads_of_it(bench: LabBench, suite: Path, hook: Hook, tmp_path: Path) -> None:
    metrics, summary = tmp_path / "collected" / "mcu-hil.prom", tmp_path / "summary.md"
    address = f"http://127.0.0.1:{hook.server_port}/services/T0CKEN99"
    lab = lab_with(bench, bench.emulated("rack"), results=f"textfile = '{metrics}'\nwebhook = '{address}'")
    summary.write_text("# Tonight\n")

    options = ("-k", "https or tls_2", "--step-summary", str(summary), "--allure", str(tmp_path / "allure"))
    outcome = bench.run(lab, "-n", "1", *options, tests=suite)

    folder = only_run(bench)
    assert outcome.status == 1, outcome.output
    failed = cases_of(bench.folder / "junit.xml")["test_it_is_tls_2[rack]"]
    assert failed.findtext("system-out") == f"[[ATTACHMENT|{folder / 'evidence' / 'rack.jsonl'}]]"
    assert {one.get("name"): one.get("value") for one in failed.iter("property")}["firmware"] == "4.3(2.18)"
    assert "❌ 1 claim failed at 1 of 1 places" in summary.read_text().removeprefix("# Tonight\n")
    assert 'mcu_hil_run_claims{lab="test",place="rack",model="MCU 4505",verdict="failed"} 1' in metrics.read_text()
    assert [one["text"] for one in hook.told] == ["Lab test: 1 claim failed at 1 of 1 places."]
    results = [json.loads(file.read_text()) for file in (tmp_path / "allure").glob("*-result.json")]
    assert sorted((one["name"], one["status"]) for one in results) == [
        ("test_https_is_served", "passed"),
        ("test_it_is_tls_2", "failed"),
    ]
    assert "T0CKEN99" not in outcome.output
    manifest = json.loads((folder / "manifest.json").read_text())
    assert manifest["search"]["findings"] == []
    assert manifest["search"]["secrets"] > 2
    assert not verified(folder)[1]


def test_a_secret_that_is_written_fails_the_run_and_stays_there(bench: LabBench, suite: Path, hook: Hook) -> None:
    lab = lab_with(bench, bench.emulated("rack"), results=f"webhook = 'http://127.0.0.1:{hook.server_port}/'")

    outcome = bench.run(lab, "-n", "1", "-k", "tells or https", tests=suite)

    folder = only_run(bench)
    assert outcome.status == 3, outcome.output
    told = re.findall(r"SECRET: (\S+): octet \d+: passphrase of an upload, as Base64", outcome.output)
    assert {Path(file).name for file in told} == {"claims.jsonl", "report.html", "junit.xml", "summary.md"}
    assert hook.told == []
    assert read_run(folder)["exit_status"] == 3
    packed = bench.folder / "packed.tar.gz"
    exported = mcu_hil("evidence", "export", "--lab", lab, "--run", folder, "-o", packed)
    # The lab does not know what was uploaded; the run's own search does.
    assert (exported.exit_code, packed.exists()) == (3, False), exported.output


@pytest.mark.parametrize("ended_by", [signal.SIGTERM, signal.SIGKILL], ids=lambda one: one.name)
def test_a_run_that_is_cut_short_is_told_as_far_as_it_came(
    bench: LabBench, suite: Path, ended_by: signal.Signals
) -> None:
    lab = bench.lab(bench.emulated("rack"))
    with bench.started(lab, "-n", "0", "-k", "https or tls_2 or hangs", tests=suite) as process:
        assert process.stdout is not None
        next(line for line in process.stdout if "uploading, " in line)
        claims = only_run(bench) / CLAIMS_FILE
        Deadline.after(60).wait_for("claims to be settled", lambda: len(claims.read_bytes().splitlines()) == 2)
        process.send_signal(ended_by)
        output = process.stdout.read()
        status = process.wait()
    folder = only_run(bench)
    if ended_by is signal.SIGKILL:
        junit = folder / "junit.xml"
        assert not junit.exists()
        # As the next run does before anything else, and as a person does.
        [told] = conclude_what_was_killed(load_lab(lab))
        assert told == f"run {folder.name} was killed; what was done of it: {folder / 'report.html'}"
        assert not list(conclude_what_was_killed(load_lab(lab)))
        made = mcu_hil("report", folder, "--lab", lab)
        assert made.exit_code == 0, made.output
    else:
        junit = bench.folder / "junit.xml"
        assert status == 2, output

    cases = cases_of(junit)
    words = "killed" if ended_by is signal.SIGKILL else "stopped"
    assert [child.tag for child in cases["test_it_is_tls_2[rack]"] if child.tag != "properties"] == [
        "failure",
        "system-out",
    ]
    assert [child.tag for child in cases["test_https_is_served[rack]"]] == ["properties"]
    assert f"the run was {words}" in str(cases["the run came to its end"].find("error").get("message"))  # type: ignore[union-attr]
    page = (folder / "report.html").read_text()
    assert f"{words} before its end: 1 claim failed at 1 of 1 places" in page
    assert "There is no such version." in page
    assert f"{words} before its end" in (folder / "summary.md").read_text()
    assert not verified(folder)[1]
