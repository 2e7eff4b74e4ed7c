"""Assist answers in six languages, and acts only where the organizer lets it."""

from dataclasses import replace
from datetime import timedelta
from itertools import islice
from string import Formatter

from freezegun.api import FrozenDateTimeFactory
from hassil.intents import Intents, SlotList, TextSlotList, WildcardSlotList
from hassil.recognize import recognize
from hassil.sample import sample_expression
from homeassistant.const import CONF_TOKEN
from homeassistant.core import Context, HomeAssistant
from homeassistant.helpers import entity_registry as er, intent
from homeassistant.util import dt as dt_util
import pytest
from pytest_homeassistant_custom_component.common import (
    MockConfigEntry,
    MockUser,
    async_fire_time_changed,
)

from custom_components.oveit.assist.phrases import async_get_phrasebooks
from custom_components.oveit.assist.queries import closest
from custom_components.oveit.assist.sentences import DATA_SENTENCES
from custom_components.oveit.const import CONF_API_URL, CONF_EVENTS, CONF_FOLLOW_NEW, DOMAIN
from custom_components.oveit.core.models import Reason, Request
from demo.oveit_server import OveitServer
from demo.venue import Venue
from tests.common import set_up, value
from tests.voice import (
    GATE,
    LANGUAGES,
    add_gate,
    allow_override,
    allow_voice,
    ask,
    start_assist,
    told,
)

ENTRY, VIP = 234, 235

HOW_MANY = {
    "en": ("How many people are checked in?", "How many guests are checked in at Lantern Night?"),
    "de": (
        "Wie viele Leute sind eingecheckt?",
        "Wie viele Gäste sind bei Lantern Night eingecheckt?",
    ),
    "es": ("¿Cuántas personas han entrado?", "¿Cuántas personas han entrado en Lantern Night?"),
    "fr": (
        "Combien de personnes sont enregistrées ?",
        "Combien de gens sont entrés à Lantern Night ?",
    ),
    "ja": ("今何人チェックインしていますか？", "Lantern Nightには何人チェックインしましたか"),
    "nl": (
        "Hoeveel mensen zijn er ingecheckt?",
        "Hoeveel gasten zijn er ingecheckt bij Lantern Night?",
    ),
}
HAS_BEEN = {
    "en": "Has ticket {code} been checked in?",
    "de": "Wurde das Ticket {code} schon eingecheckt?",
    "es": "¿La entrada {code} ya está registrada?",
    "fr": "Est-ce que le billet {code} a été enregistré ?",
    "ja": "チケット{code}はチェックイン済みですか？",
    "nl": "Is het ticket {code} al ingecheckt?",
}
CHECK_IN = {
    "en": "Check in ticket {code}",
    "de": "Checke das Ticket {code} ein",
    "es": "Registra la entrada {code}",
    "fr": "Enregistre le billet {code}",
    "ja": "チケット{code}をチェックインして",
    "nl": "Check ticket {code} in",
}
IS_OPEN = {
    "en": "Is the north gate open?",
    "de": "Ist das North gate offen?",
    "es": "¿Está el north gate abierto?",
    "fr": "Est-ce que le north gate est ouvert ?",
    "ja": "North gateは開いていますか？",
    "nl": "Is de north gate open?",
}
OPEN = {
    "en": "Open the north gate",
    "de": "Öffne das North gate",
    "es": "Abre el north gate",
    "fr": "Ouvre le north gate",
    "ja": "North gateを開けてください",
    "nl": "Open de north gate",
}
FREE = {
    "en": "Set the north gate to free flow",
    "de": "Stelle das North gate auf freien Durchgang",
    "es": "Pon el north gate en paso libre",
    "fr": "Mets le north gate en passage libre",
    "ja": "North gateを自由通行にしてください",
    "nl": "Zet de north gate op vrije doorgang",
}


def spelled(code: str) -> str:
    """Return a code as it is said with its digits in English."""
    digits = ["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"]
    return " ".join(digits[int(each)] if each.isdigit() else each for each in code)


@pytest.fixture
async def assist(hass: HomeAssistant, loaded: MockConfigEntry) -> MockConfigEntry:
    """Return the entry, with Assist set up."""
    await start_assist(hass)
    return loaded


@pytest.fixture
async def gate(hass: HomeAssistant, assist: MockConfigEntry) -> str:
    """Return the mode of a gate, which Assist knows of."""
    entity_id = await add_gate(hass, assist)
    await names_settle(hass)
    return entity_id


