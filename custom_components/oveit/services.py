"""The actions of the integration: schema, handler and response of each."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict
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
from homeassistant.exceptions import HomeAssistantError, ServiceValidationError
from homeassistant.helpers import config_validation as cv
from homeassistant.helpers.service import async_get_config_entry, async_register_admin_service
from homeassistant.util.json import JsonValueType
import voluptuous as vol

from .const import ATTR_GATE, ATTR_OVERRULED, ATTR_REHEARSAL, DOMAIN
from .coordinator import EventState, OveitConfigEntry, OveitCoordinator
from .core.codes import clean_code
from .core.exceptions import OveitConnectionError
from .core.gate_settings import GateMode
from .core.models import (
    MAX_CODE_LENGTH,
    AddonUse,
    Decision,
    Event,
    OfflinePolicy,
    Request,
    Ticket,
)
from .gate.device import GateDevice
from .gate.issues import async_get_bindings
from .gate.registry import async_find_gate
from .ledger import respond_row

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
ATTR_AGAIN = "again"
ATTR_PER_MINUTE = "per_minute"
ATTR_STOP = "stop"

# Fields that a gate has settings for, so that a call with a gate must leave them out.
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
DEFAULT_PER_MINUTE = 120
MOST_PER_MINUTE = 600
PAIRING_PERMISSION = "rfid_pairing"

ID = vol.All(vol.Coerce(int), vol.Range(min=1, max=2**63 - 1))
ENTRY_FIELD = {vol.Optional(ATTR_CONFIG_ENTRY_ID): str}
EVENT_FIELDS = ENTRY_FIELD | {vol.Optional(ATTR_EVENT_ID): ID}
# Codes are checked by read_code, whose errors are translated.
CODE_FIELDS = ENTRY_FIELD | {
    vol.Optional(ATTR_TICKET_CODE): object,
    vol.Optional(ATTR_RFID_CODE): object,
    vol.Optional(ATTR_GATE): vol.All(cv.string, vol.Length(max=MAX_CODE_LENGTH)),
}
SCAN_FIELDS = (
    cv.TARGET_SERVICE_FIELDS
    | CODE_FIELDS
    | {
        vol.Optional(ATTR_TICKET_TYPE_ID): vol.All(cv.ensure_list, [ID]),
        vol.Optional(ATTR_DEADLINE): vol.All(vol.Coerce(float), vol.Range(min=0.5, max=30)),
        vol.Optional(ATTR_INCLUDE_ATTENDEE, default=False): cv.boolean,
    }
)

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


async def _async_checkin(call: ServiceCall) -> ServiceResponse:
    """Check a ticket in."""
    request = _read_request(call.data)
    if (gate := async_find_gate(call.hass, call.data)) is not None:
        return await _async_ask_gate(call, gate, request, look=False)
    with _account(call) as coordinator:
        bindings = async_get_bindings(call.hass)
        bindings.note_action(request.rfid_code or request.ticket_code or "")
        decision = await coordinator.desk.check_in(request)
    return respond(decision, include_attendee=call.data[ATTR_INCLUDE_ATTENDEE])


SERVICE_SCAN = "scan"
SERVICE_SCAN_SCHEMA = vol.Schema(SCAN_FIELDS)


async def _async_scan(call: ServiceCall) -> ServiceResponse:
    """Look a ticket up, without marking anything."""
    request = _read_request(call.data)
    if (gate := async_find_gate(call.hass, call.data)) is not None:
        return await _async_ask_gate(call, gate, request, look=True)
    with _account(call) as coordinator:
        decision = await coordinator.desk.scan(request)
    return respond(decision, include_attendee=call.data[ATTR_INCLUDE_ATTENDEE])


SERVICE_SYNC = "sync"
SERVICE_SYNC_SCHEMA = vol.Schema(ENTRY_FIELD)


async def _async_sync(call: ServiceCall) -> ServiceResponse:
    """Refresh the events and ticket lists, and upload pending check-ins."""
    with _account(call) as coordinator:
        return asdict(await coordinator.async_sync())


SERVICE_OVERRIDE = "override"
SERVICE_OVERRIDE_SCHEMA = vol.Schema(
    CODE_FIELDS
    | {
        vol.Required(ATTR_NOTE): vol.All(cv.string, vol.Length(min=1, max=MAX_CODE_LENGTH)),
        vol.Optional(ATTR_EVENT_ID): ID,
    }
)


async def _async_override(call: ServiceCall) -> ServiceResponse:
    """Admit a guest by a steward's decision."""
    with _account(call) as coordinator:
        request = await _read_override(coordinator, call.data)
        decision = await coordinator.desk.override(
            request, note=call.data[ATTR_NOTE], user_id=call.context.user_id
        )
    return respond(decision, include_attendee=False)


