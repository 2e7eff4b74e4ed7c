"""Rows B, D, R and X of decisions.md as a gate plays them out, each by its name."""

from datetime import timedelta
from typing import Any

from freezegun.api import FrozenDateTimeFactory
from homeassistant.core import HomeAssistant
from homeassistant.helpers import entity_registry as er, issue_registry as ir
from homeassistant.setup import async_setup_component
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry, async_mock_service

from custom_components.oveit.const import DOMAIN
from demo.faults import Fault
from demo.oveit_server import OveitServer
from demo.venue import Venue, VenueTicket
from tests.common import act, poll, value
from tests.gates import (
    DRINKS,
    ENTRY,
    NORTH,
    TAG,
    VIP,
    Reader,
    fail,
    issues,
    make_reader,
    open_gate,
    set_mode,
    tagged,
    watch,
)

INSIDE = "sensor.lantern_night_inside"


@pytest.fixture
def reader(hass: HomeAssistant) -> Reader:
    """Return the reader at the gate."""
    return make_reader(hass)


@pytest.fixture
def wallet(venue: Venue) -> list[VenueTicket]:
    """Put an entry ticket and a VIP ticket on one tag."""
    return [tagged(venue, TAG, ENTRY), tagged(venue, TAG, VIP)]


async def know(hass: HomeAssistant, wallet: list[VenueTicket]) -> None:
    """Have the ledger hear of every ticket on the tag."""
    for ticket in wallet:
        await act(hass, "scan", ticket_code=ticket.code)


async def hang_up(hass: HomeAssistant, entry: MockConfigEntry, server: OveitServer) -> None:
    """Cut the line, and have that noticed."""
    await server.hang_up()
    await poll(hass, entry)


async def test_b12_before_the_event_the_gate_is_closed_without_a_call(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    frozen: FrozenDateTimeFactory,
    venue: Venue,
    server: OveitServer,
    reader: Reader,
) -> None:
    """For tags and tickets; a gate without the rule does not care."""
    ticket = tagged(venue)
    event = venue.events[100]
    event.starts_at = venue.clock() + timedelta(days=2)
    await open_gate(hass, entry, reader, within_window=True)
    shown = watch(hass)
    server.forget()
    await reader.scan(TAG)
    response = await act(hass, "checkin", ticket_code=ticket.code, entity_id=NORTH)
    assert response["reason"] == "gate_closed"
    assert shown.reasons() == ["gate_closed", "gate_closed"]
    assert server.requests == []
    frozen.tick(timedelta(days=2))
    await poll(hass, entry)
    await reader.scan(TAG)
    assert venue.entries(ticket.code) == 1


@pytest.mark.parametrize("form", ["day_first", "epoch", "epoch_text", "rfc_1123"])
async def test_b21_a_start_in_another_form_is_read_and_closes_the_gate_until_then(
    hass: HomeAssistant, entry: MockConfigEntry, venue: Venue, server: OveitServer, form: Any
) -> None:
    """Two days before, nobody gets in; a person need not be asked."""
    ticket = tagged(venue)
    server.behaviour.starts = form
    venue.events[100].starts_at = venue.clock() + timedelta(days=2)
    await open_gate(hass, entry, within_window=True)

    response = await act(hass, "checkin", ticket_code=ticket.code, entity_id=NORTH)

    assert response["reason"] == "gate_closed"
    assert issues(hass) == []


async def test_b21_a_start_that_cannot_be_read_asks_a_person_and_the_gate_stays_open(
    hass: HomeAssistant, entry: MockConfigEntry, venue: Venue, server: OveitServer
) -> None:
    """It is not taken for an event without a start; once it can be read, nobody is asked."""
    ticket = tagged(venue)
    server.behaviour.starts = "zero"
    gate_id = await open_gate(hass, entry, within_window=True)

    issue = ir.async_get(hass).async_get_issue(DOMAIN, f"start_unknown_{gate_id}")
    assert issue
    name = venue.events[100].name
    assert issue.translation_placeholders == {"gate": "North gate", "events": name}
    response = await act(hass, "checkin", ticket_code=ticket.code, entity_id=NORTH)
    assert response["reason"] == "checked_in"

    server.behaviour.starts = "date"
    await poll(hass, entry)
    assert issues(hass) == []


@pytest.mark.parametrize("data", [{}, {"within_window": True, "direction": "exit"}])
async def test_b21_a_gate_that_does_not_mind_the_time_asks_nobody(
    hass: HomeAssistant, entry: MockConfigEntry, server: OveitServer, data: dict[str, Any]
) -> None:
    """Nor does an exit."""
    server.behaviour.starts = "zero"
    await open_gate(hass, entry, **data)
    assert issues(hass) == []


