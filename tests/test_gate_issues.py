"""Reads that something is wrong with raise issues and notices, and disturb nobody else."""

from typing import Any

from freezegun.api import FrozenDateTimeFactory
from homeassistant.components.persistent_notification import (
    UpdateType,
    async_register_callback,
)
from homeassistant.config_entries import ConfigEntryDisabler
from homeassistant.core import HomeAssistant
from homeassistant.helpers import device_registry as dr, entity_registry as er
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from demo.oveit_server import OveitServer
from demo.venue import Venue
from tests.common import act, poll
from tests.gates import (
    NORTH,
    TAG,
    Reader,
    issues,
    make_reader,
    open_gate,
    tagged,
    watch,
)


@pytest.fixture
def reader(hass: HomeAssistant) -> Reader:
    """Return the reader at the gate."""
    return make_reader(hass)


@pytest.fixture
def notices(hass: HomeAssistant) -> list[str]:
    """Return the texts of the notices that appear."""
    texts: list[str] = []

    def _keep(kind: UpdateType, notifications: dict[str, Any]) -> None:
        if kind in (UpdateType.ADDED, UpdateType.UPDATED):
            texts.extend(notice["message"] for notice in notifications.values())

    async_register_callback(hass, _keep)
    return texts


async def flood(
    reader: Reader, count: int, frozen: FrozenDateTimeFactory | None = None, every: float = 0
) -> None:
    """Read many tags that nobody knows."""
    for number in range(count):
        await reader.scan(f"BB{number:06X}")
        if frozen:
            frozen.tick(every)


async def test_r19_a_notice_tells_about_how_many_tags_oveit_could_not_be_asked(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    venue: Venue,
    server: OveitServer,
    reader: Reader,
    notices: list[str],
) -> None:
    """A good wristband is not called unknown to Oveit, which was not asked."""
    tagged(venue)
    await open_gate(hass, entry, reader)
    shown = watch(hass)
    await server.hang_up()
    await reader.scan(TAG)
    (notice,) = notices
    assert "may be valid" in notice
    assert "minute: 1, of which Oveit could not be asked about 1" in notice
    (state,) = shown.states
    assert state.attributes["certain"] is False
    assert 0 <= state.attributes["list_age"] < 300


async def test_r4_an_unknown_tag_is_noticed_at_most_once_in_30_seconds(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    frozen: FrozenDateTimeFactory,
    reader: Reader,
    notices: list[str],
) -> None:
    """In words, without the code."""
    await open_gate(hass, entry, reader)
    shown = watch(hass)
    for _ in range(3):
        await reader.scan("BB000001")
        frozen.tick(10.5)
    assert len(notices) == 1
    assert "North gate" in notices[0]
    assert "BB000001" not in notices[0]
    await reader.scan("BB000002")
    assert len(notices) == 2
    assert shown.reasons() == ["unknown_tag"] * 4


async def test_r8_a_phone_is_guessed(
    hass: HomeAssistant, entry: MockConfigEntry, reader: Reader, notices: list[str]
) -> None:
    """The steward asks for the wristband."""
    await open_gate(hass, entry, reader)
    shown = watch(hass)
    await reader.scan("08-12-34-56")
    await reader.scan("04-12-34-56")
    assert [state.attributes["hint"] for state in shown.states] == ["phone", None]
    assert "phone" in notices[0]


async def test_300_unknown_tags_in_a_minute_are_no_flood_for_anyone_else(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    frozen: FrozenDateTimeFactory,
    venue: Venue,
    server: OveitServer,
    notices: list[str],
) -> None:
    """No new entities, three notices at most, few requests; guests get in as fast as ever."""
    known = tagged(venue, "AA000001", place=1)
    new = tagged(venue, "AA000002", place=2)
    await open_gate(hass, entry, event_type="esphome.wristband")
    await act(hass, "scan", rfid_code="AA000001")
    entities = set(er.async_get(hass).entities)
    server.forget()

    async def _hold(tag: str) -> None:
        hass.bus.async_fire("esphome.wristband", {"tag_id": tag})
        await hass.async_block_till_done()

    for number in range(300):
        await _hold(f"BB{number:06X}")
        frozen.tick(0.2)
        if number == 150:
            asked = len(server.requests_to("tickets/scan"))
            await _hold("AA000001")
            assert venue.entries(known.code) == 1
            assert len(server.requests_to("tickets/scan")) == asked + 1
            assert len(server.requests_to("tickets/checkin")) == 1
        if number == 200:
            await _hold("AA000002")
            await _hold("AA000002")
            assert venue.entries(new.code) == 1
    assert set(er.async_get(hass).entities) == entities
    assert len(notices) <= 3
    assert len(server.requests_to("tickets/scan")) <= 20 + 2 * 60 / 2
    assert "unknown_tag_flood" in issues(hass)


