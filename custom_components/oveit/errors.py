"""Errors in the user's language."""

from homeassistant.exceptions import HomeAssistantError, ServiceValidationError

from .const import DOMAIN
from .core.exceptions import (
    LedgerError,
    OveitAuthenticationError,
    OveitError,
    OveitResponseError,
)


def failed(err: OveitError) -> HomeAssistantError:
    """Return what to tell of something that could not be done."""
    match err:
        case OveitAuthenticationError():
            return _error("authentication_failed")
        case OveitResponseError():
            return _error("invalid_response")
        case LedgerError():
            return _error("ledger_failed")
        case _:
            return _error("cannot_connect")


def _error(key: str) -> HomeAssistantError:
    """Return an error with a translated text."""
    return HomeAssistantError(translation_domain=DOMAIN, translation_key=key)


def invalid(key: str, field: str | None = None) -> ServiceValidationError:
    """Return an error about the input."""
    return ServiceValidationError(
        translation_domain=DOMAIN,
        translation_key=key,
        translation_placeholders={"field": field} if field else None,
    )
