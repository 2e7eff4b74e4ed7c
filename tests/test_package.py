"""What the code says and what the package's files hold is the same."""

from pathlib import Path
import struct
from typing import Any

from homeassistant.components.event import EventEntityDescription
from homeassistant.const import Platform
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import ConditionError, HomeAssistantError, Unauthorized
from homeassistant.helpers.entity import EntityDescription
from homeassistant.setup import async_setup_component
import pytest
import voluptuous as vol

from custom_components.oveit.const import DOMAIN
from custom_components.oveit.core.gate_settings import SETTINGS, Choice
from custom_components.oveit.core.models import Reason, Source
from custom_components.oveit.issues import ISSUES
from tests.package import CALLS, FOLDER, Call, leaves, placeholders, read_json, read_yaml

TEXTS = read_json("translations/en.json")
ICONS = read_json("icons.json")
SERVICES = read_yaml("services.yaml")
SOURCES = "\n".join(path.read_text() for path in FOLDER.rglob("*.py"))
TARGETS = {"area_id", "device_id", "entity_id", "floor_id", "label_id"}
FRAMEWORK_ABORTS = {"already_configured", "reauth_successful", "reconfigure_successful"}


def descriptions() -> dict[tuple[str, str], Call]:
    """Return where each entity is described, by platform and key of its texts."""
    found = {}
    for call in CALLS:
        kind = call.target
        if not isinstance(kind, type) or not issubclass(kind, EntityDescription):
            continue
        (platform,) = {
            base.__module__.split(".")[2]
            for base in kind.__mro__
            if base.__module__.startswith("homeassistant.components.")
        }
        for key in call.texts("translation_key") or call.texts("key"):
            found[platform, key] = call
    return found


ENTITIES = descriptions()


def raised() -> list[Call]:
    """Return the errors that are raised with a text."""
    return [
        call
        for call in CALLS
        if isinstance(call.target, type)
        and issubclass(call.target, HomeAssistantError)
        and call.has("translation_key")
    ]


def issues() -> list[Call]:
    """Return the repair issues that are raised."""
    return [
        call
        for call in CALLS
        if call.name == "async_create_issue" and not call.module.__name__.endswith("oveit.issues")
    ]


def test_every_entity_has_its_texts_and_every_text_its_entity() -> None:
    """By platform."""
    assert set(ENTITIES) == {
        (platform, key) for platform, keys in TEXTS["entity"].items() for key in keys
    }
    assert {platform for platform, _ in ENTITIES} <= set(Platform)


def test_every_entity_has_an_icon_or_a_device_class() -> None:
    """And no icon is left over."""
    icons = {(platform, key) for platform, keys in ICONS["entity"].items() for key in keys}
    assert icons <= set(ENTITIES)
    without = {key for key, call in ENTITIES.items() if not call.has("device_class")}
    assert without <= icons


def test_every_option_of_an_entity_has_a_text() -> None:
    """What an event tells, what a sensor or a selection may show."""
    told = 0
    for (platform, key), call in ENTITIES.items():
        texts = TEXTS["entity"][platform][key]
        if issubclass(call.target, EventEntityDescription):
            types = texts["state_attributes"]["event_type"]["state"]
            assert set(types) == call.texts("event_types"), key
            told += len(types)
        if call.has("options"):
            assert set(texts["state"]) == call.texts("options"), key
    assert told


def test_every_reason_and_source_has_a_text() -> None:
    """Wherever they are shown."""
    shown = [
        attributes
        for keys in TEXTS["entity"].values()
        for texts in keys.values()
        if {"reason", "source"} <= set(attributes := texts.get("state_attributes", {}))
    ]
    assert shown
    for attributes in shown:
        assert set(attributes["reason"]["state"]) == set(Reason)
        assert set(attributes["source"]["state"]) == set(Source)


def test_every_error_has_a_text_and_every_text_an_error() -> None:
    """In the user's language."""
    used = set[str]().union(*(call.texts("translation_key") for call in raised()))
    assert used <= set(TEXTS["exceptions"])
    for key in set(TEXTS["exceptions"]) - used:
        assert f'"{key}"' in SOURCES, key


