"""A place has one holder at a time, and none once the holder is dead."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import pytest

from harness.deadline import Deadline
from harness.errors import BenchError
from harness.lease import PlaceTaken, lease

HOLD = """
import sys, pathlib
from harness.lease import lease
with lease("bench-a", pathlib.Path(sys.argv[1]), "a nightly run"):
    print("held", flush=True)
    sys.stdin.read()
"""


@contextmanager
def another_process_holding(state_dir: Path) -> Iterator[subprocess.Popen[str]]:
    command = [sys.executable, "-c", HOLD, str(state_dir)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "held\n"
        try:
            yield holder
        finally:
            holder.kill()


def test_a_second_holder_is_told_who_holds_it(tmp_path: Path) -> None:
    with (
        another_process_holding(tmp_path) as holder,
        pytest.raises(PlaceTaken) as taken,
        lease("bench-a", tmp_path, ""),
    ):
        pass

    assert str(taken.value).startswith(f"bench-a is held by process {holder.pid} since 20")
    assert "(a nightly run)" in str(taken.value)


def test_another_place_is_free(tmp_path: Path) -> None:
    with another_process_holding(tmp_path), lease("bench-b", tmp_path, "a test"):
        pass


def test_a_killed_holder_holds_nothing(tmp_path: Path) -> None:
    with another_process_holding(tmp_path) as holder:
        holder.kill()
        holder.wait()

        with lease("bench-a", tmp_path, "a test"):
            pass


def test_a_released_place_is_free_again(tmp_path: Path) -> None:
    for _ in range(2):
        with lease("bench-a", tmp_path, "a test"):
            pass


def test_threads_of_one_process_exclude_each_other_too(tmp_path: Path) -> None:
    with lease("bench-a", tmp_path, "a test"), pytest.raises(PlaceTaken), lease("bench-a", tmp_path, "a test"):
        pass


def test_of_many_threads_one_at_a_time_is_inside(tmp_path: Path) -> None:
    inside: list[int] = []
    most: list[int] = []

    def enter(number: int) -> int:
        def attempt() -> bool:
            try:
                with lease("bench-a", tmp_path, "a test"):
                    inside.append(number)
                    most.append(len(inside))
                    inside.remove(number)
            except PlaceTaken:
                return False
            return True

        Deadline.after(30).wait_for("lease", attempt, every=0.001)
        return number

    with ThreadPoolExecutor(8) as pool:
        assert sorted(pool.map(enter, range(40))) == list(range(40))
    assert set(most) == {1}


def test_an_unusable_state_directory_is_named(tmp_path: Path) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("in the way")

    with (
        pytest.raises(BenchError, match=f"bench-a: no lease: cannot write {blocked}/leases: "),
        lease("bench-a", blocked, "a test"),
    ):
        pass
