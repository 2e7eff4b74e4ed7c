"""The actions of the integration: schema, handler and response of each."""

from collections.abc import Callable, Coroutine, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
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
from homeassistant.exceptions import ServiceValidationError, Unauthorized
from homeassistant.helpers import config_validation as cv
from homeassistant.helpers.service import async_get_config_entry
from homeassistant.util.json import JsonValueType
import voluptuous as vol

from .asking import async_ask
from .const import ATTR_RFID_CODE, ATTR_TICKET_CODE, DOMAIN
from .coordinator import EventState, OveitConfigEntry, OveitCoordinator, translated_error
from .core.codes import clean_tag, parts, spell, trim
from .core.exceptions import OveitConnectionError
from .core.gate_settings import GateMode
from .core.models import MAX_CODE_LENGTH, Decision, Event, OfflinePolicy, Request, Ticket
from .gate.issues import async_get_bindings
from .gate.registry import GateDevice, async_find_gate, async_get_gates
from .ledger import respond_row
from .permissions import Who, async_authorize, async_get_user

# Fields that a gate has settings for, so that a call with a gate must leave them out.
GATE_DECIDES = {"addon_id", "deadline", "offline", "require_main_entry", "ticket_type_id"}
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
        desk = coordinator.desk
        if not look:
            bindings = async_get_bindings(call.hass)
            bindings.note_action(request.rfid_code or request.ticket_code or "")

        async def _decide(deadline: float) -> Decision:
            in_time = replace(request, deadline=deadline)
            return await (desk.scan(in_time) if look else desk.check_in(in_time))

        turns = coordinator.look_ups if look else coordinator.check_ins
        decision = await async_ask(coordinator, call.context, request, _decide, turns=turns)
    return respond(decision, include_attendee=call.data["include_attendee"])


async def _async_sync(call: ServiceCall) -> ServiceResponse:
    """Refresh the events and ticket lists, and upload pending check-ins."""
    with _account(call) as coordinator:
        return asdict(await coordinator.async_sync())


OVERRIDE_FIELDS = CODE_FIELDS | {vol.Required("note"): TEXT, vol.Optional("event_id"): ID}


async def _async_override(call: ServiceCall) -> ServiceResponse:
    """Admit a guest by a steward's decision: through a gate, if one is named."""
    gate = async_find_gate(call.hass, call.data, by_name=True)
    said: dict[str, Any] = {"note": call.data["note"], "user_id": call.context.user_id}
    with _account(call, gate) as coordinator:
        codes, event_ids = await _read_override(coordinator, call.data, gate)
        if gate:
            mode = gate.gate.mode_now
            decision = await gate.gate.override(**codes, **said, event_ids=event_ids)
            return _respond_at_gate(decision, mode, only_looked=decision.request.rehearsal)
        request = Request(**codes, gate=call.data.get("gate"), event_ids=event_ids)
        decision = await coordinator.desk.override(request, **said)
    return respond(decision, include_attendee=False)


UNDO_FIELDS = CODE_FIELDS | {vol.Optional("scan_id"): TEXT}


async def _async_undo(call: ServiceCall) -> ServiceResponse:
    """Take back an admission, so that the ticket can be used again."""
    gate = async_find_gate(call.hass, call.data, by_name=True)
    codes = _read_codes(call.data, "scan_id", error="one_admission")
    user_id = call.context.user_id
    with _account(call, gate) as coordinator:
        if gate:
            decision = await gate.gate.undo(**codes, user_id=user_id)
        else:
            request = Request(**codes, gate=call.data.get("gate"))
            decision = await coordinator.desk.undo(request, user_id=user_id, any_use=True)
        if decision is None:
            raise _invalid("nothing_to_undo")
        for device in async_get_gates(call.hass, coordinator.config_entry):
            device.gate.announcements.forget(decision.codes)
    if gate:
        return _respond_at_gate(decision, gate.gate.mode_now)
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


