"""Questions and actions in words, for the intents of Assist and the tools of language models."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from difflib import get_close_matches
from hashlib import sha256
from typing import Any

from homeassistant.auth.models import User
from homeassistant.components.select import (
    ATTR_OPTION,
    DOMAIN as SELECT_DOMAIN,
    SERVICE_SELECT_OPTION,
)
from homeassistant.const import ATTR_ENTITY_ID
from homeassistant.core import Context, HomeAssistant, callback
from homeassistant.exceptions import HomeAssistantError, Unauthorized
from homeassistant.helpers import device_registry as dr, entity_registry as er

from ..asking import async_ask
from ..const import CONF_ALLOW_VOICE, CONF_ALLOW_VOICE_OVERRIDE, DOMAIN
from ..coordinator import EventState, OveitConfigEntry, OveitCoordinator
from ..core.exceptions import OveitError
from ..core.gate_settings import GateMode
from ..core.models import MAX_CODE_LENGTH, Decision, Request, Source
from ..core.speech import readings
from ..permissions import Who, async_get_user, async_may

GATE_MODES = [mode.value for mode in GateMode]
GATE_MODE_KEY = "gate_mode"
VOICE_GATE = "Assist"
MOST_ASKED = 2


class QueryError(HomeAssistantError):
    """A question cannot be answered; `key` is the key of the text that says why."""

    def __init__(self, key: str, **values: str) -> None:
        """Keep the key and the values of the text."""
        super().__init__(key)
        self.key = key
        self.values = values


@dataclass(frozen=True, kw_only=True, slots=True)
class Question:
    """What somebody asks for in a language, with the values that were given by name."""

    hass: HomeAssistant
    language: str
    context: Context | None
    values: Mapping[str, Any]


@dataclass(frozen=True, kw_only=True, slots=True)
class GateSelect:
    """The select entity of a gate's mode, with the names of the gate."""

    entity_id: str
    name: str
    aliases: tuple[str, ...]
    entry_id: str


@callback
def async_coordinators(hass: HomeAssistant) -> list[OveitCoordinator]:
    """Return the coordinators of all accounts that are set up."""
    entries: list[OveitConfigEntry] = hass.config_entries.async_loaded_entries(DOMAIN)
    return [entry.runtime_data for entry in entries]


@callback
def async_attendance(question: Question) -> list[tuple[EventState, OveitCoordinator]]:
    """Return the active events, or those with the name that was given."""
    states = [
        (state, coordinator)
        for coordinator in async_coordinators(question.hass)
        for state in (coordinator.data or {}).values()
        if state.event.active
    ]
    event = question.values.get("event")
    if not event:
        if not states:
            raise QueryError("no_events")
        return states
    name = closest(event, [state.event.name for state, _ in states])
    if name is None:
        raise QueryError("no_event", event=event)
    return [state for state in states if state[0].event.name == name]


async def async_look_up(question: Question) -> Decision:
    """Look up the ticket with a spoken or written code; nothing is marked."""
    coordinators = await _async_permitted(question, async_coordinators(question.hass))
    _, decision = await _async_look_up(question, coordinators)
    return decision


async def async_check_in(question: Question) -> Decision:
    """Check a ticket in, where that is allowed; once for each context."""
    coordinators = _choose(question.hass, CONF_ALLOW_VOICE, "not_allowed")
    coordinators = await _async_permitted(question, coordinators)
    coordinator, found = await _async_look_up(question, coordinators)
    if found.ticket is None:
        return found
    return await coordinator.desk.check_in(_request(question, found.ticket.code))


async def async_override(question: Question, note: str) -> Decision:
    """Admit a guest as an administrator, where that is allowed; once for each context.

    An unknown code may be misheard, so it is not admitted.
    """
    coordinators = _choose(question.hass, CONF_ALLOW_VOICE_OVERRIDE, "override_not_allowed")
    user = await _async_get_administrator(question)
    coordinator, found = await _async_look_up(question, coordinators)
    if found.ticket is None or found.event is None or found.event.id not in coordinator.data:
        return found
    request = _request(question, found.ticket.code, frozenset({found.event.id}))
    return await coordinator.desk.override(request, note=note, user_id=user.id)


@callback
def async_gate_selects(hass: HomeAssistant) -> list[GateSelect]:
    """Return the mode selects of all gates that are set up."""
    devices = dr.async_get(hass)
    return [
        GateSelect(
            entity_id=entity.entity_id,
            name=device.name_by_user or device.name or entity.entity_id,
            aliases=tuple(alias for alias in entity.aliases if isinstance(alias, str)),
            entry_id=coordinator.config_entry.entry_id,
        )
        for coordinator in async_coordinators(hass)
        for entity in er.async_entries_for_config_entry(
            er.async_get(hass), coordinator.config_entry.entry_id
        )
        if entity.domain == SELECT_DOMAIN
        and entity.translation_key == GATE_MODE_KEY
        and entity.device_id
        and (device := devices.async_get(entity.device_id))
    ]


@callback
def async_find_gate(hass: HomeAssistant, name: str) -> GateSelect:
    """Return the gate whose name or alias is closest to a name."""
    gates = {each: gate for gate in async_gate_selects(hass) for each in (gate.name, *gate.aliases)}
    known = closest(name, gates)
    if known is None:
        raise QueryError("no_gate", gate=name)
    return gates[known]


