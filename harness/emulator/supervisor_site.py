"""The Supervisor's web pages and API: the same framework as the blades' (device-reference 14, mark D)."""

from __future__ import annotations

import asyncio
import functools
import secrets
import xmlrpc.client
from collections import deque
from collections.abc import Mapping

import jinja2

from harness.emulator.chassis import texts
from harness.emulator.connection import PlainConnection
from harness.emulator.forms import FormDamaged, parse_form
from harness.emulator.http_server import Answer, HttpServer, Request, html, plain
from harness.emulator.listener import Listener
from harness.emulator.supervisor import METHODS, Supervisor
from harness.emulator.xmlrpc_text import MALFORMED_CALL, read_call

UNAUTHORIZED = xmlrpc.client.Fault(14, "authorization failed")
NOT_SUPPORTED = xmlrpc.client.Fault(1, "method not supported")
MALFORMED = xmlrpc.client.Fault(103, "malformed parameter")

FORMS_AT_ONCE = 16


class SupervisorSite:
    """Open from the moment it is made until it is closed."""

    def __init__(self, supervisor: Supervisor) -> None:
        """Raises PortTaken."""
        self._supervisor = supervisor
        self._sessions: dict[str, tuple[str, deque[str]]] = {}
        """Cookie: the address that it is good from, and the forms that may still be submitted."""
        self._server = HttpServer(self._answer)
        chassis = supervisor.chassis
        self._listener = Listener(
            chassis.address, chassis.http, lambda register: PlainConnection(self._server(), register)
        )

    async def close(self) -> None:
        self._listener.abort()
        await asyncio.sleep(0)
        await self._server.close()

    async def _answer(self, request: Request) -> Answer:
        said = texts()
        cookie = request.cookies.get(said.cookie, "")
        address, forms = self._sessions.get(cookie, ("", deque[str]()))
        is_in = address != "" and address == request.remote
        match request.method, request.path:
            case "POST", "/RPC2":
                return self._api(await request.read())
            case "GET", "/system.xml":
                return Answer(body=self._supervisor.system_xml(), content_type="text/xml")
            case "GET", said.login_path:
                return self._page("login", forms)
            case "GET", said.denied_path:
                return self._page("denied", forms)
            case "POST", said.login_change_path:
                return self._log_in(await _form(request), request.remote)
            case "GET", said.logout_path:
                self._sessions.pop(cookie, None)
                return _redirect(said.login_path)
            case "GET" | "POST", _ if not is_in:
                return _redirect(said.login_path)
            case "GET", "/" | "/index.html" | said.blades_path:
                return self._page("blades", forms)
            case "GET", path if (slot := self._slot(path, said.blade_path)) is not None:
                return self._page("blade", forms, slot)
            case "POST", path if (slot := self._slot(path, said.blade_change_path)) is not None:
                return self._change(slot, await _form(request), forms)
        return plain(404, "404 Not Found")

    def _slot(self, path: str, form: str) -> int | None:
        return next((slot for slot in self._supervisor.blades if form.format(slot=slot) == path), None)

    def _log_in(self, fields: Mapping[str, bytes], address: str) -> Answer:
        said, chassis = texts(), self._supervisor.chassis
        given = fields.get(said.user_field, b""), fields.get(said.password_field, b"")
        if given != (chassis.user.encode(), chassis.password.encode()) or len(self._sessions) >= said.sessions:
            return _redirect(said.denied_path)
        cookie = secrets.token_hex(16)
        self._sessions[cookie] = address, deque(maxlen=FORMS_AT_ONCE)
        answer = _redirect("/")
        answer.cookie = f"{said.cookie}={cookie}; Path=/"
        return answer

    def _change(self, slot: int, fields: Mapping[str, bytes], forms: deque[str]) -> Answer:
        said = texts()
        form = fields.get(said.one_time_field, b"").decode("ascii", "replace")
        if form not in forms:
            return _redirect(said.denied_path)
        forms.remove(form)
        if said.restart_field in fields:
            self._supervisor.restart(slot)
        elif said.shut_down_field in fields:
            self._supervisor.shut_down(slot)
        return _redirect(said.blade_path.format(slot=slot))

    def _page(self, page: str, forms: deque[str], slot: int = 0) -> Answer:
        def new_form() -> str:
            forms.append(secrets.token_hex(8))
            return forms[-1]

        text = _template().render(page=page, texts=texts(), supervisor=self._supervisor, slot=slot, new_form=new_form)
        return html(text)

    def _api(self, body: bytes) -> Answer:
        try:
            name, parameters = read_call(body)
        except MALFORMED_CALL:
            return _xml(MALFORMED)
        arguments = parameters[0] if parameters else {}
        if name is None or name not in METHODS:
            return _xml(NOT_SUPPORTED)
        chassis = self._supervisor.chassis
        if (
            not isinstance(arguments, dict)
            or arguments.get("authenticationUser") != chassis.user
            # As on the blades: a user without a password gets in with any (7.1, mark D).
            or (chassis.password and arguments.get("authenticationPassword") != chassis.password)
        ):
            return _xml(UNAUTHORIZED)
        return _xml((METHODS[name](self._supervisor),))


async def _form(request: Request) -> Mapping[str, bytes]:
    try:
        return parse_form(request.headers.get("content-type", ""), await request.read())
    except FormDamaged:
        return {}


def _redirect(location: str) -> Answer:
    return Answer(303, location=location)


def _xml(values: tuple[dict[str, object]] | xmlrpc.client.Fault) -> Answer:
    body = xmlrpc.client.dumps(values, methodresponse=True).encode()
    return Answer(body=body, content_type="text/xml", closes=True)


@functools.cache
def _template() -> jinja2.Template:
    loader = jinja2.PackageLoader("harness.emulator")
    return jinja2.Environment(loader=loader, autoescape=True, undefined=jinja2.StrictUndefined).get_template(
        "supervisor.html"
    )
