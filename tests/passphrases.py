"""Passphrases that are wrong every time."""

from __future__ import annotations

from certstore import Refusal, Upload
from harness.catalogue import refusal_of
from harness.pki import run_authority


def wrong_for(key: bytes) -> bytes:
    """One under which this encrypted key is refused for it: in a case of 256 what comes of a wrong one ends as a text
    does, and is refused as damaged. Raises StopIteration for a key that is refused under any."""
    certificate = run_authority().issue("127.0.0.1").certificate_pem
    tried = (b"another %d" % number for number in range(64))
    return next(one for one in tried if refusal_of(Upload(certificate, key, one)) is Refusal.WRONG_PASSPHRASE)
