"""Actions about tags: learning them before the doors open, and pairing them."""

from collections.abc import Mapping
from typing import Any

from homeassistant.const import ATTR_CONFIG_ENTRY_ID
from homeassistant.core import (
    HomeAssistant,
    ServiceCall,
    ServiceResponse,
    SupportsResponse,
    callback,
)
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers import config_validation as cv
import voluptuous as vol

from .actions import (
    ATTR_EVENT_ID,
    ATTR_RFID_CODE,
    ATTR_TICKET_CODE,
    ID,
    get_coordinator,
    read_code,
)
from .const import DOMAIN
from .coordinator import OveitCoordinator
from .core.exceptions import OveitConnectionError
from .errors import invalid

PAIRING_PERMISSION = "rfid_pairing"
DEFAULT_PER_MINUTE = 120
MOST_PER_MINUTE = 600

ATTR_AGAIN = "again"
ATTR_PER_MINUTE = "per_minute"
ATTR_STOP = "stop"

SERVICE_PREPARE_OFFLINE = "prepare_offline"
SERVICE_PREPARE_OFFLINE_SCHEMA = vol.Schema(
    {
        vol.Optional(ATTR_CONFIG_ENTRY_ID): str,
        vol.Optional(ATTR_EVENT_ID): ID,
        vol.Optional(ATTR_PER_MINUTE, default=DEFAULT_PER_MINUTE): vol.All(
            vol.Coerce(int), vol.Range(min=1, max=MOST_PER_MINUTE)
        ),
        vol.Optional(ATTR_AGAIN, default=False): cv.boolean,
        vol.Optional(ATTR_STOP, default=False): cv.boolean,
    }
)

SERVICE_PAIR_TAG = "pair_tag"
SERVICE_PAIR_TAG_SCHEMA = vol.Schema(
    {
        vol.Optional(ATTR_CONFIG_ENTRY_ID): str,
        vol.Required(ATTR_TICKET_CODE): object,
        vol.Required(ATTR_RFID_CODE): object,
    }
)


async def _async_prepare_offline(call: ServiceCall) -> ServiceResponse:
    """Begin to learn the tags of an event's tickets, or stop it."""
    coordinator = get_coordinator(call)
    events = _choose_events(coordinator, call.data)
    with coordinator.translated_errors():
        if call.data[ATTR_STOP]:
            await coordinator.async_stop_preparing(events)
        else:
            await coordinator.async_prepare(
                events, call.data[ATTR_PER_MINUTE], again=call.data[ATTR_AGAIN]
            )
    states = [coordinator.data[event_id] for event_id in events]
    return {
        "started": any(state.is_preparing for state in states),
        "total": sum(state.coverage.tickets for state in states),
        "known": sum(state.coverage.known for state in states),
    }


async def _async_pair_tag(call: ServiceCall) -> ServiceResponse:
    """Put a ticket on a tag."""
    coordinator = get_coordinator(call)
    ticket_code = read_code(ATTR_TICKET_CODE, call.data[ATTR_TICKET_CODE])
    rfid_code = read_code(ATTR_RFID_CODE, call.data[ATTR_RFID_CODE])
    account = coordinator.client.account
    if account and account.lacks(PAIRING_PERMISSION):
        raise _failed("pairing_not_permitted", permission=PAIRING_PERMISSION)
    with coordinator.translated_errors():
        try:
            answer = await coordinator.desk.pair(ticket_code, rfid_code)
        except OveitConnectionError as err:
            if err.sent:
                raise
            raise _failed("pair_offline") from err
    if not answer.ok:
        raise _refused(answer.message)
    await coordinator.async_publish()
    return {ATTR_TICKET_CODE: ticket_code, ATTR_RFID_CODE: rfid_code}


@callback
def async_setup_tag_actions(hass: HomeAssistant) -> None:
    """Register the actions."""
    for name, handler, schema in (
        (SERVICE_PREPARE_OFFLINE, _async_prepare_offline, SERVICE_PREPARE_OFFLINE_SCHEMA),
        (SERVICE_PAIR_TAG, _async_pair_tag, SERVICE_PAIR_TAG_SCHEMA),
    ):
        hass.services.async_register(
            DOMAIN, name, handler, schema, supports_response=SupportsResponse.OPTIONAL
        )


def _choose_events(coordinator: OveitCoordinator, data: Mapping[str, Any]) -> list[int]:
    """Return the events that are meant: one, or all that have not ended."""
    active = [key for key, state in coordinator.data.items() if state.event.active]
    event_id = data.get(ATTR_EVENT_ID)
    if event_id is None:
        return active
    if event_id not in active:
        raise invalid("event_unknown")
    return [event_id]


def _failed(key: str, **placeholders: str) -> HomeAssistantError:
    """Return an error with a translated text."""
    return HomeAssistantError(
        translation_domain=DOMAIN, translation_key=key, translation_placeholders=placeholders
    )


def _refused(message: str | None) -> HomeAssistantError:
    """Return the error that tells why Oveit did not pair, in its words if it has any."""
    if message is None:
        return _failed("pair_refused_silently")
    return _failed("pair_refused", message=message)
