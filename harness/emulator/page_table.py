"""Which pages there are, and who makes them."""

from __future__ import annotations

from collections.abc import Mapping

from harness.emulator import (
    account_pages,
    certificate_page,
    configuration,
    help_pages,
    log_pages,
    login_pages,
    security_pages,
    services_page,
    shutdown_page,
    trust_page,
    upgrade_page,
)
from harness.emulator.visiting import Page

PAGES: Mapping[str, Page] = {
    "root": login_pages.home,
    "home": login_pages.home,
    "login": login_pages.login,
    "logout": login_pages.logout,
    "denied": login_pages.denied,
    "services": services_page.services,
    "certificates": certificate_page.certificates,
    "shutdown": shutdown_page.shutdown,
    "settings_security": security_pages.settings_security,
    "status_security": security_pages.status_security,
    "change_password": account_pages.change_password,
    "users": account_pages.users,
    "user_add": account_pages.user_add,
    "upgrade": upgrade_page.upgrade,
    "event_log": log_pages.event_log,
    "audit_log": log_pages.audit_log,
    "restart_log": log_pages.restart_log,
    "syslog": log_pages.syslog,
    "configuration": configuration.download,
}

CHANGES: Mapping[str, Page] = {
    "login": login_pages.log_in,
    "services": services_page.change_services,
    "certificates": certificate_page.change_certificates,
    "removal": certificate_page.remove_pair,
    "trust": trust_page.change_trust,
    "shutdown": shutdown_page.change_shutdown,
    "settings_security": security_pages.change_settings_security,
    "status_security": security_pages.change_status_security,
    "change_password": account_pages.change_own_password,
    "users": account_pages.change_users,
    "user_add": account_pages.add_user,
    "upgrade": upgrade_page.change_upgrade,
    "audit_log": log_pages.change_audit_log,
    "syslog": log_pages.change_syslog,
}


def page_at(path: str, paths: Mapping[str, str]) -> Page | None:
    """The page of this path, by the skin's `paths`."""
    name = next((name for name, known in paths.items() if known == path), None)
    return help_pages.help_page(name) if name and name.startswith("help_") else PAGES.get(name or "")


def change_at(path: str, change_paths: Mapping[str, str]) -> Page | None:
    """What takes a form that is posted to this path."""
    return next((CHANGES[name] for name, known in change_paths.items() if known == path), None)
