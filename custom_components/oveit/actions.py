"""The actions of the integration."""

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from homeassistant.const import ATTR_CONFIG_ENTRY_ID
from homeassistant.core import (
    HomeAssistant,
    ServiceCall,
    ServiceResponse,
    SupportsResponse,
    callback,
)
from homeassistant.helpers import config_validation as cv
from homeassistant.helpers.service import async_get_config_entry, async_register_admin_service
import voluptuous as vol

from .const import ATTR_GATE, ATTR_OVERRULED, ATTR_REHEARSAL, DOMAIN
from .coordinator import OveitConfigEntry, OveitCoordinator
from .core.codes import clean_code
from .core.gate_settings import GateMode
from .core.models import MAX_CODE_LENGTH, OfflinePolicy, Request
from .errors import invalid
from .gate.device import GateDevice
from .gate.issues import async_get_bindings
from .gate.registry import async_find_gate
from .responses import respond, respond_event_state, respond_row

ATTR_TICKET_CODE = "ticket_code"
ATTR_RFID_CODE = "rfid_code"
ATTR_TICKET_TYPE_ID = "ticket_type_id"
ATTR_ADDON_ID = "addon_id"
ATTR_DEADLINE = "deadline"
ATTR_OFFLINE = "offline"
ATTR_REQUIRE_MAIN_ENTRY = "require_main_entry"
ATTR_INCLUDE_ATTENDEE = "include_attendee"
ATTR_SCAN_ID = "scan_id"
ATTR_NOTE = "note"
ATTR_EVENT_ID = "event_id"

# What an action may say instead of a gate, which has settings for each of them.
GATE_DECIDES = frozenset(
    {
        ATTR_TICKET_TYPE_ID,
        ATTR_ADDON_ID,
        ATTR_GATE,
        ATTR_DEADLINE,
        ATTR_OFFLINE,
        ATTR_REQUIRE_MAIN_ENTRY,
    }
)
DEFAULT_DEADLINE = 3.0

ID = vol.All(vol.Coerce(int), vol.Range(min=1, max=2**63 - 1))

# Of a gate that is meant, only one is taken; the fields are those of any action with a target.
# The codes are checked by _read_codes, which says in the user's language what to do.
SCAN_FIELDS = cv.TARGET_SERVICE_FIELDS | {
    vol.Optional(ATTR_CONFIG_ENTRY_ID): str,
    vol.Optional(ATTR_TICKET_CODE): object,
    vol.Optional(ATTR_RFID_CODE): object,
    vol.Optional(ATTR_TICKET_TYPE_ID): vol.All(cv.ensure_list, [ID]),
    vol.Optional(ATTR_GATE): vol.All(cv.string, vol.Length(max=MAX_CODE_LENGTH)),
    vol.Optional(ATTR_DEADLINE): vol.All(vol.Coerce(float), vol.Range(min=0.5, max=30)),
    vol.Optional(ATTR_INCLUDE_ATTENDEE, default=False): cv.boolean,
}

SERVICE_SCAN = "scan"
SERVICE_SCAN_SCHEMA = vol.Schema(SCAN_FIELDS)

SERVICE_CHECKIN = "checkin"
SERVICE_CHECKIN_SCHEMA = vol.Schema(
    SCAN_FIELDS
    | {
        vol.Optional(ATTR_ADDON_ID): ID,
        vol.Optional(ATTR_OFFLINE): vol.Coerce(OfflinePolicy),
        vol.Optional(ATTR_REQUIRE_MAIN_ENTRY): cv.boolean,
        vol.Optional(ATTR_SCAN_ID): vol.All(cv.string, vol.Length(min=1, max=MAX_CODE_LENGTH)),
    }
)

SERVICE_SYNC = "sync"
SERVICE_SYNC_SCHEMA = vol.Schema({vol.Optional(ATTR_CONFIG_ENTRY_ID): str})

SERVICE_OVERRIDE = "override"
SERVICE_OVERRIDE_SCHEMA = vol.Schema(
    {
        vol.Optional(ATTR_CONFIG_ENTRY_ID): str,
        vol.Optional(ATTR_TICKET_CODE): object,
        vol.Optional(ATTR_RFID_CODE): object,
        vol.Required(ATTR_NOTE): vol.All(cv.string, vol.Length(min=1, max=MAX_CODE_LENGTH)),
        vol.Optional(ATTR_EVENT_ID): ID,
        vol.Optional(ATTR_GATE): vol.All(cv.string, vol.Length(max=MAX_CODE_LENGTH)),
    }
)

