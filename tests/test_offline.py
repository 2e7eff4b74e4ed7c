"""The line goes down: doors work on, nothing is lost, and people are told."""

import asyncio
from contextlib import closing
from datetime import UTC, datetime, timedelta
import json
from pathlib import Path
import sqlite3

from homeassistant.config_entries import ConfigEntryState
from homeassistant.core import Context, HomeAssistant
from homeassistant.exceptions import ServiceValidationError, Unauthorized
from homeassistant.helpers import issue_registry as ir
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry, MockUser

from custom_components.oveit import backup
from custom_components.oveit.const import CONF_EVENTS, CONF_FOLLOW_NEW, DOMAIN
from demo.faults import bomb
from demo.oveit_server import Fault, OveitServer
from demo.venue import Venue
from tests.common import act, poll, set_up, value

PREFIX = "sensor.lantern_night_"
CONFLICT = "event.lantern_night_conflict"


async def conflict(hass: HomeAssistant, venue: Venue, server: OveitServer) -> str:
    """Admit a guest offline whose ticket is used elsewhere meanwhile, and sync."""
    code = venue.unused(100)[1].code
    await server.hang_up()
    assert (await act(hass, "checkin", ticket_code=code, gate="North"))["admitted"] is True
    venue.check_in(code)
    await server.pick_up()
    assert (await act(hass, "sync"))["rejected"] == 1
    return code


async def test_everything_is_sent_when_the_line_is_back(
    hass: HomeAssistant, loaded: MockConfigEntry, venue: Venue, server: OveitServer
) -> None:
    """Nobody has to press a button: a poll that succeeds settles what waits."""
    codes = [ticket.code for ticket in venue.unused(100)[1:6]]
    await server.hang_up()
    for code in codes:
        assert (await act(hass, "checkin", ticket_code=code))["source"] == "ledger"
    await poll(hass, loaded)
    assert value(hass, PREFIX + "waiting") == "5"
    await server.pick_up()
    for _ in range(3):
        await poll(hass, loaded)
    assert [venue.entries(code) for code in codes] == [1] * 5
    assert value(hass, PREFIX + "waiting") == "0"


async def test_c3_a_restart_without_a_line_forgets_nobody(
    hass: HomeAssistant, loaded: MockConfigEntry, venue: Venue, server: OveitServer
) -> None:
    """The list and the journal are there before the first guest."""
    code = venue.unused(100)[1].code
    await server.hang_up()
    await act(hass, "checkin", ticket_code=code, gate="North")
    await hass.config_entries.async_reload(loaded.entry_id)
    assert loaded.state is ConfigEntryState.LOADED
    again = await act(hass, "checkin", ticket_code=code, gate="South")
    other = await act(hass, "checkin", ticket_code=venue.unused(100)[2].code)
    assert again["reason"] == "already_checked_in"
    assert again["first_checkin"]["gate"] == "North"
    assert other["admitted"] is True


async def test_d9_the_same_scan_is_told_the_same_after_a_restart(
    hass: HomeAssistant, loaded: MockConfigEntry, venue: Venue
) -> None:
    """It is one row, and one answer."""
    fields = {"ticket_code": venue.unused(100)[1].code, "gate": "North", "scan_id": "read-1"}
    first = await act(hass, "checkin", **fields)
    assert await act(hass, "checkin", **fields) == first
    await hass.config_entries.async_reload(loaded.entry_id)
    again = await act(hass, "checkin", **fields)
    for key in ("admitted", "reason", "gate", "at", "scan_id", "event"):
        assert again[key] == first[key]
    assert venue.entries(fields["ticket_code"]) == 1


async def test_a_hung_server_does_not_hold_up_a_restart(
    hass: HomeAssistant, loaded: MockConfigEntry, server: OveitServer
) -> None:
    """What is known here is shown at once."""
    server.faults.set("*", Fault(latency_before=2))
    tickets = value(hass, PREFIX + "tickets")
    await hass.config_entries.async_unload(loaded.entry_id)
    async with asyncio.timeout(1):
        await hass.config_entries.async_setup(loaded.entry_id)
    assert value(hass, PREFIX + "tickets") == tickets
    server.faults.clear()


