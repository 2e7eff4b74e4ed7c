"""Ledgers that are damaged, missing or older than they were: what could be read is kept."""

from collections.abc import Callable
from contextlib import closing
from datetime import timedelta
from pathlib import Path
import sqlite3
from typing import Any

import aiohttp
import pytest

from custom_components.oveit.core.client.api import OveitClient
from custom_components.oveit.core.desk.desk import Desk
from custom_components.oveit.core.exceptions import LedgerError, LedgerUnusableError
from custom_components.oveit.core.ledger import (
    Ledger,
    delete_ledger,
    find_ledgers,
    keep_set_aside,
    read_waiting,
)
from custom_components.oveit.core.ledger.sqlite import engine as sqlite
from custom_components.oveit.core.models import Row, RowState
from custom_components.oveit.core.ticket_sync import TicketSync
from demo.oveit_server import OveitServer, Venue
from demo.venue import now
from tests.core.ledger_rows import EVENT, admit, begin, count, row, rows, take
from tests.core.unknowns import Seconds, journal, query, states

HARM = ("no database", "another's", "cut short", "scribbled over", "an index lost")


def lose_an_index(path: Path) -> None:
    """Put an empty page in the place of an index, as a disk that lost a write may."""
    names = ("tickets_by_code", "ix_tags_code")
    roots = {
        each["name"]: each["rootpage"] - 1
        for each in query(path, "SELECT name, rootpage FROM sqlite_master")
    }
    (size,) = query(path, "PRAGMA page_size")[0].values()
    whole = bytearray(path.read_bytes())
    full, empty = (roots[name] * size for name in names)
    whole[full : full + size] = whole[empty : empty + size]
    path.write_bytes(whole)


async def do_harm(path: Path, harm: str) -> None:
    """Write a file that is broken or foreign."""
    if harm == "no database":
        path.write_bytes(b"This is no database at all. " * 99)
    elif harm == "another's":
        query(path, "CREATE TABLE recipes (name TEXT)")
    else:
        ledger = await Ledger.open(path)
        await take(ledger, *rows(2000))
        await ledger.close()
        whole = path.read_bytes()
        half = len(whole) // 2
        if harm == "cut short":
            path.write_bytes(whole[:half])
        elif harm == "scribbled over":
            path.write_bytes(b"x" * half + whole[half:])
        else:
            lose_an_index(path)


@pytest.mark.parametrize("harm", HARM)
async def test_c4_a_file_that_is_no_ledger_is_set_aside(path: Path, harm: str) -> None:
    """A broken or foreign file costs no start: it is kept, and an empty ledger begun."""
    await do_harm(path, harm)
    before = path.read_bytes()

    ledger = await Ledger.open(path)

    (aside,) = ledger.set_aside
    assert aside.name.startswith("ledger.db.")
    assert aside.read_bytes()[100 : len(before)] == before[100:]
    await take(ledger, row("abc"))
    assert (await count(ledger)).tickets == 1
    await ledger.close()


async def test_c4_a_sound_file_is_not_set_aside(ledger: Ledger) -> None:
    """An ordinary start sets nothing aside."""
    assert ledger.set_aside == []


