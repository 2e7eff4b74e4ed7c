"""The data of an invented venue at Oveit."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import count
from random import Random
from typing import Any, Self

type CheckIn = tuple[int | None, datetime]


def now() -> datetime:
    """Return the time in UTC."""
    return datetime.now(UTC)


class Clock:
    """A clock that stands still until it is advanced."""

    def __init__(self, at: datetime | None = None) -> None:
        self.at = at or now()

    def __call__(self) -> datetime:
        """Return the time."""
        return self.at

    def advance(self, **by: float) -> None:
        """Advance by the arguments of timedelta: `hours=49`."""
        self.at += timedelta(**by)


@dataclass(kw_only=True, slots=True)
class VenueAddon:
    """An add-on of a ticket type."""

    id: int
    name: str
    is_bundled: bool = True
    uses: int | str | None = 1
    enabled: bool = True


@dataclass(kw_only=True, slots=True)
class VenueTicketType:
    """A ticket type."""

    id: int
    name: str
    price: str = "10 EUR"
    addons: list[VenueAddon] = field(default_factory=list)


@dataclass(kw_only=True, slots=True)
class VenueEvent:
    """An event; without a start it is perpetual."""

    id: int
    seller_id: int
    name: str
    starts_at: datetime | None
    location: str
    ticket_types: list[VenueTicketType] = field(default_factory=list)
    fields: list[dict[str, Any]] = field(default_factory=list)
    ended: bool = False

    def ticket_type(self, type_id: int) -> VenueTicketType:
        """Return the ticket type with this id."""
        return next(kind for kind in self.ticket_types if kind.id == type_id)


@dataclass(frozen=True, kw_only=True, slots=True)
class VenueOrder:
    """An order: the buyer and its date."""

    id: int
    name: str
    date: datetime


@dataclass(kw_only=True, slots=True)
class VenueTicket:
    """A ticket; `attendee` holds the values of the event's form."""

    id: int
    code: str
    event_id: int
    ticket_type_id: int
    series: str
    order: VenueOrder
    attendee: list[Any] | None = None
    checkins: list[CheckIn] = field(default_factory=list)
    rfid_codes: list[str] = field(default_factory=list)
    cancelled: bool = False
    inside: bool = False

    @property
    def used(self) -> bool:
        """Return whether the ticket has entered."""
        return self.uses(None) > 0

    def uses(self, addon_id: int | None) -> int:
        """Return the number of uses of an add-on; None stands for the entry."""
        return sum(used_id == addon_id for used_id, _ in self.checkins)


@dataclass(kw_only=True, slots=True)
class VenueAccount:
    """An account that may log in."""

    id: int
    email: str
    password: str
    seller_id: int
    permissions: list[str]


