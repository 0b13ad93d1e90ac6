"""The driver against an emulated unit of firmware 4.3, over real sockets."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING

import pytest

from certstore import Upload
from harness.deadline import Deadline
from harness.drivers.mcu import Mcu, open_unit
from harness.emulator.skin import Skin, load_skin
from harness.errors import BenchError, ConfigurationError, DeadlineExpired, UnitError
from harness.observation import look
from harness.pki import Issued, key_pem, run_authority
from harness.readiness import QUESTIONS, State
from harness.tls.handshake import fingerprint
from harness.unit import OperationalStatus, Way
from tests.loopback import address

if TYPE_CHECKING:
    from tests.unit.drivers.conftest import Emulate, Stand

SECONDS = 20.0
"""Longer than anything here takes."""
OURS, OTHER = run_authority().issue("unit.example"), run_authority().issue("other.example")


def upload_of(issued: Issued) -> Upload:
    return Upload(issued.certificate_pem, key_pem(issued.key))


def test_tells_who_and_how_the_unit_is(stand: Stand, emulate: Emulate) -> None:
    emulate()
    with open_unit(stand()) as unit:
        assert (unit.identity.model, unit.identity.software_version) == ("MCU 4505", "4.3(2.18)")
        condition = unit.condition()
        assert unit.operational_status() is OperationalStatus.ACTIVE
        assert condition.finished_booting
        assert not condition.reboot_required
        assert condition.current_time is not None
        assert condition.current_time > condition.restart_time
        assert [entry.reason for entry in unit.restart_log()] == ["Cold boot"]
        https = unit.services()["https"]
        assert (https.wanted, https.open, https.port) == (True, True, stand().ports.https)
        assert unit.home_page().heading == "Home page"
        assert unit.certificate_page().local_certificate.key_matches
        assert unit.restarts == 0


def test_sip_tls_is_looked_at_where_the_place_has_it(stand: Stand, emulate: Emulate) -> None:
    emulate(ticked=["http", "https", "sips_tcp"])
    with open_unit(stand()) as unit:
        shown = unit.sip_handshake(Deadline.after(SECONDS))
        assert shown is not None
        assert shown.leaf == unit.baseline.leaf
    with open_unit(stand(features=["api"])) as unit:
        assert unit.sip_handshake(Deadline.after(SECONDS)) is None


def test_each_address_of_a_place_is_looked_at(stand: Stand, emulate: Emulate) -> None:
    other, silent = address(), address()
    emulate(also_at=(other,))
    with open_unit(stand(also_at=[other, silent])) as unit:
        seen = look(unit)
        assert seen.elsewhere[other].value.leaf == unit.baseline.leaf
        assert isinstance(seen.elsewhere[silent].trouble, BenchError)
        (found,) = (one.look(unit) for one in QUESTIONS if one.topic == "served today")
        assert (found.state, silent in found.found) == (State.MISSING, True)


@pytest.mark.parametrize("way", [Way.WEB, Way.API])
def test_an_uploaded_pair_is_served_after_a_restart(way: Way, stand: Stand, emulate: Emulate) -> None:
    host = emulate()
    with open_unit(stand()) as unit:
        answer = unit.upload(upload_of(OURS))
        assert answer.taken
        assert answer.local_certificate.key_matches
        assert "CN=unit.example" in answer.local_certificate.subject
        assert unit.handshake(Deadline.after(SECONDS)).leaf == unit.baseline.leaf

        restart = unit.restart(Deadline.after(SECONDS), way)
        assert restart.way is way
        assert restart.restart_time_after > restart.restart_time_before
        assert 0 < restart.down_seconds <= restart.web_seconds <= restart.booted_seconds
        assert unit.handshake(Deadline.after(SECONDS)).presented_chain == OURS.chain_der
        # Logged in again, over HTTPS with the new leaf.
        assert not unit.certificate_page().page.mentions("must be restarted")
        assert not unit.condition().reboot_required
        assert unit.restarts == 1
    assert host.truth("unit").boots == 1


def test_a_removed_pair_gives_way_to_the_factory_s(stand: Stand, emulate: Emulate) -> None:
    emulate()
    with open_unit(stand()) as unit:
        factory = unit.baseline.leaf
        unit.upload(upload_of(OURS))
        unit.restart(Deadline.after(SECONDS))
        assert unit.remove().taken
        unit.restart(Deadline.after(SECONDS))
        assert unit.handshake(Deadline.after(SECONDS)).leaf == factory
        assert unit.home_page().heading == "Home page"


def test_a_refused_upload_is_told_by_the_state(stand: Stand, emulate: Emulate) -> None:
    emulate()
    with open_unit(stand()) as unit:
        answer = unit.upload(Upload(OURS.certificate_pem, key_pem(OTHER.key)))
        assert not answer.taken
        assert answer.page.mentions("does not match")


def test_an_upload_that_is_cut_in_the_middle_stores_nothing(stand: Stand, emulate: Emulate) -> None:
    host = emulate()
    notes: list[dict[str, object]] = []
    with open_unit(stand(), lambda kind, facts: notes.append(facts)) as unit:
        before = unit.certificate_page().local_certificate

        answer = unit.upload_cut(upload_of(OURS))

        assert not answer.taken
        assert answer.local_certificate == before
        assert host.truth("unit").stored == host.truth("unit").running
        [cut] = [note for note in notes if "on purpose" in str(note.get("error"))]
        assert cut["sent_bytes"] == pytest.approx(len(OURS.certificate_pem + key_pem(OURS.key)) / 2, rel=0.2)
        assert unit.upload(upload_of(OURS)).taken


def test_the_passphrase_goes_in_its_own_field(stand: Stand, emulate: Emulate) -> None:
    emulate()
    with open_unit(stand()) as unit:
        plain = upload_of(OURS)
        assert unit.upload(Upload(plain.certificate, plain.private_key, b"needless")).taken


def one_session(generation: str) -> Skin:
    skin = load_skin(generation)
    return replace(skin, session=replace(skin.session, limit=1))


def home_page_and_then(stand: Stand, message: str) -> None:
    with open_unit(stand()) as unit:
        unit.home_page()
        raise RuntimeError(message)


def test_every_session_is_given_back_also_after_an_error(stand: Stand, emulate: Emulate) -> None:
    emulate(one_session)
    for message in ("first error", "second error"):
        with pytest.raises(RuntimeError, match=message):
            home_page_and_then(stand, message)


def test_no_free_session_is_the_bench_s_fault(stand: Stand, emulate: Emulate) -> None:
    emulate(one_session)
    with open_unit(stand()) as somebody, open_unit(stand()) as unit:
        somebody.home_page()
        with pytest.raises(BenchError, match="unit: the unit lets user 'admin' in by API and not by web"):
            unit.home_page()


def test_a_password_that_has_to_be_changed_is_named_each_time(stand: Stand, emulate: Emulate) -> None:
    def advanced(name: str) -> Skin:
        skin = load_skin(name)
        return replace(skin, accounts=replace(skin.accounts, advanced=True))

    emulate(advanced)
    with open_unit(stand()) as unit:
        for _ in range(2):
            with pytest.raises(ConfigurationError, match="wants user 'admin' to change the password"):
                unit.certificate_page()


def test_a_wrong_password_is_named_without_being_told(stand: Stand, emulate: Emulate) -> None:
    emulate()
    wrong = stand(login={"user": "admin", "password": "wr0ng"})
    with open_unit(wrong) as unit:
        for ask in (unit.condition, unit.home_page):
            with pytest.raises(ConfigurationError, match="unit: the API refuses the user 'admin'") as refused:
                ask()
            assert "wr0ng" not in str(refused.value)


def test_a_unit_that_is_not_there_is_the_bench_s_fault(stand: Stand) -> None:
    where = f"unit: {stand().address}:{stand().ports.http}: no connection: Connection refused"
    with pytest.raises(BenchError, match=where), open_unit(stand()):
        pass


def test_a_unit_without_https_is_administered_over_http(stand: Stand, emulate: Emulate) -> None:
    emulate(features=())
    urls: list[str] = []
    with open_unit(stand(), lambda _kind, facts: urls.append(str(facts.get("url", "http:")))) as unit:
        assert unit.home_page().heading == "Home page"
        assert not unit.services()["https"].open
    assert {url.partition(":")[0] for url in urls[1:]} == {"http"}


def test_a_wrong_pin_stops_everything_before_a_password_is_sent(stand: Stand, emulate: Emulate) -> None:
    emulate()
    pinned = stand(tls={"fingerprint": "sha256:" + "ab" * 32})
    told: list[dict[str, object]] = []
    with (
        pytest.raises(BenchError, match="which nobody here installed"),
        open_unit(pinned, lambda _kind, facts: told.append(facts)),
    ):
        pass
    assert [facts["sent_bytes"] for facts in told] == [0]


def test_a_leaf_that_somebody_else_installed_is_refused(stand: Stand, emulate: Emulate) -> None:
    emulate()
    with open_unit(stand()) as unit, open_unit(stand()) as somebody:
        somebody.upload(upload_of(OURS))
        somebody.restart(Deadline.after(SECONDS))
        with pytest.raises(UnitError, match=f"sha256:{fingerprint(OURS.chain_der[0])}, which nobody here installed"):
            unit.condition()


def test_a_change_that_waited_when_the_unit_was_opened_is_accepted_once_restarted(
    stand: Stand, emulate: Emulate
) -> None:
    emulate()
    with open_unit(stand()) as somebody:
        somebody.upload(upload_of(OURS))
    with open_unit(stand()) as unit:
        unit.restart(Deadline.after(SECONDS))
        assert unit.home_page().heading == "Home page"


def test_a_unit_that_does_not_come_back_expires_with_what_was_waited_for(stand: Stand, emulate: Emulate) -> None:
    emulate(restart_seconds=60.0)
    with open_unit(stand()) as unit:
        with pytest.raises(DeadlineExpired, match=r"no answer of unit with a start later than .* within 1 s"):
            unit.restart(Deadline.after(1.0), Way.API)
        assert unit.restarts == 0


def test_a_unit_that_does_not_shut_down_expires_with_what_was_waited_for(stand: Stand, emulate: Emulate) -> None:
    emulate(restart_seconds=60.0)
    with (
        open_unit(stand()) as unit,
        pytest.raises(DeadlineExpired, match=r"no operationalStatus shutDown of unit within 0\.5 s"),
    ):
        unit.restart(Deadline.after(0.5), Way.WEB)


def test_a_session_that_the_unit_forgot_is_opened_again(stand: Stand, emulate: Emulate) -> None:
    host = emulate()
    with open_unit(stand()) as unit:
        before = unit.condition().restart_time
        unit.home_page()
        host.cut_power("unit")
        Deadline.after(SECONDS).wait_for("second start", lambda: _started_after(unit, before), 0.05)
        assert unit.certificate_page().local_certificate.key_matches


def _started_after(unit: Mcu, before: datetime) -> bool:
    try:
        return unit.condition().restart_time > before
    except BenchError:
        return False


def test_an_api_without_restart_says_what_to_do_instead(stand: Stand, emulate: Emulate) -> None:
    def older(generation: str) -> Skin:
        skin = load_skin(generation)
        return replace(skin, api=replace(skin.api, version="2.8"))

    emulate(older)
    with open_unit(stand()) as unit, pytest.raises(ConfigurationError, match=r"API 2\.8 has no device\.restart"):
        unit.restart(Deadline.after(SECONDS), Way.API)


def test_one_step_to_shut_down_is_enough(stand: Stand, emulate: Emulate) -> None:
    def one_step(generation: str) -> Skin:
        skin = load_skin(generation)
        return replace(skin, shutdown=replace(skin.shutdown, steps=1))

    host = emulate(one_step)
    with open_unit(stand()) as unit:
        unit.restart(Deadline.after(SECONDS), Way.WEB)
    assert host.truth("unit").boots == 1


def test_the_record_tells_of_every_exchange_and_of_no_secret(stand: Stand, emulate: Emulate) -> None:
    emulate()
    told: list[dict[str, object]] = []
    with open_unit(stand(), lambda kind, facts: told.append({"kind": kind, **facts})) as unit:
        unit.condition()
        unit.upload(Upload(OURS.certificate_pem, key_pem(OURS.key), b"my passphrase"))
    exchanges = [fact for fact in told if fact["kind"] == "exchange"]
    assert {fact["method"] for fact in exchanges} == {"GET", "POST"}
    assert all(
        {"kind", "url", "sent_bytes", "status", "received_bytes", "milliseconds"} <= fact.keys() for fact in exchanges
    )
    assert any(str(fact["url"]).endswith("/logout.html") for fact in exchanges)
    record = json.dumps(told, default=str)
    assert not [secret for secret in ("s3cret", "my passphrase", "PRIVATE KEY") if secret in record]
