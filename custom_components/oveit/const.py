"""Constants of the Oveit integration."""

import logging

DOMAIN = "oveit"
LOGGER = logging.getLogger(__package__)

DEFAULT_API_URL = "https://l.oveit.com/api"

SECTION_ADVANCED = "advanced"
CONF_ALLOW_VOICE = "allow_voice"
CONF_ALLOW_VOICE_OVERRIDE = "allow_voice_override"
CONF_API_URL = "api_url"
CONF_EVENTS = "events"
CONF_FOLLOW_NEW = "follow_new"
CONF_IGNORED_EVENTS = "ignored_events"
CONF_STEWARDS = "stewards"
CONF_WEBHOOK = "webhook"

SUBENTRY_GATE = "gate"

ATTR_RFID_CODE = "rfid_code"
ATTR_TICKET_CODE = "ticket_code"

NEEDED_PERMISSION = "api"

EVENT_TAG_SCANNED = "tag_scanned"

EVENT_ADMITTED = "admitted"
EVENT_REFUSED = "refused"
