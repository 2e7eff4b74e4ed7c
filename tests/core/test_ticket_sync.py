"""Synchronisation: which events and ticket lists are fetched, and when."""

import asyncio
from datetime import timedelta
import gc
from pathlib import Path

import pytest

from custom_components.oveit.core import polling, ticket_sync as ticket_sync_module
from custom_components.oveit.core.counts import RemoteCheckIn
from custom_components.oveit.core.desk.desk import Desk
from custom_components.oveit.core.exceptions import (
    OveitConnectionError,
    OveitError,
    OveitResponseError,
)
from custom_components.oveit.core.ledger import Ledger
from custom_components.oveit.core.models import Request
from custom_components.oveit.core.polling import IDLE_INTERVAL, LIVE_INTERVAL
from custom_components.oveit.core.ticket_sync import TicketSync
from demo.oveit_server import Fault, OveitServer
from demo.venue import now
from tests.core.unknowns import age_lists, query, seconds_between, whichever


def lists_fetched(server: OveitServer) -> list[int]:
    """Return the events whose lists were fetched, in the order of their ids."""
    return sorted(int(request.params["id"]) for request in server.requests_to("events/tickets"))


# What is asked


@whichever("ids", "dates", "old_replies")
async def test_the_first_refresh_fetches_the_events_and_every_list(
    new_ticket_sync: TicketSync, ledger: Ledger, server: OveitServer, seen: list[RemoteCheckIn]
) -> None:
    """Check-ins from before the first list are not reported."""
    assert new_ticket_sync.interval == IDLE_INTERVAL

    await new_ticket_sync.refresh()

    assert server.requests[0].endpoint == "seller/events"
    assert lists_fetched(server) == [100, 101]
    assert {key: event.name for key, event in new_ticket_sync.events.items()} == {
        100: "Lantern Night",
        101: "City Museum",
    }
    attendance = await new_ticket_sync.attendance()
    assert attendance[100].tickets == 50
    assert attendance[100].checked_in == len(server.venue.used(100))
    assert seconds_between((await ledger.list_state(100)).fetched_at, now()) < 5
    assert seen == []


async def test_a_refresh_without_changes_fetches_the_events_only(
    ticket_sync: TicketSync, server: OveitServer
) -> None:
    """While no count moves and the lists are recent, none is fetched."""
    await ticket_sync.refresh()

    assert [request.endpoint for request in server.requests] == ["seller/events"]


async def test_a_sync_fetches_every_list(desk: Desk, server: OveitServer) -> None:
    """The button and the action refresh everything."""
    await desk.sync()

    assert lists_fetched(server) == [100, 101]


async def test_check_ins_of_our_own_cause_no_download(
    ticket_sync: TicketSync, desk: Desk, server: OveitServer, seen: list[RemoteCheckIn]
) -> None:
    """Oveit's count and ours move together, so no list is fetched."""
    for ticket in server.venue.unused(100, 234)[:3]:
        assert (await desk.check_in(Request(ticket_code=ticket.code))).admitted
    server.forget()

    await ticket_sync.refresh()

    assert lists_fetched(server) == []
    await ticket_sync.refresh(everything=True)
    assert seen == []


@whichever("ids", "dates")
async def test_a_check_in_made_elsewhere_has_its_list_fetched_and_is_reported(
    ticket_sync: TicketSync, server: OveitServer, seen: list[RemoteCheckIn], path: Path
) -> None:
    """When only Oveit's count moves, that event's list is fetched once."""
    age_lists(path, timedelta(minutes=2))
    ticket = server.venue.unused(100, 235)[0]
    server.venue.check_in(ticket.code)

    await ticket_sync.refresh()
    await ticket_sync.refresh()

    assert lists_fetched(server) == [100]
    (found,) = seen
    assert (found.event_id, found.ticket_type_id, found.addon_id) == (100, 235, None)
    assert found.code_end == ticket.code[-3:]
    assert seconds_between(found.at, now()) < 5


async def test_t21_a_second_client_that_checks_in_all_the_time_causes_few_downloads(
    ticket_sync: TicketSync, desk: Desk, server: OveitServer, path: Path
) -> None:
    """A list whose count moves with every poll is downloaded every two minutes."""
    guests = iter(server.venue.unused(100, 235))

    async def poll(times: int) -> list[int]:
        server.forget()
        for _ in range(times):
            server.venue.check_in(next(guests).code)
            await ticket_sync.refresh()
        return lists_fetched(server)

    assert await poll(4) == []
    age_lists(path, timedelta(minutes=2))
    assert await poll(4) == [100]
    server.forget()
    await desk.sync()
    assert 100 in lists_fetched(server)


