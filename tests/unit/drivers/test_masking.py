"""A page in the evidence: readable, and without secrets, whatever the unit has written."""

import pytest

from harness.drivers.masking import mask_page, mask_text

SECRETS = ("s3cret & more", "pw")

MASKED = {
    "hidden": "<input type=hidden name=token value=leak>",
    "password": "<input type=PASSWORD value='leak'>",
    "text": "<input value=leak>",
    "textarea": "<textarea name=a>leak <b>leak</b></textarea>",
    "query": "<a href='/x.html?sid=leak'>Network</a>",
    "form-query": "<form action=/x?leak></form>",
    "refresh": "<meta http-equiv=refresh content='0; URL=/x?leak'>",
    "script": "<script>var key = 'leak';</script>",
    "script-attribute": "<a onclick=\"location='/x?leak'\">Go</a>",
    "comment": "<!-- leak -->",
    "key": "<pre>-----BEGIN RSA PRIVATE KEY-----\nleak\n-----END RSA PRIVATE KEY-----</pre>",
    "key-cut-off": "-----BEGIN ENCRYPTED PRIVATE KEY-----\nleak",
    "known": "for s3cret &amp; more",
    "known-in-an-attribute": "<img alt='s3cret & more'>",
    "short": "the password pw, wrong",
    "control-characters": "<a href='/\x01?leak&#1;'>x",
}


@pytest.mark.parametrize("markup", MASKED.values(), ids=MASKED)
def test_a_secret_is_masked(markup: str) -> None:
    masked = mask_page(f"<title>Page</title>{markup}", SECRETS)
    assert not [secret for secret in ("leak", "s3cret", " pw,") if secret in masked]
    assert "<title>Page</title>" in masked


KEPT = {
    "button": '<input type="submit" name="go" value="Upload certificate and key">',
    "label": "<td>Private key</td>",
    "link": '<a href="/network/ssl.html">SSL certificates</a>',
    "list": '<option value="net">Network</option>',
    "text": "Gerät in Zürich",
    "question": "Really?",
    "part-of-a-word": "spwan",
}


@pytest.mark.parametrize("markup", KEPT.values(), ids=KEPT)
def test_what_a_person_would_go_by_is_kept(markup: str) -> None:
    assert markup in mask_page(f"<table><tr>{markup}" if "<td>" in markup else markup, SECRETS)


@pytest.mark.parametrize("markup", ["", "\x02", "<", "<a \x0b=\x0b>", "&#1;&#xffff;", "<frameset><frame src=?>"])
def test_whatever_came_is_kept_without_an_error(markup: str) -> None:
    assert mask_page(markup, ()).isprintable() or markup


def test_the_longest_secret_goes_first() -> None:
    assert mask_text("open sesame street", ["sesame", "sesame street"]) == "open ***"
