"""Diagnostics of an account, field by field and without personal data."""

from dataclasses import asdict
from typing import Any

from homeassistant.const import CONF_TOKEN
from homeassistant.core import HomeAssistant

from .const import CONF_API_URL, CONF_EVENTS, CONF_FOLLOW_NEW
from .coordinator import EventState, OveitConfigEntry
from .core.models import Row
from .gate.registry import async_get_gates

MOST_ROWS = 100
OF_ROW = (
    *("seq", "event_id", "addon_id", "direction", "at"),
    *("asked_at", "state", "reason", "admitted", "attempts"),
)
COUNTS = ("tickets", "checked_in", "arrivals", "waiting", "conflicts")


async def async_get_config_entry_diagnostics(
    hass: HomeAssistant, entry: OveitConfigEntry
) -> dict[str, Any]:
    """Return the diagnostics of an entry."""
    coordinator = entry.runtime_data
    account = coordinator.client.account
    return {
        "account": {
            "api_url": entry.data[CONF_API_URL],
            "kind": "token" if entry.data.get(CONF_TOKEN) else "login",
            "permissions": sorted(account.permissions or ()) if account else None,
        },
        "options": {
            CONF_EVENTS: entry.options.get(CONF_EVENTS),
            CONF_FOLLOW_NEW: entry.options.get(CONF_FOLLOW_NEW),
        },
        "connected": coordinator.connected,
        "failure": type(coordinator.failure).__name__ if coordinator.failure else None,
        "clock_skew": round(coordinator.client.skew.total_seconds(), 1),
        "ledger_set_aside": bool(coordinator.ledger_watch.set_aside),
        "waiting": [_describe_row(row) for row in (await coordinator.ledger.waiting())[:MOST_ROWS]],
        "conflict_rows": [_describe_row(row) for row in coordinator.conflicts[:MOST_ROWS]],
        "update_interval": coordinator.ticket_sync.interval.total_seconds(),
        "events": [_describe(state) for state in coordinator.data.values()],
        "gates": [
            {"mode": device.gate.mode} | device.gate.settings.describe()
            for device in async_get_gates(hass, entry)
        ],
    }


def _describe_row(row: Row) -> dict[str, Any]:
    """Return a row of the journal, without codes and names."""
    return {key: getattr(row, key) for key in OF_ROW}


def _describe(state: EventState) -> dict[str, Any]:
    """Return the counts of an event."""
    event = state.event
    return {
        "id": event.id,
        "active": event.active,
        "starts_at": event.starts_at,
        "tickets_at_oveit": event.tickets,
        "checked_in_at_oveit": event.checked_in,
        "ticket_types": [
            {"id": kind.id, "addons": [addon.id for addon in kind.addons]}
            for kind in event.ticket_types
        ],
        "ticket_list": asdict(state.ticket_list),
    } | {key: getattr(state.attendance, key) for key in COUNTS}
