"""Oveit's endpoints: synchronous functions, so that two requests never interleave."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from demo.replies import ATTENDEES_PER_PAGE, Replies, TicketLists
from demo.venue import VenueAccount, VenueEvent, VenueTicket


class Failed(Exception):  # noqa: N818
    """The request is wrong; `key` names the message."""

    def __init__(self, key: str) -> None:
        super().__init__(key)
        self.key = key


class Refused(Failed):
    """The ticket is refused."""

    def __init__(self, key: str, ticket: VenueTicket | None = None) -> None:
        super().__init__(key)
        self.ticket = ticket


@dataclass(frozen=True, kw_only=True, slots=True)
class Call:
    """A request of an account that is logged in."""

    endpoint: str
    account: VenueAccount
    params: dict[str, Any]
    replies: Replies
    lists: TicketLists

    def text(self, name: str) -> str:
        """Return a parameter, an empty text if it is missing or null."""
        value = self.params.get(name)
        return "" if value is None else str(value)

    def number(self, name: str) -> int | None:
        """Return an id, -1 if it is no number."""
        text = self.text(name)
        if not text:
            return None
        return int(text) if text.isdecimal() else -1


def answer(call: Call) -> Any:
    """Return the reply to a call, as JSON values or as bytes of JSON."""
    try:
        if "api" not in call.account.permissions:
            raise Failed("feature_missing")
        return ENDPOINTS[call.endpoint](call)
    except Refused as refused:
        return refusal(call, refused)
    except Failed as failed:
        return {"error": call.replies.say(failed.key)}


def refusal(call: Call, refused: Refused) -> dict[str, Any]:
    """Return a refusal in the form that the behaviour names."""
    shape = call.replies.behaviour.refusal
    reason = {"error": call.replies.say(refused.key)}
    if shape == "bare":
        return {"ok": False}
    if call.endpoint.startswith("turnstile/") or shape == "ok_false":
        return {"ok": False} | reason
    if shape == "ticket" and refused.ticket:
        return call.replies.ticket(refused.ticket) | {"ok": False} | reason
    return reason


def find_event(call: Call) -> VenueEvent:
    """Return the account's event with this `id`."""
    event = call.replies.venue.events.get(call.number("id") or -1)
    if not event or event.seller_id != call.account.seller_id:
        raise Failed("event_unknown")
    if event.ended and call.replies.behaviour.ended_event == "refused":
        raise Failed("event_unknown")
    return event


def find_tickets(call: Call) -> list[VenueTicket]:
    """Return the account's tickets with this code or tag."""
    venue = call.replies.venue
    if code := call.text("ticket_code") or call.text("code"):
        tickets = [venue.tickets[code]] if code in venue.tickets else []
    elif rfid_code := call.text("rfid_code"):
        tickets = venue.tickets_with(rfid_code)
    else:
        raise Failed("code_missing")
    return [
        ticket
        for ticket in tickets
        if not ticket.cancelled
        and venue.events[ticket.event_id].seller_id == call.account.seller_id
    ]


def find_ticket(call: Call) -> VenueTicket:
    """Return the one ticket that a code or a tag stands for."""
    tickets = find_tickets(call)
    behaviour = call.replies.behaviour
    if not tickets:
        raise Refused("ticket_unknown")
    if len(tickets) > 1 and behaviour.wallet == "error":
        raise Refused("wallet_unclear")
    ticket = tickets[0]
    if behaviour.wallet == "first_unused":
        ticket = next((ticket for ticket in tickets if not ticket.used), ticket)
    if call.replies.venue.events[ticket.event_id].ended and behaviour.ended_event == "refused":
        raise Refused("not_valid_here", ticket)
    return ticket


def events(call: Call) -> Any:
    """`seller/events`: the active events."""
    return call.replies.events(call.account.seller_id)


def tickets(call: Call) -> Any:
    """`events/tickets`: every ticket of an event."""
    return call.lists.body(call.replies, find_event(call).id)


