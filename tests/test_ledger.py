"""What a person hears of an account's ledger: missing, older, damaged, newer, failing."""

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
import shutil
import sqlite3
from typing import Any

from freezegun.api import FrozenDateTimeFactory
from homeassistant.config_entries import ConfigEntryState
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError
from homeassistant.setup import async_setup_component
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry
from pytest_homeassistant_custom_component.typing import ClientSessionGenerator

from custom_components.oveit.backup import async_post_backup, async_pre_backup
from custom_components.oveit.ledger import ledger_path
from demo.oveit_server import OveitServer
from demo.venue import Venue, now
from tests.common import act, poll, set_up, wait
from tests.gates import issues
from tests.test_repairs import fix

READY = "binary_sensor.lantern_night_ready"
CHECKED_IN = "sensor.lantern_night_checked_in"


@pytest.fixture
def file(hass: HomeAssistant) -> Path:
    """Return where the account's ledger lies."""
    return Path(hass.config.path(".storage", "oveit.venue.db"))


async def stop(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    """Unload an account, as a stop does."""
    if entry.state is ConfigEntryState.LOADED:
        await hass.config_entries.async_unload(entry.entry_id)
    await hass.async_block_till_done(wait_background_tasks=True)


async def change(hass: HomeAssistant, entry: MockConfigEntry, work: Callable[[], Any]) -> None:
    """Do something to the file while the account is stopped."""
    await stop(hass, entry)
    await hass.async_add_executor_job(work)
    await set_up(hass, entry)


def reasons(hass: HomeAssistant) -> list[str]:
    """Return what stands in the way of the doors."""
    state = hass.states.get(READY)
    assert state
    return list(state.attributes["reasons"])


def let_oveit_finish(venue: Venue) -> None:
    """Let so much time pass that Oveit is at work on nothing that was sent before."""
    venue.clock = lambda: now() + timedelta(seconds=20)


def execute(file: Path, statement: str) -> None:
    """Change the file, as another program may."""
    connection = sqlite3.connect(file)
    connection.execute(statement)
    connection.commit()
    connection.close()


async def test_c21_a_ledger_of_a_newer_release_stops_the_account_and_stays_as_it_is(
    hass: HomeAssistant, loaded: MockConfigEntry, file: Path
) -> None:
    """A repair says which way out there is; the right release ends it."""
    await change(
        hass, loaded, lambda: execute(file, "UPDATE about SET value = 99 WHERE name = 'schema'")
    )
    before = file.read_bytes()
    await hass.config_entries.async_reload(loaded.entry_id)

    assert loaded.state is ConfigEntryState.SETUP_ERROR
    assert "newer release" in str(loaded.reason)
    assert issues(hass) == ["ledger_too_new"]
    assert file.read_bytes() == before
    execute(file, "UPDATE about SET value = 2 WHERE name = 'schema'")
    await hass.config_entries.async_reload(loaded.entry_id)
    assert issues(hass) == []


async def test_c23_a_ledger_that_is_missing_is_told_until_a_person_has_dealt_with_it(
    hass: HomeAssistant, loaded: MockConfigEntry, file: Path, hass_client: ClientSessionGenerator
) -> None:
    """Also after another reload; the doors are not ready meanwhile."""
    assert await async_setup_component(hass, "repairs", {})
    await change(hass, loaded, file.unlink)
    assert issues(hass) == ["ledger_missing"]
    assert reasons(hass) == ["ledger"]
    await hass.config_entries.async_reload(loaded.entry_id)
    await hass.async_block_till_done(wait_background_tasks=True)
    assert issues(hass) == ["ledger_missing"]

    form, end = await fix(hass_client, "ledger_missing_venue")
    await poll(hass, loaded)

    assert (form["step_id"], end["type"]) == ("confirm", "create_entry")
    assert issues(hass) == []
    assert reasons(hass) == []
    await hass.config_entries.async_reload(loaded.entry_id)
    assert issues(hass) == []


async def test_c23_an_older_copy_is_told_and_nothing_that_it_has_to_send_counts_twice(
    hass: HomeAssistant,
    loaded: MockConfigEntry,
    server: OveitServer,
    venue: Venue,
    file: Path,
    tmp_path: Path,
) -> None:
    """A check-in that the copy calls pending is looked up at Oveit first."""
    guest = venue.unused(100)[1]
    await server.hang_up()
    await act(hass, "checkin", ticket_code=guest.code)
    await stop(hass, loaded)
    shutil.copy(file, tmp_path / "copy.db")
    await server.pick_up()
    await set_up(hass, loaded)
    await act(hass, "sync")
    assert venue.entries(guest.code) == 1

    await change(hass, loaded, lambda: shutil.copy(tmp_path / "copy.db", file))

    assert issues(hass) == ["ledger_older"]
    let_oveit_finish(venue)
    await act(hass, "sync")
    report = await act(hass, "report")
    assert (report["conflicts"], report["waiting"]) == ([], [])
    assert venue.entries(guest.code) == 1


async def test_c23_a_copy_made_before_the_last_guest_is_told_though_nothing_was_published_since(
    hass: HomeAssistant, loaded: MockConfigEntry, venue: Venue, file: Path, tmp_path: Path
) -> None:
    """How far the ledger has come is kept when it is closed, not only now and then."""
    await stop(hass, loaded)
    await set_up(hass, loaded)
    execute(file, f"VACUUM INTO '{tmp_path / 'copy.db'}'")
    await act(hass, "checkin", ticket_code=venue.unused(100)[1].code)

    await change(hass, loaded, lambda: shutil.copy(tmp_path / "copy.db", file))

    assert issues(hass) == ["ledger_older"]


async def test_an_ordinary_restart_tells_nothing(
    hass: HomeAssistant, loaded: MockConfigEntry, venue: Venue
) -> None:
    """The ledger has come further each time."""
    for ticket in venue.unused(100)[:3]:
        await act(hass, "checkin", ticket_code=ticket.code)
        await hass.config_entries.async_reload(loaded.entry_id)
        await hass.async_block_till_done(wait_background_tasks=True)
    assert issues(hass) == []


async def test_c24_a_damaged_ledger_is_told_though_oveit_did_not_answer_at_the_start(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    server: OveitServer,
    file: Path,
    hass_client: ClientSessionGenerator,
) -> None:
    """The repair outlives retries and reloads, and ends when a person has dealt with it."""
    assert await async_setup_component(hass, "repairs", {})
    await hass.async_add_executor_job(file.write_bytes, b"no ledger" * 1000)
    await server.hang_up()
    await set_up(hass, entry)
    assert entry.state is ConfigEntryState.SETUP_RETRY
    assert issues(hass) == ["ledger_set_aside"]
    await server.pick_up()
    for _ in range(2):
        await hass.config_entries.async_reload(entry.entry_id)
        await hass.async_block_till_done(wait_background_tasks=True)
        assert issues(hass) == ["ledger_set_aside"]

    await fix(hass_client, "ledger_set_aside_venue")

    assert issues(hass) == []
    (kept,) = file.parent.glob("*.kept")
    assert kept.read_bytes() == b"no ledger" * 1000
    await hass.config_entries.async_reload(entry.entry_id)
    assert issues(hass) == []


async def test_c24_the_repair_ends_when_the_damaged_file_is_gone(
    hass: HomeAssistant, entry: MockConfigEntry, file: Path
) -> None:
    """A person may just delete it."""
    await hass.async_add_executor_job(file.write_bytes, b"no ledger" * 1000)
    await set_up(hass, entry)
    (aside,) = file.parent.glob("*.aside")
    aside.unlink()
    await poll(hass, entry)
    assert issues(hass) == []


async def test_c24_what_a_damaged_ledger_still_tells_is_adopted(
    hass: HomeAssistant, loaded: MockConfigEntry, server: OveitServer, venue: Venue, file: Path
) -> None:
    """A guest who was admitted offline is not admitted again, and reaches Oveit in the end."""
    guest = venue.unused(100)[1]
    await server.hang_up()
    await act(hass, "checkin", ticket_code=guest.code)
    await stop(hass, loaded)
    await server.pick_up()

    await change(hass, loaded, lambda: execute(file, "DELETE FROM about WHERE name = 'schema'"))

    again = await act(hass, "checkin", ticket_code=guest.code)
    assert (again["admitted"], again["reason"]) == (False, "already_checked_in")
    let_oveit_finish(venue)
    await act(hass, "sync")
    assert venue.entries(guest.code) == 1


async def test_a_row_of_another_release_is_told_and_hinders_no_other(
    hass: HomeAssistant, loaded: MockConfigEntry, server: OveitServer, venue: Venue, file: Path
) -> None:
    """The others are uploaded."""
    odd, plain = venue.unused(100)[1:3]
    await server.hang_up()
    for ticket in (odd, plain):
        await act(hass, "checkin", ticket_code=ticket.code)
    statement = f"UPDATE journal SET reason = 'by_drone' WHERE code = '{odd.code}'"
    await hass.async_add_executor_job(execute, file, statement)
    await server.pick_up()
    await act(hass, "sync")
    await poll(hass, loaded)
    assert issues(hass) == ["ledger_rows_unreadable"]
    assert (venue.entries(odd.code), venue.entries(plain.code)) == (0, 1)


async def test_t17_a_ledger_that_is_locked_is_told_and_answers_in_time(
    hass: HomeAssistant,
    loaded: MockConfigEntry,
    venue: Venue,
    file: Path,
    frozen: FrozenDateTimeFactory,
) -> None:
    """The door stays shut, a look-up goes on, and all is well when the lock is gone."""
    first, second = venue.unused(100)[1:3]
    holder = await hass.async_add_executor_job(
        lambda: sqlite3.connect(file, isolation_level=None, check_same_thread=False)
    )
    holder.execute("BEGIN IMMEDIATE")
    with pytest.raises(HomeAssistantError, match="did not answer in time"):
        await act(hass, "checkin", ticket_code=first.code, deadline=0.5)
    assert (await act(hass, "scan", ticket_code=second.code))["admitted"]
    assert issues(hass) == ["ledger_failing"]
    assert venue.entries(first.code) == 0

    holder.execute("ROLLBACK")
    holder.close()
    await wait(hass, frozen, 6)
    assert (await act(hass, "checkin", ticket_code=first.code))["admitted"]
    await poll(hass, loaded)
    assert issues(hass) == []


async def test_c21_the_ledger_of_release_0_1_0_goes_on_without_losing_anything(
    hass: HomeAssistant, entry: MockConfigEntry, server: OveitServer, file: Path
) -> None:
    """Offline, right after the update: what waits, what is a conflict, who has entered."""
    old = Path(__file__).parent / "core" / "ledgers" / "schema_1.db"
    await hass.async_add_executor_job(shutil.copy, old, file)
    await server.hang_up()
    await set_up(hass, entry)

    assert entry.state is ConfigEntryState.LOADED
    assert entry.runtime_data.gate_modes == {"01GATESOUTH": "scan_only"}
    report = await act(hass, "report")
    assert [(row["code"], row["note"]) for row in report["conflicts"]] == [
        ("unknown-99", "unknown_ticket"),
        ("c0ffee07", "used_elsewhere"),
    ]
    assert [row["code"] for row in report["waiting"]] == [
        "c0ffee03",
        "c0ffee05",
        "C0FFEE06",
        "lost-and-found",
        "c0ffee04",
        "c0ffee01",
        "d00d02",
        "old-99",
    ]
    again = await act(hass, "checkin", ticket_code="c0ffee03")
    assert (again["reason"], again["first_checkin"]["gate"]) == ("already_checked_in", "North")
    by_tag = await act(hass, "checkin", rfid_code="04A1B2C3D4E5F6")
    assert by_tag["reason"] == "already_checked_in"
    assert issues(hass) == ["conflicts"]


async def test_a_reload_in_the_middle_of_a_backup_leaves_the_file_as_it_is(
    hass: HomeAssistant, loaded: MockConfigEntry, venue: Venue
) -> None:
    """The hold belongs to the file; it ends with the backup, whatever has become of the account."""
    path = ledger_path(hass, loaded)
    await async_pre_backup(hass)
    before = await hass.async_add_executor_job(path.read_bytes)
    await act(hass, "checkin", ticket_code=venue.unused(100)[0].code)
    await hass.config_entries.async_reload(loaded.entry_id)
    await hass.async_block_till_done(wait_background_tasks=True)
    await hass.config_entries.async_unload(loaded.entry_id)
    assert await hass.async_add_executor_job(path.read_bytes) == before

    await async_post_backup(hass)

    assert await hass.async_add_executor_job(path.read_bytes) != before
