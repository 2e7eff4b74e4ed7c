"""Whether Oveit answers, and whether an event is full."""

from collections.abc import Mapping
from typing import Any, override

from homeassistant.components.binary_sensor import (
    BinarySensorDeviceClass,
    BinarySensorEntity,
    BinarySensorEntityDescription,
)
from homeassistant.const import EntityCategory
from homeassistant.core import HomeAssistant
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .const import ATTR_CAPACITY, ATTR_INSIDE, ATTR_WARNING
from .coordinator import OveitConfigEntry
from .entity import OveitEventEntity, async_add_event_entities

PARALLEL_UPDATES = 0

CONNECTED = BinarySensorEntityDescription(
    key="connected",
    translation_key="connected",
    device_class=BinarySensorDeviceClass.CONNECTIVITY,
    entity_category=EntityCategory.DIAGNOSTIC,
)

CAPACITY_REACHED = BinarySensorEntityDescription(
    key="capacity_reached", translation_key="capacity_reached"
)
NEARLY = 0.9


async def async_setup_entry(
    hass: HomeAssistant,
    entry: OveitConfigEntry,
    async_add_entities: AddConfigEntryEntitiesCallback,
) -> None:
    """Add the connection of each event, and whether it is full."""
    coordinator = entry.runtime_data
    async_add_event_entities(
        entry,
        async_add_entities,
        lambda state: [
            OveitConnected(coordinator, state.event.id, CONNECTED),
            OveitCapacityReached(coordinator, state.event.id, CAPACITY_REACHED),
        ],
    )


class OveitConnected(OveitEventEntity, BinarySensorEntity):
    """On while Oveit answers."""

    @property
    @override
    def is_on(self) -> bool:
        """Return whether the last refresh succeeded."""
        return self.coordinator.connected


class OveitCapacityReached(OveitEventEntity, BinarySensorEntity):
    """On while as many people are inside as the event may hold; unknown without a capacity."""

    @property
    @override
    def is_on(self) -> bool | None:
        """Return whether the event is full."""
        capacity = self._capacity
        return None if capacity is None else self._inside >= capacity

    @property
    @override
    def extra_state_attributes(self) -> Mapping[str, Any]:
        """Return the numbers, and whether nine in ten places are taken."""
        capacity = self._capacity
        return {
            ATTR_CAPACITY: capacity,
            ATTR_INSIDE: self._inside,
            ATTR_WARNING: capacity is not None and self._inside >= NEARLY * capacity,
        }

    @property
    def _capacity(self) -> int | None:
        """Return how many people the event may hold."""
        return self.coordinator.capacities.get(self._event_id)

    @property
    def _inside(self) -> int:
        """Return how many people are inside."""
        return self.state_of_event.attendance.inside
