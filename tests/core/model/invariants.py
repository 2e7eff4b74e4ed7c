"""What always holds (the invariants I1 to I9), and what holds in the end.

After a restart from an older copy of the ledger, admissions that it does not know may be
forgotten, unless Oveit lists them. Everything else holds as before: each row finds its end,
and a conflict has its cause, which may be a use that was made with what is lost.
"""

from collections import Counter
from typing import Any

from custom_components.oveit.core.models import Decision, Direction, Reason, Source
from tests.core.model.world import GHOSTS, World, given_by, use_of
from tests.core.unknowns import journal

HALF_A_SECOND = 0.5
NOT_AN_EVENT_OF_OURS = 900


def check_all(world: World) -> None:
    """Check what holds after each step."""
    rows = journal(world.path)
    given = [each for told in world.told for each in given_by(told.decision)]
    _free_flow_refuses_nobody(world, rows)
    _answers_are_on_disk(world, given, rows)
    _one_entry_at_oveit(world)
    _nothing_admitted_is_forgotten(world, rows)
    _each_guest_is_admitted_once(world, given)
    _only_a_yes_is_a_yes(world, given)
    _what_nobody_knows_stays_outside(world, given)
    _answers_come_in_time(world)


def _free_flow_refuses_nobody(world: World, rows: list[dict[str, Any]]) -> None:
    """X9: everybody comes in, and who would have been refused is written down."""
    kept = {row["scan_id"] for row in rows if row["reason"] == Reason.OVERRIDE}
    for told in world.told:
        decision = told.decision
        if not told.request.free_flow:
            continue
        assert decision.admitted, f"X9: {decision.reason} in free flow"
        is_new = decision.reason is Reason.OVERRIDE
        if is_new and decision.overruled is not Reason.OFFLINE_REFUSED:
            assert decision.scan_id in kept, f"X9: {decision.overruled} is not written down"


def _answers_are_on_disk(world: World, given: list[Decision], rows: list[dict[str, Any]]) -> None:
    """I1: a row is durable before the answer is given."""
    kept = {(row["code"], row["addon_id"]) for row in rows if row["admitted"]}
    kept |= {use for use, number in world.forgotten.items() if number}
    for decision in given:
        assert use_of(decision) in kept, f"I1: {decision.reason}"


def _one_entry_at_oveit(world: World) -> None:
    """I2: our doors use each ticket once at Oveit, and each add-on as often as it may be.

    Of an entry that is lost, an Oveit that takes second entries may count another one.
    """
    for code in world.venue.tickets:
        most = 1 + _taken_twice(world, code, None)
        assert world.ours(code, None) <= most, f"I2: {world.ours(code, None)} entries with {code}"


def _taken_twice(world: World, code: str, addon_id: int | None) -> int:
    """Return how many second entries Oveit may have taken of guests whose rows are lost."""
    takes_twice = world.server.behaviour.second_checkin == "accepted" and addon_id is None
    return takes_twice * world.lost[code, addon_id]


def _nothing_admitted_is_forgotten(world: World, rows: list[dict[str, Any]]) -> None:
    """I3: as many admissions are in the journal as were decided."""
    kept = Counter((row["code"], row["addon_id"]) for row in rows if row["admitted"])
    for key, number in Counter(map(use_of, world.decided)).items():
        there = kept[key] + world.forgotten[key]
        assert there >= number, f"I3: {there} of {number} admissions with {key}"


def _each_guest_is_admitted_once(world: World, given: list[Decision]) -> None:
    """I4: a ticket comes in once; other reads of it repeat that."""
    for (code, addon_id), number in Counter(map(use_of, world.decided)).items():
        assert addon_id is not None or number <= 1, f"I4: {number} admissions with {code}"
    scans: dict[str, set[str]] = {}
    for decision in given:
        if decision.request.addon_id is None and decision.reason is Reason.CHECKED_IN:
            scans.setdefault(use_of(decision)[0], set()).add(decision.scan_id)
    assert all(len(ids) == 1 for ids in scans.values()), f"I4: {scans}"


def _only_a_yes_is_a_yes(world: World, given: list[Decision]) -> None:
    """I5: whom Oveit is said to have admitted, Oveit has counted."""
    for decision in given:
        if decision.source is Source.OVEIT:
            uses = world.venue.tickets[use_of(decision)[0]].uses(decision.request.addon_id)
            assert uses > 0, f"I5: Oveit never heard of {use_of(decision)[0]}"


def _what_nobody_knows_stays_outside(world: World, given: list[Decision]) -> None:
    """I6: who is in no list, or at another venue, is not admitted."""
    for decision in given:
        ticket = world.venue.tickets.get(use_of(decision)[0])
        assert decision.request.ticket_code not in GHOSTS, "I6: a ghost came in"
        assert ticket is not None, "I6: a ticket that does not exist"
        assert ticket.event_id != NOT_AN_EVENT_OF_OURS, "I6: another venue's guest came in"
        if decision.source is Source.LEDGER:
            assert not world.is_unheard_of(ticket.code), "I6: a ticket in no list"


def _answers_come_in_time(world: World) -> None:
    """I9: the answer comes within the deadline and half a second."""
    for told in world.told:
        limit = told.request.deadline + HALF_A_SECOND
        assert told.waited <= limit, f"I9: {told.waited:.2f} s for {told.request.deadline} s"


def check_the_end(world: World) -> None:
    """Check that the ledger and Oveit agree, save for listed conflicts."""
    rows = journal(world.path)
    entries = [row for row in rows if row["direction"] == Direction.ENTRY]
    for row in entries:
        _row_has_found_its_end(world, row)
    for code, ticket in world.venue.tickets.items():
        for addon_id in (None, 8, 9):
            kept = [row for row in entries if (row["code"], row["addon_id"]) == (code, addon_id)]
            ours = world.ours(code, addon_id)
            theirs = world.elsewhere[code, addon_id]
            if ours and not theirs and not ticket.cancelled:
                known = len(kept) + world.lost[code, addon_id]
                known += _taken_twice(world, code, addon_id)
                assert known >= ours, f"Oveit counted {ours} uses of {code}, we {known}"
            by_right = [row for row in kept if row["admitted"] and row["reason"] != "override"]
            assert len(by_right) <= 1 or addon_id is not None


def _row_has_found_its_end(world: World, row: dict[str, Any]) -> None:
    """Check that Oveit has a row, or that a person is told why not."""
    code, addon_id, state = row["code"], row["addon_id"], row["state"]
    is_free = row["reason"] == Reason.OVERRIDE
    if is_free and (state == "local" or code not in world.venue.tickets):
        assert state == "local" or row["cause"] == "unknown_ticket"
        return
    ticket = world.venue.tickets[code]
    assert state in {"confirmed", "rejected"}, f"A row of {code} is {state} in the end"
    if state == "confirmed":
        assert ticket.uses(addon_id), f"Oveit knows nothing of a confirmed use of {code}"
        return
    assert row["admitted"], "A conflict about a guest who was not let in"
    has_cause = world.elsewhere[code, addon_id] or code in world.cancelled
    has_cause = has_cause or world.lost[code, addon_id]
    has_cause = has_cause or ticket.event_id == NOT_AN_EVENT_OF_OURS
    is_told = row["cause"] in ("set_aside", "unreadable")
    assert has_cause or is_told, f"A conflict without a cause: {row['note']}"
