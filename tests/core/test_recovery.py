"""Ledgers that are damaged, missing or older than they were: what could be read is kept."""

from pathlib import Path
import sqlite3

import pytest

from custom_components.oveit.core.exceptions import (
    LedgerError,
    LedgerUnusableError,
)
from custom_components.oveit.core.ledger import Ledger, delete_ledger, find_ledgers, read_waiting
from custom_components.oveit.core.ledger.sqlite import engine as sqlite
from custom_components.oveit.core.models import (
    RowState,
)
from tests.core.ledger_rows import admit, begin, count, row, rows, take
from tests.core.unknowns import query

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
