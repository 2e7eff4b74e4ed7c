"""The readers of a gate: their reads on Home Assistant's bus, and whether they are available."""

from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from homeassistant.const import ATTR_DEVICE_ID, EVENT_STATE_CHANGED, STATE_UNAVAILABLE
from homeassistant.core import (
    CALLBACK_TYPE,
    Event,
    EventStateChangedData,
    HomeAssistant,
    callback,
)
from homeassistant.helpers import entity_registry as er
from homeassistant.util import dt as dt_util
from homeassistant.util.hass_dict import HassKey

from ..const import EVENT_TAG_SCANNED
from ..core.codes import clean_tag, is_code
from ..core.gate import LastReads
from ..core.gate_settings import GateSettings
from ..core.recent import seconds

OLD_AFTER = timedelta(seconds=10)
LEARNED_FOR = 600.0

LAST_READS: HassKey[LastReads] = HassKey("oveit_last_reads")
LEARNING: HassKey[list[Learning]] = HassKey("oveit_learning")


@dataclass(frozen=True, kw_only=True, slots=True)
class Read:
    """A code as a reader sent it; a stale one is not of somebody who stands at the door.

    What is not sent as text is no code (decisions.md B16).
    """

    code: str
    reader: str | None = None
    event_type: str
    stale: bool = False

    @property
    def source(self) -> str:
        """Return the device that read, or what events without one have in common."""
        return self.reader or self.event_type


def event_types(settings: GateSettings) -> set[str]:
    """Return the events that a gate listens to: tags scanned by readers, and any other."""
    types = {EVENT_TAG_SCANNED} if settings.readers else set()
    return types | ({settings.event_type} if settings.event_type else set())


def parse_event(settings: GateSettings, event: Event[Mapping[str, Any]]) -> Read | None:
    """Return the read in an event, or None when it is none, or not from one of the gate's readers.

    An event that names no device may be from any; without chosen readers, so may every event.
    """
    event_type = str(event.event_type)
    reader = event.data.get(ATTR_DEVICE_ID)
    if event_type == EVENT_TAG_SCANNED and event_type != settings.event_type:
        code, mine = event.data.get("tag_id"), reader in settings.readers
    else:
        code = find_field(event.data, settings.code_field)
        mine = reader is None or not settings.readers or reader in settings.readers
    if not mine or code is None:
        return None
    return Read(
        code=code if isinstance(code, str) else "",
        reader=reader if isinstance(reader, str) else None,
        event_type=event_type,
        stale=dt_util.utcnow() - event.time_fired > OLD_AFTER,
    )


@dataclass(eq=False, kw_only=True, slots=True)
class Learning:
    """A form that waits for a tag to learn its format; the gates ignore its reads.

    Once a code was read, only that code is ignored, and only for ten minutes: the tag may still
    lie on the reader, but a form may be left open for ever.
    """

    settings: GateSettings
    other_readers: frozenset[str] = frozenset()
    code: str | None = None
    taken_at: float = 0

    def take(self, read: Read) -> None:
        """Note the read that was waited for."""
        self.code, self.taken_at = read.code, seconds()

    def accepts(self, read: Read) -> bool:
        """Return whether a read is for the form, and not of a guest at another gate."""
        readers = self.settings.readers
        if not is_code(clean_tag(read.code)):
            return False
        mine = read.reader is None or (
            read.reader in readers if readers else read.reader not in self.other_readers
        )
        is_over = self.code is not None and seconds() - self.taken_at > LEARNED_FOR
        expected = self.code in (None, read.code) and not is_over
        return mine and expected and read.event_type in event_types(self.settings)


def find_field(data: Mapping[str, Any], path: str) -> Any:
    """Return the value of a name, or of names joined by dots, None where there is none."""
    if path in data:
        return data[path]
    found: Any = data
    for name in path.split("."):
        if not isinstance(found, Mapping) or name not in found:
            return None
        found = found[name]
    return found


class Readers:
    """Notices readers that come back, since many then send their last tag again."""

    def __init__(self, hass: HomeAssistant, known: Mapping[str, str]) -> None:
        """Watch no device yet; those that only events name are added with their reads.

        `known` are the last reads from before Home Assistant was started.
        """
        self._hass = hass
        self._device_ids: set[str] = set()
        self._last_reads = hass.data.setdefault(LAST_READS, LastReads())
        self._last_reads.restore(known)

    @callback
    def async_start(self, device_ids: frozenset[str]) -> CALLBACK_TYPE:
        """Watch the states of the readers' entities."""
        self._device_ids |= device_ids
        return self._hass.bus.async_listen(EVENT_STATE_CHANGED, self._async_note_back, _is_back)

    def is_echo(self, read: Read) -> bool:
        """Return whether a reader that is just back sends its last tag again (R11, C30)."""
        if read.reader is not None:
            self._device_ids.add(read.reader)
        return self._last_reads.is_echo(read.source, read.code)

    @callback
    def _async_note_back(self, event: Event[EventStateChangedData]) -> None:
        """Note a reader that comes back."""
        entity = er.async_get(self._hass).async_get(event.data["entity_id"])
        if entity and entity.device_id in self._device_ids:
            self._last_reads.note_back(entity.device_id)


@callback
def _is_back(changed: EventStateChangedData) -> bool:
    """Return whether an entity becomes available."""
    old, new = changed["old_state"], changed["new_state"]
    was_away = old is not None and old.state == STATE_UNAVAILABLE
    return was_away and new is not None and new.state != STATE_UNAVAILABLE


@callback
def async_listen(
    hass: HomeAssistant, settings: GateSettings, action: Callable[[Read], None]
) -> CALLBACK_TYPE:
    """Call an action with every read of a gate's readers."""

    @callback
    def _handle(event: Event[Mapping[str, Any]]) -> None:
        if (read := parse_event(settings, event)) is not None:
            action(read)

    stops = ExitStack()
    for event_type in event_types(settings):
        stops.callback(hass.bus.async_listen(event_type, _handle))
    return stops.close


@callback
def async_is_learning(hass: HomeAssistant, read: Read) -> bool:
    """Return whether a form waits for a read."""
    return any(learning.accepts(read) for learning in hass.data.get(LEARNING, ()))
