"""The settings of a gate: one table for the form, the defaults, what is stored, and the policy."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields, replace
from datetime import timedelta
from enum import StrEnum
from typing import Any, Self

from .codes import TagFormat
from .models import Direction, OfflinePolicy, Request, Several


class GateMode(StrEnum):
    """What a gate does with a read."""

    OPEN_FOR_TICKETS = "open_for_tickets"
    SCAN_ONLY = "scan_only"
    CLOSED = "closed"
    FREE_FLOW = "free_flow"


class Credential(StrEnum):
    """What a gate's readers read."""

    RFID = "rfid"
    TICKET = "ticket"
    AUTO = "auto"


class ReEntry(StrEnum):
    """What a gate does with a ticket that has entered."""

    REFUSE = "refuse"
    ASK_OVEIT = "ask_oveit"


class Section(StrEnum):
    """A collapsed section of the form."""

    SOURCE = "other_source"
    RULES = "rules"
    CONNECTION = "connection"


def _same(value: Any) -> Any:
    """Return a value as it is."""
    return value


@dataclass(frozen=True, kw_only=True)
class Setting:
    """A row of the table.

    `key` names it in the form and in what is stored, `name` in `GateSettings`. What is typed goes
    through `store`, what is stored through `read` or, in the form, `show`; `describe` is for
    diagnostics.
    """

    name: str = ""
    key: str = ""
    default: Any = None
    section: Section | None = None
    read: Callable[[Any], Any] = _same
    store: Callable[[Any], Any] = _same
    show: Callable[[Any], Any] = _same
    describe: Callable[[Any], Any] = _same


@dataclass(frozen=True, kw_only=True)
class Choice(Setting):
    """One of a few words."""

    words: type[StrEnum]


@dataclass(frozen=True, kw_only=True)
class Flag(Setting):
    """Yes or no."""

    default: bool = False
    read: Callable[[Any], Any] = bool


@dataclass(frozen=True, kw_only=True)
class Number(Setting):
    """A number with limits and a unit."""

    least: float
    most: float
    step: float
    unit: str
    read: Callable[[Any], Any] = float


@dataclass(frozen=True, kw_only=True)
class Text(Setting):
    """A text; diagnostics show only whether there is one."""

    describe: Callable[[Any], Any] = bool


@dataclass(frozen=True, kw_only=True)
class Devices(Setting):
    """Devices of Home Assistant; diagnostics show only how many."""

    default: Any = field(default_factory=list)
    read: Callable[[Any], Any] = frozenset
    describe: Callable[[Any], Any] = len


@dataclass(frozen=True, kw_only=True)
class OfferedOne(Setting):
    """The id of one thing that Oveit offers, or none."""

    store: Callable[[Any], Any] = lambda typed: int(typed) if typed else None
    show: Callable[[Any], Any] = lambda stored: str(stored) if stored else None


@dataclass(frozen=True, kw_only=True)
class OfferedSeveral(Setting):
    """The ids of things that Oveit offers; none means all."""

    default: Any = field(default_factory=list)
    read: Callable[[Any], Any] = lambda stored: frozenset(map(int, stored))
    store: Callable[[Any], Any] = lambda typed: [int(key) for key in typed or ()]
    show: Callable[[Any], Any] = lambda stored: [str(key) for key in stored]
    describe: Callable[[Any], Any] = sorted


def _row(setting: Setting) -> Any:
    """Return the field of `GateSettings` that a row of the table describes."""
    return field(default=setting.read(setting.default), metadata={Setting: setting})


def _choice(
    default: StrEnum, section: Section | None = None, read: Callable[[Any], Any] | None = None
) -> Any:
    """Return the field of a choice among the words to which its default belongs."""
    words = type(default)
    return _row(Choice(default=default.value, words=words, section=section, read=read or words))


@dataclass(frozen=True, kw_only=True, slots=True)
class GateSettings:
    """A gate as it was set up; each field but the name is a row of the table, in the form's order.

    A field that `Request` has, too, is part of what the desk is asked.
    """

    name: str
    id: str | None = None
    readers: frozenset[str] = _row(Devices())
    credential: Credential = _choice(Credential.RFID)
    tag_format: TagFormat = _choice(TagFormat.HEX)
    direction: Direction = _choice(Direction.ENTRY)
    event_ids: frozenset[int] = _row(OfferedSeveral(key="events"))
    ticket_type_ids: frozenset[int] = _row(OfferedSeveral(key="ticket_types"))
    addon_id: int | None = _row(OfferedOne())

    event_type: str | None = _row(Text(section=Section.SOURCE))
    code_field: str = _row(Text(section=Section.SOURCE, default="tag_id"))

    re_entry: bool = _choice(ReEntry.REFUSE, Section.RULES, ReEntry.ASK_OVEIT.__eq__)
    several: Several = _choice(Several.AMBIGUOUS, Section.RULES)
    require_main_entry: bool = _row(Flag(section=Section.RULES))
    within_window: bool = _row(Flag(section=Section.RULES))
    turnstile: bool = _row(Flag(section=Section.RULES))

    deadline: float = _row(
        Number(section=Section.CONNECTION, default=3.0, least=0.5, most=30, step=0.5, unit="s")
    )
    offline: OfflinePolicy = _choice(OfflinePolicy.ADMIT_KNOWN, Section.CONNECTION)
    max_list_age: timedelta = _row(
        Number(
            section=Section.CONNECTION,
            default=12,
            least=1,
            most=168,
            step=1,
            unit="h",
            read=lambda stored: timedelta(hours=float(stored)),
            describe=timedelta.total_seconds,
        )
    )

    @classmethod
    def load(cls, name: str, stored: Mapping[str, Any], gate_id: str | None = None) -> Self:
        """Return the settings that are stored; what is missing or empty is as by default."""
        filled = {key: value for key, value in stored.items() if value not in ("", None)}
        data = {**DEFAULTS, **filled}
        values = {each.name: each.read(data[each.key]) for each in SETTINGS}
        return cls(name=name, id=gate_id, **values)

    def request(self, **read: Any) -> Request:
        """Return what the desk is asked about a read, whose fields are those of `Request`."""
        policy = {name: getattr(self, name) for name in _POLICY}
        return Request(gate=self.name, gate_id=self.id, **policy, **read)

    def describe(self) -> dict[str, Any]:
        """Return the settings for diagnostics, without names."""
        return {each.key: each.describe(getattr(self, each.name)) for each in SETTINGS}


SETTINGS: tuple[Setting, ...] = tuple(
    replace(setting, name=each.name, key=setting.key or each.name)
    for each in fields(GateSettings)
    if (setting := each.metadata.get(Setting))
)
DEFAULTS: Mapping[str, Any] = {setting.key: setting.default for setting in SETTINGS}
_POLICY = {each.name for each in fields(Request)} & {setting.name for setting in SETTINGS}
