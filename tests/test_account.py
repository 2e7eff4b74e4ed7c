"""One account is set up once (C25): two ledgers of the same tickets would admit each twice."""

from contextlib import suppress
from typing import Any

from homeassistant.config_entries import (
    SOURCE_USER,
    ConfigEntryDisabler,
    ConfigEntryState,
    ConfigFlowResult,
)
from homeassistant.const import CONF_EMAIL, CONF_PASSWORD, CONF_TOKEN
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers import issue_registry as ir
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.oveit.account import is_same_address
from custom_components.oveit.assist.queries import Question, async_check_in
from custom_components.oveit.const import (
    CONF_ALLOW_VOICE,
    CONF_API_URL,
    CONF_EVENTS,
    CONF_FOLLOW_NEW,
    CONF_IGNORED_EVENTS,
    CONF_WEBHOOK,
    DOMAIN,
    SECTION_ADVANCED,
)
from demo.oveit_server import OveitServer
from demo.venue import Venue
from tests.common import act, poll, set_options, set_up, value
from tests.conftest import EMAIL, PASSWORD
from tests.gates import DRINKS, READ, VIP, Reader, add_gate, issues, make_reader, tagged, watch

ISSUE = "account_twice"
OLDER, YOUNGER = "event.old_gate", "event.new_gate"
USES = 4


def respelled(server: OveitServer) -> str:
    """Return the server's address as another person may type it."""
    return f"HTTP://127.0.0.1:{server.port}/api/"


def by_token(
    hass: HomeAssistant,
    server: OveitServer,
    *events: int,
    url: str | None = None,
    follow_new: bool = False,
) -> MockConfigEntry:
    """Return an entry by token."""
    ignored = {100, 101}.difference(events)
    entry = MockConfigEntry(
        domain=DOMAIN,
        title="Oveit by token",
        data={CONF_TOKEN: server.venue.token, CONF_API_URL: url or respelled(server)},
        options={
            CONF_EVENTS: list(events),
            CONF_FOLLOW_NEW: follow_new,
            CONF_IGNORED_EVENTS: sorted(ignored),
        },
    )
    entry.add_to_hass(hass)
    return entry


@pytest.fixture
def younger(hass: HomeAssistant, entry: MockConfigEntry, server: OveitServer) -> MockConfigEntry:
    """Return a second entry of the same account, as release 0.1.0 allowed it."""
    return by_token(hass, server, 100)


async def open_gates(
    hass: HomeAssistant, entry: MockConfigEntry, younger: MockConfigEntry, **data: Any
) -> tuple[Reader, Reader]:
    """Set both entries up with a gate each, and return their readers."""
    readers = make_reader(hass, "Old"), make_reader(hass, "New")
    for each, reader, name in zip((entry, younger), readers, ("Old", "New"), strict=True):
        add_gate(hass, each, f"{name} gate", readers=[reader.device_id], **data)
    await set_up(hass, entry)
    if younger.state is ConfigEntryState.NOT_LOADED:
        await set_up(hass, younger)
    return readers


async def add_by_token(hass: HomeAssistant, server: OveitServer, *events: str) -> ConfigFlowResult:
    """Set the account up by its token, at its address in another spelling."""
    flow = hass.config_entries.flow
    form = await flow.async_init(DOMAIN, context={"source": SOURCE_USER})
    form = await flow.async_configure(form["flow_id"], {"next_step_id": "token"})
    address = {SECTION_ADVANCED: {CONF_API_URL: respelled(server)}}
    form = await flow.async_configure(form["flow_id"], {CONF_TOKEN: server.venue.token} | address)
    assert form["step_id"] == "events"
    choice = {CONF_EVENTS: list(events), CONF_FOLLOW_NEW: True}
    return await flow.async_configure(form["flow_id"], choice)


@pytest.mark.parametrize(
    ("other", "same"),
    [
        ("https://l.oveit.com/api/", True),
        ("HTTPS://L.Oveit.COM:443//api//", True),
        ("http://l.oveit.com/api", False),
        ("https://l.oveit.com:8443/api", False),
        ("https://l.oveit.com/API", False),
        ("https://oveit.com/api", False),
    ],
)
def test_addresses_are_compared_as_urls(other: str, *, same: bool) -> None:
    """Case of scheme and host, the default port and empty path segments do not matter."""
    assert is_same_address("https://l.oveit.com/api", other) is same


