"""Config and options flow of an account: credentials, events, stewards, voice, webhook."""

from collections.abc import Iterable, Mapping
from ipaddress import ip_address
from typing import Any, override
from urllib.parse import urlsplit

from homeassistant.components.webhook import async_generate_id
from homeassistant.config_entries import (
    ConfigEntry,
    ConfigEntryState,
    ConfigFlow,
    ConfigFlowResult,
    ConfigSubentryFlow,
    OptionsFlow,
)
from homeassistant.const import CONF_EMAIL, CONF_PASSWORD, CONF_TOKEN, CONF_WEBHOOK_ID
from homeassistant.core import callback
from homeassistant.data_entry_flow import section
from homeassistant.helpers.selector import (
    BooleanSelector,
    SelectSelector,
    SelectSelectorConfig,
    SelectSelectorMode,
    TextSelector,
    TextSelectorConfig,
    TextSelectorType,
)
import voluptuous as vol

from .account import async_find_twins, create_client, event_filter
from .const import (
    CONF_ALLOW_VOICE,
    CONF_ALLOW_VOICE_OVERRIDE,
    CONF_API_URL,
    CONF_EVENTS,
    CONF_FOLLOW_NEW,
    CONF_IGNORED_EVENTS,
    CONF_STEWARDS,
    CONF_WEBHOOK,
    DEFAULT_API_URL,
    DOMAIN,
    LOGGER,
    NEEDED_PERMISSION,
    SECTION_ADVANCED,
    SUBENTRY_GATE,
)
from .coordinator import OveitConfigEntry
from .core.exceptions import (
    OveitAuthenticationError,
    OveitConnectionError,
    OveitError,
    OveitResponseError,
)
from .core.models import Account, Event
from .gate.flow import GateSubentryFlow
from .gate.form import options_selector
from .webhook import WebhookAccess, async_webhook_url

LOGIN_FIELDS: dict[vol.Marker, Any] = {
    vol.Required(CONF_EMAIL): TextSelector(
        TextSelectorConfig(type=TextSelectorType.EMAIL, autocomplete="username")
    ),
    vol.Required(CONF_PASSWORD): TextSelector(
        TextSelectorConfig(type=TextSelectorType.PASSWORD, autocomplete="current-password")
    ),
}
TOKEN_FIELDS: dict[vol.Marker, Any] = {
    vol.Required(CONF_TOKEN): TextSelector(
        TextSelectorConfig(type=TextSelectorType.PASSWORD, autocomplete="off")
    ),
}
ADVANCED_FIELDS = vol.Schema(
    {
        vol.Required(CONF_API_URL, default=DEFAULT_API_URL): TextSelector(
            TextSelectorConfig(type=TextSelectorType.URL)
        )
    }
)
VOICE_SCHEMA = vol.Schema(
    {
        vol.Required(CONF_ALLOW_VOICE, default=False): BooleanSelector(),
        vol.Required(CONF_ALLOW_VOICE_OVERRIDE, default=False): BooleanSelector(),
    }
)
WEBHOOK_SCHEMA = vol.Schema(
    {
        vol.Required(CONF_WEBHOOK, default=WebhookAccess.OFF.value): SelectSelector(
            SelectSelectorConfig(
                options=[access.value for access in WebhookAccess],
                translation_key=CONF_WEBHOOK,
                mode=SelectSelectorMode.LIST,
            )
        )
    }
)
ERRORS: dict[type[OveitError], str] = {
    OveitAuthenticationError: "invalid_auth",
    OveitConnectionError: "cannot_connect",
    OveitResponseError: "invalid_response",
}
ADDRESS_ERRORS = ("cannot_connect", "insecure_url", "invalid_response")


