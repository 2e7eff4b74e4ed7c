"""Guests come first: whoever asks a lot waits, and is told; nobody is queued without end."""

import asyncio
from time import monotonic
from typing import Any

from homeassistant.core import Context, HomeAssistant
from homeassistant.exceptions import HomeAssistantError
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.oveit.const import DOMAIN
from demo.oveit_server import OveitServer
from demo.venue import Venue
from tests.gates import ENTRY, NORTH, TAG, Reader, make_reader, open_gate, tagged, watch
from tests.users import add_users

AT_FIRST, EVERY = 30, 2.0
DEADLINE = 3.5
IN_TIME = ("too_many", "ledger_busy")


async def ask(hass: HomeAssistant, action: str, context: Context, **fields: Any) -> str:
    """Return the reason of a decision, or the key of the error."""
    try:
        response = await hass.services.async_call(
            DOMAIN, action, fields, blocking=True, return_response=True, context=context
        )
    except HomeAssistantError as err:
        return str(err.translation_key)
    assert response
    return str(response["reason"])


@pytest.mark.parametrize("action", ["checkin", "scan"])
@pytest.mark.parametrize("at_once", [True, False], ids=["at once", "one by one"])
async def test_a_user_who_tries_400_wrong_codes_is_slowed_down(
    hass: HomeAssistant,
    loaded: MockConfigEntry,
    server: OveitServer,
    venue: Venue,
    action: str,
    *,
    at_once: bool,
) -> None:
    """Thirty a minute, then one question every two seconds; a ticket that is known is no guess."""
    user = (await add_users(hass, loaded))["user"]
    server.forget()
    began = monotonic()
    calls = [ask(hass, action, user, ticket_code=f"wrong{number}") for number in range(400)]
    if at_once:
        told = await asyncio.gather(*calls)
    else:
        told = [await call for call in calls]
    most = AT_FIRST + 1 + (monotonic() - began) / EVERY
    asked = {request.params["ticket_code"] for request in server.requests_to("tickets/scan")}
    assert AT_FIRST <= len(asked) <= most
    assert set(told) <= {"unknown_ticket", *IN_TIME}
    assert len(told) - told.count("unknown_ticket") >= 300
    code = venue.unused(100, ENTRY)[1].code
    began = monotonic()
    assert await ask(hass, "checkin", user, ticket_code=code) == "checked_in"


@pytest.mark.parametrize("kind", ["steward", "administrator", "automation"])
async def test_a_steward_may_try_more(
    hass: HomeAssistant, loaded: MockConfigEntry, server: OveitServer, kind: str
) -> None:
    """They know whom they have before them; so does an automation."""
    context = (await add_users(hass, loaded))[kind]
    told = [await ask(hass, "scan", context, ticket_code=f"wrong{n}") for n in range(35)]
    assert set(told) == {"unknown_ticket"}


async def test_one_user_slows_no_other(
    hass: HomeAssistant, loaded: MockConfigEntry, server: OveitServer, venue: Venue
) -> None:
    """And a new ticket that no list has yet is counted as no guess."""
    users = await add_users(hass, loaded)
    for number in range(31):
        code = venue.sell(100, ENTRY, code=f"new{number}").code
        assert await ask(hass, "scan", users["user"], ticket_code=code) == "checked_in"
    other = Context(user_id=(await hass.auth.async_create_user("x", group_ids=["system-users"])).id)
    for number in range(31):
        await ask(hass, "scan", users["user"], ticket_code=f"wrong{number}")
    assert await ask(hass, "scan", other, ticket_code="wrong") == "unknown_ticket"


async def test_guests_come_first(
    hass: HomeAssistant, entry: MockConfigEntry, venue: Venue, server: OveitServer
) -> None:
    """Thousands ask at once: a guest at a gate is not delayed, and each of them is told in time."""
    reader: Reader = make_reader(hass)
    tagged(venue)
    await open_gate(hass, entry, reader)
    codes = [venue.sell(100, ENTRY, code=f"g{number:04}").code for number in range(1000)]
    await entry.runtime_data.async_sync()
    shown = watch(hass, NORTH)
    waited: list[float] = []

    async def call(action: str, code: str) -> str:
        began = monotonic()
        reason = await ask(hass, action, Context(), ticket_code=code)
        waited.append(monotonic() - began)
        return reason

    crowd = [asyncio.create_task(call("scan", f"l{number}")) for number in range(2000)]
    crowd += [asyncio.create_task(call("checkin", code)) for code in codes]
    await asyncio.sleep(0)
    began = monotonic()
    reader.send(TAG)
    while not shown.states:
        assert monotonic() - began < 10
        await asyncio.sleep(0.01)
    guest = monotonic() - began
    told = await asyncio.gather(*crowd)
    assert shown.reasons() == ["checked_in"]
    assert guest < DEADLINE
    assert max(waited) < 2 * DEADLINE
    assert set(told) <= {"checked_in", "unknown_ticket", "no_ticket_list", *IN_TIME}
    print("guest", guest, "longest", max(waited), {each: told.count(each) for each in set(told)})
