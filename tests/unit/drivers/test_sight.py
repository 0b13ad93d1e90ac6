"""Finding links and buttons by what a person reads on them."""

import pytest

from harness.drivers.document import Document
from harness.drivers.reading import read_page
from harness.drivers.sight import find_button, find_link, heading, is_denied, login_fields, login_forms
from harness.drivers.words import (
    CONFIRM,
    NETWORK,
    REMOVE,
    RESTART,
    SETTINGS,
    SHUT_DOWN,
    SHUTDOWN_PAGE,
    SSL_CERTIFICATES,
    Words,
)
from harness.errors import UnitError


def page(body: str) -> list[Document]:
    return [read_page("http://unit/a/page.html", body.encode())]


LINKS = {
    "plain": "<a href=ssl.html>SSL certificates</a>",
    "upper-case": '<A HREF="ssl.html"><FONT SIZE=2>SSL CERTIFICATES</FONT></A>',
    "white-space": "<a href='\n ssl.html '>\n SSL\n&nbsp;certificates </a>",
    "decorated": "<a href=ssl.html>&raquo; SSL certificates &gt;</a>",
    "image": "<a href=ssl.html><img src=x.gif alt='SSL certificates'></a>",
    "image-beside-words": "<a href=ssl.html><img src=x.gif alt='arrow'>SSL certificates</a>",
    "image-and-arrow": "<a href=ssl.html><img src=x.gif alt='SSL certificates'>&nbsp;&raquo;</a>",
    "image-title": "<a href=ssl.html title='SSL certificates'><img src=x.gif></a>",
    "image-map": "<img usemap=#m><map name=m><area href=ssl.html alt='SSL certificates'></map>",
    "absolute": "<a href=http://unit/a/ssl.html>SSL certificates</a>",
    "rooted": "<a href=/a/ssl.html>SSL certificates</a>",
    "base": "<base href=/a/b/><a href=../ssl.html>SSL certificates</a>",
    "fragment": "<a href=ssl.html#top>SSL certificates</a>",
    "twice": "<a href=ssl.html>SSL certificates</a> <a href=./ssl.html>SSL certificates</a>",
    "beside-its-help": "<a href=ssl.html>SSL certificates</a> <a href=/help_certificates.html>SSL certificates</a>",
    "beside-longer": "<a href=ssl.html>SSL certificates</a> <a href=other.html>SSL certificates (trusted)</a>",
    "script": "<a href='javascript:void(0)' onclick=\"window.location='ssl.html'\">SSL certificates</a>",
    "in-a-menu": "<ul style='display: none'><li><a href=ssl.html>SSL certificates</a></ul>",
    "unclosed": "<a href=net.html>Network<a href=ssl.html>SSL certificates",
}


@pytest.mark.parametrize("body", LINKS.values(), ids=LINKS)
def test_a_link_is_found_by_its_text(body: str) -> None:
    assert find_link(page(body), SSL_CERTIFICATES).url == "http://unit/a/ssl.html"


NO_LINK = {
    "none": ("<a href=x>Home</a><a href=y>Network</a>", "'Home', 'Network'"),
    "not-a-link": ("<p>SSL certificates", "(none)"),
    "two-places": ("<a href=x>SSL certificates</a><a href=y>SSL certificates</a>", "'/a/x', '/a/y'"),
    "help-only": ("<a href=help_certificates.html>SSL certificates</a>", "no link to Network > SSL certificates"),
    "nowhere": ("<a href='javascript:menu(3)'>SSL certificates</a>", "no link to Network > SSL certificates"),
}


@pytest.mark.parametrize(("body", "says"), NO_LINK.values(), ids=NO_LINK)
def test_a_missing_or_ambiguous_link_is_an_error_that_tells_what_there_is(body: str, says: str) -> None:
    with pytest.raises(UnitError) as error:
        find_link(page(f"<title>Home page</title>{body}"), SSL_CERTIFICATES)
    assert says in str(error.value)
    assert "Home page" in str(error.value)


