"""Rows B15 to B20 of decisions.md: what is read, and the code that is in it."""

from pathlib import Path
import sqlite3
from typing import Any
import unicodedata

import pytest

from custom_components.oveit.core.codes import INVISIBLE, clean_code, parts, trim
from custom_components.oveit.core.desk.desk import Desk
from custom_components.oveit.core.ledger import Ledger
from custom_components.oveit.core.ledger.schema import CODE_KEY
from custom_components.oveit.core.models import Reason, Request
from custom_components.oveit.core.ticket_sync import TicketSync
from demo.oveit_server import OveitServer, Venue, VenueTicket
from tests.core.unknowns import query, until

TRIMMED = [
    ("abc", "abc"),
    ("a", "a"),
    ("abc\r", "abc"),
    ("abc\t", "abc"),
    ("\u00a0abc\u00a0", "abc"),
    ("\ufeffabc", "abc"),
    ("\u200babc\u200b\u2060", "abc"),
    ("\u202aabc\u202c", "abc"),
    ("\u2066abc\u2069 \r\n", "abc"),
    ("abc\u00ad", "abc"),
    ("\U000e0061abc\U000e007f", "abc"),
    ("\u3000a b\u2003", "a b"),
    ("a\u200bbc", "a\u200bbc"),
    ("'abc'", "'abc'"),
    ("\u00e9\r", "\u00e9"),
    ("-a-", "-a-"),
    ("AbC\x1d", "AbC"),
    (" \r\n\ufeff", ""),
]


def rename(venue: Venue, ticket: VenueTicket, code: str) -> None:
    """Give a ticket another code at Oveit."""
    del venue.tickets[ticket.code]
    ticket.code = code
    venue.tickets[code] = ticket


@pytest.mark.parametrize(("written", "code"), TRIMMED)
def test_b18_b20_invisible_characters_around_a_code_are_trimmed(written: str, code: str) -> None:
    """In what is read and in Oveit's answers."""
    assert trim(written) == code


@pytest.mark.parametrize(("written", "code"), TRIMMED)
def test_b20_the_ledger_looks_codes_up_as_they_are_trimmed(written: str, code: str) -> None:
    """By the same table of examples."""
    connection = sqlite3.connect(":memory:")
    key = str(CODE_KEY.compile(compile_kwargs={"literal_binds": True}))
    (found,) = connection.execute(
        f"SELECT {key} FROM (SELECT ? AS code) AS tickets", (written,)
    ).fetchone()
    connection.close()
    folded = str.maketrans({letter: letter.lower() for letter in "ABCDEFGHIJKLMNOPQRSTUVWXYZ"})
    assert found == code.translate(folded)


def test_b18_every_invisible_character_is_trimmed() -> None:
    """All that Unicode calls control, format or blank; NUL, which no list holds, in Python."""
    kinds = ("Cc", "Cf", "Zs", "Zl", "Zp")
    invisible = [chr(key) for key in range(1, 0x110000) if unicodedata.category(chr(key)) in kinds]
    assert list(INVISIBLE) == invisible
    assert trim("\0a\0") == "a"
    assert "'" not in INVISIBLE


@pytest.mark.parametrize(
    ("read", "code"),
    [
        ("A1\rA1\r", "A1"),
        ("A1\rA1", "A1"),
        ("A1\r\nA1\r\nA1", "A1"),
        ("\x02A1\x03\x02A1\x03", "A1"),
        ("]Q1A1\r]Q1A1", "A1"),
        ("https://oveit.example/t/A1\rA1", "A1"),
        ("https://oveit.example/t/A1%0AA1", "A1"),
    ],
)
def test_b18_one_code_twice_in_one_read_is_that_code(read: str, code: str) -> None:
    """Some scanners send each code twice."""
    assert clean_code(read) == code
    assert parts(read)[0] == code


@pytest.mark.parametrize("separator", ["\r", "\r\n", "\n", "\t", "\x1d", "\u2028"])
async def test_b18_two_codes_in_one_read_are_unreadable(
    desk: Desk, server: OveitServer, venue: Venue, separator: str
) -> None:
    """Nobody knows which of the two guests is meant, and nobody is asked."""
    one, other = venue.unused(100)[1:3]

    decision = await desk.check_in(Request(ticket_code=f"{one.code}{separator}{other.code}"))

    assert decision.reason is Reason.UNREADABLE
    assert server.requests == []
    twice = await desk.check_in(Request(ticket_code=f"{one.code}{separator}{one.code}"))
    assert twice.reason is Reason.CHECKED_IN


@pytest.mark.parametrize("read", ["", "x" * 257, "a\u200bb", "a\0b", " \ufeff"])
@pytest.mark.parametrize("kind", ["ticket_code", "rfid_code"])
async def test_b16_the_desk_asks_nobody_about_what_is_no_code(
    desk: Desk, server: OveitServer, read: str, kind: str
) -> None:
    """Whoever calls it."""
    for act in (desk.check_in, desk.scan):
        code: dict[str, Any] = {kind: read}
        decision = await act(Request(**code))
        assert (decision.admitted, decision.reason) == (False, Reason.UNREADABLE)
    assert server.requests == []


