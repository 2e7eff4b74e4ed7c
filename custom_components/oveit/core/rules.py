"""The decision at a door: pure, without a clock and without I/O."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import timedelta
import re
from urllib.parse import unquote, urlsplit

from .models import AddonUse, Answer, CheckIn, Event, Reason, Request, Ticket

SAME_USE = timedelta(seconds=120)
EARLIER = timedelta(seconds=60)

_EDGES = re.compile(r"^[\s\x00-\x1f\x7f]+|[\s\x00-\x1f\x7f]+$")
_SCANNER_PREFIX = re.compile(r"^(\][A-Za-z][0-9])?(\\[0-9]{6})?")
_WEB_ADDRESS = re.compile(r"^https?://", re.IGNORECASE)

_NEAREST_LAST = (
    Reason.WRONG_EVENT,
    Reason.WRONG_TICKET_TYPE,
    Reason.ADDON_UNAVAILABLE,
    Reason.ADDON_USED_UP,
    Reason.ALREADY_CHECKED_IN,
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Known:
    """What is known when a guest stands at the door: followed events, tickets of the code."""

    events: Mapping[int, Event]
    tickets: tuple[Ticket, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class Verdict:
    """What follows from the known; without `certain`, only Oveit can really tell."""

    reason: Reason
    ticket: Ticket | None = None
    event: Event | None = None
    addon: AddonUse | None = None
    certain: bool = True


def decide(known: Known, request: Request) -> Verdict:
    """Decide what is asked by what is known (decisions.md B, A and R5)."""
    if not known.tickets:
        reason = Reason.UNKNOWN_TAG if request.rfid_code else Reason.UNKNOWN_TICKET
        return Verdict(reason=reason, certain=False)
    verdicts = [_judge(ticket, known, request) for ticket in known.tickets]
    admitting = [verdict for verdict in verdicts if verdict.reason.admits]
    if len(admitting) > 1:
        return Verdict(reason=Reason.AMBIGUOUS)
    if admitting:
        return admitting[0]
    return max(verdicts, key=lambda verdict: _NEAREST_LAST.index(verdict.reason))


def accept(answer: Answer, verdict: Verdict, known: Known, request: Request) -> Reason:
    """Return what Oveit's answer to a check-in means at this door.

    A yes for another event never opens it, nor does a yes for a ticket that had
    entered before: Oveit may accept a second check-in (decisions.md I4).
    """
    if not answer.ok:
        return Reason.REFUSED
    event_id = answer.event.id if answer.event else verdict.event and verdict.event.id
    if event_id not in known.events or (request.event_ids and event_id not in request.event_ids):
        return Reason.WRONG_EVENT
    if request.addon_id is None and not request.re_entry and _entered_before(answer):
        return Reason.ALREADY_CHECKED_IN
    return Reason.CHECKED_IN


def clean_code(text: str) -> str:
    r"""Return the ticket code in what a scanner read (decisions.md B15).

    Again and again until nothing changes: blanks and control characters at both ends
    go; so do a scanner's symbology identifier (`]Q1`) and character set (`\000026`) at
    the start; of a web address, the last part of its path stays. Upper and lower case
    stay as they are.
    """
    code = _clean(text)
    while code != text:
        text, code = code, _clean(code)
    return code


def _clean(text: str) -> str:
    """Take one layer off a code."""
    code = _SCANNER_PREFIX.sub("", _EDGES.sub("", text))
    if _WEB_ADDRESS.match(code):
        code = unquote(_path(code).rstrip("/").rpartition("/")[2]) or code
    return code


def _path(address: str) -> str:
    """Return the path of a web address, nothing of a broken one."""
    try:
        return urlsplit(address).path
    except ValueError:
        return ""


def merge_uses(listed: Iterable[CheckIn], ours: Iterable[CheckIn]) -> tuple[CheckIn, ...]:
    """Join Oveit's list of uses with our own, each use counted once, oldest first.

    A use of ours and one of the list are the same when they are of the same add-on and,
    by Oveit's clock, at most `SAME_USE` apart; ours is the one that is kept.
    """
    others, merged = list(listed), list(ours)
    for use in merged:
        twin = next((other for other in others if _is_same_use(other, use)), None)
        if twin is not None:
            others.remove(twin)
    merged += others
    return tuple(sorted(merged, key=lambda use: (use.at is None, use.at and use.at.timestamp())))


def _is_same_use(listed: CheckIn, ours: CheckIn) -> bool:
    """Tell whether a listed use is one of ours, seen again."""
    at = ours.at_oveit or ours.at
    if listed.addon_id != ours.addon_id:
        return False
    return listed.at is None or at is None or not listed.zoned or abs(listed.at - at) <= SAME_USE


def _entered_before(answer: Answer) -> bool:
    """Tell whether the ticket had entered before Oveit was asked."""
    entries = (
        [use for use in answer.ticket.checkins if use.addon_id is None] if answer.ticket else []
    )
    if len(entries) > 1:
        return True
    limit = answer.asked_at - EARLIER
    return any(use.zoned and use.at is not None and use.at < limit for use in entries)


def _judge(ticket: Ticket, known: Known, request: Request) -> Verdict:
    """Decide on one ticket: event, type, add-on, then whether it was used."""
    event = known.events.get(ticket.event_id) if ticket.event_id is not None else None
    if event is None or (request.event_ids and event.id not in request.event_ids):
        return Verdict(reason=Reason.WRONG_EVENT, ticket=ticket, event=event)
    if request.ticket_type_ids and ticket.ticket_type_id not in request.ticket_type_ids:
        return Verdict(reason=Reason.WRONG_TICKET_TYPE, ticket=ticket, event=event)
    if request.addon_id is not None:
        return _judge_addon(ticket, event, request.addon_id)
    if not ticket.checked_in:
        return Verdict(reason=Reason.CHECKED_IN, ticket=ticket, event=event)
    if request.re_entry:
        return Verdict(reason=Reason.CHECKED_IN, ticket=ticket, event=event, certain=False)
    return Verdict(reason=Reason.ALREADY_CHECKED_IN, ticket=ticket, event=event)


def _judge_addon(ticket: Ticket, event: Event, addon_id: int) -> Verdict:
    """Decide on the use of an add-on (decisions.md A3 to A9)."""
    kind = event.ticket_type(ticket.ticket_type_id)
    addon = next((addon for addon in kind.addons if addon.id == addon_id), None) if kind else None
    if addon is None or not addon.enabled:
        use = AddonUse(id=addon_id, name=addon.name if addon else None, uses=None, used=0)
        return Verdict(reason=Reason.ADDON_UNAVAILABLE, ticket=ticket, event=event, addon=use)
    use = AddonUse(id=addon.id, name=addon.name, uses=addon.uses, used=ticket.uses_of(addon.id))
    if not addon.is_bundled or addon.uses is None:
        reason, certain = Reason.CHECKED_IN, False
    elif use.left == 0:
        reason, certain = Reason.ADDON_USED_UP, True
    else:
        reason, certain = Reason.CHECKED_IN, True
    return Verdict(reason=reason, ticket=ticket, event=event, addon=use, certain=certain)
