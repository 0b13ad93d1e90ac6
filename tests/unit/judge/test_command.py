"""`mcu-hil judge`: what it prints and how it ends."""

from __future__ import annotations

import base64
import json
import os
import pty
import shlex
import stat
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from cryptography.hazmat.primitives import serialization as form

from harness.cli.judge import judge
from harness.judge import second_opinion
from harness.pki import Authority, key_pem

AUTHORITY = Authority.create(intermediates=1)
OURS, OTHER = AUTHORITY.issue("unit.example"), AUTHORITY.issue("other.example")
PASSPHRASE = b"correct horse"
LOCK = form.BestAvailableEncryption(PASSPHRASE)
LOCKED = OURS.key.private_bytes(form.Encoding.PEM, form.PrivateFormat.TraditionalOpenSSL, LOCK)
FILES = {
    "cert.pem": OURS.certificate_pem,
    "plain.key": key_pem(OURS.key),
    "other.key": key_pem(OTHER.key),
    "locked.key": LOCKED,
    "modern.key": OURS.key.private_bytes(form.Encoding.PEM, form.PrivateFormat.PKCS8, LOCK),
    "odd.key": key_pem(OURS.key).replace(b"RSA PRIVATE", b"Rsa PRIVATE"),
    "pass": PASSPHRASE + b"\n",
    "pass.crlf": PASSPHRASE + b"\r\n",
    "empty": b"",
    "binary": bytes(range(256)) * 40,
}


@pytest.fixture(autouse=True)
def directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name, content in FILES.items():
        (tmp_path / name).write_bytes(content)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def run(command: str, given: bytes | None = None) -> Result:
    return CliRunner().invoke(judge, shlex.split(command), input=given)


ENDINGS = {
    "accepted": ("cert.pem plain.key", 0),
    "refused": ("cert.pem other.key", 1),
    "encrypted": ("--passphrase-file pass cert.pem locked.key", 0),
    "encrypted-crlf": ("--passphrase-file pass.crlf cert.pem locked.key", 0),
    "no-passphrase-and-no-terminal": ("cert.pem locked.key", 1),
    "empty-passphrase-file": ("--passphrase-file empty cert.pem locked.key", 1),
    "firmware-is-0.9.8": ("--passphrase-file pass cert.pem modern.key", 1),
    "openssl-1.0.1": ("--openssl 1.0.1 --passphrase-file pass cert.pem modern.key", 0),
    "firmware": ("--firmware 4.3(2.18) cert.pem plain.key", 0),
    "empty-files": ("empty empty", 1),
    "binary-files": ("binary binary", 1),
    "one-file-twice": ("plain.key plain.key", 1),
}


@pytest.mark.parametrize(("command", "status"), ENDINGS.values(), ids=ENDINGS)
def test_the_exit_status_is_the_verdict(command: str, status: int) -> None:
    result = run(command)

    assert result.exit_code == status
    assert result.stdout.startswith("refused: " if status else "accepted\n")
    assert result.stderr == ""


MISTAKES = {
    "no-file": ("missing.pem plain.key", "missing.pem: No such file or directory"),
    "no-key": ("cert.pem missing.key", "missing.key: No such file or directory"),
    "directory": (". plain.key", ".: Is a directory"),
    "nothing": ("", "give the files CERTIFICATE and KEY, or --batch FILE"),
    "one-file": ("cert.pem", "give the files CERTIFICATE and KEY, or --batch FILE"),
    "firmware": ("--firmware 9.9 cert.pem plain.key", "firmware is '9.9', want a version of one of 2.3, "),
    "two-passphrases": (
        "--passphrase-file pass --passphrase-env HOME cert.pem locked.key",
        "--passphrase-file and --passphrase-env exclude each other",
    ),
    "no-variable": (
        "--passphrase-env NO_SUCH cert.pem locked.key",
        "--passphrase-env: there is no variable 'NO_SUCH'",
    ),
    "no-passphrase-file": ("--passphrase-file none cert.pem locked.key", "none: No such file or directory"),
    "jobs-alone": ("--jobs 2 cert.pem plain.key", "--jobs goes with --batch"),
    "out-alone": ("--out x cert.pem plain.key", "--out goes with --minimise"),
    "batch-and-files": ("--batch empty cert.pem", "--batch does not go with CERTIFICATE"),
    "batch-and-passphrase": ("--batch empty --passphrase-file pass", "--batch does not go with --passphrase-file"),
    "no-batch": ("--batch missing", "missing: No such file or directory"),
    "batch-directory": ("--batch .", ".: Is a directory"),
    "against-nobody": ("--minimise --out x cert.pem plain.key", "--minimise needs --against"),
    "out-nowhere": ("--minimise --against openssl cert.pem plain.key", "--minimise needs --out"),
    "out-exists": ("--minimise --against openssl --out pass cert.pem plain.key", "pass: exists already"),
    "against-unknown": ("--minimise --against 1.1.1 --out x cert.pem plain.key", "firmware is '1.1.1', want"),
    "out-below-a-file": (
        "--minimise --against 1.0.1 --budget 0 --out pass/x cert.pem odd.key",
        "pass/x: Not a directory",
    ),
}


