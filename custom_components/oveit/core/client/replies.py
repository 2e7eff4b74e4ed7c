"""Parsing of Oveit's replies: what cannot be read is left out, or an OveitResponseError (I5)."""

from collections.abc import Callable, Mapping
from datetime import datetime
import json
from typing import Any

from ..codes import trim
from ..dates import read_date
from ..exceptions import OveitCaptivePortalError, OveitResponseError
from ..models import (
    MAX_CODE_LENGTH,
    Account,
    Addon,
    Answer,
    CheckIn,
    Event,
    JsonValue,
    TagAnswer,
    Ticket,
    TicketType,
)

_MAX_ID = 2**63
_MOST_ON_TAG = 32
_MAX_DEPTH = 8
_MAX_ERROR = 200

type Json = Mapping[str, Any]


def parse(body: bytes) -> Json:
    """Return the JSON object in the body of a reply."""
    try:
        reply = json.loads(body)
    except (ValueError, RecursionError) as err:
        if body.lstrip()[:1] == b"<":
            raise OveitCaptivePortalError("A web page answered in Oveit's place") from err
        raise OveitResponseError("Oveit's reply is not JSON") from err
    if not isinstance(reply, dict):
        raise OveitResponseError("Oveit's reply is not a JSON object")
    return reply


def read_error(reply: Json) -> str | None:
    """Return the beginning of what a reply says is wrong, on one line."""
    error = _text(reply.get("error"))
    return error and " ".join(error.split())[:_MAX_ERROR]


def read_account(item: object) -> Account:
    """Return the account in a reply to a login; the documented key `seller_id ` ends in a blank."""
    user = {key.strip(): value for key, value in _object(item).items()}
    permissions = _read_list(user.get("permissions"), _text)
    return Account(
        seller_id=_text(user.get("seller_id")),
        permissions=None if permissions is None else frozenset(permissions),
    )


def read_answer(reply: Json, asked_at: datetime, *, brief: bool) -> Answer:
    """Return the answer in a reply about one ticket; only `ok: true` without an error is a yes.

    A yes must name its ticket, except from endpoints that answer in `brief`.
    """
    error, ok = reply.get("error"), reply.get("ok")
    if not isinstance(ok, bool) and not error:
        raise OveitResponseError("Oveit's reply is neither a yes nor a no")
    ticket = _answered_ticket(reply)
    yes = ok is True and not error
    if yes and ticket is None and not brief:
        raise OveitResponseError("Oveit's yes names no ticket")
    return Answer(
        ok=yes,
        asked_at=asked_at,
        message=_text(error) or _text(reply.get("message")),
        ticket=ticket,
        event=read_event(reply.get("event")),
        rfid_codes=_read_list(reply.get("rfid_codes"), _tag),
        attendee=_attendee(reply.get("attendee")),
    )


def read_tag_answer(reply: Json) -> TagAnswer:
    """Return the codes of the tickets in a reply about a tag (decisions.md R16)."""
    if (error := reply.get("error")) or reply.get("ok") is False:
        return TagAnswer(codes=(), message=_text(error) or _text(reply.get("message")))
    listed = _object(reply.get("data")).get("tickets")
    codes = _read_list(listed, _tag)
    if codes is None or len(codes) != len(as_list(listed) or ()) or len(codes) > _MOST_ON_TAG:
        raise OveitResponseError("Oveit's reply lists no tickets of a tag")
    return TagAnswer(codes=tuple(dict.fromkeys(codes)))


def _answered_ticket(reply: Json) -> Ticket | None:
    """Return the ticket that a reply is about, with its uses in the order of their dates."""
    ticket, kind, event = (_object(reply.get(key)) for key in ("ticket", "ticket_type", "event"))
    if (code := _code(ticket.get("code"))) is None:
        return None
    checkins = _read_list(reply.get("checkins"), _use) or ()
    return Ticket(
        code=code,
        event_id=_id(event.get("id")),
        ticket_type_id=_id(kind.get("id")),
        ticket_type=_text(kind.get("name")),
        series=_text(ticket.get("series")),
        checked_in=any(use.addon_id is None for use in checkins),
        checkins=tuple(sorted(checkins, key=lambda use: use.at.timestamp() if use.at else 0)),
    )


def _tag(item: object) -> str | None:
    """Return the code of a tag, or of a ticket on one."""
    return _code(_object(item).get("code"))


