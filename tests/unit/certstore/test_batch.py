"""The batch contract, through the command itself."""

from __future__ import annotations

import json
import subprocess
import sys
from base64 import b64encode
from collections.abc import Iterator
from hashlib import sha256
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest

from certstore.__main__ import main
from certstore.batch import answer, answers

FIELDS = {"id", "verdict", "refusal", "detail", "leaf_sha256", "chain_sha256", "public_key_sha256"}


def record(name: str, certificate: bytes, private_key: bytes, passphrase: bytes | None = None, **more: Any) -> bytes:
    fields = {
        "id": name,
        "certificate": b64encode(certificate).decode(),
        "private_key": b64encode(private_key).decode(),
        "passphrase": None if passphrase is None else b64encode(passphrase).decode(),
        **more,
    }
    return json.dumps(fields).encode() + b"\n"


def run(batch: bytes, *arguments: str) -> tuple[int, list[dict[str, Any]], str]:
    """Exit status, answers and error output."""
    done = subprocess.run([sys.executable, "-m", "certstore", *arguments], input=batch, capture_output=True)
    return done.returncode, [json.loads(line) for line in done.stdout.splitlines()], done.stderr.decode()


def test_verdicts_come_in_order_and_bad_records_do_not_stop_them(pair: Any, authority: Any, tmp_path: Path) -> None:
    batch = b"".join(
        [
            record("good", pair.certificate + authority.certificate, pair.key),
            b"this is not JSON\n",
            b"\n",
            record("bad", pair.certificate, authority.key),
            b'{"id": "half"}\n',
            record("last", pair.certificate, pair.pkcs8),
        ]
    )
    (tmp_path / "batch.jsonl").write_bytes(batch)

    status, given, errors = run(batch, "--batch", "-")
    assert (status, errors) == (1, "")
    assert run(b"", "--batch", str(tmp_path / "batch.jsonl")) == (1, given, "")
    assert run(batch, "--batch", "-", "--jobs", "2") == (1, given, "")
    assert [(line["id"], line["verdict"]) for line in given] == [
        ("good", "accepted"),
        (None, "error"),
        ("bad", "refused"),
        ("half", "error"),
        ("last", "accepted"),
    ]
    assert set(given[0]) == set(given[2]) == FIELDS
    assert given[0] == {
        "id": "good",
        "verdict": "accepted",
        "refusal": None,
        "detail": None,
        "leaf_sha256": sha256(pair.certificate_der).hexdigest(),
        "chain_sha256": [sha256(authority.certificate_der).hexdigest()],
        "public_key_sha256": given[4]["public_key_sha256"],
    }
    assert given[2]["refusal"] == "key_mismatch"
    assert (given[2]["leaf_sha256"], given[2]["chain_sha256"], given[2]["public_key_sha256"]) == (None, [], None)


def test_a_batch_without_bad_records_ends_well(pair: Any, authority: Any) -> None:
    status, given, _ = run(record("refused", pair.certificate, authority.key), "--batch", "-")

    assert (status, given[0]["verdict"]) == (0, "refused")


class StandardInput:
    """Standard input, as far as the command looks at it."""

    def __init__(self, octets: bytes) -> None:
        self.buffer = BytesIO(octets)


