"""The faults of the remote management API (device-reference 7.8)."""

from __future__ import annotations

import xmlrpc.client
from enum import Enum


class ApiFault(Enum):
    """Code and text; texts are in lower case (mark D). To 16 they are documented, from 17 on remembered (R)."""

    METHOD_NOT_SUPPORTED = 1, "method not supported"
    DUPLICATE_CONFERENCE = 2, "duplicate conference name"
    DUPLICATE_PARTICIPANT = 3, "duplicate participant name"
    NO_SUCH_CONFERENCE = 4, "no such conference or auto attendant"
    NO_SUCH_PARTICIPANT = 5, "no such participant"
    TOO_MANY_CONFERENCES = 6, "too many conferences"
    TOO_MANY_PARTICIPANTS = 7, "too many participants"
    NO_CONFERENCE_NAME = 8, "no conference name or auto attendant id supplied"
    NO_PARTICIPANT_NAME = 9, "no participant name supplied"
    NO_PARTICIPANT_ADDRESS = 10, "no participant address supplied"
    INVALID_START_TIME = 11, "invalid start time specified"
    INVALID_END_TIME = 12, "invalid end time specified"
    INVALID_PIN = 13, "invalid pin specified"
    AUTHORIZATION_FAILED = 14, "authorization failed"
    INSUFFICIENT_PRIVILEGES = 15, "insufficient privileges"
    INVALID_ENUMERATE_ID = 16, "invalid enumerateid value"
    PORT_RESERVATION_FAILURE = 17, "port reservation failure"
    DUPLICATE_NUMERIC_ID = 18, "duplicate numeric id"
    UNSUPPORTED_PROTOCOL = 19, "unsupported protocol"
    UNSUPPORTED_PARTICIPANT_TYPE = 20, "unsupported participant type"
    MISSING_PARAMETER = 101, "missing parameter"
    INVALID_PARAMETER = 102, "invalid parameter"
    MALFORMED_PARAMETER = 103, "malformed parameter"
    REQUEST_TOO_LARGE = 105, "request too large"
    OPERATION_FAILED = 201, "operation failed"
    ACTIVATION_NEEDED = 202, "product needs its activation feature key"
    TOO_MANY_REQUESTS = 203, "too many asynchronous requests"

    def __init__(self, code: int, text: str) -> None:
        self.code = code
        self.text = text

    @property
    def fault(self) -> xmlrpc.client.Fault:
        return xmlrpc.client.Fault(self.code, self.text)


class CallRefused(Exception):
    """A method cannot do what it was asked."""

    def __init__(self, fault: ApiFault) -> None:
        super().__init__(fault)
        self.fault = fault
