"""The ledger: what is known of events and tickets, and what happened here.

The mirror of Oveit's list and the journal of what happened here are separate tables;
a ticket's state is both together. Work for a door and work on a whole list run on a
thread and a connection of their own, so that a refresh makes no door wait.
"""

import asyncio
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext
from datetime import datetime, timedelta
from pathlib import Path
from threading import Lock
from typing import Any, Self

from sqlalchemy import Connection, Engine, insert, inspect, select
from sqlalchemy.exc import DatabaseError, OperationalError, SQLAlchemyError

from ..exceptions import LedgerError
from ..models import (
    Answer,
    Attendance,
    CheckIn,
    Coverage,
    Direction,
    Event,
    GateCounts,
    ListState,
    Request,
    Row,
    Seen,
    Ticket,
)
from . import about, attendance, events, gates, journal, lists, preparing, sqlite, tables, tickets

TIDY_AFTER = 200


class Ledger:
    """What is known and what happened, in one file; every method may raise LedgerError.

    A method that writes has written durably when it returns. `changes` counts what was
    written, so that what was read before nothing changed needs not be read again.
    """

    def __init__(self, path: Path) -> None:
        """Take the file's place; `open` comes before everything else."""
        self._path = path
        self._doors = ThreadPoolExecutor(1, "oveit-doors")
        self._lists = ThreadPoolExecutor(1, "oveit-lists")
        self._engine: Engine
        self.changes = 0
        self._alone = Lock()
        self._tidied_at = 0
        self.set_aside: Path | None = None

    @classmethod
    async def open(cls, path: Path) -> Self:
        """Open the ledger in a file, and make it where there is none.

        A file that is no ledger of this release, or damaged, is set aside under the name
        that `set_aside` tells, and an empty ledger begun (decisions.md C4).
        """
        ledger = cls(path)
        try:
            await ledger._run(ledger._doors, ledger._open)
        except LedgerError:
            await ledger.close()
            raise
        return ledger

    async def close(self) -> None:
        """Let go of the file when the work at hand is done."""
        await asyncio.get_running_loop().run_in_executor(None, self._close)

    async def events(self) -> dict[int, Event]:
        """Return every event ever listed by its id."""
        return await self._read(events.load)

    async def save_events(self, listed: Iterable[Event]) -> None:
        """Keep events as they are now."""
        await self._write(events.save, tuple(listed))

    async def skew(self) -> timedelta:
        """Return how far Oveit's clock was ahead of this machine's when it was last known."""
        return await self._read(about.skew)

    async def keep_skew(self, skew: timedelta) -> None:
        """Keep how far Oveit's clock is ahead."""
        await self._write(about.keep_skew, skew)

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
        """Keep what an answer told of a ticket, of its tags, and of the tag asked for."""
        await self._write(tickets.learn, ticket, rfid_codes, tag)

    async def unpair(self, rfid_code: str, code: str) -> None:
        """Forget that a tag carries a ticket."""
        await self._write(tickets.unpair, rfid_code, code)

    async def begin(self, row: Row) -> int:
        """Write a row and return its number."""
        return await self._write(journal.begin, row)

    async def admit(self, row: Row, ticket: Ticket) -> Ticket:
        """Write the row of an admission, and return its ticket as it is then."""
        return await self._write(_admit, row, ticket)

    async def settle(self, seq: int, *, admitted: bool, ticket: Ticket, answer: Answer) -> Ticket:
        """Settle a row by Oveit's answer: admitted, or as if it had never been.

        Keeps what the answer told of a ticket of ours, and returns the row's ticket.
        """
        return await self._write(journal.settle, seq, admitted, ticket, answer)

    async def change(self, seq: int, **values: Any) -> None:
        """Write what has become of a row: fields of Row and their values."""
        await self._write(journal.change, seq, values)

    async def unclaimed(self, ticket: Ticket, addon_id: int | None) -> Row | None:
        """Return a row that Oveit may have counted for a guest who was not let in."""
        return await self._read(journal.unclaimed, ticket, addon_id)

    async def find_scan(self, request: Request) -> Row | None:
        """Return the row of an admission by its scan, if it is the same read."""
        return await self._read(journal.find_scan, request)

    async def waiting(self) -> list[Row]:
        """Return the rows that Oveit must still hear of, oldest first."""
        return await self._read(journal.waiting)

    async def count_waiting(self, event_id: int) -> int:
        """Count an event's rows that Oveit must still hear of."""
        return await self._read(journal.count_waiting, event_id)

    async def conflicts(self, event_id: int | None = None) -> list[Row]:
        """Return the rows that Oveit refused afterwards, newest first."""
        return await self._read(journal.conflicts, event_id)

    async def evidence(self, row: Row) -> tuple[bool, tuple[CheckIn, ...], list[Row]]:
        """Return whether Oveit lists a row's ticket, its listed uses, and our other rows of it."""
        return await self._read(_evidence, row)

    async def discard(self, seq: int) -> None:
        """Forget a row that Oveit never heard of."""
        await self._write(journal.discard, seq)

    async def remove(self, event_id: int) -> None:
        """Forget an event with its tickets, their tags and all that happened."""
        await self._write(events.remove, event_id)

    async def hold(self) -> None:
        """Keep the file as it is while it is copied: what is new goes to its log."""
        await self._run(self._lists, sqlite.hold, self._engine)

    async def release(self) -> None:
        """Bring the log into the file again as it grows."""
        await self._run(self._lists, sqlite.release, self._engine)

    async def take_list(self, event: Event, reply: bytes, at: datetime) -> list[Seen]:
        """Take up a ticket list and return the check-ins it shows that were not known.

        An empty list, or one that lost more than a fifth of its tickets, replaces
        nothing until a second reply says the same (decisions.md T11). Raises
        OveitResponseError when the reply is no ticket list; the list before stays.
        """
        self.changes += 1
        try:
            return await self._run(
                self._lists, lists.take, self._engine, self._alone, event, reply, at
            )
        finally:
            self.changes += 1

    async def list_state(self, event_id: int) -> ListState:
        """Return what is known of an event's list."""
        return await self._read(lists.state, event_id)

    async def attendance(self, event_id: int, now: datetime) -> Attendance:
        """Count an event's tickets: Oveit's list and our journal together."""
        if self.changes - self._tidied_at >= TIDY_AFTER:
            self._tidied_at = self.changes
            await self._run(self._lists, sqlite.tidy, self._engine)
        return await self._run(self._lists, self._transact, False, attendance.count, event_id, now)

    async def gate_counts(
        self, gate: str, now: datetime, direction: Direction = Direction.ENTRY
    ) -> GateCounts:
        """Count who passed a gate one way."""
        return await self._run(
            self._lists, self._transact, False, gates.count, gate, now, direction
        )

    async def coverage(self, event_id: int) -> Coverage:
        """Count an event's tickets, and those whose tags are known."""
        return await self._run(self._lists, self._transact, False, preparing.coverage, event_id)

    async def unasked(self, event_id: int, most: int) -> list[str]:
        """Return tickets that nobody asked about yet, those first that have not entered."""
        return await self._run(
            self._lists, self._transact, False, preparing.unasked, event_id, most
        )

    async def note_untold(self, event_id: int, code: str) -> None:
        """Keep that Oveit was asked about a ticket and did not tell of its tags."""
        await self._write(preparing.note_untold, event_id, code)

    async def forget_tagless(self, event_id: int) -> None:
        """Have the tickets asked about again that had no tag."""
        await self._write(preparing.forget_tagless, event_id)

    async def begin_preparation(self, event_id: int, per_minute: int) -> None:
        """Keep that an event is being prepared, and at what pace."""
        await self._write(preparing.begin, event_id, per_minute)

    async def end_preparation(self, event_id: int) -> None:
        """Keep that an event is no longer being prepared."""
        await self._write(preparing.end, event_id)

    async def preparations(self) -> dict[int, int]:
        """Return the events that are being prepared, with the pace of each."""
        return await self._read(preparing.under_way)

    def has_entered(self, *, ticket_code: str | None = None, rfid_code: str | None = None) -> bool:
        """Tell at once whether a code's ticket has entered, on a connection of its own.

        For a caller that cannot wait; a reader waits for no writer, and one key takes
        a third of a millisecond.
        """
        find, code = (
            (tickets.find, ticket_code) if rfid_code is None else (tickets.on_tag, rfid_code)
        )
        try:
            found = self._transact(False, find, code or "")
        except SQLAlchemyError as err:
            raise LedgerError(f"The ledger failed: {type(err).__name__}") from err
        return any(ticket.checked_in for ticket in found)

    async def _read[T](self, function: Callable[..., T], *arguments: Any) -> T:
        """Read for a door."""
        return await self._run(self._doors, self._transact, False, function, *arguments)

    async def _write[T](self, function: Callable[..., T], *arguments: Any) -> T:
        """Write for a door, durably."""
        self.changes += 1
        return await self._run(self._doors, self._transact, True, function, *arguments)

    async def _run[T](
        self, executor: ThreadPoolExecutor, function: Callable[..., T], *arguments: Any
    ) -> T:
        """Run database work on a thread of ours."""
        try:
            return await asyncio.get_running_loop().run_in_executor(executor, function, *arguments)
        except (SQLAlchemyError, OSError, RuntimeError, ValueError) as err:
            raise LedgerError(f"The ledger failed: {type(err).__name__}") from err

    def _transact[T](self, writing: bool, function: Callable[..., T], *arguments: Any) -> T:
        """Run a function in one transaction; one that writes is alone with it."""
        with (
            self._alone if writing else nullcontext(),
            self._engine.connect().execution_options(writing=writing) as connection,
            connection.begin(),
        ):
            return function(connection, *arguments)

    def _open(self) -> None:
        """Open the file; what is no sound ledger is set aside, and an empty one begun."""
        self._path.parent.mkdir(parents=True, exist_ok=True)
        self._engine = sqlite.open_engine(self._path)
        try:
            self._prepare()
        except (DatabaseError, _ForeignFileError) as err:
            if isinstance(err, OperationalError):
                raise
            self._engine.dispose()
            self.set_aside = sqlite.set_aside(self._path)
            self._engine = sqlite.open_engine(self._path)
            self._prepare()

    def _prepare(self) -> None:
        """Check the file and make its tables."""
        self._transact(False, sqlite.check)
        self._transact(True, _prepare)

    def _close(self) -> None:
        """Wait for both threads and close the file."""
        for executor in (self._lists, self._doors):
            executor.shutdown()
        if hasattr(self, "_engine"):
            self._engine.dispose()


