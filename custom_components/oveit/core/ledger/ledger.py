"""The ledger: what is known of events and tickets, and what happened here.

The mirror of Oveit's list and the journal of what happened here are separate tables;
a ticket's state is both together.
"""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection

from ..counts import Attendance, Coverage, GateCounts, ListState, Seen
from ..models import Answer, CheckIn, Direction, Event, Request, Row, Ticket
from . import about, attendance, entering, events, gates, journal, preparing, ticket_lists, tickets
from .entering import Entered, Judge, Sought
from .sqlite.file import LedgerFile
from .tickets import Learned, Ours


class Ledger(LedgerFile):
    """What is known and what happened, in one file; every method may raise LedgerError.

    What a method writes outlives this process when it returns, and a power cut too where
    it says that it keeps something.
    """

    async def events(self) -> dict[int, Event]:
        """Return every event ever listed by its id."""
        return await self._read(events.load)

    async def save_events(self, listed: Iterable[Event]) -> None:
        """Keep events as they are now."""
        await self._keep(events.save, tuple(listed))

    async def skew(self) -> timedelta:
        """Return how far Oveit's clock was ahead of this machine's when it was last known."""
        return await self._read(about.skew)

    async def keep_skew(self, skew: timedelta) -> None:
        """Write how far Oveit's clock is ahead."""
        await self._write(about.keep_skew, skew)

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

    async def enter(self, sought: Sought, judge: Judge, *, durable: bool) -> Entered:
        """Judge tickets as they are now, and write what follows.

        They are sought by their code, by what Oveit has just told of their tag, which is
        learned, or known before. All is one transaction. What is not durable yet reaches
        the disk while Oveit is asked.
        """
        write = self._keep if durable else self._write
        entered = await write(entering.enter, sought, judge)
        if entered.rows and not durable:
            self._sync_soon()
        return entered

    async def begin(self, row: Row) -> int:
        """Keep a row and return its number."""
        return await self._keep(journal.begin, row)

    async def settle(self, seq: int, *, admitted: bool, ticket: Ticket, answer: Answer) -> Ticket:
        """Settle a row by Oveit's answer: admitted, or as if it had never been.

        Keeps what the answer told of a ticket of ours, and returns the row's ticket.
        """
        return await self._keep(journal.settle, seq, admitted, ticket, answer)

    async def change(self, seq: int, **values: Any) -> None:
        """Write what has become of a row: fields of Row and their values."""
        await self._keep(journal.change, seq, values)

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
        """Forget a row that Oveit never heard of, unless somebody came in by it meanwhile."""
        await self._keep(journal.discard, seq)

    async def remove(self, event_id: int) -> None:
        """Forget an event with its tickets, their tags and all that happened."""
        await self._keep(events.remove, event_id)

    async def take_list(self, event: Event, reply: bytes, at: datetime) -> list[Seen]:
        """Take up a ticket list and return the check-ins it shows that were not known.

        An empty list, or one that lost more than a fifth of its tickets, replaces
        nothing until a second reply says the same (decisions.md T11). Raises
        OveitResponseError when the reply is no ticket list; the list before stays.
        """
        return await self._run(
            self._lists, ticket_lists.take, self._engine, self._alone, event, reply, at
        )

    async def list_state(self, event_id: int) -> ListState:
        """Return what is known of an event's list."""
        return await self._read(ticket_lists.state, event_id)

    async def attendance(self, event_id: int, now: datetime) -> Attendance:
        """Count an event's tickets: Oveit's list and our journal together."""
        await self._tidy()
        return await self._count(attendance.count, event_id, now)

    async def gate_counts(
        self,
        gate: str,
        now: datetime,
        direction: Direction = Direction.ENTRY,
        addon_id: int | None = None,
    ) -> GateCounts:
        """Count who passed a gate one way, or had an add-on there."""
        return await self._count(gates.count, gate, now, direction, addon_id)

    async def coverage(self, event_id: int) -> Coverage:
        """Count an event's tickets, and those whose tags are known."""
        return await self._count(preparing.coverage, event_id)

    async def unasked(self, event_id: int, most: int) -> list[str]:
        """Return tickets that nobody asked about yet, those first that have not entered."""
        return await self._count(preparing.unasked, event_id, most)

    async def note_untold(self, event_id: int, code: str) -> None:
        """Keep that Oveit was asked about a ticket and did not tell of its tags."""
        await self._write(preparing.note_untold, event_id, code)

    async def forget_tagless(self, event_id: int) -> None:
        """Have the tickets asked about again that had no tag."""
        await self._keep(preparing.forget_tagless, event_id)

    async def begin_preparation(self, event_id: int, per_minute: int) -> None:
        """Keep that an event is being prepared, and at what pace."""
        await self._keep(preparing.begin, event_id, per_minute)

    async def end_preparation(self, event_id: int) -> None:
        """Keep that an event is no longer being prepared."""
        await self._keep(preparing.end, event_id)

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
        return any(ticket.checked_in for ticket in self._now(find, code or ""))


def _evidence(connection: Connection, row: Row) -> tuple[bool, tuple[CheckIn, ...], list[Row]]:
    """Return what the mirror and the journal tell of a row's ticket."""
    listed, uses = tickets.listed_uses(connection, row.event_id, row.code, row.addon_id)
    return listed, uses, journal.others_of(connection, row)
