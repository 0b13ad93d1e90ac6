"""The cookies of one session with a unit."""

from __future__ import annotations

import re
from collections.abc import Iterable
from email.message import Message
from http.client import HTTPResponse
from typing import Self, cast
from urllib.request import Request

import requests
from requests.cookies import MockRequest, MockResponse, RequestsCookieJar, get_cookie_header

QUOTED_PATH = re.compile(r"(;\s*path\s*=\s*)\"(/[^\";]*)\"", re.IGNORECASE)


class Cookies:
    """Kept and sent as requests does; what goes to an address is found out once, until one is set."""

    def __init__(self, jar: RequestsCookieJar | None = None) -> None:
        self._jar = RequestsCookieJar() if jar is None else jar
        self._headers: dict[str, str] = {}
        self._by_path = self._is_by_path()

    def _is_by_path(self) -> bool:
        """Whether any is for some of the unit's paths only."""
        return any(cookie.path != "/" for cookie in self._jar)

    def header(self, url: str) -> str:
        """What a request to there says; empty for nothing."""
        if not self._jar:
            return ""
        where = url if self._by_path else "/".join(url.split("/", 3)[:3])
        if where not in self._headers:
            self._headers[where] = get_cookie_header(self._jar, _asking(url)) or ""  # type: ignore[no-untyped-call]
        return self._headers[where]

    def take(self, url: str, told: Iterable[str]) -> None:
        """What the answer from there sets. Of its age, servers write `Path="/"` (RFC 2109); the library would never
        send such a cookie again."""
        message = Message()
        for one in told:
            message["Set-Cookie"] = QUOTED_PATH.sub(r"\1\2", one)
        self._jar.extract_cookies(
            cast("HTTPResponse", MockResponse(message)), cast("Request", MockRequest(_asking(url)))
        )
        self._headers.clear()
        self._by_path = self._is_by_path()

    def clear(self) -> None:
        self._jar.clear()
        self._headers.clear()

    def copy(self) -> Self:
        return type(self)(self._jar.copy())

    @property
    def values(self) -> frozenset[str]:
        """Their secrets."""
        return frozenset(cookie.value for cookie in self._jar if cookie.value)


def _asking(url: str) -> requests.PreparedRequest:
    asking = requests.PreparedRequest()
    asking.method, asking.url = "GET", url
    asking.headers = requests.structures.CaseInsensitiveDict()
    return asking
