"""Feeds a reply to its parser, and checks that only a plain yes is one."""

from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
import json
from pathlib import Path
from typing import Any, Final, cast, override

import aiohttp

from custom_components.oveit.core.client.api import OveitClient
from custom_components.oveit.core.codes import (
    clean_code,
    clean_tag,
    is_code,
    parts,
    spellings,
    trim,
)
from custom_components.oveit.core.dates import read_date
from custom_components.oveit.core.exceptions import LedgerError, OveitError
from custom_components.oveit.core.ledger import Ledger
from custom_components.oveit.core.models import MAX_CODE_LENGTH, Answer, Event

EVENT: Final = Event(id=100, name="Lantern Night")
_NO_SESSION: Final = cast("aiohttp.ClientSession", None)


class Canned(OveitClient):
    """A client whose every request gets one reply."""

    def __init__(self, reply: bytes) -> None:
        """Take the reply."""
        super().__init__(
            _NO_SESSION, "http://127.0.0.1", token="1c0ffee5bad9e001", email="e", password="p"
        )
        self._reply = reply

    @override
    async def _request(self, *_: Any, **__: Any) -> bytes:
        """Return the reply."""
        return self._reply


async def take_events(ledger: Ledger, reply: bytes) -> None:
    """`seller/events`: what is understood can be kept."""
    try:
        events = await Canned(reply).events()
    except OveitError:
        return
    assert all(0 < event.id < 2**63 and event.name for event in events)
    await ledger.save_events(events)
    kept = await ledger.events()
    assert {event.id: kept[event.id] for event in events} == {each.id: each for each in events}


async def take_list(ledger: Ledger, reply: bytes) -> None:
    """`events/tickets`: the list is taken up, or an error that is not the ledger's own."""
    try:
        await ledger.take_list(EVENT, reply, datetime.now(UTC))
    except LedgerError:
        raise
    except OveitError:
        return
    await ledger.attendance(EVENT.id, datetime.now(UTC))
    for code in codes_in(reply):
        for ticket in await ledger.find(code):
            assert 1 <= len(ticket.code) <= MAX_CODE_LENGTH


async def take_answers(ledger: Ledger, reply: bytes) -> None:
    """`tickets/checkin`, `tickets/scan`, `turnstile/*`: only a plain yes is one."""
    client = Canned(reply)
    for ask in (client.check_in("7cd58203"), client.scan(ticket_code="7cd58203")):
        await _take_answer(ledger, ask, reply, is_brief=False)
    for ask in (client.enter_turnstile("7cd58203"), client.leave_turnstile("7cd58203")):
        await _take_answer(ledger, ask, reply, is_brief=True)


async def _take_answer(
    ledger: Ledger, ask: Awaitable[Answer], reply: bytes, *, is_brief: bool
) -> None:
    """Check one answer, and that what it tells can be kept."""
    try:
        answer = await ask
    except OveitError:
        return
    assert not answer.ok or is_plain_yes(reply, is_brief=is_brief), "An odd yes"
    if answer.ticket:
        assert 1 <= len(answer.ticket.code) <= MAX_CODE_LENGTH
        ticket = replace(answer.ticket, event_id=answer.ticket.event_id or EVENT.id)
        await ledger.learn(ticket, answer.rfid_codes, "5E35ED9A")
        assert answer.ticket.code in {each.code for each in await ledger.on_tag("5E35ED9A")}


async def take_login(_: Ledger, reply: bytes) -> None:
    """`seller/login`: without an error, there is a token."""
    try:
        account = await Canned(reply).login()
    except OveitError:
        return
    told = json.loads(reply)
    assert not told.get("error")
    assert isinstance(told["token"], str)
    assert account.seller_id is None or account.seller_id


async def take_date(ledger: Ledger, value: bytes) -> None:
    """A date: of this century or none, and the same in Python and in the SQL of the list."""
    text = value.decode(errors="replace").replace("\0", "")
    for any_form in (False, True):
        at, zoned = read_date(text, any_form=any_form)
        assert at is None or 1999 <= at.year <= 2100
        assert zoned or at is not None
    row = {"code": "date", "checked_in": True, "checkins": [{"addon_id": None, "date": text}]}
    for _ in range(2):  # a list that is much smaller than the one before is read a second time
        await ledger.take_list(EVENT, json.dumps({"tickets": [row]}).encode(), datetime.now(UTC))
    (ticket,) = await ledger.find("date")
    (use,) = ticket.checkins
    at, zoned = read_date(text)
    assert (use.at, use.zoned) == (at and at.replace(microsecond=0), zoned)


async def take_header(_: Ledger, value: bytes) -> None:
    """A `Date` header: the clock is right, or as it was, whatever the header says."""
    client = Canned(b"{}")
    client._set_clock(value.decode(errors="surrogateescape"))
    assert 1999 <= client.now().year <= 2100
    client.learn_date(client.now())
    assert abs(client.dates_ahead or timedelta()) < timedelta(seconds=1)


async def take_code(ledger: Ledger, code: bytes) -> None:
    """What a reader sends: cleaned once is cleaned for good, and only codes are looked up."""
    text = code.decode(errors="surrogateescape")
    for clean in (clean_code, clean_tag):
        cleaned = clean(text)
        assert clean(cleaned) == cleaned == trim(cleaned)
    first, *others = codes = parts(text)
    assert first == clean_code(text)
    assert all(is_code(part) for part in others)
    for spelled in spellings(text).values():
        assert 1 <= len(set(spelled)) == len(spelled) <= 4
    if all(is_code(part) for part in codes):
        assert await ledger.pick(codes) in codes
        await ledger.on_tag(first)


def is_plain_yes(reply: bytes, *, is_brief: bool) -> bool:
    """Tell a yes the way the documentation has it."""
    told = json.loads(reply)
    if not isinstance(told, dict) or told.get("ok") is not True or told.get("error"):
        return False
    ticket = told.get("ticket")
    code = ticket.get("code") if isinstance(ticket, dict) else None
    return is_brief or (isinstance(code, str | int) and not isinstance(code, bool) and code != "")


def codes_in(reply: bytes) -> list[str]:
    """Return what may be a code in a list."""
    try:
        rows = json.loads(reply)["tickets"]
        return [row["code"] for row in rows if isinstance(row["code"], str)]
    except ValueError, TypeError, KeyError, RecursionError:
        return []


async def open_ledger(folder: Path) -> Ledger:
    """Open a ledger to keep in what is understood."""
    return await Ledger.open(folder / "ledger.db")


TARGETS: Final[dict[str, Callable[[Ledger, bytes], Awaitable[None]]]] = {
    "events": take_events,
    "list": take_list,
    "answer": take_answers,
    "login": take_login,
    "code": take_code,
    "date": take_date,
    "header": take_header,
}
