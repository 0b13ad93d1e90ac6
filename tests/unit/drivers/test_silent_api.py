"""The driver on units whose API lacks what it goes by, or that have none: firmware 2.x (device-reference 7.2)."""

import pytest

from certstore import Upload
from harness.deadline import Deadline
from harness.errors import ConfigurationError, UnitError
from harness.unit import OperationalStatus, Way
from tests.unit.drivers.stranger import Stranger, opened

UPLOAD = Upload(b"the certificate", b"the key", None)
each_api = pytest.mark.parametrize("api", ["old", "none"])


@each_api
@pytest.mark.parametrize("banner", ["", "The unit must be restarted for the changes to take effect."])
def test_an_upload_that_shows_in_the_status_table_waits_for_a_restart_until_it_is_done(api: str, banner: str) -> None:
    stranger = Stranger(api=api, banner=banner)
    with opened(stranger) as unit:
        answer = unit.upload(UPLOAD)
        assert answer.taken
        assert unit.condition().reboot_required
        restart = unit.restart(Deadline.after(30.0))
        assert restart.restart_time_after > restart.restart_time_before
        condition = unit.condition()
        assert not condition.reboot_required
        assert condition.finished_booting
        assert unit.operational_status() is OperationalStatus.ACTIVE
    assert stranger.status == "active"


def test_a_change_of_somebody_else_s_that_waits_is_seen_by_its_banner() -> None:
    with opened(Stranger(api="none", banner="A restart is required.", pending=True)) as unit:
        assert unit.condition().reboot_required


def test_a_text_on_the_certificates_page_alone_asks_for_nothing() -> None:
    stranger = Stranger(api="none")
    with opened(stranger) as unit:
        assert not unit.condition().reboot_required


def test_a_removal_is_confirmed_and_waits_for_a_restart() -> None:
    stranger = Stranger(api="none", stored={"a3": b"custom"})
    with opened(stranger) as unit:
        answer = unit.remove()
    assert not stranger.stored
    assert answer.taken


def test_the_start_does_not_move_while_the_unit_is_up() -> None:
    with opened(Stranger(api="none")) as unit:
        assert unit.condition().restart_time == unit.condition().restart_time


@each_api
def test_it_offers_no_restart_by_api_and_keeps_no_restart_log(api: str) -> None:
    with opened(Stranger(api=api, api_version="2.4")) as unit:
        assert unit.ways() == (Way.WEB,)
        assert unit.restart_log() == ()


@each_api
def test_the_services_of_the_web_are_told_by_whether_they_answer(api: str) -> None:
    with opened(Stranger(api=api)) as unit:
        services = unit.services()
    assert services["http"].open
    assert not services["https"].open


def test_a_clock_that_nobody_tells_is_none() -> None:
    with opened(Stranger(api="none")) as unit:
        assert unit.condition().current_time is None


def test_calls_that_nobody_tells_are_an_error() -> None:
    with (
        opened(Stranger(api="none")) as unit,
        pytest.raises(UnitError, match="rack2: has no API: /RPC2 answers HTTP 404"),
    ):
        unit.calls()


REASONS = "<UL><LI>The user name or password was wrong<LI>too many sessions<LI>your address changed</UL>"


@pytest.mark.parametrize("refusal", ["", "<P>Invalid password.", REASONS])
def test_a_refused_login_is_not_tried_again_where_nobody_says_whether_the_password_is_wrong(refusal: str) -> None:
    stranger = Stranger(api="none", password="other", refusal=refusal)
    with opened(stranger) as unit:
        for _ in range(2):
            with pytest.raises(ConfigurationError, match="lets user 'admin' not in"):
                unit.home_page()
    assert stranger.logins == 1
