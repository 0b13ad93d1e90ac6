"""`/system.xml`: who the unit is and how long it has been up, without a login (device-reference 7.10, mark D)."""

from __future__ import annotations

from dataclasses import dataclass

from lxml import etree

from harness.errors import UnitError
from harness.unit import Identity

PATH = "/system.xml"


@dataclass(frozen=True)
class SystemFacts:
    identity: Identity
    uptime_seconds: int


def read_system_xml(body: bytes) -> SystemFacts:
    """What the document says.

    Raises UnitError where it is no XML, or lacks an element that every unit is documented to have.
    """
    parser = etree.XMLParser(resolve_entities=False, no_network=True, remove_comments=True, remove_pis=True)
    try:
        root = etree.fromstring(body, parser)
    except etree.XMLSyntaxError as error:
        raise UnitError(f"{PATH} is not XML: {error.msg}") from error
    values = {etree.QName(element).localname: (element.text or "").strip() for element in root}
    missing = [name for name in ("model", "softwareVersion", "uptimeSeconds") if not values.get(name)]
    if missing:
        raise UnitError(f"{PATH} lacks {', '.join(missing)}; it has {', '.join(values) or 'nothing'}")
    if not values["uptimeSeconds"].isdecimal():
        raise UnitError(f"{PATH}: uptimeSeconds is {values['uptimeSeconds'][:40]!r}, want a number of seconds")
    return SystemFacts(
        identity=Identity(
            manufacturer=values.get("manufacturer", ""),
            model=values["model"],
            serial=values.get("serial", ""),
            software_version=values["softwareVersion"],
            build_version=values.get("buildVersion", ""),
            host_name=values.get("hostName", ""),
        ),
        uptime_seconds=int(values["uptimeSeconds"]),
    )
