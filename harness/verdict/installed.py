"""Checks 1 to 6: is what was uploaded what is served?"""

from __future__ import annotations

from cryptography.hazmat.primitives import serialization

from harness.tls.handshake import fingerprint
from harness.verdict.certificates import is_self_signed, read_certificate, signed_by, title
from harness.verdict.expectation import Expectation
from harness.verdict.finding import Finding, faults, judged
from harness.verdict.flight import Malformed
from harness.verdict.hello import suites
from harness.verdict.possession import proves, signs
from harness.verdict.probe import Reply
from harness.verdict.sighting import Sighting, Unmeasurable


def leaf_is_the_uploaded(sighting: Sighting, expectation: Expectation) -> Finding:
    wanted = fingerprint(expectation.chain[0]) if expectation.chain else expectation.leaf
    if wanted is None:
        raise Unmeasurable("say which leaf is expected: --upload or --expect-leaf")
    seen = fingerprint(sighting.chain[0])
    # What people forget most (device-reference 12, mark D).
    hint = "" if seen == wanted else ": a unit serves what it had until it is restarted"
    return judged(f"sha256:{wanted}", f"sha256:{seen}{hint}", holds=seen == wanted)


def old_leaf_is_gone(sighting: Sighting, expectation: Expectation) -> Finding:
    if expectation.old_leaf is None:
        raise Unmeasurable("say which leaf was served before: --old-leaf")
    chains = list(sighting.chains)
    if not chains:
        raise Unmeasurable("it presents no certificate")
    still = [f"{way} serves it" for way, chain in chains if chain and fingerprint(chain[0]) == expectation.old_leaf]
    ways = ", ".join(way for way, _ in chains)
    return faults(f"sha256:{expectation.old_leaf} is served nowhere", still, f"another leaf by {ways}")


def key_fits_leaf(_: Sighting, expectation: Expectation) -> Finding:
    if expectation.key is None or not expectation.chain:
        raise Unmeasurable("give what was uploaded: --upload and --key")
    try:
        public = read_certificate(expectation.chain[0], "the uploaded leaf").public_key()
    except Malformed as error:
        raise Unmeasurable(str(error)) from error
    form = serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    fits = public.public_bytes(*form) == expectation.key
    return judged("the key of the leaf", "it is" if fits else "the key of another certificate", holds=fits)


def key_is_held(sighting: Sighting, _: Expectation) -> Finding:
    expected = "a signature by the leaf's key, or a handshake that is completed"
    proofs = [_proof(reply) for reply in sighting.readable]
    signed = [f"{way}: the signature is " + ("good" if good else "not by it") for way, good in filter(None, proofs)]
    if any(proof is not None and not proof[1] for proof in proofs):
        return judged(expected, "; ".join(signed), holds=False)
    if signed:
        return judged(expected, "; ".join(signed), holds=True)
    if not sighting.versions:
        raise Unmeasurable("it speaks no version of TLS")
    try:
        whole = sighting.handshake
    except Unmeasurable:
        # OpenSSL of today does without SSL 3.0, RC4 and 3DES; here they are completed all the same.
        ours = sighting.exchange_keys()
        observed = f"{ours.suite}: {ours.words or 'completed'}"
        return judged(expected, observed, holds=ours.proves and ours.leaf == sighting.chain[0])
    if whole.leaf != sighting.chain[0]:
        return judged(expected, f"{whole.protocol_version} completed with another leaf", holds=False)
    return judged(expected, f"{whole.protocol_version} with {whole.cipher_suite} completed", holds=True)


def _proof(reply: Reply) -> tuple[str, bool] | None:
    """Version, and whether the leaf's key signed; None where the suite is one that does without."""
    suite = suites().get(reply.hello.suite) if reply.hello else None
    if reply.hello is None or suite is None or not signs(suite) or reply.key_exchange is None or not reply.chain:
        return None
    randoms = reply.offered.random + reply.hello.random
    way = reply.offered.version.title
    try:
        return way, proves(reply.chain[0], suite, reply.hello.version, randoms, reply.key_exchange)
    except Malformed as error:
        raise Unmeasurable(f"{way}: {error}") from error


def chain_is_in_order(sighting: Sighting, expectation: Expectation) -> Finding:
    served = sighting.chain
    if expectation.chain:
        wanted = expectation.chain
        same = served == wanted
        observed = f"{len(served)} certificates"
        if same:
            observed += ", the same"
        elif sorted(served) == sorted(wanted):
            observed += ", the same in another order"
        else:
            missing = len([each for each in wanted if each not in served])
            observed += f": {missing} missing, {len(set(served) - set(wanted))} of another origin"
        return judged(f"the {len(wanted)} certificates of the upload, in their order", observed, holds=same)
    chain = sighting.certificates
    found = [
        f"{number} ({title(chain[number - 1])}) is not signed by {number + 1} ({title(chain[number])})"
        for number in range(1, len(chain))
        if not signed_by(chain[number - 1], chain[number])
    ]
    return faults("each certificate signed by the next one", found, ", ".join(title(each) for each in chain))


def nothing_needless_is_sent(sighting: Sighting, _: Expectation) -> Finding:
    chain = sighting.certificates
    found = []
    for number, certificate in enumerate(chain[1:], 2):
        if certificate in chain[: number - 1]:
            found.append(f"{number} is {chain.index(certificate) + 1} again")
        elif is_self_signed(certificate):
            found.append(f"{number} ({title(certificate)}) is a root")
        elif not any(signed_by(other, certificate) for other in chain):
            found.append(f"{number} ({title(certificate)}) has signed none of the others")
    return faults(
        "no root behind the leaf, no certificate twice, none unrelated", found, f"{len(chain)} certificates"
    )
