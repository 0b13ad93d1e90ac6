"""`python -m benchmarks crowd`: many emulated units in one process, each given a certificate, all at once.

The client is one process on one event loop, and does for each unit what a person does: log in, upload, shut down in
two steps, restart; then it handshakes until the certificate that it has uploaded is served.
"""

from __future__ import annotations

import asyncio
import ipaddress
import json
import os
import re
import resource
import ssl
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp

from benchmarks.samples import PASSPHRASE, key_in
from harness.emulator.blueprint import Blueprint
from harness.emulator.skin import Skin, load_skin
from harness.pki import Authority, key_pem, rsa_key

FIRMWARE = "4.3(2.18)"
KEYS = 4
"""Making one takes a tenth of a second; the certificates are different all the same."""
IDLE_SECONDS = 10.0
POLL_SECONDS = 0.25
GIVE_UP_SECONDS = 600.0

AIMS = {
    "start_seconds": 8.0,
    "idle_megabytes": 100.0,
    "idle_percent": 1.0,
    "all_at_once_seconds": 60.0,
    "most_megabytes": 100.0,
}
"""At most, of 1,000 units on two cores with a restart of 5 s."""

TICKS = os.sysconf("SC_CLK_TCK")
HIDDEN = re.compile(r'<input type="hidden" name="([^"]+)" value="([^"]*)">')


@dataclass(frozen=True)
class Crowd:
    """What was measured."""

    units: int
    start_seconds: float
    idle_megabytes: float
    idle_percent: float
    """Of one core."""
    all_at_once_seconds: float
    emulator_cpu_seconds: float
    client_cpu_seconds: float
    most_megabytes: float
    """Resident, at any moment while all are at it: proc(5)'s VmHWM, counted anew from their beginning."""

    def aims(self) -> dict[str, tuple[float, float, bool]]:
        """What is aimed at, what came out, whether it is met."""
        found = {name: (aim, float(getattr(self, name))) for name, aim in AIMS.items()}
        return {name: (aim, now, now <= aim) for name, (aim, now) in found.items()}


@dataclass(frozen=True)
class Parcel:
    """What one unit is given."""

    certificate: bytes
    private_key: bytes
    leaf: bytes
    """DER."""


def measure(units: int, restart_seconds: float) -> Crowd:
    """Raises RuntimeError where a unit does not do as it is told."""
    _allow_many_files()
    blueprints = _blueprints(units, restart_seconds)
    parcels = _parcels([blueprint.address for blueprint in blueprints])
    began = time.monotonic()
    with _emulator(blueprints) as process:
        start_seconds = time.monotonic() - began
        idle_percent = _idle_percent(process.pid)
        idle_megabytes = _megabytes(process.pid, "VmRSS")
        _forget_most(process.pid)
        before, own_before, began = _cpu_seconds(process.pid), time.process_time(), time.monotonic()
        asyncio.run(_all_at_once(blueprints, parcels))
        return Crowd(
            units=units,
            start_seconds=start_seconds,
            idle_megabytes=idle_megabytes,
            idle_percent=idle_percent,
            all_at_once_seconds=time.monotonic() - began,
            emulator_cpu_seconds=_cpu_seconds(process.pid) - before,
            client_cpu_seconds=time.process_time() - own_before,
            most_megabytes=_megabytes(process.pid, "VmHWM"),
        )


def _allow_many_files() -> None:
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))


def _blueprints(units: int, restart_seconds: float) -> list[Blueprint]:
    # Addresses of this process alone.
    first = ipaddress.IPv4Address("127.64.0.0") + 4096 * (os.getpid() % 512)
    return [
        Blueprint(
            name=f"unit-{number}",
            model="MCU 4505",
            address=str(first + number),
            http=8080,
            https=8443,
            firmware=FIRMWARE,
            restart_seconds=restart_seconds,
        )
        for number in range(1, units + 1)
    ]


def _parcels(addresses: Sequence[str]) -> list[Parcel]:
    """One each: a leaf of its own under a common authority, the key as Cisco's article has it."""
    authority = Authority.create()
    keys = [rsa_key() for _ in range(KEYS)]
    with tempfile.TemporaryDirectory(prefix="mcu-hil-bench-") as name:
        file = Path(name) / "as-made.key"
        encrypted = []
        for key in keys:
            file.write_bytes(key_pem(key))
            encrypted.append(key_in("DES-EDE3", file))
    parcels = []
    for number, address in enumerate(addresses):
        issued = authority.issue(address, key=keys[number % KEYS])
        parcels.append(Parcel(issued.certificate_pem, encrypted[number % KEYS], issued.chain_der[0]))
    return parcels


