"""Deletes the ledger of an account that is removed."""

from pathlib import Path

from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers.json import save_json
from homeassistant.helpers.storage import STORAGE_DIR

from .account import ledger_path
from .const import LOGGER
from .coordinator import OveitConfigEntry
from .core.exceptions import LedgerError
from .core.ledger import delete_ledger, find_ledgers, read_waiting
from .core.models import Row
from .issues import async_create_issue
from .responses import respond_row


async def async_remove_ledger(hass: HomeAssistant, entry: OveitConfigEntry) -> None:
    """Delete the ledgers of an account; only what cannot be read is kept."""
    path = ledger_path(hass, entry)
    waiting: list[Row] = []
    read: list[Path] = []
    for ledger in await hass.async_add_executor_job(find_ledgers, path):
        try:
            waiting += await hass.async_add_executor_job(read_waiting, ledger)
            read.append(ledger)
        except LedgerError as err:
            LOGGER.warning("A ledger is kept: %s", err)
    try:
        if waiting:
            await _async_export(hass, entry, path.with_suffix(".waiting.json"), waiting)
        for ledger in read:
            await hass.async_add_executor_job(delete_ledger, ledger)
    except (HomeAssistantError, OSError) as err:
        LOGGER.warning("A ledger is kept: %s", type(err).__name__)
    if kept := await hass.async_add_executor_job(find_ledgers, path):
        listed = "\n".join(f"- `{STORAGE_DIR}/{ledger.name}`" for ledger in kept)
        async_create_issue(
            hass,
            translation_key="ledger_kept",
            about=entry.entry_id,
            translation_placeholders={"title": entry.title, "list": listed},
        )


async def _async_export(
    hass: HomeAssistant, entry: OveitConfigEntry, export: Path, waiting: list[Row]
) -> None:
    """Write rows into a file, and raise an issue that names it (C6)."""
    rows = [respond_row(row) for row in waiting]
    await hass.async_add_executor_job(save_json, str(export), rows, True)
    async_create_issue(
        hass,
        translation_key="waiting_exported",
        about=entry.entry_id,
        translation_placeholders={
            "title": entry.title,
            "count": str(len(rows)),
            "file": f"{STORAGE_DIR}/{export.name}",
        },
    )
