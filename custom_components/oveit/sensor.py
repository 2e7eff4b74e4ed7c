"""Sensors of events, ticket types and gates."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, override

from homeassistant.components.sensor import (
    SensorDeviceClass,
    SensorEntity,
    SensorEntityDescription,
    SensorStateClass,
)
from homeassistant.const import PERCENTAGE, EntityCategory
from homeassistant.core import HomeAssistant
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback
from homeassistant.helpers.typing import StateType

from .const import (
    ATTR_CODE_END,
    ATTR_EXITS_COUNTED,
    ATTR_GATE,
    ATTR_KNOWN,
    ATTR_PREPARATION,
    ATTR_PREPARING,
    ATTR_TICKET_TYPE,
    ATTR_TICKETS,
)
from .coordinator import EventState, OveitConfigEntry, OveitCoordinator
from .core.models import TicketType
from .entity import OveitEventEntity, async_add_event_entities, async_add_gate_entities
from .gate.sensor import build_sensors

PARALLEL_UPDATES = 0


def _no_attributes(_: EventState) -> Mapping[str, Any] | None:
    """Return no attributes."""
    return None


@dataclass(frozen=True, kw_only=True)
class OveitSensorDescription(SensorEntityDescription):
    """A sensor with the functions that return its value and attributes."""

    value_fn: Callable[[EventState], StateType | datetime]
    attributes_fn: Callable[[EventState], Mapping[str, Any] | None] = _no_attributes


def _attendance(state: EventState) -> float | None:
    """Return the share of tickets that are checked in, in percent."""
    counts = state.attendance
    return 100 * counts.checked_in / counts.tickets if counts.tickets else None


def _describe_last_entry(state: EventState) -> Mapping[str, Any] | None:
    """Return the last entry without names and whole codes."""
    if (last := state.attendance.last_entry) is None:
        return None
    kind = state.event.ticket_type(last.ticket_type_id)
    return {
        ATTR_TICKET_TYPE: kind.name if kind else None,
        ATTR_GATE: last.gate,
        ATTR_CODE_END: last.code_end,
    }


def _describe_inside(state: EventState) -> Mapping[str, Any] | None:
    """Return whether exits are counted; without them, inside means entered (X8)."""
    return {ATTR_EXITS_COUNTED: state.attendance.exits_counted}


SENSORS: tuple[OveitSensorDescription, ...] = (
    OveitSensorDescription(
        key="tickets",
        state_class=SensorStateClass.MEASUREMENT,
        value_fn=lambda state: state.attendance.tickets,
    ),
    OveitSensorDescription(
        key="checked_in",
        state_class=SensorStateClass.TOTAL,
        value_fn=lambda state: state.attendance.checked_in,
    ),
    OveitSensorDescription(
        key="remaining",
        state_class=SensorStateClass.MEASUREMENT,
        value_fn=lambda state: max(state.attendance.tickets - state.attendance.checked_in, 0),
    ),
    OveitSensorDescription(
        key="attendance",
        native_unit_of_measurement=PERCENTAGE,
        state_class=SensorStateClass.MEASUREMENT,
        suggested_display_precision=1,
        value_fn=_attendance,
    ),
    OveitSensorDescription(
        key="last_entry",
        device_class=SensorDeviceClass.TIMESTAMP,
        value_fn=lambda state: last.at if (last := state.attendance.last_entry) else None,
        attributes_fn=_describe_last_entry,
    ),
    OveitSensorDescription(
        key="arrivals",
        state_class=SensorStateClass.MEASUREMENT,
        suggested_display_precision=1,
        value_fn=lambda state: state.attendance.arrivals,
    ),
    OveitSensorDescription(
        key="inside",
        state_class=SensorStateClass.MEASUREMENT,
        value_fn=lambda state: state.attendance.inside,
        attributes_fn=_describe_inside,
    ),
    OveitSensorDescription(
        key="list_age",
        device_class=SensorDeviceClass.TIMESTAMP,
        entity_category=EntityCategory.DIAGNOSTIC,
        value_fn=lambda state: state.ticket_list.fetched_at,
    ),
    OveitSensorDescription(
        key="offline_coverage",
        native_unit_of_measurement=PERCENTAGE,
        state_class=SensorStateClass.MEASUREMENT,
        suggested_display_precision=1,
        entity_category=EntityCategory.DIAGNOSTIC,
        value_fn=lambda state: state.coverage.share,
        attributes_fn=lambda state: {
            ATTR_KNOWN: state.coverage.known,
            ATTR_PREPARING: state.is_preparing,
            ATTR_PREPARATION: state.preparation,
        },
    ),
    OveitSensorDescription(
        key="waiting",
        state_class=SensorStateClass.MEASUREMENT,
        entity_category=EntityCategory.DIAGNOSTIC,
        value_fn=lambda state: state.attendance.waiting,
    ),
    OveitSensorDescription(
        key="conflicts",
        state_class=SensorStateClass.MEASUREMENT,
        entity_category=EntityCategory.DIAGNOSTIC,
        value_fn=lambda state: state.attendance.conflicts,
    ),
)


async def async_setup_entry(
    hass: HomeAssistant,
    entry: OveitConfigEntry,
    async_add_entities: AddConfigEntryEntitiesCallback,
) -> None:
    """Add the sensors of each event, of each of its ticket types, and of each gate."""
    coordinator = entry.runtime_data

    def _build(state: EventState) -> Iterable[OveitSensor]:
        descriptions = (*SENSORS, *map(_describe_type, state.event.ticket_types))
        return [
            OveitSensor(coordinator, state.event.id, description) for description in descriptions
        ]

    async_add_event_entities(entry, async_add_entities, _build)
    async_add_gate_entities(hass, entry, async_add_entities, build_sensors)


def _describe_type(kind: TicketType) -> OveitSensorDescription:
    """Return the description of a ticket type's sensor."""
    return OveitSensorDescription(
        key=f"checked_in_{kind.id}",
        translation_key="checked_in_type",
        translation_placeholders={"ticket_type": kind.name},
        state_class=SensorStateClass.TOTAL,
        value_fn=lambda state: state.attendance.checked_in_by_type.get(kind.id, 0),
        attributes_fn=lambda state: {
            ATTR_TICKET_TYPE: kind.name,
            ATTR_TICKETS: state.attendance.tickets_by_type.get(kind.id, 0),
        },
    )


class OveitSensor(OveitEventEntity, SensorEntity):
    """A number or a time of an event."""

    entity_description: OveitSensorDescription

    def __init__(
        self, coordinator: OveitCoordinator, event_id: int, description: OveitSensorDescription
    ) -> None:
        """Use the description's key as its translation key where it has none."""
        super().__init__(coordinator, event_id, description)
        self._attr_translation_key = description.translation_key or description.key

    @property
    @override
    def native_value(self) -> StateType | datetime:
        """Return the value."""
        return self.entity_description.value_fn(self.state_of_event)

    @property
    @override
    def extra_state_attributes(self) -> Mapping[str, Any] | None:
        """Return the attributes."""
        return self.entity_description.attributes_fn(self.state_of_event)
