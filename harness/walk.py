"""Walks: what is done to a unit step by step, and what the model of its store says of it after each step.

The model is certstore's CertStore. Where a step may end in two ways, as an upload does when the power goes in the
middle, the model holds both until the unit shows which it was. A walk begins with pair A stored and served.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from certstore import CertStore, Credential, Firmware, Upload, receive
from harness import catalogue, pki
from harness.catalogue import Material
from harness.deadline import Deadline
from harness.errors import DeadlineExpired, UnitError
from harness.observation import Serving, serving
from harness.telltale import Telltale, telltale_of
from harness.tls.handshake import fingerprint
from harness.unit import LocalCertificate, Unit, Way

PAIRS = ("A", "B", "C")
BAD = ("wrong-passphrase", "fields-swapped", "certificate-cut-off")
DIGITS = 16
"""Of a fingerprint: enough to tell a few pairs apart."""


class Act(StrEnum):
    """What a step does; each has words for a person who repeats it."""

    UPLOAD = "upload"
    BAD_UPLOAD = "bad upload"
    CUT_UPLOAD = "cut upload"
    REMOVE = "remove"
    RESTART = "restart"
    POWER = "power"
    POWER_IN_UPLOAD = "power in upload"


WORDS: Mapping[Act, str] = {
    Act.UPLOAD: "Network > SSL certificates: choose the files of pair {what}, press Upload certificate and key",
    Act.BAD_UPLOAD: "Network > SSL certificates: upload what must be refused: {what} (harness.catalogue.REFUSED)",
    Act.CUT_UPLOAD: "Network > SSL certificates: upload pair {what}, and break the connection half way",
    Act.REMOVE: "Network > SSL certificates: remove the custom certificate and key",
    Act.RESTART: "Settings > Shutdown: shut the unit down, confirm, restart it; wait until it is back",
    Act.POWER: "switch the outlet off and on again; wait until the unit is back",
    Act.POWER_IN_UPLOAD: "upload pair {what}, and switch the outlet off meanwhile; then on; wait for the unit",
}
STARTS = frozenset({Act.RESTART, Act.POWER, Act.POWER_IN_UPLOAD})
"""What costs the time of a restart."""


@dataclass(frozen=True)
class Step:
    """One step of a walk."""

    act: Act
    what: str = ""
    """The pair, or the bad upload."""

    def __str__(self) -> str:
        return WORDS[self.act].format(what=self.what)


Steps = tuple[Step, ...]

START: Steps = (Step(Act.UPLOAD, "A"), Step(Act.RESTART))
"""How a unit comes to where each walk begins."""


def all_steps(*, has_power: bool) -> list[Step]:
    """Every step that a unit can be put through, the cheap ones first."""
    uploads = [Step(Act.UPLOAD, pair) for pair in PAIRS]
    refused = [Step(Act.BAD_UPLOAD, bad) for bad in BAD]
    powered = [Step(Act.POWER), *(Step(Act.POWER_IN_UPLOAD, pair) for pair in PAIRS)]
    cheap = [*uploads, *refused, Step(Act.CUT_UPLOAD, "B"), Step(Act.REMOVE), Step(Act.RESTART)]
    return cheap + (powered if has_power else [])


@dataclass(frozen=True)
class Departure:
    """Where unit and model part."""

    steps: Steps
    """Those that were done, the last one being that after which they part."""
    model: str
    unit: str

    def script(self, pairs: Mapping[str, str]) -> str:
        """Numbered steps that a person can repeat; no octet of a key is in it."""
        used = sorted({step.what for step in self.steps if step.what in pairs})
        named = [f"pair {name}: a leaf with two intermediates, here sha256:{pairs[name]}" for name in used]
        lines = [f"{number}. {step}" for number, step in enumerate(self.steps, 1)]
        return "\n".join([*named, *lines, f"the model then has {self.model}", f"the unit {self.unit}"])


@dataclass
class _Pair:
    name: str
    """The common name of its leaf, by which the status table shows it."""
    material: Material
    credential: Credential


class Walker:
    """One unit and its model, side by side."""

    def __init__(self, unit: Unit, firmware: Firmware) -> None:
        self._unit = unit
        self._pairs = dict(zip(PAIRS, _new_pairs(unit.place.address, firmware), strict=True))
        self._factory: bytes | None = unit.baseline.leaf if unit.place.baseline is None else None
        """None until it is seen."""
        self._shows: Telltale = telltale_of(unit)
        self._states: list[CertStore] = []
        """What the model takes for possible; none before the first walk, and after a departure."""
        self.starts = 0
        """What walks have cost."""

    @property
    def fingerprints(self) -> dict[str, str]:
        """By the letter of a pair."""
        return {letter: fingerprint(pair.material.leaf)[:DIGITS] for letter, pair in self._pairs.items()}

    def walk(self, steps: Sequence[Step]) -> Departure | None:
        """Go all of the way from START, or to where unit and model part. Raises LabError for what is the bench's."""
        first = self._pairs["A"].credential
        done: list[Step] = []
        if self._states == [CertStore(first, first)]:
            # It is there already: what it would cost is a restart.
            done += START
        else:
            self._states = []
        for step in [*START[len(done) :], *steps]:
            if not self._is_possible(step):
                continue
            done.append(step)
            if departure := self._depart(step, tuple(done)):
                self._states = []
                return departure
        return None

    def _is_possible(self, step: Step) -> bool:
        # Without a custom pair there may be no button to remove it.
        return step.act is not Act.REMOVE or all(state.stored is not None for state in self._states)

    def _depart(self, step: Step, done: Steps) -> Departure | None:
        self.starts += step.act in STARTS
        try:
            ACTS[step.act](self._unit, self._upload(step))
            served = serving(self._unit)
            table = self._unit.certificate_page().local_certificate
        except (UnitError, DeadlineExpired) as error:
            return Departure(done, self._expected(self._after(step)), f"failed: {error}")
        possible = self._after(step)
        self._states = [state for state in possible if self._fits(state, served, table)]
        if self._states:
            return None
        return Departure(done, self._expected(possible), self._found(served, table))

    def _after(self, step: Step) -> list[CertStore]:
        # Whatever was there before the first upload of a walk is gone after the restart that follows.
        return list(
            dict.fromkeys(after for state in self._states or [CertStore()] for after in self._next(step, state))
        )

    def _next(self, step: Step, state: CertStore) -> Iterator[CertStore]:
        match step.act:
            case Act.UPLOAD:
                yield state.upload(self._pairs[step.what].credential)
            case Act.REMOVE:
                yield state.remove()
            case Act.RESTART:
                yield state.restart()
            case Act.POWER:
                yield state.power_loss()
            case Act.POWER_IN_UPLOAD:
                yield state.power_loss()
                yield state.upload(self._pairs[step.what].credential).power_loss()
            case Act.BAD_UPLOAD | Act.CUT_UPLOAD:
                yield state

    def _fits(self, state: CertStore, served: Serving, table: LocalCertificate) -> bool:
        if not self._states and state.running is None:
            # The walk has not come to its start: whatever is served is served.
            return True
        if not served.chain or not self._is_leaf_of(state.running, served.chain[0]) or served.otherwise_elsewhere:
            return False
        if not self._shows.by_table:
            return True
        names = {pair.name for pair in self._pairs.values() if pair.name in table.subject}
        wanted = {pair.name for pair in self._pairs.values() if pair.credential == state.stored}
        return names == wanted and table.key_matches

    def _is_leaf_of(self, credential: Credential | None, leaf: bytes) -> bool:
        if credential is not None:
            return leaf == credential.leaf
        if self._factory is None and leaf not in {pair.material.leaf for pair in self._pairs.values()}:
            self._factory = leaf
        return leaf == self._factory

    def _expected(self, states: Sequence[CertStore]) -> str:
        return " or ".join(
            f"{self._named(one.stored)} stored and {self._named(one.running)} served" for one in states
        )

    def _named(self, credential: Credential | None) -> str:
        found = (f"pair {letter}" for letter, pair in self._pairs.items() if pair.credential == credential)
        return next(found, "the factory pair")

    def _found(self, served: Serving, table: LocalCertificate) -> str:
        shown = f"shows Subject {table.subject[:80]!r}, Private key {table.private_key[:40]!r}"
        if not served.chain:
            return f"serves nobody ({served.trouble}), and {shown}"
        letters = (f"pair {letter}" for letter, pair in self._pairs.items() if pair.material.leaf == served.chain[0])
        what = next(letters, "the factory pair" if served.chain[0] == self._factory else "a pair of nobody's")
        elsewhere = f", {served.otherwise_elsewhere}" if served.otherwise_elsewhere else ""
        return f"serves {what} (sha256:{fingerprint(served.chain[0])[:DIGITS]}){elsewhere}, and {shown}"

    def _upload(self, step: Step) -> Material | str:
        return self._pairs[step.what].material if step.what in self._pairs else step.what


