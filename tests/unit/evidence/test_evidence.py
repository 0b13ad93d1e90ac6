"""The evidence file of a place: what it belongs to, what is taken out of it, and the files beside it."""

from __future__ import annotations

import json
import threading
from pathlib import Path

import pytest
from cryptography import x509

from harness.deadline import Deadline
from harness.drivers.answers import AnswerLog
from harness.evidence import MOST_PENDING, Evidence, chain_name
from harness.tls.handshake import fingerprint
from tests.unit.evidence.conftest import ISSUED


def notes_of(evidence: Evidence) -> list[dict[str, object]]:
    evidence.close()
    return [json.loads(line) for line in evidence.path.read_text().splitlines()]


@pytest.mark.parametrize("secret", ['Pa55 "word"', "Pässwort", "ordinary", "kind", "a\\b\nc"])
def test_a_secret_is_in_no_value_however_deep(tmp_path: Path, secret: str) -> None:
    evidence = Evidence(tmp_path / "rack.jsonl", [secret])

    evidence.note("page", {"markup": f"<b>{secret}</b>", "inner": {"list": [secret, 1, None, True]}, "at once": 2.5})

    [note] = notes_of(evidence)
    assert note["kind"] == "page"
    assert note["markup"] == "<b>***</b>"
    assert note["inner"] == {"list": ["***", 1, None, True]}
    assert note["at once"] == 2.5


def test_a_line_says_what_it_belongs_to(tmp_path: Path) -> None:
    evidence = Evidence(tmp_path / "rack.jsonl")
    evidence.note("opened", {})
    evidence.during = "self-signed"
    evidence.note("upload", {"taken": True})

    assert [note["during"] for note in notes_of(evidence)] == ["", "self-signed"]


def lines_in(evidence: Evidence) -> int:
    return len(evidence.path.read_text().splitlines())


def test_what_was_noted_is_in_the_file_soon_whoever_notes_something_more(tmp_path: Path) -> None:
    with Evidence(tmp_path / "rack.jsonl") as evidence:
        evidence.note("upload", {})
        Deadline.after(20).wait_for("line in the file", lambda: lines_in(evidence) == 1)


def test_many_lines_do_not_wait_and_none_is_written_twice(tmp_path: Path) -> None:
    with Evidence(tmp_path / "rack.jsonl") as evidence:
        for number in range(MOST_PENDING):
            evidence.note("step", {"number": number})
        assert lines_in(evidence) == MOST_PENDING
        evidence.note("step", {"number": MOST_PENDING})
        evidence.write()
        evidence.write()
    assert [note["number"] for note in notes_of(evidence)] == list(range(MOST_PENDING + 1))


def test_a_secret_that_is_confided_before_the_line_is_noted_is_not_in_it(tmp_path: Path) -> None:
    with Evidence(tmp_path / "rack.jsonl") as evidence:
        evidence.note("page", {"markup": "before"})
        evidence.hide("passphrase-1")
        evidence.note("page", {"markup": "passphrase-1"})
    assert [note["markup"] for note in notes_of(evidence)] == ["before", "***"]


def test_a_chain_is_one_file_however_often_and_by_whomever_it_is_seen(tmp_path: Path) -> None:
    chain = ISSUED.chain_der

    def keep(place: str) -> None:
        with Evidence(tmp_path / f"{place}.jsonl") as evidence:
            assert evidence.keep_chain(chain, list("abc")) == evidence.keep_chain(chain, list("abc"))

    threads = [threading.Thread(target=keep, args=(f"rack{number}",)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    [file] = (tmp_path / "chains").iterdir()
    assert file.stem == chain_name(chain)
    assert x509.load_pem_x509_certificates(file.read_bytes()) == list(ISSUED.chain)


def test_a_leaf_alone_is_named_by_its_fingerprint_and_a_longer_chain_is_another_file() -> None:
    leaf, *_ = chain = ISSUED.chain_der

    assert chain_name((leaf,)) == fingerprint(leaf)
    assert len({chain_name(chain), chain_name(chain[:2]), chain_name((leaf,))}) == 3


def test_of_an_answer_what_has_changed_is_told_and_no_key_of_a_feature() -> None:
    told: list[dict[str, object]] = []
    log = AnswerLog(lambda kind, facts: told.append(facts))
    features = [{"feature": "encryption", "key": "1234-5678"}]

    log.note("device.query", {"uptime": 1, "serial": "SM1", "activatedFeatures": features})
    log.note("device.query", {"uptime": 2, "serial": "SM1"})
    log.note("device.health.query", {"cpuLoad": 0})

    assert told == [
        {
            "method": "device.query",
            "members": {"uptime": 1, "serial": "SM1", "activatedFeatures": [{"feature": "encryption", "key": "***"}]},
        },
        {"method": "device.query", "changed": {"uptime": 2}, "gone": ["activatedFeatures"]},
        {"method": "device.health.query", "members": {"cpuLoad": 0}},
    ]
