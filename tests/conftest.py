"""A pretend venue, a Home Assistant, and an entry that joins them."""

from collections.abc import AsyncIterator
from pathlib import Path

from homeassistant.config_entries import ConfigEntryState
from homeassistant.const import CONF_EMAIL, CONF_PASSWORD
from homeassistant.core import HomeAssistant
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

import custom_components.oveit  # noqa: F401
from custom_components.oveit.const import CONF_API_URL, CONF_EVENTS, CONF_FOLLOW_NEW, DOMAIN
from demo.oveit_server import OveitServer
from demo.venue import Venue

EMAIL = "staff@venue.example"
PASSWORD = "open-sesame"


@pytest.fixture(autouse=True)
def _custom_integrations(enable_custom_integrations: None) -> None:
    """Let Home Assistant find the integration."""


@pytest.fixture
def hass_config_dir(hass_tmp_config_dir: str) -> str:
    """Give every test a config folder of its own."""
    Path(hass_tmp_config_dir, ".storage").mkdir(exist_ok=True)
    return hass_tmp_config_dir


@pytest.fixture
def venue() -> Venue:
    """Return a small venue with two events."""
    return Venue.build(tickets=50, events=2, seed=1)


@pytest.fixture
async def server(venue: Venue, socket_enabled: None) -> AsyncIterator[OveitServer]:
    """Run the pretend Oveit."""
    server = OveitServer(venue)
    await server.start()
    yield server
    await server.stop()


@pytest.fixture
def entry(hass: HomeAssistant, server: OveitServer) -> MockConfigEntry:
    """Return an entry by login that follows the first event."""
    entry = MockConfigEntry(
        domain=DOMAIN,
        title="Oveit 1",
        unique_id="1",
        data={CONF_EMAIL: EMAIL, CONF_PASSWORD: PASSWORD, CONF_API_URL: server.url},
        options={CONF_EVENTS: [100], CONF_FOLLOW_NEW: False},
    )
    entry.add_to_hass(hass)
    return entry


@pytest.fixture
async def loaded(hass: HomeAssistant, entry: MockConfigEntry) -> MockConfigEntry:
    """Return the entry once it is set up."""
    assert await hass.config_entries.async_setup(entry.entry_id)
    await hass.async_block_till_done(wait_background_tasks=True)
    assert entry.state is ConfigEntryState.LOADED
    return entry