@pytest.mark.parametrize("state", ["loaded", "not loaded"])
async def test_c25_the_events_of_another_entry_cannot_be_followed(
    hass: HomeAssistant, entry: MockConfigEntry, server: OveitServer, state: str
) -> None:
    """Whatever the credentials and however the address is spelled."""
    if state == "loaded":
        await set_up(hass, entry)
    result = await add_by_token(hass, server, "100", "101")
    assert result["type"] is FlowResultType.ABORT
    assert result["reason"] == "already_configured"


@pytest.mark.usefixtures("loaded")
async def test_other_events_of_the_account_can_be_followed(
    hass: HomeAssistant, server: OveitServer
) -> None:
    """What is followed counts."""
    result = await add_by_token(hass, server, "101")
    await hass.async_block_till_done(wait_background_tasks=True)
    assert result["type"] is FlowResultType.CREATE_ENTRY
    assert issues(hass) == []


@pytest.mark.usefixtures("loaded")
async def test_an_entry_cannot_move_to_an_address_where_its_events_are_followed(
    hass: HomeAssistant, server: OveitServer
) -> None:
    """Its credentials and address stay as they are."""
    second = by_token(hass, server, 100, url="https://127.0.0.1:9/api")
    data = dict(second.data)
    form = await second.start_reconfigure_flow(hass)
    fields = {
        CONF_TOKEN: server.venue.token,
        SECTION_ADVANCED: {CONF_API_URL: respelled(server)},
    }
    result = await hass.config_entries.flow.async_configure(form["flow_id"], fields)
    assert result["type"] is FlowResultType.ABORT
    assert result["reason"] == "already_configured"
    assert second.data == data


async def choose(
    hass: HomeAssistant, entry: MockConfigEntry, *events: str, **fields: Any
) -> ConfigFlowResult:
    """Choose the events of an entry in its options."""
    choice = {CONF_EVENTS: list(events), CONF_FOLLOW_NEW: False} | fields
    return await set_options(hass, entry, "events", **choice)


@pytest.mark.usefixtures("loaded")
async def test_the_options_refuse_an_event_that_another_entry_follows(
    hass: HomeAssistant, server: OveitServer
) -> None:
    """The options stay as they are."""
    second = by_token(hass, server, 101)
    await set_up(hass, second)
    result = await choose(hass, second, "100", "101")
    assert result["type"] is FlowResultType.ABORT
    assert result["reason"] == "already_configured"
    assert second.options[CONF_EVENTS] == [101]


async def test_the_other_options_of_a_second_entry_can_be_changed(
    hass: HomeAssistant, loaded: MockConfigEntry, younger: MockConfigEntry
) -> None:
    """Only what is newly followed is refused; following less is a way out."""
    await set_up(hass, younger)
    for each in (loaded, younger):
        result = await set_options(hass, each, "webhook", webhook="local")
        assert result["type"] is FlowResultType.CREATE_ENTRY
        assert each.options[CONF_WEBHOOK] == "local"
    assert issues(hass) == [ISSUE]
    await choose(hass, younger)
    assert issues(hass) == []


@pytest.mark.parametrize("how", ["reauth", "reconfigure"])
async def test_the_credentials_of_a_second_entry_can_be_renewed(
    hass: HomeAssistant, server: OveitServer, entry: MockConfigEntry, how: str
) -> None:
    """Its events are the same as before, and the older one needs its own to work."""
    younger = by_token(hass, server, 100)
    await set_up(hass, entry)
    start = entry.start_reauth_flow if how == "reauth" else entry.start_reconfigure_flow
    form = await start(hass)
    fields = {
        CONF_EMAIL: EMAIL,
        CONF_PASSWORD: PASSWORD,
        SECTION_ADVANCED: {CONF_API_URL: server.url},
    }
    result = await hass.config_entries.flow.async_configure(form["flow_id"], fields)
    await hass.async_block_till_done(wait_background_tasks=True)
    assert result["reason"] == f"{how}_successful"
    assert younger.state is ConfigEntryState.LOADED


