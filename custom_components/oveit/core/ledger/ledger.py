"""The ledger: what is known of events and tickets, and what happened here.

Oveit's list and the journal are separate tables; a ticket's state is both together.
"""

from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from datetime import datetime
from enum import Enum, auto
from functools import partial
from pathlib import Path
from time import monotonic
from typing import Any, Concatenate, Self

from sqlalchemy import Connection

from ..counts import Attendance, RemoteCheckIn
from ..exceptions import LedgerError
from ..models import Answer, CheckIn, Event, Row, RowState, Ticket
from . import (
    admission,
    attendance,
    coverage as preparing,
    events as event_rows,
    gates,
    journal,
    properties,
    recovery,
    ticket_lists,
    tickets,
)
from .admission import Entered, Judge, Sought
from .journal import Lease, SlotTakenError
from .properties import Generation
from .sqlite.file import Clock, SqliteFile

MOST_RACES = 5


@dataclass(frozen=True, kw_only=True, slots=True)
class Opening:
    """What was found when a ledger was opened (decisions.md C23).

    `generation` is the ledger's own. `missing`: there was another before, which is not
    there; `older`: this is a copy from before, and what came after it is forgotten.
    """

    generation: Generation
    missing: bool = False
    older: bool = False


def _evidence(connection: Connection, row: Row) -> tuple[bool, tuple[CheckIn, ...], list[Row]]:
    """Return what the list and the journal tell of a row's ticket."""
    listed, uses = tickets.listed_uses(connection, row.event_id, row.code, row.addon_id)
    return listed, uses, journal.others_of(connection, row)


class How(Enum):
    """How a function of a connection is run: for a door, or where no door waits.

    What is written outlives this process; what is kept outlives a power cut, too.
    """

    READ = auto()
    COUNT = auto()
    WRITE = auto()
    KEEP = auto()


def _method[**P, T](
    how: How, function: Callable[Concatenate[Connection, P], T]
) -> Callable[Concatenate[Ledger, P], Coroutine[Any, Any, T]]:
    """Return a method of the ledger that runs a function in a transaction."""

    async def method(ledger: Ledger, /, *args: P.args, **kwargs: P.kwargs) -> T:
        return await ledger.run(how, lambda connection: function(connection, *args, **kwargs))

    method.__doc__ = function.__doc__
    return method


