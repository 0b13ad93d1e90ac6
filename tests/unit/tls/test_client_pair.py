"""The certificate by which we log in: what is wrong with its files is told in one line, without a secret."""

from __future__ import annotations

import ssl
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization as form

from harness.errors import ConfigurationError
from harness.lab import Lab, Place
from harness.pki import key_pem, run_authority
from harness.tls.client_pair import ClientPair
from harness.tls.stacks import legacy_stack

OURS, OTHER = run_authority().issue("admin"), run_authority().issue("admin")
PASSPHRASE = "correct horse"
FILES = {
    "good.pem": OURS.certificate_pem,
    "plain.key": key_pem(OURS.key),
    "other.key": key_pem(OTHER.key),
    "locked.key": OURS.key.private_bytes(
        form.Encoding.PEM, form.PrivateFormat.PKCS8, form.BestAvailableEncryption(PASSPHRASE.encode())
    ),
    "nonsense.pem": b"nonsense",
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name, content in FILES.items():
        (tmp_path / name).write_bytes(content)
    return tmp_path


def place(folder: Path, certificate: str, key: str, passphrase: object = None) -> Place:
    files: dict[str, object] = {"certificate": str(folder / certificate), "private_key": str(folder / key)}
    if passphrase is not None:
        files["passphrase"] = passphrase
    table = {"name": "rack2", "model": "MCU 4505", "address": "10.0.0.1", "login": {"client_certificate": files}}
    return Lab.model_validate({"place": [table]}).places[0]


def test_a_place_without_one_has_none() -> None:
    table = {"name": "rack2", "model": "MCU 4505", "address": "10.0.0.1"}
    assert ClientPair.of(Lab.model_validate({"place": [table]}).places[0]) is None


def test_files_are_read_with_the_passphrase_from_the_environment(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RACK2_PASSPHRASE", PASSPHRASE)
    locked = ClientPair.of(place(folder, "good.pem", "locked.key", {"env": "RACK2_PASSPHRASE"}))
    plain = ClientPair.of(place(folder, "good.pem", "plain.key"))
    assert locked is not None
    assert plain is not None
    assert locked.context.verify_mode is ssl.CERT_NONE
    assert locked.plain_key() == plain.plain_key()
    assert PASSPHRASE not in repr(locked)


def test_the_legacy_stack_reads_the_key_too(folder: Path) -> None:
    pair = ClientPair.of(place(folder, "good.pem", "locked.key", PASSPHRASE))
    tlslite = legacy_stack()
    assert pair is not None
    assert tlslite is not None
    key = tlslite.parsePEMKey(pair.plain_key().decode("ascii"), private=True)
    assert key.n == OURS.key.private_numbers().public_numbers.n


WRONG = {
    "missing-file": (("none.pem", "plain.key", None), "cannot read .*none.pem: No such file"),
    "another-key": (("good.pem", "other.key", None), "key values mismatch"),
    "no-passphrase": (("good.pem", "locked.key", None), "cannot be used"),
    "wrong-passphrase": (("good.pem", "locked.key", "wr0ng"), "cannot be used"),
    "nonsense": (
        ("nonsense.pem", "plain.key", None),
        "cannot be used: .*; want a certificate and its key in PEM form",
    ),
}


@pytest.mark.parametrize(("files", "words"), WRONG.values(), ids=WRONG)
def test_what_is_wrong_is_one_line_without_the_secret(
    folder: Path, files: tuple[str, str, str | None], words: str
) -> None:
    with pytest.raises(ConfigurationError, match=f"rack2: login.client_certificate: .*{words}") as wrong:
        ClientPair.of(place(folder, *files))
    assert "\n" not in str(wrong.value)
    assert "wr0ng" not in str(wrong.value)
