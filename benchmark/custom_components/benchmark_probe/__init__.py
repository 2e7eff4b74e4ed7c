"""Measurements from inside Home Assistant, as actions that return their results."""

import asyncio
from contextlib import AsyncExitStack
from itertools import batched
import os
from pathlib import Path
from time import CLOCK_BOOTTIME, clock_gettime, perf_counter, process_time
from typing import Any

from homeassistant.const import EVENT_HOMEASSISTANT_STARTED, EVENT_STATE_CHANGED
from homeassistant.core import (
    Event,
    EventStateChangedData,
    HomeAssistant,
    ServiceCall,
    ServiceResponse,
    SupportsResponse,
    callback,
)
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers.aiohttp_client import async_get_clientsession
from homeassistant.helpers.typing import ConfigType

from .const import DOMAIN, OPEN_DOOR, READER, TAG_SCANNED
from .peers import TicketLists, poll
from .stalls import watch_stalls

DOOR_PATIENCE = 5
MEASUREMENTS = (
    "watch",
    "spend",
    "hour",
    "actions",
    "posts",
    "tags",
    "writes",
    "keep_list",
    "started",
)


async def async_setup(hass: HomeAssistant, config: ConfigType) -> bool:
    """Register the actions and observe the start."""
    probe = Probe(hass)
    for name in MEASUREMENTS:
        hass.services.async_register(
            DOMAIN, name, getattr(probe, name), supports_response=SupportsResponse.ONLY
        )
    hass.services.async_register(DOMAIN, OPEN_DOOR, probe.open_door)
    return True


