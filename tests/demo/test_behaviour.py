"""Each switch of the pretend Oveit's behaviour does what it says."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from demo.control import switches
from demo.oveit_server import Behaviour, OveitServer, Venue
from tests.demo.conftest import Caller

VIP, DRINKS = 235, 8
USED = "This ticket is already checked in"


@pytest.fixture
def behaviour(server: OveitServer) -> Behaviour:
    """Return the switches."""
    return server.behaviour


@pytest.fixture(autouse=True)
def tickets(venue: Venue) -> None:
    """Sell a used ticket, and two on one tag."""
    venue.sell(100, VIP, code="used")
    venue.check_in("used")
    venue.sell(100, VIP, code="first", rfid_codes=["BOTH"])
    venue.sell(100, VIP, code="second", rfid_codes=["BOTH"])


def test_every_switch_is_tested_here() -> None:
    """A new switch needs a test of its own."""
    tested = {
        "attendee",
        "bad_login",
        "checkins_include_new",
        "date_form",
        "dates",
        "dead_token",
        "ended_event",
        "ids",
        "lists",
        "old_replies",
        "refusal",
        "scan_used",
        "scan_v2",
        "second_checkin",
        "starts",
        "turnstile",
        "wallet",
    }
    assert set(switches()) == tested


@pytest.mark.parametrize(
    ("shape", "answer"),
    [
        ("error", {"error": USED}),
        ("ok_false", {"ok": False, "error": USED}),
        ("bare", {"ok": False}),
    ],
)
async def test_a_refusal_has_the_shape_that_is_chosen(
    ask: Caller, behaviour: Behaviour, shape: Any, answer: dict[str, Any]
) -> None:
    """Nothing is checked in by any of them."""
    behaviour.refusal = shape
    assert await ask("tickets/checkin", ticket_code="used") == answer


async def test_a_refusal_may_come_with_the_ticket(ask: Caller, behaviour: Behaviour) -> None:
    """It is in the reply, if it exists."""
    behaviour.refusal = "ticket"
    answer = await ask("tickets/checkin", ticket_code="used")
    assert (answer["ok"], answer["error"]) == (False, USED)
    assert answer["ticket"]["code"] == "used"
    unknown = await ask("tickets/checkin", ticket_code="n0b0dy")
    assert unknown == {"error": "This ticket does not exist"}


@pytest.mark.parametrize("shape", ["error", "ok_false", "ticket"])
async def test_a_turnstile_refuses_in_its_own_shape(
    ask: Caller, behaviour: Behaviour, shape: Any
) -> None:
    """Only a bare refusal is the same there."""
    behaviour.refusal = shape
    answer = await ask("turnstile/checkin", ticket_code="used")
    assert answer == {"ok": False, "error": USED}
    behaviour.refusal = "bare"
    assert await ask("turnstile/checkin", ticket_code="used") == {"ok": False}


async def test_a_second_check_in_may_be_accepted(
    ask: Caller, venue: Venue, behaviour: Behaviour
) -> None:
    """It is counted."""
    assert await ask("tickets/checkin", ticket_code="used") == {"error": USED}
    behaviour.second_checkin = "accepted"
    assert (await ask("tickets/checkin", ticket_code="used"))["ok"] is True
    assert venue.entries("used") == 2


@pytest.mark.parametrize("include", [True, False])
async def test_an_answer_holds_the_new_check_in_or_not(
    ask: Caller, venue: Venue, behaviour: Behaviour, include: bool
) -> None:
    """It is counted either way."""
    behaviour.checkins_include_new = include
    answer = await ask("tickets/checkin", ticket_code="first")
    assert len(answer["checkins"]) == include
    assert venue.entries("first") == 1


@pytest.mark.parametrize(("choice", "status"), [("error", 200), ("403", 403)])
async def test_a_wrong_login_has_the_status_that_is_chosen(
    stranger: Caller, behaviour: Behaviour, choice: Any, status: int
) -> None:
    """Both replies have an error message."""
    behaviour.bad_login = choice
    reply = await stranger.reply("seller/login", json={"email": "x", "password": "y"})
    assert reply.status == status
    assert await reply.json() == {"error": "The email or the password is wrong"}


async def test_an_attendee_may_be_null(ask: Caller, behaviour: Behaviour) -> None:
    """Even if the event has a form."""
    assert (await ask("tickets/scan", ticket_code="first"))["attendee"]["values"]
    behaviour.attendee = "null"
    assert (await ask("tickets/scan", ticket_code="first"))["attendee"] is None


async def test_dates_may_lack_their_zone(ask: Caller, behaviour: Behaviour, venue: Venue) -> None:
    """In every reply, rows of the list that were sent before included."""

    async def date() -> str:
        rows = (await ask("events/tickets", id=100))["tickets"]
        return next(row for row in rows if row["code"] == "used")["checkins"][0]["date"]

    assert datetime.fromisoformat(await date()).tzinfo
    behaviour.dates = "naive"
    assert await date() == f"{venue.clock():%Y-%m-%d %H:%M:%S}"
    scan = await ask("tickets/scan", ticket_code="used")
    assert scan["order"]["date"] == await date()


@pytest.mark.parametrize(
    ("form", "date"),
    [
        ("iso", "2026-11-24T18:02:11+00:00"),
        ("no_colon", "2026-11-24T21:02:11+0300"),
        ("z", "2026-11-24T18:02:11Z"),
        ("fraction", "2026-11-24T18:02:11.000+00:00"),
    ],
)
async def test_dates_have_the_form_that_is_chosen(
    ask: Caller, behaviour: Behaviour, venue: Venue, form: Any, date: str
) -> None:
    """In lists and answers, by a clock that may be another than the server's own."""
    behaviour.date_form = form
    venue.dates_ahead = timedelta(minutes=-30)
    venue.check_in("first", at=datetime(2026, 11, 24, 18, 32, 11, tzinfo=UTC))

    rows = (await ask("events/tickets", id=100))["tickets"]
    scan = await ask("tickets/scan", ticket_code="first")

    (listed,) = (row["checkins"] for row in rows if row["code"] == "first")
    assert listed == scan["checkins"] == [{"addon_id": None, "date": date}]