SERVICE_REPORT = "report"
SERVICE_PURGE = "purge"
SERVICE_EVENT_SCHEMA = vol.Schema(
    {vol.Optional(ATTR_CONFIG_ENTRY_ID): str, vol.Optional(ATTR_EVENT_ID): ID}
)


async def _async_checkin(call: ServiceCall) -> ServiceResponse:
    """Check a ticket in."""
    request = _read_request(call.data)
    if (gate := async_find_gate(call.hass, call.data)) is not None:
        return await _async_ask_gate(call, gate, request, look=False)
    coordinator = get_coordinator(call)
    async_get_bindings(call.hass).note_action(request.rfid_code or request.ticket_code or "")
    with coordinator.translated_errors():
        decision = await coordinator.desk.check_in(request)
    return respond(decision, include_attendee=call.data[ATTR_INCLUDE_ATTENDEE])


async def _async_scan(call: ServiceCall) -> ServiceResponse:
    """Look a ticket up."""
    request = _read_request(call.data)
    if (gate := async_find_gate(call.hass, call.data)) is not None:
        return await _async_ask_gate(call, gate, request, look=True)
    coordinator = get_coordinator(call)
    with coordinator.translated_errors():
        decision = await coordinator.desk.scan(request)
    return respond(decision, include_attendee=call.data[ATTR_INCLUDE_ATTENDEE])


async def _async_ask_gate(
    call: ServiceCall, gate: GateDevice, request: Request, *, look: bool
) -> ServiceResponse:
    """Have a gate decide by its own policy; one that only looks opens no door."""
    if given := GATE_DECIDES.intersection(call.data):
        raise invalid("gate_decides", ", ".join(sorted(given)))
    if call.data.get(ATTR_CONFIG_ENTRY_ID) not in (None, gate.coordinator.config_entry.entry_id):
        raise invalid("gate_decides", ATTR_CONFIG_ENTRY_ID)
    mode = gate.gate.mode_now
    decision = await gate.async_ask(
        ticket_code=request.ticket_code,
        rfid_code=request.rfid_code,
        scan_id=request.scan_id,
        look=look,
    )
    response = respond(decision, include_attendee=call.data[ATTR_INCLUDE_ATTENDEE])
    rehearses = decision.request.rehearsal
    only_looked = (mode is GateMode.SCAN_ONLY or rehearses) and not look
    return response | {
        "admitted": decision.admitted and not only_looked,
        "mode": mode.value,
        ATTR_REHEARSAL: rehearses,
        ATTR_OVERRULED: decision.overruled and decision.overruled.value,
    }


async def _async_sync(call: ServiceCall) -> ServiceResponse:
    """Refresh the events and every ticket list, and settle what waits."""
    settled = await get_coordinator(call).async_sync()
    return asdict(settled)


async def _async_override(call: ServiceCall) -> ServiceResponse:
    """Admit a guest by a steward's decision."""
    coordinator = get_coordinator(call)
    with coordinator.translated_errors():
        request = await _read_override(coordinator, call.data)
        decision = await coordinator.desk.override(
            request, note=call.data[ATTR_NOTE], user_id=call.context.user_id
        )
    return respond(decision, include_attendee=False)


async def _async_report(call: ServiceCall) -> ServiceResponse:
    """Tell how the events stand, and what Oveit and the venue do not agree on."""
    coordinator = get_coordinator(call)
    event_id = call.data.get(ATTR_EVENT_ID)
    with coordinator.translated_errors():
        conflicts = await coordinator.ledger.conflicts(event_id)
        waiting = await coordinator.ledger.waiting()
    return {
        "events": [
            respond_event_state(state)
            for key, state in coordinator.data.items()
            if event_id in (None, key)
        ],
        "conflicts": [respond_row(row) for row in conflicts],
        "waiting": [respond_row(row) for row in waiting if event_id in (None, row.event_id)],
    }


