"""The mode of a gate."""

from typing import override

from homeassistant.components.select import SelectEntity, SelectEntityDescription
from homeassistant.core import HomeAssistant
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .coordinator import OveitConfigEntry
from .core.gate_settings import GateMode
from .entity import OveitGateEntity, async_add_gate_entities
from .permissions import Who, async_authorize

PARALLEL_UPDATES = 0

MODE = SelectEntityDescription(
    key="mode", translation_key="gate_mode", options=[mode.value for mode in GateMode]
)


async def async_setup_entry(
    hass: HomeAssistant,
    entry: OveitConfigEntry,
    async_add_entities: AddConfigEntryEntitiesCallback,
) -> None:
    """Add the mode of each gate that lets people in; an exit is never closed."""
    kinds = [(OveitMode, MODE)]
    async_add_gate_entities(entry, async_add_entities, lambda gate: [] if gate.is_exit else kinds)


class OveitMode(OveitGateEntity, SelectEntity):
    """What a gate does with a read, as a person has chosen it; the ledger keeps it."""

    @property
    @override
    def current_option(self) -> str:
        """Return the mode."""
        return self.gate.mode.value

    @override
    async def async_select_option(self, option: str) -> None:
        """Change the mode, which counts at once, and keep it; free flow is for stewards."""
        if option == GateMode.FREE_FLOW:
            await async_authorize(
                self.hass, self._context, Who.STEWARD, self.coordinator, self.device.id
            )
        self.gate.mode = GateMode(option)
        self.async_write_ha_state()
        self.coordinator.async_update_listeners()
        with self.coordinator.translated_errors():
            await self.coordinator.ledger.keep_gate_mode(self.device.id, option)
