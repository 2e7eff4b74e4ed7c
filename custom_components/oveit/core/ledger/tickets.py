"""The copy of Oveit's tickets, and the tags that carry them."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import groupby
import json
from typing import Any

from sqlalchemy import Connection, and_, bindparam, delete, func, insert, or_, select, update

from ..codes import parts, trim
from ..decision import merge_uses, without
from ..models import NO_EVENT, Answer, CheckIn, Direction, RowState, Ticket
from . import coverage
from .journal import IN_FLIGHT
from .schema import CODE_KEY, from_epoch, journal, tags, tickets
from .statements import Statement

type Ours = Callable[[Answer, Ticket], Answer]

_WITH_OUR_USES = (
    select(
        tickets,
        *(journal.c[name] for name in ("seq", "addon_id", "slot", "at", "asked_at", "gate")),
        *(journal.c[name] for name in ("state", "admitted", "re_entry", "undone_at")),
        IN_FLIGHT.label("in_flight"),
    )
    .outerjoin(
        journal,
        and_(
            journal.c.code == tickets.c.code,
            journal.c.event_id.in_((tickets.c.event_id, NO_EVENT)),
            journal.c.direction == Direction.ENTRY,
            journal.c.state != RowState.VOID,
        ),
    )
    .order_by(tickets.c.event_id, tickets.c.code, journal.c.seq)
)
_HAS_CODE = func.lower(bindparam("code")) == CODE_KEY
_BY_CODE = Statement(_WITH_OUR_USES.where(_HAS_CODE))
_BY_TAG = Statement(
    _WITH_OUR_USES.where(
        tickets.c.code.in_(select(tags.c.code).where(tags.c.rfid_code == bindparam("rfid_code")))
    )
)
_OF_KEY = (tickets.c.event_id == bindparam("event_id"), tickets.c.code == bindparam("code"))
_BY_KEY = Statement(_WITH_OUR_USES.where(*_OF_KEY))
_LEARNED = ("ticket_type_id", "checked_in", "entered_at", "checkins", "series")
_CHANGE = Statement(
    update(tickets)
    .where(tickets.c.event_id == bindparam("of_event"), tickets.c.code == bindparam("of_code"))
    .values({name: func.coalesce(bindparam(name), tickets.c[name]) for name in _LEARNED})
    .values(
        checked_in=or_(bindparam("checked_in"), tickets.c.checked_in),
        checkins=func.coalesce(func.nullif(bindparam("checkins"), "[]"), tickets.c.checkins),
    )
    .returning(tickets.c.code)
)
_ADD = Statement(insert(tickets), columns=("event_id", "code", *_LEARNED))
_TAGS_OF = Statement(select(tags.c.rfid_code).where(tags.c.code == bindparam("code")))
_ADD_TAG = Statement(insert(tags), columns=("rfid_code", "code", "learned_at"))
_DROP_TAG = Statement(
    delete(tags).where(tags.c.rfid_code == bindparam("of_tag"), tags.c.code == bindparam("of_code"))
)


def find(connection: Connection, code: str) -> tuple[Ticket, ...]:
    """Return the tickets with a code; case matters only where two differ by it.

    What is invisible in the list is no part of a code, unless two differ by it (decisions.md B20).
    """
    found = _load(connection, _BY_CODE, code=code)
    for spell in (str, trim):
        if exact := tuple(ticket for ticket in found if spell(ticket.code) == code):
            return exact
    return found if len({ticket.code for ticket in found}) == 1 else ()


def pick(connection: Connection, codes: tuple[str, ...]) -> str:
    """Return the one of several texts that is the code of a ticket, else the first of them."""
    known = [code for code in codes if find(connection, code)]
    return known[0] if len(known) == 1 else codes[0]


def find_read(connection: Connection, read: str) -> tuple[Ticket, ...]:
    """Return the tickets with the code in a text that was read (decisions.md B19)."""
    return find(connection, pick(connection, parts(read)))


def on_tag(connection: Connection, rfid_code: str) -> tuple[Ticket, ...]:
    """Return the tickets on a tag."""
    return _load(connection, _BY_TAG, rfid_code=rfid_code)


def renew(connection: Connection, known: tuple[Ticket, ...]) -> tuple[Ticket, ...]:
    """Return tickets as they are now; one that is not here stays as it is."""
    return tuple(
        fresh
        for ticket in known
        for fresh in _load(connection, _BY_KEY, event_id=ticket.event_id, code=ticket.code)
        or (ticket,)
    )


def undone(connection: Connection, event_id: int) -> dict[str, Ticket]:
    """Return the tickets that Oveit lists as entered and whose entry was taken back here."""
    statement = (
        select(journal.c.code)
        .distinct()
        .join(
            tickets,
            (tickets.c.event_id == journal.c.event_id) & (tickets.c.code == journal.c.code),
        )
        .where(
            journal.c.event_id == event_id,
            journal.c.addon_id.is_(None),
            journal.c.undone_at.is_not(None),
            journal.c.admitted.is_(False),
            tickets.c.checked_in,
        )
    )
    codes = connection.execute(statement).scalars().all()
    found = (
        ticket
        for code in codes
        for ticket in _load(connection, _BY_KEY, event_id=event_id, code=code)
    )
    return {ticket.code: ticket for ticket in found if not ticket.checked_in}


def listed_uses(
    connection: Connection, event_id: int, code: str, addon_id: int | None
) -> tuple[bool, tuple[CheckIn, ...]]:
    """Return whether Oveit lists a ticket, and the uses of one kind that it lists.

    A code that was taken in for no event is that of the one ticket that has it.
    """
    is_same = (_HAS_CODE,) if event_id == NO_EVENT else _OF_KEY
    statement = select(tickets.c.checked_in, tickets.c.checkins).where(*is_same)
    records = connection.execute(statement, {"event_id": event_id, "code": code}).all()
    if len(records) != 1:
        return bool(records), ()
    (record,) = records
    uses = tuple(use for use in _read_uses(record.checkins) if use.addon_id == addon_id)
    if record.checked_in and addon_id is None and not uses:
        uses = (CheckIn(zoned=False),)
    return True, uses


def _read_uses(checkins: str) -> list[CheckIn]:
    """Return the uses of a ticket as the mirror has them."""
    return [
        CheckIn(addon_id=addon_id, at=from_epoch(at), zoned=not unzoned)
        for addon_id, at, *unzoned in json.loads(checkins)
    ]


def _load(connection: Connection, statement: Statement, **what: Any) -> tuple[Ticket, ...]:
    """Return tickets with their uses, Oveit's and ours."""
    rows = statement.run(connection, **what)
    return tuple(
        _to_ticket(list(group))
        for _, group in groupby(rows, lambda row: (row["event_id"], row["code"]))
    )


