"""`/system.xml`: what the unit tells anybody (device-reference 7.10, mark D)."""

from __future__ import annotations

from xml.etree import ElementTree

from harness.emulator.unit import EmulatedUnit


def system(unit: EmulatedUnit) -> bytes:
    identity, facts = unit.identity, unit.identity.facts
    values = {
        "manufacturer": identity.manufacturer,
        "model": identity.model,
        "serial": identity.serial,
        "softwareVersion": identity.software_version,
        "buildVersion": identity.build_version,
        "hostName": identity.host_name,
        "totalVideoPorts": facts.video_ports,
        "totalAudioOnlyPorts": facts.audio_ports,
        "totalStreamingAndContentPorts": facts.content_ports,
        "portReservationMode": "disabled",
        "maxVideoResolution": facts.max_video_resolution,
        "uptimeSeconds": unit.clock.uptime,
        "clusterType": "unclustered",
    }
    root = ElementTree.Element("system")
    for name, value in values.items():
        ElementTree.SubElement(root, name).text = str(value)
    if facts.allocation:
        # Of the 5300 series (mark D).
        allocation = ElementTree.SubElement(root, "videoPortAllocation")
        for kind, count in facts.allocation.items():
            ElementTree.SubElement(allocation, kind).text = str(count)
    return b'<?xml version="1.0"?>\n' + ElementTree.tostring(root)