async def test_b21_an_event_without_a_start_is_perpetual(
    hass: HomeAssistant, entry: MockConfigEntry, venue: Venue
) -> None:
    """That is no question for a person."""
    venue.events[100].starts_at = None
    await open_gate(hass, entry, within_window=True)
    assert issues(hass) == []


async def test_b5_a_ticket_sold_since_the_last_list_comes_in_where_tags_are_read_too(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    frozen: FrozenDateTimeFactory,
    venue: Venue,
    reader: Reader,
) -> None:
    """The code is no tag that Oveit knows; read again at once, it is the same guest."""
    await open_gate(hass, entry, reader, credential="auto")
    frozen.tick(40)
    ticket = venue.sell(100, ENTRY)
    shown = watch(hass)
    for _ in range(3):
        await reader.scan(ticket.code)
    await reader.scan("ffffffff")
    assert shown.reasons() == ["checked_in", "unknown_tag"]
    assert venue.entries(ticket.code) == 1


@pytest.mark.parametrize(
    ("tag_format", "code", "read"),
    [
        ("hex", "AB12-CD34", "AB12-CD34"),
        ("hex_reversed", "a1b2c3d4", "a1b2c3d4"),
        ("decimal", "00012345", "00012345"),
        ("hex", "sold77xyz", "]Q1sold77xyz"),
        ("hex", "sold77xyz", "https://tickets.example/x/sold77xyz"),
    ],
)
async def test_b5_a_code_is_looked_up_as_it_was_read_whatever_it_would_be_as_a_tag(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    venue: Venue,
    reader: Reader,
    tag_format: str,
    code: str,
    read: str,
) -> None:
    """A code may look like a tag, which a gate turns round or counts."""
    await open_gate(hass, entry, reader, credential="auto", tag_format=tag_format)
    venue.sell(100, ENTRY, code=code)
    shown = watch(hass)
    await reader.scan(read)
    assert shown.reasons() == ["checked_in"]
    assert venue.entries(code) == 1


async def test_b10_a_gate_that_asks_oveit_lets_in_more_than_once(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    frozen: FrozenDateTimeFactory,
    venue: Venue,
    server: OveitServer,
    reader: Reader,
) -> None:
    """For tickets that Oveit lets in again."""
    server.behaviour.second_checkin = "accepted"
    ticket = tagged(venue)
    await open_gate(hass, entry, reader, re_entry="ask_oveit")
    shown = watch(hass)
    await reader.scan(TAG)
    frozen.tick(300)
    await reader.scan(TAG)
    assert shown.reasons() == ["checked_in", "checked_in"]
    assert venue.entries(ticket.code) == 2


async def test_a10_a_steward_reads_that_the_guest_has_not_entered(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    venue: Venue,
    server: OveitServer,
    reader: Reader,
) -> None:
    """Without a line the bar serves who came in; with one Oveit decides."""
    drinks = {"addon_id": DRINKS, "require_main_entry": True}
    inside, outside, third = (venue.unused(100, VIP)[place] for place in range(3))
    await open_gate(hass, entry, reader, credential="ticket", **drinks)
    shown = watch(hass)
    await reader.scan(third.code)
    await hang_up(hass, entry, server)
    await act(hass, "checkin", ticket_code=inside.code)
    for ticket in (inside, outside):
        await reader.scan(ticket.code)
    assert shown.reasons() == ["checked_in", "checked_in", "addon_unavailable"]
    assert [state.attributes["hint"] for state in shown.states] == [None, None, "main_entry_first"]
    asked = await act(hass, "checkin", ticket_code=outside.code, **drinks)
    assert (asked["reason"], asked["ticket"]["checked_in"]) == ("addon_unavailable", False)


async def test_x4_a_gate_that_refuses_re_entry_does_not_ask(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    frozen: FrozenDateTimeFactory,
    venue: Venue,
    server: OveitServer,
    reader: Reader,
) -> None:
    """The ledger knows."""
    server.behaviour.second_checkin = "accepted"
    ticket = tagged(venue)
    await open_gate(hass, entry, reader)
    shown = watch(hass)
    await reader.scan(TAG)
    frozen.tick(300)
    await reader.scan(TAG)
    assert shown.reasons() == ["checked_in", "already_checked_in"]
    assert shown.states[1].attributes["first_checkin_gate"] == "North gate"
    assert venue.entries(ticket.code) == 1


