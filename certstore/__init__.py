"""The certificate store of a Cisco TelePresence MCU, as an executable specification.

`receive` says what the unit makes of an upload: a Credential, or UploadRefused with the reason. `CertStore` says
which pair is stored and which is served after each event. Everything here is a pure function or a value: no files,
sockets, clocks or threads; only `python -m certstore` touches the outside.
"""

from certstore.branch import BRANCHES, OPENSSL_0_9_8, OPENSSL_1_0_1, Branch
from certstore.credential import Credential
from certstore.firmware import (
    DEFAULT_FIRMWARE,
    KNOWN_GENERATIONS,
    Firmware,
    MismatchedPair,
    Pkcs8,
    Serving,
    firmware_named,
)
from certstore.receiving import receive
from certstore.refusal import Place, Refusal, UploadFile, UploadRefused
from certstore.store import CertStore, Event
from certstore.upload import Upload

__all__ = [
    "BRANCHES",
    "DEFAULT_FIRMWARE",
    "KNOWN_GENERATIONS",
    "OPENSSL_0_9_8",
    "OPENSSL_1_0_1",
    "Branch",
    "CertStore",
    "Credential",
    "Event",
    "Firmware",
    "MismatchedPair",
    "Pkcs8",
    "Place",
    "Refusal",
    "Serving",
    "Upload",
    "UploadFile",
    "UploadRefused",
    "firmware_named",
    "receive",
]
