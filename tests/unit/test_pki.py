"""Test authorities issue chains that the usual verifiers accept, and refuse when they should."""

from __future__ import annotations

import ipaddress
import itertools
from datetime import UTC, datetime

import pytest
from cryptography import x509
from cryptography.x509.verification import PolicyBuilder, Store, VerificationError

from harness import pki
from harness.pki import Authority

NOW = datetime(2026, 6, 1, tzinfo=UTC)


@pytest.fixture(scope="module")
def authority() -> Authority:
    return Authority.create(intermediates=2)


def verify(issued: pki.Issued, anchor: Authority, subject: x509.IPAddress | x509.DNSName) -> list[x509.Certificate]:
    # The intermediates of test units live longer than any public authority's, which only end-entity rules mind.
    verifier = PolicyBuilder().store(Store([anchor.root])).time(NOW).build_server_verifier(subject)
    return verifier.verify(issued.chain[0], list(issued.chain[1:]))


def test_an_issued_chain_leads_to_its_root(authority: Authority) -> None:
    issued = authority.issue("127.10.0.3", "mcu.example")

    assert len(issued.chain) == 3
    verified = verify(issued, authority, x509.IPAddress(ipaddress.ip_address("127.10.0.3")))
    assert verified == [*issued.chain, authority.root]
    assert verify(issued, authority, x509.DNSName("mcu.example")) == verified


def test_another_root_does_not_vouch_for_it(authority: Authority) -> None:
    with pytest.raises(VerificationError, match="candidates exhausted"):
        verify(authority.issue("mcu.example"), Authority.create(), x509.DNSName("mcu.example"))


def test_another_name_is_not_its_name(authority: Authority) -> None:
    with pytest.raises(VerificationError, match="leaf certificate has no matching subjectAltName"):
        verify(authority.issue("mcu.example"), authority, x509.DNSName("other.example"))


NAMED = {
    "ip-address": (("127.10.0.3",), "127.10.0.3", True),
    "host-name": (("mcu.example",), "mcu.example", True),
    "second-name": (("mcu.example", "127.10.0.3"), "127.10.0.3", True),
    "another-address": (("127.10.0.3",), "127.10.0.4", False),
    "part-of-a-name": (("mcu.example",), "example", False),
}


@pytest.mark.parametrize(("names", "asked", "named"), NAMED.values(), ids=NAMED)
def test_a_leaf_names_what_it_was_issued_for(
    authority: Authority, names: tuple[str, ...], asked: str, named: object
) -> None:
    assert pki.names_address(authority.issue(*names).chain_der[0], asked) is named


def test_a_root_names_itself_by_common_name_alone(authority: Authority) -> None:
    """Certificates of the unit's age have no alternative names."""
    [common_name] = authority.root.subject.get_attributes_for_oid(x509.NameOID.COMMON_NAME)

    assert pki.names_address(pki.pem_to_der(pem(authority.root)), str(common_name.value))


def test_keys_take_turns() -> None:
    keys = [pki.rsa_key() for _ in range(pki.POOL_SIZE + 2)]

    assert all(one is not following for one, following in itertools.pairwise(keys))
    assert len({id(key) for key in keys}) <= pki.POOL_SIZE


def test_a_key_is_in_no_repr(authority: Authority) -> None:
    issued = authority.issue("mcu.example")

    numbers = issued.key.private_numbers()
    for shown in (repr(issued), repr(authority)):
        assert "PrivateKey" not in shown
        assert str(numbers.d) not in shown


def pem(certificate: x509.Certificate) -> bytes:
    from cryptography.hazmat.primitives.serialization import Encoding

    return certificate.public_bytes(Encoding.PEM)
