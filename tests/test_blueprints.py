"""The shipped blueprints do what they promise, run as a person's automations."""

from collections.abc import AsyncIterator
from pathlib import Path
import shutil
from time import sleep
from typing import Any

from freezegun.api import FrozenDateTimeFactory
from homeassistant.const import STATE_UNAVAILABLE
from homeassistant.core import CoreState, Event, HomeAssistant, ServiceCall
from homeassistant.exceptions import HomeAssistantError
from homeassistant.setup import async_setup_component
import pytest
from pytest_homeassistant_custom_component.common import (
    MockConfigEntry,
    async_capture_events,
    async_fire_time_changed,
    async_mock_service,
)

from demo.oveit_server import OveitServer
from demo.venue import Venue
from tests.common import act
from tests.gates import (
    ENTRY,
    NORTH,
    TAG,
    VIP,
    Reader,
    make_reader,
    open_gate,
    set_mode,
    tagged,
)

ROOT = Path(__file__).parents[1]
FOLDER = ROOT / "blueprints" / "automation" / "oveit"
RELAY, CONTACT = "input_boolean.relay", "binary_sensor.contact"
FULL = "binary_sensor.lantern_night_capacity_reached"


@pytest.fixture
def reader(hass: HomeAssistant) -> Reader:
    """Return the reader at the gate."""
    return make_reader(hass)


@pytest.fixture
def notices(hass: HomeAssistant) -> list[ServiceCall]:
    """Return what was told."""
    return async_mock_service(hass, "test", "tell")


TELL = [{"action": "test.tell", "data": {"message": "{{ message }}"}}]


async def automate(
    hass: HomeAssistant, blueprint: str, *several: dict[str, Any], **inputs: Any
) -> None:
    """Use a blueprint, once or several times."""
    target = Path(hass.config.path("blueprints/automation/oveit"))
    await hass.async_add_executor_job(lambda: shutil.copytree(FOLDER, target, dirs_exist_ok=True))
    config = [
        {"use_blueprint": {"path": f"oveit/{blueprint}.yaml", "input": each}}
        for each in several or [inputs]
    ]
    assert await async_setup_component(hass, "automation", {"automation": config})
    await hass.async_block_till_done()
    automations = hass.states.async_entity_ids("automation")
    assert [state(hass, each) for each in automations] == ["on"] * len(config)


@pytest.fixture
async def relay(hass: HomeAssistant) -> str:
    """Return a switch that opens a door."""
    assert await async_setup_component(hass, "homeassistant", {})
    assert await async_setup_component(hass, "input_boolean", {"input_boolean": {"relay": {}}})
    return RELAY


@pytest.fixture
async def gate(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    frozen: FrozenDateTimeFactory,
    reader: Reader,
    relay: str,
) -> AsyncIterator[str]:
    """Return a gate with a reader, a relay and a closed door."""
    await open_gate(hass, entry, reader)
    hass.states.async_set(CONTACT, "off")
    yield NORTH
    for automation in hass.states.async_entity_ids("automation"):
        await hass.services.async_call(
            "automation", "turn_off", {"entity_id": automation}, blocking=True
        )
    await settle(hass)


async def settle(hass: HomeAssistant) -> None:
    """Let everything happen that happens now; a script may go on waiting."""
    for _ in range(40):
        await hass.async_add_executor_job(sleep, 0.01)


async def wait(hass: HomeAssistant, frozen: FrozenDateTimeFactory, seconds: float) -> None:
    """Let time pass."""
    frozen.tick(seconds)
    async_fire_time_changed(hass)
    await settle(hass)


def state(hass: HomeAssistant, entity_id: str = RELAY) -> str:
    """Return an entity's state."""
    return hass.states.get(entity_id).state


async def hold(hass: HomeAssistant, reader: Reader, tag: str = TAG) -> None:
    """Hold a tag to the reader without waiting for the door to close."""
    reader.send(tag)
    await settle(hass)