async def test_d1_the_same_tag_five_times_is_one_guest(
    hass: HomeAssistant, entry: MockConfigEntry, venue: Venue, server: OveitServer, reader: Reader
) -> None:
    """One request, one row, one event."""
    ticket = tagged(venue)
    await open_gate(hass, entry, reader)
    shown = watch(hass)
    for _ in range(5):
        await reader.scan(TAG)
    assert shown.reasons() == ["checked_in"]
    assert len(server.requests_to("tickets/checkin")) == 1
    assert venue.entries(ticket.code) == 1
    report = await entry.runtime_data.ledger.attendance(100, entry.runtime_data.client.now())
    assert report.checked_in == len(venue.used(100))


@pytest.mark.parametrize("looks", ["scan_only", "rehearsal"])
async def test_d1_a_tag_that_is_only_looked_at_is_asked_about_once(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    venue: Venue,
    server: OveitServer,
    reader: Reader,
    looks: str,
) -> None:
    """It may lie on the reader all evening."""
    tagged(venue)
    await open_gate(hass, entry, reader)
    if looks == "scan_only":
        await set_mode(hass, "scan_only")
    else:
        switch = {"entity_id": "switch.north_gate_rehearsal"}
        await hass.services.async_call("switch", "turn_on", switch, blocking=True)
    server.forget()
    shown = watch(hass)
    for _ in range(5):
        await reader.scan(TAG)
    assert len(server.requests_to("tickets/scan")) == 1
    assert shown.reasons() == ["checked_in"]


@pytest.mark.parametrize("mode", ["open_for_tickets", "scan_only"])
async def test_d2_a_tag_that_was_paired_meanwhile_is_a_new_one(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    frozen: FrozenDateTimeFactory,
    venue: Venue,
    reader: Reader,
    mode: str,
) -> None:
    """The guest holds it again as soon as the steward is done."""
    ticket = venue.unused(100, ENTRY)[1]
    await open_gate(hass, entry, reader)
    await set_mode(hass, mode)
    shown = watch(hass)
    await reader.scan(TAG)
    frozen.tick(1)
    await act(hass, "pair_tag", ticket_code=ticket.code, rfid_code=TAG)
    await reader.scan(TAG)
    assert shown.reasons() == ["unknown_tag", "checked_in"]


async def test_d2_a_refusal_repeated_is_one_event(
    hass: HomeAssistant, entry: MockConfigEntry, venue: Venue, server: OveitServer, reader: Reader
) -> None:
    """And nobody is asked again."""
    venue.check_in(tagged(venue).code)
    await open_gate(hass, entry, reader)
    shown = watch(hass)
    server.forget()
    for _ in range(4):
        await reader.scan(TAG)
    assert shown.reasons() == ["already_checked_in"]
    assert len(server.requests_to("tickets/scan")) <= 1
    assert server.requests_to("tickets/checkin") == []


async def test_d3_reads_in_flight_are_one(
    hass: HomeAssistant, entry: MockConfigEntry, venue: Venue, server: OveitServer, reader: Reader
) -> None:
    """The second read waits for the first one's answer."""
    tagged(venue)
    await open_gate(hass, entry, reader)
    server.faults.set("tickets/checkin", Fault(latency_before=0.3))
    shown = watch(hass)
    for _ in range(5):
        reader.send(TAG)
    await hass.async_block_till_done(wait_background_tasks=True)
    assert shown.reasons() == ["checked_in"]
    assert len(server.requests_to("tickets/checkin")) == 1


async def test_d4_the_same_tag_at_another_gate_is_passed_back(
    hass: HomeAssistant, entry: MockConfigEntry, venue: Venue, reader: Reader
) -> None:
    """The steward sees that the wristband went back over the fence."""
    tagged(venue)
    other = make_reader(hass, "Other reader")
    await open_gate(hass, entry, reader)
    await open_gate(hass, entry, other, name="South gate")
    shown = watch(hass, "event.south_gate")
    await reader.scan(TAG)
    await other.scan(TAG)
    assert shown.reasons() == ["already_checked_in"]
    assert shown.states[0].attributes["passback"] is True


async def test_d6_a_copy_a_little_later_is_refused(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    frozen: FrozenDateTimeFactory,
    venue: Venue,
    reader: Reader,
) -> None:
    """Six seconds are another guest."""
    ticket = tagged(venue)
    await open_gate(hass, entry, reader, credential="ticket")
    shown = watch(hass)
    await reader.scan(ticket.code)
    frozen.tick(6)
    await reader.scan(ticket.code)
    assert shown.reasons() == ["checked_in", "already_checked_in"]


async def test_d9_the_same_scan_is_told_the_same(
    hass: HomeAssistant, entry: MockConfigEntry, venue: Venue, server: OveitServer
) -> None:
    """A reader that calls again after a lost answer."""
    tagged(venue)
    await open_gate(hass, entry)
    fields: dict[str, Any] = {"rfid_code": TAG, "entity_id": NORTH, "scan_id": "7"}
    shown = watch(hass)
    first = await act(hass, "checkin", **fields)
    assert await act(hass, "checkin", **fields) == first
    assert shown.reasons() == ["checked_in"]
    assert len(server.requests_to("tickets/checkin")) == 1