@callback
def async_gate_mode(hass: HomeAssistant, gate: GateSelect) -> str | None:
    """Return the mode of a gate, None when it is unavailable."""
    state = hass.states.get(gate.entity_id)
    return state.state if state and state.state in GATE_MODES else None


async def async_set_gate_mode(question: Question) -> GateSelect:
    """Set a gate's mode, where that is allowed; free flow needs what an override needs."""
    hass, mode = question.hass, question.values["mode"]
    gate = async_find_gate(hass, question.values["gate"])
    entry = hass.config_entries.async_get_entry(gate.entry_id)
    if entry is None or not entry.options.get(CONF_ALLOW_VOICE):
        raise QueryError("not_allowed")
    if mode == GateMode.FREE_FLOW:
        if not entry.options.get(CONF_ALLOW_VOICE_OVERRIDE):
            raise QueryError("override_not_allowed")
        await _async_get_administrator(question)
    try:
        await hass.services.async_call(
            SELECT_DOMAIN,
            SERVICE_SELECT_OPTION,
            {ATTR_ENTITY_ID: gate.entity_id, ATTR_OPTION: mode},
            blocking=True,
            context=question.context,
        )
    except HomeAssistantError as err:
        raise QueryError("gate_failed", gate=gate.name) from err
    if async_gate_mode(hass, gate) != mode:
        raise QueryError("gate_failed", gate=gate.name)
    return gate


def closest(said: str, names: Iterable[str]) -> str | None:
    """Return the name closest to what was said, None when none is near."""
    known = {name.casefold().strip(): name for name in names}
    wanted = said.casefold().strip()
    if wanted in known:
        return known[wanted]
    near = get_close_matches(wanted, known, n=2, cutoff=0.75)
    holding = [name for name in known if wanted and wanted in name]
    found = holding if len(holding) == 1 else near
    return known[found[0]] if found else None


def _choose(hass: HomeAssistant, option: str, key: str) -> list[OveitCoordinator]:
    """Return the coordinators that decide and whose options allow something."""
    chosen = [
        coordinator
        for coordinator in async_coordinators(hass)
        if coordinator.config_entry.options.get(option) and not coordinator.twin
    ]
    if not chosen:
        raise QueryError(key)
    return chosen


async def _async_permitted(
    question: Question, coordinators: list[OveitCoordinator]
) -> list[OveitCoordinator]:
    """Return the coordinators at whose doors the user who asks may act, if one is known."""
    try:
        user = await async_get_user(question.hass, question.context)
    except Unauthorized as err:
        raise QueryError("not_permitted") from err
    permitted = [each for each in coordinators if async_may(user, Who.DOOR, each)]
    if coordinators and not permitted:
        raise QueryError("not_permitted")
    return permitted


async def _async_get_administrator(question: Question) -> User:
    """Return the active administrator who asks; raise QueryError if it is nobody of that kind."""
    user_id = question.context.user_id if question.context else None
    user = await question.hass.auth.async_get_user(user_id) if user_id else None
    if user is None or not user.is_active or not user.is_admin:
        raise QueryError("not_administrator")
    return user


async def _async_look_up(
    question: Question, coordinators: list[OveitCoordinator]
) -> tuple[OveitCoordinator, Decision]:
    """Look for a ticket in the accounts; only Oveit may answer that it is unknown."""
    candidates = await _async_candidates(question, coordinators)
    error: OveitError | None = None
    unknown: tuple[OveitCoordinator, Decision] | None = None
    for coordinator, each in candidates:
        try:
            decision = await _async_scan(coordinator, question, Request(ticket_code=each))
        except OveitError as err:
            error = err
            continue
        if decision.ticket is not None:
            return coordinator, decision
        if decision.source is Source.OVEIT:
            unknown = unknown or (coordinator, decision)
    if unknown and not error:
        return unknown
    raise QueryError("cannot_decide") from error


async def _async_scan(
    coordinator: OveitCoordinator, question: Question, request: Request
) -> Decision:
    """Look a ticket up, in its turn."""

    async def _decide(deadline: float) -> Decision:
        return await coordinator.desk.scan(replace(request, deadline=deadline))

    return await async_ask(
        coordinator, question.context, request, _decide, turns=coordinator.look_ups
    )


async def _async_candidates(
    question: Question, coordinators: list[OveitCoordinator]
) -> list[tuple[OveitCoordinator, str]]:
    """Return the codes that may be meant: one that is listed, else those to ask Oveit about."""
    codes = [
        each
        for each in readings(question.values["code"], question.language)
        if each.isprintable() and len(each) <= MAX_CODE_LENGTH
    ]
    if not codes:
        raise QueryError("no_code")
    listed = [
        (coordinator, ticket.code)
        for coordinator in coordinators
        for each in codes
        for ticket in await coordinator.ledger.find(each)
    ]
    if len({ticket_code for _, ticket_code in listed}) > 1:
        raise QueryError("several_codes")
    return listed[:1] or [
        (coordinator, each) for each in codes[:MOST_ASKED] for coordinator in coordinators
    ]


def _request(question: Question, code: str, event_ids: frozenset[int] = frozenset()) -> Request:
    """Return the request for a ticket; the scan id is of one context and this ticket."""
    scan_id = None
    if question.context:
        digest = sha256(f"{question.context.id}/{code}".encode()).hexdigest()
        scan_id = f"assist-{digest[:24]}"
    return Request(ticket_code=code, gate=VOICE_GATE, scan_id=scan_id, event_ids=event_ids)