SERVICE_REPORT = "report"
SERVICE_REPORT_SCHEMA = vol.Schema(EVENT_FIELDS)


async def _async_report(call: ServiceCall) -> ServiceResponse:
    """Return the counts of events, their conflicts and their pending check-ins."""
    event_id = call.data.get(ATTR_EVENT_ID)
    with _account(call) as coordinator:
        conflicts = await coordinator.ledger.conflicts(event_id)
        waiting = await coordinator.ledger.waiting()
    return {
        "events": [
            _respond_event_state(state)
            for key, state in coordinator.data.items()
            if event_id in (None, key)
        ],
        "conflicts": [respond_row(row) for row in conflicts],
        "waiting": [respond_row(row) for row in waiting if event_id in (None, row.event_id)],
    }


SERVICE_PURGE = "purge"
SERVICE_PURGE_SCHEMA = vol.Schema(EVENT_FIELDS)


async def _async_purge(call: ServiceCall) -> ServiceResponse:
    """Delete an event that has ended, or all of them; one with pending check-ins is kept."""
    event_id = call.data.get(ATTR_EVENT_ID)
    with _account(call) as coordinator:
        sync = coordinator.ticket_sync
        ended = [key for key, event in sync.events.items() if not event.active]
        if event_id is not None and event_id not in ended:
            raise _invalid("event_not_ended")
        purged: list[JsonValueType] = []
        for key in ended if event_id is None else [event_id]:
            if not await coordinator.ledger.count_waiting(key):
                await sync.forget(key)
                purged.append(key)
            elif event_id is not None:
                raise _invalid("rows_waiting")
        await coordinator.async_publish()
    return {"purged": purged}


SERVICE_PREPARE_OFFLINE = "prepare_offline"
SERVICE_PREPARE_OFFLINE_SCHEMA = vol.Schema(
    EVENT_FIELDS
    | {
        vol.Optional(ATTR_PER_MINUTE, default=DEFAULT_PER_MINUTE): vol.All(
            vol.Coerce(int), vol.Range(min=1, max=MOST_PER_MINUTE)
        ),
        vol.Optional(ATTR_AGAIN, default=False): cv.boolean,
        vol.Optional(ATTR_STOP, default=False): cv.boolean,
    }
)


async def _async_prepare_offline(call: ServiceCall) -> ServiceResponse:
    """Start learning the tags of an event's tickets, or stop it."""
    with _account(call) as coordinator:
        events = _choose_events(coordinator, call.data)
        preparing = coordinator.desk.preparing
        for event_id in events:
            if call.data[ATTR_STOP]:
                await preparing.stop(event_id)
            else:
                pace: int = call.data[ATTR_PER_MINUTE]
                await preparing.start(event_id, pace, again=call.data[ATTR_AGAIN])
        await coordinator.async_publish()
    states = [coordinator.data[event_id] for event_id in events]
    return {
        "started": any(state.is_preparing for state in states),
        "total": sum(state.coverage.tickets for state in states),
        "known": sum(state.coverage.known for state in states),
    }


SERVICE_PAIR_TAG = "pair_tag"
SERVICE_PAIR_TAG_SCHEMA = vol.Schema(
    ENTRY_FIELD | {vol.Required(ATTR_TICKET_CODE): object, vol.Required(ATTR_RFID_CODE): object}
)


