"""`mcu-hil handshake`: what it prints, and how it ends."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import pytest

from harness.emulator.blueprint import Blueprint
from harness.emulator.hosting import hosted
from harness.tls.handshake import Endpoint, fingerprint
from harness.verdict.table import CHECKS
from tests.loopback import address
from tests.unit.verdict.servers import Made, Serving, make

Serve = Callable[[Serving], AbstractContextManager[Endpoint]]
COMMAND = Path(sys.executable).parent / "mcu-hil"


def handshake(*words: object) -> subprocess.CompletedProcess[str]:
    """The command as a process of its own: exit status and all."""
    return subprocess.run(
        [COMMAND, "handshake", *map(str, words)], capture_output=True, text=True, timeout=60, check=False
    )


@contextmanager
def unit() -> Iterator[Endpoint]:
    """An emulated unit as it leaves the factory."""
    own = address()
    blueprint = Blueprint(
        name="bench-9",
        model="MCU 4505",
        address=own,
        http=8080,
        https=8443,
        firmware="4.3(2.18)",
        restart_seconds=0.3,
    )
    with hosted([blueprint]):
        yield Endpoint(own, 8443)


@pytest.fixture
def trust(root: Made, tmp_path: Path) -> Path:
    path = tmp_path / "root.pem"
    path.write_bytes(root.pem)
    return path


def test_a_good_server_ends_with_0(leaf: Made, intermediate: Made, trust: Path, serve: Serve) -> None:
    with serve(Serving((leaf, intermediate))) as endpoint:
        done = handshake(endpoint, "--trust", trust, "--at", "2026-06-01", "--expect-leaf", fingerprint(leaf.der))

    assert done.stderr == ""
    assert done.returncode == 0
    assert "\n 8 path-lenient       held" in done.stdout
    assert done.stdout.splitlines()[-1].startswith(f"{endpoint}: ")


def test_a_broken_check_of_severity_error_ends_with_1(leaf: Made, serve: Serve) -> None:
    with serve(Serving((leaf,))) as endpoint:
        done = handshake(endpoint, "--checks", "names", "--name", "other.example")

    assert done.returncode == 1
    assert "broken: error    it does not name other.example; it is for 'mcu.example'" in done.stdout


def test_a_broken_check_of_severity_warning_ends_with_0(leaf: Made, serve: Serve) -> None:
    with serve(Serving((leaf,))) as endpoint:
        done = handshake(endpoint, "--checks", "17")

    assert done.returncode == 0
    assert "17 versions           broken: warning" in done.stdout


def test_an_emulated_unit_holds_the_key_that_it_serves() -> None:
    with unit() as endpoint:
        done = handshake(endpoint, "--json")

    document = json.loads(done.stdout)
    outcomes = {each["id"]: each["outcome"] for each in document["checks"]}
    assert done.returncode == 1, "its factory certificate names no unit"
    assert list(outcomes) == [check.id for check in CHECKS]
    assert document["versions"] == ["TLS 1.0"]
    assert outcomes["key-held"] == outcomes["resumption"] == outcomes["http-answers"] == "held"
    assert outcomes["names"] == outcomes["strong"] == outcomes["versions"] == "broken"
    assert outcomes["groups"] == "not measurable"
    assert {tuple(each) for each in document["checks"]} == {
        ("number", "id", "title", "standard", "severity", "outcome", "expected", "observed")
    }


def test_what_was_offered_before_is_offered_still(leaf: Made, serve: Serve, tmp_path: Path) -> None:
    before = tmp_path / "before.json"
    with serve(Serving((leaf,))) as endpoint:
        before.write_text(handshake(endpoint, "--json").stdout, encoding="utf-8")
        same = handshake(endpoint, "--before", before, "--checks", "versions,suites")
    with serve(Serving((leaf,), ciphers="AES128-SHA")) as endpoint:
        other = handshake(endpoint, "--before", before, "--checks", "versions,suites")

    assert same.returncode == 0
    assert "2 held" in same.stdout
    assert other.returncode == 1
    assert "18 suites             broken: error    DHE_RSA_WITH_AES_128_CBC_SHA gone at TLS 1.0" in other.stdout


def test_the_upload_is_compared_and_its_key_as_well(
    leaf: Made, intermediate: Made, serve: Serve, tmp_path: Path
) -> None:
    upload, key = tmp_path / "upload.pem", tmp_path / "key.pem"
    upload.write_bytes(leaf.pem + intermediate.pem)
    key.write_bytes(leaf.key_pem)
    with serve(Serving((leaf, intermediate))) as endpoint:
        done = handshake(endpoint, "--upload", upload, "--key", key, "--checks", "1,3,4-5")

    assert done.returncode == 0
    assert "4 held" in done.stdout


def test_control_characters_of_a_certificate_reach_no_terminal(serve: Serve) -> None:
    with serve(Serving((make("\x1b[31mred"),))) as endpoint:
        done = handshake(endpoint, "--checks", "5")

    assert "\x1b" not in done.stdout
    assert "red" in done.stdout


def test_a_closed_port_ends_with_10(leaf: Made, serve: Serve) -> None:
    with serve(Serving((leaf,))) as endpoint:
        pass
    done = handshake(endpoint)

    assert done.returncode == 10
    assert done.stderr == f"mcu-hil: no TCP connection to {endpoint}: Connection refused\n"


def test_a_host_that_nobody_knows_ends_with_10() -> None:
    done = handshake("no-such-host.invalid")

    assert done.returncode == 10
    assert done.stderr.startswith("mcu-hil: no TCP connection to no-such-host.invalid:443: ")


MISTAKES = {
    "a port that is none": (["host:99999"], "'host:99999' is not HOST or HOST:PORT"),
    "a trust file that is not there": (["host", "--trust", "{missing}"], "No such file or directory"),
    "a trust file without certificates": (["host", "--trust", "{text}"], "no certificates in PEM form"),
    "a key file without a key": (["host", "--key", "{text}"], "no private key in PEM form"),
    "an encrypted key": (["host", "--key", "{encrypted}"], "the key is encrypted; `mcu-hil judge`"),
    "a list that is none": (["host", "--crl", "{text}"], "no revocation list in PEM or DER form"),
    "a before that is none": (["host", "--before", "{text}"], "no --json of a run with the check `suites`"),
    "a fingerprint that is none": (["host", "--expect-leaf", "abc"], "is not a SHA-256 of 64 hex digits"),
    "a check that there is not": (["host", "--checks", "0-3"], "'0-3' is no check"),
    "two leafs": (["host", "--upload", "{text}", "--expect-leaf", "0" * 64], "leave out --expect-leaf"),
    "a time that is none": (["host", "--at", "noon"], "Invalid value for '--at'"),
}


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_mistake_ends_with_4_and_one_clear_line(mistake: str, tmp_path: Path) -> None:
    words, says = MISTAKES[mistake]
    (tmp_path / "text").write_text("[1]", encoding="utf-8")
    subprocess.run(
        ["openssl", "genrsa", "-aes128", "-passout", "stdin", "-out", tmp_path / "encrypted", "512"],
        input=b"secret",
        capture_output=True,
        check=True,
    )
    paths = {name: str(tmp_path / name) for name in ("missing", "text", "encrypted")}

    done = handshake(*(word.format(**paths) for word in words))

    assert done.returncode == 4
    assert says in done.stderr
    assert "Traceback" not in done.stderr


def test_help_teaches() -> None:
    done = handshake("--help")

    assert done.returncode == 0
    assert "mcu-hil handshake 10.20.0.31 --trust ca.pem --upload cert.pem --key key.pem" in done.stdout
    assert "Exit status: 0 no error; 1 a check of severity error is broken" in done.stdout