async def test_d9_the_same_scan_a_little_later_opens_no_door_again(
    hass: HomeAssistant, entry: MockConfigEntry, frozen: FrozenDateTimeFactory, venue: Venue
) -> None:
    """The caller gets the same answer; the guest has gone in long ago."""
    tagged(venue)
    await open_gate(hass, entry)
    shown = watch(hass)
    scan = {"rfid_code": TAG, "entity_id": NORTH, "scan_id": "7"}
    first = await act(hass, "checkin", **scan)
    frozen.tick(20)
    again = await act(hass, "checkin", **scan)
    assert again == first
    assert shown.reasons() == ["checked_in"]


@pytest.mark.parametrize(
    ("mode", "reason"), [("closed", "gate_closed"), ("scan_only", "checked_in")]
)
async def test_d9_a_scan_that_did_not_admit_is_told_when_it_does(
    hass: HomeAssistant, entry: MockConfigEntry, venue: Venue, mode: str, reason: str
) -> None:
    """The gate was opened meanwhile, and the door has to hear of the guest."""
    ticket = tagged(venue)
    await open_gate(hass, entry)
    await set_mode(hass, mode)
    shown = watch(hass)
    scan = {"rfid_code": TAG, "entity_id": NORTH, "scan_id": "7"}
    assert not (await act(hass, "checkin", **scan))["admitted"]
    await set_mode(hass, "open_for_tickets")
    assert (await act(hass, "checkin", **scan))["admitted"]
    assert shown.reasons() == [reason, "checked_in"]
    assert venue.entries(ticket.code) == 1


async def test_d9_a_scan_that_was_refused_is_told_when_free_flow_admits_it(
    hass: HomeAssistant, entry: MockConfigEntry, venue: Venue
) -> None:
    """In free flow nobody is refused, whatever was said before."""
    tagged(venue, kind=VIP)
    await open_gate(hass, entry, ticket_types=[str(ENTRY)])
    shown = watch(hass)
    scan = {"rfid_code": TAG, "entity_id": NORTH, "scan_id": "7"}
    assert not (await act(hass, "checkin", **scan))["admitted"]
    await set_mode(hass, "free_flow")
    assert (await act(hass, "checkin", **scan))["admitted"]
    assert shown.reasons() == ["wrong_ticket_type", "override"]


@pytest.mark.parametrize("result", ["not_passed", "door_failed"])
async def test_d1_a_guest_who_did_not_get_through_is_told_of_again(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    frozen: FrozenDateTimeFactory,
    venue: Venue,
    server: OveitServer,
    reader: Reader,
    result: str,
) -> None:
    """Without asking Oveit, once for each time the door says so, and only the last guest."""
    tickets = [tagged(venue, tag, place=place) for place, tag in enumerate(("AA000001", TAG))]
    await open_gate(hass, entry, reader)
    await open_gate(hass, entry, name="South gate")
    for tag in ("AA000001", TAG):
        await reader.scan(tag)
    server.forget()
    shown = watch(hass)
    for gate, told in (("event.south_gate", result), (NORTH, "again"), (NORTH, result)):
        hass.bus.async_fire("oveit_door", {"gate": gate, "result": told})
        frozen.tick(1)
        for tag in ("AA000001", TAG, TAG):
            await reader.scan(tag)
    assert shown.reasons() == ["repeat"]
    assert shown.types() == ["admitted"]
    assert server.requests_to("tickets/scan") == []
    assert [venue.entries(ticket.code) for ticket in tickets] == [1, 1]


async def test_r10_a_tag_that_lies_on_the_reader_is_one_guest(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    frozen: FrozenDateTimeFactory,
    venue: Venue,
    server: OveitServer,
    reader: Reader,
) -> None:
    """For ten seconds, read every second."""
    ticket = tagged(venue)
    await open_gate(hass, entry, reader)
    shown = watch(hass)
    for _ in range(10):
        await reader.scan(TAG)
        frozen.tick(1)
    assert shown.reasons() == ["checked_in"]
    assert venue.entries(ticket.code) == 1
    assert len(server.requests_to("tickets/checkin")) == 1


async def test_r2_offline_a_tag_that_was_never_seen_is_refused(
    hass: HomeAssistant, entry: MockConfigEntry, venue: Venue, server: OveitServer, reader: Reader
) -> None:
    """And one that was is admitted."""
    tagged(venue, "AA000001", place=1)
    tagged(venue, "AA000002", place=2)
    await open_gate(hass, entry, reader)
    await act(hass, "scan", rfid_code="AA000002")
    await hang_up(hass, entry, server)
    shown = watch(hass)
    await reader.scan("AA000001")
    await reader.scan("AA000002")
    assert shown.reasons() == ["unknown_tag", "checked_in"]
    assert shown.states[1].attributes["source"] == "ledger"


