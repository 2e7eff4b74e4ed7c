"""Automations check tickets in, look them up and refresh."""

import asyncio
from time import monotonic
from typing import Any

from homeassistant.config_entries import SOURCE_REAUTH
from homeassistant.core import Event, HomeAssistant, ServiceRegistry, SupportsResponse
from homeassistant.exceptions import HomeAssistantError, ServiceValidationError
from homeassistant.setup import async_setup_component
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry, async_capture_events
import voluptuous as vol

from custom_components.oveit.const import CONF_API_URL, DOMAIN
from demo.faults import Fault
from demo.oveit_server import OveitServer
from demo.venue import Venue
from tests.common import act, poll, set_up, value
from tests.conftest import EMAIL

AT = "2026-10-10T18:00:00+00:00"
LOOKS = ("checkin", "scan")
ENTRY, VIP = 234, 235
DRINKS, TOUR, PARKING, CLOAKROOM = 8, 9, 10, 11


@pytest.mark.usefixtures("frozen", "loaded")
async def test_an_admission_is_told_in_full(hass: HomeAssistant, venue: Venue) -> None:
    """Every key of a decision is there."""
    ticket = venue.unused(100, ENTRY)[1]
    fields = {"ticket_code": ticket.code, "gate": "North", "scan_id": "7"}
    response = await act(hass, "checkin", **fields)
    assert response == {
        "admitted": True,
        "reason": "checked_in",
        "source": "oveit",
        "message": None,
        "ticket": {
            "code": ticket.code,
            "series": ticket.series,
            "ticket_type_id": ENTRY,
            "ticket_type": "Entry",
            "checked_in": True,
            "checkins": [{"addon_id": None, "addon": None, "at": AT}],
        },
        "event": {"id": 100, "name": "Lantern Night"},
        "addon": None,
        "first_checkin": {"at": AT, "gate": "North"},
        "gate": "North",
        "at": AT,
        "latency_ms": response["latency_ms"],
        "passback": False,
        "certain": True,
        "list_age": None,
        "others": [],
        "scan_id": "7",
    }
    assert isinstance(response["latency_ms"], float)
    assert venue.entries(ticket.code) == 1


@pytest.mark.usefixtures("frozen", "loaded")
async def test_a_refusal_is_told_in_full(
    hass: HomeAssistant, venue: Venue, server: OveitServer
) -> None:
    """It names the entry before, and is decided here."""
    ticket = next(ticket for ticket in venue.used(100) if ticket.ticket_type_id == ENTRY)
    entered_at = ticket.checkins[0][1].isoformat()
    response = await act(hass, "checkin", ticket_code=ticket.code)
    assert response.pop("scan_id")
    assert response == {
        "admitted": False,
        "reason": "already_checked_in",
        "source": "ledger",
        "message": None,
        "ticket": {
            "code": ticket.code,
            "series": None,
            "ticket_type_id": ENTRY,
            "ticket_type": "Entry",
            "checked_in": True,
            "checkins": [{"addon_id": None, "addon": None, "at": entered_at}],
        },
        "event": {"id": 100, "name": "Lantern Night"},
        "addon": None,
        "first_checkin": {"at": entered_at, "gate": None},
        "gate": None,
        "at": AT,
        "latency_ms": response["latency_ms"],
        "passback": False,
        "certain": True,
        "list_age": None,
        "others": [],
    }
    assert server.requests_to("tickets/checkin") == []


@pytest.mark.usefixtures("frozen", "loaded")
@pytest.mark.parametrize("action", LOOKS)
@pytest.mark.parametrize(
    ("field", "reason"), [("ticket_code", "unknown_ticket"), ("rfid_code", "unknown_tag")]
)
async def test_an_unknown_code_is_told_in_full(
    hass: HomeAssistant, action: str, field: str, reason: str
) -> None:
    """It has no ticket, but Oveit's own words."""
    response = await act(hass, action, **{field: "n0b0dy"})
    assert response.pop("scan_id")
    assert response == {
        "admitted": False,
        "reason": reason,
        "source": "oveit",
        "message": "This ticket does not exist",
        "ticket": None,
        "event": None,
        "addon": None,
        "first_checkin": None,
        "gate": None,
        "at": AT,
        "latency_ms": response["latency_ms"],
        "passback": False,
        "certain": True,
        "list_age": None,
        "others": [],
    }


