"""Each of Oveit's endpoints replies as documented."""

from typing import Any

import pytest

from demo.oveit_server import OveitServer, Venue
from demo.venue import VenueEvent, VenueTicketType
from tests.demo.conftest import Caller

ENTRY, VIP = 234, 235
DRINKS, TOUR, PARKING, CLOAKROOM = 8, 9, 10, 11


@pytest.fixture(autouse=True)
def tickets(venue: Venue) -> None:
    """Sell one ticket of each type, and one of another seller."""
    venue.sell(100, ENTRY, code="plain", rfid_codes=["TAG1"])
    venue.sell(100, VIP, code="vip")
    venue.sell(900, 9001, code="theirs", rfid_codes=["TAG9"])


async def test_events_are_the_active_ones_of_the_account_perpetual_first(
    ask: Caller, venue: Venue
) -> None:
    """With counts, ticket types and add-ons."""
    museum, concert = (await ask("seller/events"))["events"]
    assert (museum["id"], museum["starts_at"]) == (101, None)
    assert concert["id"] == 100
    assert concert["starts_at"].endswith("+00:00")
    assert concert["tickets"] == concert["tickets_sold"] == len(venue.tickets_of(100))
    assert concert["tickets_checked_in"] == len(venue.used(100))
    entry, vip = concert["ticket_types"]
    assert entry == {"id": ENTRY, "name": "Entry", "price": "20 EUR"}
    assert vip["addons"][0] == {
        "id": DRINKS,
        "name": "Free drinks",
        "is_bundled": True,
        "uses": 4,
        "enabled": True,
    }


async def test_an_event_that_ended_leaves_the_list(ask: Caller, venue: Venue) -> None:
    """Its tickets cannot be listed any more."""
    venue.end_event(100)
    assert [event["id"] for event in (await ask("seller/events"))["events"]] == [101]
    assert await ask("events/tickets", id=100) == {"error": "This event does not exist"}


async def test_without_multiple_access_there_are_no_addons(ask: Caller, venue: Venue) -> None:
    """The key is missing."""
    venue.multiple_access = False
    events = (await ask("seller/events"))["events"]
    assert all("addons" not in kind for event in events for kind in event["ticket_types"])
    answer = await ask("tickets/checkin", ticket_code="vip", addon_id=DRINKS)
    assert answer == {"error": "This add-on is not available"}


async def test_the_list_holds_every_ticket_and_no_tag(ask: Caller, venue: Venue) -> None:
    """Each with its uses."""
    venue.check_in("vip", DRINKS)
    venue.check_in("vip")
    rows = {row["code"]: row for row in (await ask("events/tickets", id=100))["tickets"]}
    assert list(rows) == [ticket.code for ticket in venue.tickets_of(100)]
    assert rows["plain"] == {
        "code": "plain",
        "ticket_type_id": ENTRY,
        "checked_in": False,
        "checkins": [],
    }
    assert rows["vip"]["checked_in"] is True
    assert [use["addon_id"] for use in rows["vip"]["checkins"]] == [DRINKS, None]


async def test_the_list_follows_changes(ask: Caller, venue: Venue) -> None:
    """Sales, cancellations, check-ins and odd rows."""

    async def rows() -> list[Any]:
        return (await ask("events/tickets", id=100))["tickets"]

    before = await rows()
    venue.sell(100, ENTRY, code="late")
    venue.cancel("plain")
    venue.check_in("vip")
    venue.odd_rows[100] = [None, {"code": 7}]
    after = await rows()
    assert [row["code"] for row in after[:-2]] == [
        *(row["code"] for row in before if row["code"] != "plain"),
        "late",
    ]
    assert next(row for row in after if row["code"] == "vip")["checked_in"] is True
    assert after[-2:] == [None, {"code": 7}]


@pytest.mark.parametrize("number", [900, 99, 0, -1, "x", None])
async def test_an_event_of_someone_else_does_not_exist(ask: Caller, number: Any) -> None:
    """Nor one that nobody has."""
    assert await ask("events/tickets", id=number) == {"error": "This event does not exist"}