@pytest.mark.parametrize(
    "around",
    [
        "https://oveit.example/check?code={}",
        "https://oveit.example/t?ticket_code={}&utm_source=mail",
        "https://oveit.example/#/ticket/{}",
        "https://oveit.example/#/ticket?code={}",
        "https://oveit.example/t/{}/show",
        "https://oveit.example/?{}",
        "https://x.example/?to=https%3A%2F%2Foveit.example%2Fcheck%3Fcode%3D{}",
        "oveit://ticket/{}",
        "oveit://{}",
        '{{"code":"{}"}}',
        '{{\n  "ticket": {{"code": "{}", "type": 2}}\n}}\n',
        '["{}"]',
        ']Q1{{"url":"https://oveit.example/check?code={}"}}\r',
        "https://oveit.example/check?code={}&more=" + "x" * 300,
    ],
)
@pytest.mark.parametrize("online", [True, False])
async def test_b19_the_part_of_an_address_that_the_list_knows_is_the_code(
    desk: Desk, server: OveitServer, venue: Venue, around: str, online: bool
) -> None:
    """Whatever is printed around it, online and offline."""
    ticket = venue.unused(100)[1]

    decision = await desk.check_in(
        Request(ticket_code=around.format(ticket.code), ask_oveit=online)
    )

    assert decision.reason is Reason.CHECKED_IN
    assert decision.ticket
    assert decision.ticket.code == ticket.code


@pytest.mark.parametrize(
    ("read", "code"),
    [
        ("https://oveit.example/check?code=n0b0dy", "check"),
        ("https://oveit.example/{0}/check?code={1}", "check"),
        ("https://oveit.example/{0}?code={1}", "{0}"),
        ('{{"code":"n0b0dy"}}', '{{"code":"n0b0dy"}}'),
        ('{{"codes":["{0}","{1}"]}}', '{{"codes":["{0}","{1}"]}}'),
    ],
)
async def test_b19_where_no_part_fits_or_several_do_the_rule_of_b15_holds(
    desk: Desk, venue: Venue, read: str, code: str
) -> None:
    """Nothing is guessed."""
    one, other = (ticket.code for ticket in venue.unused(100)[1:3])
    assert await desk.read_code(read.format(one, other)) == code.format(one, other)


@pytest.mark.parametrize("read", ["https://x/?c={}\nhttps://x/?c=0", "https://x/0\rhttps://x/{}"])
async def test_b19_two_addresses_in_one_read_are_two_codes(
    desk: Desk, venue: Venue, read: str
) -> None:
    """Also where only one of them is known."""
    read = read.format(venue.unused(100)[1].code)
    assert (await desk.check_in(Request(ticket_code=read))).reason is Reason.UNREADABLE


@pytest.mark.parametrize("around", ["{}\r", "{}\t", "{}\u00a0", "\ufeff{}", " {} ", "{}\u200b\r\n"])
@pytest.mark.parametrize("online", [True, False])
async def test_b20_a_code_with_invisible_characters_in_the_list_is_found(
    new_desk: Desk,
    new_ticket_sync: TicketSync,
    server: OveitServer,
    venue: Venue,
    ledger: Ledger,
    path: Path,
    around: str,
    online: bool,
) -> None:
    """By the ticket as it is printed; and Oveit is asked by the code that it has."""
    ticket = venue.unused(100)[1]
    printed, listed = ticket.code, around.format(ticket.code)
    rename(venue, ticket, listed)
    await new_ticket_sync.refresh(everything=True)

    decision = await new_desk.check_in(Request(ticket_code=printed.upper(), ask_oveit=online))

    assert decision.reason is Reason.CHECKED_IN
    if not online:
        assert ticket.checkins == []
        await new_desk.settle()
    await until(lambda: ticket.used)
    (row,) = query(path, "SELECT * FROM journal")
    assert row["state"] == "confirmed"
    assert [each.code for each in await ledger.find(printed)] == [listed]
    again = await new_desk.check_in(Request(ticket_code=printed, gate="South"))
    assert again.reason is Reason.ALREADY_CHECKED_IN


async def test_b20_two_codes_that_differ_by_what_is_invisible_are_two_tickets(
    new_desk: Desk, new_ticket_sync: TicketSync, venue: Venue
) -> None:
    """The plain one is meant by a plain read."""
    plain, other = venue.unused(100)[1:3]
    rename(venue, other, f"{plain.code}\r")
    await new_ticket_sync.refresh(everything=True)

    decision = await new_desk.check_in(Request(ticket_code=f"{plain.code}\r"))

    assert decision.ticket
    assert (decision.reason, decision.ticket.code) == (Reason.CHECKED_IN, plain.code)
    assert plain.used
    assert not other.used


async def test_b20_case_tells_two_tickets_apart_whatever_is_invisible(
    ledger: Ledger, new_ticket_sync: TicketSync, venue: Venue
) -> None:
    """As it does where nothing is."""
    for ticket, code in zip(venue.unused(100)[1:3], ("AbC1\r", "abc1"), strict=True):
        rename(venue, ticket, code)
    await new_ticket_sync.refresh(everything=True)
    for code in ("AbC1\r", "abc1"):
        assert [each.code for each in await ledger.find(trim(code))] == [code]
    assert await ledger.find("ABC1") == ()


async def test_b20_a_code_is_looked_up_by_its_index(ledger: Ledger, path: Path) -> None:
    """However long the list is."""
    key = str(CODE_KEY.compile(compile_kwargs={"literal_binds": True}))
    (plan,) = query(path, f"EXPLAIN QUERY PLAN SELECT * FROM tickets WHERE lower('x') = {key}")
    assert "tickets_by_code" in plan["detail"]