def test_every_error_that_is_raised_has_a_text() -> None:
    """None is raised with words in the code; what voice says has its own files."""
    for call in raised():
        assert call.has("translation_domain")
        assert call.texts("translation_key"), f"{call.module.__name__}:{call.node.lineno}"
    bare = [
        f"{call.module.__name__}:{call.node.lineno}"
        for call in CALLS
        if isinstance(call.target, type)
        and issubclass(call.target, HomeAssistantError)
        and call.target.__module__.startswith("homeassistant.")
        and not issubclass(call.target, ConditionError)  # goes to the log and to traces
        and not issubclass(call.target, Unauthorized)  # Home Assistant's own words
        and not call.has("translation_key")
    ]
    assert bare == []


def test_every_issue_has_a_text_and_every_text_an_issue() -> None:
    """Those a person can fix have a flow."""
    used = set[str]().union(*(call.texts("translation_key") for call in issues()))
    assert used == set(TEXTS["issues"]) == set(ISSUES)
    for call in issues():
        assert call.texts("translation_key"), f"{call.module.__name__}:{call.node.lineno}"
    for key, texts in TEXTS["issues"].items():
        assert ("fix_flow" in texts) is ISSUES[key].is_fixable, key


@pytest.mark.parametrize("kind", ["exceptions", "issues"])
def test_every_placeholder_is_supplied(kind: str) -> None:
    """Where the text is used."""
    for call in raised() if kind == "exceptions" else issues():
        supplied = call.keys("translation_placeholders")
        for key in call.texts("translation_key"):
            assert placeholders(TEXTS[kind][key]) <= supplied, key


def test_every_placeholder_of_an_entity_is_supplied() -> None:
    """In its name."""
    for (platform, key), call in ENTITIES.items():
        wanted = placeholders(TEXTS["entity"][platform][key].get("name", ""))
        assert wanted <= call.keys("translation_placeholders"), key


def test_no_text_holds_a_reference_or_an_address() -> None:
    """Custom integrations have literal texts, and addresses are placeholders."""
    for path, text in leaves(TEXTS).items():
        assert text, path
        assert text == text.strip(), path
        assert "[%key" not in text, path
        assert "http://" not in text, path
        assert "https://" not in text.replace("https://,", "").replace("https://.", ""), path


def test_every_text_of_the_flow_is_used() -> None:
    """Steps and errors by their names in the code."""
    for flow in ("config", "options"):
        for step in TEXTS[flow]["step"]:
            assert f"async_step_{step}" in SOURCES, step
        for key in (*TEXTS[flow].get("error", ()), *TEXTS[flow].get("abort", ())):
            assert key in FRAMEWORK_ABORTS or f'"{key}"' in SOURCES, key


def test_every_abort_of_the_flow_has_a_text() -> None:
    """Ours, and those of Home Assistant."""
    aborts = [call for call in CALLS if call.name == "async_abort"]
    ours = {
        call: call.texts("reason")
        for call in aborts
        if call.module.__name__.endswith((".config_flow", ".options_flow"))
    }
    assert all(ours.values())
    texts = {*TEXTS["config"]["abort"], *TEXTS["options"]["abort"]}
    assert set[str]().union(*ours.values()) | FRAMEWORK_ABORTS == texts


def fields_of(action: dict[str, Any]) -> dict[str, Any]:
    """Return the fields of an action, out of their sections too."""
    fields: dict[str, Any] = {}
    for name, field in ((action or {}).get("fields") or {}).items():
        fields |= field["fields"] if "fields" in (field or {}) else {name: field}
    return fields


async def test_every_action_is_described(hass: HomeAssistant) -> None:
    """With texts, an icon, and exactly the fields it takes."""
    assert await async_setup_component(hass, DOMAIN, {})
    actions = hass.services.async_services_for_domain(DOMAIN)
    assert set(actions) == set(SERVICES) == set(TEXTS["services"]) == set(ICONS["services"])
    for name, action in actions.items():
        schema = action.schema
        assert isinstance(schema, vol.Schema)
        taken = {str(key) for key in schema.schema}
        if "target" in (SERVICES[name] or {}):
            taken -= TARGETS
        assert taken == set(fields_of(SERVICES[name])), name
        assert taken == set(TEXTS["services"][name]["fields"]), name
        for field, texts in TEXTS["services"][name]["fields"].items():
            assert set(texts) == {"name", "description"}, field