async def test_c4_a_file_that_another_program_holds_is_an_error_and_stays(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A file that is only locked is not thrown away."""
    await (await Ledger.open(path)).close()
    monkeypatch.setattr(sqlite, "_PATIENCE", 0.05)
    holder = sqlite3.connect(path, isolation_level=None)
    holder.execute("BEGIN EXCLUSIVE")

    with pytest.raises(LedgerError):
        await Ledger.open(path)

    holder.close()
    assert [file.name for file in path.parent.glob("*.aside")] == []


async def test_a_place_that_cannot_be_written_is_an_error(tmp_path: Path) -> None:
    """A file in the folder's place is a LedgerError that tells it from a damaged file."""
    (tmp_path / "file").write_text("")

    with pytest.raises(LedgerUnusableError):
        await Ledger.open(tmp_path / "file" / "ledger.db")


async def test_a_folder_in_the_ledgers_place_is_set_aside(tmp_path: Path) -> None:
    """The doors work, and what lay there is kept."""
    (tmp_path / "ledger.db").mkdir()
    (tmp_path / "ledger.db" / "mine.txt").write_text("kept")

    ledger = await Ledger.open(tmp_path / "ledger.db")

    await admit(ledger)
    (aside,) = ledger.set_aside
    assert (aside / "mine.txt").read_text() == "kept"
    await ledger.close()


@pytest.mark.parametrize("release", ["1", "99"])
async def test_waiting_rows_of_a_ledger_can_be_read_and_the_ledger_deleted(
    path: Path, release: str
) -> None:
    """What a removed entry leaves is read once more, then nothing of it stays."""
    ledger = await Ledger.open(path)
    for code, state in (("a", RowState.PENDING), ("b", RowState.CONFIRMED)):
        await begin(ledger, code, state=state)
    await begin(ledger, "c")
    await ledger.close()
    query(path, f"UPDATE about SET value = '{release}' WHERE name = 'schema'")

    assert [each.code for each in read_waiting(path)] == ["a", "c"]

    delete_ledger(path)
    delete_ledger(path)
    assert [*path.parent.glob("ledger.db*")] == []


@pytest.mark.parametrize("harm", HARM)
async def test_a_ledger_that_is_not_whole_is_not_taken_for_one_that_has_nothing_to_tell(
    path: Path, harm: str
) -> None:
    """It stays, since a row may be where nobody can read it."""
    await do_harm(path, harm)
    with pytest.raises(LedgerError):
        read_waiting(path)
    assert find_ledgers(path) == [path]


# A damaged file: what can be read is adopted


async def damage(path: Path, *kept: RowState) -> list[Row]:
    """Leave a damaged ledger whose journal can be read, with a row in each of these states."""
    ledger = await Ledger.open(path)
    await take(ledger, *rows(500))
    written = [
        await begin(
            ledger, f"t{place}", state=state, admitted=True, attempts=int(state == "in_doubt")
        )
        for place, state in enumerate(kept)
    ]
    await ledger.close()
    lose_an_index(path)
    return written


async def test_c24_the_rows_of_a_damaged_file_are_adopted(path: Path) -> None:
    """Who came in is in; what may have been sent is read back before it is sent."""
    written = await damage(path, *RowState)
    assert {row.state for row in written} == set(RowState)

    ledger = await Ledger.open(path)

    adopted = {row["ref"]: row["state"] for row in query(path, "SELECT * FROM journal")}
    assert adopted == {
        row.ref: "in_doubt" if row.state in ("asking", "pending") else row.state
        for row in written
        if row.state is not RowState.VOID
    }
    assert all(row.attempts for row in await ledger.waiting() if row.state is RowState.IN_DOUBT)
    await ledger.close()


async def test_c24_a_start_that_fails_after_the_file_was_set_aside_forgets_nothing(
    path: Path,
) -> None:
    """Oveit cannot be reached at the first attempt; the next one finds the repair still open."""
    await damage(path, RowState.PENDING, RowState.CONFIRMED)

    for _ in range(3):
        ledger = await Ledger.open(path)
        (aside,) = ledger.set_aside
        assert len(journal(path)) == 2
        await ledger.close()
        assert aside.exists()

    keep_set_aside(*path.parent.glob("*.aside"))
    ledger = await Ledger.open(path)
    assert ledger.set_aside == []
    assert len(journal(path)) == 2
    assert len(find_ledgers(path)) == 2
    await ledger.close()


async def test_c24_a_row_that_lies_in_two_files_is_adopted_once(path: Path) -> None:
    """Somebody made a copy of a file that was set aside."""
    await damage(path, RowState.PENDING, RowState.CONFIRMED)
    ledger = await Ledger.open(path)
    (aside,) = ledger.set_aside
    await ledger.close()
    aside.with_name("ledger.db.copy.aside").write_bytes(aside.read_bytes())

    ledger = await Ledger.open(path)

    assert len(ledger.set_aside) == 2
    assert len(journal(path)) == 2
    await ledger.close()


async def test_c24_a_row_that_was_adopted_is_not_sent_a_second_time(
    path: Path,
    make_desk: Callable[..., Desk],
    ticket_sync: TicketSync,
    venue: Venue,
    ledger: Ledger,
    server: OveitServer,
    tmp_path: Path,
    conflicts: list[Row],
) -> None:
    """Oveit has one of the two, and tells so when it is asked about both."""
    had, new = venue.unused(100, 234)[:2]
    other = tmp_path / "ledger.db.20260601T120000.aside"
    aside = await Ledger.open(other)
    for each in (had, new):
        await begin(aside, each.code, state=RowState.PENDING, admitted=True)
    await aside.close()
    venue.check_in(had.code)

    await ledger._adopt()
    await make_desk(doubt_grace=0).settle()

    assert states(path) == [("confirmed", 1)] * 2
    assert [venue.entries(each.code) for each in (had, new)] == [1, 1]
    assert len(server.requests_to("tickets/checkin")) == 1
    assert conflicts == []


# A file that is missing, or a copy from before


def copy(path: Path, copied: Path) -> None:
    """Copy a ledger while it is in use, as a backup does."""
    with closing(sqlite3.connect(path)) as source, closing(sqlite3.connect(copied)) as target:
        source.backup(target)


async def test_c23_a_ledger_that_is_the_one_seen_last_is_neither_missing_nor_older(
    path: Path,
) -> None:
    """However often it is opened, with rows written and without."""
    expected = None
    for place in range(3):
        ledger = await Ledger.open(path, expected=expected)
        assert (ledger.opening.missing, ledger.opening.older) == (False, False)
        if place:
            await begin(ledger, state=RowState.PENDING, admitted=True)
        expected = await ledger.generation()
        await ledger.close()
    assert {row["state"] for row in journal(path)} == {"pending"}


async def test_c23_a_ledger_that_is_not_there_is_missing(path: Path) -> None:
    """A new one in its place is no reason to believe that nothing happened."""
    ledger = await Ledger.open(path)
    expected = await ledger.generation()
    await ledger.close()
    delete_ledger(path)

    ledger = await Ledger.open(path, expected=expected)

    assert (ledger.opening.missing, ledger.opening.older) == (True, False)
    assert ledger.opening.generation.id != expected.id
    await ledger.close()


@pytest.mark.parametrize("lost", [1, 3])
async def test_c23_a_copy_from_before_is_older_though_one_row_is_lost(
    path: Path, tmp_path: Path, lost: int
) -> None:
    """Rows that it calls pending may have been sent since: they are read back first."""
    ledger = await Ledger.open(path)
    for state in (RowState.PENDING, RowState.IN_DOUBT, RowState.CONFIRMED):
        await begin(ledger, state, state=state, admitted=True, attempts=int(state != "pending"))
    copy(path, tmp_path / "copy.db")
    for _ in range(lost):
        await begin(ledger, "lost", state=RowState.PENDING, admitted=True)
    expected = await ledger.generation()
    await ledger.close()

    restored = await Ledger.open(tmp_path / "copy.db", expected=expected)

    assert (restored.opening.missing, restored.opening.older) == (False, True)
    assert [(row.state, row.attempts) for row in await restored.waiting()] == [
        (RowState.IN_DOUBT, 1),
        (RowState.IN_DOUBT, 1),
    ]
    await restored.close()


@pytest.mark.parametrize("state", [RowState.IN_DOUBT, RowState.CONFIRMED])
async def test_c23_a_copy_from_before_a_row_was_sent_is_older(
    path: Path, tmp_path: Path, state: RowState
) -> None:
    """No row is lost, but what became of one: sent again unseen, Oveit would have it twice."""
    ledger = await Ledger.open(path)
    begun = await begin(ledger, state=RowState.PENDING, admitted=True)
    copy(path, tmp_path / "copy.db")
    assert await ledger.move(begun, state)
    expected = await ledger.generation()
    await ledger.close()

    restored = await Ledger.open(tmp_path / "copy.db", expected=expected)

    assert restored.opening.older
    assert [row.state for row in await restored.waiting()] == [RowState.IN_DOUBT]
    await restored.close()


async def test_c23_a_copy_is_older_once(path: Path, tmp_path: Path) -> None:
    """From then on it is the ledger."""
    ledger = await Ledger.open(path)
    copy(path, tmp_path / "copy.db")
    await begin(ledger)
    expected = await ledger.generation()
    await ledger.close()
    restored = await Ledger.open(tmp_path / "copy.db", expected=expected)
    expected = await restored.generation()
    await restored.close()

    again = await Ledger.open(tmp_path / "copy.db", expected=expected)

    assert not again.opening.older
    await again.close()


async def test_c23_what_is_purged_makes_a_ledger_no_older(path: Path) -> None:
    """An event is removed with all its rows, the newest among them."""
    ledger = await Ledger.open(path)
    await begin(ledger, event_id=101)
    for _ in range(5):
        await begin(ledger)
    before = await ledger.generation()

    await ledger.remove(EVENT.id, now())

    expected = await ledger.generation()
    assert expected.counter >= before.counter
    await ledger.close()
    ledger = await Ledger.open(path, expected=expected)
    assert not ledger.opening.older
    await begin(ledger)
    assert (await ledger.generation()).counter > expected.counter
    await ledger.close()


@pytest.mark.parametrize("was_sent", ["never", "at once", "again later"])
@pytest.mark.parametrize("state", [RowState.PENDING, RowState.IN_DOUBT])
async def test_c23_a_row_of_an_older_copy_is_neither_doubled_nor_a_conflict(
    path: Path,
    tmp_path: Path,
    ledger_clock: Seconds,
    session: aiohttp.ClientSession,
    server: OveitServer,
    venue: Venue,
    state: RowState,
    was_sent: str,
) -> None:
    """What became of it after the copy was made, only Oveit can tell."""
    guest = venue.unused(100, 234)[0]
    sent_at = now() - timedelta(minutes=30)
    sent = {"asked_at": sent_at, "asked_last": sent_at, "attempts": 1}
    client = OveitClient(session, server.url, token=venue.token)
    ledger = await Ledger.open(path, clock=ledger_clock)
    known: dict[str, Any] = sent if state is RowState.IN_DOUBT else {}
    await begin(ledger, guest.code, type_id=234, state=state, admitted=True, **known)
    copy(path, tmp_path / "copy.db")
    await begin(ledger, "lost", event_id=101)
    expected = await ledger.generation()
    await ledger.close()
    if was_sent != "never":
        venue.check_in(guest.code, at=sent_at if was_sent == "at once" else now())

    restored = await Ledger.open(tmp_path / "copy.db", expected=expected, clock=ledger_clock)
    ticket_sync = TicketSync(
        client, restored, follows={100}.__contains__, on_remote_check_in=lambda _: None
    )
    told: list[Row] = []
    desk = Desk(
        client,
        restored,
        ticket_sync,
        on_decision=lambda _: None,
        on_conflict=told.append,
        doubt_grace=0,
    )
    await ticket_sync.refresh(everything=True)
    server.forget()
    await desk.settle()

    assert [row["state"] for row in journal(tmp_path / "copy.db")] == ["confirmed"]
    assert venue.entries(guest.code) == 1
    assert len(server.requests_to("tickets/checkin")) == (was_sent == "never")
    assert told == []
    await desk.close()
    await ticket_sync.close()
    await client.close()
    await restored.close()


async def test_c23_a_list_from_before_has_no_row_of_an_older_copy_sent_again(
    path: Path,
    tmp_path: Path,
    ledger_clock: Seconds,
    session: aiohttp.ClientSession,
    server: OveitServer,
    venue: Venue,
) -> None:
    """Oveit looks no used ticket up, and the list of the copy is older than what was sent."""
    server.behaviour.scan_used = "refused"
    server.behaviour.second_checkin = "accepted"
    guest = venue.unused(100, 234)[0]
    client = OveitClient(session, server.url, token=venue.token)
    ledger = await Ledger.open(path, clock=ledger_clock)
    follows = {100}.__contains__
    before = TicketSync(client, ledger, follows=follows, on_remote_check_in=lambda _: None)
    await before.refresh(everything=True)
    await before.close()
    await begin(ledger, guest.code, type_id=234, state=RowState.PENDING, admitted=True)
    copy(path, tmp_path / "copy.db")
    await begin(ledger, "lost", event_id=101)
    expected = await ledger.generation()
    await ledger.close()
    venue.check_in(guest.code)
    server.faults.set("events/tickets", "server_error")

    restored = await Ledger.open(tmp_path / "copy.db", expected=expected, clock=ledger_clock)
    ticket_sync = TicketSync(client, restored, follows=follows, on_remote_check_in=lambda _: None)
    await ticket_sync.load()
    desk = Desk(client, restored, ticket_sync, on_decision=lambda _: None, doubt_grace=0)
    await desk.settle()
    assert states(tmp_path / "copy.db") == [("in_doubt", 1)]
    server.faults.clear()
    await ticket_sync.refresh(everything=True)
    ledger_clock.step()
    await desk.settle()

    assert states(tmp_path / "copy.db") == [("confirmed", 1)]
    assert venue.entries(guest.code) == 1
    await desk.close()
    await ticket_sync.close()
    await client.close()
    await restored.close()