BUTTONS: dict[str, tuple[Words, str]] = {
    "input": (REMOVE, "<form action=do><input type=submit value='Delete custom certificate and key'></form>"),
    "2.x": (REMOVE, "<form action=do><input type=submit value='Remove certificate and key'></form>"),
    "button": (REMOVE, "<form action=do><button><b>Delete custom</b>\ncertificate and key</button></form>"),
    "image": (REMOVE, "<form action=do><input type=image alt='Delete custom certificate and key'></form>"),
    "button-image": (REMOVE, "<form action=do><button><img alt='Remove certificate and key'></button></form>"),
    "image-beside-words": (REMOVE, "<form action=do><button><img alt=bin>Remove certificate and key</button></form>"),
    "beside-another": (
        RESTART,
        "<form action=no><button>Restart streaming</button></form><form action=do><button>Restart MCU",
    ),
    "scripted": (
        REMOVE,
        "<form action=do><input type=button onclick='submit()' value='Remove certificate and key'></form>",
    ),
    "link-that-submits": (
        REMOVE,
        "<form name=f action=do></form><a href='javascript:document.f.submit()'>Remove certificate and key</a>",
    ),
    "form-attribute": (REMOVE, "<form id=f action=do></form><button form=f>Remove certificate and key</button>"),
    "formaction": (REMOVE, "<form action=do><button>Remove certificate and key</button></form>"),
    "beside-a-trust-store": (
        REMOVE,
        "<form action=t><button>Delete trust store</button></form>"
        "<form action=do><button>Delete custom certificate and key</button></form>",
    ),
    "beside-a-twin-in-another-section": (
        REMOVE,
        "<h2>Local certificate</h2><form action=do><button>Remove certificate and key</button></form><h2>HTTPS trust"
        " store</h2><form action=t><button>Remove certificate and key</button></form>",
    ),
    "shut-down": (SHUT_DOWN, "<form action=do><input type=submit value='Shut down MCU'></form>"),
    "shut-down-a-gateway": (SHUT_DOWN, "<form action=do><input type=submit value='Shutdown Media Gateway'></form>"),
    "confirm": (
        CONFIRM,
        "<form action=do><input type=submit value='Confirm MCU shutdown'><input type=submit value=Cancel>",
    ),
    "restart": (RESTART, "<form action=do><input type=submit value='Restart MCU'></form>"),
    "reboot": (RESTART, "<form action=do><input type=submit value='REBOOT'></form>"),
}


@pytest.mark.parametrize(("words", "body"), BUTTONS.values(), ids=BUTTONS)
def test_a_button_is_found_by_its_text(words: Words, body: str) -> None:
    assert find_button(page(body), words).form.action == "http://unit/a/do"


NO_BUTTON = {
    "none": "<form><button>Apply changes</button></form>",
    "hidden": "<div hidden><form><button>Restart MCU</button></form></div>",
    "greyed": "<form><button disabled>Restart MCU</button></form>",
    "a-text": "<form>Restart MCU<button>OK</button></form>",
    "a-link": "<a href=x>Restart MCU</a>",
    "without-a-form": "<button>Restart MCU</button>",
    "another-word": "<form><button>Restarts</button></form>",
    "two": "<form><button>Restart MCU</button></form><form><button>Restart unit</button></form>",
    "two-in-one-form": "<form><button name=a>Restart MCU</button><button name=b>Restart MCU</button></form>",
}


@pytest.mark.parametrize("body", NO_BUTTON.values(), ids=NO_BUTTON)
def test_nothing_is_pressed_on_a_guess(body: str) -> None:
    with pytest.raises(UnitError, match="button that restarts"):
        find_button(page(body), RESTART)


LOGINS = {
    "4.3": "<form>Username <input name=u> Password <input type=password name=p><input type=submit value=OK></form>",
    "table": "<table><form><tr><td>Username<td><input name=u><tr><td>Password<td><input type=password name=p><tr><td>"
    "<td><input type=submit value='Log in'></form></table>",
    "unlabelled": "<form><input name=u><input type=password name=p><button>Log in</button></form>",
    "with-a-language": "<form>Language <input name=l> User name <input name=u> Password <input type=password name=p>"
    "<input type=image alt=Login></form>",
    "beside-a-search": "<form>Search <input name=q><input type=submit value=OK></form><form>Username <input name=u>"
    "<br>Password <input type=password name=p><br><input type=submit value=OK></form>",
}


@pytest.mark.parametrize("body", LOGINS.values(), ids=LOGINS)
def test_a_login_form_asks_for_user_and_password(body: str) -> None:
    [found] = login_forms(page(body))
    assert [field.name for field in login_fields(found)] == ["u", "p"]


NO_LOGIN = {
    "upload": "<form><input name=u><input type=file><input type=password><input type=submit value=OK></form>",
    "change-password": "<form><input><input type=password><input type=password><input type=submit value=OK></form>",
    "no-user": "<form><input type=password><input type=submit value=OK></form>",
    "other-button": "<form><input><input type=password><input type=submit value='Apply changes'></form>",
}


@pytest.mark.parametrize("body", NO_LOGIN.values(), ids=NO_LOGIN)
def test_other_forms_with_a_password_are_no_login(body: str) -> None:
    assert login_forms(page(body)) == ()


