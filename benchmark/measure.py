"""The measurements in one Home Assistant process."""

import asyncio
from dataclasses import dataclass
from statistics import mean
from typing import Any

from benchmark.effort import Effort
from benchmark.figures import LIMIT, Figure, Figures, percentile
from benchmark.home import BenchmarkHome, System
from benchmark.oveit import TOKEN, PretendOveit, Served
from custom_components.oveit.core.polling import (
    IDLE_INTERVAL,
    IDLE_LIST_INTERVAL,
    LIVE_INTERVAL,
    LIVE_LIST_INTERVAL,
)

HOUR = 3600
MEGABYTE = 1_000_000


@dataclass(kw_only=True)
class Bench:
    """A Home Assistant, its Oveit, and the figures measured with them."""

    home: BenchmarkHome
    oveit: PretendOveit
    effort: Effort
    figures: Figures
    tickets: int
    events: int = 1
    gates: int = 1
    alone: float = 0

    @property
    def ours(self) -> bool:
        """Return whether the integration is measured."""
        return self.home.system is System.OURS

    def add(self, name: str, value: float, system: str | None = None) -> None:
        """Add a figure."""
        figure = Figure(
            name=name,
            system=system or self.home.system,
            value=value,
            tickets=self.tickets,
            events=self.events,
            gates=self.gates,
        )
        self.figures.all.append(figure)

    def add_times(self, name: str, times: list[float], system: str | None = None) -> None:
        """Add the median and the 99th percentile of durations."""
        if times:
            self.add(f"{name}_p50", percentile(times, 50), system)
            self.add(f"{name}_p99", percentile(times, 99), system)

    def guests(self, number: int) -> list[dict[str, str]]:
        """Return the data of the action for so many guests who did not arrive yet."""
        return [{"ticket_code": code} for code in self.oveit.take(number)]


async def opened(bench: Bench) -> None:
    """Wait until the tickets are known."""
    for _ in range(600):
        if (await bench.home.ask("started"))["ready"]:
            return
        await asyncio.sleep(0.1)
    raise RuntimeError(f"No tickets are known:\n{bench.home.last_words()}")


async def idle(bench: Bench) -> None:
    """Measure the stalls of an event loop with nothing to do."""
    seen = await bench.home.ask("watch", seconds=bench.effort.idle)
    bench.add("stall_idle", max(seen["gaps"]))


async def refreshes(bench: Bench) -> None:
    """Measure refreshes of an unchanged list, and of one of which 1 % changed."""
    for name, share in (("unchanged", 0), ("changed", 100)):
        gaps: list[float] = []
        longest, seconds, cpu, peaks = [], [], [], []
        for _ in range(bench.effort.refreshes):
            await change(bench, share)
            seen = await bench.home.ask("watch", **bench.home.system.refresh)
            gaps += seen["gaps"]
            longest.append(max(seen["gaps"], default=0))
            await change(bench, share)
            before = bench.home.resident()
            bench.home.forget_peak()
            spent = await bench.home.ask("spend", **bench.home.system.refresh)
            peaks.append(bench.home.peak() - before)
            seconds.append(spent["seconds"])
            cpu.append(spent["cpu"])
        bench.add(f"stall_{name}", max(longest))
        bench.add(f"stall_{name}_p99", percentile(gaps, 99))
        bench.add(f"refresh_{name}", mean(seconds))
        bench.add(f"cpu_{name}", mean(cpu))
        if share:
            bench.add("memory_peak", max(peaks))