@pytest.mark.parametrize(
    ("form", "start"),
    [
        ("date", "2026-12-29T11:15:00+00:00"),
        ("day_first", "29/12/2026 11:15"),
        ("epoch", 1798542900),
        ("epoch_text", "1798542900"),
        ("rfc_1123", "Tue, 29 Dec 2026 11:15:00 GMT"),
        ("zero", "0000-00-00 00:00:00"),
    ],
)
async def test_events_start_in_the_form_that_is_chosen(
    ask: Caller, behaviour: Behaviour, venue: Venue, form: Any, start: str | int
) -> None:
    """A perpetual event has no start in any form."""
    behaviour.starts = form
    venue.events[100].starts_at = datetime(2026, 12, 29, 11, 15, tzinfo=UTC)
    venue.events[101].starts_at = None

    events = (await ask("seller/events"))["events"]

    assert {event["id"]: event["starts_at"] for event in events} == {101: None, 100: start}


async def test_lists_may_be_numbered_objects(ask: Caller, behaviour: Behaviour) -> None:
    """As some languages write a list with gaps."""
    rows = (await ask("events/tickets", id=100))["tickets"]
    behaviour.lists = "numbered"
    numbered = (await ask("events/tickets", id=100))["tickets"]
    assert [numbered[str(number)] for number in range(len(rows))] == rows
    assert list((await ask("seller/events"))["events"]) == ["0", "2"]


@pytest.mark.parametrize(
    ("told", "status"),
    [("403", 403), ("401", 401), ("419", 419), ("redirect", 302), ("error", 200)],
)
async def test_a_dead_token_is_told_in_the_way_that_is_chosen(
    stranger: Caller, behaviour: Behaviour, told: Any, status: int
) -> None:
    """By a status, by the way to a page for people, or in words alone."""
    behaviour.dead_token = told
    reply = await stranger.reply("seller/events", json={}, allow_redirects=False)
    assert reply.status == status
    assert ("Location" in reply.headers) is (told == "redirect")