@pytest.mark.parametrize("credential", ["ticket_code", "code", "rfid_code"])
async def test_a_check_in_uses_the_ticket_and_returns_all_of_it(
    ask: Caller, venue: Venue, credential: str
) -> None:
    """By ticket code or by tag."""
    code = "TAG1" if credential == "rfid_code" else "plain"
    answer = await ask("tickets/checkin", **{credential: code})
    assert answer["ok"] is True
    assert answer["ticket"]["code"] == "plain"
    assert answer["ticket_type"] == {"id": ENTRY, "name": "Entry"}
    assert answer["event"]["id"] == 100
    assert set(answer["order"]) == {"id", "name", "date"}
    assert [use["addon_id"] for use in answer["checkins"]] == [None]
    assert [field["name"] for field in answer["attendee"]["fields"]] == ["Name", "Email", "Meal"]
    assert answer["rfid_codes"][0]["code"] == "TAG1"
    assert venue.entries("plain") == 1


async def test_a_scan_returns_the_same_and_uses_nothing(ask: Caller, venue: Venue) -> None:
    """However often it is made."""
    scans = [await ask("tickets/scan", rfid_code="TAG1") for _ in range(2)]
    assert scans[0] == scans[1]
    assert venue.tickets["plain"].checkins == []
    checked_in = await ask("tickets/checkin", ticket_code="plain")
    assert checked_in == scans[0] | {"checkins": checked_in["checkins"]}


@pytest.mark.parametrize(
    ("params", "error"),
    [
        ({}, "A ticket code or a tag code is required"),
        ({"ticket_code": ""}, "A ticket code or a tag code is required"),
        ({"ticket_code": "n0b0dy"}, "This ticket does not exist"),
        ({"rfid_code": "n0b0dy"}, "This ticket does not exist"),
        ({"ticket_code": "theirs"}, "This ticket does not exist"),
        ({"rfid_code": "TAG9"}, "This ticket does not exist"),
        ({"ticket_code": "plain", "ticket_type_id": VIP}, "This ticket is not valid here"),
        ({"ticket_code": "plain", "ticket_type_id": "x"}, "This ticket is not valid here"),
        ({"ticket_code": "plain", "addon_id": DRINKS}, "This add-on is not available"),
        ({"ticket_code": "vip", "addon_id": CLOAKROOM}, "This add-on is not available"),
    ],
    ids=str,
)
async def test_a_check_in_that_is_refused_uses_nothing(
    ask: Caller, venue: Venue, params: dict[str, Any], error: str
) -> None:
    """The reply says why."""
    assert await ask("tickets/checkin", **params) == {"error": error}
    assert [venue.tickets[code].checkins for code in ("plain", "vip", "theirs")] == [[], [], []]


async def test_a_cancelled_ticket_does_not_exist(ask: Caller, venue: Venue) -> None:
    """Its tag does not find it, either."""
    venue.cancel("plain")
    for credential in ({"ticket_code": "plain"}, {"rfid_code": "TAG1"}):
        assert await ask("tickets/checkin", **credential) == {"error": "This ticket does not exist"}


@pytest.mark.parametrize(("addon_id", "uses"), [(DRINKS, 4), (TOUR, 1), (PARKING, None)])
async def test_an_addon_has_as_many_uses_as_its_limit(
    ask: Caller, venue: Venue, addon_id: int, uses: int | None
) -> None:
    """None of them is an entry."""
    for _ in range(uses or 6):
        answer = await ask("tickets/checkin", ticket_code="vip", addon_id=addon_id)
        assert answer["ok"] is True
    answer = await ask("tickets/checkin", ticket_code="vip", addon_id=addon_id)
    assert answer.get("error") == ("This add-on is used up" if uses else None)
    assert venue.entries("vip") == 0
    assert (await ask("tickets/checkin", ticket_code="vip"))["ok"] is True


async def test_a_wristband_lists_its_tickets(
    ask: Caller, venue: Venue, server: OveitServer
) -> None:
    """With dates in words, where the account has that."""
    assert "error" in await ask("tickets/scan_v2", rfid_code="TAG1")
    server.behaviour.scan_v2 = True
    venue.pair("vip", "TAG1")
    venue.check_in("vip")
    ask.headers["Accept-Language"] = "de"
    answer = await ask("tickets/scan_v2", rfid_code="TAG1")
    assert answer["message"] == "Tickets auf diesem Tag"
    plain, vip = answer["data"]["tickets"]
    assert (plain["code"], plain["checkedInAt"]) == ("plain", None)
    assert vip["checkedInAt"] == f"{venue.clock():%d.%m.%Y %H:%M}"
    assert [tag["code"] for tag in answer["data"]["wearables"]] == ["TAG1"]
    assert await ask("tickets/scan_v2", rfid_code="n0b0dy") == {
        "error": "Dieses Ticket gibt es nicht"
    }


