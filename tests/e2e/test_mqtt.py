"""A wristband at an MQTT reader unlocks an MQTT door, through a real broker."""

import asyncio
from collections.abc import AsyncIterator
import json
from pathlib import Path
from typing import Any

import pytest

from demo.home_assistant import HomeAssistant
from demo.oveit_server import OveitServer
from tests.e2e.broker import MOSQUITTO, Broker, mosquitto
from tests.e2e.venue import add_account, device_id, give_wristbands, middle, own_time, spread

pytestmark = pytest.mark.skipif(MOSQUITTO is None, reason="needs mosquitto: apt install mosquitto")

FLOW = "/api/config/config_entries/flow"
GUESTS = 50
REST = 0.05


@pytest.fixture
async def broker(tmp_path: Path) -> AsyncIterator[Broker]:
    """Run a broker that knows two readers and two doors."""
    async with mosquitto(tmp_path) as broker:
        for side in ("north", "south"):
            reader, door = f"{side}_reader", f"{side}_door"
            topic, template = f"venue/{reader}", "{{ value_json.uid }}"
            broker.discover("tag", reader, topic=topic, value_template=template)
            command = {"command_topic": f"venue/{door}/set", "unique_id": door, "name": None}
            broker.discover("lock", door, **command)
            broker.listen(f"venue/{door}/set")
        yield broker


async def add_broker(home: HomeAssistant, broker: Broker) -> None:
    """Add the broker in Home Assistant's own flow."""
    flow = await home.post(FLOW, {"handler": "mqtt"})
    others = {"set_client_cert": False, "set_ca_cert": "off"}
    answer = {"broker": "127.0.0.1", "port": broker.port, "other_settings": others}
    flow = await home.post(f"{FLOW}/{flow['flow_id']}", answer)
    assert flow["type"] == "create_entry"
    await home.wait_for("lock.north_door")
    await home.wait_for("lock.south_door")


async def add_gate(home: HomeAssistant, server: OveitServer) -> None:
    """Set up a gate with the reader in the north; in the south any tag at all opens."""
    entry_id = await add_account(home, server)
    readers = [await device_id(home, "North reader")]
    await home.add_gate(entry_id, {"name": "North gate", "readers": readers})
    await home.wait_for("event.north_gate")
    admitted = {"trigger": "oveit.ticket_admitted", "target": {"entity_id": "event.north_gate"}}
    south = {"device_id": await device_id(home, "South reader")}
    scanned = {"trigger": "event", "event_type": "tag_scanned", "event_data": south}
    for side, trigger in (("north", admitted), ("south", scanned)):
        unlock = {"action": "lock.unlock", "target": {"entity_id": f"lock.{side}_door"}}
        pipeline: dict[str, Any] = {"triggers": [trigger], "actions": [unlock]}
        await home.automate(f"{side} opens", {**pipeline, "mode": "parallel", "max": 50})


async def hold(broker: Broker, side: str, tag: str) -> float:
    """Hold a tag to a reader at rest, and return how long its door takes to hear of it."""
    await asyncio.sleep(REST)
    at = broker.publish(f"venue/{side}_reader", json.dumps({"uid": tag}))
    topic, payload, heard = await broker.next()
    assert (topic, payload) == (f"venue/{side}_door/set", "UNLOCK")
    return heard - at


async def test_a_wristband_published_on_mqtt_unlocks_the_gates_door(
    home: HomeAssistant, server: OveitServer, broker: Broker
) -> None:
    """50 guests, one command each; strangers and second tries move no bolt."""
    wristbands = give_wristbands(server.venue, 3 * GUESTS + 1)
    warm_up, *tags = wristbands
    known, new, others = (tags[first : first + GUESTS] for first in (0, GUESTS, 2 * GUESTS))
    await add_broker(home, broker)
    await add_gate(home, server)
    await asyncio.sleep(1)
    await hold(broker, "south", warm_up)
    await hold(broker, "north", warm_up)

    plain, ours, at_first = [], [], []
    for place, (tag, stranger) in enumerate(zip(known, new, strict=True)):
        plain.append(await hold(broker, "south", tag))
        ours.append(await hold(broker, "north", tag))
        at_first.append(await hold(broker, "north", stranger))
        if place % 10 == 0:
            for refused in (f"0B{place:06X}", tag):
                broker.publish("venue/north_reader", json.dumps({"uid": refused}))
    with pytest.raises(TimeoutError):
        await broker.next(1)
    entries = [server.venue.entries(wristbands[tag].code) for tag in tags]
    assert entries == [1] * 2 * GUESTS + [0] * GUESTS

    oveit = await own_time(server, {tag: wristbands[tag] for tag in others}, pause=REST)
    print(f"\nreader to lock over MQTT, {GUESTS} tags: {spread(ours)}")
    print(f"tags that Home Assistant sees for the first time: {spread(at_first)}")
    print(f"an automation that only unlocks: {spread(plain)}")
    print(f"two bare requests to the pretend Oveit: {spread(oveit)}")
    added = middle(ours) - middle(plain)
    print(f"added by the gate: {added:.1f} ms, {added - middle(oveit):.1f} ms without the requests")
    log = home.log.read_text().splitlines()
    assert not [line for line in log if " ERROR " in line and "oveit" in line]
