"""The rules by which a read is decided: pure functions, without a clock and without I/O."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import Enum, auto
from functools import partial

from .models import (
    AddonUse,
    Answer,
    CheckIn,
    Event,
    OfflinePolicy,
    Reason,
    Request,
    Row,
    Several,
    Ticket,
)
from .polling import is_open

SAME_USE = timedelta(seconds=120)
EARLIER = timedelta(seconds=60)

_NEAREST_LAST = (
    Reason.WRONG_EVENT,
    Reason.GATE_CLOSED,
    Reason.WRONG_TICKET_TYPE,
    Reason.ADDON_UNAVAILABLE,
    Reason.ADDON_USED_UP,
    Reason.ALREADY_CHECKED_IN,
    Reason.OFFLINE_REFUSED,
    Reason.NO_TICKET_LIST,
)


class Undecided(Enum):
    """Why a read cannot be decided yet.

    `UNKNOWN`: the ticket or its type must be looked up. `UNCLAIMED`: Oveit may have counted
    this guest already. `IN_FLIGHT`: another read is asking Oveit about the same use.
    """

    UNKNOWN = auto()
    UNCLAIMED = auto()
    IN_FLIGHT = auto()


@dataclass(frozen=True, kw_only=True, slots=True)
class Known:
    """What is known of a read when it is decided.

    `events` are those followed, and `list_ages` the ages of their lists, by their ids. Without
    `online`, Oveit cannot be asked; without `may_wait`, other reads are not waited for.
    """

    events: Mapping[int, Event]
    tickets: tuple[Ticket, ...] = ()
    at: datetime
    online: bool = True
    may_wait: bool = True
    list_ages: Mapping[int, timedelta] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True, slots=True)
class Verdict:
    """The result of the rules; if it is not `certain`, Oveit might decide otherwise.

    `slot` is the number of the use that an admission takes; where it `awaits`, another read's
    answer about the same use decides. `others` are admitted along with this, being on the same
    tag; `overruled` is the refusal that was turned into this admission.
    """

    reason: Reason
    ticket: Ticket | None = None
    event: Event | None = None
    addon: AddonUse | None = None
    certain: bool = True
    slot: int | None = None
    awaits: bool = False
    overruled: Reason | None = None
    others: tuple[Verdict, ...] = ()


def decide(known: Known, request: Request) -> Verdict:
    """Return the verdict on a read by what is known, online and offline (decisions.md A to C, R).

    Of several tickets, those that are refused are left out; if all are, the verdict is the
    refusal that came closest to an admission (decisions.md R5).
    """
    if not known.tickets:
        return _judge_unknown(known, request)
    verdicts = [
        _check_offline(_judge(ticket, known, request), known, request) for ticket in known.tickets
    ]
    admitting = [verdict for verdict in verdicts if verdict.reason.admits]
    if not admitting:
        return max(verdicts, key=_nearness)
    if len(admitting) == 1 or request.several is Several.FIRST:
        return admitting[0]
    if request.several is Several.ALL:
        return replace(admitting[0], others=tuple(admitting[1:]))
    return Verdict(reason=Reason.AMBIGUOUS)


def _nearness(refusal: Verdict) -> tuple[bool, int]:
    """Return how near to an admission a refusal was; a new reason is the farthest."""
    reason = refusal.reason
    return refusal.awaits, _NEAREST_LAST.index(reason) if reason in _NEAREST_LAST else -1


def _judge_unknown(known: Known, request: Request) -> Verdict:
    """Return the verdict on a code without a ticket (decisions.md C1, C2, I6).

    Offline, a code is unknown only if all lists are recent enough for the gate, a tag if one is.
    """
    listed = [_is_listed(key, known, request) for key in known.events]
    is_unknown = any(listed) if request.rfid_code else all(listed) and bool(listed)
    if not known.online and not is_unknown:
        return Verdict(reason=Reason.NO_TICKET_LIST, certain=False)
    reason = Reason.UNKNOWN_TAG if request.rfid_code else Reason.UNKNOWN_TICKET
    return Verdict(reason=reason, certain=False)


def _check_offline(verdict: Verdict, known: Known, request: Request) -> Verdict:
    """Return a verdict, as a refusal if it is an admission that needs Oveit while offline.

    Of either, Oveit might decide otherwise.
    """
    if known.online or not verdict.reason.admits or verdict.event is None:
        return verdict
    open_question = partial(replace, verdict, certain=False)
    if request.offline is OfflinePolicy.REFUSE:
        return open_question(reason=Reason.OFFLINE_REFUSED)
    if not _is_listed(verdict.event.id, known, request):
        return open_question(reason=Reason.NO_TICKET_LIST)
    entered = verdict.ticket is not None and verdict.ticket.checked_in
    if verdict.addon and not (verdict.certain and (entered or not request.require_main_entry)):
        return open_question(reason=Reason.ADDON_UNAVAILABLE)
    return open_question()


def _is_listed(event_id: int, known: Known, request: Request) -> bool:
    """Return whether an event has a list that is recent enough for the gate."""
    age = known.list_ages.get(event_id)
    return age is not None and age <= request.max_list_age


def accept(answer: Answer, verdict: Verdict, known: Known, request: Request) -> Reason:
    """Return the reason that follows from Oveit's answer to a check-in.

    A yes for another event is refused, and so is a yes for a ticket that had entered before:
    Oveit may accept a second check-in (decisions.md B2, B7, I4).
    """
    if not answer.ok:
        return Reason.REFUSED
    event_id = answer.event.id if answer.event else verdict.event and verdict.event.id
    if event_id not in known.events or (request.event_ids and event_id not in request.event_ids):
        return Reason.WRONG_EVENT
    if request.addon_id is None and not request.re_entry and entered_before(answer):
        return Reason.ALREADY_CHECKED_IN
    return Reason.CHECKED_IN


def explain_addon(event: Event | None, row: Row, uses: Iterable[CheckIn]) -> Reason | None:
    """Return why Oveit refuses a row's add-on; None if the ticket's uses do not show it (A15)."""
    if event is None or row.addon_id is None or event.ticket_type(row.ticket_type_id) is None:
        return None
    ticket = Ticket(code=row.code, ticket_type_id=row.ticket_type_id, checkins=tuple(uses))
    reason = _judge_addon(ticket, event, row.addon_id).reason
    return None if reason.admits else reason


def merge_uses(listed: Iterable[CheckIn], ours: Iterable[CheckIn]) -> tuple[CheckIn, ...]:
    """Return the uses in Oveit's list and our own ones, each use once, the oldest first.

    One of the list and one of ours are the same use if they are of the same add-on and at most
    `SAME_USE` apart by Oveit's clock; ours is returned.
    """
    own = list(ours)
    merged = own + without(listed, own)
    return tuple(sorted(merged, key=lambda use: (use.at is None, use.at and use.at.timestamp())))


def without(listed: Iterable[CheckIn], ours: Iterable[CheckIn]) -> list[CheckIn]:
    """Return the uses in Oveit's list for which none of ours accounts, each for at most one."""
    others = list(listed)
    for use in ours:
        twin = next((other for other in others if _is_same_use(other, use)), None)
        if twin is not None:
            others.remove(twin)
    return others


