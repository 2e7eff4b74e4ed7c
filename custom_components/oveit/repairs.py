"""Repair issues and how a person solves them."""

from homeassistant.components.repairs import RepairsFlow, RepairsFlowResult
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers import issue_registry as ir
import voluptuous as vol

from .const import DOMAIN, ISSUE_MISSING_PERMISSION
from .coordinator import OveitConfigEntry
from .gate_repairs import StaleGateFlow

NEEDED_PERMISSION = "api"


@callback
def async_update_issues(hass: HomeAssistant, entry: OveitConfigEntry) -> None:
    """Raise or take back the issue of an account that may not do what a door needs."""
    issue_id = f"{ISSUE_MISSING_PERMISSION}_{entry.entry_id}"
    account = entry.runtime_data.client.account
    permissions = account.permissions if account else None
    if permissions is None or NEEDED_PERMISSION in permissions:
        ir.async_delete_issue(hass, DOMAIN, issue_id)
        return
    ir.async_create_issue(
        hass,
        DOMAIN,
        issue_id,
        data={"entry_id": entry.entry_id},
        is_fixable=True,
        severity=ir.IssueSeverity.ERROR,
        translation_key=ISSUE_MISSING_PERMISSION,
        translation_placeholders={"title": entry.title, "permission": NEEDED_PERMISSION},
    )


class MissingPermissionFlow(RepairsFlow):
    """Looks again after a person gave the account its permission."""

    def __init__(self, entry_id: str) -> None:
        """Take the account's entry."""
        self._entry_id = entry_id

    async def async_step_init(self, user_input: dict[str, str] | None = None) -> RepairsFlowResult:
        """Start with the explanation."""
        return await self.async_step_confirm()

    async def async_step_confirm(
        self, user_input: dict[str, str] | None = None
    ) -> RepairsFlowResult:
        """Log in again once it is confirmed; the issue comes back if nothing changed."""
        if user_input is None:
            return self.async_show_form(step_id="confirm", data_schema=vol.Schema({}))
        self.hass.config_entries.async_schedule_reload(self._entry_id)
        return self.async_create_entry(data={})


async def async_create_fix_flow(
    hass: HomeAssistant, issue_id: str, data: dict[str, str | int | float | None] | None
) -> RepairsFlow:
    """Return the flow that solves an issue."""
    about = data or {}
    if "subentry_id" in about:
        return StaleGateFlow(str(about["entry_id"]), str(about["subentry_id"]))
    return MissingPermissionFlow(str(about["entry_id"]))
