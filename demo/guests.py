"""Invented guests with their tickets and wristbands."""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from random import Random
from typing import Any

from demo.gates import MAIN_DOOR, VIP, VIP_DOOR, WAY_OUT, entity_id
from demo.venue import Venue, VenueTicket

LANTERN_NIGHT, CITY_MUSEUM = 100, 101
ENTRY = 234


@dataclass(frozen=True, kw_only=True, slots=True)
class Guest:
    """Somebody with a ticket or a wristband, and the decision that is expected."""

    name: str
    ticket_code: str | None = None
    rfid_code: str | None = None
    gate: str = MAIN_DOOR
    expected: str = "checked_in"

    @property
    def presents(self) -> str:
        """Return what is read at the door, with the end of the code only."""
        kind, code = ("ticket", self.ticket_code) if self.ticket_code else ("tag", self.rfid_code)
        return f"{kind} …{(code or '')[-3:]}"

    def offline(self) -> Guest:
        """Return the same guest with the decision expected offline, where no tag is known."""
        if self.rfid_code and self.expected == "checked_in":
            return replace(self, expected="unknown_tag")
        if self.expected == "wrong_event":
            return replace(self, expected="unknown_ticket")
        return self

    @property
    def fields(self) -> dict[str, Any]:
        """Return the guest's fields for the action."""
        fields: dict[str, Any] = {"entity_id": entity_id("event", self.gate)}
        if self.ticket_code:
            fields["ticket_code"] = self.ticket_code
        if self.rfid_code:
            fields["rfid_code"] = self.rfid_code
        return fields


@dataclass(kw_only=True)
class Crowd:
    """Everybody who may arrive, each once."""

    venue: Venue
    random: Random = field(default_factory=lambda: Random(7))
    inside: list[Guest] = field(default_factory=list)

    def __post_init__(self) -> None:
        shared = set(self.venue.shared_tags())
        waiting = [
            ticket
            for ticket in self.venue.unused(LANTERN_NIGHT)
            if not shared.intersection(ticket.rfid_codes)
        ]
        self.random.shuffle(waiting)
        self.waiting = waiting

    def take(self, *, kind: int | None = None, tagged: bool | None = None) -> VenueTicket:
        """Return a ticket of this kind that was not taken yet."""
        for ticket in self.waiting:
            if kind in (None, ticket.ticket_type_id) and tagged in (None, bool(ticket.rfid_codes)):
                self.waiting.remove(ticket)
                return ticket
        raise LookupError("nobody is left")

    def with_ticket(self) -> Guest:
        """Return a guest with a valid ticket, at the gate for its type."""
        ticket = self.take()
        gate = VIP_DOOR if ticket.ticket_type_id == VIP else MAIN_DOOR
        guest = Guest(name=first_name(ticket), ticket_code=ticket.code, gate=gate)
        self.inside.append(guest)
        return guest

    def leaving(self) -> Guest:
        """Return a guest who leaves."""
        guest = self.inside.pop(self.random.randrange(len(self.inside)))
        return replace(guest, gate=WAY_OUT, expected="left")

    def with_wristband(self) -> Guest:
        """Return a guest with a valid tag."""
        ticket = self.take(tagged=True)
        return Guest(name=first_name(ticket), rfid_code=ticket.rfid_codes[0])

    def used_elsewhere(self) -> Guest:
        """Return a guest whose ticket entered before the demo."""
        ticket = self.random.choice(self.venue.used(LANTERN_NIGHT))
        return known(ticket, expected="already_checked_in")

    def at_the_wrong_door(self) -> Guest:
        """Return a guest with a plain ticket at the gate for VIPs."""
        return known(self.take(kind=ENTRY), gate=VIP_DOOR, expected="wrong_ticket_type")

    def of_another_event(self) -> Guest:
        """Return a guest with a ticket for the museum."""
        ticket = self.random.choice(self.venue.unused(CITY_MUSEUM))
        return known(ticket, expected="wrong_event")

    def with_unknown_ticket(self) -> Guest:
        """Return a guest with a code that was never sold."""
        code = self.venue.new_code()
        return Guest(name="Stranger", ticket_code=code, expected="unknown_ticket")

    def with_unknown_wristband(self) -> Guest:
        """Return a guest with a tag that was never paired."""
        tag = f"{self.random.getrandbits(32):08X}"
        return Guest(name="Stranger", rfid_code=tag, expected="unknown_tag")


def known(ticket: VenueTicket, *, gate: str = MAIN_DOOR, expected: str) -> Guest:
    """Return the owner of a ticket, who presents its code."""
    return Guest(name=first_name(ticket), ticket_code=ticket.code, gate=gate, expected=expected)


def first_name(ticket: VenueTicket) -> str:
    """Return the buyer's first name."""
    return ticket.order.name.split()[0]


def thirty(crowd: Crowd) -> list[Guest]:
    """Return guests of every kind in a random order."""
    admitted = [
        *(crowd.with_ticket() for _ in range(10)),
        *(crowd.with_wristband() for _ in range(6)),
    ]
    refused = [
        *(crowd.used_elsewhere() for _ in range(2)),
        *(crowd.at_the_wrong_door() for _ in range(3)),
        *(crowd.with_unknown_ticket() for _ in range(2)),
        *(crowd.with_unknown_wristband() for _ in range(2)),
        *(crowd.of_another_event() for _ in range(2)),
    ]
    guests = admitted + refused
    crowd.random.shuffle(guests)
    again = replace(guests[guests.index(admitted[0])], expected="repeat")
    guests.insert(guests.index(admitted[0]) + 1, again)
    vip = next(guest for guest in admitted if guest.gate == VIP_DOOR)
    elsewhere = replace(vip, gate=MAIN_DOOR, expected="already_checked_in")
    return [*guests, elsewhere, crowd.leaving()]


def endless(crowd: Crowd) -> Iterator[Guest]:
    """Yield guests until every ticket was taken."""
    odd = (
        crowd.used_elsewhere,
        crowd.at_the_wrong_door,
        crowd.with_unknown_ticket,
        crowd.with_unknown_wristband,
        crowd.of_another_event,
    )
    while crowd.waiting:
        draw = crowd.random.random()
        if draw < 0.5:
            yield crowd.with_ticket()
        elif draw < 0.75 and any(ticket.rfid_codes for ticket in crowd.waiting):
            yield crowd.with_wristband()
        elif draw < 0.85 and crowd.inside:
            yield crowd.leaving()
        elif any(ticket.ticket_type_id == ENTRY for ticket in crowd.waiting):
            yield crowd.random.choice(odd)()
        else:
            yield crowd.used_elsewhere()
