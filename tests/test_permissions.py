"""Who may call which action, and do the same by a select, a button or words."""

from contextlib import AbstractContextManager, nullcontext
from itertools import product
from typing import Any

from homeassistant.auth.models import User
from homeassistant.core import Context, HomeAssistant
from homeassistant.exceptions import Unauthorized, UnknownUser
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry, MockUser

from custom_components.oveit.const import CONF_STEWARDS, DOMAIN
from custom_components.oveit.diagnostics import async_get_config_entry_diagnostics
from custom_components.oveit.services import ACTIONS
from demo.oveit_server import OveitServer
from demo.venue import Venue
from tests.common import value
from tests.gates import ENTRY, NORTH, TAG, add_gate, open_gate, set_mode, tagged, watch
from tests.users import add_users
from tests.voice import allow_voice, start_assist, told

STEWARDS = {"administrator", "steward", "automation"}
AT_DOORS = STEWARDS | {"user"}
ADMINISTRATORS = {"administrator", "automation"}
MAY: dict[str, set[str]] = {
    "checkin": AT_DOORS,
    "scan": AT_DOORS,
    "override": STEWARDS,
    "undo": STEWARDS,
    "pair_tag": STEWARDS,
    "sync": ADMINISTRATORS,
    "prepare_offline": ADMINISTRATORS,
    "report": ADMINISTRATORS,
    "purge": ADMINISTRATORS,
}
OF_A_GATE = ("checkin", "scan", "override", "undo")
BY_NAME = ("override", "undo")


def expected(may: bool) -> AbstractContextManager[object]:
    """Return what is expected of a call by somebody who may, or may not."""
    return nullcontext() if may else pytest.raises(Unauthorized)


FIELDS: dict[str, dict[str, Any]] = {
    "checkin": {"ticket_code": "x"},
    "scan": {"ticket_code": "x"},
    "override": {"ticket_code": "x", "note": "On the list"},
    "pair_tag": {"ticket_code": "x", "rfid_code": "AB12"},
    "undo": {"ticket_code": "x"},
}


def fields_of(action: str, venue: Venue, place: int) -> dict[str, Any]:
    """Return what an action needs, about a ticket of its own."""
    fields = dict(FIELDS.get(action, {}))
    if "ticket_code" in fields:
        fields["ticket_code"] = venue.sell(100, ENTRY, code=f"ticket{place}").code
    if "rfid_code" in fields:
        fields["rfid_code"] = f"AB{place:02}"
    return fields


async def call(hass: HomeAssistant, context: Context, action: str, **fields: Any) -> dict[str, Any]:
    """Call an action as somebody."""
    response = await hass.services.async_call(
        DOMAIN, action, fields, blocking=True, return_response=True, context=context
    )
    await hass.async_block_till_done(wait_background_tasks=True)
    return response or {}


async def prepare(hass: HomeAssistant, action: str, venue: Venue, place: int) -> dict[str, Any]:
    """Return what an action needs, once there is what it takes back."""
    fields = fields_of(action, venue, place)
    if action == "undo":
        await call(hass, Context(), "checkin", **fields)
    return fields


def test_the_table_names_every_action() -> None:
    """A new action has to say who may call it."""
    assert set(MAY) == set(ACTIONS)


@pytest.mark.parametrize("action", MAY)
async def test_s2_each_user_gets_what_the_table_says(
    hass: HomeAssistant, loaded: MockConfigEntry, venue: Venue, server: OveitServer, action: str
) -> None:
    """Whoever may not is refused before anything is sent or marked."""
    shown = watch(hass, "event.lantern_night_check_in")
    users = await add_users(hass, loaded)
    for place, (kind, context) in enumerate(users.items()):
        fields = await prepare(hass, action, venue, place)
        server.forget()
        shown.states.clear()
        may = kind in MAY[action]
        with expected(may):
            await call(hass, context, action, **fields)
        if not may:
            assert server.requests == []
            assert shown.states == []
            rows = await loaded.runtime_data.ledger.admissions(codes=[f"ticket{place}"])
            assert len(rows) == (action == "undo")


@pytest.mark.parametrize("action", OF_A_GATE)
async def test_s2_at_a_gate_too(
    hass: HomeAssistant, entry: MockConfigEntry, venue: Venue, server: OveitServer, action: str
) -> None:
    """However the gate is named."""
    await open_gate(hass, entry)
    shown = watch(hass)
    users = await add_users(hass, entry)
    ways: list[dict[str, str]] = [{"gate": NORTH}, {"gate": "North gate"}]
    if action not in BY_NAME:
        ways.append({"entity_id": NORTH})
    for place, (kind, where) in enumerate(product(users, ways)):
        fields = await prepare(hass, action, venue, place)
        server.forget()
        shown.states.clear()
        may = kind in MAY[action]
        with expected(may):
            await call(hass, users[kind], action, **fields, **where)
        if not may:
            assert server.requests == []
            assert shown.states == []


@pytest.mark.parametrize("action", ["checkin", "scan"])
async def test_s6_attendee_data_is_for_stewards(
    hass: HomeAssistant, loaded: MockConfigEntry, venue: Venue, server: OveitServer, action: str
) -> None:
    """The whole call is refused, and marks nothing."""
    for place, (kind, context) in enumerate((await add_users(hass, loaded)).items()):
        server.forget()
        may, fields = kind in STEWARDS, fields_of(action, venue, place)
        with expected(may):
            response = await call(hass, context, action, include_attendee=True, **fields)
            assert "attendee" in response
        if not may:
            assert server.requests == []
        assert venue.entries(fields["ticket_code"]) == (1 if may and action == "checkin" else 0)