async def move(hass: HomeAssistant, shown: str) -> None:
    """Open or shut the door by hand."""
    hass.states.async_set(CONTACT, shown)
    await settle(hass)


def results(events: list[Event[Any]]) -> list[str]:
    """Return what the blueprint told of the door."""
    return [event.data["result"] for event in events]


def changes_of(events: list[Event[Any]], entity_id: str = RELAY) -> list[str]:
    """Return the states that an entity took on."""
    return [
        event.data["new_state"].state for event in events if event.data["entity_id"] == entity_id
    ]


@pytest.mark.parametrize("path", sorted(FOLDER.glob("*.yaml")), ids=lambda path: path.stem)
def test_a_blueprint_can_be_imported_by_its_address(path: Path) -> None:
    """It says where it comes from and what it needs."""
    text = path.read_text()
    assert (
        f"source_url: https://github.com/oveit-home-assistant/oveit/blob/main/{path.relative_to(FOLDER.parents[2])}"
        in text
    )
    assert "min_version: 2026.8.0" in text
    assert "domain: automation" in text


async def test_a_tag_opens_a_door_for_a_while(
    hass: HomeAssistant, gate: str, venue: Venue, reader: Reader, frozen: FrozenDateTimeFactory
) -> None:
    """A refused one does not."""
    await automate(hass, "tag_opens_door", gate=gate, door=RELAY)
    await hold(hass, reader, "BB000001")
    assert state(hass) == "off"
    tagged(venue)
    await hold(hass, reader)
    assert state(hass) == "on"
    await wait(hass, frozen, 6)
    assert state(hass) == "off"


@pytest.mark.parametrize(
    ("door", "opens", "closes"),
    [("lock.door", "unlock", "lock"), ("cover.door", "open_cover", "close_cover")],
)
async def test_a_lock_or_a_cover_is_a_door_too(
    hass: HomeAssistant,
    gate: str,
    venue: Venue,
    reader: Reader,
    frozen: FrozenDateTimeFactory,
    door: str,
    opens: str,
    closes: str,
) -> None:
    """Each is asked in its own way."""
    domain = door.partition(".")[0]
    hass.states.async_set(door, "open" if domain == "cover" else "unlocked")
    opened = async_mock_service(hass, domain, opens)
    closed = async_mock_service(hass, domain, closes)
    await automate(hass, "tag_opens_door", gate=gate, door=door)
    tagged(venue)
    await hold(hass, reader)
    assert [call.data["entity_id"] for call in opened] == [[door]]
    assert closed == []
    await wait(hass, frozen, 6)
    assert [call.data["entity_id"] for call in closed] == [[door]]


@pytest.mark.parametrize(
    ("tag", "colour", "sound"), [(TAG, "green", "yes"), ("BB000001", "red", "no")]
)
async def test_light_and_sound_tell_yes_and_no(
    hass: HomeAssistant,
    gate: str,
    venue: Venue,
    reader: Reader,
    frozen: FrozenDateTimeFactory,
    notices: list[ServiceCall],
    tag: str,
    colour: str,
    sound: str,
) -> None:
    """The light goes out again."""
    on = async_mock_service(hass, "light", "turn_on")
    off = async_mock_service(hass, "light", "turn_off")
    tagged(venue)
    await automate(
        hass,
        "tag_opens_door",
        gate=gate,
        door=RELAY,
        light=["light.north"],
        sound_yes=[{"action": "test.tell", "data": {"message": "yes"}}],
        sound_no=[{"action": "test.tell", "data": {"message": "no"}}],
    )
    await hold(hass, reader, tag)
    assert [call.data["color_name"] for call in on] == [colour]
    assert [call.data["message"] for call in notices] == [sound]
    await wait(hass, frozen, 6)
    assert len(off) == 1


