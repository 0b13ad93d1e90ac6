"""Things that cost time and that all lanes of a process share: made once, however many threads want one at once."""

from __future__ import annotations

import threading
from collections.abc import Callable, Hashable
from typing import ParamSpec, TypeVar

Parameters = ParamSpec("Parameters")
Made = TypeVar("Made")


def once(make: Callable[Parameters, Made]) -> Callable[Parameters, Made]:
    """As `functools.cache`, which lets two threads make two, of which each keeps its own."""
    made: dict[Hashable, Made] = {}
    lock = threading.RLock()

    def get(*args: Parameters.args, **kwargs: Parameters.kwargs) -> Made:
        key = (args, tuple(sorted(kwargs.items())))
        with lock:
            if key not in made:
                made[key] = make(*args, **kwargs)
            return made[key]

    return get