async def test_a_conflict_is_told_to_everyone_who_should_know(
    hass: HomeAssistant,
    loaded: MockConfigEntry,
    venue: Venue,
    server: OveitServer,
    issue_registry: ir.IssueRegistry,
) -> None:
    """A sensor counts it, an event tells it, a repair lists it, a report holds it."""
    code = await conflict(hass, venue, server)

    assert value(hass, PREFIX + "conflicts") == "1"
    event = hass.states.get(CONFLICT)
    assert event.attributes["event_type"] == "rejected"
    assert event.attributes["reason"] == "used_elsewhere"
    assert event.attributes["gate"] == "North"
    assert event.attributes["code_end"] == code[-3:]
    assert code not in str(event.as_dict())
    issue = issue_registry.async_get_issue(DOMAIN, f"conflicts_{loaded.entry_id}")
    assert issue.translation_placeholders["count"] == "1"
    assert f"…{code[-3:]}, North" in issue.translation_placeholders["list"]
    assert code not in str(issue.translation_placeholders)
    report = await act(hass, "report")
    (row,) = report["conflicts"]
    assert (row["code"], row["gate"], row["state"]) == (code, "North", "rejected")
    assert report["waiting"] == []
    assert report["events"][0]["conflicts"] == 1
    assert (await act(hass, "report", event_id=7))["conflicts"] == []


async def test_c11_a_guest_whom_oveit_refuses_afterwards_stays_admitted(
    hass: HomeAssistant, loaded: MockConfigEntry, venue: Venue, server: OveitServer
) -> None:
    """The ledger does not take back what it said."""
    code = await conflict(hass, venue, server)
    again = await act(hass, "checkin", ticket_code=code, gate="South")
    assert again["reason"] == "already_checked_in"
    assert again["first_checkin"]["gate"] == "North"


@pytest.mark.usefixtures("loaded")
async def test_b6_a_steward_admits_a_guest_whom_no_list_knows(
    hass: HomeAssistant, venue: Venue, server: OveitServer, hass_admin_user: MockUser
) -> None:
    """Bought a minute ago, with the line down: Oveit hears of it later."""
    await server.hang_up()
    code = venue.sell(100, 234).code
    assert (await act(hass, "checkin", ticket_code=code))["reason"] == "unknown_ticket"
    response = await hass.services.async_call(
        DOMAIN,
        "override",
        {"ticket_code": code, "note": "Showed the mail", "gate": "North"},
        blocking=True,
        return_response=True,
        context=Context(user_id=hass_admin_user.id),
    )
    assert response["admitted"] is True
    assert response["reason"] == "override"
    waiting = (await act(hass, "report"))["waiting"]
    assert [(row["reason"], row["note"]) for row in waiting] == [("override", "Showed the mail")]
    await server.pick_up()
    assert (await act(hass, "sync"))["uploaded"] == 1
    assert venue.entries(code) == 1


@pytest.mark.usefixtures("loaded")
async def test_an_override_of_a_used_ticket_tells_oveit_nothing(
    hass: HomeAssistant, venue: Venue, server: OveitServer
) -> None:
    """The guest is let in again, and the journal says by whom."""
    code = venue.used(100)[0].code
    response = await act(hass, "override", ticket_code=code, note="Fetched a coat")
    assert response["reason"] == "override"
    assert (await act(hass, "sync"))["waiting"] == 0
    assert venue.entries(code) == 1
    assert server.requests_to("tickets/checkin") == []


async def test_an_override_of_an_unknown_code_needs_an_event_where_there_are_several(
    hass: HomeAssistant, entry: MockConfigEntry, venue: Venue
) -> None:
    """Or nobody could count the guest."""
    options = {CONF_EVENTS: [100, 101], CONF_FOLLOW_NEW: False}
    hass.config_entries.async_update_entry(entry, options=options)
    await set_up(hass, entry)
    for fields, key in (({}, "event_needed"), ({"event_id": 7}, "event_unknown")):
        with pytest.raises(ServiceValidationError) as error:
            await act(hass, "override", ticket_code="n0b0dy", note="VIP", **fields)
        assert error.value.translation_key == key
    response = await act(hass, "override", ticket_code="n0b0dy", note="VIP", event_id=101)
    assert response["event"]["id"] == 101


@pytest.mark.usefixtures("loaded")
@pytest.mark.parametrize(
    ("action", "fields"),
    [("override", {"ticket_code": "x", "note": "y"}), ("report", {}), ("purge", {})],
)
async def test_only_administrators_override_report_and_purge(
    hass: HomeAssistant, hass_read_only_user: MockUser, action: str, fields: dict[str, str]
) -> None:
    """A tablet at a door cannot."""
    with pytest.raises(Unauthorized):
        await hass.services.async_call(
            DOMAIN,
            action,
            fields,
            blocking=True,
            return_response=True,
            context=Context(user_id=hass_read_only_user.id),
        )


