"""SNMP, as far as a visitor gets who asks what this is: sysDescr, by version 1 and 2c (RFC 1157, RFC 3416).

What it says is device-reference 3.5, mark D; that any community may read it I.
"""

from __future__ import annotations

from collections.abc import Iterator

INTEGER, OCTETS, NULL, IDENTIFIER, SEQUENCE = 0x02, 0x04, 0x05, 0x06, 0x30
INDEFINITE = 0x80
"""A length that SNMP does not have (RFC 3417 8)."""
GET, GET_NEXT, RESPONSE = 0xA0, 0xA1, 0xA2
NO_SUCH_OBJECT, END_OF_VIEW = 0x80, 0x82
VERSION_1, VERSION_2C = b"\x00", b"\x01"
NO_SUCH_NAME = b"\x02"

MOST_NAMES = 64

SYS_DESCR = bytes((0x2B, 6, 1, 2, 1, 1, 1, 0))
"""1.3.6.1.2.1.1.1.0"""


class NotSnmp(Exception):
    """No request that this agent answers; it says nothing then, as agents do."""


def answer(request: bytes, description: str) -> bytes:
    """The response to a datagram. Raises NotSnmp."""
    version, community, pdu = _exactly(3, _content(request, SEQUENCE))
    if version[0] != INTEGER or version[1] not in (VERSION_1, VERSION_2C) or community[0] != OCTETS:
        raise NotSnmp
    kind, content = pdu
    if kind not in (GET, GET_NEXT):
        raise NotSnmp
    number, _status, _index, (tag, asked) = _exactly(4, content)
    if number[0] != INTEGER or tag != SEQUENCE:
        raise NotSnmp
    names = [_name(binding) for binding in _elements(asked)]
    if len(names) > MOST_NAMES:
        raise NotSnmp
    found = [_found(name, is_next=kind == GET_NEXT) for name in names]
    if version[1] == VERSION_1 and not all(found):
        # All or nothing, with the place of the first that is not there (RFC 1157 4.1.2).
        bindings = [_element(IDENTIFIER, name) + _element(NULL, b"") for name in names]
        error, place = NO_SUCH_NAME, bytes((found.index(False) + 1,))
    else:
        missing = END_OF_VIEW if kind == GET_NEXT else NO_SUCH_OBJECT
        value = _element(OCTETS, description.encode("ascii", "replace"))
        bindings = [
            _element(IDENTIFIER, SYS_DESCR if is_there else name) + (value if is_there else _element(missing, b""))
            for name, is_there in zip(names, found, strict=True)
        ]
        error = place = b"\x00"
    said = _element(SEQUENCE, b"".join(_element(SEQUENCE, binding) for binding in bindings))
    head = _element(INTEGER, number[1]) + _element(INTEGER, error) + _element(INTEGER, place)
    message = _element(INTEGER, version[1]) + _element(OCTETS, community[1]) + _element(RESPONSE, head + said)
    return _element(SEQUENCE, message)


def _found(name: bytes, *, is_next: bool) -> bool:
    # Of identifiers with small parts, the order of the octets is the order of the tree.
    return name < SYS_DESCR if is_next else name == SYS_DESCR


def _name(binding: tuple[int, bytes]) -> bytes:
    tag, content = binding
    (kind, name), _value = _exactly(2, content if tag == SEQUENCE else b"")
    if kind != IDENTIFIER:
        raise NotSnmp
    return name


def _exactly(number: int, content: bytes) -> list[tuple[int, bytes]]:
    found = list(_elements(content))
    if len(found) != number:
        raise NotSnmp
    return found


def _content(octets: bytes, tag: int) -> bytes:
    [(found, content)] = _exactly(1, octets)
    if found != tag:
        raise NotSnmp
    return content


def _elements(octets: bytes) -> Iterator[tuple[int, bytes]]:
    while octets:
        if len(octets) < 2:
            raise NotSnmp
        tag, length, begins = octets[0], octets[1], 2
        if length == INDEFINITE:
            raise NotSnmp
        if length > INDEFINITE:
            begins += length - 0x80
            length = int.from_bytes(octets[2:begins], "big")
        if begins + length > len(octets):
            raise NotSnmp
        yield tag, octets[begins : begins + length]
        octets = octets[begins + length :]


def _element(tag: int, content: bytes) -> bytes:
    size = len(content)
    if size < 0x80:
        return bytes((tag, size)) + content
    length = size.to_bytes((size.bit_length() + 7) // 8, "big")
    return bytes((tag, 0x80 + len(length))) + length + content
