"""The two branches of OpenSSL that firmware of this family may be built on, and all that reads differently in them.

0.9.8 stands for 0.9.8zh and 1.0.1 for 1.0.1j, built as they come. A column of this table is the only way in which
the code tells them apart.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from certstore import identifiers
from certstore.ciphers import ALIASES, CIPHERS, Cipher, Mode, short_cfb1


class KeyType(StrEnum):
    """Public key algorithms. DH and HMAC keys can be read by one branch, and then cannot serve."""

    RSA = "RSA"
    DSA = "DSA"
    EC = "EC"
    DH = "DH"
    HMAC = "HMAC"


@dataclass(frozen=True, slots=True)
class Branch:
    """One OpenSSL branch. Each field is one difference, with the source file that makes it."""

    name: str

    # check_pem and PEM_read_bio_PrivateKey, pem_lib.c and pem_pkey.c: labels of traditional keys. From 1.0.0 the
    # type before PRIVATE KEY is looked up without regard to case.
    traditional_label: re.Pattern[bytes] = field(repr=False)
    # d2i_PrivateKey, d2i_pr.c: from 1.0.0 such a label may stand before PKCS#8 of any type.
    reads_pkcs8_under_traditional_labels: bool

    # OpenSSL_add_all_ciphers, c_allc.c, with the default configuration; by name and alias.
    ciphers: Mapping[str, Cipher] = field(repr=False)
    # OpenSSL_add_all_digests, c_alld.c: those that PBES1 and PKCS#12 schemes name.
    pbe_digests: frozenset[str]
    # PKCS5_v2_PBE_keyivgen, p5_crpt2.c; builtin_pbe, evp_pbe.c.
    prfs: frozenset[str]

    # EVP_PKCS82PKEY, evp_pkey.c: 0.9.8 compares three identifiers; from 1.0.0 EVP_PKEY_set_type follows aliases.
    pkcs8_algorithms: Mapping[bytes, KeyType] = field(repr=False)
    # PKCS8_pkey_get0, p8_pkey.c: from 1.0.0 the key is an OCTET STRING or, by an old mistake, a SEQUENCE.
    # 0.9.8 takes the content octets of whatever type stands there.
    reads_pkcs8_key_of_any_type: bool
    # dsa_priv_decode, dsa_ameth.c: from 1.0.1 a negative private INTEGER is read as if it had no sign.
    reads_negative_dsa_key_as_unsigned: bool
    # dsa_pub_decode, dsa_ameth.c, against d2i_DSAPublicKey, dsa_asn1.c: 0.9.8 also reads a SEQUENCE with the
    # parameters in it, drops the sign, and looks at the algorithm's parameters only if they are a SEQUENCE.
    reads_dsa_public_key_with_parameters: bool
    # d2i_ECPrivateKey, ec_asn1.c: 0.9.8 leaves the public key empty and crashes on comparing it.
    computes_missing_ec_public_key: bool
    # ec_GF2m_simple_set_compressed_coordinates, ec2_smpl.c: left out of 0.9.8 for a patent's sake.
    reads_compressed_binary_points: bool

    # asn1_d2i_ex_primitive, tasn_dec.c: 0.9.8zh refuses an INTEGER, OBJECT, NULL or BOOLEAN in pieces.
    reads_scalars_in_pieces: bool
    # c2i_ASN1_BIT_STRING, a_bitstr.c: 0.9.8zh refuses more than seven unused bits.
    reads_bit_strings_with_many_unused_bits: bool
    # x509_name_canon, x_name.c: from 1.0.0 the strings of a name are converted to UTF-8 when it is read.
    canonicalises_names: bool

    def __str__(self) -> str:
        return self.name


def _named(ciphers: Iterable[Cipher], short_cfb1_ciphers: Collection[str]) -> Mapping[str, Cipher]:
    named = {cipher.name: short_cfb1(cipher) if cipher.name in short_cfb1_ciphers else cipher for cipher in ciphers}
    return named | {alias: named[name] for alias, name in ALIASES.items() if name in named}


# 0.9.8 is configured without SEED and Camellia unless told otherwise; counter modes came with 1.0.1.
_NEWER_FAMILIES = ("SEED", "CAMELLIA", "RC4-HMAC-MD5")
_NEWER_MODES = (Mode.CTR, Mode.XTS, Mode.GCM)

_MAIN_ALGORITHMS = {
    identifiers.RSA_ENCRYPTION: KeyType.RSA,
    identifiers.DSA: KeyType.DSA,
    identifiers.EC_PUBLIC_KEY: KeyType.EC,
}
# EVP_PKEY_type, p_lib.c, and the aliases of rsa_ameth.c and dsa_ameth.c.
_ALIASES = {
    identifiers.RSA_X500: KeyType.RSA,
    identifiers.DSA_OLD: KeyType.DSA,
    identifiers.DSA_WITH_SHA: KeyType.DSA,
    identifiers.DSA_WITH_SHA1: KeyType.DSA,
    identifiers.DSA_WITH_SHA1_OLD: KeyType.DSA,
}
# What a certificate's key may be, in both branches.
CERTIFICATE_ALGORITHMS = {**_MAIN_ALGORITHMS, **_ALIASES, identifiers.DH_KEY_AGREEMENT: KeyType.DH}

OPENSSL_0_9_8 = Branch(
    name="0.9.8",
    traditional_label=re.compile(rb"(RSA|DSA|EC) PRIVATE KEY"),
    reads_pkcs8_under_traditional_labels=False,
    ciphers=_named(
        (
            cipher
            for cipher in CIPHERS.values()
            if not cipher.family.name.startswith(_NEWER_FAMILIES) and cipher.mode not in _NEWER_MODES
        ),
        short_cfb1_ciphers=("DES-CFB1", "DES-EDE3-CFB1"),
    ),
    pbe_digests=frozenset({"md2", "md5", "sha1"}),
    prfs=frozenset({"sha1"}),
    pkcs8_algorithms=_MAIN_ALGORITHMS,
    reads_pkcs8_key_of_any_type=True,
    reads_negative_dsa_key_as_unsigned=False,
    reads_dsa_public_key_with_parameters=True,
    computes_missing_ec_public_key=False,
    reads_compressed_binary_points=False,
    reads_scalars_in_pieces=False,
    reads_bit_strings_with_many_unused_bits=False,
    canonicalises_names=False,
)
OPENSSL_1_0_1 = Branch(
    name="1.0.1",
    traditional_label=re.compile(rb"((?i:RSA|DSA|EC|HMAC)) PRIVATE KEY"),
    reads_pkcs8_under_traditional_labels=True,
    ciphers=_named(CIPHERS.values(), short_cfb1_ciphers=("DES-EDE3-CFB1",)),
    pbe_digests=frozenset({"md5", "sha1"}),
    prfs=frozenset({"md5", "sha1", "sha224", "sha256", "sha384", "sha512"}),
    pkcs8_algorithms=CERTIFICATE_ALGORITHMS,
    reads_pkcs8_key_of_any_type=False,
    reads_negative_dsa_key_as_unsigned=True,
    reads_dsa_public_key_with_parameters=False,
    computes_missing_ec_public_key=True,
    reads_compressed_binary_points=True,
    reads_scalars_in_pieces=True,
    reads_bit_strings_with_many_unused_bits=True,
    canonicalises_names=True,
)
BRANCHES = {branch.name: branch for branch in (OPENSSL_0_9_8, OPENSSL_1_0_1)}
