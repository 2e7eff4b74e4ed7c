"""The system that has the tickets: the integration, or YAML's `rest`."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime
from typing import Any

from homeassistant.core import HomeAssistant


async def poll(hass: HomeAssistant) -> None:
    """Do what happens at each polling interval."""
    for entry in hass.config_entries.async_loaded_entries("oveit"):
        await entry.runtime_data.async_refresh()
    for coordinator in hass.data.get("rest", {}).get("coordinator", ()):
        await coordinator.async_refresh()


class TicketLists:
    """Ticket lists as received, to be imported into the ledger without a network."""

    def __init__(self, hass: HomeAssistant) -> None:
        """Create it without a list."""
        self._hass = hass
        self._replies: list[Any] = []
        self.taken = 0

    async def keep(self) -> None:
        """Fetch the list of the first event and keep it."""
        coordinator = self._coordinator()
        event_id = next(iter(coordinator.ticket_sync.followed))
        self._replies.append(await coordinator.client.tickets(event_id))

    @asynccontextmanager
    async def refreshing(self) -> AsyncIterator[None]:
        """Import one list after the other while the body runs."""
        task = asyncio.create_task(self._import())
        await asyncio.sleep(0)
        try:
            yield
        finally:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task

    async def _import(self) -> None:
        """Import one list after the other."""
        coordinator = self._coordinator()
        event = next(iter(coordinator.ticket_sync.followed.values()))
        while True:
            for reply in self._replies:
                await coordinator.ledger.take_list(event, reply, datetime.now(UTC))
                self.taken += 1

    def _coordinator(self) -> Any:
        """Return the coordinator of the integration."""
        (entry,) = self._hass.config_entries.async_loaded_entries("oveit")
        return entry.runtime_data
