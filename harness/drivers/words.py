"""The words that a driver looks for on the unit's pages, by meaning, with the wording of every generation.

One table: whoever meets a firmware that words something differently adds its words here and nowhere else.
Sources are sections of the device reference with their marks; words without one are plain English for the same
thing, which cost nothing to know.
"""

from __future__ import annotations

import functools
import re
import unicodedata
from dataclasses import dataclass
from enum import IntEnum

CLOSING = " \t\r\n:;.,*!?|<>\"'()[]{}-–—•·…»›«"
"""What decorates a text without being part of it: `* Private key:` is `Private key`."""


BRACKETED = re.compile(r"[(\[][^)\]]*[)\]]")


class Fit(IntEnum):
    """How well a text fits; the smaller the better."""

    EXACT = 0
    WITH_REMARK = 1
    """Exact, but for a remark in brackets."""
    BEGINS = 2
    HOLDS = 3


@functools.lru_cache(maxsize=4096)
def fold(text: str) -> str:
    """`text` for comparison: compatibility forms, case, white space and decoration make no difference."""
    return " ".join(unicodedata.normalize("NFKC", text).casefold().split()).strip(CLOSING)


# Each is itself: what a text is to it is remembered, and looking that up must not compare its words.
@dataclass(frozen=True, eq=False)
class Words:
    """The texts by which one thing is recognised."""

    meaning: str
    """How an error names the thing."""
    exact: tuple[str, ...]
    begins: tuple[str, ...] = ()
    """Openings, to whole words: `shut down` fits `Shut down MCU`, not `Shut downs`."""
    never: tuple[str, ...] = ()
    """Words that tell that an opening belongs to something else."""
    holds: tuple[str, ...] = ()
    """Words by which a whole sentence is known, wherever they stand in it."""

    def fit(self, text: str) -> Fit | None:
        """How `text` fits, None where it does not."""
        return _fit(self, text)

    def names(self, text: str) -> bool:
        """Whether `text` is one of the exact ones, with or without a remark."""
        fit = self.fit(text)
        return fit is not None and fit < Fit.BEGINS

    @functools.cached_property
    def _exact(self) -> frozenset[str]:
        return frozenset(map(fold, self.exact))

    @functools.cached_property
    def _begins(self) -> re.Pattern[str]:
        openings = "|".join(re.escape(fold(opening)) for opening in self.begins)
        return re.compile(rf"(?:{openings})(?!\w)" if openings else r"(?!)")

    @functools.cached_property
    def _never(self) -> re.Pattern[str]:
        return _any_of(self.never)

    @functools.cached_property
    def _holds(self) -> re.Pattern[str]:
        return _any_of(self.holds)

    def __str__(self) -> str:
        return " or ".join([*(repr(word) for word in self.exact[:2]), *(f"'{word} ...'" for word in self.begins[:1])])


# The pages of one unit, and of all units of a lab, have the same texts over and over.
@functools.lru_cache(maxsize=16384)
def _fit(words: Words, text: str) -> Fit | None:
    shown = fold(text)
    if shown in words._exact:
        return Fit.EXACT
    bare = fold(BRACKETED.sub(" ", text)) if "(" in text or "[" in text else shown
    if bare in words._exact:
        return Fit.WITH_REMARK
    if words._begins.match(bare) and not words._never.search(shown):
        return Fit.BEGINS
    return Fit.HOLDS if words._holds.search(shown) else None


def _any_of(texts: tuple[str, ...]) -> re.Pattern[str]:
    """Finds any of these as whole words."""
    return re.compile("|".join(rf"\b{re.escape(text)}\b" for text in texts) or r"(?!)")


# Links of the navigation.
NETWORK = Words("link to Network", ("Network", "Network settings"))
SSL_CERTIFICATES = Words(
    "link to Network > SSL certificates",
    ("SSL certificates", "SSL certificate", "Network > SSL certificates"),
    ("SSL certificate",),
    ("help", "trust"),
)  # 2.1 D
SETTINGS = Words("link to Settings", ("Settings",))
SHUTDOWN_PAGE = Words(
    "link to Settings > Shutdown",
    ("Shutdown", "Shut down", "Shutdown and restart", "Shut down and restart", "Settings > Shutdown"),
    ("Shutdown", "Shut down"),
    ("help",),
)  # 5.2 R
HOME = Words("link to the home page", ("Home", "Home page"))
LOG_IN = Words("link to the login page", ("Log in", "Login", "Log on"))  # 3.3 D
LOG_OUT = Words("link that ends the session", ("Log out", "Logout", "Log off", "Change log in"))  # 3.3 D

LOGS = Words("link to Logs", ("Logs", "Log", "Event log"))  # 10 D
AUDIT_LOG = Words("link to Logs > Audit log", ("Audit log",))  # 10 D
AUDIT_ON = Words(
    "button that switches the audit log on", ("Enable auditing", "Enable audit log", "Enable"), ("Enable audit",)
)  # 10: that it must be enabled D, text U
AUDIT_OFF = Words(
    "button that switches the audit log off", ("Disable auditing", "Disable audit log", "Disable"), ("Disable audit",)
)

