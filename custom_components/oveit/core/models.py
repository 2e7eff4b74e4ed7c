"""The data of the core: what Oveit replies, what is requested, recorded and decided."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from uuid import uuid4

NO_EVENT = 0
MAX_CODE_LENGTH = 256

type JsonValue = Mapping[str, JsonValue] | list[JsonValue] | str | int | float | bool | None


class Reason(StrEnum):
    """Why a guest is admitted or refused; the values are words of the public interface."""

    CHECKED_IN = "checked_in"
    REPEAT = "repeat"
    OVERRIDE = "override"
    LEFT = "left"
    ALREADY_CHECKED_IN = "already_checked_in"
    UNKNOWN_TICKET = "unknown_ticket"
    UNKNOWN_TAG = "unknown_tag"
    WRONG_EVENT = "wrong_event"
    WRONG_TICKET_TYPE = "wrong_ticket_type"
    ADDON_UNAVAILABLE = "addon_unavailable"
    ADDON_USED_UP = "addon_used_up"
    AMBIGUOUS = "ambiguous"
    GATE_CLOSED = "gate_closed"
    STALE_READ = "stale_read"
    UNREADABLE = "unreadable"
    TOO_MANY_UNKNOWN = "too_many_unknown"
    UNDONE = "undone"
    NO_TICKET_LIST = "no_ticket_list"
    OFFLINE_REFUSED = "offline_refused"
    REFUSED = "refused"

    @property
    def admits(self) -> bool:
        """Return whether this reason is an admission."""
        return self in (Reason.CHECKED_IN, Reason.REPEAT, Reason.OVERRIDE, Reason.LEFT)


class Source(StrEnum):
    """Who decided."""

    OVEIT = "oveit"
    LEDGER = "ledger"


class OfflinePolicy(StrEnum):
    """What to do while Oveit cannot be asked."""

    ADMIT_KNOWN = "admit_known"
    REFUSE = "refuse"


class Direction(StrEnum):
    """The direction in which a gate is passed."""

    ENTRY = "entry"
    EXIT = "exit"


class Several(StrEnum):
    """What a gate does with a tag of which several tickets would be admitted (R5, R6)."""

    AMBIGUOUS = "ambiguous"
    FIRST = "first"
    ALL = "all"


class RowState(StrEnum):
    """The state of a journal row; `ledger/journal.py` has the table of allowed transitions.

    `asking`: reserved for a guest who waits while Oveit is asked. `pending`: admitted here,
    to be uploaded. `in_doubt`: sent, answer unknown. `confirmed`: Oveit has it. `rejected`:
    a conflict. `local`: nothing to upload. `void`: claims nothing any more.
    """

    ASKING = "asking"
    PENDING = "pending"
    IN_DOUBT = "in_doubt"
    CONFIRMED = "confirmed"
    REJECTED = "rejected"
    LOCAL = "local"
    VOID = "void"


class Cause(StrEnum):
    """Why a row is a conflict, or what remains unknown of one that ended."""

    UNDECIDABLE = "undecidable"
    USED_ELSEWHERE = "used_elsewhere"
    UNKNOWN_TICKET = "unknown_ticket"
    SET_ASIDE = "set_aside"
    UNREADABLE = "unreadable"
    ADDON_UNAVAILABLE = "addon_unavailable"
    ADDON_USED_UP = "addon_used_up"


@dataclass(frozen=True, kw_only=True, slots=True)
class Account:
    """The account of a login; None stands for what Oveit's reply did not contain."""

    seller_id: str | None
    permissions: frozenset[str] | None

    def lacks(self, permission: str) -> bool:
        """Return whether Oveit listed the account's permissions without this one."""
        return self.permissions is not None and permission not in self.permissions


@dataclass(frozen=True, kw_only=True, slots=True)
class Addon:
    """An add-on of a ticket type; `uses` is its limit for each ticket, None without a limit."""

    id: int
    name: str
    is_bundled: bool = True
    uses: int | None = None
    enabled: bool = True


