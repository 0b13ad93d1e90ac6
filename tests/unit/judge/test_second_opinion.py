"""The OpenSSL of this machine as a judge: it answers, and never asks, waits or leaves anything behind."""

from __future__ import annotations

import ssl
from collections.abc import Iterator
from pathlib import Path

import pytest
from asn1crypto import algos, keys, pem
from cryptography.hazmat.primitives import serialization as form

from certstore import Upload
from harness.errors import BenchError
from harness.judge import second_opinion
from harness.judge.opinion import Accepted, Opinion, Refused, Undecided
from harness.judge.second_opinion import MachineOpenssl, machine_openssl
from harness.pki import Authority, key_pem

AUTHORITY = Authority.create()
OURS, OTHER = AUTHORITY.issue("unit.example"), AUTHORITY.issue("other.example")
CERTIFICATE, KEY = OURS.certificate_pem, key_pem(OURS.key)
LOCKED = OURS.key.private_bytes(
    form.Encoding.PEM, form.PrivateFormat.TraditionalOpenSSL, form.BestAvailableEncryption(b"secret")
)

LONG = bytes(1025)
ANSWERS: dict[str, tuple[Upload, Opinion]] = {
    "good": (Upload(CERTIFICATE, KEY), Accepted()),
    "passphrase-unused": (Upload(CERTIFICATE, KEY, b"any"), Accepted()),
    "encrypted": (Upload(CERTIFICATE, LOCKED, b"secret"), Accepted()),
    "other-key": (Upload(CERTIFICATE, key_pem(OTHER.key)), Refused("key values mismatch")),
    "no-passphrase": (Upload(CERTIFICATE, LOCKED), Refused("the key asks for a passphrase")),
    "long-passphrase": (
        Upload(CERTIFICATE, LOCKED, bytes(1025)),
        Refused("the passphrase is longer than 1024 bytes"),
    ),
    "long-passphrase-unused": (Upload(CERTIFICATE, KEY, LONG), Accepted()),
    "nothing": (Upload(b"", b""), Refused("PEM lib")),
}


@pytest.fixture(scope="module")
def machine() -> Iterator[MachineOpenssl]:
    with machine_openssl() as judge:
        yield judge


@pytest.mark.parametrize(("upload", "expected"), ANSWERS.values(), ids=ANSWERS)
def test_it_accepts_or_refuses(upload: Upload, expected: Opinion, machine: MachineOpenssl) -> None:
    assert machine(upload) == expected


def test_it_says_which_release_it_is(machine: MachineOpenssl) -> None:
    assert machine.version == ssl.OPENSSL_VERSION


def key_with_rounds(rounds: int) -> bytes:
    """An encrypted key, or what looks like one until it is decrypted."""
    derivation = {"algorithm": "pbkdf2", "parameters": {"salt": SALT, "iteration_count": rounds}}
    cipher = {"algorithm": "aes128_cbc", "parameters": bytes(16)}
    parameters = {"key_derivation_func": derivation, "encryption_scheme": cipher}
    algorithm = {"algorithm": "pbes2", "parameters": parameters}
    key = keys.EncryptedPrivateKeyInfo({"encryption_algorithm": algorithm, "encrypted_data": bytes(16)})
    encoded: bytes = pem.armor("ENCRYPTED PRIVATE KEY", key.dump())
    return encoded


SALT = algos.Pbkdf2Salt(name="specified", value=bytes(8))
ENDLESS = key_with_rounds(2**31 - 1)


def test_an_upload_that_takes_forever_is_not_waited_for_and_the_next_is_answered() -> None:
    with machine_openssl(answer_seconds=0.5) as machine:
        assert machine(Upload(CERTIFICATE, ENDLESS, b"x")) == Undecided("no answer within 0.5 s")
        assert machine(Upload(CERTIFICATE, KEY)) == Accepted()


def test_a_process_that_dies_is_no_verdict(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    child = tmp_path / "child.py"
    child.write_text("print('\"OpenSSL of a test\"', flush=True); input()")
    monkeypatch.setattr(second_opinion, "CHILD", child)

    with machine_openssl() as machine:
        assert machine(Upload(CERTIFICATE, KEY)) == Undecided("its process ended without an answer")
        assert isinstance(machine(Upload(CERTIFICATE, KEY)), Undecided)


def test_a_machine_without_it_is_a_fault_of_the_bench(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(second_opinion, "CHILD", tmp_path / "missing.py")

    with pytest.raises(BenchError, match="cannot be asked"), machine_openssl():
        pass


def open_descriptors() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


def test_nothing_is_left_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    before = open_descriptors()

    with machine_openssl() as machine:
        machine(Upload(CERTIFICATE, LOCKED, b"secret"))

    assert list(tmp_path.iterdir()) == []
    assert open_descriptors() == before


def test_a_configuration_of_the_user_does_not_count(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENSSL_CONF", "/nonexistent")
    monkeypatch.setenv("SSL_CERT_FILE", "/nonexistent")

    with machine_openssl() as machine:
        assert machine(Upload(CERTIFICATE, KEY)) == Accepted()
