"""What a ledger is filled with in tests: rows of a ticket list, and of the journal."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
import json
from typing import Any

from custom_components.oveit.core.counts import Attendance
from custom_components.oveit.core.ledger import Ledger
from custom_components.oveit.core.models import (
    Answer,
    CheckIn,
    Event,
    Row,
    Ticket,
)

NOON = datetime(2026, 6, 1, 12, tzinfo=UTC)
EVENT = Event(id=100, name="Concert")
ENTERED: dict[str, Any] = {"checked_in": True, "checkins": (CheckIn(at=NOON),)}


def at(minutes: float) -> datetime:
    """Return a moment, minutes after noon."""
    return NOON + timedelta(minutes=minutes)


def use(minutes: float | None = 0, addon_id: int | None = None) -> dict[str, Any]:
    """Return a use as the list shows it."""
    return {"addon_id": addon_id, "date": None if minutes is None else at(minutes).isoformat()}


def row(code: Any = "abc", *uses: dict[str, Any], **fields: Any) -> dict[str, Any]:
    """Return a row of the list."""
    entered = any(use["addon_id"] is None for use in uses)
    known = {"code": code, "ticket_type_id": 1, "checked_in": entered, "checkins": list(uses)}
    return known | fields


def reply(rows: Iterable[Any]) -> bytes:
    """Return the reply with a list."""
    return json.dumps({"tickets": list(rows)}).encode()


def rows(number: int) -> list[dict[str, Any]]:
    """Return so many rows of unused tickets."""
    return [row(f"t{place}") for place in range(number)]


async def take(ledger: Ledger, *listed: Any, event: Event = EVENT, now: datetime = NOON) -> list:
    """Take up a list of these rows."""
    return await ledger.take_list(event, reply(listed), now)


async def count(ledger: Ledger, now: datetime = NOON) -> Attendance:
    """Count the event's tickets."""
    return await ledger.attendance(EVENT.id, now)


async def begin(
    ledger: Ledger, code: str = "abc", minutes: float = 0, *, type_id: int | None = 1, **known: Any
) -> Row:
    """Write a row before Oveit is asked."""
    place: dict[str, Any] = {"code": code, "event_id": EVENT.id, "ticket_type_id": type_id}
    row = Row(at=at(minutes), scan_id="s", **place | known)
    return replace(row, seq=await ledger.begin(row))


async def admit(
    ledger: Ledger, code: str = "abc", minutes: float = 0, *, skew: float = 0, **known: Any
) -> Ticket:
    """Admit a guest; `skew` is how many minutes Oveit's clock is ahead."""
    begun = await begin(ledger, code, minutes, **known)
    ticket = Ticket(code=code, event_id=EVENT.id)
    answer = Answer(ok=True, asked_at=at(minutes + skew))
    fresh = await ledger.settle(begun, admitted=True, ticket=ticket, answer=answer)
    assert fresh is not None
    return fresh


def ticket(code: str = "abc", **changes: Any) -> Ticket:
    """Return the ticket that a plain row becomes."""
    return replace(Ticket(code=code, event_id=100, ticket_type_id=1), **changes)
