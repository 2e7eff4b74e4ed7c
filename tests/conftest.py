"""A pretend venue, a Home Assistant, and an entry that joins them."""

from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime
from pathlib import Path

from freezegun import freeze_time
from freezegun.api import FrozenDateTimeFactory
from homeassistant.config_entries import ConfigEntryState
from homeassistant.const import CONF_EMAIL, CONF_PASSWORD, CONF_TOKEN
from homeassistant.core import HomeAssistant
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry
from pytest_homeassistant_custom_component.syrupy import HomeAssistantSnapshotExtension
from syrupy.assertion import SnapshotAssertion

import custom_components.oveit  # noqa: F401
from custom_components.oveit.const import CONF_API_URL, CONF_EVENTS, CONF_FOLLOW_NEW, DOMAIN
from demo.oveit_server import OveitServer
from demo.venue import Clock, Venue, now

EMAIL = "staff@venue.example"
PASSWORD = "open-sesame"
NOW = datetime(2026, 10, 10, 18, tzinfo=UTC)


@pytest.fixture(autouse=True)
def _custom_integrations(enable_custom_integrations: None) -> None:
    """Let Home Assistant find the integration."""


@pytest.fixture
def snapshot(snapshot: SnapshotAssertion) -> SnapshotAssertion:
    """Write snapshots the way Home Assistant does."""
    return snapshot.use_extension(HomeAssistantSnapshotExtension)


@pytest.fixture
def hass_config_dir(hass_tmp_config_dir: str) -> str:
    """Give every test a config folder of its own."""
    Path(hass_tmp_config_dir, ".storage").mkdir(exist_ok=True)
    return hass_tmp_config_dir


@pytest.fixture
def venue(request: pytest.FixtureRequest) -> Venue:
    """Return a small venue with two events."""
    clock = Clock(NOW) if "frozen" in request.fixturenames else now
    return Venue.build(tickets=50, events=2, seed=1, clock=clock)


@pytest.fixture
async def server(venue: Venue, socket_enabled: None) -> AsyncIterator[OveitServer]:
    """Run the pretend Oveit."""
    server = OveitServer(venue)
    await server.start()
    yield server
    await server.stop()


@pytest.fixture
def frozen(venue: Venue, server: OveitServer) -> Iterator[FrozenDateTimeFactory]:
    """Stop all clocks at `NOW`, until the server has to stop."""
    with freeze_time(NOW) as clock:
        assert isinstance(clock, FrozenDateTimeFactory)
        venue.clock = now
        yield clock


@pytest.fixture
def entry(
    hass: HomeAssistant, server: OveitServer, request: pytest.FixtureRequest
) -> MockConfigEntry:
    """Return an entry by login that follows the first event."""
    if "frozen" in request.fixturenames:
        request.getfixturevalue("frozen")
    entry = MockConfigEntry(
        domain=DOMAIN,
        entry_id="venue",
        title="Oveit 1",
        unique_id="1",
        data={CONF_EMAIL: EMAIL, CONF_PASSWORD: PASSWORD, CONF_API_URL: server.url},
        options={CONF_EVENTS: [100], CONF_FOLLOW_NEW: False},
    )
    entry.add_to_hass(hass)
    return entry


@pytest.fixture
def token_entry(hass: HomeAssistant, server: OveitServer) -> MockConfigEntry:
    """Return an entry by token that follows the first event."""
    entry = MockConfigEntry(
        domain=DOMAIN,
        title="Oveit",
        data={CONF_TOKEN: server.venue.token, CONF_API_URL: server.url},
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
