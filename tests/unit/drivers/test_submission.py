"""What is sent when a button is pressed: as a browser would."""

from email.parser import BytesParser

import pytest

from harness.drivers.document import Kind
from harness.drivers.reading import read_page
from harness.drivers.sight import find_button
from harness.drivers.submission import FileContent, Filling, Submission, fill_in
from harness.drivers.words import Words
from harness.errors import UnitError

GO = Words("button", ("Go",))


def pressed(body: str, filling: dict[str, bytes | str | FileContent] | None = None) -> Submission:
    found = find_button([read_page("http://unit/a/b", body.encode())], GO)
    by_name: Filling = {
        control: (filling or {})[control.name] for control in found.controls if control.name in (filling or {})
    }
    return fill_in(found, by_name)


FIELDS = """<input type=hidden name=token value="a&amp;b"><input name=t value=x><input type=checkbox name=c1 checked>
    <input type=checkbox name=c2 value=2><input type=radio name=r value=1><input type=radio name=r value=2 checked>
    <select name=s><option value=one>1<option value=two selected>2</select><select name=d><option>first<option>second
    </select><select name=m multiple><option>x<option>y</select><textarea name=a>
text</textarea><input name=no disabled value=1><input value=nameless><input type=submit name=other value=Other>
    <input type=reset name=z><input type=submit name=go value=Go>"""

PAIRS = "token=a%26b&t=x&c1=on&r=2&s=two&d=first&a=text&go=Go"


def test_every_field_goes_as_it_stands_and_no_other_button_does() -> None:
    assert pressed(f"<form action=c method=post>{FIELDS}</form>") == Submission(
        "POST", "http://unit/a/c", "application/x-www-form-urlencoded", PAIRS.encode()
    )


def test_a_form_without_a_method_is_a_get_and_replaces_the_query() -> None:
    assert pressed(f"<form action=c?old=1>{FIELDS}</form>").url == f"http://unit/a/c?{PAIRS}"


def test_a_form_without_an_action_goes_to_its_own_page() -> None:
    assert pressed("<form method=post><button name=x>Go</button></form>").url == "http://unit/a/b"


def test_a_button_may_send_its_form_elsewhere() -> None:
    assert pressed("<form method=post action=c><button formaction=d>Go</button></form>").url == "http://unit/a/d"


def test_an_image_sends_where_it_was_clicked() -> None:
    body = pressed("<form method=post><input type=image name=i alt=Go></form>").body
    assert body == b"i.x=1&i.y=1"


@pytest.mark.parametrize(
    ("charset", "sent"), [("iso-8859-1", b"t=%E9%A4"), ("utf-8", b"t=%C3%A9%C2%A4")], ids=["latin-1", "utf-8"]
)
def test_text_goes_in_the_page_s_encoding(charset: str, sent: bytes) -> None:
    markup = f"<meta charset={charset}><form method=post><input name=t><button>Go</button></form>"
    assert pressed(markup, {"t": "é¤"}).body == sent


def test_files_go_byte_for_byte_in_their_own_fields() -> None:
    content = bytes(range(256)) + b"\r\n--boundary\r\n"
    submission = pressed(
        "<form method=POST enctype='multipart/form-data'><input type=file name=f><input type=password name=p>"
        "<input type=file name=left><input type=hidden name=h value=1><input type=submit name=go value=Go></form>",
        {"f": FileContent("c.pem", content), "p": b"\xff\x00 secret"},
    )
    head = f"Content-Type: {submission.content_type}\r\n\r\n".encode()
    parts = BytesParser().parsebytes(head + submission.body).get_payload()
    assert [
        (part.get_param("name", header="content-disposition"), part.get_filename(), part.get_payload(decode=True))
        for part in parts
        if not isinstance(part, str)
    ] == [
        ("f", "c.pem", content),
        ("p", None, b"\xff\x00 secret"),
        ("left", "", b""),
        ("h", None, b"1"),
        ("go", None, b"Go"),
    ]


@pytest.mark.parametrize("form", ["method=post", "", "method=get enctype=multipart/form-data"])
def test_a_form_that_cannot_carry_files_is_refused(form: str) -> None:
    with pytest.raises(UnitError, match="cannot send a file"):
        pressed(f"<form {form}><input type=file name=f><button>Go</button></form>", {"f": FileContent("c.pem", b"x")})


def test_an_unknown_method_is_refused() -> None:
    with pytest.raises(UnitError, match="'dialog'"):
        pressed("<form method=dialog><button>Go</button></form>")


def test_what_is_sent_is_in_no_repr() -> None:
    submission = pressed("<form method=post><input type=password name=p><button>Go</button></form>", {"p": "s3cret"})
    assert "s3cret" not in repr(submission)
    assert "s3cret" not in repr(FileContent("k.pem", b"s3cret"))


def test_kinds_are_told_apart() -> None:
    document = read_page(
        "http://unit/", b"<input><input type=FILE><input type=email><input type=hidden><button>x</button>"
    )
    assert [control.kind for control in document.controls] == [
        Kind.TEXT,
        Kind.FILE,
        Kind.TEXT,
        Kind.HIDDEN,
        Kind.SUBMIT,
    ]
