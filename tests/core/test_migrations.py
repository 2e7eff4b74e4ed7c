"""Ledgers of other releases: an older one is brought to today's tables, a newer one is left."""

import asyncio
from datetime import UTC, datetime, timedelta
from pathlib import Path
import re
import shutil
import signal
import sqlite3
import sys
from typing import Any

import pytest
from sqlalchemy import Connection

from custom_components.oveit.core.exceptions import LedgerError, LedgerTooNewError
from custom_components.oveit.core.ledger import Ledger, migrations
from custom_components.oveit.core.models import Cause, Reason, RowState
from tests.core.ledger_rows import begin
from tests.core.unknowns import query

RELEASE_0_1_0 = Path(__file__).parent / "ledgers" / "schema_1.db"
NOON = datetime(2026, 6, 1, 12, tzinfo=UTC)
UNCHANGED = (
    *("seq", "event_id", "code", "rfid_code", "ticket_type_id", "addon_id", "direction"),
    *("re_entry", "turnstile", "gate", "at", "asked_at", "asked_last", "scan_id", "state"),
    *("admitted", "reason", "attempts", "message", "user_id"),
)


@pytest.fixture
def old(path: Path) -> list[dict[str, Any]]:
    """Put a ledger of release 0.1.0 in its place, and return its rows."""
    shutil.copy(RELEASE_0_1_0, path)
    return query(path, "SELECT * FROM journal ORDER BY seq")


async def migrate(path: Path) -> None:
    """Start this release once with what lies there."""
    await (await Ledger.open(path)).close()


async def test_c21_every_row_of_schema_1_is_there_as_it_was(
    old: list[dict[str, Any]], path: Path
) -> None:
    """With an identity, and none of what came later."""
    await migrate(path)

    new = query(path, "SELECT * FROM journal ORDER BY seq")
    assert {row["state"] for row in old} == set(RowState) - {"asking", "void"}
    assert [{name: row[name] for name in UNCHANGED} for row in new] == [
        {name: row[name] for name in UNCHANGED} for row in old
    ]
    assert len({row["ref"] for row in new}) == len(old) == 18
    empty = ("box", "retry_at", "in_flight_until", "leased_by", "leased_until", "undone_at")
    assert {row[name] for row in new for name in empty} == {None}
    assert {row["failures"] for row in new} == {0}


async def test_c21_what_one_text_was_in_schema_1_is_three_columns(
    old: list[dict[str, Any]], path: Path
) -> None:
    """A conflict's cause, a refusal that was overruled, and a steward's words."""
    await migrate(path)

    columns = ("note", "cause", "overruled")
    parts = {
        row["seq"]: tuple(row[name] for name in columns)
        for row in query(path, "SELECT * FROM journal")
    }
    for row in old:
        expected: tuple[Any, ...] = (None, None, None)
        match row["note"]:
            case "VIP of the band" | "Bought at the box office" as note:
                expected = (note, None, None)
            case "used_elsewhere" | "undecidable" | "unknown_ticket" as cause:
                expected = (None, cause, None)
            case str(note):
                expected = (None, None, note.removeprefix("free_flow: "))
        assert parts[row["seq"]] == expected
    assert len({part for part in parts.values() if part != (None, None, None)}) == 7


async def test_c21_the_uses_of_a_ticket_are_numbered(old: list[dict[str, Any]], path: Path) -> None:
    """Entries and add-ons each by themselves, in their order; an exit uses nothing."""
    await migrate(path)

    uses = query(path, "SELECT direction, code, addon_id, slot FROM journal ORDER BY seq")
    assert all((use["slot"] is None) == (use["direction"] == "exit") for use in uses)
    slots = [use["slot"] for use in uses if (use["code"], use["addon_id"]) == ("c0ffee04", 8)]
    assert slots == [1, 2]


@pytest.mark.usefixtures("old")
async def test_c21_gates_keep_their_names_and_modes(path: Path) -> None:
    """And the journal knows which gate a row was made at."""
    ledger = await Ledger.open(path)

    assert await ledger.gate_modes() == {"01GATESOUTH": "scan_only"}
    gates = query(path, "SELECT id, name FROM gates ORDER BY id")
    assert [(gate["id"], gate["name"]) for gate in gates] == [
        ("01GATENORTH", "North"),
        ("01GATESOUTH", "South"),
    ]
    by_gate = query(path, "SELECT DISTINCT gate, gate_id FROM journal ORDER BY gate")
    assert [(row["gate"], row["gate_id"]) for row in by_gate] == [
        (None, None),
        ("North", "01GATENORTH"),
        ("South", "01GATESOUTH"),
    ]
    await ledger.close()


@pytest.mark.usefixtures("old")
async def test_c21_tags_events_lists_and_clocks_are_kept(path: Path) -> None:
    """What was learned in weeks is not learned anew."""
    ledger = await Ledger.open(path)

    assert [ticket.code for ticket in await ledger.on_tag("04A1B2C3D4E5F6")] == ["c0ffee05"]
    assert [ticket.code for ticket in await ledger.on_tag("659891")] == ["c0ffee07"]
    events = await ledger.events()
    assert {key: event.name for key, event in events.items()} == {
        100: "Concert",
        101: "Museum",
        99: "Gone",
    }
    assert not events[99].active
    addon = events[100].ticket_types[1].addons[0]
    assert (addon.id, addon.uses) == (8, 4)
    assert (await ledger.attendance(100, NOON)).tickets == 7
    assert (await ledger.list_state(100)).fetched_at == NOON
    assert (await ledger.list_state(101)).doubted
    assert await ledger.skew() == timedelta(seconds=42.5)
    assert await ledger.preparations() == {100: 120}
    assert "c0ffee01" not in await ledger.unasked(100, 99)
    await ledger.close()


