"""Finding the form that uploads the certificate and key, on pages laid out in every way a person would understand."""

import pytest

from harness.drivers.document import Document
from harness.drivers.reading import read_page
from harness.drivers.sight import find_upload
from harness.drivers.words import CERTIFICATE, PASSPHRASE, PRIVATE_KEY
from harness.errors import UnitError

# The field names are as unlike the labels as possible: f3 is the certificate, f1 the key, p the passphrase.
CERT, KEY, WORD = '<input type="file" name="f3">', '<input type="file" name="f1">', '<input type="password" name="p">'
PRESS = '<input type="submit" name="go" value="Upload certificate and key">'

# Three fields with their labels, and the button.
LAYOUTS = {
    "cell-to-the-left": f"""
        <table><tr><td>Certificate</td><td>{CERT}</td></tr><tr><td>Private key</td><td>{KEY}</td></tr>
        <tr><td>Private key encryption password</td><td>{WORD}</td></tr><tr><td></td><td>{PRESS}</td></tr></table>""",
    "row-heading": f"""
        <table><tr><th>Certificate:</th><td>{CERT}</td></tr><tr><th>Private key:</th><td>{KEY}</td></tr>
        <tr><th>Private key encryption password:</th><td>{WORD}</td></tr></table>{PRESS}""",
    "unclosed-upper-case": """
        <TABLE><TR><TD>Certificate<TD><INPUT TYPE=FILE NAME=f3><TR><TD>Private key<TD><INPUT TYPE=File NAME=f1>
        <TR><TD>Private key encryption password<TD><INPUT TYPE=PassWord NAME=p>
        <TR><TD COLSPAN=2><INPUT TYPE=SUBMIT NAME=go VALUE="Upload certificate and key"></TABLE>""",
    "label-for": """
        <label for=a>Certificate</label><input type=file name=f3 id=a><label for=b>Private key</label>
        <input type=file name=f1 id=b><label for=c>Private key encryption password</label>
        <input type=password name=p id=c><button name=go>Upload certificate and key</button>""",
    "label-for-in-disorder": f"""
        <p><input type=file name=f1 id=b><input type=file name=f3 id=a><input type=password name=p id=c></p>
        <p><label for=a>Certificate</label> <label for=c>Private key encryption password</label>
        <label for=b>Private key</label></p>{PRESS}""",
    "label-around": f"""
        <label>Certificate {CERT}</label><br><label>Private key {KEY}</label><br>
        <label>{WORD} Private key encryption password</label><br>{PRESS}""",
    "words-before-on-the-line": f"""
        Certificate {CERT}<br>Private key {KEY}<br>Private key encryption password {WORD}<br>{PRESS}""",
    "words-before-on-one-line": f"""
        Certificate: {CERT} Private key: {KEY} Private key encryption password: {WORD} {PRESS}""",
    "words-above": f"""
        <p>Certificate<br>{CERT}</p><p>Private key<br>{KEY}</p><p>Private key encryption password<br>{WORD}
        </p>{PRESS}""",
    "words-after": f"""
        {CERT} Certificate<br>{KEY} Private key<br>{WORD} Private key encryption password<br>{PRESS}""",
    "cell-to-the-right": f"""
        <table><tr><td>{CERT}<td>Certificate<tr><td>{KEY}<td>Private key
        <tr><td>{WORD}<td>Private key encryption password</table>{PRESS}""",
    "row-above": f"""
        <table><tr><td>Certificate<tr><td>{CERT}<tr><td>Private key<tr><td>{KEY}
        <tr><td>Private key encryption password<tr><td>{WORD}<tr><td>{PRESS}</table>""",
    "column-heads": f"""
        <table><tr><th>Certificate<th>Private key<th>Private key encryption password<th>
        <tr><td>{CERT}<td>{KEY}<td>{WORD}<td>{PRESS}</table>""",
    "four-cells-a-row": f"""
        <table><tr><td>Certificate<td>{CERT}<td>Private key<td>{KEY}
        <tr><td>Private key encryption password<td>{WORD}<td colspan=2>{PRESS}</table>""",
    "table-in-each-cell": f"""
        <table><tr><td><table><tr><td><b>Certificate</b></table><td><table><tr><td><table><tr><td>{CERT}
        </table></table>
        <tr><td><table><tr><td><font color=navy>Private</font> key</table><td><table><tr><td>{KEY}</table>
        <tr><td>Private key encryption password<td><table><tr><td>{WORD}</table><tr><td>{PRESS}</table>""",
    "definition-list": f"""
        <dl><dt>Certificate<dd>{CERT}<dt>Private key<dd>{KEY}<dt>Private key encryption password<dd>{WORD}
        </dl>{PRESS}""",
    "list": f"""
        <ul><li>Certificate {CERT}<li>Private key {KEY}<li>Private key encryption password {WORD}<li>{PRESS}</ul>""",
    "blocks": f"""
        <div><div>Certificate</div><div>{CERT}</div></div><div><div>Private key</div><div>{KEY}</div></div>
        <div><div>Private key encryption password</div><div>{WORD}</div></div><div>{PRESS}</div>""",
    "fieldset-each": f"""
        <fieldset><legend>Certificate</legend>{CERT}</fieldset><fieldset><legend>Private key</legend>{KEY}</fieldset>
        <fieldset><legend>Private key encryption password</legend>{WORD}</fieldset>{PRESS}""",
    "remarks-between": f"""
        <table><tr><td>Certificate (PEM)<td><i>Base64 text, .pem</i><td>{CERT}
        <tr><td>Private key (PEM)<td><i>must match the certificate</i><td>{KEY}
        <tr><td>Private key encryption password<td><i>only if the key is encrypted</i><td>{WORD}</table>{PRESS}""",
    "remarks-below-the-label": f"""
        <p>Certificate<p><small>A file in PEM format</small><p>{CERT}<p>Private key
        <p><small>The key of the certificate above</small><p>{KEY}<p>Private key encryption password
        <p><small>Leave empty if the key is not encrypted</small><p>{WORD}<p>{PRESS}""",
    "remarks-after-the-field": f"""
        <table><tr><td>Certificate<td>{CERT} Private keys do not belong here<tr><td>Private key<td>{KEY} in PEM format
        <tr><td>Private key encryption password<td>{WORD} optional</table>{PRESS}""",
    "stars-and-colons": f"""
        <table><tr><td>* Certificate&nbsp;:<td>{CERT}<tr><td>*&nbsp;Private&nbsp;key&nbsp;:<td>{KEY}
        <tr><td>Private key<br>encryption password :<td>{WORD}</table>{PRESS}""",
    "aria": """
        <input type=file name=f1 aria-label="Private key"><input type=file name=f3 aria-label="Certificate">
        <input type=password name=p title="Private key encryption password"><input type=submit name=go
        value="Upload certificate and key">""",
    "pictures-beside-the-words": f"""
        <table><tr><td><img alt=help>Certificate<td>{CERT}<tr><td><img alt=help> Private key<td>{KEY}<img alt=new>
        <tr><td>Private key encryption password<img alt="?"><td>{WORD}</table>{PRESS}""",
    "remarks-like-labels": f"""
        <p>Certificate<br>{CERT} Private keys in this file are ignored<p>Private key<br>{KEY} Certificate first
        <p>Private key encryption password<br>{WORD}<p>{PRESS}""",
    "longer-words": f"""
        <table><tr><td>Certificate file<td>{CERT}<tr><td>Private key file<td>{KEY}
        <tr><td>Private key encryption passphrase<td>{WORD}</table>{PRESS}""",
    "password-as-text": f"""
        <table><tr><td>Certificate<td>{CERT}<tr><td>Private key<td>{KEY}
        <tr><td>Private key encryption password<td><input name=p></table>{PRESS}""",
    "other-order": f"""
        <table><tr><td>Private key encryption password<td>{WORD}<tr><td>Private key<td>{KEY}
        <tr><td>Certificate<td>{CERT}</table>{PRESS}""",
}

