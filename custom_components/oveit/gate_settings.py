"""What a gate is set to, and what it therefore asks of the desk."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from typing import Any, Self

from homeassistant.config_entries import ConfigSubentry

from .const import (
    CONF_ADDON_ID,
    CONF_CODE_FIELD,
    CONF_CREDENTIAL,
    CONF_DEADLINE,
    CONF_DIRECTION,
    CONF_EVENT_TYPE,
    CONF_EVENTS,
    CONF_MAX_LIST_AGE,
    CONF_OFFLINE,
    CONF_RE_ENTRY,
    CONF_READERS,
    CONF_REQUIRE_MAIN_ENTRY,
    CONF_SEVERAL,
    CONF_TAG_FORMAT,
    CONF_TICKET_TYPES,
    CONF_TURNSTILE,
    CONF_WITHIN_WINDOW,
)
from .core.codes import TagFormat
from .core.models import Direction, OfflinePolicy, Request, Several


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


DEFAULT_CODE_FIELD = "tag_id"
DEFAULTS: Mapping[str, Any] = {
    CONF_READERS: [],
    CONF_EVENT_TYPE: None,
    CONF_CODE_FIELD: DEFAULT_CODE_FIELD,
    CONF_CREDENTIAL: Credential.RFID,
    CONF_TAG_FORMAT: TagFormat.HEX,
    CONF_DIRECTION: Direction.ENTRY,
    CONF_EVENTS: [],
    CONF_TICKET_TYPES: [],
    CONF_ADDON_ID: None,
    CONF_DEADLINE: 3.0,
    CONF_OFFLINE: OfflinePolicy.ADMIT_KNOWN,
    CONF_RE_ENTRY: ReEntry.REFUSE,
    CONF_SEVERAL: Several.AMBIGUOUS,
    CONF_REQUIRE_MAIN_ENTRY: False,
    CONF_TURNSTILE: False,
    CONF_WITHIN_WINDOW: False,
    CONF_MAX_LIST_AGE: 12,
}


@dataclass(frozen=True, kw_only=True, slots=True)
class GateSettings:
    """A gate as it was set up."""

    name: str
    readers: frozenset[str]
    event_type: str | None
    code_field: str
    credential: Credential
    tag_format: TagFormat
    direction: Direction
    event_ids: frozenset[int]
    ticket_type_ids: frozenset[int]
    addon_id: int | None
    deadline: float
    offline: OfflinePolicy
    re_entry: bool
    several: Several
    require_main_entry: bool
    turnstile: bool
    within_window: bool
    max_list_age: timedelta

    @classmethod
    def read(cls, subentry: ConfigSubentry) -> Self:
        """Return the settings that a subentry keeps; what it lacks is as by default."""
        data = {**DEFAULTS, **subentry.data}
        addon_id = data[CONF_ADDON_ID]
        return cls(
            name=subentry.title,
            readers=frozenset(data[CONF_READERS]),
            event_type=data[CONF_EVENT_TYPE] or None,
            code_field=data[CONF_CODE_FIELD] or DEFAULT_CODE_FIELD,
            credential=Credential(data[CONF_CREDENTIAL]),
            tag_format=TagFormat(data[CONF_TAG_FORMAT]),
            direction=Direction(data[CONF_DIRECTION]),
            event_ids=frozenset(map(int, data[CONF_EVENTS])),
            ticket_type_ids=frozenset(map(int, data[CONF_TICKET_TYPES])),
            addon_id=int(addon_id) if addon_id else None,
            deadline=float(data[CONF_DEADLINE]),
            offline=OfflinePolicy(data[CONF_OFFLINE]),
            re_entry=data[CONF_RE_ENTRY] == ReEntry.ASK_OVEIT,
            several=Several(data[CONF_SEVERAL]),
            require_main_entry=bool(data[CONF_REQUIRE_MAIN_ENTRY]),
            turnstile=bool(data[CONF_TURNSTILE]),
            within_window=bool(data[CONF_WITHIN_WINDOW]),
            max_list_age=timedelta(hours=float(data[CONF_MAX_LIST_AGE])),
        )

    def request(
        self,
        *,
        ticket_code: str | None = None,
        rfid_code: str | None = None,
        scan_id: str | None = None,
    ) -> Request:
        """Return what is asked of the desk about a code."""
        return Request(
            ticket_code=ticket_code,
            rfid_code=rfid_code,
            ticket_type_ids=self.ticket_type_ids,
            addon_id=self.addon_id,
            event_ids=self.event_ids,
            gate=self.name,
            direction=self.direction,
            deadline=self.deadline,
            offline=self.offline,
            re_entry=self.re_entry,
            several=self.several,
            require_main_entry=self.require_main_entry,
            turnstile=self.turnstile,
            within_window=self.within_window,
            max_list_age=self.max_list_age,
            scan_id=scan_id,
        )
