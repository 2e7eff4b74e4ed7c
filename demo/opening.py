"""The invented venue at the start: accounts, events and tickets."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from itertools import count
from typing import TYPE_CHECKING, Any

from demo.venue import (
    VenueAccount,
    VenueAddon,
    VenueEvent,
    VenueOrder,
    VenueTicket,
    VenueTicketType,
)

if TYPE_CHECKING:
    from demo.venue import Venue

PASSWORD = "open-sesame"
FIRST_NAMES = ("Ilvo", "Merrin", "Tasko", "Odele", "Brim", "Sunniva", "Pello", "Quilla")
LAST_NAMES = (
    "Amberwick",
    "Brasslane",
    "Copperdale",
    "Duskwater",
    "Emberly",
    "Foxtrott",
    "Gladring",
)
EVENT_NAMES = ("Paper Moon Ball", "Harbour Fair", "Winter Choir", "Kite Day", "Clockmakers' Show")
FORM: list[dict[str, Any]] = [
    {"name": "Name", "type": "text", "is_mandatory": True},
    {"name": "Email", "type": "email", "is_mandatory": False},
    {"name": "Meal", "type": "select", "is_mandatory": False},
]


def open_doors(
    venue: Venue, tickets: int, events: int, starts_at: datetime | None, *, attendee_forms: bool
) -> None:
    """Fill an empty venue."""
    add_accounts(venue)
    start = starts_at or venue.clock().replace(microsecond=0) + timedelta(hours=2)
    form = FORM if attendee_forms else []
    for number in range(events):
        event = make_event(number, start)
        event.fields = list(form)
        venue.events[event.id] = event
        add_tickets(venue, event, tickets if number == 0 else max(10, tickets // 10))
    venue.events[900] = VenueEvent(
        id=900,
        seller_id=2,
        name="Garden Party",
        starts_at=start,
        location="Rose Terrace",
        ticket_types=[
            VenueTicketType(id=9001, name="Guest"),
            VenueTicketType(id=9002, name="Crew"),
        ],
        fields=list(form),
    )
    add_tickets(venue, venue.events[900], 5)
    if tickets >= 5 and events:
        share_a_tag(venue)


def add_accounts(venue: Venue) -> None:
    """Add three accounts."""
    for number, (name, seller_id, permissions) in enumerate(
        (
            ("staff", 1, ["api", "rfid_pairing"]),
            ("other", 2, ["api", "rfid_pairing"]),
            ("noapi", 1, []),
        ),
        start=1,
    ):
        email = f"{name}@venue.example"
        venue.accounts[email] = VenueAccount(
            id=number,
            email=email,
            password=PASSWORD,
            seller_id=seller_id,
            permissions=permissions,
        )


def make_event(number: int, start: datetime) -> VenueEvent:
    """Return the event with this number: a concert, a museum, then seasonal ones."""
    if number == 0:
        return VenueEvent(
            id=100,
            seller_id=1,
            name="Lantern Night",
            starts_at=start,
            location="Old Tram Depot",
            ticket_types=[
                VenueTicketType(id=234, name="Entry", price="20 EUR"),
                VenueTicketType(id=235, name="VIP", price="60 EUR", addons=vip_addons()),
            ],
        )
    names = ("Adult", "Child") if number == 1 else ("Entry", "Reduced")
    round_trip, name = divmod(number - 2, len(EVENT_NAMES))
    return VenueEvent(
        id=100 + number,
        seller_id=1,
        name="City Museum" if number == 1 else f"{EVENT_NAMES[name]} {round_trip + 1}",
        starts_at=None if number == 1 else start + timedelta(days=number),
        location="Museum Square" if number == 1 else "Old Tram Depot",
        ticket_types=[
            VenueTicketType(id=234 + 100 * number + place, name=name)
            for place, name in enumerate(names)
        ],
    )


def vip_addons() -> list[VenueAddon]:
    """Return one add-on of each kind."""
    return [
        VenueAddon(id=8, name="Free drinks", uses=4),
        VenueAddon(id=9, name="Backstage tour", uses=1),
        VenueAddon(id=10, name="Parking", is_bundled=False, uses=None),
        VenueAddon(id=11, name="Cloakroom", enabled=False),
    ]


def add_tickets(venue: Venue, event: VenueEvent, number: int) -> None:
    """Sell tickets: every fifth of the second type, six in ten with a tag, one in ten used."""
    opened = venue.clock().replace(microsecond=0)
    initials = "".join(word[0] for word in event.name.split() if word[0].isalpha())
    tags = new_tags(venue)
    for place in range(number):
        ticket_id = next(venue.numbers)
        order = make_order(ticket_id, opened - timedelta(days=1 + place % 60))
        ticket = VenueTicket(
            id=ticket_id,
            code=venue.new_code(),
            event_id=event.id,
            ticket_type_id=event.ticket_types[place % 5 == 4].id,
            series=f"{initials} {place + 1:05}",
            order=order,
            attendee=attendee(place, order.name) if event.fields else None,
        )
        venue.tickets[ticket.code] = ticket
        if place * 7 % 10 < 6:
            ticket.rfid_codes.append(next(tags))
        if place % 11 == 3:
            entered_at = opened - timedelta(minutes=10 + place % 90)
            venue.check_in(ticket.code, at=entered_at)
            for addon in event.ticket_type(ticket.ticket_type_id).addons[:1]:
                venue.check_in(ticket.code, addon.id, entered_at + timedelta(minutes=5))


def make_order(number: int, date: datetime) -> VenueOrder:
    """Return an invented order."""
    first = FIRST_NAMES[number % len(FIRST_NAMES)]
    last = LAST_NAMES[number % len(LAST_NAMES)]
    return VenueOrder(id=number, name=f"{first} {last}", date=date)


def new_tags(venue: Venue) -> Iterator[str]:
    """Yield tag codes: three in hex, then a short decimal one."""
    seen = {tag for ticket in venue.tickets.values() for tag in ticket.rfid_codes}
    for place in count(1):
        tag = ""
        while not tag or tag in seen:
            number = venue.random.getrandbits(32)
            tag = f"{number:08X}" if place % 4 else str(100_000 + number % 9_900_000)
        seen.add(tag)
        yield tag


def attendee(place: int, name: str) -> list[Any] | None:
    """Return a filled-in form; now and then in an unexpected shape."""
    first, last = name.split()
    match place % 25:
        case 7:
            return [name, None, ["Vegan", "No nuts"]]
        case 12:
            return [{"first": first, "last": last}, f"{last.lower()}@guest.example", None]
        case 18:
            return None
        case 22:
            return [name]
    return [name, f"{first.lower()}.{last.lower()}{place}@guest.example", "Vegetarian"]


def share_a_tag(venue: Venue) -> None:
    """Pair the first entry and the first VIP ticket with one tag."""
    entry, vip = venue.unused(100, 234)[0], venue.unused(100, 235)[0]
    vip.rfid_codes[:] = entry.rfid_codes
