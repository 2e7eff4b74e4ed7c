"""The cards are what their sources build, small, and loaded by every browser."""

import gzip
from hashlib import sha256
from http import HTTPStatus
import json
from pathlib import Path
from typing import Any

from homeassistant.components import onboarding
from homeassistant.core import HomeAssistant
from homeassistant.setup import async_setup_component
from pytest_homeassistant_custom_component.common import MockConfigEntry
from pytest_homeassistant_custom_component.typing import ClientSessionGenerator

from custom_components.oveit.const import DOMAIN
from custom_components.oveit.frontend import FILE, URL

SOURCES = Path(__file__).parents[1] / "frontend"
LIMIT = 40_000


def recorded() -> dict[str, str]:
    """Return the sums that were written down when the cards were built."""
    lines = FILE.with_suffix(".sha256").read_text().splitlines()
    return {name: digest for digest, name in (line.split(maxsplit=1) for line in lines)}


def digest(path: Path) -> str:
    return sha256(path.read_bytes()).hexdigest()


def test_the_committed_cards_are_what_the_sources_build() -> None:
    others = ("package.json", "package-lock.json", "tsconfig.json", "vite.config.ts")
    files = [
        *filter(Path.is_file, (SOURCES / "src").rglob("*")),
        *(SOURCES / name for name in others),
    ]
    now = {path.relative_to(SOURCES).as_posix(): digest(path) for path in files}
    assert recorded() == now | {FILE.name: digest(FILE)}, "run scripts/build-frontend"


def test_the_cards_are_under_40_kilobytes_gzipped() -> None:
    assert len(gzip.compress(FILE.read_bytes())) < LIMIT


def test_the_cards_bring_all_they_need_and_ask_nobody_else() -> None:
    text = FILE.read_text()
    assert "import(" not in text
    assert 'from"' not in text.replace(" ", "")
    assert "fetch(" not in text


def test_every_npm_package_is_pinned_and_the_lock_names_no_registry() -> None:
    package = json.loads((SOURCES / "package.json").read_text())
    wanted = package["dependencies"] | package["devDependencies"]
    lock = json.loads((SOURCES / "package-lock.json").read_text())
    assert all(version[0].isdigit() for version in wanted.values())
    assert not [name for name, part in lock["packages"].items() if "resolved" in part]
    assert {name: lock["packages"][f"node_modules/{name}"]["version"] for name in wanted} == wanted


async def test_the_cards_are_served_and_may_be_kept_by_the_browser(
    hass: HomeAssistant, loaded: MockConfigEntry, hass_client_no_auth: ClientSessionGenerator
) -> None:
    client = await hass_client_no_auth()
    response = await client.get(URL)
    assert response.status == HTTPStatus.OK
    assert "javascript" in response.headers["Content-Type"]
    assert "max-age=" in response.headers["Cache-Control"]
    assert await response.read() == FILE.read_bytes()


async def test_a_browser_that_opens_home_assistant_loads_the_cards(
    hass: HomeAssistant,
    hass_client_no_auth: ClientSessionGenerator,
    hass_storage: dict[str, Any],
) -> None:
    hass_storage["onboarding"] = {"version": 4, "data": {"done": onboarding.const.STEPS}}
    assert await async_setup_component(hass, DOMAIN, {})
    assert await async_setup_component(hass, "frontend", {})
    await hass.async_block_till_done()
    client = await hass_client_no_auth()
    page = await (await client.get("/")).text()
    assert f"{URL}?v={digest(FILE)[:12]}" in page


async def test_without_a_frontend_the_integration_works_all_the_same(
    hass: HomeAssistant, loaded: MockConfigEntry
) -> None:
    assert "frontend" not in hass.config.components
    assert hass.states.get("sensor.lantern_night_tickets") is not None
