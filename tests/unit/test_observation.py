"""What a status table has to hold of a certificate, however it prints names and dates."""

from datetime import UTC, datetime
from itertools import product

import pytest

from harness import pki
from harness.observation import describes, rows_shown
from harness.unit import LocalCertificate

LEAF = pki.pem_to_der(pki.run_authority().issue("192.0.2.7", common_name="mcu seven").certificate_pem)
OTHER = pki.pem_to_der(pki.run_authority().issue("192.0.2.8", common_name="mcu eight").certificate_pem)
ISSUER = "mcu-hil test intermediate 2"

NAMES = ("C=GB, CN={}", "/C=GB/CN={}", "C GB CN {}")
DATES = ("{:%a %d %b %Y %H:%M:%S}", "{:%Y-%m-%d}", "{:%d/%m/%y}")
FROM, TO = datetime(2005, 1, 1, tzinfo=UTC), datetime(2045, 1, 1, tzinfo=UTC)


def table(name: str = NAMES[0], date: str = DATES[0]) -> LocalCertificate:
    return LocalCertificate(
        name.format("mcu seven"), name.format(ISSUER), date.format(FROM), date.format(TO), "Key matches certificate"
    )


@pytest.mark.parametrize(("name", "date"), list(product(NAMES, DATES)))
def test_a_table_describes_its_certificate_in_any_layout_and_no_other(name: str, date: str) -> None:
    assert describes(table(name, date), LEAF)
    assert not describes(table(name, date), OTHER)


def test_a_date_on_the_other_side_of_midnight_is_the_same_date() -> None:
    assert describes(LocalCertificate("mcu seven", ISSUER, "31 Dec 2004", "31 Dec 2044", ""), LEAF)


WRONG = {
    "names-swapped": LocalCertificate(ISSUER, "mcu seven", "2005", "2045", ""),
    "issuer-is-subject": LocalCertificate("mcu seven", "mcu seven", "2005", "2045", ""),
    "dates-swapped": LocalCertificate("mcu seven", ISSUER, "2045", "2005", ""),
}


@pytest.mark.parametrize("shown", WRONG.values(), ids=WRONG)
def test_a_table_that_mixes_its_rows_up_does_not_describe_it(shown: LocalCertificate) -> None:
    assert not describes(shown, LEAF)


def test_a_row_that_is_not_shown_says_nothing_wrong() -> None:
    shown = LocalCertificate("mcu seven", "", "", "2045", "")
    assert list(rows_shown(shown)) == ["Subject", "Expires"]
    assert describes(shown, LEAF)
