"""The ledger: what it takes up of a ticket list, what it counts, and that it forgets nothing."""

import asyncio
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
import sqlite3
from time import monotonic
import traceback
from typing import Any

from hypothesis import HealthCheck, given, settings, strategies as st
import pytest
from sqlalchemy import Connection, insert

from custom_components.oveit.core.counts import Attendance, LastEntry, ListState, RemoteCheckIn
from custom_components.oveit.core.decision import Undecided, Verdict
from custom_components.oveit.core.exceptions import (
    LedgerError,
    OveitResponseError,
)
from custom_components.oveit.core.ledger import (
    Lease,
    Ledger,
    Told,
    hold,
    release,
    schema,
)
from custom_components.oveit.core.ledger.sqlite import file
from custom_components.oveit.core.ledger.statements import Statement
from custom_components.oveit.core.models import (
    Addon,
    Answer,
    CheckIn,
    Event,
    Reason,
    Row,
    RowState,
    Ticket,
    TicketType,
)
from demo.venue import now
from tests.core.ledger_rows import (
    ENTERED,
    EVENT,
    NOON,
    admit,
    at,
    begin,
    count,
    reply,
    row,
    rows,
    take,
    ticket,
    use,
)
from tests.core.unknowns import journal, query

LEASE = Lease(holder="door")


# Taking up a list


async def test_a_list_is_taken_up(ledger: Ledger) -> None:
    """Tickets come with their type, uses and the time of each."""
    assert await take(ledger, row("abc"), row("def", use(5, 8), use(1), ticket_type_id=2)) == []

    assert await ledger.find("abc") == (Ticket(code="abc", event_id=100, ticket_type_id=1),)
    (ticket,) = await ledger.find("def")
    assert ticket == Ticket(
        code="def",
        event_id=100,
        ticket_type_id=2,
        checked_in=True,
        checkins=(CheckIn(at=at(1)), CheckIn(addon_id=8, at=at(5))),
    )
    assert ticket.first_entry == CheckIn(at=at(1))
    assert ticket.uses_of(8) == 1
    assert await ledger.list_state(100) == ListState(fetched_at=NOON)


async def test_nothing_is_known_of_a_list_never_taken(ledger: Ledger) -> None:
    """An event without a list has no tickets and no age."""
    assert await ledger.list_state(100) == ListState()
    assert await count(ledger) == Attendance()


NO_DATES: list[Any] = ["", "yesterday", "now", 1780000000, [], {}, "0000-00-00 00:00:00", "12:00"]


@pytest.mark.parametrize(
    ("odd", "expected"),
    [
        (row(checkins=None), ticket()),
        (row(checkins={}), ticket()),
        (row(checkins={"a": use()}), ticket()),
        (row(checkins="none"), ticket()),
        (row(checkins=7), ticket()),
        (row(checkins=[None, 7, "x", []]), ticket()),
        ({"code": "abc"}, ticket(ticket_type_id=None)),
        (row(extra={"a": [1]}, name="Somebody"), ticket()),
        (row(ticket_type_id="1"), ticket()),
        (row(ticket_type_id=None), ticket(ticket_type_id=None)),
        (row(ticket_type_id=[1]), ticket(ticket_type_id=None)),
        (row(ticket_type_id=True), ticket(ticket_type_id=None)),
        (row(ticket_type_id=1.5), ticket(ticket_type_id=None)),
        (row(12345), ticket("12345")),
        (row("00012345"), ticket("00012345")),
        (row("  abc "), replace(ticket(), code="  abc ")),
        (row("a c"), ticket("a c")),
        (row("ü✓"), ticket("ü✓")),
        (row("x" * 256), ticket("x" * 256)),
        (row(checked_in=True), ticket(checked_in=True)),
        (row(checked_in=1), ticket(checked_in=True)),
        (row(checked_in="1"), ticket(checked_in=True)),
        (row(checked_in="true"), ticket(checked_in=True)),
        (row(checked_in="TRUE"), ticket(checked_in=True)),
        (row(checked_in="false"), ticket()),
        (row(checked_in="0"), ticket()),
        (row(checked_in=0), ticket()),
        (row(checked_in=None), ticket()),
        (row("abc", use(), checked_in=False), ticket(**ENTERED)),
        (row("abc", use(0, 8)), ticket(checkins=(CheckIn(addon_id=8, at=NOON),))),
        (
            row(checkins=[{"addon_id": "8", "date": "2026-06-01T12:00:00Z"}]),
            ticket(checkins=(CheckIn(addon_id=8, at=NOON),)),
        ),
        (
            row(checkins=[{"addon_id": None, "date": "2026-06-01T15:00:00+03:00"}]),
            ticket(**ENTERED),
        ),
        (
            row(checkins=[{"addon_id": None, "date": "2026-06-01 12:00:00"}]),
            ticket(checked_in=True, checkins=(CheckIn(at=NOON, zoned=False),)),
        ),
        (row("abc", use(None)), ticket(checked_in=True, checkins=(CheckIn(),))),
        *[
            (
                row(checkins=[{"addon_id": None, "date": date}]),
                ticket(checked_in=True, checkins=(CheckIn(),)),
            )
            for date in NO_DATES
        ],
        (row(checkins=[{"addon_id": None}]), ticket(checked_in=True, checkins=(CheckIn(),))),
    ],
)
async def test_an_odd_row_is_taken_as_far_as_it_makes_sense(
    ledger: Ledger, odd: dict[str, Any], expected: Ticket
) -> None:
    """Missing, extra and odd fields cost neither the ticket nor the list."""
    await take(ledger, row("other"), odd)

    assert await ledger.find(expected.code.strip()) == (expected,)
    assert len(await ledger.find("other")) == 1
    assert (await ledger.list_state(100)).skipped == 0
    assert (await count(ledger)).tickets == 2


