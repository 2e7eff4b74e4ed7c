"""What several tests do."""

from typing import Any

from freezegun.api import FrozenDateTimeFactory
from homeassistant.config_entries import SOURCE_REAUTH, ConfigFlowResult
from homeassistant.core import HomeAssistant
from homeassistant.util import dt as dt_util
from pytest_homeassistant_custom_component.common import MockConfigEntry, async_fire_time_changed

from custom_components.oveit.const import DOMAIN
from custom_components.oveit.core.polling import LEAST_LIST_INTERVAL
from custom_components.oveit.ledger import ledger_path
from tests.core.unknowns import query


async def act(hass: HomeAssistant, action: str, /, **fields: Any) -> dict[str, Any]:
    """Run an action and return its response."""
    response = await hass.services.async_call(
        DOMAIN, action, fields, blocking=True, return_response=True
    )
    await hass.async_block_till_done(wait_background_tasks=True)
    assert response is not None
    return response


async def set_up(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    """Set an entry up, which may fail."""
    await hass.config_entries.async_setup(entry.entry_id)
    await hass.async_block_till_done(wait_background_tasks=True)


async def set_options(
    hass: HomeAssistant, entry: MockConfigEntry, step: str, **fields: Any
) -> ConfigFlowResult:
    """Change options as the organizer does; with no fields, return the form."""
    flow = hass.config_entries.options
    menu = await flow.async_init(entry.entry_id)
    result = await flow.async_configure(menu["flow_id"], {"next_step_id": step})
    if fields:
        result = await flow.async_configure(menu["flow_id"], fields)
        await hass.async_block_till_done(wait_background_tasks=True)
    return result


async def poll(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    """Refresh as a timer would two minutes after the last download."""
    latest = (dt_util.utcnow() - LEAST_LIST_INTERVAL).timestamp()
    statement = "UPDATE lists SET fetched_at = min(fetched_at, ?)"
    await hass.async_add_executor_job(query, ledger_path(hass, entry), statement, latest)
    await entry.runtime_data.async_refresh()
    await hass.async_block_till_done(wait_background_tasks=True)


def value(hass: HomeAssistant, entity_id: str) -> str:
    """Return an entity's state."""
    state = hass.states.get(entity_id)
    assert state is not None, f"There is no {entity_id}"
    return state.state


async def wait(hass: HomeAssistant, clock: FrozenDateTimeFactory, seconds: float) -> None:
    """Let time pass, and what is due happen."""
    clock.tick(seconds)
    async_fire_time_changed(hass)
    await hass.async_block_till_done(wait_background_tasks=True)


def reauths(hass: HomeAssistant, entry: MockConfigEntry) -> int:
    """Count the requests to sign in again."""
    return len([*entry.async_get_active_flows(hass, {SOURCE_REAUTH})])