# Where the form's tags stand.
FORMS = {
    "around": '<form action="up" method="post" enctype="multipart/form-data">{fields}</form>',
    "upper-case": '<FORM ACTION=up METHOD=POST ENCTYPE="multipart/form-data">{fields}</FORM>',
    "in-a-table": "<table><form action=up method=post enctype=multipart/form-data><tr><td>{fields}</form></table>",
    "closed-elsewhere": "<p><form action=up method=post enctype=multipart/form-data></p>{fields}<div></form></div>",
    "never-closed": "<form action=up method=post enctype=multipart/form-data>{fields}",
    "form-in-form": "<form action=up method=post enctype=multipart/form-data><form action=not>{fields}</form>",
}

STATUS = """<h2>Local certificate</h2><table><tr><td>Subject<td>C=GB<tr><td>Issuer<td>C=GB<tr><td>Issued<td>now
    <tr><td>Expires<td>then<tr><td>Private key<td>Key matches certificate</table>"""
TRUST = """<h2>SIP trust store</h2><form action=trust method=post enctype=multipart/form-data>Certificate
    <input type=file name=t> {more}<input type=submit value="{button}"></form>"""

# What else stands on the page.
SURROUNDINGS = {
    "alone": "<h2>Upload certificate and key</h2>{form}",
    "status-before": STATUS + "<h2>Upload certificate and key</h2>{form}",
    "search-form": "<form action=find>Certificate <input name=q><input type=submit value=Search></form>{form}",
    "delete-form": STATUS
    + "{form}<form action=del method=post><input type=submit value='Delete custom certificate and"
    " key'></form>",
    "trust-store": "<h2>Local certificate configuration</h2>{form}"
    + TRUST.format(more="", button="Upload trust store"),
    "trust-store-first": TRUST.format(more="", button="Upload certificate and key")
    + "<h2>Local certificate configuration</h2>{form}",
    "twin-of-a-trust-store": TRUST.format(
        more="Private key <input type=file name=u> Password <input type=password name=v>",
        button="Upload certificate and key",
    )
    + "<h2>Local certificate configuration</h2>{form}",
    "layout-table": "<table><tr><td><a href=x>Home</a><br><a href=y>Certificate</a><td>{form}<td>Private key</table>",
    "hidden-twin": '<div style="display: none">{form}</div><h2>Upload certificate and key</h2>{form}',
    "comment": "<!-- <form action=old> <input type=file name=old> -->{form}",
    "script": "<script>document.write('<form action=\"no\">');</script>{form}",
}


