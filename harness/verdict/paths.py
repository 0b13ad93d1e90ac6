"""Two judges of a path to an anchor: one strict, of today, and one that still takes what yesterday took."""

from __future__ import annotations

import ipaddress
import warnings
from collections.abc import Sequence
from datetime import UTC, datetime

from cryptography import x509
from cryptography.x509 import verification

from harness.pki import general_name


def strict(chain: Sequence[x509.Certificate], trust: Sequence[x509.Certificate], name: str, at: datetime) -> str:
    """ "" where there is a path by RFC 5280 6.1 and the profile of the web's authorities; else why not."""
    subject = general_name(name)
    try:
        builder = verification.PolicyBuilder().store(verification.Store(list(trust))).time(at.astimezone(UTC))
        builder.build_server_verifier(subject).verify(chain[0], list(chain[1:]))
    except (verification.VerificationError, ValueError, x509.UnsupportedGeneralNameType) as error:
        return str(error).splitlines()[0] or type(error).__name__
    return ""


def lenient(chain: Sequence[x509.Certificate], trust: Sequence[x509.Certificate], at: datetime) -> str:
    """ "" where OpenSSL's store finds a path, weak keys, old digests and version 1 included; else why not."""
    from OpenSSL import crypto

    store = crypto.X509Store()
    store.set_time(at.astimezone(UTC))
    for anchor in trust:
        store.add_cert(crypto.X509.from_cryptography(anchor))
    leaf, *rest = (crypto.X509.from_cryptography(each) for each in chain)
    try:
        crypto.X509StoreContext(store, leaf, rest).verify_certificate()
    except (crypto.X509StoreContextError, crypto.Error) as error:
        return str(error)
    return ""


def names_it(certificate: x509.Certificate, name: str) -> bool:
    """Whether a subjectAltName of it names this host name or IP address (RFC 9525 6)."""
    from service_identity import CertificateError, VerificationError
    from service_identity.cryptography import (
        verify_certificate_hostname,
        verify_certificate_ip_address,
    )

    try:
        with warnings.catch_warnings():
            # It speaks of certificates without a subjectAltName, which is what is asked here.
            warnings.simplefilter("ignore")
            if is_address(name):
                verify_certificate_ip_address(certificate, name)
            else:
                verify_certificate_hostname(certificate, name)
    except (VerificationError, CertificateError, ValueError):
        return False
    return True


def is_address(name: str) -> bool:
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True