@pytest.mark.usefixtures("frozen", "loaded")
async def test_an_addon_is_told_with_what_is_left(hass: HomeAssistant, venue: Venue) -> None:
    """Each use counts, and none is an entry."""
    ticket = venue.unused(100, VIP)[1]
    drinks = {"id": DRINKS, "name": "Free drinks", "uses": 4}
    response: dict[str, Any] = {}
    for used in range(1, 5):
        response = await act(
            hass, "checkin", ticket_code=ticket.code, addon_id=DRINKS, gate=f"Bar {used}"
        )
        assert response["admitted"] is True
        assert response["addon"] == drinks | {"used": used, "left": 4 - used}
    assert response["first_checkin"] is None
    assert response["ticket"]["checked_in"] is False
    use = {"addon_id": DRINKS, "addon": "Free drinks", "at": AT}
    assert response["ticket"]["checkins"] == [use] * 4
    response = await act(hass, "checkin", ticket_code=ticket.code, addon_id=DRINKS, gate="Bar 5")
    assert response["reason"] == "addon_used_up"
    assert response["addon"] == drinks | {"used": 4, "left": 0}


@pytest.mark.usefixtures("loaded")
async def test_an_addon_without_a_limit_is_left_to_oveit(hass: HomeAssistant, venue: Venue) -> None:
    """Nobody knows how much is left."""
    code = venue.unused(100, VIP)[1].code
    response = await act(hass, "checkin", ticket_code=code, addon_id=PARKING)
    assert response["admitted"] is True
    assert response["addon"] == {
        "id": PARKING,
        "name": "Parking",
        "uses": None,
        "used": 1,
        "left": None,
    }


@pytest.mark.usefixtures("loaded")
async def test_a_look_at_a_ticket_marks_nothing(
    hass: HomeAssistant, venue: Venue, server: OveitServer
) -> None:
    """It says whether the ticket would be admitted."""
    ticket = venue.unused(100, ENTRY)[1]
    checked_in = value(hass, "sensor.lantern_night_checked_in")
    for _ in range(2):
        response = await act(hass, "scan", ticket_code=ticket.code, gate="Desk")
        assert response["admitted"] is True
        assert response["reason"] == "checked_in"
        assert response["ticket"]["checked_in"] is False
        assert response["gate"] == "Desk"
    assert ticket.checkins == []
    assert server.requests_to("tickets/checkin") == []
    assert value(hass, "sensor.lantern_night_checked_in") == checked_in
    assert value(hass, "event.lantern_night_check_in") == "unknown"


@pytest.mark.usefixtures("loaded")
@pytest.mark.parametrize("action", LOOKS)
async def test_a_tag_stands_for_its_ticket(hass: HomeAssistant, venue: Venue, action: str) -> None:
    """The answer tells which ticket it is."""
    ticket = venue.sell(100, ENTRY, rfid_codes=["5E35ED9A"])
    response = await act(hass, action, rfid_code="5E35ED9A")
    assert response["admitted"] is True
    assert response["ticket"]["code"] == ticket.code


@pytest.mark.usefixtures("loaded")
@pytest.mark.parametrize("action", LOOKS)
async def test_an_attendee_is_told_when_asked_for(
    hass: HomeAssistant, venue: Venue, action: str
) -> None:
    """Field by field, else not at all."""
    ticket = next(each for each in venue.unused(100, ENTRY) if len(each.attendee or ()) == 3)
    assert ticket.attendee
    name, email, meal = ticket.attendee
    assert "attendee" not in await act(hass, "scan", ticket_code=ticket.code)
    response = await act(hass, action, ticket_code=ticket.code, include_attendee=True)
    assert response["attendee"] == {"Name": name, "Email": email, "Meal": meal}