@dataclass(kw_only=True)
class Venue:
    """The state of the pretend Oveit; every part of it may be changed while it is served."""

    events: dict[int, VenueEvent] = field(default_factory=dict)
    tickets: dict[str, VenueTicket] = field(default_factory=dict)
    accounts: dict[str, VenueAccount] = field(default_factory=dict)
    token: str = "1c0ffee5bad9e001"
    other_token: str = "2c0ffee5bad9e002"
    multiple_access: bool = True
    odd_rows: dict[int, list[Any]] = field(default_factory=dict)
    paired_at: dict[str, datetime] = field(default_factory=dict)
    random: Random = field(default_factory=lambda: Random(1))
    clock: Callable[[], datetime] = now
    dates_ahead: timedelta = timedelta()
    numbers: count[int] = field(default_factory=lambda: count(1))

    @classmethod
    def build(
        cls,
        tickets: int = 50,
        events: int = 1,
        seed: int = 1,
        *,
        attendee_forms: bool = True,
        multiple_access: bool = True,
        starts_at: datetime | None = None,
        clock: Callable[[], datetime] = now,
    ) -> Self:
        """Build the same venue each time: `tickets` in the first event, a tenth in each other."""
        from demo.opening import open_doors

        venue = cls(multiple_access=multiple_access, random=Random(seed), clock=clock)
        open_doors(venue, tickets, events, starts_at, attendee_forms=attendee_forms)
        return venue

    def tickets_of(self, event_id: int) -> list[VenueTicket]:
        """Return an event's tickets, without the cancelled ones."""
        return [
            ticket
            for ticket in self.tickets.values()
            if ticket.event_id == event_id and not ticket.cancelled
        ]

    def tickets_with(self, rfid_code: str) -> list[VenueTicket]:
        """Return the tickets on a tag, without the cancelled ones."""
        return [
            ticket
            for ticket in self.tickets.values()
            if rfid_code in ticket.rfid_codes and not ticket.cancelled
        ]

    def unused(self, event_id: int, ticket_type_id: int | None = None) -> list[VenueTicket]:
        """Return the tickets without any use."""
        return [
            ticket
            for ticket in self.tickets_of(event_id)
            if not ticket.checkins and ticket_type_id in (None, ticket.ticket_type_id)
        ]

    def used(self, event_id: int) -> list[VenueTicket]:
        """Return the tickets that have entered."""
        return [ticket for ticket in self.tickets_of(event_id) if ticket.used]

    def entries(self, code: str) -> int:
        """Return the number of entries with a ticket."""
        return self.tickets[code].uses(None)

    def shared_tags(self) -> list[str]:
        """Return the tags with several tickets."""
        seen: set[str] = set()
        shared: dict[str, None] = {}
        for ticket in self.tickets.values():
            shared |= dict.fromkeys(seen.intersection(ticket.rfid_codes))
            seen.update(ticket.rfid_codes)
        return list(shared)

    def sell(
        self,
        event_id: int,
        ticket_type_id: int,
        code: str | None = None,
        rfid_codes: Iterable[str] = (),
    ) -> VenueTicket:
        """Sell one more ticket."""
        number = next(self.numbers)
        event = self.events[event_id]
        order = VenueOrder(id=number, name=f"Guest {number}", date=self.clock())
        ticket = VenueTicket(
            id=number,
            code=code or self.new_code(),
            event_id=event_id,
            ticket_type_id=event.ticket_type(ticket_type_id).id,
            series=f"{event.name[0]} {number:05}",
            order=order,
            attendee=[order.name, *[None] * (len(event.fields) - 1)] if event.fields else None,
        )
        self.tickets[ticket.code] = ticket
        for rfid_code in rfid_codes:
            self.pair(ticket.code, rfid_code)
        return ticket

    def new_code(self) -> str:
        """Return a ticket code that is not taken."""
        while (code := f"{self.random.getrandbits(32):08x}") in self.tickets:
            pass
        return code

    def cancel(self, code: str) -> None:
        """Cancel a ticket: it leaves the list and cannot be used."""
        self.tickets[code].cancelled = True

    def check_in(self, code: str, addon_id: int | None = None, at: datetime | None = None) -> None:
        """Check a ticket in as at another door, without applying any rule."""
        ticket = self.tickets[code]
        ticket.checkins.append((addon_id, at or self.clock()))
        if addon_id is None:
            ticket.inside = True

    def check_out(self, code: str) -> None:
        """Count a ticket out."""
        self.tickets[code].inside = False

    def pair(self, code: str, rfid_code: str) -> None:
        """Pair a ticket with a tag."""
        ticket = self.tickets[code]
        if rfid_code not in ticket.rfid_codes:
            ticket.rfid_codes.append(rfid_code)
        self.paired_at[rfid_code] = self.clock()

    def unpair(self, rfid_code: str) -> None:
        """Remove a tag from its tickets."""
        for ticket in self.tickets.values():
            if rfid_code in ticket.rfid_codes:
                ticket.rfid_codes.remove(rfid_code)

    def end_event(self, event_id: int) -> None:
        """End an event: it leaves the list of active events."""
        self.events[event_id].ended = True

    def add_ticket_type(
        self,
        event_id: int,
        id: int,  # noqa: A002
        name: str,
        addons: Iterable[VenueAddon] = (),
    ) -> VenueTicketType:
        """Add a ticket type to an event."""
        kind = VenueTicketType(id=id, name=name, addons=list(addons))
        self.events[event_id].ticket_types.append(kind)
        return kind
