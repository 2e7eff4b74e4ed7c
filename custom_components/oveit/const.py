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
CONF_WEBHOOK = "webhook"

SUBENTRY_GATE = "gate"
CONF_READERS = "readers"
CONF_EVENT_TYPE = "event_type"
CONF_CODE_FIELD = "code_field"
CONF_CREDENTIAL = "credential"
CONF_TAG_FORMAT = "tag_format"
CONF_DIRECTION = "direction"
CONF_TICKET_TYPES = "ticket_types"
CONF_ADDON_ID = "addon_id"
CONF_DEADLINE = "deadline"
CONF_OFFLINE = "offline"
CONF_RE_ENTRY = "re_entry"
CONF_SEVERAL = "several"
CONF_TURNSTILE = "turnstile"
CONF_WITHIN_WINDOW = "within_window"
CONF_MAX_LIST_AGE = "max_list_age"

ATTR_ADDON = "addon"
ATTR_ADDON_LEFT = "addon_left"
ATTR_CODE_END = "code_end"
ATTR_DIRECTION = "direction"
ATTR_EVENT = "event"
ATTR_FIRST_CHECKIN_AT = "first_checkin_at"
ATTR_FIRST_CHECKIN_GATE = "first_checkin_gate"
ATTR_GATE = "gate"
ATTR_HINT = "hint"
ATTR_LATENCY = "latency_ms"
ATTR_MESSAGE = "message"
ATTR_MODE = "mode"
ATTR_PASSBACK = "passback"
ATTR_REASON = "reason"
ATTR_REHEARSAL = "rehearsal"
ATTR_SOURCE = "source"
ATTR_TICKET_TYPE = "ticket_type"

EVENT_TAG_SCANNED = "tag_scanned"
ATTR_TAG_ID = "tag_id"

EVENT_ADMITTED = "admitted"
EVENT_REFUSED = "refused"

ISSUE_MISSING_PERMISSION = "missing_permission"
