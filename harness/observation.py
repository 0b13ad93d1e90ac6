"""All that one can see of a unit at one moment."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Generic, TypeVar, cast
from weakref import WeakKeyDictionary

from cryptography import x509
from cryptography.x509.oid import NameOID

from harness.certificate_words import certificate_words
from harness.deadline import Deadline
from harness.errors import BenchError, DeadlineExpired, UnitError
from harness.moment import Moment
from harness.tls.handshake import Handshake, HandshakeFailed
from harness.unit import CertificatePage, Condition, LocalCertificate, Page, RestartLogEntry, Unit, Way

LOOK_SECONDS = 60.0
SERVING_SECONDS = 60.0
"""How long HTTPS may take to open once the unit is back."""
HTTPS_SECONDS = 10.0
"""How long it is waited for where all the rest of the unit answers."""


Observed = TypeVar("Observed")


class Unseen(Exception):
    """What a claim asks for was not seen, for `cause`: the claim is not answered."""

    def __init__(self, cause: Exception) -> None:
        super().__init__(cause)
        self.cause = cause


@dataclass(frozen=True)
class Sight(Generic[Observed]):
    """What was looked at, or why it could not be seen."""

    _seen: Observed | None = None
    trouble: Exception | None = None

    @property
    def value(self) -> Observed:
        """Raises Unseen."""
        if self.trouble is not None:
            raise Unseen(self.trouble)
        return cast("Observed", self._seen)


def sight(look: Callable[[], Observed]) -> Sight[Observed]:
    """What `look` sees; or its trouble, where the unit or the way to it made that."""
    try:
        return Sight(look())
    except (BenchError, UnitError, DeadlineExpired) as trouble:
        return Sight(trouble=trouble.with_traceback(None))


@dataclass(frozen=True)
class Look:
    """What a unit served, showed and said at one moment; nothing was changed by looking."""

    served: Sight[Handshake]
    certificates: CertificatePage
    home: Page
    condition: Condition
    restart_log: tuple[RestartLogEntry, ...]
    sip: Handshake | None
    """With the SIP TLS port; None where it is closed."""
    elsewhere: Mapping[str, Sight[Handshake]] = field(default_factory=dict)
    """HTTPS at each of the unit's other addresses."""

    @property
    def handshake(self) -> Handshake:
        """Raises Unseen where none could be completed."""
        return self.served.value

    @property
    def pages(self) -> tuple[Page, Page]:
        return self.home, self.certificates.page

    @property
    def is_served_everywhere(self) -> bool:
        return all(one.trouble is None for one in (self.served, *self.elsewhere.values()))

    def leaf_elsewhere(self, leaf: bytes) -> str:
        """At which other addresses another leaf is served, in words; empty for none: there is one pair for all
        (device-reference 2.1, mark D). Raises Unseen where one could not be seen."""
        return _otherwise({at: one.value.presented_chain[:1] for at, one in self.elsewhere.items()}, (leaf,))

    def chain_elsewhere(self, chain: tuple[bytes, ...]) -> str:
        """The same of whole chains."""
        return _otherwise({at: one.value.presented_chain for at, one in self.elsewhere.items()}, chain)

    def changed_elsewhere(self, before: Look) -> str:
        """At which other addresses another chain is served than before, in words; empty for none."""
        return "; ".join(
            _otherwise({at: one.value.presented_chain}, before.elsewhere[at].value.presented_chain)
            for at, one in self.elsewhere.items()
            if one.value.presented_chain != before.elsewhere[at].value.presented_chain
        )


def _otherwise(served: Mapping[str, tuple[bytes, ...]], wanted: tuple[bytes, ...]) -> str:
    def words(chain: tuple[bytes, ...]) -> str:
        return ", ".join(map(certificate_words, chain)) or "nothing"

    return "; ".join(
        f"at {address} HTTPS serves {words(chain)}; it should serve {words(wanted)}"
        for address, chain in served.items()
        if chain != wanted
    )


_latest: WeakKeyDictionary[Unit, tuple[Moment, Look]] = WeakKeyDictionary()


def look(unit: Unit) -> Look:
    """Everything at once; the last look where that was just now. Raises what the unit's own methods raise, unless all
    but the handshake can be had."""
    if unit in _latest:
        looked, seen = _latest[unit]
        if looked.lasts(unit.moment()):
            return seen
    seen = _look(unit)
    _latest[unit] = unit.moment(), seen
    return seen


def _look(unit: Unit) -> Look:
    # Whoever has just done something has asked for the condition; whoever is about to do it does so on the last page.
    condition, home = unit.condition(), unit.home_page()
    return Look(
        served=sight(lambda: unit.handshake(Deadline.after(LOOK_SECONDS))),
        certificates=unit.certificate_page(),
        home=home,
        condition=condition,
        restart_log=unit.restart_log(),
        sip=unit.sip_handshake(Deadline.after(LOOK_SECONDS)),
        elsewhere={address: _sight_at(unit, address) for address in unit.place.also_at},
    )


def _sight_at(unit: Unit, address: str) -> Sight[Handshake]:
    return sight(lambda: unit.handshake(Deadline.after(LOOK_SECONDS), address))


def look_when_up(unit: Unit) -> Look:
    """Like `look`, of a unit that may go down by itself: it is waited for. Raises what the last look raised."""
    soon = Deadline.after(SERVING_SECONDS)
    patience = Deadline.after(HTTPS_SECONDS)
    while True:
        try:
            seen = look(unit)
        except BenchError:
            if soon.expired:
                raise
        else:
            if seen.is_served_everywhere or patience.expired:
                return seen
        with suppress(DeadlineExpired):
            (patience if not patience.expired else soon).wait_for("handshake", lambda: _answers(unit, soon), 0.5)


