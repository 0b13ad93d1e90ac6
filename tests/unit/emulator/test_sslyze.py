"""What sslyze, a TLS scanner that nobody here wrote, finds at an emulated unit."""

from __future__ import annotations

import json
import os
import ssl
import subprocess
from pathlib import Path
from typing import Any

import pytest

from harness.emulator.blueprint import Blueprint
from harness.emulator.hosting import HostThread
from harness.emulator.pair import FACTORY

COMMAND = "MCU_HIL_SSLYZE"

# Its dependencies are of other releases than ours: it lives in an environment of its own.
pytestmark = pytest.mark.skipif(COMMAND not in os.environ, reason=f"{COMMAND} names no sslyze: see `make sslyze`")

VERSIONS = ("tls_1_0", "tls_1_1", "tls_1_2", "tls_1_3")


@pytest.fixture
def scan(blueprint: Blueprint, host: HostThread, tmp_path: Path) -> dict[str, Any]:
    file = tmp_path / "scan.json"
    what = ["--tlsv1", "--tlsv1_1", "--tlsv1_2", "--tlsv1_3", "--certinfo", "--compression", "--reneg"]
    subprocess.run(
        [os.environ[COMMAND], "--quiet", "--json_out", str(file), *what, f"{blueprint.address}:{blueprint.https}"],
        stdout=subprocess.DEVNULL,
        timeout=60,
        check=True,
    )
    [server] = json.loads(file.read_text(encoding="utf-8"))["server_scan_results"]
    assert server["connectivity_status"] == "COMPLETED"
    found = {name: entry for name, entry in server["scan_result"].items() if entry["status"] != "NOT_SCHEDULED"}
    assert {entry["status"] for entry in found.values()} == {"COMPLETED"}
    return {name: entry["result"] for name, entry in found.items()}


def test_it_finds_the_protocols_and_suites_of_that_age(scan: dict[str, Any]) -> None:
    assert {version: scan[f"{version}_cipher_suites"]["is_tls_version_supported"] for version in VERSIONS} == {
        "tls_1_0": True,
        "tls_1_1": False,
        "tls_1_2": False,
        "tls_1_3": False,
    }
    assert {suite["cipher_suite"]["name"] for suite in scan["tls_1_0_cipher_suites"]["accepted_cipher_suites"]} == {
        "TLS_RSA_WITH_AES_256_CBC_SHA",
        "TLS_RSA_WITH_AES_128_CBC_SHA",
    }
    assert scan["tls_compression"]["supports_compression"] is False


def test_it_finds_the_factory_certificate(scan: dict[str, Any]) -> None:
    [deployment] = scan["certificate_info"]["certificate_deployments"]

    served = [ssl.PEM_cert_to_DER_cert(one["as_pem"]) for one in deployment["received_certificate_chain"]]

    assert served == [FACTORY.leaf]
