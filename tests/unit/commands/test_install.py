"""`mcu-hil install`, on an emulated unit over loopback."""

from __future__ import annotations

import json
import shlex
import stat
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from cryptography import x509
from cryptography.hazmat.primitives import serialization as form

from harness.cli.install import install
from harness.emulator.blueprint import Blueprint
from harness.emulator.hosting import HostThread, hosted
from harness.lab import load_lab
from harness.lease import lease
from harness.pki import Authority, key_pem
from tests.loopback import address

AUTHORITY = Authority.create(intermediates=2)
OURS, OTHER = AUTHORITY.issue("unit.example"), AUTHORITY.issue("other.example")
LEAF, FIRST, SECOND = OURS.certificate_blocks
LOCKED = OURS.key.private_bytes(
    form.Encoding.PEM, form.PrivateFormat.PKCS8, form.BestAvailableEncryption(b"correct horse")
)
FILES = {
    "good.pem": LEAF + FIRST + SECOND,
    "wrong-order.pem": SECOND + FIRST + AUTHORITY.root_pem + LEAF,
    "leaf.pem": LEAF,
    "chain.pem": SECOND + FIRST,
    "unit.key": key_pem(OURS.key),
    "other.key": key_pem(OTHER.key),
    "locked.key": LOCKED,
    "nonsense.key": b"nonsense",
    "pass": b"correct horse\n",
    "wrong.pass": b"no\n",
}
ADDRESS = address()
LAB = """
[lab]
state_dir = "{folder}/state"
[[place]]
name = "unit"
model = "MCU 4505"
address = "{address}"
login = {{ password = "{password}" }}
emulated = {{ firmware = "4.3(2.18)", restart_seconds = 0.2, switches = {{ {switches} }} }}
"""
Start = Callable[..., HostThread]


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name, content in FILES.items():
        (tmp_path / name).write_bytes(content)
    monkeypatch.chdir(tmp_path)
    write_lab(tmp_path)
    return tmp_path


def write_lab(folder: Path, password: str = "let me in", switches: str = "") -> None:
    text = LAB.format(folder=folder, address=ADDRESS, password=password, switches=switches)
    (folder / "lab.toml").write_text(text)


@pytest.fixture
def start(folder: Path) -> Iterator[Start]:
    with ExitStack() as stack:

        def start_one(switches: str = "") -> HostThread:
            write_lab(folder, switches=switches)
            (place,) = load_lab(folder / "lab.toml").places
            return stack.enter_context(hosted([Blueprint.of(place)]))

        yield start_one


def run(command: str) -> Result:
    return CliRunner().invoke(install, shlex.split(command))


def test_a_self_signed_pair_is_served_in_the_end(start: Start) -> None:
    host = start()
    result = run("unit --self-signed --json")
    assert result.exit_code == 0, result.stderr
    facts = json.loads(result.stdout)
    assert facts["private_key"] == "Key matches certificate"
    assert facts["restarted"]
    assert host.truth("unit").boots == 1


def test_a_chain_in_the_wrong_order_is_put_right_and_its_root_dropped(start: Start) -> None:
    start()
    result = run("unit --certificate wrong-order.pem --key unit.key --drop-root --json")
    assert result.exit_code == 0, result.stderr
    facts = json.loads(result.stdout)
    assert facts["certificates"] == 3
    assert [change.partition(" ")[0] for change in facts["changes"]] == ["dropped", "put"]


def test_a_request_keeps_its_key_for_the_signed_certificate(start: Start, folder: Path) -> None:
    start()
    assert run("unit --csr unit.csr --name unit.example").exit_code == 0
    kept = folder / "state" / "keys" / "unit.key"
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600
    asked = x509.load_pem_x509_csr((folder / "unit.csr").read_bytes())
    key = form.load_pem_private_key(kept.read_bytes(), None)
    assert asked.public_key() == key.public_key()
    again = run("unit --csr unit.csr")
    assert (again.exit_code, "exists already" in again.stderr) == (4, True)
    kept.write_bytes(FILES["unit.key"])
    result = run("unit --certificate leaf.pem --chain chain.pem")
    assert result.exit_code == 0, result.stderr


def test_a_key_that_the_firmware_cannot_read_is_rewritten_when_asked(start: Start) -> None:
    start()
    command = "unit --certificate good.pem --key locked.key --passphrase-file pass"
    refused = run(command)
    assert refused.exit_code == 4
    assert "nothing was sent" in refused.stderr
    assert "the same command with --key-form des3, or --key-form plain" in refused.stderr
    assert run(command + " --key-form des3").exit_code == 0


def test_a_dry_run_changes_nothing(start: Start) -> None:
    host = start()
    result = run("unit --certificate good.pem --key unit.key --dry-run")
    assert result.exit_code == 0, result.stderr
    assert "would 4. restart unit" in result.stdout
    assert host.truth("unit").boots == 0


def test_calls_are_dropped_only_when_that_is_said(start: Start) -> None:
    host = start('"calls.conferences" = 1, "calls.participants" = 2')
    refused = run("unit --self-signed")
    assert refused.exit_code == 4
    assert "2 participants are in a call" in refused.stderr
    assert host.truth("unit").boots == 0
    assert run("unit --self-signed --drop-calls").exit_code == 0


def test_a_wrong_password_is_the_users_mistake(start: Start, folder: Path) -> None:
    start()
    write_lab(folder, password="wrong")
    result = run("unit --self-signed")
    assert result.exit_code == 4
    assert "wrong" not in result.stderr


def test_a_unit_that_is_not_there_and_a_place_that_is_taken_are_the_benchs(folder: Path) -> None:
    gone = run("unit --self-signed")
    assert (gone.exit_code, "has to be running: mcu-hil emulate" in gone.stderr) == (10, True)
    with lease("unit", folder / "state", "somebody"):
        result = run("unit --self-signed")
    assert (result.exit_code, "is held by" in result.stderr) == (10, True)


MISTAKES = {
    "place": ("unti --self-signed", "did you mean 'unit'"),
    "nothing": ("unit", "give exactly one of"),
    "two-ways": ("unit --self-signed --csr x", "give exactly one of"),
    "no-file": ("unit --certificate none.pem --key unit.key", "none.pem: No such file"),
    "no-key": ("unit --certificate good.pem", "unit.key: No such file"),
    "locked": ("unit --certificate good.pem --key locked.key", "locked.key: is encrypted"),
    "wrong-passphrase": (
        "unit --certificate good.pem --key locked.key --passphrase-file wrong.pass --key-form des3",
        "cannot be read",
    ),
    "name": ("unit --self-signed --name bad!name", "--name 'bad!name': want a host name"),
    "chain-alone": ("unit --self-signed --chain chain.pem", "--chain goes with --certificate"),
}


@pytest.mark.parametrize(("command", "complaint"), MISTAKES.values(), ids=MISTAKES)
def test_a_mistake_is_told_before_the_unit_is_asked(command: str, complaint: str) -> None:
    result = run(command)
    assert result.exit_code == 4
    assert complaint in result.stderr
    assert result.stderr.count("\n") == 1


@pytest.mark.parametrize("key", ["other.key", "nonsense.key"])
def test_a_pair_that_would_be_refused_is_not_sent(start: Start, key: str) -> None:
    host = start()
    result = run(f"unit --certificate good.pem --key {key}")
    assert result.exit_code == 4
    assert "nothing was sent" in result.stderr
    assert host.truth("unit").boots == 0
