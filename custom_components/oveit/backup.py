"""Backup hooks: keep the ledgers' files consistent while gates go on."""

from homeassistant.core import HomeAssistant

from .const import DOMAIN


async def async_pre_backup(hass: HomeAssistant) -> None:
    """Freeze the file of each ledger; writes go to its log."""
    for entry in hass.config_entries.async_loaded_entries(DOMAIN):
        await entry.runtime_data.ledger.hold()


async def async_post_backup(hass: HomeAssistant) -> None:
    """Let the ledgers write to their files again."""
    for entry in hass.config_entries.async_loaded_entries(DOMAIN):
        await entry.runtime_data.ledger.release()
