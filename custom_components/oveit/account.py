"""An account's client, and where its ledger lies."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from aiohttp import ClientSession
from homeassistant.config_entries import ConfigEntry
from homeassistant.const import CONF_EMAIL, CONF_PASSWORD, CONF_TOKEN
from homeassistant.core import HomeAssistant
from homeassistant.helpers.aiohttp_client import async_get_clientsession
from homeassistant.helpers.storage import STORAGE_DIR

from .const import CONF_API_URL, DOMAIN
from .core.client.api import OveitClient


def create_client(
    hass: HomeAssistant, data: Mapping[str, Any], session: ClientSession | None = None
) -> OveitClient:
    """Return a client for the credentials of an entry or a flow."""
    return OveitClient(
        session or async_get_clientsession(hass),
        data[CONF_API_URL],
        token=data.get(CONF_TOKEN),
        email=data.get(CONF_EMAIL),
        password=data.get(CONF_PASSWORD),
        language=hass.config.language.partition("-")[0],
    )


def ledger_path(hass: HomeAssistant, entry: ConfigEntry) -> Path:
    """Return where an entry's ledger lies."""
    return Path(hass.config.path(STORAGE_DIR, f"{DOMAIN}.{entry.entry_id}.db"))
