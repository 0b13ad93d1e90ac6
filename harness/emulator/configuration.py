"""`/configuration.xml`: all that an administrator has set (device-reference 3.1, 3.4 and 7.10)."""

from __future__ import annotations

import hashlib
from xml.etree import ElementTree

from harness.emulator.http_server import Answer
from harness.emulator.unit import EmulatedUnit
from harness.emulator.visiting import Admitted, administrators_only


@administrators_only
async def download(visit: Admitted) -> Answer:
    return Answer(body=configuration(visit.unit), content_type="text/xml")


def configuration(unit: EmulatedUnit) -> bytes:
    """The elements are our own choice (mark U); passwords in clear or hashed as the generation does (D)."""
    root = ElementTree.Element("configuration", version=unit.identity.software_version)
    _element(root, "system", hostName=unit.identity.host_name, model=unit.identity.model)
    users = ElementTree.SubElement(root, "users")
    for user in unit.users:
        _element(users, "user", id=user.name, privilege=user.privilege.value, **_password(unit, user.password))
    services = ElementTree.SubElement(root, "services")
    for row in unit.services.rows:
        _element(services, "service", name=row.name, enabled=row.ticked, port=row.port)
    security, trust = unit.administration.security, unit.administration.trust
    _element(
        root,
        "security",
        advanced=unit.users.advanced,
        redirect=security.redirect,
        idleMinutes=security.idle_minutes,
        requireConsoleLogin=security.require_login,
    )
    _element(root, "verification", sip=trust.sip_verification, client=trust.client_security)
    if unit.conduct.exports_key(unit.skin):
        ElementTree.SubElement(root, "privateKey").text = unit.store.stored.private_key.decode()
    return b'<?xml version="1.0"?>\n' + ElementTree.tostring(root)


def _password(unit: EmulatedUnit, password: str) -> dict[str, str]:
    if unit.skin.configuration.passwords == "clear" and not unit.users.advanced:
        return {"password": password}
    return {"passwordHash": hashlib.sha256(password.encode()).hexdigest()}


def _element(parent: ElementTree.Element, tag: str, **attributes: object) -> None:
    words = {
        name: str(value).lower() if isinstance(value, bool) else str(value) for name, value in attributes.items()
    }
    ElementTree.SubElement(parent, tag, words)
