"""What a guest was told is on the disk, and not only in the system's memory."""

import asyncio
import json
import os
from pathlib import Path
import shutil
import sqlite3
import sys
from typing import Any

import pytest

from demo.oveit_server import Fault, OveitServer, Venue
from tests.crash.killing import ROOT

COMPILER = shutil.which("cc") or shutil.which("g++")
ONLINE, ANSWERS = 25, 50
ADMITTED = {"confirmed", "pending", "in_doubt"}

pytestmark = [
    pytest.mark.skipif(sys.platform != "linux", reason="needs Linux, to preload a library"),
    pytest.mark.skipif(COMPILER is None, reason="needs a C compiler: apt install g++"),
]


@pytest.fixture
async def disk(tmp_path: Path) -> Path:
    """Compile the disk that forgets what was not flushed."""
    assert COMPILER is not None
    library = tmp_path / "disk.so"
    source = Path(__file__).with_name("disk.c")
    compiling = await asyncio.create_subprocess_exec(
        COMPILER, *("-x", "c", "-shared", "-fPIC", "-o", str(library), str(source), "-ldl")
    )
    assert await compiling.wait() == 0
    return library


async def test_i1_what_was_answered_survives_a_power_cut(disk: Path, tmp_path: Path) -> None:
    """At each answer the disk has every admission told so far: of Oveit, in doubt, and offline."""
    ledger = tmp_path / "ledger.db"
    lost, seen, admitted = [], set[str](), set[str]()

    for number, answer in enumerate(await open_doors(ledger, disk)):
        if answer.get("admitted"):
            admitted.add(answer["code"])
            states = states_after_a_power_cut(ledger, number)
            seen |= set(states.values())
            lost += [code for code in admitted if states.get(code) not in ADMITTED]

    assert lost == []
    assert len(admitted) > ANSWERS / 2
    assert seen >= ADMITTED


async def open_doors(ledger: Path, disk: Path) -> list[dict[str, Any]]:
    """Let guests in, with an Oveit that hangs after a while, and return what they were told."""
    venue = Venue.build(150, attendee_forms=False)
    codes = ledger.with_name("codes")
    codes.write_text(" ".join(ticket.code for ticket in venue.unused(100)))
    server = OveitServer(venue)
    await server.start()
    try:
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            *("-m", "tests.crash.door", str(ledger), server.url, "1", str(codes)),
            cwd=ROOT,
            env=os.environ | {"LD_PRELOAD": str(disk), "LEDGER": str(ledger)},
            stdout=asyncio.subprocess.PIPE,
        )
        assert process.stdout is not None
        told = [await process.stdout.readline() for _ in range(ONLINE)]
        server.faults.set("tickets/checkin", Fault(latency_after=5))
        told += [await process.stdout.readline() for _ in range(ONLINE, ANSWERS)]
        process.kill()
        await process.wait()
    finally:
        await server.stop()
    return [json.loads(each) for each in told]


def states_after_a_power_cut(ledger: Path, number: int) -> dict[str, str]:
    """Return the states of the admissions that a power cut at an answer would leave."""
    left = ledger.with_name("left.db")
    for suffix in ("", "-wal"):
        durable = ledger.with_name(f"{ledger.name}{suffix}.durable.{number}")
        shutil.copyfile(durable, left.with_name(left.name + suffix))
    left.with_name(f"{left.name}-shm").unlink(missing_ok=True)
    connection = sqlite3.connect(left)
    try:
        assert connection.execute("PRAGMA quick_check").fetchone() == ("ok",)
        return dict(connection.execute("SELECT code, state FROM journal WHERE admitted"))
    finally:
        connection.close()
