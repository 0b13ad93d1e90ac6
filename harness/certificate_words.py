"""One certificate in a line, as people read it: who it is for, who issued it, when it is valid, its fingerprint."""

from __future__ import annotations

import functools
from hashlib import sha256

DIGITS = 16
"""Of a fingerprint, in a line."""


# A lane sees the same few certificates again and again.
@functools.lru_cache(maxsize=256)
def certificate_words(encoding: bytes) -> str:
    """What could be read of it; at least its fingerprint, whatever the octets are."""
    from harness.judge.certificate_facts import UNREADABLE, read_facts

    fingerprint = f"sha256:{sha256(encoding).hexdigest()[:DIGITS]}"
    try:
        facts = read_facts(encoding)
    except UNREADABLE:
        return f"{len(encoding)} octets that are no certificate, {fingerprint}"
    issuer = "self-signed" if facts.self_issued else f"issued by {facts.issuer}" if facts.issuer else None
    dates = [f"{at:%Y-%m-%d}" if at else "?" for at in (facts.not_before, facts.not_after)]
    valid = f"valid {dates[0]} to {dates[1]}"
    return ", ".join(part for part in (facts.subject or "no name", issuer, facts.key, valid, fingerprint) if part)


def chain_words(chain: tuple[bytes, ...]) -> list[str]:
    """A line a certificate, in the order served."""
    return [f"{number}. {certificate_words(each)}" for number, each in enumerate(chain, 1)] or ["no certificate"]
