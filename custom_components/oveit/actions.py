"""The actions of the integration."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from homeassistant.const import ATTR_CONFIG_ENTRY_ID
from homeassistant.core import (
    HomeAssistant,
    ServiceCall,
    ServiceResponse,
    SupportsResponse,
    callback,
)
from homeassistant.exceptions import ServiceValidationError
from homeassistant.helpers import config_validation as cv
from homeassistant.helpers.service import async_get_config_entry
from homeassistant.util.json import JsonValueType
import voluptuous as vol

from .const import ATTR_GATE, DOMAIN
from .coordinator import OveitConfigEntry, OveitCoordinator
from .core.models import (
    MAX_CODE_LENGTH,
    AddonUse,
    CheckIn,
    Decision,
    Event,
    OfflinePolicy,
    Request,
    Ticket,
)
from .core.rules import clean_code
from .gate import Gate, async_find_gate
from .gate_settings import GateMode
from .gate_watch import async_get_bindings

ATTR_TICKET_CODE = "ticket_code"
ATTR_RFID_CODE = "rfid_code"
ATTR_TICKET_TYPE_ID = "ticket_type_id"
ATTR_ADDON_ID = "addon_id"
ATTR_DEADLINE = "deadline"
ATTR_OFFLINE = "offline"
ATTR_INCLUDE_ATTENDEE = "include_attendee"
ATTR_SCAN_ID = "scan_id"

ID = vol.All(vol.Coerce(int), vol.Range(min=1))

# Of a gate that is meant, only one is taken; the fields are those of any action with a target.
# The codes are checked by _read_codes, which says in the user's language what to do.
SCAN_FIELDS = cv.TARGET_SERVICE_FIELDS | {
    vol.Optional(ATTR_CONFIG_ENTRY_ID): str,
    vol.Optional(ATTR_TICKET_CODE): object,
    vol.Optional(ATTR_RFID_CODE): object,
    vol.Optional(ATTR_TICKET_TYPE_ID, default=list): vol.All(cv.ensure_list, [ID]),
    vol.Optional(ATTR_GATE): vol.All(cv.string, vol.Length(max=MAX_CODE_LENGTH)),
    vol.Optional(ATTR_DEADLINE, default=3): vol.All(vol.Coerce(float), vol.Range(min=0.5, max=30)),
    vol.Optional(ATTR_INCLUDE_ATTENDEE, default=False): cv.boolean,
}

SERVICE_SCAN = "scan"
SERVICE_SCAN_SCHEMA = vol.Schema(SCAN_FIELDS)

SERVICE_CHECKIN = "checkin"
SERVICE_CHECKIN_SCHEMA = vol.Schema(
    SCAN_FIELDS
    | {
        vol.Optional(ATTR_ADDON_ID): ID,
        vol.Optional(ATTR_OFFLINE, default=OfflinePolicy.ADMIT_KNOWN): vol.Coerce(OfflinePolicy),
        vol.Optional(ATTR_SCAN_ID): vol.All(cv.string, vol.Length(min=1, max=MAX_CODE_LENGTH)),
    }
)

SERVICE_SYNC = "sync"
SERVICE_SYNC_SCHEMA = vol.Schema({vol.Optional(ATTR_CONFIG_ENTRY_ID): str})


async def _async_checkin(call: ServiceCall) -> ServiceResponse:
    """Check a ticket in."""
    request = _read_request(call.data)
    if (gate := async_find_gate(call.hass, call.data)) is not None:
        return await _async_ask_gate(call, gate, request, look=False)
    coordinator = _get_coordinator(call)
    async_get_bindings(call.hass).async_note_action(request.rfid_code or request.ticket_code or "")
    with coordinator.translated_errors():
        decision = await coordinator.desk.check_in(request)
    return _respond(decision, include_attendee=call.data[ATTR_INCLUDE_ATTENDEE])


async def _async_scan(call: ServiceCall) -> ServiceResponse:
    """Look a ticket up."""
    request = _read_request(call.data)
    if (gate := async_find_gate(call.hass, call.data)) is not None:
        return await _async_ask_gate(call, gate, request, look=True)
    coordinator = _get_coordinator(call)
    with coordinator.translated_errors():
        decision = await coordinator.desk.scan(request)
    return _respond(decision, include_attendee=call.data[ATTR_INCLUDE_ATTENDEE])


async def _async_ask_gate(
    call: ServiceCall, gate: Gate, request: Request, *, look: bool
) -> ServiceResponse:
    """Have a gate decide by its own policy; one that only looks opens no door."""
    if request.ticket_type_ids or request.addon_id or request.gate:
        raise _invalid("gate_decides")
    mode = gate.mode
    decision = await gate.async_ask(
        ticket_code=request.ticket_code,
        rfid_code=request.rfid_code,
        scan_id=request.scan_id,
        look=look,
    )
    response = _respond(decision, include_attendee=call.data[ATTR_INCLUDE_ATTENDEE])
    only_looked = mode is GateMode.SCAN_ONLY and not look
    return response | {
        "admitted": decision.admitted and not only_looked,
        "mode": mode.value,
    }


async def _async_sync(call: ServiceCall) -> ServiceResponse:
    """Refresh the events and every ticket list."""
    coordinator = _get_coordinator(call)
    await coordinator.async_sync()
    waiting = sum(state.attendance.waiting for state in coordinator.data.values())
    return {"uploaded": 0, "confirmed": 0, "rejected": 0, "waiting": waiting}


@callback
def async_setup_actions(hass: HomeAssistant) -> None:
    """Register the actions."""
    hass.services.async_register(
        DOMAIN,
        SERVICE_CHECKIN,
        _async_checkin,
        SERVICE_CHECKIN_SCHEMA,
        supports_response=SupportsResponse.OPTIONAL,
    )
    hass.services.async_register(
        DOMAIN,
        SERVICE_SCAN,
        _async_scan,
        SERVICE_SCAN_SCHEMA,
        supports_response=SupportsResponse.ONLY,
    )
    hass.services.async_register(
        DOMAIN,
        SERVICE_SYNC,
        _async_sync,
        SERVICE_SYNC_SCHEMA,
        supports_response=SupportsResponse.OPTIONAL,
    )


def _get_coordinator(call: ServiceCall) -> OveitCoordinator:
    """Return the coordinator of the entry that is meant."""
    entry: OveitConfigEntry = async_get_config_entry(
        call.hass, DOMAIN, call.data.get(ATTR_CONFIG_ENTRY_ID)
    )
    return entry.runtime_data


def _read_request(data: Mapping[str, Any]) -> Request:
    """Return what is asked."""
    ticket_code, rfid_code = data.get(ATTR_TICKET_CODE), data.get(ATTR_RFID_CODE)
    if (ticket_code is None) == (rfid_code is None):
        raise _invalid("one_code")
    return Request(
        ticket_code=None if ticket_code is None else _read_code(ATTR_TICKET_CODE, ticket_code),
        rfid_code=None if rfid_code is None else _read_code(ATTR_RFID_CODE, rfid_code),
        ticket_type_ids=frozenset(data[ATTR_TICKET_TYPE_ID]),
        addon_id=data.get(ATTR_ADDON_ID),
        gate=data.get(ATTR_GATE),
        deadline=data[ATTR_DEADLINE],
        offline=data.get(ATTR_OFFLINE, OfflinePolicy.ADMIT_KNOWN),
        scan_id=data.get(ATTR_SCAN_ID),
    )


def _read_code(field: str, value: object) -> str:
    """Return a code as it is sent, or say what is wrong with it."""
    if not isinstance(value, str):
        raise _invalid("code_not_text", field)
    code = clean_code(value) if field == ATTR_TICKET_CODE else value.strip()
    if not code:
        raise _invalid("code_empty", field)
    if len(code) > MAX_CODE_LENGTH:
        raise _invalid("code_too_long", field)
    if not code.isprintable():
        raise _invalid("code_not_printable", field)
    return code


def _invalid(key: str, field: str | None = None) -> ServiceValidationError:
    """Return an error about the input."""
    return ServiceValidationError(
        translation_domain=DOMAIN,
        translation_key=key,
        translation_placeholders={"field": field} if field else None,
    )


def _respond(decision: Decision, *, include_attendee: bool) -> dict[str, JsonValueType]:
    """Return a decision as an automation sees it."""
    response: dict[str, Any] = {
        "admitted": decision.admitted,
        "reason": decision.reason.value,
        "source": decision.source.value,
        "message": decision.message,
        "ticket": _respond_ticket(decision.ticket, decision.event),
        "event": _respond_event(decision.event),
        "addon": _respond_addon(decision.addon),
        "first_checkin": _respond_first(decision.ticket),
        "gate": decision.request.gate,
        "at": decision.at.isoformat(),
        "latency_ms": round(decision.latency * 1000, 1),
        "scan_id": decision.scan_id,
        "passback": decision.passback,
    }
    if include_attendee:
        response["attendee"] = dict(decision.attendee) if decision.attendee is not None else None
    return response


def _respond_ticket(ticket: Ticket | None, event: Event | None) -> dict[str, Any] | None:
    """Return a ticket with its uses."""
    if ticket is None:
        return None
    kinds = event.ticket_types if event else ()
    addons = {addon.id: addon.name for kind in kinds for addon in kind.addons}
    return {
        "code": ticket.code,
        "series": ticket.series,
        "ticket_type_id": ticket.ticket_type_id,
        "ticket_type": ticket.ticket_type,
        "checked_in": ticket.checked_in,
        "checkins": [
            {
                "addon_id": use.addon_id,
                "addon": addons.get(use.addon_id) if use.addon_id else None,
                "at": _respond_time(use.at),
            }
            for use in ticket.checkins
        ],
    }


def _respond_event(event: Event | None) -> dict[str, Any] | None:
    """Return which event it is."""
    return {"id": event.id, "name": event.name} if event else None


def _respond_addon(addon: AddonUse | None) -> dict[str, Any] | None:
    """Return an add-on and what is left of it."""
    if addon is None:
        return None
    return {
        "id": addon.id,
        "name": addon.name,
        "uses": addon.uses,
        "used": addon.used,
        "left": addon.left,
    }


def _respond_first(ticket: Ticket | None) -> dict[str, Any] | None:
    """Return the entry that made a ticket used."""
    first: CheckIn | None = ticket.first_entry if ticket else None
    return {"at": _respond_time(first.at), "gate": first.gate} if first else None


def _respond_time(at: datetime | None) -> str | None:
    """Return a time in ISO 8601, UTC."""
    return at.isoformat() if at else None