@pytest.mark.parametrize(
    ("several", "reasons", "entries"),
    [("ambiguous", ["ambiguous"], 0), ("first", ["checked_in"], 1), ("all", ["checked_in"], 2)],
)
async def test_r5_several_tickets_on_a_tag(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    venue: Venue,
    reader: Reader,
    wallet: list[VenueTicket],
    several: str,
    reasons: list[str],
    entries: int,
) -> None:
    """The gate says what to do with a family's wristband."""
    await open_gate(hass, entry, reader, several=several)
    await know(hass, wallet)
    shown = watch(hass)
    await reader.scan(TAG)
    assert shown.reasons() == reasons
    assert sum(venue.entries(ticket.code) for ticket in wallet) == entries


async def test_r5_the_one_ticket_that_fits_is_taken(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    venue: Venue,
    reader: Reader,
    wallet: list[VenueTicket],
) -> None:
    """The gate is for VIPs only."""
    await open_gate(hass, entry, reader, ticket_types=[VIP])
    await know(hass, wallet)
    await reader.scan(TAG)
    assert [venue.entries(ticket.code) for ticket in wallet] == [0, 1]


async def test_r6_one_of_several_tickets_is_enough(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    venue: Venue,
    reader: Reader,
    wallet: list[VenueTicket],
) -> None:
    """The other one was refused by Oveit meanwhile; the door opens once."""
    await open_gate(hass, entry, reader, several="all")
    await know(hass, wallet)
    venue.cancel(wallet[0].code)
    shown = watch(hass)
    await reader.scan(TAG)
    assert shown.types() == ["admitted"]
    assert venue.entries(wallet[1].code) == 1


async def test_r6_every_ticket_of_a_family_is_told(
    hass: HomeAssistant, entry: MockConfigEntry, venue: Venue, server: OveitServer
) -> None:
    """The steward reads who was refused, and the hosts hear of the one who is a VIP."""
    by_code = sorted(venue.unused(100), key=lambda ticket: ticket.code)
    entries = [ticket for ticket in by_code if ticket.ticket_type_id == ENTRY]
    vip = next(ticket for ticket in reversed(by_code) if ticket.ticket_type_id == VIP)
    refused, good = entries[:2]
    for ticket in (refused, good, vip):
        venue.pair(ticket.code, TAG)
    await open_gate(hass, entry, several="all")
    await know(hass, [refused, good, vip])
    server.faults.set("tickets/checkin", Fault(json={"error": "Blocked"}), 1)
    vips = async_mock_service(hass, "test", "automation")
    trigger = {"trigger": "oveit.ticket_admitted", "target": {"entity_id": NORTH}}
    automation = {
        "triggers": trigger | {"options": {"ticket_type": "VIP"}},
        "actions": {"action": "test.automation"},
    }
    assert await async_setup_component(hass, "automation", {"automation": automation})
    everywhere, here = watch(hass, "event.lantern_night_check_in"), watch(hass)
    answer = await act(hass, "checkin", rfid_code=TAG, entity_id=NORTH)

    told = [(each["ticket"]["code"], each["admitted"]) for each in (answer, *answer["others"])]
    assert told == [(good.code, True), (vip.code, True), (refused.code, False)]
    assert [told["reason"] for told in here.states[0].attributes["others"]] == [
        "checked_in",
        "refused",
    ]
    assert everywhere.reasons() == ["checked_in", "checked_in", "refused"]
    assert len(vips) == 1


async def test_i8_oveits_sentence_shows_no_whole_code(
    hass: HomeAssistant, entry: MockConfigEntry, venue: Venue, server: OveitServer
) -> None:
    """Oveit may name the ticket that it refuses."""
    ticket = tagged(venue)
    await open_gate(hass, entry)
    sentence = f"{ticket.code.upper()} on {TAG} is blocked"
    server.faults.set("tickets/checkin", Fault(json={"error": sentence}))
    shown = watch(hass)
    answer = await act(hass, "checkin", rfid_code=TAG, entity_id=NORTH)
    assert answer["message"] == sentence
    told = shown.states[0].attributes["message"]
    assert told == f"…{ticket.code[-3:]} on …{TAG[-3:]} is blocked"