async def test_what_is_offered_is_what_is_taken(hass: HomeAssistant) -> None:
    """Defaults and limits of the form are those of the action."""
    assert await async_setup_component(hass, DOMAIN, {})
    tried = 0
    for name, action in hass.services.async_services_for_domain(DOMAIN).items():
        assert isinstance(action.schema, vol.Schema)
        validators = {str(key): (key, check) for key, check in action.schema.schema.items()}
        for field, form in fields_of(SERVICES[name]).items():
            key, check = validators[field]
            if "default" in form:
                assert key.default() == form["default"], field
            number = form["selector"].get("number") or {}
            for limit, beyond in (("min", -0.1), ("max", 0.1)):
                if limit in number:
                    vol.Schema(check)(number[limit])
                    with pytest.raises(vol.Invalid):
                        vol.Schema(check)(
                            number[limit] + (beyond if field == "deadline" else 10 * beyond)
                        )
                    tried += 1
            for option in (form["selector"].get("select") or {}).get("options", ()):
                vol.Schema(check)(option)
                tried += 1
    assert tried


def test_where_a_gate_may_be_the_target_no_field_is_filled_in_beforehand() -> None:
    """Home Assistant sends what it fills in, and a gate refuses what its settings decide."""
    calls = read_yaml("services.yaml") | read_yaml("triggers.yaml")
    forms = {name: form for name, form in calls.items() if "target" in (form or {})}
    assert {"checkin", "scan", "ticket_admitted", "ticket_refused"} <= set(forms)
    for name, form in forms.items():
        assert not [key for key, field in fields_of(form).items() if "default" in field], name


@pytest.mark.parametrize("kind", ["triggers", "conditions"])
def test_every_trigger_and_condition_is_described(kind: str) -> None:
    """With texts, an icon, and exactly the fields it takes."""
    forms = read_yaml(f"{kind}.yaml")
    assert set(forms) == set(TEXTS.get(kind, ())) == set(ICONS.get(kind, ()))
    for name, form in forms.items():
        assert set(fields_of(form)) == set(TEXTS[kind][name].get("fields", {})), name


def test_every_selector_has_its_texts_and_every_text_its_selector() -> None:
    """By the options it offers, where they stand in a form of an action or of a gate."""
    offered: dict[str, set[str]] = {
        setting.key: {*setting.words} for setting in SETTINGS if isinstance(setting, Choice)
    }
    for file in ("services", "triggers", "conditions"):
        for action in read_yaml(f"{file}.yaml").values():
            for field in fields_of(action).values():
                select = field["selector"].get("select") or {}
                if "translation_key" in select:
                    offered.setdefault(select["translation_key"], set()).update(select["options"])
    for key, options in offered.items():
        assert options <= set(TEXTS["selector"][key]["options"]), key
    for key, texts in TEXTS["selector"].items():
        assert key in offered or f'"{key}"' in SOURCES, key
        if set(texts["options"]) != offered.get(key):
            assert all(f'"{option}"' in SOURCES for option in texts["options"]), key


def test_the_manifest_names_what_home_assistant_wants() -> None:
    """Sorted, without a quality scale, which means nothing here."""
    manifest = read_json("manifest.json")
    keys = list(manifest)
    assert keys[:2] == ["domain", "name"]
    assert keys[2:] == sorted(keys[2:])
    assert manifest["domain"] == DOMAIN == FOLDER.name
    assert "quality_scale" not in manifest
    assert manifest["requirements"] == []
    assert manifest["iot_class"] == "cloud_polling"


def test_the_brand_has_its_icons() -> None:
    """Square, in both sizes."""
    for name, size in (("icon.png", 256), ("icon@2x.png", 512)):
        head = Path(FOLDER, "brand", name).read_bytes()[:24]
        assert head[:8] == b"\x89PNG\r\n\x1a\n"
        assert struct.unpack(">II", head[16:24]) == (size, size)