async def change(bench: Bench, share: int) -> None:
    """Check in one in so many tickets at another door."""
    if share:
        await bench.oveit.check_in(bench.oveit.take(max(bench.tickets // share, 1)))


async def memory(bench: Bench) -> None:
    """Measure the memory that is held at rest."""
    await asyncio.sleep(bench.effort.settle)
    held = bench.home.memory()
    if bench.home.system is System.ALONE:
        bench.alone = held
    bench.add("memory", held - bench.alone)


async def check_ins(bench: Bench) -> None:
    """Measure decisions online, and the bare request in the same event loop."""
    number = bench.effort.decisions(bench.tickets)
    action = bench.home.system.check_in
    url = f"{bench.oveit.url}/tickets/checkin"
    await bench.home.ask("actions", action=action, items=bench.guests(3))
    posts: list[float] = []
    times: list[float] = []
    for _ in range(2):
        items = bench.guests(number // 2)
        pause = bench.effort.between
        seen = await bench.home.ask("posts", url=url, token=TOKEN, items=items, pause=pause)
        posts += seen["times"]
        times += await timed(bench, bench.guests(number // 2))
    bench.add_times("check_in", times)
    if bench.ours:
        bench.add_times("check_in", posts, LIMIT)


async def timed(bench: Bench, guests: list[dict[str, str]], **how: Any) -> list[float]:
    """Return the durations of check-ins, all of which must admit."""
    how = {"action": bench.home.system.check_in, "pause": bench.effort.between} | how
    seen = await bench.home.ask("actions", items=guests, **how)
    if seen["yes"] != len(guests):
        raise RuntimeError(f"{seen['yes']} of {len(guests)} guests were let in by {how['action']}")
    times: list[float] = seen["times"]
    return times


async def doors(bench: Bench) -> None:
    """Measure the time from a tag to the door."""
    tags = bench.oveit.tags[: bench.effort.decisions(bench.tickets)]
    del bench.oveit.tags[: len(tags)]
    await bench.home.ask("tags", items=tags[:2])
    seen = await bench.home.ask("tags", items=tags[2:], pause=bench.effort.between)
    if seen["closed"]:
        raise RuntimeError(f"{seen['closed']} doors stayed shut")
    bench.add_times("door", seen["times"])


async def hour(bench: Bench) -> None:
    """Measure polls and arrivals, and extrapolate them to an hour."""
    polls = bench.effort.polls
    per_poll = bench.effort.arrivals(bench.tickets) * LIVE_INTERVAL.total_seconds() / HOUR
    guests = bench.guests(polls * max(round(per_poll), 1))
    await bench.home.ask("spend", poll=True)
    before = await bench.oveit.served()
    action = bench.home.system.check_in
    seen = await bench.home.ask("hour", action=action, items=guests, polls=polls)
    after = await bench.oveit.served()
    if seen["yes"] != len(guests):
        raise RuntimeError(f"{seen['yes']} of {len(guests)} guests were let in")
    await add_traffic(bench, before, after)
    per_arrival = await paced(bench)
    bench.add("cpu_hour", cpu_of_hour(bench, seen["cpu_polls"] / polls, per_arrival))
    connections = (await bench.oveit.served()).connections - before.connections
    bench.add("connections_live", connections)


async def paced(bench: Bench) -> float:
    """Return the processor's time for an arrival at the pace of a busy hour."""
    number = bench.effort.paced
    pause = HOUR / bench.effort.most_arrivals
    rest = await bench.home.ask("spend", seconds=number * pause)
    data: dict[str, Any] = {"items": bench.guests(number), "polls": 1, "pause": pause}
    seen = await bench.home.ask("hour", action=bench.home.system.check_in, **data)
    spent: float = seen["cpu"] - seen["cpu_polls"] - rest["cpu"]
    return max(spent, 0) / number


def cpu_of_hour(bench: Bench, per_poll: float, per_arrival: float) -> float:
    """Return the processor's time of a live hour; ours does not fetch a list at each poll."""
    lists = 0.0
    if bench.ours:
        size = {"events": bench.events, "gates": bench.gates}
        changed = bench.figures.find("cpu_changed", System.OURS, bench.tickets, **size) or 0
        lists = HOUR / LIVE_LIST_INTERVAL.total_seconds() * changed
    polls = HOUR / LIVE_INTERVAL.total_seconds() * per_poll
    return polls + lists + bench.effort.arrivals(bench.tickets) * per_arrival


async def add_traffic(bench: Bench, before: Served, after: Served) -> None:
    """Add the downloads of a live hour and of an idle one."""
    factor = HOUR / LIVE_INTERVAL.total_seconds() / bench.effort.polls
    poll = await traffic(bench, poll=True)
    whole = await traffic(bench, **bench.home.system.refresh)
    polls, due = HOUR / LIVE_INTERVAL.total_seconds(), 0.0
    idle_polls, idle_due = polls, 0.0
    if bench.ours:
        due = HOUR / LIVE_LIST_INTERVAL.total_seconds()
        idle_due = HOUR / IDLE_LIST_INTERVAL.total_seconds()
        idle_polls = HOUR / IDLE_INTERVAL.total_seconds()
    lists = (after.lists - before.lists) * factor
    answers = (after.bytes - before.bytes) * factor - polls * poll.bytes
    polling = polls * poll.bytes + due * whole.bytes
    bench.add("lists_live", lists + due)
    bench.add("megabytes_live", (answers + polling) / MEGABYTE)
    bench.add("megabytes_polling", polling / MEGABYTE)
    bench.add("lists_idle", idle_polls * poll.lists + idle_due * whole.lists)
    idle_bytes = idle_polls * poll.bytes + idle_due * whole.bytes
    bench.add("megabytes_idle", idle_bytes / MEGABYTE)


async def traffic(bench: Bench, **what: Any) -> Served:
    """Return what the pretend Oveit serves for one action."""
    before = await bench.oveit.served()
    await bench.home.ask("spend", **what)
    after = await bench.oveit.served()
    return Served(
        bytes=after.bytes - before.bytes,
        lists=after.lists - before.lists,
        connections=after.connections - before.connections,
        open_connections=after.open_connections,
    )


async def quiet_minute(bench: Bench) -> None:
    """Count the new connections of a check-in after a quiet minute; once is enough."""
    if bench.tickets != bench.effort.growth_tickets:
        return
    await asyncio.sleep(bench.effort.quiet)
    before = await bench.oveit.served()
    await timed(bench, bench.guests(1))
    after = await bench.oveit.served()
    bench.add("connections_quiet", after.connections - before.connections)


async def offline(bench: Bench) -> None:
    """Measure decisions from the ledger while offline."""
    number = bench.effort.decisions(bench.tickets)
    await bench.home.ask("keep_list")
    await change(bench, 100)
    await bench.home.ask("keep_list")
    await bench.oveit.stop()
    writes = await bench.home.ask("writes", number=number)
    bench.add_times("ledger", writes["times"], LIMIT)
    action = bench.home.system.check_in
    first = await bench.home.ask("actions", action=action, items=bench.guests(10))
    if not first["yes"]:
        return
    bench.add_times("ledger", await timed(bench, bench.guests(number)))
    busy = await timed(bench, bench.guests(number), refreshing=True)
    bench.add_times("ledger_busy", busy)


async def long_list(bench: Bench) -> None:
    """Measure a refresh with a very long list."""
    await asyncio.sleep(bench.effort.settle)
    bench.oveit.lengthen()
    before = bench.home.resident()
    bench.home.forget_peak()
    seen = await bench.home.ask("watch", **bench.home.system.refresh)
    bench.add("long_peak", (bench.home.peak() - before) / bench.effort.long_list)
    bench.add("long_stall", max(seen["gaps"]))
    bench.add("long_refresh", seen["seconds"])


async def start(bench: Bench, name: str) -> None:
    """Measure the time until Home Assistant has started and the tickets are known."""
    await bench.home.halt()
    await bench.home.boot()
    seen = await bench.home.ask("started")
    for _ in range(bench.effort.patience):
        if seen["ready"] or bench.home.system is System.ALONE:
            break
        await asyncio.sleep(0.2)
        seen = await bench.home.ask("started")
    if bench.home.system is System.ALONE:
        bench.add(name, seen["started"])
    elif seen["ready"]:
        bench.add(name, max(seen["started"], seen["ready"]))