class Ledger:
    """What is known and what happened, in one file; every method may raise LedgerError.

    What a method writes outlives this process when it returns. Most methods are functions
    of a connection, from the modules beside this one, which describe them.
    """

    opening: Opening

    def __init__(self, file: SqliteFile, until: float | None = None) -> None:
        """Use an open file; `until` is the monotonic time at which calls give up."""
        self._file = file
        self._until = until

    @classmethod
    async def open(
        cls, path: Path, *, expected: Generation | None = None, clock: Clock = monotonic
    ) -> Self:
        """Open the ledger in a file, and make it where there is none.

        `expected` is the generation that was seen last; `clock` times leases and retries.
        A file that is no ledger, or damaged, is set aside, and its readable rows adopted.
        Raises LedgerTooNewError and LedgerUnusableError.
        """
        file = SqliteFile(path, clock)
        await file.open()
        ledger = cls(file)
        try:
            ledger.opening = await ledger._compare(expected)
            await ledger._adopt()
        except LedgerError:
            await file.close()
            raise
        return ledger

    async def _compare(self, expected: Generation | None) -> Opening:
        """Compare this ledger with the one seen last; an older one doubts what it has to send."""
        found = await self._file.read(properties.generation)
        is_other = expected is not None and expected.id != found.id
        is_older = expected is not None and not is_other and found.counter <= expected.counter
        if is_other or is_older:
            await self._file.write(journal.doubt_unsent)
        return Opening(generation=found, missing=is_other, older=is_older)

    async def _adopt(self) -> None:
        """Adopt the rows of ledgers that were set aside, each file once (decisions.md C24)."""
        found = {each.name: each for each in recovery.find_set_aside(self._file.path)}
        for name in await self._file.read(recovery.find_unadopted, list(found)):
            rows = recovery.read_what_is_left(found[name])
            await self._file.write(recovery.adopt, name, rows)

    async def close(self) -> None:
        """Let go of the file when the work at hand is done."""
        await self._file.close()

    def within(self, until: float) -> Ledger:
        """Return this ledger for a guest who can wait until a monotonic time (T17)."""
        return Ledger(self._file, until)

    @property
    def set_aside(self) -> list[Path]:
        """Return the ledgers that lie beside this one, and nobody has dealt with."""
        return recovery.find_set_aside(self._file.path)

    generation = _method(How.READ, properties.generation)
    skew = _method(How.READ, properties.skew)
    keep_skew = _method(How.WRITE, properties.keep_skew)
    dates_ahead = _method(How.READ, properties.dates_ahead)
    keep_dates_ahead = _method(How.WRITE, properties.keep_dates_ahead)
    lists_tags = _method(How.READ, properties.lists_tags)
    keep_lists_tags = _method(How.WRITE, properties.keep_lists_tags)
    save_events = _method(How.KEEP, event_rows.save)
    events = _method(How.READ, event_rows.load)
    name_gates = _method(How.KEEP, gates.name)
    gate_modes = _method(How.READ, gates.modes)
    keep_gate_mode = _method(How.KEEP, gates.keep_mode)
    last_reads = _method(How.READ, gates.last_reads)
    keep_last_read = _method(How.WRITE, gates.keep_last_read)
    gate_counts = _method(How.COUNT, gates.count)
    find = _method(How.READ, tickets.find)
    pick = _method(How.READ, tickets.pick)
    on_tag = _method(How.READ, tickets.on_tag)
    renew = _method(How.READ, tickets.renew)
    learn = _method(How.KEEP, tickets.learn)
    learn_answer = _method(How.WRITE, tickets.learn_answer)
    learn_tag = _method(How.WRITE, tickets.learn_tag)
    unpair = _method(How.KEEP, tickets.unpair)
    coverage = _method(How.COUNT, preparing.coverage)
    unasked = _method(How.COUNT, preparing.unasked)
    note_asked = _method(How.WRITE, preparing.note)
    forget_tagless = _method(How.KEEP, preparing.forget_tagless)
    begin_preparation = _method(How.KEEP, preparing.begin)
    end_preparation = _method(How.KEEP, preparing.end)
    preparations = _method(How.READ, preparing.under_way)
    list_state = _method(How.READ, ticket_lists.state)
    row = _method(How.READ, journal.row)
    unclaimed = _method(How.READ, journal.unclaimed)
    find_scan = _method(How.READ, journal.find_scan)
    inside = _method(How.READ, journal.inside)
    admissions = _method(How.READ, journal.admissions)
    waiting = _method(How.READ, journal.waiting)
    due = _method(How.READ, journal.due)
    conflicts = _method(How.READ, journal.conflicts)
    count_waiting = _method(How.READ, journal.count_waiting)
    count_unreadable = _method(How.COUNT, journal.count_unreadable)
    evidence = _method(How.READ, _evidence)
    lease = _method(How.WRITE, journal.lease)
    let_go = _method(How.WRITE, journal.let_go)
    release_unclaimed = _method(How.KEEP, journal.release_unclaimed)
    undo = _method(How.KEEP, journal.undo)

    async def enter(self, sought: Sought, judge: Judge, *, lease: Lease, durable: bool) -> Entered:
        """Judge tickets as they are, and reserve the uses of an admission.

        Tickets are sought by their code, by what Oveit has just told of their tag, which is
        learned, or known before. Where another read takes a use first, they are judged anew.
        What is not durable yet reaches the disk while Oveit is asked.
        """
        entered = await self._enter(sought, judge, lease, durable=durable)
        if entered.rows and not durable:
            self._file.flush_soon()
        return entered

    async def _enter(self, sought: Sought, judge: Judge, lease: Lease, *, durable: bool) -> Entered:
        """Look and reserve, again and again while others are faster."""
        limits: dict[str, Any] = {"durable": durable, "until": self._until, "undo": _withdraw}
        for _ in range(MOST_RACES):
            try:
                if isinstance(sought, admission.Told):
                    return await self._file.write(_enter_told, sought, judge, lease, **limits)
                return await self._file.read_then_write(
                    partial(admission.look, sought=sought, judge=judge),
                    partial(admission.reserve, lease=lease),
                    lambda seen: not seen.rows,
                    **limits,
                )
            except SlotTakenError:
                continue
        raise LedgerError("Others are faster again and again")

    async def begin(self, row: Row, lease: Lease | None = None) -> int:
        """Keep a row, with the next use of its ticket, and return its number."""
        write = partial(journal.add_next, row=row, lease=lease)
        return (await self.run(How.KEEP, write, undo=_withdraw_of(row))).seq

    async def override(self, row: Row, lease: Lease) -> None:
        """Keep the row of somebody who is let in whatever is known."""
        write = partial(journal.add_override, row=row, lease=lease)
        await self.run(How.KEEP, write, undo=_withdraw_of(row))

    async def settle(
        self, row: Row, *, admitted: bool, ticket: Ticket, answer: Answer
    ) -> Ticket | None:
        """End a row by Oveit's answer, while the guest waits: admitted, or void.

        Keeps what the answer told of a ticket of ours, and returns the row's ticket; None
        when the row was no longer this guest's.
        """
        write = partial(_settle, row=row, admitted=admitted, ticket=ticket, answer=answer)
        return await self.run(How.KEEP, write, undo=_withdraw_of(row))

    async def move(self, row: Row, state: RowState, **values: Any) -> Row | None:
        """Keep that a row is in another state, with other fields' values (journal.move)."""
        undo = _withdraw_of(row) if self._until is not None else None
        write = partial(journal.move, row=row, state=state, **values)
        return await self.run(How.KEEP, write, undo=undo)

    async def claim(self, row: Row, state: RowState, **values: Any) -> Row | None:
        """Keep that a guest was admitted by a row sent before (journal.claim)."""
        write = partial(journal.claim, row=row, state=state, **values)
        return await self.run(How.KEEP, write, undo=_withdraw_of(row))

    async def take_list(self, event: Event, reply: bytes, at: datetime) -> list[RemoteCheckIn]:
        """Import a ticket list and return the check-ins it shows that were not known.

        An empty list, or one that lost more than a fifth of its tickets, replaces
        nothing until a second reply says the same (decisions.md T11). Raises
        OveitResponseError when the reply is no ticket list; the list before stays.
        """
        return await self._file.import_list(ticket_lists.take, event, reply, at)

    async def remove(self, event_id: int, until: datetime) -> None:
        """Forget an event, and what happened at no event up to a time; no byte of it is left."""
        await self._file.import_list(event_rows.remove, event_id, until)
        await self._file.erase()

    async def attendance(self, event_id: int, now: datetime) -> Attendance:
        """Count an event's tickets: Oveit's list and our journal together."""
        await self._file.tidy()
        return await self._file.count(attendance.count, event_id, now)

    def has_entered(self, *, ticket_code: str | None = None, rfid_code: str | None = None) -> bool:
        """Tell at once whether a code's ticket has entered, for a caller that cannot wait.

        A reader waits for no writer, and one key takes a third of a millisecond.
        """
        find, code = (
            (tickets.find_read, ticket_code) if rfid_code is None else (tickets.on_tag, rfid_code)
        )
        return any(ticket.checked_in for ticket in self._file.read_now(find, code or ""))

    async def run[T](
        self,
        how: How,
        function: Callable[[Connection], T],
        undo: Callable[[Connection, T], None] | None = None,
    ) -> T:
        """Run a function in a transaction, as long as the caller can wait.

        `undo` takes back what was written after the caller was given up.
        """
        if how is How.READ:
            return await self._file.read(function, until=self._until)
        if how is How.COUNT:
            return await self._file.count(function)
        durable = how is How.KEEP
        return await self._file.write(function, durable=durable, until=self._until, undo=undo)


def _enter_told(connection: Connection, sought: Sought, judge: Judge, lease: Lease) -> Entered:
    """Learn what Oveit told of a tag, judge, and reserve."""
    seen = admission.look(connection, sought, judge)
    return admission.reserve(connection, seen, lease) if seen.rows else seen


def _settle(
    connection: Connection, row: Row, admitted: bool, ticket: Ticket, answer: Answer
) -> Ticket | None:
    """End the row of a guest who waits, and learn what the answer told."""
    if admitted:
        is_ours = journal.confirm(connection, row.ref, answer.asked_at, answer.message)
    else:
        is_ours = journal.release_unclaimed(connection, row)
    if answer.ticket:
        tickets.learn(connection, answer.ticket, answer.rfid_codes, None)
    return tickets.renew(connection, (ticket,))[0] if is_ours else None


def _withdraw(connection: Connection, entered: Entered) -> None:
    """Take back what was reserved for a guest who got no answer."""
    journal.withdraw(connection, [row.ref for row in entered.rows])


def _withdraw_of(row: Row) -> Callable[[Connection, object], None]:
    """Return what takes a row back whose guest got no answer."""
    return lambda connection, _: journal.withdraw(connection, [row.ref])
