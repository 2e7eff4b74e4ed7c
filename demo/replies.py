"""Oveit's replies as JSON."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta, timezone
from email.utils import format_datetime
import gzip
import json
from typing import Any

from demo.behaviour import Behaviour
from demo.messages import date_text, message
from demo.venue import (
    CheckIn,
    Venue,
    VenueAccount,
    VenueAddon,
    VenueEvent,
    VenueTicket,
    VenueTicketType,
)

EAST = timezone(timedelta(hours=3))
TOKEN_LIFE = timedelta(hours=48)
ATTENDEES_PER_PAGE = 50


def to_json(payload: Any) -> str:
    """Return JSON as compact as Oveit's."""
    return json.dumps(payload, separators=(",", ":"))


@dataclass(slots=True)
class TicketLists:
    """The ticket lists as last sent; only rows that changed are serialised again."""

    style: tuple[str, ...] | None = None
    rows: dict[str, tuple[int, tuple[CheckIn, ...], str]] = field(default_factory=dict)
    zipped: dict[str, tuple[bytes, bytes]] = field(default_factory=dict)

    def body(self, replies: Replies, event_id: int) -> bytes:
        """Return the reply with an event's list."""
        behaviour = replies.behaviour
        style = (
            behaviour.dates,
            behaviour.date_form,
            behaviour.ids,
            str(replies.venue.dates_ahead),
        )
        if style != self.style:
            self.style = style
            self.rows.clear()
        rows = [self.row(replies, ticket) for ticket in replies.venue.tickets_of(event_id)]
        rows += [to_json(row) for row in replies.venue.odd_rows.get(event_id, ())]
        if behaviour.lists == "numbered":
            numbered = ",".join(f'"{number}":{row}' for number, row in enumerate(rows))
            return f'{{"tickets":{{{numbered}}}}}'.encode()
        return f'{{"tickets":[{",".join(rows)}]}}'.encode()

    def row(self, replies: Replies, ticket: VenueTicket) -> str:
        """Return a ticket's row."""
        checkins = tuple(ticket.checkins)
        kept = self.rows.get(ticket.code)
        if kept and kept[0] == ticket.ticket_type_id and kept[1] == checkins:
            return kept[2]
        text = to_json(replies.row(ticket))
        self.rows[ticket.code] = (ticket.ticket_type_id, checkins, text)
        return text

    def gzip(self, event_id: str, body: bytes) -> bytes:
        """Return a list compressed; an unchanged one is compressed once."""
        kept, zipped = self.zipped.get(event_id, (b"", b""))
        if kept != body:
            zipped = gzip.compress(body, compresslevel=1)
            self.zipped[event_id] = (body, zipped)
        return zipped


