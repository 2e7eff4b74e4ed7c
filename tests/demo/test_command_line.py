"""The pretend Oveit as a program of its own."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
import os
import signal
import sys
from typing import Any

import aiohttp
import pytest

from demo.behaviour import Behaviour
from demo.command_line import make_server, parse
from demo.config_folder import ROOT
from demo.faults import PRESETS, Fault


async def run(*arguments: str) -> asyncio.subprocess.Process:
    """Start the program."""
    return await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "demo.oveit_server", *arguments),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        cwd=ROOT,
    )


@asynccontextmanager
async def running(*arguments: str) -> AsyncIterator[tuple[str, asyncio.subprocess.Process]]:
    """Run the program, and return its address."""
    process = await run("--port", "0", *arguments)
    assert process.stdout
    try:
        yield (await process.stdout.readline()).decode().strip(), process
    finally:
        if process.returncode is None:
            process.kill()
        await process.communicate()


async def test_help_lists_logins_controls_and_faults() -> None:
    """On one page."""
    process = await run("--help")
    text = " ".join((await process.communicate())[0].decode().split())
    assert process.returncode == 0
    assert text.startswith("usage: python -m demo.oveit_server")
    assert "staff@venue.example" in text
    assert all(preset in text for preset in PRESETS)
    assert "--second-checkin" in text


async def test_it_serves_until_it_is_stopped() -> None:
    """It prints its address."""
    async with running("--tickets", "60", "--refusal", "bare") as (url, process):
        async with aiohttp.ClientSession() as session:
            login = {"email": "staff@venue.example", "password": "open-sesame"}
            async with session.post(f"{url}/seller/login", json=login) as reply:
                token = (await reply.json())["token"]
            scan = {"token": token, "ticket_code": "n0b0dy"}
            async with session.post(f"{url}/tickets/scan", data=scan) as reply:
                assert await reply.json() == {"ok": False}
            async with session.get(url.removesuffix("api") + "control/state") as reply:
                assert (await reply.json())["events"][0]["tickets"] == 60
        os.kill(process.pid, signal.SIGTERM)
        assert await asyncio.wait_for(process.wait(), 10) == 0


@pytest.mark.parametrize(
    "arguments",
    [["--fault", "earthquake"], ["--fault", "seller/events="], ["--ids", "roman"], ["--port", "x"]],
    ids=" ".join,
)
def test_a_wrong_option_is_refused(arguments: list[str], capsys: Any) -> None:
    """The message names it."""
    with pytest.raises(SystemExit) as ended:
        parse(arguments)
    assert ended.value.code == 2
    assert "error:" in capsys.readouterr().err


def test_without_options_it_behaves_as_documented() -> None:
    """With 200 tickets, two events and no faults."""
    server = make_server(parse([]))
    assert server.behaviour == Behaviour()
    assert server.faults.now == {}
    assert len(server.venue.tickets_of(100)) == 200


def test_every_option_is_applied() -> None:
    """Sizes, switches and faults."""
    options = ["--tickets", "50", "--events", "3", "--no-attendee-forms", "--no-multiple-access"]
    options += ["--dates", "naive", "--no-turnstile", "--old-replies", "--latency", "0.5"]
    options += ["--fault", "tickets/scan=error", "--starts-in", "-1"]
    server = make_server(parse(options))
    venue = server.venue
    assert [event.id for event in venue.events.values()] == [100, 101, 102, 900]
    assert not venue.multiple_access
    assert venue.events[100].fields == []
    starts_at = venue.events[100].starts_at
    assert starts_at
    assert starts_at < venue.clock()
    assert server.behaviour == Behaviour(dates="naive", turnstile=False, old_replies=True)
    assert server.faults.now == {
        "*": (Fault(latency_before=0.5), None),
        "tickets/scan": (PRESETS["error"], None),
    }


def test_a_fault_without_an_endpoint_applies_to_all() -> None:
    """It replaces the latency."""
    server = make_server(parse(["--latency", "0.5", "--fault", "captive_portal"]))
    assert server.faults.now == {"*": (PRESETS["captive_portal"], None)}
