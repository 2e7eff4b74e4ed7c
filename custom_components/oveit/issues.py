"""The repair issues of the integration: one table, and one way to raise and delete them."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
import re

from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers import issue_registry as ir

from .const import DOMAIN


@dataclass(frozen=True, kw_only=True, slots=True)
class Issue:
    """How an issue is shown; a persistent one outlives a restart."""

    severity: ir.IssueSeverity = ir.IssueSeverity.WARNING
    is_fixable: bool = False
    is_persistent: bool = False


WARNING = Issue()
ERROR = Issue(severity=ir.IssueSeverity.ERROR)
FIXABLE_ERROR = Issue(severity=ir.IssueSeverity.ERROR, is_fixable=True)
FILE_LEFT = Issue(is_fixable=True, is_persistent=True)

ISSUES: Mapping[str, Issue] = {
    "account_twice": ERROR,
    "captive_portal": WARNING,
    "clock_skew": WARNING,
    "conflicts": WARNING,
    "dates_apart": WARNING,
    "double_binding": WARNING,
    "ledger_failing": ERROR,
    "ledger_kept": FILE_LEFT,
    "ledger_missing": FIXABLE_ERROR,
    "ledger_older": FIXABLE_ERROR,
    "ledger_rows_unreadable": WARNING,
    "ledger_set_aside": FIXABLE_ERROR,
    "ledger_too_new": ERROR,
    "ledger_unusable": ERROR,
    "many_unknown_tags": WARNING,
    "missing_permission": FIXABLE_ERROR,
    "only_errors": ERROR,
    "reply_too_long": WARNING,
    "stale_gate": FIXABLE_ERROR,
    "start_unknown": WARNING,
    "tls_failed": ERROR,
    "turnstile_refuses": ERROR,
    "unassigned_reader": WARNING,
    "unknown_tag_flood": WARNING,
    "unreadable_reads": WARNING,
    "waiting_after_end": WARNING,
    "waiting_exported": FILE_LEFT,
}


# Placeholders that hold what somebody called something: issues are shown as Markdown.
NAMES = frozenset({"events", "gate", "gone", "older", "reader", "title"})
_MARKDOWN = re.compile(
    r"[\\`*\[\]<>#|~&]|(?<!\w)_|_(?!\w)|:(?=//)|(?<=www)\.|^[-+=]|(?<=^\d)[.)]", re.IGNORECASE
)


def escape(name: str) -> str:
    """Return a name as Markdown that shows it as it is."""
    return _MARKDOWN.sub(r"\\\g<0>", " ".join(name.split()))


@callback
def async_create_issue(
    hass: HomeAssistant,
    translation_key: str,
    about: str,
    translation_placeholders: dict[str, str],
    data: dict[str, str | int | float | None] | None = None,
) -> None:
    """Raise an issue about an entry, a gate or a device, by its id."""
    ir.async_create_issue(
        hass,
        DOMAIN,
        f"{translation_key}_{about}",
        data=data,
        translation_key=translation_key,
        translation_placeholders={
            key: escape(value) if key in NAMES else value
            for key, value in translation_placeholders.items()
        },
        **asdict(ISSUES[translation_key]),
    )


@callback
def async_delete_issue(hass: HomeAssistant, translation_key: str, about: str) -> None:
    """Delete an issue, if it was raised."""
    ir.async_delete_issue(hass, DOMAIN, f"{translation_key}_{about}")
