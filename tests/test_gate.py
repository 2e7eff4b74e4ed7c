"""A gate: what its readers read becomes a decision that everybody sees once."""

from typing import Any

from homeassistant.const import STATE_UNAVAILABLE
from homeassistant.core import HomeAssistant, State
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers import (
    device_registry as dr,
    entity_registry as er,
    issue_registry as ir,
)
from homeassistant.helpers.translation import async_get_translations
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry, mock_restore_cache

from custom_components.oveit.const import DOMAIN
from custom_components.oveit.core.ledger import Ledger
from custom_components.oveit.diagnostics import async_get_config_entry_diagnostics
from custom_components.oveit.gate.readers import LAST_READS
from demo.oveit_server import OveitServer
from demo.venue import Venue
from tests.common import act, value
from tests.gates import (
    DRINKS,
    ENTRY,
    NORTH,
    READ,
    TAG,
    VIP,
    Reader,
    fail,
    make_reader,
    open_gate,
    set_mode,
    tagged,
    watch,
)


@pytest.fixture
def reader(hass: HomeAssistant) -> Reader:
    """Return the reader at the gate."""
    return make_reader(hass)


async def test_a_wristband_at_a_reader_is_checked_in(
    hass: HomeAssistant, entry: MockConfigEntry, venue: Venue, server: OveitServer, reader: Reader
) -> None:
    """The read becomes Oveit's code, and everything worth knowing is told."""
    ticket = tagged(venue)
    await open_gate(hass, entry, reader)
    shown = watch(hass)
    server.forget()
    await reader.scan(READ)
    (state,) = shown.states
    told = {key: state.attributes[key] for key in state.attributes if key != "latency_ms"}
    assert told | {"event_types": None, "first_checkin_at": None} == {
        "event_types": None,
        "event_type": "admitted",
        "friendly_name": "North gate",
        "reason": "checked_in",
        "source": "oveit",
        "ticket_type": "Entry",
        "event": "Lantern Night",
        "addon": None,
        "addon_left": None,
        "code_end": ticket.code[-3:],
        "message": None,
        "first_checkin_at": None,
        "first_checkin_gate": "North gate",
        "gate": "North gate",
        "overruled": None,
        "passback": False,
        "certain": True,
        "list_age": None,
        "others": [],
        "direction": "entry",
        "mode": "open_for_tickets",
        "rehearsal": False,
        "hint": None,
    }
    assert venue.entries(ticket.code) == 1
    assert ticket.code not in str(state)
    assert value(hass, "sensor.north_gate_last_result") == "checked_in"


async def test_a_gate_is_a_device_of_its_subentry(
    hass: HomeAssistant, entry: MockConfigEntry, reader: Reader
) -> None:
    """It has its own entities, and is not removed with events."""
    gate_id = await open_gate(hass, entry, reader)
    device = dr.async_get(hass).async_get_device_by_identifier(
        (DOMAIN, f"venue_{gate_id}"), entry.entry_id
    )
    assert device is not None
    assert device.name == "North gate"
    assert device.config_subentry_id == gate_id
    entities = er.async_entries_for_device(er.async_get(hass), device.id)
    assert {entity.entity_id: entity.unique_id for entity in entities} == {
        NORTH: f"venue_{gate_id}_gate",
        "select.north_gate_mode": f"venue_{gate_id}_mode",
        "switch.north_gate_rehearsal": f"venue_{gate_id}_rehearsal",
        "sensor.north_gate_entries": f"venue_{gate_id}_entries",
        "sensor.north_gate_entries_per_hour": f"venue_{gate_id}_entries_per_hour",
        "sensor.north_gate_last_result": f"venue_{gate_id}_last_result",
    }
    assert all(entity.config_subentry_id == gate_id for entity in entities)


async def test_what_may_be_personal_is_not_recorded(
    hass: HomeAssistant, entry: MockConfigEntry, reader: Reader
) -> None:
    """The end of a code and Oveit's words stay out of the database."""
    await open_gate(hass, entry, reader)
    state_info = hass.states.get(NORTH).state_info
    assert {"code_end", "message"} <= state_info["unrecorded_attributes"]


async def test_the_entries_of_a_gate_are_counted(
    hass: HomeAssistant, entry: MockConfigEntry, venue: Venue, reader: Reader
) -> None:
    """Refusals and repeated reads are not."""
    await open_gate(hass, entry, reader)
    for place, tag in enumerate(("AA000001", "AA000002"), start=1):
        tagged(venue, tag, place=place)
        await reader.scan(tag)
    await reader.scan("AA000001")
    await reader.scan("BB000000")
    await entry.runtime_data.async_refresh()
    await hass.async_block_till_done(wait_background_tasks=True)
    assert value(hass, "sensor.north_gate_entries") == "2"
    assert value(hass, "sensor.north_gate_entries_per_hour") == "2"


