"""Deciding on a guest and writing it down, in one transaction."""

from collections.abc import Callable
from dataclasses import dataclass, replace

from sqlalchemy import Connection

from ..decision import Verdict
from ..models import Answer, Row, Ticket
from . import journal, tickets
from .tickets import Learned, Ours

type Sought = str | Told | tuple[Ticket, ...]
type Judge = Callable[[tuple[Ticket, ...]], tuple[Verdict | None, tuple[Row, ...]]]


@dataclass(frozen=True, kw_only=True, slots=True)
class Told:
    """What Oveit has just told of a tag, and what takes out of it what is not ours."""

    tag: str
    answer: Answer
    ours: Ours


@dataclass(frozen=True, kw_only=True, slots=True)
class Entered:
    """What was decided on tickets as they were, and what was written.

    `learned` is what an answer about a tag brought; `fresh` has the ticket of each row as
    it is afterwards.
    """

    tickets: tuple[Ticket, ...]
    verdict: Verdict | None = None
    learned: Learned | None = None
    rows: tuple[Row, ...] = ()
    fresh: tuple[Ticket, ...] = ()


def enter(connection: Connection, sought: Sought, judge: Judge) -> Entered:
    """Judge tickets, and write the rows that follow; no other read comes in between.

    A tag that carries other tickets than the one that was told of is only learned.
    """
    learned = None
    if isinstance(sought, Told):
        learned = tickets.learn_answer(connection, sought.answer, sought.ours, sought.tag)
        if learned.others:
            return Entered(tickets=learned.on_tag, learned=learned)
        found = learned.on_tag
    elif isinstance(sought, str):
        found = tickets.find(connection, sought)
    else:
        found = tickets.renew(connection, sought)
    verdict, rows = judge(found)
    rows = tuple(replace(row, seq=journal.begin(connection, row)) for row in rows)
    fresh = _renew(connection, rows, found)
    return Entered(tickets=found, verdict=verdict, learned=learned, rows=rows, fresh=fresh)


def _renew(
    connection: Connection, rows: tuple[Row, ...], found: tuple[Ticket, ...]
) -> tuple[Ticket, ...]:
    """Return the ticket of each row as it is after it, where the row admits."""
    by_key = {(ticket.event_id or 0, ticket.code): ticket for ticket in found}
    own = tuple(by_key[row.event_id, row.code] for row in rows)
    return tickets.renew(connection, own) if any(row.admitted for row in rows) else own
