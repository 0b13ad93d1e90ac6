"""The passphrase as the reader's callback sees it."""

from __future__ import annotations

from dataclasses import dataclass, field

from certstore.rules import Rule, Violation

# PEM_BUFSIZE, pem.h: the buffer that the callback fills.
LIMIT = 1024


@dataclass(frozen=True, slots=True)
class Passphrase:
    """The passphrase of an upload; nothing about it is wrong until a block needs it."""

    _octets: bytes | None = field(repr=False)

    def ask(self) -> bytes:
        """The passphrase, of 1 to 1024 bytes; Violation if none came with the upload or it is too long.

        An empty one counts as none: "bad password read" up to 1.0.2o.
        """
        if not self._octets:
            raise Violation(Rule.NO_PASSPHRASE)
        if len(self._octets) > LIMIT:
            raise Violation(Rule.LONG_PASSPHRASE)
        return self._octets