@pytest.mark.parametrize(("command", "complaint"), MISTAKES.values(), ids=MISTAKES)
def test_a_mistake_is_one_line_and_status_4(command: str, complaint: str) -> None:
    result = run(command)

    assert result.exit_code == 4
    assert result.stdout == ""
    assert complaint in result.stderr
    assert result.stderr.count("\n") == 1


def test_an_unreadable_file_is_one_line(directory: Path) -> None:
    (directory / "loop").symlink_to("loop")

    assert run("loop plain.key").stderr == "mcu-hil judge: loop: Too many levels of symbolic links\n"


def test_what_click_objects_to_ends_with_status_4_as_well() -> None:
    command = [sys.executable, "-c", "from harness.cli import main; main()", "judge", "--nonsense"]

    assert subprocess.run(command, capture_output=True, check=False).returncode == 4


def test_the_passphrase_may_be_in_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("UNIT_PASSPHRASE", PASSPHRASE.decode())

    assert run("--passphrase-env UNIT_PASSPHRASE cert.pem locked.key").exit_code == 0


def on_a_terminal(command: str, typed: bytes) -> tuple[bytes, int]:
    """What a person sees who types this, and the exit status."""
    child, terminal = pty.fork()
    if child == 0:
        arguments = [sys.executable, "-c", "from harness.cli import main; main()", "judge", *shlex.split(command)]
        os.execv(sys.executable, arguments)
    seen = b""
    while b"Passphrase of the key: " not in seen:
        seen += os.read(terminal, 1024)
    os.write(terminal, typed)
    try:
        while piece := os.read(terminal, 1024):
            seen += piece
    except OSError:
        # Linux says EIO when the last process has left the terminal.
        pass
    os.close(terminal)
    return seen, os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def test_on_a_terminal_the_passphrase_is_asked_for_and_not_shown() -> None:
    seen, status = on_a_terminal("cert.pem locked.key", PASSPHRASE + b"\n")

    assert status == 0
    assert b"accepted" in seen
    assert PASSPHRASE not in seen


KEYS = {
    "verdict",
    "refusal",
    "rule",
    "detail",
    "place",
    "remedy",
    "leaf_sha256",
    "chain_sha256",
    "public_key_sha256",
    "served",
    "advice",
    "firmware",
    "openssl",
    "second_opinion",
}


def as_object(command: str) -> Any:
    return json.loads(run(f"--json {command}").stdout)


@pytest.mark.parametrize(("command", "status"), ENDINGS.values(), ids=ENDINGS)
def test_json_has_the_same_keys_whatever_the_verdict(command: str, status: int) -> None:
    result = as_object(command)

    assert set(result) == KEYS
    assert result["verdict"] == ("refused" if status else "accepted")


def test_json_says_what_would_be_served() -> None:
    result = as_object("cert.pem plain.key")

    subjects = ["C=GB, O=mcu-hil, CN=unit.example", "C=GB, O=mcu-hil, CN=mcu-hil test intermediate 1"]
    assert [one["subject"] for one in result["served"]] == subjects
    assert result["served"][0]["names"] == ["unit.example"]
    assert [result["leaf_sha256"], *result["chain_sha256"]] == [one["sha256"] for one in result["served"]]


def test_json_says_where_a_rule_was_broken() -> None:
    result = as_object("cert.pem modern.key --passphrase-file pass")

    place = {"file": "private_key", "path": "modern.key", "line": 30, "block": 1, "label": "ENCRYPTED PRIVATE KEY"}
    assert (result["rule"], result["place"]) == ("unknown-prf", place)


def test_a_disagreement_with_the_machine_is_one_line() -> None:
    text = run("cert.pem modern.key --passphrase-file pass").stdout

    assert text.count("disagree") == 1
    assert "disagree" not in run("cert.pem plain.key").stdout