async def test_g1_a_door_that_fails_is_told(
    hass: HomeAssistant,
    gate: str,
    venue: Venue,
    reader: Reader,
    frozen: FrozenDateTimeFactory,
    notices: list[ServiceCall],
) -> None:
    """The guest is checked in, so a steward has to know."""
    events = async_capture_events(hass, "oveit_door")
    hass.states.async_set("lock.door", STATE_UNAVAILABLE)

    async def _fail(_: ServiceCall) -> None:
        raise HomeAssistantError("The lock does not answer")

    hass.services.async_register("lock", "unlock", _fail)
    async_mock_service(hass, "lock", "lock")
    await automate(hass, "tag_opens_door", gate=gate, door="lock.door", door_failed=TELL)
    ticket = tagged(venue)
    await hold(hass, reader)
    await wait(hass, frozen, 3)
    await wait(hass, frozen, 6)
    assert venue.entries(ticket.code) == 1
    assert results(events) == ["opening", "door_failed"]
    assert "lock.door did not open" in notices[0].data["message"]


async def test_g1_a_door_is_closed_though_telling_of_its_failure_fails(
    hass: HomeAssistant, gate: str, venue: Venue, reader: Reader, frozen: FrozenDateTimeFactory
) -> None:
    """It may only have been slow to open."""

    async def _fail(_: ServiceCall) -> None:
        raise HomeAssistantError("The phone cannot be reached")

    hass.services.async_register("test", "tell", _fail)
    hass.states.async_set("lock.door", "locked")
    async_mock_service(hass, "lock", "unlock")
    closed = async_mock_service(hass, "lock", "lock")
    await automate(hass, "tag_opens_door", gate=gate, door="lock.door", door_failed=TELL)
    tagged(venue)
    await hold(hass, reader)
    await wait(hass, frozen, 3)
    await wait(hass, frozen, 6)
    assert len(closed) == 1


async def test_g1_a_door_is_closed_though_it_does_not_answer_the_second_guest(
    hass: HomeAssistant, gate: str, venue: Venue, reader: Reader, frozen: FrozenDateTimeFactory
) -> None:
    """The first guest's opening was handed over to the second's."""
    calls: list[ServiceCall] = []
    held = hass.loop.create_future()

    async def _unlock(call: ServiceCall) -> None:
        calls.append(call)
        if len(calls) == 2:
            await held

    hass.services.async_register("lock", "unlock", _unlock)
    closed = async_mock_service(hass, "lock", "lock")
    hass.states.async_set("lock.door", "unlocked")
    await automate(hass, "tag_opens_door", gate=gate, door="lock.door")
    for place in (1, 2):
        tagged(venue, f"AA00000{place}", place=place)
        await hold(hass, reader, f"AA00000{place}")
    await wait(hass, frozen, 6)
    held.cancel()
    assert (len(calls), len(closed)) == (2, 1)


async def test_g2_a_guest_who_did_not_get_through_tries_again(
    hass: HomeAssistant,
    gate: str,
    venue: Venue,
    server: OveitServer,
    reader: Reader,
    frozen: FrozenDateTimeFactory,
    notices: list[ServiceCall],
) -> None:
    """The same wristband opens again within the grace, without Oveit marking anything."""
    events = async_capture_events(hass, "oveit_door")
    await automate(
        hass, "tag_opens_door", gate=gate, door=RELAY, contact=[CONTACT], not_passed=TELL
    )
    ticket = tagged(venue)
    await hold(hass, reader)
    await wait(hass, frozen, 6)
    assert state(hass) == "off"
    assert results(events) == ["opening", "not_passed"]
    assert len(notices) == 1
    await hold(hass, reader)
    assert state(hass) == "on"
    hass.states.async_set(CONTACT, "on")
    await wait(hass, frozen, 1)
    hass.states.async_set(CONTACT, "off")
    await wait(hass, frozen, 6)
    assert state(hass) == "off"
    assert results(events) == ["opening", "not_passed", "opening"]
    assert len(notices) == 1
    await hold(hass, reader)
    assert state(hass) == "off"
    assert len(server.requests_to("tickets/checkin")) == 1
    assert venue.entries(ticket.code) == 1


