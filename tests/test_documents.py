"""Whatever a person can meet, the documents tell of it."""

from collections.abc import Iterator
import json
from pathlib import Path
import re
import shutil
from typing import Any

from homeassistant.core import Context, HomeAssistant
from homeassistant.helpers.config_validation import SCRIPT_SCHEMA
from homeassistant.helpers.script import Script, async_validate_actions_config
from homeassistant.setup import async_setup_component
from homeassistant.util.yaml import parse_yaml
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry, async_mock_service
import yaml  # type: ignore[import-untyped]

from custom_components.oveit.core.gate_settings import DEFAULTS
from demo.venue import Venue
from tests.gates import open_gate, tagged

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "custom_components" / "oveit"
TEXTS = json.loads((PACKAGE / "translations" / "en.json").read_text())
DOCUMENTS = {path.name: path.read_text() for path in (ROOT / "README.md", *ROOT.glob("docs/*.md"))}
ALL = "\n".join(DOCUMENTS.values())
CODE = "\n".join(
    found[0] or found[1] for found in re.findall(r"```.*?\n(.*?)```|`([^`\n]+)`", ALL, re.DOTALL)
)
PROSE = " ".join(ALL.replace("*", "").replace("’", "'").split()).casefold()


EXAMPLES = {
    name: re.findall(r"```yaml\n(.*?)```", text, re.DOTALL) for name, text in DOCUMENTS.items()
}


BLUEPRINTS = sorted(ROOT.glob("blueprints/automation/oveit/*.yaml"))


def in_code(name: str) -> bool:
    """Tell whether a name stands somewhere as people type it."""
    return bool(re.search(rf"(?<![\w-]){re.escape(name)}(?![\w-])", CODE))


def in_prose(text: str) -> bool:
    """Tell whether a text stands somewhere, whatever its case."""
    return " ".join(text.replace("’", "'").split()).casefold() in PROSE


def read_yaml(name: str) -> dict[str, Any]:
    """Return a YAML file of the package."""
    read: dict[str, Any] = yaml.safe_load((PACKAGE / name).read_text())
    return read


def called() -> Iterator[tuple[str, str]]:
    """Yield actions, triggers and conditions with each of their fields."""
    for kind in ("services", "triggers", "conditions"):
        for name, described in read_yaml(f"{kind}.yaml").items():
            yield f"oveit.{name}", ""
            for field in (described or {}).get("fields", {}):
                yield f"oveit.{name}", field


def automations(document: str) -> list[dict[str, Any]]:
    """Return the automations that a document shows."""
    shown: list[Any] = []
    for example in EXAMPLES[document]:
        for part in re.split(r"^---$", example, flags=re.MULTILINE):
            if re.search(r"^triggers:|^- use_blueprint:", part, re.MULTILINE):
                read = yaml.safe_load(part)
                shown += read if isinstance(read, list) else [read]
    return shown


def inputs(tree: dict[str, Any]) -> Iterator[str]:
    """Yield the names of a blueprint's inputs, those in sections too."""
    for name, described in tree.items():
        if "input" in described:
            yield from inputs(described["input"])
        else:
            yield name


