"""Backup hooks: keep the ledgers' files consistent while gates go on."""

from homeassistant.core import HomeAssistant

from .const import DOMAIN
from .core.ledger import hold, release
from .ledger import ledger_path


async def async_pre_backup(hass: HomeAssistant) -> None:
    """Freeze the file of each ledger; writes go to its log."""
    for entry in hass.config_entries.async_loaded_entries(DOMAIN):
        await hass.async_add_executor_job(hold, ledger_path(hass, entry))


async def async_post_backup(hass: HomeAssistant) -> None:
    """Let the ledgers write to their files again, also those of accounts that stopped meanwhile."""
    for entry in hass.config_entries.async_entries(DOMAIN):
        await hass.async_add_executor_job(release, ledger_path(hass, entry))