async def test_g2_a_second_try_comes_too_late(
    hass: HomeAssistant, gate: str, venue: Venue, reader: Reader, frozen: FrozenDateTimeFactory
) -> None:
    """The wristband may be somebody else's by then."""
    await automate(hass, "tag_opens_door", gate=gate, door=RELAY, contact=[CONTACT], grace=30)
    tagged(venue)
    await hold(hass, reader)
    await wait(hass, frozen, 40)
    await hold(hass, reader)
    assert state(hass) == "off"


async def test_g2_a_second_try_during_the_pulse_makes_it_longer(
    hass: HomeAssistant, gate: str, venue: Venue, reader: Reader, frozen: FrozenDateTimeFactory
) -> None:
    """Nobody is said to have stayed outside until the second try is over, too."""
    events = async_capture_events(hass, "oveit_door")
    await automate(hass, "tag_opens_door", gate=gate, door=RELAY, contact=[CONTACT], pulse=10)
    tagged(venue)
    await hold(hass, reader)
    await wait(hass, frozen, 8)
    await hold(hass, reader)
    await wait(hass, frozen, 8)
    assert (state(hass), results(events)) == ("on", ["opening", "opening"])
    await wait(hass, frozen, 3)
    assert (state(hass), results(events)) == ("off", ["opening", "opening", "not_passed"])


async def test_g2_a_look_is_no_second_try(
    hass: HomeAssistant, gate: str, venue: Venue, reader: Reader, frozen: FrozenDateTimeFactory
) -> None:
    """The gate only scans by then."""
    await automate(hass, "tag_opens_door", gate=gate, door=RELAY, contact=[CONTACT])
    tagged(venue)
    await hold(hass, reader)
    await wait(hass, frozen, 6)
    await set_mode(hass, "scan_only")
    await hold(hass, reader)
    assert state(hass, "sensor.north_gate_last_result") == "already_checked_in"
    assert state(hass) == "off"


async def test_g3_an_open_door_is_left_alone(
    hass: HomeAssistant, gate: str, venue: Venue, reader: Reader, frozen: FrozenDateTimeFactory
) -> None:
    """The guest is checked in, the relay is neither pulsed nor, where a person set it, reset."""
    hass.states.async_set(CONTACT, "on")
    await automate(hass, "tag_opens_door", gate=gate, door=RELAY, contact=[CONTACT])
    ticket = tagged(venue)
    changes = async_capture_events(hass, "state_changed")
    await hold(hass, reader)
    assert state(hass) == "off"
    assert venue.entries(ticket.code) == 1
    await hass.services.async_call("homeassistant", "turn_on", {"entity_id": RELAY}, blocking=True)
    tagged(venue, "AA000002", place=2)
    await hold(hass, reader, "AA000002")
    await wait(hass, frozen, 10)
    assert changes_of(changes) == ["on"]


async def test_g4_a_restart_during_the_pulse_closes_the_door(
    hass: HomeAssistant, gate: str
) -> None:
    """Nobody else would."""
    await hass.services.async_call("homeassistant", "turn_on", {"entity_id": RELAY}, blocking=True)
    hass.set_state(CoreState.not_running)
    await automate(hass, "tag_opens_door", gate=gate, door=RELAY)
    assert state(hass) == "on"
    await hass.async_start()
    await settle(hass)
    assert state(hass) == "off"


@pytest.mark.parametrize(("on_stop", "shown"), [("close", "off"), ("open", "on")])
async def test_g5_a_door_is_left_as_it_should_be_when_home_assistant_stops(
    hass: HomeAssistant, gate: str, on_stop: str, shown: str
) -> None:
    """Locked, or open for whoever is inside."""
    service = "turn_on" if shown == "off" else "turn_off"
    await hass.services.async_call("homeassistant", service, {"entity_id": RELAY}, blocking=True)
    await automate(hass, "tag_opens_door", gate=gate, door=RELAY, on_stop=on_stop)
    states: list[str] = []
    hass.bus.async_listen(
        "state_changed",
        lambda event: (
            states.append(event.data["new_state"].state)
            if event.data["entity_id"] == RELAY and event.data["new_state"]
            else None
        ),
    )
    await hass.async_stop()
    assert states[:1] == [shown]


