"""What three tools say of one server, in the same words."""

from __future__ import annotations

import base64
import json
import re
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from harness.tls.handshake import Endpoint

SECONDS = 600

VERSIONS = ("SSL 3.0", "TLS 1.0", "TLS 1.1", "TLS 1.2", "TLS 1.3")
Suites = Mapping[str, frozenset[str]]
"""By version; names as the registry has them, without `TLS_`."""


@dataclass(frozen=True)
class Reading:
    """None is what the tool does not tell."""

    versions: frozenset[str]
    suites: Suites
    asked: Suites | None
    """What it has asked for; None is whatever the others do."""
    chain: tuple[str, ...] | None
    """SHA-256 of each certificate as served, in lower case."""
    leaf: str
    number: int
    """Of certificates."""
    in_order: bool | None
    is_named: bool | None
    is_valid_now: bool | None
    is_path_good: bool | None
    is_all_good: bool
    """Name, dates and path."""


def ours(endpoint: Endpoint, root: Path, folder: Path) -> Reading:
    """`mcu-hil handshake`."""
    done = subprocess.run(
        [str(Path(sys.executable).parent / "mcu-hil"), "handshake", str(endpoint), "--json", "--trust", str(root)],
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
    )
    said = json.loads(done.stdout)
    checks = {check["id"]: check["outcome"] == "held" for check in said["checks"]}
    chain = tuple(said["chain"])
    return Reading(
        versions=frozenset(said["versions"]),
        suites={version: frozenset(suites) for version, suites in said["suites"].items() if suites},
        asked=None,
        chain=chain,
        leaf=chain[0],
        number=len(chain),
        in_order=checks["chain-in-order"],
        is_named=checks["names"],
        is_valid_now=checks["valid-now"],
        is_path_good=checks["path-lenient"],
        is_all_good=all(checks[name] for name in ("names", "valid-now", "path-lenient")),
    )


SSLYZE_VERSIONS = dict(zip(VERSIONS, ("ssl_3_0", "tls_1_0", "tls_1_1", "tls_1_2", "tls_1_3"), strict=True))


def sslyze(endpoint: Endpoint, root: Path, folder: Path, tool: Path) -> Reading:
    file = folder / "sslyze.json"
    # By name: it says in server_name what it is given, and an address is none (RFC 6066 3).
    where = f"localhost:{endpoint.port}{{{endpoint.address}}}"
    options = ["--sslv3", "--tlsv1", "--tlsv1_1", "--tlsv1_2", "--tlsv1_3", "--certinfo"]
    subprocess.run(
        [str(tool), "--quiet", "--json_out", str(file), *options, "--certinfo_ca_file", str(root), where],
        capture_output=True,
        timeout=SECONDS,
        check=False,
    )
    [server] = json.loads(file.read_text(encoding="utf-8"))["server_scan_results"]
    result = server["scan_result"]
    found = {version: result[f"{name}_cipher_suites"]["result"] for version, name in SSLYZE_VERSIONS.items()}

    def named(version: str, *kinds: str) -> frozenset[str]:
        entries: list[Any] = [entry for kind in kinds for entry in found[version][f"{kind}_cipher_suites"]]
        return frozenset(entry["cipher_suite"]["name"].removeprefix("TLS_") for entry in entries)

    # One for each chain that a server has; these have one.
    [deployment] = result["certificate_info"]["result"]["certificate_deployments"]
    chain = tuple(_hex(certificate["fingerprint_sha256"]) for certificate in deployment["received_certificate_chain"])
    [path] = [
        path["was_validation_successful"]
        for path in deployment["path_validation_results"]
        if path["trust_store"]["name"] == "Supplied CA file"
    ]
    versions = frozenset(version for version in VERSIONS if found[version]["is_tls_version_supported"])
    return Reading(
        versions=versions,
        suites={version: named(version, "accepted") for version in versions},
        asked={version: named(version, "accepted", "rejected") for version in VERSIONS},
        chain=chain,
        leaf=chain[0],
        number=len(chain),
        in_order=deployment["received_chain_has_valid_order"],
        is_named=None,
        is_valid_now=None,
        is_path_good=None,
        is_all_good=path,
    )


def _hex(octets: str) -> str:
    """sslyze gives octets in Base64."""
    return base64.b64decode(octets).hex()


TESTSSL_VERSIONS = dict(zip(("SSLv3", "TLS1", "TLS1_1", "TLS1_2", "TLS1_3"), VERSIONS, strict=True))
CIPHER = re.compile(r"cipher-(?P<version>ssl3|tls1(?:_[123])?)_x[0-9a-f]+", re.IGNORECASE)


def testssl(endpoint: Endpoint, root: Path, folder: Path) -> Reading:
    file = folder / "testssl.json"
    options = ["--quiet", "--color", "0", "--warnings", "off", "--jsonfile", str(file), "--add-ca", str(root)]
    subprocess.run(
        ["testssl", *options, "-p", "-E", "-S", str(endpoint)],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        timeout=SECONDS,
        check=False,
    )
    rows = json.loads(file.read_text(encoding="utf-8"))
    said = {row["id"].partition(" ")[0]: row["finding"] for row in rows}
    suites: dict[str, set[str]] = {}
    for row in rows:
        if (found := CIPHER.fullmatch(row["id"])) is not None:
            version = {name.lower(): words for name, words in TESTSSL_VERSIONS.items()}.get(
                found["version"].lower().replace("ssl3", "sslv3"), ""
            )
            suites.setdefault(version, set()).add(row["finding"].split()[-1].removeprefix("TLS_"))
    named = said["cert_trust"].startswith("Ok")
    valid = "expired" not in said["cert_expirationStatus"]
    path = said["cert_chain_of_trust"].startswith("passed")
    return Reading(
        versions=frozenset(
            words for name, words in TESTSSL_VERSIONS.items() if said[name].startswith(("offered", "supported"))
        ),
        suites={version: frozenset(names) for version, names in suites.items()},
        asked=None,
        chain=None,
        leaf=said["cert_fingerprintSHA256"].lower(),
        number=int(said["certs_countServer"]),
        in_order=said["certs_list_ordering_problem"] == "no",
        is_named=named,
        is_valid_now=valid,
        is_path_good=path,
        is_all_good=named and valid and path,
    )
