"""Both cards in a browser: readable, reachable, nothing cut off, in light and dark."""

from collections.abc import AsyncIterator
import os
from pathlib import Path
import shutil
from typing import Any

import pytest

async_api = pytest.importorskip(
    "playwright.async_api", reason="needs playwright", exc_type=ImportError
)

ROOT = Path(__file__).parents[2]
AXE = ROOT / "frontend" / "node_modules" / "axe-core" / "axe.min.js"
CARDS = ROOT / "custom_components" / "oveit" / "frontend" / "oveit.js"
CHROMIUM = shutil.which("chromium") or shutil.which("google-chrome")
PREVIEW = ROOT / "frontend" / "preview"
PICTURES = os.environ.get("PICTURES")

pytestmark = [
    pytest.mark.skipif(CHROMIUM is None, reason="needs chromium"),
    pytest.mark.skipif(not AXE.exists(), reason="needs axe-core: run scripts/build-frontend"),
]

SCENES = [
    "gate-idle",
    "gate-closed",
    "gate-free",
    "gate-overruled",
    "gate-offline",
    "gate-green",
    "gate-amber",
    "gate-red",
    "gate-words",
    "gate-rehearsing",
    "gate-rehearsal",
    "gate-scanned",
    "gate-scanned-red",
    "gate-exit",
    "gate-goodbye",
    "event-evening",
    "event-preparing",
    "event-unfinished",
    "event-empty",
]
CUT_OFF = """
(() => {
  const card = document.querySelector("#stage").firstElementChild;
  const frame = card.shadowRoot.querySelector("ha-card");
  const inner = frame.getBoundingClientRect();
  const shown = frame.querySelector(".verdict[data-showing]") ?? frame;
  return [...shown.querySelectorAll("h2, h3, p, dd, li, button, .sign, .number, .what")]
    .filter((part) => part.checkVisibility({ visibilityProperty: true }))
    .filter((part) => {
      const box = part.getBoundingClientRect();
      const outside = box.left < inner.left - 1 || box.right > inner.right + 1;
      const below = box.top < inner.top - 1 || box.bottom > inner.bottom + 1;
      const inline = getComputedStyle(part).display === "inline";
      return outside || below || (!inline && part.scrollWidth > part.clientWidth + 1);
    })
    .map((part) => part.className + ": " + part.textContent.trim());
})()
"""


@pytest.fixture
async def page() -> AsyncIterator[Any]:
    """Open a page that knows the cards, an invented Home Assistant and axe."""
    async with async_api.async_playwright() as playwright:
        browser = await playwright.chromium.launch(
            executable_path=CHROMIUM,
            args=["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"],
        )
        page = await browser.new_page(reduced_motion="reduce")
        await page.set_content((PREVIEW / "page.html").read_text())
        await page.add_script_tag(content=AXE.read_text())
        await page.add_script_tag(content=(PREVIEW / "scenes.js").read_text())
        await page.add_script_tag(content=CARDS.read_text(), type="module")
        yield page
        await browser.close()


async def draw(page: Any, scene: str, **how: Any) -> None:
    await page.evaluate("how => window.draw(how)", {"scene": scene, **how})
    if PICTURES:
        name = "-".join([scene, *map(str, how.values()), str(page.viewport_size["width"])])
        await page.screenshot(path=f"{PICTURES}/{name}.png", full_page=True)


async def test_every_scene_is_looked_at(page: Any) -> None:
    assert await page.evaluate("Object.keys(window.SCENES)") == SCENES


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
async def test_axe_finds_nothing_serious(page: Any, dark: bool) -> None:
    for scene in SCENES:
        await draw(page, scene, dark=dark)
        found = await page.evaluate("axe.run('#stage')")
        assert found["passes"], scene
        serious = [
            (rule["id"], node["target"], node["failureSummary"])
            for rule in found["violations"]
            if rule["impact"] in {"serious", "critical"}
            for node in rule["nodes"]
        ]
        assert serious == [], scene


