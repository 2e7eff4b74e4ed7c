"""Repair issues and how a person solves them."""

from collections.abc import Callable, Collection
from datetime import timedelta
import re
from typing import Any, override

from homeassistant.components.repairs import ConfirmRepairFlow, RepairsFlow, RepairsFlowResult
from homeassistant.config_entries import ConfigEntryState
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers import issue_registry as ir
from homeassistant.util import dt as dt_util
import voluptuous as vol

from .const import DOMAIN, NEEDED_PERMISSION
from .coordinator import OveitConfigEntry, OveitCoordinator
from .core.codes import code_end
from .core.exceptions import (
    OveitCaptivePortalError,
    OveitError,
    OveitOnlyErrorsError,
    OveitTlsError,
    OveitTooLongError,
)
from .core.gate_settings import SETTINGS, GateSettings, OfferedOne, OfferedSeveral, Setting
from .core.models import Event, Row
from .gate.form import find_offer, offer_fields
from .gate.registry import GateDevice, async_get_gates
from .issues import async_create_issue, async_delete_issue, escape
from .ledger import FINDERS as LEDGER_FINDERS

MOST_SKEW = timedelta(seconds=60)
MOST_LISTED = 10
MARKUP = re.compile(r"[^\w\s.,:;!?'’()-]")
OFFERED: tuple[Setting, ...] = tuple(
    setting for setting in SETTINGS if isinstance(setting, OfferedOne | OfferedSeveral)
)

type Placeholders = dict[str, str]


def _missing_permission(coordinator: OveitCoordinator) -> Placeholders | None:
    """Return the permission that an account lacks."""
    account = coordinator.client.account
    is_lacking = account is not None and account.lacks(NEEDED_PERMISSION)
    return {"permission": NEEDED_PERMISSION} if is_lacking else None


def _on_failure(coordinator: OveitCoordinator, kind: type[OveitError]) -> Placeholders | None:
    """Return no placeholders where Oveit was last met with this kind of error."""
    return {} if isinstance(coordinator.failure, kind) else None


def _only_errors(coordinator: OveitCoordinator) -> Placeholders | None:
    """Return what Oveit says in place of every answer."""
    failure = coordinator.failure
    if not isinstance(failure, OveitOnlyErrorsError):
        return None
    return {"text": MARKUP.sub(" ", failure.text)}


def _clock_skew(coordinator: OveitCoordinator) -> Placeholders | None:
    """Return how far the clock is wrong, if it is far (C7)."""
    skew = coordinator.client.skew
    return {"seconds": f"{abs(skew).total_seconds():.0f}"} if abs(skew) > MOST_SKEW else None


def _dates_apart(coordinator: OveitCoordinator) -> Placeholders | None:
    """Return how far Oveit's dates and its `Date` header are apart, if that is far (T18)."""
    apart = abs(coordinator.client.dates_ahead or timedelta())
    return {"minutes": f"{apart.total_seconds() / 60:.0f}"} if apart > MOST_SKEW else None


def _conflicts(coordinator: OveitCoordinator) -> Placeholders | None:
    """Return the guests who were admitted here and refused by Oveit afterwards."""
    rows = coordinator.conflicts
    if not rows:
        return None
    listed = [_describe(row) for row in rows[:MOST_LISTED]]
    more = ["- …"] if len(rows) > MOST_LISTED else []
    return {"count": str(len(rows)), "list": "\n".join(listed + more)}


def _describe(row: Row) -> str:
    """Describe a conflict for a steward, without the whole code."""
    at = dt_util.as_local(row.at)
    what = escape(f"…{code_end(row.code)}, {row.gate or '–'}")
    return f"- {what}, {at:%Y-%m-%d %H:%M}, {row.cause or '–'}"


def _waiting_after_end(coordinator: OveitCoordinator) -> Placeholders | None:
    """Return the check-ins of ended events that Oveit does not have (C17)."""
    waiting = [
        state
        for state in coordinator.data.values()
        if state.attendance.waiting and not state.event.active
    ]
    if not waiting:
        return None
    return {
        "count": str(sum(state.attendance.waiting for state in waiting)),
        "events": ", ".join(state.event.name for state in waiting),
    }


FINDERS: dict[str, Callable[[OveitCoordinator], Placeholders | None]] = {
    "account_twice": lambda account: {"older": twin} if (twin := account.twin) else None,  # C25
    "captive_portal": lambda account: _on_failure(account, OveitCaptivePortalError),  # T14
    "clock_skew": _clock_skew,
    "conflicts": _conflicts,
    "dates_apart": _dates_apart,
    "missing_permission": _missing_permission,
    "only_errors": _only_errors,  # B17
    "reply_too_long": lambda account: _on_failure(account, OveitTooLongError),  # T20
    "tls_failed": lambda account: _on_failure(account, OveitTlsError),  # T15
    "waiting_after_end": _waiting_after_end,
}


@callback
def async_update_issues(hass: HomeAssistant, entry: OveitConfigEntry) -> None:
    """Raise the issues of an account and of its gates, and delete those that are over."""
    for key, find in FINDERS.items():
        placeholders = find(entry.runtime_data)
        if placeholders is None:
            async_delete_issue(hass, key, entry.entry_id)
            continue
        async_create_issue(
            hass,
            translation_key=key,
            about=entry.entry_id,
            data={"entry_id": entry.entry_id},
            translation_placeholders={"title": entry.title, **placeholders},
        )
    events = entry.runtime_data.ticket_sync.followed.values()
    for device in async_get_gates(hass, entry):
        device.issues.async_update()
        _update_gate_issue(hass, device, events)