def test_without_a_second_opinion_there_is_still_a_verdict(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(second_opinion, "CHILD", tmp_path / "missing.py")

    result = as_object("cert.pem plain.key")

    assert result["verdict"] == "accepted"
    assert result["second_opinion"]["verdict"] is None


def test_what_a_file_holds_cannot_write_on_the_terminal(directory: Path) -> None:
    label = b"EVIL \x1b[2J PRIVATE KEY"
    evil = b"-----BEGIN " + label + b"-----\nMAA=\n-----END " + label + b"-----\n"
    (directory / "evil.pem").write_bytes(evil)

    text = run("cert.pem evil.pem").stdout

    assert "\x1b" not in text
    assert "EVIL" in text


def record(**fields: bytes) -> str:
    texts = {
        name: base64.b64encode(content).decode("ascii") for name, content in fields.items() if content is not None
    }
    return json.dumps({"id": "one", "passphrase": None, **texts}) + "\n"


GOOD = record(certificate=FILES["cert.pem"], private_key=FILES["plain.key"])
BAD = record(certificate=FILES["cert.pem"], private_key=FILES["other.key"])
MODERN = record(certificate=FILES["cert.pem"], private_key=FILES["modern.key"], passphrase=PASSPHRASE)


@pytest.mark.parametrize("options", ["", "--jobs 2", "--jobs 0"])
def test_a_batch_answers_line_by_line(options: str, directory: Path) -> None:
    (directory / "batch").write_text(GOOD + BAD + MODERN)

    result = run(f"--batch batch {options}")

    assert [json.loads(line)["verdict"] for line in result.stdout.splitlines()] == ["accepted", "refused", "refused"]
    assert result.exit_code == 0


def test_a_batch_from_standard_input_under_another_release() -> None:
    result = run("--batch - --openssl 1.0.1", MODERN.encode())

    assert json.loads(result.stdout)["verdict"] == "accepted"


def test_a_bad_record_is_an_error_and_the_others_are_answered() -> None:
    result = run("--batch -", ("{}\nnonsense\n" + GOOD).encode())

    assert [json.loads(line)["verdict"] for line in result.stdout.splitlines()] == ["error", "error", "accepted"]
    assert result.exit_code == 1


MINIMISE = "--minimise --against 1.0.1 --out smallest cert.pem odd.key"


def test_the_smallest_disagreement_is_kept_where_nobody_else_can_read_it(directory: Path) -> None:
    result = run(MINIMISE)

    assert result.exit_code == 0
    out = directory / "smallest"
    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in [out, *out.iterdir()]}
    assert modes == {"smallest": 0o700, "certificate.pem": 0o600, "private_key.pem": 0o600}
    # What is left of the chain is the leaf, and of the key all that makes it one.
    assert (out / "certificate.pem").read_bytes().count(b"BEGIN") == 1
    assert (out / "private_key.pem").read_bytes().rstrip() == FILES["odd.key"].rstrip()
    assert run("smallest/certificate.pem smallest/private_key.pem").exit_code == 1
    assert run("--openssl 1.0.1 smallest/certificate.pem smallest/private_key.pem").exit_code == 0


def test_minimising_says_the_same_in_json() -> None:
    result = json.loads(run(f"{MINIMISE} --json --budget 0").stdout)

    assert result["disagree"] is True
    assert result["smallest"] is False
    assert result["directory"] == "smallest"


@pytest.mark.parametrize("against", ["openssl", "1.0.1", "4.3"])
def test_where_the_judges_agree_nothing_is_written(against: str, directory: Path) -> None:
    result = run(f"--minimise --against {against} --out smallest cert.pem plain.key")

    assert result.exit_code == 1
    assert result.stdout.startswith("the judges agree on this upload\n")
    assert not (directory / "smallest").exists()


def test_the_passphrase_of_the_smallest_reads_back_as_it_was(directory: Path) -> None:
    """The line end of this one is its own."""
    passphrase = b"two lines\n"
    lock = form.BestAvailableEncryption(passphrase)
    (directory / "lines.key").write_bytes(OURS.key.private_bytes(form.Encoding.PEM, form.PrivateFormat.PKCS8, lock))
    (directory / "lines").write_bytes(passphrase + b"\n")

    run("--minimise --against 1.0.1 --budget 0 --out smallest --passphrase-file lines cert.pem lines.key")

    again = "--openssl 1.0.1 --passphrase-file smallest/passphrase smallest/certificate.pem smallest/private_key.pem"
    assert run(again).exit_code == 0


def test_help_starts_without_what_only_the_command_needs() -> None:
    code = "import sys; sys.argv = ['mcu-hil', '--help']; from harness.cli import main\n"
    code += "try: main()\nfinally: print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()

    assert {"cryptography", "asn1crypto", "rich", "certstore", "ssl"}.intersection(loaded) == set()
