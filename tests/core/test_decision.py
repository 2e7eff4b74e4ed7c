"""The rules as tables: pure, without a clock and without a server."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from hypothesis import example, given, strategies as st
import pytest

from custom_components.oveit.core import decision
from custom_components.oveit.core.codes import clean_code
from custom_components.oveit.core.decision import (
    Known,
    Verdict,
    accept,
    decide,
    merge_uses,
)
from custom_components.oveit.core.models import (
    Addon,
    AddonUse,
    Answer,
    CheckIn,
    Event,
    Reason,
    Request,
    Ticket,
    TicketType,
)

NOON = datetime(2026, 6, 1, 12, tzinfo=UTC)
CONCERT = Event(
    id=100,
    name="Concert",
    ticket_types=(
        TicketType(id=1, name="Entry"),
        TicketType(
            id=2,
            name="VIP",
            addons=(
                Addon(id=8, name="Drinks", uses=2),
                Addon(id=9, name="Parking", is_bundled=False, uses=1),
                Addon(id=10, name="Cloakroom", enabled=False),
                Addon(id=11, name="Water", uses=None),
            ),
        ),
    ),
)
MUSEUM = Event(id=101, name="Museum", ticket_types=(TicketType(id=3, name="Adult"),))
EVENTS = {100: CONCERT, 101: MUSEUM}


def known(*tickets: Ticket, **changes: Any) -> Known:
    """Return what is known of these tickets at noon, with lists that are a minute old."""
    ages = dict.fromkeys(EVENTS, timedelta(minutes=1))
    return replace(Known(events=EVENTS, tickets=tickets, at=NOON, list_ages=ages), **changes)


def ticket(code: str = "abc", **changes: Any) -> Ticket:
    """Return an unused VIP ticket of the concert."""
    return replace(Ticket(code=code, event_id=100, ticket_type_id=2), **changes)


def used(code: str = "abc", **changes: Any) -> Ticket:
    """Return a VIP ticket that has entered."""
    return ticket(code, **{"checked_in": True, "checkins": (CheckIn(at=NOON),)} | changes)


def asked(**changes: Any) -> Request:
    """Return a read of the ticket's code."""
    return Request(**{"ticket_code": "abc"} | changes)


DRINK = CheckIn(addon_id=8, at=NOON)


