"""The HTTP interface that controls the pretend Oveit while it runs as a process of its own."""

from collections.abc import Callable
from dataclasses import asdict, fields
from typing import TYPE_CHECKING, Any, Final, Literal, get_args, get_origin, get_type_hints

from demo.behaviour import Behaviour
from demo.faults import Fault
from demo.venue import VenueTicket

if TYPE_CHECKING:
    from demo.oveit_server import OveitServer


def state(server: OveitServer, _: dict[str, Any]) -> Any:
    """Return the state of the server and the venue."""
    venue = server.venue
    return {
        "url": server.url,
        "connections": server.connections,
        "open_connections": server.open_connections,
        "requests": dict(server.counts),
        "bytes": dict(server.sent),
        "events": [
            {
                "id": event.id,
                "name": event.name,
                "ended": event.ended,
                "tickets": len(venue.tickets_of(event.id)),
                "checked_in": len(venue.used(event.id)),
            }
            for event in venue.events.values()
        ],
        "behaviour": asdict(server.behaviour),
        "faults": {key: times for key, (_, times) in server.faults.now.items()},
    }


def tickets(server: OveitServer, params: dict[str, Any]) -> Any:
    """Return the tickets of an event with their tags."""
    event_id = int(params.get("event_id", 100))
    return {"tickets": [row(ticket) for ticket in server.venue.tickets_of(event_id)]}


def row(ticket: VenueTicket) -> dict[str, Any]:
    """Return a ticket without personal data."""
    return {
        "code": ticket.code,
        "event_id": ticket.event_id,
        "ticket_type_id": ticket.ticket_type_id,
        "used": ticket.used,
        "rfid_codes": ticket.rfid_codes,
        "cancelled": ticket.cancelled,
    }


def change_faults(server: OveitServer, params: dict[str, Any]) -> Any:
    """Set a fault by the name of a preset or by its fields, or clear them."""
    if params.get("clear"):
        server.faults.clear(params.get("endpoint"))
        return {"ok": True}
    fault = params["fault"]
    if not isinstance(fault, str):
        fault = Fault(**fault)
    server.faults.set(params.get("endpoint", "*"), fault, params.get("times"))
    return {"ok": True}


def change_behaviour(server: OveitServer, params: dict[str, Any]) -> Any:
    """Set switches of the behaviour."""
    for name, value in params.items():
        if value not in choices(name):
            raise ValueError(f"{name} is one of {choices(name)}")
    for name, value in params.items():
        setattr(server.behaviour, name, value)
    return {"ok": True, "behaviour": asdict(server.behaviour)}


def choices(name: str) -> tuple[Any, ...]:
    """Return the values that a switch of the behaviour can have."""
    kind = get_type_hints(Behaviour)[name]
    return get_args(kind) if get_origin(kind) is Literal else (True, False)


def switches() -> dict[str, tuple[Any, ...]]:
    """Return the switches of the behaviour with their values."""
    return {switch.name: choices(switch.name) for switch in fields(Behaviour)}


def change_venue(server: OveitServer, params: dict[str, Any]) -> Any:
    """Change the venue: `action` is the name of a method of it, the rest its arguments."""
    arguments = dict(params)
    action = arguments.pop("action")
    if action not in ACTIONS:
        raise ValueError(f"action is one of {ACTIONS}")
    done = getattr(server.venue, action)(**arguments)
    ticket = done or server.venue.tickets.get(arguments.get("code", ""))
    return {"ok": True, "ticket": row(ticket) if ticket else None}


ACTIONS: Final = ("sell", "cancel", "check_in", "check_out", "pair", "unpair", "end_event")
CONTROLS: Final[dict[tuple[str, str], Callable[[OveitServer, dict[str, Any]], Any]]] = {
    ("GET", "state"): state,
    ("GET", "tickets"): tickets,
    ("POST", "faults"): change_faults,
    ("POST", "behaviour"): change_behaviour,
    ("POST", "venue"): change_venue,
}


def control(
    server: OveitServer, method: str, name: str, params: dict[str, Any]
) -> tuple[int, dict[str, Any]]:
    """Return the status and the reply to a request; an error changes nothing."""
    if (method, name) not in CONTROLS:
        return 404, {"error": f"there is {', '.join(' '.join(key) for key in CONTROLS)}"}
    try:
        return 200, CONTROLS[method, name](server, params)
    except (KeyError, TypeError, ValueError, StopIteration) as error:
        return 400, {"error": f"{type(error).__name__}: {error}"}
