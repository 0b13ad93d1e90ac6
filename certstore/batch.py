"""Many uploads judged in one go: one JSON object in, one JSON object out, in the same order."""

from __future__ import annotations

import json
from base64 import b64decode
from binascii import Error as Base64Error
from collections.abc import Generator, Iterable
from concurrent.futures import Future, ProcessPoolExecutor
from dataclasses import replace
from itertools import islice
from typing import Any

from certstore.branch import BRANCHES
from certstore.firmware import DEFAULT_FIRMWARE, Firmware, firmware_named
from certstore.receiving import receive
from certstore.refusal import UploadRefused
from certstore.upload import Upload

_CHUNK = 32


class BadRecord(ValueError):
    """A record is not of the agreed form."""


def judge(record: Any, firmware: Firmware = DEFAULT_FIRMWARE, openssl: str | None = None) -> dict[str, Any]:
    """The verdict on one record; BadRecord if it is not one.

    `firmware` and `openssl` stand in where the record names none.
    """
    if not isinstance(record, dict):
        raise BadRecord("the record is not an object")
    if not isinstance(record.get("id"), str):
        raise BadRecord("'id' is not a string")
    firmware = _firmware(record, firmware, openssl)
    passphrase = record.get("passphrase")
    upload = Upload(
        certificate=_octets(record, "certificate"),
        private_key=_octets(record, "private_key"),
        passphrase=None if passphrase is None else _octets(record, "passphrase"),
    )
    answer: dict[str, Any] = {"id": record["id"], "verdict": "accepted", "refusal": None, "detail": None}
    try:
        credential = receive(upload, firmware)
    except UploadRefused as refused:
        return answer | {
            "verdict": "refused",
            "refusal": str(refused.refusal),
            "detail": refused.detail if refused.place is None else f"{refused.detail} ({refused.place})",
            "leaf_sha256": None,
            "chain_sha256": [],
            "public_key_sha256": None,
        }
    return answer | {
        "leaf_sha256": credential.leaf_sha256,
        "chain_sha256": list(credential.chain_sha256),
        "public_key_sha256": credential.public_key_sha256,
    }


def _firmware(record: dict[str, Any], firmware: Firmware, openssl: str | None) -> Firmware:
    named = record.get("firmware")
    if named is not None:
        if not isinstance(named, str):
            raise BadRecord("'firmware' is not a string")
        try:
            firmware = firmware_named(named)
        except ValueError as unknown:
            raise BadRecord(str(unknown)) from None
    branch = record.get("openssl", openssl)
    if branch is None:
        return firmware
    if not isinstance(branch, str) or branch not in BRANCHES:
        raise BadRecord(f"'openssl' is {branch!r}, want one of {sorted(BRANCHES)}")
    return replace(firmware, branch=BRANCHES[branch])


def _octets(record: dict[str, Any], name: str) -> bytes:
    text = record.get(name)
    if not isinstance(text, str):
        raise BadRecord(f"{name!r} is not a string")
    try:
        return b64decode(text, validate=True)
    except (Base64Error, ValueError):
        raise BadRecord(f"{name!r} is not base64") from None


def answer(line: str | bytes, firmware: Firmware = DEFAULT_FIRMWARE, openssl: str | None = None) -> dict[str, Any]:
    """The answer to one line of a batch, whatever it holds; a bad record gets the verdict "error"."""
    record: Any = None
    try:
        record = json.loads(line)
        return judge(record, firmware, openssl)
    except (ValueError, RecursionError) as bad:
        named = record.get("id") if isinstance(record, dict) else None
        detail = str(bad) if isinstance(bad, BadRecord) else "the line is not JSON"
        return {"id": named if isinstance(named, str) else None, "verdict": "error", "detail": detail}


def _answers(lines: list[bytes], firmware: Firmware, openssl: str | None) -> list[dict[str, Any]]:
    return [answer(line, firmware, openssl) for line in lines]


def answers(
    lines: Iterable[bytes],
    firmware: Firmware = DEFAULT_FIRMWARE,
    openssl: str | None = None,
    jobs: int = 1,
) -> Generator[dict[str, Any], None, None]:
    """The answer to each line that is not blank, in order, while the lines are still coming in.

    With more than one job the work is shared by that many processes; the order is kept all the same.
    """
    filled = (line for line in lines if line.strip())
    if jobs == 1:
        for line in filled:
            yield answer(line, firmware, openssl)
        return
    with ProcessPoolExecutor(jobs) as pool:
        chunks = iter(lambda: list(islice(filled, _CHUNK)), [])
        waiting: list[Future[list[dict[str, Any]]]] = []
        for chunk in chunks:
            waiting.append(pool.submit(_answers, chunk, firmware, openssl))
            # Enough ahead to keep every process busy, and no more in memory than that.
            if len(waiting) > 2 * jobs:
                yield from waiting.pop(0).result()
        for future in waiting:
            yield from future.result()
