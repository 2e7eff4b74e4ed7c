"""Base classes of the entities of an event and of a gate."""

from collections.abc import Callable, Iterable
from typing import override

from homeassistant.core import callback
from homeassistant.helpers import entity_registry as er
from homeassistant.helpers.device_registry import DeviceEntryType, DeviceInfo
from homeassistant.helpers.entity import Entity, EntityDescription
from homeassistant.helpers.entity_platform import (
    AddConfigEntryEntitiesCallback,
    async_get_current_platform,
)
from homeassistant.helpers.update_coordinator import CoordinatorEntity

from .const import DOMAIN
from .coordinator import EventState, OveitConfigEntry, OveitCoordinator
from .core.gate import Gate
from .core.gate_settings import GateSettings
from .gate.registry import GateDevice, async_get_gates

# What is kept out of the recorder, which would keep it for ever: it is of a single guest.
OF_A_GUEST = frozenset({"addon", "addon_left", "at", "code_end", "gate", "ticket_type"})


class OveitEventEntity(CoordinatorEntity[OveitCoordinator]):
    """An entity of one followed event."""

    _attr_has_entity_name = True

    def __init__(
        self, coordinator: OveitCoordinator, event_id: int, description: EntityDescription
    ) -> None:
        """Set the unique id and the device of the event."""
        super().__init__(coordinator)
        self.entity_description = description
        self._attr_translation_key = description.translation_key or description.key
        self._event_id = event_id
        device = f"{coordinator.config_entry.entry_id}_{event_id}"
        self._attr_unique_id = f"{device}_{description.key}"
        self._attr_device_info = DeviceInfo(
            entry_type=DeviceEntryType.SERVICE,
            identifiers={(DOMAIN, device)},
            manufacturer="Oveit",
            model="Event",
            name=self.state_of_event.event.name,
        )

    @property
    def state_of_event(self) -> EventState:
        """Return the state of the event."""
        return self.coordinator.data[self._event_id]

    @property
    @override
    def available(self) -> bool:
        """Return whether the event is still one of the account's active events."""
        return (
            super().available
            and self._event_id in self.coordinator.data
            and self.state_of_event.event.active
        )


@callback
def async_add_event_entities(
    entry: OveitConfigEntry,
    async_add_entities: AddConfigEntryEntitiesCallback,
    kinds: Callable[[EventState], Iterable[tuple[type[OveitEventEntity], EntityDescription]]],
) -> None:
    """Add the entities of each followed event, including those that appear later."""
    coordinator = entry.runtime_data
    known: dict[int, set[str | None]] = {}

    @callback
    def _async_add_new() -> None:
        for left in [event_id for event_id in known if not coordinator.follows(event_id)]:
            del known[left]
        entities = []
        for event_id, state in coordinator.data.items():
            if not coordinator.follows(event_id):
                continue
            of_event = known.setdefault(event_id, set())
            built = [kind(coordinator, event_id, each) for kind, each in kinds(state)]
            entities += [entity for entity in built if entity.unique_id not in of_event]
            of_event.update(entity.unique_id for entity in built)
        if entities:
            async_add_entities(entities)

    _async_add_new()
    entry.async_on_unload(coordinator.async_add_listener(_async_add_new))


class OveitGateEntity(Entity):
    """An entity of one gate."""

    _attr_has_entity_name = True
    _attr_should_poll = False

    def __init__(self, device: GateDevice, description: EntityDescription) -> None:
        """Tie the entity to the device of its gate."""
        self.device = device
        self.coordinator = device.coordinator
        self.gate = device.gate
        self.entity_description = description
        self._attr_translation_key = description.translation_key or description.key
        entry_id = device.coordinator.config_entry.entry_id
        self._attr_unique_id = f"{entry_id}_{device.id}_{description.key}"
        self._attr_device_info = DeviceInfo(
            identifiers={(DOMAIN, f"{entry_id}_{device.id}")},
            manufacturer="Oveit",
            model="Gate",
            name=device.gate.settings.name,
        )


@callback
def async_add_gate_entities(
    entry: OveitConfigEntry,
    async_add_entities: AddConfigEntryEntitiesCallback,
    kinds: Callable[[Gate], Iterable[tuple[type[OveitGateEntity], EntityDescription]]],
) -> None:
    """Add the entities of each gate, now and when it is added or its direction changes.

    Those that its direction no longer has are removed.
    """
    hass = entry.runtime_data.hass
    registry = er.async_get(hass)
    domain = async_get_current_platform().domain
    settled: dict[str, GateSettings] = {}
    known: dict[str, set[str | None]] = {}

    @callback
    def _async_add_new() -> None:
        for device in async_get_gates(hass, entry):
            if settled.get(device.id) is device.gate.settings:
                continue
            settled[device.id] = device.gate.settings
            entities = [kind(device, description) for kind, description in kinds(device.gate)]
            built = {entity.unique_id for entity in entities}
            for each in er.async_entries_for_config_entry(registry, entry.entry_id):
                is_of_gate = each.config_subentry_id == device.id and each.domain == domain
                if is_of_gate and each.unique_id not in built:
                    registry.async_remove(each.entity_id)
            of_gate = known.get(device.id, set())
            known[device.id] = built
            new = [entity for entity in entities if entity.unique_id not in of_gate]
            if new:
                async_add_entities(new, config_subentry_id=device.id)

    _async_add_new()
    entry.async_on_unload(entry.runtime_data.async_add_listener(_async_add_new))
