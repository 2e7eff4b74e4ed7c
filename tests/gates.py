"""Helpers for tests of gates: set gates up, send reads, collect what entities show."""

from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

from homeassistant.config_entries import ConfigEntryState, ConfigSubentry
from homeassistant.const import STATE_UNKNOWN
from homeassistant.core import Event, EventStateChangedData, HomeAssistant, State, callback
from homeassistant.helpers import (
    device_registry as dr,
    entity_registry as er,
    issue_registry as ir,
)
from homeassistant.helpers.event import async_track_state_change_event
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.oveit.const import DOMAIN, EVENT_TAG_SCANNED
from custom_components.oveit.core.exceptions import LedgerError
from demo.venue import Venue, VenueTicket
from tests.common import set_up

ENTRY, VIP = 234, 235
DRINKS = 8
TAG = "5E35ED9A"
READ = "5E-35-ED-9A"
NORTH = "event.north_gate"


@dataclass
class Reader:
    """A reader: a device of another integration with an entity that tells whether it is there."""

    hass: HomeAssistant
    device_id: str
    entity_id: str

    async def scan(self, tag: str, **about: Any) -> None:
        """Hold a tag to the reader and wait for what comes of it."""
        self.send(tag, **about)
        await self.hass.async_block_till_done(wait_background_tasks=True)

    def send(self, tag: str, **about: Any) -> None:
        """Hold a tag to the reader."""
        data = {"tag_id": tag, "name": None, "device_id": self.device_id}
        self.hass.bus.async_fire(EVENT_TAG_SCANNED, data, **about)

    async def become(self, state: str) -> None:
        """Go away or come back."""
        self.hass.states.async_set(self.entity_id, state)
        await self.hass.async_block_till_done()


def make_reader(hass: HomeAssistant, name: str = "Reader") -> Reader:
    """Set up a reader."""
    other = MockConfigEntry(domain="reader", title=name)
    other.add_to_hass(hass)
    device = dr.async_get(hass).async_get_or_create(
        config_entry_id=other.entry_id, identifiers={("reader", name)}, name=name
    )
    entity = er.async_get(hass).async_get_or_create(
        "sensor", "reader", name, config_entry=other, device_id=device.id
    )
    hass.states.async_set(entity.entity_id, "here")
    return Reader(hass, device.id, entity.entity_id)


def add_gate(
    hass: HomeAssistant, entry: MockConfigEntry, name: str = "North gate", **data: Any
) -> str:
    """Add a gate to an entry and return its id."""
    subentry = ConfigSubentry(
        data=MappingProxyType({"name": name, **data}),
        subentry_type="gate",
        title=name,
        unique_id=None,
    )
    hass.config_entries.async_add_subentry(entry, subentry)
    return subentry.subentry_id


async def open_gate(
    hass: HomeAssistant, entry: MockConfigEntry, reader: Reader | None = None, **data: Any
) -> str:
    """Add a gate with a reader and set the entry up."""
    readers = [reader.device_id] if reader else []
    gate_id = add_gate(hass, entry, readers=readers, **data)
    if entry.state is ConfigEntryState.NOT_LOADED:
        await set_up(hass, entry)
    await hass.async_block_till_done(wait_background_tasks=True)
    return gate_id


def tagged(venue: Venue, tag: str = TAG, kind: int = ENTRY, place: int = 1) -> VenueTicket:
    """Put an unused ticket on a tag."""
    ticket = venue.unused(100, kind)[place]
    venue.pair(ticket.code, tag)
    return ticket


@dataclass
class Shown:
    """What event entities showed, in order."""

    states: list[State] = field(default_factory=list)

    def reasons(self) -> list[str]:
        """Return the reasons."""
        return [state.attributes["reason"] for state in self.states]

    def types(self) -> list[str]:
        """Return the event types."""
        return [state.attributes["event_type"] for state in self.states]


async def fail(*_: object) -> None:
    """Fail like a ledger on a full disk."""
    raise LedgerError("The disk is full")


def watch(hass: HomeAssistant, *entity_ids: str) -> Shown:
    """Keep what event entities show from now on."""
    shown = Shown()

    @callback
    def _keep(event: Event[EventStateChangedData]) -> None:
        state = event.data["new_state"]
        if state and state.state != STATE_UNKNOWN and "event_type" in state.attributes:
            shown.states.append(state)

    async_track_state_change_event(hass, entity_ids or [NORTH], _keep)
    return shown


async def set_mode(
    hass: HomeAssistant, mode: str, entity_id: str = "select.north_gate_mode"
) -> None:
    """Change a gate's mode as a person does."""
    await hass.services.async_call(
        "select", "select_option", {"entity_id": entity_id, "option": mode}, blocking=True
    )


def issues(hass: HomeAssistant) -> list[str]:
    """Return the keys of the integration's open issues."""
    return sorted(
        issue.translation_key or ""
        for (domain, _), issue in ir.async_get(hass).issues.items()
        if domain == DOMAIN and issue.active
    )
