"""Hundreds of uploads without a restart: the unit decides each as the model of its firmware's parser does."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import pytest

from certstore import Firmware, Upload, UploadRefused, firmware_named, receive
from harness import catalogue
from harness.assortment import CERTIFICATE_FORMS, KEY_FORMS, LEAF, PLAIN_KEY, Sample, samples
from harness.deadline import Deadline
from harness.errors import ConfigurationError
from harness.experiment import Leaves, Selection, experiment
from harness.judge.minimise import Ending, minimise
from harness.judge.outline import outline
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


@experiment(Leaves.PENDING_PAIR, restarts=0, selection=Selection.FULL)
def agreement(unit: Unit) -> Agreement:
    """Sends each sample, and then makes small what unit and model do not agree on. At last a good pair is stored."""
    try:
        firmware = firmware_named(unit.identity.software_version)
    except ValueError as error:
        raise ConfigurationError(f"{unit.place.name}: nothing to compare it with: {error}") from error
    asked = tuple(samples(unit.place.address))
    found = [one for one in asked if _takes(unit, one, one.upload) != _accepts(one.upload, firmware)]
    certificates = {sample.certificate_form: sample for sample in found if sample.key_form == PLAIN_KEY}
    keys = {sample.key_form: sample for sample in found if sample.certificate_form == LEAF}
    both = [one for one in found if one.certificate_form not in certificates and one.key_form not in keys]
    deadline = Deadline.after(SHRINK_SECONDS)
    told = {
        sample: _disagreement(unit, firmware, sample, deadline)
        for sample in dict.fromkeys([*certificates.values(), *keys.values(), *both])
    }
    unit.upload(catalogue.ca_signed(unit.place.address).upload)
    return Agreement(
        len(asked),
        {form: told[sample] for form, sample in certificates.items()},
        {form: told[sample] for form, sample in keys.items()},
        tuple(told[sample] for sample in both),
    )


def _takes(unit: Unit, sample: Sample, upload: Upload) -> bool:
    """Sent, and whether the status table then shows the certificate of that sample."""
    return sample.common_name in unit.upload(upload).local_certificate.subject


def _shrunk(unit: Unit, firmware: Firmware, sample: Sample, deadline: Deadline) -> tuple[Upload, Ending]:
    """The smallest upload found that the two still decide differently."""
    other = catalogue.ca_signed(unit.place.address).upload

    def disagree(upload: Upload) -> bool:
        # Another pair first: the table may show this certificate from the last question.
        unit.upload(other)
        return _takes(unit, sample, upload) != _accepts(upload, firmware)

    if deadline.expired or not disagree(sample.upload):
        return sample.upload, Ending.BUDGET
    minimised = minimise(sample.upload, disagree, lambda: not deadline.expired)
    return minimised.upload, minimised.ending


def _disagreement(unit: Unit, firmware: Firmware, sample: Sample, deadline: Deadline) -> Disagreement:
    smallest, ending = _shrunk(unit, firmware, sample, deadline)
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


@pytest.mark.parametrize("form", CERTIFICATE_FORMS)
def test_a_certificate_file_is_decided_as_by_the_model(seen: Agreement, form: str) -> None:
    told = str(seen.of_certificate_form.get(form, ""))
    assert not told, told


@pytest.mark.parametrize("form", KEY_FORMS)
def test_a_key_file_is_decided_as_by_the_model(seen: Agreement, form: str) -> None:
    told = str(seen.of_key_form.get(form, ""))
    assert not told, told


def test_no_two_forms_together_are_decided_otherwise(seen: Agreement) -> None:
    told = "\n\n".join(map(str, seen.of_both))
    assert not told, told


def test_every_form_was_tried_with_every_other(seen: Agreement) -> None:
    assert seen.asked == len(CERTIFICATE_FORMS) * len(KEY_FORMS)
