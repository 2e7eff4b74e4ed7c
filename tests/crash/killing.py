"""Starts processes at the doors, kills them, and looks at what is left."""

import asyncio
from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime, timedelta
import json
from pathlib import Path
from random import Random
import sqlite3
import sys
from typing import Any, Final

import aiohttp

from custom_components.oveit.core.client.api import OveitClient
from custom_components.oveit.core.desk.desk import Desk
from custom_components.oveit.core.ledger import Ledger
from custom_components.oveit.core.ticket_sync import TicketSync
from demo.doors import free_port
from demo.oveit_server import Fault, OveitServer, Venue
from demo.venue import now

ROOT: Final = Path(__file__).parents[2]
TICKETS: Final = 1500
LIVES_OF_A_FILE: Final = 10
MOST_ANSWERS: Final = 150
LONGEST_PAUSE: Final = 0.02
LONGEST_START: Final = 1.5
BEFORE_IT_OPENS: Final = 0.2
LINES: Final = ("online", "slow", "offline")


@dataclass(slots=True)
class Figures:
    """What came of the kills."""

    kills: int = 0
    early: int = 0
    answers: int = 0
    admissions: int = 0
    from_ledger: int = 0
    unanswered: int = 0
    in_doubt: int = 0
    conflicts: int = 0
    wrong: list[str] = field(default_factory=list)


class Venues:
    """A venue, its Oveit and its ledger file, through many lives of its process."""

    def __init__(self, folder: Path, random: Random, figures: Figures) -> None:
        """Build the venue; its ledger is empty."""
        self._ahead = timedelta()
        self._folder = folder
        self._random = random
        self._figures = figures
        self._path = folder / "ledger.db"
        self._codes = folder / "codes"
        self._venue = Venue.build(TICKETS, attendee_forms=False, clock=self._clock)
        self._used = {ticket.code for ticket in self._venue.tickets.values() if ticket.used}
        self._admitted = Counter[str]()
        self._unanswered = 0
        self._server = OveitServer(self._venue)

    def _clock(self) -> datetime:
        """Return the time at Oveit."""
        return now() + self._ahead

    async def live(self, kills: int) -> None:
        """Kill a process so many times, and settle in the end."""
        self._codes.write_text(" ".join(ticket.code for ticket in self._venue.tickets_of(100)))
        await self._server.start()
        try:
            for life in range(kills):
                await self._kill_one("online" if life == 0 else self._random.choice(LINES))
            await self._settle()
            self._compare()
        finally:
            await self._server.stop()

    async def _kill_one(self, line: str) -> None:
        """Let a process live for a moment."""
        slow = Fault(latency_after=self._random.uniform(0.01, 0.2))
        self._server.faults.set("tickets/checkin", slow if line == "slow" else Fault())
        url = f"http://127.0.0.1:{free_port(0)}/api" if line == "offline" else self._server.url
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            *("-m", "tests.crash.door", str(self._path), url),
            *(str(self._random.getrandbits(32)), str(self._codes)),
            cwd=ROOT,
            stdout=asyncio.subprocess.PIPE,
        )
        assert process.stdout is not None
        told = b""
        if self._random.random() < BEFORE_IT_OPENS:
            await asyncio.sleep(self._random.uniform(0, LONGEST_START))
        else:
            for _ in range(self._random.randint(1, MOST_ANSWERS)):
                told += await process.stdout.readline()
            await asyncio.sleep(self._random.uniform(0, LONGEST_PAUSE))
        process.kill()
        told += await process.stdout.read()
        await process.wait()
        self._figures.kills += 1
        self._take_up([json.loads(each) for each in told.splitlines()], process.returncode)
        self._look_at_the_file()

    def _take_up(self, told: list[dict[str, Any]], status: int | None) -> None:
        """Count what the guests were told."""
        if status != -9:
            self._wrong(f"the process ended by itself, with {status}")
        answers = [each for each in told if "code" in each]
        if any(each.get("set_aside") for each in told):
            self._wrong("a ledger was set aside")
        self._figures.early += not answers
        self._figures.answers += len(answers)
        for answer in answers:
            if answer["admitted"] and answer["is_new"]:
                self._admitted[answer["code"]] += 1
                self._figures.admissions += 1
                self._figures.from_ledger += answer["source"] == "ledger"

    def _look_at_the_file(self) -> None:
        """Open the file as it was left: it is sound, and holds every admission answered."""
        connection = sqlite3.connect(self._path)
        (sound,) = connection.execute("PRAGMA integrity_check").fetchone()
        rows: list[tuple[str, str, int]] = []
        if connection.execute("SELECT name FROM sqlite_schema WHERE name = 'journal'").fetchone():
            rows = connection.execute(
                "SELECT code, state, admitted FROM journal WHERE state <> 'void'"
            ).fetchall()
        connection.close()
        self._figures.in_doubt += sum(state == "in_doubt" for _, state, _ in rows)
        kept = Counter(code for code, _, admitted in rows if admitted)
        if sound != "ok":
            self._wrong(f"the file is not sound: {sound}")
        if lost := self._admitted.keys() - kept.keys():
            self._wrong(f"{len(lost)} admissions were lost")
        if twice := [code for code, number in kept.items() if number > 1]:
            self._wrong(f"{len(twice)} tickets are twice in the journal")
        if twice := [code for code, number in self._admitted.items() if number > 1]:
            self._wrong(f"{len(twice)} guests were admitted twice")
        if again := self._admitted.keys() & self._used:
            self._wrong(f"{len(again)} used tickets were admitted")
        self._unanswered = len(kept.keys() - self._admitted.keys())

    async def _settle(self) -> None:
        """Come back for good, with the line up, and settle what waits."""
        self._server.faults.clear()
        self._ahead += timedelta(minutes=1)
        async with aiohttp.ClientSession() as session:
            client = OveitClient(session, self._server.url, token=self._venue.token)
            ledger = await Ledger.open(self._path)
            ticket_sync = TicketSync(
                client, ledger, follows=lambda _: True, on_remote_check_in=lambda _: None
            )
            desk = Desk(client, ledger, ticket_sync, on_decision=lambda _: None)
            await ticket_sync.load()
            if waiting := (await desk.sync()).waiting:
                self._wrong(f"{waiting} rows still wait after settling")
            self._figures.conflicts += len(await ledger.conflicts())
            await desk.close()
            await client.close()
            await ledger.close()

    def _compare(self) -> None:
        """Compare the books: each ticket admitted once at Oveit, too."""
        self._figures.unanswered += self._unanswered
        for ticket in self._venue.tickets_of(100):
            entries = ticket.uses(None)
            if entries > 1:
                self._wrong(f"a ticket has {entries} entries at Oveit")
            if self._admitted[ticket.code] and not entries:
                self._wrong("Oveit never heard of an admission")

    def _wrong(self, what: str) -> None:
        """Note what must not happen."""
        self._figures.wrong.append(what)


async def kill(times: int, folder: Path, seed: int) -> Figures:
    """Kill so many processes, several for each file, and return what came of it."""
    figures, random = Figures(), Random(seed)
    while figures.kills < times:
        venues = Venues(folder / str(figures.kills), random, figures)
        venues._folder.mkdir()
        await venues.live(min(LIVES_OF_A_FILE, times - figures.kills))
    return figures