async def _async_purge(call: ServiceCall) -> ServiceResponse:
    """Forget events that ended, with all that happened at them."""
    coordinator = get_coordinator(call)
    event_id = call.data.get(ATTR_EVENT_ID)
    with coordinator.translated_errors():
        purged = await coordinator.async_purge(event_id)
    return {"purged": list(purged)}


_ACTIONS = (
    (SERVICE_CHECKIN, _async_checkin, SERVICE_CHECKIN_SCHEMA, SupportsResponse.OPTIONAL),
    (SERVICE_SCAN, _async_scan, SERVICE_SCAN_SCHEMA, SupportsResponse.ONLY),
    (SERVICE_SYNC, _async_sync, SERVICE_SYNC_SCHEMA, SupportsResponse.OPTIONAL),
)
_ADMIN_ACTIONS = (
    (SERVICE_OVERRIDE, _async_override, SERVICE_OVERRIDE_SCHEMA, SupportsResponse.OPTIONAL),
    (SERVICE_REPORT, _async_report, SERVICE_EVENT_SCHEMA, SupportsResponse.ONLY),
    (SERVICE_PURGE, _async_purge, SERVICE_EVENT_SCHEMA, SupportsResponse.OPTIONAL),
)


@callback
def async_setup_actions(hass: HomeAssistant) -> None:
    """Register the actions."""
    for name, handler, schema, response in _ACTIONS:
        hass.services.async_register(DOMAIN, name, handler, schema, supports_response=response)
    for name, handler, schema, response in _ADMIN_ACTIONS:
        async_register_admin_service(hass, DOMAIN, name, handler, schema, response)


def get_coordinator(call: ServiceCall) -> OveitCoordinator:
    """Return the coordinator of the entry that is meant."""
    entry: OveitConfigEntry = async_get_config_entry(
        call.hass, DOMAIN, call.data.get(ATTR_CONFIG_ENTRY_ID)
    )
    return entry.runtime_data


def _read_request(data: Mapping[str, Any]) -> Request:
    """Return what is asked."""
    return Request(
        **_read_codes(data),
        ticket_type_ids=frozenset(data.get(ATTR_TICKET_TYPE_ID, ())),
        addon_id=data.get(ATTR_ADDON_ID),
        gate=data.get(ATTR_GATE),
        deadline=data.get(ATTR_DEADLINE, DEFAULT_DEADLINE),
        offline=data.get(ATTR_OFFLINE, OfflinePolicy.ADMIT_KNOWN),
        require_main_entry=data.get(ATTR_REQUIRE_MAIN_ENTRY, False),
        scan_id=data.get(ATTR_SCAN_ID),
    )


async def _read_override(coordinator: OveitCoordinator, data: Mapping[str, Any]) -> Request:
    """Return whom a steward admits; an unknown code needs an event to count for."""
    codes = _read_codes(data)
    event_id = data.get(ATTR_EVENT_ID)
    active = [key for key, state in coordinator.data.items() if state.event.active]
    if event_id is None and len(active) == 1:
        (event_id,) = active
    if event_id is None:
        known = await coordinator.ledger.find(
            codes[ATTR_TICKET_CODE] or ""
        ) or await coordinator.ledger.on_tag(codes[ATTR_RFID_CODE] or "")
        if not known:
            raise invalid("event_needed")
    elif event_id not in coordinator.data:
        raise invalid("event_unknown")
    return Request(
        **codes,
        gate=data.get(ATTR_GATE),
        event_ids=frozenset() if event_id is None else frozenset({event_id}),
    )


def _read_codes(data: Mapping[str, Any]) -> dict[str, Any]:
    """Return the one code that is given."""
    codes = {field: data.get(field) for field in (ATTR_TICKET_CODE, ATTR_RFID_CODE)}
    if sum(code is not None for code in codes.values()) != 1:
        raise invalid("one_code")
    return {
        field: None if code is None else read_code(field, code) for field, code in codes.items()
    }


def read_code(field: str, value: object) -> str:
    """Return a code as it is sent, or say what is wrong with it."""
    if not isinstance(value, str):
        raise invalid("code_not_text", field)
    code = clean_code(value) if field == ATTR_TICKET_CODE else value.strip()
    if not code:
        raise invalid("code_empty", field)
    if len(code) > MAX_CODE_LENGTH:
        raise invalid("code_too_long", field)
    if not code.isprintable():
        raise invalid("code_not_printable", field)
    return code
