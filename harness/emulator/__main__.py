"""`python -m harness.emulator`: one line of JSON in, one line out, units until standard input ends.

In: `{"units": [blueprint, ...], "chassis": [chassis, ...]}`, each as its `document` gives it; chassis are optional.
Out, when all listen:
`{"ready": {name: {"http": "127.10.0.1:8080", "https": "127.10.0.1:8443"}}, "failed": {name: reason}, "desk": url,
"token": token}`: the desk has the overview and, for who has the token, the control interface.
Secrets come and go this way and no other. When standard input ends, so does the process: however its parent goes, it
does not stay behind.
"""

from __future__ import annotations

import asyncio
import gc
import json
import logging
import resource
import signal
import sys

from harness.emulator.blueprint import Blueprint
from harness.emulator.chassis import Chassis
from harness.emulator.desk import Desk
from harness.emulator.hosting import Host
from harness.emulator.tcp import new_event_loop

LARGEST_LINE = 64 * 2**20

GARBAGE = 10_000
"""Objects that may have come to be, and not gone, before it is looked at which of them are of use."""


def main() -> None:
    logging.basicConfig(level=logging.WARNING, format="emulator: %(message)s")
    _allow_many_files()
    with asyncio.Runner(loop_factory=new_event_loop) as runner:
        runner.run(_run())


def _allow_many_files() -> None:
    # Two listeners a unit: the usual soft limit of 1,024 is reached at 500 units.
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))


async def _run() -> None:
    loop = asyncio.get_running_loop()
    finished = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, finished.set)
    commands = asyncio.StreamReader(limit=LARGEST_LINE)
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(commands), sys.stdin)
    host = Host()
    asked = await commands.readline()
    if not asked:
        return
    document = json.loads(asked)
    host.start(Blueprint.from_document(unit) for unit in document["units"])
    await host.open_lines()
    host.open_supervisors(Chassis.from_document(chassis) for chassis in document.get("chassis", ()))
    # As large as all the units' settings.
    del asked, document
    # Modules and units stay to the end: the collector of garbage need not look at them again and again, nor often at
    # what is left, most of which goes by itself.
    gc.freeze()
    gc.set_threshold(GARBAGE)
    _answer(host, host.open_desk())
    closed = loop.create_task(_end_of(commands))
    closed.add_done_callback(lambda _: finished.set())
    await finished.wait()
    closed.cancel()
    await host.stop()


def _answer(host: Host, desk: Desk) -> None:
    ready = {
        name: {service: f"{unit.blueprint.address}:{unit.services[service].port}" for service in ("http", "https")}
        for name, unit in host.units.items()
    }
    told = {"ready": ready, "failed": host.failed, "desk": desk.url, "token": desk.control.token}
    sys.stdout.write(json.dumps(told) + "\n")
    sys.stdout.flush()


async def _end_of(commands: asyncio.StreamReader) -> None:
    while await commands.read(65536):
        pass


if __name__ == "__main__":
    main()
