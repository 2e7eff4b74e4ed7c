"""The form of a gate: everything by name, what is rare in sections."""

from collections.abc import Iterable, Mapping
from enum import StrEnum
from typing import Any

from homeassistant.const import CONF_NAME
from homeassistant.data_entry_flow import section
from homeassistant.helpers.selector import (
    BooleanSelector,
    DeviceSelector,
    DeviceSelectorConfig,
    NumberSelector,
    NumberSelectorConfig,
    NumberSelectorMode,
    SelectOptionDict,
    SelectSelector,
    SelectSelectorConfig,
    SelectSelectorMode,
    TextSelector,
)
import voluptuous as vol

from .const import (
    CONF_ADDON_ID,
    CONF_CODE_FIELD,
    CONF_CREDENTIAL,
    CONF_DEADLINE,
    CONF_DIRECTION,
    CONF_EVENT_TYPE,
    CONF_EVENTS,
    CONF_MAX_LIST_AGE,
    CONF_OFFLINE,
    CONF_RE_ENTRY,
    CONF_READERS,
    CONF_REQUIRE_MAIN_ENTRY,
    CONF_SEVERAL,
    CONF_TAG_FORMAT,
    CONF_TICKET_TYPES,
    CONF_TURNSTILE,
    CONF_WITHIN_WINDOW,
)
from .core.codes import TagFormat
from .core.models import Direction, Event, OfflinePolicy, Several
from .gate_settings import DEFAULT_CODE_FIELD, DEFAULTS, Credential, ReEntry

CONF_LEARN = "learn"
SECTION_SOURCE = "other_source"
SECTION_RULES = "rules"
SECTION_CONNECTION = "connection"

SECTIONS = {
    SECTION_SOURCE: (CONF_EVENT_TYPE, CONF_CODE_FIELD),
    SECTION_RULES: (
        CONF_RE_ENTRY,
        CONF_SEVERAL,
        CONF_REQUIRE_MAIN_ENTRY,
        CONF_WITHIN_WINDOW,
        CONF_TURNSTILE,
    ),
    SECTION_CONNECTION: (CONF_DEADLINE, CONF_OFFLINE, CONF_MAX_LIST_AGE),
}


def gate_schema(events: Mapping[int, Event], known: Mapping[str, Any]) -> vol.Schema:
    """Return the form; what a gate is set to stays a choice when Oveit offers it no more."""
    offer = Offer(events.values())
    return vol.Schema(
        {
            vol.Required(CONF_NAME): TextSelector(),
            vol.Optional(CONF_READERS): DeviceSelector(DeviceSelectorConfig(multiple=True)),
            _required(CONF_CREDENTIAL): _select(CONF_CREDENTIAL, Credential),
            _required(CONF_TAG_FORMAT): _select(CONF_TAG_FORMAT, TagFormat),
            vol.Optional(CONF_LEARN, default=False): BooleanSelector(),
            _required(CONF_DIRECTION): _select(CONF_DIRECTION, Direction),
            vol.Optional(CONF_EVENTS): _choose(offer.events, known.get(CONF_EVENTS)),
            vol.Optional(CONF_TICKET_TYPES): _choose(offer.types, known.get(CONF_TICKET_TYPES)),
            vol.Optional(CONF_ADDON_ID): _choose_one(offer.addons, known.get(CONF_ADDON_ID)),
            **{
                vol.Optional(name): section(vol.Schema(fields), {"collapsed": True})
                for name, fields in _rare_fields().items()
            },
        }
    )


class Offer:
    """What Oveit offers at the moment, by id; with `ended`, also what it offered."""

    def __init__(self, events: Iterable[Event], *, ended: bool = False) -> None:
        """Name everything with the event it belongs to."""
        active = [event for event in events if event.active or ended]
        self.events = {event.id: event.name for event in active}
        self.types = {
            kind.id: f"{kind.name} · {event.name}"
            for event in active
            for kind in event.ticket_types
        }
        self.addons = {
            addon.id: f"{addon.name} · {kind.name} · {event.name}"
            for event in active
            for kind in event.ticket_types
            for addon in kind.addons
        }


def options_selector(options: Mapping[str, str]) -> SelectSelector:
    """Return a selector of values by their names."""
    return _selector(options, multiple=False, mode=SelectSelectorMode.LIST)


def offer_fields(offer: Offer, fields: Iterable[str]) -> dict[vol.Marker, Any]:
    """Return fields with nothing to choose but what Oveit offers."""
    selectors = {
        CONF_EVENTS: _choose(offer.events, None),
        CONF_TICKET_TYPES: _choose(offer.types, None),
        CONF_ADDON_ID: _choose_one(offer.addons, None),
    }
    return {vol.Optional(field): selectors[field] for field in fields}


