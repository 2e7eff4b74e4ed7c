"""The actions of the integration: schema, handler and response of each."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict
from functools import partial
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
from homeassistant.helpers.service import async_get_config_entry, async_register_admin_service
from homeassistant.util.json import JsonValueType
import voluptuous as vol

from .const import ATTR_RFID_CODE, ATTR_TICKET_CODE, DOMAIN
from .coordinator import EventState, OveitConfigEntry, OveitCoordinator, translated_error
from .core.codes import clean_tag, parts, trim
from .core.exceptions import OveitConnectionError
from .core.gate_settings import GateMode
from .core.models import MAX_CODE_LENGTH, Decision, Event, OfflinePolicy, Request, Ticket
from .gate.issues import async_get_bindings
from .gate.registry import GateDevice, async_find_gate
from .ledger import respond_row

# Fields that a gate has settings for, so that a call with a gate must leave them out.
GATE_DECIDES = {"addon_id", "deadline", "gate", "offline", "require_main_entry", "ticket_type_id"}
PAIRING_PERMISSION = "rfid_pairing"

ID = vol.All(vol.Coerce(int), vol.Range(min=1, max=2**63 - 1))
TEXT = vol.All(cv.string, vol.Length(min=1, max=MAX_CODE_LENGTH))
ENTRY_FIELD = {vol.Optional(ATTR_CONFIG_ENTRY_ID): str}
EVENT_FIELDS = ENTRY_FIELD | {vol.Optional("event_id"): ID}
# Codes are checked by read_code, whose errors are translated.
CODE_FIELDS = ENTRY_FIELD | {
    vol.Optional(ATTR_TICKET_CODE): object,
    vol.Optional(ATTR_RFID_CODE): object,
    vol.Optional("gate"): vol.All(cv.string, vol.Length(max=MAX_CODE_LENGTH)),
}
SCAN_FIELDS = (
    cv.TARGET_SERVICE_FIELDS
    | CODE_FIELDS
    | {
        vol.Optional("ticket_type_id"): vol.All(cv.ensure_list, [ID]),
        vol.Optional("deadline"): vol.All(vol.Coerce(float), vol.Range(min=0.5, max=30)),
        vol.Optional("include_attendee", default=False): cv.boolean,
    }
)
CHECKIN_FIELDS = SCAN_FIELDS | {
    vol.Optional("addon_id"): ID,
    vol.Optional("offline"): vol.Coerce(OfflinePolicy),
    vol.Optional("require_main_entry"): cv.boolean,
    vol.Optional("scan_id"): TEXT,
}


async def _async_decide(call: ServiceCall, *, look: bool = False) -> ServiceResponse:
    """Check a ticket in, or look it up without marking anything."""
    request = _read_request(call.data)
    if (gate := async_find_gate(call.hass, call.data)) is not None:
        return await _async_ask_gate(call, gate, request, look=look)
    with _account(call) as coordinator:
        if look:
            decision = await coordinator.desk.scan(request)
        else:
            bindings = async_get_bindings(call.hass)
            bindings.note_action(request.rfid_code or request.ticket_code or "")
            decision = await coordinator.desk.check_in(request)
    return respond(decision, include_attendee=call.data["include_attendee"])


async def _async_sync(call: ServiceCall) -> ServiceResponse:
    """Refresh the events and ticket lists, and upload pending check-ins."""
    with _account(call) as coordinator:
        return asdict(await coordinator.async_sync())


OVERRIDE_FIELDS = CODE_FIELDS | {vol.Required("note"): TEXT, vol.Optional("event_id"): ID}


async def _async_override(call: ServiceCall) -> ServiceResponse:
    """Admit a guest by a steward's decision."""
    with _account(call) as coordinator:
        request = await _read_override(coordinator, call.data)
        decision = await coordinator.desk.override(
            request, note=call.data["note"], user_id=call.context.user_id
        )
    return respond(decision, include_attendee=False)


async def _async_report(call: ServiceCall) -> ServiceResponse:
    """Return the counts of events, their conflicts and their pending check-ins."""
    event_id = call.data.get("event_id")
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


