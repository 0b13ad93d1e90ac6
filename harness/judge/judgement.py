"""The judgement on one upload: all that a person is told, as one value."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from certstore import Credential, Firmware, Serving, Upload, UploadRefused, receive
from harness.judge.advice import Advice, Case, advise
from harness.judge.certificate_facts import CertificateFacts, read_facts
from harness.judge.opinion import Accepted, Opinion, Refused, differ
from harness.judge.remedies import FileNames, Remedy, remedy


@dataclass(frozen=True, slots=True)
class Taken:
    """The unit would take it, and serve `served` after its restart."""

    credential: Credential
    served: tuple[CertificateFacts, ...]
    advice: tuple[Advice, ...]


@dataclass(frozen=True, slots=True)
class TurnedDown:
    """The unit would not take it, and go on with what it has."""

    refused: UploadRefused
    remedy: Remedy


@dataclass(frozen=True, slots=True)
class SecondOpinion:
    """What another judge says, and who it is."""

    judge: str
    opinion: Opinion


@dataclass(frozen=True, slots=True)
class Judgement:
    """What becomes of an upload on one firmware, and what the machine's OpenSSL says to it."""

    firmware: Firmware
    names: FileNames
    outcome: Taken | TurnedDown
    second: SecondOpinion

    @property
    def disagrees(self) -> bool:
        """Whether the second opinion is the opposite one."""
        mine = Accepted() if isinstance(self.outcome, Taken) else Refused("")
        return differ(mine, self.second.opinion)


@dataclass(frozen=True, slots=True)
class Circumstances:
    """What an upload is judged by: the firmware, the day, and the address by which people open the unit."""

    firmware: Firmware
    names: FileNames
    at: datetime
    address: str | None = None


def judge(upload: Upload, circumstances: Circumstances) -> Taken | TurnedDown:
    """The outcome, with the remedy of a refusal or the advice on what is taken."""
    firmware = circumstances.firmware
    try:
        credential = receive(upload, firmware)
    except UploadRefused as refused:
        return TurnedDown(refused, remedy(upload, refused, firmware, circumstances.names))
    stored = tuple(read_facts(certificate) for certificate in credential.certificates)
    served = stored if firmware.serving is Serving.CHAIN else stored[:1]
    case = Case(upload, firmware, credential, stored, circumstances.at, circumstances.address)
    return Taken(credential, served, advise(case))
