"""A browser that reaches nothing but this machine, for tests and pictures."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
import shutil

from playwright.async_api import Browser, Page, async_playwright

from demo.home_assistant import HomeAssistant

CHROMIUM = shutil.which("chromium") or shutil.which("google-chrome")
ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
]


@asynccontextmanager
async def open_browser() -> AsyncGenerator[Browser]:
    """Run a browser without a window."""
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        try:
            yield browser
        finally:
            await browser.close()


async def open_page(browser: Browser, width: int, height: int, *, dark: bool = False) -> Page:
    """Open an empty page in a profile of its own."""
    context = await browser.new_context(
        locale="en-GB",
        viewport={"width": width, "height": height},
        color_scheme="dark" if dark else "light",
        service_workers="block",
        reduced_motion="reduce",
    )
    await context.add_init_script("localStorage.dockedSidebar = '\"auto\"'")
    return await context.new_page()


async def log_in(page: Page, home: HomeAssistant, path: str, name: str, password: str) -> None:
    """Log in at Home Assistant by its form."""
    await page.goto(f"{home.url}/{path}")
    await page.fill("input[name=username]", name)
    await page.fill("input[name=password]", password)
    await page.press("input[name=password]", "Enter")
    await page.wait_for_selector("ha-sidebar", state="attached")
