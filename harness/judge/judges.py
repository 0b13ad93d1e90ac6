"""The judges a user can name: a model of a firmware, of an OpenSSL branch, or the OpenSSL of this machine."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace

from certstore import BRANCHES, DEFAULT_FIRMWARE, Firmware
from harness.judge.inputs import named_firmware
from harness.judge.opinion import Judge, model
from harness.judge.second_opinion import machine_openssl

MACHINE = "openssl"


@dataclass(frozen=True, slots=True)
class NamedJudge:
    """A judge, and what to call it."""

    name: str
    judge: Judge


def firmware_judge(firmware: Firmware) -> NamedJudge:
    return NamedJudge(f"firmware {firmware.version} (OpenSSL {firmware.branch})", model(firmware))


@contextmanager
def judge_named(name: str) -> Iterator[NamedJudge]:
    """The judge, for the block. ConfigurationError for a name that is none, BenchError if it cannot be run."""
    if name == MACHINE:
        with machine_openssl() as judge:
            yield NamedJudge(f"{judge.version} on this machine", judge)
    elif name in BRANCHES:
        yield NamedJudge(f"OpenSSL {name}", model(replace(DEFAULT_FIRMWARE, branch=BRANCHES[name])))
    else:
        yield firmware_judge(named_firmware(name, None))