@pytest.mark.parametrize(
    "odd",
    [
        None,
        7,
        "abc",
        [],
        [row()],
        {},
        row(None),
        row(""),
        row("  "),
        row("x" * 257),
        row(["abc"]),
        row({"a": "abc"}),
        row(True),
        row(1.5),
        row("\x00"),
    ],
)
async def test_a_row_that_is_no_ticket_is_skipped_and_counted(ledger: Ledger, odd: Any) -> None:
    """A row without a code costs the list nothing, and diagnostics tell of it."""
    await take(ledger, row("abc"), odd, row("def"))

    assert (await count(ledger)).tickets == 2
    assert (await ledger.list_state(100)).skipped == 1


@pytest.mark.parametrize(
    "date",
    [
        "0000-01-01T00:00:00+00:00",
        "0001-01-01T00:00:00+00:00",
        "9999-12-31T23:59:59+00:00",
        "9999-12-31T23:59:59-23:59",
        "0000-01-01T00:00:00+14:00",
    ],
)
async def test_a_date_at_the_edge_of_time_costs_nothing(ledger: Ledger, date: str) -> None:
    """A date that hardly exists still leaves a used ticket, a list and a count."""
    await take(ledger, row("other"))

    await take(ledger, row("other"), row(checkins=[{"addon_id": None, "date": date}]))

    (found,) = await ledger.find("abc")
    assert found.checked_in
    assert (await count(ledger)).checked_in == 1
    assert len(await ledger.find("other")) == 1


@pytest.mark.parametrize("code", ["a\x00b", "a\ud800b", "\ud800", "a\nb", "\u202eabc"])
async def test_a_code_that_no_text_should_hold_costs_nothing(ledger: Ledger, code: str) -> None:
    """A code with a NUL or half a character spoils neither the list nor its neighbours."""
    await take(ledger, row("other", use(1)), row(code, use(2)))

    attendance = await count(ledger)
    assert attendance.last_entry
    assert len(await ledger.find("other")) == 1
    assert attendance.tickets + (await ledger.list_state(100)).skipped == 2


async def test_numbers_too_large_for_a_database_cost_nothing(ledger: Ledger) -> None:
    """An id beyond 64 bits is some id."""
    huge = 10**30
    await take(ledger, row("abc", ticket_type_id=huge), row("def", use(0, huge)), row(huge))

    assert (await count(ledger)).tickets == 3
    assert len(await ledger.find("abc")) == len(await ledger.find("def")) == 1


@pytest.mark.parametrize("order", [1, -1])
async def test_of_a_code_listed_twice_the_used_one_counts(ledger: Ledger, order: int) -> None:
    """Two rows of one code are one ticket, used where either is; the other is skipped."""
    await take(ledger, *[row("abc", use()), row("abc")][::order], row("def"))

    assert await ledger.find("abc") == (ticket(**ENTERED),)
    assert (await count(ledger)).tickets == 2
    assert (await ledger.list_state(100)).skipped == 1


LISTLESS = {
    "nothing": b"",
    "HTML": b"<html><body>Welcome</body></html>",
    "half": reply(rows(3))[:50],
    "not text": b'{"tickets":["\xff"]}',
    "a list": b"[]",
    "null": b"null",
    "no tickets": b"{}",
    "tickets of null": b'{"tickets":null}',
    "tickets as object": b'{"tickets":{"first":{"code":"abc"}}}',
    "tickets as an empty object": b'{"tickets":{}}',
    "tickets as text": b'{"tickets":"[]"}',
    "an error": b'{"error":"Something went wrong"}',
    "an error beside tickets": b'{"error":"No","tickets":[{"code":"x"}]}',
    "no ticket among the rows": b'{"tickets":[null,7,{}]}',
    "deep": b'{"tickets":' + b"[" * 5000 + b"]" * 5000 + b"}",
}


@pytest.mark.parametrize("name", LISTLESS)
async def test_t10_what_is_no_list_leaves_the_list_as_it_was(ledger: Ledger, name: str) -> None:
    """HTML, half a JSON, an error or another shape is never a list of nothing."""
    await take(ledger, *rows(5))
    state = await ledger.list_state(100)

    for _ in range(2):
        with pytest.raises(OveitResponseError):
            await ledger.take_list(EVENT, LISTLESS[name], at(5))

    assert (await count(ledger)).tickets == 5
    assert await ledger.list_state(100) == state


async def test_a_list_may_begin_with_a_byte_order_mark(ledger: Ledger) -> None:
    """Three bytes that some servers put first do not cost the list."""
    await ledger.take_list(EVENT, b"\xef\xbb\xbf" + reply(rows(3)), NOON)

    assert (await count(ledger)).tickets == 3


