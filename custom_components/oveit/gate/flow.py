"""The subentry flow of a gate: its settings, and a tag read to find out the format."""

import asyncio
from collections.abc import Iterator, Mapping
from itertools import chain
from typing import Any, override

from homeassistant.config_entries import (
    SOURCE_RECONFIGURE,
    ConfigEntryState,
    ConfigSubentry,
    ConfigSubentryFlow,
    SubentryFlowResult,
)
from homeassistant.const import CONF_NAME, EVENT_STATE_CHANGED, EVENT_STATE_REPORTED, MATCH_ALL
from homeassistant.core import callback
from homeassistant.helpers.translation import async_get_translations
import voluptuous as vol

from ..const import DOMAIN, LOGGER, SUBENTRY_GATE
from ..coordinator import OveitConfigEntry
from ..core.codes import TagFormat, is_phone, spellings
from ..core.exceptions import OveitError
from ..core.gate_settings import GateSettings
from ..core.models import Reason, Request
from .form import (
    CONF_LEARN,
    CONF_TAG_FORMAT,
    flatten,
    gate_schema,
    nest,
    options_selector,
    read_form,
)
from .readers import LEARNING, Learning, Read, async_listen, event_types

CONF_READERS = "readers"
CONF_EVENT_TYPE = "event_type"
LEARN_TIMEOUT = 60.0
OF_NO_READER = (EVENT_STATE_CHANGED, EVENT_STATE_REPORTED, MATCH_ALL)


