"""A place whose baseline is a pair of its own is left with that pair."""

from __future__ import annotations

from typing import TYPE_CHECKING

from harness import catalogue
from harness.deadline import Deadline
from harness.drivers.emulated import emulated_units
from harness.drivers.mcu import open_unit
from harness.lab import load_lab

if TYPE_CHECKING:
    from tests.unit.run.conftest import LabBench


def test_a_run_leaves_the_pair_that_the_lab_file_names(bench: LabBench) -> None:
    units = bench.lab(bench.emulated("unit"), name="units.toml")
    [place] = load_lab(units).places
    material = catalogue.article_self_signed(place.address)
    certificate, key = bench.folder / "own.crt", bench.folder / "own.key"
    certificate.write_bytes(material.upload.certificate)
    key.write_bytes(material.upload.private_key)
    baseline = (
        f"baseline = {{ certificate = '{certificate}', private_key = '{key}', "
        f"passphrase = '{catalogue.PASSPHRASE.decode()}' }}\n"
    )
    reached = f"[[place]]\nname = 'unit'\nmodel = 'MCU 4505'\naddress = '{place.address}'\nrestart_timeout = 60\n"
    ports = "ports = { http = 8080, https = 8443 }\n"

    with emulated_units([place]):
        outcome = bench.run(bench.lab(reached, ports, baseline), "-k", "test_removal")
        with open_unit(place) as unit:
            served = unit.handshake(Deadline.after(10)).leaf

    assert outcome.status == 0, outcome.output
    assert served == material.leaf
    assert outcome.of_place("unit", "skipped") == {
        "test_the_factory_pair_is_served_after_the_restart",
        "test_sip_tls_goes_back_to_the_factory_pair_too",
    }
