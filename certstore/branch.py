"""The two branches of OpenSSL that firmware of this family may be built on, and all that reads differently in them.

0.9.8 stands for 0.9.8zh, 1.0.1 for 1.0.1j; a column of this table is the only way in which the code tells them apart.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Branch:
    """One OpenSSL branch. Each field is one difference, with the source file that makes it."""

    name: str
    # asn1_d2i_ex_primitive, tasn_dec.c: 0.9.8zh has the check of CVE-2015-1790's time, 1.0.1j does not.
    reads_scalars_in_pieces: bool
    # c2i_ASN1_BIT_STRING, a_bitstr.c: since CVE-2014-8275.
    reads_bit_strings_with_many_unused_bits: bool
    # x509_name_canon, x_name.c: from 1.0.0 every name is converted to UTF-8 while it is read.
    canonicalises_names: bool
    # d2i_PrivateKey, d2i_pr.c: from 1.0.0 the traditional labels may hold PKCS#8.
    reads_pkcs8_under_traditional_labels: bool

    def __str__(self) -> str:
        return self.name


OPENSSL_0_9_8 = Branch(
    name="0.9.8",
    reads_scalars_in_pieces=False,
    reads_bit_strings_with_many_unused_bits=False,
    canonicalises_names=False,
    reads_pkcs8_under_traditional_labels=False,
)
OPENSSL_1_0_1 = Branch(
    name="1.0.1",
    reads_scalars_in_pieces=True,
    reads_bit_strings_with_many_unused_bits=True,
    canonicalises_names=True,
    reads_pkcs8_under_traditional_labels=True,
)
BRANCHES = {branch.name: branch for branch in (OPENSSL_0_9_8, OPENSSL_1_0_1)}