@dataclass(frozen=True, kw_only=True, slots=True)
class Action:
    """An action: what does it, with which fields, and who may call it.

    A look-up must be called for its response. `by_name`: a gate's name means that gate.
    """

    run: Callable[[ServiceCall], Coroutine[Any, Any, ServiceResponse]]
    fields: Mapping[Any, Any]
    who: Who
    is_look_up: bool = False
    by_name: bool = False

    async def async_call(self, call: ServiceCall) -> ServiceResponse:
        """Run the action; raise Unauthorized before anything is asked, sent or marked."""
        if call.context.user_id is not None:
            await self._async_authorize(call)
        return await self.run(call)

    async def _async_authorize(self, call: ServiceCall) -> None:
        """Raise Unauthorized for a user who may not call this."""
        user = await async_get_user(call.hass, call.context)
        if user and user.is_admin:
            return
        if self.who is Who.ADMINISTRATOR:
            raise Unauthorized(context=call.context)
        gate = async_find_gate(call.hass, call.data, by_name=self.by_name)
        coordinator = gate.coordinator if gate else _coordinator(call)
        who = Who.STEWARD if call.data.get("include_attendee") else self.who
        gate_id = gate.id if gate else None
        await async_authorize(call.hass, call.context, who, coordinator, gate_id)


_look_up = partial(_async_decide, look=True)
ACTIONS: Mapping[str, Action] = {
    "checkin": Action(run=_async_decide, fields=CHECKIN_FIELDS, who=Who.DOOR),
    "scan": Action(run=_look_up, fields=SCAN_FIELDS, who=Who.DOOR, is_look_up=True),
    "override": Action(run=_async_override, fields=OVERRIDE_FIELDS, who=Who.STEWARD, by_name=True),
    "undo": Action(run=_async_undo, fields=UNDO_FIELDS, who=Who.STEWARD, by_name=True),
    "pair_tag": Action(run=_async_pair_tag, fields=PAIR_FIELDS, who=Who.STEWARD),
    "sync": Action(run=_async_sync, fields=ENTRY_FIELD, who=Who.ADMINISTRATOR),
    "prepare_offline": Action(
        run=_async_prepare_offline, fields=PREPARE_FIELDS, who=Who.ADMINISTRATOR
    ),
    "report": Action(
        run=_async_report, fields=EVENT_FIELDS, who=Who.ADMINISTRATOR, is_look_up=True
    ),
    "purge": Action(run=_async_purge, fields=EVENT_FIELDS, who=Who.ADMINISTRATOR),
}


@callback
def async_setup_services(hass: HomeAssistant) -> None:
    """Register the actions."""
    for name, action in ACTIONS.items():
        response = SupportsResponse.ONLY if action.is_look_up else SupportsResponse.OPTIONAL
        hass.services.async_register(
            DOMAIN, name, action.async_call, vol.Schema(action.fields), response
        )


def _coordinator(call: ServiceCall) -> OveitCoordinator:
    """Return the coordinator of the account that a call refers to."""
    entry: OveitConfigEntry = async_get_config_entry(
        call.hass, DOMAIN, call.data.get(ATTR_CONFIG_ENTRY_ID)
    )
    return entry.runtime_data


@contextmanager
def _account(call: ServiceCall, gate: GateDevice | None = None) -> Iterator[OveitCoordinator]:
    """Provide the coordinator that a call is for, and raise failures as translated errors.

    With a gate named, its account is meant.
    """
    coordinator = gate.coordinator if gate else _coordinator(call)
    entry_id = coordinator.config_entry.entry_id
    if call.data.get(ATTR_CONFIG_ENTRY_ID) not in (None, entry_id):
        raise _invalid("gate_decides", field=ATTR_CONFIG_ENTRY_ID)
    with coordinator.translated_errors():
        yield coordinator


