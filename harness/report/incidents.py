"""Incidents as the page tells them: what happened at many places once, with what was seen of unit and bench then."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from harness.report.facts import REMEDIES, Unanswered
from harness.report.happenings import Happenings

FEW = 12
"""Places that are named; of more, so many and how many there are."""
TRACEBACK = "Traceback (most recent call last):"


@dataclass(frozen=True)
class Incidents:
    """One thing that happened, wherever it did."""

    words: str
    detail: str
    """The traceback of a bug of ours; empty for anything else."""
    fault: str
    remedy: str
    claims: int
    places: tuple[str, ...]
    seen: tuple[str, ...]
    """What a look at the unit and its bench showed at that moment, and where."""

    @property
    def where(self) -> str:
        return _named(self.places)


def _named(places: tuple[str, ...]) -> str:
    named = ", ".join(places[:FEW])
    return f"{named} and {len(places) - FEW} more" if len(places) > FEW else named


def incidents_of(unanswered: Iterable[Unanswered], happenings: Mapping[str, Happenings]) -> tuple[Incidents, ...]:
    """Those that left the most claims unanswered first."""
    alike: dict[tuple[str, str], list[Unanswered]] = {}
    for one in unanswered:
        alike.setdefault((_without_place(one, happenings), one.fault), []).append(one)
    found = [_told(words, fault, same, happenings) for (words, fault), same in alike.items()]
    return tuple(sorted(found, key=lambda one: (-one.claims, one.words)))


def _told(words: str, fault: str, same: list[Unanswered], happenings: Mapping[str, Happenings]) -> Incidents:
    places = sorted({place for one in same for place in (*one.places, _place(one, happenings)) if place})
    head, marker, detail = words.partition(TRACEBACK)
    during = words.partition(": ")[0]
    looks: dict[str, list[str]] = {}
    for place in places:
        for look in happenings.get(place, Happenings((), ())).looks:
            if look.during == during:
                looks.setdefault(look.words, []).append(place)
    seen = [f"{words}, at {_named(tuple(dict.fromkeys(at)))}" for words, at in looks.items()]
    return Incidents(
        words=head.strip() or words.splitlines()[0],
        detail=f"{marker}{detail}",
        fault=fault,
        remedy=REMEDIES.get(fault, ""),
        claims=sum(one.claims for one in same),
        places=tuple(places),
        seen=tuple(seen),
    )


def _place(one: Unanswered, happenings: Mapping[str, Happenings]) -> str:
    """Whose incident it is by its own words; empty where they do not begin with a place."""
    name = one.incident.partition(": ")[0]
    return name if name in happenings else ""


def _without_place(one: Unanswered, happenings: Mapping[str, Happenings]) -> str:
    place = _place(one, happenings)
    words = one.incident.removeprefix(f"{place}: ") if place else one.incident
    return words.removesuffix(f" [{one.fault}]")
