"""Number entity: the capacity of an event."""

from typing import override

from homeassistant.components.number import NumberEntityDescription, NumberMode, RestoreNumber
from homeassistant.const import EntityCategory
from homeassistant.core import HomeAssistant
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .coordinator import OveitConfigEntry
from .entity import OveitEventEntity, async_add_event_entities

PARALLEL_UPDATES = 0

CAPACITY = NumberEntityDescription(
    key="capacity",
    entity_category=EntityCategory.CONFIG,
    mode=NumberMode.BOX,
    native_min_value=0,
    native_max_value=1_000_000,
    native_step=1,
)


async def async_setup_entry(
    hass: HomeAssistant,
    entry: OveitConfigEntry,
    async_add_entities: AddConfigEntryEntitiesCallback,
) -> None:
    """Add the capacity of each event."""
    async_add_event_entities(entry, async_add_entities, lambda _: [(OveitCapacity, CAPACITY)])


class OveitCapacity(OveitEventEntity, RestoreNumber):
    """The greatest number of people inside, as a person sets it."""

    @override
    async def async_added_to_hass(self) -> None:
        """Restore the capacity that was set last."""
        await super().async_added_to_hass()
        last = await self.async_get_last_number_data()
        if last and last.native_value is not None:
            await self.async_set_native_value(last.native_value)

    @property
    @override
    def native_value(self) -> int | None:
        """Return the capacity."""
        return self.coordinator.capacities.get(self._event_id)

    @override
    async def async_set_native_value(self, value: float) -> None:
        """Set the capacity."""
        self.coordinator.capacities[self._event_id] = int(value)
        self.coordinator.async_update_listeners()
