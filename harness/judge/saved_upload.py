"""An upload kept in a directory of its own, as files that the command reads back exactly."""

from __future__ import annotations

import os
from pathlib import Path

from certstore import Upload
from harness.errors import ConfigurationError

CERTIFICATE = "certificate.pem"
PRIVATE_KEY = "private_key.pem"
PASSPHRASE = "passphrase"


def without_line_end(octets: bytes) -> bytes:
    """A passphrase as it stands in a file: one LF or CR LF at the end belongs to the file."""
    for end in (b"\r\n", b"\n"):
        if octets.endswith(end):
            return octets[: -len(end)]
    return octets


def refuse_existing(directory: Path) -> None:
    """ConfigurationError if there is something of this name: nothing is ever overwritten."""
    if directory.exists() or directory.is_symlink():
        raise ConfigurationError(f"{directory}: exists already, and --out does not overwrite")


def save(upload: Upload, directory: Path) -> None:
    """Make the directory and write the fields into it, readable by nobody else; there is no third file without
    a passphrase. ConfigurationError if the directory is there or cannot be made."""
    refuse_existing(directory)
    try:
        directory.mkdir(mode=0o700)
        _write(directory / CERTIFICATE, upload.certificate)
        _write(directory / PRIVATE_KEY, upload.private_key)
        if upload.passphrase is not None:
            # A line end of the passphrase's own must not be taken for one of the file.
            end = b"\n" if upload.passphrase.endswith(b"\n") else b""
            _write(directory / PASSPHRASE, upload.passphrase + end)
    except OSError as error:
        raise ConfigurationError(f"{error.filename}: {error.strerror}") from None


def _write(path: Path, content: bytes) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with open(descriptor, "wb") as file:  # noqa: PTH123 - a descriptor has no path
        file.write(content)
