"""Hundreds of uploads without a restart: the unit decides each as the model of its firmware's parser does.

Where the device reference leaves open how a form is decided, the unit's decision is recorded instead.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import pytest

from certstore import Firmware, Upload, UploadRefused, firmware_named, receive
from harness import catalogue
from harness.assortment import CERTIFICATE_FORMS, KEY_FORMS, LEAF, OPEN, PLAIN_KEY, Sample, samples
from harness.deadline import Deadline
from harness.errors import ConfigurationError
from harness.experiment import Leaves, Selection, experiment
from harness.judge.minimise import Ending, minimise
from harness.judge.outline import outline
from harness.profile import Characterised
from harness.telltale import Telltale, telltale_of
from harness.unit import Unit

SHRINK_SECONDS = 20.0
"""For all disagreements of one unit together: on a real one each question takes seconds."""


@dataclass(frozen=True)
class Disagreement:
    """One upload that the unit decided otherwise than the model; no octet of its key is in any text."""

    sample: str
    model: str
    unit: str
    smallest: Upload = field(repr=False)
    ending: Ending

    def __str__(self) -> str:
        verdicts = f"{self.sample}: the model says {self.model}, the unit {self.unit}"
        return f"{verdicts}\nthe smallest upload found that shows it ({self.ending.value}):\n{outline(self.smallest)}"


@dataclass(frozen=True)
class Agreement:
    """What came of all samples."""

    asked: int
    of_certificate_form: Mapping[str, Disagreement]
    """With a plain key, which is the trouble of the certificate file alone."""
    of_key_form: Mapping[str, Disagreement]
    """With a leaf alone, which is the trouble of the key file."""
    of_both: tuple[Disagreement, ...]
    """Only where neither form alone is decided otherwise."""
    takes_open: Mapping[str, bool]
    """By a form on which it may decide as it likes, next to the plainest of the other file."""


@experiment(Leaves.PENDING_PAIR, restarts=0, selection=Selection.FULL)
def agreement(unit: Unit) -> Agreement:
    """Each form of a certificate file was uploaded with each form of a key file, without a restart; then what unit
    and model do not agree on was made small."""
    try:
        firmware = firmware_named(unit.identity.software_version)
    except ValueError as error:
        raise ConfigurationError(f"{unit.place.name}: nothing to compare it with: {error}") from error
    shows = telltale_of(unit)
    asked = tuple(samples(unit.place.address))
    found = [one for one in asked if _takes(unit, shows, one, one.upload) != _accepts(one.upload, firmware)]
    certificates = {sample.certificate_form: sample for sample in found if sample.key_form == PLAIN_KEY}
    keys = {sample.key_form: sample for sample in found if sample.certificate_form == LEAF}
    both = [one for one in found if one.certificate_form not in certificates and one.key_form not in keys]
    deadline = Deadline.after(SHRINK_SECONDS)
    closed = [one for one in (*certificates.values(), *keys.values(), *both) if _open_form(one) is None]
    told = {sample: _disagreement(unit, shows, firmware, sample, deadline) for sample in dict.fromkeys(closed)}
    takes_open = {
        form: _accepts(one.upload, firmware) != (one in found) for one in asked if (form := _open_form(one))
    }
    unit.upload(catalogue.ca_signed(unit.place.address).upload)
    return Agreement(
        len(asked),
        {form: told[sample] for form, sample in certificates.items() if sample in told},
        {form: told[sample] for form, sample in keys.items() if sample in told},
        tuple(told[sample] for sample in both),
        takes_open,
    )


def _open_form(sample: Sample) -> str | None:
    """The form that makes a sample an open question, the other one being the plainest; None for a closed one."""
    if sample.key_form == PLAIN_KEY:
        return sample.certificate_form if sample.certificate_form in OPEN else None
    return sample.key_form if sample.certificate_form == LEAF and sample.key_form in OPEN else None


def _takes(unit: Unit, shows: Telltale, sample: Sample, upload: Upload) -> bool:
    """Sent, and whether the unit then shows that it has stored the certificate of that sample."""
    return shows.has_taken(unit.upload(upload), sample.common_name)


def _shrunk(
    unit: Unit, shows: Telltale, firmware: Firmware, sample: Sample, deadline: Deadline
) -> tuple[Upload, Ending]:
    """The smallest upload found that the two still decide differently."""
    other = catalogue.ca_signed(unit.place.address).upload

    def disagree(upload: Upload) -> bool:
        # Another pair first: the table may show this certificate from the last question.
        unit.upload(other)
        return _takes(unit, shows, sample, upload) != _accepts(upload, firmware)

    if deadline.expired or not disagree(sample.upload):
        return sample.upload, Ending.BUDGET
    minimised = minimise(sample.upload, disagree, lambda: not deadline.expired)
    return minimised.upload, minimised.ending


def _disagreement(
    unit: Unit, shows: Telltale, firmware: Firmware, sample: Sample, deadline: Deadline
) -> Disagreement:
    smallest, ending = _shrunk(unit, shows, firmware, sample, deadline)
    try:
        receive(sample.upload, firmware)
    except UploadRefused as refused:
        return Disagreement(sample.name, f"refused ({refused.refusal}, {refused.rule})", "took it", smallest, ending)
    return Disagreement(sample.name, "accepted", "did not take it", smallest, ending)


def _accepts(upload: Upload, firmware: Firmware) -> bool:
    try:
        receive(upload, firmware)
    except UploadRefused:
        return False
    return True


pytestmark = pytest.mark.about(agreement)


@pytest.mark.parametrize("form", [form for form in CERTIFICATE_FORMS if form not in OPEN])
def test_a_certificate_file_is_decided_as_by_the_model(seen: Agreement, form: str) -> None:
    """`certstore` reads files as this firmware's OpenSSL does (device-reference 11); the key was a plain one."""
    told = str(seen.of_certificate_form.get(form, ""))
    assert not told, told


@pytest.mark.parametrize("form", [form for form in KEY_FORMS if form not in OPEN])
def test_a_key_file_is_decided_as_by_the_model(seen: Agreement, form: str) -> None:
    """`certstore` reads files as this firmware's OpenSSL does (device-reference 11); the certificate was a leaf."""
    told = str(seen.of_key_form.get(form, ""))
    assert not told, told


@pytest.mark.parametrize("form", OPEN)
def test_what_is_open_is_decided_as_ever(seen: Agreement, form: str, characterised: Characterised) -> None:
    """`harness.assortment.OPEN` says why."""
    characterised(f"takes/{form}", seen.takes_open[form])


def test_no_two_forms_together_are_decided_otherwise(seen: Agreement) -> None:
    told = "\n\n".join(map(str, seen.of_both))
    assert not told, told


def test_every_form_was_tried_with_every_other(seen: Agreement) -> None:
    assert seen.asked == len(CERTIFICATE_FORMS) * len(KEY_FORMS)
