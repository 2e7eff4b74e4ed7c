"""What actions answer: built field by field, so that nothing else leaks out."""

from datetime import datetime
from typing import Any

from homeassistant.util.json import JsonValueType

from .core.models import AddonUse, CheckIn, Decision, Event, Row, Ticket
from .event_state import EventState


def respond(decision: Decision, *, include_attendee: bool) -> dict[str, JsonValueType]:
    """Return a decision as an automation sees it."""
    response = _respond_outcome(decision) | {
        "source": decision.source.value,
        "others": [_respond_outcome(other) for other in decision.others],
        "gate": decision.request.gate,
        "at": decision.at.isoformat(),
        "latency_ms": round(decision.latency * 1000, 1),
        "scan_id": decision.scan_id,
        "passback": decision.passback,
    }
    if include_attendee:
        response["attendee"] = dict(decision.attendee) if decision.attendee is not None else None
    return response


def _respond_outcome(decision: Decision) -> dict[str, Any]:
    """Return what was decided on one ticket."""
    return {
        "admitted": decision.admitted,
        "reason": decision.reason.value,
        "message": decision.message,
        "ticket": _respond_ticket(decision.ticket, decision.event),
        "event": _respond_event(decision.event),
        "addon": _respond_addon(decision.addon),
        "first_checkin": _respond_first(decision.ticket),
    }


def _respond_ticket(ticket: Ticket | None, event: Event | None) -> dict[str, Any] | None:
    """Return a ticket with its uses."""
    if ticket is None:
        return None
    kinds = event.ticket_types if event else ()
    addons = {addon.id: addon.name for kind in kinds for addon in kind.addons}
    return {
        "code": ticket.code,
        "series": ticket.series,
        "ticket_type_id": ticket.ticket_type_id,
        "ticket_type": ticket.ticket_type,
        "checked_in": ticket.checked_in,
        "checkins": [
            {
                "addon_id": use.addon_id,
                "addon": addons.get(use.addon_id) if use.addon_id else None,
                "at": _respond_time(use.at),
            }
            for use in ticket.checkins
        ],
    }


def _respond_event(event: Event | None) -> dict[str, Any] | None:
    """Return which event it is."""
    return {"id": event.id, "name": event.name} if event else None


def _respond_addon(addon: AddonUse | None) -> dict[str, Any] | None:
    """Return an add-on and what is left of it."""
    if addon is None:
        return None
    return {
        "id": addon.id,
        "name": addon.name,
        "uses": addon.uses,
        "used": addon.used,
        "left": addon.left,
    }


def _respond_first(ticket: Ticket | None) -> dict[str, Any] | None:
    """Return the entry that made a ticket used."""
    first: CheckIn | None = ticket.first_entry if ticket else None
    return {"at": _respond_time(first.at), "gate": first.gate} if first else None


def _respond_time(at: datetime | None) -> str | None:
    """Return a time in ISO 8601, UTC."""
    return at.isoformat() if at else None


def respond_event_state(state: EventState) -> dict[str, JsonValueType]:
    """Return how an event stands."""
    counts = state.attendance
    return {
        "id": state.event.id,
        "name": state.event.name,
        "tickets": counts.tickets,
        "checked_in": counts.checked_in,
        "inside": counts.inside,
        "waiting": counts.waiting,
        "conflicts": counts.conflicts,
    }


def respond_row(row: Row) -> dict[str, JsonValueType]:
    """Return a row of the journal for the people who settle it; it holds the whole code."""
    return {
        "seq": row.seq,
        "event_id": row.event_id or None,
        "code": row.code,
        "addon_id": row.addon_id,
        "direction": row.direction.value,
        "gate": row.gate,
        "at": row.at.isoformat(),
        "state": row.state.value,
        "reason": row.reason.value,
        "attempts": row.attempts,
        "message": row.message,
        "note": row.note,
        "scan_id": row.scan_id,
    }