@pytest.mark.parametrize("error", ["null", '""', "false"])
async def test_an_error_that_says_nothing_is_none(ledger: Ledger, error: str) -> None:
    """An empty `error` beside a list is no failure, as with every other reply."""
    await ledger.take_list(EVENT, f'{{"error":{error},"tickets":[{{"code":"x"}}]}}'.encode(), NOON)

    assert (await count(ledger)).tickets == 1


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=6,
)
DATE = JSON | st.datetimes().map(str) | st.datetimes(timezones=st.timezones()).map(str)
ODD_ROW = JSON | st.fixed_dictionaries(
    {},
    optional={
        "code": JSON | st.text("abc\x00 ", min_size=1, max_size=3),
        "ticket_type_id": JSON,
        "checked_in": JSON,
        "checkins": JSON
        | st.lists(
            JSON | st.fixed_dictionaries({}, optional={"addon_id": JSON, "date": DATE}), max_size=3
        ),
    },
)


@given(lists=st.lists(st.lists(ODD_ROW, max_size=4), min_size=2, max_size=2))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60)
async def test_rows_of_any_shape_cost_nothing_but_themselves(
    ledger: Ledger, path: Path, lists: list[list[Any]]
) -> None:
    """Whatever a list holds, a sound ticket beside it stays, and everything can be read."""
    event = Event(id=query(path, "SELECT count(*) AS n FROM lists")[0]["n"] + 1, name="E")

    for listed in lists:
        await ledger.take_list(event, reply([row("sound"), *rows(30), *listed]), NOON)

    assert event.id in {found.event_id for found in await ledger.find("sound")}
    attendance = await ledger.attendance(event.id, NOON)
    skipped = (await ledger.list_state(event.id)).skipped
    assert attendance.tickets + skipped == len(lists[-1]) + 31
    for known in query(path, "SELECT code FROM tickets WHERE event_id = ?", event.id):
        for found in await ledger.find(known["code"]):
            found.code.encode()


# The same list, and lists that lost much


async def test_a_reply_that_did_not_change_is_dropped_at_once(ledger: Ledger, path: Path) -> None:
    """The same reply again only renews the list's age; nothing is taken apart."""
    await take(ledger, *rows(3))
    query(path, "DELETE FROM tickets WHERE code = 't1'")

    await take(ledger, *rows(3), now=at(5))

    assert (await count(ledger)).tickets == 2
    assert (await ledger.list_state(100)).fetched_at == at(5)


async def test_tickets_change_and_go_as_the_list_says(ledger: Ledger) -> None:
    """A new list adds, changes and removes; other events' tickets are left alone."""
    await take(ledger, *rows(9), row("same"))
    await take(ledger, row("same"), event=Event(id=101, name="Museum"))

    await take(ledger, *rows(8), row("new"), row("same", ticket_type_id=2))

    assert await ledger.find("t8") == ()
    assert len(await ledger.find("new")) == 1
    assert {found.ticket_type_id for found in await ledger.find("same")} == {1, 2}


@pytest.mark.parametrize(("before", "after"), [(10, 7), (10, 0), (5, 3), (1, 0)])
async def test_t11_a_list_that_lost_much_is_believed_the_second_time(
    ledger: Ledger, before: int, after: int
) -> None:
    """A list that is empty or lost more than a fifth replaces nothing until it is confirmed."""
    await take(ledger, *rows(before))

    assert await take(ledger, *rows(after), now=at(1)) == []
    state = await ledger.list_state(100)
    assert (await count(ledger)).tickets == before
    assert (state.doubted, state.fetched_at) == (True, NOON)

    await take(ledger, *rows(after), now=at(2))
    state = await ledger.list_state(100)
    assert (await count(ledger)).tickets == after
    assert (state.doubted, state.fetched_at) == (False, at(2))


@pytest.mark.parametrize(("before", "after"), [(10, 8), (0, 0), (5, 4), (5, 9)])
async def test_t11_a_list_that_lost_little_is_believed_at_once(
    ledger: Ledger, before: int, after: int
) -> None:
    """A fifth may go without being asked about; so may nothing."""
    await take(ledger, *rows(before))

    await take(ledger, *rows(after), row("changed", use()) if after else None or row("one"))

    assert not (await ledger.list_state(100)).doubted


async def test_t11_the_full_list_again_ends_the_doubt(ledger: Ledger) -> None:
    """A slip of the server leaves no trace, and the next slip is doubted anew."""
    await take(ledger, *rows(10))
    await take(ledger)
    await take(ledger, *rows(10), now=at(1))
    assert await ledger.list_state(100) == ListState(fetched_at=at(1))

    await take(ledger)

    assert (await count(ledger)).tickets == 10
    assert (await ledger.list_state(100)).doubted


async def test_t11_another_short_list_confirms_nothing(ledger: Ledger) -> None:
    """Two lists that disagree are both doubted."""
    await take(ledger, *rows(10))
    await take(ledger, *rows(3))
    await take(ledger, *rows(2))

    assert (await count(ledger)).tickets == 10
    assert (await ledger.list_state(100)).doubted
    await take(ledger, *rows(2))
    assert (await count(ledger)).tickets == 2


async def test_t11_a_doubted_list_tells_of_no_check_ins(ledger: Ledger) -> None:
    """What is not believed is not told; once it is, it is told."""
    await take(ledger, *rows(10))

    assert await take(ledger, row("t0", use())) == []
    assert len(await take(ledger, row("t0", use()))) == 1