def gate_fields(texts: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield what a gate is set to: keys, and names in the form."""
    form = texts["step"]["user"]
    yield from form["data"].items()
    for section in form["sections"].values():
        yield from section["data"].items()


def spellings(default: Any) -> set[str]:
    """Return how a default may be written in a table."""
    if default in ([], None):
        return {"none", "all"}
    if default is False:
        return {"off"}
    return {f"`{default:g}`" if isinstance(default, int | float) else f"`{default}`"}


def labels(tree: dict[str, Any]) -> Iterator[str]:
    """Yield what the fields of a flow's forms are called."""
    for key, part in tree.items():
        if key == "data":
            yield from part.values()
        elif isinstance(part, dict):
            yield from labels(part)


def entities() -> Iterator[tuple[str, str]]:
    """Yield every entity's platform and name, the ticket type left out."""
    for platform, kinds in TEXTS["entity"].items():
        for kind in kinds.values():
            yield platform, kind.get("name", "gate").partition(" {")[0].casefold()


def attributes() -> Iterator[str]:
    """Yield the attributes that entities have texts for, and their event types."""
    for kinds in TEXTS["entity"].values():
        for kind in kinds.values():
            for name, texts in kind.get("state_attributes", {}).items():
                yield from texts.get("state", {}) if name == "event_type" else [name]


@pytest.mark.parametrize(("name", "field"), called())
def test_every_action_trigger_and_condition_is_told_with_its_fields(name: str, field: str) -> None:
    """As they are written in YAML."""
    assert in_code(name)
    assert not field or in_code(field)


@pytest.mark.parametrize("flow", ["config", "options", "config_subentries"])
def test_every_option_is_told(flow: str) -> None:
    """By the name that its form gives it."""
    assert [label for label in {*labels(TEXTS[flow])} if not in_prose(label)] == []


def test_every_choice_is_told() -> None:
    """By its name or by its value."""
    choices = {
        (selector, value, label)
        for selector, texts in TEXTS["selector"].items()
        for value, label in texts["options"].items()
    }
    missing = [one for one in choices if not in_code(one[1]) and not in_prose(one[2])]
    assert missing == []


@pytest.mark.parametrize(("platform", "name"), entities())
def test_every_entity_is_told(platform: str, name: str) -> None:
    """In a line that names its platform."""
    lines = [line.casefold() for line in ALL.splitlines() if f"`{platform}" in line]
    assert any(re.search(rf"\b{name}\b", line.replace("_", " ")) for line in lines)


def test_every_attribute_and_event_type_is_told() -> None:
    """As templates spell them."""
    assert [name for name in {*attributes()} if not in_code(name)] == []


@pytest.mark.parametrize("reason", TEXTS["selector"]["reason"]["options"])
@pytest.mark.parametrize("document", ["README.md", "troubleshooting.md"])
def test_every_reason_is_told(reason: str, document: str) -> None:
    """To the steward at the door, and to who looks for a fault."""
    assert f"`{reason}`" in DOCUMENTS[document]


@pytest.mark.parametrize("path", BLUEPRINTS, ids=lambda path: path.stem)
def test_every_blueprint_is_told(path: Path) -> None:
    """In both documents, by the name of its file; README has an example with each of its inputs."""
    assert f"`{path.stem}`" in DOCUMENTS["gates.md"]
    (example,) = (
        each["use_blueprint"]["input"]
        for each in automations("README.md")
        if "use_blueprint" in each and each["use_blueprint"]["path"].endswith(f"/{path.name}")
    )
    described: Any = parse_yaml(path.read_text())
    assert set(example) == set(inputs(described["blueprint"]["input"]))


@pytest.mark.parametrize(("key", "label"), gate_fields(TEXTS["config_subentries"]["gate"]))
def test_every_setting_of_a_gate_is_told_in_a_row(key: str, label: str) -> None:
    """With its name in the form, its default and an example."""
    (row,) = (line for line in DOCUMENTS["README.md"].splitlines() if line.startswith(f"| `{key}`"))
    _, named, meaning, default, example = (cell.strip() for cell in row.strip("|").split("|"))
    assert named == label.replace("’", "'")
    assert meaning
    assert example
    if key in DEFAULTS:
        assert default in spellings(DEFAULTS[key])


@pytest.mark.parametrize("document", ["README.md", "gates.md"])
async def test_every_automation_that_is_shown_is_valid(hass: HomeAssistant, document: str) -> None:
    """Home Assistant takes it as it stands."""
    shown = automations(document)
    assert shown
    target = Path(hass.config.path("blueprints/automation/oveit-home-assistant"))
    await hass.async_add_executor_job(shutil.copytree, BLUEPRINTS[0].parent, target)
    assert await async_setup_component(hass, "automation", {"automation": shown})
    await hass.async_block_till_done()
    states = hass.states.async_all("automation")
    assert [state.state for state in states] == ["on"] * len(shown)


def test_every_picture_and_page_that_is_linked_exists() -> None:
    """From where the link stands."""
    links = [
        (document.parent, link)
        for document in (ROOT / "README.md", *ROOT.glob("docs/*.md"))
        for link in re.findall(r"(?:\]\(|src=\")([^)#\s\"]+)", document.read_text())
        if "://" not in link
    ]
    assert links
    assert [link for folder, link in links if not (folder / link).exists()] == []


@pytest.mark.parametrize(
    ("tag_format", "sent", "tag"),
    [
        ("hex", "5E35ED9A", "5E35ED9A"),
        ("hex", "12345678", "12345678"),
        ("decimal", "68310696", "68310696"),
        ("decimal", 68310696, "68310696"),
        ("decimal", "041256A8", "68310696"),
        ("as_is", "68310696", "68310696"),
        ("as_is", "5e35ed9a", "5e35ed9a"),
    ],
)
async def test_the_example_of_a_reader_on_mqtt_works_with_every_tag_format(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    venue: Venue,
    tag_format: str,
    sent: str | int,
    tag: str,
) -> None:
    """Whether the reader sends letters or digits."""
    await open_gate(hass, entry, tag_format=tag_format)
    tagged(venue, tag)
    answers = async_mock_service(hass, "mqtt", "publish")
    (example,) = (each for each in EXAMPLES["gates.md"] if "venue/north/answer" in each)
    actions = SCRIPT_SCHEMA(yaml.safe_load(example)["actions"])
    script = Script(hass, await async_validate_actions_config(hass, actions), "example", "oveit")
    await script.async_run({"trigger": {"payload_json": {"uid": sent}}}, Context())
    assert [call.data["payload"] for call in answers] == ["green"]