async def test_t21_a_list_that_takes_long_to_download_is_downloaded_the_less_often(
    ticket_sync: TicketSync, server: OveitServer, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not more often than twenty times the download's duration."""
    monkeypatch.setattr(polling, "LEAST_LIST_INTERVAL", timedelta())
    server.faults.set("events/tickets", Fault(latency_after=0.2))
    await ticket_sync.refresh(everything=True)
    server.forget()
    server.venue.check_in(server.venue.unused(100, 235)[0].code)

    await ticket_sync.refresh()
    assert lists_fetched(server) == []

    age_lists(path, timedelta(minutes=2))
    await ticket_sync.refresh()
    assert lists_fetched(server) == [100]


async def test_t21_a_code_that_nobody_knows_has_a_list_that_lacks_tickets_fetched_at_once(
    ticket_sync: TicketSync, desk: Desk, server: OveitServer
) -> None:
    """At a gate, somebody waits who may just have bought the ticket; at most every 10 s."""
    server.behaviour.refusal = "bare"
    server.venue.sell(100, 234)
    for code in ("unknown1", "unknown2"):
        await desk.check_in(Request(ticket_code=code))

    assert lists_fetched(server) == [100]


async def test_t21_a_list_from_the_future_is_as_good_as_none(
    ticket_sync: TicketSync, server: OveitServer, path: Path
) -> None:
    """The clock was wrong when it was fetched; nobody knows how old it is."""
    age_lists(path, timedelta(hours=-1))

    await ticket_sync.refresh()

    assert lists_fetched(server) == [100, 101]


async def test_a_sale_has_its_list_fetched(
    ticket_sync: TicketSync, ledger: Ledger, server: OveitServer, path: Path
) -> None:
    """A ticket that was sold moves the other count."""
    age_lists(path, timedelta(minutes=2))
    ticket = server.venue.sell(101, 334)

    await ticket_sync.refresh()

    assert lists_fetched(server) == [101]
    assert len(await ledger.find(ticket.code)) == 1


async def test_counts_that_never_agree_cause_one_download(
    ticket_sync: TicketSync, ledger: Ledger, server: OveitServer
) -> None:
    """A constant difference between Oveit's count and its list is no reason to fetch it again."""
    server.venue.odd_rows[100] = [None, {"code": "extra1"}]
    await ticket_sync.refresh(everything=True)
    assert (await ledger.list_state(100)).drift_tickets == -1
    server.forget()

    await ticket_sync.refresh()

    assert lists_fetched(server) == []


@pytest.mark.parametrize(
    ("age", "fetched"), [(timedelta(minutes=4), []), (timedelta(minutes=5), [100, 101])]
)
async def test_lists_of_live_events_are_fetched_every_five_minutes(
    ticket_sync: TicketSync, server: OveitServer, path: Path, age: timedelta, fetched: list[int]
) -> None:
    """The concert starts in two hours and the museum is always open."""
    age_lists(path, age)

    await ticket_sync.refresh()

    assert lists_fetched(server) == fetched
    assert ticket_sync.interval == LIVE_INTERVAL


@pytest.mark.parametrize("followed", [{100}], ids=["only 100"])
@pytest.mark.parametrize(
    ("age", "fetched"), [(timedelta(minutes=59), []), (timedelta(minutes=60), [100])]
)
async def test_lists_of_idle_events_are_fetched_every_hour(
    ticket_sync: TicketSync, server: OveitServer, path: Path, age: timedelta, fetched: list[int]
) -> None:
    """Days before the concert few requests are made."""
    server.venue.events[100].starts_at = now() + timedelta(days=3)
    query(path, "UPDATE tickets SET entered_at = entered_at - 86400")
    age_lists(path, age)

    await ticket_sync.refresh()

    assert lists_fetched(server) == fetched
    assert ticket_sync.interval == IDLE_INTERVAL


async def test_t11_a_doubted_list_is_fetched_again_at_the_next_refresh(
    ticket_sync: TicketSync, ledger: Ledger, server: OveitServer
) -> None:
    """An empty list replaces nothing, and is fetched again."""
    server.faults.set("events/tickets", "empty_list", 2)
    await ticket_sync.refresh(everything=True)
    assert (await ticket_sync.attendance())[100].tickets == 50
    server.forget()

    await ticket_sync.refresh()

    assert lists_fetched(server) == [100, 101]
    assert (await ticket_sync.attendance())[100].tickets == 50
    assert not (await ledger.list_state(100)).doubted


async def test_t11_a_list_that_stays_empty_is_believed(
    ticket_sync: TicketSync, server: OveitServer
) -> None:
    """Two replies that say the same are believed."""
    server.faults.set("events/tickets", "empty_list")

    await ticket_sync.refresh(everything=True)
    await ticket_sync.refresh()

    assert (await ticket_sync.attendance())[100].tickets == 0


# Events come and go


@pytest.mark.parametrize("followed", [{101}], ids=["only 101"])
async def test_an_event_that_is_not_followed_is_known_and_not_fetched(
    ticket_sync: TicketSync, ledger: Ledger, server: OveitServer
) -> None:
    """Only the lists of followed events are fetched."""
    await ticket_sync.refresh(everything=True)

    assert set(ticket_sync.events) == {100, 101}
    assert set(ticket_sync.followed) == {101}
    assert lists_fetched(server) == [101]
    assert await ledger.find(server.venue.unused(100)[0].code) == ()


async def test_an_event_that_ended_stays_and_comes_back(
    ticket_sync: TicketSync, ledger: Ledger, server: OveitServer
) -> None:
    """An event that left Oveit's list is inactive, keeps its tickets, and may return."""
    server.venue.end_event(100)
    await ticket_sync.refresh(everything=True)

    assert not ticket_sync.events[100].active
    assert ticket_sync.events[101].active
    assert lists_fetched(server) == [101]
    assert (await ticket_sync.attendance())[100].tickets == 50
    assert not (await ledger.events())[100].active

    server.venue.events[100].ended = False
    await ticket_sync.refresh(everything=True)

    assert ticket_sync.events[100].active
    assert lists_fetched(server) == [100, 101, 101]


@pytest.mark.parametrize("followed", [{100, 101, 102}], ids=["all"])
async def test_a_new_event_is_added(ticket_sync: TicketSync, server: OveitServer) -> None:
    """A new event that is followed has its list fetched."""
    event = server.venue.events[102] = server.venue.events.pop(101)
    event.id = 102

    await ticket_sync.refresh()

    assert ticket_sync.events[102].active
    assert not ticket_sync.events[101].active
    assert lists_fetched(server) == [102]


async def test_events_are_loaded_after_a_restart(
    ticket_sync: TicketSync, client, ledger: Ledger, server: OveitServer, followed: set[int]
) -> None:
    """They are known before the first request."""
    again = TicketSync(
        client, ledger, follows=followed.__contains__, on_remote_check_in=lambda _: None
    )

    await again.load()

    assert again.events == ticket_sync.events
    assert server.requests == []


# What goes wrong


@pytest.mark.parametrize("fault", ["server_error", "captive_portal", "error", "forbidden"])
async def test_events_that_cannot_be_fetched_change_nothing(
    ticket_sync: TicketSync, server: OveitServer, fault: str
) -> None:
    """No list is fetched, and everything known stays."""
    before = dict(ticket_sync.events)
    server.faults.set("seller/events", fault)

    with pytest.raises(OveitError):
        await ticket_sync.refresh(everything=True)

    assert ticket_sync.events == before
    assert lists_fetched(server) == []


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        ("captive_portal", OveitResponseError),
        ("half_json", OveitResponseError),
        ("error", OveitResponseError),
        ("unavailable", OveitConnectionError),
        ("drop_midway", OveitConnectionError),
    ],
)
async def test_t10_a_list_that_fails_does_not_hold_up_the_others(
    ticket_sync: TicketSync,
    ledger: Ledger,
    server: OveitServer,
    path: Path,
    fault: str,
    error: type[OveitError],
) -> None:
    """One list fails, the next is imported, and the error is raised at the end."""
    age_lists(path, timedelta(minutes=2))
    sold = [server.venue.sell(100, 234), server.venue.sell(101, 334)]
    server.faults.set("events/tickets", fault, 1)

    with pytest.raises(error):
        await ticket_sync.refresh()

    assert lists_fetched(server) == [100, 101]
    found = [await ledger.find(ticket.code) for ticket in sold]
    assert sorted(map(len, found)) == [0, 1]
    await ticket_sync.refresh()
    assert all([await ledger.find(ticket.code) for ticket in sold])