# Check-ins seen elsewhere


async def test_the_first_list_tells_of_no_check_ins(ledger: Ledger) -> None:
    """What happened before anyone looked is no news."""
    assert await take(ledger, row("abc", use())) == []


async def test_check_ins_made_elsewhere_are_told_oldest_first(ledger: Ledger) -> None:
    """New uses of a new list are told with the end of the code, and only once."""
    await take(ledger, row("one", use(-9)), row("two"), row("three"))
    later = [row("one", use(-9), use(3, 8)), row("two", use(2), ticket_type_id=2), row("three")]

    assert await take(ledger, *later) == [
        RemoteCheckIn(event_id=100, ticket_type_id=2, addon_id=None, at=at(2), code_end="two"),
        RemoteCheckIn(event_id=100, ticket_type_id=1, addon_id=8, at=at(3), code_end="one"),
    ]
    assert await take(ledger, *later) == []
    assert await take(ledger, *later, row("new")) == []


async def test_at_most_the_twenty_newest_check_ins_are_told(ledger: Ledger) -> None:
    """Where hundreds came in between two polls, the counts tell the rest."""
    await take(ledger, *rows(50))

    seen = await take(ledger, *(row(f"t{place}", use(place)) for place in range(50)))

    assert [told.at for told in seen] == [at(place) for place in range(30, 50)]


async def test_only_the_end_of_a_code_is_told(ledger: Ledger) -> None:
    """No whole code leaves the ledger with a check-in made elsewhere."""
    await take(ledger, row("39fa317d"))

    (seen,) = await take(ledger, row("39fa317d", use()))

    assert seen.code_end == "17d"


@pytest.mark.parametrize("addon_id", [None, 8])
@pytest.mark.parametrize("listed_at", [0, 1, -1, None])
async def test_our_own_check_ins_are_not_told_again(
    ledger: Ledger, addon_id: int | None, listed_at: float | None
) -> None:
    """What this venue did itself is no news when the list shows it, with or without a date."""
    await take(ledger, row("abc"))
    await admit(ledger, addon_id=addon_id)

    assert await take(ledger, row("abc", use(listed_at, addon_id))) == []


async def test_our_own_check_ins_are_known_by_oveits_clock(ledger: Ledger) -> None:
    """A clock that is an hour off makes our own check-in nobody else's."""
    await take(ledger, row("abc"))
    await admit(ledger, skew=60)

    assert await take(ledger, row("abc", use(60))) == []


async def test_another_use_long_after_ours_is_told(ledger: Ledger) -> None:
    """A second drink served by another device is news."""
    await take(ledger, row("abc"))
    await admit(ledger, addon_id=8)

    (seen,) = await take(ledger, row("abc", use(0, 8), use(10, 8)))

    assert seen.at == at(10)


async def test_a_check_in_that_an_answer_told_is_no_news(ledger: Ledger) -> None:
    """What a scan already told is not told again by the list."""
    await take(ledger, row("abc"))
    await ledger.learn(ticket(**ENTERED), None)

    assert await take(ledger, row("abc", use())) == []


# Counting


async def test_the_list_alone_is_counted(ledger: Ledger) -> None:
    """Tickets, entries by type, the newest entry, and how fast people arrive."""
    await take(
        ledger,
        row("aaa", use(-30)),
        row("bbb", use(-5)),
        row("ccc", use(-1, 8), use(-2), ticket_type_id=2),
        row("ddd", use(0, 8)),
        row("eee", checked_in=True, ticket_type_id=None),
    )

    assert await count(ledger) == Attendance(
        tickets=5,
        tickets_by_type={1: 3, 2: 1, 0: 1},
        checked_in=4,
        checked_in_by_type={1: 2, 2: 1, 0: 1},
        last_entry=LastEntry(at=at(-2), ticket_type_id=2, gate=None, code_end="ccc"),
        arrivals=0.2,
        inside=4,
    )


async def test_c20_a_check_in_counts_once_before_and_after_the_list_shows_it(
    ledger: Ledger,
) -> None:
    """List and journal together: the count goes up at once, and never down by a poll."""
    await take(ledger, row("abc"), row("def", use(-60)))
    expected = Attendance(
        tickets=2,
        tickets_by_type={1: 2},
        checked_in=2,
        checked_in_by_type={1: 2},
        last_entry=LastEntry(at=NOON, ticket_type_id=1, gate="North", code_end="abc"),
        arrivals=0.1,
        inside=2,
    )

    await admit(ledger, gate="North")
    assert await count(ledger) == expected

    await take(ledger, row("abc"), row("def", use(-60)), row("new"))
    assert await count(ledger) == replace(expected, tickets=3, tickets_by_type={1: 3})

    await take(ledger, row("abc", use(1)), row("def", use(-60)), row("new"))
    assert await count(ledger) == replace(expected, tickets=3, tickets_by_type={1: 3})


async def test_c20_an_entry_of_ours_counts_though_its_ticket_left_the_list(ledger: Ledger) -> None:
    """Who is in is in, even with a ticket that was cancelled afterwards."""
    await take(ledger, *rows(9), row("abc", ticket_type_id=2))
    await admit(ledger, type_id=2)

    await take(ledger, *rows(9))

    attendance = await count(ledger)
    assert (attendance.tickets, attendance.checked_in) == (9, 1)
    assert attendance.checked_in_by_type == {1: 0, 2: 1}