async def names_settle(hass: HomeAssistant) -> None:
    """Wait until new names are taught."""
    async_fire_time_changed(hass, dt_util.utcnow() + timedelta(seconds=3))
    await hass.async_block_till_done(wait_background_tasks=True)


@pytest.mark.usefixtures("assist")
@pytest.mark.parametrize("language", LANGUAGES)
async def test_assist_tells_how_many_are_in(
    hass: HomeAssistant, venue: Venue, language: str
) -> None:
    """Of everything, and of one event."""
    used = len(venue.used(100))
    for question in HOW_MANY[language]:
        response = await ask(hass, question, language)
        said = response["speech"]["plain"]["speech"]
        assert "Lantern Night" in said
        assert str(used) in said
        assert "50" in said


@pytest.mark.usefixtures("assist")
@pytest.mark.parametrize("language", LANGUAGES)
async def test_assist_tells_whether_a_ticket_was_used(
    hass: HomeAssistant, venue: Venue, server: OveitServer, language: str
) -> None:
    """With its type, never with a name or the whole code, and nothing is marked."""
    phrases = (await async_get_phrasebooks(hass))[language]
    unused, used = venue.unused(100, VIP)[0], venue.used(100)[0]
    yes, no = phrases.answers["ticket_used"][:2], phrases.answers["ticket_unused"][:2]
    for ticket, start in ((unused, no), (used, yes)):
        said = await told(hass, HAS_BEEN[language].format(code=ticket.code), language)
        kind = venue.events[100].ticket_type(ticket.ticket_type_id).name
        assert said.startswith(start)
        assert kind in said
        assert " ".join(ticket.code[-3:]) in said
        assert ticket.code not in said
        assert not any(name in said for name in ticket.order.name.split())
    assert server.requests_to("tickets/checkin") == []


@pytest.mark.usefixtures("assist")
@pytest.mark.parametrize("language", LANGUAGES)
async def test_checking_in_by_voice_is_off_at_first(
    hass: HomeAssistant, venue: Venue, server: OveitServer, language: str
) -> None:
    """Assist says so, and Oveit hears nothing of it."""
    phrases = (await async_get_phrasebooks(hass))[language]
    server.forget()
    ticket = venue.unused(100)[0]
    said = await told(hass, CHECK_IN[language].format(code=ticket.code), language)
    assert said == phrases.say("not_allowed")
    assert venue.entries(ticket.code) == 0
    assert server.requests == []


@pytest.mark.parametrize("language", LANGUAGES)
async def test_the_organizer_can_let_voice_check_in(
    hass: HomeAssistant, assist: MockConfigEntry, venue: Venue, language: str
) -> None:
    """The answer names the type; a ticket that was used is refused, with when and where."""
    await allow_voice(hass, assist)
    phrases = (await async_get_phrasebooks(hass))[language]
    ticket = venue.unused(100, VIP)[0]
    sentence = CHECK_IN[language].format(code=ticket.code)
    assert await told(hass, sentence, language) == phrases.say("admitted", type="VIP")
    assert venue.entries(ticket.code) == 1
    used = next(each for each in venue.used(100) if each.ticket_type_id == ENTRY)
    said = await told(hass, CHECK_IN[language].format(code=used.code), language)
    assert said.startswith(phrases.say("refused", why=phrases.reasons["already_checked_in"]))
    assert venue.entries(used.code) == 1


@pytest.mark.usefixtures("gate")
@pytest.mark.parametrize("language", LANGUAGES)
async def test_assist_tells_whether_a_gate_is_open(hass: HomeAssistant, language: str) -> None:
    """In each of its modes, and also while nobody knows."""
    phrases = (await async_get_phrasebooks(hass))[language]
    for mode in ("open_for_tickets", "scan_only", "closed", "free_flow", "unavailable"):
        hass.states.async_set(GATE, mode)
        expected = phrases.say(f"gate_{mode}", gate="North gate")
        assert await told(hass, IS_OPEN[language], language) == expected


@pytest.mark.usefixtures("gate")
@pytest.mark.parametrize("language", LANGUAGES)
async def test_setting_gates_by_voice_is_off_at_first(hass: HomeAssistant, language: str) -> None:
    """The gate stays as it was."""
    phrases = (await async_get_phrasebooks(hass))[language]
    assert await told(hass, OPEN[language], language) == phrases.say("not_allowed")
    assert value(hass, GATE) == "closed"