@pytest.mark.parametrize("width", [390, 600, 1280])
async def test_nothing_is_cut_off_in_any_language(page: Any, width: int) -> None:
    await page.set_viewport_size({"width": width, "height": 800})
    for language in ("en", "de", "es", "fr", "ja", "nl"):
        for scene in SCENES:
            await draw(page, scene, language=language)
            assert await page.evaluate(CUT_OFF) == [], (scene, language)


async def test_a_decision_is_announced_in_words_and_goes_away_by_keyboard(page: Any) -> None:
    await draw(page, "gate-red")
    status = page.get_by_role("status")
    assert "Already used. Entry" in await status.text_content()
    close = page.get_by_role("button", name="Close", exact=True)
    await close.focus()
    await page.keyboard.press("Escape")
    await close.wait_for(state="hidden")
    scan_only = page.get_by_role("button", name="Scan only")
    assert await scan_only.get_attribute("aria-pressed") == "false"


async def test_a_rehearsal_is_named_before_anybody_comes_and_in_the_last_line(page: Any) -> None:
    await draw(page, "gate-rehearsing")
    line = page.get_by_text("Rehearsal. Nothing is marked at Oveit", exact=True)
    assert await line.is_visible()
    assert "Rehearsal · Would be admitted · Entry" in await page.get_by_role("list").text_content()
    await page.evaluate(
        """() => {
          const card = document.querySelector("#stage").firstElementChild;
          card.hass.states["select.north_gate_mode"].state = "free_flow";
          card.requestUpdate();
        }"""
    )
    await line.wait_for(state="detached")


@pytest.mark.parametrize(
    ("scene", "word"), [("gate-rehearsal", "Rehearsal"), ("gate-scanned", "Scan only")]
)
async def test_what_admits_nobody_says_so_first_and_is_not_filled_with_green(
    page: Any, scene: str, word: str
) -> None:
    await draw(page, scene)
    shown = page.locator(".verdict[data-showing]")
    assert (await shown.locator("p").first.text_content()) == word
    assert "Welcome" not in await shown.text_content()
    said = await page.get_by_role("status").text_content()
    assert said.startswith(f"{word}. Would be admitted")
    color = "element => getComputedStyle(element).backgroundColor"
    assert await shown.evaluate(color) == "rgb(255, 255, 255)"
    await draw(page, "gate-green")
    assert await shown.evaluate(color) == "rgb(26, 127, 55)"


async def test_a_decision_fades_back_by_itself(page: Any) -> None:
    await page.clock.install()
    await draw(page, "gate-green")
    shown = page.locator(".verdict[data-showing]")
    assert await shown.count() == 1
    await page.clock.run_for(5_000)
    assert await shown.count() == 1
    await page.clock.run_for(1_500)
    assert await shown.count() == 0


async def test_the_mode_is_changed_by_the_switch(page: Any) -> None:
    await draw(page, "gate-idle")
    await page.evaluate(
        """() => {
          const card = document.querySelector("#stage").firstElementChild;
          card.hass.callService = async (...call) => { window.called = call; };
        }"""
    )
    await page.get_by_role("button", name="Closed", exact=True).click()
    data = {"entity_id": "select.north_gate_mode", "option": "closed"}
    assert await page.evaluate("window.called") == ["select", "select_option", data]


async def test_everybody_is_let_in_only_after_a_second_touch(page: Any) -> None:
    await page.clock.install()
    await draw(page, "gate-idle")
    await page.evaluate(
        """() => {
          const card = document.querySelector("#stage").firstElementChild;
          window.called = [];
          card.hass.callService = async (...call) => { window.called.push(call[2].option); };
        }"""
    )
    free = page.get_by_role("button", name="Free", exact=True)
    sure = page.get_by_text("Touch again")
    await free.click()
    await sure.wait_for()
    assert await page.evaluate(CUT_OFF) == []
    await page.clock.run_for(6_000)
    await sure.wait_for(state="detached")
    await free.click()
    await page.get_by_role("button", name="Closed", exact=True).click()
    await sure.wait_for(state="detached")
    assert await page.evaluate("window.called") == ["closed"]
    for _ in range(2):
        await free.click()
    assert await page.evaluate("window.called") == ["closed", "free_flow"]
