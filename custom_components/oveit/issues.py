"""The repair issues of the integration, raised and deleted in one way."""

from collections.abc import Mapping
from dataclasses import dataclass

from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers import issue_registry as ir

from .const import DOMAIN


@dataclass(frozen=True, kw_only=True, slots=True)
class Issue:
    """How an issue is shown; a persistent one outlives a restart."""

    is_error: bool = False
    is_fixable: bool = False
    is_persistent: bool = False


ISSUE_CAPTIVE_PORTAL = "captive_portal"
ISSUE_CLOCK_SKEW = "clock_skew"
ISSUE_CONFLICTS = "conflicts"
ISSUE_DOUBLE_BINDING = "double_binding"
ISSUE_LEDGER_KEPT = "ledger_kept"
ISSUE_LEDGER_SET_ASIDE = "ledger_set_aside"
ISSUE_MANY_UNKNOWN_TAGS = "many_unknown_tags"
ISSUE_MISSING_PERMISSION = "missing_permission"
ISSUE_STALE_GATE = "stale_gate"
ISSUE_TLS_FAILED = "tls_failed"
ISSUE_TURNSTILE_REFUSES = "turnstile_refuses"
ISSUE_UNASSIGNED_READER = "unassigned_reader"
ISSUE_UNKNOWN_TAG_FLOOD = "unknown_tag_flood"
ISSUE_WAITING_AFTER_END = "waiting_after_end"
ISSUE_WAITING_EXPORTED = "waiting_exported"

ISSUES: Mapping[str, Issue] = {
    ISSUE_CAPTIVE_PORTAL: Issue(),
    ISSUE_CLOCK_SKEW: Issue(),
    ISSUE_CONFLICTS: Issue(),
    ISSUE_DOUBLE_BINDING: Issue(),
    ISSUE_LEDGER_KEPT: Issue(is_fixable=True, is_persistent=True),
    ISSUE_LEDGER_SET_ASIDE: Issue(is_error=True),
    ISSUE_MANY_UNKNOWN_TAGS: Issue(),
    ISSUE_MISSING_PERMISSION: Issue(is_error=True, is_fixable=True),
    ISSUE_STALE_GATE: Issue(is_error=True, is_fixable=True),
    ISSUE_TLS_FAILED: Issue(is_error=True),
    ISSUE_TURNSTILE_REFUSES: Issue(is_error=True),
    ISSUE_UNASSIGNED_READER: Issue(),
    ISSUE_UNKNOWN_TAG_FLOOD: Issue(),
    ISSUE_WAITING_AFTER_END: Issue(),
    ISSUE_WAITING_EXPORTED: Issue(is_fixable=True, is_persistent=True),
}


@callback
def async_create_issue(
    hass: HomeAssistant,
    translation_key: str,
    about: str,
    *,
    data: dict[str, str | int | float | None] | None = None,
    translation_placeholders: dict[str, str],
) -> None:
    """Raise an issue about an entry, a gate or a device, by its id."""
    issue = ISSUES[translation_key]
    ir.async_create_issue(
        hass,
        DOMAIN,
        f"{translation_key}_{about}",
        data=data,
        is_fixable=issue.is_fixable,
        is_persistent=issue.is_persistent,
        severity=ir.IssueSeverity.ERROR if issue.is_error else ir.IssueSeverity.WARNING,
        translation_key=translation_key,
        translation_placeholders=translation_placeholders,
    )


@callback
def async_delete_issue(hass: HomeAssistant, translation_key: str, about: str) -> None:
    """Delete an issue, if it was raised."""
    ir.async_delete_issue(hass, DOMAIN, f"{translation_key}_{about}")


@callback
def async_subjects(hass: HomeAssistant, translation_key: str) -> list[str]:
    """Return the ids of what an issue was raised about."""
    prefix = f"{translation_key}_"
    return [
        issue_id.removeprefix(prefix)
        for domain, issue_id in ir.async_get(hass).issues
        if domain == DOMAIN and issue_id.startswith(prefix)
    ]