def _to_ticket(joined: Sequence[Mapping[str, Any]]) -> Ticket:
    """Return a ticket of the mirror joined with our own rows."""
    first = joined[0]
    rows = [row for row in joined if row["seq"] is not None]
    ours = [_to_use(row) for row in rows if row["admitted"]]
    entered = _has_entry(ours)
    undone = [_to_use(row) for row in rows if _is_undone(row)]
    listed = _read_uses(first["checkins"])
    left = without(listed, undone)
    was_entered = _has_entry(left) if _has_entry(listed) else not _has_entry(undone)
    return Ticket(
        code=first["code"],
        event_id=first["event_id"],
        ticket_type_id=first["ticket_type_id"],
        series=first["series"],
        checked_in=(bool(first["checked_in"]) and was_entered) or entered,
        checkins=merge_uses(left, ours),
        unclaimed=frozenset(
            row["addon_id"]
            for row in rows
            if not row["admitted"]
            and not row["in_flight"]
            and row["state"] in (RowState.ASKING, RowState.IN_DOUBT, RowState.CONFIRMED)
            and not (entered and row["addon_id"] is None and not row["re_entry"])
        ),
        in_flight=frozenset(row["addon_id"] for row in rows if row["in_flight"]),
        slots=_highest_slots(rows),
    )


def _to_use(row: Mapping[str, Any]) -> CheckIn:
    """Return the use of a ticket that a row of ours is."""
    return CheckIn(
        addon_id=row["addon_id"],
        at=from_epoch(row["at"]),
        gate=row["gate"],
        at_oveit=from_epoch(row["asked_at"]),
    )


def _has_entry(uses: Iterable[CheckIn]) -> bool:
    """Return whether one of these uses is an entry."""
    return any(use.addon_id is None for use in uses)


