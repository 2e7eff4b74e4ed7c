"""Condition: a ticket is checked in, as the ledger knows it."""

from typing import Any, Unpack, override

from homeassistant.const import ATTR_CONFIG_ENTRY_ID, CONF_OPTIONS
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import ConditionErrorMessage, TemplateError
from homeassistant.helpers import config_validation as cv
from homeassistant.helpers.condition import Condition, ConditionCheckParams, ConditionConfig
from homeassistant.helpers.template import Template
from homeassistant.helpers.typing import ConfigType
import voluptuous as vol

from .const import ATTR_RFID_CODE, ATTR_TICKET_CODE, DOMAIN
from .coordinator import OveitConfigEntry
from .core.codes import spellings
from .core.exceptions import LedgerError
from .core.ledger import Ledger

KEY = "is_checked_in"


def _code(value: Any) -> Template:
    """Validate a code or a template; a number may have lost leading zeros."""
    if not isinstance(value, str):
        raise vol.Invalid("not text: put the code in quotes, so that zeros at its start are kept")
    return cv.template(value)


class IsCheckedIn(Condition):
    """Passes for a ticket that has entered; Oveit is not asked."""

    _schema = vol.Schema(
        {
            vol.Required(CONF_OPTIONS): vol.All(
                {
                    vol.Optional(ATTR_CONFIG_ENTRY_ID): cv.string,
                    vol.Exclusive(ATTR_TICKET_CODE, "code"): _code,
                    vol.Exclusive(ATTR_RFID_CODE, "code"): _code,
                },
                cv.has_at_least_one_key(ATTR_TICKET_CODE, ATTR_RFID_CODE),
            )
        }
    )

    @classmethod
    @override
    async def async_validate_config(cls, hass: HomeAssistant, config: ConfigType) -> ConfigType:
        """Check the options."""
        checked: ConfigType = cls._schema(config)
        return checked

    def __init__(self, hass: HomeAssistant, config: ConditionConfig) -> None:
        """Read the options."""
        super().__init__(hass, config)
        self._options: dict[str, Any] = config.options or {}

    @override
    def _async_check(self, **kwargs: Unpack[ConditionCheckParams]) -> bool:
        """Look the code up in the ledgers."""
        kind = ATTR_TICKET_CODE if ATTR_TICKET_CODE in self._options else ATTR_RFID_CODE
        template: Template = self._options[kind]
        try:
            code = str(template.async_render(kwargs.get("variables"), parse_result=False))
        except TemplateError as err:
            raise ConditionErrorMessage(KEY, f"template error: {err}") from err
        ledgers = self._ledgers()
        if not ledgers:
            raise ConditionErrorMessage(KEY, "no account of Oveit is set up")
        try:
            if kind == ATTR_TICKET_CODE:
                return any(ledger.has_entered(ticket_code=code) for ledger in ledgers)
            tags = {tag for spelled in spellings(code).values() for tag in spelled}
            return any(ledger.has_entered(rfid_code=tag) for ledger in ledgers for tag in tags)
        except LedgerError as err:
            raise ConditionErrorMessage(KEY, "the ledger could not be read") from err

    def _ledgers(self) -> list[Ledger]:
        """Return the ledger of the chosen account, or all ledgers."""
        entries: list[OveitConfigEntry] = self._hass.config_entries.async_loaded_entries(DOMAIN)
        only = self._options.get(ATTR_CONFIG_ENTRY_ID)
        return [entry.runtime_data.ledger for entry in entries if only in (None, entry.entry_id)]


async def async_get_conditions(hass: HomeAssistant) -> dict[str, type[Condition]]:
    """Return the conditions."""
    return {KEY: IsCheckedIn}
