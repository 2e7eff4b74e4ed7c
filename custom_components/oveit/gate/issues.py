"""What a person should know of a gate's reads: unknown tags, floods, double bindings."""

from homeassistant.components import persistent_notification
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers import device_registry as dr
from homeassistant.helpers.translation import async_get_cached_translations
from homeassistant.util.hass_dict import HassKey

from ..const import DOMAIN, EVENT_TAG_SCANNED
from ..core.codes import is_phone
from ..core.gate import DoubleBindings, Gate, is_unknown
from ..core.models import Decision, Reason
from ..core.recent import Recent
from ..issues import async_create_issue, async_delete_issue, escape
from .readers import Read

NOTICE_EVERY = 30.0
MOST_UNKNOWN_TAGS = 50
OF_READS = (
    "double_binding",
    "many_unknown_tags",
    "start_unknown",
    "turnstile_refuses",
    "unknown_tag_flood",
    "unreadable_reads",
)

BINDINGS: HassKey[DoubleBindings] = HassKey("oveit_bindings")


class GateIssues:
    """Raises the issues and shows the notices that a gate's reads give rise to."""

    def __init__(self, hass: HomeAssistant, gate_id: str, gate: Gate) -> None:
        """Watch a gate."""
        self._hass = hass
        self._gate_id = gate_id
        self._gate = gate
        self._notices = Recent[str, bool](within=NOTICE_EVERY)
        self._different: set[str] = set()
        gate.on_unknown_tag.add(self._handle_unknown_tag)
        gate.on_turnstile.add(self._handle_turnstile)

    @callback
    def async_note_read(self, read: Read, decision: Decision) -> None:
        """Note what is no code, and the different unknown tags that Home Assistant keeps."""
        if decision.request.refusal is Reason.UNREADABLE:
            self._create("unreadable_reads")
        if not is_unknown(decision) or read.event_type != EVENT_TAG_SCANNED:
            return
        if len(self._different) <= MOST_UNKNOWN_TAGS:
            self._different.add(decision.request.rfid_code or "")
            if len(self._different) > MOST_UNKNOWN_TAGS:
                self._create("many_unknown_tags")

    @callback
    def async_begin_anew(self) -> None:
        """Forget what reads gave rise to, since the gate has other settings."""
        self._different.clear()
        async_forget_gate(self._hass, self._gate_id, for_good=False)

    @callback
    def async_update(self) -> None:
        """Delete the issue of a flood that is over, and name events without a readable start."""
        if undated := self._gate.undated:
            async_create_issue(
                self._hass,
                translation_key="start_unknown",
                about=self._gate_id,
                translation_placeholders={
                    "gate": self._gate.settings.name,
                    "events": ", ".join(event.name for event in undated),
                },
            )
        else:
            async_delete_issue(self._hass, "start_unknown", self._gate_id)
        if not self._gate.unknown_tags.flooded:
            async_delete_issue(self._hass, "unknown_tag_flood", self._gate_id)

    def _handle_unknown_tag(self, tag: str) -> None:
        """Raise the issue of a flood, and show a notice, at most once in 30 s."""
        unknown, settings = self._gate.unknown_tags, self._gate.settings
        if unknown.flooded:
            self._create("unknown_tag_flood")
        if self._notices.get(""):
            return
        self._notices.put("", True)
        key = "unchecked_tag_notice" if unknown.unasked else "unknown_tag_notice"
        if is_phone(tag, settings.tag_format):
            key = "phone_notice"
        counts = {"count": str(unknown.count), "unasked": str(unknown.unasked)}
        persistent_notification.async_create(
            self._hass,
            _translate(self._hass, key, gate=escape(settings.name), **counts),
            title=settings.name,
            notification_id=f"{DOMAIN}_unknown_tag_{self._gate_id}",
        )

    def _handle_turnstile(self, refuses: bool) -> None:
        """Raise the issue of a turnstile that admits nobody, or delete it."""
        if refuses:
            self._create("turnstile_refuses")
        else:
            async_delete_issue(self._hass, "turnstile_refuses", self._gate_id)

    def _create(self, key: str) -> None:
        """Raise an issue about this gate."""
        async_create_issue(
            self._hass,
            translation_key=key,
            about=self._gate_id,
            translation_placeholders={"gate": self._gate.settings.name},
        )


@callback
def async_get_bindings(hass: HomeAssistant) -> DoubleBindings:
    """Return what watches for readers that a gate and an automation both act upon."""

    def _handle_found(gate_id: str) -> None:
        entries = hass.config_entries.async_entries(DOMAIN)
        gates = [gate for entry in entries if (gate := entry.subentries.get(gate_id))]
        async_create_issue(
            hass,
            translation_key="double_binding",
            about=gate_id,
            translation_placeholders={"gate": gates[0].title if gates else gate_id},
        )

    return hass.data.setdefault(BINDINGS, DoubleBindings(_handle_found))


@callback
def async_forget_gate(hass: HomeAssistant, gate_id: str, *, for_good: bool) -> None:
    """Delete the issues that reads raised about a gate that stops; for good, all of its issues."""
    async_get_bindings(hass).forget(gate_id)
    for key in (*OF_READS, "stale_gate") if for_good else OF_READS:
        async_delete_issue(hass, key, gate_id)
    if for_good:
        persistent_notification.async_dismiss(hass, f"{DOMAIN}_unknown_tag_{gate_id}")


@callback
def async_note_unassigned(hass: HomeAssistant, device_id: str) -> None:
    """Raise the issue of a reader that belongs to no gate (decisions.md R12)."""
    device = dr.async_get(hass).async_get(device_id)
    if device is None:
        return
    entry = hass.config_entries.async_get_entry(device.config_entry_id)
    if entry and entry.domain == "mobile_app":
        return
    async_create_issue(
        hass,
        translation_key="unassigned_reader",
        about=device_id,
        translation_placeholders={"reader": device.name_by_user or device.name or device_id},
    )


def _translate(hass: HomeAssistant, key: str, **placeholders: str) -> str:
    """Return a text in the language of this Home Assistant."""
    texts = async_get_cached_translations(hass, hass.config.language, "exceptions", DOMAIN)
    text = texts.get(f"component.{DOMAIN}.exceptions.{key}.message", key)
    return text.format(**placeholders)