async def test_a_gate_admits_only_what_it_is_for(
    hass: HomeAssistant, entry: MockConfigEntry, venue: Venue, server: OveitServer, reader: Reader
) -> None:
    """Ticket types are chosen; others are refused without being marked."""
    await open_gate(hass, entry, reader, ticket_types=[VIP])
    shown = watch(hass)
    tagged(venue, "AA000001", ENTRY)
    tagged(venue, "AA000002", VIP)
    await reader.scan("AA000001")
    await reader.scan("AA000002")
    assert shown.reasons() == ["wrong_ticket_type", "checked_in"]
    assert len(server.requests_to("tickets/checkin")) == 1


async def test_a_gate_uses_an_addon(
    hass: HomeAssistant, entry: MockConfigEntry, venue: Venue, reader: Reader
) -> None:
    """A bar is a gate, too."""
    await open_gate(hass, entry, reader, addon_id=DRINKS)
    ticket = tagged(venue, kind=VIP)
    shown = watch(hass)
    await reader.scan(TAG)
    assert shown.states[0].attributes["addon"] == "Free drinks"
    assert shown.states[0].attributes["addon_left"] == 3
    assert venue.entries(ticket.code) == 0


@pytest.mark.parametrize(
    ("tag_format", "read"),
    [
        ("hex", "0x5e35ed9a"),
        ("hex_reversed", "9a:ed:35:5e"),
        ("as_is", TAG),
    ],
)
async def test_r7_a_uid_in_another_writing_is_the_same_credential(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    venue: Venue,
    reader: Reader,
    tag_format: str,
    read: str,
) -> None:
    """The gate knows how its readers write."""
    ticket = tagged(venue)
    await open_gate(hass, entry, reader, tag_format=tag_format)
    await reader.scan(read)
    assert venue.entries(ticket.code) == 1


@pytest.mark.parametrize(
    ("read", "code"),
    [
        ("5E-35-ED-9A", "1580592538"),
        ("1580592538", "1580592538"),
        ("0000659891", "659891"),
        ("1580592538", TAG),
    ],
)
async def test_r7_decimals_on_either_side_find_the_ticket(
    hass: HomeAssistant, entry: MockConfigEntry, venue: Venue, reader: Reader, read: str, code: str
) -> None:
    """The reader sends decimals, or Oveit has them, or both."""
    ticket = tagged(venue, code)
    await open_gate(hass, entry, reader, tag_format="decimal")
    await reader.scan(read)
    assert venue.entries(ticket.code) == 1


async def test_a_reader_of_ticket_codes(
    hass: HomeAssistant, entry: MockConfigEntry, venue: Venue, reader: Reader
) -> None:
    """A gate may read what is printed."""
    await open_gate(hass, entry, reader, credential="ticket")
    ticket = venue.unused(100)[1]
    await reader.scan(f" {ticket.code}\r\n")
    assert venue.entries(ticket.code) == 1


async def test_a_gate_for_both_takes_a_listed_code_for_a_ticket(
    hass: HomeAssistant, entry: MockConfigEntry, venue: Venue, server: OveitServer, reader: Reader
) -> None:
    """And everything else for a tag."""
    await open_gate(hass, entry, reader, credential="auto")
    printed, worn = venue.unused(100)[1], tagged(venue, place=5)
    server.forget()
    await reader.scan(printed.code)
    await reader.scan(READ)
    assert [request.params for request in server.requests_to("tickets/scan")][:1] == [
        {"rfid_code": TAG}
    ]
    assert venue.entries(printed.code) == venue.entries(worn.code) == 1


@pytest.mark.parametrize(
    ("field", "data"),
    [
        ("uid", {"uid": READ}),
        ("tag.uid", {"tag": {"uid": READ}}),
        ("tag.uid", {"tag.uid": READ}),
    ],
)
async def test_any_event_can_bring_a_read(
    hass: HomeAssistant, entry: MockConfigEntry, venue: Venue, field: str, data: dict
) -> None:
    """The code lies in a field, or in one inside another."""
    ticket = tagged(venue)
    await open_gate(hass, entry, event_type="esphome.wristband", code_field=field)
    hass.bus.async_fire("esphome.wristband", data)
    await hass.async_block_till_done()
    assert venue.entries(ticket.code) == 1