async def test_an_add_on_is_no_entry(ledger: Ledger) -> None:
    """Drinks do not make anyone enter."""
    await take(ledger, row("abc"))
    await admit(ledger, addon_id=8)

    assert await count(ledger) == Attendance(
        tickets=1, tickets_by_type={1: 1}, checked_in_by_type={1: 0}
    )


async def test_two_entries_with_one_ticket_are_one_guest(ledger: Ledger) -> None:
    """Someone who came back counts once."""
    await take(ledger, row("abc"))
    await admit(ledger, minutes=-8)
    await admit(ledger, minutes=-1)

    attendance = await count(ledger)
    assert (attendance.checked_in, attendance.arrivals) == (1, 0.1)


async def test_the_newest_entry_is_told_whoever_made_it(ledger: Ledger) -> None:
    """An entry made elsewhere after ours is the last one."""
    await take(ledger, row("abc"), row("def"))
    await admit(ledger, gate="North")

    await take(ledger, row("abc", use(0)), row("def", use(4)))

    last = (await count(ledger)).last_entry
    assert last == LastEntry(at=at(4), ticket_type_id=1, gate=None, code_end="def")


async def test_a_row_that_nobody_confirmed_admits_and_counts_nothing(ledger: Ledger) -> None:
    """A row in doubt waits; it is neither an entry nor a conflict."""
    await take(ledger, row("abc"))

    await begin(ledger)

    attendance = await count(ledger)
    assert (attendance.checked_in, attendance.waiting, attendance.conflicts) == (0, 1, 0)
    assert await ledger.find("abc") == (ticket(unclaimed=frozenset({None})),)


async def test_rows_are_counted_by_their_state(ledger: Ledger, path: Path) -> None:
    """Pending and in doubt wait, rejected are conflicts; other events' rows are not ours."""
    for state in ("pending", "in_doubt", "rejected", "rejected", "rejected", "confirmed", "local"):
        begun = await begin(ledger)
        query(path, "UPDATE journal SET state = ? WHERE seq = ?", state, begun.seq)

    attendance = await count(ledger)

    assert (attendance.waiting, attendance.conflicts) == (2, 3)
    assert (await ledger.attendance(101, NOON)).waiting == 0


# What answers tell


async def test_a_ticket_that_is_not_listed_is_learned(ledger: Ledger) -> None:
    """A ticket sold after the list is known from then on."""
    told = ticket(series="S 1", **ENTERED)

    await ledger.learn(told, None)

    assert await ledger.find("abc") == (told,)


async def test_a_use_is_never_unlearned_by_an_answer(ledger: Ledger) -> None:
    """An answer that tells less than was known takes nothing away."""
    await ledger.learn(ticket(series="S 1", **ENTERED), None)

    await ledger.learn(ticket(ticket_type_id=None), None)

    assert await ledger.find("abc") == (ticket(series="S 1", **ENTERED),)


async def test_an_answer_may_tell_more(ledger: Ledger) -> None:
    """Another use and another type are taken over."""
    await ledger.learn(ticket(**ENTERED), None)
    more = ticket(
        ticket_type_id=2,
        checked_in=True,
        checkins=(
            CheckIn(at=NOON),
            CheckIn(addon_id=8, at=at(5), zoned=False),
            CheckIn(addon_id=9),
        ),
    )

    await ledger.learn(more, None)

    assert await ledger.find("abc") == (more,)


async def test_the_tags_of_an_answer_are_all_that_a_ticket_has(ledger: Ledger) -> None:
    """Tags are learned, and unlearned when a later answer does not name them any more."""
    await ledger.learn(ticket("abc"), ("A1", "B2"))
    await ledger.learn(ticket("def"), ("A1",))
    assert {found.code for found in await ledger.on_tag("A1")} == {"abc", "def"}
    assert {found.code for found in await ledger.on_tag("B2")} == {"abc"}

    await ledger.learn(ticket("abc"), ("B2", "B2"))
    assert {found.code for found in await ledger.on_tag("A1")} == {"def"}

    await ledger.learn(ticket("def"), ())
    assert await ledger.on_tag("A1") == ()

    await ledger.learn(ticket("abc"), None)
    assert {found.code for found in await ledger.on_tag("B2")} == {"abc"}


async def test_the_tag_that_was_asked_for_is_learned_though_the_answer_writes_it_otherwise(
    ledger: Ledger,
) -> None:
    """A tag that found a ticket is that ticket's, in the form in which it was read."""
    await ledger.learn(ticket(), ("5E35ED9A",), "5e35ed9a")

    assert await ledger.on_tag("5e35ed9a") == await ledger.on_tag("5E35ED9A") == (ticket(),)


async def test_a_tag_can_be_forgotten_for_one_ticket(ledger: Ledger) -> None:
    """Taking a tag off one ticket leaves it on the other."""
    for code in ("abc", "def"):
        await ledger.learn(ticket(code), ("A1", "B2"))

    await ledger.unpair("A1", "abc")

    assert [found.code for found in await ledger.on_tag("A1")] == ["def"]
    assert {found.code for found in await ledger.on_tag("B2")} == {"abc", "def"}


