"""What a person should know of a gate's reads: floods, tags nobody knows, double bindings."""

from collections import deque
from time import monotonic

from homeassistant.components import persistent_notification
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers import device_registry as dr, issue_registry as ir
from homeassistant.helpers.translation import async_get_cached_translations
from homeassistant.util.hass_dict import HassKey

from .const import DOMAIN, EVENT_TAG_SCANNED
from .core.codes import TagFormat, is_phone, spell
from .core.models import Decision, Direction, Reason, Source
from .gate_reads import Read

NOTICE_EVERY = 30.0
MINUTE = 60.0
HOUR = 3600.0
FLOOD = 20
MOST_UNKNOWN_TAGS = 50
SAME_READ = 5.0
DOUBLE_AFTER = 5
TURNSTILE_REFUSALS = 3

ISSUE_DOUBLE_BINDING = "double_binding"
ISSUE_FLOOD = "unknown_tag_flood"
ISSUE_MANY_TAGS = "many_unknown_tags"
ISSUE_TURNSTILE = "turnstile_refuses"
ISSUE_UNASSIGNED_READER = "unassigned_reader"
ISSUES_OF_READS = (ISSUE_DOUBLE_BINDING, ISSUE_FLOOD, ISSUE_MANY_TAGS, ISSUE_TURNSTILE)

BINDINGS: HassKey[Bindings] = HassKey("oveit_bindings")
UNKNOWN_TAGS: HassKey[dict[str, UnknownTags]] = HassKey("oveit_unknown_tags")


class UnknownTags:
    """Keeps tags that nobody knows from flooding people, Oveit and Home Assistant (R4).

    Of a gate with a flood, a tag that is not known here is asked about only when it is
    read a second time: a misread comes once, a guest holds the wristband again.
    """

    def __init__(self, hass: HomeAssistant, gate_id: str, gate: str, tag_format: TagFormat) -> None:
        """Take the gate that is watched."""
        self._hass = hass
        self._gate_id = gate_id
        self._gate = gate
        self._tag_format = tag_format
        self._reads: deque[float] = deque()
        self._dropped: dict[str, float] = {}
        self._different: set[str] = set()
        self._noticed_at: float | None = None
        self._last: tuple[str, float] = ("", 0)
        hass.data.setdefault(UNKNOWN_TAGS, {})[gate_id] = self

    @property
    def flooded(self) -> bool:
        """Tell whether too many unknown tags were read in the last minute."""
        limit = monotonic() - MINUTE
        while self._reads and self._reads[0] < limit:
            self._reads.popleft()
        return len(self._reads) >= FLOOD

    def may_ask(self, code: str) -> bool:
        """Tell whether Oveit is to be asked about a tag that is not known here."""
        if not self.flooded:
            self._dropped.clear()
            return True
        now = monotonic()
        dropped_at = self._dropped.pop(code, None)
        if dropped_at is not None and now - dropped_at <= MINUTE:
            return True
        self._dropped[code] = now
        while len(self._dropped) > 10 * FLOOD:
            self._dropped.pop(next(iter(self._dropped)))
        return False

    @callback
    def async_note(self, code: str, read: Read | None) -> None:
        """Take note of an unknown tag, once while it lies there, and tell a person now and then."""
        now = monotonic()
        (last, last_at), self._last = self._last, (code, now)
        if code == last and now - last_at <= SAME_READ:
            return
        self._reads.append(now)
        if len(self._reads) > 10 * FLOOD:
            self._reads.popleft()
        if read and read.event_type == EVENT_TAG_SCANNED:
            self._count(code)
        if self.flooded:
            self._raise(ISSUE_FLOOD)
        self._notify(code)

    def _count(self, code: str) -> None:
        """Count the different tags, since Home Assistant keeps each of them for ever."""
        if len(self._different) <= MOST_UNKNOWN_TAGS:
            self._different.add(code)
            if len(self._different) > MOST_UNKNOWN_TAGS:
                self._raise(ISSUE_MANY_TAGS)

    def _notify(self, code: str) -> None:
        """Show a notice, at most once in 30 s."""
        now = monotonic()
        if self._noticed_at is not None and now - self._noticed_at < NOTICE_EVERY:
            return
        self._noticed_at = now
        key = "phone_notice" if is_phone(code, self._tag_format) else "unknown_tag_notice"
        persistent_notification.async_create(
            self._hass,
            _translate(self._hass, key, gate=self._gate, count=str(len(self._reads))),
            title=self._gate,
            notification_id=f"{DOMAIN}_unknown_tag_{self._gate_id}",
        )

    def _raise(self, issue: str) -> None:
        """Raise an issue about this gate."""
        ir.async_create_issue(
            self._hass,
            DOMAIN,
            f"{issue}_{self._gate_id}",
            is_fixable=False,
            severity=ir.IssueSeverity.WARNING,
            translation_key=issue,
            translation_placeholders={"gate": self._gate},
        )


