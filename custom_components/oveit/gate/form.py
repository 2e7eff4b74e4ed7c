"""The form of a gate, made from the table of settings."""

from collections.abc import Iterable, Mapping
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
    Selector,
    SelectSelector,
    SelectSelectorConfig,
    SelectSelectorMode,
    TextSelector,
)
import voluptuous as vol

from ..core.gate_settings import (
    DEFAULTS,
    SETTINGS,
    Choice,
    Devices,
    Flag,
    Number,
    OfferedOne,
    OfferedSeveral,
    Section,
    Setting,
)
from ..core.models import Event

CONF_LEARN = "learn"
CONF_TAG_FORMAT = "tag_format"

type Offer = Mapping[str, Mapping[int, str]]


def gate_schema(events: Iterable[Event], known: Mapping[str, Any]) -> vol.Schema:
    """Return the form; what a gate is set to stays a choice when Oveit offers it no more."""
    offer = find_offer(events)
    fields: dict[vol.Marker, Any] = {vol.Required(CONF_NAME): TextSelector()}
    for setting in SETTINGS:
        if setting.section is None:
            fields |= offer_fields(offer, [setting], known)
        if setting.key == CONF_TAG_FORMAT:
            fields[vol.Optional(CONF_LEARN, default=False)] = BooleanSelector()
    for name in Section:
        rare = [setting for setting in SETTINGS if setting.section is name]
        schema = vol.Schema(offer_fields(offer, rare, known))
        fields[vol.Optional(name.value)] = section(schema, {"collapsed": True})
    return vol.Schema(fields)


def find_offer(events: Iterable[Event], *, ended: bool = False) -> Offer:
    """Return what Oveit offers for each setting, by id; with `ended`, also what it offered."""
    active = [event for event in events if event.active or ended]
    kinds = [(kind, event) for event in active for kind in event.ticket_types]
    return {
        "events": {event.id: event.name for event in active},
        "ticket_types": {kind.id: f"{kind.name} · {event.name}" for kind, event in kinds},
        "addon_id": {
            addon.id: f"{addon.name} · {kind.name} · {event.name}"
            for kind, event in kinds
            for addon in kind.addons
        },
    }


def offer_fields(
    offer: Offer, settings: Iterable[Setting], known: Mapping[str, Any]
) -> dict[vol.Marker, Selector[Any]]:
    """Return fields with nothing to choose but what Oveit offers, and what a gate is set to."""
    return {_marker(each): _selector(each, offer, known.get(each.key)) for each in settings}


def flatten(user_input: Mapping[str, Any]) -> dict[str, Any]:
    """Return what was typed, without sections."""
    flat = {key: value for key, value in user_input.items() if key not in Section}
    for name in Section:
        flat |= user_input.get(name, {})
    return flat


def nest(data: Mapping[str, Any]) -> dict[str, Any]:
    """Return settings as the form shows them."""
    shown: dict[str, Any] = {**data} | {name.value: {} for name in Section}
    for setting in SETTINGS:
        value = shown.pop(setting.key, setting.default)
        place = shown[setting.section] if setting.section else shown
        place[setting.key] = setting.show(value)
    return shown


def read_form(typed: Mapping[str, Any]) -> dict[str, Any]:
    """Return settings as a subentry keeps them."""
    trimmed = {key: each.strip() if isinstance(each, str) else each for key, each in typed.items()}
    data = {**DEFAULTS, **{key: each for key, each in trimmed.items() if each not in ("", None)}}
    stored = {setting.key: setting.store(data[setting.key]) for setting in SETTINGS}
    return {CONF_NAME: trimmed[CONF_NAME]} | stored


def options_selector(
    options: Mapping[str, str],
    *,
    multiple: bool = False,
    mode: SelectSelectorMode = SelectSelectorMode.LIST,
) -> SelectSelector:
    """Return a selector of values by their names."""
    return SelectSelector(
        SelectSelectorConfig(
            options=[SelectOptionDict(value=key, label=name) for key, name in options.items()],
            multiple=multiple,
            mode=mode,
        )
    )


def _marker(setting: Setting) -> vol.Marker:
    """Return the name of a field, filled in where an empty field would say nothing."""
    if isinstance(setting, Choice | Flag | Number):
        return vol.Required(setting.key, default=setting.default)
    if isinstance(setting.default, str):
        return vol.Optional(setting.key, default=setting.default)
    return vol.Optional(setting.key)


def _selector(setting: Setting, offer: Offer, known: Any) -> Selector[Any]:
    """Return the selector for a kind of setting."""
    match setting:
        case Devices():
            return DeviceSelector(DeviceSelectorConfig(multiple=True))
        case Choice():
            return SelectSelector(
                SelectSelectorConfig(
                    options=[word.value for word in setting.words],
                    translation_key=setting.key,
                    mode=SelectSelectorMode.DROPDOWN,
                )
            )
        case Flag():
            return BooleanSelector()
        case Number():
            return NumberSelector(
                NumberSelectorConfig(
                    min=setting.least,
                    max=setting.most,
                    step=setting.step,
                    unit_of_measurement=setting.unit,
                    mode=NumberSelectorMode.BOX,
                )
            )
        case OfferedOne():
            return _offered(offer[setting.key], [known] if known else [], multiple=False)
        case OfferedSeveral():
            return _offered(offer[setting.key], known or [], multiple=True)
    return TextSelector()


def _offered(offer: Mapping[int, str], kept: Iterable[Any], *, multiple: bool) -> SelectSelector:
    """Return a selector of what is on offer, and of what is chosen though it is not."""
    options = {str(key): name for key, name in offer.items()}
    options |= {str(key): f"? ({key})" for key in kept if str(key) not in options}
    return options_selector(options, multiple=multiple, mode=SelectSelectorMode.DROPDOWN)
