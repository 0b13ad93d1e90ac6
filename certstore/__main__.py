"""`python -m certstore`: judge uploads from the command line."""

from __future__ import annotations

import argparse
import json
import os
import sys
from contextlib import ExitStack
from pathlib import Path
from typing import BinaryIO

from certstore.batch import answers
from certstore.branch import BRANCHES
from certstore.firmware import DEFAULT_FIRMWARE, KNOWN_GENERATIONS, firmware_named

EPILOG = """\
Every line of the batch is one upload, a JSON object:

  {"id": "a name of yours", "certificate": BASE64, "private_key": BASE64,
   "passphrase": BASE64 or null, "firmware": "4.3(2.18)", "openssl": "0.9.8"}

"firmware" and "openssl" may be left out. Every answer is one line, in the same order:

  {"id", "verdict": "accepted" or "refused", "refusal", "detail",
   "leaf_sha256", "chain_sha256", "public_key_sha256"}

The hashes are over DER: the leaf, the certificates after it, the key's SubjectPublicKeyInfo. A line that is
not such an object is answered with the verdict "error", and the exit status is 1 at the end; otherwise it is 0,
whatever was refused.

Try it:

  echo '{"id": "x", "certificate": "", "private_key": "", "passphrase": null}' |
    python -m certstore --batch -
"""


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m certstore",
        description="Say whether a unit would take an upload of certificate, key and passphrase, and why not.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--batch", metavar="FILE", required=True, help="file of uploads, or - for standard input")
    parser.add_argument(
        "--openssl", choices=sorted(BRANCHES), help="read as this OpenSSL branch does, whatever the firmware"
    )
    parser.add_argument(
        "--firmware",
        default=DEFAULT_FIRMWARE.version,
        help=f"where a record names none; a version of {', '.join(KNOWN_GENERATIONS)} (default: %(default)s)",
    )
    parser.add_argument(
        "--jobs", type=int, default=1, metavar="N", help="processes to share the work; 0 for one a core (default: 1)"
    )
    return parser


def main(arguments: list[str] | None = None) -> int:
    """Answer a batch; the exit status says whether every record was of the agreed form."""
    parser = _parser()
    options = parser.parse_args(arguments)
    if options.jobs < 0:
        parser.error("--jobs is negative")
    try:
        firmware = firmware_named(options.firmware)
    except ValueError as unknown:
        parser.error(str(unknown))
    jobs = options.jobs or os.cpu_count() or 1
    status = 0
    with ExitStack() as files:
        lines: BinaryIO = sys.stdin.buffer
        if options.batch != "-":
            try:
                lines = files.enter_context(Path(options.batch).open("rb"))
            except OSError as error:
                parser.error(f"{options.batch}: {error.strerror}")
        for answer in answers(lines, firmware, options.openssl, jobs):
            if answer["verdict"] == "error":
                status = 1
            sys.stdout.write(json.dumps(answer) + "\n")
            sys.stdout.flush()
    return status


if __name__ == "__main__":
    sys.exit(main())