def _new_pairs(address: str, firmware: Firmware) -> Iterator[_Pair]:
    """No two of them have one key: of a mixture of both nobody would know."""
    keys = list[object]()
    for letter in PAIRS:
        name = f"mcu-hil walk {letter}"
        # Keys take turns, and other lanes take theirs meanwhile.
        key = next(key for key in iter(pki.rsa_key, None) if all(key is not other for other in keys))
        keys.append(key)
        issued = pki.run_authority().issue(address, common_name=name, key=key)
        upload = Upload(issued.certificate_pem, pki.key_pem(key), None)
        yield _Pair(name, Material(upload, issued.chain_der), receive(upload, firmware))


def _limit(unit: Unit) -> Deadline:
    return Deadline.after(unit.place.restart_timeout)


def _upload(unit: Unit, what: Material | str) -> object:
    assert isinstance(what, Material)
    return unit.upload(what.upload)


def _cut_upload(unit: Unit, what: Material | str) -> object:
    assert isinstance(what, Material)
    return unit.upload_cut(what.upload)


def _bad_upload(unit: Unit, what: Material | str) -> object:
    assert isinstance(what, str)
    return unit.upload(catalogue.REFUSED[what](unit.place.address))


def _power_in_upload(unit: Unit, what: Material | str) -> object:
    assert isinstance(what, Material)
    return unit.power_cut(_limit(unit), uploading=what.upload)


