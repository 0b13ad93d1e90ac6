"""ASCII, unless UTF-8 is asked for (device-reference 7.1, mark D). Asked by curl, which adds nothing of its own."""

from __future__ import annotations

import subprocess
import xmlrpc.client
from dataclasses import replace
from typing import Any

import pytest

from harness.emulator.blueprint import Blueprint
from harness.emulator.hosting import HostThread, hosted

NAME = "Prüfstand 7 – 会議室"


def curl(blueprint: Blueprint, method: str, body_encoding: str | None, *headers: str, **arguments: str) -> bytes:
    """The answer with its headers."""
    login = {"authenticationUser": blueprint.user, "authenticationPassword": blueprint.password}
    body = xmlrpc.client.dumps((login | arguments,), method, encoding=body_encoding).encode()
    typed = any(header.startswith("Content-Type:") for header in headers)
    sent = headers if typed else ("Content-Type: text/xml", *headers)
    options = [word for header in sent for word in ("-H", header)]
    url = f"http://{blueprint.address}:{blueprint.http}/RPC2"
    command = ["curl", "-sS", "-i", "--max-time", "20", *options, "--data-binary", "@-", url]
    return subprocess.run(command, input=body, capture_output=True, check=True).stdout


def configure(blueprint: Blueprint, body_encoding: str | None, *headers: str) -> Any:
    """The answer to a request that has `NAME` in it."""
    uri = f"http://{blueprint.address}:9/RPC2"
    answer = curl(
        blueprint,
        "feedbackReceiver.configure",
        body_encoding,
        *headers,
        receiverURI=uri,
        sourceIdentifier=NAME,
    )
    (values,), _ = xmlrpc.client.loads(answer.partition(b"\r\n\r\n")[2])
    return values


def test_a_request_is_utf_8_where_its_declaration_says_so(blueprint: Blueprint, host: HostThread) -> None:
    assert configure(blueprint, "UTF-8")["receiverIndex"] == 1


def test_a_request_is_utf_8_where_its_content_type_says_so(blueprint: Blueprint, host: HostThread) -> None:
    assert configure(blueprint, None, "Content-Type: text/xml; charset=utf-8")["receiverIndex"] == 1


def test_a_request_that_does_not_say_so_is_ascii(blueprint: Blueprint, host: HostThread) -> None:
    with pytest.raises(xmlrpc.client.Fault) as fault:
        configure(blueprint, None)

    assert fault.value.faultCode == 103


# The header that asks, by firmware, and the one of the other versions.
ASKING = {
    "4.2(1.50)": ("Accept-Encoding: utf-8", "Accept-Charset: utf-8"),
    "4.5(1.71)": ("Accept-Charset: utf-8", "Accept-Encoding: utf-8"),
}


@pytest.mark.parametrize(("firmware", "headers"), ASKING.items(), ids=ASKING)
def test_an_answer_is_utf_8_where_it_is_asked_for(
    blueprint: Blueprint, firmware: str, headers: tuple[str, str]
) -> None:
    unit = replace(blueprint, firmware=firmware)
    asking, another = headers
    with hosted([unit]):
        configure(unit, "UTF-8")

        head, _, body = curl(unit, "feedbackReceiver.query", None, asking).partition(b"\r\n\r\n")
        assert b"content-type: text/xml; charset=utf-8" in head.lower().splitlines()
        assert body.startswith(b'<?xml version="1.0" encoding="UTF-8"?>')
        assert NAME.encode() in body

        for headers_of_others in ((), (another,)):
            answer = curl(unit, "feedbackReceiver.query", None, *headers_of_others)
            assert b"content-type: text/xml" in answer.lower().splitlines()
            assert answer.isascii()
            assert b"Pr?fstand 7 ? ???" in answer
