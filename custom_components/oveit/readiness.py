"""Checks before the doors of an event open."""

from collections.abc import Iterable
from datetime import timedelta
from enum import StrEnum

from homeassistant.const import STATE_UNAVAILABLE
from homeassistant.core import HomeAssistant
from homeassistant.helpers import device_registry as dr, entity_registry as er
from homeassistant.util import dt as dt_util

from .const import NEEDED_PERMISSION
from .coordinator import EventState, OveitCoordinator
from .core.exceptions import OveitAuthenticationError
from .core.gate import Gate
from .core.gate_settings import Credential, GateMode
from .core.polling import IDLE_LIST_INTERVAL, is_within
from .gate.registry import async_get_gates
from .repairs import MOST_SKEW

LIST_MAY_MISS = timedelta(minutes=15)
ENOUGH_KNOWN = 95.0


class Check(StrEnum):
    """A check before the doors open."""

    CREDENTIALS = "credentials"
    CONNECTION = "connection"
    TICKET_LIST = "ticket_list"
    TAGS = "tags"
    WAITING = "waiting"
    READERS = "readers"
    CLOCK = "clock"
    REHEARSAL = "rehearsal"
    FREE_FLOW = "free_flow"
    LEDGER = "ledger"


def check_event(coordinator: OveitCoordinator, state: EventState) -> dict[Check, bool]:
    """Return whether each check is passed."""
    gates = gates_of(coordinator, state.event.id)
    return {
        Check.CREDENTIALS: _has_credentials(coordinator),
        Check.CONNECTION: coordinator.client.breaker.is_online,
        Check.TICKET_LIST: _is_list_fresh(state),
        Check.TAGS: _are_tags_known(state, gates),
        Check.WAITING: not state.attendance.waiting,
        Check.READERS: not missing_readers(coordinator.hass, gates),
        Check.CLOCK: abs(coordinator.client.skew) <= MOST_SKEW,
        Check.REHEARSAL: not any(gate.rehearsal.is_on for gate in gates),
        Check.FREE_FLOW: not any(gate.mode_now is GateMode.FREE_FLOW for gate in gates),
        Check.LEDGER: coordinator.ledger_watch.is_sound,
    }


def gates_of(coordinator: OveitCoordinator, event_id: int) -> list[Gate]:
    """Return the gates that admit guests of an event."""
    return [
        device.gate
        for device in async_get_gates(coordinator.hass, coordinator.config_entry)
        if event_id in (device.gate.settings.event_ids or (event_id,))
    ]


def missing_readers(hass: HomeAssistant, gates: Iterable[Gate]) -> list[str]:
    """Return the names of readers that are removed or have no available entity."""
    readers = {reader for gate in gates for reader in gate.settings.readers}
    return sorted(_name(hass, reader) for reader in readers if not _is_available(hass, reader))


def reader_entities(hass: HomeAssistant, gates: Iterable[Gate]) -> list[str]:
    """Return the entities of the gates' readers."""
    readers = {reader for gate in gates for reader in gate.settings.readers}
    return sorted(entity for reader in readers for entity in _entities(hass, reader))


def _has_credentials(coordinator: OveitCoordinator) -> bool:
    """Tell whether Oveit accepts the credentials and they have the permission to check in."""
    if isinstance(coordinator.failure, OveitAuthenticationError):
        return False
    account = coordinator.client.account
    return account is None or not account.lacks(NEEDED_PERMISSION)


def _is_list_fresh(state: EventState) -> bool:
    """Tell whether the ticket list is recent and not in doubt."""
    limit = IDLE_LIST_INTERVAL + LIST_MAY_MISS
    is_recent = is_within(state.ticket_list.fetched_at, dt_util.utcnow(), limit)
    return is_recent and not state.ticket_list.doubted


def _are_tags_known(state: EventState, gates: Iterable[Gate]) -> bool:
    """Tell whether nearly all tags are known for gates that read tags."""
    if all(gate.settings.credential is Credential.TICKET for gate in gates):
        return True
    share = state.coverage.share
    return share is None or share >= ENOUGH_KNOWN


def _is_available(hass: HomeAssistant, device_id: str) -> bool:
    """Tell whether a reader exists and any of its entities, if it has some, is available."""
    if dr.async_get(hass).async_get(device_id) is None:
        return False
    states = [hass.states.get(entity_id) for entity_id in _entities(hass, device_id)]
    return not states or any(state and state.state != STATE_UNAVAILABLE for state in states)


def _entities(hass: HomeAssistant, device_id: str) -> list[str]:
    """Return the entities of a reader."""
    entries = er.async_entries_for_device(er.async_get(hass), device_id)
    return [entry.entity_id for entry in entries]


def _name(hass: HomeAssistant, device_id: str) -> str:
    """Return the name of a reader, else its id."""
    device = dr.async_get(hass).async_get(device_id)
    return (device and (device.name_by_user or device.name)) or device_id
