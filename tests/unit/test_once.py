"""What is made once is the same for all threads."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

from harness.once import once


def test_all_threads_get_the_same_one() -> None:
    together = threading.Barrier(8)

    @once
    def make(_number: int) -> object:
        return object()

    def want(number: int) -> object:
        together.wait()
        return make(number % 2)

    with ThreadPoolExecutor(8) as pool:
        made = set(pool.map(want, range(8)))

    assert len(made) == 2
