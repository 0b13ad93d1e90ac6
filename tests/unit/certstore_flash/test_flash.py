"""What is saved is what is loaded, and a damaged file is no pair."""

from __future__ import annotations

import errno
import struct
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from hashlib import sha256
from itertools import pairwise, product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from certstore import DEFAULT_FIRMWARE, CertStore, Credential, Event, Upload, receive
from certstore.flash import PAIR, UNFINISHED, Damage, Loaded, load, record, recover, save
from certstore.power import Image, PowerCut, PowerCutFiles

HEADER = 50


def loaded(octets: bytes) -> Loaded:
    return load(PowerCutFiles(Image.holding({PAIR: octets})))


def sealed(certificates: bytes, private_key: bytes, version: int = 1) -> bytes:
    """A file with the right digest, made from the description of the format."""
    front = b"MCU PAIR" + struct.pack(">HII", version, len(certificates), len(private_key))
    return front + sha256(front + certificates + private_key).digest() + certificates + private_key


@pytest.fixture(scope="session")
def chained(ours: Credential, theirs: Credential) -> Credential:
    """Ours, with a certificate to be sent after it."""
    return receive(Upload(ours.certificate_pem() + theirs.certificate_pem(), ours.private_key_pem()))


@pytest.mark.parametrize("name", ["ours", "chained"])
def test_a_saved_pair_is_loaded_with_its_chain_and_key(name: str, request: pytest.FixtureRequest) -> None:
    credential: Credential = request.getfixturevalue(name)
    files = PowerCutFiles()
    save(files, credential)
    found = load(files)

    assert found == Loaded(credential)
    assert found.stored is not None
    assert found.stored.certificates == credential.certificates
    assert found.stored.private_key_pem() == credential.private_key_pem()


def test_the_file_is_as_documented(chained: Credential) -> None:
    assert record(chained) == sealed(chained.certificate_pem(), chained.private_key_pem())


def test_a_saved_pair_is_one_file_under_one_name(ours: Credential, theirs: Credential) -> None:
    files = PowerCutFiles(Image.holding({"features": b"key", UNFINISHED: b"left by a cut"}))
    save(files, ours)
    save(files, theirs)

    assert list(files.aftermaths()) == [Image.holding({"features": b"key", PAIR: record(theirs)})]


def test_the_factory_pair_is_no_file(ours: Credential) -> None:
    files = PowerCutFiles()
    save(files, ours)
    save(files, None)

    assert list(files.aftermaths()) == [Image()]
    assert load(files) == Loaded(None)


def test_an_unfinished_pair_is_not_in_force_and_does_not_stay(ours: Credential, theirs: Credential) -> None:
    files = PowerCutFiles(Image.holding({PAIR: record(ours), UNFINISHED: record(theirs)}))

    assert load(files) == Loaded(ours)
    recover(files)
    assert list(files.aftermaths()) == [Image.holding({PAIR: record(ours)})]


def test_a_damaged_pair_is_told_until_another_is_saved(ours: Credential) -> None:
    files = PowerCutFiles(Image.holding({PAIR: record(ours)[:-1]}))

    recover(files)
    assert load(files) == Loaded(None, Damage.TRUNCATED)
    save(files, None)
    assert load(files) == Loaded(None)


EVENTS: dict[Event, Callable[[CertStore, Credential], CertStore]] = {
    Event.UPLOAD: lambda store, credential: store.upload(credential),
    Event.REMOVE: lambda store, credential: store.remove(),
    Event.RESTART: lambda store, credential: store.restart(),
    Event.POWER_LOSS: lambda store, credential: store.power_loss(),
    Event.FACTORY_RESET: lambda store, credential: store.factory_reset(),
}


@pytest.mark.parametrize("events", list(product(Event, repeat=3)), ids="-".join)
def test_after_any_events_a_start_makes_of_flash_what_the_model_makes_of_itself(
    events: tuple[Event, ...], ours: Credential, theirs: Credential
) -> None:
    store, files = CertStore(), PowerCutFiles()
    for event, credential in zip(events, [ours, theirs, ours], strict=True):
        store = EVENTS[event](store, credential)
        save(files, store.stored)

    assert [load(PowerCutFiles(left)).started() for left in files.aftermaths()] == [store.power_loss()]


def test_the_upload_limit_is_not_one_of_the_store(ours: Credential) -> None:
    files = PowerCutFiles()
    save(files, ours)

    assert load(files, replace(DEFAULT_FIRMWARE, upload_octets=1)) == Loaded(ours)


