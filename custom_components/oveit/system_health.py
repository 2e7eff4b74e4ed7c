"""System health: whether Oveit can be reached, and the counts of all accounts."""

from typing import Any

from homeassistant.components import system_health
from homeassistant.core import HomeAssistant, callback

from .const import CONF_API_URL, DEFAULT_API_URL, DOMAIN
from .coordinator import OveitConfigEntry


@callback
def async_register(hass: HomeAssistant, register: system_health.SystemHealthRegistration) -> None:
    """Register the system health information."""
    register.async_register_info(_async_describe)


async def _async_describe(hass: HomeAssistant) -> dict[str, Any]:
    """Return the information about all accounts together."""
    entries: list[OveitConfigEntry] = hass.config_entries.async_loaded_entries(DOMAIN)
    states = [state for entry in entries for state in entry.runtime_data.data.values()]
    url = entries[0].data[CONF_API_URL] if entries else DEFAULT_API_URL
    return {
        "can_reach_server": system_health.async_check_can_reach_url(hass, url),
        "accounts": len(entries),
        "events": len(states),
        "waiting": sum(state.attendance.waiting for state in states),
        "conflicts": sum(state.attendance.conflicts for state in states),
    }
