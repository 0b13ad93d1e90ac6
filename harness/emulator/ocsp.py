"""Whether a client's certificate has been revoked, asked of the one OCSP server that is configured (RFC 6960).

OCSP addresses in certificates are ignored, and there are no revocation lists (device-reference 2.4, mark D).
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Iterable
from typing import Literal
from urllib.parse import urlsplit

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import ocsp

from harness.emulator.outgoing import FAILURES, posted
from harness.emulator.trust import UNREADABLE, Trust
from harness.emulator.users import LoginFault

LARGEST_ANSWER = 64 * 2**10

UNUSABLE = (*FAILURES, *UNREADABLE, TypeError, InvalidSignature, x509.ExtensionNotFound)


class Unanswered(Exception):
    """Nobody says how the certificate stands."""


async def objection(
    certificate: bytes, trust: Trust, address: str, without_answer: Literal["refused", "admitted"]
) -> LoginFault | None:
    """Why this certificate may not be used; None where it may. `address` is where the unit asks from."""
    if not trust.ocsp_check:
        return None
    try:
        # A task, because there is a limit to its time: who asks for it need not be one (harness/emulator/eager.py).
        is_revoked = await asyncio.create_task(_is_revoked(certificate, trust, address))
    except Unanswered:
        return LoginFault.NO_STATUS if without_answer == "refused" else None
    return LoginFault.REVOKED if is_revoked else None


async def _is_revoked(certificate: bytes, trust: Trust, address: str) -> bool:
    """Raises Unanswered."""
    try:
        subject = x509.load_der_x509_certificate(certificate)
        issuer = _issuer_of(subject, trust)
        request = ocsp.OCSPRequestBuilder().add_certificate(subject, issuer, hashes.SHA1())
        nonce = os.urandom(16) if trust.ocsp_nonce else None
        if nonce is not None:
            request = request.add_extension(x509.OCSPNonce(nonce), critical=False)
        body = request.build().public_bytes(Encoding.DER)
        async with posted(urlsplit(trust.ocsp_url), body, "application/ocsp-request", trust, address) as reader:
            answer = await reader.read(LARGEST_ANSWER)
            while more := await reader.read(LARGEST_ANSWER):
                answer += more
                if len(answer) > LARGEST_ANSWER:
                    raise Unanswered
        return _says_revoked(ocsp.load_der_ocsp_response(answer.partition(b"\r\n\r\n")[2]), subject, issuer, nonce)
    except UNUSABLE as error:
        raise Unanswered from error


def _issuer_of(subject: x509.Certificate, trust: Trust) -> x509.Certificate:
    """Of the HTTPS trust store."""
    for anchor in trust.anchors("https"):
        candidate = x509.load_der_x509_certificate(anchor)
        if candidate.subject == subject.issuer:
            subject.verify_directly_issued_by(candidate)
            return candidate
    raise Unanswered


def _says_revoked(
    answer: ocsp.OCSPResponse, subject: x509.Certificate, issuer: x509.Certificate, nonce: bytes | None
) -> bool:
    is_answer = answer.response_status is ocsp.OCSPResponseStatus.SUCCESSFUL
    if not is_answer or answer.serial_number != subject.serial_number:
        raise Unanswered
    if nonce is not None and answer.extensions.get_extension_for_class(x509.OCSPNonce).value.nonce != nonce:
        raise Unanswered
    _verify(answer, issuer, answer.certificates)
    if answer.certificate_status is ocsp.OCSPCertStatus.UNKNOWN:
        raise Unanswered
    return answer.certificate_status is ocsp.OCSPCertStatus.REVOKED


def _verify(answer: ocsp.OCSPResponse, issuer: x509.Certificate, others: Iterable[x509.Certificate]) -> None:
    """Signed by who issued the certificate, or by whom that names in one for the purpose (RFC 6960 4.2.2.2)."""
    signer = issuer
    for other in others:
        uses = other.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
        other.verify_directly_issued_by(issuer)
        if x509.oid.ExtendedKeyUsageOID.OCSP_SIGNING in uses:
            signer = other
    key, digest = signer.public_key(), answer.signature_hash_algorithm
    if not isinstance(key, rsa.RSAPublicKey) or digest is None:
        raise Unanswered
    key.verify(answer.signature, answer.tbs_response_bytes, padding.PKCS1v15(), digest)