async def _async_pair_tag(call: ServiceCall) -> ServiceResponse:
    """Pair a tag with a ticket at Oveit."""
    with _account(call) as coordinator:
        ticket_code = read_code(ATTR_TICKET_CODE, call.data[ATTR_TICKET_CODE])
        rfid_code = read_code(ATTR_RFID_CODE, call.data[ATTR_RFID_CODE])
        account = coordinator.client.account
        if account and account.lacks(PAIRING_PERMISSION):
            raise _failed("pairing_not_permitted", permission=PAIRING_PERMISSION)
        try:
            answer = await coordinator.desk.pair(ticket_code, rfid_code)
        except OveitConnectionError as err:
            if err.sent:
                raise
            raise _failed("pair_offline") from err
        if not answer.ok and answer.message is None:
            raise _failed("pair_refused_silently")
        if not answer.ok:
            raise _failed("pair_refused", message=str(answer.message))
        await coordinator.async_publish()
    return {ATTR_TICKET_CODE: ticket_code, ATTR_RFID_CODE: rfid_code}


_ACTIONS = (
    (SERVICE_CHECKIN, _async_checkin, SERVICE_CHECKIN_SCHEMA),
    (SERVICE_SCAN, _async_scan, SERVICE_SCAN_SCHEMA),
    (SERVICE_SYNC, _async_sync, SERVICE_SYNC_SCHEMA),
    (SERVICE_PREPARE_OFFLINE, _async_prepare_offline, SERVICE_PREPARE_OFFLINE_SCHEMA),
    (SERVICE_PAIR_TAG, _async_pair_tag, SERVICE_PAIR_TAG_SCHEMA),
)
_ADMIN_ACTIONS = (
    (SERVICE_OVERRIDE, _async_override, SERVICE_OVERRIDE_SCHEMA),
    (SERVICE_REPORT, _async_report, SERVICE_REPORT_SCHEMA),
    (SERVICE_PURGE, _async_purge, SERVICE_PURGE_SCHEMA),
)
_LOOK_UPS = frozenset({SERVICE_SCAN, SERVICE_REPORT})


@callback
def async_setup_services(hass: HomeAssistant) -> None:
    """Register the actions."""
    for name, handler, schema in _ACTIONS:
        hass.services.async_register(
            DOMAIN, name, handler, schema, supports_response=_response_of(name)
        )
    for name, handler, schema in _ADMIN_ACTIONS:
        async_register_admin_service(hass, DOMAIN, name, handler, schema, _response_of(name))


def _response_of(name: str) -> SupportsResponse:
    """Return whether an action must be called for its response."""
    return SupportsResponse.ONLY if name in _LOOK_UPS else SupportsResponse.OPTIONAL


@contextmanager
def _account(call: ServiceCall) -> Iterator[OveitCoordinator]:
    """Provide the coordinator that a call refers to, and raise failures as translated errors."""
    entry: OveitConfigEntry = async_get_config_entry(
        call.hass, DOMAIN, call.data.get(ATTR_CONFIG_ENTRY_ID)
    )
    with entry.runtime_data.translated_errors():
        yield entry.runtime_data


async def _async_ask_gate(
    call: ServiceCall, gate: GateDevice, request: Request, *, look: bool
) -> ServiceResponse:
    """Have a gate decide by its own settings; a look-up opens no door."""
    if given := GATE_DECIDES.intersection(call.data):
        raise _invalid("gate_decides", ", ".join(sorted(given)))
    if call.data.get(ATTR_CONFIG_ENTRY_ID) not in (None, gate.coordinator.config_entry.entry_id):
        raise _invalid("gate_decides", ATTR_CONFIG_ENTRY_ID)
    mode = gate.gate.mode_now
    decision = await gate.async_ask(
        ticket_code=request.ticket_code,
        rfid_code=request.rfid_code,
        scan_id=request.scan_id,
        look=look,
    )
    response = respond(decision, include_attendee=call.data[ATTR_INCLUDE_ATTENDEE])
    is_rehearsal = decision.request.rehearsal
    only_looked = (mode is GateMode.SCAN_ONLY or is_rehearsal) and not look
    return response | {
        "admitted": decision.admitted and not only_looked,
        "mode": mode.value,
        ATTR_REHEARSAL: is_rehearsal,
        ATTR_OVERRULED: decision.overruled and decision.overruled.value,
    }


