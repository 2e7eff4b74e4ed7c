"""The journal: what may become of a row, and what a row keeps."""

import asyncio
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection

from custom_components.oveit.core.ledger import Lease, Ledger, journal as journal_module
from custom_components.oveit.core.ledger.journal import NEXT, SlotTakenError
from custom_components.oveit.core.models import (
    Answer,
    CheckIn,
    Direction,
    Reason,
    Row,
    RowState,
    new_ref,
)
from tests.core.ledger_rows import (
    ENTERED,
    EVENT,
    NOON,
    admit,
    at,
    begin,
    count,
    row,
    take,
    ticket,
    use,
)
from tests.core.unknowns import Seconds, journal, query


async def test_i1_a_row_is_in_the_file_when_begin_returns(ledger: Ledger, path: Path) -> None:
    """Before Oveit is asked, the file tells what is about to happen."""
    begun = await begin(ledger, rfid_code="5E35ED9A", addon_id=8, gate="Bar")

    (kept,) = journal(path)
    assert {name: value for name, value in kept.items() if value is not None} == {
        "seq": begun.seq,
        "ref": begun.ref,
        "slot": 1,
        "failures": 0,
        "event_id": 100,
        "code": "abc",
        "rfid_code": "5E35ED9A",
        "ticket_type_id": 1,
        "addon_id": 8,
        "direction": "entry",
        "re_entry": 0,
        "turnstile": 0,
        "gate": "Bar",
        "at": NOON.timestamp(),
        "scan_id": "s",
        "state": "in_doubt",
        "admitted": 0,
        "reason": "checked_in",
        "attempts": 0,
    }


async def test_i1_commits_wait_for_the_disk(ledger: Ledger) -> None:
    """The file is kept so that a power cut loses nothing that was committed."""

    def settings(connection: Connection) -> list[object]:
        names = ("journal_mode", "synchronous")
        return [connection.exec_driver_sql(f"PRAGMA {name}").scalar_one() for name in names]

    assert await ledger._file.write(settings) == ["wal", 2]


async def test_a_settled_row_is_an_admission_with_what_the_answer_told(
    ledger: Ledger, path: Path
) -> None:
    """A yes confirms the row, keeps series and tags, and returns the ticket with our gate."""
    await take(ledger, row("abc"))
    begun = await begin(ledger, gate="North")
    told = ticket(series="S 1", **ENTERED)

    fresh = await ledger.settle(
        begun,
        admitted=True,
        ticket=ticket(),
        answer=Answer(ok=True, asked_at=at(1), ticket=told, rfid_codes=("A1",)),
    )

    assert fresh is not None
    assert fresh.series == "S 1"
    assert fresh.checked_in
    (entry,) = fresh.checkins
    assert (entry.at, entry.gate) == (NOON, "North")
    assert await ledger.find("abc") == await ledger.on_tag("A1") == (fresh,)
    (kept,) = journal(path)
    assert (kept["state"], kept["admitted"]) == ("confirmed", 1)


async def test_a_refused_row_is_as_if_it_had_never_been(ledger: Ledger, path: Path) -> None:
    """A no drops the row, and keeps what the refusal told of the ticket."""
    await take(ledger, row("abc"))
    begun = await begin(ledger)

    fresh = await ledger.settle(
        begun,
        admitted=False,
        ticket=ticket(),
        answer=Answer(ok=False, asked_at=NOON, ticket=ticket(**ENTERED)),
    )

    assert fresh == ticket(**ENTERED)
    assert journal(path) == []


async def test_a_void_row_claims_nothing_and_its_number_is_not_used_again(
    ledger: Ledger, path: Path
) -> None:
    """A row's number names it for ever; its use is free again."""
    first = await begin(ledger)
    assert await ledger.release_unclaimed(first)
    assert journal(path) == []

    second = await begin(ledger)

    assert second.seq > first.seq
    assert [kept["slot"] for kept in journal(path)] == [1]


async def test_conflicts_are_told_newest_first_for_all_events_or_one(ledger: Ledger) -> None:
    """What Oveit refused afterwards is a list for people."""
    state: dict[str, Any] = {"state": RowState.REJECTED, "admitted": True}
    for code, event_id in (("a", 100), ("b", 101), ("c", 100)):
        await begin(ledger, code, event_id=event_id, **state)
    await begin(ledger, "d", state=RowState.PENDING)

    assert [each.code for each in await ledger.conflicts()] == ["c", "b", "a"]
    assert [each.code for each in await ledger.conflicts(100)] == ["c", "a"]
    assert await ledger.conflicts(7) == []


async def test_a_row_comes_back_as_it_was_written(ledger: Ledger) -> None:
    """Every field of a row survives, and what changed of it."""
    written = Row(
        code="abc",
        event_id=100,
        rfid_code="A1",
        ticket_type_id=2,
        addon_id=8,
        direction=Direction.EXIT,
        re_entry=True,
        turnstile=True,
        gate="North",
        at=at(1),
        asked_at=at(2),
        asked_last=at(3),
        scan_id="s-1",
        state=RowState.PENDING,
        admitted=True,
        reason=Reason.LEFT,
        attempts=2,
        message="No",
        note="By hand",
        user_id="u-1",
    )
    written = replace(written, seq=await ledger.begin(written))
    assert await ledger.waiting() == [written]

    values: dict[str, Any] = {"asked_last": at(9), "attempts": 3, "note": None}
    moved = await ledger.move(written, RowState.IN_DOUBT, **values)

    assert moved == replace(written, state=RowState.IN_DOUBT, **values)
    assert await ledger.waiting() == [moved]
    assert await ledger.count_waiting(100) == 1