@pytest.mark.usefixtures("loaded")
async def test_an_attendee_nobody_knows_is_null(
    hass: HomeAssistant, venue: Venue, server: OveitServer
) -> None:
    """There is no form, or Oveit was not asked."""
    server.behaviour.attendee = "null"
    code = venue.unused(100, ENTRY)[1].code
    for gate, reason in (("North", "checked_in"), ("South", "already_checked_in")):
        response = await act(hass, "checkin", ticket_code=code, gate=gate, include_attendee=True)
        assert response["reason"] == reason
        assert response["attendee"] is None


@pytest.mark.usefixtures("loaded")
@pytest.mark.parametrize("kinds", [VIP, str(VIP), float(VIP), [VIP], [str(VIP)]])
async def test_one_ticket_type_is_checked_here_and_by_oveit(
    hass: HomeAssistant, venue: Venue, server: OveitServer, kinds: Any
) -> None:
    """A number, a text and a list mean the same."""
    plain, vip = venue.unused(100, ENTRY)[1].code, venue.unused(100, VIP)[1].code
    response = await act(hass, "checkin", ticket_code=plain, ticket_type_id=kinds)
    assert response["reason"] == "wrong_ticket_type"
    assert server.requests_to("tickets/checkin") == []
    response = await act(hass, "checkin", ticket_code=vip, ticket_type_id=kinds)
    assert response["admitted"] is True
    assert server.requests_to("tickets/checkin")[0].params["ticket_type_id"] == str(VIP)


@pytest.mark.usefixtures("loaded")
@pytest.mark.parametrize("kinds", [[ENTRY, str(VIP)], []])
async def test_several_ticket_types_are_checked_here_only(
    hass: HomeAssistant, venue: Venue, server: OveitServer, kinds: Any
) -> None:
    """Oveit takes one at most."""
    code = venue.unused(100, VIP)[1].code
    response = await act(hass, "checkin", ticket_code=code, ticket_type_id=kinds)
    assert response["admitted"] is True
    assert "ticket_type_id" not in server.requests_to("tickets/checkin")[0].params


@pytest.mark.usefixtures("loaded")
async def test_a_ticket_of_an_event_not_followed_marks_nothing(
    hass: HomeAssistant, venue: Venue, server: OveitServer
) -> None:
    """It is of the account, but not of this door."""
    ticket = venue.unused(101)[0]
    for action in LOOKS:
        response = await act(hass, action, ticket_code=ticket.code)
        assert response["admitted"] is False
        assert response["reason"] == "wrong_event"
        assert response["event"] == {"id": 101, "name": "City Museum"}
    assert ticket.checkins == []
    assert server.requests_to("tickets/checkin") == []


TEXTS = {
    "code_empty": "{field} is empty. Send the code that was read.",
    "code_too_long": "{field} is longer than 256 characters, so it is no code.",
    "code_not_printable": "{field} holds characters that cannot be printed."
    " Send the code as text, without control characters.",
    "code_not_text": "{field} is not text."
    " Put the code in quotes, so that zeros at its start are kept.",
}


@pytest.mark.usefixtures("loaded")
@pytest.mark.parametrize("action", LOOKS)
@pytest.mark.parametrize("field", ["ticket_code", "rfid_code"])
@pytest.mark.parametrize(
    "read",
    [
        ("", "code_empty"),
        (" \t\n", "code_empty"),
        ("x" * 257, "code_too_long"),
        ("39fa\x00317d", "code_not_printable"),
        ("39fa\n317d", "code_not_printable"),
        ("39fa\u202e317d", "code_not_printable"),
        ("39fa\ud800", "code_not_printable"),
        (12345, "code_not_text"),
        (0, "code_not_text"),
        (1.5, "code_not_text"),
        (True, "code_not_text"),
        (False, "code_not_text"),
        (["39fa317d"], "code_not_text"),
        ({"code": "39fa317d"}, "code_not_text"),
    ],
)
async def test_what_is_no_code_is_refused_before_oveit_hears_of_it(
    hass: HomeAssistant, server: OveitServer, action: str, field: str, read: tuple[Any, str]
) -> None:
    """The text says what to do."""
    code, key = read
    server.forget()
    with pytest.raises(ServiceValidationError) as error:
        await act(hass, action, **{field: code})
    assert error.value.translation_key == key
    assert str(error.value) == TEXTS[key].format(field=field).rstrip(".")
    assert server.requests == []