def _is_same_use(listed: CheckIn, ours: CheckIn) -> bool:
    """Return whether a use in Oveit's list may be this one of ours."""
    at = ours.at_oveit or ours.at
    is_near = not (listed.at and at and listed.zoned) or abs(listed.at - at) <= SAME_USE
    return listed.addon_id == ours.addon_id and is_near


def entered_before(answer: Answer) -> bool:
    """Return whether an answer shows an entry from before Oveit was asked (decisions.md T5)."""
    uses, limit = answer.ticket.checkins if answer.ticket else (), answer.asked_at - EARLIER
    entries = [use for use in uses if use.addon_id is None]
    is_earlier = (use.zoned and use.at is not None and use.at < limit for use in entries)
    return len(entries) > 1 or any(is_earlier)


def _judge(ticket: Ticket, known: Known, request: Request) -> Verdict:
    """Return the verdict on one ticket: by event, hours, type, then add-on or earlier entry."""
    event = known.events.get(ticket.event_id) if ticket.event_id is not None else None
    verdict = partial(Verdict, ticket=ticket, event=event)
    if event is None or (request.event_ids and event.id not in request.event_ids):
        return verdict(reason=Reason.WRONG_EVENT)
    if request.within_window and not is_open(event, known.at):
        return verdict(reason=Reason.GATE_CLOSED)
    if request.ticket_type_ids and ticket.ticket_type_id not in request.ticket_type_ids:
        return verdict(reason=Reason.WRONG_TICKET_TYPE)
    addon_id, awaits = request.addon_id, request.addon_id in ticket.in_flight and known.may_wait
    slot = ticket.slots.get(addon_id, 0) + 1
    if addon_id is not None and awaits:
        return verdict(reason=Reason.ADDON_USED_UP, certain=False, awaits=True)
    if addon_id is not None:
        return replace(_judge_addon(ticket, event, addon_id), slot=slot)
    if None in ticket.in_flight:
        return verdict(reason=Reason.ALREADY_CHECKED_IN, certain=False, awaits=awaits)
    if ticket.checked_in and not request.re_entry:
        return verdict(reason=Reason.ALREADY_CHECKED_IN)
    return verdict(reason=Reason.CHECKED_IN, certain=not ticket.checked_in, slot=slot)


def _judge_addon(ticket: Ticket, event: Event, addon_id: int) -> Verdict:
    """Return the verdict on the use of an add-on (decisions.md A3 to A9)."""
    kind = event.ticket_type(ticket.ticket_type_id)
    addon = next((addon for addon in kind.addons if addon.id == addon_id), None) if kind else None
    if addon is None or not addon.enabled:
        use = AddonUse(id=addon_id, name=addon.name if addon else None, uses=None, used=0)
        return Verdict(reason=Reason.ADDON_UNAVAILABLE, ticket=ticket, event=event, addon=use)
    used = ticket.uses_of(addon.id) + (addon.id in ticket.in_flight)
    use = AddonUse(id=addon.id, name=addon.name, uses=addon.uses, used=used)
    is_limited = addon.is_bundled and addon.uses is not None
    reason = Reason.ADDON_USED_UP if is_limited and use.left == 0 else Reason.CHECKED_IN
    return Verdict(reason=reason, ticket=ticket, event=event, addon=use, certain=is_limited)
