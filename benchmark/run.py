"""Runs each measurement in a Home Assistant of its own."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
import sys
from tempfile import TemporaryDirectory

from benchmark import desk, measure
from benchmark.effort import Effort
from benchmark.figures import LONG, Figure, Figures
from benchmark.home import BenchmarkHome, System
from benchmark.measure import Bench
from benchmark.oveit import FIRST_EVENT, pretend_oveit

type Step = Callable[[Bench], Awaitable[None]]

EVERYTHING: tuple[Step, ...] = (
    measure.opened,
    measure.memory,
    measure.refreshes,
    measure.check_ins,
    measure.doors,
    measure.hour,
    measure.quiet_minute,
)
GROWTH: tuple[Step, ...] = (
    measure.opened,
    measure.refreshes,
    measure.check_ins,
    measure.doors,
    measure.offline,
)


async def measure_all(effort: Effort) -> Figures:
    """Run all measurements, and return the figures."""
    figures = Figures()
    for tickets in effort.sizes:
        alone = await measure_alone(figures, effort, tickets)
        for system in (System.YAML, System.OURS):
            async with bench(figures, effort, system, tickets) as at:
                at.alone = alone
                await measure_one(at)
    grown = [(events, 1) for events in effort.growth_events]
    grown += [(1, gates) for gates in effort.growth_gates]
    for events, gates in grown:
        async with bench(
            figures, effort, System.OURS, effort.growth_tickets, events=events, gates=gates
        ) as at:
            await take(at, *GROWTH)
    for system in (System.YAML, System.OURS) if effort.long_list else ():
        async with bench(figures, effort, system, LONG, list_megabytes=effort.long_list) as at:
            await take(at, measure.opened, measure.long_list)
    await measure_desk(figures, effort.desk_tickets)
    return figures


async def measure_desk(figures: Figures, tickets: int) -> None:
    """Measure the desk without Home Assistant, in this process."""
    async for measured in desk.measure(tickets, desk.ROWS):
        print(f"{tickets:,} tickets, the desk alone: {measured.what}", file=sys.stderr, flush=True)
        for name, value in measured.figures.items():
            figures.all.append(
                Figure(
                    name=f"{measured.name}_{name}",
                    system=System.OURS,
                    value=value,
                    tickets=tickets,
                )
            )


async def measure_alone(figures: Figures, effort: Effort, tickets: int) -> float:
    """Measure Home Assistant alone, and return its memory."""
    async with bench(figures, effort, System.ALONE, tickets) as at:
        await take(at, measure.memory, measure.idle)
        if effort.starts:
            await measure.start(at, "ready")
        return at.alone


async def measure_one(at: Bench) -> None:
    """Measure the integration or its peer."""
    await take(at, *EVERYTHING)
    if at.ours:
        at.add("disk", at.home.ledger_bytes() / measure.MEGABYTE)
    if at.effort.starts:
        await measure.start(at, "ready")
    if at.ours:
        await take(at, measure.offline)
    await at.oveit.stop()
    if at.effort.starts:
        await measure.start(at, "ready_offline")


async def take(at: Bench, *steps: Step) -> None:
    """Run measurements in turn."""
    for step in steps:
        where = f"{at.tickets:,} tickets, {at.events} events, {at.gates} gates, {at.home.system}"
        print(f"{where}: {step.__name__}", file=sys.stderr, flush=True)
        await step(at)


@asynccontextmanager
async def bench(
    figures: Figures,
    effort: Effort,
    system: System,
    tickets: int,
    *,
    events: int = 1,
    gates: int = 1,
    list_megabytes: int | None = None,
) -> AsyncIterator[Bench]:
    """Start a pretend Oveit and a Home Assistant, and stop both."""
    with TemporaryDirectory(prefix="benchmark-") as folder:
        async with (
            pretend_oveit(tickets, events, list_megabytes=list_megabytes) as oveit,
            BenchmarkHome(Path(folder) / "config", system, oveit.url) as home,
        ):
            await home.start()
            await home.set_up_oveit([FIRST_EVENT + number for number in range(events)], gates)
            yield Bench(
                home=home,
                oveit=oveit,
                effort=effort,
                figures=figures,
                tickets=tickets,
                events=events,
                gates=gates,
            )
