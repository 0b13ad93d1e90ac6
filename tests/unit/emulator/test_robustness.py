"""Whatever arrives, the unit goes on answering others."""

from __future__ import annotations

import socket
from typing import Any

import pytest
import requests
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from harness.emulator.blueprint import Blueprint
from harness.emulator.forms import FormDamaged, parse_form
from harness.emulator.hosting import HostThread
from harness.emulator.pair import FACTORY

HOST = b"\r\nHost: mcu\r\n"

MALFORMED = {
    "nonsense": (b"\x00\x01\x02\xff" * 100 + b"\r\n\r\n", 400),
    "TLS on the HTTP port": (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x01" + b"\x00" * 64, 400),
    "a version of its own": (b"GET / HTTP/9.7" + HOST + b"\r\n", 400),
    "an unknown method": (b"BREW /pot HTTP/1.1" + HOST + b"\r\n", 400),
    "a path that is none": (b"GET http://[::1 HTTP/1.1" + HOST + b"\r\n", 400),
    "a header without colon": (b"GET / HTTP/1.1\r\nHost\r\n\r\n", 400),
    "a header without end": (b"GET / HTTP/1.1\r\nX: " + b"x" * 100_000, 400),
    "a cookie that is none": (b'GET / HTTP/1.1\r\nHost: mcu\r\nCookie: =;;session_id="\xff\r\n\r\n', 302),
    "a length that is none": (b"POST /RPC2 HTTP/1.1\r\nHost: mcu\r\nContent-Length: -1\r\n\r\n", 400),
    "two lengths": (b"POST /RPC2 HTTP/1.1\r\nHost: mcu\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nxx", 400),
    "chunks that are none": (b"POST /RPC2 HTTP/1.1\r\nHost: mcu\r\nTransfer-Encoding: chunked\r\n\r\nZZ\r\n", 400),
    "a form of no type": (b"POST /login_change.html HTTP/1.1\r\nHost: mcu\r\nContent-Length: 3\r\n\r\nabc", 400),
    "a method without form": (b"PUT /login_change.html HTTP/1.1\r\nHost: mcu\r\nContent-Length: 3\r\n\r\nabc", 405),
    "gzip that is none": (
        b"POST /RPC2 HTTP/1.1\r\nHost: mcu\r\nContent-Encoding: gzip\r\nContent-Length: 3\r\n\r\nabc",
        200,
    ),
}


@pytest.mark.parametrize(("sent", "status"), MALFORMED.values(), ids=MALFORMED)
def test_malformed_http_is_answered(
    blueprint: Blueprint, host: HostThread, caplog: pytest.LogCaptureFixture, sent: bytes, status: int
) -> None:
    with socket.create_connection((blueprint.address, blueprint.http), timeout=60) as connection:
        connection.sendall(sent)
        answer = connection.recv(65536)

    assert int(answer.split()[1]) == status
    assert caplog.records == []
    assert is_alive(blueprint)


UNFINISHED = {
    "nothing": b"",
    "no request line": b"\r\n\r\n",
    "half a request line": b"GET /login",
    "half a body": b"POST /RPC2 HTTP/1.1\r\nHost: mcu\r\nContent-Length: 5000\r\n\r\n<methodCall>",
    "half an upload": b"POST /certificates_change.html HTTP/1.1\r\nHost: mcu\r\nContent-Length: 5000\r\n"
    b"Content-Type: multipart/form-data; boundary=limit\r\n\r\n--limit\r\nContent-Disp",
}


@pytest.mark.parametrize("sent", UNFINISHED.values(), ids=UNFINISHED)
def test_a_client_that_goes_away_does_no_harm(
    blueprint: Blueprint, host: HostThread, caplog: pytest.LogCaptureFixture, sent: bytes
) -> None:
    with socket.create_connection((blueprint.address, blueprint.http), timeout=60) as connection:
        connection.sendall(sent)
        connection.shutdown(socket.SHUT_WR)
        # An upload without a session may be answered before its other half is missed.
        while connection.recv(65536):
            pass

    assert caplog.records == []
    assert is_alive(blueprint)


def is_alive(blueprint: Blueprint) -> bool:
    return requests.get(f"http://{blueprint.address}:{blueprint.http}/system.xml", timeout=60).ok


def part(name: str, content: bytes) -> bytes:
    return b'--limit\r\nContent-Disposition: form-data; name="%s"\r\n\r\n%s\r\n' % (name.encode(), content)


MALFORMED_FORMS = {
    "no boundary": ("multipart/form-data", part("certificate", b"x") + b"--limit--\r\n"),
    "another boundary": ("multipart/form-data; boundary=other", part("certificate", b"x") + b"--limit--\r\n"),
    "a boundary beyond ASCII": ("multipart/form-data; boundary=\xe9", b"--\xe9--\r\n"),
    "a type half in UTF-8": ("multipart/form-data; \xc9\x89\xff=b", b"--b--\r\n"),
    "not closed": ("multipart/form-data; boundary=limit", part("certificate", b"x")),
    "empty": ("multipart/form-data; boundary=limit", b""),
    "a part without name": ("multipart/form-data; boundary=limit", b"--limit\r\n\r\nx\r\n--limit--\r\n"),
    "a part without head": ("multipart/form-data; boundary=limit", b"--limit\r\nx\r\n--limit--\r\n"),
    "not a form": ("application/json", b"{}"),
    "bytes beyond ASCII": ("application/x-www-form-urlencoded", b"form_id=\xff"),
}


@pytest.mark.parametrize(("content_type", "body"), MALFORMED_FORMS.values(), ids=MALFORMED_FORMS)
def test_a_damaged_form_is_refused_and_changes_nothing(
    visitor: Any, blueprint: Blueprint, host: HostThread, content_type: str, body: bytes
) -> None:
    answer = visitor.post(
        f"http://{blueprint.address}:{blueprint.http}/certificates_change.html",
        data=body,
        headers={"Content-Type": content_type.encode("latin-1")},
    )

    assert answer.status_code == 400
    assert host.truth("bench-7").stored == FACTORY


def test_fields_come_out_as_they_went_in() -> None:
    fields = {"certificate": b"\x00\r\n--limi\r\n\xff", "private_key": b"", "pass word": b"\r\n"}
    body = (
        b"preamble\r\n" + b"".join(part(name, content) for name, content in fields.items()) + b"--limit--\r\nepilogue"
    )

    assert parse_form("multipart/form-data; boundary=limit", body) == fields


@settings(max_examples=200, suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(content=st.binary())
def test_any_content_without_the_boundary_survives_multipart(content: bytes) -> None:
    boundary = b"b3f1c0de-no-content-holds-this"
    body = b'--%s\r\nContent-Disposition: form-data; name="key"; filename="a.pem"\r\n\r\n%s\r\n--%s--\r\n' % (
        boundary,
        content,
        boundary,
    )

    assert parse_form(f"multipart/form-data; boundary={boundary.decode()}", body) == {"key": content}


@settings(max_examples=300, deadline=None)
@given(
    content_type=st.sampled_from(["multipart/form-data; boundary=b", "application/x-www-form-urlencoded"])
    | st.text(),
    body=st.binary()
    | st.lists(
        st.sampled_from(
            [
                b"--b",
                b"--b--",
                b"\r\n",
                b"Content-Disposition: form-data; name=a",
                b"Content-Disposition: ;;=",
                b"a=b&c",
                b"%zz",
            ]
        )
    ).map(b"".join),
)
def test_any_body_is_a_form_or_damaged(content_type: str, body: bytes) -> None:
    try:
        fields = parse_form(content_type, body)
    except FormDamaged:
        return
    assert all(isinstance(content, bytes) for content in fields.values())