async def test_purging_forgets_an_event_that_ended(
    hass: HomeAssistant, loaded: MockConfigEntry, venue: Venue
) -> None:
    """An event that goes on is not touched, nor is one that Oveit must still hear of."""
    with pytest.raises(ServiceValidationError) as error:
        await act(hass, "purge", event_id=100)
    assert error.value.translation_key == "event_not_ended"
    venue.end_event(100)
    await poll(hass, loaded)
    assert (await act(hass, "purge"))["purged"] == [100]
    assert (await act(hass, "report"))["events"] == []


async def test_c17_an_event_with_waiting_rows_is_kept_and_a_person_told(
    hass: HomeAssistant,
    loaded: MockConfigEntry,
    venue: Venue,
    server: OveitServer,
    issue_registry: ir.IssueRegistry,
) -> None:
    """Rows are never silently dropped."""
    await server.hang_up()
    await act(hass, "checkin", ticket_code=venue.unused(100)[1].code)
    venue.end_event(100)
    await server.pick_up()
    for _ in range(3):
        await poll(hass, loaded)
    assert issue_registry.async_get_issue(DOMAIN, f"waiting_after_end_{loaded.entry_id}")
    assert (await act(hass, "purge"))["purged"] == []
    with pytest.raises(ServiceValidationError) as error:
        await act(hass, "purge", event_id=100)
    assert error.value.translation_key == "rows_waiting"
    assert len((await act(hass, "report"))["waiting"]) == 1


async def test_c6_removing_an_account_keeps_what_oveit_never_heard_of(
    hass: HomeAssistant,
    loaded: MockConfigEntry,
    venue: Venue,
    server: OveitServer,
    issue_registry: ir.IssueRegistry,
) -> None:
    """A file holds it, and a repair tells where."""
    code = venue.unused(100)[1].code
    await server.hang_up()
    await act(hass, "checkin", ticket_code=code)
    await hass.config_entries.async_remove(loaded.entry_id)
    issue = issue_registry.async_get_issue(DOMAIN, f"waiting_exported_{loaded.entry_id}")
    file = Path(hass.config.path(issue.translation_placeholders["file"]))
    (row,) = json.loads(await hass.async_add_executor_job(file.read_text))
    assert (row["code"], row["state"]) == (code, "pending")
    ledger = Path(hass.config.path(".storage", f"{DOMAIN}.{loaded.entry_id}.db"))
    assert not await hass.async_add_executor_job(ledger.exists)


@pytest.mark.parametrize(
    ("fault", "issue"),
    [("captive_portal", "captive_portal"), (Fault(status=302), "captive_portal")],
)
async def test_t14_a_captive_portal_is_named(
    hass: HomeAssistant,
    loaded: MockConfigEntry,
    server: OveitServer,
    issue_registry: ir.IssueRegistry,
    fault: str | Fault,
    issue: str,
) -> None:
    """And the repair goes when Oveit answers again."""
    server.faults.set("*", fault)
    await poll(hass, loaded)
    assert issue_registry.async_get_issue(DOMAIN, f"{issue}_{loaded.entry_id}")
    server.faults.clear()
    await poll(hass, loaded)
    assert not issue_registry.async_get_issue(DOMAIN, f"{issue}_{loaded.entry_id}")


async def test_c7_a_clock_that_is_wrong_is_told(
    hass: HomeAssistant,
    loaded: MockConfigEntry,
    venue: Venue,
    issue_registry: ir.IssueRegistry,
) -> None:
    """Ten minutes are too much."""
    venue.clock = lambda: datetime.now(UTC) + timedelta(minutes=10)
    await poll(hass, loaded)
    issue = issue_registry.async_get_issue(DOMAIN, f"clock_skew_{loaded.entry_id}")
    assert 590 < int(issue.translation_placeholders["seconds"]) < 610


async def test_t18_clocks_of_oveit_that_are_apart_are_told(
    hass: HomeAssistant,
    loaded: MockConfigEntry,
    venue: Venue,
    issue_registry: ir.IssueRegistry,
) -> None:
    """The first check-in shows it; this machine's own clock is right."""
    venue.dates_ahead = timedelta(minutes=-60)
    await act(hass, "checkin", ticket_code=venue.unused(100)[0].code)
    await poll(hass, loaded)
    issue = issue_registry.async_get_issue(DOMAIN, f"dates_apart_{loaded.entry_id}")
    assert issue.translation_placeholders["minutes"] == "60"
    assert not issue_registry.async_get_issue(DOMAIN, f"clock_skew_{loaded.entry_id}")