LEAVE = Words("link that only ends the session", ("Log out", "Logout", "Log off", "Logoff", "Sign out"))
MENU = Words(
    "entry of a menu",
    (
        *("Home", "Status", "Network", "Settings", "Conferences", "Conference", "Streaming", "Users", "Logs"),
        *("Gateways", "Gatekeeper", "Endpoints", "Help", "Services", "Port A", "Port B", "SSL certificates", "SNMP"),
        *("Routes", "Connectivity", "DNS", "QoS", "Time", "Upgrade", "Security", "User interface", "Shutdown"),
    ),
)  # M2.4 to M4.5, contents lists
"""Of a form that is a menu, others than the one looked for: two of these tell it from a form that does something."""
GO = Words("button that goes to what a list shows", ("Go", "Go to", "OK", "Open", "Show", "Select", "Jump", "View"))

# The login page.
USER_NAME = Words("user name field", ("Username", "User name", "User", "User ID", "Login name"))  # 3.3 D
PASSWORD = Words("password field", ("Password",))  # 3.3 D
LOG_IN_BUTTON = Words(
    "button that logs in", ("OK", "Log in", "Login", "Log on", "Sign in", "Submit", "Enter", "Continue")
)  # 3.3 D: ok=OK
ACCESS_DENIED = Words("refusal of the log-in", ("Access failed", "Access denied"), ("Access failed", "Access denied"))
# 3.3 D
CHANGE_PASSWORD = Words(
    "demand to change the password", ("Change password", "Change your password"), ("Change password",)
)  # 3.4 D

LOCKED = Words("locked account", (), holds=("locked", "disabled", "suspended"))  # 3.4 D, text U
PASSWORD_EXPIRED = Words(
    "expired password",
    (),
    holds=("password has expired", "password expired", "expired password", "must change your password"),
)  # 3.4 D, text U
NO_SESSION = Words(
    "no free session",
    (),
    holds=(
        *("free session", "free sessions", "too many sessions", "too many users", "maximum number of sessions"),
        *("session limit", "number of sessions", "all sessions", "sessions in use", "simultaneous sessions"),
    ),
)  # 3.3 D, text U
NO_RIGHT = Words(
    "missing right",
    (),
    holds=(
        *("privilege", "privileges", "not authorised", "not authorized", "no right", "permission", "permissions"),
        "not permitted",
    ),
)  # 3.3 D, text U
WRONG_PASSWORD = Words(
    "wrong user name or password",
    (),
    holds=(
        *("wrong password", "wrong username", "wrong user name", "incorrect password", "invalid password"),
        *("invalid username", "invalid user name", "password incorrect", "password is incorrect", "or password"),
        *("password is wrong", "password was wrong", "and/or password", "bad password", "login incorrect"),
    ),
)  # 3.3 D, text U
REFUSALS = (WRONG_PASSWORD, PASSWORD_EXPIRED, LOCKED, NO_SESSION, NO_RIGHT)
"""A page that lists all the reasons there may be tells none (3.3 D)."""

# Network > SSL certificates.
LOCAL_SECTION = Words(
    "section of the local certificate",
    ("Local certificate", "Upload certificate and key", "Local certificate configuration"),
)  # 2.3 D
TRUST_SECTION = Words(
    "another section of the page",
    (
        "SIP trust store",
        "HTTPS trust store",
        "Trust store",
        "Trust stores",
        "Verification settings",
        "Client certificate security",
        "Server certificate security",
        "OCSP",
        "Online certificate status protocol",
    ),
    ("SIP trust store", "HTTPS trust store", "Trust store", "Upload trust store", "OCSP"),
)  # 2.4 D
CERTIFICATE = Words(
    "certificate file field",
    ("Certificate", "Certificate file", "Local certificate", "SSL certificate", "Server certificate"),
    ("Certificate",),
    ("key", "trust", "trusted", "store", "authority", "ca", "revocation", "password", "passphrase"),
)  # 2.3 D
PRIVATE_KEY = Words(
    "private key file field",
    ("Private key", "Private key file", "Key", "Key file"),
    ("Private key",),
    ("password", "passphrase", "encryption", "matches"),
)  # 2.3 D
PASSPHRASE = Words(
    "private key encryption password field",
    (
        "Private key encryption password",
        "Private key encryption passphrase",
        "Private key password",
        "Private key passphrase",
        "Key password",
        "Encryption password",
        "Passphrase",
        "Password",
    ),
    ("Private key encryption",),
)  # 2.3 D, cut off after "Private key encryption pass"
UPLOAD = Words(
    "button that uploads the pair",
    (
        "Upload certificate and key",
        "Upload certificate & key",
        "Upload certificate and private key",
        "Upload new certificate and key",
    ),
)  # 2.3 D: the first
REMOVE = Words(
    "button that removes the custom pair",
    (
        "Delete custom certificate and key",
        "Remove certificate and key",
        "Remove custom certificate and key",
        "Delete certificate and key",
        "Delete custom certificate & key",
        "Remove certificate & key",
        "Delete custom certificate and private key",
        "Remove certificate and private key",
    ),
)  # 2.3 D
SUBJECT = Words("row Subject", ("Subject",))  # 2.2 D
ISSUER = Words("row Issuer", ("Issuer",))  # 2.2 D
ISSUED = Words("row Issued", ("Issued",))  # 2.2 D
EXPIRES = Words("row Expires", ("Expires",))  # 2.2 D
KEY_STATE = Words("row Private key", ("Private key",))  # 2.2 D

