"""An account is set up, unloaded and removed."""

from homeassistant.core import HomeAssistant
from pytest_homeassistant_custom_component.common import MockConfigEntry

from demo.oveit_server import OveitServer
from demo.venue import Venue


async def test_the_sensors_show_the_attendance_of_the_venue(
    hass: HomeAssistant, loaded: MockConfigEntry, venue: Venue
) -> None:
    """The counts are those of the pretend venue."""
    assert hass.states.get("sensor.lantern_night_tickets").state == "50"
    assert hass.states.get("sensor.lantern_night_checked_in").state == str(len(venue.used(100)))


async def test_a_valid_ticket_is_checked_in_once(
    hass: HomeAssistant, loaded: MockConfigEntry, venue: Venue, server: OveitServer
) -> None:
    """The second time it is refused, and Oveit is asked only once."""
    code = venue.unused(100)[0].code
    call = ("oveit", "checkin", {"ticket_code": code, "gate": "North"})
    first = await hass.services.async_call(*call, blocking=True, return_response=True)
    second = await hass.services.async_call(*call, blocking=True, return_response=True)
    assert first["admitted"] is True
    assert first["reason"] == "checked_in"
    assert second["reason"] == "already_checked_in"
    assert second["first_checkin"]["gate"] == "North"
    assert len(server.requests_to("tickets/checkin")) == 1
