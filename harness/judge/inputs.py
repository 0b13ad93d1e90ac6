"""What the user names on the command line, read: every mistake is one line."""

from __future__ import annotations

import os
from dataclasses import dataclass, replace
from pathlib import Path

from certstore import BRANCHES, Firmware, Upload, firmware_named
from harness.errors import ConfigurationError
from harness.judge.remedies import FileNames
from harness.judge.saved_upload import without_line_end


@dataclass(frozen=True, slots=True)
class PassphraseSource:
    """Where the user says that the passphrase is; it never stands in the command line itself."""

    file: Path | None = None
    variable: str | None = None

    @property
    def named(self) -> bool:
        return self.file is not None or self.variable is not None

    def read(self, limit: int) -> bytes | None:
        """The passphrase, None if no source is named; ConfigurationError if both are, or it cannot be had."""
        if self.file is not None and self.variable is not None:
            raise ConfigurationError("--passphrase-file and --passphrase-env exclude each other")
        if self.file is not None:
            return without_line_end(read_octets(self.file, limit))
        if self.variable is None:
            return None
        octets = os.environb.get(os.fsencode(self.variable))
        if octets is None:
            raise ConfigurationError(f"--passphrase-env: there is no variable {self.variable!r}")
        return octets


@dataclass(frozen=True, slots=True)
class Files:
    """The files of one upload, and where its passphrase is."""

    certificate: Path
    private_key: Path
    passphrase: PassphraseSource

    @property
    def names(self) -> FileNames:
        return FileNames(str(self.certificate), str(self.private_key))

    def read(self, firmware: Firmware) -> Upload:
        """The upload; of what is too large for the firmware, only enough to show that it is."""
        limit = firmware.upload_octets + 1
        return Upload(
            read_octets(self.certificate, limit), read_octets(self.private_key, limit), self.passphrase.read(limit)
        )


def read_octets(path: Path, limit: int) -> bytes:
    """The file, or its first `limit` bytes; ConfigurationError if it cannot be read."""
    try:
        with path.open("rb") as file:
            return file.read(limit)
    except OSError as error:
        raise ConfigurationError(f"{path}: {error.strerror}") from None


def named_firmware(version: str, branch: str | None) -> Firmware:
    """The firmware of a version, on its own OpenSSL branch or on the one given."""
    try:
        firmware = firmware_named(version)
    except ValueError as unknown:
        raise ConfigurationError(str(unknown)) from None
    return firmware if branch is None else replace(firmware, branch=BRANCHES[branch])