async def read_waiting(path: Path) -> list[Row]:
    """Return the rows that Oveit must still hear of, of a ledger that nobody has open."""
    ledger = await Ledger.open(path)
    try:
        return await ledger.waiting()
    finally:
        await ledger.close()


def delete_ledger(path: Path) -> None:
    """Delete a ledger's file and what belongs to it."""
    for suffix in ("", "-wal", "-shm"):
        path.with_name(path.name + suffix).unlink(missing_ok=True)


class _ForeignFileError(Exception):
    """The file is a database, but no ledger of this release."""


def _prepare(connection: Connection) -> None:
    """Make the tables, unless the file is something else."""
    names = set(inspect(connection).get_table_names())
    table = tables.about
    if names:
        if table.name not in names:
            raise _ForeignFileError
        version = connection.execute(select(table.c.value).where(table.c.name == "schema"))
        if version.scalar_one_or_none() != tables.SCHEMA_VERSION:
            raise _ForeignFileError
    tables.metadata.create_all(connection)
    if not names:
        connection.execute(insert(table).values(name="schema", value=tables.SCHEMA_VERSION))


def _admit(connection: Connection, row: Row, ticket: Ticket) -> Ticket:
    """Write a row and return its ticket."""
    journal.begin(connection, row)
    return tickets.renew(connection, (ticket,))[0]


def _evidence(connection: Connection, row: Row) -> tuple[bool, tuple[CheckIn, ...], list[Row]]:
    """Return what the mirror and the journal tell of a row's ticket."""
    listed, uses = tickets.listed_uses(connection, row.event_id, row.code, row.addon_id)
    return listed, uses, journal.others_of(connection, row)
