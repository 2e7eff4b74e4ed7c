"""The ledger: what is known of events and tickets, and what happened here.

Oveit's list and the journal are separate tables; a ticket's state is both together.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from time import monotonic
from typing import Any, Self

from sqlalchemy import Connection

from ..counts import Attendance, Coverage, GateCounts, ListState, RemoteCheckIn
from ..exceptions import LedgerError
from ..models import Answer, CheckIn, Direction, Event, Request, Row, RowState, Ticket
from . import (
    admission,
    attendance,
    coverage,
    events,
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
from .tickets import Learned, Ours

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


class Ledger:
    """What is known and what happened, in one file; every method may raise LedgerError.

    What a method writes outlives this process when it returns, and a power cut too where
    it says that it keeps something.
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

    async def hold(self) -> None:
        """Keep the file as it is while it is copied: what is new goes to its log."""
        await self._file.hold()

    async def release(self) -> None:
        """Bring the log into the file again as it grows."""
        await self._file.release()

    async def generation(self) -> Generation:
        """Return which ledger this is, and how far it has come."""
        return await self._read(properties.generation)

    async def events(self) -> dict[int, Event]:
        """Return every event ever listed by its id."""
        return await self._read(events.load)

    async def save_events(self, listed: Iterable[Event]) -> None:
        """Keep events as they are now."""
        await self._keep(events.save, tuple(listed))

    async def skew(self) -> timedelta:
        """Return how far Oveit's clock was ahead of this machine's when it was last known."""
        return await self._read(properties.skew)

    async def keep_skew(self, skew: timedelta) -> None:
        """Write how far Oveit's clock is ahead."""
        await self._write(properties.keep_skew, skew)

    async def name_gates(self, names: dict[str, str]) -> None:
        """Give gates, known by their ids, their names; the journal of a renamed one follows."""
        await self._keep(gates.name, names)

    async def gate_modes(self) -> dict[str, str]:
        """Return the mode of each gate whose mode was ever chosen, by the gate's id."""
        return await self._read(gates.modes)

    async def keep_gate_mode(self, gate_id: str, mode: str) -> None:
        """Keep the mode of a gate."""
        await self._keep(gates.keep_mode, gate_id, mode)

    async def find(self, code: str) -> tuple[Ticket, ...]:
        """Return the tickets with a code; case matters only where two differ by it."""
        return await self._read(tickets.find, code)

    async def on_tag(self, rfid_code: str) -> tuple[Ticket, ...]:
        """Return the tickets that a tag is known to carry."""
        return await self._read(tickets.on_tag, rfid_code)

    async def renew(self, known: tuple[Ticket, ...]) -> tuple[Ticket, ...]:
        """Return tickets as they are now; one that is not in the ledger stays as it is."""
        return await self._read(tickets.renew, known)

    async def learn(
        self, ticket: Ticket, rfid_codes: tuple[str, ...] | None, tag: str | None = None
    ) -> None:
        """Keep what is known of a ticket, of all its tags, and of one tag."""
        await self._keep(tickets.learn, ticket, rfid_codes, tag)

    async def learn_answer(self, answer: Answer, ours: Ours, tag: str | None = None) -> Learned:
        """Write what an answer told of a ticket of ours, of its tags, and of the tag asked for.

        `ours` takes out of an answer what is not ours, given its ticket as it is known here.
        """
        return await self._write(tickets.learn_answer, answer, ours, tag)

    async def unpair(self, rfid_code: str, code: str) -> None:
        """Forget that a tag carries a ticket."""
        await self._keep(tickets.unpair, rfid_code, code)

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
        added = await self._keep(journal.add_next, row, lease, undo=_withdraw_row)
        return added.seq

    async def settle(
        self, row: Row, *, admitted: bool, ticket: Ticket, answer: Answer
    ) -> Ticket | None:
        """End a row by Oveit's answer, while the guest waits: admitted, or void.

        Keeps what the answer told of a ticket of ours, and returns the row's ticket; None
        when the row was no longer this guest's.
        """
        return await self._keep(_settle, row.ref, admitted, ticket, answer, undo=_withdraw_of(row))

    async def move(self, row: Row, state: RowState, **values: Any) -> Row | None:
        """Keep that a row is in another state, with other fields' values (journal.move).

        Returns the row as it is now; None when its state allowed that no more.
        """
        undo = _withdraw_of(row) if self._until is not None else None
        return await self._keep(partial(journal.move, **values), row.ref, state, undo=undo)

    async def claim(self, row: Row, state: RowState, **values: Any) -> Row | None:
        """Keep that a guest was admitted by a row sent before; None when somebody else was."""
        return await self._keep(
            partial(journal.claim, **values), row.ref, state, undo=_withdraw_of(row)
        )

    async def release_unclaimed(self, row: Row) -> bool:
        """Keep that a row by which nobody was admitted claims nothing any more."""
        return await self._keep(journal.release_unclaimed, row.ref)

    async def lease(self, row: Row, lease: Lease) -> Row | None:
        """Take a waiting row for oneself, and return it as it is now; None if it is not free."""
        return await self._write(journal.lease, row, lease)

    async def let_go(self, holder: str) -> None:
        """Give back every lease of a holder that stops."""
        await self._write(journal.let_go, holder)

    async def row(self, ref: str) -> Row | None:
        """Return a row as it is now."""
        return await self._read(journal.row, ref)

    async def unclaimed(self, ticket: Ticket, addon_id: int | None) -> Row | None:
        """Return a row that Oveit may have counted for a guest who was not let in."""
        return await self._read(journal.unclaimed, ticket, addon_id)

    async def find_scan(self, request: Request) -> Row | None:
        """Return the row of an admission by its scan, if it is the same read."""
        return await self._read(journal.find_scan, request)

    async def was_admitted(self, row: Row) -> bool:
        """Tell whether somebody came in with a row's code before."""
        return await self._read(journal.was_admitted, row)

    async def inside(self, known: tuple[Ticket, ...]) -> tuple[Ticket, ...]:
        """Return those tickets whose guests came in and did not leave since."""
        return await self._read(journal.inside, known)

    async def waiting(self) -> list[Row]:
        """Return the rows that are to be uploaded or read back, oldest first."""
        return await self._read(journal.waiting)

    async def due(self, holder: str, *, for_person: bool = False) -> list[Row]:
        """Return the waiting rows whose turn it is for a holder, oldest first."""
        return await self._read(partial(journal.due, for_person=for_person), holder)

    async def count_waiting(self, event_id: int) -> int:
        """Count an event's rows that are to be uploaded or read back."""
        return await self._read(journal.count_waiting, event_id)

    async def count_unreadable(self) -> int:
        """Count the rows with words that this release does not know."""
        return await self._file.count(journal.count_unreadable)

    async def conflicts(self, event_id: int | None = None) -> list[Row]:
        """Return the rows that Oveit refused afterwards, newest first."""
        return await self._read(journal.conflicts, event_id)

    async def evidence(self, row: Row) -> tuple[bool, tuple[CheckIn, ...], list[Row]]:
        """Return whether Oveit lists a row's ticket, its listed uses, and our other rows of it."""
        return await self._read(_evidence, row)

    async def remove(self, event_id: int) -> None:
        """Forget an event with its tickets, their tags and all that happened."""
        await self._keep(events.remove, event_id)

    async def take_list(self, event: Event, reply: bytes, at: datetime) -> list[RemoteCheckIn]:
        """Import a ticket list and return the check-ins it shows that were not known.

        An empty list, or one that lost more than a fifth of its tickets, replaces
        nothing until a second reply says the same (decisions.md T11). Raises
        OveitResponseError when the reply is no ticket list; the list before stays.
        """
        return await self._file.import_list(ticket_lists.take, event, reply, at)

    async def list_state(self, event_id: int) -> ListState:
        """Return what is known of an event's list."""
        return await self._read(ticket_lists.state, event_id)

    async def attendance(self, event_id: int, now: datetime) -> Attendance:
        """Count an event's tickets: Oveit's list and our journal together."""
        await self._file.tidy()
        return await self._file.count(attendance.count, event_id, now)

    async def gate_counts(
        self,
        gate: tuple[str | None, str],
        now: datetime,
        direction: Direction = Direction.ENTRY,
        addon_id: int | None = None,
    ) -> GateCounts:
        """Count who passed a gate, given its id and name, one way, or had an add-on there."""
        return await self._file.count(gates.count, gate, now, direction, addon_id)

    async def coverage(self, event_id: int) -> Coverage:
        """Count an event's tickets, and those whose tags are known."""
        return await self._file.count(coverage.coverage, event_id)

    async def unasked(self, event_id: int, most: int) -> list[str]:
        """Return tickets that nobody asked about yet, those first that have not entered."""
        return await self._file.count(coverage.unasked, event_id, most)

    async def note_untold(self, event_id: int, code: str) -> None:
        """Write that Oveit was asked about a ticket and did not tell of its tags."""
        await self._write(coverage.note_untold, event_id, code)

    async def forget_tagless(self, event_id: int) -> None:
        """Have the tickets asked about again that had no tag."""
        await self._keep(coverage.forget_tagless, event_id)

    async def begin_preparation(self, event_id: int, per_minute: int) -> None:
        """Keep that an event is being prepared, and at what pace."""
        await self._keep(coverage.begin, event_id, per_minute)

    async def end_preparation(self, event_id: int) -> None:
        """Keep that an event is no longer being prepared."""
        await self._keep(coverage.end, event_id)

    async def preparations(self) -> dict[int, int]:
        """Return the events that are being prepared, with the pace of each."""
        return await self._read(coverage.under_way)

    def has_entered(self, *, ticket_code: str | None = None, rfid_code: str | None = None) -> bool:
        """Tell at once whether a code's ticket has entered, for a caller that cannot wait.

        A reader waits for no writer, and one key takes a third of a millisecond.
        """
        find, code = (
            (tickets.find, ticket_code) if rfid_code is None else (tickets.on_tag, rfid_code)
        )
        return any(ticket.checked_in for ticket in self._file.read_now(find, code or ""))

    async def _read[T](self, function: Callable[..., T], *arguments: Any) -> T:
        """Read, as long as the caller can wait."""
        return await self._file.read(function, *arguments, until=self._until)

    async def _write[T](self, function: Callable[..., T], *arguments: Any) -> T:
        """Write what may be lost in a power cut."""
        return await self._file.write(function, *arguments, durable=False, until=self._until)

    async def _keep[T](
        self,
        function: Callable[..., T],
        *arguments: Any,
        undo: Callable[[Connection, T], None] | None = None,
    ) -> T:
        """Write durably."""
        return await self._file.write(function, *arguments, until=self._until, undo=undo)


