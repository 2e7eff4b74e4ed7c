"""An account that may not do what a door needs is repaired by a person."""

from homeassistant.components.repairs import DOMAIN as REPAIRS
from homeassistant.config_entries import ConfigEntryState
from homeassistant.core import HomeAssistant
from homeassistant.helpers import issue_registry as ir
from homeassistant.setup import async_setup_component
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry
from pytest_homeassistant_custom_component.typing import ClientSessionGenerator

from custom_components.oveit.const import DOMAIN
from demo.oveit_server import OveitServer
from demo.venue import Venue
from tests.common import act, set_up
from tests.gates import issues

ISSUE = "missing_permission_venue"
EMAIL = "staff@venue.example"


@pytest.fixture
async def lacking(hass: HomeAssistant, entry: MockConfigEntry, venue: Venue) -> None:
    """Set up an account that had its permission taken after its lists were known."""
    venue.accounts[EMAIL].permissions = ["api"]
    await set_up(hass, entry)
    venue.accounts[EMAIL].permissions = ["rfid_pairing"]
    await hass.config_entries.async_reload(entry.entry_id)
    await hass.async_block_till_done(wait_background_tasks=True)


async def fix(http: ClientSessionGenerator, issue_id: str = ISSUE) -> tuple[dict, dict]:
    """Go through the repair as a person does, and return both steps."""
    client = await http()
    start = await client.post(
        "/api/repairs/issues/fix", json={"handler": DOMAIN, "issue_id": issue_id}
    )
    form = await start.json()
    end = await client.post(f"/api/repairs/issues/fix/{form['flow_id']}", json={})
    return form, await end.json()


async def test_an_account_with_its_permissions_needs_no_repair(
    hass: HomeAssistant, loaded: MockConfigEntry
) -> None:
    """Nothing is raised."""
    assert ir.async_get(hass).async_get_issue(DOMAIN, ISSUE) is None


async def test_a_token_tells_nothing_of_permissions(
    hass: HomeAssistant, token_entry: MockConfigEntry
) -> None:
    """So nothing is raised on a guess."""
    await set_up(hass, token_entry)
    assert ir.async_get(hass).issues == {}


@pytest.mark.usefixtures("lacking")
async def test_a_missing_permission_is_raised(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    """It names the account and the permission, and the account still works as far as it can."""
    issue = ir.async_get(hass).async_get_issue(DOMAIN, ISSUE)
    assert issue
    assert issue.is_fixable
    assert issue.severity is ir.IssueSeverity.ERROR
    assert issue.translation_placeholders == {"title": "Oveit 1", "permission": "api"}
    assert entry.state is ConfigEntryState.LOADED


@pytest.mark.usefixtures("lacking")
async def test_a_permission_that_was_given_ends_the_repair(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    venue: Venue,
    hass_client: ClientSessionGenerator,
) -> None:
    """A person confirms, and the account is looked at again."""
    assert await async_setup_component(hass, REPAIRS, {})
    venue.accounts[EMAIL].permissions = ["api"]
    form, end = await fix(hass_client)
    assert (form["type"], form["step_id"]) == ("form", "confirm")
    assert end["type"] == "create_entry"
    await hass.async_block_till_done(wait_background_tasks=True)
    assert entry.state is ConfigEntryState.LOADED
    assert ir.async_get(hass).async_get_issue(DOMAIN, ISSUE) is None


@pytest.mark.usefixtures("lacking")
async def test_a_permission_that_is_still_missing_is_raised_again(
    hass: HomeAssistant, hass_client: ClientSessionGenerator
) -> None:
    """To confirm is not enough."""
    assert await async_setup_component(hass, REPAIRS, {})
    await fix(hass_client)
    await hass.async_block_till_done(wait_background_tasks=True)
    assert ir.async_get(hass).async_get_issue(DOMAIN, ISSUE)


async def test_a_person_who_has_the_exported_check_ins_dismisses_the_repair(
    hass: HomeAssistant,
    loaded: MockConfigEntry,
    venue: Venue,
    server: OveitServer,
    hass_client: ClientSessionGenerator,
) -> None:
    """The form names the file, since the account is gone and nothing else would."""
    await server.hang_up()
    await act(hass, "checkin", ticket_code=venue.unused(100)[1].code)
    await hass.config_entries.async_remove(loaded.entry_id)
    assert await async_setup_component(hass, REPAIRS, {})
    form, end = await fix(hass_client, "waiting_exported_venue")
    assert form["description_placeholders"]["file"] == ".storage/oveit.venue.waiting.json"
    assert end["type"] == "create_entry"
    assert issues(hass) == []