@callback
def async_delete_issues(hass: HomeAssistant, entry: OveitConfigEntry) -> None:
    """Delete all issues of an account."""
    for key in (*FINDERS, *LEDGER_FINDERS):
        async_delete_issue(hass, key, entry.entry_id)


def _update_gate_issue(hass: HomeAssistant, device: GateDevice, events: Collection[Event]) -> None:
    """Raise or delete the issue of one gate."""
    gone = find_gone(device.gate.settings, events)
    if not gone:
        async_delete_issue(hass, "stale_gate", device.id)
        return
    known = find_offer(events, ended=True)
    names = [known[key].get(each, f"{each}") for key, ids in gone.items() for each in ids]
    entry_id = device.coordinator.config_entry.entry_id
    async_create_issue(
        hass,
        translation_key="stale_gate",
        about=device.id,
        data={"entry_id": entry_id, "subentry_id": device.id},
        translation_placeholders={"gate": device.gate.settings.name, "gone": ", ".join(names)},
    )


def find_gone(settings: GateSettings, events: Collection[Event]) -> dict[str, list[int]]:
    """Return what a gate is set to and no active event has, by the key of the setting.

    Types and events of the past are no trouble as long as the gate still admits someone.
    """
    offer, known = find_offer(events), find_offer(events, ended=True)
    gone: dict[str, list[int]] = {}
    for setting in OFFERED:
        value, key = getattr(settings, setting.name), setting.key
        chosen = set(value) if isinstance(setting, OfferedSeveral) else {value} - {None}
        is_left = chosen.intersection(offer[key])
        if ids := sorted(chosen.difference(known[key]) if is_left else chosen):
            gone[key] = ids
    return gone


class AccountFlow(ConfirmRepairFlow):
    """Explains what was found, and acts once a person has confirmed it."""

    @override
    async def async_step_confirm(
        self, user_input: dict[str, str] | None = None
    ) -> RepairsFlowResult:
        """Act once it is confirmed."""
        if user_input is not None and self.data:
            await self._async_act(str(self.data["entry_id"]))
        return await super().async_step_confirm(user_input)

    async def _async_act(self, entry_id: str) -> None:
        """Log in again; the issue comes back if nothing changed."""
        self.hass.config_entries.async_schedule_reload(entry_id)


class LedgerFlow(AccountFlow):
    """Goes on with the ledger as it is."""

    @override
    async def _async_act(self, entry_id: str) -> None:
        """Note that a person has dealt with what was found."""
        entry: OveitConfigEntry | None = self.hass.config_entries.async_get_entry(entry_id)
        if entry is None or entry.state is not ConfigEntryState.LOADED:
            return
        watch = entry.runtime_data.ledger_watch
        if self.issue_id.startswith("ledger_set_aside"):
            await watch.async_keep_set_aside()
        else:
            await watch.async_accept()


class StaleGateFlow(RepairsFlow):
    """Asks for events, ticket types or an add-on in the place of those that are gone."""

    async def async_step_init(self, user_input: dict[str, Any] | None = None) -> RepairsFlowResult:
        """Ask for a choice among what Oveit offers now."""
        about = self.data or {}
        entry: OveitConfigEntry | None = self.hass.config_entries.async_get_entry(
            str(about["entry_id"])
        )
        if entry is None or entry.state is not ConfigEntryState.LOADED:
            return self.async_abort(reason="not_loaded")
        subentry = entry.subentries.get(str(about["subentry_id"]))
        if subentry is None:
            return self.async_create_entry(data={})
        events = entry.runtime_data.ticket_sync.followed.values()
        gone = find_gone(GateSettings.load(subentry.title, subentry.data), events)
        settings = [setting for setting in OFFERED if setting.key in gone]
        if user_input is not None:
            chosen = {each.key: each.store(user_input.get(each.key)) for each in settings}
            data = {**subentry.data, **chosen}
            self.hass.config_entries.async_update_subentry(entry, subentry, data=data)
            return self.async_create_entry(data={})
        kept = {
            each.key: [str(key) for key in subentry.data[each.key] if key not in gone[each.key]]
            for each in settings
            if isinstance(each, OfferedSeveral)
        }
        schema = vol.Schema(offer_fields(find_offer(events), settings, {}))
        issue = ir.async_get(self.hass).async_get_issue(DOMAIN, self.issue_id)
        return self.async_show_form(
            step_id="init",
            data_schema=self.add_suggested_values_to_schema(schema, kept),
            description_placeholders=issue.translation_placeholders if issue else None,
        )


async def async_create_fix_flow(
    hass: HomeAssistant, issue_id: str, data: dict[str, str | int | float | None] | None
) -> RepairsFlow:
    """Return the flow that repairs an issue; without a repair, the issue is confirmed."""
    flow: RepairsFlow = ConfirmRepairFlow()
    if data and "subentry_id" in data:
        flow = StaleGateFlow()
    elif data and "entry_id" in data:
        flow = LedgerFlow() if issue_id.startswith("ledger_") else AccountFlow()
    flow.data = data
    return flow