ACTS: Mapping[Act, Callable[[Unit, Material | str], object]] = {
    Act.UPLOAD: _upload,
    Act.BAD_UPLOAD: _bad_upload,
    Act.CUT_UPLOAD: _cut_upload,
    Act.REMOVE: lambda unit, what: unit.remove(),
    Act.RESTART: lambda unit, what: unit.restart(_limit(unit)),
    Act.POWER: lambda unit, what: unit.restart(_limit(unit), Way.POWER),
    Act.POWER_IN_UPLOAD: _power_in_upload,
}


@dataclass(frozen=True)
class Budget:
    """What walks may cost: a unit's time is its restarts."""

    starts: int
    """Restarts and power cuts that are gone through before a departure is found."""
    shrinking_starts: int
    """And as many more to make a departing walk shorter."""
    deadline: Deadline = field(repr=False)


def shrink(walker: Walker, found: Departure, budget: Budget) -> tuple[Departure, str]:
    """The shortest departing walk that is found within the budget, and how the search ended.

    Steps are left out one after the other, the last first: a step that is not needed is mostly one of the way there.
    """
    limit = walker.starts + budget.shrinking_starts
    smallest, at = found, len(found.steps) - 1
    while at > len(START):
        at -= 1
        if walker.starts >= limit or budget.deadline.expired:
            return smallest, "the budget is spent; it may not be the shortest"
        without = smallest.steps[len(START) : at] + smallest.steps[at + 1 :]
        if departure := walker.walk(without):
            smallest = departure
            at = min(at, len(departure.steps))
    return smallest, "no step can be left out of it"