@pytest.mark.parametrize("language", LANGUAGES)
async def test_the_organizer_can_let_voice_set_gates(
    hass: HomeAssistant, assist: MockConfigEntry, language: str
) -> None:
    """It is told how the gate is now."""
    await allow_voice(hass, assist)
    await add_gate(hass, assist)
    await names_settle(hass)
    phrases = (await async_get_phrasebooks(hass))[language]
    expected = phrases.say("gate_open_for_tickets", gate="North gate")
    assert await told(hass, OPEN[language], language) == expected
    assert value(hass, GATE) == "open_for_tickets"


@pytest.mark.parametrize("language", LANGUAGES)
async def test_a_gate_is_set_to_free_flow_by_an_administrator_who_may_override(
    hass: HomeAssistant, assist: MockConfigEntry, hass_admin_user: MockUser, language: str
) -> None:
    """It lets everybody in, so it takes more than the other modes."""
    await add_gate(hass, assist)
    await names_settle(hass)
    phrases = (await async_get_phrasebooks(hass))[language]
    administrator = Context(user_id=hass_admin_user.id)
    assert await told(hass, FREE[language], language, administrator) == phrases.say("not_allowed")
    await allow_voice(hass, assist)
    await names_settle(hass)
    refused = await told(hass, FREE[language], language, administrator)
    assert refused == phrases.say("override_not_allowed")
    await allow_override(hass, assist)
    await names_settle(hass)
    assert await told(hass, FREE[language], language) == phrases.say("not_administrator")
    assert value(hass, GATE) == "closed"
    expected = phrases.say("gate_free_flow", gate="North gate")
    assert await told(hass, FREE[language], language, administrator) == expected
    assert value(hass, GATE) == "free_flow"


async def test_a_code_may_be_said_character_by_character(
    hass: HomeAssistant, assist: MockConfigEntry, venue: Venue
) -> None:
    """And is checked in once, however often the same words arrive."""
    await allow_voice(hass, assist)
    venue.sell(100, VIP, code="39fa317d")
    sentence = "check in ticket three nine f a three one seven d"
    context = Context()
    first = await ask(hass, sentence, context=context)
    await ask(hass, sentence, context=context)
    assert first["response_type"] == "action_done"
    assert first["speech"]["plain"]["speech"] == "Checked in: VIP."
    assert venue.entries("39fa317d") == 1


async def test_of_two_readings_the_ticket_that_exists_is_meant(
    hass: HomeAssistant, assist: MockConfigEntry, venue: Venue
) -> None:
    """And when both exist, nobody is checked in."""
    await allow_voice(hass, assist)
    venue.sell(100, VIP, code="39be31")
    await assist.runtime_data.async_sync()
    assert await told(hass, "check in ticket 39 be 31") == "Checked in: VIP."
    venue.sell(100, VIP, code="39bee3")
    venue.sell(100, ENTRY, code="39be3")
    venue.sell(100, ENTRY, code="39b3")
    await assist.runtime_data.async_sync()
    said = await told(hass, "check in ticket 39 be 3")
    assert said.startswith("More than one ticket could be meant.")
    assert venue.entries("39be3") == venue.entries("39b3") == 0


@pytest.mark.usefixtures("assist")
@pytest.mark.parametrize(
    ("sentence", "said"),
    [
        ("has ticket n0b0dy been checked in", "Nobody knows this ticket."),
        ("has ticket übermut been checked in", "I did not understand the code of the ticket."),
        (
            "how many people are checked in at the Garden Party",
            "I know no event called Garden Party.",
        ),
    ],
)
async def test_what_cannot_be_answered_is_said(
    hass: HomeAssistant, sentence: str, said: str
) -> None:
    """In words, and not as an unexpected error."""
    assert (await told(hass, sentence)).startswith(said)


async def test_a_ticket_that_nobody_knows_is_not_checked_in(
    hass: HomeAssistant, assist: MockConfigEntry, server: OveitServer
) -> None:
    """Oveit is asked whether it knows it, and no more."""
    await allow_voice(hass, assist)
    said = await told(hass, "check in ticket n0b0dy")
    assert said == "Not checked in: nobody knows this ticket."
    assert server.requests_to("tickets/checkin") == []


