"""Options flow: the events to follow, voice and the webhook."""

from collections.abc import Iterable
from typing import Any

from homeassistant.components.webhook import async_generate_id
from homeassistant.config_entries import ConfigEntryState, ConfigFlowResult, OptionsFlow
from homeassistant.const import CONF_WEBHOOK_ID
from homeassistant.helpers.selector import (
    BooleanSelector,
    SelectOptionDict,
    SelectSelector,
    SelectSelectorConfig,
    SelectSelectorMode,
)
import voluptuous as vol

from .account import async_find_twins
from .const import (
    CONF_ALLOW_VOICE,
    CONF_ALLOW_VOICE_OVERRIDE,
    CONF_API_URL,
    CONF_EVENTS,
    CONF_FOLLOW_NEW,
    CONF_IGNORED_EVENTS,
    CONF_WEBHOOK,
)
from .coordinator import OveitConfigEntry
from .core.models import Event
from .webhook import WebhookAccess, async_webhook_url

OPTION_FIELDS: dict[vol.Marker, Any] = {
    vol.Required(CONF_ALLOW_VOICE, default=False): BooleanSelector(),
    vol.Required(CONF_ALLOW_VOICE_OVERRIDE, default=False): BooleanSelector(),
    vol.Required(CONF_WEBHOOK, default=WebhookAccess.OFF.value): SelectSelector(
        SelectSelectorConfig(
            options=[access.value for access in WebhookAccess],
            translation_key=CONF_WEBHOOK,
            mode=SelectSelectorMode.LIST,
        )
    ),
}


class OveitOptionsFlow(OptionsFlow):
    """Changes the followed events, and the options of voice and the webhook."""

    def __init__(self) -> None:
        """Generate an id for a webhook that was off."""
        self._new_webhook_id = async_generate_id()

    async def async_step_init(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Show and save all options."""
        entry: OveitConfigEntry = self.config_entry
        if entry.state is not ConfigEntryState.LOADED:
            return self.async_abort(reason="not_loaded")
        coordinator = entry.runtime_data
        events = [
            event
            for event in coordinator.ticket_sync.events.values()
            if event.active or coordinator.follows(event.id)
        ]
        webhook_id: str = entry.options.get(CONF_WEBHOOK_ID) or self._new_webhook_id
        if user_input is not None:
            known = {*coordinator.ticket_sync.events, *entry.options.get(CONF_IGNORED_EVENTS, ())}
            chosen = read_events(user_input, known)
            added = [key for key in chosen[CONF_EVENTS] if not coordinator.follows(key)]
            if async_find_twins(self.hass, entry.data[CONF_API_URL], added, entry.entry_id):
                return self.async_abort(reason="already_configured")
            return self.async_create_entry(
                data=dict(entry.options) | chosen | _read_options(user_input, webhook_id)
            )
        shown = dict(entry.options) | {
            CONF_EVENTS: [str(event.id) for event in events if coordinator.follows(event.id)]
        }
        return self.async_show_form(
            step_id="init",
            data_schema=self.add_suggested_values_to_schema(
                events_schema(events).extend(OPTION_FIELDS), shown
            ),
            description_placeholders={"webhook_url": async_webhook_url(self.hass, webhook_id)},
        )


def events_schema(events: Iterable[Event]) -> vol.Schema:
    """Return a form to choose events by name and date."""
    options = [SelectOptionDict(value=str(event.id), label=_label(event)) for event in events]
    return vol.Schema(
        {
            vol.Optional(CONF_EVENTS, default=list): SelectSelector(
                SelectSelectorConfig(options=options, multiple=True, mode=SelectSelectorMode.LIST)
            ),
            vol.Required(CONF_FOLLOW_NEW, default=True): BooleanSelector(),
        }
    )


def read_events(user_input: dict[str, Any], known: set[int]) -> dict[str, Any]:
    """Return the options for a choice of events; known events not chosen are ignored."""
    chosen = [int(event_id) for event_id in user_input[CONF_EVENTS]]
    return {
        CONF_EVENTS: chosen,
        CONF_FOLLOW_NEW: user_input[CONF_FOLLOW_NEW],
        CONF_IGNORED_EVENTS: sorted(known.difference(chosen)),
    }


def _read_options(user_input: dict[str, Any], webhook_id: str) -> dict[str, Any]:
    """Return the other options; a webhook that is off loses its id."""
    access = user_input[CONF_WEBHOOK]
    return {
        CONF_ALLOW_VOICE: user_input[CONF_ALLOW_VOICE],
        CONF_ALLOW_VOICE_OVERRIDE: user_input[CONF_ALLOW_VOICE_OVERRIDE],
        CONF_WEBHOOK: access,
        CONF_WEBHOOK_ID: None if access == WebhookAccess.OFF else webhook_id,
    }


def _label(event: Event) -> str:
    """Return an event's name, with its date where it has one."""
    return f"{event.name} ({event.starts_at:%Y-%m-%d})" if event.starts_at else event.name