def _answers(unit: Unit, deadline: Deadline) -> bool:
    try:
        unit.handshake(deadline)
    except (BenchError, HandshakeFailed):
        return False
    return True


def way_of_turn(unit: Unit, turn: int) -> Way:
    """One of the ways in which it can be restarted by those who ask it: each in its turn, so that the restarts that
    a run needs go through all of them."""
    ways = [way for way in unit.ways() if way is not Way.POWER]
    return ways[turn % len(ways)]


def pages_that_ask(before: Look, after: Look) -> str:
    """Which pages ask for a restart that did not before, in words."""
    names = ("the home page", "SSL certificates")
    pages = zip(names, before.pages, after.pages, strict=True)
    return " and ".join(name for name, was, now in pages if asks_for_restart(was, now)) or "none"


def asks_for_restart(before: Page, after: Page) -> bool:
    """Whether `after` has a text about a restart that `before` had not.

    The wording of the unit's banner is unknown (device-reference 2.6, mark U), so it is found by being new.
    """
    fresh = Page(after.heading, after.lines - before.lines)
    return fresh.mentions("restart") or fresh.mentions("reboot")


def rows_shown(table: LocalCertificate) -> dict[str, str]:
    """Those of the rows about the certificate that the status table fills."""
    rows = {"Subject": table.subject, "Issuer": table.issuer, "Issued": table.issued, "Expires": table.expires}
    return {label: text for label, text in rows.items() if text}


def describes(table: LocalCertificate, leaf: bytes) -> bool:
    """Whether no row speaks of another certificate: the names hold the common names, the dates the years.

    More cannot be asked: how names and dates are printed is unknown (device-reference 2.2, marks D and U).
    """
    certificate = x509.load_der_x509_certificate(leaf)
    wanted: dict[str, Iterable[Collection[str]]] = {
        "Subject": [{name} for name in _common_names(certificate.subject)],
        "Issuer": [{name} for name in _common_names(certificate.issuer)],
        "Issued": [_years(certificate.not_valid_before_utc)],
        "Expires": [_years(certificate.not_valid_after_utc)],
    }
    shown = rows_shown(table)
    return all(any(word in text for word in words) for label, text in shown.items() for words in wanted[label])


def _common_names(name: x509.Name) -> list[str]:
    return [str(attribute.value) for attribute in name.get_attributes_for_oid(NameOID.COMMON_NAME)]


def _years(moment: datetime) -> set[str]:
    """In full or by two digits, and wherever the unit's clock is."""
    days = (moment + timedelta(days=days) for days in (-1, 1) if datetime.min.year < moment.year < datetime.max.year)
    return {text for day in days for text in (f"{day:%Y}", f"{day:%y}")}


def how_much(served: tuple[bytes, ...], uploaded: tuple[bytes, ...]) -> str:
    """What of the uploaded chain is served, in words."""
    if served == uploaded:
        return "all, in order"
    if served == uploaded[:1]:
        return "the leaf alone"
    places = (str(uploaded.index(one) + 1) if one in uploaded else "a stranger" for one in served)
    return f"of the file: {', '.join(places)}"


def shown_otherwise(table: LocalCertificate, *leafs: bytes) -> str:
    """What the status table shows, and of which certificates it should, in words."""
    wanted = " or ".join(dict.fromkeys(map(certificate_words, leafs)))
    shown = ", ".join(f"{label} {text[:100]!r}" for label, text in rows_shown(table).items())
    return f"the status table shows {shown}; it should show that of {wanted}"


def table_changed(before: LocalCertificate, after: LocalCertificate) -> str:
    """What the status table shows otherwise than before, in words."""
    rows = ("subject", "issuer", "issued", "expires", "private_key")
    changed = [(row, getattr(before, row), getattr(after, row)) for row in rows]
    told = [f"{row} {now[:100]!r}, which was {was[:100]!r}" for row, was, now in changed if was != now]
    return "the status table shows " + "; ".join(told)


def moments_of_change(act: str, before: Look, pending: Look, after: Look) -> str:
    """When the status table became another one, in words: with the act, or with the restart after it."""
    shown = [one.certificates.local_certificate for one in (before, pending, after)]
    moments = {f"with the {act}": shown[0] != shown[1], "with the restart": shown[1] != shown[2]}
    return " and ".join(name for name, is_so in moments.items() if is_so) or "never"


@dataclass(frozen=True)
class Serving:
    """What HTTPS does at one moment."""

    chain: tuple[bytes, ...] = field(repr=False)
    """Empty where no handshake could be completed."""
    trouble: str = ""
    """Why not."""
    elsewhere: Mapping[str, tuple[bytes, ...]] = field(default_factory=dict, repr=False)
    """The same of the unit's other addresses."""

    @property
    def otherwise_elsewhere(self) -> str:
        """At which other addresses another chain is served than at the first, in words; empty for none."""
        return _otherwise(self.elsewhere, self.chain)


def serving(unit: Unit) -> Serving:
    """The chains of completed handshakes, which prove the key too; waits a while for HTTPS to open."""
    soon = Deadline.after(SERVING_SECONDS)
    trouble = ""

    def shown() -> Serving | None:
        nonlocal trouble
        try:
            chain = unit.handshake(soon).presented_chain
        except (BenchError, HandshakeFailed) as error:
            trouble = str(error)
            return None
        others = {address: _sight_at(unit, address) for address in unit.place.also_at}
        return Serving(
            chain, "", {at: () if one.trouble else one.value.presented_chain for at, one in others.items()}
        )

    try:
        return soon.wait_for("handshake", shown, 0.25)
    except DeadlineExpired:
        return Serving((), trouble or "no handshake in time")