@contextmanager
def _emulator(blueprints: Sequence[Blueprint]) -> Iterator[subprocess.Popen[bytes]]:
    """The process, once all units listen."""
    with subprocess.Popen(
        [sys.executable, "-m", "harness.emulator"], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        document = json.dumps({"units": [blueprint.document() for blueprint in blueprints]})
        process.stdin.write(document.encode() + b"\n")
        process.stdin.flush()
        told = json.loads(process.stdout.readline())
        if told["failed"]:
            raise RuntimeError(f"not started: {told['failed']}")
        yield process
        process.stdin.close()


def _idle_percent(process: int) -> float:
    before = _cpu_seconds(process)
    time.sleep(IDLE_SECONDS)
    return 100 * (_cpu_seconds(process) - before) / IDLE_SECONDS


def _cpu_seconds(process: int) -> float:
    """proc(5): fields 14 and 15, counted from behind the name, which may hold anything."""
    fields = Path(f"/proc/{process}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


def _megabytes(process: int, row: str) -> float:
    """Of proc(5)'s status, in MiB."""
    status = Path(f"/proc/{process}/status").read_text(encoding="utf-8")
    rows = dict(line.split(":", 1) for line in status.splitlines())
    return int(rows[row].split()[0]) / 1024


def _forget_most(process: int) -> None:
    """VmHWM is what is resident now, and grows from here (proc(5), clear_refs)."""
    Path(f"/proc/{process}/clear_refs").write_text("5", encoding="ascii")


async def _all_at_once(blueprints: Sequence[Blueprint], parcels: Sequence[Parcel]) -> None:
    skin = load_skin(blueprints[0].generation)
    tls = _lenient()
    # One connection a unit, kept open as a browser does. Cookies are kept by the visitor: the jar costs more.
    connector = aiohttp.TCPConnector(limit=0, limit_per_host=1)
    async with (
        asyncio.timeout(GIVE_UP_SECONDS),
        aiohttp.ClientSession(connector=connector, cookie_jar=aiohttp.DummyCookieJar()) as session,
        asyncio.TaskGroup() as group,
    ):
        for blueprint, parcel in zip(blueprints, parcels, strict=True):
            group.create_task(_replace(Visitor(session, blueprint, skin), parcel, tls))


def _lenient() -> ssl.SSLContext:
    """Who only wants to know what is served, by firmware of that age."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    context.set_ciphers("ALL:@SECLEVEL=0")
    context.minimum_version = ssl.TLSVersion.TLSv1
    return context


class Visitor:
    """One person at one unit."""

    def __init__(self, session: aiohttp.ClientSession, blueprint: Blueprint, skin: Skin) -> None:
        self._session = session
        self.blueprint = blueprint
        self.skin = skin
        self._headers: dict[str, str] = {}

    async def log_in(self) -> None:
        texts = self.skin.login
        await self.page("login")
        form = {texts.user_field: self.blueprint.user, texts.password_field: self.blueprint.password}
        answer = await self._request("POST", self.skin.change_paths["login"], form)
        cookie = answer.cookies[self.skin.session.cookie]
        self._headers["Cookie"] = f"{cookie.key}={cookie.value}"

    async def page(self, name: str) -> str:
        return await (await self._request("GET", self.skin.paths[name], None)).text()

    async def submit(self, page: str, form: dict[str, str] | aiohttp.FormData) -> None:
        """A form; the page must say that it was taken."""
        answer = await self._request("POST", self.skin.change_paths[page], form)
        if self.skin.paths["denied"] in answer.headers.get("Location", ""):
            raise RuntimeError(f"{self.blueprint.name}: access denied at {page}")

    async def _request(self, method: str, path: str, form: object) -> aiohttp.ClientResponse:
        url = f"http://{self.blueprint.address}:{self.blueprint.http}{path}"
        async with self._session.request(
            method, url, data=form, headers=self._headers, allow_redirects=False
        ) as answer:
            await answer.read()
        if answer.status >= 400:
            raise RuntimeError(f"{self.blueprint.name}: {method} {path}: {answer.status}")
        return answer


async def _replace(visitor: Visitor, parcel: Parcel, tls: ssl.SSLContext) -> None:
    await visitor.log_in()
    await _upload(visitor, parcel)
    await _restart(visitor)
    await asyncio.sleep(visitor.blueprint.restart_seconds)
    while (served := await _served(visitor.blueprint, tls)) is None:
        await asyncio.sleep(POLL_SECONDS)
    if served != parcel.leaf:
        raise RuntimeError(f"{visitor.blueprint.name}: another certificate is served than the one uploaded")


async def _upload(visitor: Visitor, parcel: Parcel) -> None:
    texts = visitor.skin.certificates
    form = aiohttp.FormData()
    for name, value in _hidden(await visitor.page("certificates")).items():
        form.add_field(name, value)
    form.add_field(texts.certificate_field, parcel.certificate, filename="cert.pem")
    form.add_field(texts.key_field, parcel.private_key, filename="privkey.pem")
    form.add_field(texts.passphrase_field, PASSPHRASE)
    form.add_field(texts.upload_field, texts.upload_button)
    await visitor.submit("certificates", form)
    if texts.uploaded not in await visitor.page("certificates"):
        raise RuntimeError(f"{visitor.blueprint.name}: the page does not say that the upload was taken")


async def _restart(visitor: Visitor) -> None:
    texts = visitor.skin.shutdown
    for field, button in (
        (texts.shut_down_field, texts.shut_down),
        (texts.confirm_field, texts.confirm),
        (texts.restart_field, texts.restart),
    ):
        while f'name="{field}"' not in (page := await visitor.page("shutdown")):
            await asyncio.sleep(POLL_SECONDS)
        await visitor.submit("shutdown", _hidden(page) | {field: button})


def _hidden(page: str) -> dict[str, str]:
    """The hidden fields, the first of a name: any form's number is good for all forms of the session."""
    found: dict[str, str] = {}
    for name, value in HIDDEN.findall(page):
        found.setdefault(name, value)
    return {name: value for name, value in found.items() if name != "store"}


async def _served(blueprint: Blueprint, tls: ssl.SSLContext) -> bytes | None:
    """The leaf in DER; None while nobody answers."""
    try:
        _, writer = await asyncio.open_connection(blueprint.address, blueprint.https, ssl=tls)
    except OSError:
        return None
    peer: ssl.SSLObject = writer.get_extra_info("ssl_object")
    leaf = peer.getpeercert(binary_form=True)
    writer.transport.abort()
    return leaf


def document(crowd: Crowd) -> dict[str, Any]:
    """For a file of figures."""
    aims = {name: {"aim": aim, "now": now, "met": met} for name, (aim, now, met) in crowd.aims().items()}
    return {"crowd": vars(crowd), "aims": aims}