def flatten(user_input: Mapping[str, Any]) -> dict[str, Any]:
    """Return what was typed, without sections."""
    flat = {key: value for key, value in user_input.items() if key not in SECTIONS}
    for name in SECTIONS:
        flat |= user_input.get(name, {})
    return flat


def nest(data: Mapping[str, Any]) -> dict[str, Any]:
    """Return settings as the form shows them."""
    shown = {**DEFAULTS, **data}
    shown |= {key: [str(item) for item in shown[key]] for key in (CONF_EVENTS, CONF_TICKET_TYPES)}
    shown[CONF_ADDON_ID] = str(shown[CONF_ADDON_ID]) if shown[CONF_ADDON_ID] else None
    for name, fields in SECTIONS.items():
        shown[name] = {field: shown.pop(field) for field in fields}
    return shown


def read_form(typed: Mapping[str, Any]) -> dict[str, Any]:
    """Return settings as a subentry keeps them."""
    data = {**DEFAULTS, **typed}
    data[CONF_NAME] = data[CONF_NAME].strip()
    data |= {key: [int(item) for item in data[key]] for key in (CONF_EVENTS, CONF_TICKET_TYPES)}
    data[CONF_ADDON_ID] = int(data[CONF_ADDON_ID]) if data[CONF_ADDON_ID] else None
    data[CONF_EVENT_TYPE] = (data[CONF_EVENT_TYPE] or "").strip() or None
    data[CONF_CODE_FIELD] = (data[CONF_CODE_FIELD] or "").strip() or DEFAULT_CODE_FIELD
    return {
        key: value.value if isinstance(value, StrEnum) else value for key, value in data.items()
    }


def _rare_fields() -> dict[str, dict[vol.Marker, Any]]:
    """Return the fields of each section."""
    return {
        SECTION_SOURCE: {
            vol.Optional(CONF_EVENT_TYPE): TextSelector(),
            vol.Optional(CONF_CODE_FIELD, default=DEFAULT_CODE_FIELD): TextSelector(),
        },
        SECTION_RULES: {
            _required(CONF_RE_ENTRY): _select(CONF_RE_ENTRY, ReEntry),
            _required(CONF_SEVERAL): _select(CONF_SEVERAL, Several),
            _required(CONF_REQUIRE_MAIN_ENTRY): BooleanSelector(),
            _required(CONF_WITHIN_WINDOW): BooleanSelector(),
            _required(CONF_TURNSTILE): BooleanSelector(),
        },
        SECTION_CONNECTION: {
            _required(CONF_DEADLINE): _number(0.5, 30, 0.5, "s"),
            _required(CONF_OFFLINE): _select(CONF_OFFLINE, OfflinePolicy),
            _required(CONF_MAX_LIST_AGE): _number(1, 168, 1, "h"),
        },
    }


def _required(field: str) -> vol.Required:
    """Return a field that is filled in already."""
    default = DEFAULTS[field]
    return vol.Required(field, default=default.value if isinstance(default, StrEnum) else default)


def _number(least: float, most: float, step: float, unit: str) -> NumberSelector:
    """Return a selector of a number."""
    return NumberSelector(
        NumberSelectorConfig(
            min=least,
            max=most,
            step=step,
            unit_of_measurement=unit,
            mode=NumberSelectorMode.BOX,
        )
    )


def _select(field: str, values: type[StrEnum]) -> SelectSelector:
    """Return a selector of one of a few words, translated."""
    return SelectSelector(
        SelectSelectorConfig(
            options=[value.value for value in values],
            translation_key=field,
            mode=SelectSelectorMode.DROPDOWN,
        )
    )


def _choose(offer: Mapping[int, str], kept: Iterable[Any] | None) -> SelectSelector:
    """Return a selector of several things by their names."""
    return _selector(_options(offer, kept or ()), multiple=True)


def _choose_one(offer: Mapping[int, str], kept: Any) -> SelectSelector:
    """Return a selector of one thing by its name."""
    return _selector(_options(offer, [kept] if kept else []), multiple=False)


def _options(offer: Mapping[int, str], kept: Iterable[Any]) -> dict[str, str]:
    """Return what can be chosen, and what is chosen though it is not on offer."""
    options = {str(key): name for key, name in offer.items()}
    return options | {str(key): f"? ({key})" for key in kept if str(key) not in options}


def _selector(
    options: Mapping[str, str],
    *,
    multiple: bool,
    mode: SelectSelectorMode = SelectSelectorMode.DROPDOWN,
) -> SelectSelector:
    """Return a selector of values by their names."""
    return SelectSelector(
        SelectSelectorConfig(
            options=[SelectOptionDict(value=key, label=name) for key, name in options.items()],
            multiple=multiple,
            mode=mode,
        )
    )
