"""Backups of Home Assistant hold a consistent ledger, and doors keep working meanwhile."""

from homeassistant.core import HomeAssistant

from .const import DOMAIN
from .coordinator import OveitConfigEntry


async def async_pre_backup(hass: HomeAssistant) -> None:
    """Keep every ledger's file as it is; what happens from now on goes to its log."""
    for entry in _entries(hass):
        await entry.runtime_data.ledger.hold()


async def async_post_backup(hass: HomeAssistant) -> None:
    """Let every ledger go on as before."""
    for entry in _entries(hass):
        await entry.runtime_data.ledger.release()


def _entries(hass: HomeAssistant) -> list[OveitConfigEntry]:
    """Return the accounts that are set up."""
    return hass.config_entries.async_loaded_entries(DOMAIN)
