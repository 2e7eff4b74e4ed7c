"""A person adds an account, keeps its credentials valid and chooses its events."""

from collections.abc import Mapping
from typing import Any

from homeassistant.config_entries import SOURCE_USER, ConfigEntryState, ConfigFlowResult
from homeassistant.const import CONF_EMAIL, CONF_PASSWORD, CONF_TOKEN, CONF_WEBHOOK_ID
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType
from homeassistant.helpers import device_registry as dr
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.oveit import config_flow
from custom_components.oveit.account import create_client
from custom_components.oveit.const import (
    CONF_ALLOW_VOICE,
    CONF_ALLOW_VOICE_OVERRIDE,
    CONF_API_URL,
    CONF_EVENTS,
    CONF_FOLLOW_NEW,
    CONF_IGNORED_EVENTS,
    CONF_STEWARDS,
    CONF_WEBHOOK,
    DEFAULT_API_URL,
    DOMAIN,
    SECTION_ADVANCED,
)
from demo.faults import Fault
from demo.oveit_server import OveitServer
from demo.venue import Venue, VenueAccount
from tests.common import set_options
from tests.package import read_json

LOGIN = {CONF_EMAIL: "staff@venue.example", CONF_PASSWORD: "open-sesame"}
OTHER_LOGIN = LOGIN | {CONF_EMAIL: "other@venue.example"}
CHOICE = {CONF_EVENTS: ["100"], CONF_FOLLOW_NEW: False}
RENEWALS = ("reauth", "reconfigure")

REDIRECT = Fault(status=302, headers={"Location": "http://127.0.0.1:9/"})
ERRORS: list[tuple[str | Fault, str]] = [
    ("forbidden", "invalid_auth"),
    ("unauthorized", "invalid_auth"),
    ("too_many_requests", "cannot_connect"),
    ("server_error", "cannot_connect"),
    ("unavailable", "cannot_connect"),
    ("drop_before", "cannot_connect"),
    ("drop_after", "cannot_connect"),
    ("drop_midway", "cannot_connect"),
    ("captive_portal", "invalid_response"),
    ("half_json", "invalid_response"),
    ("empty_body", "invalid_response"),
    ("json_list", "invalid_response"),
    ("json_number", "invalid_response"),
    ("json_null", "invalid_response"),
    ("json_text", "invalid_response"),
    ("wrong_tickets", "invalid_response"),
    (Fault(status=404), "invalid_response"),
    (REDIRECT, "invalid_response"),
]


@pytest.fixture(params=["login", "token"])
def kind(request: pytest.FixtureRequest) -> str:
    """Return each way to sign in."""
    return request.param


@pytest.fixture
def known(kind: str, request: pytest.FixtureRequest) -> MockConfigEntry:
    """Return an entry of this kind."""
    return request.getfixturevalue("entry" if kind == "login" else "token_entry")


def typed(kind: str, server: OveitServer, **changes: Any) -> dict[str, Any]:
    """Return what a person types."""
    fields = LOGIN if kind == "login" else {CONF_TOKEN: server.venue.token}
    return fields | {SECTION_ADVANCED: {CONF_API_URL: server.url}} | changes


def is_folded(form: ConfigFlowResult) -> bool:
    """Tell whether the address is out of sight."""
    fields = form["data_schema"].schema.items()
    return next(field for key, field in fields if key == SECTION_ADVANCED).options["collapsed"]


def suggested(schema: Any) -> dict[str, Any]:
    """Return what a form suggests, section by section."""
    values: dict[str, Any] = {}
    for key, field in schema.schema.items():
        if key == SECTION_ADVANCED:
            values[key] = suggested(field.schema)
        elif key.description:
            values[key] = key.description["suggested_value"]
    return values


def kind_of(entry: MockConfigEntry) -> str:
    """Return how an entry signs in."""
    return "token" if CONF_TOKEN in entry.data else "login"


async def open_form(hass: HomeAssistant, kind: str) -> ConfigFlowResult:
    """Go through the menu to a form."""
    menu = await hass.config_entries.flow.async_init(DOMAIN, context={"source": SOURCE_USER})
    return await hass.config_entries.flow.async_configure(menu["flow_id"], {"next_step_id": kind})


async def submit(
    hass: HomeAssistant, form: Mapping[str, Any], fields: dict[str, Any]
) -> ConfigFlowResult:
    """Submit a form."""
    result = await hass.config_entries.flow.async_configure(form["flow_id"], fields)
    await hass.async_block_till_done(wait_background_tasks=True)
    return result


