"""What a user reads when a unit does not do what was asked, and what is kept of the page that said so."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field

import pytest

from certstore import Upload
from harness import procedure
from harness.deadline import Deadline
from harness.errors import BenchError, ConfigurationError, LabError, UnitError
from harness.pki import key_pem
from tests.unit.drivers.variants.driving import FACTORY, OURS, UPLOAD, Contexts, opened
from tests.unit.drivers.variants.pages import View
from tests.unit.drivers.variants.server import PASSWORD, Answer, Request, Unit
from tests.unit.drivers.variants.variant import variant

SECONDS = 60.0
KNOWN = {"transport": "both", "window": "plain", "menu": "links", "session": "cookie", "decoys": "trust search"}


class Unwilling(Unit):
    """Answers the first log-ins with these pages and lets nobody in; in place of other pages it may show `shown`."""

    def __init__(
        self,
        *answers: str,
        shown: Mapping[str, str] | None = None,
        flaw: str = "",
        chosen: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(variant(7, **{**KNOWN, **(chosen or {})}), flaw)
        self.answers = list(answers)
        self.shown = shown or {}
        self.logins = 0

    def _enter(self, request: Request, view: View) -> Answer:
        self.logins += 1
        if self.answers:
            return Answer(self.answers.pop(0))
        return super()._enter(request, view)

    def _acted(self, place: str, request: Request, view: View) -> Answer:
        return Answer(self.shown[place]) if place in self.shown else super()._acted(place, request, view)


DENIED = "<title>Codian MCU - Access denied</title><h1>Access denied</h1><p>{}</p>"
EVERY_REASON = DENIED.format(
    "The user name or password was wrong.<p>There is no free session.<p>You have no privilege to see the page."
)
CHANGE = """<title>Codian MCU - Change password</title><form method=post>Old <input type=password name=a>
    New <input type=password name=b> Again <input type=password name=c><input type=submit value=OK></form>"""


@dataclass(frozen=True)
class Refusal:
    page: str
    error: type[LabError]
    says: tuple[str, ...] = field(default=())


REFUSED = {
    "password-expired": Refusal(CHANGE, ConfigurationError, ("wants user 'admin' to change the password: log in",)),
    "password-expired-in-words": Refusal(
        DENIED.format("Your password has expired."), ConfigurationError, ("to change the password: log in and do so",)
    ),
    "account-locked": Refusal(
        DENIED.format("This account has been locked."),
        BenchError,
        ("the account of user 'admin' is locked", "'This account has been locked.'", "after 30 minutes"),
    ),
    "no-session": Refusal(
        DENIED.format("There is no free session: the maximum number of sessions is reached."),
        BenchError,
        ("lets user 'admin' in by API and not by web: no free session;", "'There is no free session: the maximum"),
    ),
    "no-right": Refusal(
        DENIED.format("You do not have sufficient privileges."),
        ConfigurationError,
        ("user 'admin' has no right to administer the unit", "'You do not have sufficient privileges.'"),
    ),
    "every-reason": Refusal(
        EVERY_REASON, BenchError, ("no free session, no right, or locked", "'There is no free session.'")
    ),
    "no-reason": Refusal(DENIED.format(""), BenchError, ("no free session, no right, or locked",)),
}


@pytest.mark.parametrize("refusal", REFUSED.values(), ids=REFUSED)
def test_who_is_not_let_in_reads_why(refusal: Refusal, contexts: Contexts) -> None:
    unit = Unwilling(refusal.page)
    with opened(unit, contexts) as mcu, pytest.raises(refusal.error) as told:
        mcu.home_page()
    message = str(told.value)
    assert [part for part in ("v7: ", *refusal.says) if part not in message] == []
    assert "\n" not in message
    assert PASSWORD not in message


def test_a_free_session_is_waited_for_as_long_as_told(contexts: Contexts) -> None:
    unit = Unwilling(*[REFUSED["no-session"].page] * 3)
    with opened(unit, contexts, login={"session_wait_seconds": SECONDS}) as mcu:
        assert mcu.home_page().mentions("Welcome")
    assert unit.logins == 4
    assert unit.session == ""


def test_a_session_that_never_becomes_free_is_told_with_the_wait(contexts: Contexts) -> None:
    unit = Unwilling(*[REFUSED["no-session"].page] * 99)
    with (
        opened(unit, contexts, login={"session_wait_seconds": 0.3}) as mcu,
        pytest.raises(BenchError, match=r"and did not within 0\.3 s \(login\.session_wait_seconds\)"),
    ):
        mcu.home_page()


@pytest.mark.parametrize("page", [None, REFUSED["account-locked"].page], ids=["wrong-password", "locked"])
def test_a_refused_password_is_never_sent_again(page: str | None, contexts: Contexts) -> None:
    unit = Unwilling(*([page] if page else []))
    with opened(unit, contexts, login={} if page else {"password": "wr0ng"}) as mcu:
        for _ in range(3):
            with pytest.raises(LabError):
                mcu.certificate_page()
    assert unit.logins == 1


ACTED = {
    "two-removals": ("remove", "forms have the button that removes the custom pair", {"forms": "separate"}),
    "remove-unknown": ("remove", "no button that removes the custom pair", {}),
    "two-shutdowns": ("restart", "2 forms have the button that shuts down", {"steps": "two"}),
}


@pytest.mark.parametrize("flaw", ACTED)
def test_nothing_is_removed_or_shut_down_on_a_guess(flaw: str, contexts: Contexts) -> None:
    act, says, chosen = ACTED[flaw]
    unit = Unwilling(flaw=flaw, chosen=chosen)
    with opened(unit, contexts) as mcu, pytest.raises(UnitError, match=says):
        mcu.remove() if act == "remove" else mcu.restart(Deadline.after(SECONDS))
    assert (unit.counts.removals, unit.counts.shutdowns, unit.counts.restarts, unit.counts.wrong) == (0, 0, 0, [])
    assert unit.session == ""


def test_a_refused_upload_is_told_in_the_unit_s_own_words(contexts: Contexts) -> None:
    words = "Error: the certificate could not be installed (code 17)"
    unit = Unwilling(shown={"upload": f"<p>{words}"}, chosen={"forms": "separate"})
    with opened(unit, contexts) as mcu, pytest.raises(UnitError, match="did not take an upload") as told:
        procedure.install(mcu, UPLOAD, Deadline.after(SECONDS))
    assert words in str(told.value)


def test_a_page_that_is_not_understood_is_kept_without_its_secrets(contexts: Contexts) -> None:
    told: list[tuple[str, dict[str, object]]] = []
    unit = Unwilling(
        flaw="two-uploads", chosen={"forms": "separate", "once": "query", "upload": "Upload certificate and key"}
    )
    with (
        opened(unit, contexts, lambda kind, facts: told.append((kind, facts))) as mcu,
        pytest.raises(UnitError, match="2 forms have the button") as error,
    ):
        mcu.upload(UPLOAD)
    [page] = [facts for kind, facts in told if kind == "page"]
    assert page["why"] == str(error.value)
    assert str(page["markup"]).count("Upload certificate and key") >= 2
    assert "Gerät Zürich" in str(page["markup"])
    assert "me &amp; you" not in str(page["markup"])
    assert not [once for once in unit.once if once in json.dumps(told, default=str)]


def test_what_a_unit_repeats_of_our_secrets_is_masked(contexts: Contexts) -> None:
    told: list[tuple[str, dict[str, object]]] = []
    key = key_pem(OURS.key)
    echo = (
        f"<p>Bad password hunter2 for {PASSWORD.replace('&', '&amp;')}<pre>{key.decode()}</pre>"
        f"<p>{key.decode().splitlines()[3]}<script>t='{PASSWORD}'</script><input name=x value='hunter2'>"
    )
    unit = Unwilling(shown={"upload": echo}, chosen={"forms": "separate"})
    with opened(unit, contexts, lambda kind, facts: told.append((kind, facts))) as mcu:
        mcu.upload(Upload(UPLOAD.certificate, key, b"hunter2"))
    kept = json.dumps([facts for kind, facts in told if kind == "page"], ensure_ascii=False, default=str)
    assert "Bad password ***" in kept
    assert not [
        secret for secret in ("hunter2", "pässw", "PRIVATE KEY", *key.decode().splitlines()[1:-1]) if secret in kept
    ]


def test_another_certificate_than_ours_stays(contexts: Contexts) -> None:
    unit = Unwilling()
    with opened(unit, contexts) as mcu:
        answer = mcu.upload(Upload(FACTORY.certificate_pem, UPLOAD.private_key))
    assert not answer.taken
    assert answer.page.mentions("match")


def test_an_https_port_that_has_moved_is_named(contexts: Contexts) -> None:
    unit = Unwilling(chosen={"transport": "redirect"})
    with pytest.raises(ConfigurationError) as told, opened(unit, contexts, closed_https=True):
        pass
    assert "ports.https" in str(told.value)
