"""The structures of X.509, PKCS#1, PKCS#5, PKCS#8 and DSA as OpenSSL's templates declare them.

Names are those of the standards: RFC 5280, RFC 8017, RFC 8018, RFC 5208. Each is checked against the ASN1_SEQUENCE
of the source file named beside it, down to what is OPTIONAL.
"""

from __future__ import annotations

from certstore.asn1 import (
    Any_,
    AnyType,
    BitStringType,
    Boolean,
    Choice,
    CLong,
    Field,
    Integer,
    Keeping,
    Long,
    Magnitude,
    ObjectIdentifier,
    OctetString,
    Repeated,
    Sequence,
    Utf8String,
    explicit,
    implicit,
)
from certstore.ber import (
    BIT_STRING,
    BMP_STRING,
    GENERALIZED_TIME,
    IA5_STRING,
    NULL,
    NUMERIC_STRING,
    OBJECT,
    PRINTABLE_STRING,
    SEQUENCE,
    SET,
    T61_STRING,
    UNIVERSAL_STRING,
    UTC_TIME,
    UTF8_STRING,
)

_CONSTRUCTED = 0x20
# tag2bit, tasn_dec.c: the tag numbers that count as "unknown", which ASN1_PRINTABLE allows.
_UNKNOWN = frozenset({7, 8, 9, 10, 11, 13, 14, 15, 29})

Time = AnyType(frozenset({UTC_TIME, GENERALIZED_TIME}))
# B_ASN1_PRINTABLE, asn1.h. OCTET STRING and VisibleString are not in it.
NameString = AnyType(
    _UNKNOWN
    | {
        BIT_STRING,
        UTF8_STRING,
        SEQUENCE & ~_CONSTRUCTED,
        NUMERIC_STRING,
        PRINTABLE_STRING,
        T61_STRING,
        IA5_STRING,
        UNIVERSAL_STRING,
        BMP_STRING,
    }
)

# x_algor.c
AlgorithmIdentifier = Sequence(
    (
        Field("algorithm", ObjectIdentifier),
        Field("parameters", Any_, optional=True),
    )
)

# x_name.c
AttributeTypeAndValue = Sequence((Field("type", ObjectIdentifier), Field("value", NameString)))
Name = Repeated(Repeated(AttributeTypeAndValue, tag=SET))

# x_pubkey.c
SubjectPublicKeyInfo = Sequence(
    (
        Field("algorithm", AlgorithmIdentifier),
        Field("subjectPublicKey", BitStringType),
    )
)

# x_exten.c
Extension = Sequence(
    (
        Field("extnID", ObjectIdentifier),
        Field("critical", Boolean, optional=True),
        Field("extnValue", OctetString),
    )
)

# x_val.c
Validity = Sequence((Field("notBefore", Time), Field("notAfter", Time)))

# x_x509.c
TBSCertificate = Keeping(
    Sequence(
        (
            Field("version", explicit(0, Integer), optional=True),
            Field("serialNumber", Integer),
            Field("signature", AlgorithmIdentifier),
            Field("issuer", Name),
            Field("validity", Validity),
            Field("subject", Name),
            Field("subjectPublicKeyInfo", Keeping(SubjectPublicKeyInfo)),
            Field("issuerUniqueID", implicit(1, BitStringType), optional=True),
            Field("subjectUniqueID", implicit(2, BitStringType), optional=True),
            Field("extensions", explicit(3, Repeated(Extension)), optional=True),
        )
    )
)
Certificate = Sequence(
    (
        Field("tbsCertificate", TBSCertificate),
        Field("signatureAlgorithm", AlgorithmIdentifier),
        Field("signature", BitStringType),
    )
)

# x_x509a.c: the trust settings that may follow a certificate.
CertificateAux = Sequence(
    (
        Field("trust", Repeated(ObjectIdentifier), optional=True),
        Field("reject", implicit(0, Repeated(ObjectIdentifier)), optional=True),
        Field("alias", Utf8String, optional=True),
        Field("keyid", OctetString, optional=True),
        Field("other", implicit(1, Repeated(AlgorithmIdentifier)), optional=True),
    )
)

# x_attrib.c. The single value that its CHOICE also allows can never be read: it is an optional ANY.
Attribute = Sequence((Field("type", ObjectIdentifier), Field("values", Repeated(Any_, tag=SET))))

