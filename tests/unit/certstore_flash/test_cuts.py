"""Power cuts at every point of every change: all of what may be left on flash, and all that can follow from it."""

from __future__ import annotations

import errno
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import Enum
from functools import cache, partial
from typing import Protocol

import pytest

from certstore import Credential
from certstore.flash import PAIR, UNFINISHED, Damage, Files, load, record, recover, save
from certstore.power import Image, PowerCutFiles, interruptions

# So small that a pair takes several pages.
PAGE = 256

# A whole pair, as its record; a file that is none, and why; or None for the factory pair.
Found = bytes | tuple[Damage, bytes] | None


class Save(Protocol):
    @property
    def __name__(self) -> str: ...

    def __call__(self, files: Files, stored: Credential | None) -> None: ...


@cache
def found_in(octets: bytes) -> Found:
    loaded = load(PowerCutFiles(Image.holding({PAIR: octets})))
    if loaded.damage is not None:
        return loaded.damage, octets
    return None if loaded.stored is None else record(loaded.stored)


def found(image: Image) -> Found:
    """What a start makes of flash."""
    octets = image.files().get(PAIR)
    return None if octets is None else found_in(octets)


class Moment(Enum):
    INTERRUPTED = "the power went during the change"
    COMPLETE = "the power went when the change had returned"


class Fate(Enum):
    BEFORE = "what a start found before the change"
    AFTER = "what the change should make"
    NEITHER = "something else"


# A change to what it already was has only one fate: AFTER.
KEPT = {(Moment.INTERRUPTED, Fate.BEFORE), (Moment.INTERRUPTED, Fate.AFTER), (Moment.COMPLETE, Fate.AFTER)}


@dataclass(frozen=True)
class Cut:
    """One thing that one cut may leave."""

    moment: Moment
    fate: Fate
    image: Image

    @property
    def is_kept(self) -> bool:
        return (self.moment, self.fate) in KEPT


def cuts(
    change: Callable[[Files], None], goal: Found, image: Image, page: int = PAGE, grain: int = PAGE
) -> Iterator[Cut]:
    before = found(image)
    for files in interruptions(change, lambda: PowerCutFiles(image, page=page, grain=grain)):
        moment = Moment.COMPLETE if files.is_powered else Moment.INTERRUPTED
        for left in files.aftermaths():
            after = found(left)
            fate = Fate.AFTER if after == goal else Fate.BEFORE if after == before else Fate.NEITHER
            yield Cut(moment, fate, left)


def cuts_of_every_change(image: Image, save: Save, pairs: list[Credential | None]) -> Iterator[Cut]:
    """Each pair saved, and a start, with a cut at every point of each."""
    for pair in pairs:
        yield from cuts(partial(save, stored=pair), None if pair is None else record(pair), image)
    yield from cuts(recover, found(image), image)


def survey(first: Image, save: Save, pairs: list[Credential | None]) -> Iterator[Cut]:
    """Changes in any number, with cuts in any of them: from everything that a cut left on to everything after that.

    It ends when nothing new comes up: then everything has been seen that any number of changes and cuts can leave. It
    also ends with the first cut that breaks the rule, for then new things may never cease to come up.
    """
    seen, waiting = {first}, [first]
    while waiting:
        for cut in cuts_of_every_change(waiting.pop(), save, pairs):
            yield cut
            if not cut.is_kept:
                return
            if cut.image not in seen:
                seen.add(cut.image)
                waiting.append(cut.image)


@pytest.fixture(scope="module")
def pairs(ours: Credential, theirs: Credential) -> list[Credential | None]:
    return [ours, theirs, None]


@pytest.fixture(scope="module")
def from_a_new_unit(pairs: list[Credential | None]) -> list[Cut]:
    return list(survey(Image(), save, pairs))


@pytest.fixture(scope="module")
def from_a_damaged_pair(pairs: list[Credential | None], ours: Credential) -> list[Cut]:
    return list(survey(Image.holding({PAIR: record(ours)[:-1]}), save, pairs))


