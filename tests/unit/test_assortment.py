"""The assortment: every form with every form, told apart by its certificate."""

from __future__ import annotations

from collections import Counter

import pytest

from certstore import Refusal, UploadRefused, receive
from harness import pki
from harness.assortment import CERTIFICATE_FORMS, KEY_FORMS, LEAF, PLAIN_KEY, Sample, samples
from harness.catalogue import refusal_of

ADDRESS = "127.10.0.3"


@pytest.fixture(scope="module")
def assortment() -> tuple[Sample, ...]:
    return tuple(samples(ADDRESS))


def test_each_form_is_there_with_each_other(assortment: tuple[Sample, ...]) -> None:
    pairs = {(sample.certificate_form, sample.key_form) for sample in assortment}

    assert len(assortment) == len(pairs) == len(CERTIFICATE_FORMS) * len(KEY_FORMS) >= 400


def test_no_two_leafs_have_one_name(assortment: tuple[Sample, ...]) -> None:
    assert len({sample.common_name for sample in assortment}) == len(assortment)


def test_what_is_accepted_has_its_own_leaf_first(assortment: tuple[Sample, ...]) -> None:
    """The status table of a unit shows the leaf: by its name one sees whether the upload was taken."""
    for sample in assortment:
        try:
            leaf = receive(sample.upload).leaf
        except UploadRefused:
            continue
        assert sample.common_name.encode() in leaf, sample.name
        assert pki.names_address(leaf, ADDRESS), sample.name


def test_it_holds_uploads_of_many_verdicts(assortment: tuple[Sample, ...]) -> None:
    verdicts = Counter(refusal_of(sample.upload) for sample in assortment)

    assert verdicts[None] > 100
    assert {
        Refusal.NO_CERTIFICATE,
        Refusal.MALFORMED_CERTIFICATE,
        Refusal.MALFORMED_CHAIN,
        Refusal.NO_KEY,
        Refusal.MALFORMED_KEY,
        Refusal.UNSUPPORTED_ENCRYPTION,
        Refusal.PASSPHRASE_REQUIRED,
        Refusal.PASSPHRASE_TOO_LONG,
        Refusal.WRONG_PASSPHRASE,
        Refusal.KEY_MISMATCH,
    } <= set(verdicts)


def test_a_leaf_with_a_plain_key_is_accepted(assortment: tuple[Sample, ...]) -> None:
    [plainest] = [one for one in assortment if (one.certificate_form, one.key_form) == (LEAF, PLAIN_KEY)]

    assert receive(plainest.upload).chain == ()


def test_no_text_of_a_sample_shows_its_key(assortment: tuple[Sample, ...]) -> None:
    assert not any("PRIVATE" in repr(sample) for sample in assortment)