async def test_a_turnstile_lets_in_who_is_out_and_out_who_is_in(ask: Caller, venue: Venue) -> None:
    """Again and again."""
    for entries in (1, 2):
        assert await ask("turnstile/checkin", ticket_code="plain") == {"ok": True}
        assert await ask("turnstile/checkin", rfid_code="TAG1") == {
            "ok": False,
            "error": "This ticket is already checked in",
        }
        assert await ask("turnstile/checkout", rfid_code="TAG1") == {"ok": True}
        assert await ask("turnstile/checkout", ticket_code="plain") == {
            "ok": False,
            "error": "This ticket is not inside",
        }
        assert venue.entries("plain") == entries


async def test_a_tag_is_paired_with_one_ticket(ask: Caller, venue: Venue) -> None:
    """A ticket may have several tags; a tag stays on its ticket."""
    assert await ask("rfid/pair", ticket_code="vip", rfid_code="TAG2") == {"ok": True}
    assert await ask("rfid/pair", ticket_code="vip", rfid_code="TAG2") == {"ok": True}
    taken = await ask("rfid/pair", ticket_code="vip", rfid_code="TAG1")
    assert taken == {"error": "This tag belongs to another ticket"}
    assert venue.tickets["vip"].rfid_codes == ["TAG2"]
    assert (await ask("tickets/scan", rfid_code="TAG2"))["ticket"]["code"] == "vip"
    venue.unpair("TAG2")
    assert "error" in await ask("tickets/scan", rfid_code="TAG2")


@pytest.mark.parametrize("params", [{"ticket_code": "vip"}, {"rfid_code": "TAG2"}, {}])
async def test_pairing_needs_both_codes(ask: Caller, params: dict[str, str]) -> None:
    """The error says what is missing."""
    error = {"error": "A ticket code or a tag code is required"}
    assert await ask("rfid/pair", **params) == error


async def test_pairing_needs_a_permission(ask: Caller, venue: Venue) -> None:
    """Not every account has it."""
    venue.accounts["staff@venue.example"].permissions.remove("rfid_pairing")
    answer = await ask("rfid/pair", ticket_code="vip", rfid_code="TAG2")
    assert answer == {"error": "Your account does not have this feature"}
    assert venue.tickets["vip"].rfid_codes == []


async def test_attendees_come_fifty_a_page(ask: Caller, venue: Venue) -> None:
    """A page continues after the last ticket of the page before."""
    codes: list[str] = []
    sizes = []
    since: dict[str, str] = {}
    while page := (answer := await ask("events/attendees", id=100, **since))["attendees"]:
        sizes.append(len(page))
        codes += [person["ticket_code"] for person in page]
        since = {"since": codes[-1]}
    assert sizes == [50, 2]
    assert codes == [ticket.code for ticket in venue.tickets_of(100)]
    assert answer["total"] == 52
    assert [field["name"] for field in answer["fields"]] == ["Name", "Email", "Meal"]
    error = {"error": "This ticket does not exist"}
    assert await ask("events/attendees", id=100, since="n0b0dy") == error


async def test_attendee_forms_are_odd_now_and_then(ask: Caller) -> None:
    """Lists, objects, nulls and missing values."""
    page = (await ask("events/attendees", id=100))["attendees"]
    kinds = {type(value).__name__ for person in page for value in person["values"]}
    assert kinds == {"str", "list", "dict", "NoneType"}
    assert {len(person["values"]) for person in page} == {0, 1, 3}


async def test_a_venue_may_change_while_it_is_served(ask: Caller, venue: Venue) -> None:
    """The next reply has the new event and the new ticket type."""
    kinds = [VenueTicketType(id=434, name="Entry")]
    venue.events[102] = VenueEvent(
        id=102, seller_id=1, name="Fair", starts_at=None, location="Pier 3", ticket_types=kinds
    )
    venue.add_ticket_type(100, 236, "Crew")
    by_id = {event["id"]: event for event in (await ask("seller/events"))["events"]}
    assert list(by_id) == [101, 102, 100]
    assert [kind["name"] for kind in by_id[100]["ticket_types"]] == ["Entry", "VIP", "Crew"]


async def test_two_sellers_do_not_see_each_other(ask: Caller, server: OveitServer) -> None:
    """Each has a token."""
    ask.log_in(server.venue.other_token)
    assert [event["id"] for event in (await ask("seller/events"))["events"]] == [900]
    assert "error" in await ask("tickets/scan", ticket_code="plain")
    assert (await ask("tickets/checkin", rfid_code="TAG9"))["ok"] is True
