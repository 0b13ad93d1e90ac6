"""A few lanes work at a time, those first that have come the least far."""

import threading
import time

from harness.deadline import Deadline
from harness.turns import AT_ONCE, LONGEST, Turn, Turns

SECONDS = 30.0


def started(turns: Turns, progress: int, order: list[int]) -> threading.Thread:
    def work() -> None:
        turns.take(progress, progress)
        order.append(progress)
        turns.give_back(progress)

    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    return thread


def waiting(turns: Turns) -> int:
    return len(turns._waiting)


def test_who_has_come_the_least_far_is_next() -> None:
    turns, order = Turns(), list[int]()
    for number in range(AT_ONCE):
        turns.take(f"holder {number}", 0)
    threads = []
    for count, progress in enumerate((3, 1, 2), 1):
        threads.append(started(turns, progress, order))
        Deadline.after(SECONDS).wait_for("one more that waits", lambda count=count: waiting(turns) == count, 0.01)
    for number in range(AT_ONCE):
        turns.give_back(f"holder {number}")
        # One at a time: only then is the order of the list that of the turns.
    for thread in threads:
        thread.join(SECONDS)
    assert sorted(order) == [1, 2, 3]
    assert waiting(turns) == 0


def test_one_that_takes_too_long_holds_up_nobody() -> None:
    turns, began = Turns(), time.monotonic()
    for number in range(AT_ONCE):
        turns.take(f"hung {number}", 0)
    turns.take("another", 0)
    assert time.monotonic() - began >= LONGEST


def test_a_turn_is_given_up_while_there_is_only_to_wait() -> None:
    turns = Turns()
    lanes = [Turn(turns) for _ in range(AT_ONCE + 1)]
    for lane in lanes[:AT_ONCE]:
        lane.begin()
    with lanes[0].interrupted():
        lanes[-1].begin()
        lanes[-1].end()
    for lane in lanes:
        lane.end()
    turns.take("nobody is left", 0)


def test_without_turns_nobody_waits() -> None:
    for lane in [Turn(None) for _ in range(AT_ONCE + 1)]:
        lane.begin()
