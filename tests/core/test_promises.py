"""What must hold of the ledger whoever uses it: each of these notices a mistake of its own.

The mistakes are in tests/mutations/table.py.
"""

import asyncio
from datetime import timedelta
from pathlib import Path
import shutil
import sqlite3
from time import monotonic, sleep
from typing import Any

import pytest
from sqlalchemy import Connection

from custom_components.oveit.core.decision import Verdict
from custom_components.oveit.core.desk.desk import Desk
from custom_components.oveit.core.exceptions import LedgerBusyError
from custom_components.oveit.core.ledger import Lease, Ledger
from custom_components.oveit.core.ledger.admission import Outcome
from custom_components.oveit.core.ledger.sqlite.file import set_aside
from custom_components.oveit.core.models import (
    Event,
    OfflinePolicy,
    Reason,
    Request,
    Row,
    RowState,
    Ticket,
)
from demo.oveit_server import Fault, OveitServer, Venue
from demo.venue import now
from tests.core.unknowns import Seconds, journal, query, states, until

SCHEMA_1 = Path(__file__).parent / "ledgers" / "schema_1.db"
TICKET = Ticket(code="abc", event_id=100)
HERE, THERE = Lease(holder="here"), Lease(holder="there")


def admission(**known: Any) -> Row:
    """Return the row of a guest who came in while offline."""
    place: dict[str, Any] = {"code": TICKET.code, "event_id": TICKET.event_id}
    came_in = {"state": RowState.PENDING, "admitted": True, "slot": 1}
    return Row(**place | {"at": now(), "scan_id": "s"} | came_in | known)


@pytest.fixture
async def row(ledger: Ledger) -> Row:
    """Let a guest in while offline."""
    row = admission()
    await ledger.begin(row)
    return row


@pytest.mark.parametrize("end", [RowState.CONFIRMED, RowState.REJECTED, RowState.LOCAL])
async def test_a_row_that_has_ended_does_not_begin_again(
    ledger: Ledger, path: Path, row: Row, end: RowState
) -> None:
    """Whoever is too late to end it, or to send it, is told so and changes nothing."""
    assert await ledger.move(row, end)

    for state in (RowState.IN_DOUBT, RowState.PENDING, RowState.REJECTED):
        assert await ledger.move(row, state, message="Too late") is None

    assert [(each["state"], each["message"]) for each in journal(path)] == [(end, None)]


async def test_i4_a_use_that_is_taken_is_not_given_again(
    ledger: Ledger, path: Path, row: Row
) -> None:
    """Who decided on a ticket as it was, before another was faster, has to decide anew."""
    outcomes = [Verdict(reason=Reason.CHECKED_IN), Verdict(reason=Reason.ALREADY_CHECKED_IN)]

    def judge(_: tuple[Ticket, ...]) -> tuple[Outcome, tuple[Row, ...]]:
        outcome = outcomes.pop(0)
        return outcome, (admission(slot=row.slot),) if outcome.reason.admits else ()

    entered = await ledger.enter((TICKET,), judge, lease=HERE, durable=True)

    assert entered.outcome == Verdict(reason=Reason.ALREADY_CHECKED_IN)
    assert states(path) == [("pending", 1)]


async def test_m5_a_row_that_another_uploads_is_left_to_it_until_its_lease_expires(
    ledger: Ledger, ledger_clock: Seconds, row: Row
) -> None:
    """Two that settle one ledger send each row once; a third row of the ticket waits, too."""
    later = admission(slot=2)
    await ledger.begin(later)

    assert await ledger.lease(row, HERE)
    assert await ledger.lease(row, THERE) is None
    assert await ledger.lease(later, THERE) is None
    assert await ledger.lease(later, HERE)

    ledger_clock.step()
    assert await ledger.lease(row, THERE)


async def test_t4_only_one_guest_comes_in_by_a_row_that_was_sent(
    ledger: Ledger, path: Path
) -> None:
    """Of two who come again with one ticket, the second is told that the use is taken."""
    row = admission(state=RowState.IN_DOUBT, admitted=False)
    await ledger.begin(row)

    assert await ledger.claim(row, RowState.CONFIRMED, gate="North")
    assert await ledger.claim(row, RowState.CONFIRMED, gate="South") is None

    assert [(each["admitted"], each["gate"]) for each in journal(path)] == [(1, "North")]


