"""The record of the quality scale has every rule, and says why where one is not kept."""

from pathlib import Path
import re

from tests.package import FOLDER, read_json, read_yaml

RULES = {
    "bronze": """action-setup appropriate-polling brands common-modules config-flow
        config-flow-test-coverage dependency-transparency docs-actions docs-conditions
        docs-high-level-description docs-installation-instructions docs-removal-instructions
        docs-triggers entity-event-setup entity-unique-id has-entity-name runtime-data
        test-before-configure test-before-setup unique-config-entry""",
    "silver": """action-exceptions config-entry-unloading docs-configuration-parameters
        docs-installation-parameters entity-unavailable integration-owner log-when-unavailable
        parallel-updates reauthentication-flow test-coverage""",
    "gold": """devices diagnostics discovery discovery-update-info docs-data-update docs-examples
        docs-known-limitations docs-supported-devices docs-supported-functions
        docs-troubleshooting docs-use-cases dynamic-devices entity-category entity-device-class
        entity-disabled-by-default entity-translations exception-translations icon-translations
        reconfiguration-flow repair-issues stale-devices""",
    "platinum": "async-dependency inject-websession strict-typing",
}
ROOT = FOLDER.parents[1]
RECORD = read_yaml("quality_scale.yaml")["rules"]


def status(rule: str) -> str:
    """Return how a rule stands."""
    entry = RECORD[rule]
    return entry if isinstance(entry, str) else entry["status"]


def test_all_54_rules_are_there() -> None:
    """20 bronze, 10 silver, 21 gold, 3 platinum."""
    rules = [rule for tier in RULES.values() for rule in tier.split()]
    assert [len(tier.split()) for tier in RULES.values()] == [20, 10, 21, 3]
    assert sorted(RECORD) == sorted(rules)


def test_every_rule_says_why() -> None:
    """A rule is done, exempt or still to do."""
    for rule, entry in RECORD.items():
        assert status(rule) in {"done", "exempt", "todo"}, rule
        assert len(entry["comment"]) > 10, rule


def test_the_evidence_exists() -> None:
    """Every test, section and file that is named."""
    named = [word.strip("(),.;") for entry in RECORD.values() for word in entry["comment"].split()]
    named = [word for word in named if re.search(r"\.(py|md)\b|^scripts/", word)]
    assert len(named) > 54
    for evidence in named:
        name, _, test = evidence.partition("::")
        name, _, section = name.partition("#")
        path = ROOT / name if (ROOT / name).exists() else FOLDER / name
        text = path.read_text()
        assert not test or f"def {test}(" in text, evidence
        headings = re.findall(r"^#+ (.+)$", text, re.MULTILINE)
        assert not section or section in map(slug, headings), evidence


def slug(heading: str) -> str:
    """Return a heading as links spell it."""
    return re.sub(r"[^\w -]", "", heading.casefold()).replace(" ", "-")


def test_what_the_files_can_tell_is_told_truly() -> None:
    """Only some rules can be seen from here."""
    manifest = read_json("manifest.json")
    sources = {path.name: path.read_text() for path in FOLDER.glob("*.py")}
    seen = {
        "brands": Path(FOLDER, "brand", "icon.png").exists(),
        "config-flow": manifest["config_flow"],
        "diagnostics": "async_get_config_entry_diagnostics" in sources["diagnostics.py"],
        "docs-conditions": (FOLDER / "conditions.yaml").exists(),
        "docs-triggers": (FOLDER / "triggers.yaml").exists(),
        "integration-owner": bool(manifest["codeowners"]),
        "reauthentication-flow": "async_step_reauth" in sources["config_flow.py"],
        "reconfiguration-flow": "async_step_reconfigure" in sources["config_flow.py"],
    }
    assert {rule: status(rule) == "done" for rule in seen} == seen
    platforms = [name for name, text in sources.items() if "AddConfigEntryEntitiesCallback" in text]
    assert all("PARALLEL_UPDATES = " in sources[name] for name in platforms if name != "entity.py")
