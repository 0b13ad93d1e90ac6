"""Why an upload is turned down, and where in which file."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Refusal(StrEnum):
    """The reasons that an upload page could tell apart; one of them per refused upload."""

    NO_CERTIFICATE = "no_certificate"
    MALFORMED_CERTIFICATE = "malformed_certificate"
    MALFORMED_CHAIN = "malformed_chain"
    UNSUPPORTED_CERTIFICATE_KEY = "unsupported_certificate_key"
    NO_KEY = "no_key"
    MALFORMED_KEY = "malformed_key"
    UNSUPPORTED_KEY_TYPE = "unsupported_key_type"
    UNSUPPORTED_ENCRYPTION = "unsupported_encryption"
    PASSPHRASE_REQUIRED = "passphrase_required"
    PASSPHRASE_TOO_LONG = "passphrase_too_long"
    WRONG_PASSPHRASE = "wrong_passphrase"
    KEY_MISMATCH = "key_mismatch"
    TOO_LARGE = "too_large"


class UploadFile(StrEnum):
    """The two files of the form."""

    CERTIFICATE = "certificate"
    PRIVATE_KEY = "private_key"


@dataclass(frozen=True, slots=True)
class Place:
    """Where in an upload a rule was broken: lines and blocks count from 1; None where there is none."""

    file: UploadFile
    line: int | None = None
    block: int | None = None
    label: str | None = None

    def __str__(self) -> str:
        words = [str(self.file).replace("_", " ") + " file"]
        if self.line is not None:
            words.append(f"line {self.line}")
        if self.block is not None:
            words.append(f"block {self.block}")
        if self.label is not None:
            words.append(repr(self.label))
        return ", ".join(words)


class UploadRefused(Exception):
    """The upload breaks a rule of the unit's reader; whatever was stored is untouched.

    `detail` is the broken rule's stable short name, a colon and a sentence. It never quotes the files or the
    passphrase. `rule` is the short name alone.
    """

    def __init__(self, refusal: Refusal, detail: str, place: Place | None = None) -> None:
        # All of it in args, so that the exception survives pickling between processes.
        super().__init__(refusal, detail, place)
        self.refusal = refusal
        self.detail = detail
        self.place = place

    @property
    def rule(self) -> str:
        return self.detail.partition(":")[0]

    def __str__(self) -> str:
        where = f" ({self.place})" if self.place else ""
        return f"{self.refusal}: {self.detail}{where}"
