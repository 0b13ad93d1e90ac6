"""Logging in to OpenSSH's server: host keys, old algorithms, keys and passphrases, and what a user is told."""

from __future__ import annotations

import socket
import stat
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from harness.drivers.known_hosts import HostKeyChanged, KnownHosts
from harness.drivers.ssh import Door, logged_in
from harness.drivers.ssh_link import Link
from harness.errors import BenchError, ConfigurationError
from harness.lab import Gateway
from tests.gateway.sshd import make_key
from tests.unit.ssh.conftest import address
from tests.unit.ssh.other_server import other_server

if TYPE_CHECKING:
    from tests.gateway.sshd import Sshd
    from tests.unit.ssh.conftest import Start

OLD = {
    "group14": ("KexAlgorithms diffie-hellman-group14-sha1", "HostKeyAlgorithms ssh-rsa"),
    "group1": ("KexAlgorithms diffie-hellman-group1-sha1", "HostKeyAlgorithms ssh-rsa", "Ciphers 3des-cbc"),
    "group-exchange": (
        "KexAlgorithms diffie-hellman-group-exchange-sha1",
        "HostKeyAlgorithms ssh-rsa",
        "MACs hmac-md5",
    ),
}


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Without keys, agent and known hosts of whoever runs the tests."""
    (tmp_path / "home" / ".ssh").mkdir(parents=True)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.delenv("SSH_AUTH_SOCK", raising=False)
    return tmp_path / "home"


def enter(server: Sshd, state: Path | None, **keys: object) -> KnownHosts:
    """Log in, have a command done, and leave."""
    return enter_as({**server.table, **keys}, state)


def enter_as(table: Mapping[str, object], state: Path | None) -> KnownHosts:
    known = KnownHosts(state)
    with logged_in(Door("rack2: gateway", Gateway.model_validate(table), known)) as client:
        _, output, _ = client.exec_command("echo here")
        assert output.read() == b"here\n"
    return known


def line(server: Sshd) -> str:
    """Of the host key, for a known_hosts file."""
    kind, key, *_ = server.host_key.with_suffix(".pub").read_text().split()
    return f"[{server.address}]:{server.port} {kind} {key}\n"


def fingerprint(server: Sshd) -> str:
    """As ssh-keygen has it."""
    said = subprocess.run(
        ["ssh-keygen", "-l", "-f", str(server.host_key)], check=True, capture_output=True, text=True
    )
    return said.stdout.split()[1]


def test_the_first_use_of_a_host_key_is_told_and_recorded(start: Start, tmp_path: Path) -> None:
    server, file = start(), tmp_path / "state" / "known_hosts"

    [told] = enter(server, tmp_path / "state").notices

    assert told == (
        f"rack2: gateway: {server.address}:{server.port}: the host key {fingerprint(server)} (ed25519) is trusted on"
        f" first use, and expected from now on ({file})"
    )
    assert file.read_text() == line(server)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert enter(server, tmp_path / "state").notices == ()


def test_a_changed_host_key_stops_before_anything_is_sent(start: Start, tmp_path: Path) -> None:
    server = start()
    enter(server, tmp_path / "state")
    before = fingerprint(server)
    server.stop()
    server.forget_host_key()
    server.start()

    with pytest.raises(HostKeyChanged) as changed:
        enter(server, tmp_path / "state")

    said = str(changed.value)
    assert f"its host key is {fingerprint(server)} (ed25519), and {before} (ed25519) is expected" in said
    assert "\n" not in said
    assert server.log.count("Accepted publickey") == 1
    remedy = said.rpartition("if it is right: ")[2]
    subprocess.run(remedy, shell=True, check=True, capture_output=True)
    assert enter(server, tmp_path / "state").notices


def test_what_the_user_s_ssh_knows_counts(start: Start, tmp_path: Path, home: Path) -> None:
    server = start()
    file = home / ".ssh" / "known_hosts"
    file.write_text(f"# ours\nelsewhere ssh-ed25519 AAAA\n{line(server)}")
    subprocess.run(["ssh-keygen", "-q", "-H", "-f", str(file)], check=True, capture_output=True)
    assert server.address not in file.read_text()

    assert enter(server, tmp_path / "state").notices == ()
    assert not (tmp_path / "state").exists()


PATTERNS = {
    "a pattern": ("[127.*]:2022", True),
    "any": ("*,!elsewhere", True),
    "taken out": ("*,![127.*]:2022", False),
    "another port": ("[127.*]:22", False),
}


@pytest.mark.parametrize(("pattern", "is_known"), PATTERNS.values(), ids=PATTERNS)
def test_patterns_are_read_as_ssh_reads_them(start: Start, home: Path, pattern: str, *, is_known: bool) -> None:
    server = start()
    kept = line(server).partition(" ")[2]
    (home / ".ssh" / "known_hosts").write_text(f"{pattern} {kept}")

    found = KnownHosts(None).expected(server.address, server.port, "")

    assert [key.fingerprint for key in found] == ([fingerprint(server)] if is_known else [])


def test_a_revoked_host_key_is_refused(start: Start, home: Path, tmp_path: Path) -> None:
    server = start()
    (home / ".ssh" / "known_hosts").write_text(f"@revoked * {line(server).partition(' ')[2]}{line(server)}")

    with pytest.raises(HostKeyChanged, match="is revoked by"):
        enter(server, tmp_path / "state")


def test_behind_a_gateway_the_same_address_is_another_server(start: Start, tmp_path: Path) -> None:
    known = KnownHosts(tmp_path)
    server = start()
    enter(server, tmp_path)

    assert known.expected(server.address, server.port, "")
    assert not known.expected(server.address, server.port, "gw:22")


@pytest.mark.parametrize("options", OLD.values(), ids=OLD)
def test_an_old_server_is_reached_where_the_lab_file_says_so(
    start: Start, tmp_path: Path, options: tuple[str, ...]
) -> None:
    server = start(*options, "PubkeyAcceptedAlgorithms ssh-rsa,ssh-ed25519", kind="rsa")

    with pytest.raises(BenchError, match="set old_ssh = true in its table") as refused:
        enter(server, tmp_path / "state")
    assert options[0].split()[1] in str(refused.value)
    assert "\n" not in str(refused.value)

    assert enter(server, tmp_path / "state", old_ssh=True).notices


def test_an_old_server_takes_an_rsa_key_by_its_old_signature(tmp_path: Path) -> None:
    make_key(tmp_path / "rsa", "rsa")
    table: dict[str, Any] = {"ssh": address(), "port": 2022, "user": "lab", "key_file": str(tmp_path / "rsa")}

    with other_server(table["ssh"], 2022, signature_algs=["ssh-rsa"]):
        assert enter_as(table | {"old_ssh": True}, tmp_path / "state").notices
        with pytest.raises(BenchError, match="set old_ssh = true"):
            enter_as(table, tmp_path / "state")


def test_of_a_server_that_does_not_say_what_it_takes_the_old_signature_is_expected() -> None:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        assert Link(ours, (), old=True).preferred_pubkeys[-1] == "ssh-rsa"
        assert not [name for name in Link(ours, (), old=True).preferred_pubkeys if name.startswith("rsa-sha2")]
        assert "ssh-rsa" not in Link(ours, (), old=False).preferred_pubkeys


def test_a_server_that_nobody_can_speak_to_is_told_so(start: Start, tmp_path: Path) -> None:
    server = start("MACs umac-64@openssh.com", "Ciphers aes128-ctr")

    with pytest.raises(BenchError, match=r"it knows only umac-64@openssh\.com: nobody here does"):
        enter(server, tmp_path / "state", old_ssh=True)


def test_an_encrypted_key_file_is_opened_by_the_password(start: Start, tmp_path: Path) -> None:
    server = start()
    path = str(server.key_file)
    subprocess.run(["ssh-keygen", "-q", "-p", "-N", "s3cret", "-f", path], check=True, stdout=subprocess.DEVNULL)

    assert enter(server, tmp_path / "state", password="s3cret").notices
    with pytest.raises(ConfigurationError, match="is encrypted: give its passphrase as password"):
        enter(server, tmp_path / "state")
    with pytest.raises(ConfigurationError, match="or another passphrase") as wrong:
        enter(server, tmp_path / "state", password="an0ther")
    assert "an0ther" not in str(wrong.value)


def test_a_missing_key_file_is_named(start: Start, tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"rack2: gateway: key_file /nowhere/id: No such file"):
        enter(start(), tmp_path / "state", key_file="/nowhere/id")


def test_a_password_lets_in_and_a_wrong_one_does_not(tmp_path: Path) -> None:
    table: dict[str, Any] = {"ssh": address(), "port": 2022, "user": "lab"}

    with other_server(table["ssh"], 2022, password="s3cret"):
        assert enter_as(table | {"password": "s3cret"}, tmp_path / "state").notices
        with pytest.raises(BenchError, match="cannot log in as 'lab': password or key is refused") as refused:
            enter_as(table | {"password": "an0ther"}, tmp_path / "state")
        with pytest.raises(BenchError, match=r"it wants .*password: correct password and key_file"):
            enter_as(table, tmp_path / "state")
    assert "an0ther" not in str(refused.value)


def test_who_is_not_let_in_is_told_what_is_wanted(start: Start, tmp_path: Path) -> None:
    server = start()
    other = tmp_path / "other"
    make_key(other, "ed25519")

    with pytest.raises(BenchError, match="password or key is refused"):
        enter(server, tmp_path / "state", key_file=str(other))
    with pytest.raises(BenchError, match=r"it wants publickey: correct password and key_file") as refused:
        enter(server, tmp_path / "state", key_file=None, password="s3cret")
    assert "s3cret" not in str(refused.value)


def test_a_server_that_is_not_there_is_named(start: Start, tmp_path: Path) -> None:
    server = start()
    server.stop()

    with pytest.raises(
        BenchError, match=rf"rack2: gateway: {server.address}:2022: cannot be reached: Connection ref"
    ):
        enter(server, tmp_path / "state")


def test_a_file_of_host_keys_that_cannot_be_written_stops(start: Start, tmp_path: Path) -> None:
    (tmp_path / "state").mkdir()
    (tmp_path / "state" / "known_hosts").mkdir()

    with pytest.raises(BenchError, match="known host keys cannot be read: Is a directory"):
        enter(start(), tmp_path / "state")
