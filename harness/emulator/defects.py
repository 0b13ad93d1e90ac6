"""Named firmware bugs that a unit can be built with: a row each. docs/defects.md is this table for people.

`breaks` is the documented behaviour that the firmware does not keep, with its place in the device reference and its
mark. What each does is in the `defective_*` modules; what firmware without any does is `Conduct`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace

from certstore import Pkcs8, Refusal
from harness.emulator import defective_guarding as guarding
from harness.emulator import defective_reading as reading
from harness.emulator import defective_restarting as restarting
from harness.emulator import defective_serving as serving
from harness.emulator import defective_storing as storing
from harness.emulator import defective_telling as telling
from harness.emulator.conduct import HEALTHY, Conduct, EthernetPort
from harness.emulator.pair import FACTORY


@dataclass(frozen=True)
class Defect:
    """A firmware bug that a unit can be built with."""

    breaks: str
    """The documented behaviour that it breaks."""
    conduct: Conduct


NO_CERTIFICATE, NO_KEY = Refusal.MALFORMED_CERTIFICATE, Refusal.MALFORMED_KEY

# Each row in one line, however long, so that it can be checked against the reference by eye.
# ruff: noqa: E501
# fmt: off
READING: Mapping[str, Defect] = {
    "windows-line-ends-refused": Defect("Windows line ends are taken (11.3, I)", reading.Refuses(reading.in_either_file(rb"\r\n"), NO_CERTIFICATE)),
    "trailing-blanks-refused": Defect("blanks at the end of a line are cut off (11.3, I)", reading.Refuses(reading.in_either_file(rb"[ \t]\r?\n"), NO_CERTIFICATE)),
    "long-lines-refused": Defect("Base64 lines of 76 characters are taken in a file that is not encrypted (11.3, I)", reading.Refuses(reading.in_either_file(rb"\n[A-Za-z0-9+/=]{65}"), NO_CERTIFICATE)),
    "text-before-block-refused": Defect("text before the BEGIN line is skipped (11.3, I)", reading.Refuses(reading.in_either_file(rb"\A[^-]"), NO_CERTIFICATE)),
    "missing-final-newline-refused": Defect("a missing final newline does no harm (11.3, I)", reading.Refuses(reading.in_either_file(rb"[^\r\n]\Z"), NO_CERTIFICATE)),
    "two-objects-in-a-file-refused": Defect("of two objects in the key file the first that fits is used (11.3, I)", reading.Refuses(reading.in_the_key(rb"BEGIN CERTIFICATE"), NO_KEY)),
    "files-cut-at-4096-octets": Defect("no limit of a file's size is documented (2.5, U): what is taken is taken whole", reading.Alters(reading.cut_files(4096))),
    "last-certificate-taken": Defect("the first certificate of the file is the leaf (11.5, I)", reading.Alters(reading.other_certificates(lambda found: found[-1:]))),
    "first-intermediate-only": Defect("everything after the leaf is sent as it stands (11.5, U)", reading.Alters(reading.other_certificates(lambda found: found[:2]))),
    "out-of-date-certificate-refused": Defect("an expired or not yet valid certificate is loaded without objection (11.4, I)", reading.Refuses(reading.is_out_of_date, NO_CERTIFICATE)),
    "pkcs8-refused": Defect("a PRIVATE KEY block can be read (11.1, U)", reading.KnowsLess(lambda firmware: replace(firmware, plain_pkcs8=Pkcs8.REFUSE))),
    "encrypted-pkcs8-refused": Defect("an ENCRYPTED PRIVATE KEY block with a SHA-1 scheme can be read (11.1, U)", reading.KnowsLess(lambda firmware: replace(firmware, encrypted_pkcs8=Pkcs8.REFUSE))),
    "triple-des-missing": Defect("a key encrypted as in the vendor's procedure, genrsa -des3, can be read (2.5, D)", reading.KnowsLess(reading.without_cipher("DES-EDE3"))),
    "aes-missing": Defect("a key encrypted with AES-256-CBC can be read (11.1, I)", reading.KnowsLess(reading.without_cipher("AES-"))),
    "passphrase-cut-at-8": Defect("a passphrase counts whole (11.4, I)", reading.Alters(reading.other_passphrase(lambda passphrase: passphrase[:8]))),
    "passphrase-trimmed": Defect("a passphrase is used as it arrives, blanks included (11.4, I)", reading.Alters(reading.other_passphrase(bytes.strip))),
    "passphrase-in-upper-case": Defect("the case of a passphrase matters (11.4, I)", reading.Alters(reading.other_passphrase(bytes.upper))),
    "passphrase-plus-becomes-blank": Defect("a passphrase in a multipart form is not decoded (11.4, I)", reading.Alters(reading.other_passphrase(lambda passphrase: passphrase.replace(b"+", b" ")))),
    "passphrase-through-a-shell": Defect("a passphrase is used as it arrives, whatever signs are in it (11.4, I)", reading.Alters(reading.other_passphrase(lambda passphrase: re.sub(rb"\$\w+|`[^`]*`", b"", passphrase)))),
    "passphrase-remembered": Defect("an encrypted key without a passphrase cannot be read (11.4, I)", reading.RemembersPassphrase()),
    "pem-names-only": Defect("a file may be called .cer or .key (2.5, I)", reading.TakesPemNamesOnly()),
    "odd-key-sizes-refused": Defect("nothing is said of a key's size but that 2048 bits are advised (2.5, U)", reading.Refuses(reading.has_odd_size, NO_CERTIFICATE)),
    "windows-line-ends-in-encrypted-key-refused": Defect("Windows line ends are taken, also of an encrypted key (11.3, I)", reading.Refuses(reading.in_the_key(rb"DEK-Info: [^\r\n]*\r\n"), NO_KEY)),
    "key-in-certificate-file-refused": Defect("of two objects in the certificate file the first that fits is used (11.3, I)", reading.Refuses(lambda upload: b"PRIVATE KEY" in upload.certificate and b"BEGIN CERTIFICATE" in upload.certificate, NO_CERTIFICATE)),
    "version-1-refused": Defect("what a certificate says is not verified when it is served (11.4, I)", reading.Refuses(reading.has_version_1, NO_CERTIFICATE)),
    "large-certificate-refused": Defect("no limit of a file's size is documented (2.5, U)", reading.Refuses(reading.is_longer_than(4096), NO_CERTIFICATE)),
    "passphrase-for-plain-key-refused": Defect("a passphrase for a key that is not encrypted is ignored (11.4, I)", reading.Refuses(lambda upload: bool(upload.passphrase) and b"ENCRYPTED" not in upload.private_key, Refusal.WRONG_PASSPHRASE)),
    "wrong-passphrase-reported-as-success": Defect("an upload that is not stored is not reported as stored (2.6, U text)", reading.HidesRefusals({Refusal.WRONG_PASSPHRASE})),
    "refusals-reported-as-success": Defect("an upload that is not stored is not reported as stored (2.6, U text)", reading.HidesRefusals(frozenset(Refusal))),
    "foreign-key-accepted": Defect("a key that does not belong to the certificate is refused (2.6, I)", reading.AcceptsForeignKey()),
}

STORING: Mapping[str, Defect] = {
    "upload-not-written": Defect("after the restart the uploaded pair is served (2.1, D)", storing.WritesNothing()),
    "pair-lost-on-power-cut": Defect("a power cut does what a restart does (15.1, I)", storing.LosesPairOnPowerCut()),
    "pair-torn-by-power-cut": Defect("a power cut while a pair is stored leaves the old or the new one (5.5, R)", storing.WritesInPlace()),
    "pair-mixed-by-power-cut": Defect("certificate and key are one: they are uploaded at the same time (2.1, D)", storing.WritesTwoFiles()),
    "former-pair-after-power-cut": Defect("a power cut does what a restart does (15.1, I)", storing.BringsBackTheFormerPair()),
    "removed-pair-returns": Defect("removing the custom pair returns the unit to the default pair (2.1, D)", storing.RemovesInMemoryOnly()),
    "removal-ignored": Defect("removing the custom pair returns the unit to the default pair (2.1, D)", storing.IgnoresRemoval()),
    "refused-upload-clears-pair": Defect("a refused upload changes nothing (2.6, I)", storing.RefusalClearsPair()),
    "refused-upload-drops-what-waits": Defect("a refused upload changes nothing (2.6, I)", storing.RefusalDropsWhatWaits()),
    "large-upload-clears-pair": Defect("a refused upload changes nothing (2.6, I)", storing.RefusalClearsPair({Refusal.TOO_LARGE})),
    "second-upload-ignored": Defect("an upload replaces the pair of the last one (2.1, D)", storing.KeepsFirstUploadOnly()),
}

SERVING: Mapping[str, Defect] = {
    "old-pair-after-restart": Defect("after the restart the uploaded pair is served (2.1, D)", serving.OldPairAfterRestart()),
    "new-pair-before-restart": Defect("until the restart the pair from before the upload is served (0.2, I)", serving.NewPairBeforeRestart()),
    "factory-pair-before-restart": Defect("until the restart the pair from before the removal is served (0.2, I)", serving.RemovalAtOnce()),
    "intermediates-dropped": Defect("what follows the leaf in the certificate file is sent with it (11.5, U)", serving.AltersPair(serving.chain(lambda rest: ()))),
    "intermediates-reversed": Defect("what follows the leaf is sent in the order of the file (11.5, U)", serving.AltersPair(serving.chain(lambda rest: rest[::-1]))),
    "leaf-sent-twice": Defect("nothing is sent that is not in the certificate file (11.5, U)", serving.AltersPair(lambda pair: replace(pair, certificates=(pair.leaf, *pair.certificates)))),
    "factory-certificate-appended": Defect("nothing is sent that is not in the certificate file (11.5, U)", serving.AltersPair(serving.chain(lambda rest: (*rest, FACTORY.leaf)))),
    "lookalike-served": Defect("the certificate served is the uploaded one, with its key (2.1, D)", serving.AltersPair(serving.lookalike)),
    "some-connections-old-pair": Defect("after the restart every connection gets the new pair (2.1, D)", serving.OldPairHereAndThere({"https"}, divisor=3)),
    "first-connection-factory-pair": Defect("after the restart every connection gets the new pair (2.1, D)", serving.FactoryPairAtFirst()),
    "port-b-old-pair": Defect("there is one pair, at both Ethernet ports (2.1, D)", serving.OldPairHereAndThere({"https"}, ports={EthernetPort.B})),
    "port-b-closed-after-restart": Defect("a ticked service is open after a restart, at both Ethernet ports (4, D)", serving.ClosedAtPortB()),
    "sip-tls-old-pair": Defect("HTTPS and SIP TLS share one pair (2.1, D)", serving.OldPairHereAndThere({"sips_tcp"})),
    "asks-for-client-certificates": Defect("no certificate is asked for unless a mode is chosen that does (8, D)", serving.AsksForCertificates()),
    "no-handshake-after-restart": Defect("HTTPS works with the uploaded pair (2.1, D)", serving.NoHandshake()),
    "old-sessions-resumed": Defect("no session from before the restart outlives it (2.1, I)", serving.ResumesOldSessions()),
}

TELLING: Mapping[str, Defect] = {
    "banner-missing": Defect("the pages say that a restart is needed (2.6, I)", telling.BannerMissing()),
    "banner-stays": Defect("after the restart no page says that one is needed (2.6, I)", telling.BannerStays()),
    "reboot-required-missing": Defect("rebootRequired is true after an upload (2.6, D)", telling.RebootRequiredMissing()),
    "reboot-required-stays": Defect("rebootRequired is false after the restart (15.1, I)", telling.RebootRequiredStays()),
    "reboot-required-once": Defect("rebootRequired is true while a change waits for a restart (7.2, D)", telling.RebootRequiredOnce()),
    "status-table-is-markup": Defect("Subject shows the parts of the name (2.2, D)", telling.TableIsMarkup()),
    "status-table-blank-for-factory": Defect("the status table describes the local certificate (2.2, D)", telling.TableBlankForFactory()),
    "status-table-stale": Defect("the status table describes the local certificate (2.2, D)", telling.TableStale()),
    "status-table-always-factory": Defect("the status table describes the local certificate (2.2, D)", telling.TableAlwaysFactory()),
    "status-table-says-mismatch": Defect("of a pair that fits the table says Key matches certificate (2.2, D)", telling.TableSaysMismatch()),
    "status-table-tells-wrong-months": Defect("Issued and Expires are the dates of the certificate (2.2, D)", telling.TableTellsWrongMonths()),
    "uptime-not-reset": Defect("uptime falls at a restart (7.10, D)", telling.UptimeRunsOn()),
    "restart-time-stale": Defect("restartTime is that of the last restart (7.2, D)", telling.RestartTimeStale()),
    "restart-log-missing": Defect("each restart is in the restart log (7.5, D)", telling.RestartLogMissing()),
    "restart-log-twice": Defect("each restart is in the restart log once (7.5, D)", telling.RestartLogTwice()),
    "restart-log-wrong-reason": Defect("the restart log tells the true reason (7.5, D)", telling.RestartLogReason("User requested upgrade")),
    "audit-log-lost-at-restart": Defect("the audit log keeps 100,000 records, on flash (10, D)", telling.LosesAuditLog()),
    "auditing-off-after-restart": Defect("the audit log records once it is enabled (10, D)", telling.StopsAuditing()),
    "never-finishes-booting": Defect("finishedBooting becomes true (5.3, I)", telling.NeverFinishesBooting()),
}

RESTARTING: Mapping[str, Defect] = {
    "restart-ignored": Defect("the unit restarts when it is told to (5.1, D)", restarting.RestartIgnored()),
    "restart-hangs": Defect("the unit comes back from a restart (5.3, R)", restarting.RestartHangs()),
    "restart-loops": Defect("the unit restarts once when it is told to once (5.1, D)", restarting.RestartLoops()),
    "shutdown-hangs": Defect("shuttingDown is followed by shutDown (5.1, I)", restarting.ShutdownHangs()),
    "restarts-at-upload": Defect("the unit waits to be restarted after an upload (2.1, D)", restarting.RestartsAtUpload()),
    "https-closed-after-restart": Defect("a ticked service is open after a restart (4, D)", restarting.ClosedAfterRestart({"https"})),
    "http-closed-after-restart": Defect("a ticked service is open after a restart (4, D)", restarting.ClosedAfterRestart({"http"})),
    "https-open-again-after-restart": Defect("what is not ticked is closed, after a restart too (4, D)", restarting.ForgetsWhatIsUnticked()),
}

GUARDING: Mapping[str, Defect] = {
    "upload-without-login": Defect("only somebody who is logged in can upload (3.3, D)", guarding.LetsStrangersUpload()),
    "guests-may-upload": Defect("the page is reachable by administrators only (2.1, I)", guarding.LetsGuestsAdminister()),
    "https-without-feature-key": Defect("HTTPS needs the Secure management (HTTPS) or the Encryption key (4, D)", guarding.NeedsNoKey({"https"})),
    "sip-tls-without-feature-key": Defect("SIP TLS needs the Secure management (HTTPS) or the Encryption key (4, D)", guarding.NeedsNoKey({"sips_tcp"})),
    "cookie-from-anywhere": Defect("a session is tied to the address of its client (3.3, D)", guarding.CookieFromAnywhere()),
    "cookie-outlives-restart": Defect("a restart ends all sessions (15.3, I)", guarding.KeepsSessions()),
    "key-in-page-source": Defect("the private key cannot be downloaded (2.5, I)", guarding.KeyInPage("certificates")),
    "key-in-configuration": Defect("the private key cannot be downloaded (2.5, I)", guarding.KeyInConfiguration()),
    "key-in-web-folder": Defect("the private key cannot be downloaded (2.5, I)", guarding.KeyInWebFolder()),
    "key-in-event-log-at-start": Defect("the private key cannot be downloaded (2.5, I)", guarding.KeyInEventLogAtStart()),
    "configuration-for-guests": Defect("the configuration is for administrators (3.1, D)", guarding.ConfigurationForGuests()),
    "key-in-event-log": Defect("the private key cannot be downloaded (2.5, I)", guarding.KeyInEventLog()),
    "passphrase-in-audit-log": Defect("no log holds a passphrase (10, I)", guarding.PassphraseInAuditLog()),
    "passphrase-in-event-log": Defect("no log holds a passphrase (10, I)", guarding.PassphraseInEventLog()),
}
# fmt: on

DEFECTS: Mapping[str, Defect] = {**READING, **STORING, **SERVING, **TELLING, **RESTARTING, **GUARDING}


def conduct_of(defect: str | None) -> Conduct:
    """KeyError for a name that is not in `DEFECTS`."""
    return HEALTHY if defect is None else DEFECTS[defect].conduct
