"""A refresh and the doors do not delay each other."""

import asyncio
from datetime import UTC, datetime
import json
from pathlib import Path
import shutil

import pytest
from sqlalchemy import Connection

from custom_components.oveit.core.ledger import Ledger, hold, release, ticket_lists as lists
from custom_components.oveit.core.ledger.sqlite import file
from custom_components.oveit.core.models import Event, Row
from tests.core.unknowns import query

EVENT = Event(id=100, name="Concert")
NOON = datetime(2026, 6, 1, 12, tzinfo=UTC)


def reply(number: int, *, used: bool) -> bytes:
    """Return a list of so many tickets."""
    tickets = [{"code": f"t{place}", "checked_in": used} for place in range(number)]
    return json.dumps({"tickets": tickets}).encode()


def a_row(place: int = 0) -> Row:
    """Return a row of the journal."""
    return Row(event_id=EVENT.id, code=f"t{place}", at=NOON, scan_id=f"s{place}")


def rows_in_the_file(path: Path, tmp_path: Path) -> int:
    """Return the number of journal rows in the file itself, without its write-ahead log."""
    copy = tmp_path / "copy" / "ledger.db"
    copy.parent.mkdir()
    shutil.copy(path, copy)
    try:
        return len(query(copy, "SELECT * FROM journal"))
    finally:
        shutil.rmtree(copy.parent)


async def test_a_door_does_not_wait_for_a_whole_list(
    ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A check-in is written while a list of which every ticket changed is being imported."""
    await ledger.take_list(EVENT, reply(500, used=False), NOON)
    monkeypatch.setattr(lists, "DOORS_FIRST", 0.02)
    refresh = asyncio.create_task(ledger.take_list(EVENT, reply(500, used=True), NOON))
    for _ in range(1_000):
        (ticket,) = await ledger.find("t0")
        if ticket.checked_in:
            break

    for place in range(5):
        await ledger.begin(a_row(place))
        assert not refresh.done()

    await refresh
    assert (await ledger.attendance(EVENT.id, NOON)).checked_in == 500


async def test_a_list_whose_import_was_interrupted_is_imported_again(
    ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A list counts as known only once all of it was applied."""
    await ledger.take_list(EVENT, reply(100, used=False), NOON)
    with monkeypatch.context() as patch:
        patch.setattr(lists, "drift", lambda *_: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            await ledger.take_list(EVENT, reply(100, used=True), NOON)

    await ledger.take_list(EVENT, reply(100, used=True), NOON)

    assert (await ledger.attendance(EVENT.id, NOON)).checked_in == 100


async def test_i1_doors_wait_for_the_disk_after_a_refresh_too(ledger: Ledger) -> None:
    """Only an import, which Oveit can repeat, is written without waiting for the disk."""
    await ledger.take_list(EVENT, reply(100, used=False), NOON)

    def synchronous(connection: Connection) -> object:
        return connection.exec_driver_sql("PRAGMA synchronous").scalar_one()

    assert await ledger._file.write(synchronous) == 2


async def test_the_log_is_checkpointed_while_nobody_waits(
    ledger: Ledger, path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Counting does it after a number of check-ins, but not while a backup copies the file."""
    monkeypatch.setattr(file, "CHECKPOINT_AFTER", 10)
    hold(path)
    for place in range(20):
        await ledger.begin(a_row(place))
    await ledger.attendance(EVENT.id, NOON)
    assert rows_in_the_file(path, tmp_path) == 0

    release(path)
    for place in range(20, 40):
        await ledger.begin(a_row(place))
    await ledger.attendance(EVENT.id, NOON)
    assert rows_in_the_file(path, tmp_path) == 40


async def test_the_log_does_not_grow_with_lists_while_nobody_comes(
    ledger: Ledger, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After a day of polling it is no longer than after an hour."""
    monkeypatch.setattr(file, "CHECKPOINT_AFTER", 10)
    sizes = []
    for number in range(30):
        await ledger.take_list(EVENT, reply(200, used=bool(number % 2)), NOON)
        await ledger.attendance(EVENT.id, NOON)
        sizes.append(path.with_name(f"{path.name}-wal").stat().st_size)

    assert sizes[-1] == sizes[10]
