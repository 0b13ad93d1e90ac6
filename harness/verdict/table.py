"""The checks, and how they are put to a unit."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from harness.verdict import goodness, health, installed
from harness.verdict.expectation import Expectation
from harness.verdict.finding import Check, Finding, Judged, Outcome, Severity
from harness.verdict.sighting import Sighting, Unmeasurable

ERROR, WARNING = Severity.ERROR, Severity.WARNING

CHECKS = (
    Check(
        1,
        "leaf-uploaded",
        "the served leaf is the uploaded one, byte for byte",
        "installation",
        ERROR,
        installed.leaf_is_the_uploaded,
    ),
    Check(
        2,
        "old-leaf-gone",
        "the leaf of before is served no more, by no version and no name",
        "installation",
        ERROR,
        installed.old_leaf_is_gone,
    ),
    Check(
        3,
        "key-fits-leaf",
        "the uploaded key is the uploaded leaf's",
        "RFC 5280 4.1.2.7",
        ERROR,
        installed.key_fits_leaf,
    ),
    Check(
        4,
        "key-held",
        "the unit holds the key of the leaf that it serves",
        "RFC 5246 7.4.3, 7.4.9; RFC 9846 4.4.3",
        ERROR,
        installed.key_is_held,
    ),
    Check(
        5,
        "chain-in-order",
        "the chain is the uploaded one; without that, each certificate certifies the one before",
        "RFC 5246 7.4.2; RFC 9846 4.4.2",
        ERROR,
        installed.chain_is_in_order,
    ),
    Check(
        6,
        "nothing-needless",
        "no root, no duplicate and no stranger in the chain",
        "RFC 5246 7.4.2",
        WARNING,
        installed.nothing_needless_is_sent,
    ),
    Check(
        7,
        "path-strict",
        "a path to the trusted anchor by today's rules",
        "RFC 5280 6.1; BR 7.1",
        WARNING,
        goodness.strict_path,
    ),
    Check(
        8,
        "path-lenient",
        "a path to the trusted anchor with yesterday's algorithms allowed",
        "RFC 5280 6.1",
        ERROR,
        goodness.lenient_path,
    ),
    Check(
        9,
        "names",
        "subjectAltName names the unit; a common name alone is a warning",
        "RFC 9525 6; BR 7.1.2.7.12",
        ERROR,
        goodness.leaf_names_the_unit,
    ),
    Check(
        10,
        "valid-now",
        "valid by our clock, and by the unit's where its hello shows one",
        "RFC 5280 4.1.2.5",
        ERROR,
        goodness.is_valid_now,
    ),
    Check(11, "life-left", "enough days until the leaf expires", "own policy", WARNING, goodness.has_life_left),
    Check(
        12,
        "strong",
        "keys and digests of the chain are of today",
        "BR 6.1.5, 7.1.3.2; SP 800-131A",
        WARNING,
        goodness.is_strong,
    ),
    Check(
        13,
        "usage",
        "key usage and purpose of the leaf fit the suites that are chosen",
        "RFC 5280 4.2.1.3, 4.2.1.12; RFC 5246 7.4.2",
        WARNING,
        goodness.usage_fits,
    ),
    Check(
        14,
        "constraints",
        "authorities are authorities, within their path lengths; critical extensions are known",
        "RFC 5280 4.2, 4.2.1.9",
        ERROR,
        goodness.constraints_hold,
    ),
    Check(
        15,
        "well-formed",
        "serial numbers, key identifiers, names and dates are as the profile has them",
        "RFC 5280 4.1, 4.2",
        WARNING,
        goodness.is_well_formed,
    ),
    Check(
        16,
        "same-everywhere",
        "the same chain by every version, with and without server_name",
        "RFC 6066 3",
        ERROR,
        health.chain_is_the_same_everywhere,
    ),
    Check(
        17,
        "versions",
        "the versions of before; without that, TLS 1.2 or later alone",
        "RFC 8996; RFC 7568; RFC 9325 3.1",
        WARNING,
        health.versions_are_the_expected,
    ),
    Check(
        18,
        "suites",
        "the suites of before; without that, none that is broken",
        "RFC 7465; RFC 9325 4.1",
        WARNING,
        health.suites_are_the_expected,
    ),
    Check(
        19,
        "groups",
        "parameters of DHE and ECDHE are large enough",
        "RFC 7919; RFC 8422 5.1.1",
        WARNING,
        health.groups_are_large,
    ),
    Check(
        20,
        "resumption",
        "a session that was handed out is resumed",
        "RFC 5246 7.3; RFC 5077",
        WARNING,
        health.sessions_resume,
    ),
    Check(
        21,
        "bound",
        "secure renegotiation and extended master secret",
        "RFC 5746; RFC 7627",
        WARNING,
        health.hello_is_bound,
    ),
    Check(
        22,
        "stapling",
        "a stapled OCSP answer is good; where the leaf demands one, there is one",
        "RFC 6066 8; RFC 6960; RFC 7633",
        WARNING,
        health.stapled_answer_is_good,
    ),
    Check(
        23,
        "not-revoked",
        "the leaf is not on its authority's revocation list",
        "RFC 5280 5, 6.3",
        ERROR,
        health.is_not_revoked,
    ),
    Check(
        24,
        "alerts",
        "unknown suites, versions and names are refused with the right alert",
        "RFC 5246 7.2; RFC 6066 3; RFC 9846 6",
        WARNING,
        health.alerts_are_right,
    ),
    Check(25, "quick", "no step of the handshake takes long", "own policy", WARNING, health.is_quick),
    Check(
        26,
        "stable",
        "handshake after handshake, also at once, with the same leaf",
        "installation",
        ERROR,
        health.is_stable,
    ),
    Check(
        27,
        "http-answers",
        "HTTP answers over TLS, and the leaf is valid by its Date",
        "RFC 9110 6.6.1",
        ERROR,
        health.http_answers,
    ),
    Check(
        28, "key-unreadable", "the private key cannot be fetched back", "security", ERROR, health.key_is_not_readable
    ),
)

BY_NUMBER = {check.number: check for check in CHECKS}
QUICK = frozenset(range(1, 18))
"""Those that a handful of connections answer."""


def examine(sighting: Sighting, expectation: Expectation, numbers: Collection[int] = BY_NUMBER) -> Iterator[Judged]:
    """Put these checks to a unit, in their order.

    Raises BenchError where there is no TCP connection to begin with; later, that is not measurable.
    """
    sighting.reach()
    for check in CHECKS:
        if check.number in numbers:
            yield Judged(check, _examined(check, sighting, expectation))


def _examined(check: Check, sighting: Sighting, expectation: Expectation) -> Finding:
    try:
        return check.examine(sighting, expectation)
    except Unmeasurable as error:
        return Finding(Outcome.NOT_MEASURABLE, "", str(error))
