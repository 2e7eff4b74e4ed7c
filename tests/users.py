"""Users of Home Assistant, of each kind that the integration tells apart."""

from homeassistant.auth.const import GROUP_ID_ADMIN, GROUP_ID_READ_ONLY, GROUP_ID_USER
from homeassistant.core import Context, HomeAssistant
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.oveit.const import CONF_STEWARDS

GROUPS = {
    "administrator": GROUP_ID_ADMIN,
    "steward": GROUP_ID_USER,
    "user": GROUP_ID_USER,
    "read_only": GROUP_ID_READ_ONLY,
    "read_only_steward": GROUP_ID_READ_ONLY,
}


async def add_users(hass: HomeAssistant, entry: MockConfigEntry) -> dict[str, Context]:
    """Return the contexts of what a user of each kind does, and an automation."""
    await hass.auth.async_create_user("owner", group_ids=[GROUP_ID_ADMIN])  # the first one is
    users = {
        kind: await hass.auth.async_create_user(kind, group_ids=[group])
        for kind, group in GROUPS.items()
    }
    stewards = [user.id for kind, user in users.items() if kind.endswith("steward")]
    options = entry.options | {CONF_STEWARDS: stewards}
    hass.config_entries.async_update_entry(entry, options=options)
    await hass.async_block_till_done(wait_background_tasks=True)
    contexts = {kind: Context(user_id=user.id) for kind, user in users.items()}
    return contexts | {"automation": Context()}