@pytest.mark.parametrize("data", [{}, {"tag_id": None}, {"tag": {}}])
async def test_an_event_without_a_code_is_no_read(
    hass: HomeAssistant, entry: MockConfigEntry, server: OveitServer, data: dict
) -> None:
    """Nothing is asked and nothing told."""
    await open_gate(hass, entry, event_type="esphome.wristband")
    shown = watch(hass)
    server.forget()
    hass.bus.async_fire("esphome.wristband", data)
    await hass.async_block_till_done()
    assert (server.requests, shown.states) == ([], [])


@pytest.mark.parametrize(
    "read",
    ["x" * 257, "\x00\x01", "tag\nid", "", "  ", 17, 12345678, 1.5, True, {"id": "A"}, ["A"]],
)
@pytest.mark.parametrize("event_type", ["tag_scanned", "esphome.wristband"])
async def test_b16_what_is_no_code_is_refused_with_one_repair(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    server: OveitServer,
    reader: Reader,
    read: object,
    event_type: str,
) -> None:
    """A red light, and nobody is asked; numbers are to be quoted."""
    await open_gate(hass, entry, reader, event_type="esphome.wristband")
    shown = watch(hass)
    server.forget()
    for _ in range(2):
        hass.bus.async_fire(event_type, {"tag_id": read, "device_id": reader.device_id})
        await hass.async_block_till_done(wait_background_tasks=True)
    assert (server.requests, shown.reasons(), shown.types()) == ([], ["unreadable"], ["refused"])
    (issue,) = ir.async_get(hass).issues.values()
    assert issue.translation_key == "unreadable_reads"
    texts = await async_get_translations(hass, "en", "issues", ["oveit"])
    assert "quotes" in texts["component.oveit.issues.unreadable_reads.description"]


async def test_b16_a_number_in_a_field_of_ones_own_is_no_code(
    hass: HomeAssistant, entry: MockConfigEntry, reader: Reader
) -> None:
    """It is not taken for text, since zeros at its start would be lost."""
    await open_gate(hass, entry, event_type="mqtt_read", code_field="code", credential="ticket")
    shown = watch(hass)
    hass.bus.async_fire("mqtt_read", {"code": 12345678})
    await hass.async_block_till_done(wait_background_tasks=True)
    assert shown.reasons() == ["unreadable"]


async def test_an_event_that_names_another_device_is_not_heard(
    hass: HomeAssistant, entry: MockConfigEntry, venue: Venue, reader: Reader
) -> None:
    """Two gates may share an event type, each with its own readers."""
    ticket = tagged(venue)
    await open_gate(hass, entry, reader, event_type="esphome.wristband")
    for device_id, entries in (("other", 0), (reader.device_id, 1)):
        data = {"tag_id": TAG, "device_id": device_id}
        hass.bus.async_fire("esphome.wristband", data)
        await hass.async_block_till_done()
        assert venue.entries(ticket.code) == entries


async def test_b13_a_closed_gate_refuses_without_asking(
    hass: HomeAssistant, entry: MockConfigEntry, venue: Venue, server: OveitServer, reader: Reader
) -> None:
    """Nothing is used up."""
    ticket = tagged(venue)
    await open_gate(hass, entry, reader)
    await set_mode(hass, "closed")
    shown = watch(hass)
    server.forget()
    await reader.scan(TAG)
    assert shown.reasons() == ["gate_closed"]
    assert shown.types() == ["refused"]
    assert server.requests == []
    assert venue.entries(ticket.code) == 0


async def test_b13_a_gate_that_only_scans_marks_nothing(
    hass: HomeAssistant, entry: MockConfigEntry, venue: Venue, server: OveitServer, reader: Reader
) -> None:
    """It says what would be."""
    ticket = tagged(venue)
    await open_gate(hass, entry, reader)
    await set_mode(hass, "scan_only")
    shown = watch(hass)
    await reader.scan(TAG)
    assert shown.reasons() == ["checked_in"]
    assert shown.states[0].attributes["mode"] == "scan_only"
    assert server.requests_to("tickets/checkin") == []
    assert venue.entries(ticket.code) == 0


async def test_the_mode_is_kept_through_a_restart(
    hass: HomeAssistant, entry: MockConfigEntry, venue: Venue, reader: Reader
) -> None:
    """A closed gate does not open by itself."""
    ticket = tagged(venue)
    await open_gate(hass, entry, reader)
    await set_mode(hass, "closed")
    await hass.config_entries.async_reload(entry.entry_id)
    await hass.async_block_till_done(wait_background_tasks=True)
    assert value(hass, "select.north_gate_mode") == "closed"
    await reader.scan(TAG)
    assert venue.entries(ticket.code) == 0


