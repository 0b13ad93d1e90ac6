"""Mutations of a case that keep most of it valid, so that they reach what lies behind base64, PEM and DER.

Random octets in a PEM file seldom get past its first line. Here the DER inside a block is changed and the block is
written anew around it; lines, headers, labels, passphrase and switches are changed on their own; and blocks are
taken over from the seeds.
"""

from __future__ import annotations

import re
from binascii import Error as BadBase64
from binascii import a2b_base64
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import accumulate
from random import Random

from tests.fuzz.case import ALL_SWITCHES, Case, Switch
from tests.fuzz.der import Mutate, Mutator, snippets
from tests.fuzz.seeds import PASSPHRASE, pem
from tests.fuzz.words import LABELS, LINES

_BLOCK = re.compile(
    rb"-----BEGIN ([A-Za-z0-9 ]*)-----\r?\n((?:[A-Z][!-~ ]*\r?\n)*\r?\n)?([A-Za-z0-9+/=\r\n]+)-----END [^\n]*\n?"
)
_PASSPHRASES = (PASSPHRASE, b"", b"\xe4", b"x" * 1024, b"x" * 1025, b"fuz\0")


@dataclass(frozen=True, slots=True)
class _Block:
    start: int
    end: int
    label: bytes
    header: bytes
    der: bytes


class CaseMutator:
    """Changes cases; `mutate` is libFuzzer's own mutation of octets, with its dictionary."""

    def __init__(self, seeds: Sequence[Case], mutate: Mutate) -> None:
        self._random = Random()
        self._seeds = seeds
        self._mutate = mutate
        pool: set[bytes] = set()
        for seed in seeds:
            for file in (seed.certificate, seed.private_key):
                for block in _blocks(file):
                    pool |= snippets(block.der)
        self._der = Mutator(self._random, sorted(pool), mutate)
        weighted: dict[Callable[[Case], None], int] = {
            self._change_certificate: 40,
            self._change_key: 40,
            self._change_switches: 4,
            self._change_passphrase: 4,
            self._take_key: 4,
            self._take_certificates: 3,
            self._append_block: 3,
            self._take_pair: 2,
        }
        self._changes = tuple(weighted)
        self._weights = tuple(accumulate(weighted.values()))
        # What to do to a file; DER first of all.
        edits: dict[Callable[[bytes], bytes], int] = {
            self._with_der_changed: 60,
            self._with_octets_changed: 15,
            self._with_a_line_planted: 8,
            self._with_a_line_gone: 4,
            self._with_a_line_doubled: 3,
            self._with_other_columns: 4,
            self._with_other_label: 3,
            self._with_other_line_ends: 3,
        }
        self._edits = tuple(edits)
        self._edit_weights = tuple(accumulate(edits.values()))

    def __call__(self, octets: bytes, longest: int, seed: int) -> bytes:
        """The case with one thing changed, in at most `longest` octets."""
        self._random.seed(seed)
        case = Case.read(bytes(octets))
        self._random.choices(self._changes, cum_weights=self._weights)[0](case)
        return case.written()[:longest]

    def _change_certificate(self, case: Case) -> None:
        case.certificate = self._edited(case.certificate)

    def _change_key(self, case: Case) -> None:
        case.private_key = self._edited(case.private_key)

    def _change_switches(self, case: Case) -> None:
        # Mostly the branch: the other switches only add refusals.
        if self._random.random() < 0.6:
            case.switches ^= Switch.NEWER_BRANCH.value
        else:
            case.switches = self._random.randrange(ALL_SWITCHES + 1)

    def _change_passphrase(self, case: Case) -> None:
        if self._random.random() < 0.5:
            case.passphrase = self._random.choice(_PASSPHRASES)
        else:
            case.passphrase = self._mutate(case.passphrase, len(case.passphrase) + 16)

    def _take_key(self, case: Case) -> None:
        case.private_key = self._random.choice(self._seeds).private_key
        case.passphrase = PASSPHRASE

    def _take_certificates(self, case: Case) -> None:
        case.certificate = self._random.choice(self._seeds).certificate

    def _take_pair(self, case: Case) -> None:
        other = self._random.choice(self._seeds)
        case.certificate, case.private_key, case.passphrase = other.certificate, other.private_key, PASSPHRASE

    def _append_block(self, case: Case) -> None:
        other = self._random.choice(self._seeds)
        file = other.private_key if self._random.random() < 0.2 else other.certificate
        case.certificate += file
        if self._random.random() < 0.2:
            case.private_key = file + case.private_key

    def _edited(self, file: bytes) -> bytes:
        return self._random.choices(self._edits, cum_weights=self._edit_weights)[0](file)

    def _with_der_changed(self, file: bytes) -> bytes:
        blocks = _blocks(file)
        if not blocks:
            return self._with_octets_changed(file)
        block = self._random.choice(blocks)
        # Behind a header is ciphertext, in which there is nothing to be read.
        der = self._mutate(block.der, len(block.der) + 16) if block.header else self._der.changed(block.der)
        return file[: block.start] + pem(block.label, der, block.header) + file[block.end :]

    def _with_octets_changed(self, file: bytes) -> bytes:
        return self._mutate(file, len(file) + 64)

    def _with_a_line_planted(self, file: bytes) -> bytes:
        at = self._line_start(file)
        return file[:at] + self._random.choice(LINES) + b"\n" + file[at:]

    def _with_a_line_gone(self, file: bytes) -> bytes:
        at = self._line_start(file)
        return file[:at] + file[file.find(b"\n", at) + 1 or len(file) :]

    def _with_a_line_doubled(self, file: bytes) -> bytes:
        at = self._line_start(file)
        end = file.find(b"\n", at) + 1 or len(file)
        return file[:end] + file[at:end] + file[end:]

    def _with_other_columns(self, file: bytes) -> bytes:
        """A line end gone or put in somewhere."""
        at = self._line_start(file)
        if at and self._random.random() < 0.5:
            return file[: at - 1] + file[at:]
        at += self._random.randrange(80)
        return file[:at] + b"\n" + file[at:]

    def _with_other_label(self, file: bytes) -> bytes:
        blocks = _blocks(file)
        if not blocks:
            return file
        block = self._random.choice(blocks)
        label = self._random.choice(LABELS)
        return file[: block.start] + pem(label, block.der, block.header) + file[block.end :]

    def _with_other_line_ends(self, file: bytes) -> bytes:
        return file.replace(b"\n", self._random.choice((b"\r\n", b" \n", b"\r", b"\n\n", b"\xa0\n", b"\0\n")))

    def _line_start(self, file: bytes) -> int:
        return file.find(b"\n", self._random.randrange(len(file) + 1)) + 1


def _blocks(file: bytes) -> list[_Block]:
    found = []
    for match in _BLOCK.finditer(file):
        label, header, text = match.groups()
        try:
            der = a2b_base64(text)
        except BadBase64:
            continue
        found.append(_Block(match.start(), match.end(), label, header or b"", der))
    return found