# Reason: what is made of a good file.
DAMAGED: dict[str, tuple[Damage, Callable[[bytes], bytes]]] = {
    "no octet": (Damage.NO_HEADER, lambda file: b""),
    "the last octet of the header lost": (Damage.NO_HEADER, lambda file: file[: HEADER - 1]),
    "zero-filled": (Damage.NOT_A_PAIR, lambda file: bytes(len(file))),
    "erased": (Damage.NOT_A_PAIR, lambda file: b"\xff" * len(file)),
    "of a version to come": (Damage.UNKNOWN_VERSION, lambda file: sealed(file, b"", version=2)),
    "only the header left": (Damage.TRUNCATED, lambda file: file[:HEADER]),
    "the last octet lost": (Damage.TRUNCATED, lambda file: file[:-1]),
    "a length beyond all bounds": (Damage.TRUNCATED, lambda file: file[:10] + b"\xff" * 8 + file[18:]),
    "one octet too many": (Damage.TRAILING_OCTETS, lambda file: file + b"\0"),
    "twice": (Damage.TRAILING_OCTETS, lambda file: file * 2),
    "a digest of zeros": (Damage.WRONG_DIGEST, lambda file: file[:18] + bytes(32) + file[HEADER:]),
    "the last octet changed": (Damage.WRONG_DIGEST, lambda file: file[:-1] + b"\0"),
    "lengths for another border": (
        Damage.WRONG_DIGEST,
        lambda file: file[:10] + struct.pack(">II", 1, len(file) - HEADER - 1) + file[18:],
    ),
    "nothing, sealed": (Damage.PAIR_REFUSED, lambda file: sealed(b"", b"")),
    "nonsense, sealed": (Damage.PAIR_REFUSED, lambda file: sealed(b"a certificate", b"a key")),
}


@pytest.mark.parametrize("name", DAMAGED)
def test_a_damaged_file_has_a_reason(name: str, ours: Credential) -> None:
    damage, made_of = DAMAGED[name]

    assert loaded(made_of(record(ours))) == Loaded(None, damage)


def test_two_halves_that_do_not_match_are_no_pair_even_with_the_right_digest(
    ours: Credential, theirs: Credential
) -> None:
    mixed = sealed(ours.certificate_pem(), theirs.private_key_pem())

    assert loaded(mixed) == Loaded(None, Damage.PAIR_REFUSED)
    assert loaded(sealed(theirs.certificate_pem(), theirs.private_key_pem())) == Loaded(theirs)


class WornOut(PowerCutFiles):
    def read(self, name: str) -> bytes:
        raise OSError(errno.EIO, "no more of this flash")


def test_a_file_that_cannot_be_read_is_damaged() -> None:
    assert load(WornOut()) == Loaded(None, Damage.UNREADABLE)


def test_every_reason_is_met() -> None:
    assert {damage for damage, _ in DAMAGED.values()} | {Damage.UNREADABLE} == set(Damage)


def test_a_power_cut_is_no_damage(ours: Credential) -> None:
    files = PowerCutFiles(Image.holding({PAIR: record(ours)}))
    files.cut()

    with pytest.raises(PowerCut):
        load(files)


def test_a_damaged_file_holds_no_pair(ours: Credential) -> None:
    with pytest.raises(ValueError, match=r"^a pair and WRONG_DIGEST in one: a damaged file holds no pair$"):
        Loaded(ours, Damage.WRONG_DIGEST)