async def test_refreshes_come_one_after_the_other(
    ticket_sync: TicketSync, server: OveitServer
) -> None:
    """A poll and a button pressed meanwhile do not overlap."""
    server.faults.set("*", Fault(latency_before=0.02))

    await asyncio.gather(ticket_sync.refresh(everything=True), ticket_sync.refresh(everything=True))

    assert [request.endpoint for request in server.requests] == [
        "seller/events",
        "events/tickets",
        "events/tickets",
    ] * 2


# Looking again


async def test_an_unknown_code_refreshes_lists_older_than_half_a_minute(
    ticket_sync: TicketSync, server: OveitServer, path: Path
) -> None:
    """An old list is fetched, a recent one is not, the events always are."""
    query(path, "UPDATE lists SET fetched_at = fetched_at - 31 WHERE event_id = 100")
    query(path, "UPDATE lists SET fetched_at = fetched_at - 20 WHERE event_id = 101")

    await ticket_sync.refresh_for_unknown_code()

    assert server.requests[0].endpoint == "seller/events"
    assert lists_fetched(server) == [100]


async def test_an_unknown_code_fetches_a_list_that_is_missing(
    new_ticket_sync: TicketSync, server: OveitServer
) -> None:
    """An event without a list gets one."""
    await new_ticket_sync.refresh_for_unknown_code()

    assert lists_fetched(server) == [100, 101]