def test_a_refusal_that_has_no_place_in_the_order_is_the_farthest_from_an_admission(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Whoever adds a reason and forgets its place makes no guest wait for an error."""
    order = (Reason.ALREADY_CHECKED_IN,)
    monkeypatch.setattr(decision, "_NEAREST_LAST", order)
    tickets = (ticket(event_id=7), used("def"))

    for found in (tickets, tickets[::-1]):
        assert decide(known(*found), asked()).reason is Reason.ALREADY_CHECKED_IN
    assert decide(known(tickets[0], tickets[0]), asked()).reason is Reason.WRONG_EVENT


@pytest.mark.parametrize(
    ("tickets", "request_", "reason", "certain"),
    [
        ((), asked(), Reason.UNKNOWN_TICKET, False),
        ((), Request(rfid_code="AB"), Reason.UNKNOWN_TAG, False),
        ((ticket(),), asked(), Reason.CHECKED_IN, True),
        ((used(),), asked(), Reason.ALREADY_CHECKED_IN, True),
        ((ticket(checked_in=True),), asked(), Reason.ALREADY_CHECKED_IN, True),
        ((used(),), asked(re_entry=True), Reason.CHECKED_IN, False),
        ((ticket(),), asked(re_entry=True), Reason.CHECKED_IN, True),
        ((ticket(event_id=None),), asked(), Reason.WRONG_EVENT, True),
        ((ticket(event_id=7),), asked(), Reason.WRONG_EVENT, True),
        ((used(event_id=7),), asked(re_entry=True), Reason.WRONG_EVENT, True),
        ((ticket(),), asked(event_ids={101}), Reason.WRONG_EVENT, True),
        ((ticket(),), asked(event_ids={100, 101}), Reason.CHECKED_IN, True),
        ((ticket(event_id=7),), asked(event_ids={7}), Reason.WRONG_EVENT, True),
        ((ticket(),), asked(ticket_type_ids={1}), Reason.WRONG_TICKET_TYPE, True),
        ((ticket(),), asked(ticket_type_ids={1, 2}), Reason.CHECKED_IN, True),
        ((ticket(ticket_type_id=None),), asked(), Reason.CHECKED_IN, True),
        (
            (ticket(ticket_type_id=None),),
            asked(ticket_type_ids={1}),
            Reason.WRONG_TICKET_TYPE,
            True,
        ),
        ((ticket(),), asked(addon_id=8), Reason.CHECKED_IN, True),
        ((used(),), asked(addon_id=8), Reason.CHECKED_IN, True),
        ((ticket(checkins=(DRINK,)),), asked(addon_id=8), Reason.CHECKED_IN, True),
        ((ticket(checkins=(DRINK,) * 2),), asked(addon_id=8), Reason.ADDON_USED_UP, True),
        ((ticket(checkins=(DRINK,) * 9),), asked(addon_id=8), Reason.ADDON_USED_UP, True),
        ((ticket(checkins=(DRINK,)),), asked(), Reason.CHECKED_IN, True),
        ((ticket(),), asked(addon_id=9), Reason.CHECKED_IN, False),
        ((ticket(),), asked(addon_id=10), Reason.ADDON_UNAVAILABLE, True),
        ((ticket(),), asked(addon_id=11), Reason.CHECKED_IN, False),
        ((ticket(),), asked(addon_id=77), Reason.ADDON_UNAVAILABLE, True),
        ((ticket(ticket_type_id=1),), asked(addon_id=8), Reason.ADDON_UNAVAILABLE, True),
        ((ticket(ticket_type_id=5),), asked(addon_id=8), Reason.ADDON_UNAVAILABLE, True),
        ((ticket("a"), ticket("b")), asked(), Reason.AMBIGUOUS, True),
        ((used("a"), ticket("b")), asked(), Reason.CHECKED_IN, True),
        ((ticket("a"), ticket("b", event_id=101)), asked(), Reason.AMBIGUOUS, True),
        (
            (ticket("a"), ticket("b", event_id=101)),
            asked(event_ids={101}),
            Reason.CHECKED_IN,
            True,
        ),
        ((ticket("a", event_id=7), used("b")), asked(), Reason.ALREADY_CHECKED_IN, True),
        ((used("b"), ticket("a", event_id=7)), asked(), Reason.ALREADY_CHECKED_IN, True),
        (
            (ticket("a", event_id=7), ticket("b")),
            asked(ticket_type_ids={1}),
            Reason.WRONG_TICKET_TYPE,
            True,
        ),
        (
            (ticket("a", ticket_type_id=1), ticket("b", checkins=(DRINK,) * 2)),
            asked(addon_id=8),
            Reason.ADDON_USED_UP,
            True,
        ),
    ],
)
def test_what_is_known_gives_one_reason(
    tickets: tuple[Ticket, ...], request_: Request, reason: Reason, certain: bool
) -> None:
    """The verdict also says whether Oveit might decide otherwise."""
    verdict = decide(known(*tickets), request_)

    assert (verdict.reason, verdict.certain) == (reason, certain)


def test_the_ticket_that_admits_is_named() -> None:
    """Of several tickets, the verdict is about the one that is admitted."""
    verdict = decide(known(used("a"), ticket("b")), asked())

    assert verdict.ticket == ticket("b")
    assert verdict.event == CONCERT


def test_an_ambiguous_verdict_names_no_ticket() -> None:
    """A person has to choose."""
    verdict = decide(known(ticket("a"), ticket("b")), asked())

    assert verdict.ticket is None
    assert verdict.event is None


def test_a_ticket_of_another_event_of_the_venue_names_its_event() -> None:
    """A steward can send the guest to the right door."""
    verdict = decide(known(ticket()), asked(event_ids={101}))

    assert verdict.event == CONCERT


@pytest.mark.parametrize(
    ("addon_id", "uses", "expected"),
    [
        (8, 0, AddonUse(id=8, name="Drinks", uses=2, used=0)),
        (8, 1, AddonUse(id=8, name="Drinks", uses=2, used=1)),
        (8, 3, AddonUse(id=8, name="Drinks", uses=2, used=3)),
        (10, 0, AddonUse(id=10, name="Cloakroom", uses=None, used=0)),
        (77, 0, AddonUse(id=77, name=None, uses=None, used=0)),
    ],
)
def test_the_verdict_on_an_add_on_has_its_uses(
    addon_id: int, uses: int, expected: AddonUse
) -> None:
    """Its uses left are never below zero."""
    addon = decide(known(ticket(checkins=(DRINK,) * uses)), asked(addon_id=addon_id)).addon

    assert addon == expected
    assert addon.left is None or addon.left >= 0


BEFORE = CheckIn(at=NOON - timedelta(seconds=61))
UNZONED = CheckIn(at=NOON - timedelta(hours=3), zoned=False)
JUST_NOW = CheckIn(at=NOON - timedelta(seconds=59))


def answer(**changes: Any) -> Answer:
    """Return Oveit's yes to an entry at noon."""
    yes = Answer(ok=True, asked_at=NOON, event=CONCERT, ticket=ticket())
    return replace(yes, **changes)


@pytest.mark.parametrize(
    ("given_", "request_", "reason"),
    [
        (answer(), asked(), Reason.CHECKED_IN),
        (answer(ok=False), asked(), Reason.REFUSED),
        (answer(ok=False, event=Event(id=7, name="?")), asked(), Reason.REFUSED),
        (answer(event=Event(id=7, name="?")), asked(), Reason.WRONG_EVENT),
        (answer(event=MUSEUM), asked(event_ids={100}), Reason.WRONG_EVENT),
        (answer(event=MUSEUM), asked(), Reason.CHECKED_IN),
        (answer(event=None), asked(), Reason.CHECKED_IN),
        (answer(event=None), asked(event_ids={101}), Reason.WRONG_EVENT),
        (answer(event=None, ticket=None), asked(), Reason.CHECKED_IN),
        (answer(ticket=ticket(checkins=(JUST_NOW,))), asked(), Reason.CHECKED_IN),
        (answer(ticket=ticket(checkins=(BEFORE,))), asked(), Reason.ALREADY_CHECKED_IN),
        (answer(ticket=ticket(checkins=(BEFORE,))), asked(re_entry=True), Reason.CHECKED_IN),
        (answer(ticket=ticket(checkins=(BEFORE,))), asked(addon_id=8), Reason.CHECKED_IN),
        (answer(ticket=ticket(checkins=(UNZONED,))), asked(), Reason.CHECKED_IN),
        (answer(ticket=ticket(checkins=(CheckIn(),))), asked(), Reason.CHECKED_IN),
        (answer(ticket=ticket(checkins=(JUST_NOW,) * 2)), asked(), Reason.ALREADY_CHECKED_IN),
        (answer(ticket=ticket(checkins=(DRINK, JUST_NOW))), asked(), Reason.CHECKED_IN),
        (
            answer(ticket=ticket(checkins=(UNZONED,) * 2)),
            asked(),
            Reason.ALREADY_CHECKED_IN,
        ),
        (
            answer(ticket=ticket(checkins=(CheckIn(addon_id=8, at=NOON - timedelta(days=1)),))),
            asked(),
            Reason.CHECKED_IN,
        ),
    ],
)
def test_what_a_yes_of_oveit_means(given_: Answer, request_: Request, reason: Reason) -> None:
    """It admits only for a followed event, and a ticket that had not entered."""
    verdict = Verdict(reason=Reason.CHECKED_IN, ticket=ticket(), event=CONCERT)

    assert accept(given_, verdict, known(), request_) is reason


def test_a_yes_without_a_known_event_admits_nobody() -> None:
    """Neither the answer nor the ledger names an event."""
    verdict = Verdict(reason=Reason.CHECKED_IN, ticket=ticket())

    reason = accept(answer(event=None), verdict, known(), asked())

    assert reason is Reason.WRONG_EVENT


@pytest.mark.parametrize("reason", list(Reason))
def test_only_four_reasons_admit(reason: Reason) -> None:
    """Every other reason is a refusal."""
    admitting = {"checked_in", "repeat", "override", "left"}

    assert reason.admits is (reason.value in admitting)


def at(
    seconds: float | None, addon_id: int | None = None, gate: str | None = None, **known: Any
) -> CheckIn:
    """Return a use, seconds after noon."""
    moment = None if seconds is None else NOON + timedelta(seconds=seconds)
    return CheckIn(addon_id=addon_id, at=moment, gate=gate, **known)


BY_OVEIT = at(0, 8, "N", at_oveit=NOON + timedelta(hours=1))


@pytest.mark.parametrize(
    ("listed", "ours", "merged"),
    [
        ([], [], []),
        ([at(0)], [], [at(0)]),
        ([], [at(0, gate="N")], [at(0, gate="N")]),
        ([at(120)], [at(0, gate="N")], [at(0, gate="N")]),
        ([at(-120)], [at(0, gate="N")], [at(0, gate="N")]),
        ([at(121)], [at(0, gate="N")], [at(0, gate="N"), at(121)]),
        ([at(0, 8)], [at(1)], [at(0, 8), at(1)]),
        ([at(None)], [at(0, gate="N")], [at(0, gate="N")]),
        ([at(0)], [at(None, gate="N")], [at(None, gate="N")]),
        ([at(None), at(5)], [], [at(5), at(None)]),
        ([at(9), at(5)], [at(500)], [at(5), at(9), at(500)]),
        ([at(0, 8)], [at(0, 8, "N"), at(1, 8, "N")], [at(0, 8, "N"), at(1, 8, "N")]),
        ([], [at(0, 8), at(1, 8)], [at(0, 8), at(1, 8)]),
        ([at(0, 8)], [at(0, 8), at(1, 8)], [at(0, 8), at(1, 8)]),
        ([at(0, 8), at(1, 8)], [at(0, 8), at(1, 8)], [at(0, 8), at(1, 8)]),
        ([at(0, 8), at(9, 8), at(1, 8)], [at(1, 8)], [at(1, 8), at(1, 8), at(9, 8)]),
        ([at(3600, 8)], [BY_OVEIT], [BY_OVEIT]),
        ([at(0, 8)], [BY_OVEIT], [BY_OVEIT, at(0, 8)]),
        ([at(9999, 8, zoned=False)], [at(0, 8)], [at(0, 8)]),
        ([at(9999, 9, zoned=False)], [at(0, 8)], [at(0, 8), at(9999, 9, zoned=False)]),
    ],
)
def test_uses_in_the_list_and_our_own_are_merged(
    listed: list[CheckIn], ours: list[CheckIn], merged: list[CheckIn]
) -> None:
    """A use in both counts once and keeps our gate; the oldest comes first."""
    assert merge_uses(listed, ours) == tuple(merged)


USES = st.lists(
    st.builds(
        at,
        st.none() | st.integers(-300, 300),
        st.sampled_from([None, 8]),
        st.sampled_from([None, "N"]),
    ),
    max_size=6,
)


@given(listed=USES, ours=USES)
def test_no_use_is_lost_and_none_is_invented(listed: list[CheckIn], ours: list[CheckIn]) -> None:
    """There are at least as many as on either side, and at most as many as on both."""
    listed = [
        at((use.at - NOON).total_seconds() if use.at else None, use.addon_id) for use in listed
    ]

    merged = merge_uses(listed, ours)

    for addon_id in (None, 8):
        counts = [sum(use.addon_id == addon_id for use in uses) for uses in (listed, ours, merged)]
        assert max(counts[:2]) <= counts[2] <= counts[0] + counts[1]


@pytest.mark.parametrize(
    ("read", "code"),
    [
        ("abc", "abc"),
        ("AbC", "AbC"),
        ("00012", "00012"),
        ("", ""),
        ("  abc\t\r\n", "abc"),
        ("\x02abc\x03", "abc"),
        ("\x1dabc\x7f", "abc"),
        ("ab c", "ab c"),
        ("]Q1abc", "abc"),
        ("]d2 abc", "abc"),
        ("]Q3\\000026abc", "abc"),
        ("\\000026abc", "abc"),
        ("abc]Q1", "abc]Q1"),
        ("]Q1", ""),
        ("https://oveit.example/t/abc", "abc"),
        ("http://oveit.example/abc", "abc"),
        ("HTTPS://OVEIT.EXAMPLE/T/AbC", "AbC"),
        ("https://oveit.example/t/abc/", "abc"),
        ("https://oveit.example/t/abc?from=mail&x=1#top", "abc"),
        ("https://oveit.example/t/a%2Db", "a-b"),
        ("https://oveit.example/t/%20abc%0A", "abc"),
        ("]Q1https://oveit.example/t/abc\r", "abc"),
        ("https://oveit.example", "https://oveit.example"),
        ("https://oveit.example/", "https://oveit.example/"),
        ("https://[abc", "https://[abc"),
        ("https://a\u2100b/abc", "https://a\u2100b/abc"),
        ("ftp://oveit.example/abc", "ftp://oveit.example/abc"),
        ("x&addon_id=9", "x&addon_id=9"),
    ],
)
def test_a_code_is_extracted_from_what_a_scanner_read(read: str, code: str) -> None:
    """What scanners and printed addresses add is removed; the code is not changed."""
    assert clean_code(read) == code


@example("]Q1]Q1abc")
@example("https://a/https%3A%2F%2Fb%2Fabc")
@given(
    st.text()
    | st.text("]Q1\\0026htps:/.[]%20x \x00\n")
    | st.builds("https://x/{}".format, st.text())
)
def test_cleaning_a_clean_code_changes_nothing(read: str) -> None:
    """Any text can be cleaned, and once is enough."""
    code = clean_code(read)

    assert clean_code(code) == code
