"""The summary of a run, sent to where somebody wants to hear of it. That it cannot be sent changes no verdict."""

from __future__ import annotations

from collections import Counter
from typing import Any

from harness.report.facts import RunFacts
from harness.report.view import headline_of

SECONDS = 10.0
MOST_NAMED = 20


def summary_of(run: RunFacts) -> dict[str, Any]:
    """As JSON: `text` for chat services, which show it; the rest for programs."""
    total = Counter(verdict for place in run.places for verdict in place.verdicts.values())
    failed = sorted({one.claim for one in run.failures})
    return {
        "text": f"Lab {run.lab}: {headline_of(run, total)}.",
        "lab": run.lab,
        "run": run.folder.name,
        "started": run.began.isoformat(),
        "seconds": round(run.seconds, 1),
        "ending": run.ending.value,
        "exit_status": run.exit_status,
        "places": len(run.places),
        "claims": dict(total),
        "failed": failed[:MOST_NAMED],
        "incidents": [one.incident.splitlines()[0] for one in run.unanswered[:MOST_NAMED]],
    }


def send_summary(run: RunFacts, url: str) -> str:
    """Why it could not be sent, in one line that tells nothing of the address; empty where it was."""
    import requests

    with requests.Session() as session:
        session.trust_env = False
        try:
            answer = session.post(url, json=summary_of(run), timeout=SECONDS, allow_redirects=False)
        except requests.RequestException as error:
            # Its words have the address in them, and that is the key to many a chat room.
            return f"the webhook was not told: {type(error).__name__}"
    return "" if answer.ok else f"the webhook was not told: it answers HTTP {answer.status_code}"