async def test_who_may_not_set_a_gate_may_not_by_voice(
    hass: HomeAssistant, assist: MockConfigEntry, hass_read_only_user: MockUser
) -> None:
    """Home Assistant's own permissions hold too."""
    await allow_voice(hass, assist)
    await add_gate(hass, assist)
    await names_settle(hass)
    context = Context(user_id=hass_read_only_user.id)
    response = await ask(hass, "open the north gate", context=context)
    assert response["speech"]["plain"]["speech"] == "North gate could not be changed."
    assert value(hass, GATE) == "closed"


@pytest.mark.usefixtures("assist")
async def test_sentences_of_ones_own_may_use_the_intents(hass: HomeAssistant) -> None:
    """What goes wrong is an error with its own words."""

    async def handle(intent_type: str, **slots: str) -> intent.IntentResponse:
        values = {key: {"value": text} for key, text in slots.items()}
        return await intent.async_handle(hass, "test", intent_type, values, language="de-CH")

    response = await handle("OveitAttendance", event="lantern night")
    assert response.response_type is intent.IntentResponseType.QUERY_ANSWER
    assert "Tickets sind eingecheckt" in response.speech["plain"]["speech"]
    response = await handle("OveitCheckIn", code="39fa317d")
    assert response.response_type is intent.IntentResponseType.ERROR
    assert response.speech["plain"]["speech"].startswith("Einchecken und das Umstellen")
    response = await handle("OveitGate", gate="Westtor")
    assert response.speech["plain"]["speech"] == "Ich kenne keinen Eingang namens Westtor."


async def test_two_accounts_are_asked_together_and_allowed_apart(
    hass: HomeAssistant, assist: MockConfigEntry, server: OveitServer, venue: Venue
) -> None:
    """A ticket is looked for in both, and checked in only where voice may act."""
    other = MockConfigEntry(
        domain=DOMAIN,
        data={CONF_TOKEN: venue.other_token, CONF_API_URL: server.url},
        options={CONF_EVENTS: [900], CONF_FOLLOW_NEW: False},
    )
    other.add_to_hass(hass)
    await set_up(hass, other)
    said = await told(hass, "how many people are checked in")
    assert "Lantern Night" in said
    assert "Garden Party" in said
    assert "Lantern" not in await told(hass, "how many people are checked in at the garden party")
    ticket = venue.unused(900)[0]
    assert (await told(hass, f"has ticket {ticket.code} been checked in")).startswith("No.")
    await allow_voice(hass, assist)
    said = await told(hass, f"check in ticket {ticket.code}")
    assert said == "Not checked in: nobody knows this ticket."
    await allow_voice(hass, other)
    assert (await told(hass, f"check in ticket {ticket.code}")).startswith("Checked in: ")
    assert venue.entries(ticket.code) == 1


async def test_r19_without_oveit_assist_calls_no_ticket_unknown(
    hass: HomeAssistant, assist: MockConfigEntry, server: OveitServer
) -> None:
    """It cannot be checked now, which is no fact about the ticket, in any language."""
    await allow_voice(hass, assist)
    await server.hang_up()
    said = await told(hass, "check in ticket n0b0dy")
    assert said == "I could not find out: Oveit cannot be asked at the moment."
    decision = await assist.runtime_data.desk.check_in(Request(rfid_code="04A1B2C3"))
    assert not decision.certain
    for phrases in (await async_get_phrasebooks(hass)).values():
        assert phrases.why(decision) == phrases.answers["cannot_check"]
        assert phrases.why(replace(decision, certain=True)) == phrases.reasons["unknown_tag"]


async def test_without_oveit_assist_tells_what_is_known(
    hass: HomeAssistant, assist: MockConfigEntry, server: OveitServer
) -> None:
    """And that it is old; of a ticket that nobody knows here it can tell nothing."""
    await server.hang_up()
    for _ in range(2):
        await assist.runtime_data.async_refresh()
    said = await told(hass, "how many people are checked in")
    assert said.endswith("Oveit does not answer at the moment; this is what was known last.")
    said = await told(hass, "has ticket n0b0dy been checked in")
    assert said == "I could not find out: Oveit cannot be asked at the moment."
    await server.pick_up()


@pytest.mark.usefixtures("frozen")
async def test_a_ticket_used_on_another_day_is_told_with_its_date(
    hass: HomeAssistant, frozen: FrozenDateTimeFactory, entry: MockConfigEntry, venue: Venue
) -> None:
    """Today's with the time alone; where the venue is."""
    await hass.config.async_set_time_zone("Europe/Bucharest")
    ticket = venue.sell(100, VIP)
    venue.check_in(ticket.code, at=dt_util.utcnow() - timedelta(minutes=30))
    other = venue.sell(100, VIP)
    venue.check_in(other.code, at=dt_util.utcnow() - timedelta(days=2))
    await set_up(hass, entry)
    await start_assist(hass)
    assert "checked in at 20:30." in await told(hass, f"has ticket {ticket.code} been checked in")
    said = await told(hass, f"has ticket {other.code} been checked in")
    assert "checked in at 21:00, 2026-10-08." in said


