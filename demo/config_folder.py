"""The configuration folder of a Home Assistant that listens on this machine only."""

import json
from pathlib import Path
import shutil
import sys
from typing import Any

ROOT = Path(__file__).parents[1]
DASHBOARD = "venue-doors"
CONFIGURATION = f"""\
homeassistant:
  name: Old Tram Depot
  packages:
    doors: !include doors.yaml
  country: GB
  currency: EUR
  language: en
  time_zone: UTC
  unit_system: metric

automation: !include automations.yaml
config:
conversation:
frontend:
history:
logbook:
scene: !include scenes.yaml
script: !include scripts.yaml
sun:

logger:
  default: info

recorder:
  commit_interval: 1

lovelace:
  dashboards:
    {DASHBOARD}:
      mode: yaml
      title: Doors
      icon: mdi:ticket-confirmation
      filename: dashboard.yaml
"""


def prepare(folder: Path, port: int, *, onboarded: bool) -> None:
    """Write the configuration, and link the integration into it."""
    files = {
        "automations.yaml": "[]\n",
        "configuration.yaml": CONFIGURATION,
        "dashboard.yaml": (ROOT / "demo" / "dashboard.yaml").read_text(),
        "doors.yaml": (ROOT / "demo" / "doors.yaml").read_text(),
        "scenes.yaml": "[]\n",
        "scripts.yaml": "{}\n",
    }
    linked = folder.resolve() / "custom_components"
    linked.mkdir(parents=True)
    (linked / "oveit").symlink_to((ROOT / linked.name / "oveit").relative_to(linked, walk_up=True))
    shutil.copytree(ROOT / "blueprints", folder / "blueprints")
    for name, text in files.items():
        (folder / name).write_text(text)
    store(folder, "http", 2, 2, http(port))
    store(folder, "frontend.system_data", 1, 1, {"core": {"default_panel": DASHBOARD}})
    if onboarded:
        steps = ["core_config", "analytics", "integration"]
        store(folder, "onboarding", 4, 1, {"done": steps})


def store(folder: Path, key: str, version: int, minor: int, data: dict[str, Any]) -> None:
    """Write a file in Home Assistant's storage."""
    content = {"version": version, "minor_version": minor, "key": key, "data": data}
    (folder / ".storage").mkdir(exist_ok=True)
    (folder / ".storage" / key).write_text(json.dumps(content))


def http(port: int) -> dict[str, Any]:
    """Return the settings of a server on the loopback interface only."""
    return {
        "stable": {
            "server_host": ["127.0.0.1"],
            "server_port": port,
            "cors_allowed_origins": [],
            "login_attempts_threshold": -1,
            "ip_ban_enabled": False,
            "ssl_profile": "modern",
            "use_x_frame_options": True,
            "created_at": "2026-01-01T00:00:00+00:00",
            "error": None,
            "error_message": None,
        },
        "pending": None,
        "yaml_migration_done": True,
    }


if __name__ == "__main__":
    prepare(Path(sys.argv[1]), int(sys.argv[2]), onboarded=False)