def _enter_told(connection: Connection, sought: Sought, judge: Judge, lease: Lease) -> Entered:
    """Learn what Oveit told of a tag, judge, and reserve."""
    seen = admission.look(connection, sought, judge)
    return admission.reserve(connection, seen, lease) if seen.rows else seen


def _settle(
    connection: Connection, ref: str, admitted: bool, ticket: Ticket, answer: Answer
) -> Ticket | None:
    """End the row of a guest who waits, and learn what the answer told."""
    if admitted:
        is_ours = journal.confirm(connection, ref, answer.asked_at, answer.message)
    else:
        is_ours = journal.move(connection, ref, RowState.VOID) is not None
    if answer.ticket:
        tickets.learn(connection, answer.ticket, answer.rfid_codes, None)
    return tickets.renew(connection, (ticket,))[0] if is_ours else None


def _withdraw(connection: Connection, entered: Entered) -> None:
    """Take back what was reserved for a guest who got no answer."""
    journal.withdraw(connection, [row.ref for row in entered.rows])


def _withdraw_row(connection: Connection, row: Row) -> None:
    """Take back the row of a guest who got no answer."""
    journal.withdraw(connection, [row.ref])


def _withdraw_of(row: Row) -> Callable[[Connection, object], None]:
    """Return what takes a row back whose guest got no answer."""
    return lambda connection, _: journal.withdraw(connection, [row.ref])


def _evidence(connection: Connection, row: Row) -> tuple[bool, tuple[CheckIn, ...], list[Row]]:
    """Return what the list and the journal tell of a row's ticket."""
    listed, uses = tickets.listed_uses(connection, row.event_id, row.code, row.addon_id)
    return listed, uses, journal.others_of(connection, row)