async def test_another_thing_of_the_same_name_is_home_assistants(
    hass: HomeAssistant, assist: MockConfigEntry, gate: str
) -> None:
    """The short sentences are left to it; the long ones still mean the gate."""
    hass.states.async_set("lock.north_gate", "locked", {"friendly_name": "North gate"})
    er.async_get(hass).async_update_entity(gate, name="Changed")
    await names_settle(hass)
    assert await told(hass, "is the north gate open") != "North gate is closed."
    assert await told(hass, "is the north gate open for tickets") == "North gate is closed."
    assert assist.options.get("allow_voice") is None


async def test_a_gate_is_known_by_its_new_name_and_its_aliases(
    hass: HomeAssistant, assist: MockConfigEntry, gate: str
) -> None:
    """As soon as it is renamed."""
    registry = er.async_get(hass)
    registry.async_update_entity(gate, aliases=["river (door)"])
    await names_settle(hass)
    assert await told(hass, "is the river door open") == "North gate is closed."


async def test_the_sentences_go_with_the_account(
    hass: HomeAssistant, assist: MockConfigEntry
) -> None:
    """Home Assistant says that it does not understand, and understands again afterwards."""
    question = "has ticket 39fa317d been checked in"
    assert await hass.config_entries.async_unload(assist.entry_id)
    await hass.async_block_till_done()
    assert (await ask(hass, question))["response_type"] == "error"
    assert await hass.config_entries.async_setup(assist.entry_id)
    await hass.async_block_till_done(wait_background_tasks=True)
    assert await told(hass, question) == "Nobody knows this ticket."


@pytest.mark.usefixtures("gate")
async def test_every_sentence_means_what_it_says(hass: HomeAssistant) -> None:
    """Each way to say each sentence is taken for its own question, in its own language."""
    voice = hass.data[DATA_SENTENCES]
    lists = {"code": "39fa317d", "event": "Lantern Night"}
    samples: dict[str, SlotList] = {
        name: TextSlotList.from_strings([text], name=name) for name, text in lists.items()
    }
    sentences = list(voice._meanings)
    intents = Intents.from_dict(
        {"language": "en", "intents": {"All": {"data": [{"sentences": sentences}]}}}
    )
    for name in lists:
        intents.slot_lists[name] = WildcardSlotList(name)
    assert len(sentences) > 110
    wrong = []
    for sentence in intents.intents["All"].data[0].sentences:
        meaning = voice._meanings[sentence.text]
        for text in islice(sample_expression(sentence.expression, slot_lists=samples), 60):
            first = recognize(text, intents)
            assert first, f"{text!r} is not understood"
            understood = voice.understand(text, meaning.language, first)
            assert understood
            if understood[0] != meaning or understood[1].items() - lists.items():
                wrong.append((text, meaning.language, understood))
    assert wrong == []


async def test_every_language_says_everything(hass: HomeAssistant) -> None:
    """The same kinds of sentences, answers with the same blanks, and every reason."""
    phrasebooks = await async_get_phrasebooks(hass)
    assert set(phrasebooks) == set(LANGUAGES)
    english = phrasebooks["en"]

    def blanks(text: str) -> set[str]:
        return {name for _, name, _, _ in Formatter().parse(text) if name}

    for phrases in phrasebooks.values():
        assert list(phrases.sentences) == list(english.sentences)
        assert {key: blanks(text) for key, text in phrases.answers.items()} == {
            key: blanks(text) for key, text in english.answers.items()
        }
        assert set(phrases.reasons) == set(Reason)
        assert all(phrases.sentences.values())


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        ("lantern night", "Lantern Night"),
        ("Lantern", "Lantern Night"),
        ("lanterns night", "Lantern Night"),
        ("harbour fair", "Harbour Fair"),
        ("fair", "Harbour Fair"),
        ("opera", None),
        ("", None),
    ],
)
def test_names_need_not_be_said_to_the_letter(said: str, meant: str | None) -> None:
    """But must be near."""
    assert closest(said, ["Lantern Night", "Harbour Fair"]) == meant
