"""Home Assistant's system information has a part about Oveit."""

from typing import Any

from homeassistant.core import HomeAssistant
from homeassistant.setup import async_setup_component
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry, get_system_health_info

from custom_components.oveit.const import DOMAIN
from demo.oveit_server import OveitServer
from tests.common import set_up
from tests.package import read_json

TEXTS = read_json("translations/en.json")["system_health"]["info"]


async def look(hass: HomeAssistant) -> dict[str, Any]:
    """Return what is shown."""
    assert await async_setup_component(hass, "system_health", {})
    assert await async_setup_component(hass, DOMAIN, {})
    await hass.async_block_till_done()
    return await get_system_health_info(hass, DOMAIN)


async def test_it_counts_accounts_and_events(
    hass: HomeAssistant, loaded: MockConfigEntry, token_entry: MockConfigEntry
) -> None:
    """All accounts together, each line with its text."""
    await set_up(hass, token_entry)
    info = await look(hass)
    assert set(info) == set(TEXTS)
    assert await info.pop("can_reach_server") == "ok"
    assert info == {"accounts": 2, "events": 2, "waiting": 0, "conflicts": 0}


@pytest.mark.parametrize("line", ["up", "down"])
async def test_it_tells_whether_oveit_can_be_reached(
    hass: HomeAssistant, loaded: MockConfigEntry, server: OveitServer, line: str
) -> None:
    """At the address of the account."""
    if line == "down":
        await server.hang_up()
    reached = await (await look(hass))["can_reach_server"]
    expected = {"type": "failed", "error": "unreachable"}
    assert reached == ("ok" if line == "up" else expected)


async def test_without_an_account_it_asks_oveit_itself(
    hass: HomeAssistant, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing else is to be told."""
    asked: list[str] = []

    async def reach(_: HomeAssistant, url: str) -> str:
        asked.append(url)
        return "ok"

    monkeypatch.setattr("homeassistant.components.system_health.async_check_can_reach_url", reach)
    info = await look(hass)
    assert await info.pop("can_reach_server") == "ok"
    assert asked == ["https://l.oveit.com/api"]
    assert info == {"accounts": 0, "events": 0, "waiting": 0, "conflicts": 0}