async def test_g7_an_admission_without_oveit_has_its_own_colour(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    gate: str,
    venue: Venue,
    server: OveitServer,
    reader: Reader,
    frozen: FrozenDateTimeFactory,
) -> None:
    """Amber: decided here."""
    on = async_mock_service(hass, "light", "turn_on")
    async_mock_service(hass, "light", "turn_off")
    tagged(venue)
    await act(hass, "scan", rfid_code=TAG)
    server.faults.set("*", "drop_before")
    await automate(hass, "tag_opens_door", gate=gate, door=RELAY, light=["light.north"])
    await hold(hass, reader)
    assert [call.data["color_name"] for call in on] == ["orange"]
    assert state(hass) == "on"


async def test_g6_guests_in_a_row_get_one_longer_opening(
    hass: HomeAssistant, gate: str, venue: Venue, reader: Reader, frozen: FrozenDateTimeFactory
) -> None:
    """The relay does not drop between them; each has an entry of their own."""
    changes = async_capture_events(hass, "state_changed")
    await automate(hass, "tag_opens_door", gate=gate, door=RELAY)
    tickets = [tagged(venue, f"AA00000{place}", place=place) for place in (1, 2, 3)]
    for place in (1, 2, 3):
        await hold(hass, reader, f"AA00000{place}")
        assert state(hass) == "on"
        await wait(hass, frozen, 3)
    assert state(hass) == "on"
    await wait(hass, frozen, 3)
    assert state(hass) == "off"
    assert changes_of(changes) == ["on", "off"]
    assert all(venue.entries(ticket.code) == 1 for ticket in tickets)


@pytest.mark.parametrize("shut", [True, False], ids=["shut behind them", "held open"])
async def test_g6_a_guest_who_comes_while_the_door_is_open_makes_the_opening_longer(
    hass: HomeAssistant,
    gate: str,
    venue: Venue,
    reader: Reader,
    frozen: FrozenDateTimeFactory,
    shut: bool,
) -> None:
    """It is locked in the end, whether or not somebody still holds the door open."""
    changes = async_capture_events(hass, "state_changed")
    await automate(hass, "tag_opens_door", gate=gate, door=RELAY, contact=[CONTACT])
    for place in (1, 2, 3):
        tagged(venue, f"AA00000{place}", place=place)
    await hold(hass, reader, "AA000001")
    await move(hass, "on")
    for tag in ("AA000002", "AA000003"):
        await wait(hass, frozen, 4)
        await hold(hass, reader, tag)
    await wait(hass, frozen, 4)
    if shut:
        await move(hass, "off")
    assert changes_of(changes) == ["on"]
    await wait(hass, frozen, 2)
    assert changes_of(changes) == ["on", "off"]
    await wait(hass, frozen, 60)
    assert changes_of(changes) == ["on", "off"]


async def test_g6_a_door_that_opens_and_shuts_between_guests_is_closed_once(
    hass: HomeAssistant, gate: str, venue: Venue, reader: Reader, frozen: FrozenDateTimeFactory
) -> None:
    """Each who finds it shut has it opened, the last of them is who closes it."""
    hass.states.async_set("lock.door", "unlocked")
    opened = async_mock_service(hass, "lock", "unlock")
    closed = async_mock_service(hass, "lock", "lock")
    events = async_capture_events(hass, "oveit_door")
    await automate(hass, "tag_opens_door", gate=gate, door="lock.door", contact=[CONTACT])
    doors = ["off", "on", "on", "off", "on", "off", "off"]
    for place, contact in enumerate(doors):
        await move(hass, contact)
        tagged(venue, f"AA00000{place}", place=place)
        await hold(hass, reader, f"AA00000{place}")
        await wait(hass, frozen, 3)
    assert (len(opened), len(closed)) == (doors.count("off"), 0)
    await wait(hass, frozen, 3)
    assert (len(opened), len(closed)) == (doors.count("off"), 1)
    told = ["already_open" if contact == "on" else "opening" for contact in doors]
    assert results(events) == [*told, "not_passed"]


