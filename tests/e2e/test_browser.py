"""An evening at the doors, as somebody sees it who has a browser and no YAML."""

from collections.abc import AsyncIterator
from typing import Any

import pytest

from demo.home_assistant import HomeAssistant
from demo.opening import PASSWORD
from demo.oveit_server import OveitServer
from tests.e2e.person import PICTURES, Person, browser

pytestmark = [
    pytest.mark.skipif(browser.CHROMIUM is None, reason="needs chromium"),
    pytest.mark.timeout(400),
]

GATE = "event.north_gate"


@pytest.fixture(params=[(1280, 800, False), (390, 844, True)], ids=["desk", "phone-dark"])
async def person(home: HomeAssistant, request: pytest.FixtureRequest) -> AsyncIterator[Person]:
    """Somebody at a desk in daylight, and somebody with a phone at night."""
    width, height, dark = request.param
    async with browser.open_browser() as chromium:
        page = await browser.open_page(chromium, width, height, dark=dark)
        yield Person(page, home, request.node.callspec.id)
        await page.screenshot(path=PICTURES / f"{request.node.callspec.id}-99-end.png")


async def test_an_evening(person: Person, server: OveitServer) -> None:
    """From nothing to green, red and amber at a gate, by clicks alone."""
    await person.log_in()
    await add_by_login(person, server)
    await add_by_token(person, server)
    await add_gate(person)
    await add_dashboard(person)
    await let_guests_come(person, server)
    await look_at_dashboard(person)
    await look_for_triggers(person)
    log = person.home.log.read_text().splitlines()
    assert not [line for line in log if " ERROR " in line and "oveit" in line]


async def begin(person: Person) -> None:
    """Start the flow of a new account."""
    await person.go("config/integrations/dashboard/add?domain=oveit")
    await person.press("OK")
    await person.read("Connect to Oveit")


async def sign_in(person: Person, address: str, **fields: str) -> None:
    """Type credentials and the address of the pretend Oveit."""
    for field, text in fields.items():
        await person.fill(field, text)
    if not await person.dialog.locator("input[name=api_url]").is_visible():
        await person.dialog.get_by_text("Advanced").click()
    await person.fill("api_url", address)
    await person.press("Submit")


async def add_by_login(person: Person, server: OveitServer) -> None:
    """A wrong password is told, and what was typed is still there."""
    await begin(person)
    await person.see("how-to-sign-in")
    await person.dialog.get_by_text("Log in with e-mail and password").click()
    await sign_in(person, server.url, email="staff@venue.example", password="wrong")
    await person.read("Oveit does not accept these credentials")
    await person.see("wrong-password")
    email = person.dialog.locator("input[name=email]")
    assert await email.input_value() == "staff@venue.example"
    await person.fill("password", PASSWORD)
    await person.press("Submit")
    await person.read("Choose events")
    await person.dialog.get_by_text("City Museum").click()
    await person.see("choose-events")
    await person.press("Submit")
    await person.press("Skip and finish")
    sold = len(server.venue.tickets_of(100))
    assert await person.home.state("sensor.lantern_night_tickets") == str(sold)
    assert await person.home.state("sensor.city_museum_tickets") is None


async def add_by_token(person: Person, server: OveitServer) -> None:
    """Another account, with a wrong token in between."""
    await begin(person)
    await person.dialog.get_by_text("Use an API token").click()
    await sign_in(person, server.url, token="wrong")
    await person.read("Oveit does not accept these credentials")
    await sign_in(person, server.url, token=server.venue.other_token)
    await person.read("Choose events")
    await person.see("choose-events-of-token")
    await person.press("Submit")
    await person.press("Skip and finish")
    sold = len(server.venue.tickets_of(900))
    assert await person.home.state("sensor.garden_party_tickets") == str(sold)


async def add_gate(person: Person) -> None:
    """A gate is added beside the account."""
    await person.go("config/integrations/integration/oveit")
    await person.press("Add gate")
    accounts = person.page.locator("dialog-pick-config-entry")
    await accounts.get_by_text("Oveit 1", exact=True).click()
    await person.fill("name", "North gate")
    await person.see("add-gate")
    await person.press("Submit")
    await person.press("Finish")
    await person.see("account")
    assert await person.home.state("select.north_gate_mode") == "open_for_tickets"


async def add_dashboard(person: Person) -> None:
    """The dashboard is offered among the community's."""
    await person.go("config/lovelace/dashboards")
    await person.press("Add dashboard")
    await person.page.get_by_text("Every event and every gate, ready to use").click()
    await person.see("add-dashboard")
    await person.press("Create")
    await person.page.get_by_text("Add new dashboard").wait_for(state="hidden")
    await person.go("dashboard-oveit")
    await person.read("Garden Party")


async def let_guests_come(person: Person, server: OveitServer) -> None:
    """The gate's page turns green, red, and amber when the line is cut."""
    vip, entry = server.venue.unused(100, 235)[1], server.venue.unused(100, 234)[2]
    await person.go("dashboard-oveit/gate-north-gate")
    await person.read("Please show your ticket")
    await person.see("gate-waits")

    assert (await come(person, vip.code))["source"] == "oveit"
    await shown(person, "admitted", "Welcome", "VIP")
    await person.see("green")
    await come(person, "not-a-ticket")
    await shown(person, "refused", "Unknown ticket")
    await person.see("red")

    await server.hang_up()
    decision = await come(person, entry.code)
    assert (decision["admitted"], decision["source"]) == (True, "ledger")
    await shown(person, "unsure", "Welcome", "Entry", "Decided here")
    await person.see("amber")
    await person.page.locator(".verdict[data-showing]").wait_for(state="detached")
    await person.read("1 check-in waits for Oveit")
    await person.see("line-down")
    await server.pick_up()
    await person.home.post("/api/services/button/press", {"entity_id": "button.lantern_night_sync"})
    await person.read("Nothing waits for Oveit")
    assert (server.venue.entries(vip.code), server.venue.entries(entry.code)) == (1, 1)


async def come(person: Person, code: str) -> dict[str, Any]:
    """A reader at the gate reads a ticket."""
    return await person.home.check_in({"entity_id": GATE, "ticket_code": code})


async def shown(person: Person, tone: str, *words: str) -> None:
    """The whole card says what was decided, in a colour and in words."""
    verdict = person.page.locator(f"oveit-gate-card .verdict.{tone}[data-showing]")
    await verdict.wait_for(timeout=10_000)
    text = await verdict.inner_text()
    assert all(word in text for word in words), text
    frame = await person.page.locator("oveit-gate-card ha-card").bounding_box()
    assert await verdict.bounding_box() == frame


async def look_at_dashboard(person: Person) -> None:
    """Events, gates and the line, on one page."""
    await person.go("dashboard-oveit/overview")
    await person.read("Lantern Night")
    await person.page.locator("oveit-gate-card").first.wait_for()
    await person.see("overview")
    await person.page.locator("oveit-gate-card").first.scroll_into_view_if_needed()
    await person.see("overview-gate")


async def look_for_triggers(person: Person) -> None:
    """The automation editor offers them under the integration's name."""
    await person.go("config/automation/edit/new")
    await person.press("Add trigger")
    triggers = person.page.locator("add-automation-element-dialog")
    await triggers.get_by_text("By type").click()
    await triggers.get_by_text("Oveit", exact=True).last.click()
    await triggers.get_by_text("Ticket refused").wait_for()
    await person.see("triggers")
    await triggers.get_by_text("Ticket admitted").click()
    await person.read("Only tickets of these types")
    await person.see("trigger")
