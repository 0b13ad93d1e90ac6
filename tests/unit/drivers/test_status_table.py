"""Reading the `Local certificate` table, whose rows are documented and whose layout is not."""

import pytest

from harness.drivers.reading import read_page
from harness.drivers.status_table import read_local_certificate
from harness.errors import UnitError
from harness.unit import LocalCertificate

WANTED = LocalCertificate(
    "C=GB, CN=unit", "C=GB, CN=ca", "Mon 3 Jan 2011", "Wed 3 Jan 2031", "Key matches certificate"
)

LAYOUTS = {
    "rows": """<table><tr><td>Subject<td>C=GB, CN=unit<tr><td>Issuer<td>C=GB, CN=ca<tr><td>Issued<td>Mon 3 Jan 2011
        <tr><td>Expires<td>Wed 3 Jan 2031<tr><td>Private key<td>Key matches certificate</table>""",
    "headed-rows": """<TABLE><TR><TH>Subject:</TH><TD>C=GB, CN=unit</TD></TR><TR><TH>Issuer:</TH>
        <TD>C=GB, CN=ca</TD></TR>
        <TR><TH>Issued:</TH><TD>Mon 3 Jan 2011</TD></TR><TR><TH>Expires:</TH><TD>Wed 3 Jan 2031</TD></TR>
        <TR><TH>Private key:</TH><TD><B>Key matches certificate</B></TD></TR></TABLE>""",
    "lines": """<p>Subject: C=GB, CN=unit<br>Issuer: C=GB, CN=ca<br>Issued: Mon 3 Jan 2011<br>Expires: Wed 3 Jan 2031
        <br>Private key: Key matches certificate""",
    "bold-lines": """<b>Subject:</b> C=GB, CN=unit<br><b>Issuer:</b> C=GB, CN=ca<br><b>Issued:</b> Mon 3 Jan 2011<br>
        <b>Expires:</b> Wed 3 Jan 2031<br><b>Private key:</b> Key matches certificate""",
    "definitions": """<dl><dt>Subject<dd>C=GB, CN=unit<dt>Issuer<dd>C=GB, CN=ca<dt>Issued<dd>Mon 3 Jan 2011<dt>Expires
        <dd>Wed 3 Jan 2031<dt>Private key<dd>Key matches certificate</dl>""",
    "blocks": """<div><div>Subject</div><div>C=GB, CN=unit</div></div><div><div>Issuer</div><div>C=GB, CN=ca
        </div></div>
        <div><div>Issued</div><div>Mon 3 Jan 2011</div></div><div><div>Expires</div><div>Wed 3 Jan 2031</div></div>
        <div><div>Private key</div><div>Key matches certificate</div></div>""",
    "spans-in-a-list": """<ul><li><span>Subject</span>: <span>C=GB, CN=unit</span><li>Issuer: C=GB, CN=ca
        <li>Issued: Mon 3 Jan 2011<li>Expires: Wed 3 Jan 2031<li>Private key: Key matches certificate</ul>""",
    "columns": """<table><tr><th>Subject<th>Issuer<th>Issued<th>Expires<th>Private key<tr><td>C=GB, CN=unit
        <td>C=GB, CN=ca<td>Mon 3 Jan 2011<td>Wed 3 Jan 2031<td>Key matches certificate</table>""",
    "one-part-a-line": """<table><tr><td>Subject<td>C=GB<br>CN=unit<tr><td>Issuer<td>C=GB<br>CN=ca<tr><td>Issued
        <td>Mon 3 Jan 2011<tr><td>Expires<td>Wed 3 Jan 2031<tr><td>Private key<td>Key matches certificate</table>""",
    "one-part-a-cell": """<table><tr><td>Subject<td>C=GB<td>CN=unit<tr><td>Issuer<td>C=GB<td>CN=ca<tr><td>Issued
        <td colspan=2>Mon 3 Jan 2011<tr><td>Expires<td>Wed 3 Jan 2031<tr><td>Private key<td>Key matches certificate
        </table>""",
    "table-in-each-cell": """<table><tr><td><table><tr><td>Subject</table><td><table><tr><td>C=GB, CN=unit</table>
        <tr><td><table><tr><td>Issuer</table><td><table><tr><td>C=GB, CN=ca</table><tr><td>Issued<td>Mon 3 Jan 2011
        <tr><td>Expires<td>Wed 3 Jan 2031<tr><td>Private key<td><table><tr><td>Key matches certificate
        </table></table>""",
    "rows-of-one-cell": """<table><tr><td>Subject<tr><td>C=GB, CN=unit<tr><td>Issuer<tr><td>C=GB, CN=ca<tr><td>Issued
        <tr><td>Mon 3 Jan 2011<tr><td>Expires<tr><td>Wed 3 Jan 2031<tr><td>Private key<tr><td>Key matches certificate
        </table>""",
    "preformatted": """<pre>
Subject     : C=GB, CN=unit
Issuer      : C=GB, CN=ca
Issued      : Mon 3 Jan 2011
Expires     : Wed 3 Jan 2031
Private key : Key matches certificate</pre>""",
    "bold-labels-without-a-colon": """<div><b>Subject</b> C=GB, CN=unit</div><div><b>Issuer</b> C=GB, CN=ca</div>
        <div><b>Issued</b> Mon 3 Jan 2011</div><div><b>Expires</b> Wed 3 Jan 2031</div><div><b>Private key</b>
        Key matches certificate</div>""",
    "a-list-of-parts-below-each-label": """<div><b>Subject</b> <ul><li>C=GB<li>CN=unit</ul></div><div><b>Issuer</b>
        <ul><li>C=GB<li>CN=ca</ul></div><div><b>Issued</b> Mon 3 Jan 2011</div>
        <div><b>Expires</b> Wed 3 Jan 2031</div><div><b>Private key</b> Key matches certificate</div>""",
    "empty-cells-between": """<table><tr><td>Subject<td>&nbsp;<td>C=GB, CN=unit<tr><td>Issuer<td><td>C=GB, CN=ca
        <tr><td>Issued<td><td>Mon 3 Jan 2011<tr><td>Expires<td><td>Wed 3 Jan 2031<tr><td>Private key<td>
        <td>Key matches certificate</table>""",
}