async def test_case_matters_only_where_two_codes_differ_by_it(ledger: Ledger) -> None:
    """A code is found in any case, unless that would be a guess."""
    await take(ledger, row("abc"), row("Def"), row("dEF"))

    assert [found.code for found in await ledger.find("ABC")] == ["abc"]
    assert [found.code for found in await ledger.find("Def")] == ["Def"]
    assert [found.code for found in await ledger.find("dEF")] == ["dEF"]
    assert await ledger.find("DEF") == ()


async def test_a_code_of_two_events_is_two_tickets(ledger: Ledger) -> None:
    """The same code at two events is found twice, each with its own uses."""
    await take(ledger, row("abc"))
    await take(ledger, row("abc"), event=Event(id=101, name="Museum"))
    await admit(ledger)

    found = await ledger.find("ABC")

    assert {one.event_id: one.checked_in for one in found} == {100: True, 101: False}
    assert await ledger.renew(found) == found


async def test_tickets_are_renewed_as_far_as_they_are_known(ledger: Ledger) -> None:
    """A ticket that is not in the ledger stays what it was."""
    await take(ledger, row("abc", use()))
    foreign = Ticket(code="xyz", event_id=7)

    assert await ledger.renew((ticket(), foreign)) == (ticket(**ENTERED), foreign)


# The file


async def test_events_are_remembered(ledger: Ledger) -> None:
    """Events come back as they were, with types and add-ons."""
    addons = (Addon(id=8, name="Drinks", uses=4), Addon(id=9, name="Tour", is_bundled=False))
    events = {
        100: Event(
            id=100,
            name="Concert",
            active=False,
            starts_at=NOON,
            location="Hall",
            tickets=5,
            checked_in=2,
            ticket_types=(
                TicketType(id=1, name="Entry"),
                TicketType(id=2, name="V", addons=addons),
            ),
        ),
        101: Event(id=101, name="Museum"),
    }
    await ledger.save_events([events[100], Event(id=101, name="Old name")])
    await ledger.save_events([events[101]])

    assert await ledger.events() == events


async def test_everything_is_there_after_a_restart(path: Path) -> None:
    """Closing and opening again loses no event, ticket, tag or row."""
    ledger = await Ledger.open(path)
    await ledger.save_events([EVENT])
    await take(ledger, row("abc"))
    await admit(ledger, gate="North")
    await ledger.learn(ticket(), ("A1",))
    waiting = await begin(ledger, "def")
    attendance = await count(ledger)
    assert attendance.waiting == 1
    before = [await ledger.events(), await ledger.on_tag("A1"), attendance]
    await ledger.close()

    again = await Ledger.open(path)

    assert [await again.events(), await again.on_tag("A1"), await count(again)] == before
    assert (await begin(again)).seq > waiting.seq
    assert await take(again, row("abc")) == []
    await again.close()


async def test_a_row_survives_a_crash(path: Path) -> None:
    """Without closing anything, a second opening finds what was written."""
    crashed = await Ledger.open(path)
    await take(crashed, row("abc"))
    await admit(crashed)

    again = await Ledger.open(path)

    (found,) = await again.find("abc")
    assert found.checked_in
    await again.close()
    await crashed.close()


async def test_a_missing_folder_is_made(tmp_path: Path) -> None:
    """The first start needs no preparation."""
    path = tmp_path / "new" / "folder" / "ledger.db"

    await (await Ledger.open(path)).close()

    assert path.is_file()


@pytest.mark.parametrize("name", ["a b.db", "a?b=c.db", "a#b.db", "50%25.db", "ü.db", "a;b.db"])
async def test_a_file_of_any_name_can_be_opened(tmp_path: Path, name: str) -> None:
    """A folder or file with odd characters in its name is taken as it is."""
    await (await Ledger.open(tmp_path / name)).close()

    assert (tmp_path / name).is_file()


async def test_a_ledger_can_be_closed_twice_and_is_of_no_use_then(path: Path) -> None:
    """After closing, every question is a LedgerError."""
    ledger = await Ledger.open(path)
    await ledger.close()
    await ledger.close()

    with pytest.raises(LedgerError):
        await ledger.find("abc")
    with pytest.raises(LedgerError):
        await take(ledger, row("abc"))


async def test_work_at_hand_is_finished_before_closing(path: Path) -> None:
    """A row that is being written when the ledger closes is written."""
    ledger = await Ledger.open(path)
    writing = [asyncio.create_task(begin(ledger, f"t{place}")) for place in range(10)]
    await asyncio.sleep(0)

    await ledger.close()

    await asyncio.gather(*writing)
    assert len(journal(path)) == 10


async def test_i8_an_error_tells_no_code(ledger: Ledger, path: Path) -> None:
    """What is logged of a failing ledger, its causes included, names no ticket."""
    code = "39fa317d"
    query(path, "DROP TABLE journal")
    with pytest.raises(LedgerError) as failed:
        await begin(ledger, code)
    half = reply([row(code)])[:-5]
    with pytest.raises(OveitResponseError) as refused:
        await ledger.take_list(EVENT, half, NOON)

    for caught in (failed, refused):
        assert code not in "".join(traceback.format_exception(caught.value))


async def test_a_refresh_makes_no_door_wait(ledger: Ledger) -> None:
    """While a long list is taken apart, guests are found, admitted and remembered."""
    await take(ledger, row("abc"), row("def"))
    refresh = asyncio.create_task(take(ledger, row("abc"), row("def"), *rows(60_000)))
    await asyncio.sleep(0.02)

    for code in ("abc", "def"):
        assert len(await ledger.find(code)) == 1
        await admit(ledger, code)
    assert not refresh.done()

    await refresh
    attendance = await count(ledger)
    assert (attendance.tickets, attendance.checked_in) == (60_002, 2)


