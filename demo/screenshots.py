"""Takes the pictures of README and docs: the dashboard, and a gate in each of its colours."""

import asyncio
from itertools import islice

from playwright.async_api import Page

from demo.arrivals import arrive
from demo.browser import log_in, open_browser, open_page
from demo.config_folder import DASHBOARD, ROOT
from demo.doors import USER, Doors, open_doors
from demo.gates import MAIN_DOOR, entity_id
from demo.guests import ENTRY, LANTERN_NIGHT, Crowd, endless
from demo.progress import Steps

PICTURES = ROOT / "docs" / "images"
GUESTS, SECONDS_APART = 110, 1.2
WIDTH, HEIGHT = 1280, 900
GATE_WIDTH, GATE_HEIGHT = 640, 680
GATE_PAGE = f"{DASHBOARD}/gate-main-door"


async def main() -> None:
    """Run a demo and take the pictures."""
    PICTURES.mkdir(parents=True, exist_ok=True)
    async with open_doors(8123) as doors, open_browser() as browser:
        page = await open_page(browser, WIDTH, HEIGHT)
        await log_in(page, doors.home, DASHBOARD, USER, USER)
        await page.wait_for_selector("hui-sections-view")
        await let_guests_come(doors)
        await take_dashboard(page)
        await take_gate(page, doors)


async def let_guests_come(doors: Doors) -> None:
    """Let guests arrive, slowly enough for the curves to show it."""
    crowd = Crowd(venue=doors.venue)
    async with Steps(1).step(f"{GUESTS} guests arrive"):
        for guest in islice(endless(crowd), GUESTS):
            await arrive(doors.home, guest)
            await asyncio.sleep(crowd.random.expovariate(1 / SECONDS_APART))


async def take_dashboard(page: Page) -> None:
    """Wait until no gate shows a guest, and take the page down to the last card."""
    await page.wait_for_selector(".verdict[data-showing]", state="detached")
    bottom = 0.0
    for card in await page.query_selector_all("hui-grid-section"):
        if box := await card.bounding_box():
            bottom = max(bottom, box["y"] + box["height"])
    await page.set_viewport_size({"width": WIDTH, "height": round(bottom) + 32})
    await asyncio.sleep(1)
    await page.screenshot(path=PICTURES / "dashboard.png")


async def take_gate(page: Page, doors: Doors) -> None:
    """Take a gate in each colour; for amber, Oveit is offline."""
    venue = doors.venue
    first, second = venue.unused(LANTERN_NIGHT, ENTRY)[:2]
    used = venue.used(LANTERN_NIGHT)[0]
    await page.set_viewport_size({"width": GATE_WIDTH, "height": GATE_HEIGHT})
    await page.goto(f"{doors.home.url}/{GATE_PAGE}")
    for colour, tone, ticket in (
        ("green", "admitted", first),
        ("red", "refused", used),
        ("amber", "unsure", second),
    ):
        if colour == "amber":
            await doors.server.hang_up()
        await page.wait_for_selector(".verdict[data-showing]", state="detached")
        await page.wait_for_selector("oveit-gate-card")
        read = {"entity_id": entity_id("event", MAIN_DOOR), "ticket_code": ticket.code}
        await doors.home.check_in(read)
        await page.wait_for_selector(f".verdict.{tone}[data-showing]")
        await asyncio.sleep(1)
        await page.locator("oveit-gate-card").screenshot(path=PICTURES / f"gate-{colour}.png")


if __name__ == "__main__":
    asyncio.run(main())
