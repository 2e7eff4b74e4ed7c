"""Oveit is polled as often as is due, and its silences are survived."""

import asyncio
from contextlib import suppress
from datetime import timedelta
import logging
from pathlib import Path
import sqlite3
from unittest.mock import patch

from freezegun.api import FrozenDateTimeFactory
from homeassistant.config_entries import ConfigEntryState
from homeassistant.const import STATE_OFF, STATE_ON, STATE_UNAVAILABLE
from homeassistant.core import CoreState, HomeAssistant
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers import entity_registry as er, issue_registry as ir
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.oveit import coordinator as coordinator_module
from custom_components.oveit.const import CONF_EVENTS, CONF_FOLLOW_NEW, DOMAIN
from custom_components.oveit.core.ledger.sqlite import engine
from demo.faults import Fault
from demo.messages import message
from demo.oveit_server import OveitServer
from demo.venue import Venue
from tests.common import act, poll, reauths, set_up, value, wait
from tests.conftest import NOW

CONNECTED = "binary_sensor.lantern_night_connected"
TICKETS = "sensor.lantern_night_tickets"
CHECKED_IN = "sensor.lantern_night_checked_in"
LOST, BACK = "Oveit does not answer as it should", "Oveit answers again"


def asked(server: OveitServer) -> list[str]:
    """Return what Oveit was asked since the last time."""
    endpoints = [request.endpoint for request in server.requests]
    server.forget()
    return endpoints


@pytest.fixture
async def idle(hass: HomeAssistant, entry: MockConfigEntry, venue: Venue) -> MockConfigEntry:
    """Return the entry of an event that begins in three days, loaded."""
    venue.events[100].starts_at = NOW + timedelta(days=3)
    for ticket in venue.tickets_of(100):
        ticket.checkins.clear()
    await set_up(hass, entry)
    return entry


@pytest.mark.usefixtures("loaded")
async def test_a_live_event_is_polled_every_half_minute(
    hass: HomeAssistant, frozen: FrozenDateTimeFactory, server: OveitServer
) -> None:
    """Its list only when it is five minutes old."""
    server.forget()
    await wait(hass, frozen, 28)
    assert asked(server) == []
    for _ in range(8):
        await wait(hass, frozen, 31)
    assert asked(server) == ["seller/events"] * 8
    await wait(hass, frozen, 31)
    assert asked(server) == ["seller/events", "events/tickets"]


@pytest.mark.usefixtures("idle")
async def test_an_idle_event_is_polled_every_five_minutes(
    hass: HomeAssistant, frozen: FrozenDateTimeFactory, server: OveitServer
) -> None:
    """Its list only when it is an hour old."""
    server.forget()
    await wait(hass, frozen, 298)
    assert asked(server) == []
    for _ in range(10):
        await wait(hass, frozen, 301)
    assert asked(server) == ["seller/events"] * 10
    await wait(hass, frozen, 301)
    assert asked(server) == ["seller/events", "events/tickets"]


async def test_a_perpetual_event_is_always_live(
    hass: HomeAssistant,
    frozen: FrozenDateTimeFactory,
    idle: MockConfigEntry,
    venue: Venue,
    server: OveitServer,
) -> None:
    """A museum has no evening before."""
    venue.events[100].starts_at = None
    await poll(hass, idle)
    server.forget()
    await wait(hass, frozen, 31)
    assert asked(server) == ["seller/events"]


@pytest.mark.usefixtures("idle")
async def test_a_check_in_makes_an_event_live_for_half_an_hour(
    hass: HomeAssistant, frozen: FrozenDateTimeFactory, venue: Venue, server: OveitServer
) -> None:
    """It is polled at once, then as a live one."""
    await act(hass, "checkin", ticket_code=venue.unused(100)[1].code)
    assert "seller/events" in asked(server)
    await wait(hass, frozen, 31)
    assert asked(server) == ["seller/events"]
    frozen.tick(30 * 60)
    await wait(hass, frozen, 0)
    server.forget()
    await wait(hass, frozen, 200)
    assert asked(server) == []


