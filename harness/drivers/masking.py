"""A page as evidence: what a person would need to see, and nothing that is a secret."""

from __future__ import annotations

import re
from collections.abc import Iterable
from html import escape

from lxml import etree

from harness.secret_forms import SHORT

HIDDEN = "***"
LONGEST = 65536
"""Characters of a page that are kept."""
SHOWN_VALUES = frozenset(("submit", "button", "reset", "image", "checkbox", "radio"))
WORDS = frozenset(("alt", "title", "value", "placeholder", "label"))
"""Attributes that hold words, not addresses or scripts."""
UNKEPT = ("script", "style", "object", "svg", "template")
QUERY = re.compile(r"\?[^\s\"'<>)]*")
CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")
"""What no XML library takes."""
KEY = re.compile(r"-----BEGIN [A-Z0-9 ]*PRIVATE KEY-----.*?(?:-----END [A-Z0-9 ]*PRIVATE KEY-----|\Z)", re.DOTALL)


def mask_page(markup: str, secrets: Iterable[str]) -> str:
    """The page as the driver's parser reads it, without scripts, comments, what fields hold, what stands behind the
    question mark of addresses, private keys, and any of these secrets."""
    parser = etree.HTMLParser(encoding="utf-8", remove_comments=True, remove_pis=True, huge_tree=True)
    root = etree.fromstring(b"<!doctype html><html>" + CONTROL.sub("", markup).encode("utf-8", "replace"), parser)
    etree.strip_elements(root, *UNKEPT, with_tail=False)
    for element in root.iter(etree.Element):
        tag = str(element.tag)
        if (
            tag == "input"
            and element.get("type", "text").strip().lower() not in SHOWN_VALUES
            and "value" in element.attrib
        ):
            element.set("value", HIDDEN)
        if tag == "textarea" and ("".join(element.itertext())).strip():
            for inner in list(element):
                element.remove(inner)
            element.text = HIDDEN
        for name, value in element.attrib.items():
            if name not in WORDS:
                element.set(name, CONTROL.sub("", QUERY.sub(f"?{HIDDEN}", value)))
    shown = KEY.sub(HIDDEN, etree.tostring(root, method="html", encoding="unicode"))
    return mask_text(shown, secrets)[:LONGEST]


def mask_text(text: str, secrets: Iterable[str]) -> str:
    """The text with none of these secrets in it, plain or escaped for HTML."""
    return mask_forms(text, {form for secret in secrets for form in forms_of(secret)})


def mask_forms(text: str, forms: Iterable[str]) -> str:
    """As `mask_text`, where all the forms of the secrets are known."""
    forms = [form for form in forms if form in text]
    for form in sorted(forms, key=len, reverse=True):
        if len(form) < SHORT:
            text = re.sub(rf"(?<!\w){re.escape(form)}(?!\w)", HIDDEN, text)
        else:
            text = text.replace(form, HIDDEN)
    return text


def forms_of(secret: str) -> tuple[str, ...]:
    """As it is and as HTML has it; none of nothing."""
    return tuple(dict.fromkeys(filter(None, (secret, escape(secret), escape(secret, quote=False)))))
