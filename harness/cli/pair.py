"""What `mcu-hil install` installs: made anew or read from files, the key in the form that was asked for."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click

from certstore import Refusal, Upload, UploadRefused, receive
from harness import request
from harness.errors import ConfigurationError
from harness.judge.inputs import PassphraseSource, read_octets
from harness.judge.remedies import FileNames
from harness.key_form import Key, KeyForm, written
from harness.lab import Lab, Place

FILE_OCTETS = 16 * 2**20
TRIES = 3
Options = Mapping[str, Any]


@dataclass(frozen=True)
class Pair:
    """What is to be installed, and what was done to the files for it."""

    upload: Upload
    names: FileNames
    changes: tuple[str, ...]
    readable: bool = True
    """Whether the key can be written in another form."""


def kept_key(options: Options, lab: Lab, place: Place) -> Path:
    """Where --csr keeps the key, and where it is found again."""
    given = options["key"]
    return given if isinstance(given, Path) else lab.state_dir / "keys" / f"{place.name}.key"


def new_secret(options: Options, key: Key) -> tuple[bytes, bytes | None]:
    """A new key as a file, and its passphrase: encrypted as the vendor's procedure does where there is one."""
    passphrase = _told_passphrase(options)
    form = KeyForm(options["key_form"])
    if form is KeyForm.AS_IS:
        form = KeyForm.PLAIN if passphrase is None else KeyForm.DES3
    if form is KeyForm.PLAIN and passphrase is not None:
        raise ConfigurationError("--key-form plain does not go with a passphrase: a plain key has none")
    if form.is_encrypted and passphrase is None:
        passphrase = _chosen_passphrase("the new key")
    return written(key, form, passphrase), passphrase


def self_signed(options: Options, place: Place) -> Pair:
    """A new pair; its key is in a file only where --key says so."""
    key = request.new_key(options["bits"])
    made = request.self_signed(key, options["names"] or (place.address,), options["days"], datetime.now(UTC))
    secret, passphrase = new_secret(options, key)
    if options["key"] is not None and not options["dry_run"]:
        request.write_secret(options["key"], secret, force=options["force"])
    return Pair(Upload(made, secret, passphrase), FileNames("(self-signed)", "(new key)"), ())


def from_files(options: Options, lab: Lab, place: Place) -> Pair:
    """The pair of these files, the certificates in order, the key in the form that was asked for."""
    kept = kept_key(options, lab, place)
    certificate = read_octets(options["certificate"], FILE_OCTETS)
    if options["key"] is None and not kept.exists():
        raise ConfigurationError(f"{kept}: No such file: --csr has kept no key for {place.name}; --key names another")
    secret = read_octets(kept, FILE_OCTETS)
    if options["chain"] is not None:
        certificate = certificate.rstrip(b"\r\n") + b"\n" + read_octets(options["chain"], FILE_OCTETS)
    form = KeyForm(options["key_form"])
    passphrase = _told_passphrase(options)
    if request.is_encrypted(secret) and passphrase is None:
        passphrase = _asked_passphrase(kept, secret, certificate, form)
    readable = request.read_key(secret, passphrase)
    changes: tuple[str, ...] = ()
    if form is not KeyForm.AS_IS:
        secret, passphrase = _rewritten(kept, readable, form, passphrase)
        changes = (f"the key is sent as {WORDS[form]}",)
    arranged = request.ordered(certificate, readable, drop_root=options["drop_root"])
    names = FileNames(str(options["certificate"]), str(kept))
    upload = Upload(arranged.pem, secret, passphrase)
    return Pair(upload, names, (*changes, *arranged.changes), readable is not None)


WORDS = {
    KeyForm.PLAIN: "a traditional key without encryption",
    KeyForm.DES3: "a traditional key encrypted with DES-EDE3-CBC",
    KeyForm.AES256: "a traditional key encrypted with AES-256-CBC",
}


def _rewritten(
    kept: Path, readable: Key | None, form: KeyForm, passphrase: bytes | None
) -> tuple[bytes, bytes | None]:
    if readable is None:
        raise ConfigurationError(
            f"{kept}: cannot be read, so not written otherwise: is it a private key in PEM, the passphrase its own?"
        )
    if form.is_encrypted and passphrase is None:
        passphrase = _chosen_passphrase(str(kept))
    secret = written(readable, form, passphrase)
    return secret, passphrase if form.is_encrypted else None


def _told_passphrase(options: Options) -> bytes | None:
    return PassphraseSource(options["passphrase_file"], options["passphrase_env"]).read(FILE_OCTETS)


def _asked_passphrase(kept: Path, secret: bytes, certificate: bytes, form: KeyForm) -> bytes:
    """Typed by a person, who may err twice."""
    if not sys.stdin.isatty():
        raise ConfigurationError(f"{kept}: is encrypted: give --passphrase-file or --passphrase-env")
    for _ in range(TRIES):
        typed: str = click.prompt(f"Passphrase of {kept}", hide_input=True, err=True)
        if _opens(secret, typed.encode(), certificate, form):
            return typed.encode()
        click.echo("that is not its passphrase", err=True)
    raise ConfigurationError(f"{kept}: none of {TRIES} passphrases was its own; nothing was sent")


def _opens(secret: bytes, passphrase: bytes, certificate: bytes, form: KeyForm) -> bool:
    """Whether the key opens with it; what cannot be read here for other reasons is left to the judge."""
    if request.read_key(secret, passphrase) is not None:
        return True
    if form is not KeyForm.AS_IS:
        return False
    try:
        receive(Upload(certificate, secret, passphrase))
    except UploadRefused as refused:
        return refused.refusal not in (Refusal.WRONG_PASSPHRASE, Refusal.UNSUPPORTED_ENCRYPTION)
    return True


def _chosen_passphrase(of: str) -> bytes:
    if not sys.stdin.isatty():
        raise ConfigurationError(f"{of} is to be encrypted: give --passphrase-file or --passphrase-env")
    typed: str = click.prompt(f"New passphrase for {of}", hide_input=True, confirmation_prompt=True, err=True)
    return typed.encode()