@pytest.mark.usefixtures("loaded")
@pytest.mark.parametrize("action", LOOKS)
@pytest.mark.parametrize(
    "codes",
    [
        {},
        {"ticket_code": None},
        {"ticket_code": None, "rfid_code": None},
        {"ticket_code": "39fa317d", "rfid_code": "5E35ED9A"},
    ],
    ids=["none", "null", "nulls", "both"],
)
async def test_exactly_one_code_is_wanted(
    hass: HomeAssistant, server: OveitServer, action: str, codes: dict[str, Any]
) -> None:
    """Neither none nor both."""
    server.forget()
    with pytest.raises(
        ServiceValidationError, match="Send either ticket_code or rfid_code"
    ) as error:
        await act(hass, action, **codes)
    assert error.value.translation_key == "one_code"
    assert server.requests == []


@pytest.mark.usefixtures("loaded")
@pytest.mark.parametrize("action", LOOKS)
@pytest.mark.parametrize("code", ["x&addon_id=9", "x&token=1;--", '"};', "é/ü ☂", "y" * 256])
async def test_a_code_is_sent_as_one_value(
    hass: HomeAssistant, server: OveitServer, action: str, code: str
) -> None:
    """Whatever it looks like, blanks around it apart."""
    server.forget()
    for field in ("ticket_code", "rfid_code"):
        response = await act(hass, action, **{field: f"  {code} "})
        assert response["reason"] in {"unknown_ticket", "unknown_tag"}
    sent = [request.params for request in server.requests_to("tickets/scan")]
    assert sent == [{"ticket_code": code}, {"rfid_code": code}]


@pytest.mark.usefixtures("loaded")
async def test_zeros_at_the_start_of_a_code_stay(
    hass: HomeAssistant, venue: Venue, server: OveitServer
) -> None:
    """A code of digits is text."""
    venue.sell(100, ENTRY, code="00012345")
    assert (await act(hass, "checkin", ticket_code="00012345"))["admitted"] is True
    assert server.requests_to("tickets/checkin")[0].params["ticket_code"] == "00012345"


@pytest.mark.usefixtures("loaded")
@pytest.mark.parametrize("action", LOOKS)
@pytest.mark.parametrize(
    "wrong",
    [
        {"deadline": 0.4},
        {"deadline": 30.5},
        {"deadline": -1},
        {"deadline": "nan"},
        {"deadline": "soon"},
        {"ticket_type_id": 0},
        {"ticket_type_id": 2**63},
        {"ticket_type_id": "VIP"},
        {"ticket_type_id": [ENTRY, None]},
        {"gate": "g" * 257},
        {"gate": {}},
        {"include_attendee": "perhaps"},
        {"offline": "admit_all"},
        {"addon_id": 0},
        {"addon_id": 2**63},
        {"scan_id": ""},
        {"config_entry_id": 1},
        {"colour": "red"},
    ],
    ids=str,
)
async def test_a_wrong_field_is_refused_before_oveit_hears_of_it(
    hass: HomeAssistant, server: OveitServer, action: str, wrong: dict[str, Any]
) -> None:
    """Nothing is sent."""
    server.forget()
    with pytest.raises(vol.Invalid):
        await act(hass, action, ticket_code="39fa317d", **wrong)
    assert server.requests == []


@pytest.mark.usefixtures("loaded")
@pytest.mark.parametrize("field", ["addon_id", "offline", "scan_id"])
async def test_a_look_takes_no_field_that_only_a_check_in_needs(
    hass: HomeAssistant, field: str
) -> None:
    """It would mean nothing there."""
    choice = {"addon_id": DRINKS, "offline": "refuse", "scan_id": "7"}[field]
    with pytest.raises(vol.Invalid):
        await act(hass, "scan", ticket_code="39fa317d", **{field: choice})


