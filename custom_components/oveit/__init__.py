"""Check in people with Oveit tickets."""

from functools import partial

from homeassistant.config_entries import (
    SIGNAL_CONFIG_ENTRY_CHANGED,
    ConfigEntry,
    ConfigEntryChange,
    ConfigEntryState,
)
from homeassistant.const import EVENT_HOMEASSISTANT_CLOSE, Platform
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers import (
    config_validation as cv,
    device_registry as dr,
)
from homeassistant.helpers.dispatcher import async_dispatcher_connect
from homeassistant.helpers.typing import ConfigType

from .assist.sentences import async_setup_sentences, async_track_entry
from .const import (
    CONF_EVENTS,
    CONF_IGNORED_EVENTS,
    DOMAIN,
    SUBENTRY_GATE,
)
from .coordinator import OveitConfigEntry, OveitCoordinator
from .frontend import async_setup_frontend
from .gate.issues import async_forget_gate
from .gate.registry import (
    async_create_gates,
    async_drop_gates,
    async_forget_readers,
    async_start_gates,
    async_stop_gates,
    async_update_gates,
)
from .ledger import async_remove_ledger
from .repairs import async_delete_issues, async_update_issues
from .services import async_setup_services
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
    entry.async_on_unload(
        hass.bus.async_listen_once(EVENT_HOMEASSISTANT_CLOSE, coordinator.async_close)
    )
    entry.runtime_data = coordinator
    async_track_entry(hass, entry)
    async_setup_webhook(hass, entry)
    _remove_unfollowed_devices(hass, entry)

    @callback
    def _async_entry_changed(_: ConfigEntryChange, changed: ConfigEntry) -> None:
        if changed.domain == DOMAIN and changed is not entry:
            async_update_issues(hass, entry)

    entry.async_on_unload(partial(async_drop_gates, hass, entry))
    async_create_gates(hass, entry)
    async_update_issues(hass, entry)
    entry.async_on_unload(
        async_dispatcher_connect(hass, SIGNAL_CONFIG_ENTRY_CHANGED, _async_entry_changed)
    )
    entry.async_on_unload(coordinator.async_add_listener(partial(async_update_issues, hass, entry)))
    await hass.config_entries.async_forward_entry_setups(entry, PLATFORMS)
    async_start_gates(hass, entry)
    entry.async_on_unload(entry.add_update_listener(_async_update))
    return True


async def async_unload_entry(hass: HomeAssistant, entry: OveitConfigEntry) -> bool:
    """Unload an account; a disabled one has no issues."""
    await async_stop_gates(hass, entry)
    is_unloaded = await hass.config_entries.async_unload_platforms(entry, PLATFORMS)
    if entry.disabled_by:
        async_delete_issues(hass, entry)
    return is_unloaded


async def async_remove_entry(hass: HomeAssistant, entry: OveitConfigEntry) -> None:
    """Delete the issues and the ledger of an account."""
    async_delete_issues(hass, entry)
    for gate in entry.get_subentries_of_type(SUBENTRY_GATE):
        async_forget_gate(hass, gate.subentry_id, for_good=True)
    async_forget_readers(hass)
    await async_remove_ledger(hass, entry)


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


async def _async_update(hass: HomeAssistant, entry: OveitConfigEntry) -> None:
    """Apply what has changed: options and gates at once, credentials by a reload."""
    if entry.state is not ConfigEntryState.LOADED:
        return
    coordinator = entry.runtime_data
    if entry.data != coordinator.data_at_start:
        hass.config_entries.async_schedule_reload(entry.entry_id)
        return
    follows_others = coordinator.async_follow()
    if follows_others:
        _remove_unfollowed_devices(hass, entry)
    await async_update_gates(hass, entry)
    if follows_others:
        await coordinator.async_publish()
        await coordinator.async_request_refresh()


def _remove_unfollowed_devices(hass: HomeAssistant, entry: OveitConfigEntry) -> None:
    """Remove the devices of unfollowed events and of removed gates."""
    kept = (*entry.runtime_data.data, *entry.subentries)
    followed = {(DOMAIN, f"{entry.entry_id}_{key}") for key in kept}
    registry = dr.async_get(hass)
    for device in dr.async_entries_for_config_entry(registry, entry.entry_id):
        if not device.identifiers & followed:
            registry.async_remove_device(device.id)