class OveitConfigFlow(ConfigFlow, domain=DOMAIN):
    """Adds an account, and changes its credentials."""

    VERSION = 1

    def __init__(self) -> None:
        """Start without an account."""
        self._data: dict[str, Any] = {}
        self._account: Account | None = None
        self._events: tuple[Event, ...] = ()

    @staticmethod
    @callback
    @override
    def async_get_options_flow(config_entry: ConfigEntry) -> OveitOptionsFlow:
        """Return the options flow."""
        return OveitOptionsFlow()

    @classmethod
    @callback
    @override
    def async_get_supported_subentry_types(
        cls, config_entry: ConfigEntry
    ) -> dict[str, type[ConfigSubentryFlow]]:
        """Return the subentry flow of gates."""
        return {SUBENTRY_GATE: GateSubentryFlow}

    @override
    async def async_step_user(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Ask how to sign in."""
        return self.async_show_menu(step_id="user", menu_options=["login", "token"])

    async def async_step_login(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Sign in with an e-mail address and a password."""
        return await self._async_step_credentials("login", user_input)

    async def async_step_token(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Sign in with a token."""
        return await self._async_step_credentials("token", user_input)

    async def async_step_events(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Choose the events to follow."""
        if user_input is not None:
            options = _read_events(user_input, {event.id for event in self._events})
            if async_find_twins(self.hass, self._data[CONF_API_URL], options[CONF_EVENTS]):
                return self.async_abort(reason="already_configured")
            seller = self._account.seller_id if self._account else None
            return self.async_create_entry(
                title=f"Oveit {seller}" if seller else "Oveit", data=self._data, options=options
            )
        everything = [str(event.id) for event in self._events]
        return self.async_show_form(
            step_id="events",
            data_schema=self.add_suggested_values_to_schema(
                _events_schema(self._events), {CONF_EVENTS: everything, CONF_FOLLOW_NEW: True}
            ),
        )

    async def async_step_reauth(self, entry_data: Mapping[str, Any]) -> ConfigFlowResult:
        """Ask for new credentials."""
        return await self.async_step_reauth_confirm()

    async def async_step_reauth_confirm(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Replace credentials that Oveit no longer accepts."""
        entry = self._get_reauth_entry()
        return await self._async_step_credentials("reauth_confirm", user_input, entry)

    async def async_step_reconfigure(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Change the credentials or the address of an account."""
        entry = self._get_reconfigure_entry()
        return await self._async_step_credentials("reconfigure", user_input, entry)

    async def _async_step_credentials(
        self, step_id: str, user_input: dict[str, Any] | None, entry: ConfigEntry | None = None
    ) -> ConfigFlowResult:
        """Ask for the credentials of an account, new or of an entry, and sign in."""
        is_token = bool(entry.data.get(CONF_TOKEN)) if entry else step_id == "token"
        fields = TOKEN_FIELDS if is_token else LOGIN_FIELDS
        errors: dict[str, str] = {}
        shown = user_input
        if user_input is not None:
            errors = await self._async_sign_in(user_input)
            if not errors:
                return self._renew(entry) if entry else await self._async_add()
        elif entry:
            advanced = {CONF_API_URL: entry.data[CONF_API_URL]}
            shown = {CONF_EMAIL: entry.data.get(CONF_EMAIL), SECTION_ADVANCED: advanced}
        is_folded = errors.get("base") not in ADDRESS_ERRORS
        marker = vol.Optional(SECTION_ADVANCED)
        schema = vol.Schema(fields | {marker: section(ADVANCED_FIELDS, {"collapsed": is_folded})})
        return self.async_show_form(
            step_id=step_id,
            data_schema=self.add_suggested_values_to_schema(schema, shown),
            errors=errors,
        )

    async def _async_add(self) -> ConfigFlowResult:
        """Continue with the events of a new account, unless it is set up already."""
        if self._account and self._account.seller_id:
            await self.async_set_unique_id(self._account.seller_id)
            self._abort_if_unique_id_configured()
        self._abort_if_used_already()
        return await self.async_step_events()

    def _renew(self, entry: OveitConfigEntry) -> ConfigFlowResult:
        """Save new credentials of an entry, and reload it."""
        if not self._is_same_account(entry):
            return self.async_abort(reason="wrong_account")
        self._abort_if_used_already()
        if self._has_new_twin(entry):
            return self.async_abort(reason="already_configured")
        if not entry.update_listeners:
            return self.async_update_reload_and_abort(entry, data=self._data)
        if self._data == dict(entry.data):
            self.hass.config_entries.async_schedule_reload(entry.entry_id)
        return self.async_update_and_abort(entry, data=self._data)

    async def _async_sign_in(self, user_input: dict[str, Any]) -> dict[str, str]:
        """Sign in and keep the account and its events, or return the form's errors."""
        data = {key: value for key, value in user_input.items() if key != SECTION_ADVANCED}
        data |= {key: data[key].strip() for key in (CONF_EMAIL, CONF_TOKEN) if key in data}
        advanced = user_input.get(SECTION_ADVANCED, {})
        data[CONF_API_URL] = advanced.get(CONF_API_URL, DEFAULT_API_URL).strip().rstrip("/")
        if not _is_secure(data[CONF_API_URL]):
            return {"base": "insecure_url"}
        client = create_client(self.hass, data)
        try:
            if CONF_PASSWORD in data:
                await client.login()
            self._events = await client.events()
        except OveitError as err:
            return {"base": _explain(err, client.account)}
        except Exception:  # noqa: BLE001
            LOGGER.exception("Unexpected error while signing in")
            return {"base": "unknown"}
        self._data, self._account = data, client.account
        return {}

    def _abort_if_used_already(self) -> None:
        """Abort when another entry has these credentials."""
        key = CONF_TOKEN if CONF_TOKEN in self._data else CONF_EMAIL
        self._async_abort_entries_match(
            {CONF_API_URL: self._data[CONF_API_URL], key: self._data[key]}
        )

    def _is_same_account(self, entry: OveitConfigEntry) -> bool:
        """Tell whether the credentials are of an entry's account; a token must see its events."""
        if entry.unique_id is not None:
            return bool(self._account and self._account.seller_id == entry.unique_id)
        followed = {int(event_id) for event_id in entry.options.get(CONF_EVENTS, ())}
        return not followed or any(event.id in followed for event in self._events)

    def _has_new_twin(self, entry: OveitConfigEntry) -> bool:
        """Tell whether another entry follows the events of the new account (decisions.md C25)."""
        followed = list(filter(event_filter(entry.options), (event.id for event in self._events)))
        before, after = (
            async_find_twins(self.hass, data[CONF_API_URL], followed, entry.entry_id)
            for data in (entry.data, self._data)
        )
        return any(twin not in before for twin in after)


class OveitOptionsFlow(OptionsFlow):
    """Changes the followed events, the stewards, and the options of voice and the webhook."""

    def __init__(self) -> None:
        """Generate an id for a webhook that was off."""
        self._new_webhook_id = async_generate_id()

    async def async_step_init(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Ask what to change."""
        if self.config_entry.state is not ConfigEntryState.LOADED:
            return self.async_abort(reason="not_loaded")
        return self.async_show_menu(
            step_id="init", menu_options=["events", "stewards", "voice", "webhook"]
        )

    async def async_step_events(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Choose the events to follow."""
        entry: OveitConfigEntry = self.config_entry
        if entry.state is not ConfigEntryState.LOADED:
            return self.async_abort(reason="not_loaded")
        coordinator = entry.runtime_data
        events = [
            event
            for event in coordinator.ticket_sync.events.values()
            if event.active or coordinator.follows(event.id)
        ]
        if user_input is not None:
            known = {*coordinator.ticket_sync.events, *entry.options.get(CONF_IGNORED_EVENTS, ())}
            chosen = _read_events(user_input, known)
            added = [key for key in chosen[CONF_EVENTS] if not coordinator.follows(key)]
            if async_find_twins(self.hass, entry.data[CONF_API_URL], added, entry.entry_id):
                return self.async_abort(reason="already_configured")
            return self._save(chosen)
        followed = [str(event.id) for event in events if coordinator.follows(event.id)]
        return self._ask("events", _events_schema(events), {CONF_EVENTS: followed})

    async def async_step_stewards(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Choose who may let guests in whose tickets are refused."""
        if user_input is not None:
            return self._save(user_input)
        users = {
            user.id: user.name or user.id
            for user in await self.hass.auth.async_get_users()
            if user.is_active and not user.system_generated
        }
        selector = options_selector(users, multiple=True)
        chosen = [
            each for each in self.config_entry.options.get(CONF_STEWARDS, ()) if each in users
        ]
        schema = vol.Schema({vol.Optional(CONF_STEWARDS, default=list): selector})
        return self._ask("stewards", schema, {CONF_STEWARDS: chosen})

    async def async_step_voice(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Set what may be done by voice."""
        return self._save(user_input) if user_input else self._ask("voice", VOICE_SCHEMA)

    async def async_step_webhook(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Set who may call the webhook; off and on again makes a new address."""
        webhook_id: str = self.config_entry.options.get(CONF_WEBHOOK_ID) or self._new_webhook_id
        if user_input is not None:
            is_off = user_input[CONF_WEBHOOK] == WebhookAccess.OFF
            return self._save(user_input | {CONF_WEBHOOK_ID: None if is_off else webhook_id})
        url = async_webhook_url(self.hass, webhook_id)
        return self._ask("webhook", WEBHOOK_SCHEMA, webhook_url=url)

    def _ask(
        self,
        step_id: str,
        schema: vol.Schema,
        shown: Mapping[str, Any] | None = None,
        **placeholders: str,
    ) -> ConfigFlowResult:
        """Show a form with the options as they are, or as they are to be shown."""
        options = dict(self.config_entry.options) | dict(shown or {})
        return self.async_show_form(
            step_id=step_id,
            data_schema=self.add_suggested_values_to_schema(schema, options),
            description_placeholders=placeholders or None,
        )

    def _save(self, changed: dict[str, Any]) -> ConfigFlowResult:
        """Save what was changed; the other options stay."""
        return self.async_create_entry(data=dict(self.config_entry.options) | changed)


def _events_schema(events: Iterable[Event]) -> vol.Schema:
    """Return a form to choose events by name and date."""
    names = {str(event.id): _label(event) for event in events}
    return vol.Schema(
        {
            vol.Optional(CONF_EVENTS, default=list): options_selector(names, multiple=True),
            vol.Required(CONF_FOLLOW_NEW, default=True): BooleanSelector(),
        }
    )


def _read_events(user_input: dict[str, Any], known: set[int]) -> dict[str, Any]:
    """Return the options for a choice of events; known events not chosen are ignored."""
    chosen = [int(event_id) for event_id in user_input[CONF_EVENTS]]
    return {
        CONF_EVENTS: chosen,
        CONF_FOLLOW_NEW: user_input[CONF_FOLLOW_NEW],
        CONF_IGNORED_EVENTS: sorted(known.difference(chosen)),
    }


def _label(event: Event) -> str:
    """Return an event's name, with its date where it has one."""
    return f"{event.name} ({event.starts_at:%Y-%m-%d})" if event.starts_at else event.name


def _explain(err: OveitError, account: Account | None) -> str:
    """Return the form error for an exception; a missing permission shows as a bad response."""
    if isinstance(err, OveitResponseError) and account and account.lacks(NEEDED_PERMISSION):
        return "missing_permission"
    return next((key for kind, key in ERRORS.items() if isinstance(err, kind)), "unknown")


def _is_secure(url: str) -> bool:
    """Tell whether a URL is HTTPS, or plain HTTP to a private address."""
    try:
        parts = urlsplit(url)
        _ = parts.port
        if not parts.hostname or parts.scheme not in ("http", "https"):
            return False
        if parts.scheme == "https" or parts.hostname == "localhost":
            return True
        address = ip_address(parts.hostname)
    except ValueError:
        return False
    return address.is_loopback or address.is_private
