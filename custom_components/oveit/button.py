"""Button of an event that refreshes everything."""

from typing import override

from homeassistant.components.button import ButtonEntity, ButtonEntityDescription
from homeassistant.const import EntityCategory
from homeassistant.core import HomeAssistant
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .coordinator import OveitConfigEntry
from .entity import OveitEventEntity, async_add_event_entities
from .permissions import Who, async_authorize

PARALLEL_UPDATES = 0

SYNC = ButtonEntityDescription(key="sync", entity_category=EntityCategory.DIAGNOSTIC)


async def async_setup_entry(
    hass: HomeAssistant,
    entry: OveitConfigEntry,
    async_add_entities: AddConfigEntryEntitiesCallback,
) -> None:
    """Add the button of each event."""
    async_add_event_entities(entry, async_add_entities, lambda _: [(OveitSync, SYNC)])


class OveitSync(OveitEventEntity, ButtonEntity):
    """Refreshes the events and ticket lists, and uploads pending check-ins."""

    @override
    async def async_press(self) -> None:
        """Refresh now, for whom `oveit.sync` is."""
        await async_authorize(self.hass, self._context, Who.ADMINISTRATOR, self.coordinator)
        await self.coordinator.async_sync()
