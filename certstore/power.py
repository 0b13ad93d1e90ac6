"""Files in memory whose power can go at any moment, and everything that may then be found on flash.

Two things have versions: what a file holds, and which file a name stands for. The newest version is what a running
program reads; the oldest is what a sync has put on flash. A sync forgets all versions but the newest. When the power
goes, each name and each page of each file comes from any version that is left, independently of all others:

| modelled | by |
|---|---|
| names outlive a cut only after `sync_directory`, octets only after `sync` | the oldest version is possible |
| unsynced effects may reach flash all the same, in any order, with any of them missing | so is every later one |
| syncing a file does not sync its name, nor the reverse (Linux fsync(2), DESCRIPTION) | names apart from octets |
| a rename puts the new name in place at once: the old file or the new one (POSIX.1-2017 rename()) | one name |
| the old name may go before or after that: both names, or neither, may stand for the file | two names |
| `write` first empties a file that is there (POSIX open() with O_TRUNC), under all of its names | a version |
| an unsynced file may have any length up to its longest version, and be zero-filled up to there | a page of zeros |
| one page of a file may be torn: part of it from one version, the rest from another, or zeros | `grain` |

Not modelled: a sync that lies (a drive with a volatile cache that ignores flushes); a file system that takes a name
away before it puts the other file in its place (FAT); damage to what was synced (a cut during erasure of a shared
block; worn cells); octets that were never written, other than zero; a full flash; more than one directory;
permissions and times. Those that leave wrong octets behind can be tried by making an `Image` of them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import pairwise
from math import inf
from typing import TypeVar

# The sector of a compact flash card.
PAGE = 512

# Of that many possibilities, the number of the one that comes true: 0 is the first.
Choose = Callable[[int], int]

_T = TypeVar("_T")


class PowerCut(Exception):
    """The power has gone: whatever was running does not go on, and cannot clean up."""


@dataclass(frozen=True, slots=True)
class Image:
    """What flash holds while there is no power: two names may stand for the same file.

    Images of the same octets under the same names are equal. No octet of a file appears in `repr`.
    """

    # Name and index into `contents`, sorted by name; `contents` in the order in which the names first need them.
    links: tuple[tuple[str, int], ...] = ()
    contents: tuple[bytes, ...] = field(default=(), repr=False)

    @classmethod
    def holding(cls, files: Mapping[str, bytes]) -> Image:
        """Flash with these files, each with octets of its own."""
        names = sorted(files)
        return cls(tuple((name, index) for index, name in enumerate(names)), tuple(files[name] for name in names))

    def files(self) -> dict[str, bytes]:
        """What is read under each name."""
        return {name: self.contents[index] for name, index in self.links}


class _File:
    """What one file held since it was synced: the oldest version is on flash, the newest is read."""

    def __init__(self, content: bytes) -> None:
        self.versions = [content]


class PowerCutFiles:
    """The files of one directory, in memory, as `certstore.flash.Files` wants them.

    `page` is what reaches flash as one; `grain` is how finely the one page can be torn that the cut hits, 1 for any
    octet. By default no page is torn. To give the power back, make a new one on an `aftermath`.

    Power goes between two steps: each `sync`, `rename`, `remove` and `sync_directory` is one, and `write` is one for
    the name and the emptying, then one for each page. With `grain` 1, a cut within a page leaves nothing that a cut
    after the page cannot leave.
    """

    def __init__(self, image: Image | None = None, *, page: int = PAGE, grain: int | None = None) -> None:
        image = image or Image()
        files = [_File(content) for content in image.contents]
        # The same ladder of versions for names; None where the name stands for nothing.
        self._names: dict[str, list[_File | None]] = {name: [files[index]] for name, index in image.links}
        self._page = page
        self._grain = grain or page
        self._steps_left = inf
        self._powered = True

    @property
    def is_powered(self) -> bool:
        return self._powered

    def cut(self) -> None:
        """Cut the power now: every later call raises PowerCut."""
        self._powered = False

    def cut_after(self, steps: int) -> None:
        """Let the power go in place of the step that comes after so many more."""
        self._steps_left = steps

    def write(self, name: str, octets: bytes) -> None:
        self._step()
        file = self._standing_for(name)
        if file is None:
            file = _File(b"")
            self._names.setdefault(name, [None]).append(file)
        file.versions.append(b"")
        for start in range(0, len(octets), self._page):
            self._step()
            file.versions[-1] = octets[: start + self._page]

    def sync(self, name: str) -> None:
        file = self._existing(name)
        self._step()
        del file.versions[:-1]

    def rename(self, old: str, new: str) -> None:
        file = self._existing(old)
        self._step()
        # POSIX.1-2017 rename(): two names of the same file are left as they are.
        if self._standing_for(new) is not file:
            self._names.setdefault(new, [None]).append(file)
            self._names[old].append(None)

    def remove(self, name: str) -> None:
        self._existing(name)
        self._step()
        self._names[name].append(None)

    def sync_directory(self) -> None:
        self._step()
        for versions in self._names.values():
            del versions[:-1]

    def read(self, name: str) -> bytes:
        return self._existing(name).versions[-1]

    def names(self) -> frozenset[str]:
        self._need_power()
        return frozenset(name for name, versions in self._names.items() if versions[-1] is not None)

    def aftermath(self, choose: Choose) -> Image:
        """What a cut at this moment leaves on flash, `choose` deciding whatever is open.

        `random.Random(7).randrange` draws one; `aftermaths` goes through all.
        """
        links: list[tuple[str, int]] = []
        files: dict[_File, int] = {}
        for name in sorted(self._names):
            file = _one_of(self._names[name], choose)
            if file is not None:
                links.append((name, files.setdefault(file, len(files))))
        return Image(tuple(links), tuple(self._octets(file, choose) for file in files))

    def aftermaths(self) -> Iterator[Image]:
        """Everything that a cut at this moment can leave on flash, each once; just one if nothing is unsynced.

        Their number doubles with every unsynced page: for large files, draw some by `aftermath`.
        """
        seen: set[Image] = set()
        choices = _EveryChoice()
        while choices.are_left:
            image = self.aftermath(choices)
            choices.advance()
            if image not in seen:
                seen.add(image)
                yield image

    def _octets(self, file: _File, choose: Choose) -> bytes:
        versions = file.versions
        if len(versions) == 1:
            return versions[0]
        lengths = frozenset(map(len, versions))
        tears = _lengths(lengths, self._grain)
        tear = tears[choose(len(tears))]
        end = tear
        if tear % self._page and not tear % self._grain:
            # The page may go on after the tear, in octets of another version.
            end = _one_of([tear, *(length for length in _lengths(lengths, self._page) if length > tear)], choose)
        borders = sorted({*range(0, end, self._page), tear, end})
        return b"".join(
            _one_of([bytes(stop - start), *(_stretch(version, start, stop) for version in versions)], choose)
            for start, stop in pairwise(borders)
        )

    def _existing(self, name: str) -> _File:
        self._need_power()
        file = self._standing_for(name)
        if file is None:
            raise FileNotFoundError(name)
        return file

    def _standing_for(self, name: str) -> _File | None:
        return self._names.get(name, [None])[-1]

    def _step(self) -> None:
        if self._steps_left <= 0:
            self.cut()
        self._need_power()
        self._steps_left -= 1

    def _need_power(self) -> None:
        if not self._powered:
            raise PowerCut


def interruptions(
    operation: Callable[[PowerCutFiles], object], start: Callable[[], PowerCutFiles]
) -> Iterator[PowerCutFiles]:
    """The files after each cut that can interrupt `operation`, each from a new `start`.

    The last ones still have power: the operation is complete.
    """
    steps = 0
    powered = False
    while not powered:
        files = start()
        files.cut_after(steps)
        with suppress(PowerCut):
            operation(files)
        yield files
        steps += 1
        powered = files.is_powered


@lru_cache
def _lengths(versions: frozenset[int], step: int) -> tuple[int, ...]:
    """The lengths that a file with versions of these lengths may have if it grows by such steps."""
    return tuple(sorted({*range(0, max(versions), step), *versions}))


def _stretch(version: bytes, start: int, stop: int) -> bytes:
    """A part of a version; where that is shorter, what a file system puts in a gap."""
    return version[start:stop].ljust(stop - start, b"\0")


def _one_of(options: list[_T], choose: Choose) -> _T:
    different = list(dict.fromkeys(options))
    return different[choose(len(different))] if len(different) > 1 else different[0]


class _EveryChoice:
    """A `Choose` that, run after run, gives every sequence of choices once: the wheels of an odometer."""

    def __init__(self) -> None:
        self._wheels: list[tuple[int, int]] = []
        self._at = 0
        self.are_left = True

    def __call__(self, options: int) -> int:
        if self._at == len(self._wheels):
            self._wheels.append((0, options))
        self._at += 1
        return self._wheels[self._at - 1][0]

    def advance(self) -> None:
        """Turn the last wheel that can be turned; those after it belong to another run."""
        self._at = 0
        while self._wheels:
            chosen, options = self._wheels.pop()
            if chosen + 1 < options:
                self._wheels.append((chosen + 1, options))
                return
        self.are_left = False