async def test_two_doors_of_one_gate_are_closed_each_by_its_own_automation(
    hass: HomeAssistant, gate: str, venue: Venue, reader: Reader, frozen: FrozenDateTimeFactory
) -> None:
    """What one tells of its door is nothing to the other."""
    closed = {}
    for domain in ("lock", "cover"):
        hass.states.async_set(f"{domain}.door", "unlocked" if domain == "lock" else "open")
        async_mock_service(hass, domain, {"lock": "unlock", "cover": "open_cover"}[domain])
        closes = {"lock": "lock", "cover": "close_cover"}[domain]
        closed[domain] = async_mock_service(hass, domain, closes)
    await automate(
        hass,
        "tag_opens_door",
        {"gate": gate, "door": "lock.door", "contact": [CONTACT]},
        {"gate": gate, "door": "cover.door"},
    )
    for place, contact in ((1, "off"), (2, "on")):
        await move(hass, contact)
        tagged(venue, f"AA00000{place}", place=place)
        await hold(hass, reader, f"AA00000{place}")
    await wait(hass, frozen, 6)
    assert {domain: len(calls) for domain, calls in closed.items()} == {"lock": 1, "cover": 1}


async def test_a_look_opens_no_door(
    hass: HomeAssistant, gate: str, venue: Venue, reader: Reader
) -> None:
    """B13: the gate only scans."""
    await set_mode(hass, "scan_only")
    await automate(hass, "tag_opens_door", gate=gate, door=RELAY)
    tagged(venue)
    await hold(hass, reader)
    assert state(hass) == "off"


async def test_x9_in_free_flow_the_door_opens_for_everyone(
    hass: HomeAssistant, gate: str, reader: Reader
) -> None:
    """A tag that nobody knows."""
    await set_mode(hass, "free_flow")
    await automate(hass, "tag_opens_door", gate=gate, door=RELAY)
    await hold(hass, reader)
    assert state(hass) == "on"


async def test_a_vip_is_announced(
    hass: HomeAssistant, gate: str, venue: Venue, reader: Reader, notices: list[ServiceCall]
) -> None:
    """Nobody else is."""
    await automate(hass, "vip_notice", gates=[gate], actions=TELL)
    tagged(venue, "AA000001", ENTRY)
    tagged(venue, "AA000002", VIP)
    await reader.scan("AA000001")
    await reader.scan("AA000002")
    assert [call.data["message"] for call in notices] == ["VIP at North gate (Lantern Night)"]


async def test_of_several_tickets_on_a_tag_the_vips_are_announced(
    hass: HomeAssistant, gate: str, notices: list[ServiceCall]
) -> None:
    """Neither others, nor those that were refused."""
    await automate(
        hass, "vip_notice", gates=[gate], ticket_types=["vip", " Crew", "Press"], actions=TELL
    )
    first = {"event_type": "admitted", "reason": "checked_in", "ticket_type": "VIP"}
    others = [
        {"reason": "already_checked_in", "ticket_type": "Press"},
        {"reason": "checked_in", "ticket_type": "Entry"},
        {"reason": "checked_in", "ticket_type": "Crew"},
    ]
    told = {**first, "others": others, "event": "Lantern Night", "friendly_name": "North gate"}
    hass.states.async_set(gate, "2026-11-24T18:02:11.000+00:00", told)
    await settle(hass)
    assert [call.data["message"] for call in notices] == ["VIP, Crew at North gate (Lantern Night)"]


async def test_a_gate_that_is_down_is_told_and_when_it_is_back(
    hass: HomeAssistant,
    gate: str,
    reader: Reader,
    frozen: FrozenDateTimeFactory,
    notices: list[ServiceCall],
) -> None:
    """A moment's absence is not."""
    await automate(
        hass, "gate_down_notice", watched=[gate, reader.entity_id], lines=[], actions=TELL
    )
    await reader.become(STATE_UNAVAILABLE)
    await wait(hass, frozen, 30)
    await reader.become("here")
    assert notices == []
    await reader.become(STATE_UNAVAILABLE)
    await wait(hass, frozen, 61)
    assert len(notices) == 1
    assert "has been gone since" in notices[0].data["message"]
    await reader.become("here")
    assert notices[1].data["message"].endswith("is back")