async def test_an_unknown_code_fetches_no_list_of_an_ended_event(
    ticket_sync: TicketSync, server: OveitServer, path: Path
) -> None:
    """It would not change."""
    server.venue.end_event(100)
    age_lists(path, timedelta(minutes=1))

    await ticket_sync.refresh_for_unknown_code()

    assert lists_fetched(server) == [101]


async def test_unknown_codes_cause_one_refresh_in_ten_seconds(
    ticket_sync: TicketSync, server: OveitServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Many unknown codes in a row cost one refresh."""
    clock = [1000.0]
    monkeypatch.setattr(ticket_sync_module, "monotonic", lambda: clock[0])

    for seconds, looks in ((0, 1), (9.9, 1), (0.2, 2), (5, 2), (5.1, 3)):
        clock[0] += seconds
        await ticket_sync.refresh_for_unknown_code()
        assert len(server.requests_to("seller/events")) == looks


async def test_guests_who_wait_share_one_refresh(
    ticket_sync: TicketSync, server: OveitServer
) -> None:
    """Ten unknown codes at once cause one refresh, and all get its result."""
    server.faults.set("seller/events", Fault(latency_before=0.05))
    server.venue.add_ticket_type(100, 236, "Crew")

    await asyncio.gather(*(ticket_sync.refresh_for_unknown_code() for _ in range(10)))

    assert len(server.requests_to("seller/events")) == 1
    assert ticket_sync.events[100].ticket_type(236)


async def test_a_refresh_goes_on_when_the_guest_gives_up(
    ticket_sync: TicketSync, server: OveitServer
) -> None:
    """Its result is there for the next guest."""
    server.faults.set("seller/events", Fault(latency_before=0.1))
    server.venue.add_ticket_type(100, 236, "Crew")

    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.03):
            await ticket_sync.refresh_for_unknown_code()
    await ticket_sync.refresh_for_unknown_code()

    assert len(server.requests_to("seller/events")) == 1
    assert ticket_sync.events[100].ticket_type(236)


async def test_a_refresh_that_fails_raises_its_error_for_all_who_wait(
    ticket_sync: TicketSync, server: OveitServer
) -> None:
    """An outage is an outage."""
    server.faults.set("seller/events", "unavailable")

    with pytest.raises(OveitConnectionError):
        await ticket_sync.refresh_for_unknown_code()


async def test_a_refresh_that_fails_when_nobody_waits_is_not_logged(
    ticket_sync: TicketSync, server: OveitServer, caplog: pytest.LogCaptureFixture
) -> None:
    """No "exception was never retrieved" fills the log while offline."""
    server.faults.set("seller/events", Fault(latency_before=0.1, status=503))

    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.03):
            await ticket_sync.refresh_for_unknown_code()
    await asyncio.sleep(0.2)
    ticket_sync.refresh_for_unknown_code = ticket_sync.refresh_for_unknown_type
    gc.collect()

    assert "never retrieved" not in caplog.text


async def test_closing_stops_a_refresh(ticket_sync: TicketSync, server: OveitServer) -> None:
    """No task is left running, and closing twice does no harm."""
    server.faults.set("seller/events", Fault(latency_before=5))
    looking = asyncio.create_task(ticket_sync.refresh_for_unknown_code())
    await asyncio.sleep(0.05)

    await ticket_sync.close()
    await ticket_sync.close()

    with pytest.raises(asyncio.CancelledError):
        await looking
