"""A labgrid coordinator and exporter for tests, and places that they know."""

from __future__ import annotations

import functools
import json
import os
import subprocess
import sys
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import grpc
from labgrid.remote.generated import labgrid_coordinator_pb2 as messages
from labgrid.remote.generated import labgrid_coordinator_pb2_grpc as calls

from harness.coordinator import Coordinator
from harness.deadline import Deadline
from harness.errors import ConfigurationError
from harness.lab import Labgrid, Place
from tests.loopback import network

PATIENCE = 120.0


@functools.cache
def _network() -> str:
    return network()


def loopback(last: int) -> str:
    """An address of this process alone: pytest-xdist runs several at once."""
    return f"{_network()}.{last}"


class LabgridBench:
    """A coordinator and an exporter, each a process of its own, as people start them."""

    def __init__(self, folder: Path, exported: Mapping[str, str], number: int = 1) -> None:
        """`exported` are the addresses of its places, by name."""
        # gRPC lets two processes listen on one port.
        self.address = f"{loopback(number)}:20408"
        self._folder = folder
        self._exported = exported
        self._processes: list[subprocess.Popen[bytes]] = []
        self.start()

    def start(self) -> None:
        self._run("coordinator", "-l", self.address)
        self._wait_for("coordinator", lambda: self.ask("GetPlaces", messages.GetPlacesRequest()))
        exported = {
            place: {"NetworkService": {"address": address, "username": "admin"}}
            for place, address in self._exported.items()
        }
        file = self._folder / "exporter.yaml"
        file.write_text(json.dumps(exported), encoding="ascii")
        self._run("exporter", "-n", "rack", "--hostname", loopback(1), str(file))

    def add_places(self) -> None:
        there = {found.name for found in self.ask("GetPlaces", messages.GetPlacesRequest()).places}
        for place in self._exported:
            if place in there:
                continue
            self.ask("AddPlace", messages.AddPlaceRequest(name=place))
            match = messages.AddPlaceMatchRequest(placename=place, pattern=f"rack/{place}/NetworkService")
            self.ask("AddPlaceMatch", match)
        self.wait_for_exporter()

    def wait_for_exporter(self) -> None:
        """While its resources appear, the coordinator may refuse a place that nobody holds."""
        watcher = Coordinator(self.address, "desk/watcher")
        for place in self._exported:

            def look(place: str = place) -> bool:
                with suppress(ConfigurationError):
                    return bool(watcher.network_service(place))
                return False

            Deadline.after(PATIENCE).wait_for(f"exporter's {place}", look)
        watcher.close()

    def ask(self, method: str, message: Any) -> Any:
        """As any client may: the coordinator asks nobody who they are."""
        with grpc.insecure_channel(self.address, [("grpc.use_local_subchannel_pool", 1)]) as channel:
            return getattr(calls.CoordinatorStub(channel), method)(message, timeout=PATIENCE)

    def holder(self, place: str) -> str:
        found = self.ask("GetPlaces", messages.GetPlacesRequest()).places
        return next(str(one.acquired) for one in found if one.name == place)

    def stop(self) -> None:
        for process in reversed(self._processes):
            process.kill()
            process.wait()
        self._processes.clear()

    def _run(self, what: str, *arguments: str) -> None:
        command = [str(Path(sys.executable).parent / f"labgrid-{what}"), *arguments]
        environment = {**os.environ, "LG_COORDINATOR": self.address}
        with (self._folder / f"{what}.log").open("ab") as log:
            # It writes its state into the folder it was started in.
            process = subprocess.Popen(command, cwd=self._folder, env=environment, stdout=log, stderr=log)
        self._processes.append(process)

    def _wait_for(self, what: str, act: Callable[[], object]) -> None:
        def look() -> bool:
            assert all(process.poll() is None for process in self._processes), f"see {self._folder}"
            try:
                act()
            except grpc.RpcError:
                return False
            return True

        Deadline.after(PATIENCE).wait_for(what, look)


def real(name: str, labgrid: Labgrid | None) -> Place:
    return Place(name=name, model="MCU 4505", address=f"{name}.example", labgrid=labgrid)
