"""A compiled ESPHome node asks about each wristband and shows the answer, in one round trip."""

import asyncio
from asyncio.subprocess import DEVNULL, PIPE, STDOUT, Process
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
import json
import os
from pathlib import Path
import re
import shutil
from typing import Any

import pytest

from demo.config_folder import ROOT
from demo.doors import free_port
from demo.home_assistant import HomeAssistant
from demo.oveit_server import OveitServer
from tests.e2e.venue import add_account, give_wristbands, own_time, spread

ESPHOME = ROOT / ".tools" / "esphome"
PROGRAM = ESPHOME / "bin" / "esphome"
NODE = ESPHOME / "node"
SOURCES = Path(__file__).parent / "esphome"

pytestmark = [
    pytest.mark.skipif(not PROGRAM.exists(), reason="needs ESPHome: run scripts/get-esphome"),
    pytest.mark.skipif(not shutil.which("c++"), reason="needs a C++ compiler: apt install g++"),
]

FLOW = "/api/config/config_entries/flow"
OPTIONS = "/api/config/config_entries/options/flow"
READ = "/api/services/esphome/north_reader_read"
GUESTS = 50
SHOWING = re.compile(r"showing (\w+) after (\d+) us")


class Reader:
    """A node that runs on this machine as its firmware would on a reader."""

    def __init__(self, process: Process, port: int) -> None:
        """Keep the process."""
        self.port = port
        self._process = process

    async def shows(self) -> tuple[str, float]:
        """Return the next colour it shows, and the seconds since the wristband was held to it."""
        assert self._process.stdout
        async with asyncio.timeout(10):
            while line := (await self._process.stdout.readline()).decode():
                if found := SHOWING.search(line):
                    return found[1], int(found[2]) / 1_000_000
        raise EOFError("the node has ended")


async def run(*command: str | Path) -> Process:
    """Start a program with a home of its own."""
    home = {**os.environ, "HOME": str(NODE)}
    return await asyncio.create_subprocess_exec(
        *command, cwd=NODE, env=home, stdin=DEVNULL, stdout=PIPE, stderr=STDOUT
    )


async def build(port: int) -> Path:
    """Compile the node with the shipped package; what is not changed is not compiled again."""
    NODE.mkdir(exist_ok=True)
    for source in (SOURCES / "reader.yaml", ROOT / "esphome" / "oveit-reader.yaml"):
        shutil.copy(source, NODE)
    values = ("-s", "port", str(port), "-s", "libraries", str(SOURCES))
    compiler = await run(PROGRAM, *values, "compile", "reader.yaml")
    said = (await compiler.communicate())[0].decode()
    assert compiler.returncode == 0, said
    return NODE / ".esphome" / "build" / "north-reader" / ".pioenvs" / "north-reader" / "program"


@asynccontextmanager
async def running() -> AsyncIterator[Reader]:
    """Compile the node and run it."""
    port = free_port(0)
    process = await run(await build(port))
    try:
        yield Reader(process, port)
    finally:
        process.terminate()
        await process.communicate()


async def add_reader(home: HomeAssistant, reader: Reader) -> None:
    """Add the node in Home Assistant's own flow, and let it perform actions."""
    flow = await home.post(FLOW, {"handler": "esphome"})
    where = {"host": "127.0.0.1", "port": reader.port}
    flow = await home.post(f"{FLOW}/{flow['flow_id']}", where)
    assert flow["type"] == "create_entry", flow
    options = await home.post(OPTIONS, {"handler": flow["result"]["entry_id"]})
    allowed = {"allow_service_calls": True}
    options = await home.post(f"{OPTIONS}/{options['flow_id']}", allowed)
    assert options["type"] == "create_entry", options


async def hold(home: HomeAssistant, reader: Reader, tag: str) -> tuple[str, float]:
    """Hold a wristband to the reader, as soon as Home Assistant knows it."""
    for _ in range(100):
        asked = home._session.post(home.url + READ, json={"uid": tag}, headers=home._headers)
        async with asked as reply:
            if reply.ok:
                return await reader.shows()
        await asyncio.sleep(0.1)
    pytest.fail("Home Assistant does not know the reader")


async def test_a_node_asks_about_each_wristband_and_shows_the_answer(
    home: HomeAssistant, server: OveitServer
) -> None:
    """50 times green; red for strangers, and amber while Oveit cannot be asked."""
    wristbands = give_wristbands(server.venue, 2 * GUESTS + 1)
    late, *tags = wristbands
    guests, others = tags[:GUESTS], tags[GUESTS:]
    entry_id = await add_account(home, server)
    await home.add_gate(entry_id, {"name": "North gate"})
    await home.wait_for("event.north_gate")
    async with running() as reader:
        await add_reader(home, reader)
        assert (await hold(home, reader, "0B000001"))[0] == "red"

        shown = [await hold(home, reader, tag) for tag in guests]
        assert [colour for colour, _ in shown] == ["green"] * GUESTS
        assert [server.venue.entries(wristbands[tag].code) for tag in guests] == [1] * GUESTS

        await home.post("/api/services/oveit/scan?return_response", {"rfid_code": late})
        oveit = await own_time(server, {tag: wristbands[tag] for tag in others})
        await server.hang_up()
        assert (await hold(home, reader, late))[0] == "amber"
        assert (await hold(home, reader, "0B000002"))[0] == "red"
    print(f"\nwristband to light on an ESPHome node, {GUESTS} tags: ", end="")
    print(spread([seconds for _, seconds in shown]))
    print(f"the pretend Oveit's own time, two requests: {spread(oveit)}")


@asynccontextmanager
async def answering(reader: Reader) -> AsyncIterator[tuple[Any, Any, asyncio.Queue[Any]]]:
    """Stand in for Home Assistant: hear what the node asks, in order, and answer or not."""
    node = pytest.importorskip("aioesphomeapi").APIClient("127.0.0.1", reader.port, None)
    for _ in range(100):
        with suppress(Exception):
            await node.connect(login=True)
            break
        await asyncio.sleep(0.1)
    asked: asyncio.Queue[Any] = asyncio.Queue()
    node.subscribe_service_calls(asked.put_nowait)
    _, (read,) = await node.list_entities_services()
    yield node, read, asked
    await node.disconnect()


@pytest.mark.parametrize("answered", [0, 1], ids=["first", "second"])
async def test_a_wristband_that_is_not_answered_is_red_though_another_is_green(
    answered: int,
) -> None:
    """Both were asked about before either answer came."""
    async with running() as reader, answering(reader) as (node, read, asked):
        for tag in ("0A000001", "0A000002"):
            await node.execute_service(read, {"uid": tag})
        calls = [await asyncio.wait_for(asked.get(), 5) for _ in range(2)]
        green = json.dumps({"response": "green"}).encode()
        node.send_homeassistant_action_response(calls[answered].call_id, True, "", green)
        assert (await reader.shows())[0] == "green"
        assert (await reader.shows())[0] == "red"
        with pytest.raises(TimeoutError):
            await reader.shows()
