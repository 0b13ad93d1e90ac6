"""Is no secret in anything that real runs write, and would one be found there? `make searches`

Runs of the suite over emulated units, each searched at its end for what it has uploaded; then the same search over a
copy of one run into which a passphrase and a key were planted, in every kind of file that it has.
"""

from __future__ import annotations

import base64
import json
import shutil
import subprocess
import sys
import tempfile
from collections import Counter
from pathlib import Path

from harness import catalogue, pki
from harness.lab import MODELS
from harness.secrecy.known import Secrets
from harness.secrecy.scanner import Scanner

ROOT = Path(__file__).parents[2]
PLACES = 20
FIRMWARES = ("2.4(1.20)", "4.1(1.59)", "4.3(2.18)", "4.5(1.71)")
SELECTION = "default"


def main() -> int:
    wanted = int(sys.argv[1]) if len(sys.argv) > 1 else 100
    with tempfile.TemporaryDirectory(prefix="mcu-hil-searches-") as name:
        folder = Path(name)
        failed, searched = 0, Counter[str]()
        while searched["units"] < wanted:
            places = min(PLACES, wanted - searched["units"])
            run = one_run(folder, places)
            about = json.loads((run / "manifest.json").read_text())["search"]
            searched += Counter({"units": places, "files": about["files"], "octets": about["octets"]})
            failed += len(about["findings"])
            print(f"{searched['units']} units: {about['files']} files, {about['octets']} octets,", end=" ")
            print(f"{about['secrets']} secrets looked for, {len(about['findings'])} found", flush=True)
            for finding in about["findings"]:
                print(f"  {finding}")
        missed = planted(run, folder / "planted")
    print(f"in all {searched['units']} units, {searched['files']} files, {searched['octets']} octets: {failed} found")
    print(f"planted and not found: {', '.join(missed) or 'none'}")
    return 1 if failed or missed else 0


def one_run(folder: Path, places: int) -> Path:
    """Its folder."""
    lab, state = folder / "lab.toml", folder / "state"
    tables = [f'[lab]\nname = "searches"\nstate_dir = "{state}"\n']
    for number in range(places):
        model, firmware = MODELS[number % len(MODELS)], FIRMWARES[number % len(FIRMWARES)]
        tables.append(f'[[place]]\nname = "u{number}"\nmodel = "{model}"\n')
        tables.append(f'emulated = {{ firmware = "{firmware}", restart_seconds = 0.3 }}\n')
    lab.write_text("".join(tables))
    command = [sys.executable, "-m", "pytest", str(ROOT / "tests" / "hil"), "--lab", str(lab), "-n", "2", "-q"]
    command += ["-m", SELECTION, "-p", "no:cacheprovider"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    run = sorted((state / "runs").iterdir())[-1]
    if not (run / "manifest.json").is_file():
        sys.exit(f"the run was not searched:\n{done.stdout[-5000:]}{done.stderr[-2000:]}")
    return run


def planted(run: Path, copy: Path) -> list[str]:
    """Kinds of files in which a planted secret was not found."""
    issued = pki.run_authority().issue("192.0.2.1")
    known = Secrets()
    known.add_text("passphrase of an upload", catalogue.PASSPHRASE)
    known.add_key_file("private key of an upload", pki.key_pem(issued.key), None)
    scanner = Scanner(known.gathered())
    forms = {"passphrase": catalogue.PASSPHRASE, "in Base64": base64.b64encode(b"is " + catalogue.PASSPHRASE)}
    forms |= {"key": pki.key_pem(issued.key), "prime": f"{issued.key.private_numbers().p:x}".encode()}
    missed = []
    for file in sorted(one for one in run.rglob("*") if one.is_file()):
        for what, secret in forms.items():
            target = copy / file.name
            copy.mkdir(exist_ok=True)
            shutil.copyfile(file, target)
            octets = target.read_bytes()
            middle = len(octets) // 2
            target.write_bytes(octets[:middle] + b" " + secret + b" " + octets[middle:])
            if not scanner.search([target]).findings:
                missed.append(f"{what} in {file.name}")
            target.unlink()
    return missed


if __name__ == "__main__":
    sys.exit(main())