async def _async_ask_gate(
    call: ServiceCall, gate: GateDevice, request: Request, *, look: bool
) -> ServiceResponse:
    """Have a gate decide by its own settings; a look-up opens no door."""
    if given := GATE_DECIDES.intersection(call.data):
        raise _invalid("gate_decides", field=", ".join(sorted(given)))
    mode = gate.gate.mode_now
    request = replace(request, deadline=gate.gate.settings.deadline)

    async def _decide(deadline: float) -> Decision:
        return await gate.async_ask(
            ticket_code=request.ticket_code,
            rfid_code=request.rfid_code,
            scan_id=request.scan_id,
            look=look,
            deadline=deadline,
        )

    with _account(call, gate) as coordinator:
        decision = await async_ask(
            coordinator,
            call.context,
            request,
            _decide,
            turns=coordinator.look_ups if look else gate.turns,
            refuses_nobody=gate.gate.refuses_nobody,
        )
    is_rehearsal = decision.request.rehearsal
    return _respond_at_gate(
        decision,
        mode,
        only_looked=(mode is GateMode.SCAN_ONLY or is_rehearsal) and not look,
        include_attendee=call.data["include_attendee"],
    )


def _respond_at_gate(
    decision: Decision,
    mode: GateMode,
    *,
    only_looked: bool = False,
    include_attendee: bool = False,
) -> dict[str, JsonValueType]:
    """Return a gate's decision; a look at a ticket admits nobody."""
    return respond(decision, include_attendee=include_attendee) | {
        "admitted": decision.admitted and not only_looked,
        "mode": mode.value,
        "rehearsal": decision.request.rehearsal,
        "overruled": decision.overruled and decision.overruled.value,
    }


def _read_request(data: Mapping[str, Any]) -> Request:
    """Return the request of a call."""
    keys = ("addon_id", "deadline", "gate", "offline", "require_main_entry", "scan_id")
    given = {key: data[key] for key in keys if key in data}
    ticket_type_ids = frozenset(data.get("ticket_type_id", ()))
    return Request(**_read_codes(data), **given, ticket_type_ids=ticket_type_ids)


async def _read_override(
    coordinator: OveitCoordinator, data: Mapping[str, Any], gate: GateDevice | None
) -> tuple[dict[str, Any], frozenset[int]]:
    """Return the codes of an override, and the event that an unknown code counts for."""
    codes = _read_codes(data)
    event_id = data.get("event_id")
    chosen = gate.gate.settings.event_ids if gate else frozenset()
    active = [each for each in coordinator.active_events if not chosen or each in chosen]
    if event_id is None and len(active) == 1:
        (event_id,) = active
    if event_id is None:
        code = await coordinator.desk.read_code(codes[ATTR_TICKET_CODE] or "")
        tag = codes[ATTR_RFID_CODE] or ""
        tags = spell(tag, gate.gate.settings.tag_format) if gate else (tag,)
        known = [
            *await coordinator.ledger.find(code),
            *[ticket for each in tags for ticket in await coordinator.ledger.on_tag(each)],
        ]
        if not known:
            raise _invalid("event_needed")
    elif event_id not in coordinator.data:
        raise _invalid("event_unknown")
    return codes, frozenset() if event_id is None else frozenset({event_id})


def _choose_events(coordinator: OveitCoordinator, data: Mapping[str, Any]) -> list[int]:
    """Return the active event that a call names, or all active events."""
    event_id: int | None = data.get("event_id")
    if event_id is None:
        return coordinator.active_events
    if event_id not in coordinator.active_events:
        raise _invalid("event_unknown")
    return [event_id]


def _read_codes(data: Mapping[str, Any], *more: str, error: str = "one_code") -> dict[str, Any]:
    """Return both code fields, and more, of which exactly one must be given."""
    codes = {field: data.get(field) for field in (ATTR_TICKET_CODE, ATTR_RFID_CODE, *more)}
    if sum(code is not None for code in codes.values()) != 1:
        raise _invalid(error)
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