UPLOAD = """<h2>Upload certificate and key</h2><form action=up method=post><table><tr><td>Certificate<td>
        <input type=file>
    <tr><td>Private key<td><input type=file><tr><td>Private key encryption password<td><input type=password></table>
    <input type=submit value="Upload certificate and key"></form>"""
UPLOAD_BELOW = """<form><p>Certificate<p><input type=file><p>Private key<p><input type=file><p>Private key encryption
    password<p><input type=password><p><input type=submit value="Upload certificate and key"></form>"""
TRUST = """<h2>SIP trust store</h2><table><tr><td>Subject<td>CN=trusted<tr><td>Issuer<td>CN=trusted<tr><td>Issued
    <td>then<tr><td>Expires<td>later</table>"""

SURROUNDINGS = {
    "alone": "{table}",
    "under-its-title": "<h2>Local certificate</h2>{table}",
    "before-the-form": "{table}" + UPLOAD,
    "after-the-form": UPLOAD + "<h2>Local certificate</h2>{table}",
    "labels-above-fields": "<h2>Local certificate</h2>{table}<h2>Upload certificate and key</h2>" + UPLOAD_BELOW,
    "trust-store-before": TRUST + "<h2>Local certificate</h2>{table}",
    "trust-store-after": "<h2>Local certificate</h2>{table}" + TRUST,
    "layout-table": "<table><tr><td>Network<br>Private key<td><h2>Local certificate</h2>{table}<td>help</table>",
}


def read(body: str) -> LocalCertificate:
    return read_local_certificate(
        [read_page("http://unit/", f"<title>MCU - SSL certificates</title>{body}".encode())]
    )


@pytest.mark.parametrize("surroundings", SURROUNDINGS)
@pytest.mark.parametrize("layout", LAYOUTS)
def test_reads_the_rows_by_their_labels(layout: str, surroundings: str) -> None:
    assert read(SURROUNDINGS[surroundings].format(table=LAYOUTS[layout])) == WANTED


def test_a_row_that_is_not_printed_is_empty() -> None:
    assert read("<table><tr><td>Private key<td>Key matches certificate</table>") == LocalCertificate(
        "", "", "", "", "Key matches certificate"
    )


def test_a_private_key_that_does_not_match_is_told_as_printed() -> None:
    found = read(LAYOUTS["rows"].replace("Key matches certificate", "No match"))
    assert (found.private_key, found.key_matches) == ("No match", False)


REFUSED = {
    "no-table": (UPLOAD, "no status table with the row 'Private key'"),
    "two-tables": (LAYOUTS["rows"] * 2, "2 status tables with the row 'Private key'"),
}


@pytest.mark.parametrize(("body", "says"), REFUSED.values(), ids=REFUSED)
def test_refuses_to_guess(body: str, says: str) -> None:
    with pytest.raises(UnitError, match=says):
        read(body)
