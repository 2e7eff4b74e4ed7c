"""Automations learn an event's tags before the doors open, and pair tags."""

import asyncio
from typing import Any

from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError, ServiceValidationError
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry
import voluptuous as vol

from demo.oveit_server import OveitServer
from demo.venue import Venue
from tests.common import act, poll, set_up, value
from tests.conftest import EMAIL

TAG = "5E35ED9A"
COVERAGE = "sensor.lantern_night_offline_coverage"
FASTEST = 600


def told(hass: HomeAssistant, name: str) -> Any:
    """Return what the coverage tells beside its value."""
    state = hass.states.get(COVERAGE)
    assert state
    return state.attributes[name]


async def until_asked(server: OveitServer, times: int) -> None:
    """Wait until Oveit was asked about so many tickets."""
    for _ in range(500):
        if len(server.requests_to("tickets/scan")) >= times:
            return
        await asyncio.sleep(0.02)
    pytest.fail("Oveit was not asked")


@pytest.mark.usefixtures("loaded")
async def test_preparing_tells_what_it_began_and_shows_how_far_it_is(
    hass: HomeAssistant, entry: MockConfigEntry, venue: Venue, server: OveitServer
) -> None:
    """It goes on in the background."""
    assert value(hass, COVERAGE) == "0.0"
    assert told(hass, "preparing") is False
    assert told(hass, "preparation") is None
    total = len(venue.tickets_of(100))
    response = await act(hass, "prepare_offline", event_id=100, per_minute=FASTEST)
    assert (response["started"], response["total"]) == (True, total)
    assert response["known"] < total
    assert told(hass, "preparing") is True
    assert told(hass, "preparation") == "running"
    await until_asked(server, 3)
    await poll(hass, entry)
    assert float(value(hass, COVERAGE)) >= 2 / total * 100
    assert told(hass, "known") >= 2


@pytest.mark.usefixtures("loaded")
async def test_preparing_is_stopped_and_keeps_what_it_learned(
    hass: HomeAssistant, server: OveitServer
) -> None:
    """For all events where none is named."""
    await act(hass, "prepare_offline", per_minute=FASTEST)
    await until_asked(server, 3)
    response = await act(hass, "prepare_offline", stop=True)
    assert response["started"] is False
    assert response["known"] >= 2
    assert told(hass, "preparing") is False
    assert told(hass, "preparation") == "stopped"


@pytest.mark.usefixtures("loaded")
async def test_preparing_shows_that_it_waits_for_the_line(
    hass: HomeAssistant, entry: MockConfigEntry, server: OveitServer
) -> None:
    """As soon as that is known."""
    await act(hass, "prepare_offline", per_minute=FASTEST)
    await until_asked(server, 3)
    await server.hang_up()
    for _ in range(2):
        await entry.runtime_data.async_refresh()
    assert told(hass, "preparing") is True
    assert told(hass, "preparation") == "paused"
    await server.pick_up()


async def test_preparing_goes_on_after_a_reload(
    hass: HomeAssistant, loaded: MockConfigEntry, venue: Venue, server: OveitServer
) -> None:
    """With the tickets that are left."""
    await act(hass, "prepare_offline", per_minute=FASTEST)
    await until_asked(server, 3)
    await hass.config_entries.async_unload(loaded.entry_id)
    before = [request.params["ticket_code"] for request in server.requests_to("tickets/scan")]
    server.forget()
    await set_up(hass, loaded)
    assert told(hass, "preparing") is True
    await until_asked(server, 3)
    after = [request.params["ticket_code"] for request in server.requests_to("tickets/scan")]
    assert not {*before[:-1]} & {*after}


@pytest.mark.usefixtures("loaded")
async def test_an_event_that_is_not_followed_is_not_prepared(
    hass: HomeAssistant, server: OveitServer
) -> None:
    """Its guests do not come here."""
    with pytest.raises(ServiceValidationError, match="not followed"):
        await act(hass, "prepare_offline", event_id=101)
    assert server.requests_to("tickets/scan") == []


@pytest.mark.usefixtures("loaded")
@pytest.mark.parametrize("pace", [0, 601, "fast"])
async def test_a_pace_that_is_not_gentle_is_refused(hass: HomeAssistant, pace: object) -> None:
    """At most ten in a second."""
    with pytest.raises(vol.Invalid):
        await act(hass, "prepare_offline", per_minute=pace)


