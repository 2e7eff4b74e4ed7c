"""Deciding on a guest and reserving the use of the ticket."""

from collections.abc import Callable
from dataclasses import dataclass, replace

from sqlalchemy import Connection

from ..decision import Undecided, Verdict
from ..models import Answer, Row, Ticket
from . import journal, tickets
from .journal import Lease
from .tickets import Learned, Ours

type Sought = str | Told | tuple[Ticket, ...]
type Outcome = Verdict | Undecided
type Judge = Callable[[tuple[Ticket, ...]], tuple[Outcome, tuple[Row, ...]]]


@dataclass(frozen=True, kw_only=True, slots=True)
class Told:
    """Oveit's answer about a tag, and what takes out of it what is not ours."""

    tag: str
    answer: Answer
    ours: Ours


@dataclass(frozen=True, kw_only=True, slots=True)
class Entered:
    """What was decided on tickets as they were, and the rows that were written.

    `learned` is what an answer about a tag brought; `fresh` has the ticket of each row as
    it is afterwards.
    """

    tickets: tuple[Ticket, ...]
    outcome: Outcome
    learned: Learned | None = None
    rows: tuple[Row, ...] = ()
    fresh: tuple[Ticket, ...] = ()


def look(connection: Connection, sought: Sought, judge: Judge) -> Entered:
    """Judge tickets as they are, and return the rows to write; takes no write lock.

    Of a tag that carries other tickets than the one that Oveit told of, more must be asked.
    """
    learned = None
    if isinstance(sought, Told):
        learned = tickets.learn_answer(connection, sought.answer, sought.ours, sought.tag)
        if learned.others:
            return Entered(tickets=learned.on_tag, outcome=Undecided.UNKNOWN, learned=learned)
        found = learned.on_tag
    elif isinstance(sought, str):
        found = tickets.find(connection, sought)
    else:
        found = tickets.renew(connection, sought)
    outcome, rows = judge(found)
    return Entered(tickets=found, outcome=outcome, learned=learned, rows=rows)


def reserve(connection: Connection, seen: Entered, lease: Lease) -> Entered:
    """Write the rows of a decision; raises SlotTakenError when a use was taken meanwhile."""
    rows = tuple(replace(row, seq=journal.add(connection, row, lease)) for row in seen.rows)
    by_key = {(ticket.event_id or 0, ticket.code): ticket for ticket in seen.tickets}
    own = tuple(by_key[row.event_id, row.code] for row in rows)
    if any(row.admitted for row in rows):
        own = tickets.renew(connection, own)
    return replace(seen, rows=rows, fresh=own)
