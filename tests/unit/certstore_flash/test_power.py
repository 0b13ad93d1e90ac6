"""What a power cut may leave, against lists made by hand and by brute force."""

from __future__ import annotations

from collections.abc import Callable
from itertools import permutations
from random import Random

import pytest

from certstore.power import Image, PowerCut, PowerCutFiles, interruptions


def left(files: PowerCutFiles) -> set[tuple[tuple[str, bytes], ...]]:
    return {tuple(sorted(image.files().items())) for image in files.aftermaths()}


def octets_left(files: PowerCutFiles, name: str = "a") -> set[bytes | None]:
    return {image.files().get(name) for image in files.aftermaths()}


def with_files(page: int = 2, grain: int | None = None, **files: bytes) -> PowerCutFiles:
    return PowerCutFiles(Image.holding(files), page=page, grain=grain)


class TestReading:
    def test_what_was_written_is_read_before_any_sync(self) -> None:
        files = with_files(a=b"old")
        files.write("a", b"newer")
        files.write("b", b"")

        assert (files.read("a"), files.read("b")) == (b"newer", b"")
        assert files.names() == {"a", "b"}

    def test_a_renamed_file_has_one_name(self) -> None:
        files = with_files(a=b"a", b=b"b")
        files.rename("a", "b")

        assert files.read("b") == b"a"
        assert files.names() == {"b"}

    def test_a_removed_file_can_be_written_anew(self) -> None:
        files = with_files(a=b"a")
        files.remove("a")
        assert files.names() == set()

        files.write("a", b"another")
        assert files.read("a") == b"another"

    def test_two_names_of_one_file_are_left_as_they_are(self) -> None:
        """POSIX.1-2017 rename()."""
        files = PowerCutFiles(Image((("a", 0), ("b", 0)), (b"one",)))
        files.rename("a", "b")

        assert files.names() == {"a", "b"}

    def test_a_file_with_two_names_is_emptied_under_both(self) -> None:
        files = PowerCutFiles(Image((("a", 0), ("b", 0)), (b"one",)))
        files.write("a", b"two")

        assert files.read("b") == b"two"

    @pytest.mark.parametrize(
        "call",
        [
            lambda files: files.read("a"),
            lambda files: files.sync("a"),
            lambda files: files.remove("a"),
            lambda files: files.rename("a", "b"),
        ],
        ids=["read", "sync", "remove", "rename"],
    )
    def test_a_missing_file_is_named(self, call: Callable[[PowerCutFiles], object]) -> None:
        with pytest.raises(FileNotFoundError, match=r"^a$"):
            call(with_files(b=b"b"))


class TestWhatASyncPromises:
    def test_untouched_flash_stays(self) -> None:
        image = Image.holding({"a": b"a", "b": b"b"})

        assert list(PowerCutFiles(image).aftermaths()) == [image]

    def test_both_syncs_settle_everything(self) -> None:
        files = with_files(a=b"old", b=b"b")
        files.write("a", b"new")
        files.remove("b")
        files.sync("a")
        files.sync_directory()

        assert list(files.aftermaths()) == [Image.holding({"a": b"new"})]

    def test_a_synced_file_may_have_no_name(self) -> None:
        files = with_files()
        files.write("a", b"abc")
        files.sync("a")

        assert octets_left(files) == {None, b"abc"}

    def test_a_synced_name_may_have_no_octets(self) -> None:
        files = with_files()
        files.write("a", b"ab")
        files.sync_directory()

        assert octets_left(files) == {b"", b"\0\0", b"ab"}

    def test_syncing_one_file_settles_no_other(self) -> None:
        files = with_files(a=b"A", b=b"B")
        files.write("a", b"a")
        files.write("b", b"b")
        files.sync("b")

        assert left(files) == {(("a", a), ("b", b"b")) for a in (b"A", b"", b"\0", b"a")}


