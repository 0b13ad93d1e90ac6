"""Only so many handshakes at once, in the order of their coming, and nobody is shut out by who dawdles."""

from __future__ import annotations

import asyncio
import socket
from contextlib import ExitStack

from harness.deadline import Deadline
from harness.emulator.blueprint import Blueprint
from harness.emulator.hosting import HostThread
from harness.emulator.pair import FACTORY
from harness.emulator.turnstile import AT_ONCE, Turnstile
from harness.tls.handshake import Endpoint, take_handshake

NEVER = 3600.0


def test_they_are_admitted_in_order_as_others_leave() -> None:
    async def come() -> list[str]:
        turnstile, begun = Turnstile(at_once=2, hold_seconds=NEVER), list[str]()
        for name in "abcde":
            turnstile.enter(name, lambda name=name: begun.append(name))  # type: ignore[misc]
        seen = ["".join(begun)]
        for name in ("d", "b", "a", "a", "c", "e"):
            turnstile.leave(name)
            seen.append("".join(begun))
        return seen

    # `d` gave up while it waited.
    assert asyncio.run(come()) == ["ab", "ab", "abc", "abce", "abce", "abce", "abce"]


def test_who_takes_long_is_not_counted_any_more() -> None:
    async def come() -> None:
        turnstile, admitted = Turnstile(at_once=1, hold_seconds=0.01), asyncio.Event()
        turnstile.enter("dawdler", lambda: None)
        turnstile.enter("other", admitted.set)
        await asyncio.wait_for(admitted.wait(), 10)

    asyncio.run(come())


def test_one_that_leaves_at_once_makes_room() -> None:
    async def come() -> bool:
        turnstile, admitted = Turnstile(at_once=1, hold_seconds=NEVER), asyncio.Event()
        turnstile.enter("hasty", lambda: turnstile.leave("hasty"))
        turnstile.enter("other", admitted.set)
        return admitted.is_set()

    assert asyncio.run(come())


def test_clients_that_say_nothing_or_stop_midway_shut_nobody_out(blueprint: Blueprint, host: HostThread) -> None:
    def connect() -> socket.socket:
        return socket.create_connection((blueprint.address, blueprint.https), timeout=60)

    with ExitStack() as clients:
        for _ in range(2 * AT_ONCE):
            clients.enter_context(connect())
            # The head of a record that never comes.
            clients.enter_context(connect()).sendall(b"\x16\x03\x01\x01\x00")

        shown = take_handshake(Endpoint(blueprint.address, blueprint.https), Deadline.after(30))

    assert shown.leaf == FACTORY.leaf