async def test_lists_of_two_events_and_a_door_work_side_by_side(ledger: Ledger) -> None:
    """Refreshes and doors at the same time lose nothing."""
    museum = Event(id=101, name="Museum")
    for minute in range(5):
        listed = [row(f"t{place}", *([use()] if place < minute else [])) for place in range(50)]
        await asyncio.gather(
            take(ledger, *listed),
            take(ledger, *rows(20), event=museum),
            *(admit(ledger, f"t{place}") for place in range(10 * minute, 10 * minute + 10)),
        )

    attendance = await count(ledger)
    assert (attendance.tickets, attendance.checked_in) == (50, 50)
    assert (await ledger.attendance(101, NOON)).tickets == 20


# Keeping, copying and throwing away


async def test_an_event_can_be_forgotten_with_all_that_happened(ledger: Ledger, path: Path) -> None:
    """Its tickets, tags and rows go; another event's stay."""
    museum = Event(id=101, name="Museum")
    await ledger.save_events([EVENT, museum])
    await take(ledger, row("abc"))
    await take(ledger, row("def"), event=museum)
    await ledger.learn(ticket(), ("A1",))
    await ledger.learn(ticket("def", event_id=101), ("B2",))
    await admit(ledger)
    await begin(ledger, "def", event_id=101)

    await ledger.remove(100, now())

    assert [*await ledger.events()] == [101]
    assert await ledger.find("abc") == await ledger.on_tag("A1") == ()
    assert len(await ledger.on_tag("B2")) == 1
    assert [kept["code"] for kept in journal(path)] == ["def"]
    assert await ledger.list_state(100) == ListState()


def bytes_of(path: Path) -> bytes:
    """Return what lies on the disk: the file and its log."""
    return b"".join(each.read_bytes() for each in path.parent.glob(f"{path.name}*"))


async def purge_an_evening(ledger: Ledger) -> None:
    """Have an evening with all that leaves traces, and purge it."""
    museum = Event(id=101, name="Museum")
    await ledger.save_events([EVENT, museum])
    guests = [row(f"guest{place}") for place in range(300)]
    await take(ledger, *guests)
    await take(ledger, row("museum1"), event=museum)
    await ledger.learn(ticket("guest1"), ("TAGSTAYS",))
    await ledger.learn(ticket("guest2"), ("TAGLEFT",))
    await ledger.learn(ticket("museum1", event_id=101), ("TAGMUSEUM",))
    for place in range(3, 60):
        await admit(ledger, f"guest{place}")
    await take(ledger, *guests[:2], *guests[3:])
    await begin(ledger, "OVERRIDDEN", event_id=0, state=RowState.LOCAL, admitted=True)
    await begin(ledger, "STILLTOSEND", event_id=0, state=RowState.PENDING, admitted=True)
    await ledger.remove(EVENT.id, now())


async def test_a_purge_leaves_nothing(ledger: Ledger, path: Path) -> None:
    """No tag of a ticket that left the list, no row of no event, and no byte in the file."""
    await purge_an_evening(ledger)

    left = bytes_of(path)
    for trace in (b"guest", b"TAGSTAYS", b"TAGLEFT", b"OVERRIDDEN", EVENT.name.encode()):
        assert trace not in left
    assert query(path, "SELECT code FROM tickets") == [{"code": "museum1"}]
    assert query(path, "SELECT rfid_code FROM tags") == [{"rfid_code": "TAGMUSEUM"}]
    assert [kept["code"] for kept in journal(path)] == ["STILLTOSEND"]


