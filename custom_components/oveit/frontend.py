"""Serve the cards and the dashboard to Home Assistant's frontend."""

from hashlib import sha256
from pathlib import Path

from homeassistant.components.http import StaticPathConfig
from homeassistant.core import HomeAssistant
from homeassistant.setup import async_when_setup

from .const import DOMAIN

FILE = Path(__file__).with_name("frontend") / "oveit.js"
URL = f"/{DOMAIN}/{FILE.name}"


async def async_setup_frontend(hass: HomeAssistant) -> None:
    """Serve the cards, and load them in every browser once there is a frontend."""
    digest = await hass.async_add_executor_job(_digest)
    await hass.http.async_register_static_paths([StaticPathConfig(URL, str(FILE), True)])

    async def _async_load(hass: HomeAssistant, _: str) -> None:
        from homeassistant.components.frontend import add_extra_js_url

        add_extra_js_url(hass, f"{URL}?v={digest}")

    async_when_setup(hass, "frontend", _async_load)


def _digest() -> str:
    """Return a digest of the file, so that browsers fetch a changed one again."""
    return sha256(FILE.read_bytes()).hexdigest()[:12]