@pytest.mark.usefixtures("loaded")
async def test_a_paired_tag_is_known_at_once(
    hass: HomeAssistant, venue: Venue, server: OveitServer
) -> None:
    """Also while the line is down."""
    ticket = venue.unused(100)[1]
    response = await act(hass, "pair_tag", ticket_code=ticket.code, rfid_code=TAG)
    assert response == {"ticket_code": ticket.code, "rfid_code": TAG}
    assert venue.tickets_with(TAG) == [ticket]
    assert told(hass, "known") == 1
    await server.hang_up()
    response = await act(hass, "checkin", rfid_code=TAG)
    assert (response["admitted"], response["ticket"]["code"]) == (True, ticket.code)


@pytest.mark.usefixtures("loaded")
async def test_r14_a_tag_of_another_ticket_is_refused_in_oveits_words(
    hass: HomeAssistant, venue: Venue
) -> None:
    """It stays where it is."""
    owner, other = venue.unused(100)[1:3]
    venue.pair(owner.code, TAG)
    with pytest.raises(HomeAssistantError, match="This tag belongs to another ticket"):
        await act(hass, "pair_tag", ticket_code=other.code, rfid_code=TAG)
    assert venue.tickets_with(TAG) == [owner]


@pytest.mark.usefixtures("loaded")
async def test_r14_offline_a_tag_is_not_paired(
    hass: HomeAssistant, entry: MockConfigEntry, venue: Venue, server: OveitServer
) -> None:
    """Only Oveit can."""
    await server.hang_up()
    for _ in range(2):
        await poll(hass, entry)
    with pytest.raises(HomeAssistantError, match="only Oveit can pair a tag"):
        await act(hass, "pair_tag", ticket_code=venue.unused(100)[1].code, rfid_code=TAG)


@pytest.mark.usefixtures("loaded")
async def test_a_refusal_without_words_is_one(
    hass: HomeAssistant, venue: Venue, server: OveitServer
) -> None:
    """The person is told as much as is known."""
    server.behaviour.refusal = "bare"
    with pytest.raises(HomeAssistantError, match="did not say why"):
        await act(hass, "pair_tag", ticket_code="nobody", rfid_code=TAG)


@pytest.mark.usefixtures("loaded")
async def test_a_pairing_whose_answer_is_lost_is_an_error(
    hass: HomeAssistant, venue: Venue, server: OveitServer
) -> None:
    """It may have happened or not; nothing is pretended."""
    server.faults.set("rfid/pair", "drop_after")
    with pytest.raises(HomeAssistantError, match="could not be reached, or not in time"):
        await act(hass, "pair_tag", ticket_code=venue.unused(100)[1].code, rfid_code=TAG)


async def test_an_account_that_may_not_pair_is_told_so(
    hass: HomeAssistant, entry: MockConfigEntry, venue: Venue, server: OveitServer
) -> None:
    """With the name of the permission, and without asking Oveit."""
    venue.accounts[EMAIL].permissions = ["api"]
    await set_up(hass, entry)
    with pytest.raises(HomeAssistantError, match="rfid_pairing"):
        await act(hass, "pair_tag", ticket_code=venue.unused(100)[1].code, rfid_code=TAG)
    assert server.requests_to("rfid/pair") == []


@pytest.mark.usefixtures("loaded")
@pytest.mark.parametrize(
    ("fields", "problem"),
    [
        ({"ticket_code": 12345, "rfid_code": TAG}, "ticket_code is not text"),
        ({"ticket_code": "39fa317d", "rfid_code": 659891}, "rfid_code is not text"),
        ({"ticket_code": "39fa317d", "rfid_code": " "}, "rfid_code is empty"),
    ],
)
async def test_a_code_that_is_none_is_not_paired(
    hass: HomeAssistant, server: OveitServer, fields: dict[str, Any], problem: str
) -> None:
    """The field is named."""
    with pytest.raises(ServiceValidationError, match=problem):
        await act(hass, "pair_tag", **fields)
    assert server.requests_to("rfid/pair") == []
