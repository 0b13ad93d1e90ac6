"""`feedbackReceiver.configure` and `.query` (device-reference 7.7)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from harness.emulator.api_fault import ApiFault, CallRefused
from harness.emulator.api_method import Arguments, Done, Method, argument
from harness.emulator.feedback import EVENTS, MOST_RECEIVERS, Receiver, is_receiver
from harness.emulator.unit import EmulatedUnit

ANY_INDEX = -1
"""Any that is free (mark D)."""


def _configure(unit: EmulatedUnit, arguments: Arguments) -> Done:
    """Without a receiverURI the index is freed (R). A receiver is told at once that it is one: `configureAck` (D)."""
    index = _index(unit, argument(arguments, "receiverIndex", int, 1))
    uri = argument(arguments, "receiverURI", str, "")
    if not uri:
        unit.feedback.remove(index)
        return Done({"status": "operation successful", "receiverIndex": index})
    if not is_receiver(uri):
        raise CallRefused(ApiFault.INVALID_PARAMETER)
    everything: list[Any] = list(EVENTS)
    wanted = argument(arguments, "subscribedEvents", list, everything)
    if not set(map(str, wanted)) <= set(EVENTS):
        raise CallRefused(ApiFault.INVALID_PARAMETER)
    source = argument(arguments, "sourceIdentifier", str, unit.identity.mac_address)
    receiver = Receiver(uri, source, frozenset(wanted))
    unit.feedback.configure(index, receiver)

    def acknowledge() -> None:
        if "configureAck" in receiver.events:
            unit.feedback.tell(receiver, "configureAck", unit.administration.trust_in_use)

    return Done({"status": "operation successful", "receiverIndex": index}, acknowledge)


def _index(unit: EmulatedUnit, index: int) -> int:
    if index == ANY_INDEX:
        free = unit.feedback.free_index()
        if free is None:
            raise CallRefused(ApiFault.OPERATION_FAILED)
        return free
    if not 1 <= index <= MOST_RECEIVERS:
        raise CallRefused(ApiFault.INVALID_PARAMETER)
    return index


def _query(unit: EmulatedUnit, arguments: Arguments) -> Done:
    receivers = [
        {
            "index": index,
            "receiverURI": receiver.uri,
            "sourceIdentifier": receiver.source,
            "subscribedEvents": sorted(receiver.events),
        }
        for index, receiver in sorted(unit.feedback.receivers.items())
    ]
    return Done({"receivers": receivers})


METHODS: Mapping[str, Method] = {"feedbackReceiver.configure": _configure, "feedbackReceiver.query": _query}