class Probe:
    """Runs measurements and returns their results."""

    def __init__(self, hass: HomeAssistant) -> None:
        """Observe the start of Home Assistant."""
        self._hass = hass
        self._lists = TicketLists(hass)
        self._door = asyncio.Event()
        self._started: float | None = None
        self._ready: float | None = None
        hass.bus.async_listen_once(EVENT_HOMEASSISTANT_STARTED, self._note_started)
        hass.bus.async_listen(EVENT_STATE_CHANGED, self._note_ready)

    async def watch(self, call: ServiceCall) -> ServiceResponse:
        """Return the stalls of the event loop during an action, or during some idle seconds."""
        async with watch_stalls() as stalls:
            started = perf_counter()
            await self._act(call.data)
            seconds = perf_counter() - started
        return {"seconds": seconds, "gaps": [round(gap, 3) for gap in stalls.gaps]}

    async def spend(self, call: ServiceCall) -> ServiceResponse:
        """Return the time and the processor's time of something, without observing the loop."""
        started, used = perf_counter(), process_time()
        await self._act(call.data)
        return {"seconds": perf_counter() - started, "cpu": process_time() - used}

    async def hour(self, call: ServiceCall) -> ServiceResponse:
        """Let guests arrive between polls: all the work of an hour without its pauses.

        Given a `pause`, guests come in one after the other with this pause between them.
        """
        items, pause = call.data["items"], call.data.get("pause")
        each = max(len(items) // call.data["polls"], 1)
        polls, started, used = 0.0, perf_counter(), process_time()
        yes = 0
        for group in batched(items, each, strict=False):
            for item in group:
                yes += await self._is_yes(call.data["action"], item)
                if pause:
                    await asyncio.sleep(pause)
            before = process_time()
            await poll(self._hass)
            polls += process_time() - before
        cpu = process_time() - used
        return {"seconds": perf_counter() - started, "cpu": cpu, "cpu_polls": polls, "yes": yes}

    async def actions(self, call: ServiceCall) -> dict[str, Any]:
        """Time an action for each of the given data."""
        times, yes = [], 0
        async with AsyncExitStack() as stack:
            if call.data.get("refreshing"):
                await stack.enter_async_context(self._lists.refreshing())
            taken = self._lists.taken
            for item in call.data["items"]:
                await asyncio.sleep(call.data.get("pause", 0))
                started = perf_counter()
                yes += await self._is_yes(call.data["action"], item)
                times.append((perf_counter() - started) * 1000)
            taken = self._lists.taken - taken
        return {"times": times, "yes": yes, "lists": taken}

    async def posts(self, call: ServiceCall) -> dict[str, Any]:
        """Time the bare request in this event loop: the limit."""
        session = async_get_clientsession(self._hass)
        headers = {"Authorization": f"Bearer {call.data['token']}"}
        times = []
        for item in call.data["items"]:
            await asyncio.sleep(call.data.get("pause", 0))
            started = perf_counter()
            async with session.post(call.data["url"], data=item, headers=headers) as response:
                await response.read()
            times.append((perf_counter() - started) * 1000)
        return {"times": times}

    async def tags(self, call: ServiceCall) -> dict[str, Any]:
        """Time from a tag at the reader to the door."""
        times: list[float] = []
        closed = 0
        for tag in call.data["items"]:
            await asyncio.sleep(call.data.get("pause", 0))
            self._door.clear()
            started = perf_counter()
            self._hass.bus.async_fire(TAG_SCANNED, {"tag_id": tag, "device_id": READER})
            try:
                async with asyncio.timeout(DOOR_PATIENCE):
                    await self._door.wait()
                times.append((perf_counter() - started) * 1000)
            except TimeoutError:
                closed += 1
        return {"times": times, "closed": closed}

    async def writes(self, call: ServiceCall) -> dict[str, Any]:
        """Time durable writes to the disk of Home Assistant's files: another limit."""
        path = Path(self._hass.config.path("durable"))
        number = call.data["number"]
        return {"times": await self._hass.async_add_executor_job(write_durably, path, number)}

    async def keep_list(self, call: ServiceCall) -> ServiceResponse:
        """Keep the current ticket list for later."""
        await self._lists.keep()
        return {}

    async def started(self, call: ServiceCall) -> ServiceResponse:
        """Return when Home Assistant had started, and when tickets were known."""
        return {"started": self._started, "ready": self._ready}

    async def open_door(self, call: ServiceCall) -> None:
        """Open the door."""
        self._door.set()

    async def _act(self, data: Any) -> None:
        """Do what is measured: an action, a poll, or nothing for some seconds."""
        if action := data.get("action"):
            await self._call(action, data.get("data", {}), answer=False)
        elif data.get("poll"):
            await poll(self._hass)
        else:
            await asyncio.sleep(data["seconds"])

    async def _is_yes(self, action: str, item: dict[str, Any]) -> bool:
        """Call an action, and return whether its answer opens a door."""
        try:
            response: Any = await self._call(action, item, answer=True)
        except HomeAssistantError:
            return False
        content = response.get("content", response)
        return bool(content.get("admitted") or content.get("ok"))

    async def _call(self, action: str, data: dict[str, Any], *, answer: bool) -> ServiceResponse:
        """Call an action and wait for it."""
        domain, _, name = action.partition(".")
        return await self._hass.services.async_call(
            domain, name, data, blocking=True, return_response=answer
        )

    @callback
    def _note_started(self, _: Event) -> None:
        """Keep the time at which Home Assistant had started."""
        self._started = seconds_since_start()

    @callback
    def _note_ready(self, event: Event[EventStateChangedData]) -> None:
        """Keep the time at which the number of tickets was known."""
        state = event.data["new_state"]
        if self._ready is not None or state is None:
            return
        if state.entity_id.endswith("_tickets") and state.state.isdecimal():
            self._ready = seconds_since_start()


def write_durably(path: Path, number: int) -> list[float]:
    """Write a page again and again, and return the duration of each write."""
    times = []
    with path.open("wb", buffering=0) as file:
        for _ in range(number):
            started = perf_counter()
            file.write(bytes(4096))
            os.fdatasync(file.fileno())
            times.append((perf_counter() - started) * 1000)
    path.unlink()
    return times


def seconds_since_start() -> float:
    """Return the age of this process."""
    ticks = int(Path("/proc/self/stat").read_text().rpartition(")")[2].split()[19])
    return clock_gettime(CLOCK_BOOTTIME) - ticks / os.sysconf("SC_CLK_TCK")