def _is_undone(row: Mapping[str, Any]) -> bool:
    """Return whether a row is an admission that was taken back, and that Oveit may have."""
    is_sent = row["state"] in (RowState.IN_DOUBT, RowState.CONFIRMED)
    return is_sent and not row["admitted"] and row["undone_at"] is not None


def _highest_slots(rows: Sequence[Mapping[str, Any]]) -> dict[int | None, int]:
    """Return the highest number of a use of each add-on, and of the entry (None)."""
    slots: dict[int | None, int] = {}
    for row in rows:
        slots[row["addon_id"]] = max(slots.get(row["addon_id"], 0), row["slot"] or 0)
    return slots


@dataclass(frozen=True, kw_only=True, slots=True)
class Learned:
    """Whose ticket an answer was about, and which tickets the tag asked for carries now."""

    ticket: Ticket | None
    on_tag: tuple[Ticket, ...]

    @property
    def others(self) -> list[Ticket]:
        """Return the tickets on the tag that the answer was not about."""
        return [other for other in self.on_tag if not self.ticket or other.code != self.ticket.code]


def learn_answer(
    connection: Connection, answer: Answer, ours: Ours, tag: str | None = None
) -> Learned:
    """Write what an answer told of a ticket of ours, and return the ticket that it told of."""
    ticket = answer.ticket
    if ticket is not None:
        known = find(connection, ticket.code)
        told = ours(answer, known[0] if len(known) == 1 else ticket).ticket
        if told is not None:
            learn(connection, told, answer.rfid_codes, tag)
        ticket = told or ticket
    return Learned(ticket=ticket, on_tag=on_tag(connection, tag) if tag else ())


def learn(
    connection: Connection,
    ticket: Ticket,
    rfid_codes: tuple[str, ...] | None,
    tag: str | None = None,
) -> None:
    """Write what an answer told; the answer's tags are all that the ticket has."""
    _learn_ticket(connection, ticket)
    if rfid_codes is None and not tag:
        return
    if ticket.event_id is not None:
        coverage.note(connection, ticket.event_id, ticket.code, told=True)
    known = {row["rfid_code"] for row in _TAGS_OF.run(connection, code=ticket.code)}
    told = {*(known if rfid_codes is None else rfid_codes), *filter(None, [tag])}
    for rfid_code in known - told:
        unpair(connection, rfid_code, ticket.code)
    learned_at = datetime.now(UTC).timestamp()
    for rfid_code in told - known:
        _ADD_TAG.run(connection, rfid_code=rfid_code, code=ticket.code, learned_at=learned_at)


def learn_tag(connection: Connection, rfid_code: str, codes: tuple[str, ...]) -> tuple[Ticket, ...]:
    """Write which tickets a tag carries, those that are listed, and return all that it carries."""
    carried = {ticket.code for ticket in on_tag(connection, rfid_code)}
    listed = {ticket for code in codes for ticket in find(connection, code)}
    learned_at = datetime.now(UTC).timestamp()
    for ticket in listed:
        if ticket.event_id is not None:
            coverage.note(connection, ticket.event_id, ticket.code, told=True)
    for code in {ticket.code for ticket in listed} - carried:
        _ADD_TAG.run(connection, rfid_code=rfid_code, code=code, learned_at=learned_at)
    return on_tag(connection, rfid_code)


def unpair(connection: Connection, rfid_code: str, code: str) -> None:
    """Forget a tag of a ticket."""
    _DROP_TAG.run(connection, of_tag=rfid_code, of_code=code)


def _learn_ticket(connection: Connection, ticket: Ticket) -> None:
    """Bring a ticket of the mirror to what an answer told; a use is never unlearned."""
    uses = [
        [use.addon_id, use.at and int(use.at.timestamp()), *([] if use.zoned else [0])]
        for use in ticket.checkins
    ]
    entries = [at for addon_id, at, *_ in uses if addon_id is None and at is not None]
    values = {
        "ticket_type_id": ticket.ticket_type_id,
        "checked_in": ticket.checked_in,
        "entered_at": min(entries, default=None),
        "checkins": json.dumps(uses, separators=(",", ":")),
        "series": ticket.series,
    }
    if not _CHANGE.run(connection, of_event=ticket.event_id, of_code=ticket.code, **values):
        _ADD.run(connection, event_id=ticket.event_id, code=ticket.code, **values)
