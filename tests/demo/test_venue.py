"""The invented venue is the same each time, whatever its size."""

from datetime import timedelta
from random import Random

import pytest

from demo.guests import Crowd, endless, thirty
from demo.oveit_server import Clock, OveitServer, Venue
from tests.demo.conftest import Caller


@pytest.mark.parametrize("size", [50, 1_000, 100_000])
def test_a_venue_is_as_large_as_asked(size: int) -> None:
    """All codes differ, and each tag is on one ticket, except the shared one."""
    venue = Venue.build(tickets=size, events=2)
    tickets = venue.tickets_of(100)
    assert len(tickets) == size
    assert len(venue.tickets_of(101)) == max(10, size // 10)
    assert len({ticket.code for ticket in venue.tickets.values()}) == len(venue.tickets)
    assert len(venue.shared_tags()) == 1
    assert size // 12 <= len(venue.used(100)) <= size // 10
    assert sum(bool(ticket.rfid_codes) for ticket in tickets) == pytest.approx(0.6 * size, abs=2)


def test_a_venue_may_be_tiny() -> None:
    """Or empty."""
    assert len(Venue.build(tickets=0, events=1).tickets_of(100)) == 0
    assert len(Venue.build(tickets=4, events=1).tickets_of(100)) == 4
    assert list(Venue.build(tickets=9, events=0).events) == [900]


def test_the_same_seed_gives_the_same_venue(clock: Clock) -> None:
    """Another seed gives other codes."""
    one, same = (Venue.build(200, events=3, clock=clock) for _ in range(2))
    assert one.tickets == same.tickets
    assert one.events == same.events
    assert set(one.tickets) != set(Venue.build(200, events=3, seed=2, clock=clock).tickets)


def test_there_may_be_many_events(clock: Clock) -> None:
    """One is perpetual, and each has ticket types of its own."""
    venue = Venue.build(50, events=12, clock=clock)
    ours = [event for event in venue.events.values() if event.seller_id == 1]
    assert [event.id for event in ours] == list(range(100, 112))
    assert [event.id for event in ours if event.starts_at is None] == [101]
    assert len({event.name for event in ours}) == 12
    kinds = [kind.id for event in venue.events.values() for kind in event.ticket_types]
    assert len(kinds) == len(set(kinds))
    assert ours[0].starts_at == clock.at.replace(microsecond=0) + timedelta(hours=2)


def test_a_venue_may_have_no_forms() -> None:
    """Then no ticket has an attendee."""
    venue = Venue.build(50, attendee_forms=False)
    assert {ticket.attendee for ticket in venue.tickets.values()} == {None}
    assert venue.sell(100, 234).attendee is None


async def test_a_large_list_is_served_in_one_reply(stranger: Caller) -> None:
    """With all 100,000 tickets."""
    server = OveitServer(Venue.build(tickets=100_000))
    await server.start()
    stranger.server = server
    stranger.log_in(server.venue.token)
    try:
        assert len((await stranger("events/tickets", id=100))["tickets"]) == 100_000
    finally:
        await server.stop()


def test_thirty_guests_are_of_every_kind() -> None:
    """Each with the expected decision."""
    guests = thirty(Crowd(venue=Venue.build(200, events=2)))
    assert len(guests) == 30
    due = [guest.expected for guest in guests]
    assert {reason: due.count(reason) for reason in due} == {
        "checked_in": 16,
        "already_checked_in": 3,
        "repeat": 1,
        "left": 1,
        "wrong_ticket_type": 3,
        "unknown_ticket": 2,
        "unknown_tag": 2,
        "wrong_event": 2,
    }
    admitted = [guest.presents for guest in guests if guest.expected == "checked_in"]
    assert len(set(admitted)) == 16
    assert {guest.presents for guest in guests[-2:]} < set(admitted)


@pytest.mark.parametrize("seed", range(20))
def test_guests_come_until_nobody_waits(seed: int) -> None:
    """Nobody who is admitted comes twice."""
    crowd = Crowd(venue=Venue.build(50, events=2), random=Random(seed))
    waiting = {ticket.code for ticket in crowd.waiting}
    guests = list(endless(crowd))
    welcome = [guest for guest in guests if guest.expected == "checked_in"]
    codes = [
        guest.ticket_code or crowd.venue.tickets_with(guest.rfid_code or "")[0].code
        for guest in welcome
    ]
    assert len(codes) == len(set(codes))
    assert set(codes) <= waiting
    assert crowd.waiting == []
    assert len(guests) > len(welcome)
