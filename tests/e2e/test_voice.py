"""Assist answers in a real Home Assistant, over its HTTP API."""

import asyncio

import pytest

from demo.home_assistant import HomeAssistant
from demo.opening import PASSWORD
from demo.oveit_server import OveitServer
from tests.e2e.test_setup import wait_for_counts, walk


async def say(home: HomeAssistant, text: str, language: str) -> str:
    """Say something to Assist and return what it answers."""
    reply = await home.post("/api/conversation/process", {"text": text, "language": language})
    said: str = reply["response"]["speech"]["plain"]["speech"]
    return said


async def until_said(home: HomeAssistant, text: str, answer: str) -> None:
    """Say something until Assist has learned the sentences that came with the account."""
    for _ in range(50):
        if await say(home, text, "en") == answer:
            return
        await asyncio.sleep(0.2)
    pytest.fail(f"Assist never said {answer!r}")


async def test_assist_answers_without_any_set_up(home: HomeAssistant, server: OveitServer) -> None:
    """In the language that is spoken; acting is refused."""
    venue = server.venue
    account = {
        "email": "staff@venue.example",
        "password": PASSWORD,
        "advanced": {"api_url": server.url},
    }
    await walk(home, {"next_step_id": "login"}, account, {"events": ["100"], "follow_new": False})
    await wait_for_counts(home, venue, 100, "lantern_night")
    used, tickets = len(venue.used(100)), len(venue.tickets_of(100))
    await until_said(
        home,
        "How many people are checked in?",
        f"Lantern Night: {used} of {tickets} tickets are checked in.",
    )
    assert await say(home, "Wie viele Leute sind eingecheckt?", "de") == (
        f"Lantern Night: {used} von {tickets} Tickets sind eingecheckt."
    )
    ticket = venue.unused(100)[0]
    spelled = " ".join(ticket.code)
    assert (await say(home, f"Has ticket {spelled} been checked in?", "en")).startswith("No.")
    assert "turned off" in await say(home, f"Check in ticket {spelled}", "en")
    assert "turned off" in await say(home, f"Let ticket {spelled} in anyway", "en")
    assert venue.entries(ticket.code) == 0