async def test_an_evidence_is_what_the_list_shows_and_our_other_rows(ledger: Ledger) -> None:
    """Of the same kind of use only, and none that Oveit refused or has not heard of."""
    await take(ledger, row("abc", use(1), use(2, 8)), row("def", checked_in=True))
    asked = Row(code="abc", event_id=100, at=NOON, scan_id="s")
    for state in RowState:
        await begin(ledger, state=state)
    await begin(ledger, addon_id=8)

    listed, uses, others = await ledger.evidence(asked)

    assert (listed, uses) == (True, (CheckIn(at=at(1)),))
    assert {other.state for other in others} == {
        RowState.ASKING,
        RowState.CONFIRMED,
        RowState.IN_DOUBT,
    }
    assert await ledger.evidence(replace(asked, code="def")) == (
        True,
        (CheckIn(zoned=False),),
        [],
    )
    assert await ledger.evidence(replace(asked, code="xyz")) == (False, (), [])


@pytest.mark.parametrize("seconds", [1e18, -1e18, float("inf"), float("nan")])
async def test_a_time_that_is_none_costs_no_row(ledger: Ledger, path: Path, seconds: float) -> None:
    """A file that was tampered with is read as far as it makes sense."""
    await begin(ledger)
    query(path, "UPDATE journal SET at = 0, asked_at = ?", seconds)

    (kept,) = await ledger.waiting()

    assert kept.asked_at is None


# What may follow what

FOLLOWING = {
    "asking": {"confirmed", "pending", "in_doubt", "void"},
    "pending": {"pending", "confirmed", "in_doubt", "rejected", "local", "void"},
    "in_doubt": {"pending", "confirmed", "in_doubt", "rejected", "local", "void"},
    "confirmed": set(),
    "rejected": {"void"},
    "local": {"void"},
    "void": set(),
}


def test_the_table_of_transitions_has_every_state() -> None:
    """A new state needs a row of its own, here and there."""
    expected = {RowState(state): {*map(RowState, to)} for state, to in FOLLOWING.items()}
    assert dict(NEXT) == expected


@pytest.mark.parametrize("target", RowState)
@pytest.mark.parametrize("source", RowState)
async def test_a_row_moves_as_the_table_says_and_not_otherwise(
    ledger: Ledger, path: Path, source: RowState, target: RowState
) -> None:
    """Who comes too late is told so, and changes nothing."""
    begun = await begin(ledger, state=source, admitted=source is not RowState.VOID)
    (before,) = query(path, "SELECT * FROM journal")

    moved = await ledger.move(begun, target, message="Moved", attempts=7)

    (after,) = query(path, "SELECT * FROM journal")
    if target in FOLLOWING[source]:
        assert moved is not None
        assert (moved.state, moved.message, moved.attempts) == (target, "Moved", 7)
        assert after["state"] == target
        assert (after["slot"] is None) is (target is RowState.VOID)
    else:
        assert moved is None
        assert after == before


async def test_of_two_who_move_a_row_one_is_told_that_it_happened(ledger: Ledger) -> None:
    """Both saw it pending."""
    begun = await begin(ledger, state=RowState.PENDING, admitted=True)

    moved = await asyncio.gather(
        *(ledger.move(begun, RowState.IN_DOUBT, only=(RowState.PENDING,)) for _ in range(2))
    )

    assert sorted(each is None for each in moved) == [False, True]


async def test_a_row_that_another_one_holds_is_not_moved(ledger: Ledger) -> None:
    """Whose lease was taken over changes the row no more."""
    begun = await begin(ledger, state=RowState.PENDING, admitted=True)
    assert await ledger.lease(begun, Lease(holder="north"))

    assert await ledger.move(begun, RowState.IN_DOUBT, held_by="south") is None
    assert await ledger.move(begun, RowState.IN_DOUBT, held_by="north")


async def test_a_lease_is_had_by_one_until_it_is_over(
    ledger: Ledger, ledger_clock: Seconds
) -> None:
    """And by another one afterwards, or when it is given back."""
    north, south = Lease(holder="north", seconds=10), Lease(holder="south", seconds=10)
    begun = await begin(ledger, state=RowState.PENDING, admitted=True)

    assert await ledger.lease(begun, north)
    assert await ledger.lease(begun, south) is None
    assert await ledger.due("south") == []
    assert len(await ledger.due("north")) == 1
    ledger_clock.step(11)
    assert await ledger.lease(begun, south)
    assert await ledger.lease(begun, north) is None
    await ledger.let_go("south")
    assert await ledger.lease(begun, north)


