"""Feedback: the unit tells its receivers what happened (device-reference 7.7)."""

from __future__ import annotations

import asyncio
import contextlib
import xmlrpc.client
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import SplitResult, urlsplit

from harness.emulator.outgoing import FAILURES, posted
from harness.emulator.trust import Trust

MOST_RECEIVERS = 20
"""Indexes are 1 to 20 (mark D)."""
PATH = "/RPC2"

EVENTS = (
    "restart",
    "rebooting",
    "deviceStatusChanged",
    "servicesChanged",
    "networkChanged",
    "configureAck",
    "timeChanged",
    "conferenceStarted",
    "conferenceFinished",
    "participantJoined",
    "participantLeft",
)
"""The first seven by name (mark D), the others by what they are about (names R)."""


@dataclass(frozen=True)
class Receiver:
    uri: str
    source: str
    events: frozenset[str]
    """What it has subscribed to."""


class Feedback:
    """The receivers of one unit, and what is on its way to them. They survive a restart."""

    def __init__(self, address: str) -> None:
        self._address = address
        self.receivers: Mapping[int, Receiver] = {}
        self._posting: set[asyncio.Task[None]] = set()

    def free_index(self) -> int | None:
        return next((index for index in range(1, MOST_RECEIVERS + 1) if index not in self.receivers), None)

    def configure(self, index: int, receiver: Receiver) -> None:
        self.receivers = {**self.receivers, index: receiver}

    def remove(self, index: int) -> None:
        self.receivers = {known: receiver for known, receiver in self.receivers.items() if known != index}

    def announce(self, event: str, trust: Trust) -> None:
        """Told to every receiver that wants to know; whether it arrives nobody asks (5.1, mark D)."""
        for receiver in self.receivers.values():
            if event in receiver.events:
                self.tell(receiver, event, trust)

    def tell(self, receiver: Receiver, event: str, trust: Trust) -> None:
        task = asyncio.get_running_loop().create_task(self._post(receiver, event, trust))
        self._posting.add(task)
        task.add_done_callback(self._posting.discard)

    def stop(self) -> None:
        for task in self._posting:
            task.cancel()

    async def _post(self, receiver: Receiver, event: str, trust: Trust) -> None:
        struct = {"sourceIdentifier": receiver.source, "events": [event]}
        body = xmlrpc.client.dumps((struct,), "eventNotification").encode()
        # A receiver that is not there is no news.
        with contextlib.suppress(*FAILURES):
            async with posted(urlsplit(receiver.uri), body, "text/xml", trust, self._address) as reader:
                await reader.readline()


def is_receiver(uri: str) -> bool:
    """The path has to end in `/RPC2` (mark D)."""
    try:
        parts = urlsplit(uri)
        return (
            parts.scheme in ("http", "https") and bool(parts.hostname) and parts.path.endswith(PATH) and _port(parts)
        )
    except ValueError:
        return False


def _port(parts: SplitResult) -> bool:
    return parts.port is None or parts.port > 0
