"""The readers of a gate: their reads on Home Assistant's bus, and whether they are available."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Self

from homeassistant.const import ATTR_DEVICE_ID, STATE_UNAVAILABLE
from homeassistant.core import (
    CALLBACK_TYPE,
    Event,
    EventStateChangedData,
    HomeAssistant,
    callback,
)
from homeassistant.helpers import entity_registry as er
from homeassistant.helpers.event import async_track_state_change_event
from homeassistant.util import dt as dt_util
from homeassistant.util.hass_dict import HassKey

from ..const import ATTR_TAG_ID, EVENT_TAG_SCANNED
from ..core.gate import LastReads
from ..core.gate_settings import GateSettings
from ..core.recent import seconds

OLD_AFTER = timedelta(seconds=10)
LEARNED_FOR = 600.0

LAST_READS: HassKey[LastReads] = HassKey("oveit_last_reads")
LEARNING: HassKey[list[Learning]] = HassKey("oveit_learning")


@dataclass(frozen=True, kw_only=True, slots=True)
class Read:
    """A code as a reader sent it; a stale one is not of somebody who stands at the door."""

    code: str
    reader: str | None = None
    event_type: str
    stale: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class Source:
    """Where reads come from: tags scanned by readers, and any other event with a code."""

    readers: frozenset[str] = frozenset()
    event_type: str | None = None
    code_field: str = ATTR_TAG_ID

    @classmethod
    def of(cls, settings: GateSettings) -> Self:
        """Return where the reads of a gate come from."""
        return cls(
            readers=settings.readers,
            event_type=settings.event_type,
            code_field=settings.code_field,
        )

    @property
    def event_types(self) -> set[str]:
        """Return the events to listen to."""
        types = {EVENT_TAG_SCANNED} if self.readers else set()
        return types | ({self.event_type} if self.event_type else set())

    def parse(self, event: Event[Mapping[str, Any]]) -> Read | None:
        """Return the read in an event, or None when it is not from here.

        An event that names its device must be from one of the chosen readers, if there are any.
        """
        event_type = str(event.event_type)
        reader = event.data.get(ATTR_DEVICE_ID)
        if event_type == EVENT_TAG_SCANNED and event_type != self.event_type:
            code, mine = event.data.get(ATTR_TAG_ID), reader in self.readers
        else:
            code = find_field(event.data, self.code_field)
            mine = reader is None or not self.readers or reader in self.readers
        if not mine or not isinstance(code, str) or not code.strip():
            return None
        stale = dt_util.utcnow() - event.time_fired > OLD_AFTER
        return Read(
            code=code,
            reader=reader if isinstance(reader, str) else None,
            event_type=event_type,
            stale=stale,
        )


@dataclass(eq=False, kw_only=True, slots=True)
class Learning:
    """A person who holds a tag to a reader to learn its format, and checks nobody in with it.

    Once a code was read, it is that one alone, and only for a while: the tag may still lie
    on the reader, but a form may be left open for ever.
    """

    source: Source
    other_readers: frozenset[str] = frozenset()
    code: str | None = None
    taken_at: float = 0

    def take(self, read: Read) -> None:
        """Take the read that was waited for."""
        self.code, self.taken_at = read.code, seconds()

    def accepts(self, read: Read) -> bool:
        """Tell whether a read is the person's, and not of a guest at another gate."""
        readers = self.source.readers
        mine = read.reader is None or (
            read.reader in readers if readers else read.reader not in self.other_readers
        )
        is_over = self.code is not None and seconds() - self.taken_at > LEARNED_FOR
        expected = self.code in (None, read.code) and not is_over
        return mine and expected and read.event_type in self.source.event_types


def find_field(data: Mapping[str, Any], path: str) -> Any:
    """Return what lies under a name, or under names joined by dots, None where nothing does."""
    if path in data:
        return data[path]
    found: Any = data
    for name in path.split("."):
        if not isinstance(found, Mapping) or name not in found:
            return None
        found = found[name]
    return found


class Readers:
    """Watches which readers come back, since many then send their last tag again."""

    def __init__(self, hass: HomeAssistant, device_ids: frozenset[str]) -> None:
        """Take the readers' devices; those that only events name are added with their reads."""
        self._hass = hass
        self._device_ids = set(device_ids)
        self._devices: dict[str, str] = {}
        self._last_reads = hass.data.setdefault(LAST_READS, LastReads())
        self._stop: list[CALLBACK_TYPE] = []

    @callback
    def async_start(self) -> CALLBACK_TYPE:
        """Watch the readers' entities, also those that appear later."""
        self._watch()
        stop_registry = self._hass.bus.async_listen(
            er.EVENT_ENTITY_REGISTRY_UPDATED, self._async_registry_updated
        )

        @callback
        def _stop() -> None:
            stop_registry()
            self._unwatch()

        return _stop

    def is_echo(self, read: Read) -> bool:
        """Tell whether a reader that has just come back sends its last tag again (R11)."""
        if read.reader is None:
            return False
        if read.reader not in self._device_ids:
            self._device_ids.add(read.reader)
            self._watch()
        return self._last_reads.is_echo(read.reader, read.code)

    @callback
    def _async_registry_updated(self, event: Event[er.EventEntityRegistryUpdatedData]) -> None:
        """Watch what a reader's device has now."""
        entity = er.async_get(self._hass).async_get(event.data["entity_id"])
        known = event.data["entity_id"] in self._devices
        if known or (entity and entity.device_id in self._device_ids):
            self._watch()

    @callback
    def _watch(self) -> None:
        """Watch the entities of every reader."""
        self._unwatch()
        registry = er.async_get(self._hass)
        self._devices = {
            entity.entity_id: device_id
            for device_id in self._device_ids
            for entity in er.async_entries_for_device(registry, device_id)
        }
        if self._devices:
            self._stop.append(
                async_track_state_change_event(
                    self._hass, list(self._devices), self._async_state_changed
                )
            )

    @callback
    def _unwatch(self) -> None:
        """Stop watching."""
        while self._stop:
            self._stop.pop()()

    @callback
    def _async_state_changed(self, event: Event[EventStateChangedData]) -> None:
        """Note a reader that comes back."""
        old, new = event.data["old_state"], event.data["new_state"]
        if old and new and old.state == STATE_UNAVAILABLE and new.state != STATE_UNAVAILABLE:
            self._last_reads.note_back(self._devices[event.data["entity_id"]])


@callback
def async_listen(
    hass: HomeAssistant, source: Source, action: Callable[[Read], None]
) -> CALLBACK_TYPE:
    """Call an action with every read from a source."""

    @callback
    def _handle(event: Event[Mapping[str, Any]]) -> None:
        if (read := source.parse(event)) is not None:
            action(read)

    stops = [hass.bus.async_listen(event_type, _handle) for event_type in source.event_types]

    @callback
    def _stop() -> None:
        for stop in stops:
            stop()

    return _stop


@callback
def async_is_learning(hass: HomeAssistant, read: Read) -> bool:
    """Tell whether a person is just trying out the reader that a read came from."""
    return any(learning.accepts(read) for learning in hass.data.get(LEARNING, ()))