@pytest.mark.usefixtures("loaded")
@pytest.mark.parametrize("deadline", [0.5, 3, 30, "2.5"])
async def test_a_deadline_may_be_half_a_second_to_half_a_minute(
    hass: HomeAssistant, venue: Venue, deadline: Any
) -> None:
    """The limits are part of it."""
    code = venue.unused(100, ENTRY)[1].code
    assert (await act(hass, "checkin", ticket_code=code, deadline=deadline))["admitted"] is True


@pytest.mark.usefixtures("loaded")
@pytest.mark.parametrize("action", LOOKS)
async def test_a_guest_waits_no_longer_than_the_deadline(
    hass: HomeAssistant, venue: Venue, server: OveitServer, action: str
) -> None:
    """Then the list that is here decides."""
    server.faults.set("*", Fault(latency_before=0.8))
    started = monotonic()
    response = await act(hass, action, ticket_code=venue.unused(100)[1].code, deadline=0.5)
    assert (response["admitted"], response["source"]) == (True, "ledger")
    assert monotonic() - started < 0.9
    server.faults.clear()
    await asyncio.sleep(0.4)


CANNOT_CONNECT = "Oveit could not be reached, or not in time."
INVALID_RESPONSE = "Oveit’s reply was not understood."
WRONG_CREDENTIALS = "Oveit does not accept the credentials. Sign in again."
FAILURES = [
    ("drop_before", "cannot_connect", CANNOT_CONNECT),
    ("drop_after", "cannot_connect", CANNOT_CONNECT),
    ("too_many_requests", "cannot_connect", CANNOT_CONNECT),
    ("server_error", "cannot_connect", CANNOT_CONNECT),
    ("captive_portal", "invalid_response", INVALID_RESPONSE),
    ("half_json", "invalid_response", INVALID_RESPONSE),
    ("empty_body", "invalid_response", INVALID_RESPONSE),
    ("json_list", "invalid_response", INVALID_RESPONSE),
    ("wrong_tickets", "invalid_response", INVALID_RESPONSE),
    ("forbidden", "authentication_failed", WRONG_CREDENTIALS),
]


@pytest.fixture(params=["checkin", "scan", "sync"])
def call(request: pytest.FixtureRequest, venue: Venue) -> tuple[str, dict[str, Any]]:
    """Return each action with what it needs."""
    needs_code = request.param != "sync"
    return request.param, {"ticket_code": venue.unused(100)[1].code} if needs_code else {}


@pytest.mark.parametrize("failure", FAILURES, ids=lambda failure: failure[0])
async def test_every_failure_of_a_sync_is_told_in_words(
    hass: HomeAssistant, loaded: MockConfigEntry, server: OveitServer, failure: tuple[str, str, str]
) -> None:
    """Only wrong credentials have a person sign in again."""
    fault, key, text = failure
    server.faults.set("*", fault)
    with pytest.raises(HomeAssistantError) as error:
        await act(hass, "sync")
    assert not isinstance(error.value, ServiceValidationError)
    assert error.value.translation_domain == DOMAIN
    assert error.value.translation_key == key
    assert str(error.value) == text.rstrip(".")
    asked = bool([*loaded.async_get_active_flows(hass, {SOURCE_REAUTH})])
    assert asked is (key == "authentication_failed")


@pytest.mark.parametrize("action", LOOKS)
@pytest.mark.parametrize("failure", FAILURES, ids=lambda failure: failure[0])
async def test_no_failure_of_oveit_keeps_a_guest_outside(
    hass: HomeAssistant,
    loaded: MockConfigEntry,
    venue: Venue,
    server: OveitServer,
    action: str,
    failure: tuple[str, str, str],
) -> None:
    """The list that is here decides; only wrong credentials have a person sign in again."""
    server.faults.set("*", failure[0])
    response = await act(hass, action, ticket_code=venue.unused(100)[1].code)
    assert (response["admitted"], response["source"]) == (True, "ledger")
    asked = bool([*loaded.async_get_active_flows(hass, {SOURCE_REAUTH})])
    assert asked is (failure[1] == "authentication_failed")


