"""The three fields of the upload form."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Upload:
    """What the form sends, byte for byte; `passphrase` is None when that field was not sent.

    Neither the key file nor the passphrase appears in `repr`.
    """

    certificate: bytes
    private_key: bytes = field(repr=False)
    passphrase: bytes | None = field(default=None, repr=False)
