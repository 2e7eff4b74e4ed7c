"""Check in people with Oveit tickets."""

from pathlib import Path

from homeassistant.config_entries import (
    SIGNAL_CONFIG_ENTRY_CHANGED,
    ConfigEntry,
    ConfigEntryChange,
    ConfigEntryState,
)
from homeassistant.const import EVENT_HOMEASSISTANT_CLOSE, Platform
from homeassistant.core import Event, HomeAssistant, callback
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers import (
    config_validation as cv,
    device_registry as dr,
    issue_registry as ir,
)
from homeassistant.helpers.dispatcher import async_dispatcher_connect
from homeassistant.helpers.json import save_json
from homeassistant.helpers.storage import STORAGE_DIR
from homeassistant.helpers.typing import ConfigType

from .account import ledger_path
from .assist.sentences import async_setup_sentences, async_track_entry
from .const import (
    CONF_EVENTS,
    CONF_IGNORED_EVENTS,
    DOMAIN,
    ISSUE_LEDGER_KEPT,
    ISSUE_WAITING_EXPORTED,
    LOGGER,
    SUBENTRY_GATE,
)
from .coordinator import OveitConfigEntry, OveitCoordinator
from .core.exceptions import LedgerError
from .core.ledger import delete_ledger, find_ledgers, read_waiting
from .core.models import Row
from .frontend import async_setup_frontend
from .gate_repairs import async_watch_gates
from .gate_watch import async_forget_gate
from .gates import (
    async_create_gates,
    async_forget_readers,
    async_start_gates,
    async_stop_gates,
)
from .repairs import async_delete_issues, async_update_issues
from .services import async_setup_services, respond_row
from .webhook import async_setup_webhook

PLATFORMS = [
    Platform.BINARY_SENSOR,
    Platform.BUTTON,
    Platform.EVENT,
    Platform.NUMBER,
    Platform.SELECT,
    Platform.SENSOR,
    Platform.SWITCH,
]

CONFIG_SCHEMA = cv.config_entry_only_config_schema(DOMAIN)


async def async_setup(hass: HomeAssistant, config: ConfigType) -> bool:
    """Set up the actions, the sentences of Assist and the frontend."""
    async_setup_services(hass)
    async_setup_sentences(hass)
    await async_setup_frontend(hass)
    return True


async def async_setup_entry(hass: HomeAssistant, entry: OveitConfigEntry) -> bool:
    """Set up an account."""
    coordinator = OveitCoordinator(hass, entry)
    entry.async_on_unload(coordinator.async_close)
    await coordinator.async_config_entry_first_refresh()

    async def _async_close(_: Event) -> None:
        await coordinator.async_close()

    entry.async_on_unload(hass.bus.async_listen_once(EVENT_HOMEASSISTANT_CLOSE, _async_close))
    entry.runtime_data = coordinator
    async_track_entry(hass, entry)
    async_setup_webhook(hass, entry)
    _remove_unfollowed_devices(hass, entry)

    @callback
    def _async_update_issues() -> None:
        async_update_issues(hass, entry)

    @callback
    def _async_entry_changed(_: ConfigEntryChange, changed: ConfigEntry) -> None:
        if changed.domain == DOMAIN and changed is not entry:
            async_update_issues(hass, entry)

    _async_update_issues()
    entry.async_on_unload(
        async_dispatcher_connect(hass, SIGNAL_CONFIG_ENTRY_CHANGED, _async_entry_changed)
    )
    entry.async_on_unload(coordinator.async_add_listener(_async_update_issues))
    async_create_gates(hass, entry)
    await hass.config_entries.async_forward_entry_setups(entry, PLATFORMS)
    async_start_gates(hass, entry)
    async_watch_gates(hass, entry)
    entry.async_on_unload(entry.add_update_listener(_async_reload))
    return True


async def async_unload_entry(hass: HomeAssistant, entry: OveitConfigEntry) -> bool:
    """Unload an account; a disabled one has no issues."""
    await async_stop_gates(hass, entry)
    if entry.disabled_by:
        async_delete_issues(hass, entry)
    return await hass.config_entries.async_unload_platforms(entry, PLATFORMS)


async def async_remove_entry(hass: HomeAssistant, entry: OveitConfigEntry) -> None:
    """Delete the issues and the ledger of an account."""
    async_delete_issues(hass, entry)
    for gate in entry.get_subentries_of_type(SUBENTRY_GATE):
        async_forget_gate(hass, gate.subentry_id, for_good=True)
    async_forget_readers(hass)
    await _async_remove_ledger(hass, entry)


async def _async_remove_ledger(hass: HomeAssistant, entry: OveitConfigEntry) -> None:
    """Delete the ledgers of an account, but those that cannot be read."""
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
        _report_file(hass, entry, ISSUE_LEDGER_KEPT, title=entry.title, list=listed)


async def _async_export(
    hass: HomeAssistant, entry: OveitConfigEntry, export: Path, waiting: list[Row]
) -> None:
    """Export pending rows to a file, and raise an issue that names it (C6)."""
    rows = [respond_row(row) for row in waiting]
    await hass.async_add_executor_job(save_json, str(export), rows, True)
    file = f"{STORAGE_DIR}/{export.name}"
    _report_file(
        hass, entry, ISSUE_WAITING_EXPORTED, title=entry.title, count=str(len(rows)), file=file
    )


@callback
def _report_file(
    hass: HomeAssistant, entry: OveitConfigEntry, key: str, **placeholders: str
) -> None:
    """Raise a persistent issue about a file that is left."""
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


async def async_remove_config_entry_device(
    hass: HomeAssistant, entry: OveitConfigEntry, device: dr.DeviceEntry
) -> bool:
    """Allow removing the device of an ended event; a gate is removed with its subentry."""
    if entry.state is not ConfigEntryState.LOADED or device.config_subentry_id:
        return False
    for event_id, state in entry.runtime_data.data.items():
        if (DOMAIN, f"{entry.entry_id}_{event_id}") in device.identifiers:
            if state.event.active:
                return False
            _unfollow(hass, entry, event_id)
    return True


def _unfollow(hass: HomeAssistant, entry: OveitConfigEntry, event_id: int) -> None:
    """Stop following an event, so that its device is not created again."""
    followed = [each for each in entry.options.get(CONF_EVENTS, ()) if int(each) != event_id]
    ignored = {*entry.options.get(CONF_IGNORED_EVENTS, ()), event_id}
    options = {CONF_EVENTS: followed, CONF_IGNORED_EVENTS: sorted(ignored)}
    hass.config_entries.async_update_entry(entry, options={**entry.options, **options})


async def _async_reload(hass: HomeAssistant, entry: OveitConfigEntry) -> None:
    """Reload an entry whose options, credentials or gates have changed."""
    hass.config_entries.async_schedule_reload(entry.entry_id)


def _remove_unfollowed_devices(hass: HomeAssistant, entry: OveitConfigEntry) -> None:
    """Remove the devices of unfollowed events and of removed gates."""
    kept = (*entry.runtime_data.data, *entry.subentries)
    followed = {(DOMAIN, f"{entry.entry_id}_{key}") for key in kept}
    registry = dr.async_get(hass)
    for device in dr.async_entries_for_config_entry(registry, entry.entry_id):
        if not device.identifiers & followed:
            registry.async_remove_device(device.id)
