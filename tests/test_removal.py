"""Removing an account loses no check-in, and leaves nothing that nobody knows of."""

from contextlib import closing
import json
from pathlib import Path
import sqlite3
from typing import Any
from unittest.mock import patch

from homeassistant.core import HomeAssistant
from homeassistant.helpers import issue_registry as ir
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components import oveit
from custom_components.oveit.const import DOMAIN
from custom_components.oveit.core.ledger import find_ledgers
from demo.oveit_server import OveitServer
from demo.venue import Venue
from tests.common import act, set_up
from tests.gates import issues


@pytest.fixture
def ledger(hass: HomeAssistant) -> Path:
    """Return where the account's ledger lies."""
    return Path(hass.config.path(".storage", "oveit.venue.db"))


@pytest.fixture
async def waiting(
    hass: HomeAssistant, loaded: MockConfigEntry, venue: Venue, server: OveitServer
) -> str:
    """Admit a guest of whom Oveit does not hear, unload the account, and return the code."""
    code = venue.unused(100)[1].code
    await server.hang_up()
    await act(hass, "checkin", ticket_code=code)
    await hass.config_entries.async_unload(loaded.entry_id)
    return code


async def remove(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    """Remove the account."""
    assert await hass.config_entries.async_remove(entry.entry_id)
    await hass.async_block_till_done(wait_background_tasks=True)


def become_foreign(ledger: Path) -> None:
    """Make a ledger one that no release has written."""
    with closing(sqlite3.connect(ledger)) as connection:
        connection.execute("DELETE FROM about WHERE name = 'schema'")
        connection.commit()


def exported(ledger: Path) -> list[str]:
    """Return the codes in the file of exported rows."""
    rows: list[dict[str, Any]] = json.loads(ledger.with_suffix(".waiting.json").read_text())
    return [row["code"] for row in rows]


def told(hass: HomeAssistant) -> str:
    """Return which files the repair names."""
    issue = ir.async_get(hass).async_get_issue(DOMAIN, "ledger_kept_venue")
    assert issue
    assert issue.is_persistent
    return (issue.translation_placeholders or {})["list"]


async def test_what_was_set_aside_is_exported_and_goes_with_its_account(
    hass: HomeAssistant, entry: MockConfigEntry, server: OveitServer, waiting: str, ledger: Path
) -> None:
    """No file with whole codes stays but the one that the repair names."""
    become_foreign(ledger)
    await server.pick_up()
    await set_up(hass, entry)
    assert len(find_ledgers(ledger)) == 2
    await remove(hass, entry)
    assert exported(ledger) == [waiting]
    assert find_ledgers(ledger) == []
    assert issues(hass) == ["waiting_exported"]


async def test_a_ledger_that_cannot_be_read_outlives_its_account(
    hass: HomeAssistant, entry: MockConfigEntry, waiting: str, ledger: Path
) -> None:
    """It may be all that is left of an admission, and a repair names it."""
    whole = ledger.read_bytes()
    ledger.write_bytes(b"x" * 4096 + whole[4096:])
    await remove(hass, entry)
    assert waiting.encode() in ledger.read_bytes()
    assert told(hass) == "- `.storage/oveit.venue.db`"
    assert issues(hass) == ["ledger_kept"]


async def test_a_ledger_whose_rows_cannot_be_exported_outlives_its_account(
    hass: HomeAssistant, entry: MockConfigEntry, waiting: str, ledger: Path
) -> None:
    """A full disk costs no row."""
    with patch.object(oveit.ledger, "save_json", side_effect=OSError):
        await remove(hass, entry)
    assert waiting.encode() in ledger.read_bytes()
    assert told(hass) == "- `.storage/oveit.venue.db`"


async def test_a_damaged_ledger_that_was_set_aside_is_named_when_its_account_goes(
    hass: HomeAssistant, entry: MockConfigEntry, ledger: Path
) -> None:
    """The sound one beside it is deleted."""
    ledger.write_bytes(b"no ledger" * 1000)
    await set_up(hass, entry)
    await remove(hass, entry)
    (aside,) = find_ledgers(ledger)
    assert told(hass) == f"- `.storage/{aside.name}`"
