"""What only a coordinator can do to us: it gives places away, forgets them, and tells addresses."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from labgrid.remote.generated import labgrid_coordinator_pb2 as messages

from harness.coordinator import Coordinator, Owner
from harness.errors import BenchError, ConfigurationError
from harness.lab import Labgrid, Place, load_lab
from harness.lease import LeaseLost, PlaceTaken, leased
from tests.leases.labgrid_bench import LabgridBench, loopback, real

LAB = """
[labgrid]
coordinator = "{coordinator}"
[[place]]
name = "a"
model = "MCU 4505"
labgrid = "{place}"
"""


@pytest.fixture
def place(labgrid_bench: LabgridBench) -> Place:
    return real("mcu01", Labgrid(coordinator=labgrid_bench.address, place="mcu01"))


def test_a_place_that_somebody_has_released_is_no_longer_ours(
    labgrid_bench: LabgridBench, place: Place, tmp_path: Path
) -> None:
    with leased(place, tmp_path, "a test") as check:
        check()
        labgrid_bench.ask("ReleasePlace", messages.ReleasePlaceRequest(placename="mcu01"))

        with pytest.raises(LeaseLost, match="held by nobody, and no longer by us: nothing more is done to the unit"):
            check()


def test_what_is_somebody_else_s_by_now_is_not_released(
    labgrid_bench: LabgridBench, place: Place, tmp_path: Path
) -> None:
    with leased(place, tmp_path, "a test") as check:
        labgrid_bench.ask("ReleasePlace", messages.ReleasePlaceRequest(placename="mcu01"))
        somebody = Coordinator(labgrid_bench.address, "desk/anna")
        somebody.acquire("mcu01")
        with pytest.raises(LeaseLost, match="held by desk/anna since 20"):
            check()
    assert labgrid_bench.holder("mcu01") == "desk/anna"
    with pytest.raises(PlaceTaken, match="mcu01 is held by desk/anna since 20"), leased(place, tmp_path, "a test"):
        pass
    somebody.release("mcu01", "desk/anna")
    somebody.close()


def test_who_has_died_holds_nothing_and_who_may_live_keeps_it(
    labgrid_bench: LabgridBench, place: Place, tmp_path: Path
) -> None:
    elsewhere = replace(Owner.ours("a night"), boot="0" * 12, machine="1" * 12, pid=1, started=1)
    for owner, is_dead in ((elsewhere, False), (replace(Owner.ours("a night"), started=1), True)):
        left_behind = Coordinator(labgrid_bench.address, str(owner))
        left_behind.acquire("mcu01")
        left_behind.close()
        if is_dead:
            with leased(place, tmp_path, "a test") as check:
                check()
        else:
            with pytest.raises(PlaceTaken, match=r"process 1 of .* \(a night\)"), leased(place, tmp_path, "a test"):
                pass
        labgrid_bench.ask("ReleasePlace", messages.ReleasePlaceRequest(placename="mcu01", fromuser=str(owner)))
    assert labgrid_bench.holder("mcu01") == ""


HERE = replace(Owner.ours("a run"), boot="b" * 12, namespace="4026531836", machine="1" * 12)
OWNERS: dict[str, tuple[Owner, bool]] = {
    "this process": (HERE, False),
    "one that has had this number before": (replace(HERE, started=HERE.started - 1), True),
    "one of before this machine was started": (replace(HERE, boot="a" * 12), True),
    "one of another machine": (replace(HERE, boot="a" * 12, machine="2" * 12), False),
    "one of another user's container here": (replace(HERE, pid=1, started=1, namespace="4026533000"), False),
    "one of a machine that has no name": (replace(HERE, boot="a" * 12, machine=""), False),
}


@pytest.mark.parametrize(("owner", "is_dead"), OWNERS.values(), ids=OWNERS)
def test_only_of_processes_of_this_machine_it_is_known_that_they_are_dead(owner: Owner, *, is_dead: bool) -> None:
    assert Owner.read(str(owner)) == owner
    assert owner.is_dead(HERE) is is_dead


def test_somebody_else_s_name_is_not_taken_for_one_of_ours() -> None:
    assert Owner.read("desk/anna") is None


def test_the_address_of_a_place_is_that_of_its_resource(labgrid_bench: LabgridBench, tmp_path: Path) -> None:
    file = tmp_path / "lab.toml"
    file.write_text(LAB.format(coordinator=labgrid_bench.address, place="mcu02"))

    [found] = load_lab(file).places
    assert (found.address, found.labgrid and found.labgrid.place) == (loopback(11), "mcu02")


def test_a_place_that_the_coordinator_does_not_have_is_named(labgrid_bench: LabgridBench, tmp_path: Path) -> None:
    file = tmp_path / "lab.toml"
    file.write_text(LAB.format(coordinator=labgrid_bench.address, place="mcu99"))
    with pytest.raises(ConfigurationError, match="place 'mcu99' matches 0 resources of the class NetworkService"):
        load_lab(file)
    place = real("mcu99", Labgrid(coordinator=labgrid_bench.address, place="mcu99"))
    with pytest.raises(BenchError, match="Place mcu99 does not exist"), leased(place, tmp_path, "a test"):
        pass


def test_a_coordinator_that_is_started_anew_has_forgotten_us(tmp_path: Path) -> None:
    bench = LabgridBench(tmp_path, {"mcu01": loopback(20)}, 2)
    try:
        bench.add_places()
        place = real("mcu01", Labgrid(coordinator=bench.address, place="mcu01"))
        with leased(place, tmp_path, "a test") as check:
            check()
            bench.stop()
            with pytest.raises(BenchError, match=f"coordinator {bench.address}: "):
                check()
            bench.start()
            bench.add_places()
            with pytest.raises(LeaseLost):
                check()
        with leased(place, tmp_path, "a test") as check:
            check()
    finally:
        bench.stop()


def test_without_a_coordinator_there_is_no_lease(tmp_path: Path) -> None:
    place = real("a", Labgrid(coordinator=f"{loopback(200)}:9", place="a"))
    with pytest.raises(BenchError, match="no labgrid coordinator answers there"), leased(place, tmp_path, "a test"):
        pass
