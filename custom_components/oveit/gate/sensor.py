"""The sensors of a gate: how many passed, and the last result."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import override

from homeassistant.components.sensor import (
    SensorDeviceClass,
    SensorEntity,
    SensorEntityDescription,
    SensorStateClass,
)
from homeassistant.core import callback

from ..const import LOGGER
from ..core.counts import GateCounts
from ..core.exceptions import LedgerError
from ..core.gate_settings import GateMode
from ..core.models import Decision, Reason
from ..entity import OveitGateEntity
from .device import GateDevice


@dataclass(frozen=True, kw_only=True)
class OveitGateSensorDescription(SensorEntityDescription):
    """A count and where it is found."""

    value_fn: Callable[[GateCounts], int]


ENTRIES: tuple[OveitGateSensorDescription, ...] = (
    OveitGateSensorDescription(
        key="entries",
        translation_key="gate_entries",
        state_class=SensorStateClass.TOTAL,
        value_fn=lambda counts: counts.passed,
    ),
    OveitGateSensorDescription(
        key="entries_per_hour",
        translation_key="gate_entries_per_hour",
        state_class=SensorStateClass.MEASUREMENT,
        value_fn=lambda counts: counts.per_hour,
    ),
)
EXITS: tuple[OveitGateSensorDescription, ...] = (
    OveitGateSensorDescription(
        key="exits",
        translation_key="gate_exits",
        state_class=SensorStateClass.TOTAL,
        value_fn=lambda counts: counts.passed,
    ),
    OveitGateSensorDescription(
        key="exits_per_hour",
        translation_key="gate_exits_per_hour",
        state_class=SensorStateClass.MEASUREMENT,
        value_fn=lambda counts: counts.per_hour,
    ),
)
LAST_RESULT = SensorEntityDescription(
    key="last_result",
    translation_key="gate_last_result",
    device_class=SensorDeviceClass.ENUM,
    options=[reason.value for reason in Reason],
)


def build_sensors(device: GateDevice) -> list[SensorEntity]:
    """Return the sensors of a gate."""
    descriptions = EXITS if device.gate.is_exit else ENTRIES
    counts = [OveitGateCount(device, description) for description in descriptions]
    return [*counts, OveitLastResult(device, LAST_RESULT)]


class OveitGateCount(OveitGateEntity, SensorEntity):
    """How many came in through a gate, or left through it, by the journal."""

    entity_description: OveitGateSensorDescription

    @override
    async def async_added_to_hass(self) -> None:
        """Count with every refresh and after every check-in."""
        await super().async_added_to_hass()
        self.async_on_remove(self.device.coordinator.async_add_listener(self._async_count_again))
        await self.async_update()

    async def async_update(self) -> None:
        """Read the count from the journal."""
        settings = self.gate.settings
        try:
            counts = await self.device.coordinator.ledger.gate_counts(
                (self.device.id, settings.name),
                datetime.now(UTC),
                settings.direction,
                None if self.gate.is_exit else settings.addon_id,
            )
        except LedgerError as err:
            LOGGER.debug("A gate's guests could not be counted: %s", err)
        else:
            self._attr_native_value = self.entity_description.value_fn(counts)

    @callback
    def _async_count_again(self) -> None:
        """Count anew and show it."""
        self.async_schedule_update_ha_state(force_refresh=True)


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
