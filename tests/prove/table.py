"""Which claims fail at a unit with which defect; all others hold, or are blocked by what the unit does.

docs/defects.md has this table for people.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Row:
    """What one defect has to bring about."""

    fails: frozenset[str]
    """In the default selection, all of them; empty for what only `full` finds."""
    more: frozenset[str] = frozenset()
    """And these where the selection is `full`."""
    may: frozenset[str] = frozenset()
    """These as chance has it; without what stands in brackets, whatever does."""

    one_of: frozenset[str] = frozenset()
    """At least one of these: which, is a matter of moments."""

    def expected(self, *, full: bool) -> frozenset[str]:
        return self.fails | (self.more if full else frozenset())

    def allows(self, claim: str) -> bool:
        return claim in self.may | self.one_of or claim.partition("[")[0] in self.may


def row(*fails: str, more: tuple[str, ...] = (), may: tuple[str, ...] = (), one_of: tuple[str, ...] = ()) -> Row:
    return Row(_names(fails), _names(more), _names(may), _names(one_of))


def _names(claims: tuple[str, ...]) -> frozenset[str]:
    """`claim[both]` stands for both replacements."""
    return frozenset(claim.replace("[both]", f"[{one}]") for claim in claims for one in ("self-signed", "ca-signed"))


def kinds(*names: str) -> tuple[str, ...]:
    return tuple(f"test_a_kind_is_taken[{name}]" for name in names)


def other_kinds(*names: str) -> tuple[str, ...]:
    return tuple(f"test_each_other_kind_is_taken[{name}]" for name in names)


def certificate_files(*forms: str) -> tuple[str, ...]:
    return tuple(f"test_a_certificate_file_is_decided_as_by_the_model[{form}]" for form in forms)


def key_files(*forms: str) -> tuple[str, ...]:
    return tuple(f"test_a_key_file_is_decided_as_by_the_model[{form}]" for form in forms)


def open_forms(*forms: str) -> tuple[str, ...]:
    return tuple(f"test_what_is_open_is_decided_as_ever[{form}]" for form in forms)


def each_served(test: str) -> tuple[str, ...]:
    return tuple(f"{test}[{one}]" for one in SERVED)


SERVED = ("longest-chain", "biggest-key", "pkcs8-key", "expired")
TAKEN = "test_the_upload_is_taken"
LEAF = "test_the_uploaded_leaf_is_served_after_the_restart"
CHAIN = "test_a_leaf_is_served_with_as_much_of_its_chain_as_ever"
TABLE = "test_the_status_table_describes_what_was_uploaded_or_what_is_served[both]"
TABLE_CHANGES = "test_the_status_table_changes_when_it_ever_did[both]"
NOT_TOLD = "test_an_upload_that_is_not_stored_is_not_answered_as_a_good_one"
WINDOWS, OBJECTS, ODD = "text as Windows writes it", "several objects in long lines", "AES-256-CBC, odd passphrase"
PBES1, LONG = "PKCS#8, PBES1", "chain of 6 with its root"
NO_KEY, NO_PASSPHRASE = "test_no_private_key_can_be_read", "test_no_passphrase_can_be_read"
WAITS = "test_a_refused_upload_leaves_the_pair_that_waits_for_a_restart"
RESTARTS = "test_the_unit_goes_down_and_comes_back_when_it_is_told_to_restart[self-signed]"
POWER = "test_a_power_cut_leaves_a_whole_pair"
AFTER_CUTS = "test_what_is_served_after_power_cuts_is_served_after_a_restart_too"
DONE_CHAINS = (f"{POWER}[right after an upload]", f"{POWER}[in the start after an upload]")
DONE_CUTS = (*DONE_CHAINS, AFTER_CUTS)
LAST, MUCH = "test_the_last_upload_that_was_taken_is_served", "test_as_much_of_the_chain_as_ever_is_served"
LAST_SERVED, ALL_MUCH = each_served(LAST), each_served(MUCH)
TABLE_AFTER = "test_the_status_table_describes_the_pair_that_is_served_after_the_removal"
ALL_MATCH = "test_the_key_of_every_kind_that_was_taken_matches"
UPLOAD_OFF, SIP_OFF = "test_an_upload_is_taken_without_https_as_ever", "test_sip_tls_goes_on_without_https_as_ever"
BACK_ON = "test_the_pair_uploaded_meanwhile_is_served_when_https_is_turned_on"
CHAIN_ON = "test_as_much_of_its_chain_as_ever_is_served_then"
NOTHING_WAITS = "test_nothing_waits_for_a_restart_when_https_is_back"
HUGE_AFTER = "test_after_an_upload_of_many_octets_and_a_restart_a_whole_pair_is_served"
REMOVED = "test_nobody_but_an_administrator_can_remove_the_pair"
AGREES = "test_restart_time_and_uptime_agree_as_ever[both]"
AUDIT = "test_the_audit_log_goes_on_over_a_restart_as_ever"
LATER_KEY = "test_no_private_key_can_be_read_after_the_restart_either"
WALK = "test_no_walk_parts_the_unit_from_the_model"

AT_SECOND_ADDRESS = frozenset({"port-b-old-pair", "port-b-closed-after-restart"})
"""Defects that only a unit with a second address can show."""

WITHOUT_FEATURE_KEY = frozenset({"https-without-feature-key", "sip-tls-without-feature-key"})
"""Those that only a unit without a feature key for HTTPS can show."""

# A row for each defect, in one line however long, as docs/defects.md has them.
# ruff: noqa: E501
# fmt: off
ROWS: Mapping[str, Row] = {
    "windows-line-ends-refused": row(*kinds(WINDOWS), more=(*certificate_files("a leaf, CRLF"), *key_files("a plain key, CRLF"), *other_kinds("CRLF"),)),
    "trailing-blanks-refused": row(*kinds(WINDOWS), more=(*certificate_files("a leaf, blanks at the ends of lines"), *other_kinds("blanks at the ends of lines"),)),
    "long-lines-refused": row(*kinds(OBJECTS), more=(*certificate_files("a leaf, lines of 76 columns"), *other_kinds("base64 in lines of 76"),)),
    "text-before-block-refused": row(*kinds(WINDOWS), more=(*certificate_files("a leaf, blank lines around it", "a leaf, text before it"), *key_files("a plain key, text before it"), *other_kinds("64 KiB of leading text", "leading text"),)),
    "missing-final-newline-refused": row(*kinds(WINDOWS), more=(*certificate_files("a leaf, no final newline"), *other_kinds("no final newline"),)),
    "two-objects-in-a-file-refused": row(*kinds(OBJECTS), more=(*other_kinds("key after a certificate"), *open_forms("a plain key after a certificate"),)),
    "files-cut-at-4096-octets": row(*kinds(LONG), more=(*certificate_files("a chain with its root"), *other_kinds("64 KiB of leading text", "chain of 10 with its root", "chain of 10", "chain of 4 with its root", "chain of 4", "chain of 5 with its root", "chain of 5", "chain of 6", "chain of 7 with its root", "chain of 7", "chain of 8 with its root", "chain of 8", "chain of 9 with its root", "chain of 9"),)),
    "last-certificate-taken": row(f"{TAKEN}[ca-signed]", "test_a_good_pair_replaces_what_was_sent_before", *kinds(WINDOWS, LONG), more=(UPLOAD_OFF, SIP_OFF, BACK_ON, *certificate_files("X509 CERTIFICATE", "a chain with its root", "a chain, root first", "a chain"), *other_kinds("64 KiB of leading text", "CRLF", "base64 in lines of 76", "blanks at the ends of lines", "chain of 10 with its root", "chain of 10", "chain of 2 with its root", "chain of 2", "chain of 3 with its root", "chain of 3", "chain of 4 with its root", "chain of 4", "chain of 5 with its root", "chain of 5", "chain of 6", "chain of 7 with its root", "chain of 7", "chain of 8 with its root", "chain of 8", "chain of 9 with its root", "chain of 9", "leading text", "no final newline"), *open_forms("TRUSTED CERTIFICATE"),), may=(WAITS,)),
    "first-intermediate-only": row(f"{CHAIN}[ca-signed]", more=(CHAIN_ON, *certificate_files("X509 CERTIFICATE"), *open_forms("TRUSTED CERTIFICATE", "a chain, its last block cut"),)),
    "out-of-date-certificate-refused": row(*kinds("expired"), more=(*other_kinds("not yet valid"),)),
    "pkcs8-refused": row(*kinds("PKCS#8"), more=(*open_forms("a PKCS#8 key"),)),
    "encrypted-pkcs8-refused": row(*kinds(PBES1)),
    "triple-des-missing": row(f"{TAKEN}[self-signed]", *kinds(PBES1), more=(*key_files("DES-EDE3-CBC"), *other_kinds("DES-EDE3-CBC"),)),
    "aes-missing": row(*kinds(ODD), more=(*key_files("AES-128-CBC", "AES-256-CBC", "a passphrase of 1 byte", "a passphrase with blanks"), *other_kinds("AES-128-CBC", "AES-192-CBC", "AES-256-CBC", "passphrase of 1 byte", "passphrase of 1024 bytes", "passphrase of 31 bytes", "passphrase of both cases", "passphrase that is no ASCII", "passphrase with a plus", "passphrase with blanks"), *open_forms("a passphrase of 1024 bytes", "a passphrase that is no ASCII"),)),
    "passphrase-cut-at-8": row(f"{TAKEN}[self-signed]", *kinds(PBES1, ODD), more=(*key_files("AES-128-CBC", "AES-256-CBC", "DES-EDE3-CBC", "a passphrase with blanks"), *other_kinds("AES-128-CBC", "AES-192-CBC", "AES-256-CBC", "DES-CBC", "DES-EDE3-CBC", "IDEA-CBC", "RC2-CBC", "passphrase of 1024 bytes", "passphrase of 31 bytes", "passphrase of both cases", "passphrase with blanks"), *open_forms("a passphrase of 1024 bytes"),)),
    "passphrase-trimmed": row(*kinds(ODD), more=(*key_files("a passphrase with blanks"), *other_kinds("passphrase with blanks"),)),
    "passphrase-in-upper-case": row(f"{TAKEN}[self-signed]", *kinds(PBES1, ODD), more=(*key_files("AES-128-CBC", "AES-256-CBC", "DES-EDE3-CBC", "a passphrase of 1 byte", "a passphrase with blanks"), *other_kinds("AES-128-CBC", "AES-192-CBC", "AES-256-CBC", "DES-CBC", "DES-EDE3-CBC", "IDEA-CBC", "RC2-CBC", "passphrase of 1 byte", "passphrase of 1024 bytes", "passphrase of 31 bytes", "passphrase of both cases", "passphrase that is no ASCII", "passphrase with a plus", "passphrase with blanks"), *open_forms("a passphrase of 1024 bytes", "a passphrase that is no ASCII"),)),
    "passphrase-plus-becomes-blank": row(*kinds(ODD), more=(*other_kinds("passphrase with a plus"),)),
    "passphrase-through-a-shell": row(*kinds(ODD)),
    "passphrase-remembered": row("test_a_bad_upload_is_refused[no-passphrase]", more=(*key_files("DES-EDE3-CBC, no passphrase"),)),
    "pem-names-only": row(*kinds(WINDOWS), more=(*other_kinds("files of other names"),)),
    "odd-key-sizes-refused": row(more=(*other_kinds("RSA 1536"),)),
    "windows-line-ends-in-encrypted-key-refused": row(more=(*other_kinds("encrypted, CRLF"),)),
    "key-in-certificate-file-refused": row(more=(*other_kinds("one file for both"),)),
    "version-1-refused": row(more=(*other_kinds("X.509 version 1"),)),
    "large-certificate-refused": row(more=(*other_kinds("200 host names"),)),
    "passphrase-for-plain-key-refused": row(*kinds(OBJECTS), more=(*other_kinds("passphrase for a plain key"), *open_forms("a plain key and a passphrase"),)),
    "wrong-passphrase-reported-as-success": row(f"{NOT_TOLD}[a wrong passphrase]"),
    "refusals-reported-as-success": row(f"{NOT_TOLD}[a foreign key]", f"{NOT_TOLD}[a wrong passphrase]"),
    "foreign-key-accepted": row("test_a_foreign_key_is_refused_or_stored_as_ever", f"{NOT_TOLD}[a foreign key]", more=(*open_forms("the key of another"),)),
    "upload-not-written": row(f"{LEAF}[both]", more=(SIP_OFF, BACK_ON, *DONE_CUTS, *LAST_SERVED), may=(WALK,)),
    "pair-lost-on-power-cut": row(more=(f"{POWER}[right after an upload]", AFTER_CUTS), may=(POWER, WALK)),
    "pair-torn-by-power-cut": row(more=(f"{POWER}[while an upload is stored]",), may=(POWER, WALK)),
    "pair-mixed-by-power-cut": row(more=(f"{POWER}[while an upload is stored]",), may=(POWER, WALK)),
    "former-pair-after-power-cut": row(more=(f"{POWER}[right after an upload]",), may=(POWER, WALK, AFTER_CUTS)),
    "removed-pair-returns": row("test_the_factory_pair_is_served_after_the_restart", may=(WALK,)),
    "removal-ignored": row("test_the_factory_pair_is_served_after_the_restart", may=(WALK,)),
    "refused-upload-clears-pair": row("test_a_bad_upload_is_refused[wrong-passphrase]", WAITS, may=("test_nothing_is_stored_of_an_upload_of_too_many_octets", HUGE_AFTER, WALK)),
    "refused-upload-drops-what-waits": row(WAITS, may=(WALK,)),
    "large-upload-clears-pair": row(more=("test_nothing_is_stored_of_an_upload_of_too_many_octets", HUGE_AFTER)),
    "second-upload-ignored": row(f"{TAKEN}[ca-signed]", more=(f"{POWER}[in the start after an upload]", AFTER_CUTS, *LAST_SERVED), may=(WALK, POWER)),
    "old-pair-after-restart": row(f"{LEAF}[both]", more=(SIP_OFF, BACK_ON, *DONE_CUTS, *LAST_SERVED), may=(WALK, POWER)),
    "new-pair-before-restart": row("test_the_pair_from_before_is_served_until_the_restart[both]", "test_a_removal_is_in_force_when_it_ever_was", may=(WALK,)),
    "factory-pair-before-restart": row("test_a_removal_is_in_force_when_it_ever_was", may=(WALK,)),
    "intermediates-dropped": row(f"{CHAIN}[ca-signed]", more=(CHAIN_ON, *DONE_CHAINS, f"{MUCH}[longest-chain]")),
    "intermediates-reversed": row(f"{CHAIN}[ca-signed]", more=(CHAIN_ON, *DONE_CHAINS, f"{MUCH}[longest-chain]")),
    "leaf-sent-twice": row(f"{CHAIN}[both]", more=(CHAIN_ON, *DONE_CHAINS, *ALL_MUCH)),
    "factory-certificate-appended": row(f"{CHAIN}[both]", more=(CHAIN_ON, *DONE_CHAINS, *ALL_MUCH)),
    "lookalike-served": row(f"{LEAF}[self-signed]"),
    "some-connections-old-pair": row("test_many_connections_at_once_are_served_one_leaf", may=(BACK_ON, "test_an_upload_of_many_octets_changes_nothing_that_is_served_before_a_restart", HUGE_AFTER, SIP_OFF, CHAIN_ON, LEAF, POWER, LAST, MUCH, "test_sip_tls_goes_back_to_the_factory_pair_too", TABLE_AFTER, CHAIN, WALK, "test_no_tls_session_from_before_the_restart_is_resumed", "test_every_connection_since_the_restart_was_served_one_leaf", "test_every_connection_since_the_removal_was_served_one_leaf", "test_the_pair_from_before_is_served_after_refused_uploads", "test_the_pair_from_before_is_served_after_the_restart", "test_the_factory_pair_is_served_after_the_restart", "test_a_foreign_key_changes_nothing_that_is_served_before_a_restart", "test_a_removal_is_in_force_when_it_ever_was", "test_the_pair_from_before_is_served_until_the_restart")),
    "first-connection-factory-pair": row("test_every_connection_since_the_restart_was_served_one_leaf[both]", more=(SIP_OFF,)),
    "port-b-old-pair": row(f"{LEAF}[both]", "test_the_pair_from_before_is_served_after_the_restart", "test_the_factory_pair_is_served_after_the_restart", more=(BACK_ON, *DONE_CUTS, *LAST_SERVED), may=(WALK, POWER)),
    "port-b-closed-after-restart": row("test_https_works_after_the_restart[self-signed]"),
    "sip-tls-old-pair": row("test_sip_tls_shares_the_pair_with_https[both]", "test_sip_tls_goes_back_to_the_factory_pair_too", "test_sip_tls_goes_on_as_before_after_refused_uploads", more=(SIP_OFF,)),
    "asks-for-client-certificates": row("test_tls_is_spoken_as_ever[both]"),
    "no-handshake-after-restart": row("test_https_works_after_the_restart[self-signed]", more=(*DONE_CUTS,), may=(POWER, WALK)),
    "old-sessions-resumed": row("test_no_tls_session_from_before_the_restart_is_resumed"),
    "banner-missing": row("test_the_same_pages_as_ever_ask_for_the_restart[both]", "test_the_same_pages_as_ever_ask_for_the_restart_until_it_is_done"),
    "banner-stays": row("test_the_same_pages_as_ever_ask_for_a_restart_after_it[self-signed]", "test_the_same_pages_as_ever_ask_for_the_restart[ca-signed]"),
    "reboot-required-missing": row("test_an_upload_sets_reboot_required_as_ever[both]", "test_a_removal_sets_reboot_required_as_ever", more=(UPLOAD_OFF,)),
    "reboot-required-stays": row("test_no_restart_is_pending_after_the_restart[both]", more=(NOTHING_WAITS, UPLOAD_OFF, *each_served("test_nothing_waits_for_another_restart"))),
    "reboot-required-once": row("test_a_restart_is_required_as_long_as_a_pair_waits_for_it[accepted-kinds]"),
    "status-table-is-markup": row("test_names_are_shown_as_text_as_ever[accepted-kinds]", more=("test_names_are_shown_as_text_as_ever[all-accepted-kinds]",)),
    "status-table-blank-for-factory": row(TABLE_AFTER),
    "status-table-stale": row(TABLE_CHANGES, WAITS, TABLE_AFTER),
    "status-table-always-factory": row(TABLE, TABLE_CHANGES, TABLE_AFTER),
    "status-table-says-mismatch": row("test_the_status_table_says_that_the_key_matches[both]", f"{ALL_MATCH}[accepted-kinds]", more=(*each_served("test_the_status_table_says_that_the_key_matches"), HUGE_AFTER, NOTHING_WAITS, f"{ALL_MATCH}[all-accepted-kinds]",), may=(WALK,)),
    "status-table-tells-wrong-months": row(TABLE, may=(TABLE_AFTER,)),
    "uptime-not-reset": row("test_the_uptime_begins_anew_with_the_restart[both]", AGREES),
    "restart-time-stale": row("test_the_unit_says_when_it_restarted[both]", AGREES),
    "restart-log-missing": row("test_the_restart_is_in_the_restart_log_once[both]"),
    "restart-log-twice": row("test_the_restart_is_in_the_restart_log_once[both]"),
    "restart-log-wrong-reason": row("test_the_restart_log_tells_no_other_reason[both]", "test_the_restart_after_refused_uploads_is_logged_as_ever", "test_the_restart_after_the_removal_is_logged_as_ever", more=("test_the_restart_log_names_a_power_cut_as_ever",)),
    "audit-log-lost-at-restart": row(more=(AUDIT,)),
    "auditing-off-after-restart": row(more=(AUDIT,)),
    "never-finishes-booting": row("test_the_unit_works_again_after_the_restart[both]", "test_the_unit_is_at_work_and_nothing_waits_for_a_restart"),
    "restart-ignored": row(RESTARTS),
    "restart-hangs": row(RESTARTS),
    "restart-loops": row("test_the_unit_restarts_once_when_it_is_told_to_once[both]"),
    "shutdown-hangs": row(RESTARTS),
    "restarts-at-upload": row(one_of=("test_the_upload_alone_does_not_restart_the_unit[both]",), may=(UPLOAD_OFF,)),
    "https-closed-after-restart": row("test_https_works_after_the_restart[self-signed]", "test_the_same_services_are_open_after_the_restart[self-signed]", may=(POWER, WALK, AFTER_CUTS)),
    "http-closed-after-restart": row("test_the_same_services_are_open_after_the_restart[self-signed]"),
    "https-open-again-after-restart": row(more=("test_https_is_still_off_after_a_restart",)),
    "upload-without-login": row("test_nobody_but_an_administrator_can_upload[by-nobody]", more=(f"{REMOVED}[by-nobody]",)),
    "guests-may-upload": row("test_nobody_but_an_administrator_can_upload[by-guest]", more=(f"{REMOVED}[by-guest]",)),
    "https-without-feature-key": row(more=("test_https_is_closed_without_its_feature_key",)),
    "sip-tls-without-feature-key": row(more=("test_sip_tls_is_closed_without_a_feature_key",)),
    "cookie-from-anywhere": row("test_nobody_but_an_administrator_can_upload[by-elsewhere]", more=(f"{REMOVED}[by-elsewhere]",)),
    "cookie-outlives-restart": row("test_a_web_session_from_before_the_restart_is_over[both]"),
    "key-in-page-source": row(NO_KEY),
    "key-in-configuration": row(NO_KEY),
    "key-in-web-folder": row(more=(LATER_KEY,)),
    "key-in-event-log-at-start": row(more=(LATER_KEY,)),
    "configuration-for-guests": row(more=("test_a_guest_is_shown_nothing_that_is_for_administrators",)),
    "key-in-event-log": row(NO_KEY),
    "passphrase-in-audit-log": row(NO_PASSPHRASE),
    "passphrase-in-event-log": row(NO_PASSPHRASE),
}
# fmt: on
