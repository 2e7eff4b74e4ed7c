"""What Home Assistant keeps for ever, and what it makes of a name."""

from homeassistant.components import persistent_notification
from homeassistant.components.recorder.db_schema import StateAttributes
from homeassistant.const import EVENT_STATE_CHANGED
from homeassistant.core import Event, EventStateChangedData, HomeAssistant
from homeassistant.helpers import issue_registry as ir
from homeassistant.util.json import json_loads_object
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry, async_capture_events

from custom_components.oveit.const import DOMAIN
from custom_components.oveit.issues import escape
from demo.oveit_server import OveitServer
from demo.venue import Venue
from tests.common import act
from tests.gates import NORTH, make_reader, open_gate, tagged

OF_A_GUEST = {"ticket_type", "gate", "code_end", "addon", "addon_left", "at"}
FIRST = {"first_checkin_at", "first_checkin_gate"}
CHECK_IN, CONFLICT = "event.lantern_night_check_in", "event.lantern_night_conflict"
LAST_ENTRY = "sensor.lantern_night_last_entry"


async def test_the_recorder_keeps_nothing_of_a_single_guest(
    hass: HomeAssistant, entry: MockConfigEntry, venue: Venue, server: OveitServer
) -> None:
    """Ticket type, gate, time and end of the code are shown, and not written down."""
    ticket = tagged(venue)
    await open_gate(hass, entry)
    changes: list[Event[EventStateChangedData]] = async_capture_events(hass, EVENT_STATE_CHANGED)
    await server.hang_up()
    assert (await act(hass, "checkin", ticket_code=ticket.code, gate=NORTH))["admitted"]
    venue.check_in(ticket.code)
    await server.pick_up()
    await act(hass, "sync")
    shown, kept = dict[str, set[str]](), dict[str, set[str]]()
    for change in changes:
        state = change.data["new_state"]
        if state and state.entity_id in (NORTH, CHECK_IN, CONFLICT, LAST_ENTRY):
            recorded = json_loads_object(
                StateAttributes.shared_attrs_bytes_from_event(change, None)
            )
            told = {key for key, value in state.attributes.items() if value is not None}
            shown.setdefault(state.entity_id, set()).update(told)
            kept.setdefault(state.entity_id, set()).update(recorded)
    assert {"ticket_type", "code_end"} <= shown[NORTH]
    for entity_id in (CHECK_IN, CONFLICT, LAST_ENTRY):
        assert {"ticket_type", "gate", "code_end"} <= shown[entity_id]
    for names in kept.values():
        assert names.isdisjoint(OF_A_GUEST | FIRST)
    assert "reason" in kept[CHECK_IN]


NASTY = "[North](https://evil.example) **gate** <img src=x> `x` www.evil.example"


async def test_a_name_is_shown_as_it_is_where_markdown_is_shown(
    hass: HomeAssistant, entry: MockConfigEntry, venue: Venue, server: OveitServer
) -> None:
    """In repairs and in notices: no link, no picture, no bold."""
    reader = make_reader(hass)
    await open_gate(hass, entry, reader, name=NASTY)
    await reader.scan("BB000000")
    (notice,) = persistent_notification._async_get_or_create_notifications(hass).values()
    assert escape(NASTY) in notice["message"]
    ticket = tagged(venue)
    await server.hang_up()
    assert (await act(hass, "checkin", ticket_code=ticket.code, gate=NASTY))["admitted"]
    venue.check_in(ticket.code)
    await server.pick_up()
    await act(hass, "sync")
    issue = ir.async_get(hass).async_get_issue(DOMAIN, f"conflicts_{entry.entry_id}")
    assert issue
    assert issue.translation_placeholders
    assert escape(NASTY) in issue.translation_placeholders["list"]


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("North gate 2 (left)", "North gate 2 (left)"),
        ("St. John's – bar/café", "St. John's – bar/café"),
        ("staff_door", "staff_door"),
        ("_x_", r"\_x\_"),
        ("*x*", r"\*x\*"),
        ("[a](b)", r"\[a\](b)"),
        ("<b>", r"\<b\>"),
        ("https://a.b", r"https\://a.b"),
        ("WWW.a.b", r"WWW\.a.b"),
        ("# x", r"\# x"),
        ("- x", r"\- x"),
        ("1. x", r"1\. x"),
        ("a\n\n# b", r"a \# b"),
        ("\\", "\\\\"),
        ("&lt;", r"\&lt;"),
    ],
)
def test_a_name_is_escaped_only_where_it_would_mean_something(name: str, shown: str) -> None:
    """Ordinary names stay as they are."""
    assert escape(name) == shown