@pytest.mark.parametrize(
    ("first", "at_least"),
    [("from_a_new_unit", 29_000), ("from_a_damaged_pair", 39_000)],
    ids=["from a new unit", "from a damaged pair"],
)
def test_after_any_cuts_the_pair_before_or_the_pair_after_is_stored(
    first: str, at_least: int, pairs: list[Credential | None], request: pytest.FixtureRequest
) -> None:
    """Each pair after each other, the factory pair too, in any order; cuts in starts after cuts, and so on."""
    surveyed: list[Cut] = request.getfixturevalue(first)
    tally = Counter((cut.moment, cut.fate) for cut in surveyed)
    images = {cut.image for cut in surveyed}

    assert set(tally) == KEPT, tally
    # A change that has returned leaves one thing only: nothing unsynced is carried from one change into the next.
    changes = len(pairs) + 1
    assert tally[Moment.COMPLETE, Fate.AFTER] == changes * len(images)
    # 29,882 cases over 179 images, and 39,886 over 238.
    assert tally.total() > at_least, f"{tally.total()} cases over {len(images)} images: {tally}"
    assert {found(image) for image in images} >= {None if pair is None else record(pair) for pair in pairs}


def test_the_survey_meets_every_way_of_being_interrupted(from_a_new_unit: list[Cut], ours: Credential) -> None:
    """Both names for one file, the unfinished pair whole or torn, zeros in it: it is no survey of clean flash."""
    whole = record(ours)
    left = {cut.image for cut in from_a_new_unit}
    unfinished = {image.files().get(UNFINISHED) for image in left}

    assert Image(((PAIR, 0), (UNFINISHED, 0)), (whole,)) in left
    assert unfinished >= {None, b"", whole[:PAGE], whole, bytes(PAGE) + whole[PAGE:], bytes(len(whole))}


def test_a_pair_torn_at_any_octet_is_not_taken_for_one(ours: Credential, theirs: Credential) -> None:
    """Then a start, with cuts in it."""
    tally: Counter[tuple[Moment, Fate]] = Counter()
    starts: Counter[tuple[Moment, Fate]] = Counter()
    torn = set()
    stored = Image.holding({PAIR: record(ours)})
    for cut in cuts(partial(save, stored=theirs), record(theirs), stored, page=512, grain=1):
        tally[cut.moment, cut.fate] += 1
        torn.add(cut.image)
    for image in torn:
        starts.update((cut.moment, cut.fate) for cut in cuts(recover, found(image), image))

    assert set(tally) == KEPT, tally
    assert set(starts) == {(Moment.INTERRUPTED, Fate.AFTER), (Moment.COMPLETE, Fate.AFTER)}, starts
    # 9,746 cases, and 30,796 of starts after them.
    assert tally.total() > 9_000, f"{tally.total()} cases, {len(torn)} images, {starts.total()} cases of starts"


def without_a_sync_of_the_file(files: Files, stored: Credential | None) -> None:
    if stored is None:
        return save(files, None)
    files.write(UNFINISHED, record(stored))
    files.rename(UNFINISHED, PAIR)
    return files.sync_directory()


def with_the_sync_after_the_rename(files: Files, stored: Credential | None) -> None:
    if stored is None:
        return save(files, None)
    files.write(UNFINISHED, record(stored))
    files.rename(UNFINISHED, PAIR)
    files.sync(PAIR)
    return files.sync_directory()


def without_a_sync_of_the_directory(files: Files, stored: Credential | None) -> None:
    if stored is None:
        return save(files, None)
    files.write(UNFINISHED, record(stored))
    files.sync(UNFINISHED)
    return files.rename(UNFINISHED, PAIR)


def removed_without_a_sync_of_the_directory(files: Files, stored: Credential | None) -> None:
    if stored is not None:
        return save(files, stored)
    return files.remove(PAIR) if PAIR in files.names() else None


def in_place(files: Files, stored: Credential | None) -> None:
    if stored is None:
        return save(files, None)
    files.write(PAIR, record(stored))
    files.sync(PAIR)
    return files.sync_directory()


def over_the_unfinished_one(files: Files, stored: Credential | None) -> None:
    """Right, but for the one step at its beginning."""
    if stored is None:
        return save(files, None)
    files.write(UNFINISHED, record(stored))
    files.sync(UNFINISHED)
    files.rename(UNFINISHED, PAIR)
    return files.sync_directory()