def _read_request(data: Mapping[str, Any]) -> Request:
    """Return the request of a call."""
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
    """Return the request of an override; an unknown code needs an event to count for."""
    codes = _read_codes(data)
    event_id = data.get(ATTR_EVENT_ID)
    active = coordinator.active_events
    if event_id is None and len(active) == 1:
        (event_id,) = active
    if event_id is None:
        known = await coordinator.ledger.find(
            codes[ATTR_TICKET_CODE] or ""
        ) or await coordinator.ledger.on_tag(codes[ATTR_RFID_CODE] or "")
        if not known:
            raise _invalid("event_needed")
    elif event_id not in coordinator.data:
        raise _invalid("event_unknown")
    return Request(
        **codes,
        gate=data.get(ATTR_GATE),
        event_ids=frozenset() if event_id is None else frozenset({event_id}),
    )


def _choose_events(coordinator: OveitCoordinator, data: Mapping[str, Any]) -> list[int]:
    """Return the active event that a call names, or all active events."""
    event_id: int | None = data.get(ATTR_EVENT_ID)
    if event_id is None:
        return coordinator.active_events
    if event_id not in coordinator.active_events:
        raise _invalid("event_unknown")
    return [event_id]


def _read_codes(data: Mapping[str, Any]) -> dict[str, Any]:
    """Return both code fields, of which exactly one must be given."""
    codes = {field: data.get(field) for field in (ATTR_TICKET_CODE, ATTR_RFID_CODE)}
    if sum(code is not None for code in codes.values()) != 1:
        raise _invalid("one_code")
    return {
        field: None if code is None else read_code(field, code) for field, code in codes.items()
    }


def read_code(field: str, value: object) -> str:
    """Return a code as it is sent to Oveit; raise ServiceValidationError if it is none."""
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
    """Return a translated error about the input."""
    return ServiceValidationError(
        translation_domain=DOMAIN,
        translation_key=key,
        translation_placeholders={"field": field} if field else None,
    )


def _failed(key: str, **placeholders: str) -> HomeAssistantError:
    """Return a translated error about the outcome."""
    return HomeAssistantError(
        translation_domain=DOMAIN, translation_key=key, translation_placeholders=placeholders
    )


def respond(decision: Decision, *, include_attendee: bool) -> dict[str, JsonValueType]:
    """Return a decision as an action answers it: field by field, so that nothing else leaks."""
    response = _respond_outcome(decision) | {
        "source": decision.source.value,
        "others": [_respond_outcome(other) for other in decision.others],
        "gate": decision.request.gate,
        "at": decision.at.isoformat(),
        "latency_ms": round(decision.latency * 1000, 1),
        "scan_id": decision.scan_id,
        "passback": decision.passback,
    }
    if include_attendee:
        response["attendee"] = dict(decision.attendee) if decision.attendee is not None else None
    return response


def _respond_outcome(decision: Decision) -> dict[str, Any]:
    """Return the decision on one ticket."""
    return {
        "admitted": decision.admitted,
        "reason": decision.reason.value,
        "message": decision.message,
        "ticket": _respond_ticket(decision.ticket, decision.event),
        "event": _respond_event(decision.event),
        "addon": _respond_addon(decision.addon),
        "first_checkin": _respond_first(decision.ticket),
    }


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
    """Return the id and name of an event."""
    return {"id": event.id, "name": event.name} if event else None


def _respond_addon(addon: AddonUse | None) -> dict[str, Any] | None:
    """Return an add-on and its remaining uses."""
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
    """Return when and where a ticket was first used."""
    first = ticket.first_entry if ticket else None
    return {"at": _respond_time(first.at), "gate": first.gate} if first else None


def _respond_time(at: datetime | None) -> str | None:
    """Return a time in ISO 8601, UTC."""
    return at.isoformat() if at else None


def _respond_event_state(state: EventState) -> dict[str, JsonValueType]:
    """Return the counts of an event."""
    counts = state.attendance
    return {
        "id": state.event.id,
        "name": state.event.name,
        "tickets": counts.tickets,
        "checked_in": counts.checked_in,
        "inside": counts.inside,
        "waiting": counts.waiting,
        "conflicts": counts.conflicts,
    }
