"""Take a picture of the dashboard after some guests have come."""

import asyncio
from itertools import islice
import shutil

from playwright.async_api import Page, async_playwright

from demo.arrivals import arrive
from demo.config_folder import DASHBOARD, ROOT
from demo.doors import USER, Doors, open_doors
from demo.guests import Crowd, endless
from demo.progress import Steps

PICTURE = ROOT / "docs" / "images" / "dashboard.png"
GUESTS, SECONDS_APART = 110, 2.4
WIDTH, HEIGHT = 1280, 900
ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
]


async def main() -> None:
    """Open the doors, let guests come, take the picture."""
    async with open_doors(8123) as doors, async_playwright() as playwright:
        browser = await playwright.chromium.launch(
            executable_path=shutil.which("chromium"), args=ARGUMENTS
        )
        context = await browser.new_context(
            locale="en-GB",
            viewport={"width": WIDTH, "height": HEIGHT},
            service_workers="block",
            reduced_motion="reduce",
        )
        await context.add_init_script("localStorage.dockedSidebar = '\"auto\"'")
        page = await context.new_page()
        await log_in(page, doors)
        await let_guests_come(doors)
        await take(page)
        await browser.close()


async def log_in(page: Page, doors: Doors) -> None:
    """Fill in the form, as a person does."""
    await page.goto(f"{doors.home.url}/{DASHBOARD}")
    await page.fill("input[name=username]", USER)
    await page.fill("input[name=password]", USER)
    await page.press("input[name=password]", "Enter")
    await page.wait_for_selector("hui-sections-view")


async def let_guests_come(doors: Doors) -> None:
    """Let a crowd in, slowly enough for the curves to show it."""
    crowd = Crowd(venue=doors.venue)
    async with Steps(1).step(f"{GUESTS} guests arrive"):
        for guest in islice(endless(crowd), GUESTS):
            await arrive(doors.home, guest)
            await asyncio.sleep(crowd.random.expovariate(1 / SECONDS_APART))


async def take(page: Page) -> None:
    """Save the picture, cut off below the last card."""
    bottom = 0.0
    for card in await page.query_selector_all("hui-grid-section"):
        if box := await card.bounding_box():
            bottom = max(bottom, box["y"] + box["height"])
    PICTURE.parent.mkdir(parents=True, exist_ok=True)
    await page.set_viewport_size({"width": WIDTH, "height": round(bottom) + 32})
    await asyncio.sleep(1)
    await page.screenshot(path=PICTURE)
    print(PICTURE)


if __name__ == "__main__":
    asyncio.run(main())
