"""A defect breaks nothing else: an ordinary life of a unit, the same with each defect, fact by fact.

Somebody uploads a good pair, restarts, uploads a pair that does not match, removes the pair and restarts again.
`CHANGED` names the facts that a defect alters; all others must be as of a unit without one. A defect without a row
shows only where its own probe looks (test_defect_probes.py).
"""

from __future__ import annotations

import xmlrpc.client
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import pytest

from certstore import Upload
from harness import pki
from harness.deadline import Deadline
from harness.emulator.blueprint import Blueprint
from harness.emulator.defects import DEFECTS
from harness.emulator.hosting import HostThread, hosted
from harness.emulator.pair import FACTORY
from harness.errors import BenchError, DeadlineExpired
from harness.tls.handshake import Endpoint, HandshakeFailed, take_handshake

Facts = dict[str, object]

PATIENCE = 60.0
GLANCE = 0.3


@dataclass
class Life:
    """One unit, and what is seen of it."""

    blueprint: Blueprint
    host: HostThread
    visitor: Any

    def live(self) -> Facts:
        facts: Facts = {}
        mine, other = self._issue(), self._issue()
        self._log_in()
        self.visitor.upload(Upload(mine.certificate_pem, pki.key_pem(mine.key)))
        facts |= self._look("uploaded", mine)
        if not self._restart(facts, "restart"):
            return facts
        self._log_in()
        facts |= self._look("in use", mine) | self._told("restart")
        self.visitor.upload(Upload(other.certificate_pem, pki.key_pem(mine.key)))
        facts["after refusal: told"] = "They will be used" not in self.visitor.page.text
        facts |= self._look("after refusal", mine)
        self.visitor.visit("/certificates.html")
        self.visitor.press("Delete custom certificate and key")
        facts |= self._look("removed", mine)
        if self._restart(facts, "last restart"):
            self._log_in()
            facts |= self._look("at last", mine)
        return facts

    def _issue(self) -> pki.Issued:
        """Keys take turns: the leaf's must not be that of another certificate in the file."""
        issued = pki.run_authority().issue(self.blueprint.address)
        keys = [certificate.public_key() for certificate in issued.chain]
        return self._issue() if keys[0] in keys[1:] else issued

    def _log_in(self) -> None:
        self.visitor.visit("/logout.html")
        self.visitor.log_in(self.blueprint.user, self.blueprint.password)

    def _restart(self, facts: Facts, when: str) -> bool:
        """By the API; whether there is a web page to go on with."""
        boots = self.host.truth(self.blueprint.name).boots
        self._call("device.restart")
        try:
            Deadline.after(GLANCE if self._is_stuck else PATIENCE).wait_for("start", self._is_back(boots), every=0.01)
        except DeadlineExpired:
            facts[f"{when}: comes back"] = False
            return False
        facts[f"{when}: comes back"] = True
        facts[f"{when}: starts"] = self.host.truth(self.blueprint.name).boots - boots
        facts[f"{when}: http open"] = opened = self._is_open(self.blueprint.http)
        return opened

    def _is_back(self, boots: int) -> Callable[[], bool]:
        def look() -> bool:
            truth = self.host.truth(self.blueprint.name)
            return truth.boots > boots and truth.phase == "active"

        return look

    @property
    def _is_stuck(self) -> bool:
        return self.blueprint.defect in ("restart-ignored", "restart-hangs")

    def _is_open(self, port: int) -> bool:
        try:
            take_handshake(Endpoint(self.blueprint.address, port), Deadline.after(PATIENCE))
        except BenchError:
            return False
        except HandshakeFailed:
            return True
        return True

    def _look(self, when: str, mine: pki.Issued) -> Facts:
        """The page, the API and both TLS services, in words that are the same for every unit."""
        self.visitor.visit("/certificates.html")
        table = self.visitor.table()
        names = {FACTORY.certificates: "factory", mine.chain_der: "mine"}
        told = self._call("device.query")
        return {
            f"{when}: {fact}": value
            for fact, value in {
                "stored": names.get(self.host.truth(self.blueprint.name).stored.certificates, "another"),
                "https": self._served(self.blueprint.https, names),
                "sip tls": self._served(self.blueprint.sip_tls, names),
                "subject": "mine" if self.blueprint.address in (table["Subject"] or "") else "factory",
                "key row": table["Private key"],
                "banner": self.visitor.page.find(class_="banner") is not None,
                "reboot required": told["rebootRequired"],
                "key on page": "PRIVATE KEY" in str(self.visitor.page),
            }.items()
        }

    def _served(self, port: int, names: Mapping[tuple[bytes, ...], str]) -> str:
        try:
            shown = take_handshake(Endpoint(self.blueprint.address, port), Deadline.after(PATIENCE)).presented_chain
        except BenchError:
            return "closed"
        except HandshakeFailed:
            return "no handshake"
        return names.get(shown, "another")

    def _told(self, when: str) -> Facts:
        told, log = self._call("device.query"), self._call("device.restartlog.query")["log"]
        return {
            f"{when}: uptime small": told["uptime"] < 60,
            f"{when}: restart time new": str(told["restartTime"])[:8] == str(told["currentTime"])[:8],
            f"{when}: reasons": tuple(entry["reason"] for entry in log[1:]),
            f"{when}: finished booting": told["finishedBooting"],
        }

    def _call(self, method: str) -> Any:
        login = {
            "authenticationUser": self.blueprint.user,
            "authenticationPassword": self.blueprint.password,
        }
        with xmlrpc.client.ServerProxy(f"http://{self.blueprint.address}:{self.blueprint.http}/RPC2") as unit:
            return getattr(unit, method)(login)