async def test_a_full_event_closes_its_gates(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    venue: Venue,
    reader: Reader,
    notices: list[ServiceCall],
) -> None:
    """And opens them when somebody has left."""
    out = make_reader(hass, "Exit reader")
    await open_gate(hass, entry, reader)
    await open_gate(hass, entry, out, name="Exit", direction="exit")
    capacity = int(state(hass, "sensor.lantern_night_inside")) + 2
    await hass.services.async_call(
        "number",
        "set_value",
        {"entity_id": "number.lantern_night_capacity", "value": capacity},
        blocking=True,
    )
    assert state(hass, FULL) == "off"
    await automate(
        hass, "capacity_reached", capacity=FULL, gates=["select.north_gate_mode"], actions=TELL
    )
    for place in (1, 2, 3):
        tagged(venue, f"AA00000{place}", place=place)

    async def _go(gate: Reader, tag: str) -> None:
        await hold(hass, gate, tag)
        await hass.services.async_call("oveit", "sync", {}, blocking=True)
        await settle(hass)

    await _go(reader, "AA000001")
    await _go(reader, "AA000002")
    assert state(hass, FULL) == "on"
    assert state(hass, "select.north_gate_mode") == "closed"
    await _go(reader, "AA000003")
    assert state(hass, "sensor.north_gate_last_result") == "gate_closed"
    await _go(out, "AA000001")
    assert state(hass, "select.north_gate_mode") == "open_for_tickets"
    assert [call.data["message"].partition(":")[0] for call in notices] == [
        "Full",
        "There is room again",
    ]


async def test_x9_a_full_event_closes_no_gate_in_free_flow(
    hass: HomeAssistant, gate: str, entry: MockConfigEntry
) -> None:
    """Nor does room again end it; the other gate closes and opens."""
    mode = "select.north_gate_mode"
    await open_gate(hass, entry, name="South gate")
    await set_mode(hass, "free_flow")
    told = {"warning": True, "inside": 10, "capacity": 10}
    hass.states.async_set("binary_sensor.full", "off", told)
    gates = [mode, "select.south_gate_mode"]
    await automate(hass, "capacity_reached", capacity="binary_sensor.full", gates=gates)
    modes = []
    for full in ("on", "off"):
        hass.states.async_set("binary_sensor.full", full, told)
        await settle(hass)
        modes.append([state(hass, each) for each in gates])
    assert modes == [["free_flow", "closed"], ["free_flow", "open_for_tickets"]]


FILLED = "binary_sensor.full"
NUMBERS = {"warning": True, "inside": 10, "capacity": 10}
GATES = [f"select.{side}_gate_mode" for side in ("north", "south", "east")]


@pytest.fixture
async def gates(hass: HomeAssistant, gate: str, entry: MockConfigEntry) -> list[str]:
    """Return the modes of three gates of an event that is not full yet."""
    await open_gate(hass, entry, name="South gate")
    await open_gate(hass, entry, name="East gate")
    await fill(hass, "off")
    return GATES


async def fill(hass: HomeAssistant, *states: str) -> None:
    """Let an event become full, or people leave it."""
    for each in states:
        hass.states.async_set(FILLED, each, NUMBERS)
        await settle(hass)


def modes(hass: HomeAssistant) -> list[str]:
    """Return what the gates do."""
    return [state(hass, each) for each in GATES]