async def test_a_closed_gate_stays_closed_when_home_assistant_forgot_its_entity(
    hass: HomeAssistant, entry: MockConfigEntry, venue: Venue, reader: Reader
) -> None:
    """After a power cut states are older than the ledger, and a disabled entity restores none."""
    ticket = tagged(venue)
    await open_gate(hass, entry, reader)
    await set_mode(hass, "closed")
    mock_restore_cache(hass, [State("select.north_gate_mode", "open_for_tickets")])
    await hass.config_entries.async_reload(entry.entry_id)
    await hass.async_block_till_done(wait_background_tasks=True)
    assert value(hass, "select.north_gate_mode") == "closed"
    er.async_get(hass).async_update_entity(
        "select.north_gate_mode", disabled_by=er.RegistryEntryDisabler.USER
    )
    await hass.config_entries.async_reload(entry.entry_id)
    await hass.async_block_till_done(wait_background_tasks=True)
    await reader.scan(TAG)
    assert venue.entries(ticket.code) == 0


async def test_a_gate_is_closed_at_once_though_the_disk_fails(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    venue: Venue,
    reader: Reader,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The person is told that it may not outlive a restart."""

    ticket = tagged(venue)
    await open_gate(hass, entry, reader)
    monkeypatch.setattr(entry.runtime_data.ledger, "keep_gate_mode", fail)
    with pytest.raises(HomeAssistantError):
        await set_mode(hass, "closed")
    await reader.scan(TAG)
    assert value(hass, "select.north_gate_mode") == "closed"
    assert venue.entries(ticket.code) == 0


async def test_r11_a_reader_that_sends_its_last_tag_again_opens_nothing(
    hass: HomeAssistant, entry: MockConfigEntry, venue: Venue, server: OveitServer, reader: Reader
) -> None:
    """When it comes back, nobody stands there."""
    ticket = tagged(venue)
    await open_gate(hass, entry, reader)
    await set_mode(hass, "closed")
    await reader.scan(TAG)
    await set_mode(hass, "open_for_tickets")
    await reader.become(STATE_UNAVAILABLE)
    await reader.become("here")
    shown = watch(hass)
    server.forget()
    await reader.scan(TAG)
    await reader.scan(TAG)
    assert shown.reasons() == ["stale_read"]
    assert server.requests == []
    assert venue.entries(ticket.code) == 0


async def test_r11_a_reader_that_only_its_events_name_sends_its_last_tag_again(
    hass: HomeAssistant, entry: MockConfigEntry, venue: Venue, reader: Reader
) -> None:
    """A gate that hears an event need not know its readers beforehand."""
    ticket = tagged(venue)
    await open_gate(hass, entry, event_type="esphome.wristband")

    async def _hold() -> None:
        hass.bus.async_fire("esphome.wristband", {"tag_id": TAG, "device_id": reader.device_id})
        await hass.async_block_till_done(wait_background_tasks=True)

    await set_mode(hass, "closed")
    await _hold()
    await set_mode(hass, "open_for_tickets")
    await reader.become(STATE_UNAVAILABLE)
    await reader.become("here")
    shown = watch(hass)
    await _hold()
    assert shown.reasons() == ["stale_read"]
    assert venue.entries(ticket.code) == 0


async def test_r11_another_tag_after_a_reconnect_is_a_guest(
    hass: HomeAssistant, entry: MockConfigEntry, venue: Venue, reader: Reader
) -> None:
    """Only the last tag comes by itself."""
    ticket = tagged(venue, "AA000001")
    await open_gate(hass, entry, reader)
    await reader.scan(TAG)
    await reader.become(STATE_UNAVAILABLE)
    await reader.become("here")
    await reader.scan("AA000001")
    assert venue.entries(ticket.code) == 1


@pytest.mark.parametrize("policy", [{}, {"addon_id": DRINKS}, {"direction": "exit"}])
@pytest.mark.parametrize("named", [True, False])
async def test_c30_a_reader_sends_its_last_tag_again_after_a_restart(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    venue: Venue,
    server: OveitServer,
    reader: Reader,
    policy: dict[str, Any],
    named: bool,
) -> None:
    """Nobody stands there, whatever the gate is for; the next guest is one, and so is who stays."""
    tagged(venue, kind=VIP)
    await open_gate(hass, entry, reader, event_type="esphome.wristband", **policy)
    about = {"device_id": reader.device_id} if named else {}

    async def _hold() -> None:
        hass.bus.async_fire("esphome.wristband", {"tag_id": READ, **about})
        await hass.async_block_till_done(wait_background_tasks=True)

    await _hold()
    assert await hass.config_entries.async_unload(entry.entry_id)
    del hass.data[LAST_READS]
    assert await hass.config_entries.async_setup(entry.entry_id)
    await hass.async_block_till_done(wait_background_tasks=True)
    shown = watch(hass)
    server.forget()
    await _hold()
    assert shown.reasons() == ["stale_read"]
    assert server.requests_to("tickets/scan") == server.requests_to("tickets/checkin") == []


async def test_c30_after_a_reload_the_same_tag_is_a_guest(
    hass: HomeAssistant, entry: MockConfigEntry, venue: Venue, reader: Reader
) -> None:
    """The readers were connected all the time."""
    tagged(venue)
    await open_gate(hass, entry, reader)
    await reader.scan(TAG)
    assert await hass.config_entries.async_reload(entry.entry_id)
    await hass.async_block_till_done(wait_background_tasks=True)
    shown = watch(hass)
    await reader.scan(TAG)
    assert shown.reasons() == ["already_checked_in"]


async def test_r11_a_read_that_took_long_to_arrive_is_stale(
    hass: HomeAssistant, entry: MockConfigEntry, venue: Venue, reader: Reader
) -> None:
    """The guest has long gone."""
    ticket = tagged(venue)
    await open_gate(hass, entry, reader)
    shown = watch(hass)
    from homeassistant.util import dt as dt_util

    await reader.scan(TAG, time_fired=dt_util.utcnow().timestamp() - 11)
    assert shown.reasons() == ["stale_read"]
    assert venue.entries(ticket.code) == 0


async def test_a_gate_that_cannot_decide_refuses(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    venue: Venue,
    reader: Reader,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The light is red, not dark, when the disk fails."""
    tagged(venue)
    await open_gate(hass, entry, reader)

    monkeypatch.setattr(entry.runtime_data.desk, "check_in", fail)
    shown = watch(hass)
    await reader.scan(TAG)
    assert shown.reasons() == ["offline_refused"]


async def test_a_gate_that_cannot_tell_a_code_from_a_tag_refuses(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    venue: Venue,
    reader: Reader,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The light is red, not dark, when the ledger cannot be read."""

    tagged(venue)
    await open_gate(hass, entry, reader, credential="auto")
    monkeypatch.setattr(Ledger, "find", fail)
    shown = watch(hass)
    await reader.scan(TAG)
    assert shown.reasons() == ["offline_refused"]


async def test_a_closed_gate_says_that_a_ticket_would_not_be_admitted(
    hass: HomeAssistant, entry: MockConfigEntry, venue: Venue
) -> None:
    """Whoever looks at a gate is told what the gate would do."""
    ticket = tagged(venue)
    await open_gate(hass, entry)
    await set_mode(hass, "closed")
    looked = await act(hass, "scan", ticket_code=ticket.code, entity_id=NORTH)
    assert (looked["admitted"], looked["reason"]) == (False, "gate_closed")


async def test_the_diagnostics_tell_of_gates_without_their_names(
    hass: HomeAssistant, entry: MockConfigEntry, venue: Venue, reader: Reader
) -> None:
    """And of no code that was read."""
    ticket = tagged(venue)
    await open_gate(hass, entry, reader, ticket_types=[ENTRY])
    await reader.scan(READ)
    told = await async_get_config_entry_diagnostics(hass, entry)
    (gate,) = told["gates"]
    assert gate["mode"] == "open_for_tickets"
    assert (gate["readers"], gate["event_type"]) == (1, False)
    assert gate["ticket_types"] == [ENTRY]
    for secret in ("North gate", TAG, READ, ticket.code, reader.device_id):
        assert secret not in str(told)


async def test_no_code_is_logged(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    venue: Venue,
    reader: Reader,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Not even for those who look for a fault."""
    ticket = tagged(venue)
    await open_gate(hass, entry, reader)
    caplog.clear()
    caplog.set_level("DEBUG", "custom_components.oveit")
    await reader.scan(READ)
    await reader.scan("BB-00-00-01")
    await reader.scan("x" * 300)
    logged = "".join(record.getMessage() for record in caplog.records if "oveit" in record.name)
    assert "Decided unknown_tag" in logged
    for secret in (TAG, READ, ticket.code, "BB000001", "BB-00-00-01"):
        assert secret not in logged
