"""Somebody makes a board for a door: cards are picked, set and saved by clicks, and heard."""

from collections.abc import AsyncIterator
from typing import Any

import pytest

from demo.home_assistant import HomeAssistant
from demo.oveit_server import OveitServer
from tests.e2e.person import PICTURES, Person, browser
from tests.e2e.venue import add_account, cards_of, make_dashboard

pytestmark = [
    pytest.mark.skipif(browser.CHROMIUM is None, reason="needs chromium"),
    pytest.mark.timeout(300),
]

BOARD = "door-board"
GATE = "event.north_gate"
LISTEN = """
  // A test's own questions count as touches, so this browser waits for somebody to allow the sound.
  window.AudioContext = class extends AudioContext {
    get state() {
      return this.allowed ? super.state : "suspended";
    }
    async resume() {
      this.allowed = true;
      await super.resume();
      this.dispatchEvent(new Event("statechange"));
    }
  };
  window.tones = [];
  const start = OscillatorNode.prototype.start;
  OscillatorNode.prototype.start = function (...when) {
    window.tones.push(this.frequency.value);
    return start.apply(this, when);
  };
"""


@pytest.fixture(params=[(1280, 800, False), (390, 844, True)], ids=["desk", "phone-dark"])
async def person(
    home: HomeAssistant, server: OveitServer, request: pytest.FixtureRequest
) -> AsyncIterator[Person]:
    """Somebody who has an event, a gate and a way out, before an empty board."""
    width, height, dark = request.param
    entry_id = await add_account(home, server)
    await home.add_gate(entry_id, {"name": "North gate"})
    await home.add_gate(entry_id, {"name": "Way out", "direction": "exit"})
    await make_dashboard(home, BOARD)
    look = f"editors-{request.node.callspec.id}"
    async with browser.open_browser() as chromium:
        page = await browser.open_page(chromium, width, height, dark=dark)
        await page.add_init_script(LISTEN)
        yield Person(page, home, look)
        await page.screenshot(path=PICTURES / f"{look}-99-end.png")


async def test_a_board_is_made_by_clicks(person: Person, server: OveitServer) -> None:
    """From the picker's suggestion to a card that sounds at a door."""
    await person.log_in()
    await person.go(f"{BOARD}/0?edit=1")
    await pick_by_entity(person, "North gate", "Oveit gate")
    await let_it_sound(person)
    await pick_by_entity(person, "Way out", "Oveit gate")
    await pick_by_card(person, "Oveit event")
    assert await cards_of(person.home, BOARD) == [
        {"type": "custom:oveit-gate-card", "entity": GATE, "sound": True},
        {"type": "custom:oveit-gate-card", "entity": "event.way_out"},
        {
            "type": "custom:oveit-event-card",
            "entity": "sensor.lantern_night_checked_in",
            "show_types": False,
        },
    ]
    await look_at_board(person)
    await watch_preparing(person)
    await hear_guests(person, server)


async def add_card(person: Person) -> Any:
    """Open the picker."""
    await person.page.get_by_role("button", name="Add card").first.click()
    return person.page.locator("hui-dialog-create-card")


async def pick_by_entity(person: Person, name: str, card: str) -> None:
    """The picker suggests our card for an entity of ours, drawn as it will be."""
    picker = await add_card(person)
    await picker.get_by_placeholder("Search entities").fill(name)
    await picker.get_by_text(name, exact=True).first.click()
    suggested = picker.get_by_text(card, exact=True).first
    await suggested.wait_for()
    await picker.locator("oveit-gate-card h2").get_by_text(name, exact=True).wait_for()
    await person.see(f"suggested-{name.replace(' ', '-').lower()}")
    await suggested.click()
    await picker.get_by_placeholder("Search entities").wait_for(state="hidden")


async def pick_by_card(person: Person, card: str) -> None:
    """Chosen by its name, the card comes with an event and opens its editor."""
    picker = await add_card(person)
    await picker.get_by_text("By card", exact=True).click()
    await picker.get_by_placeholder("Search cards").fill("oveit")
    await picker.locator("oveit-event-card").get_by_text("Lantern Night").wait_for()
    await person.see("picker-by-card")
    await picker.get_by_text(card, exact=True).first.click(force=True)
    editor = person.page.locator("hui-dialog-edit-card")
    for label in ("Show the curve", "Hours the curve shows", "Show the ticket types"):
        await editor.get_by_text(label).first.wait_for()
    types = editor.locator("oveit-event-card").get_by_text("Ticket types")
    await types.wait_for()
    await person.see("event-editor")
    await editor.locator("ha-selector-boolean ha-switch").nth(1).click()
    await types.wait_for(state="detached")
    await save(person, editor)


async def let_it_sound(person: Person) -> None:
    """The gate's editor says what each option does; its preview sets no gate."""
    await person.page.locator("hui-card-edit-mode").first.click()
    editor = person.page.locator("hui-dialog-edit-card")
    for label in ("Seconds a decision is shown", "Show the mode switch", "Play a sound"):
        await editor.get_by_text(label).first.wait_for()
    await editor.get_by_text("Browsers ask for one touch first").first.wait_for()
    await person.see("gate-editor")
    await editor.locator("oveit-gate-card").get_by_role("button", name="Closed").click()
    await editor.locator("ha-selector-boolean ha-switch").nth(1).click()
    await save(person, editor)
    assert await person.home.state("select.north_gate_mode") == "open_for_tickets"


async def save(person: Person, editor: Any) -> None:
    """Save, and wait until the editor is gone."""
    await editor.get_by_role("button", name="Save").click()
    await editor.get_by_text("Show code editor").wait_for(state="hidden")
    await person.page.wait_for_timeout(500)


async def look_at_board(person: Person) -> None:
    """A gate, a way out that asks nobody in, and an event."""
    await person.go(f"{BOARD}/0")
    await person.read("Please show your ticket")
    await person.read("exits so far")
    await person.see("board")
    await person.page.locator("oveit-gate-card").nth(1).scroll_into_view_if_needed()
    await person.see("board-way-out")
    await person.page.locator("oveit-event-card").scroll_into_view_if_needed()
    await person.see("board-event")


async def watch_preparing(person: Person) -> None:
    """The event's card tells how far the learning of tags is, and that it was stopped."""
    line = person.page.locator("oveit-event-card .preparing")
    assert await line.count() == 0
    action = "/api/services/oveit/prepare_offline"
    await person.home.post(f"{action}?return_response", {"per_minute": 600})
    await line.get_by_text("Learning tags: ").wait_for()
    await line.scroll_into_view_if_needed()
    await person.see("preparing")
    await person.home.post(f"{action}?return_response", {"stop": True})
    await line.get_by_text("Learning tags was stopped: ").wait_for()
    await person.see("preparing-stopped")


async def hear_guests(person: Person, server: OveitServer) -> None:
    """A browser that was not touched yet is asked; then each decision has its tones."""
    card = person.page.locator("oveit-gate-card").first
    sound = card.get_by_role("button", name="Turn the sound on")
    await sound.scroll_into_view_if_needed()
    await person.see("sound-is-off")
    await sound.click()
    await sound.wait_for(state="detached")
    assert await person.page.evaluate("window.tones") == [880, 1320]
    ticket = server.venue.unused(100)[0]
    for code, tones in ((ticket.code, [880, 1320]), ("not-a-ticket", [330, 220])):
        await person.page.evaluate("window.tones = []")
        await person.home.check_in({"entity_id": GATE, "ticket_code": code})
        await person.page.wait_for_function("window.tones.length === 2", timeout=10_000)
        assert await person.page.evaluate("window.tones") == tones
    await person.see("heard")
