"""Sentence triggers of Assist, so that it understands our sentences out of the box."""

from collections.abc import Iterator
from dataclasses import dataclass, field
import re
from typing import TYPE_CHECKING, Any

from homeassistant.const import EVENT_HOMEASSISTANT_STARTED, EVENT_HOMEASSISTANT_STOP
from homeassistant.core import CALLBACK_TYPE, Event, HomeAssistant, callback
from homeassistant.helpers import device_registry as dr, entity_registry as er, intent
from homeassistant.helpers.debounce import Debouncer
from homeassistant.setup import async_when_setup
from homeassistant.util.hass_dict import HassKey

from ..const import DOMAIN, LOGGER
from ..coordinator import OveitConfigEntry
from .phrases import Phrasebooks, async_get_phrasebooks, choose
from .queries import GATE_MODES, async_coordinators, async_gate_selects

if TYPE_CHECKING:
    from hassil.intents import Intents
    from hassil.recognize import RecognizeResult
    from homeassistant.components.conversation import ConversationInput

CONVERSATION_DOMAIN = "conversation"
RENAMED_SETTLE = 2.0
GATE = "{gate}"
NOT_IN_NAMES = re.compile(r"[^\w\s'’\-]+")

ONLY_IN_FULL = ("scan_only", "free_flow")