async def test_ids_may_be_text(ask: Caller, behaviour: Behaviour) -> None:
    """In every reply; text is accepted for ids, too."""
    behaviour.ids = "text"
    event = (await ask("seller/events"))["events"][1]
    assert event["id"] == "100"
    assert event["ticket_types"][1]["addons"][0]["id"] == "8"
    rows = (await ask("events/tickets", id="100"))["tickets"]
    assert {row["ticket_type_id"] for row in rows} == {"234", "235"}
    answer = await ask("tickets/checkin", ticket_code="first", addon_id="8", ticket_type_id="235")
    assert answer["checkins"][0]["addon_id"] == "8"
    assert answer["event"]["id"] == "100"


async def test_old_replies_know_less_of_addons(ask: Caller, behaviour: Behaviour) -> None:
    """They say neither whether one is bundled nor whether it is enabled."""
    behaviour.old_replies = True
    event = (await ask("seller/events"))["events"][1]
    addon = event["ticket_types"][1]["addons"][0]
    assert addon == {"id": DRINKS, "name": "Free drinks", "uses": 4}


@pytest.mark.parametrize(
    ("wallet", "codes"),
    [
        ("first_unused", ["first", "second", None]),
        ("first", ["first", None]),
        ("error", [None]),
    ],
)
async def test_a_tag_with_several_tickets_stands_for_the_one_that_is_chosen(
    ask: Caller, behaviour: Behaviour, wallet: Any, codes: list[str | None]
) -> None:
    """Or for none."""
    behaviour.wallet = wallet
    answers = [await ask("tickets/checkin", rfid_code="BOTH") for _ in codes]
    assert [answer.get("ticket", {}).get("code") for answer in answers] == codes
    unclear = "This tag has several tickets"
    assert answers[-1] == {"error": unclear if wallet == "error" else USED}


@pytest.mark.parametrize("refused", [False, True])
async def test_a_scan_of_a_used_ticket_may_be_refused(
    ask: Caller, behaviour: Behaviour, refused: bool
) -> None:
    """One of an unused ticket is not."""
    behaviour.scan_used = "refused" if refused else "ok"
    assert (await ask("tickets/scan", ticket_code="used")).get("error") == (
        USED if refused else None
    )
    assert (await ask("tickets/scan", ticket_code="first"))["ok"] is True


async def test_tickets_of_an_event_that_ended_may_still_be_good(
    ask: Caller, venue: Venue, behaviour: Behaviour
) -> None:
    """The event is not listed in either case."""
    venue.end_event(100)
    assert await ask("tickets/checkin", ticket_code="first") == {
        "error": "This ticket is not valid here"
    }
    behaviour.ended_event = "accepted"
    assert (await ask("tickets/checkin", ticket_code="first"))["ok"] is True
    assert (await ask("events/tickets", id=100))["tickets"]
    assert [event["id"] for event in (await ask("seller/events"))["events"]] == [101]


async def test_an_account_may_have_no_turnstile(ask: Caller, behaviour: Behaviour) -> None:
    """The reply is an error."""
    behaviour.turnstile = False
    for endpoint in ("turnstile/checkin", "turnstile/checkout"):
        answer = await ask(endpoint, ticket_code="first")
        assert answer == {"error": "Your account does not have this feature"}


async def test_an_account_may_list_the_tickets_of_a_tag(ask: Caller, behaviour: Behaviour) -> None:
    """Where it cannot, the reply is an error."""
    answer = await ask("tickets/scan_v2", rfid_code="BOTH")
    assert answer == {"error": "Your account does not have this feature"}
    behaviour.scan_v2 = True
    answer = await ask("tickets/scan_v2", rfid_code="BOTH")
    assert {ticket["code"] for ticket in answer["data"]["tickets"]} == {"first", "second"}
