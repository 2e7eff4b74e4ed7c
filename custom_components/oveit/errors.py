"""Errors in the user's language."""

from homeassistant.exceptions import HomeAssistantError, ServiceValidationError

from .const import DOMAIN
from .core.exceptions import (
    LedgerError,
    OveitAuthenticationError,
    OveitConnectionError,
    OveitError,
    OveitResponseError,
)

_KEYS: dict[type[OveitError], str] = {
    OveitAuthenticationError: "authentication_failed",
    OveitConnectionError: "cannot_connect",
    OveitResponseError: "invalid_response",
    LedgerError: "ledger_failed",
}


def failed(err: OveitError) -> HomeAssistantError:
    """Return what to tell of something that could not be done."""
    key = next((key for kind, key in _KEYS.items() if isinstance(err, kind)), "cannot_connect")
    return HomeAssistantError(translation_domain=DOMAIN, translation_key=key)


def invalid(key: str, field: str | None = None) -> ServiceValidationError:
    """Return an error about the input."""
    return ServiceValidationError(
        translation_domain=DOMAIN,
        translation_key=key,
        translation_placeholders={"field": field} if field else None,
    )
