"""Deciding on a guest and writing it down, in one transaction."""

from collections.abc import Callable
from dataclasses import dataclass, replace

from sqlalchemy import Connection

from ..models import Answer, Row, Ticket
from ..rules import Verdict
from . import journal, tickets

type Sought = str | Told | tuple[Ticket, ...]
type Judge = Callable[[tuple[Ticket, ...]], tuple[Verdict | None, tuple[Row, ...]]]


@dataclass(frozen=True, kw_only=True, slots=True)
class Told:
    """The ticket that Oveit has just told of, and the tag that it was asked about."""

    tag: str
    ticket: Ticket
    answer: Answer
    ours: tickets.Ours

    def is_all(self, found: tuple[Ticket, ...]) -> bool:
        """Tell whether none of the tickets found on the tag is another one."""
        return {ticket.code.lower() for ticket in found} <= {self.ticket.code.lower()}


@dataclass(frozen=True, kw_only=True, slots=True)
class Entered:
    """What was decided on tickets as they were, and what was written.

    `fresh` has the ticket of each row as it is afterwards.
    """

    tickets: tuple[Ticket, ...]
    verdict: Verdict | None
    rows: tuple[Row, ...] = ()
    fresh: tuple[Ticket, ...] = ()


def enter(connection: Connection, sought: Sought, judge: Judge) -> Entered:
    """Judge tickets, and write the rows that follow; no other read comes in between."""
    found = _find(connection, sought)
    verdict, rows = judge(found)
    rows = tuple(replace(row, seq=journal.begin(connection, row)) for row in rows)
    return Entered(tickets=found, verdict=verdict, rows=rows, fresh=_renew(connection, rows, found))


def _find(connection: Connection, sought: Sought) -> tuple[Ticket, ...]:
    """Return tickets by their code, by what was told of their tag, or as they are now."""
    if isinstance(sought, str):
        return tickets.find(connection, sought)
    if isinstance(sought, Told):
        return tickets.learn_answer(connection, sought.answer, sought.ours, sought.tag).on_tag
    return tickets.renew(connection, sought)


def _renew(
    connection: Connection, rows: tuple[Row, ...], found: tuple[Ticket, ...]
) -> tuple[Ticket, ...]:
    """Return the ticket of each row as it is after it, where the row admits."""
    by_key = {(ticket.event_id or 0, ticket.code): ticket for ticket in found}
    own = tuple(by_key[row.event_id, row.code] for row in rows)
    return tickets.renew(connection, own) if any(row.admitted for row in rows) else own