def life(blueprint: Blueprint, visitor_of: Callable[[Blueprint], Any], defect: str | None) -> Facts:
    built = replace(blueprint, defect=defect, restart_seconds=0.02, ticked=("http", "https", "sips_tcp"))
    with hosted([built]) as host, visitor_of(built) as visitor:
        return Life(built, host, visitor).live()


def spread(moments: str, facts: str) -> set[str]:
    """`a, b: c, d` is four facts."""
    return {f"{moment}: {fact}" for moment in moments.split(", ") for fact in facts.split(", ")}


IN_USE = "in use, after refusal, removed"
BOTH = "https, sip tls"

CHANGED: Mapping[str | None, set[str]] = {
    "last-certificate-taken": spread(IN_USE, BOTH)
    | spread("uploaded, in use, after refusal", "stored, subject")
    | spread("uploaded, removed", "banner, reboot required"),
    "first-intermediate-only": spread(IN_USE, BOTH) | spread("uploaded, in use, after refusal", "stored"),
    "refusals-reported-as-success": {"after refusal: told"},
    "foreign-key-accepted": spread("after refusal", "told, stored, key row, banner, reboot required"),
    "upload-not-written": spread(IN_USE, BOTH)
    | spread("in use, after refusal", "stored, subject")
    | spread("removed", "banner, reboot required"),
    "removed-pair-returns": spread("at last", f"stored, subject, {BOTH}"),
    "removal-ignored": spread("at last", f"stored, subject, {BOTH}")
    | spread("removed", "stored, subject, banner, reboot required"),
    "refused-upload-clears-pair": spread("after refusal", "stored, subject, banner, reboot required"),
    "old-pair-after-restart": spread(IN_USE, BOTH),
    "new-pair-before-restart": spread("uploaded, removed", BOTH),
    "factory-pair-before-restart": spread("removed", BOTH),
    "intermediates-dropped": spread(IN_USE, BOTH),
    "intermediates-reversed": spread(IN_USE, BOTH),
    "leaf-sent-twice": spread(IN_USE, BOTH),
    "factory-certificate-appended": spread(IN_USE, BOTH),
    "lookalike-served": spread(IN_USE, BOTH),
    # The third and the first connection after the start.
    "some-connections-old-pair": {"after refusal: https"},
    "first-connection-factory-pair": {"in use: https"},
    "sip-tls-old-pair": spread(f"{IN_USE}, at last", "sip tls"),
    "no-handshake-after-restart": spread(IN_USE, BOTH),
    "banner-missing": spread("uploaded, removed", "banner"),
    "banner-stays": spread("in use, after refusal", "banner"),
    "reboot-required-missing": spread("uploaded, removed", "reboot required"),
    "reboot-required-stays": spread("in use, after refusal", "reboot required"),
    "status-table-stale": spread("uploaded, removed", "subject"),
    "status-table-always-factory": spread("uploaded, in use, after refusal", "subject"),
    "status-table-says-mismatch": spread("uploaded, in use, after refusal", "key row"),
    "uptime-not-reset": {"restart: uptime small"},
    "restart-time-stale": {"restart: restart time new"},
    "restart-log-missing": {"restart: reasons"},
    "restart-log-twice": {"restart: reasons"},
    "restart-log-wrong-reason": {"restart: reasons"},
    "never-finishes-booting": {"restart: finished booting"},
    "restart-ignored": {"restart: comes back"},
    "restart-hangs": {"restart: comes back"},
    "restart-loops": spread("restart, last restart", "starts") | {"restart: reasons"},
    "https-closed-after-restart": spread(f"{IN_USE}, at last", "https"),
    "http-closed-after-restart": {"restart: http open"},
    "key-in-page-source": spread(f"uploaded, {IN_USE}, at last", "key on page"),
}

# Gone in the middle of the page that follows the upload: it has no ordinary life.
UNLIVABLE = {"restarts-at-upload"}

HEALTHY: Facts = {
    **dict.fromkeys(spread("uploaded, in use, after refusal", "stored, subject"), "mine"),
    **dict.fromkeys(spread(IN_USE, BOTH), "mine"),
    **dict.fromkeys(spread("uploaded, at last", BOTH), "factory"),
    **dict.fromkeys(spread("removed, at last", "stored, subject"), "factory"),
    **dict.fromkeys(spread(f"uploaded, {IN_USE}, at last", "key row"), "Key matches certificate"),
    **dict.fromkeys(spread("uploaded, removed", "banner, reboot required"), True),
    **dict.fromkeys(spread("in use, after refusal, at last", "banner, reboot required"), False),
    **dict.fromkeys(spread(f"uploaded, {IN_USE}, at last", "key on page"), False),
    **dict.fromkeys(spread("restart, last restart", "comes back, http open"), True),
    **dict.fromkeys(spread("restart, last restart", "starts"), 1),
    **dict.fromkeys(spread("restart", "uptime small, restart time new, finished booting"), True),
    "restart: reasons": ("User requested reboot from API",),
    "after refusal: told": True,
}


@pytest.mark.parametrize("defect", [None, *(name for name in DEFECTS if name not in UNLIVABLE)], ids=str)
def test_a_defect_changes_nothing_else(
    blueprint: Blueprint, visitor_of: Callable[[Blueprint], Any], defect: str | None
) -> None:
    seen = life(blueprint, visitor_of, defect)

    assert {fact for fact, value in seen.items() if HEALTHY[fact] != value} == CHANGED.get(defect, set())
    # Of a unit that does not come back there is no more to see.
    assert defect is not None or seen.keys() == HEALTHY.keys()


def test_every_row_is_of_a_defect_and_of_facts() -> None:
    assert set(CHANGED) <= set(DEFECTS)
    assert set[str]().union(*CHANGED.values()) <= HEALTHY.keys()