NOTICE = Words(
    "reason why something is not on the page",
    (),
    holds=("feature key", "activation key", "not activated", "not enabled", "privilege", "privileges", "read only"),
)  # 2.1 D: Secure management (HTTPS) or Encryption; texts U

# Settings > Shutdown.
# 5.2 R. The wording after the verb names the product, which differs by model; the MCU's own comes first.
SHUT_DOWN = Words(
    "button that shuts down",
    ("Shut down MCU", "Shut down", "Shutdown", "Shut down unit"),
    ("Shut down", "Shutdown"),
    ("restart", "reboot"),
)
CONFIRM = Words(
    "button that confirms", ("Confirm MCU shutdown", "Confirm shutdown", "Confirm"), ("Confirm",), ("cancel",)
)  # and for a removal, 2.6 U
AGREE = Words("button that agrees", ("Yes", "OK", "Continue", "Proceed"), ("Yes",))
RESTART = Words("button that restarts", ("Restart MCU", "Restart", "Reboot", "Restart unit"), ("Restart", "Reboot"))

# The Supervisor of a chassis, Hardware > Blades (device-reference 14, mark R).
HARDWARE = Words("link to Hardware", ("Hardware", "Chassis", "Hardware status"))
BLADES = Words(
    "link to Hardware > Blades",
    ("Blades", "Blade status", "All blades", "Blade list", "Hardware > Blades"),
    never=("help",),
)
SHUT_DOWN_BLADE = Words(
    "button that shuts the blade down",
    ("Shut down blade", "Shutdown blade", "Shut down", "Shutdown"),
    ("Shut down", "Shutdown"),
    ("restart", "reboot", "chassis", "supervisor", "all"),
)
RESTART_BLADE = Words(
    "button that restarts the blade",
    ("Restart blade", "Reboot blade", "Restart", "Reboot", "Reset blade"),
    ("Restart", "Reboot"),
    ("chassis", "supervisor", "all"),
)

RESTART_NEEDED = Words(
    "banner that asks for a restart",
    (),
    holds=(
        *("must be restarted", "must restart", "must now restart", "must now be restarted", "must be rebooted"),
        *("need to restart", "needs to be restarted", "need to be restarted", "needs a restart", "to be restarted"),
        *("requires a restart", "require a restart", "requires restart", "require the unit to be restarted"),
        *("restart required", "restart is required", "restart needed", "restart is needed", "restart is necessary"),
        *("reboot required", "reboot is required", "requires a reboot", "require a reboot", "reboot is needed"),
        *("reboot needed", "need to reboot", "must reboot", "needs to be rebooted", "restart pending"),
        *("after a restart", "after the next restart", "until the next restart", "until it is restarted"),
        *("please restart", "please reboot"),
    ),
)  # 2.6: need D, banner I, text U

# What somebody who only looks leaves alone.
CHANGES_SOMETHING = Words(
    "what may change something",
    (),
    holds=(
        *("shut down", "shutdown", "restart", "reboot", "reset", "power off", "switch off", "factory", "defaults"),
        *("log out", "logout", "log off", "logoff", "sign out", "change log in", "disconnect", "hang up", "drop"),
        *("delete", "remove", "clear", "erase", "format", "purge", "disable", "enable", "activate", "deactivate"),
        *("acknowledge", "apply", "save", "update", "upload", "install", "restore", "import", "backup", "start"),
        *("stop", "end", "cancel", "abort", "terminate", "kick", "lock", "unlock", "confirm", "yes", "commit", "set"),
        *("send", "dial", "call", "connect", "move", "rename", "swap", "switch", "toggle", "regenerate", "revert"),
    ),
)
"""Whole words of a link's text, of its address, or behind its question mark; too many rather than too few."""
HOLDS_SECRETS = Words(
    "what holds secrets",
    (),
    holds=("configuration", "config", "download", "export", "backup", "diagnostics", "diagnostic", "dump"),
)
"""Files with other people's passwords (device-reference 3.4 and 7.10, mark D)."""
SECRET_FIELD = Words(
    "field that holds a secret",
    (),
    holds=(
        *("password", "passphrase", "passwd", "secret", "pin", "community", "key", "code", "credentials", "token"),
    ),
)
