"""What the tests of voice and of language models share."""

from homeassistant.core import Context, HomeAssistant
from homeassistant.setup import async_setup_component
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.oveit.const import CONF_ALLOW_VOICE, CONF_ALLOW_VOICE_OVERRIDE
from tests.gates import open_gate, set_mode

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


async def allow_override(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    """Let administrators overrule a refusal by words."""
    options = entry.options | {CONF_ALLOW_VOICE_OVERRIDE: True}
    hass.config_entries.async_update_entry(entry, options=options)
    await hass.async_block_till_done(wait_background_tasks=True)


async def add_gate(hass: HomeAssistant, entry: MockConfigEntry, mode: str = "closed") -> str:
    """Add the north gate, and return the entity of its mode."""
    await open_gate(hass, entry)
    await set_mode(hass, mode)
    await hass.async_block_till_done(wait_background_tasks=True)
    return GATE


async def ask(
    hass: HomeAssistant, text: str, language: str = "en", context: Context | None = None
) -> dict:
    """Say something to the conversation agent, and return its response."""
    from homeassistant.components.conversation import async_converse

    result = await async_converse(hass, text, None, context or Context(), language)
    await hass.async_block_till_done(wait_background_tasks=True)
    return result.response.as_dict()


async def told(
    hass: HomeAssistant, text: str, language: str = "en", context: Context | None = None
) -> str:
    """Say something, and return what is said back."""
    response = await ask(hass, text, language, context)
    return response["speech"]["plain"]["speech"]