WRONG: list[tuple[Save, Moment, Fate]] = [
    (without_a_sync_of_the_file, Moment.INTERRUPTED, Fate.NEITHER),
    (with_the_sync_after_the_rename, Moment.INTERRUPTED, Fate.NEITHER),
    (without_a_sync_of_the_directory, Moment.COMPLETE, Fate.BEFORE),
    (removed_without_a_sync_of_the_directory, Moment.COMPLETE, Fate.BEFORE),
    (in_place, Moment.INTERRUPTED, Fate.NEITHER),
    (over_the_unfinished_one, Moment.INTERRUPTED, Fate.NEITHER),
]


@pytest.mark.parametrize(("wrong", "moment", "fate"), WRONG, ids=[wrong.__name__ for wrong, _, _ in WRONG])
def test_the_survey_catches_a_wrong_way_of_saving(
    wrong: Save, moment: Moment, fate: Fate, pairs: list[Credential | None]
) -> None:
    *_, last = survey(Image(), wrong, pairs)

    assert (last.moment, last.fate) == (moment, fate)


class Failing:
    """Files of which one call fails, before or after it has done its work."""

    def __init__(self, files: PowerCutFiles, number: int, done: Callable[[Callable[[], None]], None]) -> None:
        self._files = files
        self._left = number
        self._done = done

    def write(self, name: str, octets: bytes) -> None:
        self._call(partial(self._files.write, name, octets))

    def sync(self, name: str) -> None:
        self._call(partial(self._files.sync, name))

    def rename(self, old: str, new: str) -> None:
        self._call(partial(self._files.rename, old, new))

    def remove(self, name: str) -> None:
        self._call(partial(self._files.remove, name))

    def sync_directory(self) -> None:
        self._call(self._files.sync_directory)

    def read(self, name: str) -> bytes:
        return self._files.read(name)

    def names(self) -> frozenset[str]:
        return self._files.names()

    def _call(self, work: Callable[[], None]) -> None:
        self._left -= 1
        if self._left == -1:
            self._done(work)
            raise OSError(errno.EIO, "no more of this flash")
        work()


def not_at_all(work: Callable[[], None]) -> None:
    """The call fails and does nothing."""


def altogether(work: Callable[[], None]) -> None:
    """The call fails when its work is done."""
    work()


CALLS = {"theirs": 4, "factory": 2}


@pytest.mark.parametrize("done", [not_at_all, altogether])
@pytest.mark.parametrize(
    ("goal", "number"), [(goal, number) for goal, calls in CALLS.items() for number in range(calls)]
)
class TestWhenFlashFails:
    @pytest.fixture
    def pair(self, goal: str, theirs: Credential) -> Credential | None:
        return theirs if goal == "theirs" else None

    @pytest.fixture
    def files(
        self,
        pair: Credential | None,
        number: int,
        done: Callable[[Callable[[], None]], None],
        ours: Credential,
    ) -> PowerCutFiles:
        """As they are after `save` has failed in the call of that number."""
        files = PowerCutFiles(page=PAGE)
        save(files, ours)
        with pytest.raises(OSError, match="no more of this flash"):
            save(Failing(files, number, done), pair)
        return files

    def test_what_the_next_start_tells_outlives_a_cut(
        self, files: PowerCutFiles, pair: Credential | None, ours: Credential
    ) -> None:
        recover(files)
        told = load(files)

        assert told.damage is None
        assert told.stored in (ours, pair)
        assert [load(PowerCutFiles(left)) for left in files.aftermaths()] == [told]

    def test_the_next_save_outlives_a_cut(self, files: PowerCutFiles, pair: Credential | None) -> None:
        save(files, pair)

        assert [load(PowerCutFiles(left)).stored for left in files.aftermaths()] == [pair]


def test_no_call_of_save_comes_after_those_that_were_made_to_fail(ours: Credential, theirs: Credential) -> None:
    for goal, pair in {"theirs": theirs, "factory": None}.items():
        files = PowerCutFiles()
        save(files, ours)
        save(Failing(files, CALLS[goal], not_at_all), pair)

        assert load(files).stored == pair
