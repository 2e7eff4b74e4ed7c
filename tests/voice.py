"""What the tests of voice and of language models share."""

from homeassistant.core import Context, HomeAssistant, ServiceCall
from homeassistant.helpers import device_registry as dr, entity_registry as er
from homeassistant.setup import async_setup_component
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.oveit.const import CONF_ALLOW_VOICE, DOMAIN

LANGUAGES = ("de", "en", "es", "fr", "ja", "nl")
GATE = "select.north_gate_mode"


async def start_assist(hass: HomeAssistant) -> None:
    """Set the real conversation agent up."""
    for component in ("homeassistant", "conversation"):
        assert await async_setup_component(hass, component, {})
    await hass.async_block_till_done(wait_background_tasks=True)


async def allow_voice(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    """Turn the option on, as the organizer does."""
    hass.config_entries.async_update_entry(entry, options=entry.options | {CONF_ALLOW_VOICE: True})
    await hass.async_block_till_done(wait_background_tasks=True)


async def add_gate(
    hass: HomeAssistant, entry: MockConfigEntry, name: str = "North gate", mode: str = "closed"
) -> str:
    """Add a gate with its mode."""
    device = dr.async_get(hass).async_get_or_create(
        config_entry_id=entry.entry_id, identifiers={(DOMAIN, f"gate_{name}")}, name=name
    )
    entity = er.async_get(hass).async_get_or_create(
        "select",
        DOMAIN,
        f"gate_{name}_mode",
        config_entry=entry,
        device_id=device.id,
        translation_key="gate_mode",
        suggested_object_id=f"{name} mode",
    )
    hass.states.async_set(entity.entity_id, mode)

    async def _select(call: ServiceCall) -> None:
        hass.states.async_set(call.data["entity_id"], call.data["option"], context=call.context)

    hass.services.async_register("select", "select_option", _select)
    await hass.async_block_till_done(wait_background_tasks=True)
    return entity.entity_id


async def ask(
    hass: HomeAssistant, text: str, language: str = "en", context: Context | None = None
) -> dict:
    """Say something to the conversation agent, and return its response."""
    from homeassistant.components.conversation import async_converse

    result = await async_converse(hass, text, None, context or Context(), language)
    await hass.async_block_till_done(wait_background_tasks=True)
    return result.response.as_dict()


async def told(hass: HomeAssistant, text: str, language: str = "en") -> str:
    """Say something, and return what is said back."""
    response = await ask(hass, text, language)
    return response["speech"]["plain"]["speech"]
