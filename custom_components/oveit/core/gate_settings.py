"""The settings of a gate: one table for the form, the defaults, what is stored, and the policy."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields, replace
from datetime import timedelta
from enum import StrEnum
from typing import Any, Self, override

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


@dataclass(frozen=True, kw_only=True)
class Setting:
    """A row of the table; `key` is the name in the form and in what is stored.

    `read` turns what is stored into the attribute of `GateSettings`.
    """

    name: str = ""
    key: str = ""
    default: Any = None
    section: Section | None = None
    read: Callable[[Any], Any] = lambda stored: stored

    def load(self, stored: Any) -> Any:
        """Return the value of what is stored."""
        return self.read(stored)

    def store(self, typed: Any) -> Any:
        """Return what was typed into the form as it is stored."""
        return typed

    def show(self, stored: Any) -> Any:
        """Return what is stored as the form shows it."""
        return stored

    def describe(self, value: Any) -> Any:
        """Return what diagnostics may say of a value."""
        return value


@dataclass(frozen=True, kw_only=True)
class Choice(Setting):
    """One of the words to which the default belongs."""

    default: StrEnum

    @property
    def words(self) -> type[StrEnum]:
        """Return what can be chosen."""
        return type(self.default)

    @override
    def load(self, stored: Any) -> Any:
        """Return the value of a word."""
        return self.read(self.words(stored))

    @override
    def store(self, typed: Any) -> str:
        """Return the word as text."""
        return self.words(typed).value


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

    @override
    def describe(self, value: Any) -> Any:
        """Return a duration in seconds."""
        return value.total_seconds() if isinstance(value, timedelta) else value


@dataclass(frozen=True, kw_only=True)
class Text(Setting):
    """A text, as by default where it is empty; diagnostics tell only whether it was changed."""

    @override
    def store(self, typed: Any) -> str | None:
        """Return the text without blanks around it."""
        return (typed or "").strip() or self.default

    @override
    def describe(self, value: Any) -> bool:
        """Tell whether it is another text than by default."""
        return bool(value != self.default)


@dataclass(frozen=True, kw_only=True)
class Devices(Setting):
    """Devices of Home Assistant; diagnostics tell only how many."""

    default: Any = field(default_factory=list)
    read: Callable[[Any], Any] = frozenset

    @override
    def describe(self, value: Any) -> int:
        """Count the devices."""
        return len(value)


@dataclass(frozen=True, kw_only=True)
class OfferedOne(Setting):
    """The id of one thing that Oveit offers, or none."""

    @override
    def store(self, typed: Any) -> int | None:
        """Return the id as a number."""
        return int(typed) if typed else None

    @override
    def show(self, stored: Any) -> str | None:
        """Return the id as text."""
        return str(stored) if stored else None


@dataclass(frozen=True, kw_only=True)
class OfferedSeveral(Setting):
    """The ids of things that Oveit offers; none means all."""

    default: Any = field(default_factory=list)
    read: Callable[[Any], Any] = lambda stored: frozenset(map(int, stored))

    @override
    def store(self, typed: Any) -> list[int]:
        """Return the ids as numbers."""
        return [int(key) for key in typed or ()]

    @override
    def show(self, stored: Any) -> list[str]:
        """Return the ids as text."""
        return [str(key) for key in stored]

    @override
    def describe(self, value: Any) -> list[int]:
        """Return the ids in order."""
        return sorted(value)


def _row(setting: Setting) -> Any:
    """Return the field of `GateSettings` that a row of the table describes."""
    return field(default=setting.load(setting.default), metadata={Setting: setting})


@dataclass(frozen=True, kw_only=True, slots=True)
class GateSettings:
    """A gate as it was set up; each field but the name is a row of the table, in the form's order.

    A field that `Request` has, too, is part of what the desk is asked.
    """

    name: str
    readers: frozenset[str] = _row(Devices())
    credential: Credential = _row(Choice(default=Credential.RFID))
    tag_format: TagFormat = _row(Choice(default=TagFormat.HEX))
    direction: Direction = _row(Choice(default=Direction.ENTRY))
    event_ids: frozenset[int] = _row(OfferedSeveral(key="events"))
    ticket_type_ids: frozenset[int] = _row(OfferedSeveral(key="ticket_types"))
    addon_id: int | None = _row(OfferedOne())

    event_type: str | None = _row(Text(section=Section.SOURCE))
    code_field: str = _row(Text(section=Section.SOURCE, default="tag_id"))

    re_entry: bool = _row(
        Choice(section=Section.RULES, default=ReEntry.REFUSE, read=ReEntry.ASK_OVEIT.__eq__)
    )
    several: Several = _row(Choice(section=Section.RULES, default=Several.AMBIGUOUS))
    require_main_entry: bool = _row(Flag(section=Section.RULES))
    within_window: bool = _row(Flag(section=Section.RULES))
    turnstile: bool = _row(Flag(section=Section.RULES))

    deadline: float = _row(
        Number(section=Section.CONNECTION, default=3.0, least=0.5, most=30, step=0.5, unit="s")
    )
    offline: OfflinePolicy = _row(
        Choice(section=Section.CONNECTION, default=OfflinePolicy.ADMIT_KNOWN)
    )
    max_list_age: timedelta = _row(
        Number(
            section=Section.CONNECTION,
            default=12,
            least=1,
            most=168,
            step=1,
            unit="h",
            read=lambda stored: timedelta(hours=float(stored)),
        )
    )

    @classmethod
    def load(cls, name: str, stored: Mapping[str, Any]) -> Self:
        """Return the settings that are stored; what is missing or empty is as by default."""
        data = {
            **DEFAULTS,
            **{key: value for key, value in stored.items() if value not in ("", None)},
        }
        return cls(name=name, **{each.name: each.load(data[each.key]) for each in SETTINGS})

    def request(
        self,
        *,
        ticket_code: str | None = None,
        rfid_code: str | None = None,
        scan_id: str | None = None,
    ) -> Request:
        """Return what the desk is asked about a code."""
        return Request(
            ticket_code=ticket_code,
            rfid_code=rfid_code,
            scan_id=scan_id,
            gate=self.name,
            **{name: getattr(self, name) for name in _POLICY},
        )

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
