"""Every documented statement about the units that a client can see, and what proves that the emulated units keep it.

By sections of the device reference; only what has the mark D there, in our own words. The proof is a probe, a look at
running units; or the place of a test, `file::name` in this directory or from `tests/unit`; or `Beyond`, why nothing
here can show it. `test_documented.py` runs the probes and looks for the tests.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from tests.unit.emulator import documented_api as api
from tests.unit.emulator import documented_web as web
from tests.unit.emulator.documented_family import Family


@dataclass(frozen=True)
class Beyond:
    """What no emulated unit shows, and why."""

    why: str


Proof = Callable[[Family], None] | str | Beyond

NO_CALLS = Beyond("emulated units place no calls")

STATEMENTS: Mapping[str, Mapping[str, Proof]] = {
    "1 family": {
        "the models of the family exist": "test_blueprint.py::test_every_model_can_be_emulated",
        "the media gateway has the certificate procedure of the MCUs": (
            web.the_media_gateway_has_the_same_certificate_page
        ),
        "the model of the API may begin with Codian or Cisco": web.models_begin_with_codian_or_cisco,
        "a 5300 can be in a cluster": Beyond(
            "emulated units are `unclustered`, which is one of the documented words"
        ),
    },
    "1.1 versions": {
        "software versions look like 4.3(2.18)": web.versions_have_their_form,
        "the bracket of the build is that of the software": web.builds_have_the_bracket_of_the_software,
        "4.2 is build 6.17, 4.3 is 6.18": web.builds_are_those_that_are_known,
        "firmware 4.3 has API 2.9": web.firmware_4_3_has_api_2_9,
    },
    "2.1 certificates": {
        "the page is Network > SSL certificates": "test_pages.py::test_each_page_is_found_by_the_text_of_its_links",
        "its help is `Configuring SSL certificates`": web.the_help_about_certificates_has_its_title_and_file,
        "HTTPS and SIP over TLS share one pair": "test_sip.py::test_options_is_answered_by_the_same_pair_as_https",
        "HTTPS exists since 2.3": web.https_is_there_in_every_generation,
        "HTTPS needs a feature key": "test_pages.py::test_without_the_feature_key_https_is_closed_and_its_row_greyed",
        "every unit leaves the factory with the same pair": web.every_unit_has_the_same_pair,
        "certificate and key are uploaded at once": (
            "test_upload.py::test_a_refused_upload_changes_nothing_and_says_why"
        ),
        "the new pair is used after a restart": (
            "test_restart.py::test_the_new_pair_is_served_after_the_restart_and_not_before"
        ),
        "removing returns to the default pair": (
            "test_upload.py::test_deleting_the_custom_pair_stores_the_factory_pair_again"
        ),
    },
    "2.2 status table": {
        "it has five rows": web.the_status_table_has_its_rows,
        "names are shown in their parts": web.names_are_in_their_parts,
        "the issuer of a self-signed certificate is its subject": (
            "test_upload.py::test_a_fresh_unit_shows_the_factory_pair"
        ),
        "a good key is `Key matches certificate`": "test_upload.py::test_an_upload_is_stored_and_not_yet_served",
    },
    "2.3 upload form": {
        "the status section is `Local certificate`": web.the_status_section_is_local_certificate,
        "the upload section has another name from 4.4": web.the_upload_section_has_its_name,
        "its fields have their labels": web.the_form_has_its_fields,
        "its button is `Upload certificate and key`": web.the_upload_button_has_its_words,
        "the button to remove has other words from 4.0": web.the_remove_button_has_its_words,
        "the page names the services that use the pair": web.the_page_says_who_uses_the_pair,
        "each generation has its trust stores": web.trust_stores_are_those_of_the_generation,
        "OCSP came with 4.4": web.ocsp_came_with_4_4,
        "a password is for an encrypted key": "test_article.py::test_the_article_works_from_key_to_handshake",
        "a plain key needs none": "test_upload.py::test_the_chain_is_stored_in_the_order_of_the_file",
    },
    "2.4 trust": {
        "a trust store is shown, uploaded, and deleted once that is confirmed": (
            "test_trust.py::test_a_trust_store_is_shown_until_its_deletion_is_confirmed"
        ),
        "SIP verification has three settings": web.sip_verification_has_three_settings,
        "client certificate security has four settings, and is off": (
            web.client_certificate_security_has_four_settings
        ),
        "server certificate security can be off": web.server_certificate_security_can_be_off,
        "it governs the unit as a client": (
            "test_api_feedback.py::test_server_certificate_security_governs_whom_a_unit_tells"
        ),
        "`Apply changes` saves the settings of its section": "test_trust.py::test_settings_are_kept_over_a_restart",
        "each section has that button": web.settings_of_trust_are_applied_by_a_button,
        "there is one OCSP server, and a nonce if wanted": web.there_is_one_ocsp_server,
        "a revoked certificate is refused and recorded": (
            "test_client_certificates.py::test_a_revoked_certificate_is_refused_and_recorded"
        ),
        "the nonce is optional": "test_client_certificates.py::test_the_nonce_is_a_setting",
        "trust stores are PEM; DER is not taken": "test_trust.py::test_a_store_must_be_in_pem_form",
        "off: a password, certificates are ignored": (
            "test_client_certificates.py::test_a_fresh_unit_takes_no_notice_of_certificates"
        ),
        "verify: a certificate of the trust store, then the password": (
            "test_client_certificates.py::test_verify_needs_a_certificate_of_the_trust_store_and_then_the_password"
        ),
        "allowed: a user's certificate logs in, web and API": (
            "test_client_certificates.py::test_allowed_logs_in_the_user_whom_the_certificate_names_and_others_by_password"
        ),
        "required: only a certificate logs in, web and API": (
            "test_client_certificates.py::test_required_lets_nobody_in_by_password"
        ),
        "required blocks HTTP and FTP logins and restricts the console": (
            "test_client_certificates.py::test_required_blocks_logins_by_http_and_ftp_and_at_the_console"
        ),
        "with HTTP open there is a way back": (
            "test_client_certificates.py::test_the_way_back_stays_open_while_http_does"
        ),
        "outgoing SIP calls check the peer's names": NO_CALLS,
    },
    "2.5 files": {
        "the vendor's own procedure works": "test_article.py::test_the_article_works_from_key_to_handshake",
        "an unencrypted key is taken": "test_upload.py::test_the_chain_is_stored_in_the_order_of_the_file",
        "PKCS#12 must be split first": "test_trust.py::test_pkcs_12_is_no_certificate_and_no_key",
    },
    "2.6 messages": {
        "an upload sets `rebootRequired`": "test_api.py::test_an_upload_sets_reboot_required",
        "its change fires `deviceStatusChanged`": (
            "test_api_feedback.py::test_an_upload_and_a_shutdown_change_the_status"
        ),
        "pages say that a restart is needed": "test_upload.py::test_every_page_says_that_a_restart_is_required",
    },
    "3.1 paths": {
        "login page and system.xml are for anybody, the rest is not": (
            web.strangers_see_the_login_page_and_system_xml_only
        ),
        "home is / and /index.html": web.home_has_two_paths,
        "/logout.html ends the session": "test_pages.py::test_a_logout_ends_the_session",
        "configuration.xml is for administrators": (
            "test_accounts.py::test_the_configuration_file_is_for_administrators"
        ),
        "/RPC2 answers over HTTP and HTTPS": api.the_api_answers_over_http_and_https,
        "help pages have their names": web.help_pages_have_their_names,
    },
    "3.3 login": {
        "a page without a session ends at the login page, status 200": (
            web.a_stranger_ends_at_the_login_page_with_status_200
        ),
        "the form posts three fields to /login_change.html": web.a_login_is_three_fields_in_a_form,
        "`requested_page` is where it leads": "test_accounts.py::test_a_login_leads_to_the_file_that_was_asked_for",
        "a failed one leads elsewhere, status 200": web.a_failed_login_leads_elsewhere_with_status_200,
        "a cookie is good from one address": "test_pages.py::test_a_session_is_good_from_its_own_address_only",
        "Supervisors have the same form": "test_supervisor.py::test_it_restarts_a_blade",
        "2.x offers `Log in` and `Change log in`": web.pages_of_2_x_offer_log_in_and_change_log_in,
        "4.3 has its labels": web.the_login_page_of_4_3_has_its_labels,
        "the page of reasons has a title that changed": web.the_page_of_reasons_has_its_title,
        "it names five": web.the_page_of_reasons_names_five,
        "1: a wrong name or password": "test_pages.py::test_a_wrong_password_leads_to_the_page_of_reasons",
        "2: no free session": "test_pages.py::test_the_number_of_sessions_is_limited",
        "3: another address": "test_pages.py::test_a_session_is_good_from_its_own_address_only",
        "4: no right to the page": "test_pages.py::test_a_guest_sees_the_home_page_only",
        "5: the page has expired": "test_accounts.py::test_a_password_form_that_is_sent_again_has_expired",
    },
    "3.4 users": {
        "a fresh unit has admin, without password, and guest": (
            "test_accounts.py::test_a_fresh_unit_has_an_administrator_without_password_and_a_guest"
        ),
        "five IDs are reserved": "test_accounts.py::test_some_ids_are_reserved",
        "up to 200 users": "test_accounts.py::test_there_are_at_most_200_users",
        "passwords of up to 31 characters": "test_accounts.py::test_a_password_has_at_most_31_characters",
        "privileges from administrator to none": "test_accounts.py::test_a_user_has_one_of_the_privilege_levels",
        "three failures disable an administrator for 30 minutes": (
            "test_accounts.py::test_three_wrong_passwords_disable_an_administrator_for_30_minutes"
        ),
        "and others until they are enabled": (
            "test_accounts.py::test_three_wrong_passwords_disable_anybody_else_until_they_are_enabled"
        ),
        "but only in advanced account security mode": (
            "test_accounts.py::test_without_advanced_account_security_nobody_is_disabled"
        ),
        "which asks for strong passwords": "test_accounts.py::test_a_weak_password_is_not_taken",
        "that expire after 60 days and are changed at the login": (
            "test_accounts.py::test_a_password_expires_after_60_days_and_must_be_changed_first"
        ),
        "the idle time-out is 1 to 60 minutes": (
            "test_security.py::test_the_idle_web_session_timeout_is_1_to_60_minutes"
        ),
        "an idle session ends": "test_accounts.py::test_a_session_that_is_not_used_ends",
        "configuration.xml has passwords clear, or hashed from 4.4": (
            "test_accounts.py::test_the_configuration_file_has_passwords_clear_or_hashed"
        ),
    },
    "3.5 look": {
        "titles begin with `Codian MCU -`": web.titles_begin_with_codian_mcu,
        "the header has logo, model and host": web.headers_have_logo_model_and_host,
        "from 4.4 pages show their way": web.pages_of_4_4_show_their_way_and_link_their_logo,
        "FTP greets with maker, model and version": (
            "test_ftp.py::test_a_unit_greets_with_its_maker_model_and_version"
        ),
        "SNMP tells model and version": "test_snmp.py::test_sys_descr_tells_what_a_detection_plugin_looks_for",
        "MAC addresses begin with 00:0D:7C": web.mac_addresses_have_codians_prefix,
    },
    "4 services": {
        "each has a name and a protocol": api.services_have_their_names_and_protocols,
        "they are switched for each Ethernet port": api.services_are_told_for_each_port,
        "Web and Secure web are HTTP and HTTPS from 4.4": api.web_services_are_called_web_until_4_3,
        "page and API tell the same": api.page_and_api_tell_the_same_services,
        "HTTP is at 80, HTTPS at 443, FTP at 21, SNMP at 161": Beyond("ports below 1024 are for root"),
        "a change of the page applies at once": (
            "test_pages.py::test_closing_https_closes_it_at_once_and_opening_opens_it"
        ),
        "services.modify answers before it applies": (
            "test_api_methods.py::test_a_service_moves_and_goes_when_the_answer_is_out"
        ),
        "a port is required where a service is to be on": (
            "test_api_methods.py::test_what_cannot_be_done_is_refused_and_changes_nothing"
        ),
        "HTTPS needs a key": "test_api_methods.py::test_https_without_a_key_is_wanted_but_not_there",
        "SIP over TLS needs a key and a tick": "test_sip.py::test_it_is_closed_otherwise",
        "the redirect needs both services": (
            "test_security.py::test_the_redirect_can_be_set_only_while_both_services_are_enabled"
        ),
    },
    "5.1 restart": {
        "the page is in Settings": api.there_is_a_page_to_shut_down_in_settings,
        "active, shuttingDown, shutDown": "test_restart.py::test_shutting_down_passes_through_its_states",
        "`shutdownStatus` tells it too": "test_restart.py::test_the_api_can_shut_down_only_and_then_restart",
        "shutdown and reboot have reasons of their own": (
            "test_restart_ways.py::test_a_unit_that_is_switched_off_when_it_has_been_shut_down_tells_of_both"
        ),
        "`rebooting` before, `restart` after": "test_api_feedback.py::test_a_restart_is_told_before_and_after",
        "`deviceStatusChanged` on shutdown": "test_api_feedback.py::test_an_upload_and_a_shutdown_change_the_status",
        "a reboot clears acknowledgements": (
            "test_security.py::test_a_warning_is_new_until_it_is_acknowledged_and_again_after_a_restart"
        ),
        "the console can reboot": "test_lines.py::test_what_the_console_understands",
        "FTP can reboot": (
            "test_ftp.py::test_a_configuration_that_is_brought_back_is_in_use_after_the_restart_that_follows"
        ),
        "the Supervisor can shut down blades": "test_supervisor.py::test_it_shuts_a_blade_down",
        "and reboot them": "test_supervisor.py::test_it_restarts_a_blade",
    },
    "6 feature keys": {
        "they have their names": api.feature_keys_have_their_names,
        "either satisfies HTTPS": "test_security.py::test_a_feature_key_is_entered_at_settings_upgrade",
        "they are entered at Settings > Upgrade": (
            "test_security.py::test_a_feature_key_is_entered_at_settings_upgrade"
        ),
        "as a code": api.the_upgrade_page_is_in_settings,
        "the product needs a key, lost by a factory reset; a banner warns": (
            "test_console_resets.py::test_after_a_reset_the_activation_key_must_be_entered_again"
        ),
        "the API lists features with their keys": api.features_are_structs_of_feature_and_key,
        "device.encryption.query tells key and setting": api.encryption_tells_key_and_setting,
        "the setting needs the key": "test_api_methods.py::test_encryption_needs_its_key",
        "the first API of 2004 needed a key": Beyond("no firmware of that age is emulated"),
    },
    "7.1 transport": {
        "credentials are in the call, case sensitive": "test_api.py::test_what_may_not_be_done_is_a_fault",
        "a user without password gets in with any": api.a_user_without_password_gets_in_with_any,
        "administrators only": "test_api.py::test_what_may_not_be_done_is_a_fault",
        "a request is ASCII unless it says UTF-8": ("test_api_utf8.py::test_a_request_that_does_not_say_so_is_ascii"),
        "which its declaration may say": "test_api_utf8.py::test_a_request_is_utf_8_where_its_declaration_says_so",
        "or its content type": "test_api_utf8.py::test_a_request_is_utf_8_where_its_content_type_says_so",
        "an answer is ASCII unless UTF-8 is asked for": (
            "test_api_utf8.py::test_an_answer_is_utf_8_where_it_is_asked_for"
        ),
        "strings have at most 31 characters": "test_api_methods.py::test_a_string_of_31_characters_is_taken",
        "and no more": "test_api_methods.py::test_what_cannot_be_done_is_refused_and_changes_nothing",
        "a fault is HTTP 200, text/xml, and closes": (
            "test_api.py::test_a_fault_is_http_200_and_the_connection_is_closed"
        ),
        "some builds keep connections and reset them": (
            "test_api_crowd.py::test_a_kept_connection_is_reset_at_its_next_request"
        ),
        "four requests at once": "test_api_crowd.py::test_a_fifth_request_at_once_is_a_fault",
        "eight connections": "test_api_crowd.py::test_a_ninth_connection_is_dropped",
        "success is `operation successful`": "test_restart.py::test_a_restart_by_the_api_is_answered_first",
        "times look like 20150714T10:15:30": api.times_have_their_form,
        "long lists come in pages by enumerateID": "test_api_methods.py::test_conferences_come_in_pages",
    },
    "7.2 device.query": {
        "it has every field": "test_api.py::test_device_query_has_every_documented_field",
        "of its type": api.device_fields_have_their_types,
        "versions are compared part by part": "test_api_methods.py::test_a_version_has_its_methods_and_no_others",
        "a 5300 tells its video ports by type": api.the_5300_tells_its_video_ports_by_type,
        "finishedBooting is false for a while": "test_restart.py::test_the_unit_says_that_it_has_restarted",
    },
    "7.3 device.health.query": {
        "it has every field": "test_api.py::test_device_health_query_has_every_documented_field",
        "loads are numbers, states words": api.health_tells_numbers_and_words,
        "2.10 spells `shutdown` otherwise": (
            "test_api_methods.py::test_a_unit_that_is_shut_down_says_so_as_its_version_spells_it"
        ),
    },
    "7.4 device.network.query": {"it tells of both ports": api.the_network_is_told_for_each_port},
    "7.5 restart log": {
        "it is times and reasons": api.the_restart_log_is_times_and_reasons,
        "2.10 has more words than 2.7": "test_restart_ways.py::test_old_apis_have_fewer_words",
        "reboot from web interface": "test_restart.py::test_the_unit_says_that_it_has_restarted",
        "reboot from console": "test_lines.py::test_what_the_console_understands",
        "reboot from API": "test_api_methods.py::test_the_restart_log_of_2_9_names_the_api",
        "reboot from FTP": (
            "test_ftp.py::test_a_configuration_that_is_brought_back_is_in_use_after_the_restart_that_follows"
        ),
        "reboot from supervisor": "test_supervisor.py::test_it_restarts_a_blade",
        "shutdown from supervisor": "test_supervisor.py::test_it_shuts_a_blade_down",
        "user reset configuration": "test_console_resets.py::test_reset_config_during_start_up_forgets_everything",
        "user requested upgrade": Beyond("emulated units take no software image"),
        "cold boot": "test_restart.py::test_a_power_cut_also_loads_the_stored_pair",
        "the page shows the same": api.the_page_shows_the_restart_log_too,
    },
    "7.6 device.restart": {
        "it is there from 2.9": "test_api_methods.py::test_a_version_has_its_methods_and_no_others",
        "shutdownOnly only shuts down": "test_restart.py::test_the_api_can_shut_down_only_and_then_restart",
    },
    "7.7 other methods": {
        "each version has its methods": "test_api_methods.py::test_a_version_has_its_methods_and_no_others",
        "auditlog.query": "test_api_methods.py::test_the_audit_log_tells_what_the_api_did_newest_last",
        "auditlog.delete": "test_api_methods.py::test_what_is_deleted_of_the_audit_log_is_recorded",
        "route.*": Beyond("only the prefix is documented"),
        "receivers must end in /RPC2, their index is 1 to 20": (
            "test_api_feedback.py::test_what_cannot_be_a_receiver_is_an_invalid_parameter"
        ),
        "or -1 for any": "test_api_feedback.py::test_any_index_is_the_first_that_is_free_of_twenty",
        "receivers are listed": "test_api_feedback.py::test_receivers_are_listed_until_they_are_removed",
        "configureAck": "test_api_feedback.py::test_a_new_receiver_is_told_that_it_is_one",
        "servicesChanged": "test_api_feedback.py::test_services_that_change_are_told",
        "participants": "test_api_feedback.py::test_participants_who_are_cut_off_by_a_restart_are_told",
        "networkChanged, timeChanged": (
            "test_api_feedback.py::test_an_address_that_is_made_fixed_and_a_clock_that_is_set_are_told"
        ),
        "no method is for certificates": "test_api.py::test_what_may_not_be_done_is_a_fault",
    },
    "7.8 faults": {
        "1 to 16 have their codes, in lower case": (
            "test_api_methods.py::test_every_documented_fault_has_a_code_and_a_text_in_lower_case"
        ),
        "14 for a wrong password, 15 for a missing right, 1 for no method": (
            "test_api.py::test_what_may_not_be_done_is_a_fault"
        ),
        "16 for a bad enumerateID": "test_api_methods.py::test_what_cannot_be_done_is_refused_and_changes_nothing",
        "2 to 13, of conferences": Beyond("no method that is emulated makes conferences or participants"),
    },
    "7.10 system.xml": {
        "it has every element": api.system_xml_has_its_elements,
        "a 5300 tells its video ports": api.the_5300_tells_its_video_ports_by_type,
        "no login is needed": "test_pages.py::test_system_xml_needs_no_login",
        "a Supervisor adds chassisSerial": "test_supervisor.py::test_the_chassis_has_a_serial_number",
        "FTP transfers the configuration file": "test_ftp.py::test_the_configuration_file_is_that_of_the_web",
    },
    "8 TLS": {
        "the default pair is on all units": "test_tls.py::test_every_unit_leaves_the_factory_with_the_same_pair",
        "web, API and SIP share it": "test_sip.py::test_options_is_answered_by_the_same_pair_as_https",
        "clients are asked for certificates in some modes only": (
            "test_client_certificates.py::test_verify_needs_a_certificate_of_the_trust_store_and_then_the_password"
        ),
    },
    "9 console": {
        "the start prints model, version and build": "test_lines.py::test_a_restart_is_seen_on_the_console",
        "reset_config while it starts": (
            "test_console_resets.py::test_reset_config_during_start_up_forgets_everything"
        ),
        "asks first": "test_console_resets.py::test_reset_config_can_be_called_off",
        "reset_password, at any time": "test_console_resets.py::test_a_forgotten_password_is_reset_at_any_time",
        "status and static": "test_lines.py::test_what_the_console_understands",
        "after a reset: admin without password, and the activation key again": (
            "test_console_resets.py::test_after_a_reset_the_activation_key_must_be_entered_again"
        ),
        "its settings have their words": api.console_settings_have_their_words,
        "its time-out is 1 to 60 minutes": "test_security.py::test_the_idle_console_timeout_is_1_to_60_minutes",
        "an idle one asks for the password again": (
            "test_lines.py::test_an_idle_console_asks_for_the_password_again"
        ),
        "a login can be required": "test_lines.py::test_a_unit_that_requires_it_asks_for_name_and_password",
        "its log can be hidden": "test_console_resets.py::test_log_messages_can_be_hidden",
        "without input at the start there is no reset": (
            "test_lines.py::test_input_during_start_up_can_be_switched_off"
        ),
        "a command reboots": "test_lines.py::test_what_the_console_understands",
    },
    "10 logs": {
        "the event log has module, severity, time, text": (
            "test_security.py::test_the_event_log_has_module_severity_time_and_text"
        ),
        "it is forwarded by syslog": "test_security.py::test_events_are_forwarded_to_a_syslog_server",
        "severities have their numbers": "test_security.py::test_severities_have_the_documented_numbers",
        "the audit log is a page of 4.x": api.the_audit_log_is_a_page_of_the_logs,
        "it must be enabled, and records settings": (
            "test_security.py::test_the_audit_log_records_what_is_set_once_it_is_enabled"
        ),
        "2,000 of 100,000 are shown": "test_security.py::test_the_page_shows_the_last_2000_of_100000_audit_records",
        "it has its modules and severities": (
            "test_security.py::test_audit_records_have_the_documented_modules_and_severities"
        ),
        "warnings have columns and a button": api.security_warnings_have_columns_and_a_button,
        "they are new, or acknowledged until a reboot": (
            "test_security.py::test_a_warning_is_new_until_it_is_acknowledged_and_again_after_a_restart"
        ),
    },
    "12 stumbling": {
        "DER where PEM is needed": "test_trust.py::test_pkcs_12_is_no_certificate_and_no_key",
        "the restart forgotten": "test_restart.py::test_the_new_pair_is_served_after_the_restart_and_not_before",
        "HTTPS closed, or without a key": (
            "test_pages.py::test_without_the_feature_key_https_is_closed_and_its_row_greyed"
        ),
        "locked out by client certificates": (
            "test_client_certificates.py::test_required_blocks_logins_by_http_and_ftp_and_at_the_console"
        ),
    },
    "13 security": {
        "model and version without a login": "test_pages.py::test_system_xml_needs_no_login",
        "the administrator has no password at first": (
            "test_accounts.py::test_a_fresh_unit_has_an_administrator_without_password_and_a_guest"
        ),
    },
    "14 Supervisor": {
        "it has the login form and system.xml": "test_supervisor.py::test_the_chassis_has_a_serial_number",
        "chassis.blades.query": "test_supervisor.py::test_it_knows_the_blades_and_no_boxes",
        "alarms, fans, device.query": "test_supervisor.py::test_it_tells_of_alarms_and_fans",
        "it restarts blades": "test_supervisor.py::test_it_restarts_a_blade",
        "it shuts them down": "test_supervisor.py::test_it_shuts_a_blade_down",
        "it has certificate and shutdown pages of its own": Beyond("only its blades' are under test"),
    },
}
