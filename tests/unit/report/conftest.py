"""Runs as a report is given them: of so many places, with whatever verdicts, and evidence files beside."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

from harness.fault import Fault, Verdict
from harness.progress import LaneReport
from harness.report.facts import Failed, PlaceFacts, RunFacts, Unanswered

BEGAN = datetime(2026, 11, 24, 10, 0, tzinfo=UTC)
EXPERIMENTS = {"self-signed": 23, "ca-signed": 23, "refusals": 32, "removal": 6}
CLAIMS = {(name, f"test_claim_{number:02}[{name}]"): name for name, n in EXPERIMENTS.items() for number in range(n)}
RECORD = {
    "run": "20261124T100000-4711",
    "host": "runner",
    "lab_file": "/etc/labs/rack.toml",
    "lab_sha256": "88ca" * 16,
    "versions": {"mcu-hil": "0.1.0", "python": "3.11.7", "openssl": "OpenSSL 3.0.13 30 Jan 2024"},
}
FAILS = ("self-signed", "test_claim_03[self-signed]")
SERVED = "C=GB, O=Codian, CN=Codian MCU, self-signed, RSA, 1024 bits, valid 2003-01-01 to 2033-01-01, sha256:bdd5"


def run_of(
    folder: Path, places: int, verdict: Verdict = Verdict.HELD, failing: tuple[int, ...] = (), restart: float = 61.0
) -> RunFacts:
    """All claims have that verdict; at the failing places one has failed."""
    names = [f"rack{number // 10:02}-mcu{number:03}" for number in range(places)]
    facts = []
    for number, name in enumerate(names):
        verdicts: dict[tuple[str, str], str] = dict.fromkeys(CLAIMS, verdict)
        if number in failing:
            verdicts[FAILS] = Verdict.FAILED
        restarts = 0 if verdict is Verdict.BLOCKED else 4
        lane = LaneReport(name, 300.0, restarts, 4, "restarting by web", restart, (), ())
        facts.append(PlaceFacts(name, "MCU 4505", verdicts, lane))
        if restarts:
            keep_evidence(folder, name, restart + number % 7)
        else:
            keep_look(folder, name)
    told = "not the same\nseen:\n  1. {}\nexpected:\n  1. C=GB, O=mcu-hil, CN=<b>unit</b>, self-signed, sha256:88ca"
    failures = tuple(
        Failed(
            names[number],
            FAILS[1],
            f"self-signed at {names[number]}, MCU 4505: uploaded; restarted by web.",
            "the uploaded leaf is served after the restart",
            told.format(SERVED),
            f"{folder}/evidence/{names[number]}.jsonl",
            "self-signed",
        )
        for number in failing
    )
    unanswered = (
        tuple(
            Unanswered(
                f"{name}: opening the unit: 192.0.2.1:80: no connection: Connection refused [bench]",
                Fault.BENCH,
                len(CLAIMS),
                (name,),
            )
            for name in names
        )
        if verdict is Verdict.BLOCKED
        else ()
    )
    remarks = ("profile of MCU 4505 4.3(2.18): 15 outcomes recorded, profiles.toml",)
    return RunFacts(
        "rack", BEGAN, 312.4, folder, tuple(facts), failures, unanswered, remarks, exit_status=0, record=RECORD
    )


def keep_look(folder: Path, place: str) -> None:
    """A unit that could not be opened, and what was seen of it then."""
    file = folder / "evidence" / f"{place}.jsonl"
    file.parent.mkdir(parents=True, exist_ok=True)
    seen = {"fault": "bench", "http": False, "served": None, "gateway": False}
    file.write_text(json.dumps({"at": BEGAN, "kind": "triage", "during": "opening the unit", **seen}, default=str))


def keep_evidence(folder: Path, place: str, booted: float) -> None:
    """Three experiments with a restart each, as a lane and a watched unit note them."""
    file = folder / "evidence" / f"{place}.jsonl"
    file.parent.mkdir(parents=True, exist_ok=True)
    at, lines = BEGAN, []
    for name in ("self-signed", "ca-signed", "refusals"):
        lines.append({"at": at, "kind": "experiment", "during": name, "name": name, "state": "begun"})
        lines.append({"at": at, "kind": "upload", "during": name, "taken": True, "seconds": 1.0})
        at += timedelta(seconds=booted + 5)
        seconds = {"down_seconds": 4.0, "web_seconds": booted - 9, "booted_seconds": booted}
        lines.append({"at": at, "kind": "restart", "during": name, "way": "web", **seconds})
        at += timedelta(seconds=1)
        shown = {"protocol_version": "TLSv1", "cipher_suite": "AES256-SHA", "leaf": SERVED, "leaf_sha256": "bdd5"}
        more = {"certificates": 1, "chain": "chains/bdd5.pem", "connect_seconds": 0.001, "seconds": 0.02}
        lines.append({"at": at, "kind": "handshake", "during": name, **shown, **more})
        lines.append({"at": at, "kind": "experiment", "during": name, "name": name, "state": "observed"})
    file.write_text("".join(json.dumps(line, default=str) + "\n" for line in lines))