async def _async_purge(call: ServiceCall) -> ServiceResponse:
    """Delete an event that has ended, or all of them; one with pending check-ins is kept."""
    event_id = call.data.get("event_id")
    with _account(call) as coordinator:
        sync = coordinator.ticket_sync
        ended = [key for key, event in sync.events.items() if not event.active]
        if event_id is not None:
            if event_id not in ended:
                raise _invalid("event_not_ended")
            if await coordinator.ledger.count_waiting(event_id):
                raise _invalid("rows_waiting")
            ended = [event_id]
        purged: list[JsonValueType] = []
        for key in ended:
            if not await coordinator.ledger.count_waiting(key):
                await sync.forget(key)
                purged.append(key)
        await coordinator.async_publish()
    return {"purged": purged}


PREPARE_FIELDS = EVENT_FIELDS | {
    vol.Optional("per_minute", default=120): vol.All(vol.Coerce(int), vol.Range(min=1, max=600)),
    vol.Optional("again", default=False): cv.boolean,
    vol.Optional("stop", default=False): cv.boolean,
}


async def _async_prepare_offline(call: ServiceCall) -> ServiceResponse:
    """Start learning the tags of an event's tickets, or stop it."""
    with _account(call) as coordinator:
        events = _choose_events(coordinator, call.data)
        preparing = coordinator.desk.preparing
        for event_id in events:
            if call.data["stop"]:
                await preparing.stop(event_id)
            else:
                pace: int = call.data["per_minute"]
                await preparing.start(event_id, pace, again=call.data["again"])
        await coordinator.async_publish()
    states = [coordinator.data[event_id] for event_id in events]
    return {
        "started": any(state.is_preparing for state in states),
        "total": sum(state.coverage.tickets for state in states),
        "known": sum(state.coverage.known for state in states),
    }


PAIR_FIELDS = ENTRY_FIELD | {
    vol.Required(ATTR_TICKET_CODE): object,
    vol.Required(ATTR_RFID_CODE): object,
}


async def _async_pair_tag(call: ServiceCall) -> ServiceResponse:
    """Pair a tag with a ticket at Oveit."""
    with _account(call) as coordinator:
        ticket_code = read_code(ATTR_TICKET_CODE, call.data[ATTR_TICKET_CODE])
        rfid_code = read_code(ATTR_RFID_CODE, call.data[ATTR_RFID_CODE])
        account = coordinator.client.account
        if account and account.lacks(PAIRING_PERMISSION):
            raise translated_error("pairing_not_permitted", permission=PAIRING_PERMISSION)
        try:
            answer = await coordinator.desk.pair(ticket_code, rfid_code)
        except OveitConnectionError as err:
            if err.sent:
                raise
            raise translated_error("pair_offline") from err
        if not answer.ok and answer.message is None:
            raise translated_error("pair_refused_silently")
        if not answer.ok:
            raise translated_error("pair_refused", message=str(answer.message))
        await coordinator.async_publish()
    return {ATTR_TICKET_CODE: ticket_code, ATTR_RFID_CODE: rfid_code}


ACTIONS = (
    ("checkin", _async_decide, CHECKIN_FIELDS),
    ("scan", partial(_async_decide, look=True), SCAN_FIELDS),
    ("sync", _async_sync, ENTRY_FIELD),
    ("prepare_offline", _async_prepare_offline, PREPARE_FIELDS),
    ("pair_tag", _async_pair_tag, PAIR_FIELDS),
)
ADMIN_ACTIONS = (
    ("override", _async_override, OVERRIDE_FIELDS),
    ("report", _async_report, EVENT_FIELDS),
    ("purge", _async_purge, EVENT_FIELDS),
)
LOOK_UPS = ("scan", "report")


@callback
def async_setup_services(hass: HomeAssistant) -> None:
    """Register the actions; a look-up must be called for its response."""
    for register, actions in (
        (hass.services.async_register, ACTIONS),
        (partial(async_register_admin_service, hass), ADMIN_ACTIONS),
    ):
        for name, handler, fields in actions:
            response = SupportsResponse.ONLY if name in LOOK_UPS else SupportsResponse.OPTIONAL
            register(DOMAIN, name, handler, vol.Schema(fields), response)


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
        raise _invalid("gate_decides", field=", ".join(sorted(given)))
    if call.data.get(ATTR_CONFIG_ENTRY_ID) not in (None, gate.coordinator.config_entry.entry_id):
        raise _invalid("gate_decides", field=ATTR_CONFIG_ENTRY_ID)
    mode = gate.gate.mode_now
    decision = await gate.async_ask(
        ticket_code=request.ticket_code,
        rfid_code=request.rfid_code,
        scan_id=request.scan_id,
        look=look,
    )
    response = respond(decision, include_attendee=call.data["include_attendee"])
    is_rehearsal = decision.request.rehearsal
    only_looked = (mode is GateMode.SCAN_ONLY or is_rehearsal) and not look
    return response | {
        "admitted": decision.admitted and not only_looked,
        "mode": mode.value,
        "rehearsal": is_rehearsal,
        "overruled": decision.overruled and decision.overruled.value,
    }


