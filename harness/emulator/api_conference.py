"""`conference.enumerate` and `participant.enumerate` (device-reference 5.4 and 7.7; the members are R)."""

from __future__ import annotations

from collections.abc import Mapping

from harness.emulator.api_method import Arguments, Done, Method, page_of
from harness.emulator.unit import EmulatedUnit


def _conferences(unit: EmulatedUnit, arguments: Arguments) -> Done:
    found = [
        {"conferenceName": name, "uniqueId": number, "permanent": True, "activated": True}
        for number, name in enumerate(unit.calls.conferences, start=1)
    ]
    return page_of(unit, arguments, "conferences", found)


def _participants(unit: EmulatedUnit, arguments: Arguments) -> Done:
    found = [
        {
            "conferenceName": participant.conference,
            "participantName": participant.name,
            "participantProtocol": "sip",
            "participantType": "ad_hoc",
            "callState": "connected",
        }
        for participant in unit.calls.participants
    ]
    return page_of(unit, arguments, "participants", found)


METHODS: Mapping[str, Method] = {"conference.enumerate": _conferences, "participant.enumerate": _participants}
