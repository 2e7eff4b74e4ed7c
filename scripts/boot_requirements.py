"""Print what Home Assistant would install by itself when it starts the demo or is measured."""

import ast
from collections.abc import Iterator
from importlib.util import find_spec
import json
from pathlib import Path
import sys

from homeassistant.const import Platform

DOMAINS = ("config", "conversation", "history", "logbook", "recorder", "rest", "sun")
ALWAYS_ON = {"CORE_INTEGRATIONS", "DEFAULT_INTEGRATIONS", "FRONTEND_INTEGRATIONS"}
NOT_PRELOADED = {"calendar", "todo"}


def home_assistant() -> Path:
    """Return the folder of the installed package, without importing all of it."""
    spec = find_spec("homeassistant")
    if spec is None or not spec.submodule_search_locations:
        sys.exit("Home Assistant is not installed")
    return Path(spec.submodule_search_locations[0])


def always_on(bootstrap: Path) -> Iterator[str]:
    """Read the domains that are started without being asked for from the source."""
    for node in ast.parse(bootstrap.read_text()).body:
        if isinstance(node, ast.Assign) and getattr(node.targets[0], "id", "") in ALWAYS_ON:
            for part in ast.walk(node.value):
                if isinstance(part, ast.Constant) and isinstance(part.value, str):
                    yield part.value


def manifests(components: Path, domains: set[str]) -> Iterator[dict[str, list[str]]]:
    """Walk the manifests of the domains and of all they depend on."""
    seen: set[str] = set()
    while waiting := domains - seen:
        domain = waiting.pop()
        seen.add(domain)
        file = components / domain / "manifest.json"
        if file.exists():
            manifest = json.loads(file.read_text())
            domains = domains | set(manifest.get("dependencies", []))
            yield manifest


def main() -> None:
    """Print the requirements, one on a line."""
    folder = home_assistant()
    platforms = {platform.value for platform in Platform} - NOT_PRELOADED
    domains = platforms | set(DOMAINS) | set(sys.argv[1:]) | set(always_on(folder / "bootstrap.py"))
    found = manifests(folder / "components", domains)
    print(*sorted({line for each in found for line in each.get("requirements", [])}), sep="\n")


if __name__ == "__main__":
    main()
