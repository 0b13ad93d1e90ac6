"""What is kept of a capture: files, and one manifest that says what each is. No secret comes into either."""

from __future__ import annotations

import hashlib
import json
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from harness.capture.markup import Edit, Run, Tag, edited, parts_of, with_value
from harness.capture.scrubbing import Scrubber
from harness.capture.walk import Answered
from harness.drivers.document import Document
from harness.drivers.encoding import decode_page
from harness.drivers.masking import HIDDEN
from harness.drivers.words import SECRET_FIELD
from harness.errors import ConfigurationError

MANIFEST = "manifest.json"
TEXTS = re.compile(r"text/|application/(?:xml|javascript|json|xhtml)|^$")
UNSAFE = re.compile(r"[^A-Za-z0-9._-]+")


@dataclass
class Folder:
    """A new folder that only its owner can read; it is made with its first file."""

    path: Path
    files: list[dict[str, Any]] = field(default_factory=list)

    def __post_init__(self) -> None:
        if self.path.exists():
            raise ConfigurationError(f"{self.path}: exists already; name a new folder")

    def add(self, name: str, content: bytes, what: str) -> str:
        """The file is there, and will be in the manifest; its name, which is never one that was there before."""
        names = {file["name"] for file in self.files}
        stem, dot, ending = name.rpartition(".")
        number, unique = 1, name
        while unique in names:
            number += 1
            unique = f"{stem or ending}-{number}{dot + ending if stem else ''}"
        self._write(unique, content)
        self.files.append(
            {"name": unique, "sha256": hashlib.sha256(content).hexdigest(), "bytes": len(content), "what": what}
        )
        return unique

    def finish(self, manifest: Mapping[str, Any]) -> None:
        text = json.dumps({**manifest, "files": self.files}, indent=1, ensure_ascii=False, default=str)
        self._write(MANIFEST, text.encode() + b"\n")

    def _write(self, name: str, content: bytes) -> None:
        path = self.path / name
        try:
            path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise ConfigurationError(f"{path}: cannot be written: {error.strerror}") from None
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)


def file_name(path: str, content_type: str) -> str:
    """Of the answer of `path`, for a folder of its kind: `network_services.html` for `/network_services.html`."""
    plain, _, query = path.partition("?")
    name = UNSAFE.sub("_", plain.strip("/")) or "index.html"
    if "." not in name and "html" in content_type:
        name += ".html"
    stem, dot, ending = name.rpartition(".")
    return f"{stem}@{UNSAFE.sub('_', query)[:40]}{dot}{ending}" if query else name


def kept_octets(answered: Answered, scrubber: Scrubber) -> bytes | None:
    """The answer without secrets; None for what is no text and has one in it."""
    reply = answered.reply
    if not TEXTS.match(reply.content_type):
        return None if scrubber.holds(reply.body) else reply.body
    text, charset = decode_page(reply.body, reply.content_type)
    if answered.document is not None:
        text = without_field_values(text, answered.document, answered.one_time)
    return scrubber.text(text).encode(charset, "xmlcharrefreplace")


def without_field_values(source: str, document: Document, one_time: frozenset[str]) -> str:
    """The page without what its password fields, and fields with such names, hold, and without one-time values."""
    edits = [edit for part in parts_of(source) if (edit := _hidden_value(part, one_time)) is not None]
    return edited(source, edits)


def _hidden_value(part: Tag | Run, one_time: frozenset[str]) -> Edit | None:
    if not isinstance(part, Tag) or part.name != "input" or not part.get("value"):
        return None
    kind = (part.get("type") or "text").strip().lower()
    name = part.get("name") or ""
    is_secret = (
        kind == "password"
        or (kind == "hidden" and name in one_time)
        or (kind in ("text", "hidden") and SECRET_FIELD.fit(re.sub(r"[^A-Za-z]+", " ", name)) is not None)
    )
    return with_value(part, "value", HIDDEN) if is_secret else None


def masked(value: Any, scrubber: Scrubber) -> Any:
    """A value of a JSON document with no secret in any of its texts."""
    if isinstance(value, str):
        return scrubber.text(value)
    if isinstance(value, Mapping):
        return {scrubber.text(str(key)): masked(one, scrubber) for key, one in value.items()}
    if isinstance(value, (list, tuple)):
        return [masked(one, scrubber) for one in value]
    return value