async def test_room_again_opens_only_the_gates_that_were_closed_for_it(
    hass: HomeAssistant, gates: list[str], notices: list[ServiceCall]
) -> None:
    """What a steward closed before, or only scans, stays so, and is told."""
    await set_mode(hass, "closed", GATES[1])
    await set_mode(hass, "scan_only", GATES[2])
    await automate(hass, "capacity_reached", capacity=FILLED, gates=gates, actions=TELL)
    for _ in range(2):
        await fill(hass, "on")
        assert modes(hass) == ["closed", "closed", "scan_only"]
        await fill(hass, "off")
        assert modes(hass) == ["open_for_tickets", "closed", "scan_only"]
    assert notices[1].data["message"] == (
        "There is room again: 10 of 10 inside; still closed: South gate"
    )


async def test_a_gate_that_a_steward_has_set_since_the_event_is_full_stays_so(
    hass: HomeAssistant, gates: list[str]
) -> None:
    """Free flow is not ended by room."""
    await automate(hass, "capacity_reached", capacity=FILLED, gates=gates)
    await fill(hass, "on")
    await set_mode(hass, "free_flow", GATES[2])
    await fill(hass, "off")
    assert modes(hass) == ["open_for_tickets", "open_for_tickets", "free_flow"]


async def test_room_again_opens_the_gates_though_the_event_was_away_meanwhile(
    hass: HomeAssistant, gates: list[str], notices: list[ServiceCall]
) -> None:
    """A reload of the integration is no news of the event."""
    await automate(hass, "capacity_reached", capacity=FILLED, gates=gates, actions=TELL)
    await fill(hass, "on", "unavailable", "unknown", "on", "off")
    assert modes(hass) == ["open_for_tickets"] * 3
    assert [call.data["message"] for call in notices] == [
        "Full: 10 of 10 inside",
        "There is room again: 10 of 10 inside",
    ]


async def test_room_again_opens_the_gates_though_telling_failed(
    hass: HomeAssistant, gates: list[str]
) -> None:
    """A phone that cannot be reached keeps nobody out."""

    async def _fail(_: ServiceCall) -> None:
        raise HomeAssistantError("The phone cannot be reached")

    hass.services.async_register("test", "tell", _fail)
    await automate(hass, "capacity_reached", capacity=FILLED, gates=gates, actions=TELL)
    await fill(hass, "on")
    assert modes(hass) == ["closed"] * 3
    await fill(hass, "off")
    assert modes(hass) == ["open_for_tickets"] * 3


async def test_gates_that_were_closed_before_a_restart_are_told_to_be_closed(
    hass: HomeAssistant, gates: list[str], notices: list[ServiceCall]
) -> None:
    """Nobody knows any more who closed them."""
    await fill(hass, "on")
    await set_mode(hass, "closed", GATES[0])
    await automate(hass, "capacity_reached", capacity=FILLED, gates=gates, actions=TELL)
    await fill(hass, "off")
    assert modes(hass) == ["closed", "open_for_tickets", "open_for_tickets"]
    assert notices[0].data["message"].endswith("still closed: North gate")


async def test_a_capacity_that_is_set_when_it_is_reached_closes_the_gates(
    hass: HomeAssistant, gates: list[str], venue: Venue, notices: list[ServiceCall]
) -> None:
    """The event was full before anybody said so."""
    await automate(hass, "capacity_reached", capacity=FULL, gates=gates, actions=TELL)
    await hass.services.async_call(
        "number",
        "set_value",
        {"entity_id": "number.lantern_night_capacity", "value": 1},
        blocking=True,
    )
    await settle(hass)
    assert modes(hass) == ["closed"] * 3
    assert [call.data["message"].partition(":")[0] for call in notices] == ["Full"]


async def test_a_nearly_full_event_is_told(
    hass: HomeAssistant, gate: str, notices: list[ServiceCall]
) -> None:
    """At nine in ten."""
    told = {"warning": False, "inside": 8, "capacity": 10}
    hass.states.async_set(FULL, "off", told)
    await automate(hass, "capacity_reached", capacity=FULL, actions=TELL)
    hass.states.async_set(FULL, "off", told | {"warning": True, "inside": 9})
    await settle(hass)
    assert [call.data["message"] for call in notices] == ["Nearly full: 9 of 10 inside"]
