"""Sensors of events, ticket types and gates."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
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

from .const import LOGGER
from .coordinator import EventState, OveitConfigEntry
from .core.counts import GateCounts
from .core.exceptions import LedgerError
from .core.gate import Gate
from .core.gate_settings import GateMode
from .core.models import Decision, Reason, TicketType
from .entity import (
    OF_A_GUEST,
    OveitEventEntity,
    OveitGateEntity,
    async_add_event_entities,
    async_add_gate_entities,
)

PARALLEL_UPDATES = 0


@dataclass(frozen=True, kw_only=True)
class OveitSensorDescription(SensorEntityDescription):
    """A sensor with the functions that return its value and attributes."""

    state_class: SensorStateClass | None = SensorStateClass.MEASUREMENT
    value_fn: Callable[[EventState], StateType | datetime]
    attributes_fn: Callable[[EventState], Mapping[str, Any] | None] = lambda _: None


@dataclass(frozen=True, kw_only=True)
class OveitGateSensorDescription(SensorEntityDescription):
    """A count of a gate and where it is found."""

    value_fn: Callable[[GateCounts], int]


def _attendance(state: EventState) -> float | None:
    """Return the share of tickets that are checked in, in percent."""
    counts = state.attendance
    return 100 * counts.checked_in / counts.tickets if counts.tickets else None


def _describe_last_entry(state: EventState) -> Mapping[str, Any] | None:
    """Return the last entry without names and whole codes."""
    if (last := state.attendance.last_entry) is None:
        return None
    kind = state.event.ticket_type(last.ticket_type_id)
    return {"ticket_type": kind and kind.name, "gate": last.gate, "code_end": last.code_end}


SENSORS: tuple[OveitSensorDescription, ...] = (
    OveitSensorDescription(key="tickets", value_fn=lambda state: state.attendance.tickets),
    OveitSensorDescription(
        key="checked_in",
        state_class=SensorStateClass.TOTAL,
        value_fn=lambda state: state.attendance.checked_in,
    ),
    OveitSensorDescription(
        key="remaining",
        value_fn=lambda state: max(state.attendance.tickets - state.attendance.checked_in, 0),
    ),
    OveitSensorDescription(
        key="attendance",
        native_unit_of_measurement=PERCENTAGE,
        suggested_display_precision=1,
        value_fn=_attendance,
    ),
    OveitSensorDescription(
        key="last_entry",
        device_class=SensorDeviceClass.TIMESTAMP,
        state_class=None,
        value_fn=lambda state: last.at if (last := state.attendance.last_entry) else None,
        attributes_fn=_describe_last_entry,
    ),
    OveitSensorDescription(
        key="arrivals",
        suggested_display_precision=1,
        value_fn=lambda state: state.attendance.arrivals,
    ),
    OveitSensorDescription(  # without counted exits, inside means entered (X8)
        key="inside",
        value_fn=lambda state: state.attendance.inside,
        attributes_fn=lambda state: {"exits_counted": state.attendance.exits_counted},
    ),
    OveitSensorDescription(
        key="list_age",
        device_class=SensorDeviceClass.TIMESTAMP,
        state_class=None,
        entity_category=EntityCategory.DIAGNOSTIC,
        value_fn=lambda state: state.ticket_list.fetched_at,
    ),
    OveitSensorDescription(
        key="offline_coverage",
        native_unit_of_measurement=PERCENTAGE,
        suggested_display_precision=1,
        entity_category=EntityCategory.DIAGNOSTIC,
        value_fn=lambda state: state.coverage.share,
        attributes_fn=lambda state: {
            "known": state.coverage.known,
            "preparing": state.is_preparing,
            "preparation": state.preparation,
        },
    ),
    OveitSensorDescription(
        key="waiting",
        entity_category=EntityCategory.DIAGNOSTIC,
        value_fn=lambda state: state.attendance.waiting,
    ),
    OveitSensorDescription(
        key="conflicts",
        entity_category=EntityCategory.DIAGNOSTIC,
        value_fn=lambda state: state.attendance.conflicts,
    ),
)


def _describe_type(kind: TicketType) -> OveitSensorDescription:
    """Return the description of a ticket type's sensor."""
    return OveitSensorDescription(
        key=f"checked_in_{kind.id}",
        translation_key="checked_in_type",
        translation_placeholders={"ticket_type": kind.name},
        state_class=SensorStateClass.TOTAL,
        value_fn=lambda state: state.attendance.checked_in_by_type.get(kind.id, 0),
        attributes_fn=lambda state: {
            "ticket_type": kind.name,
            "tickets": state.attendance.tickets_by_type.get(kind.id, 0),
        },
    )


