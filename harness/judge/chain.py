"""How the certificates of a file hang together: who issued whom, whatever order they stand in."""

from __future__ import annotations

import warnings
from collections.abc import Sequence

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm

from harness.judge.certificate_facts import CertificateFacts

# What cryptography raises over certificates that a unit takes and it does not, and over digests it has given up.
_UNREADABLE = (ValueError, TypeError, UnsupportedAlgorithm, x509.InvalidVersion)


def claims_issuer(certificate: CertificateFacts, issuer: CertificateFacts) -> bool:
    """Whether names, and key identifiers where both have them, say that `issuer` issued `certificate`."""
    if certificate.issuer_id is None or certificate.issuer_id != issuer.subject_id:
        return False
    either_silent = certificate.issuer_key_id is None or issuer.key_id is None
    return either_silent or certificate.issuer_key_id == issuer.key_id


def path_from_leaf(certificates: Sequence[CertificateFacts]) -> tuple[int, ...]:
    """Positions of the leaf (0), its issuer, that one's issuer, as far as the file goes."""
    path = [0]
    seen = {certificates[0].sha256}
    while not certificates[path[-1]].self_issued:
        issuers = (
            at
            for at, candidate in enumerate(certificates)
            if candidate.sha256 not in seen and claims_issuer(certificates[path[-1]], candidate)
        )
        found = next(issuers, None)
        if found is None:
            break
        seen.add(certificates[found].sha256)
        path.append(found)
    return tuple(path)


def signature_is_wrong(certificate: CertificateFacts, issuer: CertificateFacts) -> bool:
    """Whether the signature is provably not the issuer's; one that cannot be checked is not called wrong."""
    try:
        with warnings.catch_warnings():
            # cryptography warns of oddities that are no matter here, such as a negative serial number.
            warnings.simplefilter("ignore")
            child = x509.load_der_x509_certificate(certificate.encoding)
            child.verify_directly_issued_by(x509.load_der_x509_certificate(issuer.encoding))
    except InvalidSignature:
        return True
    except _UNREADABLE:
        return False
    return False