async def test_c21_every_column_of_the_release_before_is_migrated(path: Path) -> None:
    """Rows in every state keep what they had; of a note, its parts stand apart now."""
    before = query(SCHEMA_1, "SELECT * FROM journal ORDER BY seq")
    shutil.copyfile(SCHEMA_1, path)

    await (await Ledger.open(path)).close()

    after = query(path, "SELECT * FROM journal ORDER BY seq")
    for old, new in zip(before, after, strict=True):
        note = old.pop("note")
        assert {name: new[name] for name in old} == old
        overruled = new["overruled"] and f"free_flow: {new['overruled']}"
        assert [each for each in (new["note"], new["cause"], overruled) if each] == (
            [note] if note else []
        )
    assert {name for row in before for name, value in row.items() if value is not None} == {
        *before[0]
    }


async def test_t17_a_guest_does_not_wait_behind_a_write_that_is_stuck(
    ledger: Ledger, path: Path
) -> None:
    """Another program has the file locked, and a list of events waits for it longer."""
    blocker = sqlite3.connect(path, isolation_level=None)
    blocker.execute("BEGIN IMMEDIATE")
    stuck = asyncio.create_task(ledger.save_events([Event(id=1, name="Concert")]))
    await asyncio.sleep(0.05)
    asyncio.get_running_loop().call_later(1.5, blocker.close)
    began = monotonic()

    with pytest.raises(LedgerBusyError):
        await ledger.within(began + 0.2).begin(admission())

    assert monotonic() - began < 0.7
    assert await ledger.find(TICKET.code) == ()
    await stuck
    assert journal(path) == []


async def test_t17_an_admission_that_was_written_too_late_is_withdrawn(
    ledger: Ledger, path: Path
) -> None:
    """The disk takes longer than the guest waits: nobody came in, so the use is free again."""

    def slow_down(connection: Connection) -> None:
        raw = connection.connection.driver_connection
        assert isinstance(raw, sqlite3.Connection)
        raw.set_trace_callback(lambda statement: sleep(0.4 * (statement == "COMMIT")))

    await ledger._file.write(slow_down)
    late = admission()

    with pytest.raises(LedgerBusyError):
        await ledger.within(monotonic() + 0.2).begin(late)

    await until(lambda: query(path, "SELECT state FROM journal") == [{"state": "void"}])
    await ledger.begin(admission())
    assert states(path) == [("pending", 1)]


async def test_c23_what_an_older_copy_has_to_send_is_read_back_first(path: Path) -> None:
    """A restored backup does not know what was sent since it was made."""
    ledger = await Ledger.open(path)
    await ledger.begin(admission())
    await ledger.close()
    backup = shutil.copyfile(path, path.with_name("backup"))
    ledger = await Ledger.open(path)
    newest = await ledger.generation()
    await ledger.close()
    shutil.copyfile(backup, path)

    ledger = await Ledger.open(path, expected=newest)
    await ledger.close()

    assert ledger.opening.older
    assert [(each["state"], each["attempts"]) for each in journal(path)] == [("in_doubt", 1)]


async def test_c24_the_rows_of_a_ledger_that_was_set_aside_are_adopted_once(path: Path) -> None:
    """Who came in before stays in, and what was to be sent is read back before it is."""
    ledger = await Ledger.open(path)
    await ledger.begin(admission())
    await ledger.close()
    aside = set_aside(path)

    for _ in range(2):
        ledger = await Ledger.open(path)
        assert ledger.set_aside == [aside]
        await ledger.close()

    assert states(path) == [("in_doubt", 1)]


async def test_c28_a_late_yes_for_a_guest_who_was_not_let_in_is_no_conflict(
    desk: Desk,
    ledger: Ledger,
    server: OveitServer,
    venue: Venue,
    path: Path,
    conflicts: list[Row],
) -> None:
    """Oveit says yes to a second entry of somebody who stayed outside: nobody is to be found."""
    server.behaviour.second_checkin = "accepted"
    server.faults.set("tickets/checkin", Fault(latency_after=0.4), 1)
    ticket = venue.unused(100, 234)[1]
    venue.check_in(ticket.code, at=now() - timedelta(minutes=10))

    decision = await desk.check_in(
        Request(ticket_code=ticket.code, deadline=0.2, offline=OfflinePolicy.REFUSE)
    )
    await until(lambda: not journal(path))

    assert decision.reason is Reason.OFFLINE_REFUSED
    assert conflicts == await ledger.conflicts() == []