def checkin(call: Call) -> Any:
    """`tickets/checkin`: use a ticket or one of its add-ons."""
    ticket = find_ticket(call)
    if call.number("ticket_type_id") not in (None, ticket.ticket_type_id):
        raise Refused("not_valid_here", ticket)
    addon_id = call.number("addon_id")
    if addon_id is not None:
        check_addon(call, ticket, addon_id)
    elif ticket.used and call.replies.behaviour.second_checkin == "refused":
        raise Refused("already_checked_in", ticket)
    before = call.replies.ticket(ticket)
    call.replies.venue.check_in(ticket.code, addon_id)
    return call.replies.ticket(ticket) if call.replies.behaviour.checkins_include_new else before


def check_addon(call: Call, ticket: VenueTicket, addon_id: int) -> None:
    """Refuse an add-on that the ticket does not have, or has used up."""
    venue = call.replies.venue
    kind = venue.events[ticket.event_id].ticket_type(ticket.ticket_type_id)
    addon = next((addon for addon in kind.addons if addon.id == addon_id), None)
    if not venue.multiple_access or not addon or not addon.enabled:
        raise Refused("addon_unavailable", ticket)
    if addon.uses is not None and ticket.uses(addon_id) >= int(addon.uses):
        raise Refused("addon_used_up", ticket)


def scan(call: Call) -> Any:
    """`tickets/scan`: look a ticket up without checking it in."""
    ticket = find_ticket(call)
    if ticket.used and call.replies.behaviour.scan_used == "refused":
        raise Refused("already_checked_in", ticket)
    return call.replies.ticket(ticket)


def scan_v2(call: Call) -> Any:
    """`tickets/scan_v2`: list all tickets of a tag, for accounts that have it."""
    if not call.replies.behaviour.scan_v2:
        raise Failed("feature_missing")
    tickets = find_tickets(call)
    if not tickets:
        raise Failed("ticket_unknown")
    return call.replies.wallet(tickets)


def turnstile_checkin(call: Call) -> Any:
    """`turnstile/checkin`: count an entry of a ticket that is not inside."""
    ticket = turnstile_ticket(call)
    if ticket.inside:
        raise Refused("already_checked_in", ticket)
    call.replies.venue.check_in(ticket.code)
    return {"ok": True}


def turnstile_checkout(call: Call) -> Any:
    """`turnstile/checkout`: count an exit of a ticket that is inside."""
    ticket = turnstile_ticket(call)
    if not ticket.inside:
        raise Refused("not_inside", ticket)
    call.replies.venue.check_out(ticket.code)
    return {"ok": True}


def turnstile_ticket(call: Call) -> VenueTicket:
    """Return the ticket at a turnstile, if the account has turnstiles."""
    if not call.replies.behaviour.turnstile:
        raise Failed("feature_missing")
    return find_ticket(call)


def pair(call: Call) -> Any:
    """`rfid/pair`: pair a ticket with a tag that has no other ticket."""
    if "rfid_pairing" not in call.account.permissions:
        raise Failed("feature_missing")
    rfid_code = call.text("rfid_code")
    if not rfid_code or not (call.text("ticket_code") or call.text("code")):
        raise Failed("code_missing")
    ticket = find_ticket(call)
    if any(other is not ticket for other in call.replies.venue.tickets_with(rfid_code)):
        raise Refused("tag_taken", ticket)
    call.replies.venue.pair(ticket.code, rfid_code)
    return {"ok": True}


def attendees(call: Call) -> Any:
    """`events/attendees`: one page of the attendees of an event."""
    event = find_event(call)
    tickets = call.replies.venue.tickets_of(event.id)
    start = 0
    if since := call.text("since"):
        places = [place for place, ticket in enumerate(tickets) if ticket.code == since]
        if not places:
            raise Failed("ticket_unknown")
        start = places[0] + 1
    return call.replies.attendees(event, tickets, tickets[start : start + ATTENDEES_PER_PAGE])


LOGIN: Final = "seller/login"
ENDPOINTS: Final[dict[str, Callable[[Call], Any]]] = {
    "seller/events": events,
    "events/tickets": tickets,
    "events/attendees": attendees,
    "tickets/checkin": checkin,
    "tickets/scan": scan,
    "tickets/scan_v2": scan_v2,
    "turnstile/checkin": turnstile_checkin,
    "turnstile/checkout": turnstile_checkout,
    "rfid/pair": pair,
}
