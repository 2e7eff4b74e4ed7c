"""Who may do what: an automation everything, a user by a role and by what it may control."""

from enum import StrEnum

from homeassistant.auth.models import User
from homeassistant.auth.permissions.const import POLICY_CONTROL
from homeassistant.components.event import DOMAIN as EVENT_DOMAIN
from homeassistant.core import Context, HomeAssistant, callback
from homeassistant.exceptions import Unauthorized, UnknownUser
from homeassistant.helpers import entity_registry as er

from .const import CONF_STEWARDS, DOMAIN
from .coordinator import OveitCoordinator


class Who(StrEnum):
    """Who may do something; each may do what those before it may.

    `door` may control the event entity of the gate, or without a gate those of the account's
    events. Stewards are chosen in an account's options.
    """

    DOOR = "door"
    STEWARD = "steward"
    ADMINISTRATOR = "administrator"


async def async_get_user(hass: HomeAssistant, context: Context | None) -> User | None:
    """Return the user who does something, None where an automation does.

    Raises Unauthorized for one who does not exist, or not any more.
    """
    if context is None or context.user_id is None:
        return None
    user = await hass.auth.async_get_user(context.user_id)
    if user is None:
        raise UnknownUser(context=context)
    if not user.is_active:
        raise Unauthorized(context=context)
    return user


@callback
def async_may(
    user: User | None, who: Who, coordinator: OveitCoordinator, gate_id: str | None = None
) -> bool:
    """Tell whether a user may do something, at a gate or anywhere in an account."""
    if user is None or user.is_admin:
        return True
    if who is Who.ADMINISTRATOR or not _may_control(user, coordinator, gate_id):
        return False
    return who is Who.DOOR or async_is_steward(user, coordinator)


@callback
def async_is_steward(user: User | None, coordinator: OveitCoordinator) -> bool:
    """Tell whether a user is a steward of an account, or an administrator."""
    if user is None:
        return False
    return user.is_admin or user.id in coordinator.config_entry.options.get(CONF_STEWARDS, ())


async def async_authorize(
    hass: HomeAssistant,
    context: Context | None,
    who: Who,
    coordinator: OveitCoordinator,
    gate_id: str | None = None,
) -> User | None:
    """Return the user who may do something; raise Unauthorized for one who may not."""
    user = await async_get_user(hass, context)
    if not async_may(user, who, coordinator, gate_id):
        raise Unauthorized(context=context)
    return user


def _may_control(user: User, coordinator: OveitCoordinator, gate_id: str | None) -> bool:
    """Tell whether a user may control what stands for a gate, or for an account's events."""
    if user.permissions.access_all_entities(POLICY_CONTROL):
        return True
    registry, entry_id = er.async_get(coordinator.hass), coordinator.config_entry.entry_id
    keys = [f"{key}_check_in" for key in coordinator.active_events]
    entities = [
        registry.async_get_entity_id(EVENT_DOMAIN, DOMAIN, f"{entry_id}_{key}")
        for key in ([f"{gate_id}_gate"] if gate_id else keys)
    ]
    return bool(entities) and all(
        each is not None and user.permissions.check_entity(each, POLICY_CONTROL)
        for each in entities
    )
