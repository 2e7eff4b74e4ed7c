"""The rehearsal of a gate."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, override

from homeassistant.components.switch import SwitchEntity, SwitchEntityDescription
from homeassistant.const import STATE_ON, EntityCategory
from homeassistant.core import CALLBACK_TYPE, HomeAssistant
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback
from homeassistant.helpers.event import async_call_later
from homeassistant.helpers.restore_state import (
    ExtraStoredData,
    RestoredExtraData,
    RestoreEntity,
)
from homeassistant.util import dt as dt_util

from .coordinator import OveitConfigEntry
from .entity import OveitGateEntity, async_add_gate_entities

PARALLEL_UPDATES = 0

REHEARSAL = SwitchEntityDescription(
    key="rehearsal", translation_key="gate_rehearsal", entity_category=EntityCategory.CONFIG
)


async def async_setup_entry(
    hass: HomeAssistant,
    entry: OveitConfigEntry,
    async_add_entities: AddConfigEntryEntitiesCallback,
) -> None:
    """Add the rehearsal of each gate that lets people in; an exit has none."""
    kinds = [(OveitRehearsal, REHEARSAL)]
    async_add_gate_entities(entry, async_add_entities, lambda gate: [] if gate.is_exit else kinds)


class OveitRehearsal(OveitGateEntity, SwitchEntity, RestoreEntity):
    """Has a gate mark nothing; off by itself after an hour, through a restart too."""

    _stop_timer: CALLBACK_TYPE | None = None

    @override
    async def async_added_to_hass(self) -> None:
        """Restore a rehearsal whose hour is not over."""
        await super().async_added_to_hass()
        self.async_on_remove(self._cancel)
        self.async_on_remove(self.gate.rehearsal.stop)
        last, kept = await self.async_get_last_state(), await self.async_get_last_extra_data()
        is_mine = kept is None or kept.as_dict().get("gate") == self.device.id
        if is_mine and last and last.state == STATE_ON:
            until = dt_util.parse_datetime(str(last.attributes.get("until")))
            if until and until.tzinfo and until > dt_util.utcnow():
                self._begin(until)

    @property
    @override
    def extra_restore_state_data(self) -> ExtraStoredData:
        """Return which gate this is: a new one may have the name of one that was removed."""
        return RestoredExtraData({"gate": self.device.id})

    @property
    @override
    def is_on(self) -> bool:
        """Return whether the gate rehearses."""
        return self.gate.rehearsal.is_on

    @property
    @override
    def extra_state_attributes(self) -> Mapping[str, Any]:
        """Return when the rehearsal ends."""
        until = self.gate.rehearsal.until if self.is_on else None
        return {"until": until and until.isoformat()}

    @override
    async def async_turn_on(self, **kwargs: Any) -> None:
        """Rehearse for an hour from now."""
        self._begin()
        self._show()

    @override
    async def async_turn_off(self, **kwargs: Any) -> None:
        """End the rehearsal."""
        self._cancel()
        self.gate.rehearsal.stop()
        self._show()

    def _begin(self, until: datetime | None = None) -> None:
        """Rehearse, and end it in time however the clock is set meanwhile."""
        self._cancel()
        self.gate.rehearsal.start(until)
        if ends_at := self.gate.rehearsal.until:
            delay = ends_at - dt_util.utcnow()
            self._stop_timer = async_call_later(self.hass, delay, self._async_end)

    async def _async_end(self, _: datetime) -> None:
        """End when the hour is over."""
        self._stop_timer = None
        await self.async_turn_off()

    def _show(self) -> None:
        """Show it here and on the events' readiness."""
        self.async_write_ha_state()
        self.coordinator.async_update_listeners()

    def _cancel(self) -> None:
        """Forget the timer."""
        if self._stop_timer:
            self._stop_timer()
            self._stop_timer = None