async def test_a_lease_from_before_the_clock_began_anew_is_over(
    ledger: Ledger, ledger_clock: Seconds
) -> None:
    """After a start of the machine its monotonic clock has gone back to nothing."""
    begun = await begin(ledger, state=RowState.PENDING, admitted=True)
    assert await ledger.lease(begun, Lease(holder="north"))

    ledger_clock.step(-3600)

    assert len(await ledger.due("south")) == 1
    assert await ledger.lease(begun, Lease(holder="south"))


async def test_a_guest_who_waits_is_neither_claimed_nor_settled(
    ledger: Ledger, ledger_clock: Seconds
) -> None:
    """Until the guest's time is over the row is in flight, then it is in doubt."""
    await take(ledger, row("abc"))
    asking = Row(code="abc", event_id=100, at=NOON, scan_id="s", state=RowState.ASKING, slot=1)
    await ledger.begin(asking, Lease(holder="north/door", seconds=4, in_flight=4))

    (found,) = await ledger.find("abc")
    assert (found.in_flight, found.unclaimed) == ({None}, set())
    assert await ledger.lease(asking, Lease(holder="south")) is None
    assert await ledger.due("south") == []
    ledger_clock.step(5)

    (found,) = await ledger.find("abc")
    assert (found.in_flight, found.unclaimed) == (set(), {None})
    leased = await ledger.lease(asking, Lease(holder="south"))
    assert leased is not None
    assert leased.state is RowState.IN_DOUBT


async def test_a_use_is_had_by_one_row(ledger: Ledger) -> None:
    """The second one with its number is told to decide anew; another add-on is another use."""
    taken = await begin(ledger, state=RowState.PENDING, admitted=True)
    assert taken.event_id == EVENT.id

    for known in ({"addon_id": None}, {"addon_id": None, "state": RowState.ASKING}):
        with pytest.raises(SlotTakenError):
            await ledger._file.write(
                journal_module.add, replace(taken, ref=new_ref(), slot=1, **known)
            )
    await ledger._file.write(journal_module.add, replace(taken, ref=new_ref(), slot=1, addon_id=8))


@pytest.mark.parametrize("admitted", [True, False])
async def test_an_answer_to_a_guest_whose_row_another_one_took_admits_nobody(
    ledger: Ledger, path: Path, admitted: bool
) -> None:
    """Neither a yes nor a no changes what was decided meanwhile."""
    begun = await begin(ledger)
    assert await ledger.claim(begun, RowState.IN_DOUBT, gate="South")

    answer = Answer(ok=admitted, asked_at=NOON)
    told = await ledger.settle(begun, admitted=admitted, ticket=ticket(), answer=answer)

    assert told is None
    (kept,) = journal(path)
    assert (kept["state"], kept["admitted"], kept["gate"]) == ("in_doubt", 1, "South")


async def test_a_row_is_claimed_once(ledger: Ledger) -> None:
    """Two guests with one ticket that Oveit may have counted: one comes in by it."""
    begun = await begin(ledger)

    claimed = await asyncio.gather(*(ledger.claim(begun, RowState.CONFIRMED) for _ in range(2)))

    assert sorted(each is None for each in claimed) == [False, True]
    assert not await ledger.release_unclaimed(begun)


# Rows of a later release

ODD = ("state", "reason", "direction")


@pytest.mark.parametrize("column", ODD)
async def test_a_row_with_a_word_that_this_release_does_not_know_hinders_no_other(
    ledger: Ledger, path: Path, column: str
) -> None:
    """It is left out and counted, and lies there as it was."""
    await take(ledger, row("abc"), row("def"))
    known: dict[str, Any] = {"state": RowState.PENDING, "admitted": True}
    odd = await begin(ledger, "abc", **known)
    conflict = await begin(ledger, "ghi", state=RowState.REJECTED, admitted=True)
    waiting = await begin(ledger, "def", **known)
    query(path, f"UPDATE journal SET {column} = 'teleported' WHERE ref = ?", odd.ref)
    (before,) = query(path, "SELECT * FROM journal WHERE ref = ?", odd.ref)

    assert [each.ref for each in await ledger.waiting()] == [waiting.ref]
    assert [each.ref for each in await ledger.due("north")] == [waiting.ref]
    assert [each.ref for each in await ledger.conflicts()] == [conflict.ref]
    assert await ledger.row(odd.ref) is None
    assert await ledger.lease(waiting, Lease(holder="north"))
    assert len(await ledger.find("abc")) == len(await ledger.find("def")) == 1
    assert (await count(ledger)).conflicts == 1
    assert await ledger.count_unreadable() == 1
    assert query(path, "SELECT * FROM journal WHERE ref = ?", odd.ref) == [before]


async def test_a_guest_whose_row_has_an_unknown_word_stays_admitted(
    ledger: Ledger, path: Path
) -> None:
    """A later release let the guest in, and nobody else comes in with the ticket."""
    await take(ledger, row("abc"))
    await admit(ledger)
    query(path, "UPDATE journal SET state = 'teleported', reason = 'by_wing'")

    (found,) = await ledger.find("abc")

    assert found.checked_in
    assert await ledger.count_unreadable() == 1