class GateSubentryFlow(ConfigSubentryFlow):
    """Adds a gate or changes one."""

    def __init__(self) -> None:
        """Start without settings."""
        self._data: dict[str, Any] = {}
        self._read: Read | None = None
        self._learning: Learning | None = None
        self._task: asyncio.Task[None] | None = None
        self._names: dict[TagFormat, str] = {}
        self._why_unknown = "tag_unknown"

    async def async_step_user(self, user_input: dict[str, Any] | None = None) -> SubentryFlowResult:
        """Add a gate."""
        return await self._async_step_gate("user", {}, user_input)

    async def async_step_reconfigure(
        self, user_input: dict[str, Any] | None = None
    ) -> SubentryFlowResult:
        """Change a gate."""
        subentry = self._get_reconfigure_subentry()
        known = {**subentry.data, CONF_NAME: subentry.title}
        return await self._async_step_gate("reconfigure", known, user_input)

    async def _async_step_gate(
        self, step_id: str, known: Mapping[str, Any], user_input: dict[str, Any] | None
    ) -> SubentryFlowResult:
        """Ask for a gate's settings."""
        entry: OveitConfigEntry = self._get_entry()
        if entry.state is not ConfigEntryState.LOADED:
            return self.async_abort(reason="not_loaded")
        errors: dict[str, str] = {}
        if user_input is not None:
            typed = flatten(user_input)
            learn = typed.pop(CONF_LEARN, False)
            self._data = read_form(typed)
            errors = self._check(self._data)
            if learn and not errors and not event_types(self._settings):
                errors = {CONF_READERS: "no_source"}
            if not errors:
                return await self.async_step_learn() if learn else self._finish()
            known = typed | {CONF_LEARN: learn}
        return self.async_show_form(
            step_id=step_id,
            data_schema=self.add_suggested_values_to_schema(
                gate_schema(entry.runtime_data.ticket_sync.followed.values(), known), nest(known)
            ),
            errors=errors,
        )

    def _check(self, data: Mapping[str, Any]) -> dict[str, str]:
        """Return what is wrong with the settings."""
        if not data[CONF_NAME]:
            return {CONF_NAME: "name_empty"}
        if data[CONF_EVENT_TYPE] in OF_NO_READER:
            return {"base": "event_of_no_reader"}
        ours = self._get_entry().subentries
        for gate in self._other_gates():
            if gate.subentry_id in ours and gate.title.casefold() == data[CONF_NAME].casefold():
                return {CONF_NAME: "name_taken"}
            if set(gate.data.get(CONF_READERS, ())).intersection(data[CONF_READERS]):
                return {CONF_READERS: "reader_taken"}
        return {}

    def _other_gates(self) -> Iterator[ConfigSubentry]:
        """Yield the gates of every account, but for the one that is changed."""
        mine = self._reconfigure_subentry_id if self.source == SOURCE_RECONFIGURE else None
        for entry in self.hass.config_entries.async_entries(DOMAIN):
            for gate in entry.get_subentries_of_type(SUBENTRY_GATE):
                if gate.subentry_id != mine:
                    yield gate

    async def async_step_learn(
        self, user_input: dict[str, Any] | None = None
    ) -> SubentryFlowResult:
        """Wait for a tag to be held to a reader."""
        if self._task is None:
            self._task = self.hass.async_create_task(self._async_learn(), "oveit learn a tag")
        if not self._task.done():
            return self.async_show_progress(
                step_id="learn", progress_action="wait_for_tag", progress_task=self._task
            )
        self._task = None
        next_step = "choose_format" if self._read else "nothing_heard"
        return self.async_show_progress_done(next_step_id=next_step)

    async def async_step_nothing_heard(
        self, user_input: dict[str, Any] | None = None
    ) -> SubentryFlowResult:
        """Ask whether to continue without a tag or to wait again."""
        return self.async_show_menu(step_id="nothing_heard", menu_options=["learn", "finish"])

    async def async_step_finish(
        self, user_input: dict[str, Any] | None = None
    ) -> SubentryFlowResult:
        """Store the gate with the format that was chosen before."""
        return self._finish()

    async def async_step_choose_format(
        self, user_input: dict[str, Any] | None = None
    ) -> SubentryFlowResult:
        """Choose the format in which Oveit knows the tag."""
        if user_input is not None:
            self._data[CONF_TAG_FORMAT] = user_input[CONF_TAG_FORMAT]
            return self._finish()
        if self._read is None:
            return await self.async_step_nothing_heard()
        words = await self._async_words()
        options = {
            tag_format.value: f"{words[tag_format]}: {self._names.get(tag_format) or codes[0]}"
            for tag_format, codes in spellings(self._read.code).items()
        }
        default = next(iter(self._names), TagFormat(self._data[CONF_TAG_FORMAT]))
        return self.async_show_form(
            step_id="choose_format",
            data_schema=vol.Schema(
                {vol.Required(CONF_TAG_FORMAT, default=default.value): options_selector(options)}
            ),
            description_placeholders={"read": self._read.code.replace("`", "'")},
            errors={} if self._names else {"base": self._why_unknown},
        )

    @property
    def _settings(self) -> GateSettings:
        """Return the settings that were typed."""
        return GateSettings.load(self._data[CONF_NAME], self._data)

    async def _async_learn(self) -> None:
        """Wait for the next read, which checks nobody in, and ask Oveit about it."""
        found: asyncio.Future[Read] = self.hass.loop.create_future()
        learning = self._begin_learning()

        @callback
        def _handle(read: Read) -> None:
            if not found.done() and learning.accepts(read):
                learning.take(read)
                found.set_result(read)

        self._why_unknown = "tag_unknown"
        stop = async_listen(self.hass, learning.settings, _handle)
        try:
            async with asyncio.timeout(LEARN_TIMEOUT):
                self._read = await found
            if is_phone(self._read.code, TagFormat.HEX):
                self._why_unknown = "tag_of_phone"
            self._names = await self._async_look_up(self._read.code)
        except TimeoutError:
            self._read = None
            self.async_remove()
        finally:
            stop()

    def _begin_learning(self) -> Learning:
        """Have the gates ignore the reads that this form waits for."""
        readers = (gate.data.get(CONF_READERS, ()) for gate in self._other_gates())
        others = frozenset(chain.from_iterable(readers))
        self._learning = Learning(settings=self._settings, other_readers=others)
        self.hass.data.setdefault(LEARNING, []).append(self._learning)
        return self._learning

    @callback
    @override
    def async_remove(self) -> None:
        """Have the gates read the learned tag like any other when the form is closed."""
        if self._learning is not None:
            self.hass.data[LEARNING].remove(self._learning)
            self._learning = None

    async def _async_look_up(self, read: str) -> dict[TagFormat, str]:
        """Return what Oveit has on a tag, by the format in which it knows it."""
        formats = spellings(read)
        every = dict.fromkeys(chain.from_iterable(formats.values()))
        found = {code: await self._async_describe(code) for code in every}
        return {
            tag_format: f"{code} – {found[code]}"
            for tag_format, codes in formats.items()
            for code in reversed(codes)  # of several, the likeliest is kept
            if found[code]
        }

    async def _async_describe(self, code: str) -> str | None:
        """Return the ticket that Oveit has on a tag, None where it does not know the tag."""
        entry: OveitConfigEntry = self._get_entry()
        if entry.state is not ConfigEntryState.LOADED:
            self._why_unknown = "cannot_ask"
            return None
        try:
            decision = await entry.runtime_data.desk.scan(Request(rfid_code=code))
        except OveitError as err:
            self._why_unknown = "cannot_ask"
            LOGGER.debug("Oveit could not be asked about a tag: %s", err)
            return None
        if decision.reason is Reason.UNKNOWN_TAG:
            return None
        ticket, event = decision.ticket, decision.event
        words = [ticket and ticket.ticket_type, event and event.name]
        return ", ".join(word for word in words if word) or decision.reason.value

    async def _async_words(self) -> dict[TagFormat, str]:
        """Return the names of the formats in the language of this Home Assistant."""
        texts = await async_get_translations(
            self.hass, self.hass.config.language, "selector", [DOMAIN]
        )
        prefix = f"component.{DOMAIN}.selector.{CONF_TAG_FORMAT}.options"
        return {
            tag_format: texts.get(f"{prefix}.{tag_format}", tag_format.value)
            for tag_format in TagFormat
        }

    def _finish(self) -> SubentryFlowResult:
        """Store the gate; the entry's update listener sets it up."""
        data = dict(self._data)
        title = data[CONF_NAME]
        if self.source == SOURCE_RECONFIGURE:
            return self.async_update_and_abort(
                self._get_entry(), self._get_reconfigure_subentry(), title=title, data=data
            )
        return self.async_create_entry(title=title, data=data)