async def test_b17_an_oveit_that_answers_with_errors_only_is_not_connected(
    hass: HomeAssistant,
    loaded: MockConfigEntry,
    venue: Venue,
    server: OveitServer,
    issue_registry: ir.IssueRegistry,
) -> None:
    """At once, with Oveit's own words and no markup of theirs, and until it is over."""
    issue = f"only_errors_{loaded.entry_id}"
    server.faults.set("*", Fault(json={"error": "Back *soon*: [status](https://x.example)"}))
    response = await act(hass, "checkin", ticket_code=venue.unused(100)[0].code)
    await hass.async_block_till_done(wait_background_tasks=True)

    assert (response["reason"], response["source"]) == ("checked_in", "ledger")
    found = issue_registry.async_get_issue(DOMAIN, issue)
    assert found.translation_placeholders["text"] == "Back  soon :  status (https:  x.example)"
    assert not loaded.runtime_data.connected
    assert not list(loaded.async_get_active_flows(hass, {"reauth"}))
    server.faults.clear()
    await poll(hass, loaded)
    assert not issue_registry.async_get_issue(DOMAIN, issue)
    assert loaded.runtime_data.connected


@pytest.mark.parametrize(
    ("endpoint", "fault", "issue"),
    [
        ("events/tickets", bomb(100), "reply_too_long"),
        ("seller/events", "endless", "reply_too_long"),
        ("seller/events", "wrong_tickets", None),
        ("events/tickets", "wrong_tickets", None),
        ("seller/events", Fault(json={"events": {"first": {"id": 100}}}), None),
    ],
    ids=["bomb", "endless", "no events", "no tickets", "named events"],
)
async def test_t20_what_cannot_be_read_is_not_connected(
    hass: HomeAssistant,
    loaded: MockConfigEntry,
    venue: Venue,
    server: OveitServer,
    issue_registry: ir.IssueRegistry,
    endpoint: str,
    fault: str | Fault,
    issue: str | None,
) -> None:
    """It is not shown as fine; what is too long has a repair."""
    assert loaded.runtime_data.connected
    venue.sell(100, 234)
    server.faults.set(endpoint, fault)
    await poll(hass, loaded)

    assert not loaded.runtime_data.connected
    found = issue_registry.async_get_issue(DOMAIN, f"reply_too_long_{loaded.entry_id}")
    assert bool(found) is bool(issue)
    server.faults.clear()
    await poll(hass, loaded)
    await poll(hass, loaded)
    assert loaded.runtime_data.connected


async def test_t8_wrong_credentials_never_close_a_working_door(
    hass: HomeAssistant, loaded: MockConfigEntry, venue: Venue, server: OveitServer
) -> None:
    """The list decides, one login is tried, and the rows wait until somebody signs in."""
    venue.accounts["staff@venue.example"].password = "changed"
    server.expire_tokens()
    codes = [ticket.code for ticket in venue.unused(100)[1:4]]
    for code in codes:
        assert (await act(hass, "checkin", ticket_code=code))["source"] == "ledger"
    assert len(server.requests_to("seller/login")) <= 2
    await poll(hass, loaded)
    assert value(hass, PREFIX + "waiting") == "3"
    assert value(hass, "binary_sensor.lantern_night_connected") == "off"
    hass.config_entries.async_update_entry(loaded, data={**loaded.data, "password": "changed"})
    await hass.async_block_till_done(wait_background_tasks=True)
    await poll(hass, loaded)
    assert [venue.entries(code) for code in codes] == [1, 1, 1]


async def test_a_backup_holds_a_consistent_ledger_while_doors_go_on(
    hass: HomeAssistant, loaded: MockConfigEntry, venue: Venue, tmp_path: Path
) -> None:
    """The file is copied first and its log later, as a slow backup would."""
    before, after = (ticket.code for ticket in venue.unused(100)[1:3])
    ledger = Path(hass.config.path(".storage", f"{DOMAIN}.{loaded.entry_id}.db"))
    await act(hass, "checkin", ticket_code=before)
    await backup.async_pre_backup(hass)

    def copy(suffix: str) -> None:
        (tmp_path / f"copy.db{suffix}").write_bytes(
            ledger.with_name(ledger.name + suffix).read_bytes()
        )

    await hass.async_add_executor_job(copy, "")
    assert (await act(hass, "checkin", ticket_code=after))["admitted"] is True
    await act(hass, "sync")
    await hass.async_add_executor_job(copy, "-wal")
    await backup.async_post_backup(hass)

    def look() -> tuple[str, set[str]]:
        with closing(sqlite3.connect(tmp_path / "copy.db")) as connection:
            (state,) = connection.execute("PRAGMA integrity_check").fetchone()
            return state, {code for (code,) in connection.execute("SELECT code FROM journal")}

    assert await hass.async_add_executor_job(look) == ("ok", {before, after})
