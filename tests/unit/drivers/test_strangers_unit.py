"""The driver on a unit of which it knows no path, field name or layout beforehand."""

import pytest

from certstore import Upload
from harness.deadline import Deadline
from harness.errors import BenchError, ConfigurationError, DeadlineExpired, UnitError
from harness.unit import OperationalStatus, Way
from tests.unit.drivers.stranger import LOGIN, NAVIGATION, Stranger, opened

UPLOAD = Upload(b"the certificate\r\n", b"the key\xff", b"word")


def test_files_and_passphrase_reach_their_fields_and_the_rest_goes_as_it_stood() -> None:
    stranger = Stranger()
    with opened(stranger) as unit:
        assert unit.upload(UPLOAD).taken
    assert stranger.stored == {
        "a1": b"",
        "a3": b"the certificate\r\n",
        "a2": b"the key\xff",
        "a4": b"word",
        "go": b"Upload certificate and key",
        "keep": b"me & you",
    }
    assert stranger.logged_out == 1


def test_a_removal_that_is_asked_about_is_confirmed() -> None:
    stranger = Stranger(stored={"a3": b"custom"})
    with opened(stranger) as unit:
        assert unit.certificate_page().local_certificate.subject == "CN, custom"
        answer = unit.remove()
    assert answer.taken
    assert answer.local_certificate.subject == "CN, factory"


def test_the_form_of_the_upload_may_stand_on_a_page_of_its_own() -> None:
    stranger = Stranger(upload_apart=True)
    with opened(stranger) as unit:
        assert unit.upload(UPLOAD).taken
    assert stranger.stored["a2"] == b"the key\xff"


@pytest.mark.parametrize("removal", ["link", "asked with the same button"])
def test_a_removal_may_be_a_link_or_be_asked_about_with_the_same_button(removal: str) -> None:
    stranger = Stranger(stored={"a3": b"custom"}, removal=removal)
    with opened(stranger) as unit:
        assert unit.remove().taken
    assert not stranger.stored


def test_a_removal_is_confirmed_although_something_else_waits_for_a_restart() -> None:
    stranger = Stranger(stored={"a3": b"custom"}, pending=True)
    with opened(stranger) as unit:
        unit.remove()
    assert not stranger.stored


def test_it_is_restarted_and_entered_again() -> None:
    stranger = Stranger()
    with opened(stranger) as unit:
        unit.home_page()
        restart = unit.restart(Deadline.after(20.0))
        assert restart.restart_time_after > restart.restart_time_before
        assert 0 < restart.down_seconds <= restart.web_seconds
        assert unit.home_page().mentions("Welcome")
        assert unit.operational_status() is OperationalStatus.ACTIVE


def test_a_restart_that_never_happens_expires_with_what_was_waited_for() -> None:
    with (
        opened(Stranger(restarts=False)) as unit,
        pytest.raises(DeadlineExpired, match="no sign of rack2 going down for its restart within 1 s"),
    ):
        unit.restart(Deadline.after(1.0))


def test_the_api_is_asked_again_after_a_reset() -> None:
    stranger = Stranger(resets=4)
    with opened(stranger) as unit:
        assert unit.services()["http"].port == 80
    assert stranger.resets == 0


def test_an_api_that_only_resets_is_the_bench_s_fault() -> None:
    with opened(Stranger(resets=99)) as unit, pytest.raises(BenchError, match=r"rack2: .*: the connection broke: "):
        unit.condition()


def test_the_restart_log_is_told_newest_last() -> None:
    with opened(Stranger()) as unit:
        assert [entry.reason for entry in unit.restart_log()] == ["Cold boot", "unknown"]


def test_a_wrong_password_is_told_apart_by_the_api() -> None:
    with (
        opened(Stranger(password="other")) as unit,
        pytest.raises(ConfigurationError, match="refuses the user 'admin'"),
    ):
        unit.home_page()


def test_a_login_form_that_runs_a_script_is_told_where_the_api_lets_the_user_in() -> None:
    stranger = Stranger(login=LOGIN.replace("METHOD=POST", 'METHOD=POST onSubmit="return hash(this)"', 1))
    stranger.login = stranger.login.replace("VALUE=en", "VALUE=")
    with opened(stranger) as unit, pytest.raises(BenchError, match="its login form runs a script"):
        unit.home_page()


def test_a_password_that_the_page_calls_wrong_is_sent_once_although_the_api_lets_the_user_in() -> None:
    stranger = Stranger(refusal="<P>The user name or password is not correct.", login=LOGIN.replace("=en", "=xx"))
    with opened(stranger) as unit, pytest.raises(BenchError, match="in by API and not by web: another password"):
        unit.home_page()
    assert stranger.logins == 1


def test_a_password_that_has_expired_is_told() -> None:
    change = "<TITLE>Change password</TITLE><FORM>Old<INPUT TYPE=PASSWORD>New<INPUT TYPE=PASSWORD></FORM>"
    with (
        opened(Stranger(top=change)) as unit,
        pytest.raises(ConfigurationError, match="wants user 'admin' to change"),
    ):
        unit.home_page()


BROKEN = {
    "no-login-form": (Stranger(login="<TITLE>Hello</TITLE>"), "'Hello' has 0 forms to log in, want one"),
    "two-login-forms": (Stranger(login=LOGIN + LOGIN), "'Welcome' has 2 forms to log in, want one"),
    "no-menu": (Stranger(menu="<TITLE>Menu</TITLE>"), "'Not found' after the log-in has no menu"),
    "no-network": (Stranger(menu=NAVIGATION.replace("Network", "Net")), "no link to Network"),
    "two-networks": (Stranger(menu=NAVIGATION.replace("Settings", "Network")), "2 places for the link to Network"),
    "elsewhere": (
        Stranger(menu=NAVIGATION.replace("/x/1", "http://other.example/x")),
        "leads to 'http://other.example/x', which is not the unit",
    ),
}


@pytest.mark.parametrize(("stranger", "says"), BROKEN.values(), ids=BROKEN)
def test_a_unit_on_which_a_person_would_be_lost_is_an_error_that_says_where(stranger: Stranger, says: str) -> None:
    with opened(stranger) as unit, pytest.raises(UnitError) as error:
        unit.certificate_page()
    assert says in str(error.value)


def test_an_api_that_does_not_know_how_to_restart_in_spite_of_its_version_leaves_it_to_the_web() -> None:
    stranger = Stranger()
    with opened(stranger) as unit:
        assert unit.restart(Deadline.after(20.0), Way.API).way is Way.WEB


def test_an_older_api_is_not_asked_to_restart() -> None:
    with opened(Stranger(api_version="2.8")) as unit, pytest.raises(ConfigurationError, match="restart it by web"):
        unit.restart(Deadline.after(5.0), Way.API)