@dataclass(frozen=True, kw_only=True, slots=True)
class Replies:
    """Converts the venue's data to Oveit's replies."""

    venue: Venue
    behaviour: Behaviour
    language: str = "en"

    def say(self, key: str) -> str:
        """Return a message in the caller's language."""
        return message(key, self.language)

    def id(self, number: int | None) -> int | str | None:
        """Return an id."""
        return str(number) if self.behaviour.ids == "text" and number is not None else number

    def date(self, date: datetime | None) -> str | None:
        """Return a date."""
        if date is None:
            return None
        date = date.astimezone(UTC)
        if self.behaviour.dates == "naive":
            return date.strftime("%Y-%m-%d %H:%M:%S")
        if self.behaviour.date_form == "no_colon":
            return date.astimezone(EAST).strftime("%Y-%m-%dT%H:%M:%S%z")
        if self.behaviour.date_form == "fraction":
            return date.isoformat(timespec="milliseconds")
        text = date.isoformat(timespec="seconds")
        return text.replace("+00:00", "Z") if self.behaviour.date_form == "z" else text

    def start(self, date: datetime | None) -> str | int | None:
        """Return when an event starts."""
        if date is None:
            return None
        match self.behaviour.starts:
            case "day_first":
                return date.astimezone(UTC).strftime("%d/%m/%Y %H:%M")
            case "epoch":
                return int(date.timestamp())
            case "epoch_text":
                return str(int(date.timestamp()))
            case "rfc_1123":
                return format_datetime(date.astimezone(UTC), usegmt=True)
            case "zero":
                return "0000-00-00 00:00:00"
        return self.date(date)

    def login(self, account: VenueAccount, token: str) -> dict[str, Any]:
        """Return the reply to a login."""
        expires_at = self.venue.clock().astimezone(UTC) + TOKEN_LIFE
        return {
            "token": token,
            "user": {
                "id": self.id(account.id),
                "email": account.email,
                "seller_id ": self.id(account.seller_id),
                "role": "user",
                "role_acl_type": "event_checkin",
                "role_acl_name": "Event checkin staff",
                "permissions": account.permissions,
            },
            "expires_at": expires_at.strftime("%Y-%m-%d %H:%M:%S"),
            "expires_in": int(TOKEN_LIFE.total_seconds()),
        }

    def events(self, seller_id: int) -> dict[str, Any]:
        """Return the active events of a seller, perpetual ones first."""
        active = [
            event
            for event in self.venue.events.values()
            if event.seller_id == seller_id and not event.ended
        ]
        active.sort(key=lambda event: (event.starts_at is not None, event.id))
        events = [self.event(event) for event in active]
        if self.behaviour.lists == "numbered":
            return {"events": {str(2 * number): event for number, event in enumerate(events)}}
        return {"events": events}

    def event(self, event: VenueEvent) -> dict[str, Any]:
        """Return an event with its counts and ticket types."""
        tickets = self.venue.tickets_of(event.id)
        return {
            "id": self.id(event.id),
            "name": event.name,
            "starts_at": self.start(event.starts_at),
            "location": event.location,
            "tickets": len(tickets),
            "tickets_checked_in": sum(ticket.used for ticket in tickets),
            "tickets_sold": len(tickets),
            "ticket_types": [self.ticket_type(kind) for kind in event.ticket_types],
        }

    def ticket_type(self, kind: VenueTicketType) -> dict[str, Any]:
        """Return a ticket type; its add-ons only for accounts with multiple access."""
        written = {"id": self.id(kind.id), "name": kind.name, "price": kind.price}
        if kind.addons and self.venue.multiple_access:
            return written | {"addons": [self.addon(addon) for addon in kind.addons]}
        return written

    def addon(self, addon: VenueAddon) -> dict[str, Any]:
        """Return an add-on."""
        written = {"id": self.id(addon.id), "name": addon.name, "uses": addon.uses}
        if self.behaviour.old_replies:
            return written
        return written | {"is_bundled": addon.is_bundled, "enabled": addon.enabled}

    def row(self, ticket: VenueTicket) -> dict[str, Any]:
        """Return a ticket's row in the list."""
        return {
            "code": ticket.code,
            "ticket_type_id": self.id(ticket.ticket_type_id),
            "checked_in": ticket.used,
            "checkins": self.checkins(ticket),
        }

    def checkins(self, ticket: VenueTicket) -> list[dict[str, Any]]:
        """Return the uses of a ticket."""
        return [
            {"addon_id": self.id(addon_id), "date": self.date(date + self.venue.dates_ahead)}
            for addon_id, date in ticket.checkins
        ]

    def ticket(self, ticket: VenueTicket) -> dict[str, Any]:
        """Return all about a ticket, the way a check-in and a scan answer."""
        event = self.venue.events[ticket.event_id]
        kind = event.ticket_type(ticket.ticket_type_id)
        return {
            "ok": True,
            "ticket": {"code": ticket.code, "series": ticket.series},
            "ticket_type": {"id": self.id(kind.id), "name": kind.name},
            "event": {
                "id": self.id(event.id),
                "name": event.name,
                "starts_at": self.start(event.starts_at),
                "location": event.location,
            },
            "order": {
                "id": self.id(ticket.order.id),
                "name": ticket.order.name,
                "date": self.date(ticket.order.date),
            },
            "checkins": self.checkins(ticket),
            "attendee": self.attendee(event, ticket),
            "rfid_codes": [self.tag(ticket, rfid_code) for rfid_code in ticket.rfid_codes],
        }

    def attendee(self, event: VenueEvent, ticket: VenueTicket) -> dict[str, Any] | None:
        """Return the form as filled in."""
        if ticket.attendee is None or self.behaviour.attendee == "null":
            return None
        return {"fields": event.fields, "values": ticket.attendee}

    def tag(self, ticket: VenueTicket, rfid_code: str) -> dict[str, Any]:
        """Return a tag and the date of its pairing."""
        paired_at = self.venue.paired_at.get(rfid_code, ticket.order.date)
        return {"code": rfid_code, "date": self.date(paired_at)}

    def wallet(self, tickets: list[VenueTicket]) -> dict[str, Any]:
        """Return the tickets of one tag, with dates in words."""
        tags = {
            rfid_code: self.tag(ticket, rfid_code)
            for ticket in tickets
            for rfid_code in ticket.rfid_codes
        }
        return {
            "message": self.say("tickets_found"),
            "data": {
                "tickets": [
                    {
                        "code": ticket.code,
                        "event": self.venue.events[ticket.event_id].name,
                        "checkedInAt": self.entered_at(ticket),
                        "name": ticket.order.name,
                    }
                    for ticket in tickets
                ],
                "wearables": list(tags.values()),
            },
        }

    def entered_at(self, ticket: VenueTicket) -> str | None:
        """Return the time of the first entry in the form of the caller's language."""
        entries = [date for addon_id, date in ticket.checkins if addon_id is None]
        return date_text(entries[0], self.language) if entries else None

    def attendees(
        self, event: VenueEvent, tickets: list[VenueTicket], page: list[VenueTicket]
    ) -> dict[str, Any]:
        """Return one page of an event's attendees."""
        return {
            "fields": event.fields,
            "total": len(tickets),
            "attendees": [
                {
                    "id": self.id(ticket.id),
                    "order_id": self.id(ticket.order.id),
                    "ticket_id": self.id(ticket.id),
                    "ticket_code": ticket.code,
                    "ticket_type": {
                        "id": self.id(ticket.ticket_type_id),
                        "name": event.ticket_type(ticket.ticket_type_id).name,
                    },
                    "created_at": self.date(ticket.order.date),
                    "values": ticket.attendee or [],
                }
                for ticket in page
            ],
        }