@dataclass(frozen=True, kw_only=True, slots=True)
class TicketType:
    """A ticket type of one event."""

    id: int
    name: str
    addons: tuple[Addon, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class Event:
    """An event; without `starts_at` it is perpetual, unless `start_unknown` (decisions.md B21).

    `active` is whether Oveit lists it, `ended_at` when it was first missing from Oveit's list.
    `tickets` and `checked_in` are Oveit's own counts.
    """

    id: int
    name: str
    active: bool = True
    ended_at: datetime | None = None
    starts_at: datetime | None = None
    start_unknown: bool = False
    location: str | None = None
    tickets: int | None = None
    checked_in: int | None = None
    ticket_types: tuple[TicketType, ...] = ()

    def ticket_type(self, ticket_type_id: int | None) -> TicketType | None:
        """Return the ticket type with this id."""
        return next((kind for kind in self.ticket_types if kind.id == ticket_type_id), None)


@dataclass(frozen=True, kw_only=True, slots=True)
class CheckIn:
    """One use of a ticket: its entry, or the use of the add-on with this id.

    `at` is by Oveit's clock for a use in its list, and by this machine's for one of ours, which
    has `at_oveit` by Oveit's clock. `zoned` is whether Oveit's date named its time zone.
    """

    addon_id: int | None = None
    at: datetime | None = None
    gate: str | None = None
    at_oveit: datetime | None = None
    zoned: bool = True


@dataclass(frozen=True, kw_only=True, slots=True)
class Ticket:
    """A ticket with its known uses, at Oveit and here.

    `unclaimed` are the add-ons (None: the entry) that Oveit may have counted for a guest
    who was not let in, `in_flight` those that another read is asking Oveit about right now.
    `slots` has the highest number of a use of each that the journal holds.
    """

    code: str
    event_id: int | None = None
    ticket_type_id: int | None = None
    ticket_type: str | None = None
    series: str | None = None
    checked_in: bool = False
    checkins: tuple[CheckIn, ...] = ()
    unclaimed: frozenset[int | None] = frozenset()
    in_flight: frozenset[int | None] = frozenset()
    slots: Mapping[int | None, int] = field(default_factory=dict, compare=False)

    @property
    def first_entry(self) -> CheckIn | None:
        """Return the ticket's first entry."""
        return next((use for use in self.checkins if use.addon_id is None), None)

    def uses_of(self, addon_id: int) -> int:
        """Return the number of uses of an add-on."""
        return sum(use.addon_id == addon_id for use in self.checkins)


@dataclass(frozen=True, kw_only=True, slots=True)
class Answer:
    """Oveit's answer to a check-in or a look-up; only `ok` is a yes.

    `asked_at` is the time of the request by Oveit's clock. `rfid_codes` are the ticket's tags,
    None if the reply does not list them. `attendee` holds personal data.
    """

    ok: bool
    asked_at: datetime
    message: str | None = None
    ticket: Ticket | None = None
    event: Event | None = None
    rfid_codes: tuple[str, ...] | None = None
    attendee: Mapping[str, JsonValue] | None = field(default=None, repr=False)


@dataclass(frozen=True, kw_only=True, slots=True)
class TagAnswer:
    """Oveit's answer to the question for all tickets on a tag; a refusal tells of none."""

    codes: tuple[str, ...]
    message: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Request:
    """A read to decide, and the policy of its gate.

    Exactly one of `ticket_code` and `rfid_code` is set; an empty set of ids admits all.
    `deadline` is in seconds. `or_ticket` is a ticket code to look up if nobody knows the tag.

    - `re_entry`: a ticket that has entered may enter again, if Oveit says so (B10)
    - `several`: what to do with several tickets on a tag (R5)
    - `require_main_entry`: offline, no add-on before the ticket's entry (A10)
    - `turnstile`: use Oveit's turnstile endpoints (X5)
    - `within_window`: admit only within the event's opening hours (B12)
    - `max_list_age`: offline, admit nobody by an older list (C2)
    - `rehearsal`: decide, but check nothing in
    - `free_flow`: refuse nobody (X9)
    - `ask_oveit`: False decides by the ledger, as if offline
    - `refusal`: why nobody is looked up, who is refused unless everybody may pass
    """

    ticket_code: str | None = None
    rfid_code: str | None = None
    ticket_type_ids: frozenset[int] = frozenset()
    addon_id: int | None = None
    event_ids: frozenset[int] = frozenset()
    gate: str | None = None
    gate_id: str | None = None
    direction: Direction = Direction.ENTRY
    deadline: float = 3.0
    offline: OfflinePolicy = OfflinePolicy.ADMIT_KNOWN
    re_entry: bool = False
    several: Several = Several.AMBIGUOUS
    require_main_entry: bool = False
    turnstile: bool = False
    within_window: bool = False
    or_ticket: str | None = None
    max_list_age: timedelta = timedelta(hours=12)
    scan_id: str | None = None
    rehearsal: bool = False
    free_flow: bool = False
    ask_oveit: bool = True
    refusal: Reason | None = None


def new_ref() -> str:
    """Return an identity for a row or a read: a random UUID, 32 hex digits."""
    return uuid4().hex


@dataclass(frozen=True, kw_only=True, slots=True)
class Row:
    """A journal row: one intended use of a ticket, and what Oveit knows of it.

    `ref` is its identity, made by whoever writes it; `seq` is its number in this ledger;
    `slot` numbers the uses of one entry or add-on and is None where the row takes none.
    `at` is the time at the door; `asked_at` and `asked_last` are when Oveit was asked first
    and last, by Oveit's own clock, `attempts` how often, `failures` how often that failed.
    Without `admitted`, it was sent for a guest who was not let in. `cause` is why it is a
    conflict, `overruled` the refusal that this admission was, `note` a steward's own words.
    `undone_at` is when an admission by this row was last taken back, `undone_by` the user.
    """

    seq: int = 0
    ref: str = field(default_factory=new_ref)
    box: str | None = None
    code: str
    event_id: int = 0
    rfid_code: str | None = None
    ticket_type_id: int | None = None
    addon_id: int | None = None
    slot: int | None = None
    direction: Direction = Direction.ENTRY
    re_entry: bool = False
    turnstile: bool = False
    gate: str | None = None
    gate_id: str | None = None
    at: datetime
    asked_at: datetime | None = None
    asked_last: datetime | None = None
    scan_id: str
    state: RowState = RowState.IN_DOUBT
    admitted: bool = False
    reason: Reason = Reason.CHECKED_IN
    overruled: Reason | None = None
    attempts: int = 0
    failures: int = 0
    retry_at: float | None = None
    cause: Cause | None = None
    message: str | None = None
    note: str | None = None
    user_id: str | None = None
    undone_at: datetime | None = None
    undone_by: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class AddonUse:
    """An add-on, with the uses that a ticket has had; `uses` is the limit, None without one."""

    id: int
    name: str | None
    uses: int | None
    used: int

    @property
    def left(self) -> int | None:
        """Return the uses left, None without a limit."""
        return None if self.uses is None else max(self.uses - self.used, 0)


@dataclass(frozen=True, kw_only=True, slots=True)
class Decision:
    """The decision on a read; only `admitted` opens a door.

    `latency` is in seconds. `passback` is whether the ticket was used at another gate moments
    ago (decisions.md D4), `others` are the decisions on further tickets of the same tag (R6),
    and `overruled` is the refusal that free flow turned into this admission (X9). One is not
    `certain` where Oveit might have decided otherwise and could not be asked; `list_age` is how
    old the list was then that decided instead, None if Oveit could be asked or nobody knows.
    """

    reason: Reason
    source: Source
    request: Request
    at: datetime
    latency: float
    message: str | None = None
    ticket: Ticket | None = None
    event: Event | None = None
    addon: AddonUse | None = None
    attendee: Mapping[str, JsonValue] | None = field(default=None, repr=False)
    scan_id: str
    passback: bool = False
    certain: bool = True
    list_age: timedelta | None = None
    overruled: Reason | None = None
    others: tuple[Decision, ...] = ()

    @property
    def admitted(self) -> bool:
        """Return whether the guest may pass."""
        return self.reason.admits

    @property
    def is_unchecked(self) -> bool:
        """Return whether the guest was refused only since Oveit could not be asked (R19)."""
        return not self.admitted and not self.certain

    @property
    def codes(self) -> frozenset[str]:
        """Return the codes that were read, and those of the tickets."""
        tickets = (each.ticket.code for each in (self, *self.others) if each.ticket)
        read = (self.request.ticket_code, self.request.rfid_code)
        return frozenset({*tickets, *filter(None, read)})