# p8_pkey.c
PrivateKeyInfo = Sequence(
    (
        Field("version", Integer),
        Field("privateKeyAlgorithm", AlgorithmIdentifier),
        Field("privateKey", Any_),
        Field("attributes", implicit(0, Repeated(Attribute, tag=SET)), optional=True),
    )
)

# x_sig.c, where it is called X509_SIG
EncryptedPrivateKeyInfo = Sequence(
    (
        Field("encryptionAlgorithm", AlgorithmIdentifier),
        Field("encryptedData", OctetString),
    )
)

# rsa_asn1.c; no otherPrimeInfos.
RSAPrivateKey = Sequence(
    (
        Field("version", Long),
        Field("modulus", Magnitude),
        Field("publicExponent", Magnitude),
        Field("privateExponent", Magnitude),
        Field("prime1", Magnitude),
        Field("prime2", Magnitude),
        Field("exponent1", Magnitude),
        Field("exponent2", Magnitude),
        Field("coefficient", Magnitude),
    )
)
RSAPublicKey = Sequence((Field("modulus", Magnitude), Field("publicExponent", Magnitude)))

# dsa_asn1.c
DSAPrivateKey = Sequence(
    (
        Field("version", Long),
        Field("p", Magnitude),
        Field("q", Magnitude),
        Field("g", Magnitude),
        Field("y", Magnitude),
        Field("x", Magnitude),
    )
)
DSAParameters = Sequence((Field("p", Magnitude), Field("q", Magnitude), Field("g", Magnitude)))
# y alone, or with the parameters, a form that only 0.9.8 reads.
DSAPublicKey = Choice(
    (
        Magnitude,
        Sequence(
            (
                Field("y", Magnitude),
                Field("p", Magnitude),
                Field("q", Magnitude),
                Field("g", Magnitude),
            )
        ),
    )
)

# dh_asn1.c
DHParameters = Sequence((Field("p", Magnitude), Field("g", Magnitude), Field("length", Long, optional=True)))

# p5_pbe.c, p5_pbev2.c
PBEParameter = Sequence((Field("salt", OctetString), Field("iterationCount", CLong)))
PBES2Parameters = Sequence(
    (
        Field("keyDerivationFunc", AlgorithmIdentifier),
        Field("encryptionScheme", AlgorithmIdentifier),
    )
)
PBKDF2Parameters = Sequence(
    (
        Field("salt", Any_),
        Field("iterationCount", CLong),
        Field("keyLength", CLong, optional=True),
        Field("prf", AlgorithmIdentifier, optional=True),
    )
)

# ec_asn1.c. What hangs on an identifier inside is read as ANY first, and then again as what it should be.
Pentanomial = Sequence((Field("k1", Long), Field("k2", Long), Field("k3", Long)))
CharacteristicTwo = Sequence(
    (
        Field("m", Long),
        Field("basis", ObjectIdentifier),
        Field("parameters", Any_),
    )
)
FieldID = Sequence((Field("fieldType", ObjectIdentifier), Field("parameters", Any_)))
CurveCoefficients = Sequence(
    (
        Field("a", OctetString),
        Field("b", OctetString),
        Field("seed", BitStringType, optional=True),
    )
)
ECParameters = Sequence(
    (
        Field("version", Long),
        Field("fieldID", FieldID),
        Field("curve", CurveCoefficients),
        Field("base", OctetString),
        Field("order", Integer),
        Field("cofactor", Integer, optional=True),
    )
)
# ECPKPARAMETERS: a name, parameters, or NULL for implicitlyCA.
ECPKParameters = AnyType(frozenset({OBJECT, SEQUENCE & ~_CONSTRUCTED, NULL}))
ECPrivateKey = Sequence(
    (
        Field("version", Long),
        Field("privateKey", OctetString),
        Field("parameters", explicit(0, ECPKParameters), optional=True),
        Field("publicKey", explicit(1, BitStringType), optional=True),
    )
)

# ASN1_SEQUENCE_ANY, tasn_typ.c: what the broken forms of PKCS#8 DSA keys are taken apart with.
AnySequence = Repeated(Any_)

# RFC 8018 appendix B.2.3; ASN1_TYPE_get_int_octetstring, evp_asn1.c
RC2CBCParameter = Sequence((Field("rc2ParameterVersion", CLong), Field("iv", OctetString)))