@pytest.mark.usefixtures("idle")
async def test_a_refusal_makes_nothing_live(
    hass: HomeAssistant, frozen: FrozenDateTimeFactory, server: OveitServer
) -> None:
    """Nobody came in."""
    await act(hass, "checkin", rfid_code="n0b0dy")
    server.forget()
    await wait(hass, frozen, 31)
    assert asked(server) == []


@pytest.mark.parametrize("change", ["sold", "checked in", "cancelled"])
async def test_a_count_that_moved_has_the_list_asked_for(
    hass: HomeAssistant, loaded: MockConfigEntry, venue: Venue, server: OveitServer, change: str
) -> None:
    """Only then, and only once."""
    match change:
        case "sold":
            venue.sell(100, 234)
        case "checked in":
            venue.check_in(venue.unused(100)[1].code)
        case _:
            venue.cancel(venue.unused(100)[1].code)
    server.forget()
    await poll(hass, loaded)
    assert asked(server) == ["seller/events", "events/tickets"]
    await poll(hass, loaded)
    assert asked(server) == ["seller/events"]
    assert value(hass, TICKETS) == str(len(venue.tickets_of(100)))
    assert value(hass, CHECKED_IN) == str(len(venue.used(100)))


async def test_polling_goes_on_when_every_entity_is_disabled(
    hass: HomeAssistant, frozen: FrozenDateTimeFactory, entry: MockConfigEntry, server: OveitServer
) -> None:
    """A door needs a fresh list, whether or not anybody looks at it."""
    hass.config_entries.async_update_entry(entry, pref_disable_new_entities=True)
    await set_up(hass, entry)
    assert hass.states.async_all(["sensor", "binary_sensor", "button", "event"]) == []
    server.forget()
    await wait(hass, frozen, 31)
    assert asked(server) == ["seller/events"]


