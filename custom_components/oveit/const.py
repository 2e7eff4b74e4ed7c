"""Constants of the Oveit integration."""

import logging

DOMAIN = "oveit"
LOGGER = logging.getLogger(__package__)

DEFAULT_API_URL = "https://l.oveit.com/api"

SECTION_ADVANCED = "advanced"
CONF_ALLOW_VOICE = "allow_voice"
CONF_API_URL = "api_url"
CONF_EVENTS = "events"
CONF_FOLLOW_NEW = "follow_new"
CONF_IGNORED_EVENTS = "ignored_events"

ATTR_ADDON = "addon"
ATTR_AT = "at"
ATTR_CODE_END = "code_end"
ATTR_GATE = "gate"
ATTR_REASON = "reason"
ATTR_SOURCE = "source"
ATTR_TICKET_TYPE = "ticket_type"

EVENT_ADMITTED = "admitted"
EVENT_REFUSED = "refused"
EVENT_REJECTED = "rejected"

ISSUE_CAPTIVE_PORTAL = "captive_portal"
ISSUE_CLOCK_SKEW = "clock_skew"
ISSUE_CONFLICTS = "conflicts"
ISSUE_LEDGER_SET_ASIDE = "ledger_set_aside"
ISSUE_MISSING_PERMISSION = "missing_permission"
ISSUE_TLS_FAILED = "tls_failed"
ISSUE_WAITING_AFTER_END = "waiting_after_end"
ISSUE_WAITING_EXPORTED = "waiting_exported"