async def test_one_unknown_tag_that_lies_on_the_reader_is_no_flood(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    frozen: FrozenDateTimeFactory,
    venue: Venue,
    reader: Reader,
) -> None:
    """The next guest is asked about at once."""
    await open_gate(hass, entry, reader)
    for _ in range(30):
        await reader.scan("BB000001")
        frozen.tick(1)
    tagged(venue)
    shown = watch(hass)
    await reader.scan(TAG)
    assert issues(hass) == []
    assert shown.reasons() == ["checked_in"]


async def test_a_gate_is_itself_again_after_a_quiet_minute(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    frozen: FrozenDateTimeFactory,
    venue: Venue,
    reader: Reader,
) -> None:
    """A tag seen for the first time is asked about at once."""
    ticket = tagged(venue)
    await open_gate(hass, entry, reader)
    await flood(reader, 25)
    frozen.tick(61)
    await reader.scan(TAG)
    assert venue.entries(ticket.code) == 1


async def test_the_issue_of_a_flood_goes_when_the_flood_is_over(
    hass: HomeAssistant, entry: MockConfigEntry, frozen: FrozenDateTimeFactory, reader: Reader
) -> None:
    """At the next refresh after a quiet minute."""
    await open_gate(hass, entry, reader)
    await flood(reader, 25)
    await poll(hass, entry)
    assert issues(hass) == ["unknown_tag_flood"]
    frozen.tick(61)
    await poll(hass, entry)
    assert issues(hass) == []


async def test_r9_a_misread_leaves_nothing_behind(
    hass: HomeAssistant, entry: MockConfigEntry, reader: Reader
) -> None:
    """No tag is stored, and the gate says why the light is red."""
    await open_gate(hass, entry, reader)
    shown = watch(hass)
    await reader.scan("junk?")
    assert shown.reasons() == ["unknown_tag"]
    assert await entry.runtime_data.ledger.on_tag("junk?") == ()


async def test_more_than_50_unknown_tags_by_tag_scanned_raise_a_repair(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    frozen: FrozenDateTimeFactory,
    reader: Reader,
) -> None:
    """Home Assistant keeps every one of them; there is a better way."""
    await open_gate(hass, entry, reader)
    await flood(reader, 50, frozen, every=4)
    await flood(reader, 50, frozen, every=4)
    assert "many_unknown_tags" not in issues(hass)
    await reader.scan("CC000001")
    assert "many_unknown_tags" in issues(hass)


async def test_r12_a_reader_of_no_gate_is_told_once(
    hass: HomeAssistant, entry: MockConfigEntry, venue: Venue, server: OveitServer, reader: Reader
) -> None:
    """Its reads are ignored."""
    ticket = tagged(venue)
    stray = make_reader(hass, "Stray reader")
    await open_gate(hass, entry, reader)
    server.forget()
    await stray.scan(TAG)
    await stray.scan("BB000001")
    assert issues(hass) == ["unassigned_reader"]
    assert server.requests == []
    assert venue.entries(ticket.code) == 0
    await open_gate(hass, entry, stray, name="South gate")
    assert issues(hass) == []


async def test_a_reader_is_no_stray_where_no_gate_has_readers(
    hass: HomeAssistant, entry: MockConfigEntry, reader: Reader
) -> None:
    """It may be for staff badges only."""
    await open_gate(hass, entry, event_type="esphome.wristband")
    await reader.scan(TAG)
    assert issues(hass) == []


@pytest.mark.parametrize("end", ["reader", "no readers", "disabled", "account"])
async def test_the_issue_of_a_stray_reader_goes_with_its_cause(
    hass: HomeAssistant, entry: MockConfigEntry, reader: Reader, end: str
) -> None:
    """It is gone, or no gate has readers any more."""
    stray = make_reader(hass, "Stray reader")
    gate_id = await open_gate(hass, entry, reader)
    await stray.scan(TAG)
    await hass.config_entries.async_reload(entry.entry_id)
    assert issues(hass) == ["unassigned_reader"]
    if end == "reader":
        dr.async_get(hass).async_remove_device(stray.device_id)
    elif end == "no readers":
        subentry = entry.subentries[gate_id]
        data = {**subentry.data, "readers": []}
        hass.config_entries.async_update_subentry(entry, subentry, data=data)
    elif end == "disabled":
        await hass.config_entries.async_set_disabled_by(entry.entry_id, ConfigEntryDisabler.USER)
    else:
        await hass.config_entries.async_remove(entry.entry_id)
    await hass.async_block_till_done(wait_background_tasks=True)
    assert issues(hass) == []


