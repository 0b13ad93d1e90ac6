"""The layers: a module imports its own layer and those below."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import certstore
import harness

ROOT = Path(harness.__file__).parents[1]

# A module belongs to the longest prefix that names it.
LAYERS = {
    "certstore": 0,
    "harness": 1,  # the package itself, and what is not named below
    "harness.errors": 1,
    "harness.deadline": 1,
    "harness.lab": 1,
    "harness.pki": 1,
    "harness.catalogue": 1,
    "harness.key_files": 1,
    "harness.kinds": 1,
    "harness.assortment": 1,
    "harness.leaks": 1,
    "harness.evidence": 1,
    "harness.once": 1,
    "harness.http1": 1,
    "harness.profile": 1,
    "harness.outcomes": 1,
    "harness.fault": 1,
    "harness.progress": 1,
    "harness.turns": 1,
    "harness.until": 1,
    "harness.coordinator": 1,
    "harness.labgrid_models": 1,
    "harness.known_failures": 1,
    "harness.run_record": 1,
    "harness.request": 1,
    "harness.key_form": 1,
    "harness.secret_forms": 1,
    "harness.manifest": 1,
    "harness.certificate_words": 2,
    "harness.report": 2,
    "harness.secrecy": 2,
    "harness.conclusion": 2,
    "harness.timeline": 2,
    "harness.handing_over": 2,
    "harness.tls": 2,
    "harness.unit": 2,
    "harness.observation": 2,
    "harness.table_words": 2,
    "harness.telltale": 2,
    "harness.transport": 2,
    "harness.walk": 2,
    "harness.exploring": 2,
    "harness.experiment": 2,
    "harness.expectation": 2,
    "harness.lease": 2,
    "harness.watched": 2,
    "harness.journal": 2,
    "harness.quarantine": 2,
    "harness.standing": 2,
    "harness.judge": 2,
    "harness.verdict": 2,
    "harness.emulator": 3,
    "harness.drivers": 3,
    "harness.procedure": 4,
    "harness.readiness": 4,
    "harness.capture": 4,
    "harness.restitution": 4,
    "harness.triage": 4,
    "harness.bench": 5,
    "harness.lane": 6,
    "harness.watchdog": 6,
    "harness.nightly": 6,
    "harness.recovery": 6,
    "harness.preflight": 6,
    "harness.results": 6,
    "harness.cli": 7,
    "harness.pytest_plugin": 7,
}

# Beyond the layers: who must never import whom.
NEVER = [
    ("certstore", ("harness", "logging", "socket", "threading", "pytest", "click")),
    ("harness.emulator", ("harness.drivers", "pytest", "click")),
    ("harness.readiness", ("harness.drivers", "harness.emulator")),
    ("harness.procedure", ("harness.drivers", "harness.emulator")),
    ("harness.results", ("pytest", "click", "harness.drivers", "harness.emulator", "harness.bench", "harness.lane")),
    ("harness.lane", ("pytest", "harness.drivers", "harness.emulator")),
    ("tests.hil", ("harness.drivers", "harness.emulator", "harness.bench", "harness.procedure", "harness.lane")),
]

# The one driver module that starts the emulator; the rest of the drivers do not know that it exists.
STARTS_THE_EMULATOR = "harness.drivers.emulated"

HIL_LAYERS = 2


def modules() -> Iterator[tuple[str, Path]]:
    for folder in (Path(certstore.__file__).parent, Path(harness.__file__).parent, ROOT / "tests" / "hil"):
        for path in sorted(folder.rglob("*.py")):
            name = ".".join(path.relative_to(ROOT).with_suffix("").parts)
            yield name.removesuffix(".__init__"), path


def imports(path: Path) -> Iterator[str]:
    """Every module that a file imports, at any depth; `from a import b` counts as `a.b` where that is a module."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module is not None:
            assert node.level == 0, f"{path}: relative import"
            for alias in node.names:
                submodule = ROOT.joinpath(*node.module.split("."), alias.name)
                is_module = submodule.is_dir() or submodule.with_suffix(".py").is_file()
                yield f"{node.module}.{alias.name}" if is_module else node.module


def layer(module: str) -> int | None:
    parts = module.split(".")
    prefixes = (".".join(parts[:length]) for length in range(len(parts), 0, -1))
    return next((LAYERS[prefix] for prefix in prefixes if prefix in LAYERS), None)


def is_below(module: str, package: str) -> bool:
    return module == package or module.startswith(f"{package}.")


MODULES = dict(modules())


@pytest.mark.parametrize("module", MODULES)
def test_a_module_imports_its_own_layer_and_those_below(module: str) -> None:
    own = HIL_LAYERS if module.startswith("tests.hil") else layer(module)
    assert own is not None

    above = [name for name in imports(MODULES[module]) if (layer(name) or 0) > own]

    assert above == []


@pytest.mark.parametrize(("package", "forbidden"), NEVER, ids=[package for package, _ in NEVER])
def test_a_package_never_imports_what_it_must_not_know(package: str, forbidden: tuple[str, ...]) -> None:
    found = [
        (module, name)
        for module, path in MODULES.items()
        if is_below(module, package)
        for name in imports(path)
        if any(is_below(name, one) for one in forbidden)
    ]

    assert found == []


def test_only_one_driver_knows_the_emulator() -> None:
    knowing = {
        module
        for module, path in MODULES.items()
        if is_below(module, "harness.drivers") and any(is_below(name, "harness.emulator") for name in imports(path))
    }

    assert knowing <= {STARTS_THE_EMULATOR}


def test_every_layer_is_of_a_module_that_exists() -> None:
    assert [name for name in LAYERS if not any(is_below(module, name) for module in MODULES)] == []


def test_a_pytest_start_without_a_lab_imports_nothing_heavy() -> None:
    """The plugin is loaded by every pytest on the machine: it must not cost those that do not use it."""
    code = "import sys, harness.pytest_plugin; print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout.split()

    heavy = {
        "pydantic",
        "requests",
        "cryptography",
        "aiohttp",
        "rich",
        "bs4",
        "ssl",
        "certstore",
        "click",
        "asyncio",
        "sqlalchemy",
    }
    assert heavy.intersection(loaded) == set()


def test_the_process_of_emulated_units_does_without_what_reads_lab_files() -> None:
    """A thousand units are to stay below 100 MiB, and pydantic is a tenth of that."""
    code = "import sys, harness.emulator.__main__; print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout.split()

    assert {"aiohttp", "pydantic", "asyncssh", "lxml", "requests", "paramiko"}.intersection(loaded) == set()
