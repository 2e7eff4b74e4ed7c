"""Whether Oveit answers."""

from typing import override

from homeassistant.components.binary_sensor import (
    BinarySensorDeviceClass,
    BinarySensorEntity,
    BinarySensorEntityDescription,
)
from homeassistant.const import EntityCategory
from homeassistant.core import HomeAssistant
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .coordinator import OveitConfigEntry
from .entity import OveitEventEntity, async_add_event_entities

PARALLEL_UPDATES = 0

CONNECTED = BinarySensorEntityDescription(
    key="connected",
    translation_key="connected",
    device_class=BinarySensorDeviceClass.CONNECTIVITY,
    entity_category=EntityCategory.DIAGNOSTIC,
)


async def async_setup_entry(
    hass: HomeAssistant,
    entry: OveitConfigEntry,
    async_add_entities: AddConfigEntryEntitiesCallback,
) -> None:
    """Add the connection of each event."""
    coordinator = entry.runtime_data
    async_add_event_entities(
        entry,
        async_add_entities,
        lambda state: [OveitConnected(coordinator, state.event.id, CONNECTED)],
    )


class OveitConnected(OveitEventEntity, BinarySensorEntity):
    """On while Oveit answers."""

    @property
    @override
    def is_on(self) -> bool:
        """Return whether the last refresh succeeded."""
        return self.coordinator.connected