def _read_request(data: Mapping[str, Any]) -> Request:
    """Return the request of a call."""
    keys = ("addon_id", "deadline", "gate", "offline", "require_main_entry", "scan_id")
    given = {key: data[key] for key in keys if key in data}
    ticket_type_ids = frozenset(data.get("ticket_type_id", ()))
    return Request(**_read_codes(data), **given, ticket_type_ids=ticket_type_ids)


async def _read_override(coordinator: OveitCoordinator, data: Mapping[str, Any]) -> Request:
    """Return the request of an override; an unknown code needs an event to count for."""
    codes = _read_codes(data)
    event_id = data.get("event_id")
    active = coordinator.active_events
    if event_id is None and len(active) == 1:
        (event_id,) = active
    if event_id is None:
        code = await coordinator.desk.read_code(codes[ATTR_TICKET_CODE] or "")
        known = await coordinator.ledger.find(code) or await coordinator.ledger.on_tag(
            codes[ATTR_RFID_CODE] or ""
        )
        if not known:
            raise _invalid("event_needed")
    elif event_id not in coordinator.data:
        raise _invalid("event_unknown")
    return Request(
        **codes,
        gate=data.get("gate"),
        event_ids=frozenset() if event_id is None else frozenset({event_id}),
    )


def _choose_events(coordinator: OveitCoordinator, data: Mapping[str, Any]) -> list[int]:
    """Return the active event that a call names, or all active events."""
    event_id: int | None = data.get("event_id")
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
    """Return the code in a value, or a text in which the desk finds it (decisions.md B19).

    Raises ServiceValidationError if there is none (decisions.md B16).
    """
    if not isinstance(value, str):
        raise _invalid("code_not_text", field=field)
    code, *others = parts(value) if field == ATTR_TICKET_CODE else (clean_tag(value),)
    if others:
        return trim(value)
    if not code:
        raise _invalid("code_empty", field=field)
    if len(code) > MAX_CODE_LENGTH:
        raise _invalid("code_too_long", field=field)
    if not code.isprintable():
        raise _invalid("code_not_printable", field=field)
    return code


def _invalid(key: str, **placeholders: str) -> ServiceValidationError:
    """Return a translated error about the input."""
    return ServiceValidationError(
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
        "list_age": decision.list_age and round(decision.list_age.total_seconds()),
    }
    if include_attendee:
        response["attendee"] = dict(decision.attendee) if decision.attendee is not None else None
    return response


def _respond_outcome(decision: Decision) -> dict[str, Any]:
    """Return the decision on one ticket."""
    event, addon = decision.event, decision.addon
    first = decision.ticket.first_entry if decision.ticket else None
    return {
        "admitted": decision.admitted,
        "reason": decision.reason.value,
        "certain": decision.certain,
        "message": decision.message,
        "ticket": _respond_ticket(decision.ticket, event),
        "event": event and {"id": event.id, "name": event.name},
        "addon": addon and asdict(addon) | {"left": addon.left},
        "first_checkin": first and {"at": first.at and first.at.isoformat(), "gate": first.gate},
    }


def _respond_ticket(ticket: Ticket | None, event: Event | None) -> dict[str, Any] | None:
    """Return a ticket with its uses."""
    if ticket is None:
        return None
    kinds = event.ticket_types if event else ()
    addons = {addon.id: addon.name for kind in kinds for addon in kind.addons}
    return {
        "code": trim(ticket.code),
        "series": ticket.series,
        "ticket_type_id": ticket.ticket_type_id,
        "ticket_type": ticket.ticket_type,
        "checked_in": ticket.checked_in,
        "checkins": [
            {
                "addon_id": use.addon_id,
                "addon": addons.get(use.addon_id) if use.addon_id else None,
                "at": use.at and use.at.isoformat(),
            }
            for use in ticket.checkins
        ],
    }


def _respond_event_state(state: EventState) -> dict[str, Any]:
    """Return the counts of an event."""
    counts = ("tickets", "checked_in", "inside", "waiting", "conflicts")
    return {"id": state.event.id, "name": state.event.name} | {
        count: getattr(state.attendance, count) for count in counts
    }
