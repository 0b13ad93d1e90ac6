"""Waiting for a named condition."""

from __future__ import annotations

import pytest

from harness.deadline import Deadline
from harness.errors import DeadlineExpired


def test_the_first_true_answer_is_returned() -> None:
    answers = iter([None, 0, "link", "never asked"])

    assert Deadline.after(5).wait_for("link", lambda: next(answers), every=0) == "link"
    assert next(answers) == "never asked"


def test_what_never_comes_is_named() -> None:
    with pytest.raises(DeadlineExpired, match=r"^no link on the service port within 0\.01 s$"):
        Deadline.after(0.01).wait_for("link on the service port", lambda: None, every=0.001)


def test_an_expired_deadline_still_looks_once() -> None:
    assert Deadline.after(0).wait_for("sunrise", lambda: "here") == "here"


def test_a_socket_timeout_is_never_zero() -> None:
    """Zero would make the socket non-blocking."""
    assert Deadline.after(0).at_most(10) > 0
    assert Deadline.after(100).at_most(10) == 10


def test_remaining_is_never_negative() -> None:
    assert Deadline.after(-5).remaining == 0
    assert Deadline.after(-5).expired