def _use(item: object) -> CheckIn | None:
    """Return one use of a ticket."""
    if not isinstance(item, dict):
        return None
    at, zoned = read_date(item.get("date"))
    return CheckIn(addon_id=_id(item.get("addon_id")), at=at, zoned=zoned)


def read_event(item: object) -> Event | None:
    """Return an event, None without an id."""
    event = _object(item)
    starts_at, _ = read_date(event.get("starts_at"), any_form=True)
    return _identified(
        Event,
        event,
        starts_at=starts_at,
        start_unknown=starts_at is None and event.get("starts_at") is not None,
        location=_text(event.get("location")),
        tickets=_number(event.get("tickets", event.get("tickets_sold"))),
        checked_in=_number(event.get("tickets_checked_in")),
        ticket_types=_read_list(event.get("ticket_types"), _ticket_type) or (),
    )


def _ticket_type(item: object) -> TicketType | None:
    """Return a ticket type with its add-ons, None without an id."""
    kind = _object(item)
    return _identified(TicketType, kind, addons=_read_list(kind.get("addons"), _addon) or ())


def _addon(item: object) -> Addon | None:
    """Return an add-on, None without an id; older replies lack `is_bundled` and `enabled`."""
    addon = _object(item)
    return _identified(
        Addon,
        addon,
        is_bundled=addon.get("is_bundled", True) is True,
        uses=_number(addon.get("uses")) or None,
        enabled=addon.get("enabled", True) is True,
    )


def _identified[T](kind: Callable[..., T], item: Json, **values: object) -> T | None:
    """Return what has an id and a name, None without an id."""
    key = _id(item.get("id"))
    return kind(id=key, name=_text(item.get("name")) or str(key), **values) if key else None


def _attendee(item: object) -> Mapping[str, JsonValue] | None:
    """Return the values of an attendee's form by the names of their fields."""
    fields, values = (as_list(_object(item).get(key)) for key in ("fields", "values"))
    if fields is None or values is None:
        return None
    names = [_text(_object(field).get("name")) for field in fields]
    return {name: _clean(value) for name, value in zip(names, values, strict=False) if name}


def _object(value: object) -> Json:
    """Return a JSON object, an empty one in place of anything else."""
    return value if isinstance(value, dict) else {}


def as_list(value: object) -> list[Any] | None:
    """Return a list, also of an object whose keys are numbers; None of anything else."""
    if isinstance(value, dict):
        numbered = {key: each for key, each in value.items() if key.isascii() and key.isdigit()}
        return [numbered[key] for key in sorted(numbered, key=lambda key: (len(key), key))] or None
    return value if isinstance(value, list) else None


def _read_list[T](values: object, read: Callable[[object], T | None]) -> tuple[T, ...] | None:
    """Return the values of a list that can be read, None if it is no list."""
    listed = as_list(values)
    if listed is None:
        return None
    return tuple(found for value in listed if (found := read(value)) is not None)


def _clean(value: object, depth: int = _MAX_DEPTH) -> JsonValue:
    """Return a copy of a JSON value that can be stored; what is nested too deep becomes null."""
    if isinstance(value, list | dict) and not depth:
        return None
    if isinstance(value, list):
        return [_clean(item, depth - 1) for item in value]
    if isinstance(value, dict):
        return {_text(key) or "": _clean(item, depth - 1) for key, item in value.items()}
    if isinstance(value, bool | float):
        return value
    return _text(value)


def _number(value: object) -> int | None:
    """Return a count, None if it is no whole number from 0 on; digits as text are one."""
    if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) < 20:
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value < _MAX_ID:
        return None
    return value


def _id(value: object) -> int | None:
    """Return an id, None if it is no whole number from 1 on; digits as text are one."""
    return _number(value) or None


def _text(value: object) -> str | None:
    """Return a text without blanks around it and characters that no database can store."""
    if isinstance(value, bool) or not isinstance(value, str | int):
        return None
    return str(value).encode("utf-8", "replace").decode().replace("\0", "").strip() or None


def _code(value: object) -> str | None:
    """Return the code of a ticket or a tag, None if it is empty or too long."""
    code = trim(_text(value) or "")
    return code if 1 <= len(code) <= MAX_CODE_LENGTH else None


def check_same(answer: Answer, code: str) -> None:
    """Raise OveitResponseError when an answer is about another ticket."""
    if answer.ticket and answer.ticket.code.lower() != trim(code).lower():
        raise OveitResponseError("Oveit answered about another ticket")