async def test_r13_a_ticket_and_its_wristband_are_one_guest(
    hass: HomeAssistant, entry: MockConfigEntry, venue: Venue, reader: Reader
) -> None:
    """Presented in turn."""
    ticket = tagged(venue)
    await open_gate(hass, entry, reader, credential="auto")
    shown = watch(hass)
    await reader.scan(TAG)
    await reader.scan(ticket.code)
    assert shown.reasons() == ["checked_in", "already_checked_in"]
    assert venue.entries(ticket.code) == 1


async def test_x1_an_exit_lets_out_and_counts(
    hass: HomeAssistant, entry: MockConfigEntry, venue: Venue, reader: Reader
) -> None:
    """Inside goes down by one, checked in stays."""
    tagged(venue)
    out = make_reader(hass, "Exit reader")
    await open_gate(hass, entry, reader)
    await open_gate(hass, entry, out, name="Exit", direction="exit")
    before = int(value(hass, INSIDE))
    shown = watch(hass, "event.exit")
    await reader.scan(TAG)
    await act(hass, "sync")
    assert int(value(hass, INSIDE)) == before + 1
    await out.scan(TAG)
    await act(hass, "sync")
    assert shown.reasons() == ["left"]
    assert shown.states[0].attributes["direction"] == "exit"
    assert shown.states[0].attributes["hint"] is None
    assert int(value(hass, INSIDE)) == before
    assert hass.states.get(INSIDE).attributes["exits_counted"] is True
    assert value(hass, "sensor.exit_exits") == "1"
    assert value(hass, "sensor.exit_exits_per_hour") == "1"
    assert hass.states.get("sensor.exit_entries") is None
    assert value(hass, "sensor.north_gate_entries") == "1"


@pytest.mark.parametrize(("several", "reads"), [("all", 1), ("first", 2)])
async def test_x1_a_family_with_one_wristband_leaves_as_it_came(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    frozen: FrozenDateTimeFactory,
    reader: Reader,
    wallet: list[VenueTicket],
    several: str,
    reads: int,
) -> None:
    """Together, or one by one."""
    out = make_reader(hass, "Exit reader")
    await open_gate(hass, entry, reader, several=several)
    await open_gate(hass, entry, out, name="Exit", direction="exit", several=several)
    await know(hass, wallet)
    counted = [int(value(hass, INSIDE))]
    for at in (reader, out):
        for _ in range(reads):
            await at.scan(TAG)
            frozen.tick(60)
        await act(hass, "sync")
        counted.append(int(value(hass, INSIDE)))
    before, full, after = counted
    assert (full, after) == (before + 2, before)


@pytest.mark.parametrize("place", [0, 1])
async def test_x1_of_two_tickets_on_a_tag_the_one_that_is_inside_leaves(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    reader: Reader,
    wallet: list[VenueTicket],
    place: int,
) -> None:
    """Whichever of them it is, and without a hint that nobody came in."""
    await open_gate(hass, entry, reader, direction="exit")
    await know(hass, wallet)
    before = value(hass, INSIDE)
    await act(hass, "checkin", ticket_code=wallet[place].code)
    shown = watch(hass)
    await reader.scan(TAG)
    await act(hass, "sync")
    assert value(hass, INSIDE) == before
    assert shown.states[0].attributes["hint"] is None


async def test_x1_an_exit_of_one_event_counts_the_ticket_of_that_event(
    hass: HomeAssistant, entry: MockConfigEntry, venue: Venue, reader: Reader
) -> None:
    """A wristband may carry a ticket for each day."""
    days = [venue.unused(event_id)[1] for event_id in (100, 101)]
    hass.config_entries.async_update_entry(
        entry, options={"events": [100, 101], "follow_new": False}
    )
    await open_gate(hass, entry, reader, direction="exit", events=[101])
    for ticket in days:
        venue.pair(ticket.code, TAG)
        await act(hass, "checkin", ticket_code=ticket.code)
        await act(hass, "scan", ticket_code=ticket.code)
    shown = watch(hass)
    await reader.scan(TAG)
    assert shown.states[0].attributes["event"] == venue.events[101].name


async def test_x1_an_exit_works_without_a_line(
    hass: HomeAssistant, entry: MockConfigEntry, venue: Venue, server: OveitServer, reader: Reader
) -> None:
    """Decided here."""
    venue.check_in(tagged(venue).code)
    await open_gate(hass, entry, reader, direction="exit")
    await hang_up(hass, entry, server)
    shown = watch(hass)
    await reader.scan(TAG)
    assert shown.reasons() == ["left"]
    assert shown.states[0].attributes["source"] == "ledger"