@pytest.mark.parametrize("is_online", [True, False], ids=["online", "offline"])
async def test_c25_one_ticket_at_two_entries_is_admitted_once(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    younger: MockConfigEntry,
    venue: Venue,
    server: OveitServer,
    *,
    is_online: bool,
) -> None:
    """The younger entry's gate answers each read, and marks nothing."""
    ticket = tagged(venue)
    old, new = await open_gates(hass, entry, younger, credential="auto")
    shown = watch(hass, OLDER, YOUNGER)
    if not is_online:
        server.faults.set("*", "drop_before")
    for reader in (new, old, new, old):
        await reader.scan(ticket.code)
    told = [(each.entity_id, each.attributes["reason"]) for each in shown.states]
    assert told[:2] == [(YOUNGER, "offline_refused"), (OLDER, "checked_in")]
    admitted = [state for state in shown.states if state.attributes["event_type"] == "admitted"]
    assert {state.entity_id for state in admitted} == {OLDER}
    assert venue.entries(ticket.code) == is_online
    assert await younger.runtime_data.ledger.waiting() == []


async def test_c25_the_uses_of_an_addon_are_not_doubled(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    younger: MockConfigEntry,
    venue: Venue,
    server: OveitServer,
) -> None:
    """A drink for each use, wherever the guest goes."""
    kind = venue.events[100].ticket_type(VIP)
    kind.addons = [addon for addon in kind.addons if addon.id == DRINKS]
    kind.addons[0].uses = USES
    ticket = tagged(venue, kind=VIP)
    await set_up(hass, entry)
    server.faults.set("*", "drop_before")
    poured = []
    for number in range(2 * USES):
        fields = {"ticket_code": ticket.code, "addon_id": DRINKS, "gate": f"Bar {number}"}
        with suppress(HomeAssistantError):
            await act(hass, "checkin", config_entry_id=younger.entry_id, **fields)
            poured.append(younger.title)
        response = await act(hass, "checkin", config_entry_id=entry.entry_id, **fields)
        poured += [entry.title] * response["admitted"]
    assert poured == [entry.title] * USES


@pytest.mark.parametrize("action", ["checkin", "override"])
async def test_c25_the_actions_of_the_younger_entry_say_why_they_fail(
    hass: HomeAssistant,
    loaded: MockConfigEntry,
    younger: MockConfigEntry,
    venue: Venue,
    action: str,
) -> None:
    """The error names the entry that decides."""
    await set_up(hass, younger)
    code = venue.unused(100)[1].code
    note = {"note": "VIP"} if action == "override" else {}
    with pytest.raises(HomeAssistantError) as caught:
        await act(hass, action, config_entry_id=younger.entry_id, ticket_code=code, **note)
    assert caught.value.translation_key == "account_twice"
    assert caught.value.translation_placeholders == {"title": loaded.title}
    assert venue.entries(code) == 0
    response = await act(hass, action, config_entry_id=loaded.entry_id, ticket_code=code, **note)
    assert response["admitted"] is True


async def test_c25_a_person_is_told_which_entry_decides_nothing(
    hass: HomeAssistant,
    loaded: MockConfigEntry,
    younger: MockConfigEntry,
    issue_registry: ir.IssueRegistry,
) -> None:
    """The younger one, until one of them is removed."""
    await set_up(hass, younger)
    assert issues(hass) == [ISSUE]
    issue = issue_registry.async_get_issue(DOMAIN, f"{ISSUE}_{younger.entry_id}")
    assert issue.severity is ir.IssueSeverity.ERROR
    assert issue.is_fixable is False
    assert issue.translation_placeholders == {"title": younger.title, "older": loaded.title}
    assert younger.runtime_data.twin == loaded.title
    assert loaded.runtime_data.twin is None


async def test_a_disabled_entry_has_no_issue(
    hass: HomeAssistant, loaded: MockConfigEntry, younger: MockConfigEntry
) -> None:
    """Disabling the younger one solves it, too."""
    await set_up(hass, younger)
    assert issues(hass) == [ISSUE]
    await hass.config_entries.async_set_disabled_by(younger.entry_id, ConfigEntryDisabler.USER)
    await hass.async_block_till_done(wait_background_tasks=True)
    assert issues(hass) == []