async def test_a_ledger_that_fails_is_told_in_words(
    hass: HomeAssistant, loaded: MockConfigEntry, call: tuple[str, dict[str, Any]]
) -> None:
    """Nothing is decided without it."""
    await loaded.runtime_data.ledger.close()
    with pytest.raises(HomeAssistantError) as error:
        await act(hass, call[0], **call[1])
    assert error.value.translation_key == "ledger_failed"
    assert "Check the disk" in str(error.value)


@pytest.mark.usefixtures("loaded")
async def test_a_guest_admitted_without_a_line_is_counted_once_when_it_is_back(
    hass: HomeAssistant, venue: Venue, server: OveitServer
) -> None:
    """Read again meanwhile, the guest is known."""
    code = venue.unused(100)[1].code
    await server.hang_up()
    assert (await act(hass, "checkin", ticket_code=code))["reason"] == "checked_in"
    assert (await act(hass, "checkin", ticket_code=code))["reason"] == "repeat"
    await server.pick_up()
    assert venue.entries(code) == 0
    assert (await act(hass, "sync"))["uploaded"] == 1
    assert venue.entries(code) == 1


async def test_an_action_without_an_account_says_so(
    hass: HomeAssistant, call: tuple[str, dict[str, Any]]
) -> None:
    """The actions are there from the start."""
    assert await async_setup_component(hass, DOMAIN, {})
    with pytest.raises(ServiceValidationError) as error:
        await act(hass, call[0], **call[1])
    assert error.value.translation_key == "service_found_no_config_entry_for_domain"


@pytest.mark.parametrize("named", [False, True])
async def test_an_action_for_an_account_that_is_not_loaded_says_so(
    hass: HomeAssistant, loaded: MockConfigEntry, call: tuple[str, dict[str, Any]], named: bool
) -> None:
    """Named or not."""
    await hass.config_entries.async_unload(loaded.entry_id)
    account = {"config_entry_id": loaded.entry_id} if named else {}
    with pytest.raises(ServiceValidationError) as error:
        await act(hass, call[0], **call[1], **account)
    assert error.value.translation_key == "service_config_entry_not_loaded"


@pytest.mark.usefixtures("loaded")
async def test_an_action_for_an_account_that_is_not_there_says_so(
    hass: HomeAssistant, call: tuple[str, dict[str, Any]]
) -> None:
    """An id that nobody has."""
    with pytest.raises(ServiceValidationError) as error:
        await act(hass, call[0], **call[1], config_entry_id="0")
    assert error.value.translation_key == "service_config_entry_not_found"


async def test_with_two_accounts_an_action_has_to_name_one(
    hass: HomeAssistant, loaded: MockConfigEntry, venue: Venue, server: OveitServer
) -> None:
    """It is then the one that is asked."""
    other = MockConfigEntry(
        domain=DOMAIN,
        unique_id="2",
        data={"token": venue.other_token, CONF_API_URL: server.url},
        options={"events": [900], "follow_new": False},
    )
    other.add_to_hass(hass)
    await set_up(hass, other)
    fields = {"ticket_code": venue.unused(900)[0].code}
    with pytest.raises(ServiceValidationError) as error:
        await act(hass, "scan", **fields)
    assert error.value.translation_key == "service_found_multiple_config_entry_for_domain"
    for account, admitted in ((loaded, False), (other, True)):
        response = await act(hass, "scan", **fields, config_entry_id=account.entry_id)
        assert response["admitted"] is admitted


@pytest.mark.usefixtures("loaded")
async def test_sync_asks_for_everything_now(
    hass: HomeAssistant, venue: Venue, server: OveitServer
) -> None:
    """It counts, and the sensors show what is new."""
    venue.sell(100, ENTRY)
    server.forget()
    response = await act(hass, "sync")
    assert response == {"uploaded": 0, "confirmed": 0, "rejected": 0, "waiting": 0}
    assert [request.endpoint for request in server.requests] == ["seller/events", "events/tickets"]
    assert value(hass, "sensor.lantern_night_tickets") == "51"


