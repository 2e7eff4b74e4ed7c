"""Ticket lists in slices: the same tickets, however long and in whatever form the list comes."""

from datetime import UTC, datetime
import gzip
import json
from typing import Any

from hypothesis import given, strategies as st
import pytest

from custom_components.oveit.core.client import ticket_list as replies
from custom_components.oveit.core.exceptions import OveitResponseError
from custom_components.oveit.core.ledger import Ledger
from custom_components.oveit.core.models import Event

EVENT = Event(id=100, name="Concert")
NOON = datetime(2026, 6, 1, 12, tzinfo=UTC)


def is_array(text: str) -> bool:
    """Return whether a text is a JSON array."""
    try:
        return isinstance(json.loads(text), list)
    except ValueError:
        return False


def parts(reply: bytes) -> list[dict[str, Any]]:
    """Return the slices of a reply as JSON objects."""
    return [json.loads(text) for text in replies.slices(reply, is_array)]


@pytest.fixture(autouse=True)
def small_slices(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make slices so small that a short list is cut."""
    monkeypatch.setattr(replies, "_BLOCK", 64)
    monkeypatch.setattr(replies, "_SLICE", 100)


TICKETS = st.lists(
    st.fixed_dictionaries(
        {
            "code": st.text(st.sampled_from('a},{"[]\\ é'), max_size=20),
            "checkins": st.lists(
                st.fixed_dictionaries({"addon_id": st.sampled_from([None, 1])}), max_size=4
            ),
        }
    ),
    max_size=30,
)


@given(TICKETS, st.sampled_from([(",", ":"), (", ", ": "), (" ,\n", " :\t")]), st.booleans())
def test_the_slices_hold_the_tickets_of_the_whole(
    tickets: list[dict[str, Any]], separators: tuple[str, str], packed: bool
) -> None:
    """No cut goes through a ticket, whatever is in it and however the JSON is written."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(replies, "_BLOCK", 64)
        patch.setattr(replies, "_SLICE", 100)
        reply = json.dumps({"tickets": tickets}, separators=separators, ensure_ascii=False)
        body = gzip.compress(reply.encode()) if packed else reply.encode()

        found = [ticket for part in parts(body) for ticket in part["tickets"]]

    assert found == tickets


def test_a_long_list_is_cut() -> None:
    """Each slice is much shorter than the list."""
    tickets = [{"code": f"t{place}", "checkins": []} for place in range(100)]

    lengths = [len(part["tickets"]) for part in parts(json.dumps({"tickets": tickets}).encode())]

    assert sum(lengths) == 100
    assert max(lengths) < 10


def test_another_list_behind_the_tickets_is_not_taken_for_tickets() -> None:
    """A list of another name is left out."""
    others = [{"code": f"no{place}"} for place in range(50)]
    reply = {"tickets": [{"code": "a"}, {"code": "b"}], "others": others}

    found = parts(json.dumps(reply).encode())

    assert [ticket["code"] for part in found for ticket in part["tickets"]] == ["a", "b"]
    assert found[-1]["others"] == others


def test_a_reply_that_begins_otherwise_is_not_cut() -> None:
    """Only a reply that begins with its tickets is cut; others are one slice."""
    reply = {"ok": True, "tickets": [{"code": f"t{place}"} for place in range(50)]}

    assert parts(json.dumps(reply).encode()) == [reply]


@pytest.mark.parametrize(
    "broken",
    [
        gzip.compress(b'{"tickets":[]}')[:-9],
        b"\x1f\x8b" + b"no gzip at all",
        gzip.compress(b'{"tickets":[{"code":"\xff"}]}'),
    ],
    ids=["cut short", "garbage", "no text"],
)
async def test_t6_a_list_that_cannot_be_unpacked_is_not_imported(
    ledger: Ledger, broken: bytes
) -> None:
    """The list from before stays."""
    await ledger.take_list(EVENT, b'{"tickets":[{"code":"abc"}]}', NOON)

    with pytest.raises(OveitResponseError):
        await ledger.take_list(EVENT, broken, NOON)
    assert (await ledger.attendance(EVENT.id, NOON)).tickets == 1


async def test_a_list_that_unpacks_without_end_is_refused(
    ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A small reply cannot fill the memory."""
    monkeypatch.setattr(replies, "_MAX_SIZE", 1_000)

    with pytest.raises(OveitResponseError):
        await ledger.take_list(EVENT, gzip.compress(b'{"tickets":[' + b" " * 10_000), NOON)


async def test_a_list_that_ends_in_an_error_is_not_imported(ledger: Ledger) -> None:
    """Tickets that Oveit listed before its failure are not imported."""
    tickets = ",".join(f'{{"code":"t{place}"}}' for place in range(50))

    with pytest.raises(OveitResponseError):
        await ledger.take_list(EVENT, f'{{"tickets":[{tickets}],"error":"No"}}'.encode(), NOON)
    with pytest.raises(OveitResponseError):
        await ledger.take_list(EVENT, f'{{"tickets":[{tickets},'.encode(), NOON)
    assert (await ledger.attendance(EVENT.id, NOON)).tickets == 0


async def test_a_compressed_list_is_the_same_list(ledger: Ledger) -> None:
    """An unchanged list has the same digest, compressed or not; duplicates meet across cuts."""
    tickets = [{"code": f"t{place % 40}", "checked_in": place < 40} for place in range(60)]
    reply = json.dumps({"tickets": tickets}).encode()

    await ledger.take_list(EVENT, reply, NOON)
    before = await ledger.list_state(EVENT.id)
    await ledger.take_list(EVENT, gzip.compress(reply), NOON)
    attendance = await ledger.attendance(EVENT.id, NOON)

    assert (attendance.tickets, attendance.checked_in, before.skipped) == (40, 40, 20)
    assert await ledger.list_state(EVENT.id) == before
