"""What the upload handler of one unit takes: the model's firmware with the unit's switches."""

from __future__ import annotations

from dataclasses import replace

from certstore import Firmware, MismatchedPair, Pkcs8, Serving, firmware_named
from harness.emulator.skin import UploadSettings


def firmware_of(version: str, settings: UploadSettings) -> Firmware:
    return replace(
        firmware_named(version),
        mismatched_pair=MismatchedPair(settings.mismatched_pair),
        serving=Serving(settings.serving),
        plain_pkcs8=Pkcs8(settings.plain_pkcs8),
        encrypted_pkcs8=Pkcs8(settings.encrypted_pkcs8),
        upload_octets=settings.largest_file,
    )
