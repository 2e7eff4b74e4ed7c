"""Binary sensors of events: connection, capacity and readiness."""

from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any, override

from homeassistant.components.binary_sensor import (
    BinarySensorDeviceClass,
    BinarySensorEntity,
    BinarySensorEntityDescription,
)
from homeassistant.const import EntityCategory
from homeassistant.core import Event, EventStateChangedData, HomeAssistant, callback
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback
from homeassistant.helpers.event import async_track_state_change_event

from .coordinator import OveitConfigEntry
from .entity import OveitEventEntity, async_add_event_entities
from .readiness import check_event, gates_of, missing_readers, reader_entities

PARALLEL_UPDATES = 0

CONNECTED = BinarySensorEntityDescription(
    key="connected",
    device_class=BinarySensorDeviceClass.CONNECTIVITY,
    entity_category=EntityCategory.DIAGNOSTIC,
)
READY = BinarySensorEntityDescription(key="ready")


@dataclass(frozen=True, kw_only=True)
class OveitCapacityDescription(BinarySensorEntityDescription):
    """A binary sensor with the share of the capacity at which it turns on."""

    share: float


CAPACITY_REACHED = OveitCapacityDescription(key="capacity_reached", share=1)
NEARLY_FULL = OveitCapacityDescription(key="nearly_full", share=0.9)


async def async_setup_entry(
    hass: HomeAssistant,
    entry: OveitConfigEntry,
    async_add_entities: AddConfigEntryEntitiesCallback,
) -> None:
    """Add the binary sensors of each event."""
    kinds = (
        (OveitConnected, CONNECTED),
        (OveitCapacityTaken, CAPACITY_REACHED),
        (OveitCapacityTaken, NEARLY_FULL),
        (OveitReady, READY),
    )
    async_add_event_entities(entry, async_add_entities, lambda _: kinds)


class OveitConnected(OveitEventEntity, BinarySensorEntity):
    """On while Oveit answers."""

    @property
    @override
    def is_on(self) -> bool:
        """Return whether the last refresh succeeded."""
        return self.coordinator.connected


class OveitCapacityTaken(OveitEventEntity, BinarySensorEntity):
    """On while a share of the event's capacity is taken; unknown without a capacity."""

    entity_description: OveitCapacityDescription

    @property
    @override
    def is_on(self) -> bool | None:
        """Return whether the share is taken."""
        return None if self._capacity is None else self._is_taken(self.entity_description.share)

    @property
    @override
    def extra_state_attributes(self) -> Mapping[str, Any]:
        """Return the capacity, who is inside, and whether nine in ten places are taken."""
        return {
            "capacity": self._capacity,
            "inside": self.state_of_event.attendance.inside,
            "warning": self._is_taken(NEARLY_FULL.share),
        }

    def _is_taken(self, share: float) -> bool:
        """Tell whether a share of the capacity is taken."""
        inside = self.state_of_event.attendance.inside
        return self._capacity is not None and inside >= share * self._capacity

    @property
    def _capacity(self) -> int | None:
        """Return the capacity of the event."""
        return self.coordinator.capacities.get(self._event_id)


class OveitReady(OveitEventEntity, BinarySensorEntity):
    """On while every check before opening the doors is passed."""

    _tracked: Sequence[str] = ()

    @override
    async def async_added_to_hass(self) -> None:
        """Track the entities of the readers, too."""
        await super().async_added_to_hass()
        self._tracking = ExitStack()
        self.async_on_remove(self._tracking.close)
        self._async_track_readers()

    @callback
    @override
    def _handle_coordinator_update(self) -> None:
        """Follow gates that have other readers now."""
        self._async_track_readers()
        super()._handle_coordinator_update()

    @callback
    def _async_track_readers(self) -> None:
        """Track the entities of the readers that the event's gates have now."""
        readers = reader_entities(self.hass, gates_of(self.coordinator, self._event_id))
        if readers != self._tracked:
            self._tracked = readers
            self._tracking.close()
            self._tracking.callback(
                async_track_state_change_event(self.hass, readers, self._async_reader_changed)
            )

    @callback
    def _async_reader_changed(self, _: Event[EventStateChangedData]) -> None:
        """Write the state again."""
        self.async_write_ha_state()

    @property
    @override
    def is_on(self) -> bool:
        """Return whether every check is passed."""
        return all(check_event(self.coordinator, self.state_of_event).values())

    @property
    @override
    def extra_state_attributes(self) -> Mapping[str, Any]:
        """Return the result of each check, the failed ones and the missing readers."""
        checks = check_event(self.coordinator, self.state_of_event)
        gates = gates_of(self.coordinator, self._event_id)
        return {
            "reasons": [check.value for check, passed in checks.items() if not passed],
            **{check.value: "ok" if passed else "problem" for check, passed in checks.items()},
            "missing_readers": missing_readers(self.hass, gates),
        }
