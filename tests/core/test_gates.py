"""The ledger counts what went through a gate, and tells at once whether a ticket has entered."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from custom_components.oveit.core.counts import GateCounts
from custom_components.oveit.core.desk.desk import Desk
from custom_components.oveit.core.exceptions import LedgerError
from custom_components.oveit.core.ledger import Ledger
from custom_components.oveit.core.models import Direction, Request
from demo.venue import Venue
from tests.core.unknowns import query

ENTRY, VIP, DRINKS = 234, 235, 8
TAG = "5E35ED9A"


async def test_the_entries_of_a_gate_are_counted(
    desk: Desk, ledger: Ledger, venue: Venue, path: Path
) -> None:
    """Not its refusals, repeats and add-ons; exits apart, and so is what went another way."""
    entries, vip = venue.unused(100, ENTRY)[1:5], venue.unused(100, VIP)[1]
    for ticket in entries[:3]:
        await desk.check_in(Request(ticket_code=ticket.code, gate="North"))
    await desk.check_in(Request(ticket_code=entries[0].code, gate="North"))
    await desk.check_in(Request(ticket_code="n0b0dy", gate="North"))
    await desk.check_in(Request(ticket_code=vip.code, addon_id=DRINKS, gate="North"))
    leaving = Request(ticket_code=entries[1].code, gate="North", direction=Direction.EXIT)
    await desk.check_in(leaving)
    await desk.check_in(Request(ticket_code=entries[3].code, gate="South"))
    now = datetime.now(UTC)
    assert await ledger.gate_counts((None, "North"), now) == GateCounts(passed=3, per_hour=3)
    assert await ledger.gate_counts((None, "South"), now) == GateCounts(passed=1, per_hour=1)
    assert await ledger.gate_counts((None, "Nowhere"), now) == GateCounts(passed=0, per_hour=0)
    left = await ledger.gate_counts((None, "North"), now, Direction.EXIT)
    assert left == GateCounts(passed=1, per_hour=1)
    later = now + timedelta(minutes=61)
    assert await ledger.gate_counts((None, "North"), later) == GateCounts(passed=3, per_hour=0)
    drinks = await ledger.gate_counts((None, "North"), now, addon_id=DRINKS)
    assert drinks == GateCounts(passed=1, per_hour=1)
    query(path, "UPDATE journal SET at = at - 4000 WHERE code = ?", entries[0].code)
    assert await ledger.gate_counts((None, "North"), now) == GateCounts(passed=3, per_hour=2)


async def test_the_journal_follows_a_gate_to_its_new_name(
    desk: Desk, ledger: Ledger, venue: Venue
) -> None:
    """What was counted stays counted, also when a new gate takes the old name."""
    await ledger.name_gates({"1": "North", "2": "South"})
    for ticket, gate in zip(venue.unused(100, ENTRY), ("North", "South"), strict=False):
        await desk.check_in(Request(ticket_code=ticket.code, gate=gate))
    await ledger.name_gates({"1": "Main", "2": "South", "3": "North"})
    now = datetime.now(UTC)
    passed = [
        (await ledger.gate_counts((None, name), now)).passed for name in ("Main", "South", "North")
    ]
    assert passed == [1, 1, 0]


async def test_gates_that_take_each_others_names_keep_their_own_journal(
    desk: Desk, ledger: Ledger, venue: Venue
) -> None:
    """Both were renamed before the ledger was opened again."""
    await ledger.name_gates({"1": "North", "2": "South"})
    for ticket, gate in zip(venue.unused(100, ENTRY), ("North", "North", "South"), strict=False):
        await desk.check_in(Request(ticket_code=ticket.code, gate=gate))
    await ledger.name_gates({"1": "South", "2": "North"})
    now = datetime.now(UTC)
    passed = [(await ledger.gate_counts((None, name), now)).passed for name in ("South", "North")]
    assert passed == [2, 1]


async def test_whether_a_ticket_has_entered_is_told_at_once(
    desk: Desk, ledger: Ledger, venue: Venue
) -> None:
    """By its code or its tag; an add-on is no entry."""
    ticket, vip = venue.unused(100, ENTRY)[1], venue.unused(100, VIP)[1]
    venue.pair(ticket.code, TAG)
    assert not ledger.has_entered(ticket_code=ticket.code)
    await desk.check_in(Request(rfid_code=TAG))
    await desk.check_in(Request(ticket_code=vip.code, addon_id=DRINKS))
    assert ledger.has_entered(ticket_code=ticket.code)
    assert ledger.has_entered(ticket_code=ticket.code.upper())
    assert ledger.has_entered(rfid_code=TAG)
    assert not ledger.has_entered(ticket_code=vip.code)
    assert not ledger.has_entered(ticket_code="n0b0dy")
    assert not ledger.has_entered(rfid_code="n0b0dy")


async def test_a_ledger_that_is_broken_says_so_at_once(
    desk: Desk, ledger: Ledger, path: Path
) -> None:
    """Instead of telling that nobody has entered."""
    query(path, "ALTER TABLE journal RENAME TO lost")
    query(path, "DROP TABLE tickets")
    with pytest.raises(LedgerError):
        ledger.has_entered(ticket_code="x")
