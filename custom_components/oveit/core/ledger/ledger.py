"""The ledger: what is known of events and tickets, and what happened here.

The mirror of Oveit's list and the journal of what happened here are separate tables;
a ticket's state is both together. Work for a door and work on a whole list run on a
thread and a connection of their own, so that a refresh makes no door wait.
"""

import asyncio
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from pathlib import Path
from typing import Any, Self

from sqlalchemy import Connection, Engine, insert, select
from sqlalchemy.exc import SQLAlchemyError

from ..exceptions import LedgerError
from ..models import Answer, Attendance, Event, GateCounts, ListState, Row, Seen, Ticket
from . import attendance, events, gates, journal, lists, sqlite, tables, tickets


class Ledger:
    """What is known and what happened, in one file; every method may raise LedgerError.

    A method that writes has written durably when it returns.
    """

    def __init__(self, path: Path) -> None:
        """Take the file's place; `open` comes before everything else."""
        self._path = path
        self._doors = ThreadPoolExecutor(1, "oveit-doors")
        self._lists = ThreadPoolExecutor(1, "oveit-lists")
        self._engine: Engine

    @classmethod
    async def open(cls, path: Path) -> Self:
        """Open the ledger in a file, and make it where there is none."""
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
        """Write a row in doubt, before Oveit is asked, and return its number."""
        return await self._write(journal.begin, row)

    async def settle(self, seq: int, *, admitted: bool, ticket: Ticket, answer: Answer) -> Ticket:
        """Settle a row by Oveit's answer: admitted, or as if it had never been.

        Keeps what the answer told of a ticket of ours, and returns the row's ticket.
        """
        return await self._write(journal.settle, seq, admitted, ticket, answer)

    async def discard(self, seq: int) -> None:
        """Forget a row that Oveit never heard of."""
        await self._write(journal.discard, seq)

    async def take_list(self, event: Event, reply: bytes, at: datetime) -> list[Seen]:
        """Take up a ticket list and return the check-ins it shows that were not known.

        An empty list, or one that lost more than a fifth of its tickets, replaces
        nothing until a second reply says the same (decisions.md T11). Raises
        OveitResponseError when the reply is no ticket list; the list before stays.
        """
        return await self._run(self._lists, lists.take, self._engine, event, reply, at)

    async def list_state(self, event_id: int) -> ListState:
        """Return what is known of an event's list."""
        return await self._read(lists.state, event_id)

    async def attendance(self, event_id: int, now: datetime) -> Attendance:
        """Count an event's tickets: Oveit's list and our journal together."""
        return await self._run(self._lists, self._transact, False, attendance.count, event_id, now)

    async def gate_counts(self, gate: str, now: datetime) -> GateCounts:
        """Count what entered through a gate."""
        return await self._run(self._lists, self._transact, False, gates.count, gate, now)

    def has_entered(self, *, ticket_code: str | None = None, rfid_code: str | None = None) -> bool:
        """Tell at once whether a code's ticket has entered, on a connection of its own.

        For a caller that cannot wait; a reader waits for no writer, and one key takes
        a tenth of a millisecond.
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
        """Run a function in one transaction."""
        with (
            self._engine.connect().execution_options(writing=writing) as connection,
            connection.begin(),
        ):
            return function(connection, *arguments)

    def _open(self) -> None:
        """Open the file and bring its tables up."""
        self._path.parent.mkdir(parents=True, exist_ok=True)
        self._engine = sqlite.open_engine(self._path)
        self._transact(True, _prepare)

    def _close(self) -> None:
        """Wait for both threads and close the file."""
        for executor in (self._lists, self._doors):
            executor.shutdown()
        if hasattr(self, "_engine"):
            self._engine.dispose()


def _prepare(connection: Connection) -> None:
    """Make the tables, or refuse a file of another version."""
    tables.metadata.create_all(connection)
    about = tables.about
    version = connection.execute(
        select(about.c.value).where(about.c.name == "schema")
    ).scalar_one_or_none()
    if version is None:
        connection.execute(insert(about).values(name="schema", value=tables.SCHEMA_VERSION))
    elif version != tables.SCHEMA_VERSION:
        raise LedgerError(f"The ledger is of version {version}, which this release cannot read")
