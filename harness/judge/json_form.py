"""A judgement as JSON: the same keys whatever the verdict."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from certstore import UploadRefused
from harness.judge.certificate_facts import CertificateFacts
from harness.judge.judgement import Judgement, SecondOpinion, Taken, TurnedDown
from harness.judge.opinion import Accepted, Refused, Undecided
from harness.judge.remedies import FileNames


def as_json(judgement: Judgement) -> dict[str, Any]:
    """What `mcu-hil judge --json` prints; the first part is the answer of a batch, and means the same."""
    return {
        **_outcome(judgement),
        "firmware": judgement.firmware.version,
        "openssl": judgement.firmware.branch.name,
        "second_opinion": _second(judgement.second, judgement),
    }


def _outcome(judgement: Judgement) -> dict[str, Any]:
    match judgement.outcome:
        case Taken(credential, served, advice):
            return {
                "verdict": "accepted",
                "refusal": None,
                "rule": None,
                "detail": None,
                "place": None,
                "remedy": None,
                "leaf_sha256": credential.leaf_sha256,
                "chain_sha256": list(credential.chain_sha256),
                "public_key_sha256": credential.public_key_sha256,
                "served": [_certificate(facts) for facts in served],
                "advice": [{"topic": str(one.topic), "finding": one.finding, "remedy": one.remedy} for one in advice],
            }
        case TurnedDown(refused, remedy):
            return {
                "verdict": "refused",
                "refusal": str(refused.refusal),
                "rule": refused.rule,
                "detail": refused.detail,
                "place": _place(refused, judgement.names),
                "remedy": {"sentence": remedy.sentence, "commands": list(remedy.commands)},
                "leaf_sha256": None,
                "chain_sha256": [],
                "public_key_sha256": None,
                "served": [],
                "advice": [],
            }


def _place(refused: UploadRefused, names: FileNames) -> dict[str, Any] | None:
    place = refused.place
    if place is None:
        return None
    return {
        "file": str(place.file),
        "path": names.of(place.file),
        "line": place.line,
        "block": place.block,
        "label": place.label,
    }


def _certificate(facts: CertificateFacts) -> dict[str, Any]:
    return {
        "subject": facts.subject,
        "issuer": facts.issuer,
        "not_before": _iso(facts.not_before),
        "not_after": _iso(facts.not_after),
        "key": facts.key,
        "signature": facts.signature,
        "names": list(facts.alternative_names or ()),
        "sha256": facts.sha256,
        "unreadable": list(facts.unreadable),
    }


def _iso(date: datetime | None) -> str | None:
    return None if date is None else date.isoformat()


def _second(second: SecondOpinion, judgement: Judgement) -> dict[str, Any]:
    verdict: str | None
    match second.opinion:
        case Accepted():
            verdict, reason = "accepted", None
        case Refused(words):
            verdict, reason = "refused", words
        case Undecided(words):
            verdict, reason = None, words
    return {"judge": second.judge, "verdict": verdict, "reason": reason, "disagrees": judgement.disagrees}