@pytest.mark.usefixtures("loaded")
async def test_sync_counts_what_oveit_does_not_have_yet(
    hass: HomeAssistant, venue: Venue, server: OveitServer
) -> None:
    """A check-in whose answer was lost is waiting."""
    server.faults.set("tickets/checkin", "drop_after")
    response = await act(hass, "checkin", ticket_code=venue.unused(100)[1].code)
    assert response["source"] == "ledger"
    assert (await act(hass, "sync"))["waiting"] == 1
    assert value(hass, "sensor.lantern_night_waiting") == "1"


@pytest.mark.usefixtures("loaded")
async def test_what_changes_something_can_be_called_without_a_response(
    hass: HomeAssistant, venue: Venue
) -> None:
    """A look without one would be for nothing."""
    services: ServiceRegistry = hass.services
    assert services.supports_response(DOMAIN, "checkin") is SupportsResponse.OPTIONAL
    assert services.supports_response(DOMAIN, "sync") is SupportsResponse.OPTIONAL
    assert services.supports_response(DOMAIN, "scan") is SupportsResponse.ONLY
    code = venue.unused(100, ENTRY)[1].code
    await services.async_call(DOMAIN, "checkin", {"ticket_code": code}, blocking=True)
    assert venue.entries(code) == 1


AUTOMATION = {
    "triggers": [{"trigger": "event", "event_type": "read"}],
    "actions": [
        {
            "action": "oveit.checkin",
            "data": {"rfid_code": "{{ trigger.event.data.uid }}", "gate": "North"},
            "response_variable": "decision",
        },
        {
            "if": "{{ decision.admitted and decision.reason != 'repeat' }}",
            "then": [{"event": "open"}],
        },
    ],
}


async def read(hass: HomeAssistant, uid: str) -> list[Event[Any]]:
    """Hold a tag to a reader, and return how often the door opens."""
    opened = async_capture_events(hass, "open")
    hass.bus.async_fire("read", {"uid": uid})
    await hass.async_block_till_done(wait_background_tasks=True)
    return opened


@pytest.mark.usefixtures("loaded")
async def test_an_automation_opens_a_door_once(hass: HomeAssistant, venue: Venue) -> None:
    """The response is there for the next step."""
    venue.sell(100, ENTRY, rfid_codes=["5E35ED9A"])
    assert await async_setup_component(hass, "automation", {"automation": AUTOMATION})
    assert len(await read(hass, "5E35ED9A")) == 1
    assert len(await read(hass, "5E35ED9A")) == 0
    assert len(await read(hass, "n0b0dy")) == 0


@pytest.mark.usefixtures("loaded")
async def test_an_automation_hands_over_a_tag_of_digits_as_it_is(
    hass: HomeAssistant, venue: Venue
) -> None:
    """Templates turn digits into a number, unless the whole data is one template."""
    venue.sell(100, ENTRY, rfid_codes=["659891"])
    checkin = AUTOMATION["actions"][0] | {"data": "{{ {'rfid_code': trigger.event.data.uid} }}"}
    automation = AUTOMATION | {"actions": [checkin, AUTOMATION["actions"][1]]}
    assert await async_setup_component(hass, "automation", {"automation": automation})
    assert len(await read(hass, "659891")) == 1


@pytest.mark.usefixtures("loaded")
async def test_a_script_hands_a_decision_on(hass: HomeAssistant, venue: Venue) -> None:
    """A reader's one call has its answer."""
    script = {
        "sequence": [
            {
                "action": "oveit.scan",
                "data": {"ticket_code": "{{ code }}"},
                "response_variable": "decision",
            },
            {"stop": "done", "response_variable": "decision"},
        ]
    }
    assert await async_setup_component(hass, "script", {"script": {"look": script}})
    response = await hass.services.async_call(
        "script",
        "look",
        {"code": venue.sell(100, ENTRY, code="39fa317d").code},
        blocking=True,
        return_response=True,
    )
    assert response["admitted"] is True


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
