"""A few lanes work at a time, those first that have come the least far."""

import threading

from harness.deadline import Deadline
from harness.turns import Turn, Turns

PATIENCE = 60.0


def started(turns: Turns, progress: int, order: list[int]) -> threading.Thread:
    def work() -> None:
        turns.take(progress, progress)
        order.append(progress)
        turns.give_back(progress)

    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    return thread


def test_who_has_come_the_least_far_is_next() -> None:
    turns, order = Turns(1, PATIENCE), list[int]()
    turns.take("holder", 0)
    threads = []
    for progress in (3, 1, 2):
        threads.append(started(turns, progress, order))
        Deadline.after(PATIENCE).wait_for(
            "one more that waits", lambda: len(turns._waiting) == len(threads) or None, 0.01
        )
    turns.give_back("holder")
    for thread in threads:
        thread.join(PATIENCE)
    assert order == [1, 2, 3]


def test_one_that_takes_too_long_holds_up_nobody() -> None:
    turns = Turns(2, 0.05)
    for number in range(4):
        turns.take(number, 0)


def test_a_turn_is_given_up_while_there_is_only_to_wait() -> None:
    turns = Turns(2, PATIENCE)
    first, second, third = (Turn(turns) for _ in range(3))
    first.begin()
    second.begin()
    with first.interrupted():
        third.begin()
        third.end()
    for lane in (first, second):
        lane.end()
    turns.take("nobody is left", 0)


def test_without_turns_nobody_waits() -> None:
    for lane in [Turn(None) for _ in range(100)]:
        lane.begin()
