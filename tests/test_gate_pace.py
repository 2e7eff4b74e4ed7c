"""Gates at a slow Oveit, by the clock on the wall: nobody waits for anybody else."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Event as Flag, Thread
from time import monotonic

from homeassistant.core import Event, EventStateChangedData, HomeAssistant, callback
from homeassistant.helpers.event import async_track_state_change_event
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from demo.faults import Fault
from demo.oveit_server import OveitServer
from demo.venue import Venue
from tests.gates import NORTH, TAG, Reader, make_reader, open_gate, tagged

OVEIT_TAKES, GUESTS = 2.0, 20


@pytest.fixture
def reader(hass: HomeAssistant) -> Reader:
    """Return the reader at the gate."""
    return make_reader(hass)


@pytest.fixture
def told(hass: HomeAssistant) -> list[tuple[str, float]]:
    """Return the ends of the codes of admitted guests, and when the gate told of each."""
    seen: list[tuple[str, float]] = []

    @callback
    def _keep(event: Event[EventStateChangedData]) -> None:
        state = event.data["new_state"]
        if state and state.attributes.get("reason") == "checked_in":
            seen.append((state.attributes["code_end"], monotonic()))

    async_track_state_change_event(hass, [NORTH], _keep)
    return seen


@contextmanager
def away() -> Iterator[list[float]]:
    """Keep the seconds in which a busy machine had no time for this process at all."""
    lost: list[float] = []
    done = Flag()

    def _look() -> None:
        looked = monotonic()
        while not done.wait(0.01):
            late = monotonic() - looked - 0.01
            looked = monotonic()
            if late > 0.03:
                lost.append(late)

    watcher = Thread(target=_look)
    watcher.start()
    yield lost
    done.set()
    watcher.join()


@pytest.mark.parametrize(
    ("seconds", "more"), [(0, OVEIT_TAKES), (10, 0.5)], ids=["at_once", "in_ten_seconds"]
)
async def test_d5_no_guest_of_20_waits_for_another(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    venue: Venue,
    server: OveitServer,
    reader: Reader,
    told: list[tuple[str, float]],
    seconds: float,
    more: float,
) -> None:
    """Oveit takes two seconds for each; in ten seconds, half a second more is all they wait."""
    tickets = [tagged(venue, f"AA0000{place:02}", place=place) for place in range(1, GUESTS + 1)]
    await open_gate(hass, entry, reader, deadline=15)
    server.faults.set("tickets/checkin", Fault(latency_before=OVEIT_TAKES))
    held = {}
    with away() as lost:
        for place, ticket in enumerate(tickets, start=1):
            held[ticket.code[-3:]] = monotonic()
            reader.send(f"AA0000{place:02}")
            await asyncio.sleep(seconds / GUESTS)
        await hass.async_block_till_done(wait_background_tasks=True)
    waits = {code_end: at - held[code_end] for code_end, at in told}
    assert len(waits) == len(held) == GUESTS
    longest = max(waits.values())
    shortest = min(waits.values())
    print(f"{GUESTS} guests in {seconds} s waited {shortest:.2f} to {longest:.2f} s")
    assert longest < OVEIT_TAKES + more + sum(lost)


async def test_d1_the_same_tag_five_times_in_three_seconds_is_one_request_row_and_event(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    venue: Venue,
    server: OveitServer,
    reader: Reader,
    told: list[tuple[str, float]],
) -> None:
    """Whether Oveit has answered the first read by then, or not."""
    ticket = tagged(venue)
    await open_gate(hass, entry, reader)
    before = await entry.runtime_data.ledger.attendance(100, entry.runtime_data.client.now())
    server.forget()
    server.faults.set("tickets/checkin", Fault(latency_before=OVEIT_TAKES))
    for _ in range(5):
        reader.send(TAG)
        await asyncio.sleep(0.6)
    await hass.async_block_till_done(wait_background_tasks=True)
    after = await entry.runtime_data.ledger.attendance(100, entry.runtime_data.client.now())
    assert len(server.requests_to("tickets/checkin")) == 1
    assert len(server.requests_to("tickets/scan")) == 1
    assert [code_end for code_end, _ in told] == [ticket.code[-3:]]
    assert after.checked_in == before.checked_in + 1
    assert venue.entries(ticket.code) == 1
