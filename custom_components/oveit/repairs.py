"""Repair issues and how a person solves them."""

from collections.abc import Callable
from datetime import timedelta
from typing import override

from homeassistant.components.repairs import ConfirmRepairFlow, RepairsFlow, RepairsFlowResult
from homeassistant.config_entries import ConfigEntryState
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers import issue_registry as ir
from homeassistant.util import dt as dt_util
import voluptuous as vol

from .const import DOMAIN, NEEDED_PERMISSION
from .coordinator import OveitConfigEntry, OveitCoordinator
from .core.exceptions import OveitCaptivePortalError, OveitTlsError
from .core.models import Row
from .gate.repairs import StaleGateFlow
from .issues import (
    async_create_issue,
    async_delete_issue,
)
from .ledger import LedgerWatch

MOST_SKEW = timedelta(seconds=60)
MOST_LISTED = 10

type Placeholders = dict[str, str]


def _account_twice(coordinator: OveitCoordinator) -> Placeholders | None:
    """Report an entry that decides nothing, since an older one follows its events (C25)."""
    return {"older": coordinator.twin} if coordinator.twin else None


def _missing_permission(coordinator: OveitCoordinator) -> Placeholders | None:
    """Return the permission that an account lacks."""
    account = coordinator.client.account
    is_lacking = account is not None and account.lacks(NEEDED_PERMISSION)
    return {"permission": NEEDED_PERMISSION} if is_lacking else None


def _captive_portal(coordinator: OveitCoordinator) -> Placeholders | None:
    """Return whether a web page answers in Oveit's place (T14)."""
    return {} if isinstance(coordinator.failure, OveitCaptivePortalError) else None


def _tls_failed(coordinator: OveitCoordinator) -> Placeholders | None:
    """Return whether Oveit's certificate is not to be trusted (T15)."""
    return {} if isinstance(coordinator.failure, OveitTlsError) else None


def _clock_skew(coordinator: OveitCoordinator) -> Placeholders | None:
    """Return how far the clock is wrong, if it is far (C7)."""
    skew = coordinator.client.skew
    return {"seconds": f"{abs(skew).total_seconds():.0f}"} if abs(skew) > MOST_SKEW else None


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
    return f"- …{row.code[-3:]}, {row.gate or '–'}, {at:%Y-%m-%d %H:%M}, {row.cause or '–'}"


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
    "account_twice": _account_twice,
    "captive_portal": _captive_portal,
    "clock_skew": _clock_skew,
    "conflicts": _conflicts,
    "missing_permission": _missing_permission,
    "tls_failed": _tls_failed,
    "waiting_after_end": _waiting_after_end,
}


@callback
def async_update_issues(hass: HomeAssistant, entry: OveitConfigEntry) -> None:
    """Raise the issues of an account, and delete those that are over."""
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


@callback
def async_delete_issues(hass: HomeAssistant, entry: OveitConfigEntry) -> None:
    """Delete all issues of an account."""
    for key in FINDERS:
        async_delete_issue(hass, key, entry.entry_id)
    LedgerWatch(hass, entry).async_delete_issues()


class AccountFlow(RepairsFlow):
    """Explains what was found, and acts once a person has confirmed it."""

    def __init__(self, entry_id: str) -> None:
        """Remember the account's entry."""
        self._entry_id = entry_id

    async def async_step_init(self, user_input: dict[str, str] | None = None) -> RepairsFlowResult:
        """Start with the explanation."""
        return await self.async_step_confirm()

    async def async_step_confirm(
        self, user_input: dict[str, str] | None = None
    ) -> RepairsFlowResult:
        """Act once it is confirmed."""
        if user_input is None:
            issue = ir.async_get(self.hass).async_get_issue(DOMAIN, self.issue_id)
            return self.async_show_form(
                step_id="confirm",
                data_schema=vol.Schema({}),
                description_placeholders=issue.translation_placeholders if issue else None,
            )
        await self._async_act()
        return self.async_create_entry(data={})

    async def _async_act(self) -> None:
        """Log in again; the issue comes back if nothing changed."""
        self.hass.config_entries.async_schedule_reload(self._entry_id)


class LedgerFlow(AccountFlow):
    """Goes on with the ledger as it is."""

    @override
    async def _async_act(self) -> None:
        """Note that a person has dealt with what was found."""
        entry: OveitConfigEntry | None = self.hass.config_entries.async_get_entry(self._entry_id)
        if entry is None or entry.state is not ConfigEntryState.LOADED:
            return
        watch = entry.runtime_data.ledger_watch
        if self.issue_id.startswith("ledger_set_aside"):
            await watch.async_keep_set_aside()
        else:
            await watch.async_accept()


async def async_create_fix_flow(
    hass: HomeAssistant, issue_id: str, data: dict[str, str | int | float | None] | None
) -> RepairsFlow:
    """Return the flow that repairs an issue; without a repair, the issue is confirmed."""
    about = data or {}
    if "subentry_id" in about:
        return StaleGateFlow(str(about["entry_id"]), str(about["subentry_id"]))
    if "entry_id" in about:
        flow = LedgerFlow if issue_id.startswith("ledger_") else AccountFlow
        return flow(str(about["entry_id"]))
    return ConfirmRepairFlow()
