"""Keys and passphrases stay where they were: in no output, no repr, no process list."""

from __future__ import annotations

import base64
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner
from cryptography.hazmat.primitives import serialization as form

from certstore import DEFAULT_FIRMWARE, Upload
from harness.cli.judge import judge
from harness.judge import second_opinion
from harness.judge.judgement import Circumstances, Judgement, SecondOpinion
from harness.judge.judgement import judge as judge_upload
from harness.judge.minimise import minimise
from harness.judge.opinion import Accepted, difference, model
from harness.judge.remedies import FileNames
from harness.judge.second_opinion import machine_openssl
from harness.pki import NOT_BEFORE, Authority, key_pem

PASSPHRASE = b"planted-Passphrase-5713"
OURS, OTHER = (Authority.create().issue("unit.example") for _ in range(2))
LOCK = form.BestAvailableEncryption(PASSPHRASE)
KEYS = {
    "plain": key_pem(OURS.key),
    "locked": OURS.key.private_bytes(form.Encoding.PEM, form.PrivateFormat.TraditionalOpenSSL, LOCK),
    "modern": OURS.key.private_bytes(form.Encoding.PEM, form.PrivateFormat.PKCS8, LOCK),
    "other": key_pem(OTHER.key),
    "damaged": key_pem(OURS.key).replace(b"MII", b"MIA"),
    # Files that should be elsewhere: what they hold is as secret here.
    "passphrase": PASSPHRASE,
}
CERTIFICATES = {"certificate": OURS.certificate_pem, "with-key": KEYS["plain"] + OURS.certificate_pem}
UPLOADS = {
    f"{certificate}-{key}": Upload(CERTIFICATES[certificate], KEYS[key], PASSPHRASE)
    for certificate in CERTIFICATES
    for key in KEYS
}


def forms_of(secret: bytes) -> Iterator[str]:
    yield secret.decode("latin-1")
    yield secret.hex()
    # Whatever stands before it, two of the three alignments of base64 show all but its edges.
    for shift in range(3):
        yield base64.b64encode(bytes(shift) + secret).decode("ascii")[4:-4]


def secrets() -> Iterator[str]:
    yield from forms_of(PASSPHRASE)
    for key in (OURS.key, OTHER.key):
        prime = key.private_numbers().p
        yield str(prime)
        yield from forms_of(prime.to_bytes(128))
    for text in KEYS.values():
        yield from (line.decode("ascii") for line in text.splitlines() if re.fullmatch(rb"[A-Za-z0-9+/]{64}", line))


SECRETS = frozenset(secrets())


def told(text: str) -> list[str]:
    return [secret for secret in SECRETS if secret in text or secret.lower() in text]


def test_the_search_finds_what_is_told() -> None:
    assert told(f"the key is {KEYS['plain'].decode()}")
    assert told(f"the passphrase is {PASSPHRASE.hex()}")
    assert told(base64.b64encode(b"it is: " + PASSPHRASE + b"!").decode())


@pytest.mark.parametrize("options", [[], ["--json"], ["--firmware", "4.3"], ["--openssl", "1.0.1"]], ids=" ".join)
@pytest.mark.parametrize("upload", UPLOADS.values(), ids=UPLOADS)
def test_no_output_tells_a_secret(upload: Upload, options: list[str], tmp_path: Path) -> None:
    files = [tmp_path / name for name in ("certificate", "key", "passphrase")]
    for file, content in zip(files, (upload.certificate, upload.private_key, PASSPHRASE), strict=True):
        file.write_bytes(content)
    certificate, key, passphrase = map(str, files)

    result = CliRunner().invoke(judge, [*options, "--passphrase-file", passphrase, certificate, key])

    assert told(result.output) == []


@pytest.mark.parametrize("upload", UPLOADS.values(), ids=UPLOADS)
def test_no_repr_tells_a_secret(upload: Upload) -> None:
    names = FileNames("certificate", "key")
    outcome = judge_upload(upload, Circumstances(DEFAULT_FIRMWARE, names, NOT_BEFORE))
    judgement = Judgement(DEFAULT_FIRMWARE, names, outcome, SecondOpinion("none", Accepted()))
    opinions = difference(upload, model(DEFAULT_FIRMWARE), model(DEFAULT_FIRMWARE))
    smallest = minimise(upload, lambda asked: asked == upload, lambda: False)

    assert (
        told(f"{judgement!r} {judgement} {outcome!r} {opinions!r} {smallest!r}".replace(repr(upload.certificate), ""))
        == []
    )


def test_minimising_tells_no_secret(tmp_path: Path) -> None:
    files = [tmp_path / name for name in ("certificate", "key", "passphrase")]
    for file, content in zip(files, (OURS.certificate_pem, KEYS["modern"], PASSPHRASE), strict=True):
        file.write_bytes(content)
    certificate, key, passphrase = map(str, files)
    how = ["--minimise", "--against", "1.0.1", "--budget", "0", "--out", str(tmp_path / "out")]

    result = CliRunner().invoke(judge, [*how, "--passphrase-file", passphrase, certificate, key])

    assert result.exit_code == 0
    assert told(result.output) == []


def test_no_process_list_tells_a_secret(monkeypatch: pytest.MonkeyPatch) -> None:
    with machine_openssl() as machine:
        assert machine(Upload(OURS.certificate_pem, KEYS["locked"], PASSPHRASE)) == Accepted()
        assert machine._child is not None
        process = Path("/proc", str(machine._child.pid))

        seen = (process / "cmdline").read_text() + (process / "environ").read_text()

    assert second_opinion.CHILD.name in seen
    assert told(seen) == []
