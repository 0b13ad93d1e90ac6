"""Emulated units that somebody keeps (`mcu-hil emulate`): a run drives them as they stand.

One locked file a place, so that the kernel takes it back when the keeper dies.
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from harness.lab import Place


@contextmanager
def kept_standing(names: Iterable[str], state_dir: Path) -> Iterator[None]:
    """For the block, whoever asks is told that these units stand; nobody is told where this cannot be written."""
    descriptors: list[int] = []
    try:
        for name in names:
            with suppress(OSError):
                _file(name, state_dir).parent.mkdir(parents=True, exist_ok=True, mode=0o700)
                descriptors.append(os.open(_file(name, state_dir), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600))
                fcntl.flock(descriptors[-1], fcntl.LOCK_SH | fcntl.LOCK_NB)
        yield
    finally:
        for descriptor in descriptors:
            os.close(descriptor)


def is_to_come(place: Place, state_dir: Path) -> bool:
    """Whether its unit is an emulated one that nobody keeps: it is there when a run has started it."""
    return place.emulated is not None and not stands(place.name, state_dir)


def stands(name: str, state_dir: Path) -> bool:
    """Whether somebody keeps the emulated unit of this place."""
    try:
        descriptor = os.open(_file(name, state_dir), os.O_RDWR | os.O_CLOEXEC)
    except OSError:
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(descriptor)
    return False


def _file(name: str, state_dir: Path) -> Path:
    return state_dir / "emulated" / f"{name}.lock"