def _describe_passed(key: str, translation_key: str) -> OveitGateSensorDescription:
    """Return the description of the number of people who passed a gate."""
    return OveitGateSensorDescription(
        key=key,
        translation_key=translation_key,
        state_class=SensorStateClass.TOTAL,
        value_fn=lambda counts: counts.passed,
    )


def _describe_per_hour(key: str, translation_key: str) -> OveitGateSensorDescription:
    """Return the description of the number of people who passed a gate in the last hour."""
    return OveitGateSensorDescription(
        key=key,
        translation_key=translation_key,
        state_class=SensorStateClass.MEASUREMENT,
        value_fn=lambda counts: counts.per_hour,
    )


ENTRIES = (
    _describe_passed("entries", "gate_entries"),
    _describe_per_hour("entries_per_hour", "gate_entries_per_hour"),
)
EXITS = (
    _describe_passed("exits", "gate_exits"),
    _describe_per_hour("exits_per_hour", "gate_exits_per_hour"),
)
LAST_RESULT = SensorEntityDescription(
    key="last_result",
    translation_key="gate_last_result",
    device_class=SensorDeviceClass.ENUM,
    options=[reason.value for reason in Reason],
)


async def async_setup_entry(
    hass: HomeAssistant,
    entry: OveitConfigEntry,
    async_add_entities: AddConfigEntryEntitiesCallback,
) -> None:
    """Add the sensors of each event, of each of its ticket types, and of each gate."""

    def _of_event(state: EventState) -> Iterable[tuple[type[OveitSensor], OveitSensorDescription]]:
        descriptions = (*SENSORS, *map(_describe_type, state.event.ticket_types))
        kinds = {"last_entry": OveitLastEntry}
        return [(kinds.get(each.key, OveitSensor), each) for each in descriptions]

    def _of_gate(gate: Gate) -> Iterable[tuple[type[OveitGateEntity], SensorEntityDescription]]:
        counts = EXITS if gate.is_exit else ENTRIES
        return [*((OveitGateCount, count) for count in counts), (OveitLastResult, LAST_RESULT)]

    async_add_event_entities(entry, async_add_entities, _of_event)
    async_add_gate_entities(entry, async_add_entities, _of_gate)


class OveitSensor(OveitEventEntity, SensorEntity):
    """A number or a time of an event."""

    entity_description: OveitSensorDescription

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


class OveitLastEntry(OveitSensor):
    """The newest entry of an event."""

    _unrecorded_attributes = OF_A_GUEST


class OveitGateCount(OveitGateEntity, SensorEntity):
    """How many came in through a gate, or left through it, by the journal."""

    entity_description: OveitGateSensorDescription

    @override
    async def async_added_to_hass(self) -> None:
        """Count with every refresh and after every check-in."""
        await super().async_added_to_hass()
        count_again = partial(self.async_schedule_update_ha_state, force_refresh=True)
        self.async_on_remove(self.coordinator.async_add_listener(count_again))
        await self.async_update()

    async def async_update(self) -> None:
        """Read the count from the journal."""
        settings = self.gate.settings
        try:
            counts = await self.coordinator.ledger.gate_counts(
                (self.device.id, settings.name),
                datetime.now(UTC),
                settings.direction,
                None if self.gate.is_exit else settings.addon_id,
            )
        except LedgerError as err:
            LOGGER.debug("A gate's guests could not be counted: %s", err)
        else:
            self._attr_native_value = self.entity_description.value_fn(counts)


class OveitLastResult(OveitGateEntity, SensorEntity):
    """How the last read ended."""

    @override
    async def async_added_to_hass(self) -> None:
        """Show every decision that the gate announces."""
        await super().async_added_to_hass()
        self.async_on_remove(self.gate.on_decision.add(self._handle_decision))

    def _handle_decision(self, decision: Decision, _: GateMode) -> None:
        """Show a decision's reason."""
        self._attr_native_value = decision.reason
        self.async_write_ha_state()