class TestOctets:
    """Page 2: what may be in a file that was written and not synced."""

    def test_of_a_new_file_each_page_is_there_or_zero_up_to_any_length(self) -> None:
        files = with_files()
        files.write("a", b"abc")
        files.sync_directory()

        assert octets_left(files) == {b"", b"ab", b"\0\0", b"abc", b"ab\0", b"\0\0c", b"\0\0\0"}

    def test_of_an_old_file_each_page_may_also_be_the_old_one(self) -> None:
        files = with_files(a=b"ABC")
        files.write("a", b"abc")

        pages = [front + back for front in (b"AB", b"ab", b"\0\0") for back in (b"C", b"c", b"\0")]
        assert octets_left(files) == {b"", b"AB", b"ab", b"\0\0", *pages}

    def test_of_a_shortened_file_the_old_end_may_come_back(self) -> None:
        files = with_files(a=b"ABCD")
        files.write("a", b"a")

        # `a\0`: the file system fills up the page of the shorter version.
        fronts = (b"AB", b"a\0", b"\0\0")
        assert octets_left(files) == {
            *(b"", b"A", b"a", b"\0"),
            *fronts,
            *(front + back for front in fronts for back in (b"CD", b"\0\0")),
        }

    def test_of_a_file_written_twice_each_page_may_be_of_any_time(self) -> None:
        files = with_files()
        files.write("a", b"abcd")
        files.write("a", b"ABCD")
        files.sync_directory()

        pages = {front + back for front in (b"AB", b"ab", b"\0\0") for back in (b"CD", b"cd", b"\0\0")}
        assert octets_left(files) == {b"", b"AB", b"ab", b"\0\0", *pages}

    def test_a_page_may_be_torn_at_a_grain(self) -> None:
        files = with_files(a=b"AB", grain=1)
        files.write("a", b"ab")

        torn = {bytes(pair) for first in b"Aa\0" for second in b"Bb\0" for pair in [(first, second)]}
        assert octets_left(files) == {b"", b"A", b"a", b"\0", *torn}

    def test_only_one_page_is_torn(self) -> None:
        files = with_files(grain=1)
        files.write("a", b"abcd")
        files.sync_directory()

        assert {b"a\0cd", b"\0bcd", b"abc\0", b"ab\0d", b"a\0\0\0", b"abc"} <= octets_left(files)
        assert b"a\0c\0" not in octets_left(files)

    @pytest.mark.parametrize("length", range(10))
    def test_a_cut_within_a_page_leaves_nothing_that_a_cut_after_it_cannot_leave(self, length: int) -> None:
        """Why a write is cut only after each page."""
        cut_within, cut_after = with_files(page=4, a=b"ABCDE"), with_files(page=4, grain=1, a=b"ABCDE")
        cut_within.write("a", b"abcdefghij"[:length])
        cut_after.write("a", b"abcdefghij")

        assert octets_left(cut_within) <= octets_left(cut_after)


Effect = tuple[str, bytes | None]

# Calls on flash that holds files `a` and `b`, and what each does to a name: the halves of a rename go apart.
RENAMES: dict[str, tuple[list[Callable[[PowerCutFiles], None]], list[Effect]]] = {
    "a file removed": ([lambda files: files.remove("a")], [("a", None)]),
    "two files removed": (
        [lambda files: files.remove("a"), lambda files: files.remove("b")],
        [("a", None), ("b", None)],
    ),
    "a file renamed": ([lambda files: files.rename("a", "c")], [("a", None), ("c", b"A")]),
    "a file renamed over another": ([lambda files: files.rename("a", "b")], [("a", None), ("b", b"A")]),
    "renamed and removed": (
        [lambda files: files.rename("a", "b"), lambda files: files.remove("b")],
        [("a", None), ("b", b"A"), ("b", None)],
    ),
    "names exchanged": (
        [
            lambda files: files.rename("a", "c"),
            lambda files: files.rename("b", "a"),
            lambda files: files.rename("c", "b"),
        ],
        [("a", None), ("c", b"A"), ("b", None), ("a", b"B"), ("c", None), ("b", b"A")],
    ),
}


def any_of_them_in_any_order(effects: list[Effect]) -> set[tuple[tuple[str, bytes], ...]]:
    results = set()
    for count in range(len(effects) + 1):
        for happened in permutations(effects, count):
            names: dict[str, bytes | None] = {"a": b"A", "b": b"B", **dict(happened)}
            results.add(tuple(sorted((name, octets) for name, octets in names.items() if octets is not None)))
    return results


@pytest.mark.parametrize("name", RENAMES)
def test_any_of_the_unsynced_effects_on_names_happen_in_any_order(name: str) -> None:
    calls, effects = RENAMES[name]
    files = with_files(a=b"A", b=b"B")
    for call in calls:
        call(files)

    assert left(files) == any_of_them_in_any_order(effects)


def test_a_cut_in_the_middle_of_a_rename_may_leave_two_names_for_one_file() -> None:
    files = with_files(a=b"A")
    files.rename("a", "b")

    assert Image((("a", 0), ("b", 0)), (b"A",)) in set(files.aftermaths())
    assert Image() in set(files.aftermaths())