@pytest.mark.parametrize("how", ["removed", "disabled"])
async def test_c25_without_the_older_entry_the_younger_decides(
    hass: HomeAssistant, entry: MockConfigEntry, younger: MockConfigEntry, venue: Venue, how: str
) -> None:
    """The issue goes away by itself, and the gates decide again."""
    ticket = tagged(venue)
    _, reader = await open_gates(hass, entry, younger)
    shown = watch(hass, YOUNGER)
    await reader.scan(READ)
    if how == "removed":
        await hass.config_entries.async_remove(entry.entry_id)
    else:
        await hass.config_entries.async_set_disabled_by(entry.entry_id, ConfigEntryDisabler.USER)
    await hass.async_block_till_done(wait_background_tasks=True)
    assert ISSUE not in issues(hass)
    await reader.scan(READ)
    assert shown.reasons() == ["offline_refused", "checked_in"]
    assert venue.entries(ticket.code) == 1


async def test_c25_the_younger_entry_decides_nothing_while_the_older_is_down(
    hass: HomeAssistant, loaded: MockConfigEntry, younger: MockConfigEntry
) -> None:
    """Its ledger knows who was admitted; a restart sets entries up in any order."""
    await set_up(hass, younger)
    await hass.config_entries.async_unload(loaded.entry_id)
    assert younger.runtime_data.twin == loaded.title
    await hass.config_entries.async_reload(younger.entry_id)
    await hass.async_block_till_done(wait_background_tasks=True)
    assert younger.runtime_data.twin == loaded.title
    assert issues(hass) == [ISSUE]


async def test_c25_a_new_event_that_both_follow_is_the_older_entrys(
    hass: HomeAssistant, entry: MockConfigEntry, venue: Venue, server: OveitServer
) -> None:
    """What is really listed counts, not only what was chosen."""
    venue.events[101].ended = True
    hass.config_entries.async_update_entry(
        entry, options={CONF_EVENTS: [100], CONF_FOLLOW_NEW: True, CONF_IGNORED_EVENTS: []}
    )
    second = by_token(hass, server, follow_new=True)
    hass.config_entries.async_update_entry(
        second, options=second.options | {CONF_IGNORED_EVENTS: [100]}
    )
    await set_up(hass, entry)
    assert second.runtime_data.twin is None
    venue.events[101].ended = False
    await poll(hass, second)
    assert second.runtime_data.twin is None
    await poll(hass, entry)
    assert second.runtime_data.twin == entry.title
    assert issues(hass) == [ISSUE]
    venue.events[101].ended = True
    await poll(hass, entry)
    assert second.runtime_data.twin is None
    assert issues(hass) == []


async def test_two_accounts_at_one_address_are_no_twins(
    hass: HomeAssistant, entry: MockConfigEntry, server: OveitServer
) -> None:
    """Both follow all that is new, each of its own."""
    data = {CONF_TOKEN: server.venue.other_token, CONF_API_URL: server.url}
    other = MockConfigEntry(domain=DOMAIN, data=data, options={CONF_FOLLOW_NEW: True})
    other.add_to_hass(hass)
    hass.config_entries.async_update_entry(entry, options={CONF_FOLLOW_NEW: True})
    await set_up(hass, entry)
    assert value(hass, "sensor.garden_party_tickets") == "5"
    assert other.runtime_data.twin is entry.runtime_data.twin is None
    assert issues(hass) == []


async def test_voice_is_answered_by_the_older_entry(
    hass: HomeAssistant, entry: MockConfigEntry, younger: MockConfigEntry, venue: Venue
) -> None:
    """The younger one cannot check in, so it is not asked to."""
    for each in (entry, younger):
        hass.config_entries.async_update_entry(
            each, options=each.options | {CONF_ALLOW_VOICE: True}
        )
    await set_up(hass, entry)
    code = venue.unused(100)[1].code
    question = Question(hass=hass, language="en", context=None, values={"code": code})
    decisions = [await async_check_in(question) for _ in range(2)]
    await hass.async_block_till_done(wait_background_tasks=True)
    assert {decision.ticket.code for decision in decisions} == {code}
    assert venue.entries(code) == 1