class TestRot:
    """Of a file at rest: every octet changed to every other, every length, every octet more."""

    def test_no_octet_can_change(self, ours: Credential) -> None:
        file = record(ours)
        damage = Counter(
            loaded(file[:at] + bytes([octet]) + file[at + 1 :]).damage
            for at in range(len(file))
            for octet in range(256)
            if octet != file[at]
        )

        assert damage.total() == 255 * len(file)
        assert set(damage) == {
            Damage.NOT_A_PAIR,
            Damage.UNKNOWN_VERSION,
            Damage.TRUNCATED,
            Damage.TRAILING_OCTETS,
            Damage.WRONG_DIGEST,
        }

    def test_no_octet_can_be_lost(self, ours: Credential) -> None:
        file = record(ours)

        assert [loaded(file[:length]).damage for length in range(len(file))] == [
            *[Damage.NO_HEADER] * HEADER,
            *[Damage.TRUNCATED] * (len(file) - HEADER),
        ]

    @pytest.mark.parametrize("count", [1, 2, 512, 4096])
    def test_no_octets_can_be_added(self, count: int, ours: Credential) -> None:
        more = [bytes([octet]) * count for octet in range(256)]

        assert {loaded(record(ours) + octets).damage for octets in more} == {Damage.TRAILING_OCTETS}

    def test_no_part_of_one_pair_goes_with_a_part_of_another(self, ours: Credential, theirs: Credential) -> None:
        one, other = record(ours), record(theirs)
        for front, back in ((one, other), (other, one)):
            whole = {at for at in range(1, len(front)) if loaded(front[:at] + back[at:]).stored is not None}

            # Where the octets around the border are those of both pairs.
            assert whole == {at for at in range(1, len(front)) if front[:at] + back[at:] in (front, back)}

    def test_no_pages_of_two_pairs_make_a_pair(self, ours: Credential, theirs: Credential) -> None:
        one, other = record(ours), record(theirs)
        borders = list(pairwise(range(0, max(len(one), len(other)) + 256, 256)))
        pages = [[file[start:stop] for file in (one, other, bytes(1024), b"\xff" * 1024)] for start, stop in borders]
        made = [b"".join(choice) for choice in product(*pages)]

        assert len(made) == 4**4
        assert {octets for octets in made if loaded(octets).stored is not None} == {one, other}


class TestAnything:
    """Whatever is on flash is a whole pair or damaged; nothing is raised."""

    @given(octets=st.binary(max_size=2048))
    def test_arbitrary_octets_are_damaged(self, octets: bytes) -> None:
        found = loaded(octets)

        assert found.stored is None
        assert found.damage is not None

    @given(octets=st.binary(max_size=512))
    def test_an_arbitrary_unfinished_file_does_not_matter(self, octets: bytes) -> None:
        files = PowerCutFiles(Image.holding({UNFINISHED: octets}))

        assert load(files) == Loaded(None)

    @given(certificates=st.binary(max_size=256), private_key=st.binary(max_size=256))
    def test_arbitrary_octets_with_the_right_digest_are_refused(
        self, certificates: bytes, private_key: bytes
    ) -> None:
        assert loaded(sealed(certificates, private_key)) == Loaded(None, Damage.PAIR_REFUSED)

    @given(data=st.data())
    def test_a_good_file_with_many_things_done_to_it(
        self, data: st.DataObject, ours: Credential, theirs: Credential
    ) -> None:
        """Nothing but the two pairs themselves ever comes out."""
        whole = {record(ours): ours, record(theirs): theirs}
        file = data.draw(st.sampled_from(sorted(whole)))
        at = st.integers(0, len(file))
        for start, stop, source, more in data.draw(
            st.lists(st.tuples(at, at, st.sampled_from(sorted(whole)), st.binary(max_size=8)), max_size=4)
        ):
            file = file[:start] + source[min(start, stop) : stop] + more + file[stop:]
        found = loaded(file)

        assert found.stored == whole.get(file)
        assert (found.damage is None) == (file in whole)

    @given(data=st.data())
    def test_a_sealed_file_with_a_changed_octet_inside(self, data: st.DataObject, ours: Credential) -> None:
        """A digest that was made over damage does not help it: a pair that comes out is one that matches."""
        parts = [bytearray(ours.certificate_pem()), bytearray(ours.private_key_pem())]
        part = data.draw(st.sampled_from(parts))
        part[data.draw(st.integers(0, len(part) - 1))] = data.draw(st.integers(0, 255))
        certificates, private_key = map(bytes, parts)
        found = loaded(sealed(certificates, private_key))

        assert found.damage in (None, Damage.PAIR_REFUSED)
        assert (found.stored is None) == (found.damage is not None)


def test_no_private_key_is_shown(ours: Credential) -> None:
    """Nor any part of one, in what a person or a log may see of flash."""
    lines = ours.private_key_pem().decode("ascii").splitlines()[1:-1]
    files = PowerCutFiles()
    save(files, ours)
    (image,) = files.aftermaths()
    files.cut()
    with pytest.raises(PowerCut) as cut:
        save(files, ours)
    with pytest.raises(FileNotFoundError) as missing:
        PowerCutFiles(image).rename(UNFINISHED, PAIR)
    shown = "".join(map(repr, [load(PowerCutFiles(image)), image, files, cut.value, missing.value]))

    assert [line for line in lines if line in shown] == []
