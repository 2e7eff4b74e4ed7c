"""The gates of the demo: two with a door, and an exit that is only counted."""

from typing import Any

from demo.home_assistant import HomeAssistant

VIP = 235
MAIN_DOOR, VIP_DOOR, WAY_OUT = "Main door", "VIP door", "Way out"
GATES: dict[str, dict[str, Any]] = {
    MAIN_DOOR: {"credential": "auto"},
    VIP_DOOR: {"credential": "auto", "ticket_types": [str(VIP)]},
    WAY_OUT: {"credential": "auto", "direction": "exit"},
}
BLUEPRINT = "oveit/tag_opens_door.yaml"
SECONDS_OPEN = 3


async def add_gates(home: HomeAssistant, entry_id: str) -> None:
    """Set up the gates in the integration's flow, and their doors with the blueprint."""
    for name, settings in GATES.items():
        await home.add_gate(entry_id, {"name": name, **settings})
    for name in (MAIN_DOOR, VIP_DOOR):
        inputs = {"gate": entity_id("event", name), "door": entity_id("lock", name)}
        blueprint = {"path": BLUEPRINT, "input": inputs | {"pulse": SECONDS_OPEN}}
        await home.automate(f"{name} opens", {"use_blueprint": blueprint})
    for name in GATES:
        await home.wait_for(entity_id("event", name))


def entity_id(domain: str, gate: str) -> str:
    """Return the entity id of a gate or its door."""
    return f"{domain}.{slug(gate)}"


def slug(name: str) -> str:
    """Return a name in the form of entity ids."""
    return name.lower().replace(" ", "_")


async def openings(home: HomeAssistant, gate: str) -> int:
    """Return how often the door of a gate was opened, zero without a door."""
    return int(await home.state(f"counter.{slug(gate)}_openings") or 0)