async def read_twice(hass: HomeAssistant, reader: Reader, count: int) -> None:
    """Have an automation do what the gate does already."""
    for number in range(count):
        await reader.scan(f"AA00000{number}")
        await act(hass, "checkin", rfid_code=f"AA00000{number}")


async def test_a_double_binding_is_forgotten_when_its_gate_is_set_up_anew(
    hass: HomeAssistant, entry: MockConfigEntry, reader: Reader
) -> None:
    """The issue is raised again if the cause is still there."""
    await open_gate(hass, entry, reader)
    await read_twice(hass, reader, 5)
    await hass.config_entries.async_reload(entry.entry_id)
    await hass.async_block_till_done(wait_background_tasks=True)
    assert issues(hass) == []
    await read_twice(hass, reader, 4)
    assert issues(hass) == []
    await read_twice(hass, reader, 1)
    assert issues(hass) == ["double_binding"]


async def test_tags_that_came_both_ways_now_and_then_are_no_double_binding(
    hass: HomeAssistant, entry: MockConfigEntry, frozen: FrozenDateTimeFactory, reader: Reader
) -> None:
    """A steward may check a guest in whose tag was read; only five within an hour count."""
    await open_gate(hass, entry, reader)
    for _ in range(5):
        await read_twice(hass, reader, 1)
        frozen.tick(901)
    assert issues(hass) == []
    await read_twice(hass, reader, 2)
    assert issues(hass) == ["double_binding"]


@pytest.mark.parametrize("gate_first", [True, False])
async def test_d8_a_reader_bound_twice_is_told(
    hass: HomeAssistant, entry: MockConfigEntry, venue: Venue, reader: Reader, gate_first: bool
) -> None:
    """An automation that does what the gate does already."""
    await open_gate(hass, entry, reader)
    for number in range(5):
        assert issues(hass) == []
        tag = f"AA00000{number}"
        if gate_first:
            await reader.scan(tag)
        await act(hass, "checkin", rfid_code=tag.lower(), gate="North gate")
        if not gate_first:
            await reader.scan(tag)
    assert issues(hass) == ["double_binding"]


@pytest.mark.parametrize("gate_first", [True, False])
async def test_d8_a_scanner_of_codes_and_an_action_for_its_gate_are_told(
    hass: HomeAssistant, entry: MockConfigEntry, venue: Venue, reader: Reader, gate_first: bool
) -> None:
    """It is the same with tickets as with tags."""
    await open_gate(hass, entry, reader, credential="ticket")
    for ticket in venue.unused(100)[:6]:
        if gate_first:
            await reader.scan(ticket.code)
        await act(hass, "checkin", ticket_code=ticket.code, entity_id=NORTH)
        if not gate_first:
            await reader.scan(ticket.code)
    assert issues(hass) == ["double_binding"]


async def test_an_action_at_one_gate_and_a_reader_at_the_next_are_no_double_binding(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    frozen: FrozenDateTimeFactory,
    venue: Venue,
    reader: Reader,
) -> None:
    """A guest goes through two doors within seconds."""
    await open_gate(hass, entry)
    await open_gate(hass, entry, reader, name="Tent")
    for number in range(1, 7):
        tagged(venue, f"AA00000{number}", place=number)
        await act(hass, "checkin", rfid_code=f"AA00000{number}", entity_id=NORTH)
        frozen.tick(3)
        await reader.scan(f"AA00000{number}")
        frozen.tick(30)
    assert issues(hass) == []


async def test_an_action_about_other_tags_is_no_double_binding(
    hass: HomeAssistant, entry: MockConfigEntry, reader: Reader
) -> None:
    """Two doors, two ways."""
    await open_gate(hass, entry, reader)
    for number in range(6):
        await reader.scan(f"AA00000{number}")
        await act(hass, "checkin", rfid_code=f"CC00000{number}")
    assert issues(hass) == []