async def test_x8_without_exits_inside_means_entered_and_says_so(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    frozen: FrozenDateTimeFactory,
    venue: Venue,
    server: OveitServer,
    reader: Reader,
) -> None:
    """Once somebody was seen leaving, it means inside, also when everybody has come back."""
    server.behaviour.second_checkin = "accepted"
    tagged(venue)
    out = make_reader(hass, "Exit reader")
    await open_gate(hass, entry, reader, re_entry="ask_oveit")
    await open_gate(hass, entry, out, name="Exit", direction="exit")
    counted = []
    for at in (reader, out, reader):
        await at.scan(TAG)
        frozen.tick(60)
        await act(hass, "sync")
        counted.append(hass.states.get(INSIDE).attributes["exits_counted"])
    assert counted == [False, True, True]


async def test_x2_somebody_who_never_came_in_goes_out(
    hass: HomeAssistant, entry: MockConfigEntry, venue: Venue, reader: Reader
) -> None:
    """With a hint; nobody is counted twice, nor below nobody."""
    tagged(venue)
    await open_gate(hass, entry, reader, direction="exit")
    before = value(hass, INSIDE)
    shown = watch(hass)
    await reader.scan(TAG)
    await reader.scan("CC000001")
    await act(hass, "sync")
    assert shown.types() == ["admitted", "admitted"]
    assert [state.attributes["hint"] for state in shown.states] == ["never_entered"] * 2
    assert value(hass, INSIDE) == before


@pytest.mark.parametrize("mode", ["closed", "scan_only", "free_flow"])
async def test_x9_a_gate_that_becomes_an_exit_lets_out_whatever_its_mode_was(
    hass: HomeAssistant, entry: MockConfigEntry, venue: Venue, reader: Reader, mode: str
) -> None:
    """Nobody is ever kept in (I7): a way out has no mode, and loses what it had as an entrance."""
    venue.check_in(tagged(venue).code)
    gate_id = await open_gate(hass, entry, reader)
    await set_mode(hass, mode)
    gate = entry.subentries[gate_id]
    hass.config_entries.async_update_subentry(entry, gate, data={**gate.data, "direction": "exit"})
    await hass.async_block_till_done(wait_background_tasks=True)
    registry = er.async_get(hass)
    names = {
        known.entity_id
        for known in er.async_entries_for_config_entry(registry, entry.entry_id)
        if known.config_subentry_id == gate_id
    }
    assert names == {
        "event.north_gate",
        "sensor.north_gate_exits",
        "sensor.north_gate_exits_per_hour",
        "sensor.north_gate_last_result",
    }
    shown = watch(hass)
    await reader.scan(TAG)
    assert shown.types() == ["admitted"]
    assert shown.reasons() == ["left"]
    assert shown.states[0].attributes["mode"] == "open_for_tickets"


