"""An account: its client, its ledger's file, and other entries that follow the same events."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any
from urllib.parse import urlsplit

from aiohttp import ClientSession
from homeassistant.config_entries import ConfigEntry
from homeassistant.const import CONF_EMAIL, CONF_PASSWORD, CONF_TOKEN
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers.aiohttp_client import async_get_clientsession
from homeassistant.util.hass_dict import HassKey

from .const import CONF_API_URL, CONF_EVENTS, CONF_FOLLOW_NEW, CONF_IGNORED_EVENTS, DOMAIN
from .core.client.api import OveitClient

DEFAULT_PORTS = {"http": 80, "https": 443}
DATA_LISTED: HassKey[dict[str, set[int]]] = HassKey(f"{DOMAIN}_listed_events")


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


def event_filter(options: Mapping[str, Any]) -> Callable[[int], bool]:
    """Return a function that tells whether the options of an entry follow an event."""
    chosen = {int(event_id) for event_id in options.get(CONF_EVENTS, ())}
    ignored = {int(event_id) for event_id in options.get(CONF_IGNORED_EVENTS, ())}
    follow_new: bool = options.get(CONF_FOLLOW_NEW, True)
    return lambda event_id: event_id in chosen or (follow_new and event_id not in ignored)


def is_same_address(one: str, other: str) -> bool:
    """Tell whether two spellings of an API address mean the same."""
    return _normalise(one) == _normalise(other)


def _normalise(url: str) -> tuple[str, str | None, int | None, list[str]]:
    """Return what counts of an address: scheme, host, port and the segments of the path."""
    parts = urlsplit(url)
    segments = [segment for segment in parts.path.split("/") if segment]
    return parts.scheme, parts.hostname, parts.port or DEFAULT_PORTS.get(parts.scheme), segments


@callback
def async_find_twins(
    hass: HomeAssistant, api_url: str, event_ids: Iterable[int], but: str | None = None
) -> list[ConfigEntry]:
    """Return the entries at an address, but one, that follow any of some events (C25).

    An entry follows what its account lists and its options select. Of one that has not been
    loaded since the start, the events chosen by name are known.
    """
    wanted = set(event_ids)
    return [
        entry
        for entry in hass.config_entries.async_entries(DOMAIN, include_ignore=False)
        if entry.entry_id != but
        and is_same_address(entry.data[CONF_API_URL], api_url)
        and any(map(event_filter(entry.options), wanted & _listed_events(hass, entry)))
    ]


def _listed_events(hass: HomeAssistant, entry: ConfigEntry) -> set[int]:
    """Return the events that an account was last seen to list, else those chosen by name."""
    chosen = {int(event_id) for event_id in entry.options.get(CONF_EVENTS, ())}
    return hass.data.get(DATA_LISTED, {}).get(entry.entry_id, chosen)


@callback
def async_note_listed(hass: HomeAssistant, entry: ConfigEntry, event_ids: set[int]) -> None:
    """Keep which events an account lists; other entries update when that has changed."""
    listed = hass.data.setdefault(DATA_LISTED, {})
    if listed.get(entry.entry_id) == event_ids:
        return
    listed[entry.entry_id] = event_ids
    for other in hass.config_entries.async_loaded_entries(DOMAIN):
        if other is not entry:
            other.runtime_data.async_update_listeners()
