"""What a judge makes of an upload, and when two of them differ."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TypeAlias

from certstore import Credential, Firmware, Upload, UploadRefused, receive


@dataclass(frozen=True, slots=True)
class Accepted:
    """The upload is taken. `content` is what would be stored, None from a judge that does not tell."""

    content: Credential | None = field(default=None, repr=False)

    def __str__(self) -> str:
        return "accepted"


@dataclass(frozen=True, slots=True)
class Refused:
    """The upload is turned down; `reason` is in the judge's own words."""

    reason: str

    def __str__(self) -> str:
        return f"refused ({self.reason})"


@dataclass(frozen=True, slots=True)
class Undecided:
    """The judge came to no answer: it differs from nobody."""

    why: str

    def __str__(self) -> str:
        return f"undecided ({self.why})"


Opinion: TypeAlias = Accepted | Refused | Undecided
Judge: TypeAlias = Callable[[Upload], Opinion]


def model(firmware: Firmware) -> Judge:
    """The judge that says what a unit with this firmware would do."""

    def judge(upload: Upload) -> Opinion:
        try:
            return Accepted(receive(upload, firmware))
        except UploadRefused as refused:
            return Refused(f"{refused.refusal}, {refused.rule}")

    return judge


def differ(one: Opinion, other: Opinion) -> bool:
    """Whether one accepts what the other refuses, or both accept and would store something else."""
    match one, other:
        case (Accepted(), Refused()) | (Refused(), Accepted()):
            return True
        case Accepted(mine), Accepted(yours):
            return mine is not None and yours is not None and _stored(mine) != _stored(yours)
    return False


def _stored(credential: Credential) -> tuple[str, tuple[str, ...], str]:
    return credential.leaf_sha256, credential.chain_sha256, credential.public_key_sha256


@dataclass(frozen=True, slots=True)
class Difference:
    """One difference between two judges on one upload; called with another upload, whether it is still the same one.

    The same means: the same sides, for the same reasons. While an upload is made smaller, a second difference, better
    known and of no interest, would otherwise take the place of the first.
    """

    quick: Judge
    """Asked first; the other is only asked where this one has not changed its mind."""
    slow: Judge
    opinions: tuple[Opinion, Opinion]

    def __call__(self, upload: Upload) -> bool:
        quick = self.quick(upload)
        if str(quick) != str(self.opinions[0]):
            return False
        slow = self.slow(upload)
        return str(slow) == str(self.opinions[1]) and differ(quick, slow)


def difference(upload: Upload, quick: Judge, slow: Judge) -> Difference:
    """What the two make of the upload. It need not be a difference: `differ(*difference.opinions)` says so."""
    return Difference(quick, slow, (quick(upload), slow(upload)))