async def test_a_lost_connection_is_logged_once_and_so_is_its_return(
    hass: HomeAssistant,
    loaded: MockConfigEntry,
    server: OveitServer,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """However long it lasts."""
    await server.hang_up()
    for _ in range(3):
        await poll(hass, loaded)
    assert caplog.text.count(LOST) == 1
    assert BACK not in caplog.text
    await server.pick_up()
    for _ in range(3):
        await poll(hass, loaded)
    assert caplog.text.count(LOST) == 1
    assert caplog.text.count(BACK) == 1


@pytest.mark.usefixtures("loaded")
async def test_polling_goes_on_while_the_connection_is_lost(
    hass: HomeAssistant, frozen: FrozenDateTimeFactory, server: OveitServer
) -> None:
    """It comes back by itself."""
    server.faults.set("*", "drop_before")
    await wait(hass, frozen, 31)
    assert value(hass, CONNECTED) == STATE_ON
    await wait(hass, frozen, 40)
    assert value(hass, CONNECTED) == STATE_OFF
    server.faults.clear()
    for _ in range(3):
        await wait(hass, frozen, 80)
    assert value(hass, CONNECTED) == STATE_ON


async def test_one_list_that_fails_holds_up_no_other(
    hass: HomeAssistant, entry: MockConfigEntry, venue: Venue, server: OveitServer
) -> None:
    """It stays as it was."""
    options = {CONF_EVENTS: [100, 101], CONF_FOLLOW_NEW: False}
    hass.config_entries.async_update_entry(entry, options=options)
    await set_up(hass, entry)
    for event_id, kind in ((100, 234), (101, 334)):
        venue.sell(event_id, kind)
    server.faults.set("events/tickets", "half_json", 1)
    await poll(hass, entry)
    tickets = [value(hass, f"sensor.{event}_tickets") for event in ("city_museum", "lantern_night")]
    assert tickets in (["10", "51"], ["11", "50"])


async def test_an_empty_list_is_not_believed_at_once(
    hass: HomeAssistant, loaded: MockConfigEntry, server: OveitServer
) -> None:
    """It is asked for again; saying it twice makes it true."""
    server.faults.set("events/tickets", "empty_list")
    await act(hass, "sync")
    assert value(hass, TICKETS) == "50"
    await poll(hass, loaded)
    assert value(hass, TICKETS) == "0"


async def test_an_expired_token_is_renewed_without_a_person(
    hass: HomeAssistant, loaded: MockConfigEntry, server: OveitServer
) -> None:
    """One login, and the call is made once more."""
    server.expire_tokens()
    server.forget()
    await poll(hass, loaded)
    assert asked(server) == ["seller/events", "seller/login", "seller/events"]
    assert value(hass, CONNECTED) == STATE_ON
    assert reauths(hass, loaded) == 0


async def test_a_guest_does_not_notice_that_a_token_expired(
    hass: HomeAssistant, loaded: MockConfigEntry, venue: Venue, server: OveitServer
) -> None:
    """The check-in is made once more, and counts once."""
    server.expire_tokens()
    code = venue.unused(100)[1].code
    assert (await act(hass, "checkin", ticket_code=code))["admitted"] is True
    assert venue.entries(code) == 1
    assert reauths(hass, loaded) == 0


@pytest.mark.parametrize("kind", ["entry", "token_entry"])
async def test_wrong_credentials_have_a_person_sign_in_again_once(
    hass: HomeAssistant, request: pytest.FixtureRequest, server: OveitServer, kind: str
) -> None:
    """Polling goes on, and what was known last stays."""
    entry = request.getfixturevalue(kind)
    await set_up(hass, entry)
    tickets = value(hass, TICKETS)
    server.faults.set("*", "forbidden")
    for _ in range(3):
        await poll(hass, entry)
    assert reauths(hass, entry) == 1
    assert value(hass, CONNECTED) == STATE_OFF
    assert value(hass, TICKETS) == tickets
    server.faults.clear()
    await poll(hass, entry)
    assert value(hass, TICKETS) == tickets


async def test_wrong_credentials_leave_the_ledger_to_decide(
    hass: HomeAssistant, loaded: MockConfigEntry, venue: Venue, server: OveitServer
) -> None:
    """A used ticket is still refused here."""
    server.faults.set("*", "forbidden")
    await poll(hass, loaded)
    response = await act(hass, "checkin", ticket_code=venue.used(100)[0].code)
    assert response["reason"] == "already_checked_in"


@pytest.mark.parametrize(
    ("fault", "text"),
    [
        ("drop_before", "Oveit could not be reached"),
        ("server_error", "Oveit could not be reached"),
        ("captive_portal", "Oveit’s reply was not understood"),
        ("half_json", "Oveit’s reply was not understood"),
    ],
)
async def test_a_first_refresh_that_fails_is_tried_again(
    hass: HomeAssistant, entry: MockConfigEntry, server: OveitServer, fault: str, text: str
) -> None:
    """It says why."""
    server.faults.set("*", fault)
    await set_up(hass, entry)
    assert entry.state is ConfigEntryState.SETUP_RETRY
    assert text in (entry.reason or "")
    server.faults.clear()
    await hass.config_entries.async_reload(entry.entry_id)
    assert entry.state is ConfigEntryState.LOADED


async def test_wrong_credentials_at_the_first_refresh_ask_a_person(
    hass: HomeAssistant, entry: MockConfigEntry, venue: Venue, server: OveitServer
) -> None:
    """Trying again would not help."""
    venue.accounts["staff@venue.example"].password = "changed"
    await set_up(hass, entry)
    assert entry.state is ConfigEntryState.SETUP_ERROR
    assert reauths(hass, entry) == 1


@pytest.mark.parametrize("fault", ["drop_before", "unavailable", "captive_portal", "forbidden"])
async def test_the_ledger_is_enough_for_a_restart(
    hass: HomeAssistant, loaded: MockConfigEntry, venue: Venue, server: OveitServer, fault: str
) -> None:
    """Entities have their last values, and say that Oveit does not answer."""
    assert (await act(hass, "checkin", ticket_code=venue.unused(100)[1].code))["admitted"] is True
    shown = {key: value(hass, key) for key in (TICKETS, CHECKED_IN)}
    server.faults.set("*", fault)
    await hass.config_entries.async_reload(loaded.entry_id)
    await hass.async_block_till_done(wait_background_tasks=True)
    assert loaded.state is ConfigEntryState.LOADED
    assert {key: value(hass, key) for key in shown} == shown
    await poll(hass, loaded)
    assert value(hass, CONNECTED) == STATE_OFF
    assert reauths(hass, loaded) == (fault == "forbidden")


async def test_a_restart_without_a_line_comes_back_by_itself(
    hass: HomeAssistant, frozen: FrozenDateTimeFactory, loaded: MockConfigEntry, server: OveitServer
) -> None:
    """A live event is polled as one, although nobody could be asked at the start."""
    server.faults.set("*", "drop_before")
    await hass.config_entries.async_reload(loaded.entry_id)
    await poll(hass, loaded)
    await poll(hass, loaded)
    assert value(hass, CONNECTED) == STATE_OFF
    server.faults.clear()
    for _ in range(3):
        await wait(hass, frozen, 80)
    assert value(hass, CONNECTED) == STATE_ON


@pytest.mark.usefixtures("idle")
async def test_an_event_comes_alive_without_a_line(
    hass: HomeAssistant, frozen: FrozenDateTimeFactory, server: OveitServer
) -> None:
    """Its start is known here."""
    server.faults.set("*", "drop_before")
    frozen.move_to(NOW + timedelta(days=3, minutes=-10))
    await wait(hass, frozen, 0)
    server.faults.clear()
    await wait(hass, frozen, 31)
    assert value(hass, CONNECTED) == STATE_ON


def lock(ledger: Path) -> sqlite3.Connection:
    """Keep a file for oneself, as another program may."""
    holder = sqlite3.connect(ledger, isolation_level=None, check_same_thread=False)
    holder.execute("CREATE TABLE IF NOT EXISTS mine (name TEXT)")
    holder.execute("BEGIN EXCLUSIVE")
    return holder


async def test_a_ledger_that_cannot_be_opened_is_tried_again(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    server: OveitServer,
    issue_registry: ir.IssueRegistry,
) -> None:
    """Nothing is asked of Oveit without it; a repair says what to do, until it can be opened."""
    ledger = Path(hass.config.path(".storage", f"{DOMAIN}.{entry.entry_id}.db"))
    holder = await hass.async_add_executor_job(lock, ledger)
    with patch.object(engine, "_PATIENCE", 0.05):
        await set_up(hass, entry)
    assert entry.state is ConfigEntryState.SETUP_RETRY
    assert "Check the disk" in str(entry.reason)
    assert server.requests == []
    assert issue_registry.async_get_issue(DOMAIN, f"ledger_unusable_{entry.entry_id}")

    holder.close()
    await hass.config_entries.async_reload(entry.entry_id)
    await hass.async_block_till_done(wait_background_tasks=True)
    assert entry.state is ConfigEntryState.LOADED
    assert not issue_registry.async_get_issue(DOMAIN, f"ledger_unusable_{entry.entry_id}")


async def test_a_start_does_not_wait_for_a_server_that_hangs(
    hass: HomeAssistant, loaded: MockConfigEntry, server: OveitServer
) -> None:
    """What the ledger holds is shown at once; the refresh goes on in the background (C3)."""
    await hass.config_entries.async_unload(loaded.entry_id)
    hass.set_state(CoreState.not_running)
    server.forget()
    server.faults.set("*", Fault(latency_before=3))
    await hass.config_entries.async_setup(loaded.entry_id)
    await hass.async_block_till_done()
    assert loaded.state is ConfigEntryState.LOADED
    assert value(hass, TICKETS) == "50"
    await hass.async_block_till_done(wait_background_tasks=True)
    assert server.requests_to("seller/events")


async def test_a_start_of_a_new_account_waits_a_few_seconds_for_a_server_that_hangs(
    hass: HomeAssistant, entry: MockConfigEntry, server: OveitServer
) -> None:
    """Nothing is known by which a gate could decide; it is tried again until Oveit answers."""
    hass.set_state(CoreState.not_running)
    server.faults.set("*", Fault(latency_before=2))
    with patch.object(coordinator_module, "FIRST_REFRESH_TAKES", 0.2):
        await hass.config_entries.async_setup(entry.entry_id)
        await hass.async_block_till_done()
    assert entry.state is ConfigEntryState.SETUP_RETRY
    server.faults.clear()
    await asyncio.sleep(2)
    await hass.config_entries.async_reload(entry.entry_id)
    assert entry.state is ConfigEntryState.LOADED


async def test_a_new_account_does_not_wait_for_lists_that_take_long(
    hass: HomeAssistant, entry: MockConfigEntry, server: OveitServer
) -> None:
    """Its gates ask Oveit until the list is there."""
    server.faults.set("events/tickets", Fault(latency_before=3))
    with patch.object(coordinator_module, "FIRST_REFRESH_TAKES", 0.2):
        await hass.config_entries.async_setup(entry.entry_id)
        await hass.async_block_till_done()
    assert entry.state is ConfigEntryState.LOADED
    assert value(hass, TICKETS) == "0"
    await hass.async_block_till_done(wait_background_tasks=True)
    assert value(hass, TICKETS) == "50"


async def test_a_new_account_waits_for_a_slow_server_once_home_assistant_runs(
    hass: HomeAssistant, entry: MockConfigEntry, server: OveitServer
) -> None:
    """It would never be set up otherwise."""
    server.faults.set("seller/events", Fault(latency_before=0.5))
    with patch.object(coordinator_module, "FIRST_REFRESH_TAKES", 0.1):
        await set_up(hass, entry)
    assert entry.state is ConfigEntryState.LOADED


async def test_c4_a_damaged_ledger_is_set_aside_and_a_person_told(
    hass: HomeAssistant, entry: MockConfigEntry, issue_registry: ir.IssueRegistry
) -> None:
    """Doors go on with an empty one; the old file is kept under a name that is told."""
    ledger = Path(hass.config.path(".storage", f"{DOMAIN}.{entry.entry_id}.db"))
    await hass.async_add_executor_job(ledger.write_bytes, b"no ledger" * 1000)
    await set_up(hass, entry)
    assert entry.state is ConfigEntryState.LOADED
    assert value(hass, TICKETS) == "50"
    issue = issue_registry.async_get_issue(DOMAIN, f"ledger_set_aside_{entry.entry_id}")
    aside = ledger.with_name(issue.translation_placeholders["file"])
    assert await hass.async_add_executor_job(aside.read_bytes) == b"no ledger" * 1000


async def test_a_ledger_that_fails_makes_the_entities_unavailable(
    hass: HomeAssistant, loaded: MockConfigEntry
) -> None:
    """Nothing that is shown could be trusted."""
    await loaded.runtime_data.ledger.close()
    await poll(hass, loaded)
    assert value(hass, TICKETS) == STATE_UNAVAILABLE
    assert loaded.state is ConfigEntryState.LOADED


async def test_a_count_that_fails_after_a_check_in_shows_what_was_known(
    hass: HomeAssistant,
    frozen: FrozenDateTimeFactory,
    loaded: MockConfigEntry,
    venue: Venue,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """The guest is in already."""
    for ticket in venue.unused(100)[1:3]:
        assert (await act(hass, "checkin", ticket_code=ticket.code))["admitted"] is True
    checked_in = value(hass, CHECKED_IN)
    await loaded.runtime_data.ledger.close()
    await wait(hass, frozen, 1.1)
    assert value(hass, CHECKED_IN) == checked_in
    assert "could not be counted" in caplog.text
    assert "Traceback" not in caplog.text


@pytest.mark.parametrize(
    ("language", "sent"), [("en", "en"), ("de", "de"), ("de-CH", "de"), ("nl", "nl"), ("ro", "en")]
)
async def test_oveit_speaks_the_language_of_the_house(
    hass: HomeAssistant, entry: MockConfigEntry, server: OveitServer, language: str, sent: str
) -> None:
    """English where it does not know it."""
    hass.config.language = language
    await set_up(hass, entry)
    response = await act(hass, "checkin", ticket_code="n0b0dy")
    assert {request.headers["Accept-Language"] for request in server.requests} == {sent}
    assert response["message"] == message("ticket_unknown", sent)


async def test_an_account_without_events_is_polled_too(
    hass: HomeAssistant,
    frozen: FrozenDateTimeFactory,
    entry: MockConfigEntry,
    venue: Venue,
    server: OveitServer,
) -> None:
    """It waits for its first one."""
    venue.events[100].ended = venue.events[101].ended = True
    await set_up(hass, entry)
    assert entry.state is ConfigEntryState.LOADED
    assert hass.states.async_all("sensor") == []
    venue.events[100].ended = False
    await wait(hass, frozen, 301)
    assert value(hass, TICKETS) == "50"


async def test_odd_rows_cost_nothing_but_themselves(
    hass: HomeAssistant, loaded: MockConfigEntry, venue: Venue
) -> None:
    """The list is taken as far as it makes sense."""
    venue.odd_rows[100] = [None, 7, {"code": None}, {"code": ""}, {"code": "x1", "checkins": None}]
    await act(hass, "sync")
    assert value(hass, TICKETS) == "51"
    assert loaded.runtime_data.data[100].ticket_list.skipped == 4


async def test_a_device_can_be_looked_at_by_its_event(
    hass: HomeAssistant, loaded: MockConfigEntry, entity_registry: er.EntityRegistry
) -> None:
    """All entities of an event share one."""
    entities = er.async_entries_for_config_entry(entity_registry, loaded.entry_id)
    assert len({entity.device_id for entity in entities}) == 1


async def test_a_reply_of_events_that_are_none_ends_nothing(
    hass: HomeAssistant, loaded: MockConfigEntry, server: OveitServer
) -> None:
    """What is known stays."""
    server.faults.set("seller/events", Fault(json={"events": [None, 7]}))
    for _ in range(2):
        await poll(hass, loaded)
    assert value(hass, TICKETS) == "50"
    assert value(hass, CONNECTED) == STATE_OFF


@pytest.mark.parametrize("begun_by", ["timer", "webhook", "action"])
async def test_a_reload_in_the_middle_of_a_refresh_is_no_failure(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    server: OveitServer,
    caplog: pytest.LogCaptureFixture,
    begun_by: str,
) -> None:
    """The refresh ends with the ledger, whoever waits for it; nothing is logged as an error."""
    hass.config_entries.async_update_entry(entry, options={CONF_EVENTS: [100, 101]})
    await set_up(hass, entry)
    server.faults.set("seller/events", Fault(latency_before=0.5))
    refresh = entry.runtime_data.async_refresh
    match begun_by:
        case "timer":
            work = entry.async_create_background_task(hass, refresh(), "timer")
        case "webhook":
            work = hass.async_create_background_task(refresh(), "webhook")
        case _:
            work = hass.async_create_task(sync_anyhow(hass))
    await asyncio.sleep(0.1)
    server.faults.clear()
    caplog.clear()
    assert await hass.config_entries.async_reload(entry.entry_id)
    await asyncio.wait([work], timeout=0.2)
    assert work.done()
    await asyncio.sleep(0.5)
    await hass.async_block_till_done(wait_background_tasks=True)
    assert "Check the disk" not in caplog.text
    serious = [each for each in caplog.records if each.levelno >= logging.WARNING]
    assert [each.message for each in serious if each.name != "asyncio"] == []  # a slow machine


async def sync_anyhow(hass: HomeAssistant) -> None:
    """Ask for a refresh, which may be cut short."""
    with suppress(HomeAssistantError):
        await hass.services.async_call(DOMAIN, "sync", {}, blocking=True)
