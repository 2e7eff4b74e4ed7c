"""What becomes of a ledger whose account is removed."""

from pathlib import Path

from homeassistant.core import HomeAssistant, callback
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers import issue_registry as ir
from homeassistant.helpers.json import save_json
from homeassistant.helpers.storage import STORAGE_DIR

from .account import ledger_path
from .const import DOMAIN, ISSUE_LEDGER_KEPT, ISSUE_WAITING_EXPORTED, LOGGER
from .coordinator import OveitConfigEntry
from .core.exceptions import LedgerError
from .core.ledger import delete_ledger, find_ledgers, read_waiting
from .core.models import Row
from .services import respond_row


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
        _tell(hass, entry, ISSUE_LEDGER_KEPT, title=entry.title, list=listed)


async def _async_export(
    hass: HomeAssistant, entry: OveitConfigEntry, export: Path, waiting: list[Row]
) -> None:
    """Write rows into a file, and tell where it is (C6)."""
    rows = [respond_row(row) for row in waiting]
    await hass.async_add_executor_job(save_json, str(export), rows, True)
    file = f"{STORAGE_DIR}/{export.name}"
    _tell(hass, entry, ISSUE_WAITING_EXPORTED, title=entry.title, count=str(len(rows)), file=file)


@callback
def _tell(hass: HomeAssistant, entry: OveitConfigEntry, key: str, **placeholders: str) -> None:
    """Tell of a file that is left, also after a restart."""
    ir.async_create_issue(
        hass,
        DOMAIN,
        f"{key}_{entry.entry_id}",
        is_fixable=True,
        is_persistent=True,
        severity=ir.IssueSeverity.WARNING,
        translation_key=key,
        translation_placeholders=placeholders,
    )