async def test_i7_an_exit_opens_when_nothing_works(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    reader: Reader,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Not even the disk."""
    await open_gate(hass, entry, reader, direction="exit")

    monkeypatch.setattr(entry.runtime_data.desk, "check_in", fail)
    shown = watch(hass)
    await reader.scan(TAG)
    assert shown.types() == ["admitted"]


@pytest.mark.parametrize("credential", ["auto", "rfid"])
async def test_i7_an_exit_opens_when_the_ledger_cannot_be_read(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    reader: Reader,
    monkeypatch: pytest.MonkeyPatch,
    credential: str,
) -> None:
    """Whether a read is a code or a tag, and in which spelling, is for those who come in."""

    await open_gate(
        hass, entry, reader, direction="exit", credential=credential, tag_format="decimal"
    )
    for question in ("find", "on_tag"):
        monkeypatch.setattr(entry.runtime_data.ledger, question, fail)
    shown = watch(hass)
    await reader.scan("68310696")
    answer = await act(hass, "checkin", rfid_code="68310697", entity_id=NORTH)
    monkeypatch.setattr(entry.runtime_data.desk, "check_in", fail)
    worse = await act(hass, "checkin", rfid_code="68310698", entity_id=NORTH)
    assert answer["admitted"]
    assert worse["admitted"]
    assert shown.reasons() == ["left"] * 3


async def test_an_exit_lets_unknown_tags_out_in_a_flood(
    hass: HomeAssistant, entry: MockConfigEntry, reader: Reader
) -> None:
    """Nobody is ever kept in (I7)."""
    await open_gate(hass, entry, reader, direction="exit")
    shown = watch(hass)
    for number in range(25):
        await reader.scan(f"BB{number:06X}")
    assert shown.types() == ["admitted"] * 25


async def test_x3_who_left_comes_in_again_where_the_gate_asks_oveit(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    frozen: FrozenDateTimeFactory,
    venue: Venue,
    server: OveitServer,
    reader: Reader,
) -> None:
    """With Oveit's turnstile, which knows who is inside."""
    ticket = tagged(venue)
    out = make_reader(hass, "Exit reader")
    await open_gate(hass, entry, reader, turnstile=True, re_entry="ask_oveit")
    await open_gate(hass, entry, out, name="Exit", direction="exit", turnstile=True)
    shown = watch(hass, NORTH, "event.exit")
    for gate in (reader, out, reader):
        await gate.scan(TAG)
        frozen.tick(300)
    assert shown.reasons() == ["checked_in", "left", "checked_in"]
    assert len(server.requests_to("turnstile/checkin")) == 2
    assert len(server.requests_to("turnstile/checkout")) == 1
    assert venue.tickets[ticket.code].inside is True


async def test_x5_an_account_without_turnstiles_is_told(
    hass: HomeAssistant, entry: MockConfigEntry, venue: Venue, server: OveitServer, reader: Reader
) -> None:
    """Oveit says so only in words, so three refusals tell; a person turns the option off."""
    server.behaviour.turnstile = False
    gate_id = await open_gate(hass, entry, reader, turnstile=True)
    shown = watch(hass)
    for place in (1, 2, 3):
        assert issues(hass) == []
        tagged(venue, f"AA00000{place}", place=place)
        await reader.scan(f"AA00000{place}")
    assert shown.reasons() == ["refused"] * 3
    assert issues(hass) == ["turnstile_refuses"]
    subentry = entry.subentries[gate_id]
    hass.config_entries.async_update_subentry(
        entry, subentry, data={**subentry.data, "turnstile": False}
    )
    await hass.async_block_till_done(wait_background_tasks=True)
    assert issues(hass) == []
    ticket = tagged(venue, "AA000004", place=4)
    await reader.scan("AA000004")
    assert venue.entries(ticket.code) == 1


@pytest.mark.parametrize("code", [r"abc\1", r"abc\g"])
async def test_i8_a_code_of_any_characters_is_shown_as_refused(
    hass: HomeAssistant, entry: MockConfigEntry, reader: Reader, code: str
) -> None:
    """Anybody can print a code with a backslash in it."""
    await open_gate(hass, entry, reader, credential="ticket")
    shown = watch(hass)
    await reader.scan(code)
    assert shown.reasons() == ["unknown_ticket"]


async def test_a_gate_with_an_add_on_counts_who_had_it(
    hass: HomeAssistant, entry: MockConfigEntry, venue: Venue, reader: Reader
) -> None:
    """A bar lets nobody in, and counts drinks."""
    tagged(venue, kind=VIP)
    await open_gate(hass, entry, reader, addon_id=DRINKS)
    await reader.scan(TAG)
    await act(hass, "sync")
    assert value(hass, "sensor.north_gate_entries") == "1"


async def test_a_gate_that_is_renamed_keeps_its_count(
    hass: HomeAssistant, entry: MockConfigEntry, venue: Venue, reader: Reader
) -> None:
    """Guests are told of the gate by the name that it has now."""
    tagged(venue)
    gate_id = await open_gate(hass, entry, reader)
    await reader.scan(TAG)
    hass.config_entries.async_update_subentry(entry, entry.subentries[gate_id], title="Main gate")
    await hass.async_block_till_done(wait_background_tasks=True)
    assert value(hass, "sensor.north_gate_entries") == "1"
    again = await act(hass, "checkin", rfid_code=TAG, gate="South gate")
    assert again["first_checkin"]["gate"] == "Main gate"
    assert again["passback"]


async def test_a_change_of_a_gate_loses_no_waiting_row(
    hass: HomeAssistant, entry: MockConfigEntry, venue: Venue, server: OveitServer, reader: Reader
) -> None:
    """C5: what was admitted without a line is uploaded after the reload."""
    ticket = tagged(venue)
    gate_id = await open_gate(hass, entry, reader, credential="auto")
    await hang_up(hass, entry, server)
    await reader.scan(ticket.code)
    subentry = entry.subentries[gate_id]
    hass.config_entries.async_update_subentry(
        entry, subentry, data={**subentry.data, "deadline": 1.0}
    )
    await hass.async_block_till_done(wait_background_tasks=True)
    await server.pick_up()
    await act(hass, "sync")
    assert venue.entries(ticket.code) == 1


async def test_a_guest_at_the_gate_is_answered_before_a_reload(
    hass: HomeAssistant, entry: MockConfigEntry, venue: Venue, server: OveitServer, reader: Reader
) -> None:
    """Whoever changes the settings."""
    ticket = tagged(venue)
    await open_gate(hass, entry, reader)
    server.faults.set("tickets/checkin", Fault(latency_before=0.3))
    shown = watch(hass)
    reader.send(TAG)
    await hass.config_entries.async_reload(entry.entry_id)
    await hass.async_block_till_done(wait_background_tasks=True)
    assert "checked_in" in shown.reasons()
    assert venue.entries(ticket.code) == 1