class Turnstile:
    """Notices that an account has no turnstiles, since Oveit says so only in words (X5)."""

    def __init__(self, hass: HomeAssistant, gate_id: str, gate: str) -> None:
        """Take the gate that is watched."""
        self._hass = hass
        self._gate_id = gate_id
        self._gate = gate
        self._refused = 0

    @callback
    def async_note(self, decision: Decision) -> None:
        """Raise an issue when Oveit's turnstile admits nobody, and take it back when it does."""
        if decision.source is not Source.OVEIT or decision.request.direction is Direction.EXIT:
            return
        issue_id = f"{ISSUE_TURNSTILE}_{self._gate_id}"
        if decision.admitted:
            self._refused = 0
            ir.async_delete_issue(self._hass, DOMAIN, issue_id)
        elif decision.reason is Reason.REFUSED:
            self._refused += 1
        if self._refused == TURNSTILE_REFUSALS:
            ir.async_create_issue(
                self._hass,
                DOMAIN,
                issue_id,
                is_fixable=False,
                severity=ir.IssueSeverity.ERROR,
                translation_key=ISSUE_TURNSTILE,
                translation_placeholders={"gate": self._gate},
            )


class Bindings:
    """Notices a reader that a gate and an automation both act upon (decisions.md D8)."""

    def __init__(self, hass: HomeAssistant) -> None:
        """Start with nothing read."""
        self._hass = hass
        self._by_action: dict[str, tuple[float, str | None]] = {}
        self._by_gate: dict[str, tuple[float, str, str]] = {}
        self._hits: dict[str, deque[float]] = {}

    @callback
    def async_note_gate(self, gate_id: str, gate: str, code: str) -> None:
        """Take note of a read that a gate heard."""
        self._forget_old()
        key = _key(code)
        if key in self._by_action and self._by_action[key][1] in (None, gate_id):
            del self._by_action[key]
            self._hit(gate_id, gate)
        else:
            self._by_gate[key] = (monotonic(), gate_id, gate)

    @callback
    def async_note_action(self, code: str, gate_id: str | None = None) -> None:
        """Take note of a code that an action was called with, for one gate or for none."""
        self._forget_old()
        key = _key(code)
        if key in self._by_gate and gate_id in (None, self._by_gate[key][1]):
            self._hit(*self._by_gate.pop(key)[1:])
        else:
            self._by_action[key] = (monotonic(), gate_id)

    @callback
    def async_forget(self, gate_id: str) -> None:
        """Begin anew with a gate."""
        self._hits.pop(gate_id, None)

    def _forget_old(self) -> None:
        """Forget what was read too long ago to be the same read."""
        limit = monotonic() - SAME_READ
        self._by_action = {key: asked for key, asked in self._by_action.items() if asked[0] > limit}
        self._by_gate = {key: heard for key, heard in self._by_gate.items() if heard[0] > limit}

    def _hit(self, gate_id: str, gate: str) -> None:
        """Count a read that came both ways, for an hour."""
        hits = self._hits.setdefault(gate_id, deque(maxlen=DOUBLE_AFTER))
        hits.append(monotonic())
        if len(hits) == DOUBLE_AFTER and hits[-1] - hits[0] <= HOUR:
            ir.async_create_issue(
                self._hass,
                DOMAIN,
                f"{ISSUE_DOUBLE_BINDING}_{gate_id}",
                is_fixable=False,
                severity=ir.IssueSeverity.WARNING,
                translation_key=ISSUE_DOUBLE_BINDING,
                translation_placeholders={"gate": gate},
            )


@callback
def async_get_bindings(hass: HomeAssistant) -> Bindings:
    """Return what watches for double bindings."""
    if BINDINGS not in hass.data:
        hass.data[BINDINGS] = Bindings(hass)
    return hass.data[BINDINGS]


@callback
def async_end_floods(hass: HomeAssistant) -> None:
    """Take back the issues of floods that are over."""
    for gate_id, tags in hass.data.get(UNKNOWN_TAGS, {}).items():
        if not tags.flooded:
            ir.async_delete_issue(hass, DOMAIN, f"{ISSUE_FLOOD}_{gate_id}")


@callback
def async_forget_gate(hass: HomeAssistant, gate_id: str, *, for_good: bool) -> None:
    """Take back what reads raised about a gate that stops; for good, all that was raised."""
    async_get_bindings(hass).async_forget(gate_id)
    hass.data.get(UNKNOWN_TAGS, {}).pop(gate_id, None)
    for domain, issue_id in list(ir.async_get(hass).issues):
        if domain != DOMAIN or not issue_id.endswith(f"_{gate_id}"):
            continue
        if for_good or issue_id.removesuffix(f"_{gate_id}") in ISSUES_OF_READS:
            ir.async_delete_issue(hass, DOMAIN, issue_id)


@callback
def async_note_unassigned(hass: HomeAssistant, device_id: str) -> None:
    """Raise the issue of a reader that belongs to no gate (decisions.md R12)."""
    device = dr.async_get(hass).async_get(device_id)
    if device is None:
        return
    entry = hass.config_entries.async_get_entry(device.config_entry_id)
    if entry and entry.domain == "mobile_app":
        return
    ir.async_create_issue(
        hass,
        DOMAIN,
        f"{ISSUE_UNASSIGNED_READER}_{device_id}",
        is_fixable=False,
        severity=ir.IssueSeverity.WARNING,
        translation_key=ISSUE_UNASSIGNED_READER,
        translation_placeholders={"reader": device.name_by_user or device.name or device_id},
    )


def _key(code: str) -> str:
    """Return a code as it is compared, however it is written."""
    return spell(code, TagFormat.HEX)[0]


def _translate(hass: HomeAssistant, key: str, **placeholders: str) -> str:
    """Return a text in the language of this Home Assistant."""
    texts = async_get_cached_translations(hass, hass.config.language, "exceptions", DOMAIN)
    text = texts.get(f"component.{DOMAIN}.exceptions.{key}.message", key)
    return text.format(**placeholders)
