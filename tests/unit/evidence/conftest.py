"""The folder of a run, as a run leaves it: record, evidence with a console, chains; small, and made at once."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from harness.evidence import Evidence, evidence_file
from harness.pki import Authority
from harness.timeline import console_file

BEGAN = datetime(2026, 11, 24, 10, 0, tzinfo=UTC)
ISSUED = Authority.create(2).issue("192.0.2.1")
PLACES = ("rack1", "rack2")


def at(seconds: float) -> str:
    return (BEGAN + timedelta(seconds=seconds)).isoformat()


@pytest.fixture
def run(tmp_path: Path) -> Path:
    """Two places, two experiments each, of which one restarts the unit."""
    folder = tmp_path / "state" / "runs" / "20261124T100000-4711"
    for place in PLACES:
        with Evidence(evidence_file(folder, place)) as evidence:
            chain = evidence.keep_chain(ISSUED.chain_der, [f"certificate {n}" for n in range(len(ISSUED.chain_der))])
        notes = [
            {"at": at(0), "kind": "opened", "during": "opening the unit", "address": "192.0.2.1", "doing": "a run"},
            {"at": at(1), "kind": "experiment", "during": "ca-signed", "name": "ca-signed", "state": "begun"},
            {"at": at(2), "kind": "upload", "during": "ca-signed", "taken": True, "seconds": 0.5},
            {
                "at": at(62),
                "kind": "restart",
                "during": "ca-signed",
                "way": "web",
                "down_seconds": 5.0,
                "web_seconds": 40.0,
                "booted_seconds": 60.0,
            },
            {
                "at": at(63),
                "kind": "handshake",
                "during": "ca-signed",
                "chain": chain,
                "leaf": "CN=192.0.2.1",
                "protocol_version": "TLSv1",
                "cipher_suite": "AES256-SHA",
                "certificates": 3,
                "seconds": 0.02,
            },
            {"at": at(64), "kind": "experiment", "during": "ca-signed", "name": "ca-signed", "state": "observed"},
            {"at": at(65), "kind": "experiment", "during": "removal", "name": "removal", "state": "begun"},
            {"at": at(66), "kind": "experiment", "during": "removal", "name": "removal", "state": "observed"},
        ]
        lines = "".join(json.dumps(note) + "\n" for note in notes)
        evidence_file(folder, place).write_text(lines + '{"at": "cut sh')
        said = ((0.5, "login:"), (4, "shutting down"), (20, "loading"), (50, "starting services"), (70, "login:"))
        console_file(folder, place).write_text("".join(f"{at(when)} {text}\n" for when, text in said))
    record = {
        "format": 1,
        "run": folder.name,
        "host": "elsewhere",
        "process": 1,
        "lab": "rack",
        "lab_file": "/etc/labs/rack.toml",
        "lab_sha256": "88ca" * 16,
        "started": at(0),
        "ended": at(70),
        "exit_status": 1,
        "places": [{"name": place, "model": "MCU 4505", "emulated": False} for place in PLACES],
        "versions": {"mcu-hil": "0.1.0"},
        "lanes": [],
    }
    (folder / "run.json").write_text(json.dumps(record))
    claims = [
        {
            "nodeid": f"tests/test_x.py::test_{verdict}[{place}]",
            "claim": f"tests/test_x.py::test_{verdict}",
            "place": place,
            "model": "MCU 4505",
            "serial": "SM1",
            "firmware": "4.3(2.18)",
            "fault": fault,
            "experiment": experiment,
            "verdict": verdict,
            "incident": incident,
            "seconds": 0.1,
            "at": at(66),
            "told": told,
        }
        for place in PLACES
        for experiment, verdict, fault, incident, told in (
            ("ca-signed", "held", None, None, None),
            ("ca-signed", "failed", None, None, dict.fromkeys(("done", "expected", "observed", "evidence"), "<w>")),
            ("removal", "blocked", "bench", f"{place}: removal: no cable [bench]", None),
            ("removal", "skipped", None, None, None),
            ("removal", "known", None, None, None),
        )
    ]
    (folder / "claims.jsonl").write_text("".join(json.dumps(claim) + "\n" for claim in claims))
    return folder


@pytest.fixture
def lab(tmp_path: Path) -> Path:
    """The lab of that run, which has a password."""
    file = tmp_path / "lab.toml"
    place = "[[place]]\nname = 'rack1'\nmodel = 'MCU 4505'\naddress = '192.0.2.1'\n"
    login = "login = { user = 'admin', password = 'Pa55 & word' }\n"
    file.write_text(f"[lab]\nstate_dir = '{tmp_path / 'state'}'\n{place}{login}")
    return file
