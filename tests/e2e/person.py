"""Somebody at a browser: does what people do, and keeps a picture of what is seen."""

from pathlib import Path
from typing import Any

import pytest

from demo.home_assistant import HomeAssistant

browser = pytest.importorskip(
    "demo.browser", reason="needs playwright: run scripts/setup-browser", exc_type=ImportError
)

PICTURES = Path(__file__).parents[2] / ".screenshots"
CUT_OFF = """
() => {
  const everything = (root) => [...root.querySelectorAll("*")].flatMap((part) =>
    part.shadowRoot ? [part, ...everything(part.shadowRoot)] : [part]);
  const cards = everything(document).filter((part) => part.localName.startsWith("oveit-"));
  const wide = document.documentElement.scrollWidth > innerWidth ? ["the page"] : [];
  const words = "h2, h3, p, dt, dd, li, button, .sign, .number, .what, .title";
  return wide.concat(cards.flatMap((card) => {
    const frame = card.shadowRoot?.querySelector("ha-card");
    if (!frame) return [];
    const inner = frame.getBoundingClientRect();
    const shown = frame.querySelector(".verdict[data-showing]") ?? frame;
    return [...shown.querySelectorAll(words)]
      .filter((part) => part.checkVisibility({ visibilityProperty: true }))
      .filter((part) => {
        const box = part.getBoundingClientRect();
        const outside = box.left < inner.left - 1 || box.right > inner.right + 1;
        const below = box.top < inner.top - 1 || box.bottom > inner.bottom + 1;
        const inline = getComputedStyle(part).display === "inline";
        return outside || below || (!inline && part.scrollWidth > part.clientWidth + 1);
      })
      .map((part) => part.className + ": " + part.textContent.trim());
  }));
}
"""


class Person:
    """Uses one Home Assistant in one browser."""

    def __init__(self, page: Any, home: HomeAssistant, look: str) -> None:
        """Sit down; `look` is part of the names of the pictures."""
        self.page = page
        self.home = home
        self.look = look
        self.dialog = page.locator("dialog-data-entry-flow")
        self._pictures = 0

    async def log_in(self) -> None:
        """Come in by the form."""
        await browser.log_in(self.page, self.home, "config/integrations", "demo", "demo")

    async def go(self, path: str) -> None:
        """Open a page of Home Assistant."""
        await self.page.goto(f"{self.home.url}/{path}")

    async def press(self, name: str) -> None:
        """Press a button."""
        await self.page.get_by_role("button", name=name, exact=True).first.click()

    async def fill(self, field: str, text: str) -> None:
        """Type into a field of a dialog."""
        await self.dialog.locator(f"input[name={field}]").fill(text)

    async def read(self, text: str) -> None:
        """Wait until a text is seen."""
        await self.page.get_by_text(text).first.wait_for()

    async def see(self, name: str) -> None:
        """Take a picture of what is seen, and find nothing cut off in it."""
        await self.page.wait_for_timeout(600)
        PICTURES.mkdir(exist_ok=True)
        self._pictures += 1
        await self.page.screenshot(path=PICTURES / f"{self.look}-{self._pictures:02}-{name}.png")
        assert await self.page.evaluate(CUT_OFF) == [], name