class TestChoosing:
    @pytest.fixture
    def files(self) -> PowerCutFiles:
        files = with_files(grain=1, a=b"ABCD", b=b"B")
        files.write("a", b"abcde")
        files.rename("a", "b")
        return files

    def test_each_aftermath_comes_once(self, files: PowerCutFiles) -> None:
        images = list(files.aftermaths())

        assert len(images) == len(set(images)) > 90

    def test_one_is_drawn(self, files: PowerCutFiles) -> None:
        images = set(files.aftermaths())

        assert {files.aftermath(Random(seed).randrange) for seed in range(200)} <= images

    def test_draws_repeat_with_their_seed(self, files: PowerCutFiles) -> None:
        assert files.aftermath(Random(7).randrange) == files.aftermath(Random(7).randrange)
        assert len({files.aftermath(Random(seed).randrange) for seed in range(200)}) > 20

    def test_the_first_choice_is_what_was_synced(self, files: PowerCutFiles) -> None:
        assert files.aftermath(lambda options: 0).files()["b"] == b"B"


class TestPower:
    def test_after_a_cut_nothing_answers(self) -> None:
        calls: list[Callable[[], object]] = []
        files = with_files(a=b"a")
        calls += [lambda: files.write("a", b""), lambda: files.sync("a"), lambda: files.rename("a", "b")]
        calls += [lambda: files.remove("a"), files.sync_directory, lambda: files.read("a"), files.names]
        files.cut()

        for call in calls:
            with pytest.raises(PowerCut):
                call()
        assert not files.is_powered
        assert left(files) == {(("a", b"a"),)}

    def test_the_step_that_the_cut_hits_does_nothing(self) -> None:
        files = with_files(a=b"a")
        files.cut_after(1)
        files.rename("a", "b")
        assert files.is_powered

        with pytest.raises(PowerCut):
            files.remove("b")
        assert (("b", b"a"),) in left(files)
        with pytest.raises(PowerCut):
            files.sync_directory()
        assert not files.is_powered

    def test_an_operation_is_interrupted_before_each_step_and_then_complete(self) -> None:
        def operation(files: PowerCutFiles) -> None:
            files.write("b", b"abc")
            files.sync("b")
            files.rename("b", "a")
            files.sync_directory()

        endings = list(interruptions(operation, lambda: with_files(a=b"A")))

        # The name, two pages, two syncs and the rename: six steps, so six cuts.
        assert [files.is_powered for files in endings] == [False] * 6 + [True]
        assert left(endings[0]) == {(("a", b"A"),)}
        assert left(endings[1]) == {(("a", b"A"),), (("a", b"A"), ("b", b""))}
        assert left(endings[4]) == {(("a", b"A"),), (("a", b"A"), ("b", b"abc"))}
        assert left(endings[6]) == {(("a", b"abc"),)}

    def test_an_operation_cannot_hide_the_cut(self) -> None:
        def stubborn(files: PowerCutFiles) -> None:
            for name in ("a", "b"):
                try:
                    files.remove(name)
                except PowerCut:
                    files.sync_directory()

        endings = list(interruptions(stubborn, lambda: with_files(a=b"A", b=b"B")))

        assert [files.is_powered for files in endings] == [False, False, True]


class TestImages:
    def test_images_are_equal_by_names_and_octets(self) -> None:
        files = with_files()
        for name in ("b", "a"):
            files.write(name, name.encode())
            files.sync(name)
        files.sync_directory()

        assert set(files.aftermaths()) == {Image.holding({"a": b"a", "b": b"b"})}
        assert Image.holding({"a": b"a"}) != Image.holding({"a": b"b"})
        assert Image.holding({"a": b"a", "b": b"a"}) != Image((("a", 0), ("b", 0)), (b"a",))

    def test_octets_are_not_shown(self) -> None:
        files = with_files(a=b"secret")

        assert repr(Image.holding({"a": b"secret"})) == "Image(links=(('a', 0),))"
        assert "secret" not in repr(files) + repr(vars(files))


@pytest.mark.parametrize("length", range(6))
def test_what_is_left_of_a_new_file_can_be_counted(length: int) -> None:
    """Two for each page, for each number of pages: nothing is forgotten, nothing comes twice."""
    files = with_files()
    files.write("a", b"abcde"[:length])
    files.sync_directory()
    pages = -(-length // 2)

    assert len(list(files.aftermaths())) == sum(2**count for count in range(pages + 1))
