"""Counting what a call costs, in steps and octets: the same on every machine, however busy it is."""

from __future__ import annotations

import sys
import tracemalloc
from collections.abc import Callable
from types import FrameType
from typing import Any, SupportsIndex

import pytest

Act = Callable[[], object]


class CountedOctets(bytes):
    """Octets that count how many of them are copied and searched; what is cut out of them counts on."""

    touched = 0

    def __getitem__(self, key: SupportsIndex | slice) -> Any:
        found = super().__getitem__(key)
        if isinstance(found, int):
            return found
        CountedOctets.touched += len(found)
        return CountedOctets(found)

    def __mul__(self, times: SupportsIndex) -> bytes:
        product = super().__mul__(times)
        CountedOctets.touched += len(product)
        return CountedOctets(product)

    def count(self, sought: Any, start: Any = 0, end: Any = None) -> int:
        CountedOctets.touched += max(0, min(len(self) if end is None else end, len(self)) - start)
        return super().count(sought, start, end)

    def find(self, sought: Any, start: Any = 0, end: Any = None) -> int:
        found = super().find(sought, start, end)
        last = min(len(self) if end is None else end, len(self)) if found < 0 else found
        CountedOctets.touched += max(0, last - start)
        return found

    def replace(self, *arguments: Any) -> bytes:
        CountedOctets.touched += len(self)
        return CountedOctets(super().replace(*arguments))

    def rstrip(self, *arguments: Any) -> bytes:
        CountedOctets.touched += len(self)
        return CountedOctets(super().rstrip(*arguments))


def count_steps(act: Act) -> int:
    """Lines of Python that are executed, and octets of CountedOctets that are touched."""
    lines = 0

    def trace(frame: FrameType, event: str, argument: object) -> Any:
        nonlocal lines
        lines += event == "line"
        return trace

    CountedOctets.touched = 0
    before = sys.gettrace()
    sys.settrace(trace)
    try:
        act()
    finally:
        sys.settrace(before)
    return lines + CountedOctets.touched


def measure_peak(act: Act) -> int:
    """The most octets of memory held at one time beyond what was held before."""
    tracemalloc.start()
    try:
        before = tracemalloc.get_traced_memory()[0]
        tracemalloc.reset_peak()
        act()
        return tracemalloc.get_traced_memory()[1] - before
    finally:
        tracemalloc.stop()


@pytest.fixture
def steps() -> Callable[[Act], int]:
    return count_steps


@pytest.fixture
def counted() -> Callable[[bytes], bytes]:
    """Octets whose copying `steps` counts as well."""
    return CountedOctets


@pytest.fixture
def peak() -> Callable[[Act], int]:
    return measure_peak
