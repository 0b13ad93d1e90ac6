"""A place has one holder at a time, and none once the holder is dead: on one machine, and at a coordinator."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from harness.deadline import Deadline
from harness.errors import BenchError
from harness.lab import Place
from harness.lease import PlaceTaken, lease, leased

PATIENCE = 120.0
Hold = Callable[[Place, Path], Any]
Dirs = tuple[Path, Path]


def test_a_second_holder_is_told_who_holds_it(
    places: Sequence[Place], state_dirs: Dirs, another_process: Hold
) -> None:
    with (
        another_process(places[0], state_dirs[0]) as holder,
        pytest.raises(PlaceTaken) as taken,
        leased(places[0], state_dirs[1], ""),
    ):
        pass

    said = str(taken.value)
    assert said.startswith(f"mcu01 is held by process {holder.pid} ")
    assert " since 20" in said
    assert "(a nightly run)" in said


def test_who_waits_is_told_who_holds_it_and_has_it_afterwards(
    places: Sequence[Place], state_dirs: Dirs, another_process: Hold
) -> None:
    told: list[str] = []
    with another_process(places[0], state_dirs[0]) as holder:

        def hear(who: str) -> None:
            told.append(who)
            holder.kill()

        with leased(places[0], state_dirs[1], "a test", PATIENCE, hear) as check:
            check()
    assert told
    assert told[0].startswith(f"held by process {holder.pid} ")


def test_another_place_is_free(places: Sequence[Place], state_dirs: Dirs, another_process: Hold) -> None:
    with another_process(places[0], state_dirs[0]), leased(places[1], state_dirs[1], "a test") as check:
        check()


def test_a_killed_holder_holds_nothing(places: Sequence[Place], state_dirs: Dirs, another_process: Hold) -> None:
    with another_process(places[0], state_dirs[0]) as holder:
        holder.kill()
        holder.wait()

        with leased(places[0], state_dirs[1], "a test") as check:
            check()


def test_a_released_place_is_free_again(places: Sequence[Place], state_dirs: Dirs) -> None:
    for state_dir in state_dirs * 2:
        with leased(places[0], state_dir, "a test") as check:
            check()


def test_threads_of_one_process_exclude_each_other_too(places: Sequence[Place], state_dirs: Dirs) -> None:
    one, other = state_dirs
    with leased(places[0], one, "a test"), pytest.raises(PlaceTaken), leased(places[0], other, "a test"):
        pass


def test_of_many_threads_one_at_a_time_is_inside(places: Sequence[Place], tmp_path: Path) -> None:
    inside: list[int] = []
    most: list[int] = []

    def enter(number: int) -> int:
        def attempt() -> bool:
            try:
                with leased(places[0], tmp_path, "a test"):
                    inside.append(number)
                    most.append(len(inside))
                    inside.remove(number)
            except PlaceTaken:
                return False
            return True

        Deadline.after(PATIENCE).wait_for("lease", attempt, every=0.001)
        return number

    with ThreadPoolExecutor(4) as pool:
        assert sorted(pool.map(enter, range(12))) == list(range(12))
    assert set(most) == {1}


def test_a_lock_file_that_was_removed_is_no_lease_any_more(places: Sequence[Place], tmp_path: Path) -> None:
    with leased(places[0], tmp_path, "a test") as check:
        (tmp_path / "leases" / "mcu01.lock").unlink()

        with pytest.raises(BenchError, match=r"mcu01\.lock was removed while we held it"):
            check()


def test_an_unusable_state_directory_is_named(tmp_path: Path) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("in the way")

    with (
        pytest.raises(BenchError, match=f"bench-a: no lease: cannot write {blocked}/leases: "),
        lease("bench-a", blocked, "a test"),
    ):
        pass
