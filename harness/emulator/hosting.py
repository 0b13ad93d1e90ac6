"""Many units in one process, on one event loop."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from harness.emulator.blueprint import Blueprint
from harness.emulator.chassis import Chassis
from harness.emulator.desk import Desk
from harness.emulator.faults import Faults
from harness.emulator.listener import PortTaken
from harness.emulator.site import new_server
from harness.emulator.skin import Skin, load_captured, load_skin
from harness.emulator.supervisor import Supervisor
from harness.emulator.supervisor_site import SupervisorSite
from harness.emulator.switches import Settings, differences, switched
from harness.emulator.tcp import new_event_loop
from harness.emulator.truth import Truth
from harness.emulator.turnstile import Turnstile
from harness.emulator.unit import EmulatedUnit

if TYPE_CHECKING:
    from harness.emulator.ssh_lines import LineServers

Told = TypeVar("Told")

Skins = Callable[[str], Skin]
"""How a generation looks."""


READERS = 2


class Host:
    """Units on the running event loop. They share the HTTP server; a unit itself is little more than its state."""

    def __init__(self, skins: Skins = load_skin) -> None:
        self._skins = skins
        self._worn: dict[tuple[str, str, Settings], Skin] = {}
        """Units that look alike share their skin."""
        self.units: dict[str, EmulatedUnit] = {}
        self.failed: dict[str, str] = {}
        """Name of a unit that could not be started, and why."""
        self._at: dict[str, EmulatedUnit] = {}
        self._server = new_server(self._at.get)
        self._turnstile = Turnstile()
        self.desk: Desk | None = None
        self._supervisors: list[SupervisorSite] = []
        self._lines: LineServers | None = None
        # Uploads are read there. Each thread has a heap of its own, so that many would cost more than they bring.
        asyncio.get_running_loop().set_default_executor(ThreadPoolExecutor(READERS, "upload reader"))

    def start(self, blueprints: Iterable[Blueprint]) -> None:
        """Afterwards each is in `units`, listening, or in `failed`; one that cannot start stops no other."""
        for blueprint in blueprints:
            unit = EmulatedUnit(blueprint, self._skin_of(blueprint), self._server, self._turnstile)
            self._at |= dict.fromkeys(blueprint.addresses, unit)
            try:
                unit.start()
            except PortTaken as taken:
                self.failed[blueprint.name] = str(taken)
                self._forget(blueprint)
            else:
                self.units[blueprint.name] = unit

    def _forget(self, blueprint: Blueprint) -> None:
        for address in blueprint.addresses:
            del self._at[address]

    def _skin_of(self, blueprint: Blueprint) -> Skin:
        settings = (*differences(blueprint.model), *blueprint.switches)
        key = (blueprint.generation, blueprint.skin, settings)
        if key not in self._worn:
            folder = blueprint.skin
            skin = load_captured(Path(folder)) if folder else self._skins(blueprint.generation)
            self._worn[key] = switched(skin, settings, f"unit {blueprint.name!r}")
        return self._worn[key]

    async def open_lines(self) -> None:
        """Consoles and outlets, where units have them. A unit whose line cannot be had has failed."""
        wired = [unit for unit in self.units.values() if unit.blueprint.lines]
        if not wired:
            return
        # Only here: asyncssh is 20 MB in a process that is to hold a thousand units in 100.
        from harness.emulator.ssh_lines import LineServers

        self._lines = LineServers()
        for name, why in (await self._lines.start(wired)).items():
            self.failed[name] = why
            unit = self.units.pop(name)
            unit.stop()
            self._forget(unit.blueprint)

    def open_supervisors(self, chassis: Iterable[Chassis]) -> None:
        """One that cannot listen is in `failed`."""
        for one in chassis:
            try:
                self._supervisors.append(SupervisorSite(Supervisor(one, self.units)))
            except PortTaken as taken:
                self.failed[one.name] = str(taken)

    def open_desk(self) -> Desk:
        """The overview and the control interface."""
        self.desk = Desk(self.units)
        return self.desk

    async def stop(self) -> None:
        """Nothing listens, no connection is open."""
        if self.desk is not None:
            await self.desk.close()
        if self._lines is not None:
            await self._lines.stop()
        for supervisor in self._supervisors:
            await supervisor.close()
        for unit in self.units.values():
            unit.stop()
        # A connection that was accepted in the last moment takes some turns of the loop to be made, and aborted.
        for _ in range(5):
            await asyncio.sleep(0)
        await self._server.close()


class HostThread:
    """Units in this process, beside the code that drives them over the network."""

    def __init__(self, host: Host, loop: asyncio.AbstractEventLoop) -> None:
        self._host = host
        self._loop = loop

    @property
    def failed(self) -> Mapping[str, str]:
        return self._host.failed

    def truth(self, name: str) -> Truth:
        return self._ask(name, Truth.of)

    def cut_power(self, name: str) -> None:
        """The unit is gone at once, and starts again as after a restart."""
        self._ask(name, EmulatedUnit.lose_power)

    def cut_power_after(self, name: str, steps: int) -> None:
        """The power goes in place of the flash operation that comes after so many more (`certstore.power`)."""
        self._ask(name, lambda unit: unit.flash.cut_after(steps))

    def damage_flash(self, name: str) -> None:
        """One octet of the stored pair; there must be one that is not the factory pair."""
        assert self._ask(name, EmulatedUnit.damage_flash), "no pair is on flash"

    def power_off(self, name: str) -> None:
        self._ask(name, EmulatedUnit.power_off)

    def power_on(self, name: str) -> None:
        self._ask(name, EmulatedUnit.power_on)

    def suffer(self, name: str, faults: Faults) -> None:
        self._ask(name, lambda unit: unit.suffer(faults))

    def restart(self, name: str) -> None:
        """As by the API."""
        self._ask(name, lambda unit: unit.restart(unit.skin.reasons.api))

    def _ask(self, name: str, question: Callable[[EmulatedUnit], Told]) -> Told:
        async def ask() -> Told:
            return question(self._host.units[name])

        return asyncio.run_coroutine_threadsafe(ask(), self._loop).result(timeout=60.0)


@contextmanager
def hosted(
    blueprints: Iterable[Blueprint], skins: Skins = load_skin, chassis: Sequence[Chassis] = ()
) -> Iterator[HostThread]:
    """The units, listening; gone afterwards."""
    loop = new_event_loop()
    thread = threading.Thread(target=loop.run_forever, name="emulated units", daemon=True)
    thread.start()
    try:
        host = asyncio.run_coroutine_threadsafe(_started(list(blueprints), skins, chassis), loop).result()
        try:
            yield HostThread(host, loop)
        finally:
            asyncio.run_coroutine_threadsafe(host.stop(), loop).result()
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.run_until_complete(loop.shutdown_default_executor())
        loop.close()


async def _started(blueprints: list[Blueprint], skins: Skins, chassis: Sequence[Chassis]) -> Host:
    host = Host(skins)
    host.start(blueprints)
    await host.open_lines()
    host.open_supervisors(chassis)
    return host
