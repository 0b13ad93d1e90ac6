"""Whether the status table of Network > SSL certificates prints what is in a certificate, however it is laid out."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta, timezone

from cryptography import x509
from cryptography.x509.oid import NameOID

from harness.unit import LocalCertificate

PARTS = {
    NameOID.COUNTRY_NAME: "C",
    NameOID.STATE_OR_PROVINCE_NAME: "ST",
    NameOID.LOCALITY_NAME: "L",
    NameOID.ORGANIZATION_NAME: "O",
    NameOID.ORGANIZATIONAL_UNIT_NAME: "OU",
    NameOID.COMMON_NAME: "CN",
}
"""Those that the help names (device-reference 2.2, mark D)."""
NUMBER = re.compile(r"\d+")
MONTH = re.compile(r"\b(jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*\b")
OFFSETS = sorted((timedelta(minutes=15 * quarter) for quarter in range(-48, 57)), key=abs)
"""Of the time zones that there are, the unit's own being unknown; the nearest first."""


def left_out(table: LocalCertificate, leaf: bytes) -> str:
    """Which parts of the names do not stand in their rows, in words."""
    certificate = x509.load_der_x509_certificate(leaf)
    rows = {"Subject": (table.subject, certificate.subject), "Issuer": (table.issuer, certificate.issuer)}
    missing = [
        f"{label} {PARTS[part.oid]}"
        for label, (text, name) in rows.items()
        for part in name
        if part.oid in PARTS and str(part.value) not in text
    ]
    return ", ".join(missing) or "nothing"


def dates_are_of(table: LocalCertificate, leaf: bytes) -> bool:
    """Whether the rows have the dates of this certificate: no number that is not one of theirs, in some time zone."""
    certificate = x509.load_der_x509_certificate(leaf)
    rows = {table.issued: certificate.not_valid_before_utc, table.expires: certificate.not_valid_after_utc}
    return all(_is_of(text, moment) for text, moment in rows.items())


def _is_of(text: str, moment: datetime) -> bool:
    numbers = {int(found) for found in NUMBER.findall(text)}
    return any(_names(text, at) and numbers <= set(_numbers(at)) for at in _around(moment))


def _around(moment: datetime) -> Iterator[datetime]:
    for offset in OFFSETS:
        try:
            yield moment.replace(tzinfo=UTC).astimezone(timezone(offset))
        except OverflowError:
            # The last moment that there is (RFC 5280 4.1.2.5) is in no later time zone.
            continue


def _names(text: str, at: datetime) -> bool:
    """The day, and the month in letters or digits."""
    numbers, months = {int(found) for found in NUMBER.findall(text)}, MONTH.findall(text.lower())
    return at.day in numbers and (months == [f"{at:%b}".lower()] if months else at.month in numbers)


def _numbers(at: datetime) -> tuple[int, ...]:
    return at.year, at.year % 100, at.month, at.day, at.hour, at.hour % 12 or 12, at.minute, at.second