async def add(hass: HomeAssistant, kind: str, fields: dict[str, Any]) -> ConfigFlowResult:
    """Open a form and submit it."""
    return await submit(hass, await open_form(hass, kind), fields)


async def renew(
    hass: HomeAssistant, entry: MockConfigEntry, how: str, fields: dict[str, Any]
) -> ConfigFlowResult:
    """Give an entry other credentials."""
    start = entry.start_reauth_flow if how == "reauth" else entry.start_reconfigure_flow
    return await submit(hass, await start(hass), fields)


async def set_up(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    """Set an entry up, which may fail."""
    await hass.config_entries.async_setup(entry.entry_id)
    await hass.async_block_till_done(wait_background_tasks=True)


async def test_a_menu_asks_how_to_sign_in(hass: HomeAssistant) -> None:
    """There is a login, and there is a token."""
    menu = await hass.config_entries.flow.async_init(DOMAIN, context={"source": SOURCE_USER})
    assert menu["type"] is FlowResultType.MENU
    assert menu["step_id"] == "user"
    assert menu["menu_options"] == ["login", "token"]


async def test_a_login_leads_to_an_entry(hass: HomeAssistant, server: OveitServer) -> None:
    """The entry is that of the seller, and keeps the password."""
    form = await open_form(hass, "login")
    assert form["type"] is FlowResultType.FORM
    assert form["errors"] == {}
    events = await submit(hass, form, typed("login", server))
    assert events["step_id"] == "events"
    result = await submit(hass, events, CHOICE)
    assert result["type"] is FlowResultType.CREATE_ENTRY
    assert result["title"] == "Oveit 1"
    assert result["result"].unique_id == "1"
    assert result["data"] == LOGIN | {CONF_API_URL: server.url}
    assert result["result"].state is ConfigEntryState.LOADED


async def test_a_token_leads_to_an_entry(hass: HomeAssistant, server: OveitServer) -> None:
    """A token alone names no account, so the entry has no unique id."""
    events = await add(hass, "token", typed("token", server))
    assert events["step_id"] == "events"
    result = await submit(hass, events, CHOICE)
    assert result["type"] is FlowResultType.CREATE_ENTRY
    assert result["title"] == "Oveit"
    assert result["result"].unique_id is None
    assert result["data"] == {CONF_TOKEN: server.venue.token, CONF_API_URL: server.url}
    assert server.requests_to("seller/login") == []
    assert result["result"].state is ConfigEntryState.LOADED


async def test_every_active_event_is_offered_by_name_and_date(
    hass: HomeAssistant, server: OveitServer, venue: Venue
) -> None:
    """All are suggested; a perpetual one has no date."""
    form = await add(hass, "login", typed("login", server))
    assert suggested(form["data_schema"]) == {CONF_EVENTS: ["101", "100"], CONF_FOLLOW_NEW: True}
    options = form["data_schema"].schema[CONF_EVENTS].config["options"]
    assert options == [
        {"value": "101", "label": "City Museum"},
        {"value": "100", "label": f"Lantern Night ({venue.events[100].starts_at:%Y-%m-%d})"},
    ]


async def test_events_not_chosen_are_ignored(hass: HomeAssistant, server: OveitServer) -> None:
    """They stay so, even when new events are followed."""
    form = await add(hass, "login", typed("login", server))
    result = await submit(hass, form, {CONF_EVENTS: ["100"], CONF_FOLLOW_NEW: True})
    assert result["options"] == {
        CONF_EVENTS: [100],
        CONF_FOLLOW_NEW: True,
        CONF_IGNORED_EVENTS: [101],
    }
    devices = dr.async_entries_for_config_entry(dr.async_get(hass), result["result"].entry_id)
    assert [device.name for device in devices] == ["Lantern Night"]


@pytest.mark.parametrize("reply", ["error", "403"])
async def test_a_wrong_password_is_wrong_credentials(
    hass: HomeAssistant, server: OveitServer, reply: Any
) -> None:
    """However Oveit puts it, it is no outage; the right one then leads on."""
    server.behaviour.bad_login = reply
    wrong = typed("login", server, password="sesame?")
    form = await add(hass, "login", wrong)
    assert form["errors"] == {"base": "invalid_auth"}
    assert suggested(form["data_schema"]) == wrong
    events = await submit(hass, form, typed("login", server))
    assert (await submit(hass, events, CHOICE))["type"] is FlowResultType.CREATE_ENTRY


async def test_a_wrong_token_is_wrong_credentials(hass: HomeAssistant, server: OveitServer) -> None:
    """The right one then leads on."""
    form = await add(hass, "token", typed("token", server, token="0ff"))
    assert form["errors"] == {"base": "invalid_auth"}
    assert suggested(form["data_schema"])[CONF_TOKEN] == "0ff"
    events = await submit(hass, form, typed("token", server))
    assert (await submit(hass, events, CHOICE))["type"] is FlowResultType.CREATE_ENTRY


@pytest.mark.parametrize(("fault", "error"), ERRORS)
async def test_every_error_is_named_and_can_be_got_over(
    hass: HomeAssistant, server: OveitServer, kind: str, fault: str | Fault, error: str
) -> None:
    """What was typed is there again, and leads to an entry once Oveit answers."""
    server.faults.set("*", fault)
    form = await add(hass, kind, typed(kind, server))
    assert form["type"] is FlowResultType.FORM
    assert form["step_id"] == kind
    assert form["errors"] == {"base": error}
    assert suggested(form["data_schema"]) == typed(kind, server)
    server.faults.clear()
    events = await submit(hass, form, typed(kind, server))
    assert (await submit(hass, events, CHOICE))["type"] is FlowResultType.CREATE_ENTRY


async def test_no_server_means_no_connection(
    hass: HomeAssistant, server: OveitServer, kind: str
) -> None:
    """A refused connection can be got over too."""
    await server.hang_up()
    form = await add(hass, kind, typed(kind, server))
    assert form["errors"] == {"base": "cannot_connect"}
    await server.pick_up()
    events = await submit(hass, form, typed(kind, server))
    assert (await submit(hass, events, CHOICE))["type"] is FlowResultType.CREATE_ENTRY


@pytest.mark.parametrize(
    "rows", [[None, 7, "x"], [{}], [{"id": None}]], ids=["scalars", "empty", "no id"]
)
async def test_a_list_of_what_is_no_event_is_not_oveit(
    hass: HomeAssistant, server: OveitServer, rows: list[Any]
) -> None:
    """An account without events is one thing, a reply of another shape is another."""
    server.faults.set("seller/events", Fault(json={"events": rows}))
    form = await add(hass, "login", typed("login", server))
    assert form["errors"] == {"base": "invalid_response"}


async def test_a_bug_of_ours_is_told_as_such(
    hass: HomeAssistant,
    server: OveitServer,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """It is logged with its traceback, without the password, and can be got over."""
    with monkeypatch.context() as patched:
        patched.setattr("custom_components.oveit.core.client.api.read_event", 1)
        form = await add(hass, "login", typed("login", server))
    assert form["errors"] == {"base": "unknown"}
    assert "Unexpected error while signing in" in caplog.text
    assert "Traceback" in caplog.text
    assert LOGIN[CONF_PASSWORD] not in caplog.text
    events = await submit(hass, form, typed("login", server))
    assert (await submit(hass, events, CHOICE))["type"] is FlowResultType.CREATE_ENTRY


@pytest.mark.parametrize(
    "url",
    [
        "http://l.oveit.com/api",
        "http://8.8.8.8/api",
        "http://100.64.0.1/api",
        "http://[2001:4860:4860::8888]/api",
        "http://localhost.example/api",
        "http://127.0.0.1.example/api",
        "http://localhost@venue.example/api",
        "http://2130706433/api",
        "ftp://127.0.0.1/api",
        "//127.0.0.1/api",
        "https://",
        "https://127.0.0.1:port/api",
        "https://127.0.0.1:99999/api",
        "https://[::1/api",
        "l.oveit.com/api",
        "oveit",
        " ",
    ],
)
async def test_a_password_never_goes_to_an_insecure_address(
    hass: HomeAssistant, server: OveitServer, kind: str, url: str
) -> None:
    """Nothing is sent; the right address then leads on."""
    wrong = typed(kind, server, advanced={CONF_API_URL: url})
    form = await add(hass, kind, wrong)
    assert form["errors"] == {"base": "insecure_url"}
    assert not is_folded(form)
    assert suggested(form["data_schema"]) == wrong
    assert server.requests == []
    events = await submit(hass, form, typed(kind, server))
    assert (await submit(hass, events, CHOICE))["type"] is FlowResultType.CREATE_ENTRY


@pytest.fixture
def dialled(server: OveitServer, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Return the addresses that would be called; the pretend Oveit answers for all of them."""
    addresses: list[str] = []

    def _create(hass: HomeAssistant, data: Mapping[str, Any]) -> Any:
        addresses.append(data[CONF_API_URL])
        return create_client(hass, {**data, CONF_API_URL: server.url})

    monkeypatch.setattr(config_flow, "create_client", _create)
    return addresses


@pytest.mark.parametrize(
    "url",
    [
        "https://l.oveit.com/api",
        "https://8.8.8.8:8443/api",
        "HTTPS://venue.example/api",
        "http://127.0.0.1:8080/api",
        "http://[::1]/api",
        "http://localhost/api",
        "http://LOCALHOST/api",
        "http://192.168.1.20/api",
        "http://10.0.0.5:81/api",
        "http://[fd00::5]/api",
    ],
)
async def test_https_and_the_own_network_are_secure(
    hass: HomeAssistant, server: OveitServer, dialled: list[str], url: str
) -> None:
    """These addresses are called."""
    form = await add(hass, "login", typed("login", server, advanced={CONF_API_URL: url}))
    assert form["step_id"] == "events"
    assert dialled == [url]


@pytest.mark.parametrize("untouched", [{}, {SECTION_ADVANCED: {}}], ids=["out", "alone"])
async def test_the_address_is_oveits_unless_another_is_given(
    hass: HomeAssistant,
    kind: str,
    server: OveitServer,
    dialled: list[str],
    untouched: dict[str, Any],
) -> None:
    """The advanced section may be left out, or left alone."""
    fields = typed(kind, server)
    del fields[SECTION_ADVANCED]
    assert (await add(hass, kind, fields | untouched))["step_id"] == "events"
    assert dialled == [DEFAULT_API_URL]


async def test_blanks_and_slashes_around_the_address_do_not_matter(
    hass: HomeAssistant, server: OveitServer
) -> None:
    """It is kept without them, so that a duplicate is seen."""
    fields = typed("token", server, advanced={CONF_API_URL: f" {server.url}// "})
    result = await submit(hass, await add(hass, "token", fields), CHOICE)
    assert result["data"][CONF_API_URL] == server.url
    assert (await add(hass, "token", typed("token", server)))["reason"] == "already_configured"


@pytest.mark.parametrize("blank", [" ", "\n", "\u00a0"])
async def test_blanks_around_an_address_or_a_token_do_not_matter(
    hass: HomeAssistant, server: OveitServer, kind: str, blank: str
) -> None:
    """They come along when one is copied; in a password they may be meant."""
    key = CONF_EMAIL if kind == "login" else CONF_TOKEN
    fields = typed(kind, server)
    form = await add(hass, kind, fields | {key: f"{blank}{fields[key]}{blank}"})
    result = await submit(hass, form, CHOICE)
    assert result["data"][key] == fields[key]


@pytest.mark.usefixtures("known")
async def test_an_account_is_added_once(
    hass: HomeAssistant, server: OveitServer, kind: str
) -> None:
    """The same credentials again are a duplicate."""
    result = await add(hass, kind, typed(kind, server))
    assert result["type"] is FlowResultType.ABORT
    assert result["reason"] == "already_configured"


@pytest.mark.usefixtures("entry")
async def test_a_colleague_of_the_same_seller_is_a_duplicate(
    hass: HomeAssistant, server: OveitServer, venue: Venue
) -> None:
    """The seller counts, not who logs in."""
    venue.accounts["boss@venue.example"] = VenueAccount(
        id=9, email="boss@venue.example", password="b", seller_id=1, permissions=["api"]
    )
    fields = typed("login", server, email="boss@venue.example", password="b")
    assert (await add(hass, "login", fields))["reason"] == "already_configured"


@pytest.mark.usefixtures("known")
async def test_another_account_is_no_duplicate(
    hass: HomeAssistant, server: OveitServer, kind: str
) -> None:
    """Two accounts live side by side."""
    other = OTHER_LOGIN if kind == "login" else {CONF_TOKEN: server.venue.other_token}
    form = await add(hass, kind, typed(kind, server, **other))
    result = await submit(hass, form, {CONF_EVENTS: ["900"], CONF_FOLLOW_NEW: False})
    assert result["type"] is FlowResultType.CREATE_ENTRY


@pytest.mark.usefixtures("known")
async def test_the_same_credentials_elsewhere_are_no_duplicate_of_a_token(
    hass: HomeAssistant, server: OveitServer, dialled: list[str]
) -> None:
    """Another address may be another Oveit."""
    fields = typed("token", server, advanced={CONF_API_URL: "https://venue.example/api"})
    assert (await add(hass, "token", fields))["step_id"] == "events"


async def test_an_account_without_a_seller_id_is_known_by_its_address(
    hass: HomeAssistant, server: OveitServer
) -> None:
    """The e-mail address stands in for the id that Oveit did not tell."""
    login = Fault(json={"token": server.venue.token, "user": {"seller_id ": None}})
    server.faults.set("seller/login", login)
    form = await add(hass, "login", typed("login", server))
    result = await submit(hass, form, CHOICE)
    assert result["title"] == "Oveit"
    assert result["result"].unique_id is None
    again = await add(hass, "login", typed("login", server))
    assert again["reason"] == "already_configured"


async def test_an_account_without_active_events_can_be_added(
    hass: HomeAssistant, server: OveitServer, venue: Venue, kind: str
) -> None:
    """It waits for its first event."""
    for event_id in (100, 101):
        venue.end_event(event_id)
    form = await add(hass, kind, typed(kind, server))
    assert form["step_id"] == "events"
    assert form["data_schema"].schema[CONF_EVENTS].config["options"] == []
    result = await submit(hass, form, {CONF_FOLLOW_NEW: True})
    assert result["options"][CONF_EVENTS] == []
    assert result["result"].state is ConfigEntryState.LOADED


def changed(kind: str, server: OveitServer) -> dict[str, Any]:
    """Change a credential at Oveit, and return what a person types now."""
    if kind == "login":
        server.venue.accounts[LOGIN[CONF_EMAIL]].password = "open-barley"
        return typed(kind, server, password="open-barley")
    server.sessions["f2e5"] = server.sessions.pop(server.venue.token)
    return typed(kind, server, token="f2e5")


@pytest.mark.parametrize("how", RENEWALS)
async def test_a_loaded_entry_takes_other_credentials(
    hass: HomeAssistant,
    server: OveitServer,
    known: MockConfigEntry,
    how: str,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """It is set up anew with them, once."""
    await set_up(hass, known)
    before = known.runtime_data
    fields = changed(kind_of(known), server)
    server.forget()
    result = await renew(hass, known, how, fields)
    assert result["type"] is FlowResultType.ABORT
    assert result["reason"] == f"{how}_successful"
    del fields[SECTION_ADVANCED]
    assert known.data == fields | {CONF_API_URL: server.url}
    assert known.state is ConfigEntryState.LOADED
    assert known.runtime_data is not before
    assert len(server.requests_to("seller/events")) == 2
    assert "has an update listener" not in caplog.text


@pytest.mark.parametrize("how", RENEWALS)
async def test_an_entry_that_failed_takes_other_credentials(
    hass: HomeAssistant, server: OveitServer, known: MockConfigEntry, how: str
) -> None:
    """It is set up with them."""
    fields = changed(kind_of(known), server)
    server.expire_tokens()
    await set_up(hass, known)
    assert known.state is ConfigEntryState.SETUP_ERROR
    if kind_of(known) == "token":
        server.sessions["f2e5"] = (server.venue.accounts[LOGIN[CONF_EMAIL]], server.venue.clock())
    assert (await renew(hass, known, how, fields))["reason"] == f"{how}_successful"
    assert known.state is ConfigEntryState.LOADED


@pytest.mark.parametrize("how", RENEWALS)
async def test_the_same_credentials_set_a_loaded_entry_up_anew(
    hass: HomeAssistant,
    server: OveitServer,
    known: MockConfigEntry,
    how: str,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """A password that was right all along ends the matter, without a warning about the way."""
    await set_up(hass, known)
    before = known.runtime_data
    result = await renew(hass, known, how, typed(kind_of(known), server))
    assert result["reason"] == f"{how}_successful"
    assert known.state is ConfigEntryState.LOADED
    assert known.runtime_data is not before
    assert "has an update listener" not in caplog.text


@pytest.mark.parametrize("how", RENEWALS)
async def test_the_same_credentials_set_a_failed_entry_up_anew(
    hass: HomeAssistant, server: OveitServer, known: MockConfigEntry, how: str
) -> None:
    """Oveit may have been wrong."""
    server.faults.set("*", "forbidden")
    await set_up(hass, known)
    assert known.state is ConfigEntryState.SETUP_ERROR
    server.faults.clear()
    result = await renew(hass, known, how, typed(kind_of(known), server))
    assert result["reason"] == f"{how}_successful"
    assert known.state is ConfigEntryState.LOADED


@pytest.mark.parametrize("how", RENEWALS)
async def test_another_account_does_not_take_an_entry_over(
    hass: HomeAssistant, server: OveitServer, known: MockConfigEntry, how: str
) -> None:
    """Another seller's login is refused, and so is a token that sees no event followed."""
    await set_up(hass, known)
    data = dict(known.data)
    other = OTHER_LOGIN if kind_of(known) == "login" else {CONF_TOKEN: server.venue.other_token}
    result = await renew(hass, known, how, typed(kind_of(known), server, **other))
    assert result["type"] is FlowResultType.ABORT
    assert result["reason"] == "wrong_account"
    assert known.data == data


@pytest.mark.parametrize("how", RENEWALS)
async def test_two_entries_never_share_their_credentials(
    hass: HomeAssistant, server: OveitServer, known: MockConfigEntry, how: str
) -> None:
    """The second would only do again what the first does."""
    old = {CONF_TOKEN: "old"} if kind_of(known) == "token" else {CONF_EMAIL: "old@venue.example"}
    second = MockConfigEntry(
        domain=DOMAIN, data=known.data | old, options=dict(known.options), title="Second"
    )
    second.add_to_hass(hass)
    result = await renew(hass, second, how, typed(kind_of(known), server))
    assert result["type"] is FlowResultType.ABORT
    assert result["reason"] == "already_configured"
    assert second.data == known.data | old


async def test_a_token_is_taken_where_no_event_is_followed_by_name(
    hass: HomeAssistant, server: OveitServer, token_entry: MockConfigEntry
) -> None:
    """There is nothing that it would have to see."""
    options = {CONF_EVENTS: [], CONF_FOLLOW_NEW: True}
    hass.config_entries.async_update_entry(token_entry, options=options)
    fields = typed("token", server, token=server.venue.other_token)
    assert (await renew(hass, token_entry, "reauth", fields))["reason"] == "reauth_successful"


@pytest.mark.parametrize(
    ("how", "step"), zip(RENEWALS, ("reauth_confirm", "reconfigure"), strict=True)
)
async def test_a_form_for_other_credentials_asks_for_the_same_kind(
    hass: HomeAssistant, server: OveitServer, known: MockConfigEntry, how: str, step: str
) -> None:
    """What is no secret is suggested."""
    start = known.start_reauth_flow if how == "reauth" else known.start_reconfigure_flow
    form = await start(hass)
    assert form["step_id"] == step
    asked = {"email", "password"} if kind_of(known) == "login" else {"token"}
    assert {*form["data_schema"].schema} == asked | {"advanced"}
    shown = {CONF_EMAIL: LOGIN[CONF_EMAIL]} if kind_of(known) == "login" else {}
    assert suggested(form["data_schema"]) == shown | {SECTION_ADVANCED: {CONF_API_URL: server.url}}


@pytest.mark.parametrize("how", RENEWALS)
@pytest.mark.parametrize("failure", ERRORS[::4])
async def test_an_error_keeps_the_old_credentials(
    hass: HomeAssistant,
    server: OveitServer,
    known: MockConfigEntry,
    how: str,
    failure: tuple[str | Fault, str],
) -> None:
    """It can be got over."""
    data = dict(known.data)
    fault, error = failure
    server.faults.set("*", fault)
    form = await renew(hass, known, how, typed(kind_of(known), server))
    assert form["errors"] == {"base": error}
    assert suggested(form["data_schema"]) == typed(kind_of(known), server)
    assert known.data == data
    server.faults.clear()
    result = await submit(hass, form, typed(kind_of(known), server))
    assert result["reason"] == f"{how}_successful"


async def test_an_entry_can_move_to_another_address(
    hass: HomeAssistant, server: OveitServer, loaded: MockConfigEntry, dialled: list[str]
) -> None:
    """Reconfiguring changes the address too."""
    fields = typed("login", server, advanced={CONF_API_URL: "https://127.0.0.1:9/api"})
    await renew(hass, loaded, "reconfigure", fields)
    assert loaded.data[CONF_API_URL] == "https://127.0.0.1:9/api"


def labels(form: Mapping[str, Any], texts: dict[str, Any]) -> None:
    """Check that a form's fields are exactly those that have a text, in its section too."""
    schema = form["data_schema"].schema
    fields = {str(key) for key in schema} - {SECTION_ADVANCED}
    assert fields <= set(texts["data"]) == set(texts["data_description"])
    unused = set(texts["data"]) - fields
    assert unused <= {CONF_EMAIL, CONF_PASSWORD, CONF_TOKEN}
    if SECTION_ADVANCED in schema:
        section = texts["sections"][SECTION_ADVANCED]
        inner = {str(key) for key in schema[SECTION_ADVANCED].schema.schema}
        assert inner == set(section["data"]) == set(section["data_description"])
        assert schema[SECTION_ADVANCED].options == {"collapsed": True}


async def test_every_field_of_every_form_has_its_texts(
    hass: HomeAssistant, server: OveitServer, known: MockConfigEntry, kind: str
) -> None:
    """A name and a description."""
    steps = read_json("translations/en.json")["config"]["step"]
    form = await open_form(hass, kind)
    labels(form, steps[kind])
    other = {CONF_TOKEN: server.venue.other_token} if kind == "token" else OTHER_LOGIN
    labels(await submit(hass, form, typed(kind, server, **other)), steps["events"])
    labels(await known.start_reauth_flow(hass), steps["reauth_confirm"])
    labels(await known.start_reconfigure_flow(hass), steps["reconfigure"])


async def test_every_field_of_the_options_has_its_texts(
    hass: HomeAssistant, loaded: MockConfigEntry
) -> None:
    """A name and a description; what the menu offers has a name, too."""
    steps = read_json("translations/en.json")["options"]["step"]
    menu = await hass.config_entries.options.async_init(loaded.entry_id)
    assert menu["menu_options"] == list(steps["init"]["menu_options"])
    for step in menu["menu_options"]:
        labels(await set_options(hass, loaded, step), steps[step])


async def choose(hass: HomeAssistant, entry: MockConfigEntry, fields: dict[str, Any]) -> None:
    """Choose the events of an entry."""
    result = await set_options(hass, entry, "events", **fields)
    assert result["type"] is FlowResultType.CREATE_ENTRY


def names(hass: HomeAssistant, entry: MockConfigEntry) -> set[str | None]:
    """Return the names of an entry's devices."""
    registry = dr.async_get(hass)
    return {device.name for device in dr.async_entries_for_config_entry(registry, entry.entry_id)}


async def test_the_options_show_what_is_followed(
    hass: HomeAssistant, loaded: MockConfigEntry
) -> None:
    """Every active event is offered."""
    form = await set_options(hass, loaded, "events")
    assert suggested(form["data_schema"]) == CHOICE
    options = form["data_schema"].schema[CONF_EVENTS].config["options"]
    assert [option["value"] for option in options] == ["101", "100"]


async def test_following_another_event_adds_its_device(
    hass: HomeAssistant, loaded: MockConfigEntry
) -> None:
    """The entry is set up anew with it."""
    await choose(hass, loaded, {CONF_EVENTS: ["100", "101"], CONF_FOLLOW_NEW: False})
    assert loaded.options[CONF_EVENTS] == [100, 101]
    assert names(hass, loaded) == {"Lantern Night", "City Museum"}
    assert hass.states.get("sensor.city_museum_tickets").state == "10"


async def test_unfollowing_an_event_removes_its_device(
    hass: HomeAssistant, loaded: MockConfigEntry
) -> None:
    """Also when new events are followed: this one is not new."""
    await choose(hass, loaded, {CONF_EVENTS: ["101"], CONF_FOLLOW_NEW: True})
    assert loaded.options == {
        CONF_EVENTS: [101],
        CONF_FOLLOW_NEW: True,
        CONF_IGNORED_EVENTS: [100],
    }
    assert names(hass, loaded) == {"City Museum"}
    assert hass.states.get("sensor.lantern_night_tickets") is None


async def test_voice_may_act_once_the_organizer_says_so(
    hass: HomeAssistant, loaded: MockConfigEntry
) -> None:
    """The option is kept, and shown again."""
    await set_options(hass, loaded, "voice", allow_voice=True)
    assert loaded.options[CONF_ALLOW_VOICE] is True
    form = await set_options(hass, loaded, "voice")
    assert suggested(form["data_schema"])[CONF_ALLOW_VOICE] is True


async def test_s1_stewards_are_chosen_among_the_users(
    hass: HomeAssistant, loaded: MockConfigEntry
) -> None:
    """Those who are active and people; one who is gone is forgotten, the other options stay."""
    before = dict(loaded.options)
    users = hass.auth
    mary = await users.async_create_user("Mary")
    gone = await users.async_create_user("Gone")
    await users.async_create_system_user("Cloud")
    await users.async_deactivate_user(gone)
    form = await set_options(hass, loaded, "stewards")
    offered = form["data_schema"].schema[CONF_STEWARDS].config["options"]
    assert offered == [{"value": mary.id, "label": "Mary"}]
    await set_options(hass, loaded, "stewards", stewards=[mary.id])
    assert loaded.options == before | {CONF_STEWARDS: [mary.id]}
    options = loaded.options | {CONF_STEWARDS: [gone.id, mary.id]}
    hass.config_entries.async_update_entry(loaded, options=options)
    await hass.async_block_till_done(wait_background_tasks=True)
    form = await set_options(hass, loaded, "stewards")
    assert suggested(form["data_schema"]) == {CONF_STEWARDS: [mary.id]}


async def test_options_of_the_first_release_survive_each_step_of_the_menu(
    hass: HomeAssistant, loaded: MockConfigEntry
) -> None:
    """What a step does not show, it does not change."""
    first = {
        CONF_EVENTS: [100],
        CONF_FOLLOW_NEW: False,
        CONF_IGNORED_EVENTS: [101],
        CONF_ALLOW_VOICE: True,
        CONF_ALLOW_VOICE_OVERRIDE: False,
        CONF_WEBHOOK: "local",
        CONF_WEBHOOK_ID: "a" * 64,
    }
    hass.config_entries.async_update_entry(loaded, options=first)
    await hass.async_block_till_done(wait_background_tasks=True)
    for step in ("events", "voice", "webhook"):
        form = await set_options(hass, loaded, step)
        shown = suggested(form["data_schema"])
        await hass.config_entries.options.async_configure(form["flow_id"], shown)
        await hass.async_block_till_done(wait_background_tasks=True)
        assert loaded.options == first


async def test_an_event_that_ended_can_be_unfollowed(
    hass: HomeAssistant, loaded: MockConfigEntry, venue: Venue
) -> None:
    """It is offered as long as it is followed."""
    venue.end_event(100)
    await loaded.runtime_data.async_refresh()
    form = await set_options(hass, loaded, "events")
    options = form["data_schema"].schema[CONF_EVENTS].config["options"]
    assert {option["value"] for option in options} == {"100", "101"}
    await choose(hass, loaded, {CONF_EVENTS: ["101"], CONF_FOLLOW_NEW: False})
    assert names(hass, loaded) == {"City Museum"}


async def test_an_ignored_event_that_ended_stays_ignored(
    hass: HomeAssistant, loaded: MockConfigEntry, venue: Venue
) -> None:
    """Options saved once more do not bring it up."""
    keep = {CONF_EVENTS: ["100"], CONF_FOLLOW_NEW: True}
    await choose(hass, loaded, keep)
    venue.end_event(101)
    await loaded.runtime_data.async_refresh()
    await choose(hass, loaded, keep)
    assert names(hass, loaded) == {"Lantern Night"}


async def test_following_new_events_does_not_bring_up_old_ones(
    hass: HomeAssistant, loaded: MockConfigEntry, venue: Venue
) -> None:
    """An event that ended without being followed is not new."""
    venue.end_event(101)
    await loaded.runtime_data.async_refresh()
    await choose(hass, loaded, {CONF_EVENTS: ["100"], CONF_FOLLOW_NEW: True})
    assert names(hass, loaded) == {"Lantern Night"}


async def test_options_wait_for_an_account_that_is_set_up(
    hass: HomeAssistant, entry: MockConfigEntry
) -> None:
    """Without it, nobody knows the events."""
    result = await hass.config_entries.options.async_init(entry.entry_id)
    assert result["type"] is FlowResultType.ABORT
    assert result["reason"] == "not_loaded"


async def test_an_account_without_the_permission_is_told_so(
    hass: HomeAssistant, server: OveitServer
) -> None:
    """Oveit accepts the login, and says only in words what the account may not do."""
    form = await add(hass, "login", typed("login", server, email="noapi@venue.example"))
    assert form["errors"] == {"base": "missing_permission"}
    assert is_folded(form)
    events = await submit(hass, form, typed("login", server))
    assert events["step_id"] == "events"