async def test_a_purge_leaves_nothing_once_a_backup_is_over(
    ledger: Ledger, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The file is not written anew while it is copied, but afterwards."""
    monkeypatch.setattr(file, "ERASE_AGAIN_AFTER", 0.0)
    await take(ledger, row("before"))
    hold(path)
    before = path.read_bytes()
    await purge_an_evening(ledger)
    assert path.read_bytes() == before
    assert b"TAGLEFT" in bytes_of(path)

    release(path)
    await ledger.attendance(101, now())

    assert b"TAGLEFT" not in bytes_of(path)


async def test_a_guest_does_not_wait_for_a_purge(
    ledger: Ledger, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who comes while the file is written anew stops that; it is done later."""
    monkeypatch.setattr(file, "ERASE_AGAIN_AFTER", 0.0)
    await take(ledger, *rows(20_000))
    await take(ledger, row("museum1"), event=Event(id=101, name="Museum"))
    purging = asyncio.create_task(ledger.remove(EVENT.id, now()))
    waited = []
    while not purging.done():
        began = monotonic()
        await begin(ledger, event_id=101)
        waited.append(monotonic() - began)
        await asyncio.sleep(0)
    await purging

    assert max(waited) < 2
    for _ in range(2):
        await ledger.attendance(101, now())
    assert b"t12345" not in bytes_of(path)


async def test_a_held_file_stays_as_it_is_when_its_ledger_is_opened_anew(path: Path) -> None:
    """A reload in the middle of a backup: whoever closes a file last brings its log into it."""
    ledger = await Ledger.open(path)
    await take(ledger, *rows(50))
    hold(path)
    before = path.read_bytes()
    for place in range(5):
        await admit(ledger, f"t{place}")
        await ledger.close()
        ledger = await Ledger.open(path)
    await ledger.close()
    assert path.read_bytes() == before

    release(path)

    assert path.read_bytes() != before
    assert len(journal(path)) == 5


async def test_a_held_file_is_whole_and_does_not_change_while_it_is_copied(
    ledger: Ledger, path: Path, tmp_path: Path
) -> None:
    """A backup copies one file; doors go on writing beside it."""
    await take(ledger, *rows(50))
    await admit(ledger, "t1")

    hold(path)
    before = path.read_bytes()
    for place in range(2, 50):
        await admit(ledger, f"t{place}")
    copy = tmp_path / "copy.db"
    copy.write_bytes(path.read_bytes())
    assert path.read_bytes() == before
    release(path)

    assert [kept["code"] for kept in journal(copy)] == ["t1"]
    assert len(journal(path)) == 49


# What gates ask


async def test_the_entries_of_a_gate_are_counted_in_all_and_of_the_last_hour(
    ledger: Ledger,
) -> None:
    """Neither drinks, nor other gates, nor guests who were not let in."""
    await take(ledger, row("abc"), row("def"), row("ghi"))
    await admit(ledger, "abc", -90, gate="North")
    await admit(ledger, "def", -10, gate="North")
    await admit(ledger, "ghi", -10, gate="South")
    await admit(ledger, "def", -5, gate="North", addon_id=8)
    await begin(ledger, "ghi", -1, gate="North")

    counts = await ledger.gate_counts((None, "North"), NOON)

    assert (counts.passed, counts.per_hour) == (2, 1)


async def test_whether_a_ticket_has_entered_is_told_at_once(ledger: Ledger, path: Path) -> None:
    """By its code or a tag, by the list or by what happened here."""
    await take(ledger, row("abc", use()), row("def"), row("ghi"))
    await ledger.learn(ticket("def"), ("A1",))
    assert ledger.has_entered(ticket_code="ABC")
    assert not ledger.has_entered(rfid_code="A1")

    await admit(ledger, "def")

    assert ledger.has_entered(rfid_code="A1")
    assert not ledger.has_entered(ticket_code="ghi")
    assert not ledger.has_entered(ticket_code="xyz")
    assert not ledger.has_entered()
    query(path, "ALTER TABLE tickets RENAME TO away")
    with pytest.raises(LedgerError):
        ledger.has_entered(ticket_code="abc")


def told_of(code: str, tag: str = "T1") -> Told:
    """Return what Oveit may tell of a tag: a ticket that is ours."""
    answer = Answer(ok=True, asked_at=NOON, ticket=ticket(code), rfid_codes=(tag,))
    return Told(tag=tag, answer=answer, ours=lambda answer, _: answer)


def admit_all(found: tuple[Ticket, ...]) -> tuple[Verdict, tuple[Row, ...]]:
    """Judge that whoever comes may come in."""
    return Verdict(reason=Reason.CHECKED_IN, ticket=found[0]), tuple(
        Row(code=each.code, event_id=EVENT.id, at=NOON, scan_id="s", admitted=True)
        for each in found
    )


async def test_what_oveit_tells_of_a_tag_is_learned_judged_and_written_in_one_go(
    ledger: Ledger, path: Path
) -> None:
    """One ticket on a tag needs no second look."""
    await take(ledger, row("abc"))

    entered = await ledger.enter(told_of("abc"), admit_all, lease=LEASE, durable=True)

    assert [found.code for found in await ledger.on_tag("T1")] == ["abc"]
    assert [written["code"] for written in journal(path)] == ["abc"]
    assert entered.fresh[0].checked_in


async def test_r5_a_tag_that_carries_another_ticket_too_is_only_learned(
    ledger: Ledger, path: Path
) -> None:
    """The other one is to be asked about first, even one that differs by a letter's case only."""
    await take(ledger, row("ABC"), row("abc"))
    await ledger.learn(ticket("ABC"), ("T1",))

    entered = await ledger.enter(told_of("abc"), admit_all, lease=LEASE, durable=True)

    assert (entered.outcome, entered.rows, journal(path)) == (Undecided.UNKNOWN, (), [])
    assert entered.learned
    assert [other.code for other in entered.learned.others] == ["ABC"]


async def test_a_statement_without_one_of_its_values_is_an_error(ledger: Ledger) -> None:
    """Nothing is written or sought by what was forgotten."""
    statement = Statement(insert(schema.properties), columns=("name", "value"))

    with pytest.raises(LedgerError):
        await ledger._file.write(lambda connection: statement.run(connection, name="skew"))
    assert await ledger.skew() == timedelta()


async def test_a_connection_that_failed_is_not_used_again(ledger: Ledger) -> None:
    """Whatever state a failure left behind goes with it."""
    used: list[Any] = []

    def fail(connection: Connection) -> None:
        used.append(connection.connection.driver_connection)
        raise sqlite3.OperationalError

    with pytest.raises(LedgerError):
        await ledger._file.write(fail)

    with pytest.raises(sqlite3.ProgrammingError, match="closed"):
        used[0].execute("SELECT 1")
    assert await ledger.skew() == timedelta()