def test_every_kind_of_answer_in_one_process(
    pair: Any, authority: Any, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    batch = record("a", pair.certificate, pair.key) + record("b", pair.certificate, authority.key) + b"c\n"
    monkeypatch.setattr(sys, "stdin", StandardInput(batch))

    assert main(["--batch", "-", "--openssl", "1.0.1"]) == 1
    verdicts = [json.loads(line)["verdict"] for line in capsys.readouterr().out.splitlines()]
    assert verdicts == ["accepted", "refused", "error"]


def test_an_empty_batch_ends_well() -> None:
    assert run(b"", "--batch", "-") == (0, [], "")


def pkcs8_as_rsa(pair: Any) -> bytes:
    key: bytes = pair.pkcs8.replace(b" PRIVATE", b" RSA PRIVATE")
    return key


def test_the_branch_can_be_chosen_for_all_or_for_one(pair: Any) -> None:
    key = pkcs8_as_rsa(pair)
    batch = record("a", pair.certificate, key) + record("b", pair.certificate, key, openssl="1.0.1")
    verdicts = {
        arguments: [line["verdict"] for line in run(batch, "--batch", "-", *arguments)[1]]
        for arguments in ((), ("--openssl", "1.0.1"), ("--openssl", "0.9.8"), ("--firmware", "4.3(2.18)"))
    }

    assert verdicts == {
        (): ["refused", "accepted"],
        ("--openssl", "1.0.1"): ["accepted", "accepted"],
        ("--openssl", "0.9.8"): ["refused", "accepted"],
        ("--firmware", "4.3(2.18)"): ["refused", "accepted"],
    }


BAD_RECORDS = {
    "not-json": (b"{", None, "not JSON"),
    "not-utf-8": (b"\xff", None, "not JSON"),
    "nested-too-deeply": (b"[" * 100_000, None, "not JSON"),
    "list": (b"[]", None, "not an object"),
    "no-id": (b"{}", None, "'id'"),
    "id-a-number": (b'{"id": 1}', None, "'id'"),
    "no-certificate": (b'{"id": "x"}', "x", "'certificate'"),
    "not-base64": (b'{"id": "x", "certificate": "!"}', "x", "not base64"),
    "not-ascii": ('{"id": "x", "certificate": "ü"}'.encode(), "x", "not base64"),
    "passphrase-a-number": (
        b'{"id": "x", "certificate": "", "private_key": "", "passphrase": 1}',
        "x",
        "'passphrase'",
    ),
    "unknown-firmware": (b'{"id": "x", "firmware": "9"}', "x", "2.3, 2.4, 4.0"),
    "firmware-a-number": (b'{"id": "x", "firmware": 4.3}', "x", "'firmware'"),
    "unknown-branch": (b'{"id": "x", "openssl": "3.0"}', "x", "0.9.8"),
    "branch-a-list": (b'{"id": "x", "openssl": []}', "x", "0.9.8"),
}


@pytest.mark.parametrize(("line", "name", "words"), BAD_RECORDS.values(), ids=BAD_RECORDS)
def test_a_bad_record_is_answered(line: bytes, name: str | None, words: str) -> None:
    given = answer(line)

    assert (given["id"], given["verdict"]) == (name, "error")
    assert words in given["detail"]


def test_a_record_names_its_firmware(pair: Any) -> None:
    assert answer(record("x", pair.certificate, pair.key, firmware="4.3(2.18)"))["verdict"] == "accepted"
    assert answer(record("x", pair.certificate, pair.key, firmware=None, openssl=None))["verdict"] == "accepted"


def test_a_missing_passphrase_is_none(pair: Any) -> None:
    fields = json.loads(record("x", pair.certificate, pair.key))
    del fields["passphrase"]

    assert answer(json.dumps(fields))["verdict"] == "accepted"


@pytest.mark.parametrize("jobs", [1, 2])
def test_answers_are_given_while_lines_are_still_coming(jobs: int, pair: Any) -> None:
    """An endless batch is answered in bounded memory: what was taken is never far ahead of what was answered."""
    taken = 0

    def lines() -> Iterator[bytes]:
        nonlocal taken
        while True:
            taken += 1
            yield record(str(taken), pair.certificate, pair.key)

    given = answers(lines(), jobs=jobs)
    names = [next(given)["id"] for _ in range(300)]
    given.close()

    assert names == [str(number + 1) for number in range(300)]
    assert taken - len(names) < 300


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["--batch"],
        ["--batch", "/nowhere/at/all"],
        ["--batch", "-", "--openssl", "3.0"],
        ["--batch", "-", "--firmware", "9.9"],
        ["--batch", "-", "--jobs", "-1"],
        ["--batch", "-", "--jobs", "many"],
    ],
    ids=" ".join,
)
def test_wrong_usage_is_told_in_one_line(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(arguments)

    assert ended.value.code == 2
    assert capsys.readouterr().err.splitlines()[-1].startswith("python -m certstore: error: ")


def test_help_teaches_the_contract(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["--help"])

    text = capsys.readouterr().out
    assert ended.value.code == 0
    for word in (*FIELDS, "--batch", "--openssl", "--firmware", "--jobs", "exit status"):
        assert word in text


def test_the_example_in_the_help_works(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    example = tmp_path / "example.jsonl"
    example.write_bytes(b'{"id": "x", "certificate": "", "private_key": "", "passphrase": null}')

    assert main(["--batch", str(example), "--jobs", "0"]) == 0
    assert json.loads(capsys.readouterr().out)["refusal"] == "no_certificate"