INTENTS = {
    "check_in": "OveitCheckIn",
    "override": "OveitOverride",
    "attendance": "OveitAttendance",
    "ticket": "OveitTicket",
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Meaning:
    """The intent of a sentence, with the slots that the sentence itself implies."""

    language: str
    intent_type: str
    slots: dict[str, str] = field(default_factory=dict)


DATA_SENTENCES: HassKey[SentenceTriggers] = HassKey(f"{DOMAIN}_sentences")


@callback
def async_setup_sentences(hass: HomeAssistant) -> None:
    """Register our sentences once the conversation integration is set up."""

    async def _async_start(hass: HomeAssistant, _: str) -> None:
        hass.data[DATA_SENTENCES] = sentences = SentenceTriggers(
            hass, await async_get_phrasebooks(hass)
        )
        sentences.async_start()

    async_when_setup(hass, CONVERSATION_DOMAIN, _async_start)


@callback
def async_track_entry(hass: HomeAssistant, entry: OveitConfigEntry) -> None:
    """Update the sentences when an account is set up or unloaded."""

    @callback
    def _async_update() -> None:
        if sentences := hass.data.get(DATA_SENTENCES):
            sentences.async_update()

    entry.async_on_unload(entry.async_on_state_change(_async_update))


class SentenceTriggers:
    """Keeps the registered sentences up to date with the accounts and gates."""

    def __init__(self, hass: HomeAssistant, phrasebooks: Phrasebooks) -> None:
        """Start without sentences."""
        self._hass = hass
        self._phrasebooks = phrasebooks
        self._meanings: dict[str, Meaning] = {}
        self._compiled: dict[str, Intents] = {}
        self._forget: CALLBACK_TYPE | None = None
        self._updater = Debouncer(
            hass, LOGGER, cooldown=RENAMED_SETTLE, immediate=False, function=self.async_update
        )

    @callback
    def async_start(self) -> None:
        """Register the sentences, and update them when gates or entities are renamed."""
        bus = self._hass.bus
        for event_type in (
            er.EVENT_ENTITY_REGISTRY_UPDATED,
            dr.EVENT_DEVICE_REGISTRY_UPDATED,
            EVENT_HOMEASSISTANT_STARTED,
        ):
            bus.async_listen(event_type, self._async_schedule)
        bus.async_listen_once(EVENT_HOMEASSISTANT_STOP, self._async_stop)
        self.async_update()

    @callback
    def async_update(self) -> None:
        """Register the sentences again if they have changed."""
        meanings = dict(self._sentences()) if async_coordinators(self._hass) else {}
        if meanings == self._meanings:
            return
        from homeassistant.components.conversation.agent_manager import get_agent_manager

        if self._forget:
            self._forget()
            self._forget = None
        self._meanings = meanings
        self._compiled = {}
        if meanings:
            self._forget = get_agent_manager(self._hass).register_trigger(
                list(meanings), self._async_answer
            )

    @callback
    def _async_schedule(self, _: Event[Any]) -> None:
        """Update after a delay, since many names change at a time."""
        if async_coordinators(self._hass):
            self._updater.async_schedule_call()

    @callback
    def _async_stop(self, _: Event) -> None:
        """Cancel a scheduled update."""
        self._updater.async_shutdown()

    async def _async_answer(
        self, user_input: ConversationInput, result: RecognizeResult
    ) -> str | None:
        """Handle the intent of a sentence, and return its answer."""
        understood = self.understand(user_input.text, user_input.language, result)
        if understood is None:
            return None
        meaning, said = understood
        response = await intent.async_handle(
            self._hass,
            DOMAIN,
            meaning.intent_type,
            {name: {"value": value} for name, value in (meaning.slots | said).items()},
            user_input.text,
            user_input.context,
            meaning.language,
            assistant=CONVERSATION_DOMAIN,
            device_id=user_input.device_id,
            satellite_id=user_input.satellite_id,
            conversation_agent_id=user_input.agent_id,
        )
        speech: str = response.speech["plain"]["speech"]
        return speech

    def understand(
        self, text: str, language: str, result: RecognizeResult
    ) -> tuple[Meaning, dict[str, str]] | None:
        """Return the meaning and slots of a sentence, in the language that is set if it fits there.

        "Check ticket 39fa in" is English and Dutch.
        """
        found = self._read(result)
        own = choose(self._phrasebooks, language).language
        if found is None or found[0].language == own:
            return found
        from hassil.recognize import recognize

        better = recognize(text, self._intents(own))
        return (better and self._read(better)) or found

    def _read(self, result: RecognizeResult) -> tuple[Meaning, dict[str, str]] | None:
        """Return the meaning of a recognized sentence and the slots that were said."""
        sentence = result.intent_sentence
        meaning = self._meanings.get(sentence.text or "") if sentence else None
        said = {name: entity.text.strip() for name, entity in result.entities.items()}
        return (meaning, said) if meaning else None

    def _intents(self, language: str) -> Intents:
        """Return the compiled sentences of one language."""
        from hassil.intents import Intents, WildcardSlotList

        if language not in self._compiled:
            own = [key for key, each in self._meanings.items() if each.language == language]
            intents = {DOMAIN: {"data": [{"sentences": own}]}}
            compiled = Intents.from_dict({"language": language, "intents": intents})
            for name in ("code", "event"):
                compiled.slot_lists[name] = WildcardSlotList(name)
            self._compiled[language] = compiled
        return self._compiled[language]

    def _sentences(self) -> Iterator[tuple[str, Meaning]]:
        """Yield every sentence and its meaning, Home Assistant's own language first."""
        own = self._hass.config.language.partition("-")[0]
        gates = self._gates()
        for language in sorted(self._phrasebooks, key=lambda language: language != own):
            sentences = self._phrasebooks[language].sentences
            for kind, intent_type in INTENTS.items():
                for sentence in sentences[kind]:
                    yield sentence, Meaning(language=language, intent_type=intent_type)
            for name, short in gates.items():
                for kind, slots in _gate_kinds(short=short):
                    intent_type = "OveitSetGateMode" if slots else "OveitGate"
                    slots |= {"gate": name}
                    meaning = Meaning(language=language, intent_type=intent_type, slots=slots)
                    for sentence in sentences[kind]:
                        yield sentence.replace(GATE, name), meaning

    def _gates(self) -> dict[str, bool]:
        """Return the names of gates, and whether no other entity has the same name.

        "Is the north gate open" is left to Home Assistant when it has a lock of that name.
        """
        names = {
            name
            for gate in async_gate_selects(self._hass)
            for each in (gate.name, *gate.aliases)
            if (name := NOT_IN_NAMES.sub(" ", each).strip())
        }
        taken = self._other_names() if names else set()
        return {name: name.casefold() not in taken for name in sorted(names)}

    def _other_names(self) -> set[str]:
        """Return the names and aliases of all entities but ours."""
        registry = er.async_get(self._hass)
        taken: set[str] = set()
        for state in self._hass.states.async_all():
            entity = registry.async_get(state.entity_id)
            if entity and entity.platform == DOMAIN:
                continue
            aliases = [each for each in entity.aliases if isinstance(each, str)] if entity else []
            taken.update(NOT_IN_NAMES.sub(" ", each).strip() for each in (state.name, *aliases))
        return {name.casefold() for name in taken}


def _gate_kinds(*, short: bool) -> Iterator[tuple[str, dict[str, str]]]:
    """Yield the kinds of sentences about a gate with the slots that they imply."""
    yield "gate", {}
    if short:
        yield "gate_short", {}
    for mode in GATE_MODES:
        yield mode, {"mode": mode}
        if short and mode not in ONLY_IN_FULL:
            yield f"{mode}_short", {"mode": mode}