def page(body: str) -> list[Document]:
    return [read_page("http://unit/network/page.html", body.encode())]


def names(documents: list[Document]) -> tuple[str, ...]:
    found, fields = find_upload(documents)
    return found.form.action, *(fields[words].name for words in (CERTIFICATE, PRIVATE_KEY, PASSPHRASE))


FOUND = ("http://unit/network/up", "f3", "f1", "p")


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("layout", LAYOUTS)
def test_finds_each_field_by_its_label(layout: str, form: str) -> None:
    assert names(page(FORMS[form].format(fields=LAYOUTS[layout]))) == FOUND


@pytest.mark.parametrize("surroundings", SURROUNDINGS)
@pytest.mark.parametrize("layout", LAYOUTS)
def test_is_not_led_astray_by_what_stands_around(layout: str, surroundings: str) -> None:
    form = FORMS["around"].format(fields=LAYOUTS[layout])
    assert names(page(SURROUNDINGS[surroundings].format(form=form))) == FOUND


@pytest.mark.parametrize("layout", LAYOUTS)
def test_one_form_round_the_whole_page_is_told_apart_by_section(layout: str) -> None:
    trust = (
        "<h2>HTTPS trust store</h2>Certificate <input type=file name=t><input type=submit value='Upload trust store'>"
    )
    body = f"{trust}<h2>Upload certificate and key</h2>{LAYOUTS[layout]}"
    assert names(page(FORMS["around"].format(fields=body))) == FOUND


GOOD = FORMS["around"].format(fields=LAYOUTS["cell-to-the-left"])

REFUSED = {
    "nothing": ("<p>There is nothing here", "no button that uploads the pair ('Upload certificate and key' or "),
    "other-button": (GOOD.replace("Upload certificate and key", "Upload trust store"), "'Upload trust store'"),
    "greyed-out": (GOOD.replace('<input type="submit"', "<input disabled type=submit"), "(greyed out)"),
    "two-forms": (GOOD + GOOD, "2 forms have the button that uploads the pair"),
    "no-key-field": (GOOD.replace(KEY, ""), "no private key file field ('Private key' or 'Private key file'"),
    "no-label": (GOOD.replace("<td>Private key</td>", "<td></td>"), "no private key file field"),
    "two-certificate-fields": (
        GOOD.replace(CERT, CERT + "</td></tr><tr><td>Certificate</td><td>" + CERT),
        "2 of the certificate file field",
    ),
    "no-passphrase-field": (GOOD.replace(WORD, ""), "no private key encryption password field"),
    "files-unlabelled": (
        GOOD.replace("Private key</td>", "</td>").replace("Certificate</td>", "</td>"),
        "no certificate file field",
    ),
    "labels-on-the-wrong-side": (
        FORMS["around"].format(
            fields=f"{CERT} Certificate {KEY} Private key {WORD} Private key encryption password {PRESS}"
        ),
        "answers to",
    ),
}


@pytest.mark.parametrize(("body", "says"), REFUSED.values(), ids=REFUSED)
def test_refuses_to_guess(body: str, says: str) -> None:
    with pytest.raises(UnitError) as refused:
        find_upload(page(f"<title>Codian MCU - SSL certificates</title>{body}"))
    assert says in str(refused.value)
    assert "SSL certificates" in str(refused.value)
    assert "\n" not in str(refused.value)