@pytest.mark.usefixtures("old")
async def test_c21_what_waited_and_what_was_a_conflict_is_one_still(path: Path) -> None:
    """All that a person or Oveit is still to hear of."""
    ledger = await Ledger.open(path)

    waiting = [(row.code, row.state, row.reason) for row in await ledger.waiting()]
    assert waiting == [
        ("c0ffee03", RowState.PENDING, Reason.CHECKED_IN),
        ("c0ffee05", RowState.IN_DOUBT, Reason.CHECKED_IN),
        ("C0FFEE06", RowState.IN_DOUBT, Reason.CHECKED_IN),
        ("lost-and-found", RowState.PENDING, Reason.OVERRIDE),
        ("c0ffee04", RowState.PENDING, Reason.CHECKED_IN),
        ("c0ffee01", RowState.PENDING, Reason.LEFT),
        ("d00d02", RowState.PENDING, Reason.CHECKED_IN),
        ("old-99", RowState.PENDING, Reason.CHECKED_IN),
    ]
    assert [(row.code, row.cause) for row in await ledger.conflicts()] == [
        ("unknown-99", Cause.UNKNOWN_TICKET),
        ("c0ffee07", Cause.USED_ELSEWHERE),
    ]
    assert await ledger.count_unreadable() == 0
    assert not ledger.opening.missing
    assert not ledger.opening.older
    assert not ledger.set_aside
    await ledger.close()


@pytest.mark.usefixtures("old")
async def test_c21_migrated_tables_are_those_of_a_new_ledger(path: Path, tmp_path: Path) -> None:
    """Tables, columns and indexes, in the same words."""
    await migrate(path)
    await migrate(tmp_path / "new.db")

    assert _tables(path) == _tables(tmp_path / "new.db")


def _tables(path: Path) -> dict[str, str]:
    """Return what each table and index was made with."""
    made = query(path, "SELECT name, sql FROM sqlite_master WHERE sql IS NOT NULL")
    return {each["name"]: re.sub(r'["\s]+', " ", each["sql"]).strip() for each in made}


@pytest.mark.parametrize("gone", ["seq = (SELECT max(seq) FROM journal)", "1"])
@pytest.mark.usefixtures("old")
async def test_c21_a_number_is_never_given_twice(path: Path, gone: str) -> None:
    """Not even that of a row which was purged before the ledger was migrated."""
    (newest,) = query(path, "SELECT max(seq) AS seq FROM journal")
    query(path, f"DELETE FROM journal WHERE {gone}")

    ledger = await Ledger.open(path)

    assert (await begin(ledger)).seq > newest["seq"]
    await ledger.close()


def _dump(path: Path) -> list[str]:
    """Return all that is in a file."""
    connection = sqlite3.connect(path)
    try:
        return [*connection.iterdump()]
    finally:
        connection.close()


_KILLED = """
import asyncio, os, signal, sys
from pathlib import Path
import tests.without_home_assistant
from custom_components.oveit.core.ledger import Ledger, migrations

step = migrations.STEPS[2]

def die(connection):
    step(connection)
    os.kill(os.getpid(), signal.SIGKILL)

migrations.STEPS[2] = die
asyncio.run(Ledger.open(Path(sys.argv[1])))
"""


@pytest.mark.usefixtures("old")
async def test_c21_a_migration_that_is_killed_leaves_schema_1_whole(path: Path) -> None:
    """The next start does it from the beginning."""
    before = _dump(path)

    root = Path(__file__).parents[2]
    killed = await asyncio.create_subprocess_exec(sys.executable, "-c", _KILLED, path, cwd=root)

    assert await killed.wait() == -signal.SIGKILL
    assert _dump(path) == before
    ledger = await Ledger.open(path)
    assert len(await ledger.waiting()) == 8
    await ledger.close()


@pytest.mark.usefixtures("old")
@pytest.mark.parametrize("error", [RuntimeError, sqlite3.OperationalError("disk is full")])
async def test_c21_a_migration_that_fails_leaves_schema_1_whole(
    path: Path, monkeypatch: pytest.MonkeyPatch, error: Any
) -> None:
    """It is an error, not a damaged file."""
    before, step = _dump(path), migrations.STEPS[2]

    def fail(connection: Connection) -> None:
        step(connection)
        raise error

    monkeypatch.setitem(migrations.STEPS, 2, fail)
    with pytest.raises(LedgerError):
        await Ledger.open(path)

    assert _dump(path) == before
    assert [*path.parent.glob("*.aside")] == []


@pytest.mark.parametrize("has_log", [False, True])
async def test_c21_a_file_of_a_newer_version_stops_the_start_and_stays_as_it_is(
    path: Path, tmp_path: Path, has_log: bool
) -> None:
    """A ledger of a later release is left untouched, byte for byte, with its log."""
    await migrate(path)
    connection = sqlite3.connect(path)
    connection.execute("PRAGMA wal_autocheckpoint=0")
    connection.execute("UPDATE about SET value = '99' WHERE name = 'schema'")
    connection.commit()
    newer = tmp_path / "newer.db"
    for suffix in ("", "-wal") if has_log else ():
        shutil.copy(f"{path}{suffix}", f"{newer}{suffix}")
    connection.close()
    if not has_log:
        shutil.copy(path, newer)
    files = [Path(f"{newer}{suffix}") for suffix in ("", "-wal")]
    before = [each.read_bytes() if each.exists() else None for each in files]
    assert (before[1] is not None) is has_log

    for _ in range(2):
        with pytest.raises(LedgerTooNewError):
            await Ledger.open(newer)

    after = [each.read_bytes() if each.exists() and each.stat().st_size else None for each in files]
    assert after == before
    assert [*path.parent.glob("*.aside")] == []