DENIED = {
    "title": "<title>Codian MCU - Access denied</title>",
    "heading": "<h1>Access failed</h1>",
    "bold": "<table><tr><td><font size=5><b>Access denied</b></font></table>",
}


@pytest.mark.parametrize("body", DENIED.values(), ids=DENIED)
def test_a_refusal_is_known_by_its_title(body: str) -> None:
    assert is_denied(page(body))


def test_a_text_that_mentions_a_refusal_is_none() -> None:
    assert not is_denied(page("<p>3 May: access denied for guest"))


HEADINGS = {
    "title": ("<title>Codian MCU - Home page</title><h1>MCU 4505</h1>", "Home page"),
    "heading": ("<title>Codian</title><h2>Services</h2>", "Services"),
    "title-alone": ("<title>Home</title>", "Home"),
    "nothing": ("", ""),
}


@pytest.mark.parametrize(("body", "wanted"), HEADINGS.values(), ids=HEADINGS)
def test_what_a_page_calls_itself(body: str, wanted: str) -> None:
    assert heading(page(body)[0]) == wanted


MENU = "<a href=n>Network</a><a href=s>Settings</a><a href=d>Shutdown</a><a href=x>Network help</a>"


@pytest.mark.parametrize(("words", "url"), [(NETWORK, "n"), (SETTINGS, "s"), (SHUTDOWN_PAGE, "d")], ids=str)
def test_menu_entries_are_told_apart(words: Words, url: str) -> None:
    assert find_link(page(MENU), words).url == f"http://unit/a/{url}"


ENTRIES = ("Status", "Network", "Settings", "Logs")
MENUS = {
    "buttons-of-one-form": "<form action=go method=post>{}</form>".format(
        "".join(f"<input type=submit name=m{text} value={text}>" for text in ENTRIES)
    ),
    "a-form-for-each": "".join(f"<form action=/{text}><button>{text}</button></form>" for text in ENTRIES),
    "a-list-and-a-button": "<form action=go><select name=p>{}</select><input type=submit value=Go></form>".format(
        "".join(f"<option value={text}>{text}" for text in ENTRIES)
    ),
    "a-list-that-submits": "<form action=go><select name=p onchange='this.form.submit()'>{}</select></form>".format(
        "".join(f"<option>{text}" for text in ENTRIES)
    ),
    "a-list-that-goes": "<select onchange='location = this.value'><option value=''>Go to{}</select>".format(
        "".join(f"<option value=/{text}>{text}" for text in ENTRIES)
    ),
    "buttons-that-go": "".join(
        f"<input type=button value={text} onclick=\"location.href='/{text}'\">" for text in ENTRIES
    ),
}


@pytest.mark.parametrize("menu", MENUS.values(), ids=MENUS)
def test_an_entry_of_a_menu_is_as_good_as_a_link(menu: str) -> None:
    assert find_link(page(menu), NETWORK).text == "Network"


NO_MENUS = {
    "a-single-button": "<form action=do method=post><button>Network</button></form>",
    "a-setting": "<form action=do><select name=start><option>Status<option>Network<option>Logs</select><button>Apply"
    " changes</button></form>",
    "something-to-fill-in": MENUS["buttons-of-one-form"].replace("</form>", "<input name=q></form>"),
    "something-to-tick": MENUS["a-list-and-a-button"].replace("</form>", "<input type=checkbox name=q></form>"),
    "a-text-that-only-begins-so": MENUS["buttons-of-one-form"].replace("=Network", "='Network off'"),
}


@pytest.mark.parametrize("menu", NO_MENUS.values(), ids=NO_MENUS)
def test_what_might_do_more_than_lead_somewhere_is_not_pressed(menu: str) -> None:
    with pytest.raises(UnitError, match="no link to Network"):
        find_link(page(menu), NETWORK)


def test_an_entry_of_a_menu_is_no_button_that_acts() -> None:
    menu = "<form action=go>{}</form>".format("".join(f"<button>{text}</button>" for text in (*ENTRIES, "Shutdown")))
    act = "<form action=do><button>Shutdown</button></form>"
    assert find_button(page(menu + act), SHUT_DOWN).form.action == "http://unit/a/do"
    with pytest.raises(UnitError, match="no button that shuts down"):
        find_button(page(menu), SHUT_DOWN)


def test_the_only_button_is_not_pressed_where_it_belongs_to_another_section() -> None:
    trust = "<h2>SIP trust store</h2><form action=t><button>Remove certificate and key</button></form>"
    with pytest.raises(UnitError, match="stands only in another section, 'SIP trust store'"):
        find_button(page(trust), REMOVE)