def grant(hass: HomeAssistant, *entity_ids: str) -> User:
    """Return a user who may control some entities alone, and read the rest."""
    user = MockUser().add_to_hass(hass)
    rights = {each: {"read": True, "control": True} for each in entity_ids}
    policy: Any = {"entities": {"entity_ids": rights, "all": {"read": True}}}
    user.mock_policy(policy)
    return user


async def test_s2_who_may_control_one_gate_checks_in_at_that_gate(
    hass: HomeAssistant, entry: MockConfigEntry, venue: Venue
) -> None:
    """Not at another, and not without a gate."""
    add_gate(hass, entry, name="South gate")
    await open_gate(hass, entry)
    tagged(venue)
    context = Context(user_id=grant(hass, NORTH).id)
    assert (await call(hass, context, "checkin", rfid_code=TAG, gate=NORTH))["admitted"]
    for where in ({"gate": "event.south_gate"}, {"entity_id": "event.south_gate"}, {}):
        with pytest.raises(Unauthorized):
            await call(hass, context, "checkin", rfid_code=TAG, **where)


async def test_s2_who_may_control_the_events_checks_in_without_a_gate(
    hass: HomeAssistant, loaded: MockConfigEntry, venue: Venue
) -> None:
    """The entity of each followed event stands for it."""
    code = venue.unused(100, ENTRY)[1].code
    context = Context(user_id=grant(hass, "event.lantern_night_check_in").id)
    assert (await call(hass, context, "checkin", ticket_code=code))["admitted"]
    other = Context(user_id=grant(hass, "sensor.lantern_night_tickets").id)
    with pytest.raises(Unauthorized):
        await call(hass, other, "checkin", ticket_code=code)


async def test_s2_a_user_who_is_gone_may_do_nothing(
    hass: HomeAssistant, loaded: MockConfigEntry, venue: Venue, server: OveitServer
) -> None:
    """Deleted or locked out, also where the options still name them as a steward."""
    context = (await add_users(hass, loaded))["steward"]
    user = await hass.auth.async_get_user(str(context.user_id))
    assert user
    await hass.auth.async_deactivate_user(user)
    server.forget()
    for action in MAY:
        with pytest.raises(Unauthorized):
            await call(hass, context, action, **FIELDS.get(action, {}))
    await hass.auth.async_remove_user(user)
    for action in MAY:
        with pytest.raises(UnknownUser):
            await call(hass, context, action, **FIELDS.get(action, {}))
    assert server.requests == []


async def test_s2_a_steward_of_one_account_is_none_of_another(
    hass: HomeAssistant, loaded: MockConfigEntry, venue: Venue
) -> None:
    """Each account has stewards of its own."""
    context = (await add_users(hass, loaded))["steward"]
    options = loaded.options | {CONF_STEWARDS: ["somebody-else"]}
    hass.config_entries.async_update_entry(loaded, options=options)
    await hass.async_block_till_done(wait_background_tasks=True)
    with pytest.raises(Unauthorized):
        await call(hass, context, "override", **FIELDS["override"])


async def test_s2_the_diagnostics_name_no_user(
    hass: HomeAssistant, loaded: MockConfigEntry
) -> None:
    """Neither in the options nor in the rows that a steward wrote."""
    context = (await add_users(hass, loaded))["steward"]
    await call(hass, context, "override", **FIELDS["override"])
    told = str(await async_get_config_entry_diagnostics(hass, loaded))
    assert str(context.user_id) not in told


async def test_s2_free_flow_is_for_stewards_by_the_select_too(
    hass: HomeAssistant, entry: MockConfigEntry
) -> None:
    """The other modes are for whoever may control the gate."""
    await open_gate(hass, entry)
    for kind, context in (await add_users(hass, entry)).items():
        await set_mode(hass, "open_for_tickets")
        for mode, may in (("closed", AT_DOORS), ("free_flow", STEWARDS)):
            fields = {"entity_id": "select.north_gate_mode", "option": mode}
            before = value(hass, "select.north_gate_mode")
            with expected(kind in may):
                await hass.services.async_call(
                    "select", "select_option", fields, blocking=True, context=context
                )
            assert value(hass, "select.north_gate_mode") == (mode if kind in may else before)


async def test_s2_the_button_refreshes_for_whom_the_action_does(
    hass: HomeAssistant, loaded: MockConfigEntry, server: OveitServer
) -> None:
    """It is the same as `oveit.sync`."""
    for kind, context in (await add_users(hass, loaded)).items():
        server.forget()
        fields = {"entity_id": "button.lantern_night_sync"}
        with expected(kind in ADMINISTRATORS):
            await hass.services.async_call(
                "button", "press", fields, blocking=True, context=context
            )
        assert bool(server.requests) is (kind in ADMINISTRATORS)


async def test_s2_what_is_said_needs_the_permission_of_what_is_done(
    hass: HomeAssistant, entry: MockConfigEntry, venue: Venue
) -> None:
    """Voice is no way round: who may only read neither checks in nor looks up."""
    await start_assist(hass)
    for number in range(1, 7):
        venue.sell(100, ENTRY, code=f"k{number}m")
    assert await hass.config_entries.async_setup(entry.entry_id)
    await allow_voice(hass, entry)
    for number, (kind, context) in enumerate((await add_users(hass, entry)).items(), 1):
        for said in (f"Is ticket k{number}m checked in", f"Check in ticket k{number}m"):
            answer = await told(hass, said, context=context)
            assert ("You may not" in answer) is (kind not in AT_DOORS), answer
        assert venue.entries(f"k{number}m") == (kind in AT_DOORS)
