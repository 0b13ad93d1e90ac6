"""The states a unit can be in, and what leads from one to another."""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum, auto


class State(Enum):
    OFF = auto()
    """Without power."""
    ACTIVE = auto()
    SHUTTING_DOWN = auto()
    SHUT_DOWN = auto()
    """Web and API answer, calls do not."""
    DOWN = auto()
    """Nothing listens."""
    BOOTING = auto()
    """Web and API answer again, finishedBooting is still false."""


class Event(Enum):
    SHUT_DOWN = auto()
    HALTED = auto()
    RESTART = auto()
    POWER_LOSS = auto()
    POWER_ON = auto()
    LISTENING = auto()
    BOOTED = auto()


# The order active, shuttingDown, shutDown, restart is device-reference 5.1, mark I. That the API restarts a unit in
# any of the three is 7.6, mark U. Power goes whenever it likes.
TRANSITIONS: Mapping[State, Mapping[Event, State]] = {
    State.OFF: {
        Event.POWER_LOSS: State.OFF,
        Event.POWER_ON: State.DOWN,
    },
    State.ACTIVE: {
        Event.SHUT_DOWN: State.SHUTTING_DOWN,
        Event.RESTART: State.DOWN,
        Event.POWER_LOSS: State.OFF,
    },
    State.SHUTTING_DOWN: {
        Event.HALTED: State.SHUT_DOWN,
        Event.RESTART: State.DOWN,
        Event.POWER_LOSS: State.OFF,
    },
    State.SHUT_DOWN: {
        Event.RESTART: State.DOWN,
        Event.POWER_LOSS: State.OFF,
    },
    State.DOWN: {
        # At the console, before anything listens (9, mark D): it resets and starts once more.
        Event.RESTART: State.DOWN,
        Event.LISTENING: State.BOOTING,
        Event.POWER_LOSS: State.OFF,
    },
    State.BOOTING: {
        Event.BOOTED: State.ACTIVE,
        Event.SHUT_DOWN: State.SHUTTING_DOWN,
        Event.RESTART: State.DOWN,
        Event.POWER_LOSS: State.OFF,
    },
}


def allows(state: State, event: Event) -> bool:
    return event in TRANSITIONS[state]


def after(state: State, event: Event) -> State:
    """The state that `event` leads to; KeyError where `allows` says no."""
    return TRANSITIONS[state][event]
