"""How one unit shows, without a restart, whether it has stored an upload.

The status table may describe the stored or the running pair (device-reference 2.2, mark U), and a flag that is set
stays set. So a unit is asked first: an upload that every firmware takes tells whether the table follows, and if not,
two good and two bad ones tell which words its answers have for good ones only.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from weakref import WeakKeyDictionary

from certstore import Upload
from harness import catalogue, pki
from harness.errors import UnitError
from harness.unit import Answer, Unit


@dataclass(frozen=True)
class Telltale:
    """Learned from one unit."""

    by_table: bool
    """Whether the status table describes what is stored."""
    words: frozenset[str]
    """Lines that its page has after good uploads only; asked where the table tells nothing."""

    def has_taken(self, answer: Answer, common_name: str) -> bool:
        """Whether the upload of a leaf with this name, and no earlier one, was stored."""
        if self.by_table:
            return _shows(answer, common_name)
        return self.words <= answer.page.lines


_known: WeakKeyDictionary[Unit, Telltale] = WeakKeyDictionary()


def telltale_of(unit: Unit) -> Telltale:
    """Learned with uploads of our own when it is first asked for; then a good pair is stored.

    Raises UnitError where neither table nor words tell good uploads from bad ones.
    """
    if unit not in _known:
        _known[unit] = _learned(unit)
    return _known[unit]


def _learned(unit: Unit) -> Telltale:
    good = _good(unit)
    if good is None:
        return Telltale(by_table=True, words=frozenset())
    bad = [unit.upload(make(unit.place.address)) for make in (catalogue.no_passphrase, catalogue.fields_swapped)]
    again = _good(unit)
    words = (good.page.lines & again.page.lines) - bad[0].page.lines - bad[1].page.lines if again else None
    if not words:
        raise UnitError(
            f"{unit.place.name}: after a good upload neither the status table nor the words of the page differ from"
            " those after a bad one: without a restart nobody can tell which of them it stores"
        )
    return Telltale(by_table=False, words=words)


def _good(unit: Unit) -> Answer | None:
    """The answer to a good upload; None where the table follows it."""
    name = f"mcu-hil {secrets.token_hex(4)}"
    issued = pki.run_authority().issue(unit.place.address, common_name=name)
    # The leaf alone and a plain key: what else a unit takes is to be found out with its help.
    answer = unit.upload(Upload(issued.certificate_blocks[0], pki.key_pem(issued.key), None))
    return None if _shows(answer, name) else answer


def _shows(answer: Answer, common_name: str) -> bool:
    # That the rows are not mixed up is another claim's matter.
    return any(common_name in row for row in (answer.local_certificate.subject, answer.local_certificate.issuer))
